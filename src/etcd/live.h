/*
 * live.h - the live keys of a file at one revision, before and after they are put in order.
 *
 *   key bucket ── index ──► live: slots by word ──► sort ──► state: locators by key
 *                                 └─ a comparison takes out what it need not see in order
 *
 * Two files read with one seed have equal keys under equal words, so that both are walked in step
 * without a search. A word alone proves nothing: different keys may share one.
 */
#ifndef SS_ETCD_LIVE_H
#define SS_ETCD_LIVE_H

#include "etcd/index.h"

struct ss_live {
    struct ss_locator at;
    int64_t rev;           /* as resolved */
    struct ss_slot *slots; /* heap, by word; NULL when there are none */
    uint64_t count;
};

/* As ss_state_new, for ss_live_fini to release. On failure there is nothing to release. */
enum ss_status ss_live_read(struct ss_live *live, const struct ss_file *file, int64_t rev,
                            const struct ss_range *range, uint64_t seed, const struct ss_call *call,
                            struct ss_error *err);
void ss_live_fini(struct ss_live *live);

/* The same of what still stands, and as ss_state_new_keeping. */
enum ss_status ss_live_read_standing(struct ss_live *live, const struct ss_file *file, int64_t rev,
                                     const struct ss_range *range, struct ss_skips *skips,
                                     const struct ss_call *call, struct ss_error *err);
enum ss_status ss_state_standing(const struct ss_file *file, int64_t rev,
                                 const struct ss_range *range, struct ss_skips *skips,
                                 const struct ss_call *call, struct ss_state **out,
                                 struct ss_error *err);

/* Keeps the first `count` slots and gives back the room of the others. */
void ss_live_cut(struct ss_live *live, uint64_t count);

/* The state of what is there; takes over the slots, also on failure. Errors: NOMEM. */
enum ss_status ss_live_sort(struct ss_live *live, struct ss_state **out, struct ss_error *err);

/*
 * For callers that get the records of a state one after the other and stand at the i-th: asks the memory
 * ahead of time for elements that follow, and for `value_len` bytes of their values at most. Keys that
 * stand side by side lie anywhere in the file. Nothing but time depends on it.
 */
void ss_state_prefetch(const struct ss_state *state, uint64_t i, uint64_t value_len);

#endif
