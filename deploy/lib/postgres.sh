# shellcheck shell=bash
# Chooses the PostgreSQL to use: the one given, one that listens, else a private one. Sets DATABASE_URL. Sourced.

# admin_psql ARGUMENT…: psql on the server that listens, by the way that adopt_postgres found open.
admin_psql() {
    "${ADMIN[@]}" -X -q -w -At -v ON_ERROR_STOP=1 "$@" 2>>"$LOGS/postgres-setup.log" </dev/null
}

postgres_answers() {
    PGCONNECT_TIMEOUT=5 "$PSQL" -X -q -w -At -d "$1" -c 'SELECT 1' </dev/null >/dev/null 2>>"$LOGS/postgres-setup.log"
}

# find_postgres_admin: sets ADMIN to a psql that may create roles and databases on the server at the standard port.
find_postgres_admin() {
    local user may="SELECT rolsuper OR (rolcreaterole AND rolcreatedb) FROM pg_roles WHERE rolname = current_user"
    export PGCONNECT_TIMEOUT=5
    for user in "${PGUSER:-$(id -un)}" postgres; do
        ADMIN=("$PSQL" -h 127.0.0.1 -p 5432 -U "$user" -d postgres)
        [[ $(admin_psql -c "$may") != t ]] || return 0
    done
    ((EUID == 0)) && getent passwd postgres >/dev/null || return 1
    ADMIN=(setpriv --reuid=postgres --regid="$(id -g postgres)" --init-groups -- env HOME=/ "$PSQL" -p 5432 -d postgres)
    [[ $(cd / && admin_psql -c "$may") == t ]]
}

# adopt_postgres: makes a role and a database of our own on the server that listens; touches nothing else there.
adopt_postgres() {
    local name=switchboard version
    find_psql || { note "a PostgreSQL listens on port 5432, but no psql is installed to set it up"; return 1; }
    find_postgres_admin || { note "the PostgreSQL on port 5432 refuses us"; return 1; }
    version=$(cd / && admin_psql -c "SELECT current_setting('server_version_num')::int / 10000") || return 1
    if ((version < POSTGRES_LEAST)); then
        note "the PostgreSQL on port 5432 is version $version; $POSTGRES_LEAST or later is needed"
        return 1
    fi
    if [[ $(cd / && admin_psql -c "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = '$name')
        OR EXISTS (SELECT FROM pg_database WHERE datname = '$name')") != f ]]; then
        fresh_secret
        name=switchboard_${SECRET:0:8}
    fi
    fresh_secret
    create_postgres_objects "$name" "$SECRET" || return 1
    POSTGRES_NAME=$name
    DATABASE_URL=postgres://$name:$SECRET@127.0.0.1:5432/$name
    if ! postgres_answers "$DATABASE_URL"; then
        note "the PostgreSQL on port 5432 does not let the new role in (pg_hba.conf?)"
        erase_shared_postgres || true
        POSTGRES_NAME=
        return 1
    fi
}

create_postgres_objects() {
    # By standard input, so that the password shows in no process list.
    (cd / && "${ADMIN[@]}" -X -q -w -v ON_ERROR_STOP=1 >>"$LOGS/postgres-setup.log" 2>&1) <<SQL
CREATE ROLE "$1" LOGIN CREATEDB PASSWORD '$2';
SELECT 'GRANT "$1" TO CURRENT_USER' FROM pg_roles WHERE rolname = current_user AND NOT rolsuper \\gexec
CREATE DATABASE "$1" OWNER "$1";
SQL
}

erase_shared_postgres() {
    find_psql && find_postgres_admin || return 1
    (cd / && admin_psql -c "DROP DATABASE IF EXISTS \"$POSTGRES_NAME\" WITH (FORCE)" -c "DROP ROLE IF EXISTS \"$POSTGRES_NAME\"")
}

start_private_postgres() {
    find_postgres || install_packages "PostgreSQL" postgresql
    find_postgres || fail "the PostgreSQL of this distribution is older than version $POSTGRES_LEAST" \
        "install a newer one (https://www.postgresql.org/download/), set DATABASE_URL, or use: docker compose up"
    DATABASE_URL=$("$LIB/private-postgres.sh" start "$STATE/postgres" 9>&-) || exit 1
}

# choose_postgres: the first of these that there is; what was chosen last stays chosen, since the data is there.
choose_postgres() {
    local given=${GIVEN_DATABASE_URL:-}
    if [[ -n $PRIVATE ]]; then
        POSTGRES_KIND=private
    elif [[ -n $given && $given != "${DATABASE_URL:-}" ]]; then
        POSTGRES_KIND=given
        DATABASE_URL=$given
    elif [[ ${POSTGRES_KIND:-} == shared ]] && ! { find_psql && postgres_answers "$DATABASE_URL"; }; then
        note "the PostgreSQL used before no longer lets us in; looking for another"
        POSTGRES_KIND=
    fi
    if [[ -z ${POSTGRES_KIND:-} ]]; then
        POSTGRES_KIND=private
        if listening 5432 && adopt_postgres; then
            POSTGRES_KIND=shared
        fi
    fi
    [[ $POSTGRES_KIND != private ]] || start_private_postgres
}
