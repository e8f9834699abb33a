# shellcheck shell=bash disable=SC2034
# JSON over HTTP for the scripts, with curl alone. Sourced.

# http METHOD URL [BODY] [HEADER]: sets HTTP_STATUS (000 when nobody answers) and HTTP_BODY. The key travels by standard
# input, since anybody may read a command line.
http() {
    local -a arguments=(-sS -m 20 -X "$1" -w '\n%{http_code}' --config -)
    [[ -z ${3:-} ]] || arguments+=(-H 'Content-Type: application/json' --data-binary "$3")
    [[ -z ${4:-} ]] || arguments+=(-H "$4")
    local answer
    answer=$(curl "${arguments[@]}" "$2" 2>&1 <<<"${API_KEY:+header = \"Authorization: Bearer $API_KEY\"}") || true
    HTTP_STATUS=${answer##*$'\n'}
    HTTP_BODY=${answer%$'\n'*}
    [[ $HTTP_STATUS =~ ^[0-9]{3}$ ]] || { HTTP_BODY=$answer HTTP_STATUS=000; }
}

# first_id PREFIX TEXT: sets FOUND to the first id of that kind in a JSON text.
first_id() {
    FOUND=$(grep -oE "\"$1_[0-9A-Za-z_-]+\"" <<<"$2" | head -n 1 | tr -d '"') || true
    [[ -n $FOUND ]]
}
