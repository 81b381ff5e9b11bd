/*
 * bucket.h - a bucket's header, as it stands in a leaf element's value or in the meta.
 *
 *   0          8              16
 *   ┌──────────┬──────────────┬──────────────────────────────┐
 *   │ root u64 │ sequence u64 │ an inline leaf page, root = 0 │
 *   └──────────┴──────────────┴──────────────────────────────┘
 */
#ifndef SS_PARSER_BUCKET_H
#define SS_PARSER_BUCKET_H

#include "parser/db.h"
#include "parser/page.h"

#define SS_BUCKET_HEADER_LEN 16u

/* Where a tree starts. */
struct ss_tree {
    uint64_t root; /* page id; 0: inline */
    uint64_t sequence;
    struct ss_span inline_page; /* of an inline bucket: the bytes behind the header */
    uint64_t ref_off;           /* where the root's id stands: in a leaf's value, or in the meta */
    uint64_t host;              /* page whose element this is; SS_NONE for the root bucket */
};

/* Room for a bucket's path as text. Longer ones, which no real file has, are cut. */
#define SS_PATH_TEXT_CAP 1024u

struct ss_bucket {
    const struct ss_file *file;
    struct ss_tree tree;
    char path[SS_PATH_TEXT_CAP]; /* escaped, "/"-joined */
};

/* The root bucket, from the meta in force. */
struct ss_tree ss_tree_root(const struct ss_file *file);

/* Decodes a bucket element's value. Errors: BUCKET, PAGE_COUNT, ELEM_* of an inline page. */
enum ss_status ss_tree_decode(const struct ss_geometry *geo, struct ss_span value, uint64_t host,
                              struct ss_tree *out, struct ss_error *err);

/* Adds "/name", escaped, to a path. False when it was cut for want of room. */
bool ss_bucket_path_append(char path[SS_PATH_TEXT_CAP], struct ss_span name);

#endif
