/*
 * cmd_pages.c - snapscope pages: every page below high-water, what uses it and which bucket owns it.
 */
#include <string.h>

#include "cmd.h"
#include "render.h"

struct pages_opts {
    int use; /* index into use_choices; 0: all */
    int format;
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
    CLI_OPTION_FORMAT(pages_opts),
    {.name = NULL},
};

struct pages_list {
    struct ss_file_facts facts;
    const char *use;
    size_t use_column, fault_column;
};

static bool shows(void *ctx, const struct ss_rows *rows)
{
    const struct pages_list *list = ctx;
    struct ss_value use;
    ss_rows_value(rows, list->use_column, &use);
    return use.is.bytes.len == strlen(list->use) &&
           memcmp(use.is.bytes.ptr, list->use, strlen(list->use)) == 0;
}

static enum cli_style style(void *ctx, const struct ss_rows *rows)
{
    struct ss_value fault;
    ss_rows_value(rows, ((const struct pages_list *)ctx)->fault_column, &fault);
    return fault.known ? CLI_STYLE_BAD : CLI_STYLE_PLAIN;
}

static void head(void *ctx, json_t *doc)
{
    const struct ss_file_facts *facts = &((const struct pages_list *)ctx)->facts;
    cli_doc_number(doc, "page_size", facts->page_size);
    if (facts->current_meta >= 0) {
        cli_doc_number(doc, "high_water", facts->high_water);
    }
}

static int run_pages(struct cli_run *run)
{
    static const char *const text[] = {"page",     "use",   "type",  "count",
                                       "overflow", "fault", "owner", NULL};
    const struct pages_opts *opts = run->opts;
    const struct ss_table *table = ss_table_find("pages");
    struct pages_list list = {.use = use_choices[opts->use],
                              .use_column = ss_table_column(table, "use"),
                              .fault_column = ss_table_column(table, "fault")};
    const struct cli_listing how = {.table = "pages",
                                    .text = text,
                                    .shows = opts->use == 0 ? NULL : shows,
                                    .style = style,
                                    .head = head,
                                    .ctx = &list,
                                    .format = opts->format};
    cli_list_prepare(run, &how);
    int code = cli_run_open(run, run->args[0]);
    if (code == CLI_EXIT_OK) {
        code = cli_run_placed(run);
    }
    if (code != CLI_EXIT_OK) {
        return code;
    }
    ss_file_facts(run->file, &list.facts);
    code = cli_list(run, &how);
    if (list.facts.current_meta < 0) {
        cli_note_placed(run, &list.facts);
    }
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
