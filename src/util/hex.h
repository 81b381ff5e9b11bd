/*
 * hex.h - bytes as hexadecimal digits, two each, and back: 0x2f is "2f".
 *
 * What the public ss_text_hex and ss_text_unhex are made of, for places that write or read a digit at a
 * time.
 */
#ifndef SS_UTIL_HEX_H
#define SS_UTIL_HEX_H

#include <stdint.h>

/* Writes the two digits of a byte, in lower case. */
static inline void ss_hex_put(char *to, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";

    to[0] = digits[byte >> 4];
    to[1] = digits[byte & 15];
}

#define SS_HEX_ID_LEN 16u

/* Writes the 16 digits of an id: a lease's, a member's or a cluster's. */
static inline void ss_hex_put_id(char *to, uint64_t id)
{
    for (unsigned i = 0; i < SS_HEX_ID_LEN; i += 2) {
        ss_hex_put(to + i, (uint8_t)(id >> (56 - 4 * i)));
    }
}

/* The value of a digit, in either case; -1: it is none. */
static inline int ss_hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

#endif
