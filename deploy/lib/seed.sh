# shellcheck shell=bash
# Creates the demo once: an organization, its owner with a key, and an inbox for each channel at the sandbox. Sourced after
# http.sh.

DEMO_VARIABLES=(DEMO_DATABASE DEMO_ORG DEMO_USER API_KEY DEMO_CONNECTION DEMO_SANDBOX INBOX_ID
    DEMO_TEXT_CONNECTION DEMO_TEXT_SANDBOX TEXT_INBOX_ID DEMO_RCS_CONNECTION DEMO_RCS_SANDBOX RCS_INBOX_ID
    DEMO_MESSENGER_CONNECTION DEMO_MESSENGER_SANDBOX MESSENGER_INBOX_ID
    DEMO_INSTAGRAM_CONNECTION DEMO_INSTAGRAM_SANDBOX INSTAGRAM_INBOX_ID DEMO_LINK)
DEMO_NUMBER=200000000000001
DEMO_ACCOUNT=100000000000001
DEMO_TEXT_NUMBER=+15550000301
DEMO_TEXT_ACCOUNT=AC00000000000000000000000000000001
DEMO_RCS_AGENT=sandbox_agent
DEMO_PAGE=500000000000001
DEMO_INSTAGRAM=600000000000001
DEMO_EMAIL=owner@demo.invalid

demo_done() {
    remember demo "${DEMO_VARIABLES[@]}"
}

# cli ARGUMENT…: sets CLI_ANSWER.
cli() {
    CLI_ANSWER=$("$BIN/switchboard" "$@" --json 2>"$LOGS/seed.log" </dev/null) ||
        fail "switchboard $1 $2 failed" "repair what the log says, then run this again" "$LOGS/seed.log"
}

# recall_demo: what was created before, if it belongs to this database and its key still opens the api.
recall_demo() {
    local database=$DATABASE_URL
    [[ $POSTGRES_KIND != private ]] || database=private
    unset "${DEMO_VARIABLES[@]}"
    recall demo
    if [[ -n ${API_KEY:-} ]]; then
        http GET "$API_URL/v1/conversations"
    fi
    if [[ ${DEMO_DATABASE:-} != "$database" || ${HTTP_STATUS:-} == 401 ]]; then
        unset "${DEMO_VARIABLES[@]}"
    fi
    DEMO_DATABASE=$database
}

seed_owner() {
    if [[ -z ${DEMO_ORG:-} ]]; then
        cli org create --name "Demo"
        first_id tn "$CLI_ANSWER" || fail "no organization in: $CLI_ANSWER" "report this; it is a fault of Switchboard"
        DEMO_ORG=$FOUND
        demo_done
    fi
    if [[ -z ${DEMO_USER:-} ]]; then
        cli user create --org "$DEMO_ORG" --name "Demo Owner" --email "$DEMO_EMAIL" --role owner
        first_id usr "$CLI_ANSWER" || fail "no user in: $CLI_ANSWER" "report this; it is a fault of Switchboard"
        DEMO_USER=$FOUND
        demo_done
    fi
    if [[ -z ${API_KEY:-} ]]; then
        cli key create --user "$DEMO_USER" --name "Demo team"
        first_id sk_org "$CLI_ANSWER" || fail "no key in the answer of switchboard key create" "report this; it is a fault of Switchboard"
        API_KEY=$FOUND
        demo_done
    fi
}

# The keys of idempotency make a repetition after a crash answer what the first request answered.

# demo_connection BODY NAME: sets FOUND to the connection's id.
demo_connection() {
    http POST "$API_URL/v1/connections" "$1" "Idempotency-Key: demo-$2-${SANDBOX_URL##*:}"
    if [[ $HTTP_STATUS != 20[01] ]] || ! first_id con "$HTTP_BODY"; then
        fail "the demo's connection was answered $HTTP_STATUS: $HTTP_BODY" \
            "see $LOGS/api.log and $LOGS/sandbox.log; if the sandbox's port moved, free the old one (${DEMO_SANDBOX:-none}) or begin anew: ./deploy/down --erase"
    fi
}

# demo_inbox BODY NAME: sets FOUND to the inbox's id.
demo_inbox() {
    http POST "$API_URL/v1/inboxes" "$1" "Idempotency-Key: demo-$2"
    if [[ $HTTP_STATUS != 20[01] ]] || ! first_id ibx "$HTTP_BODY"; then
        fail "the demo's inbox was answered $HTTP_STATUS: $HTTP_BODY" "see the log" "$LOGS/api.log"
    fi
}

