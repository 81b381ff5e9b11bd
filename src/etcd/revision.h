/*
 * revision.h - the key of a record: a revision, big-endian on every machine. [F9]
 *
 *   0                      8     9                      17    18
 *   ┌──────────────────────┬─────┬──────────────────────┬─────┐
 *   │ main, i64 big-endian │ '_' │ sub, i64 big-endian  │ 't' │  the mark is there on tombstones only
 *   └──────────────────────┴─────┴──────────────────────┴─────┘
 *
 * As bytes they sort like the numbers, which is why neither may be negative: etcd 3.6 panics on one.
 * etcd takes an 18th byte other than 't' for a put; nothing writes it, and it is refused here.
 */
#ifndef SS_ETCD_REVISION_H
#define SS_ETCD_REVISION_H

#include "util/error.h"
#include "util/span.h"

#define SS_REVISION_LEN 17u
#define SS_REVISION_MARK_POS 17u
#define SS_TOMBSTONE_LEN 18u

/*
 * Decodes a key of the `key` bucket. Errors: REV_KEY, at the first byte that is wrong, missing or too
 * many; pgid goes into the error.
 */
enum ss_status ss_revision_decode(struct ss_span key, uint64_t pgid, struct ss_revision *rev,
                                  bool *tombstone, struct ss_error *err);

/* Decodes a revision held as a value in `meta`: 17 bytes, no mark. Errors: FIELD, likewise. */
enum ss_status ss_revision_decode_meta(struct ss_span value, const char *name, uint64_t pgid,
                                       struct ss_revision *rev, struct ss_error *err);

/* Encodes into out, of 18 bytes; returns how many were used: 17, or 18 for a tombstone. */
size_t ss_revision_encode(struct ss_revision rev, bool tombstone, uint8_t out[SS_TOMBSTONE_LEN]);

/* Order of revisions: main, then sub. */
static inline int ss_revision_cmp(struct ss_revision a, struct ss_revision b)
{
    if (a.main != b.main)
        return a.main < b.main ? -1 : 1;
    return a.sub < b.sub ? -1 : a.sub > b.sub;
}

#endif
