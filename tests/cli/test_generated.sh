#!/usr/bin/env bash
# What scripts/generate.py makes is as it would be made now; the completions work.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

run python3 -B "$SS_SOURCE_DIR/scripts/generate.py" "$SNAPSCOPE" --check
expect_rc 0
expect_out_eq ''

# completes LINE WORD...: what bash offers for the last word of LINE, in its order
completes() {
    local line=$1
    shift
    run bash -c '
        source "$1"
        read -ra COMP_WORDS <<<"$2"
        [[ $2 == *" " ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        compopt() { :; }
        _snapscope
        printf "%s\n" "${COMPREPLY[@]}"' bash "$SS_SOURCE_DIR/completions/snapscope.bash" "$line"
    expect_rc 0
    expect_out_eq "$(printf '%s\n' "$@")"
}
cd "$scratch"
: >backup.db
completes 'snapscope le' leases
completes 'snapscope help ver' verify
completes 'snapscope leases --form' --format
completes 'snapscope leases -w ' text json ndjson csv
completes 'snapscope dump --unpacked-l' --unpacked-limit
completes 'snapscope verify back' backup.db
completes 'snapscope dump -o back' backup.db

if command -v zsh >/dev/null; then
    run zsh -n "$SS_SOURCE_DIR/completions/_snapscope"
    expect_rc 0
fi
if command -v fish >/dev/null; then
    run fish -c "source '$SS_SOURCE_DIR/completions/snapscope.fish'; complete -C 'snapscope leases --form'"
    expect_rc 0
    expect_out_has '--format'
fi
summary
