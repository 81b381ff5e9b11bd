/*
 * cmd_buckets.c - snapscope buckets: every bucket at any depth, with what one walk over it counts.
 */
#include "cmd.h"
#include "doc.h"
#include "keepgoing.h"
#include "print.h"
#include "report.h"

struct buckets_opts {
    bool keep_going;
};

static const struct cli_option options[] = {
    CLI_OPTION_KEEP_GOING(buckets_opts),
    {.name = NULL},
};

static const struct cli_column columns[] = {
    {"ROOT", 8},  {"KEYS", 9},  {"KEY-BYTES", 10}, {"VALUE-BYTES", 12},
    {"PAGES", 7}, {"DEPTH", 5}, {"BUCKET", 0},
};
enum {
    COLUMN_COUNT = sizeof(columns) / sizeof(columns[0])
};

struct buckets_walk {
    struct cli_run *run;
    struct cli_json_list list;
    struct cli_faults faults;
    struct cli_skip_list skips; /* with --keep-going, in place of faults */
};

static bool print_text(struct cli_run *run, const struct ss_bucket_stats *stats)
{
    struct cli_number_text root = cli_number_format(stats->root);
    struct cli_number_text keys = cli_number_format(stats->key_count);
    struct cli_number_text key_len = cli_number_format(stats->key_len);
    struct cli_number_text value_len = cli_number_format(stats->value_len);
    struct cli_number_text pages =
        cli_number_format(stats->branch_count + stats->leaf_count + stats->overflow_count);
    struct cli_number_text depth = cli_number_format(stats->depth);
    const char *cells[COLUMN_COUNT] = {
        stats->root == 0 ? "inline" : root.text,
        keys.text,
        key_len.text,
        value_len.text,
        pages.text,
        depth.text,
        stats->path,
    };
    return cli_table_row(&run->out, columns, COLUMN_COUNT, cells, CLI_STYLE_PLAIN);
}

static json_t *stats_doc(const struct ss_bucket_stats *stats)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "bucket", stats->path);
    cli_doc_number(doc, "level", stats->level);
    cli_doc_bool(doc, "inline", stats->root == 0);
    cli_doc_number(doc, "root", stats->root);
    cli_doc_number(doc, "sequence", stats->sequence);
    cli_doc_number(doc, "key_count", stats->key_count);
    cli_doc_number(doc, "bucket_count", stats->bucket_count);
    cli_doc_number(doc, "key_len", stats->key_len);
    cli_doc_number(doc, "value_len", stats->value_len);
    cli_doc_number(doc, "branch_count", stats->branch_count);
    cli_doc_number(doc, "leaf_count", stats->leaf_count);
    cli_doc_number(doc, "overflow_count", stats->overflow_count);
    cli_doc_number(doc, "depth", stats->depth);
    return doc;
}

static bool on_stats(void *ctx, const struct ss_bucket_stats *stats)
{
    struct buckets_walk *walk = ctx;
    return walk->run->common.json ? cli_list_add(&walk->list, stats_doc(stats))
                                  : print_text(walk->run, stats);
}

static void on_fault(void *ctx, const struct ss_error *fault)
{
    struct buckets_walk *walk = ctx;
    cli_faults_add(&walk->faults, fault);
}

static void print_end(struct buckets_walk *walk, const struct ss_error *err)
{
    cli_faults_close(&walk->faults);
    if (!walk->run->common.json) {
        return;
    }
    json_t *tail = cli_doc_new();
    cli_doc_number(tail, "count", walk->list.count);
    cli_doc_bool(tail, "complete", err == NULL && walk->faults.count + walk->skips.count == 0);
    cli_faults_doc(&walk->faults, tail);
    cli_skip_list_doc(&walk->skips, tail);
    if (err != NULL) {
        cli_doc_set(tail, "error", cli_doc_error(err));
    }
    cli_list_end(&walk->list, tail);
}

static int run_buckets(struct cli_run *run)
{
    int code = cli_run_open_readable(run, run->args[0]);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    struct buckets_walk walk = {.run = run};
    cli_faults_init(&walk.faults, run);
    if (run->common.json) {
        json_t *head = cli_doc_new();
        cli_doc_text(head, "file", run->input_name);
        run->answer_begun = true;
        cli_list_begin(&walk.list, &run->out, head, "buckets");
    } else {
        cli_table_head(&run->out, columns, COLUMN_COUNT);
    }
    struct ss_error err = SS_ERROR_INIT;
    uint64_t fault_count = 0;
    const struct buckets_opts *opts = run->opts;
    const struct ss_keep_going *keep = cli_skip_list_init(&walk.skips, run, opts->keep_going);
    enum ss_status status =
        keep != NULL ? ss_buckets_keeping(run->file, on_stats, keep, &walk, &fault_count, &err)
                     : ss_buckets(run->file, on_stats, on_fault, &walk, &fault_count, &err);
    if (cli_run_checked(run, status, &err) != SS_OK) {
        code = cli_report(run, &err);
        print_end(&walk, &err);
    } else {
        print_end(&walk, NULL);
        cli_skip_list_end(&walk.skips, false);
        code = fault_count == 0 ? CLI_EXIT_OK : CLI_EXIT_REFUSED;
    }
    cli_faults_fini(&walk.faults);
    cli_skip_list_fini(&walk.skips);
    return code;
}

const struct cli_command cli_cmd_buckets = {
    .name = "buckets",
    .args = "FILE",
    .summary = "list every bucket with its counts and bytes",
    .detail = "Lists every bucket, parents before children: root page, keys and their bytes,\n"
              "pages and depth of the tree. The figures of a bucket with faults are what\n"
              "could be read; faults are told on standard error and end in exit code 3.",
    .options = options,
    .opts_size = sizeof(struct buckets_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run_buckets,
};
