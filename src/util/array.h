/*
 * array.h - arrays that grow: three variables of any names, a pointer, a count and a capacity.
 *
 *   items ──► │ 0 │ 1 │ … │ count - 1 │ free … │ cap
 *
 * Macros over them, so that the compiler knows the elements' type. Capacity doubles, from 256 bytes on. No
 * product wraps: what does not fit in memory's size is refused like memory that is not there, and the
 * array stays as it was. What holds the array frees it by free(items).
 */
#ifndef SS_UTIL_ARRAY_H
#define SS_UTIL_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

/* What the macros are made of: `items_at` is the address of the pointer. */
bool ss_array_grow(void *items_at, size_t *cap, size_t count, size_t extra, size_t item_len);
bool ss_array_grow_counted(void *items_at, size_t count, size_t item_len);
void *ss_array_cut_to(void *items, size_t count, size_t item_len);

static inline bool ss_array_has_room(size_t cap, size_t count, size_t extra)
{
    return cap >= count && cap - count >= extra;
}

/* Room for `extra` more elements behind `count`. False: no memory. `cap` is a size_t, `count` any unsigned. */
#define ss_array_room(items, count, cap, extra)            \
    (ss_array_has_room((cap), (size_t)(count), (extra)) || \
     ss_array_grow(&(items), &(cap), (size_t)(count), (extra), sizeof(*(items))))

/* Adds one element. False: no memory. */
#define ss_array_add(items, count, cap, ...) \
    (ss_array_room(items, count, cap, 1) && ((items)[(count)++] = __VA_ARGS__, true))

/*
 * Room for one more where no capacity is kept, as in public structs: it is the power of two that the count has
 * reached. Elements are only ever added, one by one.
 */
#define ss_array_room_counted(items, count) \
    (((count) & ((count)-1)) != 0 ||        \
     ss_array_grow_counted(&(items), (size_t)(count), sizeof(*(items))))

/* Gives back what is behind `count` elements, at least one; the array, wherever it is now. */
#define ss_array_cut(items, count) ss_array_cut_to((items), (size_t)(count), sizeof(*(items)))

#endif
