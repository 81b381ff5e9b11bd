/*
 * verify.c - the whole verification: the hash on one thread, structure and meaning on the other.
 *
 *   caller ──┬── file, metas ── structure ── meaning ──┬── findings joined ── verdict
 *            └── hash thread ─────────────────────────┘   in a fixed order
 *
 * Each side fills lists of its own, which are joined when both are done: the report never depends on
 * which one was faster.
 */
#include "verify/hash.h"
#include "verify/structure.h"
#include "verify/text_mode.h"
#include "verify/verdict.h"
#include "verify/verification.h"

#include "util/call.h"
#include "util/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_FINDINGS_DEFAULT 1000u

struct ss_verification {
    const struct ss_file *file;
    struct ss_verify_opts opts;
    const struct ss_call *call;
    struct ss_verify_report *report;
    struct ss_findings hash, tail, structure, etcd; /* in the report's order */
    struct ss_hash_job job;
};

static void start_hash(struct ss_verification *v)
{
    ss_hash_job_init(&v->job, v->file);
    if ((v->opts.what & SS_VERIFY_HASH) != 0 && ss_call_parts(v->call, 2) == 2) {
        ss_hash_job_start(&v->job);
    }
}

/* Ends the hash side, whatever the other came to, and takes over what it found. */
static enum ss_status finish_hash(struct ss_verification *v, enum ss_status status,
                                  struct ss_error *err)
{
    if (status != SS_OK || (v->opts.what & SS_VERIFY_HASH) == 0) {
        ss_hash_job_cancel(&v->job);
        return status;
    }
    ss_hash_job_finish(&v->job, v->call);
    if (v->job.status != SS_OK) {
        *err = v->job.err;
        return v->job.status;
    }
    v->report->hash = v->job.report;
    v->report->checked |= SS_VERIFY_HASH;
    ss_hash_findings(v->file, &v->report->hash, v->opts.require_hash, &v->hash);
    return SS_OK;
}

static enum ss_status check_trees(struct ss_verification *v, struct ss_error *err)
{
    struct ss_structure_pass pass = {
        .file = v->file, .findings = &v->structure, .report = v->report, .call = v->call};
    bool etcd = (v->opts.what & SS_VERIFY_ETCD) != 0;
    bool hashing = (v->opts.what & SS_VERIFY_HASH) != 0;
    enum ss_status status = SS_OK;

    pass.may_start = !etcd && !hashing && ss_call_parts(v->call, 2) == 2;
    if (etcd) {
        status = ss_etcd_check_new(v->file, &v->etcd, &pass.meaning, err);
    }
    if (status == SS_OK) {
        status = ss_structure_run(&pass, err);
    }
    if (status == SS_OK && etcd) {
        status = ss_etcd_check_finish(pass.meaning, v->report, err);
    }
    ss_etcd_check_free(pass.meaning);
    if (status == SS_OK) {
        v->report->checked |= v->opts.what & SS_VERIFY_STRUCTURE;
    }
    return status;
}

static void find_other(struct ss_verification *v)
{
    const struct ss_other_tree *other = &v->report->other;
    struct ss_place at = {v->file->meta[other->which].off, (uint64_t)other->which, SS_NONE, NULL};
    char records[96] = "";

    if (other->is_etcd) {
        snprintf(records, sizeof(records), ", with %" PRIu64 " records and %" PRIu64 " live keys",
                 other->record_count, other->live_count);
    }
    if (other->error_count == 0) {
        ss_find(
            &v->structure, SS_CHECK_META_OTHER_TREE, at, NULL, NULL,
            "the tree of meta %d is whole at txid %" PRIu64 "%s; meta %d, which was read, is at "
            "txid %" PRIu64,
            other->which, other->txid, records, v->file->current, ss_file_current(v->file)->txid);
    } else {
        ss_find(&v->structure, SS_CHECK_META_OTHER_TREE, at, NULL, NULL,
                "the tree of meta %d at txid %" PRIu64 " is damaged too: %" PRIu64
                " error%s, the first %s%s",
                other->which, other->txid, other->error_count, other->error_count == 1 ? "" : "s",
                other->first != NULL ? other->first->id : "not kept", records);
    }
}

