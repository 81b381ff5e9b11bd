/*
 * cmd_dump.c - snapscope dump: the keys of an etcd snapshot, or of the buckets of any bbolt file.
 *
 * The library writes the records; this is where they go, and in which form. To standard output they
 * stream, and a failure ends JSON Lines with {"error":…} so that what was printed cannot pass for the
 * whole; to a file (-o) they appear as a whole or not at all.
 */
#include <errno.h>
#include <string.h>

#include "abandon.h"
#include "cmd.h"
#include "doc.h"
#include "keepgoing.h"
#include "print.h"
#include "redact.h"
#include "report.h"
#include "words.h"

static const char *const format_choices[] = {"auto", "ndjson", "json", "etcdctl", "tar", NULL};
enum {
    FORMAT_AUTO,
    FORMAT_NDJSON,
    FORMAT_JSON,
    FORMAT_ETCDCTL,
    FORMAT_TAR
};

/* What the end of an output's name says: of the format, and behind that of the packing. */
static const struct {
    const char *end;
    int format;
    enum ss_dump_packing packing;
} format_names[] = {
    {".ndjson", FORMAT_NDJSON, SS_DUMP_UNPACKED}, {".jsonl", FORMAT_NDJSON, SS_DUMP_UNPACKED},
    {".json", FORMAT_JSON, SS_DUMP_UNPACKED},     {".tar", FORMAT_TAR, SS_DUMP_UNPACKED},
    {".tgz", FORMAT_TAR, SS_DUMP_GZIP},           {".tzst", FORMAT_TAR, SS_DUMP_ZSTD},
};
static const struct {
    const char *end;
    enum ss_dump_packing packing;
} packing_names[] = {{".gz", SS_DUMP_GZIP}, {".zst", SS_DUMP_ZSTD}};

struct dump_opts {
    int format; /* index into format_choices */
    uint64_t rev;
    bool revisions;
    bool keys_only;
    const char *prefix, *from, *to;
    int key_format;
    const char *bucket;
    bool all_buckets;
    bool keep_going;
    bool redact;
    const char *redact_key_file;
    const char *output;
    bool force;
};

static const struct cli_option options[] = {
    {.name = "format",
     .kind = CLI_OPTION_CHOICE,
     .slot = offsetof(struct dump_opts, format),
     .arg = "FORMAT",
     .help = "ndjson, json, etcdctl or tar (auto: by OUT's name)",
     .more = "FORMATS says what each is.",
     .choices = format_choices},
    {.name = "rev",
     .kind = CLI_OPTION_NUMBER,
     .slot = offsetof(struct dump_opts, rev),
     .arg = "N",
     .help = "the keys as they were at revision N",
     .more = "With --revisions, the history up to it.",
     .min = 1,
     .max = INT64_MAX},
    {.name = "revisions",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct dump_opts, revisions),
     .help = "all retained history, with tombstones"},
    {.name = "keys-only",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct dump_opts, keys_only),
     .help = "lengths in place of the values",
     .more = "A record has `value_len`."},
    CLI_OPTIONS_RANGE(dump_opts),
    {.name = "bucket",
     .letter = 'b',
     .kind = CLI_OPTION_TEXT,
     .slot = offsetof(struct dump_opts, bucket),
     .arg = "PATH",
     .help = "the keys of this bucket (a/b; %2F: / in a name)",
     .more = "Of any bbolt file, instead of etcd's keys; behind them those of the buckets inside "
             "it, at any depth. Names are joined by a slash; `%2F` is a slash inside a name."},
    {.name = "all-buckets",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct dump_opts, all_buckets),
     .help = "every other bucket, too",
     .more = "At any depth, behind etcd's keys; of a bbolt file that is not etcd's, all its "
             "buckets. A range of keys is for etcd's keys alone."},
    CLI_OPTION_KEEP_GOING(dump_opts),
    {.name = "redact",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct dump_opts, redact),
     .help = "lengths and keyed digests in place of values",
     .more = "A record, of any bucket, has `value_len` and `value_digest` in place of its value. "
             "The digest is HMAC-SHA-256: equal values have equal digests, so that dumps under one "
             "key can be compared. Keys, names, revisions and lease ids stay as they are."},
    {.name = "redact-key-file",
     .kind = CLI_OPTION_TEXT,
     .slot = offsetof(struct dump_opts, redact_key_file),
     .arg = "FILE",
     .help = "their key (default: a random one, not kept)",
     .more =
         "All bytes of FILE, 16 to 4096, are the key. Whoever has it can test guesses of a value."},
    {.name = "output",
     .letter = 'o',
     .kind = CLI_OPTION_TEXT,
     .slot = offsetof(struct dump_opts, output),
     .arg = "OUT",
     .help = "write a new file, as a whole or not at all"},
    {.name = "force",
     .letter = 'f',
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct dump_opts, force),
     .help = "let -o replace a file that is there",
     .more = "The input itself is never replaced."},
    {.name = NULL},
};

