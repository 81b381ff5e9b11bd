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
 * Takes over `slots` (heap, count >= 1 of them), whatever comes of it. *out: their locators in ascending
 * order of key, for the caller to free. room_len: bytes for the room, if there is room for one key; 0:
 * as above. The answer does not depend on it. Errors: NOMEM.
 */
enum ss_status ss_slots_sort(const struct ss_locator *at, struct ss_slot *slots, uint64_t count,
                             uint64_t room_len, uint64_t **out, struct ss_error *err);

#endif