/* When the tree that was read is damaged: until the next commit the state before it is still there. */
static enum ss_status look_at_other(struct ss_verification *v, struct ss_error *err)
{
    enum ss_status status;

    if (ss_verification_errors(v, true) == 0) {
        return SS_OK;
    }
    status = ss_other_tree(v->file, v->call, &v->report->other, err);
    if (status == SS_OK && v->report->other.exists) {
        find_other(v);
    }
    return status;
}

/* All but the hash. */
static enum ss_status check_all_trees(struct ss_verification *v, struct ss_error *err)
{
    bool trees = (v->opts.what & (SS_VERIFY_STRUCTURE | SS_VERIFY_ETCD)) != 0;
    enum ss_status status;

    ss_check_file(v->file, &v->structure);
    status = ss_check_text_mode(v->file, v->call, &v->structure, &v->report->text_mode, err);
    if (status != SS_OK) {
        return status;
    }
    ss_check_metas(v->file, &v->structure);
    if (!v->file->readable || !trees) {
        return SS_OK;
    }
    status = check_trees(v, err);
    return status == SS_OK ? look_at_other(v, err) : status;
}

static enum ss_status run(struct ss_verification *v, struct ss_error *err)
{
    enum ss_status status;

    start_hash(v);
    status = check_all_trees(v, err);
    status = finish_hash(v, status, err);
    return ss_source_check(&v->file->src, status, err);
}

/* Hands the joined findings and counts to the report; the parts' own counts make the verdict. */
static enum ss_status conclude(struct ss_verification *v, struct ss_error *err)
{
    struct ss_verify_report *report = v->report;
    struct ss_verdict_parts parts = {.hash_errors = v->hash.total[SS_SEVERITY_ERROR],
                                     .structure_errors = v->structure.total[SS_SEVERITY_ERROR],
                                     .start_errors = v->structure.start_errors,
                                     .etcd_errors = v->etcd.total[SS_SEVERITY_ERROR]};

    if (report->text_mode.change == SS_TEXT_MODE_NONE) {
        ss_check_tail(v->file, &report->hash, &v->tail);
    }
    ss_findings_join(&v->hash, &v->tail);
    ss_findings_join(&v->hash, &v->structure);
    ss_findings_join(&v->hash, &v->etcd);
    if (v->hash.nomem) {
        return ss_nomem(err, sizeof(struct ss_finding));
    }
    report->error_count = v->hash.total[SS_SEVERITY_ERROR];
    report->freelist_error_count = v->hash.freelist_errors;
    report->start_error_count = v->hash.start_errors;
    report->warning_count = v->hash.total[SS_SEVERITY_WARNING];
    report->note_count = v->hash.total[SS_SEVERITY_NOTE];
    report->findings = v->hash.items;
    report->finding_count = v->hash.count;
    v->hash.items = NULL;
    v->hash.count = 0;
    ss_verdict_make(v->file, &parts, report);
    return SS_OK;
}

static enum ss_status begin(struct ss_verification *v, const struct ss_file *file,
                            const struct ss_verify_opts *opts, const struct ss_call *call,
                            struct ss_error *err)
{
    *v = (struct ss_verification){.file = file, .call = ss_call_or_none(call)};
    if (opts != NULL) {
        v->opts = *opts;
    }
    if (v->opts.what == 0) {
        v->opts.what = SS_VERIFY_ALL;
    }
    if (v->opts.max_findings == 0) {
        v->opts.max_findings = MAX_FINDINGS_DEFAULT;
    }
    ss_findings_init(&v->hash, v->opts.max_findings);
    ss_findings_init(&v->tail, v->opts.max_findings);
    ss_findings_init(&v->structure, v->opts.max_findings);
    ss_findings_init(&v->etcd, v->opts.max_findings);
    v->report = calloc(1, sizeof(*v->report));
    if (v->report == NULL) {
        return ss_nomem(err, sizeof(*v->report));
    }
    v->report->meta = file->current;
    v->report->in_force_meta = file->in_force;
    v->report->txid = file->readable ? ss_file_current(file)->txid : 0;
    return SS_OK;
}

