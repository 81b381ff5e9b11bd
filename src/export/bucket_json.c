/*
 * bucket_json.c - the elements of one bucket, or of all but `key`, as JSON.
 *
 *   --bucket        {"key":"a","value":"…"} \n {"key":"inner","bucket":true} \n …
 *   --all-buckets   {"bucket":["auth"]} \n {"bucket":["auth"],"key":"authEnabled","value":"…"} \n …
 *       in json     ,"buckets":[ \n {"bucket":["auth"],"kvs":[ \n … \n ],"count":N}, \n … \n ]
 */
#include "export/bucket_walk.h"
#include "export/job.h"
#include "export/json_text.h"

#include "etcd/record.h"

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

static enum ss_status dump_entries(struct ss_export *d, struct ss_cursor *c, struct ss_error *err)
{
    struct ss_entry entry;
    enum ss_status status = range_first(c, &d->opts->range, &entry, err);

    while (status == SS_OK && (d->all || ss_range_has(&d->opts->range, entry.key))) {
        ss_export_begin_record(&d->style, &d->out, d->count);
        ss_entry_json(&d->out, &entry, &d->style.record);
        ss_export_end_record(&d->style, &d->out);
        status = d->out.failed ? SS_END : ss_export_count(d, err);
        if (status == SS_OK) {
            status = ss_cursor_next(c, &entry, err);
        }
    }
    return status;
}

enum ss_status ss_export_bucket(struct ss_export *d, struct ss_error *err)
{
    const struct ss_dump_opts *opts = d->opts;
    struct ss_bucket *bucket;
    struct ss_cursor *cursor;
    enum ss_status status = ss_bucket_open(d->file, opts->bucket, opts->bucket_count, &bucket, err);

    if (status != SS_OK) {
        return status;
    }
    status = ss_cursor_new(bucket, &cursor, err);
    if (status == SS_OK) {
        if (d->style.format == SS_DUMP_JSON) {
            ss_outbuf_text(&d->out, "{\"bucket\":");
            ss_bucket_path_json(&d->out, opts->bucket, opts->bucket_count);
            ss_outbuf_text(&d->out, ",\"kvs\":[");
        }
        status = dump_entries(d, cursor, err);
        ss_cursor_free(cursor);
    }
    ss_bucket_free(bucket);
    return status;
}

/* One bucket of all of them. */
struct bucket_list {
    struct ss_export *d;
    struct ss_span names[SS_BUCKET_LEVEL_MAX];
    size_t name_count;
    uint64_t entry_count;
};

static enum ss_status on_entry(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    struct bucket_list *list = ctx;
    struct ss_export *d = list->d;
    struct ss_outbuf *out = &d->out;

    ss_export_begin_record(&d->style, out, list->entry_count++);
    ss_outbuf_text(out, "{");
    if (d->style.format == SS_DUMP_NDJSON) {
        ss_outbuf_text(out, "\"bucket\":");
        ss_bucket_path_json(out, list->names, list->name_count);
        ss_outbuf_text(out, ",");
    }
    ss_entry_members(out, entry, &d->style.record);
    ss_outbuf_text(out, "}");
    ss_export_end_record(&d->style, out);
    return out->failed ? SS_END : ss_export_count(d, err);
}

static enum ss_status dump_one(struct bucket_list *list, const struct ss_walk *walk, uint32_t node,
                               struct ss_error *err)
{
    struct ss_outbuf *out = &list->d->out;
    bool json = list->d->style.format == SS_DUMP_JSON;
    enum ss_status status;

    list->name_count = ss_bucket_walk_names(walk, node, list->names);
    list->entry_count = 0;
    ss_outbuf_text(out, "{\"bucket\":");
    ss_bucket_path_json(out, list->names, list->name_count);
    ss_outbuf_text(out, json ? ",\"kvs\":[" : "}\n");
    status = ss_bucket_walk_entries(walk, node, on_entry, list, err);
    if (json) {
        ss_outbuf_text(out, list->entry_count > 0 ? "\n],\"count\":" : "],\"count\":");
        ss_json_u64(out, list->entry_count);
        ss_outbuf_text(out, "}");
    }
    return out->failed && status == SS_OK ? SS_END : status;
}

enum ss_status ss_export_buckets(struct ss_export *d, const struct ss_walk *walk,
                                 struct ss_error *err)
{
    bool json = d->style.format == SS_DUMP_JSON;
    struct bucket_list list = {.d = d};
    enum ss_status status = SS_OK;
    uint32_t node = 0;

    ss_outbuf_text(&d->out, !json ? "" : d->is_etcd ? ",\"buckets\":[" : "{\"buckets\":[");
    for (const char *before = "\n"; status == SS_OK && ss_bucket_walk_next(walk, d->is_etcd, &node);
         before = ",\n") {
        ss_outbuf_text(&d->out, json ? before : "");
        status = dump_one(&list, walk, node, err);
        if (status == SS_OK) {
            status = ss_export_count(d, err);
        }
    }
    if (json && status == SS_OK) {
        ss_outbuf_text(&d->out, "\n]");
    }
    return status;
}
