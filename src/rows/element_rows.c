/*
 * element_rows.c - see element_rows.h.
 */
#include "rows/element_rows.h"

enum ss_status ss_element_rows_open(struct ss_rows *rows, enum ss_etcd_bucket which,
                                    struct ss_error *err)
{
    struct ss_element_rows *at = rows->cursor;

    return ss_elements_open(&at->elements, rows->file, which, &rows->faults, err);
}

enum ss_status ss_element_rows_next(struct ss_rows *rows, ss_element_take_fn take,
                                    struct ss_error *err)
{
    struct ss_element_rows *at = rows->cursor;
    struct ss_entry entry;
    enum ss_status status;

    while ((status = ss_elements_next(&at->elements, &entry, err)) == SS_OK) {
        status = take(rows, &entry, err);
        if (status != SS_CORRUPT) {
            return status;
        }
        ss_elements_fault(&at->elements, err);
    }
    return status;
}
