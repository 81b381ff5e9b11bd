/*
 * cmd_status.c - snapscope status: the figures of `etcdutl snapshot status`, and what that leaves
 * out: whether the trailing SHA-256 fits the bytes.
 *
 * The state of the hash goes to standard error, so that standard output stays etcdutl's; a hash that
 * does not fit also makes the exit code 1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd.h"
#include "doc.h"
#include "figure_row.h"
#include "print.h"
#include "report.h"

enum count_choice {
    COUNT_LIVE,
    COUNT_ALL
};
static const char *const count_choices[] = {"live", "all", NULL};

struct status_opts {
    int write_out; /* enum cli_figures_format */
    int count;     /* enum count_choice */
    bool skip_hash_check;
    uint64_t threads;
};

static const struct cli_option options[] = {
    CLI_OPTION_WRITE_OUT(status_opts),
    {.name = "count",
     .kind = CLI_OPTION_CHOICE,
     .slot = offsetof(struct status_opts, count),
     .arg = "WHAT",
     .help = "count live keys (default), or all, as 3.5 did",
     .more = "`all` is the entries of all buckets.",
     .choices = count_choices},
    {.name = "skip-hash-check",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct status_opts, skip_hash_check),
     .help = "do not compute the trailing SHA-256",
     .more = "It is computed while the buckets are read, and takes longer than they do."},
    CLI_OPTION_THREADS(status_opts),
    {.name = NULL},
};

/* What a state of the hash means, for a line on standard error. */
static const char *hash_meaning(enum ss_hash_state state)
{
    static const char *const meanings[] = {
        [SS_HASH_NOT_CHECKED] = "not checked",
        [SS_HASH_NO_DB] = "not looked for, this is no database",
        [SS_HASH_VALID] = "valid",
        [SS_HASH_MISMATCH] = "mismatch, the bytes are not those that were saved",
        [SS_HASH_ZERO] = "zero, 32 zero bytes stand in its place",
        [SS_HASH_ABSENT] = "absent, nothing vouches for the bytes",
        [SS_HASH_CUT] = "cut, the file ends before it does",
    };
    return meanings[state];
}

static bool is_bad_hash(enum ss_hash_state state)
{
    return state == SS_HASH_MISMATCH || state == SS_HASH_ZERO || state == SS_HASH_CUT;
}

/* What the file comes to: its hash is computed while its buckets are read. */
struct answer {
    struct ss_hash_report hash;
    enum ss_status hash_status;
    struct ss_error hash_err;
    struct ss_etcd_status figures;
    enum ss_status status;
    struct ss_error err;
};

static void read_answer(struct cli_run *run, struct answer *answer)
{
    const struct status_opts *opts = run->opts;
    const struct ss_call call = cli_run_call(run);
    struct ss_hash_work *work = NULL;
    if (!opts->skip_hash_check) {
        answer->hash_status = ss_hash_start(run->file, &call, &work, &answer->hash_err);
        if (answer->hash_status != SS_OK) {
            return;
        }
    }
    answer->status = ss_etcd_status(run->file, &call, &answer->figures, &answer->err);
    if (work != NULL) {
        answer->hash_status = ss_hash_finish(work, &call, &answer->hash, &answer->hash_err);
    }
}

