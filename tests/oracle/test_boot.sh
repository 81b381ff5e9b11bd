#!/usr/bin/env bash
# info's "starts on" against real servers of every release: fixtures of every release, and copies with other
# versions written into them.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
here="$SS_SOURCE_DIR/tests/oracle"

for line in 34 35 36 37; do
    oracle etcd "etcd$line/etcd"
    # shellcheck disable=SC2154 # set by oracle
    echo "etcd of $line: $("$etcd" --version | head -n 1)"
done

mkdir -p "$scratch/histories" "$scratch/work"
for line in 34 35 36 37; do
    zstd -q -d "$SS_SOURCE_DIR/testdata/etcd$line-history/snapshot.db.zst" \
        -o "$scratch/histories/etcd$line-history.db"
done
run python3 "$here/boot.py" "$oracles" "$SNAPSCOPE" "$scratch/histories" "$scratch/work"
expect_rc 0
cat "$out"
expect_eq "$(grep -c ': on 3\.[4-7] ' "$out")" 51 'boots'
expect_out_has 'etcd 3.7: on 3.6 does not start (storage-newer)'
expect_out_has 'storageVersion3.6.0: on 3.6 does not start (cluster-newer)'
expect_out_has 'clusterVersion3.6.1: on 3.6 does not start (cluster-newer)'
expect_out_has 'clusterVersion3x6.0: on 3.6 does not start (cluster-malformed)'
expect_out_has 'storageVersion4.6.0: on 3.6 does not start (storage-major)'
expect_out_has 'storageVersion3.4.0: on 3.7 does not start (storage-older)'
expect_out_has 'downgrade to 3.6: on 3.5 does not start (downgrade-target)'
expect_out_has 'clusterVersion2.6.0: on 3.6 does not start (cluster-incapable)'
expect_out_has 'a role: on 3.6 starts (starts)'
expect_out_has 'a role: on 3.7 does not start (role-not-utf8)'
expect_out_has 'txid 18446744073709551615: on 3.4 does not start (txid-end)'
expect_out_has 'txid 18446744073709551615, restored: on 3.6 starts (starts)'
expect_out_has 'revision 9223372036854775807: on 3.6 does not start (revision-end)'
expect_out_has 'revision 9223372036854775806: on 3.6 starts (starts)'
summary
