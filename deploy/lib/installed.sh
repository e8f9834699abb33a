# shellcheck shell=bash disable=SC2034
# Finds the PostgreSQL and RabbitMQ programs that are installed here. Sourced.

POSTGRES_LEAST=15

# find_postgres: sets POSTGRES_BIN to the newest server's folder of version 15 or later.
find_postgres() {
    local folder version best=0
    POSTGRES_BIN=
    local -a folders=(/usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin)
    if command -v initdb >/dev/null; then
        folders+=("$(dirname -- "$(readlink -f -- "$(command -v initdb)")")")
    fi
    for folder in "${folders[@]}"; do
        [[ -x $folder/initdb && -x $folder/pg_ctl && -x $folder/postgres && -x $folder/psql ]] || continue
        version=$("$folder/postgres" --version 2>/dev/null | sed -n 's/^postgres (PostgreSQL) \([0-9]*\).*/\1/p')
        if ((${version:-0} >= POSTGRES_LEAST && version > best)); then
            best=$version
            POSTGRES_BIN=$folder
        fi
    done
    [[ -n $POSTGRES_BIN ]]
}

# find_psql: sets PSQL.
find_psql() {
    PSQL=$(command -v psql) || true
    if [[ -z $PSQL ]] && find_postgres; then
        PSQL=$POSTGRES_BIN/psql
    fi
    [[ -n $PSQL ]]
}

# find_rabbitmq: sets RABBITMQ_SBIN to the folder of the real scripts; the distribution's wrappers insist on their own user.
find_rabbitmq() {
    local script
    RABBITMQ_SBIN=
    command -v erl >/dev/null && command -v epmd >/dev/null || return 1
    if [[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ]]; then
        RABBITMQ_SBIN=/usr/lib/rabbitmq/bin
        return 0
    fi
    script=$(command -v rabbitmq-server) || return 1
    script=$(readlink -f -- "$script")
    [[ $script != *script-wrapper && -x $script ]] || return 1
    RABBITMQ_SBIN=$(dirname -- "$script")
}
