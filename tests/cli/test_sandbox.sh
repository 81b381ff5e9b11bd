#!/usr/bin/env bash
# The sandbox: code that runs inside of every command tries what a command does not need (sandbox_probe.c),
# with and without each of the kernel's two nets; and what commands do need goes on working.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

fixture etcd36-history
db="$scratch/etcd36-history/snapshot.db"
word="$(sed -n 's/^sandbox: //p' < <("$SNAPSCOPE" --version))"
if [[ $word == *"built to write its coverage"* ]]; then
    echo "skipped: $word"
    finished=yes
    exit 77
fi
echo "sandbox here: $word"
[[ $word == *'no seccomp'* || $word == none* ]] && seccomp=no || seccomp=yes
[[ $word == *Landlock\ \(ABI* ]] && landlock=yes || landlock=no
[[ $word == *sanitizer* ]] && sanitizer=yes || sanitizer=no

# -------------------------------------------------------------------------------- words and options
run "$SNAPSCOPE" members --no-sandbox "$db"
expect_rc 0
expect_err_eq 'snapscope: --no-sandbox: nothing keeps this run from writing, connecting or starting programs'
cp "$out" "$scratch/members"
run "$SNAPSCOPE" members "$db"
expect_rc 0
expect_err_eq ''
expect_out_eq "@$scratch/members"
run "$SNAPSCOPE" members --no-sandbox --require-sandbox "$db"
expect_rc 2
expect_err_has 'snapscope members: --no-sandbox and --require-sandbox contradict each other'
run "$SNAPSCOPE" members --require-sandbox "$db"
if [[ $seccomp$landlock$sanitizer == yesyesno ]]; then
    expect_rc 0
    expect_eq "$word" "seccomp, Landlock (ABI ${word//[^0-9]/})"
else
    expect_rc 4
    expect_out_eq ''
    expect_err_eq "snapscope: --require-sandbox: the sandbox is not whole: $word"
fi

shim="$scratch/probe.so"
run "${SS_CC:-cc}" -std=c17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Wall -Wextra -Werror -shared -fPIC -O1 -o "$shim" \
    "$SS_SOURCE_DIR/tests/cli/sandbox_probe.c" -ldl
expect_rc 0
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0"

run env LD_PRELOAD="$shim" SS_NO_LANDLOCK=1 SS_NO_SECCOMP=1 "$SNAPSCOPE" members --require-sandbox "$db"
expect_rc 4
[[ $seccomp == no ]] ||
    expect_err_eq 'snapscope: --require-sandbox: the sandbox is not whole: none; no seccomp: not in this kernel; no Landlock: not in this kernel'
run env LD_PRELOAD="$shim" SS_NO_LANDLOCK=1 SS_NO_SECCOMP=1 "$SNAPSCOPE" members "$db"
expect_rc 0
expect_err_eq ''
expect_out_eq "@$scratch/members"

# ------------------------------------------------------------------------------------- the attempts
log="$scratch/log"
declare -A came
field="$scratch/field"

# probe ENVIRONMENT... -- COMMAND...: runs it with the attempts, in a fresh field; $log says what came
probe() {
    local -a settings=()
    while [[ $1 != -- ]]; do
        settings+=("$1")
        shift
    done
    shift
    rm -rf "$field" "$log"
    mkdir -p "$field/empty"
    echo 'what was there' >"$field/victim"
    touch "$field/name" "$field/gone"
    run env LD_PRELOAD="$shim" SS_PROBE_AT="$db" SS_PROBE_DIR="$field" SS_PROBE_LOG="$log" \
        "${settings[@]}" "$SNAPSCOPE" "$@"
    local name result
    came=()
    while read -r name result; do
        came[$name]=$result
    done <"$log"
}

# expect_attempts RESULT NAME...: all of these ended so
expect_attempts() {
    local name
    for name in "${@:2}"; do
        expect_eq "${came[$name]-not made}" "$1" "attempt $name"
    done
}

untouched() { # nothing in the field was changed
    expect_eq "$(ls -A "$field")" $'empty\ngone\nname\nvictim' 'what is in the field'
    expect_eq "$(cat "$field/victim")" 'what was there' 'what is in the victim'
}

has_old=()
[[ $(uname -m) != x86_64 ]] || has_old=(open-old creat)
writing=(open-write open-read-write open-append open-truncate open-or-create create-read-only create
    unnamed unnamed-forever "${has_old[@]}" truncate)
folders=(rename unlink link symlink mkdir rmdir mkfifo)
looks=(chmod fchmod times futimens flock lock)
network=(socket-inet socket-inet6 socket-unix socket-netlink socketpair)
processes=(kill-parent kill-all limits-of-another)
starting=(fork execve execveat ptrace process_vm_readv)
kernel=(connect chown setxattr memfd io_uring bpf perf userfaultfd unshare mount chroot keyctl shmget fchmodat2 keys
    keys-high)
[[ $sanitizer == no ]] || starting=()

# Without the sandbox all of it goes through: the attempts can succeed.
probe -- verify --no-sandbox "$db"
expect_rc 0
expect_attempts ok open-read "${writing[@]}" openat2 "${folders[@]}" "${looks[@]}" fork kill-self thread
expect_attempts ENOENT execve execveat

# Every reading command, with both nets.
mapfile -t readers < <(every_command all)
readers+=('convert FILE' 'dump -o - FILE')
tried=0
for reader in "${readers[@]}"; do
    read -r -a words <<<"$reader"
    probe -- "${words[@]/FILE/$db}"
    if [[ $reader == 'convert FILE' ]]; then
        expect_eq "$(cat "$log")" '' 'attempts, although it is refused before its input is opened'
        continue
    fi
    tried=$((tried + 1))
    checks=$((checks + 1))
    [[ $rc -le 1 ]] || failed "exit $rc"
    expect_attempts ok open-read kill-self thread
    if [[ $seccomp == yes ]]; then
        expect_attempts EPERM "${writing[@]}" open-no-access "${folders[@]}" "${looks[@]}" "${network[@]}" "${processes[@]}" \
            "${starting[@]}" "${kernel[@]}"
        expect_attempts ENOSYS openat2
        [[ $sanitizer == yes ]] || expect_attempts ENOSYS clone3
        untouched
    fi
done
expect_eq "$tried" $((${#readers[@]} - 1)) 'reading commands tried'

# Each net alone.
if [[ $seccomp == yes ]]; then
    probe SS_NO_LANDLOCK=1 -- verify "$db"
    expect_rc 0
    expect_attempts EPERM "${writing[@]}" "${folders[@]}" "${looks[@]}" "${network[@]}" "${processes[@]}" \
        "${starting[@]}" "${kernel[@]}"
    untouched
else
    echo 'SKIPPED: seccomp alone'
fi
if [[ $landlock == yes ]]; then
    probe SS_NO_SECCOMP=1 -- verify "$db"
    expect_rc 0
    without=("${writing[@]}")
    [[ ${word//[^0-9]/} -ge 3 ]] || without=("${without[@]/truncate/}")
    # shellcheck disable=SC2068
    expect_attempts EACCES ${without[@]} openat2 "${folders[@]}"
    untouched
else
    echo 'SKIPPED: Landlock alone'
fi

# Commands with an output: what is new may be made in its folder and, with Landlock, nowhere else. What
# is there already is not opened for writing even there.
making=(create unnamed unnamed-forever rename unlink link)
old=(open-write open-read-write open-append open-truncate open-or-create create-read-only "${has_old[@]}" truncate
    symlink mkfifo "${looks[@]}")
mkdir "$scratch/elsewhere"
for writer in 'convert -o OUT/out' 'dump -o OUT/out' 'verify --report junit -o OUT/out' 'restore --data-dir OUT/out' \
    'restore --data-dir OUT/out --wal-dir OUT/wal' 'restore --all-members OUT/out'; do
    for place in "$field" "$scratch/elsewhere"; do
        rm -rf "$scratch/elsewhere"
        mkdir "$scratch/elsewhere"
        read -r -a words <<<"$writer"
        probe -- "${words[@]//OUT/$place}" "$db"
        expect_rc 0
        [[ $seccomp == no ]] || expect_attempts EPERM "${old[@]}" "${network[@]}" "${processes[@]}" "${starting[@]}" \
            "${kernel[@]}"
        if [[ $place == "$field" ]]; then
            expect_attempts ok "${making[@]}"
            [[ $writer == restore* ]] && expect_attempts ok mkdir rmdir
            [[ $writer == restore* || $landlock == no ]] || expect_attempts EACCES mkdir rmdir
        elif [[ $landlock == yes ]]; then
            expect_attempts EACCES "${making[@]}" mkdir rmdir
            untouched
        fi
        expect_eq "$(cat "$field/victim")" 'what was there' 'what is in the victim'
        checks=$((checks + 1))
        [[ -e $place/out ]] || failed 'no output'
    done
done

# ------------------------------------------------------------------------ what has to go on working
"$SNAPSCOPE" dump --no-sandbox "$db" >"$scratch/plain.ndjson" 2>/dev/null
"$SNAPSCOPE" convert --no-sandbox -o "$scratch/plain.db" "$db" >/dev/null 2>&1
gzip -nc "$db" >"$scratch/s.db.gz"
tar -C "$(dirname "$db")" -czf "$scratch/s.tar.gz" snapshot.db
mkdir -p "$scratch/work/deep" "$scratch/target" "$scratch/tmp"
ln -s "$scratch/target" "$scratch/work/link"
cp "$scratch/s.tar.gz" "$scratch/piped"
unchanged "$db" "$scratch/s.db.gz" "$scratch/s.tar.gz"

# outputs INPUT: to other folders, by relative paths, through links, over what is there
outputs() {
    local path
    rm -rf "$scratch/target" "$scratch/work/deep"
    mkdir "$scratch/target" "$scratch/work/deep"
    for path in out ./out deep/out ../target/out2 link/out "$scratch/target/out3"; do
        run "$SNAPSCOPE" dump -o "$path" "$1"
        expect_rc 0
        same_as "$path" "$path" "@$scratch/plain.ndjson"
        run "$SNAPSCOPE" convert --force -o "$path" "$1"
        expect_rc 0
        same_as "$path" "$path" "@$scratch/plain.db"
        run "$SNAPSCOPE" convert -o "$path" "$1"
        expect_rc 2
        run "$SNAPSCOPE" verify --report junit --force -o "$path" "$1"
        expect_rc 0
        rm "$path"
    done
    for path in d.etcd ./e.etcd/ deep/d.etcd link/d.etcd "$scratch/target/e.etcd"; do
        run "$SNAPSCOPE" restore --data-dir "$path" "$1"
        expect_rc 0
        checks=$((checks + 1))
        [[ -s $path/member/snap/db && -s $path/member/wal/0000000000000000-0000000000000000.wal ]] ||
            failed "no data directory at $path"
        rm -r "$path"
    done
    mkdir "$scratch/target/empty"
    ln -sfn "$scratch/target/empty" to-empty
    run "$SNAPSCOPE" restore --data-dir to-empty --wal-dir "$scratch/target/wal" "$1"
    expect_rc 0
    run "$SNAPSCOPE" restore --name n/m --initial-cluster n/m=http://a:1 --initial-advertise-peer-urls http://a:1 "$1"
    expect_rc 2
    mkdir n
    run "$SNAPSCOPE" restore --name n/m --initial-cluster n/m=http://a:1 --initial-advertise-peer-urls http://a:1 "$1"
    expect_rc 0
    run "$SNAPSCOPE" restore "$1"
    expect_rc 0
    run "$SNAPSCOPE" restore --data-dir none/d "$1"
    expect_rc 2
    expect_err_has 'the folder that none/d shall lie in is not there'
    run "$SNAPSCOPE" dump -o none/out "$1"
    expect_rc 4
    expect_err_has 'cannot be made, for lack of its folder'
    expect_eq "$(find . -name '.*snapscope*')" '' 'left behind'
    rm -r n default.etcd to-empty
}
cd "$scratch/work"
export TMPDIR="$scratch/tmp"
outputs "$db"
outputs "$scratch/s.tar.gz"
outputs - <"$scratch/s.db.gz"
(
    # Where no file can be without a name, those with one come and go.
    export LD_PRELOAD="$shim" SS_NO_TMPFILE=1
    outputs "$scratch/s.tar.gz"
    summary
) >"$scratch/sub" 2>&1 || failed "without unnamed files: $(cat "$scratch/sub")"
expect_eq "$(ls -A "$TMPDIR")" '' 'left in TMPDIR'

# Standard output, and a stream through a pipe; several packed inputs use the same temporary files again.
run bash -o pipefail -c 'cat "$2" | "$1" convert -o - - | cmp - "$3"' - "$SNAPSCOPE" "$scratch/piped" "$scratch/plain.db"
expect_rc 0
run "$SNAPSCOPE" verify "$scratch"/s.{tar,db}.gz "$db" "$scratch"/s.{tar,db}.gz "$scratch/none" "$scratch"/s.{tar,db}.gz
expect_rc 3
expect_eq "$(grep -c ': sound: hash valid' "$out")" 7 'files that were verified'
mkfifo fifo
cat "$scratch/piped" >fifo &
run "$SNAPSCOPE" diff fifo "$scratch/s.tar.gz"
expect_rc 0
expect_out_has 'the same: 240 keys'
cat "$scratch/piped" >fifo &
run bash -c 'cat "$2" | "$1" diff - fifo' - "$SNAPSCOPE" "$scratch/piped"
expect_rc 0
wait

# A TMPDIR of no use is told only where one is needed.
export TMPDIR="$scratch/none"
run "$SNAPSCOPE" status "$db"
expect_rc 0
run "$SNAPSCOPE" status "$scratch/s.db.gz"
expect_rc 4
expect_err_has "no temporary file can be made in $scratch/none (TMPDIR names this folder): No such file or directory"
summary
