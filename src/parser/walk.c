/*
 * walk.c - see walk.h.
 */
#include "parser/walk.h"

#include "util/array.h"
#include "util/call.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define NO_NODE UINT32_MAX
#define NO_ELEMENT UINT32_MAX

void ss_walk_path(const struct ss_walk *walk, uint32_t node, char path[SS_PATH_TEXT_CAP])
{
    uint32_t chain[SS_BUCKET_LEVEL_MAX];
    uint32_t n = 0;

    snprintf(path, SS_PATH_TEXT_CAP, "%s", walk->base);
    for (; node != 0 && n < SS_BUCKET_LEVEL_MAX; node = walk->buckets[node].parent) {
        chain[n++] = node;
    }
    while (n > 0) {
        if (!ss_bucket_path_append(path, walk->buckets[chain[--n]].name)) {
            return;
        }
    }
}

static void fault(struct ss_walk *walk, uint32_t node, uint32_t element, struct ss_error *err)
{
    char path[SS_PATH_TEXT_CAP];

    walk->fault_count++;
    if (walk->ops->on_fault == NULL || ss_source_failed(&walk->file->src)) {
        return;
    }
    ss_walk_path(walk, node, path);
    ss_error_in_bucket(err, path, SS_CORRUPT);
    walk->ops->on_fault(walk->ctx, walk, node, element, err);
}

/* Adds a bucket to the nodes; the caller links it into the pending stack. */
static enum ss_status add_bucket(struct ss_walk *walk, const struct ss_tree *tree,
                                 struct ss_span name, uint32_t parent, uint32_t *node,
                                 struct ss_error *err)
{
    uint32_t level = walk->bucket_count == 0 ? 0 : walk->buckets[parent].level + 1;

    if (walk->bucket_count == UINT32_MAX / 2) {
        return ss_system(err, SS_E_LIMIT, 0, "file has more than %" PRIu32 " buckets",
                         walk->bucket_count);
    }
    if (!ss_array_room(walk->buckets, walk->bucket_count, walk->bucket_cap, 1)) {
        return ss_nomem(err, (uint64_t)walk->bucket_count * 2 * sizeof(*walk->buckets));
    }
    *node = walk->bucket_count++;
    walk->buckets[*node] = (struct ss_walk_bucket){
        .tree = *tree, .name = name, .parent = parent, .level = level, .next_pending = NO_NODE};
    return SS_OK;
}

/* Meets the bucket elements of a leaf, in order, appending them behind *tail of this tree's list. */
static enum ss_status meet_buckets(struct ss_walk *walk, uint32_t node,
                                   const struct ss_page_view *page, uint32_t *head, uint32_t *tail,
                                   struct ss_error *err)
{
    uint32_t i;

    for (i = 0; i < page->count; i++) {
        struct ss_tree tree;
        uint32_t child;
        enum ss_status status;

        if (!ss_leaf_is_bucket(page, i)) {
            continue;
        }
        walk->fault_lo = walk->fault_hi = ss_leaf_key(page, i);
        if (walk->buckets[node].level >= SS_BUCKET_LEVEL_MAX) {
            ss_corrupt(err, SS_E_DEPTH, ss_element_off(page, i), page->pgid,
                       "buckets are nested deeper than %u levels", SS_BUCKET_LEVEL_MAX);
            fault(walk, node, i, err);
            continue;
        }
        if (ss_tree_decode(&walk->file->geo, ss_leaf_value(page, i), page->pgid, &tree, err) !=
            SS_OK) {
            fault(walk, node, i, err);
            continue;
        }
        status = add_bucket(walk, &tree, ss_leaf_key(page, i), node, &child, err);
        if (status != SS_OK) {
            return status;
        }
        if (*tail == NO_NODE) {
            *head = child;
        } else {
            walk->buckets[*tail].next_pending = child;
        }
        *tail = child;
    }
    return SS_OK;
}

/*
 * Claims a page before it is looked at, so that a page that is named a million times, broken or not,
 * is looked at once. True: it is ours, or the gate will refuse its id.
 */
static bool claim_head(struct ss_walk *walk, uint32_t node, uint64_t pgid, uint64_t ref_off,
                       struct ss_error *err)
{
    if (pgid < 2 || pgid >= walk->file->geo.page_count) {
        return true;
    }
    if (ss_bitmap_claim(&walk->claimed, pgid)) {
        walk->claimed_count++;
        return true;
    }
    ss_corrupt(err, SS_E_CYCLE, ref_off, pgid, "page is referenced more than once");
    fault(walk, node, NO_ELEMENT, err);
    return false;
}

/* Claims the rest of a run. A page that was claimed before is a fault; true: the run is ours. */
static bool claim_run(struct ss_walk *walk, uint32_t node, uint64_t pgid, uint64_t run_count,
                      struct ss_error *err)
{
    uint64_t i;

