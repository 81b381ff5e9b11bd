#!/usr/bin/env bash
# Runs the tests in an instrumented build and prints the line coverage of each folder of the library
# and the program. Details of each file: build/coverage/coverage.html
#
#   scripts/coverage.sh [CORPUS]       with a folder: also replays CORPUS/TARGET through each fuzz target
set -euo pipefail
corpus=${1:+$(realpath "$1")}
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/deps.sh coverage
build=build/coverage
cmake --preset coverage >/dev/null
cmake --build --preset coverage
find "$build" -name '*.gcda' -delete
code=0
ctest --preset coverage --parallel "$(nproc)" --label-exclude oracle || code=$?
for target in $(scripts/fuzz.sh --list); do
    [[ -z $corpus || ! -d $corpus/$target ]] ||
        "$build/fuzz/fuzz_${target}_replay" "$corpus/$target" || code=$?
done

gcovr --root . --object-directory "$build" --filter 'src/' --filter "$build/layers/" \
    --json-summary "$build/coverage.json" --html "$build/coverage.html"
python3 - "$build/coverage.json" <<'PY'
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
PY
exit "$code"
