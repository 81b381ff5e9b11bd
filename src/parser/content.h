/*
 * content.h - what stands where a page should: for the words of a refusal, never for a decision.
 *
 *   place of page 5   ┌──────────────────────────┐
 *                     │ 00 00 00 …               │ zeroes
 *                     │ 2480,"GET /api",200\n…   │ text
 *                     │ 1f 8b 08 …               │ the start of another file
 *                     │ id 9, leaf, 3 elements … │ another page
 *                     └──────────────────────────┘
 *
 * A page that bears its own number is taken for itself, whatever else is wrong with it.
 *
 * Guarantees: looks at no more than the first KiB, so that a page may be refused any number of times.
 */
#ifndef SS_PARSER_CONTENT_H
#define SS_PARSER_CONTENT_H

#include "parser/geometry.h"

enum ss_content_kind {
    SS_CONTENT_UNKNOWN,
    SS_CONTENT_ZEROES,
    SS_CONTENT_HEADLESS, /* a header of zeroes, and other bytes behind it */
    SS_CONTENT_FILE,     /* text, or the first bytes of a known format: `file` says which */
    SS_CONTENT_PAGE      /* a header that can be that of page `pgid` */
};

struct ss_content {
    enum ss_content_kind kind;
    enum ss_kind file;
    uint64_t pgid;
};

/* What place `pgid`, below page_count, holds, by its header and what is behind it. */
struct ss_content ss_content_at(const struct ss_geometry *geo, uint64_t pgid,
                                const struct ss_page_head *head);

/* Whether a run of run_len bytes has room for `count` elements of a page of this type, and it may have so many. */
bool ss_page_count_fits(uint16_t flags, uint16_t count, uint64_t run_len);

#endif
