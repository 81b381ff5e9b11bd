/*
 * answers_rows.c - every table of a file, every column of every row.
 */
#include "answers_parts.h"

#include <inttypes.h>

static void tell_value(FILE *out, const char *name, const struct ss_value *v)
{
    if (!v->known) {
        return;
    }
    switch (v->type) {
    case SS_TYPE_BOOL:
        fprintf(out, " %s %d", name, v->is.truth);
        break;
    case SS_TYPE_INT:
        fprintf(out, " %s %" PRId64, name, v->is.integer);
        break;
    case SS_TYPE_UINT:
    case SS_TYPE_ID:
        fprintf(out, " %s %" PRIu64, name, v->is.number);
        break;
    case SS_TYPE_TEXT:
        fprintf(out, " %s %.*s", name, (int)v->is.bytes.len, (const char *)v->is.bytes.ptr);
        break;
    case SS_TYPE_BYTES:
        ss_tell_span(out, name, v->is.bytes);
        break;
    case SS_TYPE_LIST:
        for (size_t i = 0; i < v->is.list.count; i++) {
            fprintf(out, " %s %.*s", name, (int)v->is.list.items[i].len,
                    (const char *)v->is.list.items[i].ptr);
        }
        break;
    }
}

static void tell_table(FILE *out, const struct ss_test_question *q, const struct ss_table *table)
{
    const uint64_t all = UINT64_MAX >> (64 - table->column_count);
    const struct ss_query query = {.columns = all, .on_fault = ss_tell_fault, .fault_ctx = out};
    const struct ss_call call = ss_answer_call(q);
    struct ss_rows *rows;
    struct ss_error err;
    enum ss_status status = ss_rows_open(q->file, table, &query, &call, &rows, &err);

    fprintf(out, "%s\n", table->name);
    while (status == SS_OK && (status = ss_rows_next(rows, &err)) == SS_OK) {
        for (size_t i = 0; i < table->column_count; i++) {
            const struct ss_column *column = &table->columns[i];
            struct ss_value value;

            ss_rows_value(rows, ss_table_column(table, column->name), &value);
            tell_value(out, column->name, &value);
        }
        fputc('\n', out);
    }
    ss_tell_end(out, status, &err);
    if (rows != NULL) {
        fprintf(out, "%" PRIu64 " faults\n", ss_rows_fault_count(rows));
    }
    ss_rows_close(rows);
}

void ss_answer_rows(FILE *out, const struct ss_test_question *q)
{
    fprintf(out, "%s %s %d\n", ss_type_name(SS_TYPE_ID), ss_unit_name(SS_UNIT_PAGE),
            ss_table_find("nothing") == NULL);
    for (size_t i = 0; i < ss_table_count(); i++) {
        tell_table(out, q, ss_table_at(i));
    }
}
