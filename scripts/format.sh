#!/usr/bin/env bash
# Formats every C file that git knows, as .clang-format says. With --check it changes nothing and
# fails when a file differs. Scripts are checked for syntax. Versions of clang-format differ: 14, Debian 12's,
# decides; where there is another one only, this ends with 77.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
'' | --check) ;;
*)
    echo "usage: $0 [--check]" >&2
    exit 2
    ;;
esac

mapfile -t sources < <(git ls-files '*.c' '*.h' | while read -r f; do [[ ! -e $f ]] || echo "$f"; done)
mapfile -t shells < <(git ls-files '*.sh' .ci/run | while read -r f; do [[ ! -e $f ]] || echo "$f"; done)

for script in "${shells[@]}"; do
    bash -n "$script"
done
tool=$(command -v clang-format-14 || command -v clang-format)
version=$("$tool" --version | sed 's/.*version \([0-9]*\).*/\1/')
if [[ $version -ne 14 ]]; then
    echo "the form of C files is not looked at: version 14 of clang-format decides it, and this is $version" >&2
    exit 77
fi
case ${1:-} in
'') "$tool" -i "${sources[@]}" ;;
--check) "$tool" --dry-run -Werror "${sources[@]}" ;;
esac
