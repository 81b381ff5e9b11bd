/*
 * sort.h - record locators into byte order of their keys, in place, without trust in the keys.
 *
 *   slots   │ word loc │ word loc │ …              16 bytes a key, as the index leaves them
 *   items   │ word loc key │ word loc key │ …      24, while they are sorted
 *   locs    │ loc │ loc │ …                         8, sorted
 *
 * Each item's word caches eight bytes of its key, so most comparisons touch no key; items whose words
 * are equal go on with the next bytes. Guarantees: no recursion, a fixed stack, one array; O(n log n)
 * word comparisons for each eight bytes of key that decide, and no byte of a key is read more than a
 * fixed number of times, however long the prefixes that keys share.
 */
#ifndef SS_ETCD_SORT_H
#define SS_ETCD_SORT_H

#include "etcd/index.h"

#define SS_SORT_ITEM_LEN 24u

/*
 * Takes over `slots` (heap, count >= 1 of them) and returns their locators in ascending order of key,
 * for the caller to free; NULL: memory is short, and the slots are gone.
 */
uint64_t *ss_slots_sort(const struct ss_locator *at, struct ss_slot *slots, uint64_t count);

#endif
