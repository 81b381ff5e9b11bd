/*
 * index_fill.c - the live keys at a revision: all records up to it, decoded by several threads.
 *
 *   threads   a part's records ──► list      the keys' words are computed here
 *   caller    list, list, list … ──► index   in revision order
 */
#include "etcd/index.h"

#include "parser/leaves.h"
#include "util/call.h"

#define PROGRESS_COUNT 4096u

struct fill {
    struct ss_key_index *index;
    int64_t rev;
    const struct ss_range *range;
    bool markers;
    const struct ss_call *call; /* of the walk past damage: the other one tells by itself */
    uint64_t seen;
};

/* Whether an element stands before revision 1, where nothing is read. */
static bool is_before_first(struct ss_span key)
{
    static const uint8_t zeroes[8];

    return key.len >= sizeof(zeroes) && memcmp(key.ptr, zeroes, sizeof(zeroes)) == 0;
}

static enum ss_status on_leaf(void *ctx, void *slot, const struct ss_page_view *leaf,
                              struct ss_error *err)
{
    const struct fill *fill = ctx;
    struct ss_index_list *list = slot;

    for (uint32_t i = 0; i < leaf->count; i++) {
        struct ss_entry entry = ss_leaf_entry(leaf, i);
        struct ss_record rec;
        enum ss_status status = SS_OK;

        if (is_before_first(entry.key)) {
            continue;
        }
        status = ss_record_decode(&entry, &rec, err);
        if (status == SS_OK && rec.rev.main > fill->rev) {
            return SS_END;
        }
        if (status == SS_OK && (fill->markers || !rec.marker) &&
            ss_range_has(fill->range, rec.key)) {
            status = ss_index_list_add(list, fill->index, &rec, err);
        }
        if (status != SS_OK) {
            return status;
        }
    }
    return SS_OK;
}

static enum ss_status on_part(void *ctx, void *slot, struct ss_error *err)
{
    const struct fill *fill = ctx;

    return ss_key_index_add_list(fill->index, slot, err);
}

static void slot_fini(void *slot)
{
    ss_index_list_fini(slot);
}

enum ss_status ss_key_index_fill(struct ss_key_index *x, const struct ss_tree *tree, int64_t rev,
                                 const struct ss_range *range, bool markers,
                                 const struct ss_call *call, struct ss_error *err)
{
    static const struct ss_leaves_ops ops = {.slot_len = sizeof(struct ss_index_list),
                                             .on_leaf = on_leaf,
                                             .on_part = on_part,
                                             .slot_fini = slot_fini};
    struct fill fill = {.index = x, .rev = rev, .range = range, .markers = markers};
    enum ss_status status =
        ss_leaves_run(x->at.file, tree, SS_KEY_BUCKET, &ops, &fill, call, NULL, err);

    return status == SS_OK ? ss_key_index_flush(x, err) : status;
}

static enum ss_status on_standing(void *ctx, const struct ss_record *rec, struct ss_error *err)
{
    struct fill *fill = ctx;

    if (++fill->seen % PROGRESS_COUNT == 0 &&
        !ss_call_goes_on(fill->call, SS_PHASE_KEYS, fill->seen, 0)) {
        return ss_cancelled(err);
    }
    if (rec->marker || !ss_range_has(fill->range, rec->key)) {
        return SS_OK;
    }
    return ss_key_index_add(fill->index, rec, err);
}

enum ss_status ss_key_index_fill_standing(struct ss_key_index *x, int64_t rev,
                                          const struct ss_range *range, struct ss_skips *skips,
                                          const struct ss_call *call, struct ss_error *err)
{
    struct fill fill = {.index = x, .rev = rev, .range = range, .call = ss_call_or_none(call)};
    enum ss_status status = ss_records_standing(x->at.file, 1, rev, skips, on_standing, &fill, err);

    return status == SS_OK ? ss_key_index_flush(x, err) : status;
}
