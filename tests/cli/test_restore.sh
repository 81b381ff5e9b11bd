#!/usr/bin/env bash
# snapscope restore: what is written, decoded; what is refused; nothing where it failed.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"
source "$(dirname "${BASH_SOURCE[0]}")/rules.sh"

fixture etcd36-history
fixture etcd36-history-be
fixture bbolt-nested
fixture bbolt-plain
db="$scratch/etcd36-history/snapshot.db"
plain="$scratch/bbolt-plain/plain.db"
dir="$scratch/new"
three=m1=http://10.0.0.1:2380,m2=http://10.0.0.2:2380,m3=http://10.0.0.3:2380

nothing_at() { # DIR: neither it nor what was written on the way
    expect_file_absent "$1"
    expect_eq "$(find "$(dirname "$1")" -maxdepth 1 -name '.*.snapscope-*')" '' 'left behind'
}
tree() { (cd "$1" && find . -type f | sort); }
# id_of TEXT [hex]: the first 8 bytes of the SHA-1 of a text, or of the bytes that it spells in hex
id_of() {
    python3 -c 'import hashlib, sys
data = bytes.fromhex(sys.argv[1].zfill(16)) if sys.argv[2:] else sys.argv[1].encode()
print(hashlib.sha1(data).hexdigest()[:16].lstrip("0"))' "$@"
}

bad_inputs "$db" restore --data-dir "$dir"
nothing_at "$dir"
bad_outputs "$db" restore --dry-run --data-dir "$dir"
usage_fault 'IN is missing' restore
usage_fault "'x' is one argument too many" restore "$db" x
usage_fault '--bump-revision N and --mark-compacted go only together' restore --bump-revision 5 "$db"
usage_fault '--bump-revision N and --mark-compacted go only together' restore --mark-compacted "$db"
usage_fault '--bump-revision N and --mark-compacted go only together' restore --mark-compacted --bump-revision 0 "$db"
usage_fault "--bump-revision: 'x' is no whole number from 0 to 9223372036854775807" restore --bump-revision x "$db"
for option in --data-dir --wal-dir --name --initial-advertise-peer-urls; do
    usage_fault '--all-members writes every member of --initial-cluster: --data-dir, --wal-dir, --name and --initial-advertise-peer-urls do not go with it' \
        restore --all-members "$dir" "$option" x "$db"
done
run "$SNAPSCOPE" restore --help
expect_rc 0
expect_eq "$(awk 'length > 80' "$out")" '' 'lines over 80 columns'

# The table, row by row, and damage below each of its rows.
rule_inputs "$db"
watched=()
while read -r state flag accepted _; do
    flags=()
    [[ $flag == - ]] || flags=("$flag")
    for damage in '' structure- records-; do
        file="$scratch/rules/$damage$state.db"
        [[ -n $damage ]] || unchanged "$file"
        run "$SNAPSCOPE" restore --json "${flags[@]}" "$file" --data-dir "$dir"
        expect_schema restore
        expect_eq "$(jq -r .intake.hash.state "$out")" "$state" 'state of the hash'
        if [[ -z $damage && $accepted == yes ]]; then
            expect_rc 0
            expect_err_eq ''
            expect_eq "$(jq .intake.accepted "$out")" true
            expect_eq "$(sha256sum <"$dir/member/snap/db")" "${whole:=$(sha256sum <"$dir/member/snap/db")}" 'the db'
            rm -r "$dir"
        else
            expect_rc 3
            expect_eq "$(jq -c '[.intake.accepted, has("result")]' "$out")" '[false,false]' "$damage$state $flag"
            expect_err_has "snapscope: $file: refused: "
        fi
        nothing_at "$dir"
    done
    watched=()
done < <(rule_rows)
unchanged "$db"

# Defaults, and what is there.
mkdir "$scratch/empty"
cd "$scratch/empty"
run "$SNAPSCOPE" restore --json "$db"
expect_rc 0
expect_err_eq ''
expect_schema restore
expect_eq "$(jq -c '[.result.cluster_id, .result.token, .result.members, .result.revision, .dry_run]' "$out")" \
    '["cdf818194e3a8c32","etcd-cluster",[{"id":"8e9e05c52164694d","name":"default","learner":false,"peer_urls":["http://localhost:2380"],"data_dir":"default.etcd"}],547,false]'