seed_inbox() {
    if [[ -z ${DEMO_CONNECTION:-} || ${DEMO_SANDBOX:-} != "$SANDBOX_URL" ]]; then
        demo_connection "{\"channel\":\"whatsapp\",\"externalId\":\"$DEMO_ACCOUNT\",\"accessToken\":\"sandbox-access-token\",
            \"appSecret\":\"sandbox-app-secret\",\"verifyToken\":\"sandbox-verify-token\",\"apiUrl\":\"$SANDBOX_URL\"}" connection
        DEMO_CONNECTION=$FOUND
        DEMO_SANDBOX=$SANDBOX_URL
        demo_done
    fi
    if [[ -z ${INBOX_ID:-} ]]; then
        demo_inbox "{\"whatsapp\":{\"resourceIds\":[\"$DEMO_ACCOUNT\"],\"phoneNumberIds\":[\"$DEMO_NUMBER\"]}}" inbox
        INBOX_ID=$FOUND
        demo_done
    fi
}

seed_text_inbox() {
    if [[ -z ${DEMO_TEXT_CONNECTION:-} || ${DEMO_TEXT_SANDBOX:-} != "$SANDBOX_URL" ]]; then
        demo_connection "{\"channel\":\"text\",\"externalId\":\"$DEMO_TEXT_ACCOUNT\",\"authToken\":\"sandbox-auth-token\",
            \"apiUrl\":\"$SANDBOX_URL\"}" text-connection
        DEMO_TEXT_CONNECTION=$FOUND
        DEMO_TEXT_SANDBOX=$SANDBOX_URL
        demo_done
    fi
    if [[ -z ${TEXT_INBOX_ID:-} ]]; then
        demo_inbox "{\"text\":{\"phoneNumbers\":[\"$DEMO_TEXT_NUMBER\"]}}" text-inbox
        TEXT_INBOX_ID=$FOUND
        demo_done
    fi
}

seed_rcs_inbox() {
    if [[ -z ${DEMO_RCS_CONNECTION:-} || ${DEMO_RCS_SANDBOX:-} != "$SANDBOX_URL" ]]; then
        # What the provider would give out as a file.
        http GET "$SANDBOX_URL/control/rcs-agents/$DEMO_RCS_AGENT/service-account"
        [[ $HTTP_STATUS == 200 ]] || fail "the sandbox's service account was answered $HTTP_STATUS: $HTTP_BODY" "see the log" "$LOGS/sandbox.log"
        demo_connection "{\"channel\":\"rcs\",\"externalId\":\"$DEMO_RCS_AGENT\",\"serviceAccount\":$HTTP_BODY,
            \"clientToken\":\"sandbox-client-token\",\"apiUrl\":\"$SANDBOX_URL\"}" rcs-connection
        DEMO_RCS_CONNECTION=$FOUND
        DEMO_RCS_SANDBOX=$SANDBOX_URL
        demo_done
    fi
    if [[ -z ${RCS_INBOX_ID:-} ]]; then
        demo_inbox "{\"rcs\":{\"agentIds\":[\"$DEMO_RCS_AGENT\"]}}" rcs-inbox
        RCS_INBOX_ID=$FOUND
        demo_done
    fi
}

seed_pages() {
    seed_page messenger "$DEMO_PAGE" sandbox-page-token "{\"messenger\":{\"pageIds\":[\"$DEMO_PAGE\"]}}"
    seed_page instagram "$DEMO_INSTAGRAM" sandbox-instagram-token "{\"instagram\":{\"accountIds\":[\"$DEMO_INSTAGRAM\"]}}"
}

# seed_page CHANNEL ID TOKEN INBOX
seed_page() {
    local connection=DEMO_${1^^}_CONNECTION sandbox=DEMO_${1^^}_SANDBOX inbox=${1^^}_INBOX_ID
    if [[ -z ${!connection:-} || ${!sandbox:-} != "$SANDBOX_URL" ]]; then
        demo_connection "{\"channel\":\"$1\",\"externalId\":\"$2\",\"accessToken\":\"$3\",\"appSecret\":\"sandbox-app-secret\",
            \"verifyToken\":\"sandbox-verify-token\",\"apiUrl\":\"$SANDBOX_URL\"}" "$1-connection"
        printf -v "$connection" '%s' "$FOUND"
        printf -v "$sandbox" '%s' "$SANDBOX_URL"
        demo_done
    fi
    if [[ -z ${!inbox:-} ]]; then
        demo_inbox "$4" "$1-inbox"
        printf -v "$inbox" '%s' "$FOUND"
        demo_done
    fi
}

# one_of FIELD: sets FOUND to the first such text of the body.
one_of() {
    FOUND=$(grep -oE "\"$1\": *\"[^\"]+\"" <<<"$HTTP_BODY" | head -n 1 | cut -d '"' -f 4)
    [[ -n $FOUND ]]
}

