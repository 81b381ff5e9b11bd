#!/usr/bin/env bash
# Fuzzes with libFuzzer under AddressSanitizer and UndefinedBehaviorSanitizer.
#
#   scripts/fuzz.sh TARGET SECONDS [OPTION...]
#   scripts/fuzz.sh --all SECONDS [OPTION...]      divides the time among all targets
#       --corpus DIR   keep what is found in DIR/TARGET; default: build/fuzz/corpus
#       --logs DIR     append to DIR/TARGET.log; default: build/fuzz/logs
#       --seed N       libFuzzer's random seed; default: a new one each time
#   scripts/fuzz.sh --report LOGS [CORPUS]         a table of what the logs say; with a corpus also the line
#                                                  coverage of each target, in the coverage build
#   scripts/fuzz.sh --list                         the targets
#
# Seeds and regressions are always run first. A crash, a broken property, an input over its time or
# memory: exit 1, and the input's path is said. Exit 2: wrong usage.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
    sed -n '4,12s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

targets() {
    grep -v '^#' fuzz/CMakeLists.txt | tr '\n' ' ' | grep -o 'ss_fuzz_target( *[a-z]*' | sed 's/.*( *//'
}

# limits TARGET: the longest input, the largest single allocation (MiB), the longest time (s). What a
# target holds its own memory to is in its first comment; these catch what libraries below it do.
limits() {
    case $1 in
    db | dump | convert) echo 65536 64 20 ;;
    diff | restore) echo 65536 64 20 ;;
    intake) echo 65536 1100 20 ;; # an xz header may ask for a dictionary of 1 GiB
    json | wal | hash) echo 65536 64 10 ;;
    *) echo 65536 16 5 ;;
    esac
}

build() {
    mkdir -p build
    cmake --preset fuzz >build/fuzz.configure.log || {
        cat build/fuzz.configure.log
        return 1
    }
    cmake --build --preset fuzz --target "$1"
}

# fuzz TARGET SECONDS
fuzz() {
    local target=$1 seconds=$2 found=build/fuzz/found/$1 log=$logs/$1.log code=0
    local len malloc timeout folders=("$corpus/$target") crash
    mkdir -p "$found" "$logs" "$corpus/$target"
    for crash in "fuzz/seeds/$target" "fuzz/regressions/$target"; do
        [[ ! -d $crash ]] || folders+=("$crash")
    done
    read -r len malloc timeout < <(limits "$target")
    touch "$log"
    local from=$(($(wc -l <"$log") + 1))
    "build/fuzz/fuzz/fuzz_$target" -dict=fuzz/snapscope.dict -max_total_time="$seconds" \
        -max_len="$len" -malloc_limit_mb="$malloc" -timeout="$timeout" -rss_limit_mb=3000 \
        -seed="$seed" -print_final_stats=1 -artifact_prefix="$found/" "${folders[@]}" \
        >>"$log" 2>&1 || code=$?
    if [[ $code -ne 0 ]]; then
        tail -n "+$from" "$log" | grep -v '^#' | tail -40
        crash=$(tail -n "+$from" "$log" | sed -n 's/.*Test unit written to //p' | tail -1)
        cat <<END
FAILED: $target, exit $code; the whole log: $log
  input:     ${crash:-none was written}
  again:     build/fuzz/fuzz/fuzz_$target ${crash:-INPUT}
  minimise:  build/fuzz/fuzz/fuzz_$target -minimize_crash=1 -runs=100000 ${crash:-INPUT}
  keep:      fuzz/regressions/$target/WHAT-IT-IS, and its story in fuzz/regressions/README.md
END
        return 1
    fi
    tail -n "+$from" "$log" | python3 scripts/fuzz_report.py --line "$target"
}

corpus=build/fuzz/corpus
logs=build/fuzz/logs
seed=0
words=()
while [[ $# -gt 0 ]]; do
    case $1 in
    --corpus | --logs | --seed)
        [[ $# -ge 2 ]] || usage
        printf -v "${1#--}" %s "$2"
        shift
        ;;
    --list)
        targets
        exit 0
        ;;
    --report)
        [[ $# -ge 2 && $# -le 3 ]] || usage
        exec python3 scripts/fuzz_report.py "${@:2}"
        ;;
    --all) words+=("$1") ;;
    -*) usage ;;
    *) words+=("$1") ;;
    esac
    shift
done
[[ ${#words[@]} -eq 2 && ${words[1]} =~ ^[1-9][0-9]*$ && $seed =~ ^[0-9]+$ ]] || usage

failed=0
if [[ ${words[0]} == --all ]]; then
    build fuzzers
    mapfile -t names < <(targets)
    each=$((words[1] / ${#names[@]}))
    for name in "${names[@]}"; do
        fuzz "$name" "$((each > 0 ? each : 1))" || failed=1
    done
else
    targets | grep -qx -- "${words[0]}" || {
        echo "no target ${words[0]}; there are: $(targets | tr '\n' ' ')" >&2
        exit 2
    }
    build "fuzz_${words[0]}"
    fuzz "${words[@]}" || failed=1
fi
exit "$failed"
