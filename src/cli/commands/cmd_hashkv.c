/*
 * cmd_hashkv.c - snapscope hashkv: the hash by which members of a cluster are compared.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cmd.h"
#include "doc.h"
#include "figure_row.h"
#include "report.h"

struct hashkv_opts {
    int write_out; /* enum cli_figures_format */
    uint64_t rev, compact_rev;
    uint64_t threads;
};

static const struct cli_option options[] = {
    {.name = "rev",
     .kind = CLI_OPTION_NUMBER,
     .slot = offsetof(struct hashkv_opts, rev),
     .arg = "N",
     .help = "hash up to revision N; 0: the latest (default)",
     .min = 0,
     .max = INT64_MAX},
    {.name = "compact-revision",
     .kind = CLI_OPTION_NUMBER,
     .slot = offsetof(struct hashkv_opts, compact_rev),
     .arg = "N",
     .help = "as of a member that is compacted at N",
     .more =
         "It is not before the file's own compaction and not behind the revision that is hashed.",
     .min = 1,
     .max = INT64_MAX},
    CLI_OPTION_WRITE_OUT(hashkv_opts),
    CLI_OPTION_THREADS(hashkv_opts),
    {.name = NULL},
};

static void print_figures(struct cli_run *run, const struct ss_hashkv *hashkv)
{
    const struct hashkv_opts *opts = run->opts;
    struct cli_figure figures[] = {
        {.member = "hash", .field = "Hash", .column = "HASH"},
        {.member = "hashRevision", .field = "Hash revision", .column = "HASH REVISION"},
        {.member = "compactRevision", .field = "Compact revision", .column = "COMPACT REVISION"},
    };
    const int64_t values[] = {hashkv->hash, hashkv->revision, hashkv->compact_revision};
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        snprintf(figures[i].exact, sizeof(figures[i].exact), "%" PRId64, values[i]);
    }
    cli_figures_print(&run->out, (enum cli_figures_format)opts->write_out, figures,
                      sizeof(figures) / sizeof(figures[0]));
}

static void print_doc(struct cli_run *run, const struct ss_hashkv *hashkv)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "file", run->input_name);
    cli_doc_number(doc, "hash", hashkv->hash);
    cli_doc_int(doc, "hash_revision", hashkv->revision);
    cli_doc_int(doc, "compact_revision", hashkv->compact_revision);
    cli_doc_print(&run->out, doc);
}

static int run_hashkv(struct cli_run *run)
{
    const struct hashkv_opts *opts = run->opts;
    if (run->common.json && opts->write_out != CLI_FIGURES_SIMPLE) {
        return cli_usage_error(run, "--json and -w exclude one another");
    }
    run->threads = (unsigned)opts->threads;
    int code = cli_run_open_readable(run, run->args[0]);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    struct ss_error err = SS_ERROR_INIT;
    struct ss_hashkv hashkv;
    const struct ss_call call = cli_run_call(run);
    enum ss_status status =
        ss_hashkv(run->file, (int64_t)opts->rev, (int64_t)opts->compact_rev, &call, &hashkv, &err);
    if (cli_run_checked(run, status, &err) != SS_OK) {
        return cli_report(run, &err);
    }
    if (run->common.json) {
        print_doc(run, &hashkv);
    } else {
        print_figures(run, &hashkv);
    }
    return CLI_EXIT_OK;
}

const struct cli_command cli_cmd_hashkv = {
    .name = "hashkv",
    .args = "FILE",
    .summary = "print the hash of all keys at a revision, to compare members",
    .detail = "Prints what `etcdutl hashkv` of etcd 3.7 and `etcdctl endpoint hashkv` do: the\n"
              "hash, the revision up to which it goes, and the compacted revision (-1: never\n"
              "compacted). Members can only agree where both revisions do;\n"
              "--compact-revision brings one that is compacted earlier to where another is.\n"
              "A running member that is asked about the very revision of a compaction answers\n"
              "with a hash that it remembers, which this command and etcdutl do not know.",
    .exits = {[CLI_EXIT_ANSWER] = "the file does not hold that revision",
              [CLI_EXIT_REFUSED] = "the input is refused, is no etcd database, or is damaged"},
    .options = options,
    .opts_size = sizeof(struct hashkv_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run_hashkv,
};