# seed_link: a shared link to the WhatsApp inbox; sets INBOX_URL, which names the ports of this run.
seed_link() {
    if [[ -z ${DEMO_LINK:-} ]]; then
        http GET "$API_URL/v1/phone-numbers"
        HTTP_BODY=$(grep -oE "\{[^{}]*\"inboxId\": *\"$INBOX_ID\"[^{}]*\}" <<<"$HTTP_BODY") || HTTP_BODY=
        one_of id || fail "the demo's phone number was not found" "see the log" "$LOGS/api.log"
        http POST "$API_URL/v1/shared-inbox-links" "{\"phoneNumberId\":\"$FOUND\",\"name\":\"Demo support\",\"permissions\":{\"readInbox\":true,
            \"readDetails\":true,\"markRead\":true,\"sendText\":true,\"sendMedia\":true,\"sendTemplates\":true,\"sendAdvanced\":true}}" "Idempotency-Key: demo-link"
        if [[ $HTTP_STATUS != 20[01] ]] || ! one_of id; then
            fail "the demo's link was answered $HTTP_STATUS: $HTTP_BODY" "see the log" "$LOGS/api.log"
        fi
        DEMO_LINK=$FOUND
        demo_done
    fi
    http GET "$API_URL/v1/shared-inbox-links/$DEMO_LINK"
    one_of publicUrl || fail "the demo's link has no address: $HTTP_BODY" "see the log" "$LOGS/api.log"
    INBOX_URL=$FOUND
}

# write_environment: what a shell needs to talk to this run.
write_environment() {
    local name
    local -A values=([API_URL]=$API_URL [API_KEY]=$API_KEY [SANDBOX_URL]=$SANDBOX_URL [INBOX_ID]=$INBOX_ID
        [TEXT_INBOX_ID]=$TEXT_INBOX_ID [INBOX_URL]=$INBOX_URL [DEMO_TEXT_NUMBER]=$DEMO_TEXT_NUMBER
        [RCS_INBOX_ID]=$RCS_INBOX_ID [DEMO_RCS_AGENT]=$DEMO_RCS_AGENT
        [MESSENGER_INBOX_ID]=$MESSENGER_INBOX_ID [DEMO_PAGE_ID]=$DEMO_PAGE
        [INSTAGRAM_INBOX_ID]=$INSTAGRAM_INBOX_ID [DEMO_INSTAGRAM_ID]=$DEMO_INSTAGRAM
        [DEMO_PHONE_NUMBER_ID]=$DEMO_NUMBER [DATABASE_URL]=$DATABASE_URL [AMQP_URL]=$AMQP_URL
        [SWITCHBOARD_QUEUE_PREFIX]=$QUEUE_PREFIX [SWITCHBOARD_MASTER_KEY]=$MASTER_KEY [SWITCHBOARD_CLI]=$BIN/switchboard
        [SWITCHBOARD_MEDIA_URL]=${SWITCHBOARD_MEDIA_URL:-}
        [API_METRICS_URL]=http://127.0.0.1:$API_INTERNAL_PORT/metrics [RELAY_METRICS_URL]=http://127.0.0.1:$RELAY_INTERNAL_PORT/metrics
        [INBOUND_METRICS_URL]=http://127.0.0.1:$INBOUND_INTERNAL_PORT/metrics
        [OUTBOUND_METRICS_URL]=http://127.0.0.1:$OUTBOUND_INTERNAL_PORT/metrics
        [TEXTS_METRICS_URL]=http://127.0.0.1:$TEXTS_INTERNAL_PORT/metrics
        [RCS_METRICS_URL]=http://127.0.0.1:$RCS_INTERNAL_PORT/metrics
        [MESSENGER_METRICS_URL]=http://127.0.0.1:$MESSENGER_INTERNAL_PORT/metrics
        [INSTAGRAM_METRICS_URL]=http://127.0.0.1:$INSTAGRAM_INTERNAL_PORT/metrics
        [NOTIFICATIONS_METRICS_URL]=http://127.0.0.1:$NOTIFICATIONS_INTERNAL_PORT/metrics
        [WEBHOOKS_METRICS_URL]=http://127.0.0.1:$WEBHOOKS_INTERNAL_PORT/metrics
        [SANDBOX_MAIL_URL]=$SANDBOX_URL/mail/page [DEMO_USER_EMAIL]=$DEMO_EMAIL
        [SWITCHBOARD_SMTP_URL]=$SWITCHBOARD_SMTP_URL [SWITCHBOARD_MAIL_FROM]="$SWITCHBOARD_MAIL_FROM"
        [SWITCHBOARD_CONVERSATION_URL]=$SWITCHBOARD_CONVERSATION_URL)
    for name in "${!values[@]}"; do
        printf 'export %s=%q\n' "$name" "${values[$name]}"
    done | sort >"$STATE/env.new"
    chmod 600 "$STATE/env.new"
    mv -f -- "$STATE/env.new" "$STATE/env"
}
