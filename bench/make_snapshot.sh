#!/usr/bin/env bash
# Make a snapshot for benchmarks with a real etcd.
#
#   make_snapshot.sh OUT [KEYS [ROUNDS [VALUE_LEN [FIRST_ROUND]]]]      default: 300000 3 1000, about 1.2 GB
#
# With a FIRST_ROUND (1 or more) every key has another value than without: for comparing two.
# Every key is put once a round; then each hundredth is deleted and the first hundredth of history is
# compacted (bench/gen). OUT is kept when it is there. ORACLES is where tests/oracle/build.sh put etcd
# 3.6, default build/oracles. Needs Go, and three times OUT's size in TMPDIR.
set -euo pipefail

here=$(cd -- "$(dirname -- "$0")" && pwd)
[[ $# -ge 1 && $# -le 5 ]] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
out=$(realpath -m -- "$1")
keys=${2:-300000} rounds=${3:-3} value_len=${4:-1000}
if [[ -e $out ]]; then
    echo "$out is there already" >&2
    exit 0
fi
work=$(mktemp -d)
source "$here/etcd.sh"
trap 'stop_etcd; rm -rf -- "$work"' EXIT

(cd "$here/gen" && go build -buildvcs=false -o "$work/gen" .)
choose_ports
start_etcd "$work/data"
"$work/gen" "$url" "$keys" "$rounds" "$value_len" ${5+"$5"}
save_snapshot "$out"
