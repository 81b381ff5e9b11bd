/*
 * locator.h - a record's place in 8 bytes, and the way back to its bytes.
 *
 *   63                              16 15        0
 *   ┌─────────────────────────────────┬───────────┐
 *   │ page id of the leaf             │ element   │    never 0: pages 0 and 1 are the metas
 *   └─────────────────────────────────┴───────────┘
 *
 * A locator is made for elements that a cursor has met, so that their page has passed the gate. The
 * way back checks bounds again all the same, and answers "no such record" when they do not hold: a
 * mapped file can shrink or fail in between (source.h), and its pages then read as zeroes.
 */
#ifndef SS_ETCD_LOCATOR_H
#define SS_ETCD_LOCATOR_H

#include "etcd/record.h"

#define SS_LOC_NONE UINT64_C(0)

struct ss_locator {
    const struct ss_file *file;
    uint64_t inline_off; /* of the inline page when the bucket has one, else SS_NONE */
};

static inline void ss_locator_init(struct ss_locator *at, const struct ss_file *file,
                                   const struct ss_tree *tree)
{
    at->file = file;
    at->inline_off = tree->root == 0 ? tree->inline_page.off : SS_NONE;
}

/* Page ids fit: a file of 2^48 pages of 1 KiB could not be mapped. Element numbers are 16 bits. */
static inline uint64_t ss_locator_pack(uint64_t pgid, uint32_t index)
{
    return pgid << 16 | (index & 0xffff);
}

/* Where the element itself stands; SS_NONE when that is outside the file. */
uint64_t ss_locator_off(const struct ss_locator *at, uint64_t loc);

/* Prefetches the element itself, if it is inside the file. Always inline: see util/prefetch.h. */
static inline __attribute__((always_inline)) void ss_locator_prefetch(const struct ss_locator *at,
                                                                      uint64_t loc)
{
    uint64_t off = ss_locator_off(at, loc);

    if (off != SS_NONE)
        __builtin_prefetch(at->file->geo.bytes.ptr + off);
}

/* The element at `loc`; false when its bytes no longer make sense. */
bool ss_locator_entry(const struct ss_locator *at, uint64_t loc, struct ss_entry *out);

/* The same, decoded. */
bool ss_locator_record(const struct ss_locator *at, uint64_t loc, struct ss_record *out);

/* The key of the put at `loc`; empty, with a valid pointer, when there is none. */
struct ss_span ss_locator_key(const struct ss_locator *at, uint64_t loc);

#endif
