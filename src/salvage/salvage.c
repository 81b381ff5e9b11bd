/*
 * salvage.c - all that can still be read, into a file that etcd starts from: see salvage.h.
 *
 *   views ── walk ── keys of the tree, gaps ── sweep of all places ── settle ── bulk writer ── SHA-256
 *
 * Guarantees: the input is only read; the same input gives the same bytes. Of a sound file the output has the
 * same records in the same buckets.
 */
#include "salvage/salvage.h"

#include "intake/checking.h"
#include "util/call.h"

#include <stdlib.h>

#define FINDINGS_MAX 4096u

const char *ss_salvage_tier_name(enum ss_salvage_tier tier)
{
    static const char *const names[SS_TIER_COUNT] = {"tree",   "broken-page", "older-tree",
                                                     "orphan", "freed",       "slack"};

    return (unsigned)tier < SS_TIER_COUNT ? names[tier] : "unknown";
}

const char *ss_salvage_outcome_name(enum ss_salvage_outcome outcome)
{
    static const char *const names[] = {"sound", "damaged", "nothing"};

    return (unsigned)outcome < sizeof(names) / sizeof(names[0]) ? names[outcome] : "unknown";
}

/* Faults of the records' history, which a compaction mark over them explains. */
static bool is_history(const struct ss_finding *finding)
{
    static const char *const ids[] = {"REV-003", "REV-004", "REC-003",
                                      "REC-004", "REC-007", "REC-008"};

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        if (strcmp(finding->check->id, ids[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* What verify says of the input: whether it is sound, and whether its history has holes. */
static enum ss_status judge(const struct ss_salvage_job *job, bool *sound, bool *holes,
                            struct ss_error *err)
{
    struct ss_verify_opts opts = {.max_findings = FINDINGS_MAX};
    struct ss_verify_report *report = NULL;
    enum ss_status status = ss_verify(job->file, &opts, job->call, &report, err);

    *sound = *holes = false;
    if (status != SS_OK) {
        return status;
    }
    *sound = report->error_count == 0 && report->verdict != SS_VERDICT_UNREADABLE;
    for (size_t i = 0; i < report->finding_count; i++) {
        *holes |= is_history(&report->findings[i]);
    }
    ss_verify_free(report);
    return SS_OK;
}

/* Whether the buckets mean to etcd what their names say. */
static bool is_etcd(const struct ss_salvage_job *job)
{
    struct ss_tree tree;
    struct ss_error err;
    unsigned known = 0;

    if (!job->has_key || job->found_count > 0) {
        return job->found_count > 0;
    }
    for (unsigned i = 0; i < SS_IN_COUNT; i++) {
        ss_error_clear(&err);
        known +=
            ss_etcd_bucket_tree(&job->views[0].file, (enum ss_etcd_bucket)i, &tree, &err) == SS_OK;
    }
    return known > 1;
}

/* A marker of a bump stands at the revision of the compaction that came with it, and nowhere else. */
static bool stale_marker(const struct ss_salvage_job *job, const struct ss_found *found)
{
    int64_t mark = job->scheduled > job->compacted ? job->scheduled : job->compacted;

    return found->value_len == 0 && (job->mark != 0 || mark != 0 || job->tree_damaged) &&
           found->rev.main != (job->mark != 0 ? job->mark : mark);
}

static enum ss_status give_keys(void *ctx, struct ss_writer *w, struct ss_error *err)
{
    const struct ss_salvage_job *job = ctx;
    uint64_t sequence = job->has_key ? job->key.sequence : 0;
    enum ss_status status =
        ss_writer_begin(w, ss_span_of(SS_KEY_BUCKET, strlen(SS_KEY_BUCKET)), sequence, err);

    for (size_t i = 0; status == SS_OK && i < job->found_count; i++) {
        struct ss_entry entry = ss_found_entry(job, &job->found[i]);

        if (!job->found[i].dropped && !stale_marker(job, &job->found[i])) {
            status = ss_writer_put(w, entry.key, entry.value, err);
        }
    }
    return status == SS_OK ? ss_writer_end(w, err) : status;
}

static enum ss_status produce(void *ctx, struct ss_writer *w, struct ss_error *err)
{
    struct ss_salvage_job *job = ctx;
    enum ss_status status = ss_rest_produce(job, w, give_keys, err);

    job->counted = true;
    return ss_source_check(&job->file->src, status, err);
}

static bool tell(void *ctx, uint64_t len)
{
    const struct ss_salvage_job *job = ctx;

    job->report->out_len += len;
    return ss_call_goes_on(job->call, "writing", job->report->out_len, 0);
}

static enum ss_status write_out(struct ss_salvage_job *job, struct ss_error *err)
{
    struct ss_salvage_report *report = job->report;
    struct ss_writer_opts opts = {.page_size = report->page_size,
                                  .big_endian = report->big_endian,
                                  .hash = true,
                                  .beside = ss_checking_leaves_thread(NULL, job->file, job->call)
                                                ? SS_BESIDE_HASH
                                                : SS_BESIDE_NOTHING,
                                  .tell = tell,
                                  .tell_ctx = job,
                                  .txid = SS_TXID_NEW};
    struct ss_writer_result out;
    enum ss_status status = ss_write_db(&opts, produce, job, job->write, job->write_ctx, &out, err);

    report->high_water = out.high_water;
    report->out_len = out.out_len;
    memcpy(report->sha256, out.sha256, sizeof(report->sha256));
    return status;
}

static enum ss_status collect(struct ss_salvage_job *job, bool *sound, struct ss_error *err)
{
    struct ss_salvage_report *report = job->report;
    bool holes = false;
    enum ss_status status = judge(job, sound, &holes, err);

    if (status == SS_OK) {
        status = ss_views_find(job, err);
    }
    if (status == SS_OK) {
        status = ss_views_walk(job, err);
    }
    if (status == SS_OK) {
        status = ss_keys_of_tree(job, err);
    }
    if (status == SS_OK) {
        ss_gaps_settle(job);
        status = ss_sweep(job, err);
    }
    if (status == SS_OK) {
        status = ss_found_settle(job, err);
    }
    report->is_etcd = status == SS_OK && is_etcd(job);
    if (report->is_etcd && (holes || job->lost) && report->last_revision > job->compacted) {
        job->mark = report->compact_mark = report->last_revision;
    }
    return status;
}

static enum ss_status run(struct ss_salvage_job *job, struct ss_error *err)
{
    struct ss_salvage_report *report = job->report;
    bool sound;
    enum ss_status status = collect(job, &sound, err);

    if (status != SS_OK) {
        return status;
    }
    report->outcome = sound ? SS_SALVAGE_SOUND : SS_SALVAGE_DAMAGED;
    if (job->view_count == 0 && report->record_count == 0) {
        report->outcome = SS_SALVAGE_NOTHING;
        return SS_OK;
    }
    return write_out(job, err);
}

enum ss_status ss_salvage(const struct ss_file *file, const struct ss_salvage_opts *opts,
                          ss_write_fn write, void *write_ctx, const struct ss_call *call,
                          struct ss_salvage_report *report, struct ss_error *err)
{
    struct ss_salvage_job *job;
    enum ss_status status;

    ss_error_clear(err);
    *report = (struct ss_salvage_report){0};
    job = calloc(1, sizeof(*job));
    if (job == NULL) {
        return ss_nomem(err, sizeof(*job));
    }
    job->file = file;
    job->opts = opts;
    job->call = ss_call_or_none(call);
    job->report = report;
    job->write = write;
    job->write_ctx = write_ctx;
    status = run(job, err);
    status = ss_source_check(&file->src, status, err);
    ss_views_fini(job);
    free(job->gaps);
    free(job->found);
    free(job->retry);
    free(job);
    return status;
}
