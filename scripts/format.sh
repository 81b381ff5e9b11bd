#!/usr/bin/env bash
# Formats every C file that git knows, as .clang-format says. With --check it changes nothing and
# fails when a file differs. Scripts are checked for syntax.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -t sources < <(git ls-files '*.c' '*.h' | while read -r f; do [[ ! -e $f ]] || echo "$f"; done)
mapfile -t shells < <(git ls-files '*.sh' .ci/run | while read -r f; do [[ ! -e $f ]] || echo "$f"; done)

for script in "${shells[@]}"; do
    bash -n "$script"
done
case ${1:-} in
'') clang-format -i "${sources[@]}" ;;
--check) clang-format --dry-run -Werror "${sources[@]}" ;;
*)
    echo "usage: $0 [--check]" >&2
    exit 2
    ;;
esac
