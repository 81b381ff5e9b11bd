/*
 * entries.h - the elements of one bucket in order, ended by damage or past it, pulled.
 *
 *   skips NULL    the strict cursor: the first fault ends it
 *   else          what still stands (standing.h)
 */
#ifndef SS_PARSER_ENTRIES_H
#define SS_PARSER_ENTRIES_H

#include "parser/standing.h"

/* Embedded use: ss_entries_init, any number of ss_entries_next, ss_entries_fini. */
struct ss_entries {
    const struct ss_range *range; /* NULL: all */
    struct ss_skips *skips;
    bool moved;
    union {
        struct ss_cursor strict;
        struct ss_standing standing;
    } at;
};

/* Bucket, range and skips are borrowed until _fini. */
void ss_entries_init(struct ss_entries *e, const struct ss_bucket *bucket,
                     const struct ss_range *range, struct ss_skips *skips);

/* SS_OK: *entry is the next element in the range; SS_END. Errors: as ss_cursor_next; NOMEM. */
enum ss_status ss_entries_next(struct ss_entries *e, struct ss_entry *entry, struct ss_error *err);

void ss_entries_fini(struct ss_entries *e);

#endif
