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
 *
 * A tree can also be cut into parts, neighbouring leaves below one branch each, which give in their
 * order what the whole tree gives. Each part is a cursor of its own, for any thread:
 *
 *   tree cursor   stack[n]   branch   │ 0 1 2 3 │ 4 5 6 │ 7 …       index: where the next part begins
 *   part          stack[n]   branch             │ 4 5 6 │           index … end, and nothing above
 */
#ifndef SS_PARSER_CURSOR_H
#define SS_PARSER_CURSOR_H

#include "parser/bucket.h"

#define SS_TREE_DEPTH_MAX 64u

struct ss_cursor_frame {
    struct ss_page_view page;
    uint32_t index;
    uint32_t end;      /* elements from here on are not entered: the page's count, but for a part */
    struct ss_span lo; /* ptr NULL: no bound */
    struct ss_span hi;
};

enum ss_cursor_at {
    SS_AT_NOWHERE,
    SS_AT_PART, /* at a part's branch, or its only leaf, before the first move */
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
    uint32_t floor;   /* of a part: frames below this one stay as they are */
    bool forward;     /* direction of the last move */
    bool reads_all;   /* every byte of every leaf is about to be read */
    uint64_t entered; /* pages since the last absolute move or turn */
    struct ss_cursor_frame stack[SS_TREE_DEPTH_MAX];
};

void ss_cursor_init(struct ss_cursor *c, const struct ss_file *file, const struct ss_tree *tree,
                    const char *path);

/*
 * Moves on to the next leaf that holds an element, the first one from nowhere. Not to be mixed with the
 * moves by element. Errors: as ss_cursor_next.
 */
enum ss_status ss_cursor_next_leaf(struct ss_cursor *c, struct ss_page_view *leaf,
                                   struct ss_error *err);

/*
 * Cuts off the next part: leaves of one branch, until they have some len_max bytes. `part` is then a
 * cursor that only ss_cursor_next_leaf moves. `c` is fresh from ss_cursor_init and makes no
 * other move; it enters branches only and peeks at the headers of leaves. SS_END: there is no further
 * part. Errors: what a broken branch gives; a broken leaf is its part's matter.
 */
enum ss_status ss_cursor_next_part(struct ss_cursor *c, uint64_t len_max, struct ss_cursor *part,
                                   struct ss_error *err);

/*
 * Adds the pages that a finished walk of one tree entered to `sum`, which is of several trees. In a sound
 * file no two trees have a page in common, so that they cannot enter more pages than it has; a file of
 * buckets that all name one tree would otherwise be walked as often as it has buckets. Errors: CYCLE.
 */
enum ss_status ss_tree_account(const struct ss_file *file, const struct ss_tree *tree,
                               const char *path, uint64_t entered, uint64_t *sum,
                               struct ss_error *err);

/* Whether a key passes a range; NULL passes all. */
bool ss_range_has(const struct ss_range *range, struct ss_span key);

/*
 * Finds `name` in the tree and decodes it as a bucket. SS_END: no such key, or not a bucket, in a tree that
 * was then read wholly: one that is damaged anywhere gives its error, for the bucket may have been lost with
 * that page. In the root bucket, which holds buckets only, a plain key of that name is damage, too.
 */
enum ss_status ss_tree_find_bucket(const struct ss_file *file, const struct ss_tree *parent,
                                   const char *parent_path, struct ss_span name,
                                   struct ss_tree *out, struct ss_error *err);

#endif
