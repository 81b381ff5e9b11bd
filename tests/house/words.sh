#!/usr/bin/env bash
# The library speaks of what is the matter, and knows no command line: only src/cli names flags of ours.
set -euo pipefail

# What unpacks a wide zstd stream is a command of another program.
other='zstd -d --long=31'
found=$(grep -rnE '"[^"]*--[a-z]' "$SS_SOURCE_DIR"/src "$SS_SOURCE_DIR"/include --include='*.[ch]' --include='*.def' |
    grep -v -e "^$SS_SOURCE_DIR/src/cli/" -e "$other" || true)
if [[ -n $found ]]; then
    printf 'FAIL the library names flags of the command line:\n%s\n' "$found"
    exit 1
fi
if ! grep -rqE '"[^"]*--[a-z]' "$SS_SOURCE_DIR/src/cli"; then
    echo 'FAIL nothing is found where flags are'
    exit 1
fi