/* The options as bytes: what the library's options borrow from. */
struct dump_job {
    struct cli_run *run;
    const struct dump_opts *opts;
    struct cli_range_bytes keys;
    struct cli_path bucket;
    struct cli_redact_key key;
    struct ss_dump_opts dump;
    struct cli_skip_list skips;
    struct ss_output *output; /* NULL: standard output */
    struct ss_error output_err;
};

static void job_fini(struct dump_job *job)
{
    cli_range_bytes_fini(&job->keys);
    cli_path_fini(&job->bucket);
    cli_redact_key_fini(&job->key);
    cli_skip_list_fini(&job->skips);
    cli_abandon_removes(NULL);
    ss_output_free(job->output);
}

static bool to_file(const struct dump_opts *opts)
{
    return opts->output != NULL && strcmp(opts->output, "-") != 0;
}

/* Whether the first *len bytes of a name have that end, and something before it; *len is then without it. */
static bool cut_end(const char *name, size_t *len, const char *end)
{
    size_t end_len = strlen(end);
    if (*len <= end_len || name[*len - end_len - 1] == '/' ||
        memcmp(name + *len - end_len, end, end_len) != 0) {
        return false;
    }
    *len -= end_len;
    return true;
}

/* What a name asks for; FORMAT_AUTO: its end, if it has one, is no format's. */
static int named_format(const char *name, enum ss_dump_packing *packing)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof(packing_names) / sizeof(packing_names[0]); i++) {
        if (cut_end(name, &len, packing_names[i].end)) {
            *packing = packing_names[i].packing;
            break;
        }
    }
    for (size_t i = 0; i < sizeof(format_names) / sizeof(format_names[0]); i++) {
        if (cut_end(name, &len, format_names[i].end)) {
            if (format_names[i].packing != SS_DUMP_UNPACKED) {
                *packing = format_names[i].packing;
            }
            return format_names[i].format;
        }
    }
    return FORMAT_AUTO;
}

static bool has_end(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash == NULL ? name : slash + 1;
    return base[0] != '\0' && strchr(base + 1, '.') != NULL;
}

/* What is written, where the name lets one expect something else. */
static void note_format(const struct dump_job *job, int named, int chosen)
{
    const char *output = job->opts->output;
    bool is_json = named == FORMAT_JSON && chosen == FORMAT_ETCDCTL;
    bool is_given = job->opts->format != FORMAT_AUTO || job->run->common.json;
    if (named == FORMAT_AUTO && !is_given && has_end(output)) {
        cli_note_about(job->run, output,
                       "its name ends in no format, so JSON Lines are written; .ndjson, .jsonl, "
                       ".json and .tar are known, also with .gz or .zst behind them");
    } else if (named != FORMAT_AUTO && named != chosen && !is_json) {
        cli_note_about(job->run, output, "its name says %s, but %s is written, as the options say",
                       format_choices[named], format_choices[chosen]);
    }
}

/* The options first, then OUT's name; how it is packed is the name's alone. */
static void choose_format(struct dump_job *job)
{
    static const enum ss_dump_format formats[] = {
        [FORMAT_AUTO] = SS_DUMP_NDJSON, [FORMAT_NDJSON] = SS_DUMP_NDJSON,
        [FORMAT_JSON] = SS_DUMP_JSON,   [FORMAT_ETCDCTL] = SS_DUMP_ETCDCTL,
        [FORMAT_TAR] = SS_DUMP_TAR,
    };
    const struct dump_opts *opts = job->opts;
    int named = FORMAT_AUTO;
    int chosen = opts->format;
    if (to_file(opts)) {
        named = named_format(opts->output, &job->dump.packing);
    }
    if (chosen == FORMAT_AUTO && job->run->common.json) {
        chosen = FORMAT_JSON;
    } else if (chosen == FORMAT_AUTO) {
        chosen = named == FORMAT_AUTO ? FORMAT_NDJSON : named;
    }
    job->dump.format = formats[chosen];
    if (to_file(opts)) {
        note_format(job, named, chosen);
    }
}

