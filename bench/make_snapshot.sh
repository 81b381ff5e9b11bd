#!/usr/bin/env bash
# Make a snapshot for benchmarks with a real etcd.
#
#   make_snapshot.sh OUT [KEYS [ROUNDS [VALUE_LEN]]]      default: 300000 3 1000, about 1.1 GB
#
# Every key is put once a round; then each hundredth is deleted and the first hundredth of history is
# compacted (bench/gen). OUT is kept when it is there. ORACLES is where tests/oracle/build.sh put etcd
# 3.6, default build/oracles. Needs Go, and three times OUT's size in TMPDIR.
set -euo pipefail

here=$(cd -- "$(dirname -- "$0")" && pwd)
[[ $# -ge 1 && $# -le 4 ]] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
out=$(realpath -m -- "$1")
keys=${2:-300000} rounds=${3:-3} value_len=${4:-1000}
oracles=${ORACLES:-$here/../build/oracles}
etcd=$(realpath -- "$oracles/etcd36/etcd")
etcdctl=$(realpath -- "$oracles/etcd36/etcdctl")

if [[ -e $out ]]; then
    echo "$out is there already" >&2
    exit 0
fi
work=$(mktemp -d)
pid=
cleanup() {
    [[ -z $pid ]] || { kill "$pid" && wait "$pid"; } 2>/dev/null || true
    rm -rf -- "$work"
}
trap cleanup EXIT

(cd "$here/gen" && go build -buildvcs=false -o "$work/gen" .)
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
url=http://127.0.0.1:$(free_port)
peer_url=http://127.0.0.1:$(free_port)
"$etcd" --name bench --data-dir "$work/data" --unsafe-no-fsync --log-level error \
    --quota-backend-bytes 17179869184 --max-txn-ops 128 --max-request-bytes 16777216 \
    --listen-client-urls "$url" --advertise-client-urls "$url" \
    --listen-peer-urls "$peer_url" --initial-advertise-peer-urls "$peer_url" \
    --initial-cluster "bench=$peer_url" >"$work/etcd.log" 2>&1 &
pid=$!

ready() { "$etcdctl" --endpoints "$url" endpoint health >/dev/null 2>&1; }
for _ in $(seq 60); do
    ready && break
    kill -0 "$pid" 2>/dev/null || { cat "$work/etcd.log" >&2; exit 1; }
    sleep 0.5
done
"$work/gen" "$url" "$keys" "$rounds" "$value_len"
"$etcdctl" --endpoints "$url" --command-timeout 600s snapshot save "$work/snapshot.db" >"$work/save.log" 2>&1 ||
    { cat "$work/save.log" >&2; exit 1; }
mv -- "$work/snapshot.db" "$out"
ls -l -- "$out" >&2
