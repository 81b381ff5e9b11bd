/*
 * cmd_get.c - snapscope get: one key's value, of etcd at a revision or of any bucket.
 *
 * The value goes out as its bytes; on a terminal escaped, with a line feed. With --json it is the
 * record that dump prints for the key, with the file's name.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "doc.h"
#include "keepgoing.h"
#include "print.h"
#include "report.h"
#include "words.h"

struct get_opts {
    uint64_t rev; /* 0: the latest */
    const char *bucket;
    int key_format;
    bool raw;
    bool keep_going;
};

static const struct cli_option options[] = {
    {.name = "rev",
     .kind = CLI_OPTION_NUMBER,
     .slot = offsetof(struct get_opts, rev),
     .arg = "N",
     .help = "the value at revision N instead of the latest",
     .min = 1,
     .max = INT64_MAX},
    {
        .name = "bucket",
        .letter = 'b',
        .kind = CLI_OPTION_TEXT,
        .slot = offsetof(struct get_opts, bucket),
        .arg = "PATH",
        .help = "a key of this bucket (a/b; %2F: / in a name)",
        .more = "Names are joined by a slash; `%2F` is a slash inside a name.",
    },
    {.name = "key-format",
     .kind = CLI_OPTION_CHOICE,
     .slot = offsetof(struct get_opts, key_format),
     .arg = "FORM",
     .help = "KEY is text, escaped (\\xNN), hex or base64",
     .more = "`text` is the default; `escaped` is as snapscope prints keys.",
     .choices = cli_key_formats},
    {.name = "raw",
     .letter = 'r',
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct get_opts, raw),
     .help = "the value's own bytes even on a terminal"},
    CLI_OPTION_KEEP_GOING(get_opts),
    {.name = NULL},
};

static void print_value(struct cli_run *run, const struct ss_span *value)
{
    const struct get_opts *opts = run->opts;
    if (!run->out.terminal || opts->raw) {
        run->out.verbatim = true;
        cli_out_write(&run->out, value->ptr, (size_t)value->len);
        return;
    }
    cli_print_bytes(&run->out, value->ptr, value->len, CLI_FORM_ESCAPED);
    cli_out_text(&run->out, "\n");
}

/* Where one key's history stands towards a revision: for the message when the key is not live. */
struct trace {
    const struct cli_word *key;
    int64_t rev;
    int64_t deleted_at; /* its last record up to rev, when that is a tombstone */
    int64_t last_live;  /* the last record up to rev that is none */
    int64_t later;      /* its first record after rev */
};

static enum ss_status on_record(void *ctx, const struct ss_record *rec, struct ss_error *err)
{
    (void)err;
    struct trace *trace = ctx;
    if (rec->marker || rec->key.len != trace->key->len ||
        memcmp(rec->key.ptr, trace->key->ptr, trace->key->len) != 0) {
        return SS_OK;
    }
    if (rec->rev.main > trace->rev) {
        trace->later = rec->rev.main;
        return SS_END;
    }
    trace->deleted_at = rec->tombstone ? rec->rev.main : 0;
    trace->last_live = rec->tombstone ? trace->last_live : rec->rev.main;
    return SS_OK;
}

/* The run, with what it passed over. */
struct getting {
    struct cli_run *run;
    const struct cli_word *key;
    struct cli_skip_list skips;
    const struct ss_keep_going *keep; /* NULL: damage ends it */
};

/* "not there" is no answer where pages were skipped: it may have been in them. */
static int absent_code(struct getting *get, const struct ss_error *err)
{
    int code = cli_report(get->run, err);
    int skipped = cli_skip_list_end(&get->skips, get->keep != NULL);
    return code == CLI_EXIT_ANSWER && skipped != CLI_EXIT_OK ? skipped : code;
}

static void hint_prefix(const struct getting *get, const char *bucket, uint64_t count, bool all)
{
    char *name = cli_escaped_name(get->run->input_name);
    char *shown = cli_escaped(get->key->ptr, get->key->len < 256 ? get->key->len : 256);
    const struct get_opts *opts = get->run->opts;
    if (count > 0 && opts->key_format == CLI_KEY_TEXT && get->key->len < 256) {
        fprintf(stderr,
                "snapscope: try: snapscope dump%s%s --prefix '%s' %s gives the %s%" PRIu64 " key%s",
                bucket != NULL ? " --bucket " : "", bucket != NULL ? bucket : "", shown, name,
                all ? "" : "more than ", (uint64_t)count, count == 1 ? "" : "s");
        fprintf(stderr, " that begin%s with it\n", count == 1 ? "s" : "");
    }
    free(shown);
    free(name);
}

