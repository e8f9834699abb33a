# shellcheck shell=bash
# Checks the toolchain and builds the release binaries. Sourced; sets BIN.

TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
[[ $TARGET == /* ]] || TARGET=$ROOT/$TARGET
# shellcheck disable=SC2034
BIN=$TARGET/release
BINARIES=(switchboard-api switchboard relay inbound outbound notifications webhooks sandbox)

need_toolchain() {
    if ! command -v cargo >/dev/null && [[ -x ${CARGO_HOME:-${HOME:-/root}/.cargo}/bin/cargo ]]; then
        PATH=${CARGO_HOME:-${HOME:-/root}/.cargo}/bin:$PATH
    fi
    command -v cargo >/dev/null ||
        fail "there is no Rust toolchain" "install one (https://rustup.rs: curl https://sh.rustup.rs -sSf | sh), open a new shell and run this again"
    local -a missing=()
    command -v cc >/dev/null || missing+=(gcc)
    [[ -e /usr/include/stdio.h ]] || command -v clang >/dev/null || missing+=(libc6-dev)
    command -v curl >/dev/null || missing+=(curl)
    [[ -s /etc/ssl/certs/ca-certificates.crt || -s /etc/pki/tls/certs/ca-bundle.crt ]] || missing+=(ca-certificates)
    ((${#missing[@]} == 0)) || install_packages "${missing[*]}" "${missing[@]}"
}

# build_release: shows cargo's own progress; binaries that are up to date cost a moment.
build_release() {
    local log=$LOGS/build.log
    local -a command=(cargo build --release --locked --target-dir "$TARGET" --bins)
    cd -- "$ROOT" || return 1
    if [[ -t 2 ]]; then
        "${command[@]}" 9>&- || fail "the build failed" "repair what cargo says above, then run this again"
    else
        "${command[@]}" 9>&- >"$log" 2>&1 || fail "the build failed" "repair what cargo says, then run this again" "$log"
    fi
    local binary
    for binary in "${BINARIES[@]}"; do
        [[ -x $BIN/$binary ]] || fail "the build left no $BIN/$binary" "unset build.target in cargo's configuration, if it is set"
    done
}
