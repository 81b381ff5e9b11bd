"""Every command of snapscope as the fault suite runs it: a line a run, `{name}` a file of inputs.py.

`{file} | command -` gets the file on standard input, by a pipe. What a run makes is named at/…: `at` is
a folder of its own, empty before each run, or as OLD says.
"""

KEY = "/registry/configmaps/ns-0/cedar-2"
CLUSTER = "m1=http://a:1,m2=http://b:1"

# Answers on standard output alone.
READING = f"""
info {{cluster}}
info --json {{cluster}}
info {{damaged}}
info --json {{damaged}}
verify {{cluster}}
verify --json {{cluster}}
verify --report junit {{cluster}}
verify {{damaged}} {{cluster}}
verify --json {{damaged}} {{cluster}}
verify --report junit {{damaged}}
status {{cluster}}
status -w table {{cluster}}
status -w fields {{cluster}}
status --json {{cluster}}
hashkv {{cluster}}
hashkv -w json {{cluster}}
hashkv --json {{cluster}}
diff {{three_a}} {{three_c}}
diff --show-values {{three_a}} {{three_c}}
diff --summary {{three_a}} {{three_c}}
diff --json {{three_a}} {{three_c}}
diff --json --summary {{three_a}} {{three_c}}
diff --format ndjson --values {{three_a}} {{three_c}}
diff --revisions {{three_a}} {{three_c}}
diff --revisions --json {{three_a}} {{three_c}}
diff --buckets {{three_a}} {{cluster}}
diff --buckets --json {{three_a}} {{cluster}}
dump {{cluster}}
dump --json {{cluster}}
dump --revisions {{cluster}}
dump --format etcdctl {{cluster}}
dump --format tar {{cluster}}
dump --all-buckets {{cluster}}
dump --all-buckets --json {{cluster}}
dump --bucket members {{cluster}}
dump --redact-key-file {{secret}} {{cluster}}
dump {{damaged}}
dump --json {{damaged}}
dump --keep-going {{damaged}}
dump --keep-going --json {{damaged}}
dump --keep-going --revisions {{damaged}}
dump --keep-going --all-buckets --json {{damaged}}
buckets --keep-going --json {{damaged}}
dump --keep-going --format tar {{damaged}}
status {{text}}
verify {{text}}
dump --meta 0 {{older}}
verify --json {{older}}
salvage --dry-run {{damaged}}
salvage --dry-run --json {{damaged}}
salvage --dry-run --include-freed {{cluster}}
info {{older}}
diff --meta-a 0 --meta-b 1 {{older}} {{older}}
get {{cluster}} {KEY}
get --json {{cluster}} {KEY}
get --bucket meta {{cluster}} term
get --keep-going --json {{damaged}} {KEY}
history {{cluster}} {KEY}
history --json {{cluster}} {KEY}
history --prefix --values {{three_a}} /registry/configmaps
history --prefix --json {{three_a}} /registry/configmaps
history --prefix --keep-going --json {{damaged}} /registry
members {{cluster}}
members --json {{cluster}}
leases {{cluster}}
leases --json {{cluster}}
alarms {{cluster}}
alarms --json {{cluster}}
auth {{cluster}}
auth --json --secrets {{cluster}}
meta {{cluster}}
meta --json {{cluster}}
buckets {{cluster}}
buckets --json {{cluster}}
buckets {{damaged}}
buckets --json {{damaged}}
keys --long --values {{cluster}} key
keys --json {{cluster}} members
keys --json {{damaged}} key
keys --keep-going --json {{damaged}} key
pages {{cluster}}
pages --json {{cluster}}
pages --json {{damaged}}
page --values {{cluster}} 3
page --hex --json {{cluster}} 2
"""

# Inputs that are no plain file: the way in is the same for all commands.
PACKED = """
keys {gz} meta
keys {zst} meta
keys {xz} meta
keys {bz2} meta
keys {lz4} meta
keys {tar} meta
keys {zip} meta
keys --member cluster.db --json {tar_gz} meta
info --json {gz}
verify --json {gz}
info --json {zlib}
keys {compressed} meta
{cluster} | keys - meta
{cluster} | verify -
{gz} | verify --json -
"""

WRITING = f"""
convert {{cluster}} -o at/out
convert --json {{cluster}} -o at/out
convert --rebuild {{cluster}} -o at/out
convert --rebuild --json {{cluster}} -o at/out
convert {{cluster}} -o -
convert --meta 0 --skip-hash-check {{older}} -o at/out
convert --allow-missing-hash {{bare}} -o at/out
convert {{zip}} -o at/out
{{cluster}} | convert - -o at/out
restore {{cluster}} --data-dir at/out
restore --json {{cluster}} --data-dir at/out
restore --allow-missing-hash {{bare}} --data-dir at/out
restore {{cluster}} --data-dir at/out --wal-dir at/log
restore {{cluster}} --all-members at/out --initial-cluster {CLUSTER} --learners m2
restore --dry-run --json {{cluster}}
salvage {{damaged}} -o at/out
salvage --json {{damaged}} -o at/out --report at/report --lost at/lost --conflicts at/conflicts
dump -o at/out {{cluster}}
dump --json -o at/out {{cluster}}
dump -o at/out.tar {{cluster}}
dump -o at/out.tar.gz {{cluster}}
dump -o at/out.tar.zst {{cluster}}
verify --report junit -o at/out {{cluster}} {{damaged}}
verify --json --report junit -o at/out {{cluster}}
"""

# With OLD at at/out before the run.
REPLACING = """
convert --force {cluster} -o at/out
salvage --force {damaged} -o at/out
dump --force -o at/out {cluster}
verify --force --report junit -o at/out {cluster}
"""
OLD = b"what stood here before\n"

# As above, with files that take several writes.
LARGE = """
convert {history} -o at/out
convert --rebuild {history} -o at/out
convert {history} -o -
salvage {history} -o at/out
restore {history} --data-dir at/out
dump --revisions {history}
dump --revisions -o at/out {history}
dump --json {history}
dump -o at/out.tar.zst {history}
diff --format ndjson --values {history} {cluster}
"""

# Of an input whose hash is read as well as mapped.
LONG = """
verify {long}
status --json {long}
restore {long} --data-dir at/out
"""


def rows(*tables):
    """The lines of the tables, each once, in order."""
    return [line for table in tables for line in table.strip().splitlines()]
