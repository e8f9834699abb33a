# shellcheck shell=bash disable=SC2034
# Chooses the RabbitMQ to use: the one given, one that listens, else a private one. Sets AMQP_URL and QUEUE_PREFIX. Sourced.

# A server that hangs keeps its administrator hanging, and what that started outlives a signal: so it gets no pipe of ours to hold.
broker_admin() {
    local answer=$LOGS/rabbitmq-answer
    timeout -k 5 30 rabbitmqctl -q -t 20 "$@" >"$answer" 2>>"$LOGS/rabbitmq-setup.log" </dev/null || return 1
    cat -- "$answer"
}

# adopt_rabbitmq: a virtual host and a user of our own by the local administrator, else the default user as it is.
adopt_rabbitmq() {
    local name=switchboard hosts users
    if ((EUID == 0)) && command -v rabbitmqctl >/dev/null && hosts=$(broker_admin list_vhosts --no-table-headers) &&
        users=$(broker_admin list_users --no-table-headers); then
        if grep -qxF "$name" <<<"$hosts" || grep -q "^${name}[[:space:]]" <<<"$users"; then
            fresh_secret
            name=switchboard-${SECRET:0:8}
        fi
        fresh_secret
        BROKER_NAME=$name
        AMQP_URL=amqp://$name:$SECRET@127.0.0.1:5672/$name
        if create_broker_objects && amqp_login 127.0.0.1 5672 "$name" "$SECRET" "$name"; then
            return 0
        fi
        erase_shared_broker || true
    fi
    BROKER_NAME=
    if amqp_login 127.0.0.1 5672 guest guest /; then
        # The virtual host is everybody's, so our queues carry a name that nobody else has.
        fresh_secret
        QUEUE_PREFIX=switchboard-${SECRET:0:8}
        AMQP_URL=amqp://guest:guest@127.0.0.1:5672/%2f
        return 0
    fi
    note "the RabbitMQ on port 5672 refuses us"
    return 1
}

create_broker_objects() {
    broker_admin add_vhost "$BROKER_NAME" >/dev/null &&
        timeout -k 5 30 rabbitmqctl -q -t 20 add_user "$BROKER_NAME" <<<"$SECRET" >>"$LOGS/rabbitmq-setup.log" 2>&1 &&
        broker_admin set_permissions -p "$BROKER_NAME" "$BROKER_NAME" '.*' '.*' '.*' >/dev/null
}

erase_shared_broker() {
    [[ -n $BROKER_NAME ]] || return 0
    broker_admin delete_vhost "$BROKER_NAME" >/dev/null
    broker_admin delete_user "$BROKER_NAME" >/dev/null
}

# shared_broker_answers: whether what adopt_rabbitmq made before still lets us in.
shared_broker_answers() {
    [[ $AMQP_URL =~ ^amqp://([^:]+):([^@]+)@127\.0\.0\.1:5672/(.+)$ ]] || return 1
    local host=${BASH_REMATCH[3]}
    [[ $host != %2f ]] || host=/
    listening 5672 && amqp_login 127.0.0.1 5672 "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "$host"
}

start_private_rabbitmq() {
    find_rabbitmq || install_packages "RabbitMQ" rabbitmq-server
    find_rabbitmq || fail "RabbitMQ was installed, but its programs are not found" "set AMQP_URL, or use: docker compose up"
    AMQP_URL=$("$LIB/private-rabbitmq.sh" start "$STATE/rabbitmq" 9>&-) || exit 1
}

# choose_rabbitmq: the first of these that there is; what was chosen last stays chosen, since the queues are there.
choose_rabbitmq() {
    local given=${GIVEN_AMQP_URL:-}
    if [[ -n $PRIVATE ]]; then
        BROKER_KIND=private
        QUEUE_PREFIX=switchboard
    elif [[ -n $given && $given != "${AMQP_URL:-}" ]]; then
        BROKER_KIND=given
        AMQP_URL=$given
        QUEUE_PREFIX=${GIVEN_QUEUE_PREFIX:-switchboard}
    elif [[ ${BROKER_KIND:-} == shared ]] && ! shared_broker_answers; then
        note "the RabbitMQ used before no longer lets us in; looking for another"
        BROKER_KIND=
    fi
    if [[ -z ${BROKER_KIND:-} ]]; then
        BROKER_KIND=private
        QUEUE_PREFIX=switchboard
        if listening 5672; then
            if ! amqp_answers 127.0.0.1 5672; then
                note "the RabbitMQ on port 5672 does not answer"
            elif adopt_rabbitmq; then
                BROKER_KIND=shared
            fi
        fi
    fi
    [[ $BROKER_KIND != private ]] || start_private_rabbitmq
}
