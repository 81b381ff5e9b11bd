/*
 * ahead.h - memory that a walk over `key` will need soon, asked for in time.
 *
 *   parent   … child i │ child i + 1 …
 *                 │            └─► the next leaf: its header and first elements
 *                 └─► this leaf: the first bytes of every record in it
 *
 * Records lie a few hundred bytes to some kilobytes apart, too far for the processor to see a pattern.
 * What lies in pages that the address caches have not got is loaded, not prefetched: several loads
 * whose results nobody waits for overlap, while prefetches wait for their page walks one by one
 * (21 against 58 ns each over a mapped file of 0.8 GB). Nothing but time depends on any of this.
 */
#ifndef SS_ETCD_AHEAD_H
#define SS_ETCD_AHEAD_H

#include "parser/cursor.h"

#define SS_AHEAD_MAX 64u
#define SS_LINE_LEN 64u

/* Loads one byte, which must be readable. */
static inline void ss_touch(const void *p)
{
    (void)*(const volatile uint8_t *)p;
}

/* Loads from the first two lines of a span. */
static inline void ss_touch_span(struct ss_span span)
{
    if (span.len == 0)
        return;
    ss_touch(span.ptr);
    ss_touch(span.ptr + (span.len > SS_LINE_LEN ? SS_LINE_LEN : span.len - 1));
}

static inline void ss_ahead_leaf(const struct ss_page_view *leaf)
{
    uint32_t count = leaf->count < SS_AHEAD_MAX ? leaf->count : SS_AHEAD_MAX;

    for (uint32_t i = 0; i < count; i++)
        __builtin_prefetch(ss_leaf_key(leaf, i).ptr);
}

static inline void ss_ahead_sibling(const struct ss_file *file,
                                    const struct ss_cursor_frame *parent)
{
    uint64_t pgid;

    if (parent->index + 1 >= parent->page.count)
        return;
    pgid = ss_branch_child(&parent->page, parent->index + 1);
    if (pgid >= file->page_count)
        return;
    ss_touch(file->bytes.ptr + pgid * file->page_size);
}

/* To be called after each step forward; acts when a leaf has just been entered. */
static inline void ss_ahead(const struct ss_cursor *c, const struct ss_entry *entry)
{
    if (entry->index != 0)
        return;
    ss_ahead_leaf(&c->stack[c->depth - 1].page);
    if (c->depth > 1)
        ss_ahead_sibling(c->file, &c->stack[c->depth - 2]);
}

#endif
