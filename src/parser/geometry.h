/*
 * geometry.h - the bytes of a file as a row of pages: all that the page gate has to know.
 *
 *   page 0        page 1        page 2 …            page page_count - 1       high_water
 *   ┌─────────────┬─────────────┬──────────────────┬────────────────────────┬ ─ ─ ─ ─ ─ ┐
 *   │             │             │                  │                        │ truncated │
 *   └─────────────┴─────────────┴──────────────────┴────────────────────────┴ ─ ─ ─ ─ ─ ┘
 *   0             page_size     2 x page_size       …
 *
 * A geometry comes from the meta in force, or, when no meta can be used, from whoever knows the page
 * size: pages can be looked at without any tree.
 *
 * Guarantees, when page_size is not 0: it is a power of two in [1 KiB, 16 MiB], and page_count pages,
 * at most high_water, lie whole inside `bytes`.
 */
#ifndef SS_PARSER_GEOMETRY_H
#define SS_PARSER_GEOMETRY_H

#include "snapscope.h"

struct ss_geometry {
    struct ss_span bytes; /* the whole file */
    uint32_t page_size;   /* 0: not known */
    bool big;             /* byte order */
    uint64_t
        high_water; /* page ids are below it; any number; SS_HIGH_WATER_UNKNOWN without a meta */
    uint64_t page_count; /* pages that are whole in `bytes` and below high_water */
};

/* Every place of the file may be a page. A meta that says this number says no more than that either. */
#define SS_HIGH_WATER_UNKNOWN UINT64_MAX

#endif
