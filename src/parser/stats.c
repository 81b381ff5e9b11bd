/*
 * stats.c - what one walk over every bucket counts, and what it leaves over.
 *
 *   0 1 2 3 4 5 6 7 8          high-water       file's end
 *   ┌─┬─┬─────┬───┬─────┬─────┬───┐┌────────────┐
 *   │m│m│tree │fl.│free │tree │ ? ││ beyond     │    ?: neither in a tree nor free
 *   └─┴─┴─────┴───┴─────┴─────┴───┘└────────────┘
 */
#include "parser/walk.h"

#include <stdlib.h>

struct stats_pass {
    ss_bucket_stats_fn on_stats;
    ss_fault_fn on_fault;
    const struct ss_keep_going *keep; /* NULL: faults have no bounds */
    void *ctx;
    struct ss_space *space; /* NULL: not asked for */
    struct ss_bucket_stats now;
    char path[SS_PATH_TEXT_CAP];
    struct ss_walk walk;
};

static bool begin(void *ctx, struct ss_walk *walk, uint32_t node)
{
    struct stats_pass *pass = ctx;
    const struct ss_walk_bucket *bucket = &walk->buckets[node];

    ss_walk_path(walk, node, pass->path);
    pass->now = (struct ss_bucket_stats){.path = pass->path,
                                         .level = bucket->level,
                                         .root = bucket->tree.root,
                                         .sequence = bucket->tree.sequence};
    return true;
}

static void count_elements(struct ss_bucket_stats *now, const struct ss_page_view *page)
{
    uint32_t i;

    for (i = 0; i < page->count; i++) {
        if (ss_leaf_is_bucket(page, i)) {
            now->bucket_count++;
            continue;
        }
        now->key_count++;
        now->key_len += ss_leaf_key(page, i).len;
        now->value_len += ss_leaf_value(page, i).len;
    }
}

/* Bytes of a page that hold something: its header, its elements, and what they point at. */
static uint64_t used_len(const struct ss_page_view *page)
{
    uint64_t len = SS_PAGE_HEADER_LEN + (uint64_t)page->count * SS_ELEMENT_LEN;
    uint32_t i;

    for (i = 0; i < page->count; i++) {
        len += ss_element_key(page, i).len;
        if (page->type == SS_PAGE_LEAF) {
            len += ss_leaf_value(page, i).len;
        }
    }
    return len;
}

static bool count_page(void *ctx, struct ss_walk *walk, const struct ss_walk_page *page)
{
    struct stats_pass *pass = ctx;
    struct ss_bucket_stats *now = &pass->now;

    (void)walk;
    if (page->view->type == SS_PAGE_LEAF) {
        count_elements(now, page->view);
    }
    if (page->view->is_inline) {
        return true;
    }
    if (pass->space != NULL) {
        pass->space->used_len += used_len(page->view);
    }
    if (page->view->type == SS_PAGE_LEAF) {
        now->leaf_count++;
    } else {
        now->branch_count++;
    }
    now->overflow_count += page->view->run_count - 1;
    if (page->depth > now->depth) {
        now->depth = page->depth;
    }
    return true;
}

static bool finish(void *ctx, struct ss_walk *walk, uint32_t node)
{
    struct stats_pass *pass = ctx;

    (void)walk;
    return node == 0 || pass->on_stats == NULL || pass->on_stats(pass->ctx, &pass->now);
}

/* Of single elements only those that cannot be read as a bucket are missing: all others are counted. */
static void tell_skip(const struct stats_pass *pass, const struct ss_walk *walk, uint32_t element,
                      const struct ss_error *err)
{
    struct ss_skip skip = {.why = *err,
                           .element = element == UINT32_MAX ? SS_NONE : element,
                           .from = walk->fault_lo,
                           .to = walk->fault_hi,
                           .kept = element != UINT32_MAX && err->code >= SS_E_KEY_ORDER &&
                                   err->code <= SS_E_KEY_BOUNDS};

    if (pass->keep->on_skip != NULL) {
        pass->keep->on_skip(pass->keep->ctx, &skip);
    }
}

static void pass_fault(void *ctx, struct ss_walk *walk, uint32_t node, uint32_t element,
                       const struct ss_error *err)
{
    struct stats_pass *pass = ctx;

    (void)node;
    if (pass->keep != NULL) {
        tell_skip(pass, walk, element, err);
    }
    if (pass->on_fault != NULL) {
        pass->on_fault(pass->ctx, err);
    }
}

static void space_fault(struct stats_pass *pass, const struct ss_error *err)
{
    pass->walk.fault_count++;
    if (pass->on_fault != NULL && !ss_source_failed(&pass->walk.file->src)) {
        pass->on_fault(pass->ctx, err);
    }
}