/* What is only said with an answer falls away where damage hides it, not where the system fails. */
static enum ss_status left_away(enum ss_status status)
{
    return status == SS_SYSTEM ? SS_SYSTEM : SS_OK;
}

/* How many live keys begin with the one that is not there. */
static enum ss_status count_prefixed(const struct getting *get, uint64_t *count,
                                     struct ss_error *err)
{
    const struct get_opts *opts = get->run->opts;
    struct ss_range range = {.prefix = get->key->ptr, .prefix_len = get->key->len};
    struct ss_state *state;
    *count = 0;
    if (get->key->len == 0) {
        return SS_OK;
    }
    enum ss_status status =
        ss_state_new(get->run->file, (int64_t)opts->rev, &range, NULL, &state, err);
    if (status != SS_OK) {
        return left_away(status);
    }
    *count = ss_state_count(state);
    ss_state_free(state);
    return SS_OK;
}

static enum ss_status history_text(const struct getting *get, int64_t rev, char *text, size_t cap,
                                   struct ss_error *err)
{
    struct trace trace = {.key = get->key, .rev = rev};
    static const struct ss_keep_going silent = {NULL, NULL};
    text[0] = '\0';
    enum ss_status status = ss_records_keeping(
        get->run->file, 0, 0, get->keep != NULL ? &silent : NULL, on_record, &trace, NULL, err);
    if (status != SS_OK) {
        return left_away(status);
    }
    if (trace.deleted_at != 0 && trace.last_live != 0) {
        snprintf(text, cap,
                 ": it was deleted at revision %" PRId64 ", and last written at revision %" PRId64,
                 (int64_t)trace.deleted_at, (int64_t)trace.last_live);
    } else if (trace.deleted_at != 0) {
        snprintf(text, cap, ": it was deleted at revision %" PRId64, (int64_t)trace.deleted_at);
    } else if (trace.later != 0) {
        snprintf(text, cap, ": it was first written at revision %" PRId64, (int64_t)trace.later);
    } else {
        snprintf(text, cap, ", and no retained revision has it");
    }
    return SS_OK;
}

static int report_absent(struct getting *get, int64_t rev)
{
    const struct cli_word *key = get->key;
    char history[160];
    uint64_t prefixed = 0;
    struct ss_error err = SS_ERROR_INIT;
    enum ss_status status = history_text(get, rev, history, sizeof(history), &err);
    if (status == SS_OK) {
        status = count_prefixed(get, &prefixed, &err);
    }
    if (status != SS_OK) {
        return cli_report(get->run, &err);
    }
    char *shown = cli_escaped(key->ptr, key->len < 256 ? key->len : 256);
    cli_error_not_found(&err, "key %.*s%s is not there at revision %" PRId64 "%s", 300, shown,
                        key->len < 256 ? "" : "...", (int64_t)rev, history);
    free(shown);
    int code = absent_code(get, &err);
    hint_prefix(get, NULL, prefixed, true);
    return code;
}

static json_t *record_doc(const struct cli_run *run, const struct ss_record *rec)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "file", run->input_name);
    cli_doc_bytes(doc, "key", rec->key.ptr, rec->key.len);
    cli_doc_record(doc, rec);
    cli_doc_bytes(doc, "value", rec->value.ptr, rec->value.len);
    return doc;
}

/* Prints the document, or without one the value's own bytes. */
static int print_answer(struct getting *get, json_t *doc, const struct ss_span *value,
                        bool is_state)
{
    struct cli_run *run = get->run;
    struct ss_error err = SS_ERROR_INIT;
    if (cli_run_checked(run, SS_OK, &err) != SS_OK) {
        json_decref(doc);
        return cli_report(run, &err);
    }
    if (doc != NULL) {
        cli_skip_list_doc(&get->skips, doc);
        cli_doc_print(&run->out, doc);
    } else {
        print_value(run, value);
    }
    return cli_skip_list_end(&get->skips, is_state);
}