static void release(struct ss_verification *v)
{
    ss_verify_free(v->report);
    ss_findings_fini(&v->hash);
    ss_findings_fini(&v->tail);
    ss_findings_fini(&v->structure);
    ss_findings_fini(&v->etcd);
}

/* Joins what was found, and hands the report over. */
static enum ss_status hand_over(struct ss_verification *v, enum ss_status status,
                                struct ss_verify_report **out, struct ss_error *err)
{
    if (status == SS_OK) {
        status = conclude(v, err);
    }
    if (status != SS_OK) {
        return status;
    }
    *out = v->report;
    v->report = NULL;
    return SS_OK;
}

enum ss_status ss_verify(const struct ss_file *file, const struct ss_verify_opts *opts,
                         const struct ss_call *call, struct ss_verify_report **out,
                         struct ss_error *err)
{
    struct ss_verification v;
    enum ss_status status;

    *out = NULL;
    ss_error_clear(err);
    if (ss_call_begin(call, SS_PHASE_TREES, err) != SS_OK) {
        return SS_SYSTEM;
    }
    status = begin(&v, file, opts, call, err);
    if (status == SS_OK) {
        status = run(&v, err);
    }
    status = hand_over(&v, status, out, err);
    release(&v);
    return status;
}

enum ss_status ss_verification_trees(const struct ss_file *file, const struct ss_verify_opts *opts,
                                     const struct ss_call *call, struct ss_verification **out,
                                     struct ss_error *err)
{
    struct ss_verification *v = calloc(1, sizeof(*v));
    enum ss_status status;

    *out = NULL;
    ss_error_clear(err);
    if (v == NULL) {
        return ss_nomem(err, sizeof(*v));
    }
    status = begin(v, file, opts, call, err);
    start_hash(v);
    v->opts.what = SS_VERIFY_ALL;
    if (status == SS_OK) {
        status = check_all_trees(v, err);
    }
    if (status != SS_OK) {
        ss_verification_free(v);
        return status;
    }
    *out = v;
    return SS_OK;
}

void ss_verification_hash(struct ss_verification *v)
{
    if (!v->job.task.is_running) {
        ss_hash_job_finish(&v->job, v->call);
    }
}

uint64_t ss_verification_errors(const struct ss_verification *v, bool with_freelist)
{
    return v->structure.total[SS_SEVERITY_ERROR] + v->etcd.total[SS_SEVERITY_ERROR] -
           v->structure.start_errors - v->etcd.start_errors -
           (with_freelist ? 0 : v->structure.freelist_errors);
}

enum ss_status ss_verification_finish(struct ss_verification *v, const uint8_t *digest,
                                      const struct ss_call *call, struct ss_verify_report **out,
                                      struct ss_error *err)
{
    enum ss_status status;

    *out = NULL;
    ss_error_clear(err);
    v->call = call;
    if (!v->job.task.is_running && !v->job.has_run) {
        v->job.given = digest;
    }
    status = finish_hash(v, SS_OK, err);
    status = ss_source_check(&v->file->src, status, err);
    return hand_over(v, status, out, err);
}

void ss_verification_free(struct ss_verification *v)
{
    if (v == NULL) {
        return;
    }
    ss_hash_job_cancel(&v->job);
    release(v);
    free(v);
}

void ss_verify_free(struct ss_verify_report *report)
{
    struct ss_findings list = {0};

    if (report == NULL) {
        return;
    }
    list.items = (struct ss_finding *)(uintptr_t)report->findings;
    list.count = report->finding_count;
    ss_findings_fini(&list);
    free(report);
}
