/*
 * Lists any table of any file through rows alone: list_table FILE [TABLE [OTHER]]; without TABLE the names of all,
 * and with OTHER the file to compare with, for the table `differences`.
 */
#include <inttypes.h>
#include <stdio.h>

#include "snapscope.h"

static void print_value(const struct ss_value *value)
{
    char text[64];
    if (!value->known) {
        printf("-");
    } else if (value->type == SS_TYPE_BOOL) {
        printf("%s", value->is.truth ? "yes" : "no");
    } else if (value->type == SS_TYPE_INT) {
        printf("%" PRId64, value->is.integer);
    } else if (value->type == SS_TYPE_UINT) {
        printf("%" PRIu64, value->is.number);
    } else if (value->type == SS_TYPE_ID) {
        printf("%016" PRIx64, value->is.number);
    } else if (value->type == SS_TYPE_LIST) {
        printf("%zu items", value->is.list.count);
    } else {
        ss_text_escape(value->is.bytes.ptr, (size_t)value->is.bytes.len, text, sizeof(text));
        printf("%s", text);
    }
}

static enum ss_status print_rows(struct ss_rows *rows, const struct ss_table *table,
                                 struct ss_error *err)
{
    enum ss_status status;
    while ((status = ss_rows_next(rows, err)) == SS_OK) {
        for (size_t i = 0; i < table->column_count; i++) {
            struct ss_value value;
            if (!table->columns[i].on_request) {
                ss_rows_value(rows, i, &value);
                printf("%s%s=", i == 0 ? "" : " ", table->columns[i].name);
                print_value(&value);
            }
        }
        printf("\n");
    }
    return status;
}

int main(int argc, char **argv)
{
    const struct ss_table *table = argc >= 3 ? ss_table_find(argv[2]) : NULL;
    if (table == NULL) {
        for (size_t i = 0; i < ss_table_count(); i++) {
            printf("%-12s %s\n", ss_table_at(i)->name, ss_table_at(i)->doc);
        }
        return argc == 2 ? 0 : 2;
    }
    struct ss_file *file = NULL, *other = NULL;
    struct ss_rows *rows = NULL;
    struct ss_error err;
    enum ss_status status = ss_open(argv[1], NULL, NULL, &file, &err);
    if (status == SS_OK && argc > 3) {
        status = ss_open(argv[3], NULL, NULL, &other, &err);
    }
    if (status == SS_OK) {
        const struct ss_query query = {.other = other};
        status = ss_rows_open(file, table, &query, NULL, &rows, &err);
    }
    if (status == SS_OK) {
        status = print_rows(rows, table, &err);
    }
    if (status != SS_END) {
        char text[1024];
        fprintf(stderr, "%s: %s\n", argv[1], ss_error_text(&err, text, sizeof(text)));
    }
    ss_rows_close(rows);
    ss_close(file);
    ss_close(other);
    return status == SS_END ? 0 : 1;
}
