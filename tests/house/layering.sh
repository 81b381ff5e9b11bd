#!/usr/bin/env bash
# Proves that the include paths keep the layers apart: with a layer's own include path, each of its
# headers compiles by itself, and no header of a layer it does not declare is found.
set -euo pipefail

paths="$SS_BINARY_DIR/layers/paths"
flags=(-std=c17 -fsyntax-only -D_GNU_SOURCE=1 -D_FILE_OFFSET_BITS=64 -x c -)
checked=0
# shellcheck source=tests/house/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# compiles INCLUDE_PATH HEADER: prints the compiler's words, returns its exit code
compiles() {
    local dirs=() dir
    IFS=: read -ra dirs <<<"$1"
    local args=()
    for dir in "${dirs[@]}"; do
        args+=("-I$dir")
    done
    printf '#include "%s"\n' "$2" | LC_ALL=C "$SS_CC" "${args[@]}" "${flags[@]}" 2>&1
}

while IFS='|' read -r layer uses include_path; do
    for folder in "$SS_SOURCE_DIR"/src/*/; do
        other=$(basename "$folder")
        for header in "$folder"*.h; do
            [[ -e $header ]] || continue
            name="$other/$(basename "$header")"
            if [[ $other == "$layer" ]]; then
                checked=$((checked + 1))
                said=$(compiles "$include_path" "$name") || fail "$name does not stand alone: $said"
            elif [[ ,$uses, != *,$other,* ]]; then
                checked=$((checked + 1))
                if said=$(compiles "$include_path" "$name"); then
                    fail "layer $layer can include $name without declaring it"
                elif [[ $said != *"$name: No such file"* && $said != *"'$name' file not found"* ]]; then
                    fail "$name in $layer fails for another reason: $said"
                fi
            fi
        done
    done
done <"$paths"

# A path relative to the including file would go round the include path.
while IFS= read -r line; do
    fail "relative include: $line"
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]+"\.\.?/' \
    "$SS_SOURCE_DIR/src" "$SS_SOURCE_DIR/include" "$SS_SOURCE_DIR/tests/unit" "$SS_SOURCE_DIR/fuzz" || true)

# The command line stands on the public header.
if [[ -d $SS_SOURCE_DIR/src/cli ]]; then
    while IFS= read -r line; do
        fail "the command line includes a layer: $line"
    done < <(grep -rnE '#[[:space:]]*include[[:space:]]+"[a-z]+/' "$SS_SOURCE_DIR/src/cli" || true)
fi

printf '%d includes checked, %d failures\n' "$checked" "$failed"
[[ $checked -gt 0 && $failed -eq 0 ]]
