/*
 * render.c - see render.h.
 *
 * Text is aligned by what it holds: rows are kept until there are SAMPLE_ROWS of them, or the end; their
 * widths then hold for all. A later cell that is wider pushes its row to the right, and no other.
 */
#include "render.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abandon.h"
#include "etcdlist.h"
#include "print.h"

#define SAMPLE_ROWS 4096u
#define COLUMNS_MAX 64u

const char *const cli_formats[] = {"text", "json", "ndjson", "csv", NULL};

struct render {
    struct cli_run *run;
    const struct ss_table *table;
    const struct cli_listing *how;
    struct ss_rows *rows;
    struct cli_json_list list;
    struct cli_faults faults;
    enum cli_format format;
    size_t columns[COLUMNS_MAX]; /* which of the table, in the order in which they are printed */
    size_t column_count;
    uint64_t count;
    /* Text: rows that wait for the widths. */
    char **cells;
    enum cli_style *styles;
    size_t held;
    bool sampled;
    struct cli_column widths[COLUMNS_MAX];
};

/* ------------------------------------------------------------------------------------ columns --- */

static bool is_named(const char *const *names, const char *name)
{
    for (; names != NULL && *names != NULL; names++) {
        if (strcmp(*names, name) == 0) {
            return true;
        }
    }
    return false;
}

static void choose_columns(struct render *r)
{
    const struct cli_listing *how = r->how;
    if (r->format == CLI_FORMAT_TEXT && how->text != NULL) {
        for (const char *const *name = how->text; *name != NULL; name++) {
            r->columns[r->column_count++] = ss_table_column(r->table, *name);
        }
        return;
    }
    for (size_t i = 0; i < r->table->column_count; i++) {
        const struct ss_column *column = &r->table->columns[i];
        if (!column->on_request || is_named(how->more, column->name)) {
            r->columns[r->column_count++] = i;
        }
    }
}

static uint64_t chosen_bits(const struct render *r)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < r->column_count; i++) {
        bits |= UINT64_C(1) << r->columns[i];
    }
    return bits;
}

/* --------------------------------------------------------------------------------------- text --- */

/* "a,b", escaped; to be freed. */
static char *list_text(const struct ss_value *value)
{
    struct cli_gathered all = {0};
    for (size_t i = 0; i < value->is.list.count; i++) {
        cli_gather(&all, ",", i == 0 ? 0 : 1);
        cli_gather(&all, (const char *)value->is.list.items[i].ptr,
                   (size_t)value->is.list.items[i].len);
    }
    char *text = cli_escaped(all.bytes, all.len);
    free(all.bytes);
    return text;
}

/* The value for people; `none` is for what is not known. To be freed. */
static char *value_text(const struct ss_value *value, const char *none)
{
    char number[32];
    if (!value->known) {
        return cli_must_copy(none);
    }
    switch (value->type) {
    case SS_TYPE_BOOL:
        return cli_must_copy(value->is.truth ? "yes" : "no");
    case SS_TYPE_INT:
        snprintf(number, sizeof(number), "%" PRId64, value->is.integer);
        return cli_must_copy(number);
    case SS_TYPE_UINT:
        return cli_must_copy(cli_number_format(value->is.number).text);
    case SS_TYPE_ID:
        snprintf(number, sizeof(number), "%016" PRIx64, value->is.number);
        return cli_must_copy(number);
    case SS_TYPE_TEXT: {
        char *text = cli_must_alloc((size_t)value->is.bytes.len + 1);
        memcpy(text, value->is.bytes.ptr, (size_t)value->is.bytes.len);
        text[value->is.bytes.len] = '\0';
        return text;
    }
    case SS_TYPE_BYTES:
        return cli_escaped(value->is.bytes.ptr, value->is.bytes.len);
    case SS_TYPE_LIST:
        return list_text(value);
    }
    return cli_must_copy(none);
}

static bool is_number(enum ss_type type)
{
    return type == SS_TYPE_INT || type == SS_TYPE_UINT;
}

static void take_widths(struct render *r)
{
    for (size_t i = 0; i < r->column_count; i++) {
        const struct ss_column *column = &r->table->columns[r->columns[i]];
        size_t width = strlen(column->title);
        for (size_t row = 0; row < r->held; row++) {
            size_t len = strlen(r->cells[row * r->column_count + i]);
            width = len > width ? len : width;
        }
        r->widths[i].title = column->title;
        r->widths[i].width = is_number(column->type) ? (int)width : -(int)width;
    }
    r->sampled = true;
}

