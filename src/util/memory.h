/*
 * memory.h - memory for others.
 *
 * libarchive uses NULL in some of the places where it had no memory, and OpenSSL waits for itself (sha256.c).
 * Right before such a call more is allocated, and given back, than the call takes in its small pieces: nothing of
 * ours runs in between.
 */
#ifndef SS_UTIL_MEMORY_H
#define SS_UTIL_MEMORY_H

#include <stdbool.h>
#include <stdlib.h>

/* Whether `len` bytes can be had now. */
static inline bool ss_memory_ahead(size_t len)
{
    void *volatile memory = malloc(len);
    bool had = memory != NULL;

    free(memory);
    return had;
}

#endif
