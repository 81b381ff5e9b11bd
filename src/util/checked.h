/*
 * checked.h - arithmetic on numbers that a file gave.
 *
 * Each function returns false, and leaves *out alone, when the true result does not fit. Sizes are
 * widened to 64 bits before they get here, so one width is enough.
 */
#ifndef SS_UTIL_CHECKED_H
#define SS_UTIL_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

static inline bool ss_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    if (b > UINT64_MAX - a)
        return false;
    *out = a + b;
    return true;
}

static inline bool ss_mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    if (a != 0 && b > UINT64_MAX / a)
        return false;
    *out = a * b;
    return true;
}

/* a x b, or UINT64_MAX when that passes 64 bits: for sizes that are only compared or shown. */
static inline uint64_t ss_mul_sat_u64(uint64_t a, uint64_t b)
{
    uint64_t product;

    return ss_mul_u64(a, b, &product) ? product : UINT64_MAX;
}

/* Whether [pos, pos + len) lies inside [0, limit). An empty range at limit does. */
static inline bool ss_in_range_u64(uint64_t pos, uint64_t len, uint64_t limit)
{
    return pos <= limit && len <= limit - pos;
}

static inline uint64_t ss_min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

#endif
