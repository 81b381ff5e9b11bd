/*
 * state.c - the live keys at one revision: one pass over `key`, then a sort by key.
 *
 *   key bucket   1_0 put a   2_0 put b   3_0 put a   4_0 delete b
 *                └──────────────┴───────────┴──────────────┴──► index: a → 3_0
 *                                                                └──► locs[], by key
 *
 * A state keeps 8 bytes a live key: where its record stands. While it is made, the index takes 20 to
 * 30 bytes for each of the most keys that were live at once (index.h); its own array is then packed,
 * widened to 24 bytes a live key, sorted, and cut down in place (sort.h).
 *
 * Markers are no keys: etcd keeps them under the empty key, which no request can name.
 */
#include "etcd/index.h"
#include "etcd/sort.h"

#include <stdlib.h>

struct ss_state {
    struct ss_locator at;
    int64_t rev;
    uint64_t *locs;
    uint64_t count;
};

static enum ss_status build(struct ss_state *state, struct ss_key_index *x, int64_t rev,
                            const struct ss_range *range, struct ss_error *err)
{
    const struct ss_file *file = state->at.file;
    struct ss_cursor c;
    struct ss_rev_facts facts;
    struct ss_slot *slots;
    enum ss_status st = ss_rev_resolve(file, rev, &facts, &state->rev, err);

    if (st == SS_OK)
        st = ss_key_bucket_cursor(file, &c, err);
    if (st != SS_OK)
        return st;
    ss_key_index_init(x, file, &c.tree);
    state->at = x->at;
    st = ss_key_index_fill(x, &c, state->rev, range, false, err);
    if (st != SS_OK)
        return st;
    slots = ss_key_index_take(x, &state->count);
    if (slots == NULL)
        return SS_OK;
    state->locs = ss_slots_sort(&state->at, slots, state->count);
    return state->locs != NULL ? SS_OK : ss_nomem(err, state->count * SS_SORT_ITEM_LEN);
}

enum ss_status ss_state_new(const struct ss_file *file, int64_t rev, const struct ss_range *range,
                            struct ss_state **out, struct ss_error *err)
{
    struct ss_key_index x = {0};
    struct ss_state *state = calloc(1, sizeof(*state));
    enum ss_status st;

    ss_error_clear(err);
    *out = NULL;
    if (state == NULL)
        return ss_nomem(err, sizeof(*state));
    state->at.file = file;
    st = ss_source_check(&file->src, build(state, &x, rev, range, err), err);
    ss_key_index_fini(&x);
    if (st != SS_OK) {
        ss_state_free(state);
        return st;
    }
    *out = state;
    return SS_OK;
}

void ss_state_free(struct ss_state *state)
{
    if (state == NULL)
        return;
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
    const struct ss_span none = {state->at.file->bytes.ptr, 0, state->at.file->bytes.off};

    if (i >= state->count || !ss_locator_record(&state->at, state->locs[i], out))
        *out = (struct ss_record){.key = none, .value = none, .pgid = SS_NONE};
}

enum ss_status ss_state_find(const struct ss_state *state, const void *key, size_t key_len,
                             struct ss_record *out)
{
    struct ss_span wanted = ss_span_of(key, key_len);
    uint64_t lo = 0, hi = state->count;

    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;

        if (ss_span_cmp(ss_locator_key(&state->at, state->locs[mid]), wanted) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == state->count || !ss_span_eq(ss_locator_key(&state->at, state->locs[lo]), wanted))
        return SS_END;
    ss_state_get(state, lo, out);
    return SS_OK;
}
