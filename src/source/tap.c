/*
 * tap.c - see tap.h.
 */
#include "source/tap.h"
#include "util/checked.h"
#include "util/endian.h"

#include <string.h>

#define META_MAGIC UINT32_C(0xED0CDAED)
#define META_POS 16u

static bool begins_like_bbolt(const uint8_t *bytes, uint64_t len)
{
    return len >= META_POS + 4 && (ss_load_u32(bytes + META_POS, false) == META_MAGIC ||
                                   ss_load_u32(bytes + META_POS, true) == META_MAGIC);
}

void ss_tap_fini(struct ss_tap *tap)
{
    if (tap->on)
        ss_sha256_fini(&tap->sha);
    tap->on = false;
}

/* Hashes what can no longer be among the last 32 bytes: of the held ones first, then of the new. */
static bool pass_on(struct ss_tap *tap, const uint8_t *bytes, uint64_t len)
{
    uint64_t all = tap->held_len + len;
    uint64_t ready = all > SS_SHA256_LEN ? all - SS_SHA256_LEN : 0;
    size_t old = (size_t)ss_min_u64(ready, tap->held_len);
    size_t direct = (size_t)(ready - old);
    size_t rest = (size_t)len - direct;

    if (!ss_sha256_update(&tap->sha, tap->held, old) || !ss_sha256_update(&tap->sha, bytes, direct))
        return false;
    tap->held_len -= old;
    memmove(tap->held, tap->held + old, tap->held_len);
    memcpy(tap->held + tap->held_len, bytes + direct, rest);
    tap->held_len += rest;
    tap->len += len;
    return true;
}

void ss_tap_feed(struct ss_tap *tap, const uint8_t *bytes, uint64_t len, uint64_t off)
{
    if (off == 0 && tap->len == 0 && !tap->on && begins_like_bbolt(bytes, len)) {
        tap->held_len = 0;
        tap->on = ss_sha256_init(&tap->sha);
        if (!tap->on)
            ss_sha256_fini(&tap->sha);
    }
    if (tap->on && (off != tap->len || !pass_on(tap, bytes, len)))
        ss_tap_fini(tap);
}

bool ss_tap_finish(struct ss_tap *tap, uint64_t *covered, uint8_t digest[SS_SHA256_LEN])
{
    bool done = tap->on && tap->held_len == SS_SHA256_LEN && tap->len > SS_SHA256_LEN &&
                ss_sha256_final(&tap->sha, digest);

    *covered = tap->len - tap->held_len;
    ss_tap_fini(tap);
    return done;
}
