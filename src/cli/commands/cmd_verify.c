/*
 * cmd_verify.c - snapscope verify: is it sound, and every fault with its place.
 *
 * Files are verified one after the other, each printed when it is done; one that cannot be opened
 * stops none of the others. The exit code is the worst of all: 4, then 3, then 1, then 0.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "abandon.h"
#include "cmd.h"
#include "doc.h"
#include "print.h"
#include "report.h"
#include "verify.h"
#include "wal_note.h"

#define SHOWN_DEFAULT 20
#define KEPT_DEFAULT 1000

struct verify_opts {
    const char *only;
    bool require_hash;
    uint64_t max_findings; /* 0: not given */
    uint64_t threads;
    const char *report; /* NULL or "junit" */
    const char *output;
    bool force;
};

static const struct cli_option options[] = {
    {.name = "only",
     .kind = CLI_OPTION_TEXT,
     .slot = offsetof(struct verify_opts, only),
     .arg = "PARTS",
     .help = "check these: hash, structure, etcd, with commas",
     .more = "The length of the file and the meta pages are always looked at."},
    {.name = "require-hash",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct verify_opts, require_hash),
     .help = "a file without a trailing hash is damaged"},
    {.name = "max-findings",
     .kind = CLI_OPTION_NUMBER,
     .slot = offsetof(struct verify_opts, max_findings),
     .arg = "N",
     .help = "list at most N findings of a file (default 20 as\n"
             "text, 1000 otherwise); all are counted",
     .min = 1,
     .max = UINT32_MAX},
    {.name = "report",
     .kind = CLI_OPTION_TEXT,
     .slot = offsetof(struct verify_opts, report),
     .arg = "FORMAT",
     .help = "junit: an XML report for CI systems, instead of\n"
             "text on standard output, or into the file of -o",
     .more = "There is a test suite for each file, a test case for each check. Checks that were "
             "left out, do not apply, or whose findings may have been cut by --max-findings are "
             "skipped, not passed."},
    {.name = "output",
     .letter = 'o',
     .kind = CLI_OPTION_TEXT,
     .slot = offsetof(struct verify_opts, output),
     .arg = "OUT",
     .help = "write the report there, beside text or JSON"},
    {.name = "force",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct verify_opts, force),
     .help = "replace OUT when it is there already",
     .more = "None of the files to be verified is ever replaced."},
    {.name = "threads",
     .kind = CLI_OPTION_NUMBER,
     .slot = offsetof(struct verify_opts, threads),
     .arg = "N",
     .help = "1: hash and walk one after the other (default 2)",
     .more = "The answer is the same.",
     .min = 1,
     .max = CLI_THREADS_MAX},
    {.name = NULL},
};

/* The whole command: what is asked for, and where the answers go. */
struct verify_run {
    struct cli_run *run;
    const struct verify_opts *opts;
    unsigned what;
    struct cli_json_list list; /* --json */
    struct ss_output *output;  /* --report with -o */
    struct ss_error write_err; /* of the output */
    uint64_t counts[4];        /* files by verdict */
    uint64_t failed_count;     /* files without one */
    int code;
};

static bool prints_json(const struct verify_run *v)
{
    return v->run->common.json;
}

/* One file has a document of its own, as from any other command. */
static bool prints_list(const struct verify_run *v)
{
    return v->run->common.json && v->run->arg_count > 1;
}

static bool prints_junit(const struct verify_run *v)
{
    return v->opts->report != NULL && v->opts->output == NULL;
}

static int parse_only(const struct cli_run *run, const char *list, unsigned *what)
{
    static const struct {
        const char *name;
        unsigned part;
    } parts[] = {
        {"hash", SS_VERIFY_HASH}, {"structure", SS_VERIFY_STRUCTURE}, {"etcd", SS_VERIFY_ETCD}};
    *what = list == NULL ? SS_VERIFY_ALL : 0;
    while (list != NULL) {
        size_t len = strcspn(list, ",");
        unsigned part = 0;
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
            if (strlen(parts[i].name) == len && strncmp(parts[i].name, list, len) == 0) {
                part = parts[i].part;
            }
        }
        if (part == 0) {
            char *shown = cli_escaped(list, len);
            cli_usage_error(run, "--only: '%s' is none of hash, structure, etcd", shown);
            free(shown);
            return CLI_EXIT_USAGE;
        }
        *what |= part;
        list = list[len] == ',' ? list + len + 1 : NULL;
    }
    return CLI_EXIT_OK;
}

