/*
 * cursor.h - the tree cursor: an explicit stack of gated pages from the root to a leaf.
 *
 *   stack[0]  root     index ─┐  bounds: the keys that the parents promise
 *   stack[1]  branch   index ─┤  lo <= every key < hi
 *   stack[n]  leaf     index ─┘
 *
 * A page is entered only when its keys ascend strictly and lie inside the bounds, so that a binary
 * search may be trusted. A walk cannot loop: a page may not stand twice on the stack, the stack is at
 * most SS_TREE_DEPTH_MAX deep, and the pages entered in one direction, overflow runs included, may
 * not outnumber the file's. Only empty leaves could be met twice within disjoint bounds, and only
 * runs that overlap could give more bytes than the file has.
 */
#ifndef SS_PARSER_CURSOR_H
#define SS_PARSER_CURSOR_H

#include "parser/bucket.h"

#define SS_TREE_DEPTH_MAX 64u

struct ss_cursor_frame {
    struct ss_page_view page;
    uint32_t index;
    struct ss_span lo; /* ptr NULL: no bound */
    struct ss_span hi;
};

enum ss_cursor_at {
    SS_AT_NOWHERE,
    SS_AT_BEFORE,
    SS_AT_ENTRY,
    SS_AT_AFTER
};

/* Embedded use: ss_cursor_init and then the public moves; nothing to release. */
struct ss_cursor {
    const struct ss_file *file;
    struct ss_tree tree;
    const char *path; /* for errors; borrowed */
    enum ss_cursor_at at;
    uint32_t depth;   /* frames in use */
    bool forward;     /* direction of the last move */
    uint64_t entered; /* pages since the last absolute move or turn */
    struct ss_cursor_frame stack[SS_TREE_DEPTH_MAX];
};

void ss_cursor_init(struct ss_cursor *c, const struct ss_file *file, const struct ss_tree *tree,
                    const char *path);

/* Finds `name` in the tree and decodes it as a bucket. SS_END: no such key, or not a bucket. */
enum ss_status ss_tree_find_bucket(const struct ss_file *file, const struct ss_tree *parent,
                                   const char *parent_path, struct ss_span name,
                                   struct ss_tree *out, struct ss_error *err);

#endif
