#!/usr/bin/env bash
# Installs into an empty prefix, then uses what is there as a stranger would: the program, its completions, its
# manual pages, the examples as a CMake project of their own with the shared and with the static library, a
# build through pkg-config. Every program made that way must read a real snapshot.
set -euo pipefail

work="$SS_BINARY_DIR/tests/house/install"
prefix="$work/prefix"
rm -rf "$work"
mkdir -p "$work"
# shellcheck source=tests/house/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

quiet install cmake --install "$SS_BINARY_DIR" --prefix "$prefix"
pc=$(find "$prefix" -name snapscope.pc)
lib=$(dirname "$(dirname "$pc")")
for file in "$lib/libsnapscope.a" "$lib/libsnapscope.so" "$lib/libsnapscope.so.0" \
    "$lib/cmake/snapscope/snapscope-config.cmake" \
    "$lib/cmake/snapscope/snapscope-config-version.cmake" "$prefix/include/snapscope.h"; do
    [[ -e $file ]] || fail "$file is not installed"
done
if [[ -n ${SNAPSCOPE:-} ]]; then
    [[ -x $prefix/bin/snapscope ]] || fail 'the program is not installed'
    installed=$("$prefix/bin/snapscope" --version)
    built=$("$SNAPSCOPE" --version)
    [[ $installed == "$built" ]] || fail "installed says $installed, built says $built"
fi
for page in "$SS_SOURCE_DIR"/docs/man/*.[13]; do
    [[ -e $page ]] || continue
    [[ -e $prefix/share/man/man${page##*.}/$(basename "$page") ]] || fail "$page is not installed"
done

# offers FILE PATH: a completion is installed below share/ as it is in the source folder
offers() {
    [[ -n ${SNAPSCOPE:-} ]] || return 0
    cmp -s "$SS_SOURCE_DIR/completions/$1" "$prefix/share/$2" || fail "share/$2 is not completions/$1"
}
offers snapscope.bash bash-completion/completions/snapscope
offers _snapscope zsh/site-functions/_snapscope
offers snapscope.fish fish/vendor_completions.d/snapscope.fish
if [[ -n ${SNAPSCOPE:-} ]]; then
    # bash-completion sources share/bash-completion/completions/COMMAND when COMMAND is first completed.
    completed=$(bash -c 'source "$1"; complete -p snapscope' bash \
        "$prefix/share/bash-completion/completions/snapscope" 2>&1 || true)
    [[ $completed == 'complete -F _snapscope snapscope' ]] || fail "bash completes with: $completed"
fi

# What the program and its manual pages point to.
docs="$prefix/share/doc/snapscope"
for file in "$SS_SOURCE_DIR"/docs/*.md "$SS_SOURCE_DIR"/docs/schema/*; do
    [[ -e $docs/${file#"$SS_SOURCE_DIR/docs/"} ]] || fail "$file is not installed"
done
[[ -e $docs/LICENSE ]] || fail 'LICENSE is not installed'
if [[ -n ${SNAPSCOPE:-} ]]; then
    "$prefix/bin/snapscope" verify --help | grep -qF 'checks.md in the documentation folder' ||
        fail 'verify --help does not say where checks.md is'
fi

# Only what the header marks may be seen from outside.
strangers=$(nm -D --defined-only "$lib/libsnapscope.so" | awk '{print $3}' | grep -v '^ss_' || true)
[[ -z $strangers ]] || fail "exported without the ss_ prefix: $strangers"
while read -r symbol; do
    grep -qw "$symbol" "$prefix/include/snapscope.h" || fail "$symbol is exported, not declared"
done < <(nm -D --defined-only "$lib/libsnapscope.so" | awk '{print $3}')

snapshot="$work/snapshot.db"
zstd -q -d "$SS_SOURCE_DIR/testdata/etcd36-history/snapshot.db.zst" -o "$snapshot"

# works NAME PROGRAM: it prints three keys with their sizes
works() {
    local said
    if ! said=$(LD_LIBRARY_PATH="$lib" "$2" "$snapshot" 3 2>&1); then
        fail "$1: $said"
    elif [[ $(grep -cE '^ *[0-9]+ +[0-9]+  ' <<<"$said") -ne 3 ]]; then
        fail "$1 printed: $said"
    fi
}

# lists NAME PROGRAM: every table that it names, and of each as many rows as are known
lists() {
    local rows='' table
    for table in $(LD_LIBRARY_PATH="$lib" "$2" "$snapshot" | cut -d ' ' -f 1); do
        rows+="$table $(LD_LIBRARY_PATH="$lib" "$2" "$snapshot" "$table" "$snapshot" | wc -l) "
    done
    [[ $rows == "$tables" ]] || fail "$1 lists: $rows"
}
tables='keys 240 revisions 405 leases 5 alarms 0 members 1 auth 1 users 4 roles 6 meta 7 buckets 10 entries 10 pages 554 findings 0 differences 0 '

# project NAME SOURCE PREFIX_PATH
project() {
    quiet "$1-configure" cmake -G Ninja -S "$2" -B "$work/$1" -DCMAKE_C_COMPILER="$SS_CC" \
        -DCMAKE_PREFIX_PATH="$3" -DCMAKE_FIND_PACKAGE_NO_SYSTEM_PACKAGE_REGISTRY=ON &&
        quiet "$1-build" cmake --build "$work/$1" &&
        works "$1" "$work/$1/largest_values" && lists "$1" "$work/$1/list_table"
}

project shared "$SS_SOURCE_DIR/examples" "$prefix" || true
project build-tree "$SS_SOURCE_DIR/examples" "$SS_BINARY_DIR" || true

mkdir "$work/static-source"
cp "$SS_SOURCE_DIR"/examples/*.c "$work/static-source"
sed -e 's/CONFIG REQUIRED/CONFIG REQUIRED COMPONENTS static/; s/PRIVATE snapscope::snapscope/PRIVATE snapscope::static/' \
    "$SS_SOURCE_DIR/examples/CMakeLists.txt" >"$work/static-source/CMakeLists.txt"
project static "$work/static-source" "$prefix" || true
if readelf -d "$work/static/largest_values" | grep -q 'NEEDED.*libsnapscope'; then
    fail 'the static example needs the shared library'
fi

export PKG_CONFIG_PATH="$lib/pkgconfig"
read -ra flags <<<"$(pkg-config --cflags --libs snapscope)"
quiet pkg-config "$SS_CC" -std=c17 "$SS_SOURCE_DIR/examples/largest_values.c" "${flags[@]}" \
    -o "$work/by-pkg-config" && works pkg-config "$work/by-pkg-config"
mapfile -t private < <(pkg-config --print-requires-private snapscope | awk '{print $1}' | sort)
[[ ${private[*]} == 'jansson libarchive libcrypto libisal libxxhash' ]] ||
    fail "Requires.private: ${private[*]}"
[[ $(pkg-config --modversion snapscope) == "$SS_VERSION" ]] || fail "wrong version in snapscope.pc"

printf '%d failures\n' "$failed"
[[ $failed -eq 0 ]]
