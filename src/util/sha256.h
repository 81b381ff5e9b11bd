/*
 * sha256.h - SHA-256 over a stream of bytes, by OpenSSL's EVP; over two at once (sha256_ni.h).
 */
#ifndef SS_UTIL_SHA256_H
#define SS_UTIL_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SS_SHA256_LEN 32u
#define SS_SHA256_BLOCK_LEN 64u

struct ss_sha256_ni;

/* One of them is NULL. */
struct ss_sha256 {
    void *ctx;               /* OpenSSL's */
    struct ss_sha256_ni *ni; /* one of a pair, where the processor can do that */
};

/*
 * Whether OpenSSL could make what it keeps for itself. To be asked before any other call: OpenSSL does not
 * ask itself, and would use a lock that it had no memory for.
 */
bool ss_openssl_ready(void);

/* False when the library has no memory or no SHA-256 (a FIPS provider without it). */
bool ss_sha256_init(struct ss_sha256 *sha);
bool ss_sha256_update(struct ss_sha256 *sha, const void *bytes, size_t len);

/*
 * Two states whose bytes are there at the same time. update_two takes len bytes for each: in little more
 * than the time that one of them takes where they go in step, one after the other where they do not.
 */
bool ss_sha256_in_step(void);
bool ss_sha256_init_two(struct ss_sha256 *a, struct ss_sha256 *b);
bool ss_sha256_update_two(struct ss_sha256 *a, const void *a_bytes, struct ss_sha256 *b,
                          const void *b_bytes, size_t len);

/* Writes the digest; the state must be released or initialised again after it. */
bool ss_sha256_final(struct ss_sha256 *sha, uint8_t digest[SS_SHA256_LEN]);

/* Makes `to`, which holds nothing, a second state that goes on from where `from` is. */
bool ss_sha256_fork(struct ss_sha256 *to, const struct ss_sha256 *from);

/* Fine on a zeroed or failed state. */
void ss_sha256_fini(struct ss_sha256 *sha);

#endif
