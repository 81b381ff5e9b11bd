#!/usr/bin/env bash
# Measure the dump and the page walk against etcd-dump-db and bbolt.
#
#   dump.sh [DB] [--runs N] [--json FILE]
#
# DB is an etcd snapshot; without it build/bench/snapshot.db is used, and made first when it is not there
# (make_snapshot.sh, 1.1 GB). SNAPSCOPE is the program, default build/release/src/cli/snapscope; ORACLES
# is where tests/oracle/build.sh put its tools, default build/oracles. The peers get a copy, since
# etcd-dump-db writes to what it reads. Runs alternate on a warm page cache; medians are printed.
set -euo pipefail

here=$(cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
snapscope=$(realpath -- "${SNAPSCOPE:-$root/build/release/src/cli/snapscope}")
oracles=$(realpath -- "${ORACLES:-$root/build/oracles}")
db=$root/build/bench/snapshot.db
if [[ $# -gt 0 && $1 != -* ]]; then
    db=$1
    shift
elif [[ ! -e $db ]]; then
    mkdir -p "$(dirname -- "$db")"
    ORACLES=$oracles "$here/make_snapshot.sh" "$db"
fi
for tool in "$snapscope" "$oracles/dumpdb/etcd-dump-db" "$oracles/bbolt/bbolt"; do
    [[ -x $tool ]] || { echo "dump.sh: no program $tool" >&2; exit 2; }
done
[[ $db != *[[:space:]]* ]] || { echo "dump.sh: a name with a space in it: $db" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cp -- "$db" "$work/peer.db"
ls -l -- "$db"
"$here/pair.py" "$@" \
    "dump --revisions :: $snapscope dump --revisions $db :: $oracles/dumpdb/etcd-dump-db iterate-bucket $work/peer.db key" \
    "dump (live keys) :: $snapscope dump $db :: $oracles/dumpdb/etcd-dump-db iterate-bucket $work/peer.db key" \
    "pages :: $snapscope pages $db :: $oracles/bbolt/bbolt pages $work/peer.db"
