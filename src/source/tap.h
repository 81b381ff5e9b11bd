/*
 * tap.h - the SHA-256 of bytes on their way into a spool, all but the last 32 of them.
 *
 *   ├──────────── hashed as they go by ────────────┼─ held ─┤
 *   0                                        len - 32      len
 *
 * Where a stream ends is known only when it ends, and what follows the covered bytes is the trailing
 * hash itself: so the last 32 bytes are always held back. Only what begins like a bbolt file is
 * hashed, which leaves out packed input; bytes that do not come in order end it. Whoever finds no
 * digest reads the file again: the tap saves a pass and decides nothing.
 */
#ifndef SS_SOURCE_TAP_H
#define SS_SOURCE_TAP_H

#include "util/sha256.h"

struct ss_tap {
    bool on; /* a digest is in the making */
    uint64_t len;
    size_t held_len;
    uint8_t held[SS_SHA256_LEN];
    struct ss_sha256 sha;
};

/* The bytes at offset off, in order. Nothing is started but by bytes at offset 0. */
void ss_tap_feed(struct ss_tap *tap, const uint8_t *bytes, uint64_t len, uint64_t off);

/* Ends it. True: *covered bytes, those before the last 32, have this digest. */
bool ss_tap_finish(struct ss_tap *tap, uint64_t *covered, uint8_t digest[SS_SHA256_LEN]);

/* Fine on a zeroed one. */
void ss_tap_fini(struct ss_tap *tap);

#endif
