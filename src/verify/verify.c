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
#include "verify/verdict.h"

#include "util/error.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define MAX_FINDINGS_DEFAULT 1000u
#define WATCH_NS 100000000L /* how often the caller's progress is called while it waits */

/* A thread of its own is worth its start from here on. A fuzzer's files are small and shall have one. */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define THREAD_WORTH_LEN UINT64_C(1)
#else
#define THREAD_WORTH_LEN (UINT64_C(1) << 20)
#endif

struct verification {
    const struct ss_file *file;
    struct ss_verify_opts opts;
    struct ss_verify_report *report;
    struct ss_findings hash, structure, etcd;
    struct ss_hash_job job;
    pthread_t thread;
    bool threaded;
    pthread_mutex_t lock;
    pthread_cond_t finished;
    bool is_finished;
};

static void *hash_thread(void *arg)
{
    struct verification *v = arg;

    ss_hash_job_run(&v->job);
    pthread_mutex_lock(&v->lock);
    v->is_finished = true;
    pthread_cond_signal(&v->finished);
    pthread_mutex_unlock(&v->lock);
    return NULL;
}

static void start_hash(struct verification *v)
{
    ss_hash_job_init(&v->job, v->file);
    if ((v->opts.what & SS_VERIFY_HASH) == 0)
        return;
    v->threaded = v->opts.threads != 1 && v->job.total >= THREAD_WORTH_LEN &&
                  pthread_create(&v->thread, NULL, hash_thread, v) == 0;
}

/* Sleeps until the hash is done or it is time to tell how far it is. */
static bool wait_a_little(struct verification *v)
{
    struct timespec until;
    bool is_finished;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += WATCH_NS;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&v->lock);
    if (!v->is_finished)
        pthread_cond_timedwait(&v->finished, &v->lock, &until);
    is_finished = v->is_finished;
    pthread_mutex_unlock(&v->lock);
    return is_finished;
}

static void join_hash(struct verification *v, bool cancel)
{
    const struct ss_verify_opts *opts = &v->opts;

    if (cancel)
        atomic_store(&v->job.cancel, true);
    while (opts->progress != NULL && !wait_a_little(v))
        if (!opts->progress(opts->progress_ctx, "hashing", atomic_load(&v->job.done), v->job.total))
            atomic_store(&v->job.cancel, true);
    pthread_join(v->thread, NULL);
}

static void hash_here(struct verification *v)
{
    v->job.progress = v->opts.progress;
    v->job.progress_ctx = v->opts.progress_ctx;
    ss_hash_job_run(&v->job);
}

/* Ends the hash side, whatever the other came to, and takes over what it found. */
static enum ss_status finish_hash(struct verification *v, enum ss_status status,
                                  struct ss_error *err)
{
    if (v->threaded)
        join_hash(v, status != SS_OK);
    else if (status == SS_OK && (v->opts.what & SS_VERIFY_HASH) != 0)
        hash_here(v);
    if (status != SS_OK || (v->opts.what & SS_VERIFY_HASH) == 0)
        return status;
    if (v->job.status != SS_OK) {
        *err = v->job.err;
        return v->job.status;
    }
    v->report->hash = v->job.report;
    v->report->checked |= SS_VERIFY_HASH;
    ss_hash_findings(v->file, &v->report->hash, v->opts.require_hash, &v->hash);
    return SS_OK;
}

static enum ss_status check_trees(struct verification *v, struct ss_error *err)
{
    struct ss_structure_pass pass = {.file = v->file,
                                     .findings = &v->structure,
                                     .report = v->report,
                                     .progress = v->opts.progress,
                                     .progress_ctx = v->opts.progress_ctx};
    bool etcd = (v->opts.what & SS_VERIFY_ETCD) != 0;
    enum ss_status status = SS_OK;

