#!/usr/bin/env bash
# Runs clang-tidy over the library, the program and the fuzz targets, with the settings of .clang-tidy.
#
#   scripts/tidy.sh [FILE...]       default: every C file below src/ and fuzz/
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=build/dev
[[ -e $build/build.ninja ]] || cmake --preset dev >/dev/null

files=("$@")
if [[ ${#files[@]} -eq 0 ]]; then
    mapfile -t files < <(git ls-files 'src/*.c' 'fuzz/*.c')
fi
# One file a process: version 14 carries va_list state over from one file to the next.
printf '%s\0' "${files[@]}" |
    xargs -0 -n 1 -P "$(nproc)" clang-tidy -p "$build" --quiet --warnings-as-errors='*'
