/*
 * lost.c - which stretches of history a damaged `key` bucket has lost.
 *
 *   leaf ok     leaf broken        leaf ok
 *   … 40 41 42  ? ? ? ?            57 58 …        lost: after 42, before 57
 *
 * The walk goes on behind every fault; each record that can be read ends a stretch that cannot. A leaf
 * whose keys are out of order is lost as a whole: the strict reader does not enter it either. A record
 * that stands below one read before it is lost as well, so that stretches come in order and never
 * overlap. Faults of the root bucket matter only when they keep `key` itself from being found.
 */
#include "etcd/record.h"
#include "etcd/revision.h"
#include "parser/walk.h"
#include "util/call.h"

#include <inttypes.h>
#include <stdlib.h>

struct lost_pass {
    ss_lost_fn on_lost;
    void *ctx;
    uint32_t key_node; /* the walk's number of `key`, UINT32_MAX: not met yet */
    bool open;         /* range.why is the first fault of a stretch that has not ended */
    bool stopped;
    bool root_broken;
    struct ss_error root_fault; /* the first one of the root bucket */
    uint64_t disordered;        /* the last page whose keys were out of order, or SS_NONE */
    uint64_t count;
    struct ss_lost_range range;
    struct ss_walk walk;
};

static void open_range(struct lost_pass *pass, const struct ss_error *err)
{
    if (pass->open) {
        return;
    }
    pass->open = true;
    pass->range.why = *err;
}

static void close_range(struct lost_pass *pass, struct ss_revision before)
{
    if (!pass->open) {
        return;
    }
    pass->open = false;
    pass->count++;
    pass->range.before = before;
    if (pass->on_lost != NULL && !pass->stopped) {
        pass->stopped = !pass->on_lost(pass->ctx, &pass->range);
    }
}

static bool on_bucket(void *ctx, struct ss_walk *walk, uint32_t node)
{
    struct lost_pass *pass = ctx;
    const struct ss_walk_bucket *bucket = &walk->buckets[node];

    /* Of two, which only a broken root bucket can hold, the first. */
    if (bucket->level == 1 && pass->key_node == UINT32_MAX &&
        ss_etcd_bucket_of(bucket->name) == SS_IN_KEY) {
        pass->key_node = node;
    }
    return !pass->stopped;
}

/* Whether the element is a record that may follow those read before it. */
static bool read_record(const struct lost_pass *pass, const struct ss_entry *entry,
                        struct ss_record *rec, struct ss_error *err)
{
    if (ss_record_decode(entry, rec, err) != SS_OK) {
        return false;
    }
    if (ss_revision_cmp(rec->rev, pass->range.after) >= 0) {
        return true;
    }
    ss_corrupt(err, SS_E_KEY_ORDER, entry->key.off, entry->pgid,
               "revision %" PRId64 " stands behind revision %" PRId64, rec->rev.main,
               pass->range.after.main);
    ss_error_in_bucket(err, SS_KEY_BUCKET, SS_CORRUPT);
    return false;
}

static void take_element(struct lost_pass *pass, const struct ss_page_view *page, uint32_t i)
{
    struct ss_entry entry = ss_leaf_entry(page, i);
    struct ss_record rec;
    struct ss_error err;

    if (!read_record(pass, &entry, &rec, &err)) {
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
    if (page->node != pass->key_node || page->view->type != SS_PAGE_LEAF) {
        return true;
    }
    if (pass->disordered == page->view->pgid) {
        return true;
    }
    for (i = 0; i < page->view->count; i++) {
        take_element(pass, page->view, i);
    }
    return !pass->stopped;
}

static void on_fault(void *ctx, struct ss_walk *walk, uint32_t node, uint32_t element,
                     const struct ss_error *err)
{
    struct lost_pass *pass = ctx;

    (void)walk;
    (void)element;
    if (node == 0 && !pass->root_broken) {
        pass->root_broken = true;
        pass->root_fault = *err;
    }
    if (node != pass->key_node) {
        return;
    }
    if (is_order_fault(err)) {
        pass->disordered = err->pgid;
    }
    open_range(pass, err);
}

static bool on_bucket_end(void *ctx, struct ss_walk *walk, uint32_t node)
{
    struct lost_pass *pass = ctx;

    (void)walk;
    if (node == pass->key_node) {
        close_range(pass, (struct ss_revision){INT64_MAX, 0});
    }
    return !pass->stopped;
}

static enum ss_status run(struct lost_pass *pass, const struct ss_file *file,
                          const struct ss_call *call, struct ss_error *err)
{
    const struct ss_walk_ops ops = {.on_bucket = on_bucket,
                                    .on_page = on_page,
                                    .on_bucket_end = on_bucket_end,
                                    .on_fault = on_fault,
                                    .call = call};
    enum ss_status status = ss_walk_run(&pass->walk, file, &ops, pass, err);

    if (status != SS_OK || pass->key_node != UINT32_MAX) {
        return status;
    }
    if (!pass->root_broken) {
        return ss_not_etcd(err);
    }
    open_range(pass, &pass->root_fault);
    close_range(pass, (struct ss_revision){INT64_MAX, 0});
    return SS_OK;
}

enum ss_status ss_lost_revisions(const struct ss_file *file, ss_lost_fn on_lost, void *ctx,
                                 const struct ss_call *call, uint64_t *lost_count,
                                 struct ss_error *err)
{
    struct lost_pass *pass;
    enum ss_status status;

    *lost_count = 0;
    ss_error_clear(err);
    status = ss_call_begin(call, SS_PHASE_TREES, err);
    if (status == SS_OK) {
        status = ss_file_readable(file, err);
    }
    if (status != SS_OK) {
        return status;
    }
    pass = calloc(1, sizeof(*pass));
    if (pass == NULL) {
        return ss_nomem(err, sizeof(*pass));
    }
    pass->on_lost = on_lost;
    pass->ctx = ctx;
    pass->key_node = UINT32_MAX;
    pass->disordered = SS_NONE;
    status = run(pass, file, call, err);
    *lost_count = pass->count;
    ss_walk_fini(&pass->walk);
    free(pass);
    return status;
}