/* Two names of one file, however they are spelled. */
static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int check_opts(struct verify_run *v)
{
    const struct cli_run *run = v->run;
    const struct verify_opts *opts = v->opts;
    size_t streams = 0;
    int code = parse_only(run, opts->only, &v->what);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    if (opts->require_hash && (v->what & SS_VERIFY_HASH) == 0) {
        return cli_usage_error(run,
                               "--require-hash cannot be kept while --only leaves out the hash");
    }
    if (opts->report != NULL && strcmp(opts->report, "junit") != 0) {
        char *shown = cli_escaped_name(opts->report);
        cli_usage_error(run, "--report: '%s' is none of junit", shown);
        free(shown);
        return CLI_EXIT_USAGE;
    }
    if (opts->output != NULL && opts->report == NULL) {
        return cli_usage_error(run, "-o names a file for --report, and there is none");
    }
    if (prints_junit(v) && run->common.json) {
        return cli_usage_error(run, "--json and --report junit both want standard output: "
                                    "give the report a file with -o");
    }
    for (size_t i = 0; i < run->arg_count; i++) {
        streams += strcmp(run->args[i], "-") == 0;
        if (opts->output != NULL && same_file(run->args[i], opts->output)) {
            return cli_usage_error(run, "-o names one of the files to be verified");
        }
    }
    return streams <= 1 ? CLI_EXIT_OK
                        : cli_usage_error(run, "standard input can be read only once");
}

static bool write_output(void *ctx, const void *bytes, size_t len)
{
    struct verify_run *v = ctx;
    return ss_output_write(v->output, bytes, len, &v->write_err) == SS_OK;
}

static int output_failed(struct verify_run *v)
{
    return cli_report_about(v->run, v->opts->output, &v->write_err);
}

static void begin(struct verify_run *v)
{
    struct cli_run *run = v->run;
    run->answer_begun = true; /* an error gets its place in the document */
    if (prints_list(v)) {
        cli_list_begin(&v->list, &run->out, cli_doc_new(), "files");
    } else if (prints_junit(v)) {
        cli_junit_begin(cli_out_write, &run->out);
    }
}

static void print_file(struct verify_run *v, const struct cli_verified *verified)
{
    struct cli_out *out = &v->run->out;
    cli_progress_clear(&v->run->progress);
    if (prints_list(v)) {
        cli_list_add(&v->list, cli_verify_doc(verified));
    } else if (prints_json(v)) {
        cli_doc_print(out, cli_verify_doc(verified));
    } else if (prints_junit(v)) {
        cli_junit_suite(cli_out_write, out, verified);
    } else if (verified->report != NULL) {
        if (out->len > 0) {
            cli_out_text(out, "\n");
        }
        cli_verify_print(out, verified);
    }
}

static void print_totals(struct verify_run *v)
{
    static const enum ss_verdict order[] = {SS_VERDICT_SOUND, SS_VERDICT_CONSISTENT,
                                            SS_VERDICT_DAMAGED, SS_VERDICT_UNREADABLE};
    struct cli_out *out = &v->run->out;
    cli_out_format(out, "%s%zu files:", out->len > 0 ? "\n" : "", v->run->arg_count);
    const char *comma = "";
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        if (v->counts[order[i]] > 0) {
            cli_out_format(out, "%s %" PRIu64 " %s", comma, (uint64_t)v->counts[order[i]],
                           ss_verdict_name(order[i]));
            comma = ",";
        }
    }
    if (v->failed_count > 0) {
        cli_out_format(out, "%s %" PRIu64 " could not be read", comma, (uint64_t)v->failed_count);
    }
    cli_out_text(out, "\n");
}

static int end(struct verify_run *v)
{
    struct cli_out *out = &v->run->out;
    if (prints_list(v)) {
        json_t *tail = cli_doc_new();
        cli_doc_int(tail, "exit_code", v->code);
        cli_list_end(&v->list, tail);
    } else if (prints_junit(v)) {
        cli_junit_end(cli_out_write, out);
    } else if (v->run->arg_count > 1) {
        print_totals(v);
    }
    if (v->output == NULL) {
        return v->code;
    }
    if (!cli_junit_end(write_output, v) || ss_output_commit(v->output, &v->write_err) != SS_OK) {
        return output_failed(v);
    }
    v->run->committed = true;
    return v->code;
}

/* 4, 3, 1, 0: how bad an exit code is follows its number. */
static void count_file(struct verify_run *v, const struct cli_verified *verified)
{
    if (verified->report != NULL) {
        v->counts[verified->report->verdict]++;
    } else {
        v->failed_count++;
    }
    if (verified->code > v->code) {
        v->code = verified->code;
    }
}

static int verdict_exit(enum ss_verdict verdict)
{
    switch (verdict) {
    case SS_VERDICT_SOUND:
    case SS_VERDICT_CONSISTENT:
        return CLI_EXIT_OK;
    case SS_VERDICT_DAMAGED:
        return CLI_EXIT_ANSWER;
    default:
        return CLI_EXIT_REFUSED;
    }
}

/* How many findings the library keeps: at least as many as the text chooses the worst from. */
static uint64_t kept_max(const struct verify_run *v)
{
    uint64_t wanted = v->opts->max_findings;
    bool is_text = !prints_json(v) && !prints_junit(v) && v->opts->output == NULL;
    if (wanted == 0 || (is_text && wanted < KEPT_DEFAULT)) {
        return KEPT_DEFAULT;
    }
    return wanted;
}

