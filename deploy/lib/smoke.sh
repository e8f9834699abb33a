#!/usr/bin/env bash
# The whole path in one go, on a throw-away run with private servers: a contact writes, a client replies, the provider delivers,
# the ledger has it once; a killed worker comes back; a second up is quick; down leaves nothing behind. Called by ./deploy/test.
set -Eeuo pipefail

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
SWITCHBOARD_STATE_DIR=$(mktemp -d)
export SWITCHBOARD_STATE_DIR
# shellcheck source=deploy/lib/console.sh
. "$HERE/console.sh"
# shellcheck source=deploy/lib/process.sh
. "$HERE/process.sh"
# shellcheck source=deploy/lib/ports.sh
. "$HERE/ports.sh"
# shellcheck source=deploy/lib/state.sh
. "$HERE/state.sh"
# shellcheck source=deploy/lib/http.sh
. "$HERE/http.sh"
trap 'unexpected "$LINENO" "$BASH_COMMAND"' ERR

# A developer's own settings have no place in a check.
unset DATABASE_URL AMQP_URL API_KEY "${!SWITCHBOARD_@}" 2>/dev/null || true
export SWITCHBOARD_STATE_DIR=$STATE
WENT_WELL=

clean_up() {
    local log
    trap - EXIT ERR
    trap '' INT TERM HUP
    if [[ -n $WENT_WELL ]]; then
        "$ROOT/deploy/down" --erase >/dev/null 2>&1 || note "what ./deploy/down --erase could not remove is in $STATE"
        return
    fi
    for log in "$LOGS"/*.log; do
        [[ -s $log ]] || continue
        printf '  --- last lines of %s\n' "$log" >&2
        tail -n 25 -- "$log" >&2
    done
    "$ROOT/deploy/down" >/dev/null 2>&1 || true
    note "the run is kept; to remove it: SWITCHBOARD_STATE_DIR=$STATE ./deploy/down --erase"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# eventually SECONDS CHECK…: repeats a check until it holds.
eventually() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

answers() {
    http GET "$1"
    [[ $HTTP_STATUS == 200 && $HTTP_BODY == *"$2"* ]]
}

outbound_is_another() {
    recorded_process "$RUN/outbound.process" && [[ $RECORDED_PID != "$1" ]]
}

says_status() {
    http GET "$API_URL/v1/messages/$1"
    [[ $HTTP_STATUS == 200 ]] && grep -qE '"status": *"(delivered|read)"' <<<"$HTTP_BODY"
}

contact_writes() {
    step "a contact writes"
    http POST "$SANDBOX_URL/contacts/$CONTACT/messages" \
        "{\"channel\":\"whatsapp\",\"to\":\"$DEMO_PHONE_NUMBER_ID\",\"type\":\"text\",\"text\":{\"body\":\"$QUESTION\"}}"
    [[ $HTTP_STATUS == 201 ]] || fail "the sandbox answered $HTTP_STATUS: $HTTP_BODY" "see its log" "$LOGS/sandbox.log"
    eventually 15 answers "$API_URL/v1/conversations" "$QUESTION" ||
        fail "the contact's message does not show in GET /v1/conversations: $HTTP_BODY" "see the log" "$LOGS/inbound.log"
    first_id cnv "$HTTP_BODY" || fail "no conversation id in: $HTTP_BODY" "see the log" "$LOGS/api.log"
    CONVERSATION=$FOUND
    done_step "$CONVERSATION"
}

# reply_arrives TEXT: a reply answers 202, becomes delivered, and is in the ledger exactly once.
reply_arrives() {
    local times
    step "a client replies"
    http POST "$API_URL/v1/conversations/reply" "{\"conversationId\":\"$CONVERSATION\",\"content\":{\"type\":\"text\",\"text\":\"$1\"}}"
    if [[ $HTTP_STATUS != 202 ]] || ! first_id msg "$HTTP_BODY"; then
        fail "the reply was answered $HTTP_STATUS: $HTTP_BODY" "see the log" "$LOGS/api.log"
    fi
    local message=$FOUND
    eventually 15 says_status "$message" || fail "the reply is not delivered: $HTTP_BODY" "see the log" "$LOGS/outbound.log"
    grep -q '"timeline"' <<<"$HTTP_BODY" || fail "the message has no timeline: $HTTP_BODY" "see the log" "$LOGS/api.log"
    http GET "$SANDBOX_URL/ledger?recipient=$CONTACT&limit=1000"
    times=$(grep -oF -- "$1" <<<"$HTTP_BODY" | wc -l)
    ((times == 1)) || fail "the ledger has the reply $times times: $HTTP_BODY" "see the log" "$LOGS/outbound.log"
    done_step "$message delivered, once"
}

# goes_both_ways CHANNEL SENDER INBOX LOG: a message comes in on another channel, and its answer goes out, the same way.
goes_both_ways() {
    step "$1: a message, and its answer"
    local words="$1 $RANDOM$RANDOM" times
    http POST "$SANDBOX_URL/contacts/$CONTACT/messages" \
        "{\"channel\":\"$1\",\"to\":\"$2\",\"type\":\"text\",\"text\":{\"body\":\"$words\"}}"
    [[ $HTTP_STATUS == 201 ]] || fail "the sandbox answered $HTTP_STATUS: $HTTP_BODY" "see its log" "$LOGS/sandbox.log"
    eventually 15 answers "$API_URL/v1/conversations?inboxId=$3" "$words" ||
        fail "the message does not show in GET /v1/conversations: $HTTP_BODY" "see the log" "$LOGS/inbound.log"
    first_id cnv "$HTTP_BODY" || fail "no conversation id in: $HTTP_BODY" "see the log" "$LOGS/api.log"
    http POST "$API_URL/v1/conversations/reply" "{\"conversationId\":\"$FOUND\",\"content\":{\"type\":\"text\",\"text\":\"re: $words\"}}"
    if [[ $HTTP_STATUS != 202 ]] || ! first_id msg "$HTTP_BODY"; then
        fail "the answer was answered $HTTP_STATUS: $HTTP_BODY" "see the log" "$LOGS/api.log"
    fi
    eventually 15 says_status "$FOUND" || fail "the answer is not delivered: $HTTP_BODY" "see the log" "$LOGS/$4.log"
    http GET "$SANDBOX_URL/ledger?recipient=$CONTACT&limit=1000"
    times=$(grep -oF -- "re: $words" <<<"$HTTP_BODY" | wc -l)
    ((times == 1)) || fail "the ledger has the answer $times times: $HTTP_BODY" "see the log" "$LOGS/$4.log"
    done_step
}

refusals() {
    step "what must be refused"
    local key=$API_KEY
    API_KEY=sk_org_wrong
    http GET "$API_URL/v1/conversations"
    [[ $HTTP_STATUS == 401 ]] || fail "a wrong key was answered $HTTP_STATUS" "see the log" "$LOGS/api.log"
    API_KEY=
    http POST "$API_URL/channels/whatsapp/webhook" '{"object":"whatsapp_business_account","entry":[]}'
    [[ $HTTP_STATUS == 401 ]] || fail "an unsigned webhook was answered $HTTP_STATUS" "see the log" "$LOGS/api.log"
    API_KEY=$key
    done_step
}

email_is_caught() {
    step "email to users"
    answers "${NOTIFICATIONS_METRICS_URL%/metrics}/readyz" '"smtp":{"ok":true' ||
        fail "the notifications worker does not say that it has a mail server: $HTTP_BODY" "see the log" "$LOGS/notifications.log"
    answers "$SANDBOX_URL/mail" "\"address\":\"${SWITCHBOARD_SMTP_URL#smtp://}\"" ||
        fail "the sandbox does not listen where email is sent to: $HTTP_BODY" "see the log" "$LOGS/sandbox.log"
    http GET "$API_URL/v1/conversations/assignable-users"
    first_id usr "$HTTP_BODY" || fail "nobody can be assigned: $HTTP_BODY" "see the log" "$LOGS/api.log"
    http POST "$API_URL/v1/conversations/$CONVERSATION/assignee" "{\"userId\":\"$FOUND\"}"
    [[ $HTTP_STATUS == 204 ]] || fail "the assignment was answered $HTTP_STATUS: $HTTP_BODY" "see the log" "$LOGS/api.log"
    eventually 15 answers "$SANDBOX_URL/mail?recipient=$DEMO_USER_EMAIL" "assigned to you" ||
        fail "the assignee got no email: $HTTP_BODY" "see the log" "$LOGS/notifications.log"
    answers "$SANDBOX_MAIL_URL" "Mail caught" || fail "the mail page was answered $HTTP_STATUS" "see the log" "$LOGS/sandbox.log"
    done_step
}

worker_returns() {
    step "a killed worker comes back"
    recorded_process "$RUN/outbound.process" || fail "outbound is not running" "see the log" "$LOGS/supervisor.log"
    local pid=$RECORDED_PID
    kill -KILL "$pid"
    eventually 10 outbound_is_another "$pid" || fail "outbound was not started again" "see the log" "$LOGS/supervisor.log"
    done_step
}

nothing_left() {
    local file port
    for file in "$RUN"/*.process "$STATE"/rabbitmq/*.process; do
        ! recorded_process "$file" || fail "pid $RECORDED_PID of $file outlived ./deploy/down" "stop it"
    done
    for port in "${API_URL##*:}" "${SANDBOX_URL##*:}" "$(<"$STATE/postgres/port")" "$(<"$STATE/rabbitmq/port")"; do
        ! listening "$port" || fail "something still listens on port $port after ./deploy/down" "stop it"
    done
}

"$ROOT/deploy/up" --private --detach
# shellcheck disable=SC1091
. "$STATE/env"
CONTACT=1555$((1000000 + RANDOM * 100 + RANDOM % 100))
QUESTION="question $RANDOM$RANDOM"
CONVERSATION=
contact_writes
reply_arrives "first answer $RANDOM$RANDOM"
goes_both_ways text "$DEMO_TEXT_NUMBER" "$TEXT_INBOX_ID" texts
goes_both_ways rcs "$DEMO_RCS_AGENT" "$RCS_INBOX_ID" rcs
refusals
email_is_caught
worker_returns
reply_arrives "second answer $RANDOM$RANDOM"
step "a second ./deploy/up"
BEGAN=$SECONDS
"$ROOT/deploy/up" --private --detach >/dev/null 2>&1 || fail "it failed" "run it by hand" "$LOGS/supervisor.log"
((SECONDS - BEGAN < 10)) || fail "it took $((SECONDS - BEGAN)) s" "see what it does"
done_step
step "./deploy/down"
"$ROOT/deploy/down" 2>/dev/null
nothing_left
done_step
WENT_WELL=yes
