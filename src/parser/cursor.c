/*
 * cursor.c - moves of the tree cursor, see cursor.h for its stack and why no walk can loop.
 */
#include "parser/cursor.h"

#include <inttypes.h>
#include <stdlib.h>

/* How far a forward walk asks ahead, in children of a branch, and for how much of each. */
#define AHEAD_FAR 8u
#define AHEAD_NEAR 4u
#define AHEAD_ELEMENTS 8u
#define LINE_LEN 64u

void ss_cursor_init(struct ss_cursor *c, const struct ss_file *file, const struct ss_tree *tree,
                    const char *path)
{
    c->file = file;
    c->tree = *tree;
    c->path = path;
    c->at = SS_AT_NOWHERE;
    c->depth = 0;
    c->forward = true;
    c->entered = 0;
}

static enum ss_status check_stack(const struct ss_cursor *c, uint64_t pgid, uint64_t ref_off,
                                  struct ss_error *err)
{
    uint32_t i;

    if (c->depth == SS_TREE_DEPTH_MAX)
        return ss_corrupt(err, SS_E_DEPTH, ref_off, pgid, "tree is deeper than %u levels",
                          SS_TREE_DEPTH_MAX);
    for (i = 0; i < c->depth; i++)
        if (c->stack[i].page.pgid == pgid)
            return ss_corrupt(err, SS_E_CYCLE, ref_off, pgid,
                              "page %" PRIu64 " is reached again below itself", pgid);
    return SS_OK;
}

/* Counts a gated page among those entered in this direction. */
static enum ss_status count_run(struct ss_cursor *c, const struct ss_page_view *page,
                                uint64_t ref_off, struct ss_error *err)
{
    c->entered += page->run_count;
    if (c->entered > c->file->page_count)
        return ss_corrupt(err, SS_E_CYCLE, ref_off, page->pgid,
                          "walk entered more pages than the file's %" PRIu64, c->file->page_count);
    return SS_OK;
}

/* Pushes a page whose keys are due in [lo, hi): gated, ordered, inside its bounds. */
static enum ss_status enter(struct ss_cursor *c, uint64_t pgid, uint64_t ref_off, struct ss_span lo,
                            struct ss_span hi, struct ss_error *err)
{
    struct ss_cursor_frame *frame;
    enum ss_status status;
    uint32_t i = 0;

    status = check_stack(c, pgid, ref_off, err);
    if (status != SS_OK)
        return status;
    frame = &c->stack[c->depth];
    *frame = (struct ss_cursor_frame){.lo = lo, .hi = hi};
    if (pgid == 0 && c->depth == 0 && c->tree.inline_page.ptr != NULL)
        status = ss_page_gate_inline(c->file, c->tree.inline_page, c->tree.host, &frame->page, err);
    else
        status = ss_page_gate(c->file, pgid, ref_off, &frame->page, err);
    if (status != SS_OK)
        return status;
    if (frame->page.type != SS_PAGE_LEAF && frame->page.type != SS_PAGE_BRANCH)
        return ss_tree_page_refuse(&frame->page, err);
    status = ss_page_order_next(&frame->page, lo, hi, &i, err);
    if (status != SS_OK)
        return status;
    status = count_run(c, &frame->page, ref_off, err);
    if (status == SS_OK)
        c->depth++;
    return status;
}

/* Pushes the child that the top frame's index names. */
static enum ss_status enter_child(struct ss_cursor *c, struct ss_error *err)
{
    const struct ss_cursor_frame *top = &c->stack[c->depth - 1];
    const struct ss_page_view *page = &top->page;
    uint32_t i = top->index;
    struct ss_span hi = i + 1 < page->count ? ss_branch_key(page, i + 1) : top->hi;

    return enter(c, ss_branch_child(page, i), ss_element_off(page, i) + 8, ss_branch_key(page, i),
                 hi, err);
}

static struct ss_cursor_frame *top_of(struct ss_cursor *c)
{
    return &c->stack[c->depth - 1];
}

/* From the top frame down to the leaf at one edge. */
static enum ss_status descend(struct ss_cursor *c, bool to_last, struct ss_error *err)
{
    for (;;) {
        struct ss_cursor_frame *top = top_of(c);
        enum ss_status status;

        top->index = to_last && top->page.count > 0 ? top->page.count - 1 : 0;
        if (top->page.type == SS_PAGE_LEAF)
            return SS_OK;
        status = enter_child(c, err);
        if (status != SS_OK)
            return status;
    }
}