expect_eq "$(jq -c '[.result.starts_on[] | select(.starts).etcd]' "$out")" '["3.4","3.5","3.6","3.7"]'
expect_eq "$(tree default.etcd)" './member/snap/0000000000000001-0000000000000001.snap
./member/snap/db
./member/wal/0000000000000000-0000000000000000.wal'
expect_eq "$(stat -c '%a %s' default.etcd/member/wal/*.wal)" '600 64000000'
expect_eq "$(find default.etcd -printf '%m\n' | sort -u | tr '\n' ' ')" '600 700 '
expect_eq "$(find . -name '.*.snapscope-*')" '' 'left behind'
run "$SNAPSCOPE" restore "$db"
expect_rc 2
expect_err_eq 'snapscope: folder default.etcd is not empty'
run "$SNAPSCOPE" members --json default.etcd/member/snap/db
expect_eq "$(jq -c '[.members[] | [.id, .name, .peer_urls]]' "$out")" '[["8e9e05c52164694d","default",["http://localhost:2380"]]]'
run "$SNAPSCOPE" meta --json default.etcd/member/snap/db
expect_eq "$(jq -c '[.consistent_index, .term]' "$out")" '[1,1]'
run "$SNAPSCOPE" verify default.etcd/member/snap/db
expect_rc 0
for revisions in '' --revisions; do
    # shellcheck disable=SC2086 # an empty word is no argument
    run "$SNAPSCOPE" dump $revisions "$db"
    cp "$out" "$scratch/truth"
    # shellcheck disable=SC2086
    run "$SNAPSCOPE" dump $revisions default.etcd/member/snap/db
    same_as "the keys $revisions" "$out" "@$scratch/truth"
done
cd "$scratch"

# The log beside a db: nothing beyond it here, and words when it cannot be read.
run "$SNAPSCOPE" restore --json --skip-hash-check empty/default.etcd/member/snap/db --data-dir "$dir"
expect_rc 0
expect_err_eq ''
expect_schema restore
expect_eq "$(jq -c '.source_wal | [.consistent_index, .entries_beyond, .last_index, .commit, .torn]' "$out")" '[1,0,1,1,false]'
rm -r "$dir"
cp -r empty/default.etcd "$scratch/behind"
python3 - "$scratch/behind/member/wal/"*.wal <<'PY'
import struct, sys
def crc32c(data, crc):
    crc ^= 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff
def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])
with open(sys.argv[1], "r+b") as file:
    while word := struct.unpack("<Q", file.read(8))[0]:
        record = file.read((word & (1 << 56) - 1) + (word >> 56 & 7))
    file.seek(-8, 1)
    crc = None
    # the last record's sum, then five entries and a state that commits three of them
    at, crc = 1 + len(varint(record[1])), 0
    shift, pos = 0, 3
    while True:
        crc |= (record[pos] & 127) << shift
        shift, pos = shift + 7, pos + 1
        if record[pos - 1] < 128:
            break
    news = [(2, bytes([8, 0, 16, 1, 24, index])) for index in range(2, 7)] + [(3, bytes([8, 1, 16, 1, 24, 4]))]
    for kind, data in news:
        crc = crc32c(data, crc)
        body = b"\x08" + bytes([kind]) + b"\x10" + varint(crc) + b"\x1a" + bytes([len(data)]) + data
        pad = -len(body) % 8
        file.write(struct.pack("<Q", len(body) | ((0x80 | pad) << 56 if pad else 0)) + body + bytes(pad))
