#!/usr/bin/env bash
# Runs the processes of services.sh until told to end: starts again what dies, gives up on what dies at once again and again,
# and brings private servers back. Started by ./deploy/up in a session of its own; its log is .local/log/supervisor.log.
set -uo pipefail

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/lib/console.sh
. "$HERE/console.sh"
# shellcheck source=deploy/lib/process.sh
. "$HERE/process.sh"
# shellcheck source=deploy/lib/state.sh
. "$HERE/state.sh"
# shellcheck source=deploy/lib/services.sh
. "$HERE/services.sh"

# A process that lived for less than this many seconds died at once; so many in a row are enough.
SHORT_LIFE=5
MOST_DEATHS=7

declare -A PID=() BORN=() DEATHS=() DUE=()
STOPPING=
MENDING=

log() {
    printf '%(%Y-%m-%d %H:%M:%S)T %s\n' -1 "$*"
}

launch() {
    local name=$1 log=$LOGS/$1.log
    if [[ -s $log && $(stat -c %s -- "$log") -gt 50000000 ]]; then
        mv -f -- "$log" "$log.1"
    fi
    (
        trap - TERM INT HUP
        exec 7>&-
        run_service "$name"
    ) </dev/null >>"$log" 2>&1 &
    PID[$name]=$!
    BORN[$name]=$SECONDS
    DUE[$name]=
    record_process "$RUN/$name.process" "${PID[$name]}" || true
}

# in_words STATUS: sets WORDS.
in_words() {
    if (($1 > 128)); then
        WORDS="was ended by signal $(kill -l $(($1 - 128)) 2>/dev/null || echo $(($1 - 128)))"
    else
        WORDS="ended with status $1"
    fi
}

# bury NAME: notes a death and when the process is due again: at once, then after 0.5 s, doubling.
bury() {
    local name=$1 status=0 wait=0
    wait "${PID[$name]}" || status=$?
    in_words "$status"
    rm -f -- "$RUN/$name.process"
    PID[$name]=
    if ((SECONDS - BORN[$name] >= SHORT_LIFE)); then
        DEATHS[$name]=0
    fi
    DEATHS[$name]=$((${DEATHS[$name]:-0} + 1))
    if ((DEATHS[$name] >= MOST_DEATHS)); then
        log "GAVE UP on $name: it $WORDS, ${DEATHS[$name]} times in a row as soon as it started; see $LOGS/$name.log"
        : >"$RUN/$name.gave-up"
        return
    fi
    ((DEATHS[$name] == 1)) || wait=$((250 << (DEATHS[$name] - 1)))
    milliseconds
    DUE[$name]=$((NOW_MS + wait))
    log "$name $WORDS after $((SECONDS - BORN[$name])) s; starting it again$( ((wait == 0)) || echo " in $wait ms")"
}

# mend_servers: starts a private server of this run that is no longer there; in the background, for it takes seconds.
mend_servers() {
    if [[ -n $MENDING ]] && kill -0 "$MENDING" 2>/dev/null; then
        return
    fi
    local script="" folder
    if [[ ${POSTGRES_KIND:-} == private ]] && ! "$LIB/private-postgres.sh" pid "$STATE/postgres" >/dev/null 2>&1; then
        script=private-postgres.sh folder=$STATE/postgres
    elif [[ ${BROKER_KIND:-} == private ]] && ! recorded_process "$STATE/rabbitmq/process"; then
        script=private-rabbitmq.sh folder=$STATE/rabbitmq
    fi
    [[ -n $script ]] || { MENDING=; return; }
    log "$folder is not running; starting it again"
    "$LIB/$script" start "$folder" "$(<"$folder/port")" 2>&1 >/dev/null 7>&- &
    MENDING=$!
}

watch_once() {
    local name
    milliseconds
    for name in "${SERVICES[@]}"; do
        if [[ -n ${PID[$name]:-} ]]; then
            kill -0 "${PID[$name]}" 2>/dev/null || bury "$name"
        elif [[ -n ${DUE[$name]:-} && $NOW_MS -ge ${DUE[$name]} ]]; then
            launch "$name"
        fi
    done
}

# end NAME…: asks them all, waits for all, and after the deadline makes them.
end() {
    local name
    for name in "$@"; do
        [[ -z ${PID[$name]:-} ]] || kill -CONT -- "${PID[$name]}" 2>/dev/null
        [[ -z ${PID[$name]:-} ]] || kill -TERM -- "${PID[$name]}" 2>/dev/null
    done
    for name in "$@"; do
        stop_process "$RUN/$name.process" $((${SWITCHBOARD_SHUTDOWN_SECONDS:-10} + 5))
    done
}

trap 'STOPPING=yes' TERM INT HUP
recall servers
# Waiting on a pipe that nobody writes to costs no process, unlike sleep.
rm -f -- "$RUN/tick"
mkfifo -- "$RUN/tick"
exec 7<>"$RUN/tick"
hold_servers supervisor $$

for name in "${SERVICES[@]}"; do
    launch "$name"
done
log "started ${SERVICES[*]}"
rounds=0
while [[ -z $STOPPING ]]; do
    read -r -t 0.2 -u 7 _
    watch_once
    ((++rounds % 15)) || mend_servers
done
log "stopping"
[[ -z $MENDING ]] || wait "$MENDING" 2>/dev/null
# The provider's side goes last, so that answers under way still come.
end api relay inbound outbound texts rcs notifications webhooks
end sandbox
log "stopped"
