#!/bin/sh
# Make all fixtures anew into OUTDIR, and record the tools' answers there.
#
#   regenerate.sh OUTDIR [NAME...]
#
# Needs Go 1.26, zstd, and for the 3.4 fixtures Debian's etcd-server and
# etcd-client. Takes six minutes, five of them one server's waiting for a lease
# checkpoint. ORACLES names a folder that tests/oracle/build.sh filled already;
# K8S names a compressed snapshot to make k8s-small from, which is left out without it.

set -eu

[ $# -ge 1 ] || { echo "usage: regenerate.sh OUTDIR [NAME...]" >&2; exit 2; }
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
mkdir -p -- "$1"
out=$(CDPATH='' cd -- "$1" && pwd)
shift

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

oracles=${ORACLES:-$work/oracles}
"$here/../../tests/oracle/build.sh" "$oracles"
(cd "$here" && go build -mod=readonly -buildvcs=false -o "$work/gen" .)
(cd "$here/bigendian" && go build -mod=readonly -buildvcs=false -o "$work/bigendian" .)

gen() { "$work/gen" -oracles "$oracles" -out "$out" -bigendian "$work/bigendian" -k8s "${K8S:-}" "$@"; }
gen fixtures "$@"
gen record "$@"
"$here/../check.sh" "$out"
