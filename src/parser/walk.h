/*
 * walk.h - one pass over every tree of a file, in which no fault stops the rest.
 *
 *   root bucket ── tree ── leaf ── bucket element ─┐   buckets are walked one after the other,
 *        ┌────────────────────────────────────────┘   parents before children, in key order
 *        └► bucket ── tree ── …
 *
 * Where the cursor refuses (a strict reader), the walk reports and goes on: a page that fails the
 * gate is not entered, its siblings are. Each page is claimed on a bitmap before it is looked at, so
 * a page that is named twice is a fault and not a loop; memory is a bit a page and a node a bucket.
 */
#ifndef SS_PARSER_WALK_H
#define SS_PARSER_WALK_H

#include "parser/cursor.h"
#include "util/bitmap.h"

/* Buckets within buckets; real files have two or three levels. */
#define SS_BUCKET_LEVEL_MAX 128u

/* A bucket that was met. Node 0 is the root bucket. */
struct ss_walk_bucket {
    struct ss_tree tree;
    struct ss_span name;   /* empty for the root bucket */
    uint32_t parent;       /* node; the root's is 0 */
    uint32_t level;        /* 0: the root bucket */
    uint32_t next_pending; /* the walk's own */
};

/* A page that passed the gate, where it was met. */
struct ss_walk_page {
    const struct ss_page_view *view;
    uint32_t node;         /* bucket */
    uint32_t depth;        /* 1: the tree's root */
    struct ss_span lo, hi; /* bounds that the parents promise; ptr NULL: none */
};

struct ss_walk;

/* All may be NULL. A bool callback returns false to end the walk. */
struct ss_walk_ops {
    bool (*on_bucket)(void *ctx, struct ss_walk *walk, uint32_t node);
    bool (*on_page)(void *ctx, struct ss_walk *walk, const struct ss_walk_page *page);
    bool (*on_bucket_end)(void *ctx, struct ss_walk *walk, uint32_t node);
    /* err has code, offset, page and bucket; element: its number, or UINT32_MAX */
    void (*on_fault)(void *ctx, struct ss_walk *walk, uint32_t node, uint32_t element,
                     const struct ss_error *err);
    /*
     * Whether the page that this reference names is known already for a leaf without a fault and without
     * buckets: then it is claimed, and on_known stands for its on_page. *run_count: pages of its run.
     */
    bool (*is_known)(void *ctx, uint64_t pgid, uint64_t ref_off, uint64_t *run_count);
    void (*on_known)(void *ctx, struct ss_walk *walk, uint64_t pgid, uint32_t node, uint32_t depth);
    const struct ss_call *call; /* its progress: pages */
};

struct ss_walk_frame {
    struct ss_page_view page;
    uint32_t index;
    struct ss_span lo, hi;
};

struct ss_walk {
    const struct ss_file *file;
    const struct ss_walk_ops *ops;
    void *ctx;
    struct ss_bitmap
        claimed; /* pages that a tree names, sound or not, and their runs; page_count bits */
    uint64_t claimed_count;
    struct ss_walk_bucket *buckets;
    uint32_t bucket_count;
    size_t bucket_cap;
    uint32_t pending; /* top of the stack of buckets still to be walked, UINT32_MAX: empty */
    uint64_t fault_count;
    const char *base; /* path of the bucket that the walk began with, "" for the root bucket */
    bool stopped;
    struct ss_span fault_lo, fault_hi; /* during on_fault: bounds of the keys that it is about */
    bool at_plain_key; /* during on_fault: it is an element of the root bucket that is no bucket */
    uint32_t depth;
    struct ss_walk_frame stack[SS_TREE_DEPTH_MAX];
};

/*
 * Walks all trees of a readable file. SS_OK also when faults were met (walk->fault_count) or a
 * callback stopped it. `walk` is large: the caller allocates it; ss_walk_fini releases what it holds.
 * Errors: NOMEM, LIMIT (2^32 - 2 buckets), IO, CANCELLED; or the file's own when it is not readable.
 */
enum ss_status ss_walk_run(struct ss_walk *walk, const struct ss_file *file,
                           const struct ss_walk_ops *ops, void *ctx, struct ss_error *err);
void ss_walk_fini(struct ss_walk *walk);

/* The same of one bucket, which becomes node 0, and all below it. `base` is its path, and outlives the walk. */
enum ss_status ss_walk_run_at(struct ss_walk *walk, const struct ss_file *file,
                              const struct ss_tree *tree, const char *base,
                              const struct ss_walk_ops *ops, void *ctx, struct ss_error *err);

/*
 * The bounds for child i of a branch: its own key, and the next one's. Keys that are out of order are faults of
 * the branch; the child then gets the branch's own bounds [from, to), so that one bad key does not make every
 * key below it look wrong. False: it got one of those.
 */
bool ss_walk_child_bounds(const struct ss_page_view *branch, uint32_t i, struct ss_span from,
                          struct ss_span to, struct ss_span *lo, struct ss_span *hi);

/* Writes the bucket's path, "" for the root bucket. */
void ss_walk_path(const struct ss_walk *walk, uint32_t node, char path[SS_PATH_TEXT_CAP]);

#endif