/* Verifies the open file. False: verified->err says why there is no report. */
static bool verify_file(struct verify_run *v, struct cli_verified *verified,
                        struct ss_verify_report **report, struct ss_error *err)
{
    struct ss_verify_opts opts = {
        .what = v->what,
        .max_findings = kept_max(v),
        .require_hash = v->opts->require_hash,
    };
    const struct ss_call call = cli_run_call(v->run);
    verified->file = v->run->file;
    ss_file_facts(verified->file, &verified->facts);
    return cli_run_checked(v->run, ss_verify(verified->file, &opts, &call, report, err), err) ==
           SS_OK;
}

/* What the db alone lacks is said, whatever its own soundness. */
static bool look_for_wal(struct verify_run *v, struct cli_verified *verified, struct ss_error *err)
{
    char text[2048];
    if (ss_source_wal(v->run->file, &verified->wal, err) != SS_OK) {
        return false;
    }
    if (cli_wal_note_text(&verified->wal, text, sizeof(text)) != NULL) {
        cli_note(v->run, "%s", text);
    }
    return true;
}

/* False: the report's own file cannot be written, and nothing more can come of it. */
static bool run_file(struct verify_run *v, const char *name)
{
    struct cli_run *run = v->run;
    struct ss_error err = SS_ERROR_INIT;
    struct ss_verify_report *report = NULL;
    struct cli_verified verified = {.name = name, .asked = v->what, .shown_max = SHOWN_DEFAULT};
    bool good = true;
    if (v->opts->max_findings > 0) {
        verified.shown_max = v->opts->max_findings;
    }
    if (cli_run_try_open(run, name, &err) && verify_file(v, &verified, &report, &err) &&
        look_for_wal(v, &verified, &err)) {
        verified.report = report;
        verified.code = verdict_exit(report->verdict);
    } else {
        verified.err = &err;
        verified.code = cli_report(run, &err);
    }
    print_file(v, &verified);
    if (v->output != NULL) {
        good = cli_junit_suite(write_output, v, &verified);
    }
    count_file(v, &verified);
    ss_source_wal_fini(&verified.wal);
    ss_verify_free(report);
    cli_run_close(run);
    return good && run->out.failed == 0 && cli_abandon_signal() == 0;
}

static int run_all(struct verify_run *v)
{
    struct cli_run *run = v->run;
    begin(v);
    if (v->output != NULL && !cli_junit_begin(write_output, v)) {
        return output_failed(v);
    }
    for (size_t i = 0; i < run->arg_count; i++) {
        if (!run_file(v, run->args[i])) {
            return v->write_err.code != SS_E_NONE ? output_failed(v) : CLI_EXIT_SYSTEM;
        }
    }
    return end(v);
}

static int run_verify(struct cli_run *run)
{
    struct verify_run v = {.run = run, .opts = run->opts};
    int code = check_opts(&v);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    run->hash_stream = (v.what & SS_VERIFY_HASH) != 0;
    run->threads = (unsigned)v.opts->threads;
    cli_progress_allow(&run->progress);
    if (v.opts->output != NULL &&
        ss_output_open(v.opts->output, v.opts->force, NULL, &v.output, &v.write_err) != SS_OK) {
        return output_failed(&v);
    }
    cli_abandon_removes(v.output);
    code = run_all(&v);
    cli_abandon_removes(NULL);
    ss_output_free(v.output);
    return code;
}

static void outputs(const struct cli_run *run, struct cli_sandbox *sandbox)
{
    const struct verify_opts *opts = run->opts;
    if (opts->output != NULL) {
        cli_sandbox_output_file(sandbox, opts->output);
    }
}

const struct cli_command cli_cmd_verify = {
    .name = "verify",
    .args = "FILE...",
    .summary = "say whether files are sound, and every fault with its place",
    .detail = "Checks each file's trailing hash, the structure of all its trees, and what its\n"
              "records mean to etcd, and tells every fault with offset, page, bucket and\n"
              "element. The first line is the verdict: sound, consistent (nothing wrong, but no\n"
              "valid hash vouches for the values), damaged, or unreadable.\n"
              "checks.md in the documentation folder (share/doc/snapscope) explains every\n"
              "finding and what to do about it. Of several files the worst exit code counts: 4,\n"
              "then 3, then 1.",
    .exits = {[CLI_EXIT_OK] = "sound or consistent",
              [CLI_EXIT_ANSWER] = "damaged",
              [CLI_EXIT_REFUSED] = "unreadable, or the input is refused or cannot be opened"},
    .options = options,
    .opts_size = sizeof(struct verify_opts),
    .min_args = 1,
    .max_args = SIZE_MAX,
    .input_count = SIZE_MAX,
    .outputs = outputs,
    .run = run_verify,
};
