/*
 * dump.c - the records that a file holds, as JSON Lines or as one document.
 *
 *   ndjson   record \n  record \n  …
 *   json     {"revision":R,"kvs":[ \n record , \n record … \n ],"count":N} \n
 *            {"bucket":["a","b"],"kvs":[ … ],"count":N} \n
 *
 * "count" comes last, because of revisions and buckets it is known only then. Once a mapped read has
 * failed nothing more is written: the zeroes that stand in for the lost bytes never reach the output.
 */
#include "export/dump.h"

#include "etcd/record.h"
#include "export/json_text.h"
#include "export/pipeline.h"
#include "export/record_json.h"
#include "parser/cursor.h"
#include "util/error.h"

#include <inttypes.h>

/* Records between two calls of the progress callback; a power of two. */
#define PROGRESS_COUNT 4096u
#define PROGRESS_PHASE "dump"

struct style {
    enum ss_dump_format format;
    struct ss_record_style record;
};

struct dump {
    const struct ss_file *file;
    const struct ss_dump_opts *opts;
    struct style style;
    bool all; /* no bound on the keys */
    struct ss_outbuf out;
    struct ss_pipeline *pipeline;
    uint64_t count, total; /* total 0: not known */
    ss_write_fn write;
    void *write_ctx;
};

/* The flush of the output buffer. */
static bool guarded_write(void *ctx, const void *bytes, size_t len)
{
    struct dump *d = ctx;
    struct ss_error ignored;

    return ss_source_check(&d->file->src, SS_OK, &ignored) == SS_OK &&
           d->write(d->write_ctx, bytes, len);
}

/* What goes before record number `index`, and behind it. */
static void begin_record(const struct style *style, struct ss_outbuf *out, uint64_t index)
{
    if (style->format == SS_DUMP_JSON) {
        ss_outbuf_text(out, index == 0 ? "\n" : ",\n");
    }
}

static void end_record(const struct style *style, struct ss_outbuf *out)
{
    if (style->format == SS_DUMP_NDJSON) {
        ss_outbuf_append(out, "\n", 1);
    }
}

static void format_records(const void *ctx, struct ss_outbuf *out, const struct ss_record *records,
                           size_t count, uint64_t index)
{
    const struct style *style = ctx;

    for (size_t i = 0; i < count; i++) {
        begin_record(style, out, index + i);
        ss_record_json(out, &records[i], &style->record);
        end_record(style, out);
    }
}

static void write_head(struct dump *d, int64_t rev)
{
    const struct ss_dump_opts *opts = d->opts;

    if (d->style.format != SS_DUMP_JSON) {
        return;
    }
    if (opts->bucket == NULL) {
        ss_outbuf_text(&d->out, "{\"revision\":");
        ss_json_i64(&d->out, rev);
        ss_outbuf_text(&d->out, ",\"kvs\":[");
        return;
    }
    ss_outbuf_text(&d->out, "{\"bucket\":[");
    for (size_t i = 0; i < opts->bucket_count; i++) {
        const struct ss_span *name = &opts->bucket[i];
        bool clean = ss_text_is_clean(name->ptr, (size_t)name->len);

        ss_outbuf_text(&d->out, i > 0 ? "," : "");
        if (clean) {
            ss_json_string(&d->out, name->ptr, (size_t)name->len);
        } else {
            ss_outbuf_text(&d->out, "{");
            ss_json_bytes(&d->out, "name", name->ptr, (size_t)name->len);
            ss_outbuf_text(&d->out, "}");
        }
    }
    ss_outbuf_text(&d->out, "],\"kvs\":[");
}

static void write_tail(struct dump *d)
{
    if (d->style.format == SS_DUMP_JSON) {
        ss_outbuf_text(&d->out, d->count > 0 ? "\n],\"count\":" : "],\"count\":");
        ss_json_u64(&d->out, d->count);
        ss_outbuf_text(&d->out, "}\n");
    }
}

