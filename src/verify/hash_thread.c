/*
 * hash_thread.c - the trailing SHA-256 as a task, while the caller does something else.
 *
 *   caller   start ──── other work on the file ──── finish ──► report
 *   task       └── SHA-256 over the file ─────────────┘
 *
 * While it runs it is one of the threads that calls on the file may use. Where a thread is not worth
 * its start, or not to be had, finish computes the hash itself.
 */
#include "verify/hash.h"

#include "util/error.h"

#include <stdlib.h>

/* Worth a thread from here on. A fuzzer's files are small and shall have one. */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define WORTH_LEN UINT64_C(1)
#else
#define WORTH_LEN (UINT64_C(1) << 20)
#endif

static void run(void *arg)
{
    struct ss_hash_job *job = arg;

    ss_hash_job_run(job);
    if (job->busy != NULL) {
        atomic_fetch_sub(job->busy, 1);
    }
}

void ss_hash_job_start(struct ss_hash_job *job)
{
    if (job->total < WORTH_LEN || ss_hash_job_is_known(job)) {
        return;
    }
    job->call = (struct ss_call){.progress = ss_task_report, .progress_ctx = &job->task};
    if (job->busy != NULL) {
        atomic_fetch_add(job->busy, 1);
    }
    if (!ss_task_start(&job->task, "hashing", run, job) && job->busy != NULL) {
        atomic_fetch_sub(job->busy, 1);
    }
}

void ss_hash_job_finish(struct ss_hash_job *job, const struct ss_call *call)
{
    if (job->task.is_running) {
        ss_task_wait(&job->task, call);
    } else if (!job->has_run) {
        job->call = *call;
        ss_hash_job_run(job);
    }
}

void ss_hash_job_cancel(struct ss_hash_job *job)
{
    ss_task_cancel(&job->task);
    ss_task_wait(&job->task, NULL);
}

struct ss_hash_work {
    struct ss_hash_job job;
};

enum ss_status ss_hash_start(const struct ss_file *file, const struct ss_call *call,
                             struct ss_hash_work **out, struct ss_error *err)
{
    struct ss_hash_work *work;

    ss_error_clear(err);
    *out = NULL;
    if (ss_call_begin(call, "hashing", err) != SS_OK) {
        return SS_SYSTEM;
    }
    work = calloc(1, sizeof(*work));
    if (work == NULL) {
        return ss_nomem(err, sizeof(*work));
    }
    ss_hash_job_init(&work->job, file);
    work->job.busy = file->busy;
    if (ss_threads(ss_call_or_none(call)->threads, 2) > 1) {
        ss_hash_job_start(&work->job);
    }
    *out = work;
    return SS_OK;
}

enum ss_status ss_hash_finish(struct ss_hash_work *work, const struct ss_call *call,
                              struct ss_hash_report *out, struct ss_error *err)
{
    struct ss_hash_job *job = &work->job;
    enum ss_status status;

    ss_error_clear(err);
    if (ss_call_begin(call, "hashing", err) != SS_OK) {
        ss_hash_cancel(work);
        *out = (struct ss_hash_report){0};
        return SS_SYSTEM;
    }
    ss_hash_job_finish(job, ss_call_or_none(call));
    *out = job->report;
    status = job->status;
    if (status != SS_OK) {
        *err = job->err;
    }
    free(work);
    return status;
}

void ss_hash_cancel(struct ss_hash_work *work)
{
    if (work == NULL) {
        return;
    }
    ss_hash_job_cancel(&work->job);
    free(work);
}
