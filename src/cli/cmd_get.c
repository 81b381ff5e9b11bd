/*
 * cmd_get.c - snapscope get: one key's value, of etcd at a revision or of any bucket.
 *
 * The value goes out as its bytes; on a terminal escaped, with a line feed. With --json it is the
 * record that dump prints for the key.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "doc.h"
#include "report.h"
#include "text.h"
#include "words.h"

struct get_opts {
    uint64_t rev; /* 0: the latest */
    const char *bucket;
    int key_format;
    bool raw;
};

static const struct ss_option options[] = {
    {.name = "rev",
     .kind = SS_OPTION_NUMBER,
     .slot = offsetof(struct get_opts, rev),
     .arg = "N",
     .help = "the value at revision N instead of the latest",
     .min = 1,
     .max = INT64_MAX},
    {
        .name = "bucket",
        .letter = 'b',
        .kind = SS_OPTION_TEXT,
        .slot = offsetof(struct get_opts, bucket),
        .arg = "PATH",
        .help = "a key of this bucket (a/b; %2F: / in a name)",
    },
    {.name = "key-format",
     .kind = SS_OPTION_CHOICE,
     .slot = offsetof(struct get_opts, key_format),
     .arg = "FORM",
     .help = "KEY is text, escaped (\\xNN), hex or base64",
     .choices = ss_key_formats},
    {.name = "raw",
     .letter = 'r',
     .kind = SS_OPTION_FLAG,
     .slot = offsetof(struct get_opts, raw),
     .help = "the value's own bytes even on a terminal"},
    {.name = NULL},
};

static void print_value(struct ss_run *run, const struct ss_span *value)
{
    const struct get_opts *opts = run->opts;
    if (!run->out.terminal || opts->raw) {
        run->out.verbatim = true;
        ss_out_write(&run->out, value->ptr, (size_t)value->len);
        return;
    }
    ss_print_bytes(&run->out, value->ptr, value->len, SS_FORM_ESCAPED);
    ss_out_text(&run->out, "\n");
}

