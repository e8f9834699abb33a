# shellcheck shell=bash disable=SC2034
# Progress for people: steps with timings, notes, and failures that name their remedy. Sourced; writes to standard error.

milliseconds() {
    local digits=${EPOCHREALTIME//[!0-9]/}
    NOW_MS=$((digits / 1000))
}

milliseconds
BEGAN_MS=$NOW_MS
STEP_BEGAN_MS=$NOW_MS

# seconds_since MILLISECONDS: sets SECONDS_SINCE to "1.2 s".
seconds_since() {
    milliseconds
    local spent=$((NOW_MS - $1))
    printf -v SECONDS_SINCE '%d.%d s' $((spent / 1000)) $((spent % 1000 / 100))
}

# step TEXT: announces what begins now.
step() {
    milliseconds
    STEP_BEGAN_MS=$NOW_MS
    printf '==> %s\n' "$1" >&2
}

# done_step [DETAIL]: the step announced last went well.
done_step() {
    seconds_since "$STEP_BEGAN_MS"
    printf '    ok in %s%s\n' "$SECONDS_SINCE" "${1:+: $1}" >&2
}

note() {
    printf '    %s\n' "$*" >&2
}

# fail WHAT REMEDY [LOG]: tells what went wrong, what to do, and the end of the log; ends the script.
fail() {
    printf '\nFAILED: %s\n' "$1" >&2
    if [[ -n ${3:-} && -s $3 ]]; then
        printf '  last lines of %s:\n' "$3" >&2
        tail -n 20 -- "$3" | sed 's/^/    | /' >&2
    fi
    printf '  what to do: %s\n' "$2" >&2
    [[ -z ${3:-} ]] || printf '  log: %s\n' "$3" >&2
    exit 1
}

# unexpected LINE COMMAND: the ERR trap of every command here, for faults that nothing foresaw.
unexpected() {
    printf '\nFAILED: line %s of %s: %s\n' "$1" "${BASH_SOURCE[1]:-$0}" "$2" >&2
    printf '  what to do: look at the lines above and in %s; then run the command again\n' "${LOGS:-the logs}" >&2
}