PY
run "$SNAPSCOPE" restore --json --skip-hash-check behind/member/snap/db --data-dir "$dir"
expect_rc 0
expect_schema restore
expect_eq "$(jq -c '.source_wal | [.consistent_index, .entries_beyond, .committed_beyond, .last_index, .commit]' "$out")" '[1,5,3,6,4]'
expect_err_eq "snapscope: behind/member/snap/db: warning: this member's WAL, behind/member/wal, holds 5 entries beyond the db's consistent_index 1 (up to 6, 3 committed for sure), which the db alone lacks; to keep them, start etcd on that data directory and take a snapshot of it"
expect_eq "$(jq -c '.source_wal | [.dir, .in_archive, .file_count]' "$out")" '["behind/member/wal",false,1]'
cp "$err" "$scratch/warning"
jq -c .source_wal "$out" >"$scratch/source-wal"
rm -r "$dir"
# So say all commands that take the db for the whole of the member.
for words in "info .source_wal 0" "verify .source_wal 0" "convert .source_wal 0"; do
    read -r command where code <<<"$words"
    more=()
    [[ $command != convert ]] || more=(--skip-hash-check --force -o "$scratch/of-db")
    run "$SNAPSCOPE" "$command" --json "${more[@]}" behind/member/snap/db
    expect_rc "$code"
    expect_schema "$command"
    expect_eq "$(jq -c "$where" "$out")" "$(cat "$scratch/source-wal")" "source_wal of $command"
    run "$SNAPSCOPE" "$command" "${more[@]}" behind/member/snap/db
    expect_rc "$code"
    if [[ $command == info ]]; then
        expect_out_has "log           warning: this member's WAL, behind/member/wal, holds 5 entries"
    else
        expect_err_eq "@$scratch/warning"
    fi
done

# The whole member in one archive: the log is seen there, too.
tar -C behind -czf behind.tgz .
run "$SNAPSCOPE" restore --json --skip-hash-check --member member/snap/db behind.tgz --data-dir "$dir"
expect_rc 0
expect_schema restore
expect_err_eq "snapscope: behind.tgz: warning: the archive also has this member's WAL, member/wal (1 file), which is not read: what it holds beyond the db is not in the db; unpack the archive and name the db in it, and that is counted"
expect_eq "$(jq -c .source_wal "$out")" '{"dir":"member/wal","in_archive":true,"consistent_index":1,"file_count":1}'
rm -r "$dir"
tar -C behind -czf alone.tgz ./member/snap
run "$SNAPSCOPE" restore --json --skip-hash-check --member member/snap/db alone.tgz --data-dir "$dir"
expect_rc 0
expect_err_eq ''
expect_eq "$(jq 'has("source_wal")' "$out")" false
rm -r "$dir"
poke "$scratch/behind/member/wal/0000000000000000-0000000000000000.wal" 40 ff
run "$SNAPSCOPE" restore --json --skip-hash-check behind/member/snap/db --data-dir "$dir"
expect_rc 0
expect_schema restore
expect_err_has "this member's WAL, behind/member/wal, cannot be read, so what it holds beyond the db is unknown, and is not in the db"
expect_eq "$(jq -r .source_wal.error.code "$out")" field
rm -r "$dir"

# Ids and URLs of a host beyond ASCII, as etcdutl has them.
run "$SNAPSCOPE" restore --json --dry-run --data-dir "$dir" --name a --initial-cluster 'a= HTTP://Höst:1' \
    --initial-advertise-peer-urls http://H%C3%B6st:1 "$db"
expect_rc 0
expect_schema restore
expect_eq "$(jq -c '[.result.cluster_id, .result.members[0].id, .result.members[0].peer_urls]' "$out")" \
    '["'"$(id_of "$(id_of "http://H%C3%B6st:1etcd-cluster")" hex)"'","'"$(id_of "http://H%C3%B6st:1etcd-cluster")"'",["http://H%C3%B6st:1"]]'

# An alarm comes along, and what it means is said.
fixture etcd34-cluster
run "$SNAPSCOPE" restore --dry-run --data-dir "$dir" "$scratch/etcd34-cluster/snapshot.db"
expect_rc 0
expect_out_has '  alarm      NOSPACE is raised and comes along: the cluster takes no writes'
expect_out_has 'etcdctl alarm disarm'
run "$SNAPSCOPE" restore --json --dry-run --data-dir "$dir" "$scratch/etcd34-cluster/snapshot.db"
expect_rc 0
expect_schema restore
expect_eq "$(jq -c '[.result.alarms, .result.takes_writes]' "$out")" '[["NOSPACE"],false]'
watched=()
rm -r "$scratch/etcd34-cluster"
unchanged "$db"

