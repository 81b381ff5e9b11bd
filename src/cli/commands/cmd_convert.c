/*
 * cmd_convert.c - snapscope convert: a restore-ready snapshot from anything that can be read.
 *
 *     IN ──┬── check, decide by the hash rules ──────────────────┬──► OUT
 *          └── pages as they are, or rebuilt ── SHA-256 ── hidden ┘
 *
 * The decision is told with what it rests on. OUT appears whole or not at all, and only when IN was
 * accepted; until then its bytes lie in a file without a name. On standard output (-o -) nothing can be
 * taken back: there the decision comes first, then the bytes stream, and the report goes to standard
 * error.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "abandon.h"
#include "cmd.h"
#include "doc.h"
#include "intake_print.h"
#include "print.h"
#include "report.h"
#include "verify.h"
#include "wal_note.h"

static const char *const byte_orders[] = {"same", "little", "big", NULL};

struct convert_opts {
    const char *output;
    bool force;
    struct cli_hash_flags hash;
    bool rebuild, no_hash, store_freelist;
    uint64_t out_page_size, threads;
    int byte_order; /* index into byte_orders: the library's numbers */
};

static const struct cli_option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = CLI_OPTION_TEXT,
     .slot = offsetof(struct convert_opts, output),
     .arg = "OUT",
     .help = "the new file, whole or not at all; - streams it",
     .more = "It has mode 0600. Standard output must be no terminal then, and what else is printed "
             "goes to standard error."},
    {.name = "force",
     .letter = 'f',
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct convert_opts, force),
     .help = "replace OUT if it is there, never the input"},
    {.name = "rebuild",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct convert_opts, rebuild),
     .help = "write compact from the buckets, not page by page",
     .more = "Free pages and what was deleted from pages do not come along, and the transaction id "
             "starts anew at 1. A damaged freelist does not come along either: when nothing else "
             "is wrong with the input it is accepted, and the report says that no data are lost."},
    {.name = "no-hash",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct convert_opts, no_hash),
     .help = "append no SHA-256; an absent one is then no\nreason to refuse the input"},
    CLI_OPTIONS_HASH_RULES(convert_opts),
    {.name = "out-page-size",
     .kind = CLI_OPTION_SIZE,
     .slot = offsetof(struct convert_opts, out_page_size),
     .arg = "SIZE",
     .help = "page size of OUT (default: as IN); rebuilds",
     .more = "A power of two from 1K to 16M. Another one than the input's implies --rebuild.",
     .min = 1024,
     .max = UINT64_C(16) << 20},
    {.name = "byte-order",
     .kind = CLI_OPTION_CHOICE,
     .slot = offsetof(struct convert_opts, byte_order),
     .arg = "ORDER",
     .help = "of OUT: same (default), little or big; rebuilds",
     .more = "Another one than the input's implies --rebuild.",
     .choices = byte_orders},
    {.name = "store-freelist",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct convert_opts, store_freelist),
     .help = "store a freelist, as bbolt does and etcd does\nnot; rebuilds"},
    {.name = "threads",
     .kind = CLI_OPTION_NUMBER,
     .slot = offsetof(struct convert_opts, threads),
     .arg = "N",
     .help = "1: check, hash and write one after the other;\ndefault: at once. OUT is the same",
     .more = "OUT gets its name when the checks have accepted the input.",
     .min = 1,
     .max = 64},
    {.name = NULL},
};

struct convert_job {
    struct cli_run *run;
    const struct convert_opts *opts;
    bool streams; /* OUT is standard output */
    struct ss_intake intake;
    struct ss_source_wal wal;
    struct ss_convert_result result;
    struct ss_output *output;
    struct ss_error output_err;
};

static int check_options(const struct cli_run *run)
{
    const struct convert_opts *opts = run->opts;
    if (opts->output == NULL) {
        return cli_usage_error(run, "-o OUT is missing: where the new file goes");
    }
    if ((opts->out_page_size & (opts->out_page_size - 1)) != 0) {
        return cli_usage_error(run, "--out-page-size: %" PRIu64 " is no power of two",
                               opts->out_page_size);
    }
    if (strcmp(opts->output, "-") != 0) {
        return CLI_EXIT_OK;
    }
    if (run->common.json) {
        return cli_usage_error(run, "--json and -o - both want standard output");
    }
    if (run->out.terminal) {
        return cli_usage_error(run, "-o - does not write a database to a terminal");
    }
    return CLI_EXIT_OK;
}

/* What the hash of OUT is worth: none is written with --no-hash. */
static enum ss_seal seal_of(const struct convert_job *job)
{
    return job->result.hashed ? job->intake.seal : SS_SEAL_NONE;
}

static bool write_output(void *ctx, const void *bytes, size_t len)
{
    struct convert_job *job = ctx;
    if (ss_output_write(job->output, bytes, len, &job->output_err) == SS_OK) {
        return true;
    }
    errno = job->output_err.sys;
    return false;
}

