/*
 * array.c - see array.h.
 */
#include "util/array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LEN ((size_t)256)

/* The pointer is read and written as bytes: it is one of any type. */
static bool set_cap(void *items_at, size_t cap, size_t item_len)
{
    void *items, *grown;

    if (cap > SIZE_MAX / item_len) {
        return false;
    }
    memcpy(&items, items_at, sizeof(items));
    grown = realloc(items, cap * item_len);
    if (grown == NULL) {
        return false;
    }
    memcpy(items_at, &grown, sizeof(grown));
    return true;
}

bool ss_array_grow(void *items_at, size_t *cap, size_t count, size_t extra, size_t item_len)
{
    size_t grown = *cap > FIRST_LEN / item_len ? *cap : FIRST_LEN / item_len;

    if (extra > SIZE_MAX / 2 - count || count > SIZE_MAX / 2) {
        return false;
    }
    grown = grown > 1 ? grown : 1;
    while (grown < count + extra || grown == *cap) {
        grown *= 2;
    }
    if (!set_cap(items_at, grown, item_len)) {
        return false;
    }
    *cap = grown;
    return true;
}

bool ss_array_grow_counted(void *items_at, size_t count, size_t item_len)
{
    if (count > SIZE_MAX / 2) {
        return false;
    }
    return set_cap(items_at, count == 0 ? 1 : count * 2, item_len);
}

void *ss_array_cut_to(void *items, size_t count, size_t item_len)
{
    void *cut = realloc(items, count * item_len);

    return cut != NULL ? cut : items;
}
