/*
 * lost.c - which stretches of history a damaged `key` bucket has lost.
 *
 *   leaf ok     leaf broken        leaf ok
 *   … 40 41 42  ? ? ? ?            57 58 …        lost: after 42, before 57
 *
 * The walk goes on behind every fault; each record that can be read ends a stretch that cannot. A leaf
 * whose keys are out of order is lost as a whole: the strict reader does not enter it either.
 */
#include "etcd/record.h"
#include "parser/walk.h"

#include <stdlib.h>

struct lost_pass {
    ss_lost_fn on_lost;
    void *ctx;
    uint32_t key_node; /* the walk's number of `key`, UINT32_MAX: not met yet */
    bool open;         /* range.why is the first fault of a stretch that has not ended */
    bool stopped;
    uint64_t count;
    struct ss_lost_range range;
    struct ss_walk walk;
};

static void open_range(struct lost_pass *pass, const struct ss_error *err)
{
    if (pass->open)
        return;
    pass->open = true;
    pass->range.why = *err;
}

static void close_range(struct lost_pass *pass, struct ss_revision before)
{
    if (!pass->open)
        return;
    pass->open = false;
    pass->count++;
    pass->range.before = before;
    if (pass->on_lost != NULL && !pass->stopped)
        pass->stopped = !pass->on_lost(pass->ctx, &pass->range);
}

static bool on_bucket(void *ctx, struct ss_walk *walk, uint32_t node)
{
    struct lost_pass *pass = ctx;
    const struct ss_walk_bucket *bucket = &walk->buckets[node];

    if (bucket->level == 1 && ss_span_is(bucket->name, SS_KEY_BUCKET))
        pass->key_node = node;
    return !pass->stopped;
}

static void take_element(struct lost_pass *pass, const struct ss_page_view *page, uint32_t i)
{
    struct ss_entry entry = {.key = ss_leaf_key(page, i),
                             .value = ss_leaf_value(page, i),
                             .is_bucket = ss_leaf_is_bucket(page, i),
                             .pgid = page->pgid,
                             .index = i};
    struct ss_record rec;
    struct ss_error err;

    if (ss_record_decode(&entry, &rec, &err) != SS_OK) {
        open_range(pass, &err);
        return;
    }
    close_range(pass, rec.rev);
    pass->range.after = rec.rev;
}

static bool is_order_fault(const struct ss_error *err)
{
    return err->code == SS_E_KEY_ORDER || err->code == SS_E_KEY_DUPLICATE ||
           err->code == SS_E_KEY_BOUNDS;
}

static bool on_page(void *ctx, struct ss_walk *walk, const struct ss_walk_page *page)
{
    struct lost_pass *pass = ctx;
    uint32_t i;

    (void)walk;
    if (page->node != pass->key_node || page->view->type != SS_PAGE_LEAF)
        return true;
    if (pass->open && pass->range.why.pgid == page->view->pgid && is_order_fault(&pass->range.why))
        return true;
    for (i = 0; i < page->view->count; i++)
        take_element(pass, page->view, i);
    return !pass->stopped;
}

static void on_fault(void *ctx, struct ss_walk *walk, uint32_t node, uint32_t element,
                     const struct ss_error *err)
{
    struct lost_pass *pass = ctx;

    (void)walk;
    (void)element;
    if (node == pass->key_node || node == 0)
        open_range(pass, err);
}

static bool on_bucket_end(void *ctx, struct ss_walk *walk, uint32_t node)
{
    struct lost_pass *pass = ctx;

    (void)walk;
    if (node == pass->key_node)
        close_range(pass, (struct ss_revision){INT64_MAX, 0});
    return !pass->stopped;
}

static enum ss_status run(struct lost_pass *pass, const struct ss_file *file, struct ss_error *err)
{
    static const struct ss_walk_ops ops = {.on_bucket = on_bucket,
                                           .on_page = on_page,
                                           .on_bucket_end = on_bucket_end,
                                           .on_fault = on_fault};
    enum ss_status status = ss_walk_run(&pass->walk, file, &ops, pass, err);

    if (status != SS_OK || pass->key_node != UINT32_MAX)
        return status;
    if (!pass->open)
        return ss_not_etcd(err);
    close_range(pass, (struct ss_revision){INT64_MAX, 0});
    return SS_OK;
}

enum ss_status ss_lost_revisions(const struct ss_file *file, ss_lost_fn on_lost, void *ctx,
                                 uint64_t *lost_count, struct ss_error *err)
{
    struct lost_pass *pass;
    enum ss_status status;

    *lost_count = 0;
    ss_error_clear(err);
    status = ss_file_readable(file, err);
    if (status != SS_OK)
        return status;
    pass = calloc(1, sizeof(*pass));
    if (pass == NULL)
        return ss_nomem(err, sizeof(*pass));
    pass->on_lost = on_lost;
    pass->ctx = ctx;
    pass->key_node = UINT32_MAX;
    status = run(pass, file, err);
    *lost_count = pass->count;
    ss_walk_fini(&pass->walk);
    free(pass);
    return status;
}