/* Both ways: to a file that can be dropped, checks and bytes at once; streamed, one after the other. */
static enum ss_status check_and_convert(struct convert_job *job, const struct ss_intake_opts *check,
                                        const struct ss_convert_opts *how, struct ss_error *err)
{
    const struct ss_file *file = job->run->file;
    const struct ss_call call = cli_run_call(job->run);
    struct ss_file_facts facts;
    enum ss_status status;
    if (job->streams) {
        status = ss_intake(file, check, &call, &job->intake, err);
    } else {
        ss_file_facts(file, &facts);
        ss_output_expect(job->output, facts.len);
        status =
            ss_convert(file, check, how, write_output, job, &call, &job->intake, &job->result, err);
    }
    return cli_run_checked(job->run, status, err);
}

/* On failure nothing stands at OUT, and it is reported. */
static int written(struct convert_job *job, enum ss_status status, struct ss_error *err)
{
    struct cli_run *run = job->run;
    if (status != SS_OK && err->code == SS_E_OUTPUT && !job->streams) {
        return cli_report_about(run, job->opts->output, &job->output_err);
    }
    int code = status == SS_OK ? cli_run_ready(run) : cli_report(run, err);
    if (code == CLI_EXIT_OK && job->streams && run->out.failed != 0) {
        return CLI_EXIT_SYSTEM; /* what nobody reads any more is no report here, but OUT */
    }
    if (code != CLI_EXIT_OK && run->out.failed == 0) {
        cli_note(run, job->streams ? "what was written is not the whole" : "nothing was written");
    }
    return code;
}

/* OUT gets its name once its report is out, but for a reader who wants no more of that. */
static int finish(struct convert_job *job, struct ss_error *err)
{
    struct cli_run *run = job->run;
    const char *output = job->opts->output;
    if (job->streams) {
        return CLI_EXIT_OK;
    }
    if (!cli_out_flush(&run->out) && cli_report_lost(run)) {
        return CLI_EXIT_SYSTEM;
    }
    if (ss_output_commit(job->output, err) != SS_OK) {
        return cli_report_about(run, output, err);
    }
    run->committed = true;
    return CLI_EXIT_OK;
}

static const char *const seal_words[] = {
    [SS_SEAL_NONE] = "none: --no-hash",
    [SS_SEAL_VERIFIED] = "verified: the input's own hash was valid",
    [SS_SEAL_SYNTHESISED] =
        "synthesised: the input had no hash, and this one vouches for nothing before this run",
    [SS_SEAL_OVER_MISMATCH] =
        ("synthesised over a mismatch: the input's hash did not match, and this one vouches for "
         "nothing before this run"),
};

static void print_result(FILE *to, const struct convert_job *job)
{
    const struct ss_convert_result *result = &job->result;
    char digest[2 * sizeof(result->sha256) + 1], line[256];
    char *name = cli_escaped_name(job->streams ? "standard output" : job->opts->output);
    fprintf(to, "%s: %s, %" PRIu64 " bytes: %" PRIu64 " pages of %" PRIu32 " bytes, %s-endian\n",
            name, result->rebuilt ? "rebuilt" : "page-exact copy", result->out_len,
            result->high_water, result->page_size, result->big_endian ? "big" : "little");
    if (job->intake.checked->meta != job->intake.checked->in_force_meta) {
        fprintf(to,
                "  state      of the input's meta %d at txid %" PRIu64
                "; a rebuilt file counts anew\n",
                job->intake.checked->meta, result->txid);
    }
    if (result->hashed) {
        fprintf(to, "  hash       %s\n",
                cli_digest_text(result->sha256, sizeof(result->sha256), digest));
    }
    snprintf(line, sizeof(line), "  %-11s%s", "seal", seal_words[seal_of(job)]);
    cli_print_wrapped(to, 13, line);
    free(name);
}

static json_t *result_doc(const struct convert_job *job)
{
    const struct ss_convert_result *result = &job->result;
    char digest[2 * sizeof(result->sha256) + 1];
    json_t *doc = cli_doc_new();
    cli_doc_bool(doc, "rebuilt", result->rebuilt);
    cli_doc_number(doc, "len", result->out_len);
    cli_doc_number(doc, "page_size", result->page_size);
    cli_doc_number(doc, "high_water", result->high_water);
    cli_doc_bool(doc, "big_endian", result->big_endian);
    cli_doc_number(doc, "txid", result->txid);
    cli_doc_text(doc, "seal", ss_seal_name(seal_of(job)));
    if (result->hashed) {
        cli_doc_text(doc, "sha256",
                     cli_digest_text(result->sha256, sizeof(result->sha256), digest));
    }
    return doc;
}

/* One document for all that happened; `done` when OUT was written. */
static void print_doc(struct convert_job *job, bool done)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "file", job->run->input_name);
    cli_doc_text(doc, "output", job->opts->output);
    cli_doc_bool(doc, "skip_hash_check", job->opts->hash.skip_hash_check);
    cli_doc_bool(doc, "allow_missing_hash", job->opts->hash.allow_missing_hash);
    cli_doc_set(doc, "intake", cli_intake_doc(&job->intake));
    if (job->wal.dir != NULL) {
        cli_doc_set(doc, "source_wal", cli_wal_note_doc(&job->wal));
    }
    if (done) {
        cli_doc_set(doc, "result", result_doc(job));
    }
    job->run->answer_begun = true;
    cli_doc_print(&job->run->out, doc);
}

