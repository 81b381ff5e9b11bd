/*
 * rows.h - what a table is made of, for the files that hold one.
 *
 *   ss_rows ┬ file, table, query, wanted, faults      filled by ss_rows_open
 *           └ cursor                                  the table's own, cursor_len zero bytes
 *
 * A table opens its cursor, moves it from row to row, and gives a value of the row it stands at when it
 * is asked for it. It checks nothing about its caller: ss_rows_* in rows.c stand before it.
 */
#ifndef SS_ROWS_ROWS_H
#define SS_ROWS_ROWS_H

#include "etcd/bucket_each.h"
#include "util/error.h"

struct ss_rows {
    const struct ss_file *file;
    const struct ss_table *table;
    struct ss_query query;
    uint64_t wanted; /* bit i: column i may be asked for */
    uint64_t given;
    uint64_t fault_count;
    struct ss_fault_sink faults; /* counts in fault_count */
    bool ended;
    void *cursor;
};

struct ss_table_ops {
    size_t cursor_len;
    enum ss_status (*open)(struct ss_rows *rows, const struct ss_call *call, struct ss_error *err);
    enum ss_status (*next)(struct ss_rows *rows, struct ss_error *err);
    /* out->type is set and out->known is true; what does not apply is made false. */
    void (*value)(const struct ss_rows *rows, size_t column, struct ss_value *out);
    void (*close)(struct ss_rows *rows); /* also after a failed open; NULL: nothing to release */
};

/* Whether a value of this column may be asked for. */
static inline bool ss_rows_wants(const struct ss_rows *rows, size_t column)
{
    return (rows->wanted >> column & 1u) != 0;
}

/* For `value`: a number that is left out when it is the one that says "none". */
static inline void ss_value_number(struct ss_value *out, uint64_t number, uint64_t none)
{
    out->is.number = number;
    out->known = number != none;
}

static inline void ss_value_text(struct ss_value *out, const char *text)
{
    out->is.bytes = ss_span_of(text, text == NULL ? 0 : strlen(text));
    out->known = text != NULL;
}

#define SS_COLUMN_COUNT(columns) (sizeof(columns) / sizeof((columns)[0]))

#endif