/* Pops frames until one has a neighbour of its index in the direction; END when none has. */
static enum ss_status to_neighbour(struct ss_cursor *c, bool forward)
{
    while (c->depth > 0) {
        struct ss_cursor_frame *top = top_of(c);

        if (forward && top->index + 1 < top->page.count) {
            top->index++;
            return SS_OK;
        }
        if (!forward && top->index > 0) {
            top->index--;
            return SS_OK;
        }
        c->depth--;
    }
    return SS_END;
}

/* The start of the page that child i names, in whatever state it is; NULL: it is not in the file. */
static inline const uint8_t *child_start(const struct ss_file *file,
                                         const struct ss_page_view *branch, uint32_t i)
{
    uint64_t pgid = i < branch->count ? ss_branch_child(branch, i) : SS_NONE;

    return pgid < file->page_count ? file->bytes.ptr + pgid * file->page_size : NULL;
}

/*
 * Asks the memory for what a forward walk reads soon: the head of a page some way ahead, and of one
 * nearer, whose head has come, the first lines of its elements' data. These lie far apart, in pages
 * that the address caches have not got: without this the walk waits for most of them (78 against 36 ms
 * for 300,000 leaves of three records). Nothing is checked but that it lies within the file, and
 * nothing but time depends on it. Inline, or gcc takes it for a function without effect.
 */
static inline __attribute__((always_inline)) void ask_ahead(const struct ss_file *file,
                                                            const struct ss_page_view *branch,
                                                            uint32_t i)
{
    const uint8_t *far = child_start(file, branch, i + AHEAD_FAR);
    const uint8_t *near = child_start(file, branch, i + AHEAD_NEAR);
    uint64_t off, count;

    if (far != NULL)
        __builtin_prefetch(far);
    if (near == NULL)
        return;
    off = (uint64_t)(near - file->bytes.ptr) + SS_PAGE_HEADER_LEN;
    count = ss_min_u64(ss_load_u16(near + 10, file->big), AHEAD_ELEMENTS);
    for (; count > 0; count--, off += SS_ELEMENT_LEN) {
        uint64_t data = off + ss_load_u32(file->bytes.ptr + off + 4, file->big);

        if (!ss_in_range_u64(data, 2 * LINE_LEN, file->bytes.len))
            return;
        __builtin_prefetch(file->bytes.ptr + data);
        __builtin_prefetch(file->bytes.ptr + data + LINE_LEN);
    }
}

/* One element on; empty leaves, which bbolt's own cursor skips too, are passed over. */
static enum ss_status step(struct ss_cursor *c, bool forward, struct ss_error *err)
{
    if (c->forward != forward) {
        c->forward = forward;
        c->entered = 0;
    }
    for (;;) {
        enum ss_status status = to_neighbour(c, forward);

        if (status != SS_OK || top_of(c)->page.type == SS_PAGE_LEAF)
            return status;
        if (forward)
            ask_ahead(c->file, &top_of(c)->page, top_of(c)->index);
        status = enter_child(c, err);
        if (status == SS_OK)
            status = descend(c, !forward, err);
        if (status != SS_OK || top_of(c)->page.count > 0)
            return status;
    }
}

static void fill(const struct ss_cursor *c, struct ss_entry *entry)
{
    const struct ss_cursor_frame *top = &c->stack[c->depth - 1];

    entry->key = ss_leaf_key(&top->page, top->index);
    entry->value = ss_leaf_value(&top->page, top->index);
    entry->is_bucket = ss_leaf_is_bucket(&top->page, top->index);
    entry->pgid = top->page.pgid;
    entry->index = top->index;
}

/* Every move ends here: where the cursor stands now, what the caller gets. */
static enum ss_status settle(struct ss_cursor *c, enum ss_status status, bool forward,
                             struct ss_entry *entry, struct ss_error *err)
{
    if (status == SS_OK) {
        c->at = SS_AT_ENTRY;
        fill(c, entry);
    } else if (status == SS_END) {
        c->at = forward ? SS_AT_AFTER : SS_AT_BEFORE;
    } else {
        c->at = SS_AT_NOWHERE;
        ss_error_in_bucket(err, c->path, status);
    }
    return ss_source_check(&c->file->src, status, err);
}

