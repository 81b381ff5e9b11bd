/*
 * cmd_pages.c - snapscope pages: every page below high-water, what uses it and which bucket owns it.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "doc.h"
#include "print.h"
#include "report.h"

struct pages_opts {
    int use; /* index into use_choices; 0: all */
};

static const char *const use_choices[] = {"all",      "meta", "freelist", "reachable",
                                          "overflow", "free", "orphan",   NULL};

static const struct cli_option options[] = {
    {.name = "use",
     .kind = CLI_OPTION_CHOICE,
     .slot = offsetof(struct pages_opts, use),
     .arg = "USE",
     .help = "only these: meta, freelist, reachable, overflow,\n"
             "free or orphan",
     .more = "`all` is the default.",
     .choices = use_choices},
    {.name = NULL},
};

enum {
    COLUMN_COUNT = 7
};

struct pages_walk {
    struct cli_run *run;
    const struct pages_opts *opts;
    struct cli_column columns[COLUMN_COUNT];
    struct cli_json_list list;
    struct cli_faults faults;
    uint64_t shown;
};

/* Overflow pages hold the rest of another page: what stands where a header would be means nothing. */
static bool has_header(const struct ss_page_row *row)
{
    return row->use != SS_USE_OVERFLOW;
}

static bool print_text(struct pages_walk *walk, const struct ss_page_row *row)
{
    bool header = has_header(row);
    struct cli_number_text pgid = cli_number_format(row->pgid);
    struct cli_number_text count = cli_number_format(row->head.count);
    struct cli_number_text overflow = cli_number_format(row->head.overflow);
    const char *owner = row->bucket == NULL ? "-" : row->bucket[0] == '\0' ? "/" : row->bucket;
    const char *cells[COLUMN_COUNT] = {
        pgid.text,
        ss_page_use_name(row->use),
        header ? ss_page_type_name(row->head.type) : "-",
        header ? count.text : "-",
        header ? overflow.text : "-",
        row->fault == SS_E_NONE ? "-" : ss_code_name(row->fault),
        owner,
    };
    enum cli_style style = row->fault == SS_E_NONE ? CLI_STYLE_PLAIN : CLI_STYLE_BAD;
    return cli_table_row(&walk->run->out, walk->columns, COLUMN_COUNT, cells, style);
}

static bool print_json(struct pages_walk *walk, const struct ss_page_row *row)
{
    json_t *doc = cli_doc_new();
    cli_doc_number(doc, "page", row->pgid);
    cli_doc_text(doc, "use", ss_page_use_name(row->use));
    if (has_header(row)) {
        cli_doc_text(doc, "type", ss_page_type_name(row->head.type));
        cli_doc_number(doc, "count", row->head.count);
        cli_doc_number(doc, "overflow", row->head.overflow);
    }
    if (row->fault != SS_E_NONE) {
        cli_doc_text(doc, "fault", ss_code_name(row->fault));
    }
    if (row->bucket != NULL) {
        cli_doc_text(doc, "bucket", row->bucket);
    }
    return cli_list_add(&walk->list, doc);
}

static bool on_row(void *ctx, const struct ss_page_row *row)
{
    struct pages_walk *walk = ctx;
    const char *wanted = use_choices[walk->opts->use];
    if (walk->opts->use != 0 && strcmp(wanted, ss_page_use_name(row->use)) != 0) {
        return true;
    }
    walk->shown++;
    return walk->run->common.json ? print_json(walk, row) : print_text(walk, row);
}

static void on_fault(void *ctx, const struct ss_error *fault)
{
    struct pages_walk *walk = ctx;
    cli_faults_add(&walk->faults, fault);
}

static void print_begin(struct pages_walk *walk, const struct ss_file_facts *facts)
{
    struct cli_run *run = walk->run;
    if (!run->common.json) {
        cli_table_head(&run->out, walk->columns, COLUMN_COUNT);
        return;
    }
    json_t *head = cli_doc_new();
    cli_doc_text(head, "file", facts->name);
    cli_doc_number(head, "page_size", facts->page_size);
    if (facts->current_meta >= 0) {
        cli_doc_number(head, "high_water", facts->high_water);
    }
    run->answer_begun = true;
    cli_list_begin(&walk->list, &run->out, head, "pages");
}

static void print_end(struct pages_walk *walk, const struct ss_file_facts *facts,
                      const struct ss_error *err)
{
    cli_faults_close(&walk->faults);
    if (facts->current_meta < 0) {
        cli_note_placed(walk->run, facts);
    }
    if (!walk->run->common.json) {
        return;
    }
    json_t *tail = cli_doc_new();
    cli_doc_number(tail, "count", walk->shown);
    cli_doc_bool(tail, "complete", err == NULL);
    cli_faults_doc(&walk->faults, tail);
    if (err != NULL) {
        cli_doc_set(tail, "error", cli_doc_error(err));
    }
    cli_list_end(&walk->list, tail);
}

static int run_pages(struct cli_run *run)
{
    int code = cli_run_open(run, run->args[0]);
    if (code == CLI_EXIT_OK) {
        code = cli_run_placed(run);
    }
    if (code != CLI_EXIT_OK) {
        return code;
    }
    struct ss_file_facts facts;
    ss_file_facts(run->file, &facts);
    int width =
        cli_number_width(facts.current_meta >= 0 ? facts.high_water : facts.len / facts.page_size);
    struct pages_walk walk = {
        .run = run,
        .opts = run->opts,
        .columns = {{"PAGE", width < 4 ? 4 : width},
                    {"USE", -9},
                    {"TYPE", -8},
                    {"COUNT", 5},
                    {"OVERFLOW", 8},
                    {"FAULT", -13},
                    {"BUCKET", 0}},
    };
    cli_faults_init(&walk.faults, run);
    print_begin(&walk, &facts);
    struct ss_error err = SS_ERROR_INIT;
    uint64_t fault_count = 0;
    const struct ss_call call = cli_run_call(run);
    enum ss_status status = ss_pages(run->file, on_row, on_fault, &walk, &call, &fault_count, &err);
    if (cli_run_checked(run, status, &err) != SS_OK) {
        code = cli_report(run, &err);
        print_end(&walk, &facts, &err);
    } else {
        print_end(&walk, &facts, NULL);
        code = fault_count == 0 ? CLI_EXIT_OK : CLI_EXIT_REFUSED;
    }
    cli_faults_fini(&walk.faults);
    return code;
}

const struct cli_command cli_cmd_pages = {
    .name = "pages",
    .args = "FILE",
    .summary = "list every page: use, type, count, owner",
    .detail = "Lists every page below the high-water mark: what uses it, what its header\n"
              "says, why it was refused if it was, and the bucket that owns it (/ is the\n"
              "root). Faults do not stop the list; they are told on standard error and end in\n"
              "exit code 3. When neither meta page can be used, each place of the file is\n"
              "listed by its header: at the page size that most headers fit, or --page-size.",
    .options = options,
    .opts_size = sizeof(struct pages_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run_pages,
};
