#!/usr/bin/env bash
# From a fresh clone to a dumped snapshot: installs what is missing, builds, and looks at one real file.
#
#   scripts/demo.sh [FILE]      default: a snapshot of a small Kubernetes cluster that comes along
set -euo pipefail
here=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
-h | --help)
    sed -n '2,4s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac

scripts/deps.sh build
mkdir -p build
echo 'building (build/release)'
if ! { cmake --preset release && cmake --build --preset release; } >build/demo.log 2>&1; then
    cat build/demo.log >&2
    exit 1
fi
snapscope=build/release/src/cli/snapscope

if [[ $# -gt 0 ]]; then
    file=$1
    [[ $file == /* ]] || file=$here/$file
else
    for name in k8s-small etcd36-history; do
        file=$(find "testdata/$name" -maxdepth 1 -name '*.zst' 2>/dev/null | sort | head -n 1)
        [[ -z $file ]] || break
    done
fi

show() { printf '\n$ %s\n' "$*"; }

show "$snapscope" info "$file"
"$snapscope" info "$file"

dump=build/demo.ndjson
show "$snapscope" dump "$file" -o "$dump" --force
"$snapscope" dump "$file" -o "$dump" --force
printf '\n%s holds %d live keys, one a line; the first three:\n' "$dump" "$(wc -l <"$dump")"
head -n 3 "$dump" | cut -c 1-160