# A reader who leaves: what is to be made is made, and the code is 0; five times each.
for turn in 1 2 3 4 5; do
    for args in '' --json; do
        # shellcheck disable=SC2086 # an empty word is no argument
        run bash -c '"$@" | head -n 1; exit "${PIPESTATUS[0]}"' - "$SNAPSCOPE" restore $args "$db" --data-dir "$dir"
        expect_rc 0
        expect_eq "$(tree "$dir" | wc -l)" 3 "turn $turn $args"
        rm -r "$dir"
    done
    run bash -c '"$@" | true; exit "${PIPESTATUS[0]}"' - "$SNAPSCOPE" restore "$db" --data-dir "$dir"
    expect_rc 0
    expect_eq "$(tree "$dir" | wc -l)" 3 "turn $turn"
    rm -r "$dir"
done
run bash -c '"$@" >/dev/full' - "$SNAPSCOPE" restore "$db" --data-dir "$dir"
expect_rc 4
expect_err_eq 'snapscope: writing to standard output failed: No space left on device'
nothing_at "$dir"

# Every member at once, one a learner, with raised revisions.
run "$SNAPSCOPE" restore --json --all-members "$dir" --initial-cluster "$three" --learners m2 \
    --initial-cluster-token t --bump-revision 1000000000 --mark-compacted --initial-memory-map-size 1 "$db"
expect_rc 0
expect_schema restore
expect_err_eq "snapscope: $db: note: --initial-memory-map-size is ignored: nothing is mapped to write"
expect_eq "$(jq -c '[.result.revision, .result.compacted, ([.result.members[] | select(.learner).name])]' "$out")" \
    '[1000000547,1000000547,["m2"]]'
expect_eq "$(ls -A "$dir")" $'m1\nm2\nm3'
cmp "$dir/m1/member/snap/db" "$dir/m2/member/snap/db"
cmp "$dir"/m{1,3}/member/snap/0000000000000001-0000000000000003.snap
run "$SNAPSCOPE" members --json "$dir/m3/member/snap/db"
expect_eq "$(jq -c '[.members[] | [.name, .learner]] | sort' "$out")" '[["m1",false],["m2",true],["m3",false]]'
run "$SNAPSCOPE" verify "$dir/m3/member/snap/db"
expect_rc 0
rm -r "$dir"

# The same member alone has the same files; the WAL may lie elsewhere.
run "$SNAPSCOPE" restore --json --all-members "$dir" --initial-cluster "$three" "$db"
expect_rc 0
run "$SNAPSCOPE" restore --json --data-dir "$scratch/one" --wal-dir "$scratch/log" --name m3 --initial-cluster "$three" \
    --initial-advertise-peer-urls http://10.0.0.3:2380 "$db"
expect_rc 0
expect_schema restore
expect_eq "$(jq -c '[.result.wal_dir, (.result.members | map(has("data_dir")))]' "$out" | sed "s,$scratch/,,")" \
    "[\"log\",$(jq -c '[.result.members[] | .name == "m3"]' "$out")]"
expect_eq "$(tree "$scratch/one")" './member/snap/0000000000000001-0000000000000003.snap
./member/snap/db'
cmp "$scratch/log/0000000000000000-0000000000000000.wal" "$dir/m3/member/wal/0000000000000000-0000000000000000.wal"
diff -r "$scratch/one/member/snap" "$dir/m3/member/snap"
rm -r "$dir" "$scratch/one" "$scratch/log"

# Another byte order than this machine's: restored in this one's.
run "$SNAPSCOPE" restore --json "$scratch/etcd36-history-be/snapshot.db" --data-dir "$dir"
expect_rc 0
run "$SNAPSCOPE" dump --revisions "$dir/member/snap/db"
expect_rc 0
same_as 'the history' "$out" "@$scratch/truth"
run "$SNAPSCOPE" info --json "$dir/member/snap/db"
expect_eq "$(jq -r '.. | .big_endian? // empty' "$out" | sort -u)" '' 'byte order'
rm -r "$dir"

