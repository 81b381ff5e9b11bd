/*
 * cmd_buckets.c - snapscope buckets: every bucket at any depth, with what one walk over it counts.
 */
#include "cmd.h"
#include "doc.h"
#include "keepgoing.h"
#include "report.h"
#include "text.h"

struct buckets_opts {
    bool keep_going;
};

static const struct ss_option options[] = {
    SS_OPTION_KEEP_GOING(buckets_opts),
    {.name = NULL},
};

static const struct cli_column columns[] = {
    {"ROOT", 8},  {"KEYS", 9},  {"KEY-BYTES", 10}, {"VALUE-BYTES", 12},
    {"PAGES", 7}, {"DEPTH", 5}, {"BUCKET", 0},
};
enum {
    COLUMN_COUNT = sizeof columns / sizeof columns[0]
};

struct buckets_walk {
    struct ss_run *run;
    struct ss_list list;
    struct ss_faults faults;
    struct ss_skip_list skips; /* with --keep-going, in place of faults */
};

static bool print_text(struct ss_run *run, const struct ss_bucket_stats *stats)
{
    struct ss_number_text root = ss_number_format(stats->root);
    struct ss_number_text keys = ss_number_format(stats->key_count);
    struct ss_number_text key_len = ss_number_format(stats->key_len);
    struct ss_number_text value_len = ss_number_format(stats->value_len);
    struct ss_number_text pages =
        ss_number_format(stats->branch_count + stats->leaf_count + stats->overflow_count);
    struct ss_number_text depth = ss_number_format(stats->depth);
    const char *cells[COLUMN_COUNT] = {
        stats->root == 0 ? "inline" : root.text,
        keys.text,
        key_len.text,
        value_len.text,
        pages.text,
        depth.text,
        stats->path,
    };
    return ss_table_row(&run->out, columns, COLUMN_COUNT, cells, SS_STYLE_PLAIN);
}

static json_t *stats_doc(const struct ss_bucket_stats *stats)
{
    json_t *doc = ss_doc_new();
    ss_doc_text(doc, "bucket", stats->path);
    ss_doc_number(doc, "level", stats->level);
    ss_doc_bool(doc, "inline", stats->root == 0);
    ss_doc_number(doc, "root", stats->root);
    ss_doc_number(doc, "sequence", stats->sequence);
    ss_doc_number(doc, "key_count", stats->key_count);
    ss_doc_number(doc, "bucket_count", stats->bucket_count);
    ss_doc_number(doc, "key_len", stats->key_len);
    ss_doc_number(doc, "value_len", stats->value_len);
    ss_doc_number(doc, "branch_count", stats->branch_count);
    ss_doc_number(doc, "leaf_count", stats->leaf_count);
    ss_doc_number(doc, "overflow_count", stats->overflow_count);
    ss_doc_number(doc, "depth", stats->depth);
    return doc;
}

static bool on_stats(void *ctx, const struct ss_bucket_stats *stats)
{
    struct buckets_walk *walk = ctx;
    return walk->run->common.json ? ss_list_add(&walk->list, stats_doc(stats))
                                  : print_text(walk->run, stats);
}

static void on_fault(void *ctx, const struct ss_error *fault)
{
    struct buckets_walk *walk = ctx;
    ss_faults_add(&walk->faults, fault);
}

static void print_end(struct buckets_walk *walk, const struct ss_error *err)
{
    ss_faults_close(&walk->faults);
    if (!walk->run->common.json) {
        return;
    }
    json_t *tail = ss_doc_new();
    ss_doc_number(tail, "count", walk->list.count);
    ss_doc_bool(tail, "complete", err == NULL && walk->faults.count + walk->skips.count == 0);
    ss_faults_doc(&walk->faults, tail);
    ss_skip_list_doc(&walk->skips, tail);
    if (err != NULL) {
        ss_doc_set(tail, "error", ss_doc_error(err));
    }
    ss_list_end(&walk->list, tail);
}

static int run_buckets(struct ss_run *run)
{
    int code = ss_run_open_readable(run, run->args[0]);
    if (code != SS_EXIT_OK) {
        return code;
    }
    struct buckets_walk walk = {.run = run};
    ss_faults_init(&walk.faults, run);
    if (run->common.json) {
        json_t *head = ss_doc_new();
        ss_doc_text(head, "file", run->input_name);
        run->answer_begun = true;
        ss_list_begin(&walk.list, &run->out, head, "buckets");
    } else {
        ss_table_head(&run->out, columns, COLUMN_COUNT);
    }
    struct ss_error err = SS_ERROR_INIT;
    uint64_t fault_count = 0;
    const struct buckets_opts *opts = run->opts;
    const struct ss_keep_going *keep = ss_skip_list_init(&walk.skips, run, opts->keep_going);
    enum ss_status status =
        keep != NULL ? ss_buckets_keeping(run->file, on_stats, keep, &walk, &fault_count, &err)
                     : ss_buckets(run->file, on_stats, on_fault, &walk, &fault_count, &err);
    if (ss_run_checked(run, status, &err) != SS_OK) {
        code = ss_report(run, &err);
        print_end(&walk, &err);
    } else {
        print_end(&walk, NULL);
        ss_skip_list_end(&walk.skips, false);
        code = fault_count == 0 ? SS_EXIT_OK : SS_EXIT_REFUSED;
    }
    ss_faults_fini(&walk.faults);
    ss_skip_list_fini(&walk.skips);
    return code;
}

const struct ss_command ss_cmd_buckets = {
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
