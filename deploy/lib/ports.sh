# shellcheck shell=bash disable=SC2034
# Asks who listens on loopback, with nothing but bash. Sourced.

# listening PORT
# One that has more connections waiting than it takes is there all the same, and lets no more wait: that is the time-out.
listening() {
    # shellcheck disable=SC2016
    timeout 3 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"' "$1" 2>/dev/null || (($? == 124))
}

declare -A PORTS_GIVEN=()

# free_port WISH: sets FREE_PORT to WISH or the next port on which nobody listens, never the same one twice.
free_port() {
    local port=$1
    while [[ -n ${PORTS_GIVEN[$port]:-} ]] || listening "$port"; do
        port=$((port + 1))
        ((port < 65536)) || fail "no free port from $1 on" "stop something that listens on 127.0.0.1"
    done
    PORTS_GIVEN[$port]=given
    FREE_PORT=$port
}

# scattered_port: sets FREE_PORT to a free port picked at random, for servers that may start at the same moment.
scattered_port() {
    free_port $((20000 + RANDOM % 12000))
}
