/*
 * state_diff.h - the differences of two files' live keys, pulled one by one.
 *
 * ss_diff gives them to a callback, the table `differences` as rows.
 */
#ifndef SS_DIFF_STATE_DIFF_H
#define SS_DIFF_STATE_DIFF_H

#include "etcd/live.h"

/* One side: what a step needs, on whichever thread. */
struct ss_diff_side {
    const struct ss_file *file;
    const struct ss_range *range;
    int64_t rev;
    uint64_t seed;
    struct ss_call call;
    struct ss_live live;
    struct ss_state *state;
    enum ss_status status;
    struct ss_error err;
};

/* Between open and close it stays where it is. */
struct ss_diff_walk {
    const struct ss_diff_opts *opts;
    const struct ss_call *call;
    unsigned threads; /* that the two sides share */
    struct ss_diff_result *result;
    struct ss_diff_side sides[2]; /* A, B */
    uint64_t next_a, next_b;
    struct ss_record a, b;
};

/*
 * Reads both sides and keeps what is not alike. *opts, *call (may be NULL) and *result are borrowed; result has the revisions and
 * counts of the sides at once, those of the changes as they are given. Errors as ss_diff; then, too, close.
 */
enum ss_status ss_diff_walk_open(struct ss_diff_walk *walk, const struct ss_file *a,
                                 const struct ss_file *b, const struct ss_diff_opts *opts,
                                 const struct ss_call *call, struct ss_diff_result *result,
                                 enum ss_side *side, struct ss_error *err);

/* The next change, whose records live until the next call; SS_END behind the last. Errors: CANCELLED. */
enum ss_status ss_diff_walk_next(struct ss_diff_walk *walk, struct ss_diff_change *change,
                                 struct ss_error *err);

/* A failed read of a mapping, of either side, in place of `status`: it comes before all else. */
enum ss_status ss_diff_walk_check(const struct ss_diff_walk *walk, enum ss_status status,
                                  enum ss_side *side, struct ss_error *err);

void ss_diff_walk_close(struct ss_diff_walk *walk);

#endif
