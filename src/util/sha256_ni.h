/*
 * sha256_ni.h - SHA-256 by the processor's own instructions, of one stream or of two at once.
 *
 * A round waits for the one before it, four cycles for two cycles' work: two streams that take turns
 * fill the gaps, and go nearly twice as fast together as one after the other (docs/performance.md).
 * OpenSSL, which does all other hashing here, has one stream at a time.
 */
#ifndef SS_UTIL_SHA256_NI_H
#define SS_UTIL_SHA256_NI_H

#include "util/sha256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ss_sha256_ni {
    uint32_t state[8]; /* as the instructions have it: F E B A, H G D C */
    uint64_t len;
    uint8_t tail[SS_SHA256_BLOCK_LEN]; /* the first len % 64 bytes are of a block to come */
};

/* Whether the processor has the instructions; without them nothing else here may be called. */
bool ss_sha256_ni_available(void);

void ss_sha256_ni_init(struct ss_sha256_ni *sha);
void ss_sha256_ni_update(struct ss_sha256_ni *sha, const uint8_t *bytes, size_t len);

/* len bytes for each of two. */
void ss_sha256_ni_update_two(struct ss_sha256_ni *a, const uint8_t *a_bytes, struct ss_sha256_ni *b,
                             const uint8_t *b_bytes, size_t len);
void ss_sha256_ni_final(struct ss_sha256_ni *sha, uint8_t digest[SS_SHA256_LEN]);

#endif
