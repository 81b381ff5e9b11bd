/*
 * span.h - the one way to reach bytes of a file: a pointer, a length, and where they came from.
 *
 *   file    |<------------- off ------------->|<----- len ----->|
 *                                              ptr
 *
 * ss_span_sub is the only function that makes a span out of numbers from a file, and it checks them
 * against the span at hand. Loads of single integers (endian.h) follow a span that was cut to size.
 */
#ifndef SS_UTIL_SPAN_H
#define SS_UTIL_SPAN_H

#include "snapscope.h"
#include "util/checked.h"

#include <string.h>

/* Cuts [pos, pos + len) out of `from`; false, and *out untouched, when that passes its end. */
static inline bool ss_span_sub(struct ss_span from, uint64_t pos, uint64_t len, struct ss_span *out)
{
    if (!ss_in_range_u64(pos, len, from.len))
        return false;
    *out = (struct ss_span){from.ptr + pos, len, from.off + pos};
    return true;
}

/* Byte order of keys as bbolt and etcd sort them: bytes as unsigned, a prefix before the longer. */
static inline int ss_span_cmp(struct ss_span a, struct ss_span b)
{
    size_t n = (size_t)ss_min_u64(a.len, b.len);
    int c = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);

    if (c != 0)
        return c;
    return a.len < b.len ? -1 : a.len > b.len;
}

static inline bool ss_span_eq(struct ss_span a, struct ss_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, (size_t)a.len) == 0);
}

/* Whether the span is exactly this text. */
static inline bool ss_span_is(struct ss_span a, const char *text)
{
    size_t n = strlen(text);

    return a.len == n && (n == 0 || memcmp(a.ptr, text, n) == 0);
}

static inline bool ss_span_has_prefix(struct ss_span a, const void *prefix, size_t len)
{
    return a.len >= len && (len == 0 || memcmp(a.ptr, prefix, len) == 0);
}

/* How many zero bytes the span begins with. */
static inline uint64_t ss_span_zeroes(struct ss_span a)
{
    uint64_t words[4], at = 0;

    for (; a.len - at >= sizeof(words); at += sizeof(words)) {
        memcpy(words, a.ptr + at, sizeof(words));
        if ((words[0] | words[1] | words[2] | words[3]) != 0)
            break;
    }
    while (at < a.len && a.ptr[at] == 0)
        at++;
    return at;
}

/* A span over bytes that are no file's: names given by callers. Its offset is SS_NONE. */
static inline struct ss_span ss_span_of(const void *bytes, size_t len)
{
    return (struct ss_span){(const uint8_t *)bytes, len, SS_NONE};
}

#endif
