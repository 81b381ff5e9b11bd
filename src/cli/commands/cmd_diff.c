/*
 * cmd_diff.c - snapscope diff: its options, its two inputs, and which of three comparisons is made.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "diff.h"
#include "doc.h"
#include "print.h"
#include "report.h"

#define DEPTH_DEFAULT 2

static const char *const format_choices[] = {"text", "ndjson", NULL};

#define FLAG(option, field, text, further)                                                         \
    {                                                                                              \
        .name = (option), .kind = CLI_OPTION_FLAG, .slot = offsetof(struct cli_diff_flags, field), \
        .help = (text), .more = (further)                                                          \
    }
#define REVISION(option, field, text, further)                                      \
    {                                                                               \
        .name = (option), .kind = CLI_OPTION_NUMBER,                                \
        .slot = offsetof(struct cli_diff_flags, field), .arg = "N", .help = (text), \
        .more = (further), .min = 1, .max = INT64_MAX                               \
    }
#define META(option, field, text, further)                                          \
    {                                                                               \
        .name = (option), .kind = CLI_OPTION_CHOICE,                                \
        .slot = offsetof(struct cli_diff_flags, field), .arg = "N", .help = (text), \
        .more = (further), .choices = cli_meta_choices                              \
    }

static const struct cli_option options[] = {
    FLAG("revisions", revisions, "compare all history: do they part, and where", NULL),
    FLAG("buckets", buckets, "compare members, leases, auth, meta, cluster,\nalarms", NULL),
    REVISION("rev", rev, "both as they were at revision N", NULL),
    REVISION("rev-a", rev_a, "A as it was at revision N", NULL),
    REVISION("rev-b", rev_b, "B as it was at revision N", NULL),
    META("meta-a", meta_a, "A by its meta page N, 0 or 1 (--meta: both)",
         "With --meta-a 0 --meta-b 1 and the same file twice: what the last commit changed."),
    META("meta-b", meta_b, "B by its meta page N, 0 or 1", NULL),
    CLI_OPTIONS_RANGE(cli_diff_flags),
    FLAG("keys-only", keys_only, "which keys there are, not what they hold", NULL),
    FLAG("values-only", values_only, "equal values are equal, whatever their revisions",
         "That is for clusters that were restored or copied."),
    FLAG("ignore-lease", ignore_lease, "take no notice of leases", NULL),
    {.name = "format",
     .kind = CLI_OPTION_CHOICE,
     .slot = offsetof(struct cli_diff_flags, format),
     .arg = "FORMAT",
     .help = "text (default) or ndjson (a change a line)",
     .more =
         "Each line has the record of each side as snapscope-dump(1) prints it, without its key.",
     .choices = format_choices},
    FLAG("values", values, "with ndjson: the values themselves",
         "Without it there are their lengths."),
    FLAG("show-values", show_values, "with text: which lines of a value differ",
         "Long lines are cut, more than 40 changed lines only counted, and binary values said to "
         "be so."),
    FLAG("summary", summary, "only the counts, not each change", NULL),
    {.name = "depth",
     .kind = CLI_OPTION_NUMBER,
     .slot = offsetof(struct cli_diff_flags, depth),
     .arg = "N",
     .help = "count by the first N parts of keys (default 2)",
     .more = "Slashes part a key.",
     .min = 1,
     .max = CLI_DEPTH_MAX},
    {.name = NULL},
};

static bool limits_keys(const struct cli_diff_flags *flags)
{
    return flags->rev != 0 || flags->rev_a != 0 || flags->rev_b != 0 || flags->prefix != NULL ||
           flags->from != NULL || flags->to != NULL || flags->keys_only || flags->values_only ||
           flags->ignore_lease || flags->depth != 0 || flags->summary || flags->format != 0;
}

static int check_flags(const struct cli_run *run)
{
    const struct cli_diff_flags *flags = run->opts;
    bool ndjson = flags->format == 1;
    const char *wrong = NULL;
    if (flags->revisions && flags->buckets) {
        wrong = "--revisions and --buckets are two comparisons: ask for one";
    } else if ((flags->revisions || flags->buckets) && limits_keys(flags)) {
        wrong = "--revisions and --buckets compare all there is: they take no revision, no range\n"
                "of keys, and none of the options that say how keys are compared or counted";
    } else if (flags->rev != 0 && (flags->rev_a != 0 || flags->rev_b != 0)) {
        wrong = "--rev is both --rev-a and --rev-b: give it alone";
    } else if (ndjson && run->common.json) {
        wrong = "--json prints one document, --format ndjson a change a line: ask for one";
    } else if (flags->values && !ndjson) {
        wrong = "--values goes with --format ndjson; --show-values is for text";
    } else if (flags->show_values && (ndjson || run->common.json)) {
        wrong = "--show-values is for text";
    } else if (flags->summary && ndjson) {
        wrong = "--summary is for text and --json";
    } else if (flags->show_values && (flags->summary || flags->keys_only || flags->buckets)) {
        wrong = "--show-values has no values to show with --summary, --keys-only or --buckets";
    } else if (flags->depth != 0 && ndjson) {
        wrong = "--depth is for the counts of text and --json";
    }
    return wrong == NULL ? CLI_EXIT_OK : cli_usage_error(run, "%s", wrong);
}

enum ss_status cli_diff_checked(const struct cli_diff_job *job, enum ss_status status,
                                enum ss_side *side, struct ss_error *err)
{
    struct ss_error changed;
    enum ss_status checked = cli_run_checked(job->run, status, err);
    if (checked != status) {
        *side = SS_SIDE_A;
    }
    if (checked == SS_SYSTEM || ss_file_unchanged(job->run->second, &changed) == SS_OK) {
        return checked;
    }
    *side = SS_SIDE_B;
    *err = changed;
    return SS_SYSTEM;
}

int cli_diff_fail(struct cli_diff_job *job, enum ss_side side, const struct ss_error *err)
{
    int code = cli_report_about(job->run, cli_diff_name(job, side), err);
    return code == CLI_EXIT_ANSWER ? CLI_EXIT_REFUSED : code;
}

void cli_diff_print_side(struct cli_diff_job *job, enum ss_side side)
{
    char *name = cli_escaped_name(cli_diff_name(job, side));
    struct ss_file_facts facts;
    ss_file_facts(cli_diff_file(job, side), &facts);
    cli_out_format(&job->run->out, "%c  %s", side == SS_SIDE_A ? 'A' : 'B', name);
    if (facts.meta_chosen) {
        cli_out_format(&job->run->out, " (meta %d)", facts.current_meta);
    }
    free(name);
}

json_t *cli_diff_side_doc(const struct cli_diff_job *job, enum ss_side side)
{
    json_t *doc = cli_doc_new();
    struct ss_file_facts facts;
    ss_file_facts(cli_diff_file(job, side), &facts);
    cli_doc_text(doc, "file", cli_diff_name(job, side));
    if (facts.meta_chosen) {
        cli_doc_int(doc, "meta", facts.current_meta);
    }
    return doc;
}

static int compare(struct cli_diff_job *job)
{
    const struct cli_diff_flags *flags = job->flags;
    int64_t rev = (int64_t)flags->rev;
    job->diff.rev_a = rev != 0 ? rev : (int64_t)flags->rev_a;
    job->diff.rev_b = rev != 0 ? rev : (int64_t)flags->rev_b;
    job->diff.keys_only = flags->keys_only;
    job->diff.values_only = flags->values_only;
    job->diff.ignore_lease = flags->ignore_lease;
    if (flags->meta_a != SS_META_AUTO) {
        job->run->meta = flags->meta_a;
    }
    if (flags->meta_b != SS_META_AUTO) {
        job->run->second_meta = flags->meta_b;
    }
    const struct cli_range_words words = {flags->prefix, flags->from, flags->to};
    int code = cli_range_take(job->run, &words, flags->key_format, &job->keys, &job->diff.range);
    if (code == CLI_EXIT_OK) {
        code = cli_run_open_two(job->run, job->run->args[0], job->run->args[1]);
        code = code == CLI_EXIT_ANSWER ? CLI_EXIT_REFUSED : code;
    }
    if (code != CLI_EXIT_OK) {
        return code;
    }
    return flags->revisions ? cli_diff_lineage(job)
           : flags->buckets ? cli_diff_buckets(job)
                            : cli_diff_state(job);
}

static int run_diff(struct cli_run *run)
{
    struct cli_diff_flags *flags = run->opts;
    int code = check_flags(run);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    if (flags->depth == 0) {
        flags->depth = DEPTH_DEFAULT;
    }
    struct cli_diff_job job = {.run = run, .flags = flags};
    code = compare(&job);
    cli_range_bytes_fini(&job.keys);
    return code;
}

const struct cli_command cli_cmd_diff = {
    .name = "diff",
    .args = "A B",
    .summary = "tell what two snapshots, or two revisions of one, have different",
    .detail = "Compares the live keys of A and B: + only in B, - only in A, ~ in both but not\n"
              "alike: v in its value, l in its lease, r in its revisions. With --revisions the\n"
              "two histories: the same, continued, compacted differently, diverged, unrelated.\n"
              "With --buckets what etcd keeps beside its keys. A and B may be the same file;\n"
              "either may be compressed, or - (standard input), but not both.",
    .exits = {[CLI_EXIT_OK] = "the same",
              [CLI_EXIT_ANSWER] = "different",
              [CLI_EXIT_REFUSED] =
                  "one of the two is refused, is damaged or does not hold the revision"},
    .options = options,
    .opts_size = sizeof(struct cli_diff_flags),
    .min_args = 2,
    .max_args = 2,
    .input_count = 2,
    .run = run_diff,
};