/* Counts one more record and reports now and then. SS_SYSTEM: stopped. */
static enum ss_status count_record(struct dump *d, struct ss_error *err)
{
    const struct ss_dump_opts *opts = d->opts;

    d->count++;
    if (opts->progress == NULL || d->count % PROGRESS_COUNT != 0 ||
        opts->progress(opts->progress_ctx, PROGRESS_PHASE, d->count, d->total)) {
        return SS_OK;
    }
    return ss_system(err, SS_E_CANCELLED, 0, "stopped on request");
}

/* SS_END: output failed, so there is no use in going on; dump_end tells why. */
static enum ss_status dump_record(struct dump *d, const struct ss_record *rec, struct ss_error *err)
{
    if (!ss_pipeline_add(d->pipeline, rec)) {
        return SS_END;
    }
    return count_record(d, err);
}

static enum ss_status dump_state(struct dump *d, int64_t *rev, unsigned threads,
                                 struct ss_error *err)
{
    struct ss_state *state;
    enum ss_status status = ss_state_new(d->file, d->opts->rev, &d->opts->range, &state, err);

    if (status != SS_OK) {
        return status;
    }
    *rev = ss_state_rev(state);
    d->total = ss_state_count(state);
    write_head(d, *rev);
    status = ss_pipeline_start(&d->pipeline, threads, format_records, &d->style, &d->out, err);
    for (uint64_t i = 0; status == SS_OK && i < d->total; i++) {
        struct ss_record rec;

        ss_state_get(state, i, &rec);
        status = dump_record(d, &rec, err);
    }
    ss_pipeline_finish(d->pipeline);
    ss_state_free(state);
    return status;
}

static enum ss_status on_revision(void *ctx, const struct ss_record *rec, struct ss_error *err)
{
    struct dump *d = ctx;

    if (!d->all && (rec->marker || !ss_range_has(&d->opts->range, rec->key))) {
        return SS_OK;
    }
    return dump_record(d, rec, err);
}

static enum ss_status dump_revisions(struct dump *d, int64_t *rev, unsigned threads,
                                     struct ss_error *err)
{
    struct ss_rev_facts facts;
    enum ss_status status = ss_rev_facts(d->file, &facts, err);

    if (status != SS_OK) {
        return status;
    }
    if (!facts.is_etcd) {
        return ss_not_etcd(err);
    }
    if (d->opts->rev > facts.current) {
        return ss_system(err, SS_E_REV_FUTURE, 0,
                         "revision %" PRId64 " is beyond the file's last, %" PRId64, d->opts->rev,
                         facts.current);
    }
    *rev = d->opts->rev != 0 ? d->opts->rev : facts.current;
    write_head(d, *rev);
    status = ss_pipeline_start(&d->pipeline, threads, format_records, &d->style, &d->out, err);
    if (status == SS_OK) {
        status = ss_records(d->file, 0, d->opts->rev, on_revision, d, err);
    }
    ss_pipeline_finish(d->pipeline);
    return status;
}

/*
 * To the first element that the range can hold. Behind it the first one outside the range ends it:
 * keys ascend, so neither the upper bound nor the prefix is met again.
 */
static enum ss_status range_first(struct ss_cursor *c, const struct ss_range *range,
                                  struct ss_entry *entry, struct ss_error *err)
{
    struct ss_span from = ss_span_of(range->from, range->from != NULL ? range->from_len : 0);
    struct ss_span prefix = ss_span_of(range->prefix, range->prefix_len);
    struct ss_span start = ss_span_cmp(from, prefix) < 0 ? prefix : from;

    if (start.len == 0) {
        return ss_cursor_first(c, entry, err);
    }
    return ss_cursor_seek(c, start.ptr, (size_t)start.len, entry, err);
}

static enum ss_status dump_entries(struct dump *d, struct ss_cursor *c, struct ss_error *err)
{
    struct ss_entry entry;
    enum ss_status status = range_first(c, &d->opts->range, &entry, err);

