/*
 * endian.h - integers in the file's byte order, at any alignment.
 *
 * bbolt writes native integers, so a file from s390x is big-endian throughout; etcd's own keys are
 * big-endian everywhere. The `big` argument says which. Callers have checked the bounds.
 */
#ifndef SS_UTIL_ENDIAN_H
#define SS_UTIL_ENDIAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define SS_HOST_BIG true
#else
#define SS_HOST_BIG false
#endif

static inline uint16_t ss_load_u16(const uint8_t *p, bool big)
{
    uint16_t v;

    memcpy(&v, p, sizeof(v));
    return big == SS_HOST_BIG ? v : __builtin_bswap16(v);
}

static inline uint32_t ss_load_u32(const uint8_t *p, bool big)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return big == SS_HOST_BIG ? v : __builtin_bswap32(v);
}

static inline uint64_t ss_load_u64(const uint8_t *p, bool big)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return big == SS_HOST_BIG ? v : __builtin_bswap64(v);
}

static inline void ss_store_u16(uint8_t *p, uint16_t v, bool big)
{
    if (big != SS_HOST_BIG)
        v = __builtin_bswap16(v);
    memcpy(p, &v, sizeof(v));
}

static inline void ss_store_u32(uint8_t *p, uint32_t v, bool big)
{
    if (big != SS_HOST_BIG)
        v = __builtin_bswap32(v);
    memcpy(p, &v, sizeof(v));
}

static inline void ss_store_u64(uint8_t *p, uint64_t v, bool big)
{
    if (big != SS_HOST_BIG)
        v = __builtin_bswap64(v);
    memcpy(p, &v, sizeof(v));
}

#endif
