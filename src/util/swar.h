/*
 * swar.h - eight bytes of a word looked at at once, without vector instructions.
 *
 * Each answer is a word with the highest bit of a byte set where the byte is meant, and possibly of bytes
 * above such a one: nonzero when there is one.
 */
#ifndef SS_UTIL_SWAR_H
#define SS_UTIL_SWAR_H

#include <stdint.h>

#define SS_SWAR_ONES UINT64_C(0x0101010101010101)
#define SS_SWAR_HIGHS UINT64_C(0x8080808080808080)

/* Bytes below n, which is at most 0x80. */
static inline uint64_t ss_swar_below(uint64_t word, uint8_t n)
{
    return (word - n * SS_SWAR_ONES) & ~word & SS_SWAR_HIGHS;
}

static inline uint64_t ss_swar_equal(uint64_t word, uint8_t byte)
{
    return ss_swar_below(word ^ byte * SS_SWAR_ONES, 1);
}

/* Bytes that are no ASCII. */
static inline uint64_t ss_swar_high(uint64_t word)
{
    return word & SS_SWAR_HIGHS;
}

#endif
