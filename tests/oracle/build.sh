#!/bin/sh
# Build the reference tools ("oracles") that tests compare snapscope with.
#
#   build.sh OUTDIR [MODULE...]
#
# Each folder beside this script that holds a go.mod is one module, pinned by
# its go.mod and go.sum. Results, one folder a module:
#
#   OUTDIR/etcd35/{etcd,etcdctl,etcdutl}   likewise etcd36, etcd37
#   OUTDIR/bbolt/bbolt
#   OUTDIR/dumpdb/etcd-dump-db
#   OUTDIR/dumplogs/etcd-dump-logs
#   OUTDIR/etcd34/{etcd,etcdctl}           links to the installed 3.4 packages
#
# A module is built again only when its go.mod, its go.sum, the Go version or
# this script changed. Network use: the Go module proxy, for modules that are
# not in the module cache yet.
#
# Exit: 0 all built, 77 Go is missing or too old, 1 a build failed, 2 usage.

set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

usage() {
    echo "usage: build.sh OUTDIR [MODULE...]" >&2
    exit 2
}

[ $# -ge 1 ] || usage
case $1 in -*) usage ;; esac
mkdir -p -- "$1"
out=$(CDPATH='' cd -- "$1" && pwd)
shift

if [ $# -gt 0 ]; then
    modules=$*
else
    modules=
    for file in "$here"/*/go.mod; do
        modules="$modules $(basename "$(dirname "$file")")"
    done
fi
for module in $modules; do
    [ -f "$here/$module/go.mod" ] || { echo "build.sh: no module $module" >&2; exit 2; }
done

# Version numbers are compared field by field, so 1.9 is older than 1.24.
older_than() {
    [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

# Debian and others compile with GOTOOLCHAIN=local; a caller who wants Go to
# fetch a newer toolchain by itself says GOTOOLCHAIN=auto.
GOTOOLCHAIN=${GOTOOLCHAIN:-local}
GOWORK=off
export GOTOOLCHAIN GOWORK

need=0
for module in $modules; do
    this=$(sed -n 's/^go //p' "$here/$module/go.mod")
    if older_than "$need" "$this"; then need=$this; fi
done

if ! command -v go >/dev/null 2>&1; then
    echo "oracles: skipped: Go $need or newer is needed, and there is no go command" >&2
    exit 77
fi
have=$(cd / && GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//; s/[^0-9.].*//')
if older_than "$have" "$need"; then
    if [ "$GOTOOLCHAIN" = local ] || older_than "$have" 1.21; then
        echo "oracles: skipped: Go $need or newer is needed, and this is Go $have" >&2
        exit 77
    fi
fi

exec 9>"$out/.lock"
if command -v flock >/dev/null 2>&1; then flock 9; fi

build_module() {
    module=$1
    dir=$out/$module
    stamp=$( (cat "$here/$module/go.mod" "$here/$module/go.sum" "$here/build.sh"
        echo "$have $GOTOOLCHAIN") | sha256sum | cut -d ' ' -f 1)
    if [ -f "$dir/.stamp" ] && [ "$(cat "$dir/.stamp")" = "$stamp" ]; then
        echo "oracles: $module: up to date"
        return 0
    fi
    rm -rf -- "$dir" "$dir.new"
    mkdir -- "$dir.new"
    if ! (cd "$here/$module" &&
        go build -mod=readonly -buildvcs=false -trimpath -ldflags='-s -w' -o "$dir.new/" tool); then
        rm -rf -- "$dir.new"
        echo "oracles: $module: FAILED" >&2
        return 1
    fi
    # The etcd server's package is called "server".
    if [ -f "$dir.new/server" ]; then mv -- "$dir.new/server" "$dir.new/etcd"; fi
    names=$(cd "$dir.new" && echo *)
    echo "$stamp" >"$dir.new/.stamp"
    mv -- "$dir.new" "$dir"
    echo "oracles: $module: built $names"
}

link_etcd34() {
    server=$(command -v etcd || true)
    client=$(command -v etcdctl || true)
    rm -rf -- "$out/etcd34"
    if [ -n "$server" ] && [ -n "$client" ] &&
        "$server" --version 2>/dev/null | grep -q '^etcd Version: 3\.4\.'; then
        mkdir -- "$out/etcd34"
        ln -s -- "$server" "$out/etcd34/etcd"
        ln -s -- "$client" "$out/etcd34/etcdctl"
        echo "oracles: etcd34: linked $server $client"
    else
        echo "oracles: etcd34: absent (Debian 12: apt-get install etcd-server etcd-client)"
    fi
}

failed=0
for module in $modules; do
    build_module "$module" || failed=1
done
link_etcd34
exit "$failed"
