/*
 * hmac.c - see hmac.h. The context that has taken in the key is never used up: each message gets a
 * copy of it, which also makes it safe to share.
 */
#include "util/hmac.h"
#include "util/sha256.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

struct ss_hmac {
    EVP_MAC *mac;
    EVP_MAC_CTX *keyed;
};

struct ss_hmac *ss_hmac_new(const void *key, size_t key_len)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    struct ss_hmac *hmac = calloc(1, sizeof(*hmac));

    if (hmac == NULL) {
        return NULL;
    }
    hmac->mac = ss_openssl_ready() ? EVP_MAC_fetch(NULL, "HMAC", NULL) : NULL;
    hmac->keyed = hmac->mac != NULL ? EVP_MAC_CTX_new(hmac->mac) : NULL;
    if (hmac->keyed == NULL || EVP_MAC_init(hmac->keyed, key, key_len, params) != 1) {
        ss_hmac_free(hmac);
        return NULL;
    }
    return hmac;
}

bool ss_hmac_digest(const struct ss_hmac *hmac, const void *bytes, size_t len,
                    uint8_t digest[SS_HMAC_LEN])
{
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(hmac->keyed);
    size_t digest_len = 0;
    bool good = ctx != NULL && EVP_MAC_update(ctx, bytes, len) == 1 &&
                EVP_MAC_final(ctx, digest, &digest_len, SS_HMAC_LEN) == 1 &&
                digest_len == SS_HMAC_LEN;

    EVP_MAC_CTX_free(ctx);
    return good;
}

void ss_hmac_free(struct ss_hmac *hmac)
{
    if (hmac != NULL) {
        EVP_MAC_CTX_free(hmac->keyed);
        EVP_MAC_free(hmac->mac);
        free(hmac);
    }
}