# refused_plan MESSAGE OPTION...: exit 2, in words and as JSON, and nothing is there
refused_plan() {
    local message=$1
    shift
    run "$SNAPSCOPE" restore "$@" "$db"
    expect_rc 2
    expect_out_eq ''
    expect_err_has "$message"
    run "$SNAPSCOPE" restore --json --dry-run "$@" "$db"
    expect_rc 2
    expect_schema restore
    nothing_at "$dir"
}
refused_plan 'member x is not in the initial cluster' --name x --data-dir "$dir"
refused_plan 'initial cluster must read NAME=URL,…: m1' --initial-cluster m1 --name m1 --data-dir "$dir"
refused_plan 'initial cluster has no members' --initial-cluster ',' --data-dir "$dir"
refused_plan 'initial cluster has one peer URL twice: http://a:1' --initial-cluster a=http://a:1,b=http://a:1 --name a --data-dir "$dir"
refused_plan 'peer URL must not have a path: http://a:1/x' --initial-cluster a=http://a:1/x --name a --data-dir "$dir"
refused_plan 'peer URL is not of the form http://host:port: http://a' --initial-cluster a=http://a --name a --data-dir "$dir"
refused_plan 'peer URL scheme must be http, https, unix or unixs: ' --initial-advertise-peer-urls http://localhost:2380, --data-dir "$dir"
refused_plan 'peer URL scheme must be http, https, unix or unixs: ftp://a:1' --initial-cluster a=ftp://a:1 --name a --data-dir "$dir"
refused_plan 'the initial cluster has member default with other peer URLs than those that it is to advertise: http://b:2' \
    --initial-advertise-peer-urls http://b:2 --data-dir "$dir"
refused_plan 'no member of the initial cluster has the name of this learner: y' --learners y --data-dir "$dir"
refused_plan 'every member is a learner: nobody could elect a leader' --learners default --data-dir "$dir"
refused_plan 'cannot be the name of a folder' --initial-cluster a/b=http://a:1 --all-members "$dir"
refused_plan 'revision 547 cannot be raised by 9223372036854775807: it would pass 4611686018427387903 (2^62 - 1), and behind 2^63 - 1 no put succeeds' \
    --bump-revision 9223372036854775807 --mark-compacted --data-dir "$dir"
refused_plan 'cannot be raised by 4611686018427387357' --bump-revision 4611686018427387357 --mark-compacted --data-dir "$dir"
run "$SNAPSCOPE" restore --json --dry-run --bump-revision 4611686018427387356 --mark-compacted --data-dir "$dir" "$db"
expect_rc 0
expect_schema restore
expect_out_has '"revision": 4611686018427387903,'
expect_eq "$(jq -c '[.result.bumped_from, .result.last_record, .result.takes_writes]' "$out")" '[547,547,true]'
ln -s nowhere "$scratch/dangling"
refused_plan "$scratch/dangling is a link that leads nowhere: make the folder that it names, or remove it" --data-dir "$scratch/dangling"
refused_plan "$scratch/dangling is a link that leads nowhere" --data-dir "$dir" --wal-dir "$scratch/dangling"
mkdir "$scratch/full" && touch "$scratch/full/x"
refused_plan "folder $scratch/full is not empty" --data-dir "$scratch/full"
refused_plan "$scratch/full/x is there and is no folder" --data-dir "$scratch/full/x"
refused_plan "the folder that $scratch/none/new shall lie in is not there" --data-dir "$scratch/none/new"
refused_plan "folder $scratch/empty is there already" --data-dir "$dir" --wal-dir "$scratch/empty"
mkdir "$scratch/void"
refused_plan 'the folder of the WAL must not be the data directory, in it, or around it' --data-dir "$scratch/void" --wal-dir "$scratch/void/wal"
# A mount of its own, which only root can make; it is gone with the command.
mkdir "$scratch/mount"
in_mount='mount -t tmpfs none "$1" && shift && "$@"'
if unshare -m bash -c "$in_mount" - "$scratch/mount" true 2>/dev/null; then
    run unshare -m bash -c "$in_mount" - "$scratch/mount" \
        "$SNAPSCOPE" restore --data-dir "$scratch/mount" "$db"
    expect_rc 2
    expect_out_eq ''
    expect_err_has 'is a mount point, which cannot be replaced as a whole'
