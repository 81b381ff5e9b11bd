/*
 * call.h - how a public call runs (struct ss_call), from the inside: progress out, the wish to stop in.
 *
 *   ss_open, ss_verify, ss_dump, …   ss_call_or_none ── ss_call_begin ── … ss_call_tell … ── result
 *
 * One meaning for all: what the caller gave goes down as it is, and a part of the work that must not report
 * on its own gets ss_call_quiet's.
 */
#ifndef SS_UTIL_CALL_H
#define SS_UTIL_CALL_H

#include "util/error.h"

/* Phases that calls have in common. */
#define SS_PHASE_KEYS "reading keys"
#define SS_PHASE_TREES "walking trees"

/* A call of the caller's that may be NULL. */
static inline const struct ss_call *ss_call_or_none(const struct ss_call *call)
{
    static const struct ss_call none;

    return call != NULL ? call : &none;
}

/* The same threads, and no progress: for a part of the work, when the whole reports on its own. */
static inline struct ss_call ss_call_quiet(const struct ss_call *call)
{
    return (struct ss_call){.threads = call->threads};
}

/* Whether to go on. */
static inline bool ss_call_goes_on(const struct ss_call *call, const char *phase, uint64_t done,
                                   uint64_t total)
{
    return call->progress == NULL || call->progress(call->progress_ctx, phase, done, total);
}

static inline enum ss_status ss_cancelled(struct ss_error *err)
{
    return ss_system(err, SS_E_CANCELLED, 0, "cancelled");
}

/* The same as a status: SS_SYSTEM, CANCELLED when the caller wants to stop. */
static inline enum ss_status ss_call_tell(const struct ss_call *call, const char *phase,
                                          uint64_t done, uint64_t total, struct ss_error *err)
{
    return ss_call_goes_on(call, phase, done, total) ? SS_OK : ss_cancelled(err);
}

/* Before any work, so that the shortest of calls can be stopped, too. `call` may be NULL. */
static inline enum ss_status ss_call_begin(const struct ss_call *call, const char *phase,
                                           struct ss_error *err)
{
    return ss_call_tell(ss_call_or_none(call), phase, 0, 0, err);
}

/*
 * How many of a call's parts that can run at once may: each of them in a thread of its own, the first in the
 * caller's. `parts` is at least 1.
 */
static inline unsigned ss_call_parts(const struct ss_call *call, unsigned parts)
{
    return call->threads != 0 && call->threads < parts ? call->threads : parts;
}

#endif
