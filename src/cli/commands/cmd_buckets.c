/*
 * cmd_buckets.c - snapscope buckets: every bucket at any depth, with what one walk over it counts.
 */
#include "cmd.h"
#include "keepgoing.h"
#include "render.h"

struct buckets_opts {
    bool keep_going;
    int format;
};

static const struct cli_option options[] = {
    CLI_OPTION_KEEP_GOING(buckets_opts),
    CLI_OPTION_FORMAT(buckets_opts),
    {.name = NULL},
};

static int run_buckets(struct cli_run *run)
{
    static const char *const text[] = {"root",       "key_count", "key_len", "value_len",
                                       "page_count", "depth",     "bucket",  NULL};
    const struct buckets_opts *opts = run->opts;
    const struct cli_listing how = {
        .table = "buckets", .text = text, .keep_going = opts->keep_going, .format = opts->format};
    return cli_list_file(run, &how);
}

const struct cli_command cli_cmd_buckets = {
    .name = "buckets",
    .args = "FILE",
    .summary = "list every bucket with its counts and bytes",
    .detail = "Lists every bucket, parents before children: root page (-: it stands\n"
              "inside its parent), keys and their bytes, pages and depth of the tree. The\n"
              "figures of a bucket with faults are what could be read; faults are told on\n"
              "standard error and end in exit code 3.",
    .options = options,
    .opts_size = sizeof(struct buckets_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run_buckets,
};
