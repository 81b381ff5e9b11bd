#!/usr/bin/env bash
# Files that were taken for what they are not, most by one changed field: each answer once was wrong.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

fixture field
in="$scratch/field"

# answers NAME CODE RESTORABLE WHY RELEASES: what info says, and on which releases the file starts
answers() {
    run "$SNAPSCOPE" info --json "$in/$1.db"
    expect_rc "$2"
    expect_schema info
    expect_eq "$(jq -r '.answer | [.restorable, .why] | join(" ")' "$out")" "$3 $4"
    run "$SNAPSCOPE" info "$in/$1.db"
    expect_rc "$2"
    expect_eq "$(grep -A1 '^answer' "$out" | tr -s ' \n' ' ' | grep -c "with $5")" 1 "the releases of $1"
}

# verdict NAME CODE VERDICT ID…: the verdict, and each finding that is an error
verdict() {
    local name=$1 code=$2 said=$3
    shift 3
    run "$SNAPSCOPE" verify --json "$in/$name.db"
    expect_rc "$code"
    expect_schema verify
    expect_eq "$(jq -r '[.verdict, (.findings[] | select(.severity == "error") | .id)] | join(" ")' "$out")" \
        "$(echo "$said" "$@")"
}

# etcd 3.7 refuses roles that are not UTF-8; 3.6 wrote this file itself.
verdict role-not-utf8 0 sound
answers role-not-utf8 0 yes restorable 'etcd 3.4, 3.5 and 3.6'
# Go takes names of JSON members in any letter case: 3.5 sees the downgrade.
verdict downgrade-other-case 0 sound
answers downgrade-other-case 0 yes restorable 'etcd 3.4, 3.6 and 3.7'
# A NUL in a member's name, as a real etcd 3.6 has it.
verdict member-name-nul 0 sound
answers member-name-nul 0 yes restorable 'etcd 3.4, 3.5, 3.6 and 3.7'
run "$SNAPSCOPE" members --json "$in/member-name-nul.db"
expect_rc 0
# clusterVersion 2.x: 3.6 and 3.7 answer "not capable" for ever.
verdict cluster-version-2 0 sound
answers cluster-version-2 0 yes restorable 'etcd 3.4 and 3.5'
# A live record below the mark is gone without a trace: what cannot be known (docs/checks.md).
verdict live-record-below-mark-lost 0 sound
# Numbers at their end.
verdict txid-max 1 damaged META-011
answers txid-max 1 no no-release 'any etcd'
verdict revision-max 1 damaged REV-006
answers revision-max 1 no no-release 'any etcd'
# A put and a tombstone of one revision.
verdict revision-put-and-deleted 1 damaged REV-005

summary