/* Prints what waits, with the head if it is the first. */
static bool print_held(struct render *r)
{
    struct cli_out *out = &r->run->out;
    bool good = true;
    if (!r->sampled) {
        take_widths(r);
        good = cli_table_head(out, r->widths, r->column_count);
    }
    for (size_t row = 0; row < r->held; row++) {
        char **cells = &r->cells[row * r->column_count];
        good = good && cli_table_row(out, r->widths, r->column_count, (const char *const *)cells,
                                     r->styles[row]);
        for (size_t i = 0; i < r->column_count; i++) {
            free(cells[i]);
        }
    }
    r->held = 0;
    return good;
}

static bool add_text(struct render *r)
{
    if (r->cells == NULL) {
        r->cells = cli_must_alloc(SAMPLE_ROWS * r->column_count * sizeof(*r->cells));
        r->styles = cli_must_alloc(SAMPLE_ROWS * sizeof(*r->styles));
    }
    for (size_t i = 0; i < r->column_count; i++) {
        struct ss_value value;
        ss_rows_value(r->rows, r->columns[i], &value);
        r->cells[r->held * r->column_count + i] = value_text(&value, "-");
    }
    r->styles[r->held++] =
        r->how->style == NULL ? CLI_STYLE_PLAIN : r->how->style(r->how->ctx, r->rows);
    return (!r->sampled && r->held < SAMPLE_ROWS) || print_held(r);
}

/* --------------------------------------------------------------------------------------- JSON --- */

static bool list_is_clean(const struct ss_value *value)
{
    for (size_t i = 0; i < value->is.list.count; i++) {
        const struct ss_span *item = &value->is.list.items[i];
        if (!ss_text_is_clean(item->ptr, (size_t)item->len)) {
            return false;
        }
    }
    return true;
}

static json_t *item_doc(const struct ss_span *item, bool clean)
{
    size_t len = (size_t)item->len;
    if (clean) {
        return json_stringn(len == 0 ? "" : (const char *)item->ptr, len);
    }
    char *text = cli_must_alloc(4 * ((len + 2) / 3) + 1);
    json_t *doc = json_stringn(text, ss_text_base64(item->ptr, len, text));
    free(text);
    return doc;
}

/* All items one way: NAME, or NAME_base64 when one of them is no clean text. */
static void set_list(json_t *doc, const char *name, const struct ss_value *value)
{
    bool clean = list_is_clean(value);
    char member[64];
    json_t *list = cli_doc_list();
    for (size_t i = 0; i < value->is.list.count; i++) {
        cli_doc_append(list, item_doc(&value->is.list.items[i], clean));
    }
    snprintf(member, sizeof(member), "%s%s", name, clean ? "" : "_base64");
    cli_doc_set(doc, member, list);
}

static void set_value(json_t *doc, const char *name, const struct ss_value *value)
{
    switch (value->type) {
    case SS_TYPE_BOOL:
        cli_doc_bool(doc, name, value->is.truth);
        break;
    case SS_TYPE_INT:
        cli_doc_int(doc, name, value->is.integer);
        break;
    case SS_TYPE_UINT:
        cli_doc_number(doc, name, value->is.number);
        break;
    case SS_TYPE_LIST:
        set_list(doc, name, value);
        break;
    case SS_TYPE_BYTES:
        cli_doc_bytes(doc, name, value->is.bytes.ptr, value->is.bytes.len);
        break;
    case SS_TYPE_ID:
    case SS_TYPE_TEXT: {
        char *text = value_text(value, "");
        cli_doc_text(doc, name, text);
        free(text);
        break;
    }
    }
}

static json_t *row_doc(const struct render *r)
{
    json_t *doc = cli_doc_new();
    for (size_t i = 0; i < r->column_count; i++) {
        struct ss_value value;
        ss_rows_value(r->rows, r->columns[i], &value);
        if (value.known) {
            set_value(doc, r->table->columns[r->columns[i]].name, &value);
        }
    }
    return doc;
}

/* ---------------------------------------------------------------------------------------- CSV --- */

/* RFC 4180: quoted when it holds a comma, a quote or a line break, quotes doubled. */
static bool print_field(struct cli_out *out, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        return cli_out_text(out, text);
    }
    bool good = cli_out_text(out, "\"");
    for (const char *at = text; good && *at != '\0'; at++) {
        good = cli_out_write(out, at, 1) && (*at != '"' || cli_out_write(out, at, 1));
    }
    return good && cli_out_text(out, "\"");
}

static bool print_csv(struct render *r)
{
    struct cli_out *out = &r->run->out;
    bool good = true;
    for (size_t i = 0; good && i < r->column_count; i++) {
        struct ss_value value;
        ss_rows_value(r->rows, r->columns[i], &value);
        char *text = value_text(&value, "");
        good = cli_out_text(out, i == 0 ? "" : ",") && print_field(out, text);
        free(text);
    }
    return good && cli_out_text(out, "\r\n");
}

static void print_csv_head(struct render *r)
{
    for (size_t i = 0; i < r->column_count; i++) {
        cli_out_format(&r->run->out, "%s%s", i == 0 ? "" : ",",
                       r->table->columns[r->columns[i]].name);
    }
    cli_out_text(&r->run->out, "\r\n");
}

