/*
 * cmd_page.c - snapscope page: one page, decoded. What the page gate refuses is still shown: the
 * header as it stands, the reason, and with --hex the bytes.
 *
 *     header (id, type, count, overflow)  |  elements, page ids or the meta fields  |  hex
 *
 * The answer is built as a JSON document first; the text is printed from the same facts.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "cmd.h"
#include "hexdump.h"
#include "meta_page.h"
#include "print.h"
#include "report.h"

struct page_opts {
    bool hex;
    bool values;
};

static const struct cli_option options[] = {
    {.name = "hex",
     .letter = 'x',
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct page_opts, hex),
     .help = "also dump the bytes, with the overflow pages"},
    {.name = "values",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct page_opts, values),
     .help = "also print the value of each leaf element",
     .more = "It stands behind a tab."},
    {.name = NULL},
};

/* What the whole file says about the page: found by the walk that `pages` makes. */
struct page_place {
    uint64_t pgid;
    bool found;
    enum ss_page_use use;
    uint64_t run_start; /* of an overflow page: the page that it belongs to */
    enum ss_code fault;
    char *bucket; /* escaped, own copy; NULL: no owner */
};

static bool on_row(void *ctx, const struct ss_page_row *row)
{
    struct page_place *place = ctx;
    if (row->use != SS_USE_OVERFLOW) {
        place->run_start = row->pgid;
    }
    if (row->pgid < place->pgid) {
        return true;
    }
    place->found = row->pgid == place->pgid;
    place->use = row->use;
    place->fault = row->fault;
    if (row->bucket != NULL) {
        place->bucket = cli_must_copy(row->bucket);
    }
    return false;
}

/*
 * Damage here leaves the place unknown: the page itself can still be shown. False when the system failed:
 * then it would only seem so.
 */
static bool place_find(const struct ss_file *file, struct page_place *place, struct ss_error *err)
{
    uint64_t fault_count = 0;
    return ss_pages(file, on_row, NULL, place, NULL, &fault_count, err) != SS_SYSTEM ||
           place->found;
}

/* All that is known of the page, gathered before a byte is printed. */
struct page_view {
    struct cli_run *run;
    const struct page_opts *opts;
    struct ss_file_facts facts;
    struct page_place place;
    struct ss_page_head head;
    struct ss_page *page; /* NULL: a meta page, or refused by the gate */
    struct ss_error fault;
    struct ss_error
        metas_fault; /* why the file has no usable meta; its pages are then only places */
    bool is_meta;
    struct ss_meta meta;
};

static const char *owner_text(const char *bucket)
{
    return bucket[0] == '\0' ? "/" : bucket;
}

static void print_head(const struct page_view *view)
{
    struct cli_out *out = &view->run->out;
    const struct ss_page_head *head = &view->head;
    cli_out_format(out, "page       %" PRIu64 "\n", (uint64_t)view->place.pgid);
    cli_out_format(out, "offset     0x%" PRIx64 "\n", (uint64_t)head->off);
    if (view->place.found) {
        cli_out_format(out, "use        %s\n", ss_page_use_name(view->place.use));
    }
    if (view->place.bucket != NULL) {
        cli_out_format(out, "bucket     %s\n", owner_text(view->place.bucket));
    }
    if (view->place.found && view->place.use == SS_USE_OVERFLOW) {
        cli_out_format(out, "belongs to page %" PRIu64 ", which has the header of this run\n",
                       (uint64_t)view->place.run_start);
        return;
    }
    cli_out_format(out, "stored id  %" PRIu64 "\n", (uint64_t)head->id);
    cli_out_format(out, "type       %s (flags 0x%02x)\n", ss_page_type_name(head->type),
                   head->flags);
    cli_out_format(out, "count      %u\n", head->count);
    cli_out_format(out, "overflow   %u\n", head->overflow);
}

static const struct cli_column leaf_columns[] = {
    {"ELEM", 5}, {"KIND", -6}, {"VALUE-BYTES", 11}, {"KEY", 0}};
static const struct cli_column branch_columns[] = {{"ELEM", 5}, {"CHILD", 8}, {"KEY", 0}};

static bool print_element(const struct page_view *view, uint32_t i)
{
    struct cli_out *out = &view->run->out;
    struct ss_element element;
    ss_page_element(view->page, i, &element);
    bool good;
    if (view->head.type == SS_PAGE_BRANCH) {
        good = cli_out_format(out, "%5u  %8" PRIu64 "  ", i, (uint64_t)element.child);
    } else {
        good = cli_out_format(out, "%5u  %-6s  %11" PRIu64 "  ", i,
                              element.is_bucket ? "bucket" : "key", (uint64_t)element.value.len);
    }
    good = good && cli_print_bytes(out, element.key.ptr, element.key.len, CLI_FORM_ESCAPED);
    if (good && view->opts->values && view->head.type == SS_PAGE_LEAF) {
        good = cli_out_text(out, "\t") &&
               cli_print_bytes(out, element.value.ptr, element.value.len, CLI_FORM_ESCAPED);
    }
    return good && cli_out_text(out, "\n");
}