/* One key is the range from it to itself with a zero byte behind, which is in `end`, to be freed. */
static struct ss_range range_of(const struct cli_word *key, uint8_t **end)
{
    *end = cli_must_alloc(key->len + 1);
    memcpy(*end, key->ptr, key->len);
    (*end)[key->len] = 0;
    return (struct ss_range){
        .from = key->ptr, .from_len = key->len, .to = *end, .to_len = key->len + 1};
}

static int get_record(struct getting *get)
{
    struct cli_run *run = get->run;
    const struct get_opts *opts = run->opts;
    struct ss_error err = SS_ERROR_INIT;
    uint8_t *end;
    struct ss_range range = range_of(get->key, &end);
    struct ss_state *state;
    const struct ss_call call = cli_run_call(run);
    enum ss_status status = ss_state_new_keeping(run->file, (int64_t)opts->rev, &range, get->keep,
                                                 &call, &state, NULL, &err);
    free(end);
    if (status != SS_OK) {
        return cli_report(run, &err);
    }
    struct ss_record rec;
    int code;
    if (ss_state_find(state, get->key->ptr, get->key->len, &rec) != SS_OK) {
        code = report_absent(get, ss_state_rev(state));
    } else {
        code = print_answer(get, run->common.json ? record_doc(run, &rec) : NULL, &rec.value, true);
    }
    ss_state_free(state);
    return code;
}

/* The element that was asked for, or with other ranges the first one, and how many there are. */
struct found {
    struct ss_entry entry;
    uint64_t count, count_max;
};

static enum ss_status on_found(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    struct found *found = ctx;
    (void)err;
    if (found->count == found->count_max) {
        return SS_END;
    }
    if (found->count++ == 0) {
        found->entry = *entry;
    }
    return SS_OK;
}

/* Whether a key can be typed: clean text without control characters. */
static bool is_printable(const struct ss_span *key)
{
    char *shown = cli_escaped(key->ptr, key->len);
    bool printable = strlen(shown) == key->len;
    free(shown);
    return printable;
}

