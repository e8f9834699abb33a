# shellcheck shell=bash disable=SC2034
# The folder of one local run: its secrets, choices, pids and logs, and who may use its servers now. Sourced after process.sh.

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
LIB=$ROOT/deploy/lib
STATE=$(readlink -m -- "${SWITCHBOARD_STATE_DIR:-$ROOT/.local}")
RUN=$STATE/run
LOGS=$STATE/log

open_state() {
    [[ -r /proc/self/stat ]] || fail "/proc is not mounted" "mount -t proc proc /proc"
    umask 077
    mkdir -p -- "$RUN" "$LOGS" || fail "$STATE cannot be written" "run as the user who owns it, or set SWITCHBOARD_STATE_DIR"
    # A private PostgreSQL under another user has to pass through.
    ((EUID != 0)) || chmod 711 "$STATE"
    [[ -w $RUN && -w $LOGS ]] || fail "$STATE belongs to another user" "run as that user, or set SWITCHBOARD_STATE_DIR"
}

# lock_state: one command at a time works on the folder; children must close descriptor 9.
lock_state() {
    exec 9>"$RUN/lock"
    if ! flock -n 9; then
        note "waiting for another ./deploy/up or ./deploy/down that is at work here"
        flock -w 900 9 || fail "another ./deploy/up or ./deploy/down is still at work" "press Ctrl-C there, then run this again"
    fi
}

unlock_state() {
    exec 9>&-
}

# remember FILE NAME…: writes the variables so that recall finds them.
remember() {
    local file=$STATE/$1 name
    shift
    for name in "$@"; do
        printf '%s=%q\n' "$name" "${!name:-}"
    done >"$file.new"
    mv -f -- "$file.new" "$file"
}

# recall FILE: reads them back; quiet when there are none.
recall() {
    # shellcheck disable=SC1090
    [[ ! -r $STATE/$1 ]] || . "$STATE/$1"
}

# hold_servers NAME PID: while that process lives, private servers are not stopped by anybody else.
hold_servers() {
    record_process "$RUN/$1.holder" "$2"
}

# release_servers NAME: gives them up; true when nobody else holds them.
release_servers() {
    local holder
    rm -f -- "$RUN/$1.holder"
    for holder in "$RUN"/*.holder; do
        ! recorded_process "$holder" || return 1
    done
}

# fresh_secret: sets SECRET to forty random hexadecimal digits.
fresh_secret() {
    SECRET=$(head -c 32 /dev/urandom | sha256sum | cut -c1-40)
}

# master_key: sets MASTER_KEY, made once; what was sealed with it is lost without it.
master_key() {
    if [[ ! -s $STATE/master.key ]]; then
        printf '%s\n' "${SWITCHBOARD_MASTER_KEY:-$(head -c 32 /dev/urandom | base64 -w 0)}" >"$STATE/master.key.new"
        mv -- "$STATE/master.key.new" "$STATE/master.key"
    fi
    MASTER_KEY=$(<"$STATE/master.key")
}
