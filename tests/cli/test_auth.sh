#!/usr/bin/env bash
# snapscope auth
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cases.sh"
source "$(dirname "${BASH_SOURCE[0]}")/etcd.sh"

fixture etcd36-history
fixture etcd36-cluster
fixture etcd36-empty
db="$scratch/etcd36-history/snapshot.db"
cluster="$scratch/etcd36-cluster/snapshot.db"
damaged "$db"

common_cases "$db" auth
not_etcd auth
refused meta "$scratch/metas.db" "$metas_fault" auth
cut_short auth

run "$SNAPSCOPE" auth "$cluster"
expect_rc 0
expect_err_eq ''
sed 's/ *$//' "$out" >"$scratch/trimmed"
same_as 'roles and users' "$scratch/trimmed" 'enabled   yes
revision  16

ROLE           PERMISSION  KEY              RANGE-END
no-permission  -           -                -
operator       READWRITE   /registry/pods/  \x00
operator       WRITE       bin\x00\xff      -
reader         READ        /registry/       /registry0
reader         READ        a                -
root           -           -                -

USER              PASSWORD  ROLES
alice             set       operator,reader
böb               set
certificate-only  disabled
root              set       root'

run "$SNAPSCOPE" auth "$scratch/etcd36-empty/snapshot.db"
expect_rc 0
expect_out_eq 'enabled   no
revision  1

ROLE  PERMISSION  KEY  RANGE-END

USER  PASSWORD  ROLES'

# One list alone, and as lines.
run "$SNAPSCOPE" auth --only users "$cluster"
expect_rc 0
expect_out_lacks PERMISSION
run "$SNAPSCOPE" auth -w csv --only roles "$cluster"
expect_rc 0
expect_eq "$(tr -d '\r' <"$out")" 'name,value_name,permission,key,range_end
no-permission,,,,
operator,,READWRITE,/registry/pods/,\x00
operator,,WRITE,bin\x00\xff,
reader,,READ,/registry/,/registry0
reader,,READ,a,
root,,,,'
run "$SNAPSCOPE" auth -w ndjson --only users "$cluster"
expect_rc 0
expect_eq "$(head -n 1 "$out")" '{"name":"alice","password":"set","roles":["operator","reader"]}'
run "$SNAPSCOPE" auth --json --only users "$cluster"
expect_schema auth
expect_eq "$(jq -c '[has("roles"), (.users | length)]' "$out")" '[false,4]'
usage_fault 'csv has one kind of row: add --only roles or --only users' auth -w csv "$cluster"

run "$SNAPSCOPE" auth --json "$cluster"
expect_rc 0
expect_schema auth
expect_eq "$(jq -c '[.enabled, .revision, .roles[1:3], .users[0].roles]' "$out")" \
    '[true,16,[{"name":"operator","permission":"READWRITE","key":"/registry/pods/","range_end_base64":"AA=="},{"name":"operator","permission":"WRITE","key_base64":"YmluAP8="}],["operator","reader"]]'

# Hashes come with --secrets and not without, in neither form.
for mode in '' --json; do
    # shellcheck disable=SC2086 # an empty mode is no argument
    run "$SNAPSCOPE" auth $mode "$cluster"
    expect_out_lacks "\$2a\$"
    # shellcheck disable=SC2086
    run "$SNAPSCOPE" auth $mode --secrets "$cluster"
    expect_rc 0
    expect_eq "$(grep -o "\$2a\$04\$[./A-Za-z0-9]\{53\}" "$out" | wc -l)" 3 'hashes'
done
expect_schema auth

# A role whose name says that it is longer than the value: the others are shown.
copy_of "$cluster" broken.db
at=$(place_of "$cluster" authRoles reader value)
poke "$scratch/broken.db" "$((at + 1))" 7f
fault="field 1 has 127 bytes, but only 37 are left (offset $(printf '0x%x' "$((at + 1))"), page 3, bucket authRoles)"
run "$SNAPSCOPE" auth "$scratch/broken.db"
expect_rc 3
expect_err_eq "snapscope: $scratch/broken.db: $fault"
run "$SNAPSCOPE" auth --json "$scratch/broken.db"
expect_rc 3
expect_schema auth
expect_eq "$(jq -c '[(.roles | length), (.users | length), .complete, .fault_count]' "$out")" \
    '[4,4,false,1]'

usage_fault '--secrets takes no value' auth --secrets=yes "$db"
usage_fault "'x' is one argument too many" auth "$db" x

for name in "${etcd_fixtures[@]}"; do
    fixture "$name"
    run "$SNAPSCOPE" auth --json "$scratch/$name"/*.db
    expect_rc 0
    expect_schema auth
    for kind in users roles; do
        expect_eq "$(answer "$kind" "$SS_SOURCE_DIR/testdata/$name/oracle/$kind.json")" \
            "$(answer "$kind" "$out")" "$kind of $name"
    done
done
summary
