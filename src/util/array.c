/*
 * array.c - see array.h.
 */
#include "util/array.h"

#include <stdint.h>
#include <stdlib.h>

#define FIRST_LEN ((size_t)256)

/* A pointer to items of any type, which is read and written here without being told which. */
typedef void *__attribute__((may_alias)) any_pointer;

static bool set_cap(void *items_at, size_t cap, size_t item_len)
{
    any_pointer *at = items_at;
    void *grown;

    if (cap > SIZE_MAX / item_len) {
        return false;
    }
    grown = realloc(*at, cap * item_len);
    if (grown == NULL) {
        return false;
    }
    *at = grown;
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
