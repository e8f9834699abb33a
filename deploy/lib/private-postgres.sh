#!/usr/bin/env bash
# A private PostgreSQL of one's own: for ./deploy/up, and for tests that stop, freeze or restart a server.
#
#   private-postgres.sh start DIR [PORT]   starts it (creating it the first time), waits until it answers, prints its URL
#   private-postgres.sh stop DIR [MODE]    stops it; MODE is fast (default), smart or immediate (as after a power cut)
#   private-postgres.sh pid DIR            prints the pid of the main process, to send it signals
#   private-postgres.sh url DIR            prints the URL again
#   private-postgres.sh erase DIR          stops it and removes DIR with all data
#
# DIR belongs to the server alone. Without PORT it takes its last one if that is free, else any free one. The URL's role owns
# its database and may create others. It listens on 127.0.0.1 only, with a generated password; durability is as in production.
# Run by root, the server runs as another user; where that user cannot reach DIR, the data is under /var/lib/switchboard.
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

usage() {
    sed -n '4,8s/^# *//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

# The server refuses to run as root.
find_server_user() {
    ((EUID == 0)) || { SERVER_USER=; return 0; }
    SERVER_USER=postgres
    if ! getent passwd "$SERVER_USER" >/dev/null; then
        SERVER_USER=switchboard-postgres
        getent passwd "$SERVER_USER" >/dev/null || useradd --system --no-create-home --shell /usr/sbin/nologin "$SERVER_USER" >&2
    fi
}

as_server() {
    if [[ -n $SERVER_USER ]]; then
        setpriv --reuid="$SERVER_USER" --regid="$(id -g "$SERVER_USER")" --init-groups -- "$@"
    else
        "$@"
    fi
}

# CLUSTER holds data and log (HOME_FOLDER is its real path); it is a link to a folder elsewhere where the server's user may not enter DIR.
prepare_folders() {
    mkdir -p -- "$DIR"
    [[ -z $SERVER_USER ]] || chmod 711 "$DIR"
    [[ -e $CLUSTER ]] || place_cluster
    HOME_FOLDER=$(readlink -f -- "$CLUSTER")
    [[ -z $SERVER_USER ]] || chown "$SERVER_USER" "$HOME_FOLDER"
}

place_cluster() {
    if [[ -z $SERVER_USER ]] || as_server test -x "$DIR"; then
        mkdir -p -- "$CLUSTER"
        return
    fi
    local elsewhere
    elsewhere=/var/lib/switchboard/$(printf '%s' "$DIR" | sha256sum | cut -c1-16)
    (umask 022 && mkdir -p /var/lib/switchboard)
    mkdir -p -- "$elsewhere"
    ln -sfn -- "$elsewhere" "$CLUSTER"
}

# secret FILE: sets SECRET to what FILE holds, made on first use.
secret() {
    if [[ ! -s $1 ]]; then
        head -c 24 /dev/urandom | sha256sum | cut -c1-40 >"$1.new"
        mv -- "$1.new" "$1"
    fi
    SECRET=$(<"$1")
}

# The main process by its own pid file, checked by the folder it works in.
server_pid() {
    SERVER_PID=
    local pid
    pid=$(sed -n 1p "$CLUSTER/data/postmaster.pid" 2>/dev/null) || return 1
    [[ -n $pid ]] || return 1
    process_identity "$pid" || return 1
    [[ $(readlink -f "/proc/$pid/cwd" 2>/dev/null) == "$(readlink -f "$CLUSTER/data")" ]] || return 1
    SERVER_PID=$pid
}

create_cluster() {
    local locale=C.UTF-8
    locale -a 2>/dev/null | grep -qixE 'C\.utf-?8' || locale=C
    secret "$DIR/superuser"
    printf '%s\n' "$SECRET" >"$HOME_FOLDER/superuser"
    [[ -z $SERVER_USER ]] || chown "$SERVER_USER" "$HOME_FOLDER/superuser"
    rm -rf -- "$HOME_FOLDER/data" "$HOME_FOLDER/data.new"
    as_server "$POSTGRES_BIN/initdb" -D "$HOME_FOLDER/data.new" -U postgres --pwfile="$HOME_FOLDER/superuser" --encoding=UTF8 \
        --locale="$locale" --auth=scram-sha-256 --no-instructions >"$DIR/create.log" 2>&1 </dev/null ||
        fail "the private PostgreSQL could not be created in $HOME_FOLDER" "see the log; free disk space or remove $DIR" "$DIR/create.log"
    as_server tee -a "$HOME_FOLDER/data.new/postgresql.conf" >/dev/null <<'CONF'

# Switchboard's private server: loopback only, sized for a developer's machine.
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
shared_buffers = 256MB
max_wal_size = 2GB
wal_compression = on
random_page_cost = 1.1
jit = off
log_lock_waits = on
log_line_prefix = '%m [%p] %q%u@%d '
CONF
    rm -f -- "$HOME_FOLDER/superuser"
    mv -- "$HOME_FOLDER/data.new" "$HOME_FOLDER/data"
}

choose_port() {
    local wish=${1:-}
    if [[ -z $wish && -s $DIR/port ]] && ! listening "$(<"$DIR/port")"; then
        wish=$(<"$DIR/port")
    fi
    if [[ -z $wish ]]; then
        scattered_port
        wish=$FREE_PORT
    elif listening "$wish"; then
        fail "port $wish is taken" "name another port, or none"
    fi
    PORT=$wish
    printf '%s\n' "$PORT" >"$DIR/port"
}

launch() {
    local tries=0
    # After a kill the old children may hold the shared memory for a moment; a port may have been taken since it was chosen.
    until as_server "$POSTGRES_BIN/pg_ctl" -D "$HOME_FOLDER/data" -l "$HOME_FOLDER/server.log" -o "-p $PORT" -w -t 60 -s start \
        </dev/null >"$DIR/start.log" 2>&1; do
        ((++tries < 10)) || fail "the private PostgreSQL does not start" \
            "see the log; a full disk and a low shared memory limit are the usual reasons" "$HOME_FOLDER/server.log"
        sleep 0.5
        ! listening "$PORT" || choose_port ""
    done
}

# Everything about the role and the database that is not there yet.
create_database() {
    secret "$DIR/superuser"
    local superuser=$SECRET
    secret "$DIR/password"
    PGPASSWORD=$superuser "$POSTGRES_BIN/psql" -X -q -w -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$PORT" -U postgres -d postgres \
        >"$DIR/start.log" 2>&1 <<SQL || fail "the private PostgreSQL refuses its own set-up" "remove $DIR and start again" "$DIR/start.log"
SELECT 'CREATE ROLE switchboard LOGIN CREATEDB' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'switchboard') \\gexec
ALTER ROLE switchboard PASSWORD '$SECRET';
SELECT 'CREATE DATABASE switchboard OWNER switchboard' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'switchboard') \\gexec
SQL
    touch "$DIR/created"
}