static void print_figures(struct cli_run *run, const struct ss_etcd_status *status)
{
    const struct status_opts *opts = run->opts;
    uint64_t keys = opts->count == COUNT_ALL ? status->entry_count : status->live_count;
    struct cli_figure figures[] = {
        {.member = "hash", .field = "Hash", .column = "HASH"},
        {.member = "revision", .field = "Revision", .column = "REVISION"},
        {.member = "totalKey", .field = "Keys", .column = "TOTAL KEYS"},
        {.member = "totalSize", .field = "Size", .column = "TOTAL SIZE"},
        {.member = "version", .field = "Version", .column = "VERSION", .quoted = true},
    };
    char size[32];
    cli_figure_size(status->total_len, size);
    snprintf(figures[0].shown, sizeof(figures[0].shown), "%x", status->hash);
    snprintf(figures[0].exact, sizeof(figures[0].exact), "%u", status->hash);
    snprintf(figures[1].exact, sizeof(figures[1].exact), "%" PRId64, (int64_t)status->revision);
    snprintf(figures[2].exact, sizeof(figures[2].exact), "%" PRIu64, (uint64_t)keys);
    snprintf(figures[3].shown, sizeof(figures[3].shown), "%s", size);
    snprintf(figures[3].exact, sizeof(figures[3].exact), "%" PRIu64, (uint64_t)status->total_len);
    snprintf(figures[4].exact, sizeof(figures[4].exact), "%s", status->version);
    cli_figures_print(&run->out, (enum cli_figures_format)opts->write_out, figures,
                      sizeof(figures) / sizeof(figures[0]));
}

static void print_doc(struct cli_run *run, const struct ss_etcd_status *status,
                      const struct ss_hash_report *hash)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "file", run->input_name);
    cli_doc_text(doc, "trailing_hash", ss_hash_state_name(hash->state));
    if (hash->padding_len > 0) {
        cli_doc_number(doc, "padding_len", hash->padding_len);
        cli_doc_int(doc, "padding_byte", hash->padding_byte);
    }
    cli_doc_number(doc, "hash", status->hash);
    cli_doc_int(doc, "revision", status->revision);
    cli_doc_number(doc, "live_count", status->live_count);
    cli_doc_number(doc, "entry_count", status->entry_count);
    cli_doc_number(doc, "total_len", status->total_len);
    if (status->version[0] != '\0') {
        cli_doc_text(doc, "version", status->version);
    }
    cli_doc_print(&run->out, doc);
}

static int run_status(struct cli_run *run)
{
    const struct status_opts *opts = run->opts;
    if (run->common.json && (opts->write_out != CLI_FIGURES_SIMPLE || opts->count != COUNT_LIVE)) {
        return cli_usage_error(run, "--json has all figures; it goes with neither -w nor --count");
    }
    run->hash_stream = !opts->skip_hash_check;
    run->threads = (unsigned)opts->threads;
    int code = cli_run_open_readable(run, run->args[0]);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    struct answer answer = {.hash.state = SS_HASH_NOT_CHECKED};
    read_answer(run, &answer);
    if (cli_run_checked(run, answer.hash_status, &answer.hash_err) != SS_OK) {
        return cli_report(run, &answer.hash_err);
    }
    if (answer.hash.padding_len > 0) {
        cli_note(run, "trailing SHA-256: valid, followed by %" PRIu64 " bytes of padding (0x%02x)",
                 (uint64_t)answer.hash.padding_len, answer.hash.padding_byte);
    } else {
        cli_note(run, "trailing SHA-256: %s", hash_meaning(answer.hash.state));
    }
    if (cli_run_checked(run, answer.status, &answer.err) != SS_OK) {
        return cli_report(run, &answer.err);
    }
    if (run->common.json) {
        print_doc(run, &answer.figures, &answer.hash);
    } else {
        print_figures(run, &answer.figures);
    }
    return is_bad_hash(answer.hash.state) ? CLI_EXIT_ANSWER : CLI_EXIT_OK;
}

const struct cli_command cli_cmd_status = {
    .name = "status",
    .args = "FILE",
    .summary = "print what `etcdutl snapshot status` prints, and the hash's state",
    .detail = "Prints the figures of etcdutl 3.6 and 3.7: the CRC-32C of all buckets, the last\n"
              "revision, the number of keys, the size, the storage version. Whether the\n"
              "trailing SHA-256 fits, which etcdutl does not look at, is said on standard\n"
              "error; where it does not, the exit code is 1.",
    .exits = {[CLI_EXIT_ANSWER] = "done, and the trailing SHA-256 does not fit",
              [CLI_EXIT_REFUSED] = "the input is refused or cannot be read, or damage kept the "
                                   "figures\nfrom being counted"},
    .options = options,
    .opts_size = sizeof(struct status_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run_status,
};
