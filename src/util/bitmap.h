/*
 * bitmap.h - one bit a page, for "in range" and "first time here" in one call.
 *
 *   word i / 64:  bit i % 64
 *
 * The size is the caller's count of whole pages in the file, never a number that the file claims.
 */
#ifndef SS_UTIL_BITMAP_H
#define SS_UTIL_BITMAP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct ss_bitmap {
    uint64_t *words;
    uint64_t count; /* bits */
};

/* All bits 0. False when memory is short; ss_bitmap_fini is fine on a zeroed or failed one. */
static inline bool ss_bitmap_init(struct ss_bitmap *map, uint64_t count)
{
    map->count = count;
    map->words = calloc((size_t)(count / 64 + 1), sizeof(uint64_t));
    return map->words != NULL;
}

static inline void ss_bitmap_fini(struct ss_bitmap *map)
{
    free(map->words);
    map->words = NULL;
    map->count = 0;
}

/* False outside the map. */
static inline bool ss_bitmap_test(const struct ss_bitmap *map, uint64_t i)
{
    return i < map->count && (map->words[i / 64] >> (i % 64) & 1) != 0;
}

/* Sets bit i. True only when i is in range and was not set before: one call ends every cycle. */
static inline bool ss_bitmap_claim(struct ss_bitmap *map, uint64_t i)
{
    uint64_t bit = UINT64_C(1) << (i % 64);

    if (i >= map->count || (map->words[i / 64] & bit) != 0)
        return false;
    map->words[i / 64] |= bit;
    return true;
}

#endif
