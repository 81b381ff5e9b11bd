/*
 * figures.c - what the `key` bucket holds, counted in one pass.
 *
 *   1_0 put a   2_0 put b   3_0 put a   4_0t b   5_0 ""         records 5, tombstones 1, markers 1
 *                              └─ alive: a                      live 1, of which key and value bytes
 */
#include "etcd/index.h"
#include "etcd/ticker.h"

struct count {
    struct ss_key_figures *out;
    struct ss_key_index index;
    struct ss_ticker ticker;
};

/* The bytes of the record at `loc`, as an empty one when it is a tombstone. */
static struct ss_record weigh(const struct count *n, uint64_t loc)
{
    struct ss_record rec;

    if (loc == SS_LOC_NONE || !ss_locator_record(&n->index.at, loc, &rec) || rec.tombstone)
        rec = (struct ss_record){0};
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

static enum ss_status take(struct count *n, const struct ss_entry *entry, struct ss_error *err)
{
    struct ss_record rec;
    enum ss_status st = ss_record_decode(entry, &rec, err);

    if (st != SS_OK)
        return st;
    n->out->record_count++;
    n->out->tombstone_count += rec.tombstone;
    n->out->marker_count += rec.marker;
    n->out->key_len += rec.key.len;
    n->out->value_len += rec.value.len;
    if (!rec.marker && rec.rev.main > 0)
        st = ss_key_index_add(&n->index, &rec, err);
    return st == SS_OK ? ss_tick(&n->ticker, entry->key.len + entry->value.len, err) : st;
}

static enum ss_status count_all(const struct ss_file *file, struct count *n, struct ss_error *err)
{
    struct ss_cursor c;
    struct ss_entry entry;
    enum ss_status st = ss_key_bucket_cursor(file, &c, err);

    if (st != SS_OK)
        return st == SS_END ? ss_not_etcd(err) : st;
    ss_key_index_init(&n->index, file, &c.tree);
    n->index.on_apply = on_apply;
    n->index.apply_ctx = n;
    for (st = ss_cursor_first(&c, &entry, err); st == SS_OK; st = ss_cursor_next(&c, &entry, err)) {
        st = take(n, &entry, err);
        if (st != SS_OK)
            return ss_error_in_bucket(err, SS_KEY_BUCKET, st);
    }
    if (st == SS_END)
        st = ss_key_index_flush(&n->index, err);
    n->out->live_count = n->index.count;
    return st;
}

enum ss_status ss_key_figures(const struct ss_file *file, ss_progress_fn progress,
                              void *progress_ctx, struct ss_key_figures *out, struct ss_error *err)
{
    struct count n = {.out = out,
                      .ticker = {.progress = progress, .ctx = progress_ctx, .phase = "counting"}};
    struct ss_file_facts facts;
    enum ss_status st;

    ss_error_clear(err);
    *out = (struct ss_key_figures){0};
    ss_file_facts(file, &facts);
    n.ticker.total = facts.db_len;
    st = ss_source_check(&file->src, count_all(file, &n, err), err);
    ss_key_index_fini(&n.index);
    return st;
}
