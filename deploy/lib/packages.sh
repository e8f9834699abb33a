# shellcheck shell=bash
# Installs the distribution's packages, with none of their services started. Sourced.

POLICY=/usr/sbin/policy-rc.d
POLICY_SAVED=/usr/sbin/policy-rc.d.before-switchboard
POLICY_MARK='# Written by Switchboard while it installs packages: their services stay stopped.'
PACKAGES_FRESH=

as_root() {
    if ((EUID == 0)); then
        "$@"
    else
        sudo "$@"
    fi
}

can_install() {
    command -v apt-get >/dev/null || return 1
    ((EUID == 0)) || { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; }
}

# The distribution asks this file whether it may start a service; 101 says no.
forbid_services() {
    if [[ -e $POLICY ]] && ! grep -qsF "$POLICY_MARK" "$POLICY"; then
        as_root mv -- "$POLICY" "$POLICY_SAVED"
    fi
    printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK" | as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
}

restore_services() {
    if grep -qsF "$POLICY_MARK" "$POLICY"; then
        as_root rm -f -- "$POLICY"
    fi
    if [[ -e $POLICY_SAVED ]]; then
        as_root mv -- "$POLICY_SAVED" "$POLICY"
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@" </dev/null >>"$LOGS/apt.log" 2>&1
}

# install_packages WHY NAME…: installs them, or says which ones to install.
install_packages() {
    local why=$1
    shift
    if ! can_install; then
        fail "$why is missing" \
            "install it (Debian and Ubuntu: apt-get install $*), or run everything in containers: docker compose up"
    fi
    note "installing $* ($why is missing)"
    if [[ -z $PACKAGES_FRESH ]]; then
        apt update || note "the package lists could not be refreshed; trying with those at hand"
        PACKAGES_FRESH=yes
    fi
    # A shell of its own, so that the policy is put back however the installation ends.
    if ! (
        trap restore_services EXIT
        trap 'exit 130' INT TERM HUP
        forbid_services
        apt install -y --no-install-recommends "$@"
    ); then
        fail "apt-get install $* failed" "repair the package system (apt-get -f install) or install them by hand" "$LOGS/apt.log"
    fi
}

# need_command COMMAND WHY PACKAGE…
need_command() {
    local command=$1 why=$2
    shift 2
    command -v "$command" >/dev/null || install_packages "$why" "$@"
}
