/*
 * dump.c - the records that a file holds, as JSON Lines, as one document, or as etcdctl prints them.
 *
 *   ndjson    record \n  record \n  …
 *   json      {"file":F,"revision":R,"kvs":[ \n record , \n record … \n ],"count":N} \n
 *             {"file":F,"bucket":["a","b"],"kvs":[ … ],"count":N} \n
 *   etcdctl   {"header":{"revision":R,"raft_term":T},"kvs":[record,record,…],"count":N} \n
 *   tar       tar.c
 *
 * "count" comes last, because of revisions and buckets it is known only then. Once a mapped read has
 * failed nothing more is written: the zeroes that stand in for the lost bytes never reach the output.
 */
#include "etcd/live.h"
#include "export/bucket_walk.h"
#include "export/job.h"
#include "export/json_text.h"
#include "util/call.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* Records between two calls of the progress callback; a power of two. */
#define PROGRESS_COUNT 4096u
#define PROGRESS_PHASE "dump"

bool ss_export_write(void *ctx, const void *bytes, size_t len)
{
    struct ss_export *d = ctx;
    struct ss_error ignored;

    return ss_source_check(&d->file->src, SS_OK, &ignored) == SS_OK &&
           d->write(d->write_ctx, bytes, len);
}

void ss_export_begin_record(const struct ss_export_style *style, struct ss_outbuf *out,
                            uint64_t index)
{
    if (style->format == SS_DUMP_JSON) {
        ss_outbuf_text(out, index == 0 ? "\n" : ",\n");
    } else if (style->format == SS_DUMP_ETCDCTL) {
        ss_outbuf_text(out, index == 0 ? ",\"kvs\":[" : ",");
    }
}

void ss_export_end_record(const struct ss_export_style *style, struct ss_outbuf *out)
{
    if (style->format == SS_DUMP_NDJSON) {
        ss_outbuf_append(out, "\n", 1);
    }
}

enum ss_status ss_export_state(struct ss_export *d, struct ss_state **out, struct ss_error *err)
{
    const struct ss_dump_opts *opts = d->opts;

    return opts->keep_going != NULL
               ? ss_state_standing(d->file, opts->rev, &opts->range, &d->skips, d->call, out, err)
               : ss_state_new(d->file, opts->rev, &opts->range, d->call, out, err);
}

enum ss_status ss_export_records(struct ss_export *d, ss_record_fn on_record, void *ctx,
                                 struct ss_error *err)
{
    if (d->opts->keep_going == NULL) {
        return ss_records(d->file, 0, d->opts->rev, on_record, ctx, err);
    }
    return ss_source_check(
        &d->file->src,
        ss_records_standing(d->file, 0, d->opts->rev, &d->skips, on_record, ctx, err), err);
}

/* The revisions of the file, and whether they are known for certain. */
static enum ss_status rev_facts(struct ss_export *d, struct ss_rev_facts *facts, bool *whole,
                                struct ss_error *err)
{
    *whole = true;
    return d->opts->keep_going != NULL ? ss_rev_facts_keeping(d->file, &d->skips, facts, whole, err)
                                       : ss_rev_facts(d->file, facts, err);
}

/* etcd's own facts; *meta NULL: damage keeps them from a dump that goes on. */
static enum ss_status read_meta(struct ss_export *d, struct ss_etcd_meta **meta,
                                struct ss_error *err)
{
    struct ss_skip skip = {.element = SS_NONE};
    uint64_t fault_count;
    enum ss_status status = ss_etcd_meta_new(d->file, NULL, NULL, &fault_count, meta, err);

    if (status == SS_CORRUPT && d->opts->keep_going != NULL) {
        skip.why = *err;
        ss_skips_add_once(&d->skips, &skip);
        *meta = NULL;
        return SS_OK;
    }
    return status;
}

/* etcd's response header, as far as a file can know it: neither the cluster's nor a member's id. */
static enum ss_status write_etcdctl_head(struct ss_export *d, struct ss_error *err)
{
    struct ss_rev_facts facts;
    struct ss_etcd_meta *meta;
    bool whole;
    enum ss_status status = rev_facts(d, &facts, &whole, err);

    if (status == SS_OK) {
        status = read_meta(d, &meta, err);
    }
    if (status != SS_OK) {
        return status;
    }
    ss_outbuf_text(&d->out, "{\"header\":{\"revision\":");
    ss_json_i64(&d->out, facts.current);
    if (meta != NULL && meta->has_term && meta->term != 0) {
        ss_outbuf_text(&d->out, ",\"raft_term\":");
        ss_json_u64(&d->out, meta->term);
    }
    ss_outbuf_text(&d->out, "}");
    ss_etcd_meta_free(meta);
    return SS_OK;
}

