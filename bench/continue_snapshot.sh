#!/usr/bin/env bash
# Make the snapshot that a member would give a little later: for comparing two.
#
#   continue_snapshot.sh SNAPSHOT OUT [CHANGES]      default: 3000 changes
#
# etcdutl restores SNAPSHOT, a real etcd runs on that, gets CHANGES transactions (puts of new keys and
# of the keys that bench/gen makes, and deletions, each a third) and is saved to OUT, which is kept when it
# is there. ORACLES is where tests/oracle/build.sh put etcd 3.6, default build/oracles. Needs Go, and
# three times SNAPSHOT's size in TMPDIR.
set -euo pipefail

here=$(cd -- "$(dirname -- "$0")" && pwd)
[[ $# -ge 2 && $# -le 3 ]] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
in=$(realpath -- "$1")
out=$(realpath -m -- "$2")
changes=${3:-3000}
if [[ -e $out ]]; then
    echo "$out is there already" >&2
    exit 0
fi
work=$(mktemp -d)
source "$here/etcd.sh"
trap 'stop_etcd; rm -rf -- "$work"' EXIT

(cd "$here/gen" && go build -buildvcs=false -o "$work/gen" .)
choose_ports
"$etcdutl" snapshot restore "$in" --name bench --data-dir "$work/data" --initial-cluster "bench=$peer_url" \
    --initial-advertise-peer-urls "$peer_url" >"$work/restore.log" 2>&1 || { cat "$work/restore.log" >&2; exit 1; }
start_etcd "$work/data"
"$work/gen" "$url" change "$changes"
save_snapshot "$out"