static int check_bucket_options(const struct dump_job *job)
{
    const struct dump_opts *opts = job->opts;
    if (opts->bucket == NULL) {
        return CLI_EXIT_OK;
    }
    if (opts->rev != 0 || opts->revisions) {
        return cli_usage_error(job->run,
                               "--rev and --revisions are for etcd's keys, not for --bucket");
    }
    if (opts->all_buckets) {
        return cli_usage_error(job->run, "--bucket is one bucket, --all-buckets all of them");
    }
    if (job->dump.format == SS_DUMP_ETCDCTL || job->dump.format == SS_DUMP_TAR) {
        return cli_usage_error(job->run, "--bucket goes with --format ndjson and json only");
    }
    return CLI_EXIT_OK;
}

static int check_options(const struct dump_job *job)
{
    const struct dump_opts *opts = job->opts;
    const struct cli_run *run = job->run;
    enum ss_dump_format format = job->dump.format;
    if (run->common.json && format != SS_DUMP_JSON) {
        return cli_usage_error(run, "--json is --format json: not this one, too");
    }
    if (opts->force && opts->output == NULL) {
        return cli_usage_error(run, "--force goes with --output");
    }
    if (format == SS_DUMP_ETCDCTL && (opts->revisions || opts->all_buckets)) {
        return cli_usage_error(run, "etcdctl's format has no room for --%s",
                               opts->revisions ? "revisions" : "all-buckets");
    }
    if (format == SS_DUMP_TAR && opts->keys_only) {
        return cli_usage_error(run, "an archive of values does not go with --keys-only");
    }
    if (format == SS_DUMP_TAR && !to_file(opts) && run->out.terminal) {
        return cli_usage_error(run, "an archive does not go to a terminal: --output OUT.tar");
    }
    return check_bucket_options(job);
}

static int take_redaction(struct dump_job *job)
{
    const struct dump_opts *opts = job->opts;
    if (!opts->redact && opts->redact_key_file == NULL) {
        return CLI_EXIT_OK;
    }
    int code = cli_redact_key_take(job->run, opts->redact_key_file, &job->key);
    job->dump.redact_key = job->key.bytes;
    job->dump.redact_key_len = job->key.len;
    return code;
}

static int job_init(struct dump_job *job)
{
    const struct dump_opts *opts = job->opts;
    const struct cli_range_words words = {opts->prefix, opts->from, opts->to};
    job->dump = (struct ss_dump_opts){
        .rev = (int64_t)opts->rev,
        .revisions = opts->revisions,
        .keys_only = opts->keys_only,
        .all_buckets = opts->all_buckets,
        .keep_going = cli_skip_list_init(&job->skips, job->run, opts->keep_going),
    };
    choose_format(job);
    int code = check_options(job);
    if (code == CLI_EXIT_OK) {
        code = cli_range_take(job->run, &words, opts->key_format, &job->keys, &job->dump.range);
    }
    if (code == CLI_EXIT_OK && opts->bucket != NULL) {
        code = cli_path_take(job->run, opts->bucket, &job->bucket);
        job->dump.bucket = job->bucket.spans;
        job->dump.bucket_count = job->bucket.count;
    }
    return code == CLI_EXIT_OK ? take_redaction(job) : code;
}

static bool write_output(void *ctx, const void *bytes, size_t len)
{
    struct dump_job *job = ctx;
    if (ss_output_write(job->output, bytes, len, &job->output_err) == SS_OK) {
        return true;
    }
    errno = job->output_err.sys;
    return false;
}

/* The end of a stream that broke off: a line that no record can be mistaken for. */
static void print_broken_end(struct dump_job *job, const struct ss_error *err)
{
    struct cli_out *out = &job->run->out;
    if (out->failed != 0 || job->dump.format != SS_DUMP_NDJSON) {
        return;
    }
    json_t *doc = cli_doc_new();
    cli_doc_failure(doc, err, job->run->input_name, job->run->file);
    if (out->len > 0 && out->last != '\n') {
        cli_out_text(out, "\n");
    }
    cli_doc_print_line(out, doc);
}

static int end_skips(struct dump_job *job)
{
    return cli_skip_list_end(&job->skips, !job->opts->revisions && job->opts->bucket == NULL);
}

