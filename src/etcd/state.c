/*
 * state.c - the live keys at one revision: one pass over `key`, then a sort by key.
 *
 *   key bucket   1_0 put a   2_0 put b   3_0 put a   4_0 delete b
 *                └──────────────┴───────────┴──────────────┴──► index: a → 3_0
 *                                                                └──► locs[], by key
 *
 * A state keeps 8 bytes a live key: where its record stands. While it is made, the index takes 20 to
 * 30 bytes for each of the most keys that were live at once (index.h); its own array is then packed, cut
 * to 16 bytes a live key, sorted with as much room again and 32 MiB (sort.h), and cut down in place.
 *
 * Markers are no keys: etcd keeps them under the empty key, which no request can name.
 */
#include "etcd/live.h"
#include "etcd/sort.h"
#include "util/array.h"
#include "util/call.h"
#include "util/prefetch.h"

#include <stdlib.h>

/* Records whose element, and then value, is asked for that far ahead. */
#define AHEAD_ELEMENT UINT64_C(24)
#define AHEAD_VALUE UINT64_C(8)

struct ss_state {
    struct ss_locator at;
    int64_t rev;
    uint64_t *locs;
    uint64_t count;
};

static enum ss_status read_live(struct ss_live *live, struct ss_key_index *x, int64_t rev,
                                const struct ss_range *range, uint64_t seed,
                                const struct ss_call *call, struct ss_error *err)
{
    const struct ss_file *file = live->at.file;
    struct ss_cursor c;
    struct ss_rev_facts facts;
    enum ss_status status = ss_rev_resolve(file, rev, &facts, &live->rev, err);

    if (status == SS_OK) {
        status = ss_key_bucket_cursor(file, &c, err);
    }
    if (status != SS_OK) {
        return status;
    }
    ss_key_index_init(x, file, &c.tree);
    x->seed = seed;
    live->at = x->at;
    status = ss_key_index_fill(x, &c.tree, live->rev, range, false, call, err);
    if (status == SS_OK) {
        live->slots = ss_key_index_take(x, &live->count);
    }
    return status;
}

enum ss_status ss_live_read(struct ss_live *live, const struct ss_file *file, int64_t rev,
                            const struct ss_range *range, uint64_t seed, const struct ss_call *call,
                            struct ss_error *err)
{
    struct ss_key_index x = {0};
    enum ss_status status;

    ss_error_clear(err);
    *live = (struct ss_live){.at = {.file = file}};
    if (ss_call_begin(call, SS_PHASE_KEYS, err) != SS_OK) {
        return SS_SYSTEM;
    }
    status = ss_source_check(&file->src, read_live(live, &x, rev, range, seed, call, err), err);
    ss_key_index_fini(&x);
    if (status != SS_OK) {
        ss_live_fini(live);
    }
    return status;
}

static enum ss_status read_standing(struct ss_live *live, struct ss_key_index *x, int64_t rev,
                                    const struct ss_range *range, struct ss_skips *skips,
                                    const struct ss_call *call, struct ss_error *err)
{
    const struct ss_file *file = live->at.file;
    struct ss_rev_facts facts;
    struct ss_tree tree;
    enum ss_status status = ss_rev_resolve_keeping(file, rev, skips, &facts, &live->rev, err);

    if (status == SS_OK) {
        status = ss_key_bucket_standing(file, skips, &tree, err);
    }
    if (status != SS_OK) {
        return status == SS_END ? ss_not_etcd(err) : status;
    }
    ss_key_index_init(x, file, &tree);
    live->at = x->at;
    /* The latest state has no bound: what is lost may lie behind the last record that can be read. */
    status = ss_key_index_fill_standing(x, rev == 0 ? 0 : live->rev, range, skips, call, err);
    if (status == SS_OK) {
        live->slots = ss_key_index_take(x, &live->count);
    }
    return status;
}

enum ss_status ss_live_read_standing(struct ss_live *live, const struct ss_file *file, int64_t rev,
                                     const struct ss_range *range, struct ss_skips *skips,
                                     const struct ss_call *call, struct ss_error *err)
{
    struct ss_key_index x = {0};
    enum ss_status status;

    ss_error_clear(err);
    *live = (struct ss_live){.at = {.file = file}};
    status =
        ss_source_check(&file->src, read_standing(live, &x, rev, range, skips, call, err), err);
    ss_key_index_fini(&x);
    if (status != SS_OK) {
        ss_live_fini(live);
    }
    return status;
}

void ss_live_fini(struct ss_live *live)
{
    free(live->slots);
    live->slots = NULL;
    live->count = 0;
}

void ss_live_cut(struct ss_live *live, uint64_t count)
{
    if (count == live->count) {
        return;
    }
    if (count == 0) {
        ss_live_fini(live);
    } else {
        live->slots = ss_array_cut(live->slots, count);
    }
    live->count = count;
}

