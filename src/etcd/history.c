/*
 * history.c - every retained revision of one key, or of the keys with a prefix, generation by generation.
 *
 *   generation 1                        generation 2
 *   ┌───────────────────────────────┐   ┌────────────────
 *   put v1   put v2   put v3   delete   put v1   put v2 …      versions count from 1 in each
 *   └── gone ───────┘ └─ the last one at or below the compacted revision stays
 *
 * What is gone shows in the versions: a put with version v behind one with version u misses v - u - 1
 * puts between them. Compaction leaves, of each key, the last record at or below its revision, so it
 * explains only what is missing before a key's first record, and only when that stands there.
 *
 * One key streams. Keys with a prefix are collected in the one pass, 24 bytes a revision and as much
 * again while they are sorted by key; the sort is stable, so revisions stay in order, and cannot go
 * astray when mapped keys change under it.
 */
#include "etcd/locator.h"
#include "util/array.h"
#include "util/call.h"

#include <stdlib.h>

#define PROGRESS_COUNT 4096u
#define PROGRESS_PHASE "history"

struct found {
    const uint8_t *key;
    uint64_t key_len;
    uint64_t loc;
};

struct history {
    const struct ss_file *file;
    const struct ss_history_opts *opts;
    const struct ss_call *call;
    ss_history_fn on_item;
    void *ctx;
    struct ss_history_result *result;
    struct ss_skips skips;
    uint64_t seen; /* records of any key */

    struct ss_history_item item; /* the one before, of the same key unless key_count is 0 */
    struct ss_locator at;
    struct found *found; /* with a prefix */
    uint64_t found_count;
    size_t found_cap;
};

const char *ss_history_event(const struct ss_history_item *item)
{
    if (item->rec.tombstone) {
        return "deleted";
    }
    return item->is_new_generation && item->rec.version == 1 ? "created" : "put";
}

static struct ss_span wanted(const struct history *h)
{
    return ss_span_of(h->opts->key, h->opts->key_len);
}

/* How many puts are missing right before this one, as the versions tell. */
static uint64_t missing_before(const struct ss_record *rec, int64_t last_version)
{
    if (rec->tombstone || rec->version <= last_version) {
        return 0;
    }
    return (uint64_t)rec->version - (uint64_t)last_version - 1;
}

/* Places a record in its key's history; records of one key come in a row. */
static enum ss_status give(struct history *h, const struct ss_record *rec, struct ss_error *err)
{
    const struct ss_record before = h->item.rec;
    bool new_key = h->result->key_count == 0 || !ss_span_eq(before.key, rec->key);
    bool continues = !new_key && !before.tombstone &&
                     (rec->tombstone || rec->create_revision == before.create_revision);

    h->item.rec = *rec;
    h->item.is_new_key = new_key;
    h->item.is_new_generation = !continues;
    h->item.generation = new_key ? 1 : h->item.generation + (continues ? 0 : 1);
    h->item.missing_count = missing_before(rec, continues ? before.version : 0);
    h->item.is_compacted = new_key && rec->rev.main <= h->result->facts.compacted;

    h->result->record_count++;
    h->result->key_count += new_key;
    h->result->generation_count += !continues;
    h->result->tombstone_count += rec->tombstone;
    h->result->missing_count += h->item.missing_count;
    return h->on_item(h->ctx, &h->item, err);
}

static enum ss_status collect(struct history *h, const struct ss_record *rec, struct ss_error *err)
{
    struct found found = {rec->key.ptr, rec->key.len, ss_locator_pack(rec->pgid, rec->index)};

    if (!ss_array_add(h->found, h->found_count, h->found_cap, found)) {
        return ss_nomem(err, h->found_count * 2 * sizeof(found));
    }
    return SS_OK;
}

static enum ss_status on_record(void *ctx, const struct ss_record *rec, struct ss_error *err)
{
    struct history *h = ctx;
    const struct ss_history_opts *opts = h->opts;

    if (++h->seen % PROGRESS_COUNT == 0 && !ss_call_goes_on(h->call, PROGRESS_PHASE, h->seen, 0)) {
        return ss_cancelled(err);
    }
    if (rec->marker) {
        return SS_OK;
    }
    if (opts->prefix) {
        return ss_span_has_prefix(rec->key, opts->key, opts->key_len) ? collect(h, rec, err)
                                                                      : SS_OK;
    }
    return ss_span_eq(rec->key, wanted(h)) ? give(h, rec, err) : SS_OK;
}

