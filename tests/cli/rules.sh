# The hash rules of `convert` and `restore`: inputs for each row. Sourced behind lib.sh and cases.sh.

# rule_inputs FILE: beside a sound snapshot with a valid hash, in $scratch/rules, every state of the hash
#   valid, mismatch, zero, absent, cut .db     sound trees and records
#   structure-STATE.db                         page 2, a leaf of `key`, has an unknown type
#   records-STATE.db                           the first record of page 2 is no KeyValue
rule_inputs() {
    mkdir -p "$scratch/rules"
    python3 - "$1" "$scratch/rules" <<'PY'
import hashlib, pathlib, struct, sys
source, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
sound = source.read_bytes()[:-32]
page = 2 * 4096
pos, ksize, vsize = struct.unpack_from("<III", sound, page + 16 + 4)
value = page + 16 + pos + ksize
assert ksize == 17 and vsize > 8, "page 2 begins with a record"
bodies = {"": sound,
          "structure-": sound[:page + 8] + b"\x20" + sound[page + 9:],
          "records-": sound[:value] + b"\xff" * 12 + sound[value + 12:]}
for name, body in bodies.items():
    digest = hashlib.sha256(body).digest()
    wrong = digest[:31] + bytes([digest[31] ^ 1])
    for state, tail in (("valid", digest), ("mismatch", wrong), ("zero", bytes(32)), ("absent", b""),
                        ("cut", digest[:20])):
        (folder / f"{name}{state}.db").write_bytes(body + tail)
PY
    unchanged "$1" # which was read
}

# rule_rows: STATE FLAG ACCEPTED SEAL, the table itself; FLAG - is none
rule_rows() {
    cat <<'ROWS'
valid - yes verified
valid --skip-hash-check yes verified
valid --allow-missing-hash yes verified
mismatch - no -
mismatch --allow-missing-hash no -
mismatch --skip-hash-check yes synthesised-over-mismatch
zero - no -
zero --allow-missing-hash no -
zero --skip-hash-check yes synthesised-over-mismatch
absent - no -
absent --allow-missing-hash yes synthesised
absent --skip-hash-check yes synthesised
cut - no -
cut --allow-missing-hash no -
cut --skip-hash-check no -
ROWS
}
