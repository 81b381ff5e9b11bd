/*
 * checking.c - see checking.h.
 */
#include "intake/checking.h"

#include "util/call.h"
#include "util/error.h"
#include "verify/hash.h"

#include <string.h>

/* False: a look at sizes and at the last 32 bytes is enough to refuse. */
static bool may_be_accepted(const struct ss_file *file, const struct ss_intake_opts *opts)
{
    static const uint8_t zero[sizeof(((struct ss_hash_report *)NULL)->found)];
    struct ss_hash_job job;

    if (!file->readable || file->geo.page_count < file->geo.high_water) {
        return false;
    }
    ss_hash_job_init(&job, file);
    if (job.report.found_len == 0) {
        return opts->skip_hash_check || opts->allow_missing_hash || opts->vouches_not;
    }
    return job.report.found_len == sizeof(zero) &&
           (opts->skip_hash_check || memcmp(job.report.found, zero, sizeof(zero)) != 0);
}

static void check_trees(void *arg)
{
    struct ss_checking *c = arg;
    bool own_thread = !c->without_hash && ss_call_parts(c->call, 4) == 4;
    struct ss_verify_opts opts = {.what = own_thread ? SS_VERIFY_HASH : SS_VERIFY_STRUCTURE};

    c->status = ss_verification_trees(c->file, &opts, &c->inner, &c->verification, &c->err);
    if (c->status != SS_OK) {
        return;
    }
    if (ss_verification_errors(c->verification, !c->opts.rebuilds) > 0) {
        atomic_store(&c->refused, true);
    }
    if (!c->without_hash) {
        ss_verification_hash(c->verification);
    }
}

bool ss_checking_begin(struct ss_checking *c, const struct ss_file *file,
                       const struct ss_intake_opts *opts, const struct ss_call *call,
                       bool without_hash)
{
    if (ss_call_parts(call, 2) < 2 || file->geo.bytes.len < SS_THREAD_WORTH_LEN ||
        !may_be_accepted(file, opts)) {
        return false;
    }
    *c = (struct ss_checking){
        .file = file, .opts = *opts, .call = call, .without_hash = without_hash};
    c->inner = (struct ss_call){
        .threads = call->threads, .progress = ss_task_report, .progress_ctx = &c->task};
    return ss_task_start(&c->task, SS_PHASE_TREES, check_trees, c);
}

/* A thread is worth its start for long work only. */
bool ss_checking_leaves_thread(const struct ss_checking *c, const struct ss_file *file,
                               const struct ss_call *call)
{
    unsigned due = c != NULL ? 3 : 2;

    return ss_call_parts(call, due) == due && file->geo.bytes.len >= SS_THREAD_WORTH_LEN;
}

bool ss_checking_refused(const struct ss_checking *c)
{
    return atomic_load_explicit(&c->refused, memory_order_relaxed);
}

static enum ss_status finish(struct ss_checking *c, const uint8_t *digest, struct ss_intake *out,
                             struct ss_error *err)
{
    enum ss_status status;

    if (c->status != SS_OK) {
        *err = c->err;
        return c->status;
    }
    status = ss_verification_finish(c->verification, digest, c->call, &out->checked, err);
    if (status == SS_OK) {
        ss_intake_judge(out, &c->opts);
    }
    return status;
}

enum ss_status ss_checking_end(struct ss_checking *c, const uint8_t *digest, bool cancel,
                               struct ss_intake *out, struct ss_error *err)
{
    enum ss_status status;

    memset(out, 0, sizeof(*out));
    if (cancel) {
        ss_task_cancel(&c->task);
    }
    ss_task_wait(&c->task, c->call);
    if (cancel) {
        status = ss_cancelled(err);
    } else {
        status = finish(c, digest, out, err);
    }
    ss_verification_free(c->verification);
    return status;
}
