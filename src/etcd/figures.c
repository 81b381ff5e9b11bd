/*
 * figures.c - what the `key` bucket holds, counted in one pass.
 *
 *   1_0 put a   2_0 put b   3_0 put a   4_0t b   5_0 ""         records 5, tombstones 1, markers 1
 *                              └─ alive: a                      live 1, of which key and value bytes
 */
#include "etcd/index.h"
#include "etcd/ticker.h"
#include "parser/leaves.h"

struct count {
    struct ss_key_figures *out;
    struct ss_key_index index;
    struct ss_ticker ticker;
};

/* A part of the bucket: only the sums over all records are used of `sums`. */
struct slot {
    struct ss_key_figures sums;
    uint64_t len;
    struct ss_index_list keys;
};

/* The bytes of the record at `loc`, as an empty one when it is a tombstone. */
static struct ss_record weigh(const struct count *n, uint64_t loc)
{
    struct ss_record rec;

    if (loc == SS_LOC_NONE || !ss_locator_record(&n->index.at, loc, &rec) || rec.tombstone) {
        rec = (struct ss_record){0};
    }
    return rec;
}

/* A put takes the place of its key's former one, a tombstone takes it away. */
static void on_apply(void *ctx, uint64_t loc, uint64_t former)
{
    struct count *n = ctx;
    struct ss_record now = weigh(n, loc), before = weigh(n, former);

    n->out->live_key_len += now.key.len;
    n->out->live_value_len += now.value.len;
    n->out->live_key_len -= before.key.len;
    n->out->live_value_len -= before.value.len;
}

static enum ss_status take(const struct count *n, struct slot *slot, const struct ss_entry *entry,
                           struct ss_error *err)
{
    struct ss_record rec;
    enum ss_status status = ss_record_decode(entry, &rec, err);

    if (status != SS_OK) {
        return status;
    }
    slot->sums.record_count++;
    slot->sums.tombstone_count += rec.tombstone;
    slot->sums.marker_count += rec.marker;
    slot->sums.key_len += rec.key.len;
    slot->sums.value_len += rec.value.len;
    slot->len += entry->key.len + entry->value.len;
    if (rec.marker || rec.rev.main == 0) {
        return SS_OK;
    }
    return ss_index_list_add(&slot->keys, &n->index, &rec, err);
}

static enum ss_status on_leaf(void *ctx, void *slot, const struct ss_page_view *leaf,
                              struct ss_error *err)
{
    enum ss_status status = SS_OK;

    for (uint32_t i = 0; i < leaf->count && status == SS_OK; i++) {
        struct ss_entry entry = ss_leaf_entry(leaf, i);

        status = take(ctx, slot, &entry, err);
    }
    return status;
}

static enum ss_status on_part(void *ctx, void *slot_, struct ss_error *err)
{
    struct count *n = ctx;
    struct slot *slot = slot_;
    uint64_t len = slot->len;
    enum ss_status status;

    n->out->record_count += slot->sums.record_count;
    n->out->tombstone_count += slot->sums.tombstone_count;
    n->out->marker_count += slot->sums.marker_count;
    n->out->key_len += slot->sums.key_len;
    n->out->value_len += slot->sums.value_len;
    status = ss_key_index_add_list(&n->index, &slot->keys, err);
    slot->sums = (struct ss_key_figures){0};
    slot->len = 0;
    return status == SS_OK ? ss_tick(&n->ticker, len, err) : status;
}

static void slot_fini(void *slot_)
{
    struct slot *slot = slot_;

    ss_index_list_fini(&slot->keys);
}

static enum ss_status count_all(const struct ss_file *file, struct count *n, struct ss_error *err)
{
    static const struct ss_leaves_ops ops = {.slot_len = sizeof(struct slot),
                                             .on_leaf = on_leaf,
                                             .on_part = on_part,
                                             .slot_fini = slot_fini};
    const struct ss_call quiet = ss_call_quiet(n->ticker.call);
    struct ss_cursor c;
    enum ss_status status = ss_key_bucket_cursor(file, &c, err);

    if (status != SS_OK) {
        return status == SS_END ? ss_not_etcd(err) : status;
    }
    ss_key_index_init(&n->index, file, &c.tree);
    n->index.on_apply = on_apply;
    n->index.apply_ctx = n;
    status = ss_leaves_run(file, &c.tree, SS_KEY_BUCKET, &ops, n, &quiet, NULL, err);
    if (status == SS_OK) {
        status = ss_key_index_flush(&n->index, err);
    }
    n->out->live_count = n->index.count;
    return status;
}

enum ss_status ss_key_figures(const struct ss_file *file, const struct ss_call *call,
                              struct ss_key_figures *out, struct ss_error *err)
{
    struct count n = {.out = out, .ticker = {.call = ss_call_or_none(call), .phase = "counting"}};
    struct ss_file_facts facts;
    enum ss_status status;

    ss_error_clear(err);
    *out = (struct ss_key_figures){0};
    ss_file_facts(file, &facts);
    n.ticker.total = facts.db_len;
    status = ss_call_begin(call, n.ticker.phase, err);
    if (status == SS_OK) {
        status = ss_source_check(&file->src, count_all(file, &n, err), err);
    }
    ss_key_index_fini(&n.index);
    return status;
}
