/*
 * scan.h - what a file's page headers say of it when both of its meta pages are gone.
 *
 *   page size P       0          P          2P         3P         4P
 *                     ┌──────────┬──────────┬──────────┬──────────┬───
 *                     │ dead     │ dead     │ id 2 …   │ id 3 …   │ id 4 …
 *                     └──────────┴──────────┴──────────┴──────────┴───
 *
 * A header fits its place when it holds the place's own number, exactly one of the types that stand
 * behind the metas, and a run and a count that the file and the run have room for. Of two page sizes or
 * byte orders only one can fit the same place, since its number depends on both: two places that fit
 * name the page size.
 *
 * Guarantees: reads at most 16 bytes at each of a bounded number of places, whatever the file's length.
 */
#ifndef SS_PARSER_SCAN_H
#define SS_PARSER_SCAN_H

#include "util/span.h"

struct ss_page_scan {
    uint32_t page_size; /* a power of two from 1 KiB to 64 KiB; 0: headers fit none */
    bool big_endian;
    uint64_t fit_count;   /* places whose header fits */
    uint64_t place_count; /* places that were looked at, from page 2 on; the file may have more */
};

/* Looks for the page size and the byte order that most headers fit; at least two must. */
struct ss_page_scan ss_page_scan(struct ss_span bytes);

/* The same for a page size that the caller knows: the byte order that more headers fit, little-endian if none. */
struct ss_page_scan ss_page_scan_as(struct ss_span bytes, uint32_t page_size);

#endif
