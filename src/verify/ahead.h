/*
 * ahead.h - leaves judged by a second thread, from the other end of the trees.
 *
 *   trees     │ leaf │ leaf │ leaf │ leaf │ leaf │ leaf │ leaf │ leaf │
 *   walk      ─────── looks at each ──────►◄── judges: nothing wrong ──── the thread
 *
 * A leaf that the thread found nothing wrong with is known: the walk only claims it. Everything else the walk
 * looks at itself, so that what is found does not depend on how far the thread came. A judgement holds for
 * the reference that led to the leaf and the bounds that go with it; it is noted only where both bounds are
 * keys of the branch with that reference.
 */
#ifndef SS_VERIFY_AHEAD_H
#define SS_VERIFY_AHEAD_H

#include "parser/db.h"
#include "util/task.h"

struct ss_ahead_leaf {
    /* Of the reference that it is known by; 0: not known, 1: the walk was here. */
    _Atomic uint64_t ref_off;
    uint64_t run_count;
};

/* Zeroed: nothing runs, and nothing is known. */
struct ss_ahead {
    const struct ss_file *file;
    struct ss_ahead_leaf *leaves; /* one a page */
    struct ss_task task;
};

/* Starts the thread; where there is none to be had nothing will be known. Errors: NOMEM. */
enum ss_status ss_ahead_start(struct ss_ahead *ahead, const struct ss_file *file,
                              struct ss_error *err);

/* The walk comes to a page. True: it is a leaf without buckets, and all of it is as it should be. */
bool ss_ahead_take(struct ss_ahead *ahead, uint64_t pgid, uint64_t ref_off, uint64_t *run_count);

void ss_ahead_end(struct ss_ahead *ahead);

#endif
