#!/usr/bin/env bash
# Runs a sample of commands under valgrind's memcheck: reads of what nobody wrote, reads and writes outside of
# memory, leaks, in this project's code and in the libraries that it calls. valgrind 3.19 knows no Landlock,
# hence --no-sandbox.
set -euo pipefail

work="$SS_BINARY_DIR/tests/house/valgrind"
data="$SS_SOURCE_DIR/testdata"
rm -rf "$work"
mkdir -p "$work"
failed=0

# checked COMMAND...: under memcheck; 99 when it complains, else what the command returns
checked() {
    valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect,possible \
        --errors-for-leak-kinds=definite,indirect,possible --log-file="$work/log" --vgdb=no "$@" \
        >"$work/out" 2>"$work/err"
}

# expect EXIT COMMAND...: the command's own exit code, no complaint
expect() {
    local due=$1 got=0
    shift
    checked "$@" || got=$?
    if [[ $got -ne $due || -s $work/log ]]; then
        printf 'FAIL: exit %s, not %s: %s\n' "$got" "$due" "$*" >&2
        cat "$work/log" "$work/err" >&2
        failed=$((failed + 1))
    fi
}

# run EXIT NAME ARGUMENTS...: the command NAME
run() {
    expect "$1" "$SNAPSCOPE" "$2" --no-sandbox "${@:3}"
}

# What it must find, or nothing of the rest is worth anything.
cat >"$work/bad.c" <<'C'
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
    char *p = malloc(8);
    if (p == NULL)
        return 1;
    if (strcmp(argv[argc - 1], "unwritten") == 0)
        return p[argc] == 'x' ? 2 : 3;
    memset(p, argc, 8);
    if (strcmp(argv[argc - 1], "outside") == 0)
        p[6 + argc] = 'x';
    if (strcmp(argv[argc - 1], "leak") != 0)
        free(p);
    p = NULL;
    return 0;
}
C
"$SS_CC" -g -O0 -w -o "$work/bad" "$work/bad.c"
for fault in unwritten outside leak; do
    code=0
    checked "$work/bad" $fault || code=$?
    [[ $code -eq 99 ]] || { echo "FAIL: valgrind passes '$fault' over" >&2; failed=$((failed + 1)); }
done
expect 0 "$work/bad" nothing

for name in etcd36-cluster etcd36-history etcd34-history; do
    zstd -qdf "$data/$name/snapshot.db.zst" -o "$work/$name.db"
done
head -c 20000 "$work/etcd36-cluster.db" >"$work/cut.db"
new="$work/etcd36-cluster.db" old="$work/etcd34-history.db"

run 0 verify --threads 2 "$new"
run 1 verify "$work/cut.db"
run 0 status -w json "$new"
run 0 dump --revisions "$work/etcd36-history.db"
run 0 dump -o "$work/out.tar" "$new"
run 1 diff "$old" "$new"
run 0 convert "$new" -o "$work/converted.db" --rebuild --threads 2
run 0 restore "$work/converted.db" --data-dir "$work/member"
run 0 info "$data/etcd36-cluster/snapshot.db.zst"
[[ $failed -eq 0 ]]
