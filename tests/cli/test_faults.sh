#!/usr/bin/env bash
# A full disk and kill -9 at every moment of convert and restore: nothing or the whole stands at the target.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

fixture etcd36-history
db="$scratch/etcd36-history/snapshot.db"
watched=() # each run would read it again
shim="$scratch/fault.so"
run "${SS_CC:-cc}" -std=c17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Wall -Wextra -Werror -shared -fPIC -O1 -o "$shim" \
    "$SS_SOURCE_DIR/tests/cli/fault.c" -ldl
expect_rc 0
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0"
before=$(states "$db")

# same_target: what stands at the target is all of what it must be
same_target() { diff -r "$scratch/whole/target" "$scratch/at/target" >/dev/null; }

# every_moment MODE ARGUMENT...: with TARGET for the target; MODE is full or kill
every_moment() {
    local mode=$1 at moments=0 stood=0
    shift
    local -a args=("${@//TARGET/$scratch/at/target}")
    [[ $mode == full ]] || export SS_FAULT_KILL=1
    for at in {1..80}; do
        rm -rf "$scratch/at"
        mkdir "$scratch/at"
        # The outer shell keeps the signal from being reported as ours.
        run env LD_PRELOAD="$shim" SS_FAULT_AT="$at" bash -c '"$@" || exit $(($? == 137 ? 100 : $?))' - \
            "$SNAPSCOPE" "${args[@]}" "$db"
        checks=$((checks + 1))
        [[ $rc -ne 0 ]] || break
        moments=$((moments + 1))
        if [[ -e $scratch/at/target ]]; then
            stood=$((stood + 1))
            same_target || failed "a part stands at the target after moment $at"
        fi
        if [[ $mode == full ]]; then
            expect_rc 4
            expect_eq "$(find "$scratch/at" -mindepth 1 -name '.*')" '' "left behind after moment $at"
        else
            expect_rc 100
        fi
    done
    unset SS_FAULT_KILL
    expect_rc 0
    same_target || failed 'not the whole without a fault'
    expect_eq "$((moments >= 4))" 1 'moments tried'
    expect_eq "$((moments - stood >= 3))" 1 'moments with nothing at the target'
    echo "$mode ${args[0]}: $moments moments, $stood of them with the whole"
}

# both ARGUMENT...: a fault-free run first, to compare with
both() {
    rm -rf "$scratch/whole"
    mkdir "$scratch/whole"
    run "$SNAPSCOPE" "${@//TARGET/$scratch/whole/target}" "$db"
    expect_rc 0
    every_moment full "$@"
    every_moment kill "$@"
}

both convert -o TARGET
both convert --rebuild -o TARGET
both restore --data-dir TARGET
both restore --all-members TARGET --initial-cluster m1=http://a:1,m2=http://b:1 --learners m2

# With a WAL folder of its own the data directory comes last: where it stands, the log stands too.
rm -rf "$scratch/whole"
mkdir "$scratch/whole"
run "$SNAPSCOPE" restore --data-dir "$scratch/whole/target" --wal-dir "$scratch/whole/log" "$db"
for at in {1..80}; do
    rm -rf "$scratch/at"
    mkdir "$scratch/at"
    run env LD_PRELOAD="$shim" SS_FAULT_AT="$at" "$SNAPSCOPE" restore --data-dir "$scratch/at/target" \
        --wal-dir "$scratch/at/log" "$db"
    [[ $rc -ne 0 ]] || break
    expect_rc 4
    expect_eq "$(ls -A "$scratch/at")" '' "left behind after moment $at"
done
expect_rc 0
diff -r "$scratch/whole" "$scratch/at"
expect_eq "$(states "$db")" "$before" 'the input'
summary
