/*
 * sort.h - record locators into byte order of their keys, in place, without trust in the keys.
 *
 *   before   word: anything            loc: where the record stands
 *   after    word: spent               loc: in ascending order of key
 *
 * Each slot's word caches eight bytes of its key, so most comparisons touch no key. Ranges whose
 * words are equal go on with the next bytes. Guarantees: no allocation, no recursion, a fixed stack;
 * O(n log n) word comparisons for each eight bytes of key that decide, and no byte of a key is read
 * more than a fixed number of times, however long the prefixes that keys share.
 */
#ifndef SS_ETCD_SORT_H
#define SS_ETCD_SORT_H

#include "etcd/index.h"

void ss_slots_sort(const struct ss_locator *at, struct ss_slot *slots, uint64_t count);

#endif
