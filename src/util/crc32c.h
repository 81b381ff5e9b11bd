/*
 * crc32c.h - CRC-32C (Castagnoli) over bytes that come piece by piece.
 *
 *   add(key) add(value) add(key) …   ──►  ┌─ one run while pieces lie side by side ─┐  ──► state
 *
 * Keys and values of a leaf nearly always follow one another in memory, so pieces that touch are
 * joined and summed at one go. A piece must stay readable until the next add or the end. The result
 * is that of Go's crc32.Castagnoli: all ones at the start, inverted at the end.
 */
#ifndef SS_UTIL_CRC32C_H
#define SS_UTIL_CRC32C_H

#include <stdint.h>

struct ss_crc32c {
    uint32_t state;
    const uint8_t *run;
    uint64_t run_len;
};

void ss_crc32c_init(struct ss_crc32c *crc);

/* Sums the run at hand, and begins another one. */
void ss_crc32c_turn(struct ss_crc32c *crc, const void *bytes, uint64_t len);

static inline void ss_crc32c_add(struct ss_crc32c *crc, const void *bytes, uint64_t len)
{
    if (crc->run_len > 0 && crc->run + crc->run_len == (const uint8_t *)bytes)
        crc->run_len += len;
    else if (len > 0)
        ss_crc32c_turn(crc, bytes, len);
}

/* As if len bytes had been added whose sum alone is `sum`: stretches can be summed apart, in any order. */
void ss_crc32c_join(struct ss_crc32c *crc, uint32_t sum, uint64_t len);

/* Goes on from a sum that was computed elsewhere, as over bytes with that sum. */
void ss_crc32c_resume(struct ss_crc32c *crc, uint32_t sum);

/* The sum over all that was added; more may be added after it. */
uint32_t ss_crc32c_final(struct ss_crc32c *crc);

#endif
