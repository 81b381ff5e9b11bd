#!/usr/bin/env bash
# Does what a newcomer does, where nothing is installed: makes a Debian in a folder, clones this
# repository (its last commit) into it and runs the README's first command there.
#
#   scripts/clean-room.sh [--release NAME] [--test | --suites REGEX] [--keep] [FOLDER]
#
#   --release   bookworm (Debian 12, the default) or trixie (13)
#   --test      then run scripts/test.sh there as well
#   --suites    then build the preset `dev` there and run the suites of these names, as 'unit|cli'
#   --keep      leave the folder; a second run with the same FOLDER starts from its unpacked Debian
#
# Needs root and debootstrap. Packages come from the mirrors that this machine's apt is set up with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

release=bookworm
with_test=no
suites=
keep=no
folder=
while [[ $# -gt 0 ]]; do
    case $1 in
    --release)
        release=${2:?--release needs a name}
        shift
        ;;
    --test) with_test=yes ;;
    --suites)
        suites=${2:?--suites needs an expression}
        shift
        ;;
    --keep) keep=yes ;;
    -*)
        sed -n '2,12s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
    *) folder=$1 ;;
    esac
    shift
done
if [[ $(id -u) -ne 0 ]] || ! command -v debootstrap >/dev/null; then
    echo 'needs root and debootstrap' >&2
    exit 1
fi
if [[ -z $folder ]]; then
    folder=$(mktemp -d "${TMPDIR:-/var/tmp}/clean-room.XXXXXX")
else
    mkdir -p "$folder"
    folder=$(cd "$folder" && pwd)
fi
root="$folder/root"

finish() {
    local code=$?
    umount "$root/dev/pts" "$root/proc" 2>/dev/null || true
    if [[ $keep == no ]] && ! grep -qF " $root/" /proc/mounts; then
        rm -rf --one-file-system "$folder"
    fi
    exit "$code"
}
trap finish EXIT

# Every Debian source that apt knows here, as one-line entries; of another release than this machine's the
# same mirrors have the folders of its name.
# shellcheck disable=SC1091
here=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-$release}")
sources=$(apt-get indextargets --format '$(SITE)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)' \
    'Created-By: Packages' | awk -F'|' -v here="$here" -v release="$release" '
        $4 == "Debian" && $3 == "main" && index($2, here) == 1 {
            print "deb " $1 " " release substr($2, length(here) + 1) " main"
        }' | sort -u)
mirror=$(awk -v release="$release" '{ for (i = 2; i < NF; i++) if ($i == release) { print $(i - 1); exit } }' \
    <<<"$sources")
if [[ -z $mirror ]]; then
    echo "apt has no source of Debian's $release here" >&2
    exit 1
fi

if [[ ! -x $root/usr/bin/apt-get ]]; then
    echo "unpacking Debian ($release) in $root"
    debootstrap --variant=minbase --include=ca-certificates,git "$release" "$root" "$mirror" \
        >"$folder/debootstrap.log" 2>&1 || {
        tail -n 20 "$folder/debootstrap.log" >&2
        exit 1
    }
fi
printf '%s\n' "$sources" >"$root/etc/apt/sources.list"
rm -f "$root"/etc/apt/sources.list.d/*
cp /etc/resolv.conf /etc/hosts "$root/etc/"
# How this machine reaches its mirrors (a proxy, a certificate) holds in there, too.
apt-config dump | grep -E '^Acquire::(http|https)::' >"$root/etc/apt/apt.conf.d/90host" || true
[[ -e $root/etc/ssl/certs/ca-certificates.crt ]] &&
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"

rm -rf "$root/root/snapscope"
git clone -q --no-hardlinks . "$root/root/snapscope"
mount -t proc proc "$root/proc"
# Tests look at the program on a terminal.
mkdir -p "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
ln -sf pts/ptmx "$root/dev/ptmx"

inside() { # COMMAND...
    local pass=() name
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        [[ -z ${!name:-} ]] || pass+=("$name=${!name}")
    done
    chroot "$root" env -i HOME=/root LANG=C.UTF-8 "${pass[@]}" \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        bash -c 'cd /root/snapscope && "$@"' bash "$@"
}

echo "== scripts/demo.sh in a fresh Debian"
start=$SECONDS
inside scripts/demo.sh
echo "== demo: $((SECONDS - start)) s"
if [[ -n $suites ]]; then
    start=$SECONDS
    code=0
    inside scripts/deps.sh test
    inside cmake --preset dev
    inside cmake --build --preset dev
    inside ctest --preset dev --parallel "$(nproc)" -L "$suites" || code=$?
    echo "== suites $suites: exit $code, $((SECONDS - start)) s"
    exit "$code"
fi
if [[ $with_test == yes ]]; then
    start=$SECONDS
    code=0
    inside scripts/test.sh || code=$?
    echo "== tests: exit $code, $((SECONDS - start)) s"
    exit "$code"
fi