    for (i = 1; i < run_count; i++) {
        if (ss_bitmap_claim(&walk->claimed, pgid + i)) {
            walk->claimed_count++;
            continue;
        }
        ss_corrupt(err, SS_E_CYCLE, pgid * walk->file->geo.page_size + 12, pgid + i,
                   "page belongs to more than one overflow run or tree");
        fault(walk, node, NO_ELEMENT, err);
        return false;
    }
    return true;
}

static void report_order(struct ss_walk *walk, uint32_t node, const struct ss_walk_frame *frame,
                         struct ss_error *err)
{
    uint32_t i = 0;

    while (ss_page_order_next(&frame->page, frame->lo, frame->hi, &i, err) != SS_OK) {
        fault(walk, node, i - 1, err);
    }
}

/* The interface of bbolt puts nothing but buckets there; keys show a root that leads elsewhere. */
static void report_plain_keys(struct ss_walk *walk, const struct ss_page_view *page,
                              struct ss_error *err)
{
    char name[sizeof(err->have)];
    uint32_t i;

    walk->at_plain_key = true;
    for (i = 0; page->type == SS_PAGE_LEAF && i < page->count; i++) {
        struct ss_span key = ss_leaf_key(page, i);

        if (ss_leaf_is_bucket(page, i)) {
            continue;
        }
        ss_corrupt(err, SS_E_BUCKET, key.off, page->pgid,
                   "a plain key stands among the top-level buckets");
        ss_text_escape(key.ptr, (size_t)key.len, name, sizeof(name));
        ss_error_have(err, "%s", name);
        fault(walk, 0, i, err);
    }
    walk->at_plain_key = false;
}

/* Gates, claims and pushes a page. False: it is not entered; it was known, or why was reported. */
static bool enter(struct ss_walk *walk, uint32_t node, uint64_t pgid, uint64_t ref_off,
                  struct ss_span lo, struct ss_span hi, struct ss_error *err)
{
    const struct ss_tree *tree = &walk->buckets[node].tree;
    struct ss_walk_frame *frame;
    struct ss_walk_page page;
    enum ss_status status;
    uint64_t run_count;
    bool is_inline;

    walk->fault_lo = lo;
    walk->fault_hi = hi;
    if (walk->depth == SS_TREE_DEPTH_MAX) {
        ss_corrupt(err, SS_E_DEPTH, ref_off, pgid, "tree is deeper than %u levels",
                   SS_TREE_DEPTH_MAX);
        fault(walk, node, NO_ELEMENT, err);
        return false;
    }
    is_inline = walk->depth == 0 && tree->inline_page.ptr != NULL;
    if (!is_inline && !claim_head(walk, node, pgid, ref_off, err)) {
        return false;
    }
    if (!is_inline && walk->ops->is_known != NULL &&
        walk->ops->is_known(walk->ctx, pgid, ref_off, &run_count)) {
        if (claim_run(walk, node, pgid, run_count, err)) {
            walk->ops->on_known(walk->ctx, walk, pgid, node, walk->depth + 1);
        }
        return false;
    }
    frame = &walk->stack[walk->depth];
    *frame = (struct ss_walk_frame){.lo = lo, .hi = hi};
    if (is_inline) {
        status =
            ss_page_gate_inline(&walk->file->geo, tree->inline_page, tree->host, &frame->page, err);
    } else {
        status = ss_page_gate(&walk->file->geo, pgid, ref_off, &frame->page, err);
    }
    if (status == SS_OK && frame->page.type != SS_PAGE_LEAF && frame->page.type != SS_PAGE_BRANCH) {
        status = ss_tree_page_refuse(&frame->page, err);
    }
    if (status != SS_OK) {
        fault(walk, node, NO_ELEMENT, err);
        return false;
    }
    if (!claim_run(walk, node, pgid, frame->page.run_count, err)) {
        return false;
    }
    report_order(walk, node, frame, err);
    if (node == 0 && tree->host == SS_NONE) {
        report_plain_keys(walk, &frame->page, err);
    }
    walk->depth++;
    page = (struct ss_walk_page){
        .view = &frame->page, .node = node, .depth = walk->depth, .lo = lo, .hi = hi};
    if (walk->ops->on_page != NULL && !walk->ops->on_page(walk->ctx, walk, &page)) {
        walk->stopped = true;
    }
    return true;
}

bool ss_walk_child_bounds(const struct ss_page_view *branch, uint32_t i, struct ss_span from,
                          struct ss_span to, struct ss_span *lo, struct ss_span *hi)
{
    bool own = i + 1 < branch->count;

    *lo = ss_branch_key(branch, i);
    *hi = own ? ss_branch_key(branch, i + 1) : to;
    if ((hi->ptr != NULL && ss_span_cmp(*lo, *hi) >= 0) ||
        (from.ptr != NULL && ss_span_cmp(*lo, from) < 0)) {
        *lo = from;
        *hi = to;
        own = false;
    }
    return own;
}

