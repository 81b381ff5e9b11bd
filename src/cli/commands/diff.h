/*
 * diff.h - what the parts of the command `diff` share.
 *
 *   cmd_diff.c ──► state      diff_state.c: changes (diff_text.c, diff_lines.c), counts (diff_summary.c)
 *              ├── revisions  cli_diff_lineage    diff_lineage.c
 *              └── buckets    cli_diff_buckets    diff_buckets.c over diff_facts.c
 *   each, when a side cannot be read  ──► cli_diff_unreadable     diff_lost.c
 */
#ifndef CLI_DIFF_H
#define CLI_DIFF_H

#include <jansson.h>
#include <snapscope.h>

#include "run.h"
#include "words.h"

/* The command's options as they were given. */
struct cli_diff_flags {
    uint64_t rev, rev_a, rev_b;
    int meta_a, meta_b; /* enum ss_meta_choice; AUTO: as --meta */
    const char *prefix, *from, *to;
    int key_format;
    bool keys_only, ignore_lease, values_only;
    bool revisions, buckets;
    bool show_values, values, summary;
    uint64_t depth;
    int format; /* 0: text, 1: ndjson */
};

struct cli_diff_job {
    struct cli_run *run; /* A is its input, B its second one */
    const struct cli_diff_flags *flags;
    struct cli_range_bytes keys; /* what `diff` borrows from */
    struct ss_diff_opts diff;
    struct ss_diff_result result;
};

static inline const char *cli_diff_name(const struct cli_diff_job *job, enum ss_side side)
{
    return side == SS_SIDE_A ? job->run->input_name : job->run->second_name;
}

static inline const struct ss_file *cli_diff_file(const struct cli_diff_job *job, enum ss_side side)
{
    return side == SS_SIDE_A ? job->run->file : job->run->second;
}

/* The three things that can be compared. Each prints its answer and returns the exit code. */
int cli_diff_state(struct cli_diff_job *job);
int cli_diff_lineage(struct cli_diff_job *job);
int cli_diff_buckets(struct cli_diff_job *job);

/*
 * Tells that nothing can be said because of an error of one side: on standard error, and, when it is
 * damage, with the stretches of history that each side has lost on standard output. Returns the exit
 * code, never 0 or 1.
 */
int cli_diff_unreadable(struct cli_diff_job *job, enum ss_side side, const struct ss_error *err);

/* cli_run_checked of both sides; *side gets the one that changed. */
enum ss_status cli_diff_checked(const struct cli_diff_job *job, enum ss_status status,
                                enum ss_side *side, struct ss_error *err);

/* Reports an error of one side and returns its exit code, which is never "different". */
int cli_diff_fail(struct cli_diff_job *job, enum ss_side side, const struct ss_error *err);

/* "A  NAME", escaped, without a line end; the caller adds what it knows of the side. */
void cli_diff_print_side(struct cli_diff_job *job, enum ss_side side);

/* {"file":NAME}, for the member "a" or "b" of a document. */
json_t *cli_diff_side_doc(const struct cli_diff_job *job, enum ss_side side);

/* 40, or 40_2 for the third change of revision 40. */
struct cli_revision_text {
    char text[48];
};
struct cli_revision_text cli_revision_format(struct ss_revision rev);

/* One row a changed key, and with show_values the lines that differ. */
void cli_diff_text_head(struct cli_out *out, const struct ss_diff_result *result);
bool cli_diff_text_change(struct cli_out *out, const struct ss_diff_result *result,
                          const struct ss_diff_change *change, bool show_values);

/* How two values differ: lines of text, or where bytes differ first. Every line is indented. */
bool cli_diff_lines(struct cli_out *out, struct ss_span a, struct ss_span b);

/*
 * Changes counted by prefix: the first `depth` parts of a key, up to and with the slash behind them; of
 * a key with fewer, up to its last slash. Takes keys in byte order. The first CLI_PREFIXES_MAX prefixes are
 * kept, the changes of all others counted together.
 */
#define CLI_PREFIXES_MAX 1000
#define CLI_DEPTH_MAX 32

struct cli_prefix_count {
    struct ss_span prefix; /* borrows from the file */
    uint64_t counts[3];    /* by enum ss_change */
};

struct cli_prefixes {
    struct cli_prefix_count *list; /* CLI_PREFIXES_MAX */
    size_t count;
    size_t open[CLI_DEPTH_MAX + 2]; /* those that the last key begins with, short ones first */
    size_t open_count;
    uint64_t depth;
    uint64_t other; /* changes under prefixes that found no room */
};

void cli_prefixes_init(struct cli_prefixes *prefixes, uint64_t depth);
void cli_prefixes_fini(struct cli_prefixes *prefixes);
void cli_prefixes_add(struct cli_prefixes *prefixes, enum ss_change change, struct ss_span key);
void cli_prefixes_print(struct cli_prefixes *prefixes, struct cli_out *out);
void cli_prefixes_doc(struct cli_prefixes *prefixes, json_t *doc);

#endif