/* KEY as the big-endian number of `len` bytes that programs use for keys; false: it is none. */
static bool number_key(const char *word, uint64_t len, uint8_t key[8])
{
    uint64_t value;
    if (len == 0 || len > 8 || !cli_number_parse(word, 0, UINT64_MAX, &value) ||
        (len < 8 && value >> (8 * len) != 0)) {
        return false;
    }
    for (uint64_t i = 0; i < len; i++) {
        key[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
    }
    return true;
}

/* A bucket of binary keys is asked in hex: the number that was meant, or the first key as an example. */
static void hint_binary(const struct getting *get, const struct found *first)
{
    const struct get_opts *opts = get->run->opts;
    const struct ss_span *key = &first->entry.key;
    if (opts->key_format != CLI_KEY_TEXT || first->count == 0 || key->len > 64 ||
        is_printable(key)) {
        return;
    }
    uint8_t number[8];
    bool meant = number_key(get->run->args[1], key->len, number);
    const uint8_t *shown = meant ? number : key->ptr;
    char *name = cli_escaped_name(get->run->input_name);
    fprintf(stderr, "snapscope: try: snapscope get --bucket '%s' --key-format hex %s ",
            opts->bucket, name);
    for (uint64_t i = 0; i < key->len; i++) {
        fprintf(stderr, "%02x", shown[i]);
    }
    fprintf(stderr, "%s\n",
            meant ? " for that number: the keys of this bucket are binary"
                  : " for the first one: the keys of this bucket are binary");
    free(name);
}

static int report_no_entry(struct getting *get, const struct ss_bucket *bucket, bool is_bucket)
{
    const struct get_opts *opts = get->run->opts;
    bool hints = !is_bucket && get->key->len > 0;
    struct ss_range range = {.prefix = get->key->ptr, .prefix_len = get->key->len};
    struct found prefixed = {.count_max = 1000}, first = {.count_max = 1};
    enum ss_status status = SS_OK;
    struct ss_bucket_facts facts;
    struct ss_error err = SS_ERROR_INIT;
    if (hints) {
        status = ss_bucket_entries(bucket, &range, NULL, on_found, &prefixed, NULL, &err);
    }
    if (hints && left_away(status) == SS_OK && prefixed.count == 0) {
        status = ss_bucket_entries(bucket, NULL, get->keep, on_found, &first, NULL, &err);
    }
    if (left_away(status) != SS_OK) {
        return cli_report(get->run, &err);
    }
    cli_error_not_found(&err, "%s",
                        is_bucket ? "that key is a bucket" : "the bucket has no such key");
    ss_bucket_facts(bucket, &facts);
    snprintf(err.bucket, sizeof(err.bucket), "%s", facts.path);
    int code = absent_code(get, &err);
    hint_prefix(get, opts->bucket, prefixed.count, prefixed.count < prefixed.count_max);
    hint_binary(get, &first);
    return code;
}

static int get_entry(struct getting *get, const struct ss_bucket *bucket)
{
    struct cli_run *run = get->run;
    struct ss_error err = SS_ERROR_INIT;
    struct found found = {.count_max = 1};
    uint8_t *end;
    struct ss_range range = range_of(get->key, &end);
    enum ss_status status =
        ss_bucket_entries(bucket, &range, get->keep, on_found, &found, NULL, &err);
    free(end);
    if (status != SS_OK) {
        return cli_report(run, &err);
    }
    if (found.count == 0 || found.entry.is_bucket) {
        return report_no_entry(get, bucket, found.count > 0);
    }
    json_t *doc = NULL;
    if (run->common.json) {
        doc = cli_doc_new();
        cli_doc_text(doc, "file", run->input_name);
        cli_doc_bytes(doc, "key", found.entry.key.ptr, found.entry.key.len);
        cli_doc_bytes(doc, "value", found.entry.value.ptr, found.entry.value.len);
    }
    return print_answer(get, doc, &found.entry.value, false);
}

static int get_from_bucket(struct getting *get, const struct cli_path *path)
{
    struct ss_error err = SS_ERROR_INIT;
    struct ss_bucket *bucket;
    if (ss_bucket_open_keeping(get->run->file, path->spans, path->count, get->keep, &bucket,
                               &err) != SS_OK) {
        return cli_report_bucket(get->run, &err);
    }
    int code = get_entry(get, bucket);
    ss_bucket_free(bucket);
    return code;
}

static int run_get(struct cli_run *run)
{
    const struct get_opts *opts = run->opts;
    if (opts->bucket != NULL && opts->rev != 0) {
        return cli_usage_error(run, "--rev is for etcd's keys, and does not go with --bucket");
    }
    struct cli_word key = {0};
    struct cli_path path = {0};
    int code = cli_word_take(run, "KEY", run->args[1], opts->key_format, &key);
    if (code == CLI_EXIT_OK && opts->bucket != NULL) {
        code = cli_path_take(run, opts->bucket, &path);
    }
    if (code == CLI_EXIT_OK) {
        code = cli_run_open_readable(run, run->args[0]);
    }
    if (code == CLI_EXIT_OK) {
        struct getting get = {.run = run, .key = &key};
        get.keep = cli_skip_list_init(&get.skips, run, opts->keep_going);
        code = opts->bucket != NULL ? get_from_bucket(&get, &path) : get_record(&get);
        cli_skip_list_fini(&get.skips);
    }
    cli_path_fini(&path);
    cli_word_fini(&key);
    return code;
}

const struct cli_command cli_cmd_get = {
    .name = "get",
    .args = "FILE KEY",
    .summary = "print the value of one key, at any revision",
    .detail = "Prints the value of an etcd key as it was at the latest or at a given\n"
              "revision; with --bucket, of a plain key in any bbolt file. Its own bytes go\n"
              "out, without a line feed; only on a terminal they are escaped. A key that is\n"
              "not there ends in exit code 1, and the message says when it was deleted.",
    .exits = {[CLI_EXIT_OK] = "done, found",
              [CLI_EXIT_ANSWER] = "the key, the bucket or the revision is not there",
              [CLI_EXIT_REFUSED] = "the input is refused or cannot be read, or damage was met"},
    .options = options,
    .opts_size = sizeof(struct get_opts),
    .min_args = 2,
    .max_args = 2,
    .run = run_get,
};
