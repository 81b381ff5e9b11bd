/*
 * checking.h - ss_intake while its output is written: the checks are a task, judged at the end.
 *
 *   caller ── begin ──────── writes, asks now and then: refused? ──────── end ── commit, or drop
 *               └── task: trees and records, then the hash (or meanwhile, on one more) ──┘
 *
 * Nothing begins where the outcome is known at a glance: no hash and no flag that allows it, a hash of
 * zeroes, pages that are missing.
 */
#ifndef SS_INTAKE_CHECKING_H
#define SS_INTAKE_CHECKING_H

#include "parser/db.h"
#include "util/task.h"
#include "verify/verification.h"

/* From so many bytes on, a thread is worth its start. */
#define SS_THREAD_WORTH_LEN (UINT64_C(1) << 20)

struct ss_checking {
    const struct ss_file *file;
    struct ss_intake_opts opts;
    const struct ss_call *call;
    struct ss_call inner; /* the task's, which reports to it */
    bool without_hash;    /* the caller computes it */
    struct ss_task task;
    atomic_bool refused; /* known before the end */
    enum ss_status status;
    struct ss_error err;
    struct ss_verification *verification;
};

/*
 * Starts the checks, where it is worth it and `call`, which must last until the end, allows a thread. False: the
 * caller does one after the other. True: ss_checking_end must follow. Of the call's threads the checks take the
 * second and the fourth; the first is the caller's, and the third is left to it.
 */
bool ss_checking_begin(struct ss_checking *c, const struct ss_file *file,
                       const struct ss_intake_opts *opts, const struct ss_call *call,
                       bool without_hash);

/* Whether the caller may start a thread of its own. `c` NULL: no checks go on. */
bool ss_checking_leaves_thread(const struct ss_checking *c, const struct ss_file *file,
                               const struct ss_call *call);

/* Whether writing goes on in vain. */
bool ss_checking_refused(const struct ss_checking *c);

/*
 * Waits, telling progress, and judges. `digest`: what ss_verification_finish takes. `cancel`: only ends the
 * checks, as CANCELLED. Errors: as ss_intake.
 */
enum ss_status ss_checking_end(struct ss_checking *c, const uint8_t *digest, bool cancel,
                               struct ss_intake *out, struct ss_error *err);

/* Fills the decision from in->checked, by the rules of struct ss_intake. */
void ss_intake_judge(struct ss_intake *in, const struct ss_intake_opts *opts);

#endif
