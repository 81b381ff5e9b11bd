# Which fixtures there are, by what their provenance says. Sourced behind lib.sh.

# etcd_fixtures: prints the name of each fixture that an etcd made and that is no twin
etcd_fixtures() {
    provenances 'select(.etcd and (.twin_of | not)) | .name'
}

# sound_fixtures: all that are no twins, etcd's and plain bbolt files
sound_fixtures() {
    provenances 'select(.twin_of | not) | .name'
}

# twins: lines of NAME and its original
twins() {
    provenances 'select(.twin_of) | "\(.name) \(.twin_of)"'
}

provenances() { # JQ FILTER
    find "$SS_SOURCE_DIR/testdata" -name provenance.json -print0 | sort -z | xargs -0 jq -r "$1"
}

# unpacked NAME: where `fixture NAME` put the file
unpacked() {
    printf '%s\n' "$scratch/$1/$(jq -r .file "$SS_SOURCE_DIR/testdata/$1/provenance.json" | sed 's/\.zst$//')"
}

# drop NAME: removes an unpacked fixture again, and watches it no more
drop() {
    local file
    file=$(unpacked "$1")
    unset "watched[$file]"
    rm -f "$file"
}
