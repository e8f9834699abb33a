#!/usr/bin/env bash
# Creates the demo organization in a compose run, once, and prints what a shell needs. Runs inside the image, as service "demo".
set -euo pipefail

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/lib/console.sh
. "$HERE/console.sh"
# shellcheck source=deploy/lib/process.sh
. "$HERE/process.sh"
# shellcheck source=deploy/lib/state.sh
. "$HERE/state.sh"
# shellcheck source=deploy/lib/http.sh
. "$HERE/http.sh"
# shellcheck source=deploy/lib/seed.sh
. "$HERE/seed.sh"

# The volume outlives the containers as a private server's folder does, and the two are removed together.
POSTGRES_KIND=private
BIN=/usr/local/bin
LOGS=$STATE
umask 077
recall_demo
seed_owner
seed_inbox
seed_text_inbox
seed_rcs_inbox
printf 'export %s\n' "API_URL=${SWITCHBOARD_PUBLIC_URL:-http://127.0.0.1:8080}" "API_KEY=$API_KEY" \
    "SANDBOX_URL=http://127.0.0.1:${SANDBOX_PORT:-8090}" "INBOX_ID=$INBOX_ID" "TEXT_INBOX_ID=$TEXT_INBOX_ID" \
    "DEMO_TEXT_NUMBER=$DEMO_TEXT_NUMBER" "RCS_INBOX_ID=$RCS_INBOX_ID" "DEMO_PHONE_NUMBER_ID=$DEMO_NUMBER" | tee "$STATE/env"