    while (status == SS_OK && (d->all || ss_range_has(&d->opts->range, entry.key))) {
        begin_record(&d->style, &d->out, d->count);
        ss_entry_json(&d->out, &entry, d->opts->keys_only);
        end_record(&d->style, &d->out);
        status = d->out.failed ? SS_END : count_record(d, err);
        if (status == SS_OK) {
            status = ss_cursor_next(c, &entry, err);
        }
    }
    return status;
}

static enum ss_status dump_bucket(struct dump *d, struct ss_error *err)
{
    struct ss_bucket *bucket;
    struct ss_cursor *cursor;
    enum ss_status status =
        ss_bucket_open(d->file, d->opts->bucket, d->opts->bucket_count, &bucket, err);

    if (status != SS_OK) {
        return status;
    }
    status = ss_cursor_new(bucket, &cursor, err);
    if (status == SS_OK) {
        write_head(d, 0);
        status = dump_entries(d, cursor, err);
        ss_cursor_free(cursor);
    }
    ss_bucket_free(bucket);
    return status;
}

static enum ss_status check_opts(const struct ss_dump_opts *opts, struct ss_error *err)
{
    if (opts->format != SS_DUMP_NDJSON && opts->format != SS_DUMP_JSON) {
        return ss_system(err, SS_E_ARGUMENT, 0, "no such dump format: %d", (int)opts->format);
    }
    if (opts->rev < 0) {
        return ss_system(err, SS_E_ARGUMENT, 0, "a revision cannot be negative: %" PRId64,
                         opts->rev);
    }
    if (opts->bucket != NULL && (opts->rev != 0 || opts->revisions)) {
        return ss_system(err, SS_E_ARGUMENT, 0,
                         "only the bucket key has revisions: none can be asked of another one");
    }
    return SS_OK;
}

/* Ends the output, and lets the cause that came first speak. */
static enum ss_status dump_end(struct dump *d, enum ss_status status, struct ss_error *err)
{
    if (status == SS_OK || (status == SS_END && !d->out.failed)) {
        write_tail(d);
        status = SS_OK;
    }
    ss_outbuf_flush(&d->out);
    if (d->out.failed && (status == SS_OK || status == SS_END)) {
        status = ss_system(err, SS_E_OUTPUT, d->out.sys, "output cannot be written");
    }
    return ss_source_check(&d->file->src, status, err);
}

enum ss_status ss_dump_threaded(const struct ss_file *file, const struct ss_dump_opts *opts,
                                unsigned threads, ss_write_fn write, void *write_ctx,
                                struct ss_dump_result *result, struct ss_error *err)
{
    const struct ss_range *range = &opts->range;
    struct dump d = {
        .file = file,
        .opts = opts,
        .style = {opts->format, {.revisions = opts->revisions, .keys_only = opts->keys_only}},
        .all = range->from == NULL && range->to == NULL && range->prefix_len == 0,
        .write = write,
        .write_ctx = write_ctx,
    };
    enum ss_status status;

    ss_error_clear(err);
    *result = (struct ss_dump_result){0};
    status = check_opts(opts, err);
    if (status != SS_OK) {
        return status;
    }
    if (!ss_outbuf_init(&d.out, guarded_write, &d)) {
        return ss_nomem(err, SS_OUTBUF_LEN);
    }
    if (opts->bucket != NULL) {
        status = dump_bucket(&d, err);
    } else if (opts->revisions) {
        status = dump_revisions(&d, &result->rev, threads, err);
    } else {
        status = dump_state(&d, &result->rev, threads, err);
    }
    status = dump_end(&d, status, err);
    result->record_count = d.count;
    result->out_len = d.out.flushed_len;
    ss_outbuf_fini(&d.out);
    return status;
}

enum ss_status ss_dump(const struct ss_file *file, const struct ss_dump_opts *opts,
                       ss_write_fn write, void *write_ctx, struct ss_dump_result *result,
                       struct ss_error *err)
{
    return ss_dump_threaded(file, opts, 0, write, write_ctx, result, err);
}