static void print_free_ids(const struct page_view *view)
{
    struct cli_out *out = &view->run->out;
    uint64_t count = ss_page_free_count(view->page);
    cli_out_format(out, "free ids   %" PRIu64 "\n", (uint64_t)count);
    for (uint64_t i = 0; i < count && out->failed == 0; i++) {
        cli_out_format(out, "%s%" PRIu64, i % 10 == 0 ? (i == 0 ? "  " : "\n  ") : " ",
                       (uint64_t)ss_page_free_id(view->page, i));
    }
    cli_out_text(out, count == 0 ? "" : "\n");
}

static void print_body(const struct page_view *view)
{
    struct cli_out *out = &view->run->out;
    if (view->is_meta) {
        cli_meta_print(out, &view->meta);
        return;
    }
    if (view->page == NULL) {
        return;
    }
    if (view->head.type == SS_PAGE_FREELIST) {
        print_free_ids(view);
        return;
    }
    bool branch = view->head.type == SS_PAGE_BRANCH;
    if (branch) {
        cli_table_head(out, branch_columns, sizeof(branch_columns) / sizeof(branch_columns[0]));
    } else {
        cli_table_head(out, leaf_columns, sizeof(leaf_columns) / sizeof(leaf_columns[0]));
    }
    for (uint32_t i = 0; i < view->head.count && print_element(view, i); i++) {
    }
}

static json_t *element_doc(const struct page_view *view, uint32_t i)
{
    struct ss_element element;
    ss_page_element(view->page, i, &element);
    json_t *doc = cli_doc_new();
    cli_doc_number(doc, "offset", element.off);
    if (view->head.type == SS_PAGE_BRANCH) {
        cli_doc_number(doc, "child", element.child);
        cli_doc_bytes(doc, "key", element.key.ptr, element.key.len);
        return doc;
    }
    cli_doc_text(doc, "kind", element.is_bucket ? "bucket" : "key");
    cli_doc_bytes(doc, "key", element.key.ptr, element.key.len);
    cli_doc_number(doc, "value_len", element.value.len);
    if (view->opts->values) {
        cli_doc_bytes(doc, "value", element.value.ptr, element.value.len);
    }
    return doc;
}

static void head_doc(const struct page_view *view, json_t *doc)
{
    cli_doc_text(doc, "file", view->facts.name);
    cli_doc_number(doc, "page", view->place.pgid);
    cli_doc_number(doc, "offset", view->head.off);
    if (view->place.found) {
        cli_doc_text(doc, "use", ss_page_use_name(view->place.use));
    }
    if (view->place.bucket != NULL) {
        cli_doc_text(doc, "bucket", view->place.bucket);
    }
    if (view->place.found && view->place.use == SS_USE_OVERFLOW) {
        cli_doc_number(doc, "run_start", view->place.run_start);
        return;
    }
    json_t *header = cli_doc_new();
    cli_doc_number(header, "id", view->head.id);
    cli_doc_text(header, "type", ss_page_type_name(view->head.type));
    cli_doc_number(header, "flags", view->head.flags);
    cli_doc_number(header, "count", view->head.count);
    cli_doc_number(header, "overflow", view->head.overflow);
    cli_doc_set(doc, "header", header);
}

static void body_doc(const struct page_view *view, json_t *doc)
{
    if (view->is_meta) {
        cli_doc_set(doc, "meta", cli_meta_doc(&view->meta));
    } else if (view->page != NULL && view->head.type == SS_PAGE_FREELIST) {
        json_t *ids = cli_doc_list();
        for (uint64_t i = 0; i < ss_page_free_count(view->page); i++) {
            cli_doc_append(ids, json_integer((json_int_t)ss_page_free_id(view->page, i)));
        }
        cli_doc_set(doc, "free_ids", ids);
    } else if (view->page != NULL) {
        json_t *elements = cli_doc_list();
        for (uint32_t i = 0; i < view->head.count; i++) {
            cli_doc_append(elements, element_doc(view, i));
        }
        cli_doc_set(doc, "elements", elements);
    }
}

/* The bytes of the run as far as the file has them; a refused page's overflow count is not trusted. */
static struct ss_span view_bytes(const struct page_view *view)
{
    uint64_t pages = view->page != NULL ? UINT64_C(1) + view->head.overflow : 1;
    return ss_file_bytes(view->run->file, view->head.off, pages * view->facts.page_size);
}

static int print_json(const struct page_view *view)
{
    struct ss_error err = SS_ERROR_INIT;
    json_t *doc = cli_doc_new();
    head_doc(view, doc);
    body_doc(view, doc);
    if (view->opts->hex) {
        struct ss_span bytes = view_bytes(view);
        cli_doc_set(doc, "hex", cli_hex_doc(bytes.ptr, bytes.len));
    }
    if (view->fault.code != SS_E_NONE) {
        cli_doc_set(doc, "error", cli_doc_error(&view->fault));
    } else if (view->metas_fault.code != SS_E_NONE) {
        cli_doc_set(doc, "error", cli_doc_error(&view->metas_fault));
    }
    if (cli_run_checked(view->run, SS_OK, &err) != SS_OK) {
        json_decref(doc);
        return cli_report(view->run, &err);
    }
    view->run->answer_begun = true;
    cli_doc_print(&view->run->out, doc);
    return CLI_EXIT_OK;
}

