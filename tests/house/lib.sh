# What the scripts of this folder share; to be sourced. `work` is set before quiet is called.
failed=0

fail() {
    printf 'FAIL: %s\n' "$1" >&2
    failed=$((failed + 1))
}

# quiet NAME COMMAND...: shows its log only when it fails
quiet() {
    # shellcheck disable=SC2154 # the script's own
    if ! "${@:2}" >"$work/$1.log" 2>&1; then
        cat "$work/$1.log" >&2
        fail "$1"
        return 1
    fi
}