/* ----------------------------------------------------------------------------------- the list --- */

static void begin(struct render *r)
{
    struct cli_run *run = r->run;
    if (r->format == CLI_FORMAT_CSV) {
        print_csv_head(r);
    }
    if (r->format != CLI_FORMAT_JSON) {
        return;
    }
    json_t *head = cli_doc_new();
    cli_doc_text(head, "file", run->input_name);
    if (r->how->head != NULL) {
        r->how->head(r->how->ctx, head);
    }
    run->answer_begun = true;
    cli_list_begin(&r->list, &run->out, head, r->how->list == NULL ? r->table->name : r->how->list);
}

static bool add_row(struct render *r)
{
    switch (r->format) {
    case CLI_FORMAT_JSON:
        return cli_list_add(&r->list, row_doc(r));
    case CLI_FORMAT_NDJSON:
        return cli_doc_print_line(&r->run->out, row_doc(r));
    case CLI_FORMAT_CSV:
        return print_csv(r);
    case CLI_FORMAT_TEXT:
        break;
    }
    return add_text(r);
}

static enum ss_status add_rows(struct render *r, struct ss_error *err)
{
    enum ss_status status;
    while ((status = ss_rows_next(r->rows, err)) == SS_OK) {
        if (r->how->shows != NULL && !r->how->shows(r->how->ctx, r->rows)) {
            continue;
        }
        r->count++;
        if (!add_row(r)) {
            return SS_OK;
        }
    }
    return status == SS_END ? SS_OK : status;
}

static void end(struct render *r, const struct ss_error *err)
{
    if (r->format == CLI_FORMAT_TEXT && (r->held > 0 || !r->sampled)) {
        print_held(r);
    }
    cli_faults_close(&r->faults);
    if (r->format != CLI_FORMAT_JSON) {
        return;
    }
    json_t *tail = cli_doc_new();
    cli_doc_number(tail, "count", r->count);
    cli_doc_bool(tail, "complete", err == NULL && r->faults.count == 0);
    cli_faults_doc(&r->faults, tail);
    if (err != NULL) {
        cli_doc_set(tail, "error", cli_doc_error(err));
    }
    cli_list_end(&r->list, tail);
}

static void on_fault(void *ctx, const struct ss_error *fault)
{
    struct render *r = ctx;
    cli_faults_add(&r->faults, fault);
}

static enum cli_format format_of(const struct cli_run *run, int format)
{
    return format == CLI_FORMAT_TEXT && run->common.json ? CLI_FORMAT_JSON
                                                         : (enum cli_format)format;
}

/* Opens the rows and prints them all; the head is printed once the table is open. */
static enum ss_status list_rows(struct render *r, const struct ss_query *query,
                                struct ss_error *err)
{
    struct ss_query asked = query == NULL ? (struct ss_query){0} : *query;
    const struct ss_call call = {.threads = r->run->threads,
                                 .progress = cli_progress_report,
                                 .progress_ctx = &r->run->progress};
    asked.columns = chosen_bits(r);
    asked.on_fault = on_fault;
    asked.fault_ctx = r;
    enum ss_status status = ss_rows_open(r->run->file, r->table, &asked, &call, &r->rows, err);
    if (status != SS_OK) {
        return status;
    }
    cli_progress_clear(&r->run->progress);
    begin(r);
    status = add_rows(r, err);
    return cli_run_checked(r->run, status, err);
}

int cli_list(struct cli_run *run, const char *table, const struct ss_query *query,
             const struct cli_listing *how)
{
    struct render *r = cli_must_alloc(sizeof(*r));
    *r = (struct render){.run = run,
                         .table = ss_table_find(table),
                         .how = how,
                         .format = format_of(run, how->format)};
    struct ss_error err = SS_ERROR_INIT;
    cli_faults_init(&r->faults, run);
    choose_columns(r);
    enum ss_status status = list_rows(r, query, &err);
    if (r->rows != NULL) {
        end(r, status == SS_OK ? NULL : &err);
    }
    int code = r->faults.count == 0 ? CLI_EXIT_OK : CLI_EXIT_REFUSED;
    if (status != SS_OK) {
        code = cli_report(run, &err);
    }
    ss_rows_close(r->rows);
    cli_faults_fini(&r->faults);
    free(r->cells);
    free(r->styles);
    free(r);
    return code;
}

int cli_list_etcd(struct cli_run *run, const char *table, const struct cli_listing *how)
{
    /* Errors, too, are then told as JSON. */
    run->common.json = run->common.json || how->format == CLI_FORMAT_JSON;
    int code = cli_run_open_etcd(run);
    return code == CLI_EXIT_OK ? cli_list(run, table, NULL, how) : code;
}
