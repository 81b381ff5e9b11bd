/*
 * cursor.c - moves of the tree cursor, see cursor.h for its stack and why no walk can loop.
 */
#include "parser/cursor.h"

#include "util/prefetch.h"

#include <inttypes.h>
#include <stdlib.h>

/* How far a forward walk asks ahead, in children of a branch, and for how much of each. */
#define AHEAD_FAR 8u
#define AHEAD_NEAR 4u
#define AHEAD_ELEMENTS 8u
#define TOUCH_MAX (UINT64_C(16) << 10) /* longer pages are a stream of their own */

void ss_cursor_init(struct ss_cursor *c, const struct ss_file *file, const struct ss_tree *tree,
                    const char *path)
{
    c->file = file;
    c->tree = *tree;
    c->path = path;
    c->at = SS_AT_NOWHERE;
    c->depth = c->floor = 0;
    c->forward = true;
    c->reads_all = false;
    c->entered = 0;
}

static enum ss_status check_stack(const struct ss_cursor *c, uint64_t pgid, uint64_t ref_off,
                                  struct ss_error *err)
{
    uint32_t i;

    if (c->depth == SS_TREE_DEPTH_MAX) {
        return ss_corrupt(err, SS_E_DEPTH, ref_off, pgid, "tree is deeper than %u levels",
                          SS_TREE_DEPTH_MAX);
    }
    for (i = 0; i < c->depth; i++) {
        if (c->stack[i].page.pgid == pgid) {
            return ss_corrupt(err, SS_E_CYCLE, ref_off, pgid,
                              "page %" PRIu64 " is reached again below itself", pgid);
        }
    }
    return SS_OK;
}

/* Counts a gated page among those entered in this direction. */
static enum ss_status count_run(struct ss_cursor *c, const struct ss_page_view *page,
                                uint64_t ref_off, struct ss_error *err)
{
    c->entered += page->run_count;
    if (c->entered > c->file->geo.page_count) {
        return ss_corrupt(err, SS_E_CYCLE, ref_off, page->pgid,
                          "walk entered more pages than the file's %" PRIu64,
                          c->file->geo.page_count);
    }
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
    if (status != SS_OK) {
        return status;
    }
    if (c->reads_all && pgid < c->file->geo.page_count) {
        ss_prefetch_loading(c->file->geo.bytes.ptr + pgid * c->file->geo.page_size,
                            ss_min_u64(c->file->geo.page_size, TOUCH_MAX));
    }
    frame = &c->stack[c->depth];
    *frame = (struct ss_cursor_frame){.lo = lo, .hi = hi};
    if (pgid == 0 && c->depth == 0 && c->tree.inline_page.ptr != NULL) {
        status = ss_page_gate_inline(&c->file->geo, c->tree.inline_page, c->tree.host, &frame->page,
                                     err);
    } else {
        status = ss_page_gate(&c->file->geo, pgid, ref_off, &frame->page, err);
    }
    if (status != SS_OK) {
        return status;
    }
    if (frame->page.type != SS_PAGE_LEAF && frame->page.type != SS_PAGE_BRANCH) {
        return ss_tree_page_refuse(&frame->page, err);
    }
    status = ss_page_order_next(&frame->page, lo, hi, &i, err);
    if (status != SS_OK) {
        return status;
    }
    status = count_run(c, &frame->page, ref_off, err);
    if (status != SS_OK) {
        return status;
    }
    frame->end = frame->page.count;
    c->depth++;
    return SS_OK;
}

/* Pushes the i-th child of the top frame. */
static enum ss_status enter_child_at(struct ss_cursor *c, uint32_t i, struct ss_error *err)
{
    const struct ss_cursor_frame *top = &c->stack[c->depth - 1];
    const struct ss_page_view *page = &top->page;
    struct ss_span hi = i + 1 < page->count ? ss_branch_key(page, i + 1) : top->hi;

    return enter(c, ss_branch_child(page, i), ss_element_off(page, i) + 8, ss_branch_key(page, i),
                 hi, err);
}

/* Pushes the child that the top frame's index names. */
static enum ss_status enter_child(struct ss_cursor *c, struct ss_error *err)
{
    return enter_child_at(c, c->stack[c->depth - 1].index, err);
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
        if (top->page.type == SS_PAGE_LEAF) {
            return SS_OK;
        }
        status = enter_child(c, err);
        if (status != SS_OK) {
            return status;
        }
    }
}