    if (etcd)
        status = ss_meaning_new(v->file, &v->etcd, &pass.meaning, err);
    if (status == SS_OK)
        status = ss_structure_run(&pass, err);
    if (status == SS_OK && etcd)
        status = ss_meaning_finish(pass.meaning, v->report, err);
    ss_meaning_free(pass.meaning);
    if (status == SS_OK)
        v->report->checked |= v->opts.what & SS_VERIFY_STRUCTURE;
    return status;
}

static enum ss_status run(struct verification *v, struct ss_error *err)
{
    enum ss_status status = SS_OK;
    bool trees = (v->opts.what & (SS_VERIFY_STRUCTURE | SS_VERIFY_ETCD)) != 0;

    start_hash(v);
    ss_check_file(v->file, &v->structure);
    ss_check_metas(v->file, &v->structure);
    if (v->file->readable && trees)
        status = check_trees(v, err);
    status = finish_hash(v, status, err);
    return ss_source_check(&v->file->src, status, err);
}

/* Hands the joined findings and counts to the report; the parts' own counts make the verdict. */
static enum ss_status conclude(struct verification *v, struct ss_error *err)
{
    struct ss_verify_report *report = v->report;
    struct ss_verdict_parts parts = {.hash_errors = v->hash.total[SS_SEVERITY_ERROR],
                                     .structure_errors = v->structure.total[SS_SEVERITY_ERROR],
                                     .etcd_errors = v->etcd.total[SS_SEVERITY_ERROR]};

    ss_findings_join(&v->hash, &v->structure);
    ss_findings_join(&v->hash, &v->etcd);
    if (v->hash.nomem)
        return ss_nomem(err, sizeof(struct ss_finding));
    report->error_count = v->hash.total[SS_SEVERITY_ERROR];
    report->warning_count = v->hash.total[SS_SEVERITY_WARNING];
    report->note_count = v->hash.total[SS_SEVERITY_NOTE];
    report->findings = v->hash.items;
    report->finding_count = v->hash.count;
    v->hash.items = NULL;
    v->hash.count = 0;
    ss_verdict_make(v->file, &parts, report);
    return SS_OK;
}

static void fill_opts(struct verification *v, const struct ss_verify_opts *opts)
{
    if (opts != NULL)
        v->opts = *opts;
    if (v->opts.what == 0)
        v->opts.what = SS_VERIFY_ALL;
    if (v->opts.max_findings == 0)
        v->opts.max_findings = MAX_FINDINGS_DEFAULT;
    ss_findings_init(&v->hash, v->opts.max_findings);
    ss_findings_init(&v->structure, v->opts.max_findings);
    ss_findings_init(&v->etcd, v->opts.max_findings);
    pthread_mutex_init(&v->lock, NULL);
    pthread_cond_init(&v->finished, NULL);
}

static void release(struct verification *v)
{
    ss_findings_fini(&v->hash);
    ss_findings_fini(&v->structure);
    ss_findings_fini(&v->etcd);
    pthread_cond_destroy(&v->finished);
    pthread_mutex_destroy(&v->lock);
}

enum ss_status ss_verify(const struct ss_file *file, const struct ss_verify_opts *opts,
                         struct ss_verify_report **out, struct ss_error *err)
{
    struct verification v = {.file = file};
    enum ss_status status;

    *out = NULL;
    ss_error_clear(err);
    v.report = calloc(1, sizeof(*v.report));
    if (v.report == NULL)
        return ss_nomem(err, sizeof(*v.report));
    fill_opts(&v, opts);
    status = run(&v, err);
    if (status == SS_OK)
        status = conclude(&v, err);
    release(&v);
    if (status != SS_OK) {
        ss_verify_free(v.report);
        return status;
    }
    *out = v.report;
    return SS_OK;
}

void ss_verify_free(struct ss_verify_report *report)
{
    struct ss_findings list = {0};

    if (report == NULL)
        return;
    list.items = (struct ss_finding *)(uintptr_t)report->findings;
    list.count = report->finding_count;
    ss_findings_fini(&list);
    free(report);
}
