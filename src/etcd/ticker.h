/*
 * ticker.h - progress out of a loop over records: a callback now and then, and its wish to stop.
 */
#ifndef SS_ETCD_TICKER_H
#define SS_ETCD_TICKER_H

#include "util/call.h"

#define SS_TICK_LEN (UINT64_C(8) << 20)

struct ss_ticker {
    const struct ss_call *call;
    const char *phase;
    uint64_t done, total; /* bytes */
    uint64_t next;        /* `done` at which to call again */
};

/* Counts len bytes. SS_SYSTEM, CANCELLED: the callback returned false. */
static inline enum ss_status ss_tick(struct ss_ticker *t, uint64_t len, struct ss_error *err)
{
    t->done += len;
    if (t->call->progress == NULL || t->done < t->next || t->done == 0) {
        return SS_OK;
    }
    t->next = t->done + SS_TICK_LEN;
    return ss_call_tell(t->call, t->phase, t->done, t->total, err);
}

#endif
