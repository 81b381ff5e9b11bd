"""What is said of the files of files.py."""

# verdict, errors, warnings, ids of the three findings that are listed first
VERDICTS = {
    "buckets-share-children": ("damaged", 590, 1, ["PAGE-010"]),
    "buckets-share-a-tree": ("damaged", 39999, 1, ["PAGE-010"]),
    "branches-share-an-empty-leaf": ("damaged", 149999, 2, ["PAGE-009", "PAGE-010"]),
    "branches-in-a-chain": ("damaged", 1, 1, ["MEMBER-005", "TREE-004"]),
    "buckets-in-buckets": ("damaged", 1, 1, ["ETCD-003", "MEMBER-005", "TREE-004"]),
    "inline-in-inline": ("damaged", 1, 1, ["ETCD-003", "MEMBER-005", "TREE-004"]),
    "runs-overlap": ("damaged", 1999, 1, ["PAGE-010"]),
    "tree-is-its-own-child": ("damaged", 148, 1, ["PAGE-010"]),
    "pages-promised": ("damaged", 1, 1, ["FILE-003", "MEMBER-005"]),
    "pages-promised-at-the-edge": ("damaged", 1, 1, ["FILE-003", "MEMBER-005"]),
    "pages-promised-past-the-edge": ("damaged", 1, 1, ["FILE-003", "MEMBER-005"]),
    "pages-promised-large": ("damaged", 2, 0, ["FILE-003", "PAGE-002"]),
    "leaf-count-most": ("damaged", 1, 1, ["MEMBER-005", "PAGE-008"]),
    "branch-count-most": ("damaged", 1, 1, ["MEMBER-005", "PAGE-008"]),
    "freelist-count-most": ("damaged", 1, 1, ["FREE-001", "MEMBER-005"]),
    "freelist-count-wraps": ("damaged", 1, 1, ["FREE-001", "MEMBER-005"]),
    "overflow-most": ("damaged", 2, 1, ["FILE-003", "MEMBER-005", "PAGE-003"]),
    "element-sizes-most": ("damaged", 1, 1, ["ELEM-002", "MEMBER-005"]),
    "elements-share-data": ("damaged", 1, 1, ["ELEM-003", "MEMBER-005"]),
    "inline-buckets-share-data": ("damaged", 1, 1, ["ELEM-003", "ETCD-003", "MEMBER-005"]),
    "freelist-says-one-page": ("damaged", 199999, 1, ["FREE-003"]),
    "freelist-counts-down": ("damaged", 200000, 1, ["FREE-002"]),
    "records-broken": ("damaged", 100000, 1, ["REC-001"]),
    "records-in-strange-order": ("damaged", 200000, 1, ["REC-004", "REV-003"]),
    "records-all-of-one-key": ("sound", 0, 1, ["MEMBER-005"]),
    "revisions-below-one": ("sound", 0, 1, ["MEMBER-005"]),
    "keys-begin-alike": ("sound", 0, 1, ["MEMBER-005"]),
    "keys-of-many-folders": ("sound", 0, 1, ["MEMBER-005"]),
    "tombstone-storm": ("damaged", 100000, 1, ["REC-007"]),
    "leases-everywhere": ("sound", 0, 50001, ["LEASE-004", "MEMBER-005"]),
    "members-alike": ("sound", 0, 167979, ["MEMBER-006"]),
    "members-broken": ("damaged", 50000, 0, ["MEMBER-002"]),
    "members-nested": ("damaged", 2, 1, ["CINDEX-001", "CONF-001", "MEMBER-002"]),
    "members-wide": ("damaged", 2, 0, ["MEMBER-002"]),
    "conf-state-wide": ("sound", 0, 1, ["CINDEX-001"]),
    "groups-nested": ("damaged", 5, 1, ["ALARM-001", "AUTH-002", "AUTH-003"]),
    "roles-everywhere": ("sound", 0, 400001, ["AUTH-004"]),
    "alarms-everywhere": ("sound", 0, 50001, ["ALARM-002"]),
    "buckets-many": ("sound", 0, 1, ["ETCD-003", "MEMBER-005"]),
    "meta-many": ("sound", 0, 2, ["CINDEX-001", "MEMBER-005"]),
    "names-evil": ("damaged", 9, 2, ["ALARM-001", "ALARM-002", "ETCD-003"]),
    "names-evil-and-broken": ("damaged", 10, 0, ["ETCD-003", "PAGE-001", "PAGE-008"]),
    "key-unordered-evil": ("damaged", 4, 1, ["TREE-001", "TREE-002"]),
}

DEEP = "buckets are nested deeper than 128 levels"
COUNT = "page has more elements than its 4096 bytes can hold: 65535, due at most 255 (offset 0x200a, page 2, bucket key)"
BEHIND = "page 2 lies behind the end of the file, which is truncated: it has 2 of 9223372036854775808 pages"

# what a command ends with that cannot give its whole answer
WORDS = {
    "buckets-share-children": {
        "dump --all-buckets": "page is referenced more than once (offset 0x33f0, page 2, bucket more/00000000/",
        "convert --skip-hash-check --rebuild -o -": "refused: 590 errors in structure or records"},
    "buckets-share-a-tree": {
        "status": "trees share pages: walks entered more of them than the file's 3446 (offset 0xbdb6ed, page 3032, "
                  "bucket b00000001)",
        "dump --all-buckets": "page is referenced more than once (offset 0xbdb6ed, page 3032, bucket b00000001)"},
    "branches-share-an-empty-leaf": {
        "dump": "walk entered more pages than the file's 907 (offset 0x6798, page 2, bucket key)"},
    "branches-in-a-chain": {"dump": "tree is deeper than 64 levels (offset 0x134b018, page 4938, bucket key)"},
    "buckets-in-buckets": {"dump --all-buckets": DEEP},
    "inline-in-inline": {"dump --all-buckets": DEEP},
    "runs-overlap": {"dump": "walk entered more pages than the file's 2022 (offset 0x7d2000, page 2002, bucket key)"},
    "groups-nested": {"dump": "groups nest more than 16 deep (offset 0x2041, page 2, bucket key)",
                      "leases": "groups nest more than 16 deep (offset 0xf8038, page 248, bucket lease)"},
    "tree-is-its-own-child": {"dump": "page 2 is reached again below itself (offset 0x2018, page 2, bucket key)"},
    "pages-promised-large": {"status": BEHIND, "info": BEHIND},
    "leaf-count-most": {"dump": COUNT},
    "branch-count-most": {"dump": COUNT},
    "overflow-most": {"hashkv": "overflow run passes the end of the file, which is truncated: 4294967295, due below 4"},
    "element-sizes-most": {
        "dump": "data of element 0 begin outside the page's data area: 4294967311, due in [48, 4096] (offset 0x2014, "},
    "elements-share-data": {
        "dump": "data of elements 0 to 1 are longer together than their page: 4137161, due at most 2071024"},
    "inline-buckets-share-data": {
        "status": "data of elements 0 to 1 are longer together than their page: 1980056, due at most 990448"},
    "records-broken": {"dump": "field 1 has 127 bytes, but only 2 are left (offset 0x2702, page 2, bucket key)"},
    "members-broken": {"convert --skip-hash-check -o -": "refused: 50000 errors in structure or records"},
}
