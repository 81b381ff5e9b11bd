/*
 * tee.h - the SHA-256 of bytes on their way into a spool, all but the last 32 of them.
 *
 *   ├──────── hashed, by a thread of its own ────────┼── written ──┼─ to come …
 *   ├──────────────── when the stream has ended ──────────────┼─ 32 ─┤
 *
 * Where a stream ends is known only when it ends, and what follows the covered bytes is the trailing
 * hash itself: so the last 32 bytes are never hashed. The thread reads what lies in the spool already,
 * so that whoever fills it waits for no hash: reading, unpacking and hashing go on side by side. Only what
 * begins like a bbolt file is hashed, which leaves out packed input; bytes that do not come in order
 * end it. Whoever finds no digest reads the file again: the tee saves a pass and decides nothing.
 */
#ifndef SS_SOURCE_TEE_H
#define SS_SOURCE_TEE_H

#include "util/sha256.h"

struct ss_tee_job;

/* Zeroed: nothing came by. */
struct ss_tee {
    struct ss_tee_job *job; /* a digest is in the making */
    uint64_t len;           /* bytes that came in order */
};

/*
 * The bytes at offset off, in order, which have been written to fd at that offset. Nothing is started
 * but by bytes at offset 0. fd is read until ss_tee_finish or ss_tee_fini returns.
 */
void ss_tee_feed(struct ss_tee *tee, int fd, const uint8_t *bytes, uint64_t len, uint64_t off);

/* Ends it. True: *covered bytes, those before the last 32, have this digest. */
bool ss_tee_finish(struct ss_tee *tee, uint64_t *covered, uint8_t digest[SS_SHA256_LEN]);

/* Gives it up. Fine on a zeroed one. */
void ss_tee_fini(struct ss_tee *tee);

#endif
