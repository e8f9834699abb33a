# shellcheck shell=bash
# Knows processes by pid, start time and boot, so that a number used again by a stranger is never taken for ours. Sourced.

# process_identity PID: sets IDENTITY; fails when the process is gone or only waits to be reaped.
process_identity() {
    local line boot
    IDENTITY=
    # Not $(<file): where the file is gone, that ends the whole shell under set -e.
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
    { read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null || boot=-
    local -a fields
    read -ra fields <<<"${line##*) }"
    [[ ${fields[0]:-X} != [ZX] ]] || return 1
    IDENTITY="${fields[19]:-}@$boot"
}

# record_process FILE PID
record_process() {
    process_identity "$2" || return 1
    printf '%s %s\n' "$2" "$IDENTITY" >"$1.new"
    mv -f -- "$1.new" "$1"
}

# recorded_process FILE: sets RECORDED_PID when the process of FILE lives and is still the same one.
recorded_process() {
    local identity
    RECORDED_PID=
    [[ -r $1 ]] || return 1
    read -r RECORDED_PID identity <"$1" || return 1
    if process_identity "$RECORDED_PID" && [[ $IDENTITY == "$identity" ]]; then
        return 0
    fi
    RECORDED_PID=
    return 1
}


# await_end FILE SECONDS: waits until the process of FILE is gone.
await_end() {
    local rounds=$(($2 * 10))
    while recorded_process "$1"; do
        ((rounds-- > 0)) || return 1
        sleep 0.1
    done
}

# stop_process FILE SECONDS: asks it to end, and after SECONDS makes it.
stop_process() {
    if recorded_process "$1"; then
        kill -CONT "$RECORDED_PID" 2>/dev/null || true
        kill -TERM "$RECORDED_PID" 2>/dev/null || true
        if ! await_end "$1" "$2" && recorded_process "$1"; then
            kill -KILL "$RECORDED_PID" 2>/dev/null || true
            await_end "$1" 5 || return 1
        fi
    fi
    rm -f -- "$1"
}
