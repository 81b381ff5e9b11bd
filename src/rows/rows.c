/*
 * rows.c - the way to every table: opening, moving, asking, closing.
 */
#include "rows/rows.h"

#include "parser/db.h"
#include "util/call.h"

#include <stdlib.h>

const char *ss_type_name(enum ss_type type)
{
    static const char *const names[] = {
        [SS_TYPE_BOOL] = "bool", [SS_TYPE_INT] = "int",   [SS_TYPE_UINT] = "uint",
        [SS_TYPE_ID] = "id",     [SS_TYPE_TEXT] = "text", [SS_TYPE_BYTES] = "bytes",
        [SS_TYPE_LIST] = "list",
    };

    return (unsigned)type < SS_COLUMN_COUNT(names) ? names[type] : "unknown";
}

const char *ss_unit_name(enum ss_unit unit)
{
    static const char *const names[] = {
        [SS_UNIT_NONE] = "",           [SS_UNIT_BYTES] = "bytes",
        [SS_UNIT_SECONDS] = "seconds", [SS_UNIT_REVISION] = "revision",
        [SS_UNIT_PAGE] = "page",       [SS_UNIT_OFFSET] = "offset",
    };

    return (unsigned)unit < SS_COLUMN_COUNT(names) ? names[unit] : "unknown";
}

size_t ss_table_column(const struct ss_table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Which columns may be asked for: those of the query, or all that need no request. */
static uint64_t wanted_columns(const struct ss_table *table, uint64_t columns)
{
    if (columns == 0) {
        for (size_t i = 0; i < table->column_count; i++) {
            columns |= table->columns[i].on_request ? 0 : UINT64_C(1) << i;
        }
    }
    return columns;
}

static void pass_fault(void *ctx, const struct ss_error *fault)
{
    struct ss_rows *rows = ctx;

    if (rows->query.on_fault != NULL) {
        rows->query.on_fault(rows->query.fault_ctx, fault);
    }
}

static struct ss_rows *rows_new(const struct ss_file *file, const struct ss_table *table,
                                const struct ss_query *query)
{
    struct ss_rows *rows = calloc(1, sizeof(*rows));

    if (rows == NULL) {
        return NULL;
    }
    rows->cursor = calloc(1, table->ops->cursor_len);
    if (rows->cursor == NULL) {
        free(rows);
        return NULL;
    }
    rows->file = file;
    rows->table = table;
    rows->query = query != NULL ? *query : (struct ss_query){0};
    rows->wanted = wanted_columns(table, rows->query.columns);
    rows->faults = (struct ss_fault_sink){pass_fault, rows, &rows->fault_count};
    return rows;
}

enum ss_status ss_rows_open(const struct ss_file *file, const struct ss_table *table,
                            const struct ss_query *query, const struct ss_call *call,
                            struct ss_rows **out, struct ss_error *err)
{
    struct ss_rows *rows;
    enum ss_status status;

    *out = NULL;
    ss_error_clear(err);
    if (ss_call_begin(call, "opening", err) != SS_OK) {
        return SS_SYSTEM;
    }
    rows = rows_new(file, table, query);
    if (rows == NULL) {
        return ss_nomem(err, sizeof(*rows) + table->ops->cursor_len);
    }
    status = table->ops->open(rows, ss_call_or_none(call), err);
    status = ss_source_check(&file->src, status, err);
    if (status != SS_OK) {
        ss_rows_close(rows);
        return status;
    }
    *out = rows;
    return SS_OK;
}

enum ss_status ss_rows_next(struct ss_rows *rows, struct ss_error *err)
{
    enum ss_status status;

    ss_error_clear(err);
    if (rows->ended || (rows->query.limit != 0 && rows->given == rows->query.limit)) {
        rows->ended = true;
        return SS_END;
    }
    status = rows->table->ops->next(rows, err);
    status = ss_source_check(&rows->file->src, status, err);
    rows->ended = status != SS_OK;
    rows->given += status == SS_OK;
    return status;
}

void ss_rows_value(const struct ss_rows *rows, size_t column, struct ss_value *out)
{
    *out = (struct ss_value){.type = rows->table->columns[column].type, .known = true};
    rows->table->ops->value(rows, column, out);
}

uint64_t ss_rows_fault_count(const struct ss_rows *rows)
{
    return rows->fault_count;
}

void ss_rows_close(struct ss_rows *rows)
{
    if (rows == NULL) {
        return;
    }
    if (rows->table->ops->close != NULL) {
        rows->table->ops->close(rows);
    }
    free(rows->cursor);
    free(rows);
}