void ss_export_file(struct ss_export *d)
{
    struct ss_file_facts facts;
    size_t len, cap;
    char *escaped;

    ss_file_facts(d->file, &facts);
    len = strlen(facts.name);
    ss_outbuf_text(&d->out, "{\"file\":");
    if (ss_text_is_clean(facts.name, len)) {
        ss_json_string(&d->out, facts.name, len);
        return;
    }
    cap = ss_text_escape(facts.name, len, NULL, 0) + 1;
    escaped = malloc(cap);
    if (escaped == NULL) {
        d->out.failed = true;
        d->out.sys = ENOMEM;
        return;
    }
    ss_json_string(&d->out, escaped, ss_text_escape(facts.name, len, escaped, cap));
    free(escaped);
}

static enum ss_status write_head(struct ss_export *d, int64_t rev, struct ss_error *err)
{
    if (d->style.format == SS_DUMP_ETCDCTL) {
        return write_etcdctl_head(d, err);
    }
    if (d->style.format == SS_DUMP_JSON) {
        ss_export_file(d);
        ss_outbuf_text(&d->out, ",\"revision\":");
        ss_json_i64(&d->out, rev);
        ss_outbuf_text(&d->out, ",\"kvs\":[");
    }
    return SS_OK;
}

void ss_export_list_end(struct ss_export *d)
{
    bool some = d->count > 0;

    if (d->style.format == SS_DUMP_JSON) {
        ss_outbuf_text(&d->out, some ? "\n],\"count\":" : "],\"count\":");
        ss_json_u64(&d->out, d->count);
    } else if (d->style.format == SS_DUMP_ETCDCTL && some) {
        ss_outbuf_text(&d->out, "],\"count\":");
        ss_json_u64(&d->out, d->count);
    }
}

enum ss_status ss_export_count(struct ss_export *d, struct ss_error *err)
{
    d->count++;
    return d->count % PROGRESS_COUNT != 0
               ? SS_OK
               : ss_call_tell(d->call, PROGRESS_PHASE, d->count, d->total, err);
}

bool ss_export_wants(const struct ss_export *d, const struct ss_record *rec)
{
    return d->all || (!rec->marker && ss_range_has(&d->opts->range, rec->key));
}

/*
 * An ss_record_fn: of a state, or of the history, which comes with keys that nobody asked for. SS_END: output
 * failed, so there is no use in going on; dump_end tells why.
 */
static enum ss_status dump_record(void *ctx, const struct ss_record *rec, struct ss_error *err)
{
    struct ss_export *d = ctx;

    if (d->opts->revisions && !ss_export_wants(d, rec)) {
        return SS_OK;
    }
    ss_export_begin_record(&d->style, &d->out, d->record_count++);
    if (d->style.format == SS_DUMP_ETCDCTL) {
        ss_record_etcdctl(&d->out, rec, &d->style.record);
    } else {
        ss_record_json(&d->out, rec, &d->style.record);
    }
    ss_export_end_record(&d->style, &d->out);
    return d->out.failed ? SS_END : ss_export_count(d, err);
}

static enum ss_status dump_state(struct ss_export *d, int64_t *rev, struct ss_error *err)
{
    uint64_t ahead_len = d->opts->keys_only ? SS_EXPORT_PREFETCH_KEY : SS_EXPORT_PREFETCH_RECORD;
    struct ss_state *state;
    enum ss_status status = ss_export_state(d, &state, err);

    if (status != SS_OK) {
        return status;
    }
    *rev = ss_state_rev(state);
    d->total = ss_state_count(state);
    status = write_head(d, *rev, err);
    for (uint64_t i = 0; status == SS_OK && i < d->total; i++) {
        struct ss_record rec;

        ss_state_prefetch(state, i, ahead_len);
        ss_state_get(state, i, &rec);
        status = dump_record(d, &rec, err);
    }
    ss_state_free(state);
    return status;
}

enum ss_status ss_export_last_rev(struct ss_export *d, int64_t *rev, struct ss_error *err)
{
    struct ss_rev_facts facts;
    bool whole;
    enum ss_status status = rev_facts(d, &facts, &whole, err);

    if (status != SS_OK) {
        return status;
    }
    if (!facts.is_etcd) {
        return ss_not_etcd(err);
    }
    if (whole && d->opts->rev > facts.current) {
        return ss_system(err, SS_E_REV_FUTURE, 0,
                         "revision %" PRId64 " is beyond the file's last, %" PRId64, d->opts->rev,
                         facts.current);
    }
    *rev = d->opts->rev != 0 ? d->opts->rev : facts.current;
    return SS_OK;
}

static enum ss_status dump_revisions(struct ss_export *d, int64_t *rev, struct ss_error *err)
{
    enum ss_status status = ss_export_last_rev(d, rev, err);

