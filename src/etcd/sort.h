/*
 * sort.h - record locators into byte order of their keys, without trust in the keys.
 *
 *   slots   │ word loc │ word loc │ …      16 bytes a key, as the index leaves them
 *   room    │ items ►   ◄ keys │           32 MiB and 16 bytes a key at most, while they are sorted
 *   locs    │ loc │ loc │ …                 8 bytes a key, sorted, in the place of the slots
 *
 * Guarantees: no recursion, a fixed stack, memory as above however long the keys; O(n log n) word
 * comparisons for each eight bytes of key that decide, and no byte of a key is read more than a fixed
 * number of times, and once more for each doubling of what does not fit the room, however long the
 * prefixes that keys share.
 */
#ifndef SS_ETCD_SORT_H
#define SS_ETCD_SORT_H

#include "etcd/index.h"

/*
 * How sorting gets at the key that a number stands for, be it a record's place in pages or anything else.
 */
struct ss_sort_keys {
    /* Never NULL, the same bytes each time, and never more than the file has. */
    struct ss_span (*key)(const void *ctx, uint64_t loc);
    /* May prefetch: keys of locs[0] to locs[count - 1] are read next, in this order. NULL: nothing to gain. */
    void (*ahead)(const void *ctx, const uint64_t *locs, uint64_t count);
    const void *ctx;
};

/*
 * Sorts the first count of 2 x count numbers in ascending order of their keys; the second half is scratch.
 * Equal keys come out next to one another, in no particular order. room_len as below. Errors: NOMEM.
 */
enum ss_status ss_sort(const struct ss_sort_keys *keys, uint64_t *locs, uint64_t count,
                       uint64_t room_len, struct ss_error *err);

/*
 * Takes over `slots` (heap, count >= 1 of them), whatever comes of it. *out: their locators in ascending
 * order of key, for the caller to free. room_len: bytes for the room, if there is room for one key; 0:
 * as above. The answer does not depend on it. Errors: NOMEM.
 */
enum ss_status ss_slots_sort(const struct ss_locator *at, struct ss_slot *slots, uint64_t count,
                             uint64_t room_len, uint64_t **out, struct ss_error *err);

#endif
