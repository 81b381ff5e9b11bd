/*
 * stats.c - what one walk over every bucket counts.
 */
#include "parser/walk.h"

#include <stdlib.h>

struct stats_pass {
    ss_bucket_stats_fn on_stats;
    ss_fault_fn on_fault;
    void *ctx;
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

static bool count_page(void *ctx, struct ss_walk *walk, const struct ss_walk_page *page)
{
    struct stats_pass *pass = ctx;
    struct ss_bucket_stats *now = &pass->now;

    (void)walk;
    if (page->view->type == SS_PAGE_LEAF)
        count_elements(now, page->view);
    if (page->view->is_inline)
        return true;
    if (page->view->type == SS_PAGE_LEAF)
        now->leaf_count++;
    else
        now->branch_count++;
    now->overflow_count += page->view->run_count - 1;
    if (page->depth > now->depth)
        now->depth = page->depth;
    return true;
}

static bool finish(void *ctx, struct ss_walk *walk, uint32_t node)
{
    struct stats_pass *pass = ctx;

    (void)walk;
    return node == 0 || pass->on_stats(pass->ctx, &pass->now);
}

static void pass_fault(void *ctx, struct ss_walk *walk, uint32_t node, uint32_t element,
                       const struct ss_error *err)
{
    struct stats_pass *pass = ctx;

    (void)walk;
    (void)node;
    (void)element;
    if (pass->on_fault != NULL)
        pass->on_fault(pass->ctx, err);
}

enum ss_status ss_buckets(const struct ss_file *file, ss_bucket_stats_fn on_stats,
                          ss_fault_fn on_fault, void *ctx, uint64_t *fault_count,
                          struct ss_error *err)
{
    static const struct ss_walk_ops ops = {
        .on_bucket = begin, .on_page = count_page, .on_bucket_end = finish, .on_fault = pass_fault};
    struct stats_pass *pass;
    enum ss_status status;

    *fault_count = 0;
    ss_error_clear(err);
    status = ss_file_readable(file, err);
    if (status != SS_OK)
        return status;
    pass = calloc(1, sizeof(*pass));
    if (pass == NULL)
        return ss_nomem(err, sizeof(*pass));
    pass->on_stats = on_stats;
    pass->on_fault = on_fault;
    pass->ctx = ctx;
    status = ss_walk_run(&pass->walk, file, &ops, pass, err);
    *fault_count = pass->walk.fault_count;
    ss_walk_fini(&pass->walk);
    free(pass);
    return status;
}
