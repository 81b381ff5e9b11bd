/*
 * sha256.h - SHA-256 over a stream of bytes, by OpenSSL's EVP.
 */
#ifndef SS_UTIL_SHA256_H
#define SS_UTIL_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SS_SHA256_LEN 32u

struct ss_sha256 {
    void *ctx;
};

/*
 * Whether OpenSSL could make what it keeps for itself. To be asked before any other call: OpenSSL does not
 * ask itself, and would use a lock that it had no memory for.
 */
bool ss_openssl_ready(void);

/* False when the library has no memory or no SHA-256 (a FIPS provider without it). */
bool ss_sha256_init(struct ss_sha256 *sha);
bool ss_sha256_update(struct ss_sha256 *sha, const void *bytes, size_t len);

/* Writes the digest; the state must be released or initialised again after it. */
bool ss_sha256_final(struct ss_sha256 *sha, uint8_t digest[SS_SHA256_LEN]);

/* Makes `to`, which holds nothing, a second state that goes on from where `from` is. */
bool ss_sha256_fork(struct ss_sha256 *to, const struct ss_sha256 *from);

/* Fine on a zeroed or failed state. */
void ss_sha256_fini(struct ss_sha256 *sha);

#endif
