/*
 * parts.h - inputs of two parts: a length, the first part, the second.
 *
 *   0            4
 *   ┌────────────┬──────────────┬───────────────────┐
 *   │ len u32 LE │ first, len B │ second, the rest  │   a len that is too great: all of it is the first
 *   └────────────┴──────────────┴───────────────────┘
 */
#ifndef SS_FUZZ_PARTS_H
#define SS_FUZZ_PARTS_H

#include "util/endian.h"

#include <stddef.h>

#define FUZZ_PARTS_HEAD 4u

struct fuzz_parts {
    const uint8_t *first, *second;
    size_t first_len, second_len;
};

/* Cuts an input in two; one that is shorter than a length has two empty parts. */
static inline struct fuzz_parts fuzz_split(const uint8_t *data, size_t size)
{
    size_t body = size < FUZZ_PARTS_HEAD ? 0 : size - FUZZ_PARTS_HEAD;
    const uint8_t *first = data + (body == 0 ? 0 : FUZZ_PARTS_HEAD);
    size_t len = body == 0 ? 0 : ss_load_u32(data, false);

    if (len > body) {
        len = body;
    }
    return (struct fuzz_parts){first, first + len, len, body - len};
}

#endif
