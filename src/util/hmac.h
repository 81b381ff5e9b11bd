/*
 * hmac.h - HMAC-SHA-256 (RFC 2104, FIPS 198-1) under one key over many messages, by OpenSSL's EVP.
 */
#ifndef SS_UTIL_HMAC_H
#define SS_UTIL_HMAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SS_HMAC_LEN 32u

struct ss_hmac;

/* NULL when there is no memory, or the library has no HMAC. The key is copied. */
struct ss_hmac *ss_hmac_new(const void *key, size_t key_len);

/* The digest of one message. Several threads may ask at once. False: no memory. */
bool ss_hmac_digest(const struct ss_hmac *hmac, const void *bytes, size_t len,
                    uint8_t digest[SS_HMAC_LEN]);

/* NULL is fine. */
void ss_hmac_free(struct ss_hmac *hmac);

#endif