/* How many ids of a freelist page are pages that exist and that no tree names. */
static uint64_t count_free(const struct ss_walk *walk, const struct ss_page_view *page)
{
    uint64_t n = ss_freelist_count(page), count = 0, i;

    for (i = 0; i < n; i++) {
        uint64_t id = ss_freelist_id(page, i);

        count += id >= 2 && id < walk->file->geo.page_count && !ss_bitmap_test(&walk->claimed, id);
    }
    return count;
}

static void read_freelist(struct stats_pass *pass, struct ss_error *err)
{
    const struct ss_file *file = pass->walk.file;
    struct ss_page_view page;
    enum ss_status status = ss_freelist_open(file, &page, err);

    pass->space->freelist_stored = status != SS_END;
    if (!pass->space->freelist_stored) {
        return;
    }
    if (status != SS_OK) {
        space_fault(pass, err);
        ss_error_clear(err);
        return;
    }
    pass->space->freelist_count = page.run_count;
    pass->space->free_count = count_free(&pass->walk, &page);
}

static void count_space(struct stats_pass *pass, struct ss_error *err)
{
    const struct ss_file *file = pass->walk.file;
    struct ss_space *space = pass->space;
    uint64_t db_len = ss_file_db_len(file);
    uint64_t taken;

    read_freelist(pass, err);
    space->tree_count = pass->walk.claimed_count;
    space->beyond_len = file->geo.bytes.len > db_len ? file->geo.bytes.len - db_len : 0;
    taken = ss_min_u64(file->geo.page_count, 2) + space->tree_count + space->freelist_count;
    if (taken > file->geo.page_count) {
        return;
    }
    if (!space->freelist_stored && pass->walk.fault_count == 0) {
        space->free_count = file->geo.page_count - taken;
    }
    space->lost_count =
        file->geo.page_count - taken - ss_min_u64(space->free_count, file->geo.page_count - taken);
}

/* Runs a pass that has its callbacks, and frees it. */
static enum ss_status run(struct stats_pass *pass, const struct ss_file *file,
                          uint64_t *fault_count, struct ss_error *err)
{
    static const struct ss_walk_ops ops = {
        .on_bucket = begin, .on_page = count_page, .on_bucket_end = finish, .on_fault = pass_fault};
    enum ss_status status = ss_walk_run(&pass->walk, file, &ops, pass, err);

    if (status == SS_OK && pass->space != NULL) {
        count_space(pass, err);
        status = ss_source_check(&file->src, SS_OK, err);
    }
    *fault_count = pass->walk.fault_count;
    ss_walk_fini(&pass->walk);
    free(pass);
    return status;
}

/* A pass over a readable file, zeroed, which `run` frees. */
static enum ss_status begin_pass(const struct ss_file *file, struct stats_pass **out,
                                 uint64_t *fault_count, struct ss_error *err)
{
    enum ss_status status;

    *fault_count = 0;
    ss_error_clear(err);
    status = ss_file_readable(file, err);
    if (status != SS_OK) {
        return status;
    }
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? SS_OK : ss_nomem(err, sizeof(**out));
}

enum ss_status ss_buckets_space(const struct ss_file *file, ss_bucket_stats_fn on_stats,
                                ss_fault_fn on_fault, void *ctx, struct ss_space *space,
                                uint64_t *fault_count, struct ss_error *err)
{
    struct stats_pass *pass;
    enum ss_status status;

    if (space != NULL) {
        *space = (struct ss_space){0};
    }
    status = begin_pass(file, &pass, fault_count, err);
    if (status != SS_OK) {
        return status;
    }
    pass->on_stats = on_stats;
    pass->on_fault = on_fault;
    pass->ctx = ctx;
    pass->space = space;
    return run(pass, file, fault_count, err);
}

enum ss_status ss_buckets_keeping(const struct ss_file *file, ss_bucket_stats_fn on_stats,
                                  const struct ss_keep_going *keep, void *ctx, uint64_t *skip_count,
                                  struct ss_error *err)
{
    struct stats_pass *pass;
    enum ss_status status = begin_pass(file, &pass, skip_count, err);

    if (status != SS_OK) {
        return status;
    }
    pass->on_stats = on_stats;
    pass->keep = keep;
    pass->ctx = ctx;
    return run(pass, file, skip_count, err);
}

enum ss_status ss_buckets(const struct ss_file *file, ss_bucket_stats_fn on_stats,
                          ss_fault_fn on_fault, void *ctx, uint64_t *fault_count,
                          struct ss_error *err)
{
    return ss_buckets_space(file, on_stats, on_fault, ctx, NULL, fault_count, err);
}
