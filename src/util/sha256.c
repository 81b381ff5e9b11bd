/*
 * sha256.c - see sha256.h. EVP picks the fastest code that the processor has.
 */
#include "util/sha256.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

bool ss_openssl_ready(void)
{
    return OSSL_LIB_CTX_get0_global_default() != NULL;
}

bool ss_sha256_init(struct ss_sha256 *sha)
{
    EVP_MD_CTX *ctx = ss_openssl_ready() ? EVP_MD_CTX_new() : NULL;

    sha->ctx = ctx;
    return ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
}

bool ss_sha256_update(struct ss_sha256 *sha, const void *bytes, size_t len)
{
    return EVP_DigestUpdate(sha->ctx, bytes, len) == 1;
}

bool ss_sha256_final(struct ss_sha256 *sha, uint8_t digest[SS_SHA256_LEN])
{
    unsigned len = 0;

    return EVP_DigestFinal_ex(sha->ctx, digest, &len) == 1 && len == SS_SHA256_LEN;
}

bool ss_sha256_fork(struct ss_sha256 *to, const struct ss_sha256 *from)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    to->ctx = ctx;
    return ctx != NULL && EVP_MD_CTX_copy_ex(ctx, from->ctx) == 1;
}

void ss_sha256_fini(struct ss_sha256 *sha)
{
    EVP_MD_CTX_free(sha->ctx);
    sha->ctx = NULL;
}