    if (status == SS_OK) {
        status = write_head(d, *rev, err);
    }
    if (status == SS_OK) {
        status = ss_export_records(d, dump_record, d, err);
    }
    return status;
}

/* The end of the one document; what was passed over stands there. */
static enum ss_status end_document(struct ss_export *d, struct ss_error *err)
{
    enum ss_status status = SS_OK;

    if (d->skipped != NULL && d->style.format == SS_DUMP_JSON) {
        status = ss_skipped_members(d->skipped, &d->out, err);
    }
    if (status == SS_OK && d->style.format != SS_DUMP_NDJSON) {
        ss_outbuf_text(&d->out, "}\n");
    }
    return status;
}

/* etcd's records, then the other buckets when all are asked for, which are looked through first. */
static enum ss_status dump_file(struct ss_export *d, int64_t *rev, struct ss_error *err)
{
    const struct ss_dump_opts *opts = d->opts;
    struct ss_walk *walk = NULL;
    enum ss_status status = SS_OK;

    if (opts->all_buckets) {
        status = ss_bucket_walk_new(d, NULL, &walk, err);
    }
    if (status == SS_OK && d->is_etcd) {
        status = opts->revisions ? dump_revisions(d, rev, err) : dump_state(d, rev, err);
        if (status == SS_OK) {
            ss_export_list_end(d);
            status = d->out.failed ? SS_END : SS_OK;
        }
    }
    if (status == SS_OK && walk != NULL) {
        status = ss_export_buckets(d, walk, err);
    }
    if (status == SS_OK) {
        status = end_document(d, err);
    }
    ss_bucket_walk_free(walk);
    return status;
}

static const char *wrong_bucket_opts(const struct ss_dump_opts *opts)
{
    if (opts->bucket == NULL) {
        return NULL;
    }
    if (opts->rev != 0 || opts->revisions) {
        return "only the bucket key has revisions: none can be asked of another one";
    }
    if (opts->all_buckets) {
        return "either one bucket or all of them";
    }
    if (opts->format != SS_DUMP_NDJSON && opts->format != SS_DUMP_JSON) {
        return "one bucket goes out as JSON only";
    }
    return NULL;
}

static const char *wrong_opts(const struct ss_dump_opts *opts)
{
    if (opts->format == SS_DUMP_ETCDCTL && (opts->revisions || opts->all_buckets)) {
        return "etcdctl's format has room for live keys only";
    }
    if (opts->format == SS_DUMP_TAR && opts->keys_only) {
        return "an archive of files cannot leave the values out";
    }
    if (opts->redact_key != NULL && opts->redact_key_len < SS_REDACT_KEY_MIN) {
        return "a key for redaction has at least 16 bytes";
    }
    return wrong_bucket_opts(opts);
}

static enum ss_status check_opts(const struct ss_dump_opts *opts, struct ss_error *err)
{
    const char *wrong = wrong_opts(opts);

    if ((unsigned)opts->format > SS_DUMP_TAR || (unsigned)opts->packing > SS_DUMP_ZSTD) {
        return ss_system(err, SS_E_ARGUMENT, 0, "no such dump format: %d, packing %d",
                         (int)opts->format, (int)opts->packing);
    }
    if (opts->rev < 0) {
        return ss_system(err, SS_E_ARGUMENT, 0, "a revision cannot be negative: %" PRId64,
                         opts->rev);
    }
    return wrong == NULL ? SS_OK : ss_system(err, SS_E_ARGUMENT, 0, "%s", wrong);
}

/* Flushes the output, and lets the cause that came first speak. */
static enum ss_status dump_end(struct ss_export *d, enum ss_status status, struct ss_error *err)
{
    ss_outbuf_flush(&d->out);
    if (status == SS_OK || status == SS_END) {
        status = d->out.failed ? ss_system(err, SS_E_OUTPUT, d->out.sys, "output cannot be written")
                               : SS_OK;
    }
    return ss_source_check(&d->file->src, status, err);
}

static enum ss_status dump_bucket(struct ss_export *d, int64_t *rev, struct ss_error *err)
{
    enum ss_status status = ss_export_bucket(d, err);

    *rev = 0; /* a bucket is of no revision */
    return status == SS_OK ? end_document(d, err) : status;
}

typedef enum ss_status (*dump_fn)(struct ss_export *d, int64_t *rev, struct ss_error *err);

/* Who writes what the options choose. */
static dump_fn writer_of(const struct ss_dump_opts *opts)
{
    return opts->bucket != NULL          ? dump_bucket
           : opts->format == SS_DUMP_TAR ? ss_export_tar
                                         : dump_file;
}