static enum ss_status enter_root(struct ss_cursor *c, bool forward, struct ss_error *err)
{
    c->depth = 0;
    c->forward = forward;
    c->entered = 0;
    return enter(c, c->tree.root, c->tree.ref_off, (struct ss_span){0}, (struct ss_span){0}, err);
}

static enum ss_status to_edge(struct ss_cursor *c, bool to_last, struct ss_entry *entry,
                              struct ss_error *err)
{
    enum ss_status status = enter_root(c, !to_last, err);

    if (status == SS_OK)
        status = descend(c, to_last, err);
    if (status == SS_OK && top_of(c)->page.count == 0)
        status = step(c, !to_last, err);
    return settle(c, status, !to_last, entry, err);
}

enum ss_status ss_cursor_first(struct ss_cursor *c, struct ss_entry *entry, struct ss_error *err)
{
    return to_edge(c, false, entry, err);
}

enum ss_status ss_cursor_last(struct ss_cursor *c, struct ss_entry *entry, struct ss_error *err)
{
    return to_edge(c, true, entry, err);
}

enum ss_status ss_cursor_next(struct ss_cursor *c, struct ss_entry *entry, struct ss_error *err)
{
    if (c->at == SS_AT_AFTER)
        return SS_END;
    if (c->at != SS_AT_ENTRY)
        return to_edge(c, false, entry, err);
    return settle(c, step(c, true, err), true, entry, err);
}

enum ss_status ss_cursor_prev(struct ss_cursor *c, struct ss_entry *entry, struct ss_error *err)
{
    if (c->at == SS_AT_BEFORE)
        return SS_END;
    if (c->at != SS_AT_ENTRY)
        return to_edge(c, true, entry, err);
    return settle(c, step(c, false, err), false, entry, err);
}

/* First element whose key is >= key, in [0, count]. */
static uint32_t lower_bound(const struct ss_page_view *page, struct ss_span key)
{
    uint32_t lo = 0, hi = page->count;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (ss_span_cmp(ss_element_key(page, mid), key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The child to search: the last one whose key is <= key, or the first. */
static uint32_t child_for(const struct ss_page_view *page, struct ss_span key)
{
    uint32_t i = lower_bound(page, key);

    if (i < page->count && ss_span_eq(ss_branch_key(page, i), key))
        return i;
    return i > 0 ? i - 1 : 0;
}

static enum ss_status search(struct ss_cursor *c, struct ss_span key, struct ss_error *err)
{
    enum ss_status status = enter_root(c, true, err);
    struct ss_cursor_frame *top;

    while (status == SS_OK && top_of(c)->page.type == SS_PAGE_BRANCH) {
        top_of(c)->index = child_for(&top_of(c)->page, key);
        status = enter_child(c, err);
    }
    if (status != SS_OK)
        return status;
    top = top_of(c);
    top->index = lower_bound(&top->page, key);
    if (top->index < top->page.count)
        return SS_OK;
    return step(c, true, err);
}

enum ss_status ss_cursor_seek(struct ss_cursor *c, const void *key, size_t key_len,
                              struct ss_entry *entry, struct ss_error *err)
{
    return settle(c, search(c, ss_span_of(key, key_len), err), true, entry, err);
}

enum ss_status ss_tree_find_bucket(const struct ss_file *file, const struct ss_tree *parent,
                                   const char *parent_path, struct ss_span name,
                                   struct ss_tree *out, struct ss_error *err)
{
    struct ss_cursor c;
    struct ss_entry entry;
    enum ss_status status;

    ss_cursor_init(&c, file, parent, parent_path);
    status = ss_cursor_seek(&c, name.ptr, (size_t)name.len, &entry, err);
    if (status != SS_OK)
        return status;
    if (!ss_span_eq(entry.key, name) || !entry.is_bucket)
        return SS_END;
    status = ss_tree_decode(file, entry.value, entry.pgid, out, err);
    return ss_error_in_bucket(err, parent_path, status);
}

enum ss_status ss_cursor_new(const struct ss_bucket *bucket, struct ss_cursor **out,
                             struct ss_error *err)
{
    ss_error_clear(err);
    *out = malloc(sizeof(**out));
    if (*out == NULL)
        return ss_nomem(err, sizeof(**out));
    ss_cursor_init(*out, bucket->file, &bucket->tree, bucket->path);
    return SS_OK;
}

void ss_cursor_free(struct ss_cursor *cursor)
{
    free(cursor);
}
