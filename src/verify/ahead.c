/*
 * ahead.c - see ahead.h.
 */
#include "verify/ahead.h"

#include "verify/structure.h"

#include <stdlib.h>

#define WALKED 1u

/* Buckets within buckets that are followed; deeper ones are left to the walk. */
#define LEVEL_MAX 4u

struct place {
    uint64_t pgid, ref_off;
    struct ss_span lo, hi;
    bool own; /* both bounds are keys of the branch that names it */
    unsigned depth, level;
};

static bool look(struct ss_ahead *a, const struct place *at);

/* From the last child to the first. False: the walk was met, or it is over. */
static bool look_below(struct ss_ahead *a, const struct ss_page_view *branch,
                       const struct place *at)
{
    for (uint32_t i = branch->count; i-- > 0;) {
        struct place child = {.pgid = ss_branch_child(branch, i),
                              .ref_off = ss_element_off(branch, i) + 8,
                              .depth = at->depth + 1,
                              .level = at->level};

        child.own = ss_walk_child_bounds(branch, i, at->lo, at->hi, &child.lo, &child.hi);
        if (!look(a, &child)) {
            return false;
        }
    }
    return true;
}

static bool look_at_buckets(struct ss_ahead *a, const struct ss_page_view *leaf,
                            const struct place *at)
{
    for (uint32_t i = leaf->count; at->level < LEVEL_MAX && i-- > 0;) {
        struct ss_tree tree;
        struct ss_error err;

        if (!ss_leaf_is_bucket(leaf, i) ||
            ss_tree_decode(&a->file->geo, ss_leaf_value(leaf, i), leaf->pgid, &tree, &err) !=
                SS_OK ||
            tree.inline_page.ptr != NULL) {
            continue;
        }
        if (!look(a, &(struct place){.pgid = tree.root,
                                     .ref_off = tree.ref_off,
                                     .depth = 1,
                                     .level = at->level + 1})) {
            return false;
        }
    }
    return true;
}

/* Notes a leaf with which nothing is wrong. False: the walk was here before. */
static bool judge(struct ss_ahead *a, const struct ss_page_view *leaf, const struct place *at)
{
    struct ss_ahead_leaf *note = &a->leaves[leaf->pgid];
    uint64_t none = 0;
    struct ss_error err;
    uint32_t i = 0;

    none = atomic_load(&note->ref_off);
    if (none != 0) {
        return none != WALKED;
    }
    /* Leaves of the root bucket itself may hold what only the walk can name. */
    if (!at->own || at->level == 0 || leaf->count == 0 ||
        ss_page_order_next(leaf, at->lo, at->hi, &i, &err) != SS_OK ||
        !ss_layout_holds(&a->file->geo, leaf)) {
        return true;
    }
    note->run_count = leaf->run_count;
    return atomic_compare_exchange_strong(&note->ref_off, &none, at->ref_off) || none != WALKED;
}

static bool look(struct ss_ahead *a, const struct place *at)
{
    struct ss_page_view page;
    struct ss_error err;

    if (ss_task_is_cancelled(&a->task) || a->budget == 0) {
        return false;
    }
    a->budget--;
    if (at->depth > SS_TREE_DEPTH_MAX ||
        ss_page_gate(&a->file->geo, at->pgid, at->ref_off, &page, &err) != SS_OK) {
        return true;
    }
    if (page.type == SS_PAGE_BRANCH) {
        return look_below(a, &page, at);
    }
    if (page.type != SS_PAGE_LEAF) {
        return true;
    }
    return page.has_bucket ? look_at_buckets(a, &page, at) : judge(a, &page, at);
}

static void run(void *ctx)
{
    struct ss_ahead *a = ctx;
    struct ss_tree root = ss_tree_root(a->file);

    if (root.inline_page.ptr == NULL) {
        look(a, &(struct place){.pgid = root.root, .ref_off = root.ref_off, .depth = 1});
    }
}

enum ss_status ss_ahead_start(struct ss_ahead *ahead, const struct ss_file *file,
                              struct ss_error *err)
{
    uint64_t count = file->geo.page_count;

    *ahead = (struct ss_ahead){.file = file, .budget = count};
    ahead->leaves = calloc((size_t)count, sizeof(*ahead->leaves));
    if (ahead->leaves == NULL) {
        return ss_nomem(err, count * sizeof(*ahead->leaves));
    }
    ss_task_start(&ahead->task, NULL, run, ahead);
    return SS_OK;
}

bool ss_ahead_take(struct ss_ahead *ahead, uint64_t pgid, uint64_t ref_off, uint64_t *run_count)
{
    struct ss_ahead_leaf *note;

    if (ahead->leaves == NULL || pgid >= ahead->file->geo.page_count) {
        return false;
    }
    note = &ahead->leaves[pgid];
    if (atomic_exchange(&note->ref_off, WALKED) != ref_off) {
        return false;
    }
    *run_count = note->run_count;
    return true;
}

void ss_ahead_end(struct ss_ahead *ahead)
{
    ss_task_cancel(&ahead->task);
    ss_task_wait(&ahead->task, NULL, NULL);
    free(ahead->leaves);
    ahead->leaves = NULL;
}