/* An archive is packed by the library that writes it. */
static bool is_packed(const struct ss_dump_opts *opts)
{
    return opts->packing != SS_DUMP_UNPACKED && opts->format != SS_DUMP_TAR;
}

/*
 * Whether there are records to dump: not in another program's file, when its buckets are wanted; nor, for
 * a dump that keeps going, where `key` itself is lost.
 */
static enum ss_status look_for_records(struct ss_export *d, struct ss_error *err)
{
    const struct ss_dump_opts *opts = d->opts;
    struct ss_rev_facts facts;
    enum ss_status status;
    bool whole;

    d->is_etcd = true;
    if (!opts->all_buckets ||
        (opts->keep_going == NULL && (opts->rev != 0 || opts->revisions || !d->all))) {
        return SS_OK;
    }
    status = rev_facts(d, &facts, &whole, err);
    d->is_etcd = facts.is_etcd || opts->rev != 0 || opts->revisions || !d->all;
    if (status == SS_CORRUPT && opts->keep_going != NULL) {
        d->is_etcd = false; /* the pass over the buckets tells why */
        return SS_OK;
    }
    return status;
}

/* Where the walks of a dump that keeps going tell what they pass over. */
static void on_skip(void *ctx, const struct ss_skip *skip)
{
    struct ss_export *d = ctx;
    const struct ss_keep_going *keep = d->opts->keep_going;

    ss_skipped_add(d->skipped, skip);
    if (keep->on_skip != NULL) {
        keep->on_skip(keep->ctx, skip);
    }
}

static enum ss_status begin_keeping(struct ss_export *d, struct ss_error *err)
{
    if (d->opts->keep_going == NULL) {
        return SS_OK;
    }
    d->keep = (struct ss_keep_going){on_skip, d};
    d->skips.keep = &d->keep;
    d->skipped = ss_skipped_new();
    return d->skipped != NULL ? SS_OK : ss_nomem(err, 0);
}

static enum ss_status dump_begin(struct ss_export *d, struct ss_error *err)
{
    const struct ss_dump_opts *opts = d->opts;
    enum ss_status status = check_opts(opts, err);

    if (status == SS_OK) {
        status = begin_keeping(d, err);
    }
    if (status == SS_OK) {
        status = look_for_records(d, err);
    }
    if (status != SS_OK) {
        return status;
    }
    if (opts->redact_key != NULL) {
        d->hmac = ss_hmac_new(opts->redact_key, opts->redact_key_len);
        if (d->hmac == NULL) {
            return ss_system(err, SS_E_NOMEM, 0, "out of memory (no HMAC-SHA-256 can be had)");
        }
    }
    d->style.record.hmac = d->hmac;
    d->style.record.value = opts->keys_only   ? SS_VALUE_LEN
                            : d->hmac != NULL ? SS_VALUE_DIGEST
                                              : SS_VALUE_BYTES;
    if (is_packed(opts)) {
        status = ss_packer_begin(&d->packer, opts->packing, ss_export_write, d, err);
    }
    if (status != SS_OK) {
        return status;
    }
    return ss_outbuf_init(&d->out, is_packed(opts) ? ss_packer_write : ss_export_write,
                          is_packed(opts) ? (void *)&d->packer : d)
               ? SS_OK
               : ss_nomem(err, SS_OUTBUF_LEN);
}

enum ss_status ss_dump(const struct ss_file *file, const struct ss_dump_opts *opts,
                       ss_write_fn write, void *write_ctx, const struct ss_call *call,
                       struct ss_dump_result *result, struct ss_error *err)
{
    const struct ss_range *range = &opts->range;
    struct ss_export d = {
        .file = file,
        .opts = opts,
        .call = ss_call_or_none(call),
        .style = {.format = opts->format, .record = {.revisions = opts->revisions}},
        .all = range->from == NULL && range->to == NULL && range->prefix_len == 0,
        .write = write,
        .write_ctx = write_ctx,
    };
    enum ss_status status;

    ss_error_clear(err);
    *result = (struct ss_dump_result){0};
    status = ss_call_begin(call, PROGRESS_PHASE, err);
    if (status == SS_OK) {
        status = dump_begin(&d, err);
    }
    if (status == SS_OK) {
        status = dump_end(&d, writer_of(opts)(&d, &result->rev, err), err);
    }
    status = ss_packer_end(&d.packer, status, err);
    result->record_count = d.count;
    result->out_len = is_packed(opts) ? d.packer.out_len : d.out.flushed_len;
    result->skip_count = d.skips.count;
    ss_outbuf_fini(&d.out);
    ss_hmac_free(d.hmac);
    ss_bitmap_fini(&d.claimed);
    ss_skipped_free(d.skipped);
    return status;
}
