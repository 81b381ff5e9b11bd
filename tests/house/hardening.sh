#!/usr/bin/env bash
# What the release flags are there for can be seen in the binaries: position-independent, no executable
# stack, nothing writable and executable, tables of the linker read-only and bound at start, stack
# protector, fortified calls; on x86-64 each object is marked for control-flow protection (the linker drops the
# mark because Debian's start files do not carry it).
#
#   tests/house/hardening.sh RELEASE_BUILD
#
# -fstack-clash-protection leaves no mark that could be asked for.
set -euo pipefail

build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# lacks FILE: prints what the file lacks, a word each
lacks() {
    local head dynamic segments symbols
    head=$(readelf -hW "$1")
    dynamic=$(readelf -dW "$1")
    segments=$(readelf -lW "$1")
    symbols=$(readelf -sW --dyn-syms "$1")
    [[ $head =~ Type:\ +DYN ]] || echo pie
    grep -qE 'GNU_STACK .* RW +0x' <<<"$segments" || echo nx
    ! grep -qE '^ +[A-Z_]+ .* RWE +0x' <<<"$segments" || echo wx
    grep -q GNU_RELRO <<<"$segments" || echo relro
    grep -qE '\(FLAGS(_1)?\).*NOW' <<<"$dynamic" || echo now
    ! grep -qE '\((RPATH|RUNPATH|TEXTREL)\)' <<<"$dynamic" || echo paths
    grep -q '__stack_chk_fail' <<<"$symbols" || echo protector
    grep -qE '__v?snprintf_chk' <<<"$symbols" || echo fortify
}

for file in "$build/src/cli/snapscope" "$build"/src/libsnapscope.so; do
    lacking=$(lacks "$file" | paste -sd ' ')
    if [[ -n $lacking ]]; then
        echo "FAIL: $file lacks: $lacking" >&2
        failed=1
    fi
done

if [[ $(uname -m) == x86_64 ]]; then
    objects=$(ar t "$build/src/libsnapscope.a" | wc -l)
    marked=$(readelf -nW "$build/src/libsnapscope.a" | grep -c 'x86 feature: IBT, SHSTK' || true)
    if [[ $objects -eq 0 || $marked -ne $objects ]]; then
        echo "FAIL: $marked of $objects objects are marked for control-flow protection" >&2
        failed=1
    fi
fi

# A program without any of it: each of the questions above can be answered with no.
cat >"$work/soft.c" <<'C'
#include <stdio.h>
int main(int argc, char **argv)
{
    char text[40];
    snprintf(text, sizeof(text), "%d", argc);
    return puts(text) < (int)(argv != 0);
}
C
cc -O2 -U_FORTIFY_SOURCE -fno-stack-protector -fno-pie -no-pie -z execstack -z norelro -z lazy \
    -Wl,-rpath,/nowhere -o "$work/soft" "$work/soft.c"
due='pie nx wx relro now paths protector fortify'
got=$(lacks "$work/soft" | paste -sd ' ')
if [[ $got != "$due" ]]; then
    echo "FAIL: of a soft program '$got' is found to be missing, not '$due'" >&2
    failed=1
fi
exit "$failed"
