/*
 * sink.h - takes what an export writes into memory, and fails at the call it is told to. Included behind
 * cmocka.h.
 */
#ifndef SS_TEST_SINK_H
#define SS_TEST_SINK_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What a dump wrote. */
struct sink {
    char *data; /* with a NUL behind it */
    size_t len, cap;
    unsigned call_count, fail_at; /* fail_at 0: never */
};

static inline bool sink_write(void *ctx, const void *bytes, size_t len)
{
    struct sink *sink = ctx;

    if (++sink->call_count == sink->fail_at) {
        errno = ENOSPC;
        return false;
    }
    if (sink->cap - sink->len <= len) {
        sink->cap = (sink->len + len) * 2 + 1;
        sink->data = realloc(sink->data, sink->cap);
        assert_non_null(sink->data);
    }
    memcpy(sink->data + sink->len, bytes, len);
    sink->len += len;
    sink->data[sink->len] = '\0';
    return true;
}

#endif
