/*
 * leaves.h - the leaves of one tree, read by several threads, what they give handed over in order.
 *
 *   tree       │ part 0 │ part 1 │ part 2 │ part 3 │ …         some leaves each (cursor.h)
 *   threads        A        B        A        B                on_leaf, leaf by leaf, into a slot
 *   caller            part 0   part 1   part 2  …              on_part: slot by slot, in order
 *
 * The caller is one of the threads: it works on parts as the others do, and takes each one when its
 * turn has come. Others are started when there is more to do than a few parts; without them, because
 * one thread was asked for or the system gives no more, the same is done one after the other.
 *
 * Guarantees: what on_part sees does not depend on the number of threads, nor does the error: it is
 * that of the first part, in the tree's order, which failed, and behind it no part is handed over.
 * Memory: 2 slots a thread; a slot holds what the client makes of SS_PART_LEN bytes and one leaf.
 */
#ifndef SS_PARSER_LEAVES_H
#define SS_PARSER_LEAVES_H

#include "parser/cursor.h"

#define SS_LEAVES_THREADS_MAX 16u

/* A part ends once its leaves are so long: enough to be worth a hand-over, little to be kept. */
#define SS_PART_LEN (UINT64_C(1) << 20)

struct ss_leaves_ops {
    size_t slot_len; /* a slot begins as zeroes, and is used for one part after the other */

    /*
     * Takes one leaf, which has elements. Called by several threads at once, each with a slot of its
     * own; ctx is not to be written. SS_END: this leaf was the last that counts. An error ends the part.
     */
    enum ss_status (*on_leaf)(void *ctx, void *slot, const struct ss_page_view *leaf,
                              struct ss_error *err);

    /*
     * Takes a part's slot and clears it for the next one. On the caller's thread, in order; also for a
     * part that failed, with what stood before the failure. An error ends the walk.
     */
    enum ss_status (*on_part)(void *ctx, void *slot, struct ss_error *err);

    /* Releases what a slot holds. */
    void (*slot_fini)(void *slot);
};

/*
 * Walks a tree; `path` is for errors. `call` (may be NULL): progress counts pages, each time a part was taken.
 * entered (may be NULL) gets the pages that a walk to the end entered, for ss_tree_account. Errors: NOMEM,
 * CANCELLED, what a broken tree gives, and those of the callbacks.
 */
enum ss_status ss_leaves_run(const struct ss_file *file, const struct ss_tree *tree,
                             const char *path, const struct ss_leaves_ops *ops, void *ctx,
                             const struct ss_call *call, uint64_t *entered, struct ss_error *err);

#endif
