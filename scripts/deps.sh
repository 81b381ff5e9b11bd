#!/usr/bin/env bash
# Installs what is missing for a build, or for a build and its tests, on Debian 12 or 13.
#
#   scripts/deps.sh [build|test|coverage|bench]       default: build
#
# Installs nothing when nothing is missing. Runs as root, or through sudo. No service is started: the
# tests want the etcd server's program, not a running etcd.
set -euo pipefail

# The release's own clang, whose runtime libraries are in a package that has its number in the name.
clang_number() {
    local release
    # shellcheck disable=SC1091
    release=$(. /etc/os-release && printf '%s' "${VERSION_ID:-}")
    case $release in
    12) echo 14 ;;
    13) echo 19 ;;
    *) apt-cache depends clang | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1 ;;
    esac
}

build=(cmake ninja-build gcc libc6-dev pkg-config zstd
    libssl-dev libxxhash-dev libjansson-dev libarchive-dev libisal-dev libseccomp-dev)
test=(bzip2 ca-certificates clang clang-format clang-tidy etcd-client etcd-server git jq libarchive-tools
    "libclang-rt-$(clang_number)-dev" libcmocka-dev
    libxml2-utils llvm mandoc python3 python3-jsonschema valgrind xxd xz-utils zip)
coverage=(gcovr)
bench=(linux-perf openssl util-linux)

case ${1:-build} in
build) wanted=("${build[@]}") ;;
test) wanted=("${build[@]}" "${test[@]}") ;;
coverage) wanted=("${build[@]}" "${test[@]}" "${coverage[@]}") ;;
bench) wanted=("${build[@]}" "${test[@]}" "${bench[@]}") ;;
*)
    echo "usage: $0 [build|test|coverage|bench]" >&2
    exit 2
    ;;
esac

missing=()
for package in "${wanted[@]}"; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ $state == installed ]] || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
    exit 0
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
        echo "missing: ${missing[*]}; run as root, or install sudo" >&2
        exit 1
    fi
    as_root=(sudo)
fi
as_root+=(env DEBIAN_FRONTEND=noninteractive)

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
policy_is_ours=no
finish() {
    rm -f "$log"
    [[ $policy_is_ours == no ]] || "${as_root[@]}" rm -f "$policy"
}
trap finish EXIT
# quiet COMMAND...: shows what it said only when it fails
quiet() {
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        return 1
    fi
}

echo "installing: ${missing[*]}"
# One source that does not answer need not stop the others: the install decides.
quiet "${as_root[@]}" apt-get update -q || echo "apt-get update failed; going on" >&2
if [[ ! -e $policy ]]; then
    policy_is_ours=yes
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" sh -c "cat >$policy && chmod 755 $policy"
fi
quiet "${as_root[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}"