else
    echo 'left out: a mount point as the data directory, as this user cannot mount'
fi
run "$SNAPSCOPE" restore "$scratch/bbolt-nested/plain.db" --data-dir "$dir" --skip-hash-check
expect_rc 3
expect_err_has 'it is no etcd database'
for args in '' --dry-run; do
    # shellcheck disable=SC2086 # an empty word is no argument
    run "$SNAPSCOPE" restore $args "$plain" --data-dir "$dir" --skip-hash-check
    expect_rc 3
    expect_out_lacks 'written'
    expect_err_has 'revision key has 8 bytes, 17 or 18 are due'
done
nothing_at "$dir"

# A damaged freelist is no part of what is restored.
run "$SNAPSCOPE" convert --rebuild --store-freelist "$db" -o "$scratch/listed.db"
python3 "$SS_SOURCE_DIR/tests/cli/freelist.py" "$scratch/listed.db" "$scratch/freelist.db" 0
for args in --dry-run '' '--threads 1'; do
    # shellcheck disable=SC2086 # several words or none
    run "$SNAPSCOPE" restore --json $args "$scratch/freelist.db" --data-dir "$scratch/healed"
    expect_rc 0
    expect_schema restore
    expect_eq "$(jq -c '[.intake.accepted, .intake.heals_freelist, .intake.decision]' "$out")" \
        '[true,true,"accepted: the hash is valid; no data are lost: the freelist was damaged and is rebuilt"]'
    [[ -n $args ]] || cp "$scratch/healed/member/snap/db" "$scratch/healed.db"
    rm -rf "$scratch/healed"
done
run "$SNAPSCOPE" dump --revisions "$db"
cp "$out" "$scratch/truth"
run "$SNAPSCOPE" dump --revisions "$scratch/healed.db"
same_as 'what is restored' "$out" "@$scratch/truth"

# An empty folder, also behind a link, is filled.
ln -s void "$scratch/link"
run "$SNAPSCOPE" restore "$db" --data-dir "$scratch/link/"
expect_rc 0
expect_eq "$(tree "$scratch/void" | wc -l)" 3
expect_eq "$(readlink "$scratch/link")" void
rm -r "$scratch/void"

# Nothing is written by a dry run, and nothing is left by a failed one.
run "$SNAPSCOPE" restore --dry-run "$db" --data-dir "$dir"
expect_rc 0
expect_out_has 'would be written:'
expect_out_has '  starts on  etcd 3.4, 3.5, 3.6, 3.7'
fixture etcd37-cluster
run "$SNAPSCOPE" info --json "$scratch/etcd37-cluster/snapshot.db"
jq -S -c '.etcd.starts_on' "$out" >"$scratch/starts"
expect_eq "$(jq -c 'map(.starts)' "$scratch/starts")" '[true,true,false,true]'
run "$SNAPSCOPE" restore --json --dry-run "$scratch/etcd37-cluster/snapshot.db" --data-dir "$dir"
expect_rc 0
expect_schema restore
jq -S -c '.result.starts_on' "$out" >"$scratch/starts-here"
same_as 'what starts on it' "$scratch/starts-here" "@$scratch/starts"
run "$SNAPSCOPE" restore --dry-run "$scratch/etcd37-cluster/snapshot.db" --data-dir "$dir"
expect_out_has '  starts on  etcd 3.4, 3.5, 3.7'
expect_out_has '  not on     etcd 3.6: storageVersion 3.7 is newer'
nothing_at "$dir"
run bash -c 'ulimit -f 64; "$@"' - "$SNAPSCOPE" restore "$db" --data-dir "$dir"
expect_rc 4
expect_err_has 'File too large'
nothing_at "$dir"
run bash -c 'ulimit -f 4096; "$@"' - "$SNAPSCOPE" restore "$db" --data-dir "$dir" --wal-dir "$scratch/log"
expect_rc 4
expect_err_has '0000000000000000-0000000000000000.wal: File too large'
nothing_at "$dir"
nothing_at "$scratch/log"
summary