static int dump_to_stdout(struct dump_job *job)
{
    struct ss_error err = SS_ERROR_INIT;
    struct ss_dump_result result;
    struct cli_run *run = job->run;
    const struct ss_call call = cli_run_call(run);
    enum ss_status status =
        ss_dump(run->file, &job->dump, cli_out_write, &run->out, &call, &result, &err);
    status = cli_run_checked(run, status, &err);
    if (status == SS_OK) {
        return end_skips(job);
    }
    bool begun = run->out.len > 0;
    if (begun || status == SS_CORRUPT) {
        print_broken_end(job, &err);
    }
    int code = err.code == SS_E_NOT_FOUND ? cli_report_bucket(run, &err) : cli_report(run, &err);
    if (begun && run->out.failed == 0) {
        cli_note(run, "what was printed is not the whole");
    }
    return code;
}

static int dump_to_file(struct dump_job *job)
{
    struct cli_run *run = job->run;
    const char *path = job->opts->output;
    struct ss_error err = SS_ERROR_INIT;
    job->output_err = err;
    if (ss_output_open(path, job->opts->force, run->file, &job->output, &err) != SS_OK) {
        return cli_report_about(run, path, &err);
    }
    cli_abandon_removes(job->output);
    const struct ss_call call = cli_run_call(run);
    struct ss_dump_result result;
    int code = CLI_EXIT_OK;
    if (ss_dump(run->file, &job->dump, write_output, job, &call, &result, &err) == SS_OK) {
        code = cli_run_ready(run);
    } else if (err.code == SS_E_OUTPUT) {
        bool ours = job->output_err.code != SS_E_NONE; /* else the archive's own */
        return cli_report_about(run, path, ours ? &job->output_err : &err);
    } else {
        code = err.code == SS_E_NOT_FOUND ? cli_report_bucket(run, &err) : cli_report(run, &err);
    }
    if (code != CLI_EXIT_OK) {
        cli_note(run, "nothing was written");
        return code;
    }
    if (ss_output_commit(job->output, &err) != SS_OK) {
        return cli_report_about(run, path, &err);
    }
    run->committed = true;
    return end_skips(job);
}

/* What a shared file still tells is said aloud. */
static void note_redaction(const struct dump_job *job)
{
    if (job->dump.redact_key == NULL) {
        return;
    }
    cli_note(job->run,
             "values are redacted; keys, revisions, lease ids and lengths of values are not");
    if (job->opts->redact_key_file == NULL) {
        cli_note(job->run, "their digests are under a random key that is gone now, and compare "
                           "within this dump only");
    }
}

static int run_dump(struct cli_run *run)
{
    struct dump_job job = {.run = run, .opts = run->opts};
    int code = job_init(&job);
    if (code == CLI_EXIT_OK) {
        code = cli_run_open_readable(run, run->args[0]);
    }
    if (code == CLI_EXIT_OK) {
        code = to_file(job.opts) ? dump_to_file(&job) : dump_to_stdout(&job);
    }
    if (code == CLI_EXIT_OK || (code == CLI_EXIT_REFUSED && job.skips.count > 0)) {
        note_redaction(&job);
    }
    job_fini(&job);
    return code;
}

static void outputs(const struct cli_run *run, struct cli_sandbox *sandbox)
{
    const struct dump_opts *opts = run->opts;
    if (to_file(opts)) {
        cli_sandbox_output_file(sandbox, opts->output);
    }
}

const struct cli_command cli_cmd_dump = {
    .name = "dump",
    .args = "FILE",
    .summary = "export keys and values as JSON Lines, JSON, etcdctl or tar",
    .detail = "Prints every live key at the latest or at a given revision, in byte order, one\n"
              "JSON record a line: key, create_revision, mod_revision, version, lease, value.\n"
              "What is no clean UTF-8 comes as key_base64 and value_base64. --format etcdctl\n"
              "is what etcdctl get -w json prints; tar has a file a key. OUT's name says which:\n"
              ".ndjson, .jsonl, .json or .tar, with .gz or .zst behind it packed as well.\n"
              "--json is --format json.",
    .exits =
        {[CLI_EXIT_OK] = "done, and the dump is whole",
         [CLI_EXIT_ANSWER] = "the revision or the bucket is not there",
         [CLI_EXIT_USAGE] = "wrong usage, or the output file is there already",
         [CLI_EXIT_REFUSED] =
             "the input is refused or cannot be read, is no etcd database, or\ndamage was met"},
    .options = options,
    .opts_size = sizeof(struct dump_opts),
    .min_args = 1,
    .max_args = 1,
    .outputs = outputs,
    .run = run_dump,
};
