/*
 * render.c - see render.h.
 */
#include "render.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcdlist.h"
#include "keepgoing.h"
#include "text_table.h"

const char *const cli_formats[] = {"text", "json", "ndjson", "csv", NULL};

struct render {
    struct cli_run *run;
    const struct ss_table *table;
    const struct cli_listing *how;
    struct ss_rows *rows;
    json_t *head; /* of the document, until its first list begins */
    struct cli_json_list list;
    struct cli_faults faults;
    struct cli_skip_list skips; /* with how->keep_going */
    size_t tables;              /* that were begun */
    enum cli_format format;
    size_t columns
        [CLI_TEXT_COLUMNS_MAX]; /* which of the table, in the order in which they are printed */
    size_t column_count;
    uint64_t limit, count;   /* rows; limit 0: none */
    bool more;               /* there are rows behind the limit */
    struct cli_gathered row; /* cells of text, each ended by a NUL */
    struct cli_text_table text;
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
    r->column_count = 0;
    if (r->format == CLI_FORMAT_TEXT && how->text != NULL) {
        for (const char *const *name = how->text; *name != NULL; name++) {
            r->columns[r->column_count++] = ss_table_column(r->table, *name);
        }
        return;
    }
    for (size_t i = 0; i < r->table->column_count; i++) {
        const struct ss_column *column = &r->table->columns[i];
        if (is_named(how->more, column->name) ||
            (!column->on_request && !is_named(how->less, column->name))) {
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

static void put_escaped(struct cli_gathered *to, const struct ss_span *bytes)
{
    size_t len = (size_t)bytes->len;
    char *room = cli_gather_room(to, 4 * len + 1);
    to->len += ss_text_escape(bytes->ptr, len, room, 4 * len + 1);
}

static void put_bytes(struct cli_gathered *to, const struct ss_span *bytes, enum cli_form form)
{
    size_t len = (size_t)bytes->len;
    if (form == CLI_FORM_ESCAPED) {
        put_escaped(to, bytes);
        return;
    }
    char *room = cli_gather_room(to, 2 * len + 1);
    to->len += ss_text_hex(bytes->ptr, len, room);
}

static void put_list(struct cli_gathered *to, const struct ss_value *value)
{
    for (size_t i = 0; i < value->is.list.count; i++) {
        cli_gather(to, ",", i == 0 ? 0 : 1);
        put_escaped(to, &value->is.list.items[i]);
    }
}

/* Adds the value as people read it, ended by a NUL; `none` is for what is not known. */
static void put_value(struct cli_gathered *to, const struct ss_value *value, const char *none,
                      enum cli_form form)
{
    const struct ss_span *bytes = &value->is.bytes;
    const char *text = none;
    char number[32];
    size_t len;
    if (!value->known) {
        len = strlen(none);
    } else if (value->type == SS_TYPE_UINT) {
        len = cli_put_digits(number, value->is.number);
        text = number;
    } else if (value->type == SS_TYPE_INT) {
        len = (size_t)snprintf(number, sizeof(number), "%" PRId64, value->is.integer);
        text = number;
    } else if (value->type == SS_TYPE_ID) {
        len = (size_t)snprintf(number, sizeof(number), "%016" PRIx64, value->is.number);
        text = number;
    } else if (value->type == SS_TYPE_BOOL) {
        text = value->is.truth ? "yes" : "no";
        len = strlen(text);
    } else if (value->type == SS_TYPE_TEXT) {
        text = (const char *)bytes->ptr;
        len = (size_t)bytes->len;
    } else {
        value->type == SS_TYPE_LIST ? put_list(to, value) : put_bytes(to, bytes, form);
        len = 0;
    }
    char *room = cli_gather_room(to, len + 1);
    memcpy(room, text, len);
    room[len] = '\0';
    to->len += len + 1;
}

/* The row's cells into r->row. */
static void put_cells(struct render *r, const char *none, enum cli_form form)
{
    r->row.len = 0;
    for (size_t i = 0; i < r->column_count; i++) {
        struct ss_value value;
        ss_rows_value(r->rows, r->columns[i], &value);
        put_value(&r->row, &value, none, form);
    }
}

/* How wide numbers become in a table of which only the beginning was looked at. */
static size_t least_width(const struct ss_column *column, const struct ss_file_facts *facts)
{
    if (column->type != SS_TYPE_INT && column->type != SS_TYPE_UINT) {
        return 0;
    }
    switch (column->unit) {
    case SS_UNIT_PAGE:
        return (size_t)cli_number_width(facts->len /
                                        (facts->page_size == 0 ? 1 : facts->page_size));
    case SS_UNIT_OFFSET:
    case SS_UNIT_BYTES:
        return (size_t)cli_number_width(facts->len);
    default:
        return 7;
    }
}

static void begin_text(struct render *r)
{
    struct ss_file_facts facts;
    ss_file_facts(r->run->file, &facts);
    r->text.out = &r->run->out;
    r->text.count = r->column_count;
    for (size_t i = 0; i < r->column_count; i++) {
        const struct ss_column *column = &r->table->columns[r->columns[i]];
        bool is_number = column->type == SS_TYPE_INT || column->type == SS_TYPE_UINT;
        r->text.columns[i] = (struct cli_text_column){
            .title = column->title,
            .least = least_width(column, &facts),
            .is_number = is_number,
            .is_rigid = is_number || column->type == SS_TYPE_ID || column->type == SS_TYPE_BOOL,
            .goes_on_at = column->type == SS_TYPE_LIST ? ',' : '\0',
        };
    }
}

/* Cells with a tab between them; what is not known is empty. */
static bool print_bare(struct render *r)
{
    put_cells(r, "", r->how->form);
    char *cell = r->row.bytes;
    for (size_t i = 0; i + 1 < r->column_count; i++) {
        cell += strlen(cell);
        *cell = '\t';
    }
    r->row.bytes[r->row.len - 1] = '\n';
    return cli_out_write(&r->run->out, r->row.bytes, r->row.len);
}

static bool add_text(struct render *r)
{
    const struct cli_listing *how = r->how;
    if (how->bare) {
        return print_bare(r);
    }
    put_cells(r, "-", how->form);
    return cli_text_table_add(&r->text, r->row.bytes, r->row.len,
                              how->style == NULL ? CLI_STYLE_PLAIN : how->style(how->ctx, r->rows));
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
    case SS_TYPE_TEXT:
    case SS_TYPE_BYTES:
        cli_doc_bytes(doc, name, value->is.bytes.ptr, value->is.bytes.len);
        break;
    case SS_TYPE_ID:
        cli_doc_text(doc, name, cli_id_format(value->is.number).text);
        break;
    }
}

/* Adds the row's values to a document. */
static json_t *set_row(const struct render *r, json_t *doc)
{
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
    put_cells(r, "", CLI_FORM_ESCAPED);
    bool good = true;
    const char *cell = r->row.bytes;
    for (size_t i = 0; good && i < r->column_count; i++) {
        good = cli_out_text(out, i == 0 ? "" : ",") && print_field(out, cell);
        cell += strlen(cell) + 1;
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

static const char *list_name(const struct render *r)
{
    return r->how->list == NULL ? r->table->name : r->how->list;
}

/* The one row of facts: a line a value, or members of the document's head. */
static void add_facts(struct render *r)
{
    struct cli_gathered text = {0};
    if (r->format == CLI_FORMAT_JSON) {
        set_row(r, r->head);
        return;
    }
    for (size_t i = 0; i < r->column_count && r->format == CLI_FORMAT_TEXT; i++) {
        struct ss_value value;
        ss_rows_value(r->rows, r->columns[i], &value);
        text.len = 0;
        put_value(&text, &value, "-", CLI_FORM_ESCAPED);
        cli_out_format(&r->run->out, "%-8s  %s\n", r->table->columns[r->columns[i]].name,
                       text.bytes);
    }
    free(text.bytes);
}

static void begin_document(struct render *r)
{
    if (r->head == NULL) {
        cli_list_next(&r->list, list_name(r));
        return;
    }
    if (r->how->head != NULL) {
        r->how->head(r->how->ctx, r->head);
    }
    r->run->answer_begun = true;
    cli_list_begin(&r->list, &r->run->out, r->head, list_name(r));
    r->head = NULL;
}

static void begin(struct render *r)
{
    bool is_first = r->tables++ == 0;
    if (r->how->facts) {
        return;
    }
    switch (r->format) {
    case CLI_FORMAT_CSV:
        print_csv_head(r);
        break;
    case CLI_FORMAT_TEXT:
        cli_out_text(&r->run->out, is_first ? "" : "\n");
        begin_text(r);
        break;
    case CLI_FORMAT_JSON:
        begin_document(r);
        break;
    case CLI_FORMAT_NDJSON:
        break;
    }
}

static bool add_row(struct render *r)
{
    switch (r->format) {
    case CLI_FORMAT_JSON:
        return cli_list_add(&r->list, set_row(r, cli_doc_new()));
    case CLI_FORMAT_NDJSON:
        return cli_doc_print_line(&r->run->out, set_row(r, cli_doc_new()));
    case CLI_FORMAT_CSV:
        return print_csv(r);
    case CLI_FORMAT_TEXT:
        break;
    }
    return add_text(r);
}

static enum ss_status add_rows(struct render *r, struct ss_error *err)
{
    const struct cli_listing *how = r->how;
    enum ss_status status;
    while ((status = ss_rows_next(r->rows, err)) == SS_OK) {
        if (how->shows != NULL && !how->shows(how->ctx, r->rows)) {
            continue;
        }
        if (r->limit != 0 && r->count == r->limit) {
            r->more = true;
            return SS_OK;
        }
        if (how->facts) {
            add_facts(r);
            continue;
        }
        r->count++;
        if (!add_row(r)) {
            return SS_OK;
        }
    }
    return status == SS_END ? SS_OK : status;
}

static void end_document(struct render *r, const struct ss_error *err)
{
    json_t *tail = cli_doc_new();
    if (r->tables == 1) {
        cli_doc_number(tail, "count", r->count);
    }
    if (r->how->limited) {
        cli_doc_bool(tail, "more", r->more);
    }
    cli_doc_bool(tail, "complete", err == NULL && r->faults.count + r->skips.count == 0);
    cli_faults_doc(&r->faults, tail);
    cli_skip_list_doc(&r->skips, tail);
    if (err != NULL) {
        cli_doc_set(tail, "error", cli_doc_error(err));
    }
    cli_list_end(&r->list, tail);
}

/* What of a table waits, once its rows have ended. */
static void end_table(struct render *r)
{
    if (r->format == CLI_FORMAT_TEXT && !r->how->bare && !r->how->facts) {
        cli_text_table_end(&r->text);
    }
    cli_text_table_fini(&r->text);
    memset(&r->text, 0, sizeof(r->text));
    ss_rows_close(r->rows);
    r->rows = NULL;
}

static void end(struct render *r, const struct ss_error *err)
{
    cli_faults_close(&r->faults);
    if (r->run->answer_begun) {
        end_document(r, err);
    } else if (r->more) {
        cli_note(r->run, "there are more %s behind these %" PRIu64, list_name(r), r->count);
    }
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

/* Opens the rows of a table and prints them all; its head is printed once the table is open. */
static enum ss_status list_rows(struct render *r, struct ss_error *err)
{
    const struct cli_listing *how = r->how;
    struct ss_query asked = how->query == NULL ? (struct ss_query){0} : *how->query;
    const struct ss_call call = cli_run_call(r->run);
    r->limit = asked.limit;
    asked.limit = 0;
    asked.columns = chosen_bits(r);
    asked.on_fault = on_fault;
    asked.fault_ctx = r;
    asked.keep_going = how->keep_going ? &r->skips.keep : NULL;
    enum ss_status status = ss_rows_open(r->run->file, r->table, &asked, &call, &r->rows, err);
    if (status != SS_OK) {
        return status;
    }
    cli_progress_clear(&r->run->progress);
    begin(r);
    status = add_rows(r, err);
    end_table(r);
    return cli_run_checked(r->run, status, err);
}

/* What came of it: said on standard error, and as the exit code. */
static int result(struct render *r, enum ss_status status, const struct ss_error *err)
{
    if (status == SS_OK) {
        int code = cli_skip_list_end(&r->skips, false);
        return r->faults.count == 0 ? code : CLI_EXIT_REFUSED;
    }
    if (r->tables == 0) {
        return cli_report_bucket(r->run, err);
    }
    int code = cli_report(r->run, err);
    if (r->count > 0) {
        cli_note(r->run, "the list above ends at the damage, after %" PRIu64 " %s", r->count,
                 list_name(r));
    }
    return code;
}

int cli_list_all(struct cli_run *run, const struct cli_listing *hows, size_t count)
{
    struct render *r = cli_must_alloc(sizeof(*r));
    *r = (struct render){.run = run, .format = format_of(run, hows->format), .head = cli_doc_new()};
    struct ss_error err = SS_ERROR_INIT;
    enum ss_status status = SS_OK;
    cli_faults_init(&r->faults, run);
    cli_skip_list_init(&r->skips, run, hows->keep_going);
    cli_doc_text(r->head, "file", run->input_name);
    for (size_t i = 0; i < count && status == SS_OK; i++) {
        r->how = &hows[i];
        r->table = ss_table_find(hows[i].table);
        choose_columns(r);
        status = list_rows(r, &err);
    }
    if (r->tables > 0) {
        end(r, status == SS_OK ? NULL : &err);
    }
    int code = result(r, status, &err);
    cli_faults_fini(&r->faults);
    cli_skip_list_fini(&r->skips);
    json_decref(r->head);
    free(r->row.bytes);
    free(r);
    return code;
}

int cli_list(struct cli_run *run, const struct cli_listing *how)
{
    return cli_list_all(run, how, 1);
}

void cli_list_prepare(struct cli_run *run, const struct cli_listing *how)
{
    run->common.json = run->common.json || how->format == CLI_FORMAT_JSON;
}

int cli_list_file(struct cli_run *run, const struct cli_listing *how)
{
    cli_list_prepare(run, how);
    int code = cli_run_open_readable(run, run->args[0]);
    return code == CLI_EXIT_OK ? cli_list(run, how) : code;
}

int cli_list_etcd(struct cli_run *run, const struct cli_listing *how)
{
    cli_list_prepare(run, how);
    int code = cli_run_open_etcd(run);
    return code == CLI_EXIT_OK ? cli_list(run, how) : code;
}