/* Where one key's history stands towards a revision: for the message when the key is not live. */
struct trace {
    const struct ss_word *key;
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

static int report_absent(struct ss_run *run, const struct ss_word *key, int64_t rev)
{
    struct trace trace = {.key = key, .rev = rev};
    struct ss_error ignored = SS_ERROR_INIT;
    char history[160] = "";
    if (ss_records(run->file, 0, 0, on_record, &trace, &ignored) == SS_OK) {
        if (trace.deleted_at != 0 && trace.last_live != 0) {
            snprintf(history, sizeof history,
                     ": it was deleted at revision %lld, and last written at revision %lld",
                     (long long)trace.deleted_at, (long long)trace.last_live);
        } else if (trace.deleted_at != 0) {
            snprintf(history, sizeof history, ": it was deleted at revision %lld",
                     (long long)trace.deleted_at);
        } else if (trace.later != 0) {
            snprintf(history, sizeof history, ": it was first written at revision %lld",
                     (long long)trace.later);
        } else {
            snprintf(history, sizeof history, ", and no retained revision has it");
        }
    }
    char *shown = ss_escaped(key->ptr, key->len < 256 ? key->len : 256);
    struct ss_error err;
    ss_error_not_found(&err, "key %.*s%s is not there at revision %lld%s", 300, shown,
                       key->len < 256 ? "" : "...", (long long)rev, history);
    free(shown);
    return ss_report(run, &err);
}

static json_t *record_doc(const struct ss_record *rec)
{
    json_t *doc = ss_doc_new();
    ss_doc_bytes(doc, "key", rec->key.ptr, rec->key.len);
    ss_doc_record(doc, rec);
    ss_doc_bytes(doc, "value", rec->value.ptr, rec->value.len);
    return doc;
}

/* Prints the document, or without one the value's own bytes. */
static int print_answer(struct ss_run *run, json_t *doc, const struct ss_span *value)
{
    struct ss_error err = SS_ERROR_INIT;
    if (ss_run_checked(run, SS_OK, &err) != SS_OK) {
        json_decref(doc);
        return ss_report(run, &err);
    }
    if (doc != NULL) {
        ss_doc_print(&run->out, doc);
    } else {
        print_value(run, value);
    }
    return SS_EXIT_OK;
}

static int get_record(struct ss_run *run, const struct ss_word *key)
{
    const struct get_opts *opts = run->opts;
    struct ss_error err = SS_ERROR_INIT;
    /* One key is the range from it to itself with a zero byte behind. */
    uint8_t *end = ss_must_alloc(key->len + 1);
    memcpy(end, key->ptr, key->len);
    end[key->len] = 0;
    struct ss_range range = {
        .from = key->ptr, .from_len = key->len, .to = end, .to_len = key->len + 1};
    struct ss_state *state;
    const struct ss_call call = ss_run_call(run);
    enum ss_status status =
        ss_state_new(run->file, (int64_t)opts->rev, &range, &call, &state, &err);
    free(end);
    if (status != SS_OK) {
        return ss_report(run, &err);
    }
    struct ss_record rec;
    int code;
    if (ss_state_find(state, key->ptr, key->len, &rec) != SS_OK) {
        code = report_absent(run, key, ss_state_rev(state));
    } else {
        code = print_answer(run, run->common.json ? record_doc(&rec) : NULL, &rec.value);
    }
    ss_state_free(state);
    return code;
}

static int get_entry(struct ss_run *run, const struct ss_bucket *bucket, const struct ss_word *key)
{
    struct ss_error err = SS_ERROR_INIT;
    struct ss_cursor *cursor;
    if (ss_cursor_new(bucket, &cursor, &err) != SS_OK) {
        return ss_report(run, &err);
    }
    struct ss_entry entry;
    enum ss_status status = ss_cursor_seek(cursor, key->ptr, key->len, &entry, &err);
    bool found = status == SS_OK && entry.key.len == key->len &&
                 memcmp(entry.key.ptr, key->ptr, key->len) == 0;
    ss_cursor_free(cursor);
    if (status != SS_OK && status != SS_END) {
        return ss_report(run, &err);
    }
    if (!found || entry.is_bucket) {
        ss_error_not_found(&err, "%s",
                           found ? "that key is a bucket" : "the bucket has no such key");
        struct ss_bucket_facts facts;
        ss_bucket_facts(bucket, &facts);
        snprintf(err.bucket, sizeof err.bucket, "%s", facts.path);
        return ss_report(run, &err);
    }
    json_t *doc = NULL;
    if (run->common.json) {
        doc = ss_doc_new();
        ss_doc_bytes(doc, "key", entry.key.ptr, entry.key.len);
        ss_doc_bytes(doc, "value", entry.value.ptr, entry.value.len);
    }
    return print_answer(run, doc, &entry.value);
}

static int get_from_bucket(struct ss_run *run, const struct ss_path *path,
                           const struct ss_word *key)
{
    struct ss_error err = SS_ERROR_INIT;
    struct ss_bucket *bucket;
    if (ss_bucket_open(run->file, path->spans, path->count, &bucket, &err) != SS_OK) {
        return ss_report_bucket(run, &err);
    }
    int code = get_entry(run, bucket, key);
    ss_bucket_free(bucket);
    return code;
}

static int run_get(struct ss_run *run)
{
    const struct get_opts *opts = run->opts;
    if (opts->bucket != NULL && opts->rev != 0) {
        return ss_usage_error(run, "--rev is for etcd's keys, and does not go with --bucket");
    }
    struct ss_word key = {0};
    struct ss_path path = {0};
    int code = ss_word_take(run, "KEY", run->args[1], opts->key_format, &key);
    if (code == SS_EXIT_OK && opts->bucket != NULL) {
        code = ss_path_take(run, opts->bucket, &path);
    }
    if (code == SS_EXIT_OK) {
        code = ss_run_open_readable(run, run->args[0]);
    }
    if (code == SS_EXIT_OK) {
        code = opts->bucket != NULL ? get_from_bucket(run, &path, &key) : get_record(run, &key);
    }
    ss_path_fini(&path);
    ss_word_fini(&key);
    return code;
}

const struct ss_command ss_cmd_get = {
    .name = "get",
    .args = "FILE KEY",
    .summary = "print the value of one key, at any revision",
    .detail = "Prints the value of an etcd key as it was at the latest or at a given\n"
              "revision; with --bucket, of a plain key in any bbolt file. Its own bytes go\n"
              "out, without a line feed; only on a terminal they are escaped. A key that is\n"
              "not there ends in exit code 1, and the message says when it was deleted.",
    .options = options,
    .opts_size = sizeof(struct get_opts),
    .min_args = 2,
    .max_args = 2,
    .run = run_get,
};