static void enter_next_child(struct ss_walk *walk, uint32_t node, struct ss_walk_frame *frame,
                             struct ss_error *err)
{
    uint32_t i = frame->index++;
    struct ss_span lo, hi;

    ss_walk_child_bounds(&frame->page, i, frame->lo, frame->hi, &lo, &hi);
    enter(walk, node, ss_branch_child(&frame->page, i), ss_element_off(&frame->page, i) + 8, lo, hi,
          err);
}

static enum ss_status check_going(struct ss_walk *walk, struct ss_error *err)
{
    enum ss_status status = ss_call_tell(ss_call_or_none(walk->ops->call), SS_PHASE_TREES,
                                         walk->claimed_count, walk->file->geo.page_count, err);

    return ss_source_check(&walk->file->src, status, err);
}

/* Walks one bucket's own tree; its child buckets come back as a list linked by next_pending. */
static enum ss_status walk_tree(struct ss_walk *walk, uint32_t node, uint32_t *head, uint32_t *tail,
                                struct ss_error *err)
{
    struct ss_tree tree = walk->buckets[node].tree;
    enum ss_status status = SS_OK;

    *head = *tail = NO_NODE;
    walk->depth = 0;
    enter(walk, node, tree.root, tree.ref_off, (struct ss_span){0}, (struct ss_span){0}, err);
    while (walk->depth > 0 && status == SS_OK && !walk->stopped) {
        struct ss_walk_frame *top = &walk->stack[walk->depth - 1];

        if (top->page.type == SS_PAGE_BRANCH && top->index < top->page.count) {
            enter_next_child(walk, node, top, err);
            continue;
        }
        if (top->page.type == SS_PAGE_LEAF && top->page.has_bucket) {
            status = meet_buckets(walk, node, &top->page, head, tail, err);
        }
        walk->depth--;
        if (status == SS_OK && top->page.type == SS_PAGE_BRANCH) {
            status = check_going(walk, err);
        }
    }
    return status;
}

/* Takes the next pending bucket off the stack, walks it, and puts its children on top. */
static enum ss_status walk_bucket(struct ss_walk *walk, struct ss_error *err)
{
    uint32_t node = walk->pending;
    uint32_t head, tail;
    enum ss_status status;

    walk->pending = walk->buckets[node].next_pending;
    if (walk->ops->on_bucket != NULL && !walk->ops->on_bucket(walk->ctx, walk, node)) {
        walk->stopped = true;
        return SS_OK;
    }
    status = walk_tree(walk, node, &head, &tail, err);
    if (status != SS_OK || walk->stopped) {
        return status;
    }
    if (tail != NO_NODE) {
        walk->buckets[tail].next_pending = walk->pending;
        walk->pending = head;
    }
    if (walk->ops->on_bucket_end != NULL && !walk->ops->on_bucket_end(walk->ctx, walk, node)) {
        walk->stopped = true;
    }
    return check_going(walk, err);
}

enum ss_status ss_walk_run(struct ss_walk *walk, const struct ss_file *file,
                           const struct ss_walk_ops *ops, void *ctx, struct ss_error *err)
{
    return ss_walk_run_at(walk, file, NULL, "", ops, ctx, err);
}

enum ss_status ss_walk_run_at(struct ss_walk *walk, const struct ss_file *file,
                              const struct ss_tree *tree, const char *base,
                              const struct ss_walk_ops *ops, void *ctx, struct ss_error *err)
{
    struct ss_tree root;
    uint32_t node;
    enum ss_status status;

    walk->file = file;
    walk->ops = ops;
    walk->ctx = ctx;
    walk->base = base;
    walk->claimed = (struct ss_bitmap){0};
    walk->claimed_count = 0;
    walk->buckets = NULL;
    walk->bucket_count = 0;
    walk->bucket_cap = 0;
    walk->pending = 0;
    walk->fault_count = 0;
    walk->stopped = walk->at_plain_key = false;

    status = ss_file_readable(file, err);
    if (status != SS_OK) {
        return status;
    }
    if (!ss_bitmap_init(&walk->claimed, file->geo.page_count)) {
        return ss_nomem(err, file->geo.page_count / 8);
    }
    root = tree != NULL ? *tree : ss_tree_root(file);
    status = add_bucket(walk, &root, (struct ss_span){0}, 0, &node, err);
    while (status == SS_OK && walk->pending != NO_NODE && !walk->stopped) {
        status = walk_bucket(walk, err);
    }
    return ss_source_check(&file->src, status, err);
}

void ss_walk_fini(struct ss_walk *walk)
{
    ss_bitmap_fini(&walk->claimed);
    free(walk->buckets);
    walk->buckets = NULL;
}
