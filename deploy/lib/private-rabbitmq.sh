#!/usr/bin/env bash
# A private RabbitMQ of one's own: for ./deploy/up, and for tests that stop, freeze or restart a server.
#
#   private-rabbitmq.sh start DIR [PORT]   starts it (creating it the first time), waits until it answers, prints its URL
#   private-rabbitmq.sh stop DIR           stops it
#   private-rabbitmq.sh pid DIR            prints the pid of the main process, to send it signals
#   private-rabbitmq.sh url DIR            prints the URL again
#   private-rabbitmq.sh ctl DIR ARGUMENT…  runs rabbitmqctl on it (add_vhost, list_queues and so on)
#   private-rabbitmq.sh erase DIR          stops it and removes DIR with all data
#
# DIR belongs to the server alone. Without PORT it takes its last one if that is free, else any free one. The URL's user is an
# administrator with a generated password and the virtual host "switchboard". Node name, cookie, port mapper (epmd) and plugins
# are its own; everything listens on 127.0.0.1 only, so any number run side by side.
# SERVER_OWNER=<pid> stops the server when that process ends, so that an aborted test leaves none behind.
set -euo pipefail
umask 077

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/lib/console.sh
. "$HERE/console.sh"
# shellcheck source=deploy/lib/process.sh
. "$HERE/process.sh"
# shellcheck source=deploy/lib/ports.sh
. "$HERE/ports.sh"
# shellcheck source=deploy/lib/installed.sh
. "$HERE/installed.sh"
# shellcheck source=deploy/lib/amqp.sh
. "$HERE/amqp.sh"

