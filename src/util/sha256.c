/*
 * sha256.c - see sha256.h. EVP picks the fastest code that the processor has for one stream.
 */
#include "util/sha256.h"

#include "util/memory.h"
#include "util/sha256_ni.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

/*
 * From 3.2 on OpenSSL reports each allocation that fails, for which it starts itself: if that is one of the
 * first two of its start, it waits for itself for ever (seen with 3.5.9). They are 56 bytes each.
 */
#define START_MEMORY_LEN ((size_t)4096)

bool ss_openssl_ready(void)
{
    return ss_memory_ahead(START_MEMORY_LEN) && OSSL_LIB_CTX_get0_global_default() != NULL;
}

bool ss_sha256_init(struct ss_sha256 *sha)
{
    EVP_MD_CTX *ctx = ss_openssl_ready() ? EVP_MD_CTX_new() : NULL;

    *sha = (struct ss_sha256){.ctx = ctx};
    return ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
}

static bool init_ni(struct ss_sha256 *sha)
{
    *sha = (struct ss_sha256){.ni = malloc(sizeof(*sha->ni))};
    if (sha->ni != NULL) {
        ss_sha256_ni_init(sha->ni);
    }
    return sha->ni != NULL;
}

bool ss_sha256_in_step(void)
{
    return ss_sha256_ni_available();
}

bool ss_sha256_init_two(struct ss_sha256 *a, struct ss_sha256 *b)
{
    *a = *b = (struct ss_sha256){0};
    if (!ss_sha256_in_step()) {
        return ss_sha256_init(a) && ss_sha256_init(b);
    }
    return init_ni(a) && init_ni(b);
}

bool ss_sha256_update(struct ss_sha256 *sha, const void *bytes, size_t len)
{
    if (sha->ni == NULL) {
        return EVP_DigestUpdate(sha->ctx, bytes, len) == 1;
    }
    if (len > 0) {
        ss_sha256_ni_update(sha->ni, bytes, len);
    }
    return true;
}

bool ss_sha256_update_two(struct ss_sha256 *a, const void *a_bytes, struct ss_sha256 *b,
                          const void *b_bytes, size_t len)
{
    if (a->ni == NULL || b->ni == NULL) {
        return ss_sha256_update(a, a_bytes, len) && ss_sha256_update(b, b_bytes, len);
    }
    if (len > 0) {
        ss_sha256_ni_update_two(a->ni, a_bytes, b->ni, b_bytes, len);
    }
    return true;
}

bool ss_sha256_final(struct ss_sha256 *sha, uint8_t digest[SS_SHA256_LEN])
{
    unsigned len = 0;

    if (sha->ni == NULL) {
        return EVP_DigestFinal_ex(sha->ctx, digest, &len) == 1 && len == SS_SHA256_LEN;
    }
    ss_sha256_ni_final(sha->ni, digest);
    return true;
}

bool ss_sha256_fork(struct ss_sha256 *to, const struct ss_sha256 *from)
{
    *to = (struct ss_sha256){0};
    if (from->ni != NULL) {
        if (init_ni(to)) {
            *to->ni = *from->ni;
        }
        return to->ni != NULL;
    }
    to->ctx = EVP_MD_CTX_new();
    return to->ctx != NULL && EVP_MD_CTX_copy_ex(to->ctx, from->ctx) == 1;
}

void ss_sha256_fini(struct ss_sha256 *sha)
{
    EVP_MD_CTX_free(sha->ctx);
    free(sha->ni);
    *sha = (struct ss_sha256){0};
}