static void print_text(struct convert_job *job, bool is_result)
{
    struct cli_text text;
    cli_text_begin(&text);
    if (is_result) {
        print_result(text.to, job);
    } else {
        cli_intake_print(text.to, job->run->input_name, &job->intake);
    }
    cli_text_end(&text, job->run, job->streams);
}

static int refuse(struct convert_job *job)
{
    if (job->run->common.json) {
        print_doc(job, false);
    }
    return cli_intake_refused(job->run, &job->intake);
}

static int run_job(struct convert_job *job)
{
    struct cli_run *run = job->run;
    const struct convert_opts *opts = job->opts;
    struct ss_intake_opts check = cli_intake_opts_of(opts->hash, opts->no_hash);
    struct ss_convert_opts how = {
        .rebuild = opts->rebuild,
        .no_hash = opts->no_hash,
        .page_size = (uint32_t)opts->out_page_size,
        .byte_order = opts->byte_order,
        .store_freelist = opts->store_freelist,
    };
    struct ss_error err = SS_ERROR_INIT;
    char text[2048];
    check.rebuilds = ss_convert_rebuilds(run->file, &how);
    if (ss_source_wal(run->file, &job->wal, &err) != SS_OK) {
        return cli_report(run, &err);
    }
    if (cli_wal_note_text(&job->wal, text, sizeof(text)) != NULL) {
        cli_note(run, "%s", text);
    }
    enum ss_status status = check_and_convert(job, &check, &how, &err);
    if (status != SS_OK && (job->intake.checked == NULL || err.code == SS_E_IO)) {
        return cli_report(run, &err);
    }
    if (!run->common.json) {
        print_text(job, false);
    }
    if (!job->intake.accepted) {
        return refuse(job);
    }
    if (job->streams) {
        const struct ss_call call = cli_run_call(run);
        status = ss_convert_unchecked(run->file, &how, cli_out_write, &run->out, &call,
                                      &job->result, &err);
    }
    int code = written(job, status, &err);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    if (run->common.json) {
        print_doc(job, true);
    } else {
        print_text(job, true);
    }
    return finish(job, &err);
}

static int run_convert(struct cli_run *run)
{
    struct convert_job job = {.run = run, .opts = run->opts};
    struct ss_error err = SS_ERROR_INIT;
    int code = check_options(run);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    job.streams = strcmp(job.opts->output, "-") == 0;
    job.output_err = err;
    run->hash_stream = true;
    run->threads = (unsigned)job.opts->threads;
    if (!job.streams) {
        cli_progress_allow(&run->progress);
    }
    code = cli_run_open_readable(run, run->args[0]);
    if (code == CLI_EXIT_OK && !job.streams &&
        ss_output_open(job.opts->output, job.opts->force, run->file, &job.output, &err) != SS_OK) {
        code = cli_report_about(run, job.opts->output, &err);
    }
    cli_abandon_removes(job.output);
    if (code == CLI_EXIT_OK) {
        code = run_job(&job);
    }
    ss_source_wal_fini(&job.wal);
    ss_intake_fini(&job.intake);
    cli_abandon_removes(NULL);
    ss_output_free(job.output);
    return code;
}

static void outputs(const struct cli_run *run, struct cli_sandbox *sandbox)
{
    const struct convert_opts *opts = run->opts;
    if (opts->output != NULL && strcmp(opts->output, "-") != 0) {
        cli_sandbox_output_file(sandbox, opts->output);
    }
}

const struct cli_command cli_cmd_convert = {
    .name = "convert",
    .required = "-o OUT",
    .args = "IN",
    .summary = "make a restore-ready snapshot from anything readable",
    .detail = "Makes a snapshot that etcdutl restores without flags from a member's raw db, a\n"
              "snapshot, a compressed or big-endian one: its pages up to high-water as they\n"
              "are, or with --rebuild written compact, and a fresh SHA-256 behind them.\n\n"
              "IN's own hash decides: valid: accepted; mismatch, zeroes or none: refused, but\n"
              "accepted if structure and records are sound with --skip-hash-check, or where\n"
              "there is none with --allow-missing-hash, and the new hash is called\n"
              "synthesised. Damage in structure or records is never sealed.\n"
              "What was checked, and what was not, is printed first.",
    .exits = {[CLI_EXIT_OK] = "the new file is written",
              [CLI_EXIT_USAGE] = "wrong usage, or the output file is there already",
              [CLI_EXIT_REFUSED] = "the input is refused or cannot be read; nothing is written"},
    .options = options,
    .opts_size = sizeof(struct convert_opts),
    .min_args = 1,
    .max_args = 1,
    .outputs = outputs,
    .run = run_convert,
};