usage() {
    sed -n '4,9s/^# *//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

choose_ports() {
    local wish=${1:-} last=
    [[ ! -s $DIR/port ]] || last=$(<"$DIR/port")
    if [[ -z $wish && -n $last ]] && ! listening "$last"; then
        wish=$last
    fi
    if [[ -z $wish ]]; then
        scattered_port
        wish=$FREE_PORT
    elif listening "$wish"; then
        fail "port $wish is taken" "name another port, or none"
    fi
    PORT=$wish
    printf '%s\n' "$PORT" >"$DIR/port"
    scattered_port
    NODE_PORT=$FREE_PORT
    if ! recorded_process "$DIR/epmd.process"; then
        scattered_port
        printf '%s\n' "$FREE_PORT" >"$DIR/epmd.port"
    fi
}

write_settings() {
    if [[ ! -s $DIR/password ]]; then
        head -c 24 /dev/urandom | sha256sum | cut -c1-40 >"$DIR/password.new"
        mv -- "$DIR/password.new" "$DIR/password"
    fi
    if [[ ! -s $DIR/.erlang.cookie ]]; then
        head -c 24 /dev/urandom | sha256sum | cut -c1-40 >"$DIR/.erlang.cookie"
        chmod 400 "$DIR/.erlang.cookie"
    fi
    # A bare system may have no /etc/hosts, and the node's name must still be found.
    printf '%s\n' '{host, {127,0,0,1}, ["localhost"]}.' '{lookup, [file, native]}.' >"$DIR/inetrc"
    printf '[].\n' >"$DIR/enabled_plugins"
    : >"$DIR/environment"
    cat >"$DIR/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$PORT
default_vhost = switchboard
default_user = switchboard
default_pass = $(<"$DIR/password")
default_user_tags.administrator = true
default_permissions.configure = .*
default_permissions.read = .*
default_permissions.write = .*
disk_free_limit.absolute = 200MB
raft.wal_max_size_bytes = 67108864
log.console = false
log.file.level = info
CONF
}

# The environment in which server and rabbitmqctl find this node and nothing of the machine's own.
enter_environment() {
    ERL_EPMD_PORT=$(<"$DIR/epmd.port")
    export ERL_EPMD_PORT ERL_EPMD_ADDRESS=127.0.0.1 ERL_INETRC=$DIR/inetrc HOME=$DIR
    export ERL_CRASH_DUMP=$DIR/log/erl_crash.dump LC_ALL=C.UTF-8
    export RABBITMQ_CONF_ENV_FILE=$DIR/environment RABBITMQ_CONFIG_FILE=$DIR/rabbitmq RABBITMQ_CONFIG_FILES=$DIR/no-more
    export RABBITMQ_ADVANCED_CONFIG_FILE=$DIR/advanced.config RABBITMQ_ENABLED_PLUGINS_FILE=$DIR/enabled_plugins
    export RABBITMQ_NODENAME=switchboard@localhost RABBITMQ_USE_LONGNAME=false
    export RABBITMQ_MNESIA_BASE=$DIR/mnesia RABBITMQ_LOG_BASE=$DIR/log RABBITMQ_PID_FILE=$DIR/pid
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
    # Makes the start script become the server instead of waiting beside it, so that one pid is all there is.
    export RUNNING_UNDER_SYSTEMD=true
    unset NOTIFY_SOCKET RABBITMQ_NODE_PORT RABBITMQ_NODE_IP_ADDRESS RABBITMQ_LOGS ERL_LIBS
}

# Left to itself, the server would start a port mapper that outlives it.
launch_epmd() {
    ! recorded_process "$DIR/epmd.process" || return 0
    setsid epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 </dev/null >"$DIR/log/epmd.log" 2>&1 &
    record_process "$DIR/epmd.process" $! || fail "epmd does not start" "see the log" "$DIR/log/epmd.log"
    local rounds=50
    until listening "$ERL_EPMD_PORT"; do
        if ((rounds-- == 0)) || ! recorded_process "$DIR/epmd.process"; then
            fail "epmd does not listen on port $ERL_EPMD_PORT" "see the log; start again" "$DIR/log/epmd.log"
        fi
        sleep 0.1
    done
}

launch() {
    RABBITMQ_DIST_PORT=$NODE_PORT setsid "$RABBITMQ_SBIN/rabbitmq-server" </dev/null >"$DIR/log/start.log" 2>&1 &
    record_process "$DIR/process" $! || fail "the private RabbitMQ does not start" "see the log" "$DIR/log/start.log"
    local rounds=600
    until listening "$PORT" && amqp_login 127.0.0.1 "$PORT" switchboard "$(<"$DIR/password")" switchboard; do
        if ! recorded_process "$DIR/process"; then
            fail "the private RabbitMQ ended while starting" "see the log; remove $DIR to begin anew" "$DIR/log/start.log"
        fi
        ((rounds-- > 0)) || fail "the private RabbitMQ is not ready after two minutes" "see the log" "$DIR/log/start.log"
        sleep 0.2
    done
}

stop_with_owner() {
    [[ -n ${SERVER_OWNER:-} ]] || return 0
    record_process "$DIR/owner" "$SERVER_OWNER" || return 0
    setsid "$HERE/private-rabbitmq.sh" watch "$DIR" </dev/null >/dev/null 2>&1 &
}

watch() {
    while recorded_process "$DIR/owner"; do
        sleep 1
    done
    [[ ! -e $DIR/owner ]] || stop
}

start() {
    find_rabbitmq || fail "RabbitMQ is not installed" "apt-get install rabbitmq-server"
    if ! recorded_process "$DIR/process"; then
        mkdir -p -- "$DIR/log" "$DIR/mnesia"
        choose_ports "${1:-}"
        write_settings
        enter_environment
        launch_epmd
        launch
        printf 'amqp://switchboard:%s@127.0.0.1:%s/switchboard\n' "$(<"$DIR/password")" "$PORT" >"$DIR/url"
        stop_with_owner
    fi
    cat -- "$DIR/url"
}

stop() {
    rm -f -- "$DIR/owner"
    stop_process "$DIR/process" 30 || fail "the private RabbitMQ does not end" "kill -9 its process" "$DIR/log/start.log"
    stop_process "$DIR/epmd.process" 5 || fail "the private epmd does not end" "kill -9 its process"
}

ctl() {
    if ! find_rabbitmq || ! recorded_process "$DIR/process"; then
        fail "the private RabbitMQ in $DIR is not running" "start it first"
    fi
    enter_environment
    exec "$RABBITMQ_SBIN/rabbitmqctl" -q "$@"
}

erase() {
    [[ ! -d $DIR || -e $DIR/rabbitmq.conf || -z $(ls -A -- "$DIR") ]] || fail "$DIR is not a private RabbitMQ" "name the folder given to start"
    stop
    rm -rf -- "$DIR"
}

[[ $# -ge 2 && -n $2 ]] || usage
COMMAND=$1
DIR=$(readlink -m -- "$2")
shift 2
case $COMMAND in
start) start "${1:-}" ;;
stop) stop ;;
pid) recorded_process "$DIR/process" || { echo "not running" >&2; exit 1; }; printf '%s\n' "$RECORDED_PID" ;;
url) cat -- "$DIR/url" ;;
ctl) ctl "$@" ;;
erase) erase ;;
watch) watch ;;
*) usage ;;
esac