/* Pops frames until one has a neighbour of its index in the direction; END when none has. */
static enum ss_status to_neighbour(struct ss_cursor *c, bool forward)
{
    while (c->depth > c->floor) {
        struct ss_cursor_frame *top = top_of(c);

        if (forward && top->index + 1 < top->end) {
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

    return pgid < file->geo.page_count ? file->geo.bytes.ptr + pgid * file->geo.page_size : NULL;
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

    if (far != NULL) {
        __builtin_prefetch(far);
    }
    if (near == NULL) {
        return;
    }
    off = (uint64_t)(near - file->geo.bytes.ptr) + SS_PAGE_HEADER_LEN;
    count = ss_min_u64(ss_load_u16(near + 10, file->geo.big), AHEAD_ELEMENTS);
    for (; count > 0; count--, off += SS_ELEMENT_LEN) {
        uint64_t data = off + ss_load_u32(file->geo.bytes.ptr + off + 4, file->geo.big);

        if (!ss_in_range_u64(data, UINT64_C(2) * SS_LINE_LEN, file->geo.bytes.len)) {
            return;
        }
        __builtin_prefetch(file->geo.bytes.ptr + data);
        __builtin_prefetch(file->geo.bytes.ptr + data + SS_LINE_LEN);
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

        if (status != SS_OK || top_of(c)->page.type == SS_PAGE_LEAF) {
            return status;
        }
        if (forward && !c->reads_all) {
            ask_ahead(c->file, &top_of(c)->page, top_of(c)->index);
        }
        status = enter_child(c, err);
        if (status == SS_OK) {
            status = descend(c, !forward, err);
        }
        if (status != SS_OK || top_of(c)->page.count > 0) {
            return status;
        }
    }
}

/* Where the cursor stands after a move. */
static enum ss_status settle(struct ss_cursor *c, enum ss_status status, bool forward,
                             struct ss_error *err)
{
    if (status == SS_OK) {
        c->at = SS_AT_ENTRY;
    } else if (status == SS_END) {
        c->at = forward ? SS_AT_AFTER : SS_AT_BEFORE;
    } else {
        c->at = SS_AT_NOWHERE;
        ss_error_in_bucket(err, c->path, status);
    }
    return ss_source_check(&c->file->src, status, err);
}

/* Every move by element ends here, with what the caller gets. */
static enum ss_status settle_entry(struct ss_cursor *c, enum ss_status status, bool forward,
                                   struct ss_entry *entry, struct ss_error *err)
{
    if (status == SS_OK) {
        *entry = ss_leaf_entry(&top_of(c)->page, top_of(c)->index);
    }
    return settle(c, status, forward, err);
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

    if (status == SS_OK) {
        status = descend(c, to_last, err);
    }
    if (status == SS_OK && top_of(c)->page.count == 0) {
        status = step(c, !to_last, err);
    }
    return settle_entry(c, status, !to_last, entry, err);
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
    if (c->at == SS_AT_AFTER) {
        return SS_END;
    }
    if (c->at != SS_AT_ENTRY) {
        return to_edge(c, false, entry, err);
    }
    return settle_entry(c, step(c, true, err), true, entry, err);
}

enum ss_status ss_cursor_prev(struct ss_cursor *c, struct ss_entry *entry, struct ss_error *err)
{
    if (c->at == SS_AT_BEFORE) {
        return SS_END;
    }
    if (c->at != SS_AT_ENTRY) {
        return to_edge(c, true, entry, err);
    }
    return settle_entry(c, step(c, false, err), false, entry, err);
}

/* First element whose key is >= key, in [0, count]. */
static uint32_t lower_bound(const struct ss_page_view *page, struct ss_span key)
{
    uint32_t lo = 0, hi = page->count;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (ss_span_cmp(ss_element_key(page, mid), key) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

/* The child to search: the last one whose key is <= key, or the first. */
static uint32_t child_for(const struct ss_page_view *page, struct ss_span key)
{
    uint32_t i = lower_bound(page, key);

    if (i < page->count && ss_span_eq(ss_branch_key(page, i), key)) {
        return i;
    }
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
    if (status != SS_OK) {
        return status;
    }
    top = top_of(c);
    top->index = lower_bound(&top->page, key);
    if (top->index < top->page.count) {
        return SS_OK;
    }
    return step(c, true, err);
}

enum ss_status ss_cursor_seek(struct ss_cursor *c, const void *key, size_t key_len,
                              struct ss_entry *entry, struct ss_error *err)
{
    return settle_entry(c, search(c, ss_span_of(key, key_len), err), true, entry, err);
}

/* To the leaf where a walk by leaf begins: of a part below its branch, else below the root. */
static enum ss_status enter_first(struct ss_cursor *c, struct ss_error *err)
{
    enum ss_status status = SS_OK;

    if (c->at != SS_AT_PART) {
        status = enter_root(c, true, err);
    } else if (top_of(c)->page.type == SS_PAGE_BRANCH) {
        status = enter_child(c, err);
    }
    return status == SS_OK ? descend(c, false, err) : status;
}

enum ss_status ss_cursor_next_leaf(struct ss_cursor *c, struct ss_page_view *leaf,
                                   struct ss_error *err)
{
    enum ss_status status;

    if (c->at == SS_AT_AFTER) {
        return SS_END;
    }
    if (c->at == SS_AT_ENTRY) {
        top_of(c)->index = top_of(c)->end - 1;
        status = step(c, true, err);
    } else {
        status = enter_first(c, err);
        if (status == SS_OK && top_of(c)->page.count == 0) {
            status = step(c, true, err);
        }
    }
    if (status == SS_OK) {
        *leaf = top_of(c)->page;
    }
    return settle(c, status, true, err);
}

/* Where the part ends that begins at the top frame's index: before a branch, or when it is large enough. */
static uint32_t part_end(const struct ss_cursor *c, uint64_t len_max)
{
    const struct ss_cursor_frame *top = &c->stack[c->depth - 1];
    uint64_t pages = 0, pages_max = len_max / c->file->geo.page_size;
    uint32_t i;

    for (i = top->index; i < top->end && pages <= pages_max; i++) {
        uint64_t pgid = ss_branch_child(&top->page, i);
        uint64_t run = 1;

        if (pgid < c->file->geo.page_count) {
            struct ss_page_head head = ss_page_head_at(&c->file->geo, pgid);

            if (head.type == SS_PAGE_BRANCH) {
                break;
            }
            run += head.overflow;
        }
        pages += run;
    }
    return i;
}

/* A cursor over the top frame's elements from its index to `end`. */
static void cut(const struct ss_cursor *c, uint32_t end, struct ss_cursor *part)
{
    ss_cursor_init(part, c->file, &c->tree, c->path);
    part->at = SS_AT_PART;
    part->reads_all = true;
    part->depth = c->depth;
    part->floor = c->depth - 1;
    memcpy(part->stack, c->stack, c->depth * sizeof(c->stack[0]));
    part->stack[c->depth - 1].end = end;
}

static enum ss_status next_part(struct ss_cursor *c, uint64_t len_max, struct ss_cursor *part,
                                struct ss_error *err)
{
    enum ss_status status = c->at == SS_AT_NOWHERE ? enter_root(c, true, err) : SS_OK;

    while (status == SS_OK && c->depth > 0) {
        struct ss_cursor_frame *top = top_of(c);
        uint32_t end;

        if (top->page.type == SS_PAGE_LEAF) {
            cut(c, top->end, part);
            c->depth = 0;
            return SS_OK;
        }
        end = part_end(c, len_max);
        if (end > top->index) {
            cut(c, end, part);
            top->index = end;
            return SS_OK;
        }
        if (top->index < top->end) {
            top->index++;
            status = enter_child_at(c, top->index - 1, err);
        } else {
            c->depth--;
        }
    }
    return status == SS_OK ? SS_END : status;
}

enum ss_status ss_cursor_next_part(struct ss_cursor *c, uint64_t len_max, struct ss_cursor *part,
                                   struct ss_error *err)
{
    if (c->at == SS_AT_AFTER) {
        return SS_END;
    }
    return settle(c, next_part(c, len_max, part, err), true, err);
}

enum ss_status ss_tree_account(const struct ss_file *file, const struct ss_tree *tree,
                               const char *path, uint64_t entered, uint64_t *sum,
                               struct ss_error *err)
{
    *sum += entered;
    if (*sum <= file->geo.page_count) {
        return SS_OK;
    }
    ss_corrupt(err, SS_E_CYCLE, tree->ref_off, tree->root,
               "trees share pages: walks entered more of them than the file's %" PRIu64,
               file->geo.page_count);
    return ss_error_in_bucket(err, path, SS_CORRUPT);
}

/*
 * Says that a bucket is not in `parent`, whose walk to its place met no damage: END only when no page of
 * the parent is damaged, for else its element may have stood there.
 */
static enum ss_status absent_bucket(struct ss_cursor *c, struct ss_error *err)
{
    struct ss_page_view leaf;
    enum ss_status status;

    ss_cursor_init(c, c->file, &c->tree, c->path);
    do {
        status = ss_cursor_next_leaf(c, &leaf, err);
    } while (status == SS_OK);
    return status;
}

/* A key that is found and is no bucket: damage in the root bucket, which holds nothing else. */
static enum ss_status plain_key(const struct ss_tree *parent, const struct ss_entry *entry,
                                struct ss_error *err)
{
    if (parent->host != SS_NONE) {
        return SS_END;
    }
    return ss_corrupt(err, SS_E_BUCKET, entry->key.off, entry->pgid,
                      "a plain key stands among the top-level buckets");
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
    if (status == SS_END || (status == SS_OK && !ss_span_eq(entry.key, name))) {
        return absent_bucket(&c, err);
    }
    if (status != SS_OK) {
        return status;
    }
    if (entry.is_bucket) {
        status = ss_tree_decode(&file->geo, entry.value, entry.pgid, out, err);
    } else {
        status = plain_key(parent, &entry, err);
    }
    return ss_error_in_bucket(err, parent_path, status);
}

enum ss_status ss_cursor_new(const struct ss_bucket *bucket, struct ss_cursor **out,
                             struct ss_error *err)
{
    ss_error_clear(err);
    *out = malloc(sizeof(**out));
    if (*out == NULL) {
        return ss_nomem(err, sizeof(**out));
    }
    ss_cursor_init(*out, bucket->file, &bucket->tree, bucket->path);
    return SS_OK;
}

void ss_cursor_free(struct ss_cursor *cursor)
{
    free(cursor);
}
