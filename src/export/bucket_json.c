/*
 * bucket_json.c - the elements of one bucket, or of all but `key`, as JSON.
 *
 *   --bucket        {"key":"a","value":"…"} \n {"key":"inner","bucket":true} \n …
 *                   {"bucket":["auth","inner"]} \n …      the buckets inside it, as below
 *   --all-buckets   {"bucket":["auth"]} \n {"bucket":["auth"],"key":"authEnabled","value":"…"} \n …
 *       in json     ,"buckets":[ \n {"bucket":["auth"],"kvs":[ \n … \n ],"count":N}, \n … \n ]
 */
#include "export/bucket_walk.h"
#include "export/job.h"
#include "export/json_text.h"

#include "etcd/record.h"

/* One bucket of all of them. */
struct bucket_list {
    struct ss_export *d;
    struct ss_span
        names[2 * SS_BUCKET_LEVEL_MAX]; /* base_count of them lead to where the walk began */
    size_t base_count, name_count;
    bool ranged; /* the buckets at the top are bounded by the range, as keys are */
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

    list->name_count =
        list->base_count + ss_bucket_walk_names(walk, node, list->names + list->base_count);
    list->entry_count = 0;
    ss_outbuf_text(out, "{\"bucket\":");
    ss_bucket_path_json(out, list->names, list->name_count);
    ss_outbuf_text(out, json ? ",\"kvs\":[" : "}\n");
    status = ss_bucket_walk_entries(list->d, walk, node, on_entry, list, err);
    if (json) {
        ss_outbuf_text(out, list->entry_count > 0 ? "\n],\"count\":" : "],\"count\":");
        ss_json_u64(out, list->entry_count);
        ss_outbuf_text(out, "}");
    }
    return out->failed && status == SS_OK ? SS_END : status;
}

/* Whether a bucket is one of those inside opts->bucket that the range passes, or below one. */
static bool is_in_range(const struct bucket_list *list, const struct ss_walk *walk, uint32_t node)
{
    while (walk->buckets[node].level > 1) {
        node = walk->buckets[node].parent;
    }
    return !list->ranged || ss_range_has(&list->d->opts->range, walk->buckets[node].name);
}

static enum ss_status dump_walk(struct bucket_list *list, const struct ss_walk *walk, bool skip_key,
                                struct ss_error *err)
{
    struct ss_export *d = list->d;
    bool json = d->style.format == SS_DUMP_JSON;
    enum ss_status status = SS_OK;
    uint32_t node = 0;

    for (const char *before = "\n";
         status == SS_OK && ss_bucket_walk_next(walk, skip_key, &node);) {
        if (!is_in_range(list, walk, node)) {
            continue;
        }
        ss_outbuf_text(&d->out, json ? before : "");
        before = ",\n";
        status = dump_one(list, walk, node, err);
        if (status == SS_OK) {
            status = ss_export_count(d, err);
        }
    }
    if (json && status == SS_OK) {
        ss_outbuf_text(&d->out, "\n]");
    }
    return status;
}

enum ss_status ss_export_buckets(struct ss_export *d, const struct ss_walk *walk,
                                 struct ss_error *err)
{
    bool json = d->style.format == SS_DUMP_JSON;
    struct bucket_list list = {.d = d};

    enum ss_status status = ss_bucket_walk_begin(d, walk, err);

    if (json && !d->is_etcd) {
        ss_export_file(d);
    }
    ss_outbuf_text(&d->out, json ? ",\"buckets\":[" : "");
    return status == SS_OK ? dump_walk(&list, walk, d->is_etcd, err) : status;
}

/* The elements of the one bucket that was asked for. */
struct one_bucket {
    struct ss_export *d;
    bool has_buckets;
};

static enum ss_status on_own_entry(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    struct one_bucket *one = ctx;
    struct ss_export *d = one->d;

    one->has_buckets = one->has_buckets || entry->is_bucket;
    ss_export_begin_record(&d->style, &d->out, d->count);
    ss_entry_json(&d->out, entry, &d->style.record);
    ss_export_end_record(&d->style, &d->out);
    return d->out.failed ? SS_END : ss_export_count(d, err);
}

/* The buckets inside it, at any depth, as --all-buckets has them. */
static enum ss_status dump_nested(struct ss_export *d, const struct ss_bucket *bucket,
                                  struct ss_error *err)
{
    const struct ss_dump_opts *opts = d->opts;
    struct bucket_list list = {.d = d, .base_count = opts->bucket_count, .ranged = true};
    struct ss_walk *walk;
    enum ss_status status;

    if (opts->bucket_count > SS_BUCKET_LEVEL_MAX) {
        ss_corrupt(err, SS_E_DEPTH, bucket->tree.ref_off, bucket->tree.host,
                   "buckets are nested deeper than %u levels", SS_BUCKET_LEVEL_MAX);
        return ss_error_in_bucket(err, bucket->path, SS_CORRUPT);
    }
    for (size_t i = 0; i < opts->bucket_count; i++) {
        list.names[i] = opts->bucket[i];
    }
    status = ss_bucket_walk_new(d, bucket, &walk, err);
    if (status != SS_OK) {
        return status;
    }
    ss_outbuf_text(&d->out, d->style.format == SS_DUMP_JSON ? ",\"buckets\":[" : "");
    status = dump_walk(&list, walk, false, err);
    ss_bucket_walk_free(walk);
    return status;
}

static enum ss_status dump_bucket(struct ss_export *d, const struct ss_bucket *bucket,
                                  struct ss_error *err)
{
    const struct ss_dump_opts *opts = d->opts;
    struct one_bucket one = {.d = d};
    uint64_t skip_count;
    enum ss_status status;

    if (d->style.format == SS_DUMP_JSON) {
        ss_export_file(d);
        ss_outbuf_text(&d->out, ",\"bucket\":");
        ss_bucket_path_json(&d->out, opts->bucket, opts->bucket_count);
        ss_outbuf_text(&d->out, ",\"kvs\":[");
    }
    status = ss_bucket_entries(bucket, &opts->range, opts->keep_going != NULL ? &d->keep : NULL,
                               on_own_entry, &one, &skip_count, err);
    d->skips.count += skip_count;
    if (status == SS_OK && d->out.failed) {
        return SS_END;
    }
    if (status == SS_OK) {
        ss_export_list_end(d);
    }
    return status == SS_OK && one.has_buckets ? dump_nested(d, bucket, err) : status;
}

enum ss_status ss_export_bucket(struct ss_export *d, struct ss_error *err)
{
    const struct ss_dump_opts *opts = d->opts;
    struct ss_bucket *bucket;
    enum ss_status status =
        ss_bucket_open_keeping(d->file, opts->bucket, opts->bucket_count,
                               opts->keep_going != NULL ? &d->keep : NULL, &bucket, err);

    if (status == SS_OK) {
        status = dump_bucket(d, bucket, err);
        ss_bucket_free(bucket);
    }
    return status;
}
