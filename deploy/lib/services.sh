# shellcheck shell=bash
# The processes of a local run: what each is, its ports, its environment, and whether it is well. Sourced.

# In the order in which they start; they stop the other way round.
SERVICES=(sandbox api relay inbound outbound texts rcs notifications webhooks)
PORT_VARIABLES=(API_PORT SANDBOX_PORT MAIL_PORT API_INTERNAL_PORT RELAY_INTERNAL_PORT INBOUND_INTERNAL_PORT OUTBOUND_INTERNAL_PORT
    NOTIFICATIONS_INTERNAL_PORT TEXTS_INTERNAL_PORT RCS_INTERNAL_PORT WEBHOOKS_INTERNAL_PORT)

# choose_ports: the last run's if they are free, else the usual ones, each moved on when it is taken.
choose_ports() {
    local variable wish
    local -A usual=([API_PORT]=8080 [SANDBOX_PORT]=8090 [MAIL_PORT]=8025 [API_INTERNAL_PORT]=9100 [RELAY_INTERNAL_PORT]=9101
        [INBOUND_INTERNAL_PORT]=9102 [OUTBOUND_INTERNAL_PORT]=9103 [NOTIFICATIONS_INTERNAL_PORT]=9104
        [TEXTS_INTERNAL_PORT]=9105 [WEBHOOKS_INTERNAL_PORT]=9106 [RCS_INTERNAL_PORT]=9109)
    unset "${PORT_VARIABLES[@]}"
    recall ports
    for variable in "${PORT_VARIABLES[@]}"; do
        wish=${!variable:-${usual[$variable]}}
        free_port "$wish"
        [[ $FREE_PORT == "$wish" ]] || note "port $wish is taken; ${variable%_PORT} moves to $FREE_PORT"
        printf -v "$variable" '%s' "$FREE_PORT"
    done
    remember ports "${PORT_VARIABLES[@]}"
}

# addresses: sets the URLs that follow from the ports.
addresses() {
    API_URL=http://127.0.0.1:$API_PORT
    SANDBOX_URL=http://127.0.0.1:$SANDBOX_PORT
}

# service_command NAME: sets COMMAND, the process and its arguments.
service_command() {
    case $1 in
    api) COMMAND=("$BIN/switchboard-api") ;;
    outbound) COMMAND=("$BIN/outbound" --channel whatsapp) ;;
    texts) COMMAND=("$BIN/outbound" --channel text) ;;
    rcs) COMMAND=("$BIN/outbound" --channel rcs) ;;
    sandbox)
        COMMAND=("$BIN/sandbox" --listen "127.0.0.1:$SANDBOX_PORT" --mail-listen "127.0.0.1:$MAIL_PORT"
            --webhook-url "$API_URL/channels/whatsapp/webhook"
            --text-webhook-url "$API_URL/channels/text/webhook#rc=5&rp=all"
            --rcs-webhook-url "$API_URL/channels/rcs/webhook")
        ;;
    *) COMMAND=("$BIN/$1") ;;
    esac
}

# health_address NAME: sets HEALTH_URL, which answers 200 when the process can do its work.
health_address() {
    case $1 in
    api) HEALTH_URL=$API_URL/readyz ;;
    sandbox) HEALTH_URL=$SANDBOX_URL/healthz ;;
    *)
        local variable=${1^^}_INTERNAL_PORT
        HEALTH_URL=http://127.0.0.1:${!variable}/readyz
        ;;
    esac
}