write_url() {
    secret "$DIR/password"
    printf 'postgres://switchboard:%s@127.0.0.1:%s/switchboard\n' "$SECRET" "$PORT" >"$DIR/url"
}

stop_with_owner() {
    [[ -n ${SERVER_OWNER:-} ]] || return 0
    record_process "$DIR/owner" "$SERVER_OWNER" || return 0
    setsid "$HERE/private-postgres.sh" watch "$DIR" </dev/null >/dev/null 2>&1 &
}

watch() {
    while recorded_process "$DIR/owner"; do
        sleep 1
    done
    [[ ! -e $DIR/owner ]] || stop immediate
}

start() {
    find_postgres || fail "PostgreSQL $POSTGRES_LEAST or later is not installed" "apt-get install postgresql"
    if ! server_pid; then
        prepare_folders
        [[ -s $CLUSTER/data/PG_VERSION ]] || create_cluster
        choose_port "${1:-}"
        launch
        [[ -e $DIR/created ]] || create_database
        write_url
        stop_with_owner
    fi
    cat -- "$DIR/url"
}

stop() {
    rm -f -- "$DIR/owner"
    server_pid || return 0
    record_process "$DIR/process" "$SERVER_PID"
    kill -CONT "$SERVER_PID" 2>/dev/null || true
    local mode=${1:-fast}
    case $mode in
    smart) kill -TERM "$SERVER_PID" ;;
    fast) kill -INT "$SERVER_PID" ;;
    immediate) kill -QUIT "$SERVER_PID" ;;
    *) usage ;;
    esac
    if ! await_end "$DIR/process" 30 && recorded_process "$DIR/process"; then
        kill -QUIT "$RECORDED_PID" || true
        await_end "$DIR/process" 10 || fail "the private PostgreSQL (pid $SERVER_PID) does not end" "kill -9 $SERVER_PID" "$CLUSTER/server.log"
    fi
    rm -f -- "$DIR/process"
}

erase() {
    [[ ! -d $DIR || -e $CLUSTER || -z $(ls -A -- "$DIR") ]] || fail "$DIR is not a private PostgreSQL" "name the folder given to start"
    stop
    if [[ -L $CLUSTER ]]; then
        rm -rf -- "$(readlink -f -- "$CLUSTER")"
    fi
    rm -rf -- "$DIR"
}

[[ $# -ge 2 && -n $2 ]] || usage
COMMAND=$1
DIR=$(readlink -m -- "$2")
CLUSTER=$DIR/cluster
# The server's user must be able to stand where it is started.
cd /
find_server_user
case $COMMAND in
start) start "${3:-}" ;;
stop) stop "${3:-fast}" ;;
pid) server_pid || { echo "not running" >&2; exit 1; }; printf '%s\n' "$SERVER_PID" ;;
url) cat -- "$DIR/url" ;;
erase) erase ;;
watch) watch ;;
*) usage ;;
esac