enum ss_status ss_live_sort(struct ss_live *live, struct ss_state **out, struct ss_error *err)
{
    struct ss_state *state = calloc(1, sizeof(*state));
    struct ss_slot *slots = live->slots;
    enum ss_status status = SS_OK;

    ss_error_clear(err);
    *out = NULL;
    live->slots = NULL;
    if (state == NULL) {
        free(slots);
        return ss_nomem(err, sizeof(*state));
    }
    *state = (struct ss_state){.at = live->at, .rev = live->rev, .count = live->count};
    if (slots != NULL) {
        status = ss_slots_sort(&state->at, slots, state->count, 0, &state->locs, err);
    }
    if (status != SS_OK) {
        ss_state_free(state);
        return status;
    }
    *out = state;
    return SS_OK;
}

/* The state of what was read, whose bytes must still be there. */
static enum ss_status finish(struct ss_live *live, struct ss_state **out, struct ss_error *err)
{
    const struct ss_file *file = live->at.file;
    enum ss_status status = ss_live_sort(live, out, err);

    if (status == SS_OK && (status = ss_source_check(&file->src, SS_OK, err)) != SS_OK) {
        ss_state_free(*out);
        *out = NULL;
    }
    return status;
}

enum ss_status ss_state_new(const struct ss_file *file, int64_t rev, const struct ss_range *range,
                            const struct ss_call *call, struct ss_state **out, struct ss_error *err)
{
    struct ss_live live;
    enum ss_status status = ss_live_read(&live, file, rev, range, ss_index_seed(), call, err);

    *out = NULL;
    return status == SS_OK ? finish(&live, out, err) : status;
}

enum ss_status ss_state_standing(const struct ss_file *file, int64_t rev,
                                 const struct ss_range *range, struct ss_skips *skips,
                                 const struct ss_call *call, struct ss_state **out,
                                 struct ss_error *err)
{
    struct ss_live live;
    enum ss_status status = ss_live_read(&live, file, rev, range, ss_index_seed(), call, err);

    *out = NULL;
    if (status == SS_CORRUPT) {
        status = ss_live_read_standing(&live, file, rev, range, skips, call, err);
    }
    return status == SS_OK ? finish(&live, out, err) : status;
}

enum ss_status ss_state_new_keeping(const struct ss_file *file, int64_t rev,
                                    const struct ss_range *range, const struct ss_keep_going *keep,
                                    const struct ss_call *call, struct ss_state **out,
                                    uint64_t *skip_count, struct ss_error *err)
{
    struct ss_skips skips = {.keep = keep};
    enum ss_status status = keep == NULL
                                ? ss_state_new(file, rev, range, call, out, err)
                                : ss_state_standing(file, rev, range, &skips, call, out, err);

    if (skip_count != NULL) {
        *skip_count = skips.count;
    }
    return status;
}

void ss_state_free(struct ss_state *state)
{
    if (state == NULL) {
        return;
    }
    free(state->locs);
    free(state);
}

uint64_t ss_state_count(const struct ss_state *state)
{
    return state->count;
}

int64_t ss_state_rev(const struct ss_state *state)
{
    return state->rev;
}

void ss_state_get(const struct ss_state *state, uint64_t i, struct ss_record *out)
{
    const struct ss_span none = {state->at.file->geo.bytes.ptr, 0, state->at.file->geo.bytes.off};

    if (i >= state->count || !ss_locator_record(&state->at, state->locs[i], out)) {
        *out = (struct ss_record){.key = none, .value = none, .pgid = SS_NONE};
    }
}

void ss_state_prefetch(const struct ss_state *state, uint64_t i, uint64_t value_len)
{
    struct ss_entry entry;

    if (i + AHEAD_ELEMENT < state->count) {
        ss_locator_prefetch(&state->at, state->locs[i + AHEAD_ELEMENT]);
    }
    if (i + AHEAD_VALUE >= state->count ||
        !ss_locator_entry(&state->at, state->locs[i + AHEAD_VALUE], &entry)) {
        return;
    }
    ss_prefetch(entry.value.ptr, ss_min_u64(value_len, entry.value.len));
}

enum ss_status ss_state_find(const struct ss_state *state, const void *key, size_t key_len,
                             struct ss_record *out)
{
    struct ss_span wanted = ss_span_of(key, key_len);
    uint64_t lo = 0, hi = state->count;

    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;

        if (ss_span_cmp(ss_locator_key(&state->at, state->locs[mid]), wanted) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    if (lo == state->count || !ss_span_eq(ss_locator_key(&state->at, state->locs[lo]), wanted)) {
        return SS_END;
    }
    ss_state_get(state, lo, out);
    return SS_OK;
}