static int print_text(const struct page_view *view)
{
    print_head(view);
    print_body(view);
    if (view->opts->hex) {
        struct ss_span bytes = view_bytes(view);
        cli_hexdump(&view->run->out, bytes.ptr, bytes.len, view->head.off);
    }
    return CLI_EXIT_OK;
}

/* Whether the page is there at all; else *err says up to where pages are. */
static bool view_head(struct page_view *view, struct ss_error *err)
{
    uint64_t pgid = view->place.pgid;
    if (view->is_meta) {
        ss_file_meta(view->run->file, (int)pgid, &view->meta);
        if (!view->meta.present) {
            cli_error_not_found(err, "the file ends before meta page %" PRIu64, (uint64_t)pgid);
            return false;
        }
        if (view->facts.current_meta < 0) {
            view->head = (struct ss_page_head){
                .off = view->meta.off,
                .id = view->meta.page_id,
                .flags = view->meta.page_flags,
                .type = SS_PAGE_META,
            };
            return true;
        }
    }
    if (view->facts.current_meta >= 0 && !view->is_meta && pgid >= view->facts.high_water) {
        cli_error_not_found(err, "there is no page %" PRIu64 ": the pages are 0 to %" PRIu64,
                            (uint64_t)pgid, (uint64_t)(view->facts.high_water - 1));
        return false;
    }
    return ss_page_head(view->run->file, pgid, &view->head, err) == SS_OK;
}

static int view_show(struct page_view *view)
{
    struct cli_run *run = view->run;
    struct ss_error err = SS_ERROR_INIT;
    if (!view_head(view, &err)) {
        return cli_report(run, &err);
    }
    if (view->facts.page_size != 0 && !place_find(run->file, &view->place, &err)) {
        return cli_report(run, &err);
    }
    bool overflow = view->place.found && view->place.use == SS_USE_OVERFLOW;
    if (!view->is_meta && !overflow) {
        ss_page_open(run->file, view->place.pgid, &view->page, &view->fault);
    }
    if (view->page != NULL) {
        view->fault.code = SS_E_NONE;
    }
    int code = run->common.json ? print_json(view) : print_text(view);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    if (view->fault.code != SS_E_NONE) {
        code = cli_report(run, &view->fault);
    }
    if (view->metas_fault.code != SS_E_NONE) {
        code = cli_report(run, &view->metas_fault);
    }
    if (view->metas_fault.code != SS_E_NONE && !view->is_meta) {
        cli_note_placed(run, &view->facts);
    }
    return view->is_meta && !view->meta.valid ? CLI_EXIT_REFUSED : code;
}

static int run_page(struct cli_run *run)
{
    struct page_view view = {
        .run = run,
        .opts = run->opts,
        .fault = SS_ERROR_INIT,
        .metas_fault = SS_ERROR_INIT,
    };
    if (!cli_number_parse(run->args[1], 0, UINT64_MAX, &view.place.pgid)) {
        char *shown = cli_escaped_name(run->args[1]);
        cli_usage_error(run, "'%s' is no page number", shown);
        free(shown);
        return CLI_EXIT_USAGE;
    }
    view.is_meta = view.place.pgid < 2;
    int code = cli_run_open(run, run->args[0]);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    ss_file_facts(run->file, &view.facts);
    if (!view.is_meta || view.facts.kind != SS_KIND_BBOLT) {
        code = cli_run_placed(run);
    }
    if (code != CLI_EXIT_OK) {
        return code;
    }
    ss_file_readable(run->file, &view.metas_fault);
    code = view_show(&view);
    ss_page_free(view.page);
    free(view.place.bucket);
    return code;
}

const struct cli_command cli_cmd_page = {
    .name = "page",
    .args = "FILE ID",
    .summary = "show one page: header and every element",
    .detail = "Shows page ID (decimal, or hex behind 0x): its header, and all that it holds:\n"
              "the elements of a branch or leaf page, the ids of a freelist page, the fields\n"
              "of a meta page (0 and 1). A page that is refused, or a meta page that cannot\n"
              "be used, is shown as far as it can be, with exit code 3. When neither meta page\n"
              "can be used, page ID is what stands at ID times the page size: the one that\n"
              "most headers fit, or --page-size.",
    .exits = {[CLI_EXIT_ANSWER] = "there is no such page",
              [CLI_EXIT_REFUSED] =
                  "the input is refused or cannot be read, or the page is refused or\nis a meta "
                  "page that cannot be used: it is shown as far as it can be"},
    .options = options,
    .opts_size = sizeof(struct page_opts),
    .min_args = 2,
    .max_args = 2,
    .run = run_page,
};