static bool found_before(const struct found *a, const struct found *b)
{
    return ss_span_cmp(ss_span_of(a->key, (size_t)a->key_len),
                       ss_span_of(b->key, (size_t)b->key_len)) <= 0;
}

/* Merges from[lo, mid) and from[mid, hi) into to[lo, hi). */
static void merge(const struct found *from, struct found *to, uint64_t lo, uint64_t mid,
                  uint64_t hi)
{
    uint64_t left = lo, right = mid;

    for (uint64_t i = lo; i < hi; i++) {
        bool take_left = right == hi || (left < mid && found_before(&from[left], &from[right]));

        to[i] = take_left ? from[left++] : from[right++];
    }
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* By key, records of one key in the order they came in. */
static enum ss_status sort_found(struct history *h, struct ss_error *err)
{
    uint64_t count = h->found_count;
    struct found *from = h->found, *to;

    if (count < 2) {
        return SS_OK;
    }
    to = calloc((size_t)count, sizeof(*to));
    if (to == NULL) {
        return ss_nomem(err, count * sizeof(*to));
    }
    for (uint64_t width = 1; width < count; width *= 2) {
        struct found *swap = from;

        for (uint64_t lo = 0; lo < count; lo += 2 * width) {
            merge(from, to, lo, min_u64(lo + width, count), min_u64(lo + 2 * width, count));
        }
        from = to;
        to = swap;
    }
    free(to);
    h->found = from;
    return SS_OK;
}

static enum ss_status give_found(struct history *h, struct ss_error *err)
{
    enum ss_status status = sort_found(h, err);

    for (uint64_t i = 0; status == SS_OK && i < h->found_count; i++) {
        struct ss_record rec;

        if (!ss_locator_record(&h->at, h->found[i].loc, &rec)) {
            return ss_system(err, SS_E_IO, 0, "a record was read once and cannot be read again");
        }
        status = give(h, &rec, err);
    }
    return status == SS_END ? SS_OK : status;
}

/* Sets up the way back to records that were found, and says which revisions there are. */
static enum ss_status begin(struct history *h, struct ss_error *err)
{
    struct ss_tree tree = {0};
    struct ss_cursor c;
    enum ss_status status;
    bool whole;

    if (h->opts->keep_going != NULL) {
        status = ss_rev_facts_keeping(h->file, &h->skips, &h->result->facts, &whole, err);
        if (status == SS_OK) {
            status = ss_key_bucket_standing(h->file, &h->skips, &tree, err);
        }
    } else {
        status = ss_rev_facts(h->file, &h->result->facts, err);
        if (status == SS_OK) {
            status = ss_key_bucket_cursor(h->file, &c, err);
            tree = status == SS_OK ? c.tree : (struct ss_tree){0};
        }
    }
    if (status == SS_OK) {
        ss_locator_init(&h->at, h->file, &tree);
    }
    return status == SS_END ? ss_not_etcd(err) : status;
}

static enum ss_status run(struct history *h, struct ss_error *err)
{
    enum ss_status status = begin(h, err);

    if (status != SS_OK) {
        return status;
    }
    status = h->opts->keep_going != NULL
                 ? ss_records_standing(h->file, 0, 0, &h->skips, on_record, h, err)
                 : ss_records(h->file, 0, 0, on_record, h, err);
    return status == SS_OK && h->opts->prefix ? give_found(h, err) : status;
}

enum ss_status ss_history(const struct ss_file *file, const struct ss_history_opts *opts,
                          ss_history_fn on_item, void *ctx, const struct ss_call *call,
                          struct ss_history_result *result, struct ss_error *err)
{
    struct history h = {.file = file,
                        .opts = opts,
                        .call = ss_call_or_none(call),
                        .on_item = on_item,
                        .ctx = ctx,
                        .result = result};
    enum ss_status status;

    ss_error_clear(err);
    *result = (struct ss_history_result){0};
    h.skips.keep = opts->keep_going;
    status = ss_call_begin(call, PROGRESS_PHASE, err);
    if (status == SS_OK) {
        status = ss_source_check(&file->src, run(&h, err), err);
    }
    result->skip_count = h.skips.count;
    free(h.found);
    return status;
}
