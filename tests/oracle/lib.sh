# The bash library of the oracle tests: all of tests/cli/lib.sh, and the way to the reference tools.
#
#     source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
#     oracle etcdutl etcd36/etcdutl           # $etcdutl, or the test ends here as skipped
#     fixture etcd36-history
#     run "$etcdutl" snapshot status "$(oracle_copy "$scratch/etcd36-history/snapshot.db")" -w json
#
# The tools lie in SS_ORACLES (default build/oracles), where tests/oracle/build.sh puts them. A tool
# that is not there skips the test with exit code 77; where CI is true it fails it.
# shellcheck source=tests/cli/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../cli/lib.sh"

oracles=${SS_ORACLES:-$SS_SOURCE_DIR/build/oracles}

# oracle VARIABLE MODULE/TOOL: sets VARIABLE to the tool's path
oracle() {
    if [[ -x $oracles/$2 ]]; then
        printf -v "$1" '%s' "$oracles/$2"
        return
    fi
    finished=yes
    if [[ ${CI:-} == true ]]; then
        echo "FAIL: no oracle $oracles/$2, and CI needs it" >&2
        exit 1
    fi
    echo "skipped: no oracle $oracles/$2 (tests/oracle/build.sh builds it)"
    exit 77
}

# oracle_copy FILE: prints the path of a fresh copy, for one call; several oracles write to what they read.
# FILE may be watched: reading it here leaves its access time as it was.
copies="$scratch/.copies"
oracle_copy() {
    mkdir -p "$copies"
    local folder
    folder=$(mktemp -d "$copies/XXXXXX")
    local seen
    seen=$(stat -c %x "$1")
    cp --no-preserve=mode "$1" "$folder/"
    touch -a -d "$seen" "$1"
    printf '%s\n' "$folder/$(basename "$1")"
}
