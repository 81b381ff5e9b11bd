/*
 * fnv.h - FNV-1a with 64 bits, the checksum of bbolt's meta pages.
 */
#ifndef SS_UTIL_FNV_H
#define SS_UTIL_FNV_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t ss_fnv1a_64(const uint8_t *bytes, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
