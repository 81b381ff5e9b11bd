#!/usr/bin/env bash
# snapscope buckets
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"

fixture etcd36-history
fixture bbolt-nested
fixture bbolt-fresh
db="$scratch/etcd36-history/snapshot.db"
nested="$scratch/bbolt-nested/plain.db"
damaged "$db"

common_cases "$db" buckets
refused meta "$scratch/metas.db" "$metas_fault" buckets

run "$SNAPSCOPE" buckets "$nested"
expect_rc 0
expect_err_eq ''
expect_out_eq 'ROOT  KEYS  KEY-BYTES  VALUE-BYTES  PAGES  DEPTH  BUCKET
  28     8         69          189      1      1  kinds
   -     2         16            1      0      0  kinds/\x00binary\xff
   -     1          8            0      0      0  kinds/Straße
   -     0          0            0      0      0  kinds/empty
   -     0          0            0      0      0  kinds/empty-with-sequence
   -     3         24            3      0      0  kinds/inline
   9    30        240          111      1      1  kinds/own-page
  27   300       2400         1191     18      2  kinds/own-tree
   8     3         20           80      1      1  level-1
   7     3         20           80      1      1  level-1/level-2
   6     3         20           80      1      1  level-1/level-2/level-3
   5     3         20           80      1      1  level-1/level-2/level-3/level-4
   4     3         20           80      1      1  level-1/level-2/level-3/level-4/level-5
   -     3         20           80      0      0  level-1/level-2/level-3/level-4/level-5/level-6
 692  4000     212000         4000    664      4  tall'

# The same counts as a walk by the bbolt library.
run "$SNAPSCOPE" buckets --json "$nested"
expect_rc 0
expect_schema buckets
expect_eq "$(jq -c '[.count, .complete, ([.buckets[].key_count] | add)]' "$out")" '[15,true,4362]'
zstd -dcq "$SS_SOURCE_DIR/testdata/bbolt-nested/oracle/entries.ndjson.zst" >"$scratch/entries"
expect_eq "$(grep -c '"key"' "$scratch/entries")" 4362 'entries that bbolt walks'
expect_eq "$(jq -c 'select(has("sequence")) | .sequence' "$scratch/entries" | sort)" \
    "$(jq -c '.buckets[].sequence | tonumber' "$out" | sort)" 'sequences'

run "$SNAPSCOPE" buckets "$scratch/bbolt-fresh/plain.db"
expect_rc 0
expect_out_lines 1

# On a terminal a name that does not fit has a line of its own; what stands behind it is aligned as ever.
terminal() { # COLUMNS ARGUMENT...: what a terminal so wide is given
    python3 - "$@" <<'PY'
import fcntl, os, pty, struct, sys, termios
columns, command = int(sys.argv[1]), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.execv(command[0], command)
text = b""
while True:
    try:
        piece = os.read(fd, 65536)
    except OSError:
        break
    if not piece:
        break
    text += piece
os.waitpid(pid, 0)
sys.stdout.write(text.decode().replace("\r\n", "\n"))
PY
}
terminal 80 "$SNAPSCOPE" buckets --no-color "$nested" >"$scratch/wide"
terminal 60 "$SNAPSCOPE" buckets --no-color "$nested" >"$scratch/narrow"
expect_eq "$(tail -n 5 "$scratch/wide")" '   4     3         20           80      1      1
    level-1/level-2/level-3/level-4/level-5
   -     3         20           80      0      0
    level-1/level-2/level-3/level-4/level-5/level-6
 692  4000     212000         4000    664      4  tall'
expect_eq "$(awk 'length > 60' "$scratch/narrow")" '' 'lines over 60 columns'
expect_eq "$(grep -c '^    level-1' "$scratch/narrow")" 5 'names on a line of their own'

# The same rows in other forms; an inline bucket has no root page.
run "$SNAPSCOPE" buckets -w csv "$nested"
expect_rc 0
expect_eq "$(sed -n '1p;3p' "$out" | tr -d '\r')" 'bucket,level,inline,root,sequence,key_count,bucket_count,key_len,value_len,branch_count,leaf_count,overflow_count,depth
kinds/\x00binary\xff,2,yes,,4,2,0,16,1,0,0,0,0'
run "$SNAPSCOPE" buckets -w ndjson "$nested"
expect_rc 0
expect_eq "$(jq -c 'select(.inline) | has("root")' "$out" | sort -u)" false 'roots of inline buckets'
run "$SNAPSCOPE" buckets -w json "$scratch/absent.db"
expect_rc 3
expect_schema buckets
expect_eq "$(jq -r .error.code "$out")" io

# A fault in one tree is told; the figures of that bucket are what could be read.
run "$SNAPSCOPE" buckets "$scratch/type.db"
expect_rc 3
expect_out_lines 11
expect_err_eq "snapscope: $scratch/type.db: $type_fault"
run "$SNAPSCOPE" buckets --json "$scratch/type.db"
expect_rc 3
expect_schema buckets
expect_eq "$(jq -c '[.count, .complete, .fault_count, .faults[0].page, .faults[0].bucket]' "$out")" \
    '[10,false,1,2,"key"]'

run "$SNAPSCOPE" buckets "$scratch/cut.db"
expect_rc 3
expect_out_lines 1
expect_err_eq "snapscope: $scratch/cut.db: $cut_fault"

usage_fault "'x' is one argument too many" buckets "$db" x
summary
