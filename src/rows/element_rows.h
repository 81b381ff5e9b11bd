/*
 * element_rows.h - the driver of tables whose rows are elements of etcd's small buckets, one a row.
 *
 *   struct lease_cursor ┬ struct ss_element_rows   which bucket, and where in it
 *                       └ struct ss_lease          the row, decoded by the table
 *
 * An element that cannot be decoded is a fault and no row; what follows it is read on.
 */
#ifndef SS_ROWS_ELEMENT_ROWS_H
#define SS_ROWS_ELEMENT_ROWS_H

#include "rows/rows.h"

/* First member of a table's cursor. */
struct ss_element_rows {
    struct ss_elements elements;
};

/* Decodes an element into the cursor. SS_CORRUPT: a fault of this element. SS_SYSTEM ends the rows. */
typedef enum ss_status (*ss_element_take_fn)(struct ss_rows *rows, const struct ss_entry *entry,
                                             struct ss_error *err);

/* Opens a bucket for the cursor; again for the next one, when the first has ended. */
enum ss_status ss_element_rows_open(struct ss_rows *rows, enum ss_etcd_bucket which,
                                    struct ss_error *err);

/* The next element that `take` takes. */
enum ss_status ss_element_rows_next(struct ss_rows *rows, ss_element_take_fn take,
                                    struct ss_error *err);

#endif
