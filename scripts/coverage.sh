#!/usr/bin/env bash
# Runs the tests in an instrumented build and prints the line coverage of each folder of the library
# and the program. Details of each file: build/coverage/coverage.html
#
#   scripts/coverage.sh [--quick] [CORPUS]
#
# With a folder it also replays CORPUS/TARGET through each fuzz target; --quick runs unit tests and replays alone, and
# leaves the program out. Fails when a test fails, or when src/parser, src/etcd, src/verify or src/writer is covered
# to less than 90 %.
set -euo pipefail
choice=(--label-exclude oracle)
files=(--filter src/ --filter build/coverage/layers/)
if [[ ${1:-} == --quick ]]; then
    choice=(--label-regex '^(unit|fuzz)$')
    files+=(--exclude src/cli/)
    shift
fi
corpus=${1:+$(realpath "$1")}
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/deps.sh coverage
build=build/coverage
cmake --preset coverage >/dev/null
cmake --build --preset coverage
find "$build" -name '*.gcda' -delete
code=0
ctest --preset coverage --parallel "$(nproc)" "${choice[@]}" || code=$?
for target in $(scripts/fuzz.sh --list); do
    [[ -z $corpus || ! -d $corpus/$target ]] ||
        "$build/fuzz/fuzz_${target}_replay" "$corpus/$target" || code=$?
done

gcovr --root . --object-directory "$build" "${files[@]}" \
    --json-summary "$build/coverage.json" --html "$build/coverage.html"
python3 - "$build/coverage.json" <<'PY' || code=$?
import collections
import json
import os
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    report = json.load(file)
files = {}
for row in report["files"]:
    path = os.path.relpath(os.path.realpath(row["filename"]))
    covered, total = files.get(path, (0, row["line_total"]))
    files[path] = (max(covered, row["line_covered"]), total)
folders = collections.defaultdict(lambda: [0, 0])
for path, (covered, total) in files.items():
    for name in (os.path.dirname(path), "all"):
        folders[name][0] += covered
        folders[name][1] += total
for name in sorted(folders, key=lambda name: (name == "all", name)):
    covered, total = folders[name]
    print(f"{name:20} {covered:6} of {total:6} lines {100 * covered / max(total, 1):6.1f} %")
short = [name for name in ("src/parser", "src/etcd", "src/verify", "src/writer")
         if 10 * folders[name][0] < 9 * folders[name][1] or folders[name][1] == 0]
if short:
    sys.exit("less than 90 % of the lines are covered in " + ", ".join(short))
PY
exit "$code"