# service_environment: what all of them share; each adds its internal listener.
service_environment() {
    export DATABASE_URL AMQP_URL
    export SWITCHBOARD_MASTER_KEY=$MASTER_KEY SWITCHBOARD_QUEUE_PREFIX=$QUEUE_PREFIX
    export SWITCHBOARD_LISTEN=127.0.0.1:$API_PORT SWITCHBOARD_PUBLIC_URL=$API_URL
    export SWITCHBOARD_MEDIA_URL=${SWITCHBOARD_MEDIA_URL:-file://$STATE/media}
    export SWITCHBOARD_ALLOWED_API_URLS=${SWITCHBOARD_ALLOWED_API_URLS:-loopback}
    # An endpoint of a newcomer's own is on this machine, and speaks no TLS.
    export SWITCHBOARD_WEBHOOK_ALLOWED_NETWORKS=${SWITCHBOARD_WEBHOOK_ALLOWED_NETWORKS:-loopback}
    export SWITCHBOARD_WEBHOOK_ALLOW_HTTP=${SWITCHBOARD_WEBHOOK_ALLOW_HTTP:-true}
    # Email goes to the sandbox, which shows it.
    export SWITCHBOARD_SMTP_URL=smtp://127.0.0.1:$MAIL_PORT SWITCHBOARD_MAIL_FROM="Switchboard <switchboard@demo.invalid>"
    export SWITCHBOARD_CONVERSATION_URL=$API_URL/v1/conversations/%7BconversationId%7D
    export SWITCHBOARD_LOG_FORMAT=${SWITCHBOARD_LOG_FORMAT:-text} SWITCHBOARD_SHUTDOWN_SECONDS=${SWITCHBOARD_SHUTDOWN_SECONDS:-10}
    export STATE BIN API_URL SANDBOX_URL "${PORT_VARIABLES[@]}"
}

# run_service NAME: becomes the process.
run_service() {
    local variable=${1^^}_INTERNAL_PORT
    if [[ -n ${!variable:-} ]]; then
        export SWITCHBOARD_INTERNAL_LISTEN=127.0.0.1:${!variable}
    fi
    service_command "$1"
    exec "${COMMAND[@]}"
}

healthy() {
    health_address "$1"
    [[ $(curl -s -o /dev/null -m 3 -w '%{http_code}' "$HEALTH_URL" 2>/dev/null) == 200 ]]
}

# all_healthy: sets UNHEALTHY to the first that is not.
all_healthy() {
    for UNHEALTHY in "${SERVICES[@]}"; do
        recorded_process "$RUN/$UNHEALTHY.process" && healthy "$UNHEALTHY" || return 1
    done
    UNHEALTHY=
}

# start_supervisor: it starts the processes, watches them, and ends them when it is told to end.
start_supervisor() {
    rm -f -- "$RUN"/*.gave-up
    : >"$LOGS/supervisor.log"
    service_environment
    setsid "$LIB/supervise.sh" </dev/null >>"$LOGS/supervisor.log" 2>&1 9>&- &
    record_process "$RUN/supervisor.process" $! ||
        fail "the supervisor ended at once" "see its log" "$LOGS/supervisor.log"
}

# await_health SECONDS
await_health() {
    local deadline=$((SECONDS + $1))
    until all_healthy; do
        ! gave_up || fail "$GAVE_UP ends as soon as it starts" "repair what its log says, then run this again" "$LOGS/$GAVE_UP.log"
        recorded_process "$RUN/supervisor.process" || fail "the supervisor ended" "see its log" "$LOGS/supervisor.log"
        if ((SECONDS > deadline)); then
            health_address "$UNHEALTHY"
            note "$HEALTH_URL says: $(curl -s -m 3 "$HEALTH_URL" 2>&1 | head -c 600)"
            fail "$UNHEALTHY is not ready after $1 s" "repair what the line above or its log says, then run this again" "$LOGS/$UNHEALTHY.log"
        fi
        sleep 0.1
    done
}

# gave_up: sets GAVE_UP to the first process that the supervisor no longer starts.
gave_up() {
    for GAVE_UP in "${SERVICES[@]}"; do
        [[ ! -e $RUN/$GAVE_UP.gave-up ]] || return 0
    done
    return 1
}

# leftovers: whether processes of a run whose supervisor is gone are still there.
leftovers() {
    local service
    for service in "${SERVICES[@]}"; do
        ! recorded_process "$RUN/$service.process" || return 0
    done
    return 1
}

# stop_services: the supervisor with all it started, then whatever outlived a supervisor that was killed.
stop_services() {
    local service
    stop_process "$RUN/supervisor.process" 60 || return 1
    for service in api relay inbound outbound texts rcs notifications webhooks sandbox; do
        if recorded_process "$RUN/$service.process"; then
            kill -CONT "$RECORDED_PID" 2>/dev/null || true
            kill -TERM "$RECORDED_PID" 2>/dev/null || true
        fi
    done
    for service in api relay inbound outbound texts rcs notifications webhooks sandbox; do
        stop_process "$RUN/$service.process" 15 || return 1
    done
    rm -f -- "$RUN"/*.gave-up
}
