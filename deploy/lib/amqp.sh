# shellcheck shell=bash
# Asks a RabbitMQ server, with nothing but bash, whether a user may enter a virtual host. Sourced.

# amqp_octets COUNT: prints COUNT bytes from the socket as decimal numbers.
amqp_octets() {
    timeout 5 head -c "$1" <&"$AMQP_SOCKET" | od -An -v -tu1
}

# amqp_frame: reads one frame; sets AMQP_METHOD to "class.method".
amqp_frame() {
    local -a head body
    AMQP_METHOD=
    read -rd '' -a head <<<"$(amqp_octets 7)" || true
    [[ ${#head[@]} == 7 ]] || return 1
    local size=$((head[3] << 24 | head[4] << 16 | head[5] << 8 | head[6]))
    ((size < 1000000)) || return 1
    read -rd '' -a body <<<"$(amqp_octets $((size + 1)))" || true
    [[ ${#body[@]} == $((size + 1)) && ${head[0]} == 1 ]] || return 1
    AMQP_METHOD=$((body[0] << 8 | body[1])).$((body[2] << 8 | body[3]))
}

amqp_short() { printf '%04x' "$1" | sed 's/../\\x&/g'; }
amqp_long() { printf '%08x' "$1" | sed 's/../\\x&/g'; }
amqp_text() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../\\x&/g'; }

# amqp_send PAYLOAD: sends one method frame; PAYLOAD is a row of \xHH.
amqp_send() {
    local size=$((${#1} / 4))
    # shellcheck disable=SC2059
    printf "\\x01\\x00\\x00$(amqp_long "$size")$1\\xce" >&"$AMQP_SOCKET"
}

amqp_conversation() {
    local user=$1 password=$2 host=$3 plain
    printf 'AMQP\x00\x00\x09\x01' >&"$AMQP_SOCKET"
    amqp_frame && [[ $AMQP_METHOD == 10.10 ]] || return 1
    plain="\\x00$(amqp_text "$user")\\x00$(amqp_text "$password")"
    amqp_send "$(amqp_short 10)$(amqp_short 11)$(amqp_long 0)\\x05$(amqp_text PLAIN)$(amqp_long $((${#plain} / 4)))$plain\\x05$(amqp_text en_US)"
    amqp_frame && [[ $AMQP_METHOD == 10.30 ]] || return 1
    amqp_send "$(amqp_short 10)$(amqp_short 31)$(amqp_short 8)$(amqp_long 131072)$(amqp_short 0)"
    amqp_send "$(amqp_short 10)$(amqp_short 40)\\x$(printf '%02x' "${#host}")$(amqp_text "$host")\\x00\\x00"
    amqp_frame && [[ $AMQP_METHOD == 10.41 ]] || return 1
    amqp_send "$(amqp_short 10)$(amqp_short 50)$(amqp_short 200)\\x00$(amqp_short 0)$(amqp_short 0)"
    amqp_frame
}

# amqp_answers HOST PORT: whether a server greets us, which one that only listens does not; neither may hold us up.
amqp_answers() {
    local greeting
    # shellcheck disable=SC2016
    greeting=$(timeout -k 1 10 bash -c 'exec 3<>"/dev/tcp/$0/$1" && printf "AMQP\x00\x00\x09\x01" >&3 && head -c 11 <&3 | od -An -v -tu1' \
        "$1" "$2" 2>/dev/null) || return 1
    # A method frame on channel 0 that begins with connection.start.
    [[ $greeting =~ ^\ +1\ +0\ +0\ .*\ 0\ +10\ +0\ +10$ ]]
}

# amqp_login HOST PORT USER PASSWORD VHOST: whether the server lets the user in.
amqp_login() {
    (
        # A server that hangs up while being written to must not end the script.
        trap '' PIPE
        exec {AMQP_SOCKET}<>"/dev/tcp/$1/$2" && amqp_conversation "$3" "$4" "$5"
    ) 2>/dev/null
}
