# shellcheck shell=bash
# Provides PostgreSQL and RabbitMQ for up and test, and gives them up again. Sourced.

# shellcheck source=deploy/lib/installed.sh
. "$LIB/installed.sh"
# shellcheck source=deploy/lib/amqp.sh
. "$LIB/amqp.sh"
# shellcheck source=deploy/lib/postgres.sh
. "$LIB/postgres.sh"
# shellcheck source=deploy/lib/rabbitmq.sh
. "$LIB/rabbitmq.sh"

SERVER_VARIABLES=(POSTGRES_KIND POSTGRES_NAME DATABASE_URL BROKER_KIND BROKER_NAME AMQP_URL QUEUE_PREFIX)

# without_password URL: sets SHOWN.
without_password() {
    SHOWN=$(sed -E 's#//([^:/@]*):[^@]*@#//\1@#g' <<<"$1")
}

# provide_servers: sets DATABASE_URL, AMQP_URL and QUEUE_PREFIX, and remembers the choice.
provide_servers() {
    GIVEN_DATABASE_URL=${DATABASE_URL:-}
    GIVEN_AMQP_URL=${AMQP_URL:-}
    GIVEN_QUEUE_PREFIX=${SWITCHBOARD_QUEUE_PREFIX:-}
    unset "${SERVER_VARIABLES[@]}"
    recall servers
    step "PostgreSQL"
    choose_postgres
    remember servers "${SERVER_VARIABLES[@]}"
    without_password "$DATABASE_URL"
    done_step "$POSTGRES_KIND, $SHOWN"
    step "RabbitMQ"
    choose_rabbitmq
    remember servers "${SERVER_VARIABLES[@]}"
    without_password "$AMQP_URL"
    done_step "$BROKER_KIND, $SHOWN, queues ${QUEUE_PREFIX}.*"
}

# stop_private_servers: only those in this folder.
stop_private_servers() {
    if [[ -d $STATE/rabbitmq ]]; then
        "$LIB/private-rabbitmq.sh" stop "$STATE/rabbitmq" 9>&- || return 1
    fi
    if [[ -d $STATE/postgres ]]; then
        "$LIB/private-postgres.sh" stop "$STATE/postgres" 9>&- || return 1
    fi
}

# erase_servers: the private servers' data, and what adoption made on shared ones.
erase_servers() {
    recall servers
    if [[ -n ${POSTGRES_NAME:-} ]]; then
        erase_shared_postgres || note "the database and role $POSTGRES_NAME could not be dropped: see $LOGS/postgres-setup.log"
    fi
    if [[ -n ${BROKER_NAME:-} ]]; then
        erase_shared_broker || note "the virtual host and user $BROKER_NAME could not be deleted: see $LOGS/rabbitmq-setup.log"
    fi
    if [[ ${BROKER_KIND:-} != private && -n ${QUEUE_PREFIX:-} && -z ${BROKER_NAME:-} ]]; then
        note "the queues $QUEUE_PREFIX.* stay on the RabbitMQ that was used"
    fi
    if [[ ${POSTGRES_KIND:-} == given ]]; then
        note "the database of DATABASE_URL stays as it is"
    fi
    "$LIB/private-rabbitmq.sh" erase "$STATE/rabbitmq" 9>&-
    "$LIB/private-postgres.sh" erase "$STATE/postgres" 9>&-
}
