/*
 * ahead.c - see ahead.h.
 */
#include "verify/ahead.h"

#include "verify/structure.h"

#include <stdlib.h>

#define WALKED 1u

/* Pages that lead to the one that is looked at, through buckets within buckets; deeper ones are left to the walk. */
#define STACK_MAX 64u

/* A page where a reference leads. */
struct place {
    uint64_t pgid, ref_off;
    struct ss_span lo, hi;
    bool own;       /* both bounds are keys of the branch that names it */
    unsigned level; /* of its bucket; 0: the root bucket */
};

/* A branch, or a leaf with buckets, of which elements are still to be followed, the last one first. */
struct frame {
    struct ss_page_view page;
    struct ss_span lo, hi;
    uint32_t left;
    unsigned level;
};

struct looking {
    struct ss_ahead *ahead;
    uint64_t budget; /* pages to look at: damaged trees may name one page for ever */
    uint32_t depth;
    struct frame stack[STACK_MAX];
};

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

/* False: the walk was met, or it is over. */
static bool look(struct looking *l, const struct place *at)
{
    const struct ss_geometry *geo = &l->ahead->file->geo;
    struct ss_page_view page;
    struct ss_error err;

    if (l->budget == 0 || ss_task_is_cancelled(&l->ahead->task)) {
        return false;
    }
    l->budget--;
    if (ss_page_gate(geo, at->pgid, at->ref_off, &page, &err) != SS_OK) {
        return true;
    }
    if (page.type == SS_PAGE_LEAF && !page.has_bucket) {
        return judge(l->ahead, &page, at);
    }
    if ((page.type == SS_PAGE_LEAF || page.type == SS_PAGE_BRANCH) && l->depth < STACK_MAX) {
        l->stack[l->depth++] = (struct frame){
            .page = page, .lo = at->lo, .hi = at->hi, .left = page.count, .level = at->level};
    }
    return true;
}

static bool look_at_child(struct looking *l, const struct frame *branch, uint32_t i)
{
    struct place child = {.pgid = ss_branch_child(&branch->page, i),
                          .ref_off = ss_element_off(&branch->page, i) + 8,
                          .level = branch->level};

    child.own =
        ss_walk_child_bounds(&branch->page, i, branch->lo, branch->hi, &child.lo, &child.hi);
    return look(l, &child);
}

static bool look_at_bucket(struct looking *l, const struct frame *leaf, uint32_t i)
{
    struct ss_tree tree;
    struct ss_error err;

    if (!ss_leaf_is_bucket(&leaf->page, i) ||
        ss_tree_decode(&l->ahead->file->geo, ss_leaf_value(&leaf->page, i), leaf->page.pgid, &tree,
                       &err) != SS_OK ||
        tree.inline_page.ptr != NULL) {
        return true;
    }
    return look(
        l, &(struct place){.pgid = tree.root, .ref_off = tree.ref_off, .level = leaf->level + 1});
}

static void run(void *ctx)
{
    struct ss_ahead *ahead = ctx;
    struct looking l = {.ahead = ahead, .budget = ahead->file->geo.page_count};
    struct ss_tree root = ss_tree_root(ahead->file);
    bool going = root.inline_page.ptr == NULL &&
                 look(&l, &(struct place){.pgid = root.root, .ref_off = root.ref_off});

    while (going && l.depth > 0) {
        struct frame *top = &l.stack[l.depth - 1];

        if (top->left == 0) {
            l.depth--;
            continue;
        }
        top->left--;
        going = top->page.type == SS_PAGE_BRANCH ? look_at_child(&l, top, top->left)
                                                 : look_at_bucket(&l, top, top->left);
    }
}

enum ss_status ss_ahead_start(struct ss_ahead *ahead, const struct ss_file *file,
                              struct ss_error *err)
{
    uint64_t count = file->geo.page_count;

    *ahead = (struct ss_ahead){.file = file};
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
    ss_task_wait(&ahead->task, NULL);
    free(ahead->leaves);
    ahead->leaves = NULL;
}
