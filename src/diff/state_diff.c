/*
 * state_diff.c - the live keys of two files in step, by key.
 *
 *   A   a  b  c     e          both sides' live keys are read, those that are alike are forgotten
 *   B   a     c  d  e          (alike.h), and what is left is sorted: one comparison a key,
 *       =  -  ~  +  =          values are compared where they lie and never held
 *
 * Two threads: a side each, then half of the words each, then a side each again.
 */
#include "diff/alike.h"
#include "parser/leaves.h"
#include "util/error.h"
#include "util/span.h"
#include "util/task.h"

#define THREADS 2u
#define THREADS_MAX (2 * SS_LEAVES_THREADS_MAX)

/* Of a record, asked for ahead of its turn: what comes before its value, and where values as a rule differ. */
#define ASK_LEN 256u

/* One side's part of a step, on whichever thread. */
struct side_job {
    const struct ss_file *file;
    const struct ss_range *range;
    int64_t rev;
    uint64_t seed;
    struct ss_call call;
    struct ss_live live;
    struct ss_state *state;
    enum ss_status status;
    struct ss_error err;
};

struct state_diff {
    const struct ss_diff_opts *opts;
    const struct ss_call *call;
    unsigned threads; /* that the two sides share */
    ss_diff_fn on_change;
    void *ctx;
    struct ss_diff_result *result;
    const struct ss_state *a, *b;
};

const char *ss_change_name(enum ss_change change)
{
    static const char *const names[] = {[SS_CHANGE_ADDED] = "added",
                                        [SS_CHANGE_REMOVED] = "removed",
                                        [SS_CHANGE_MODIFIED] = "modified"};

    return (unsigned)change < 3 ? names[change] : "unknown";
}

static void read_side(void *arg)
{
    struct side_job *job = arg;

    job->status =
        ss_live_read(&job->live, job->file, job->rev, job->range, job->seed, &job->call, &job->err);
}

static void drop_alike(void *arg)
{
    ss_alike_run(arg);
}

static void sort_side(void *arg)
{
    struct side_job *job = arg;

    job->status = ss_live_sort(&job->live, &job->state, &job->err);
}

/* Runs both jobs, at the same time if more than one thread is allowed and there is one to be had. */
static void run_both(ss_task_fn run, void *first, void *second, bool may_start)
{
    struct ss_task task = {0};
    bool started = may_start && ss_task_start(&task, NULL, run, second);

    run(first);
    if (!started) {
        run(second);
    }
    ss_task_wait(&task, NULL);
}

/* A on the caller's thread, B as a task where one more is allowed, and each with half of what is. */
static void read_both(const struct state_diff *d, struct side_job jobs[2])
{
    struct ss_task task = {0};
    unsigned half = d->threads / 2;
    bool started = false;

    jobs[0].call = *d->call;
    if (half > 0) {
        jobs[0].call.threads = d->threads - half;
        jobs[1].call = (struct ss_call){half, ss_task_report, &task};
        started = ss_task_start(&task, SS_PHASE_KEYS, read_side, &jobs[1]);
    }
    read_side(&jobs[0]);
    if (jobs[0].status != SS_OK) {
        ss_task_cancel(&task);
        ss_task_wait(&task, NULL);
    } else if (started) {
        ss_task_wait(&task, d->call);
    } else {
        jobs[1].call = *d->call;
        read_side(&jobs[1]);
    }
}

static enum ss_status give(const struct state_diff *d, struct ss_diff_change change,
                           struct ss_error *err)
{
    if (d->on_change == NULL) {
        return SS_OK;
    }
    return d->on_change(d->ctx, &change, err);
}

static enum ss_status one_sided(const struct state_diff *d, enum ss_change change,
                                const struct ss_record *rec, struct ss_error *err)
{
    struct ss_diff_change c = {.change = change};

    if (change == SS_CHANGE_REMOVED) {
        c.a = rec;
        d->result->removed++;
    } else {
        c.b = rec;
        d->result->added++;
    }
    return give(d, c, err);
}

static enum ss_status both(const struct state_diff *d, const struct ss_record *a,
                           const struct ss_record *b, struct ss_error *err)
{
    struct ss_diff_change c = {.change = SS_CHANGE_MODIFIED, .a = a, .b = b};

    c.differs = ss_differences(d->opts, a, b);
    if (c.differs == 0) {
        d->result->same++;
        return SS_OK;
    }
    d->result->modified++;
    return give(d, c, err);
}

static enum ss_status tell(const struct state_diff *d, uint64_t done, uint64_t total,
                           struct ss_error *err)
{
    return (done & 0xfff) != 0 ? SS_OK : ss_call_tell(d->call, "comparing", done, total, err);
}

static enum ss_status merge(const struct state_diff *d, struct ss_error *err)
{
    uint64_t i = 0, j = 0, n = ss_state_count(d->a), m = ss_state_count(d->b);
    enum ss_status status = SS_OK;

    while (status == SS_OK && (i < n || j < m)) {
        struct ss_record a, b;
        int c;

        status = tell(d, i + j, n + m, err);
        if (status != SS_OK) {
            return status;
        }
        if (i < n) {
            ss_state_prefetch(d->a, i, ASK_LEN);
            ss_state_get(d->a, i, &a);
        }
        if (j < m) {
            ss_state_prefetch(d->b, j, ASK_LEN);
            ss_state_get(d->b, j, &b);
        }
        c = i == n ? 1 : j == m ? -1 : ss_span_cmp(a.key, b.key);
        if (c < 0) {
            status = one_sided(d, SS_CHANGE_REMOVED, &a, err);
        } else if (c > 0) {
            status = one_sided(d, SS_CHANGE_ADDED, &b, err);
        } else {
            status = both(d, &a, &b, err);
        }
        i += c <= 0;
        j += c >= 0;
    }
    return status == SS_END ? SS_OK : status;
}

/* A read that failed on the way makes whatever was compared worthless: it comes before all else. */
static enum ss_status check_sides(const struct side_job jobs[2], enum ss_status status,
                                  enum ss_side *side, struct ss_error *err)
{
    for (int i = 0; i < 2; i++) {
        enum ss_status checked = ss_source_check(&jobs[i].file->src, status, err);

        if (checked != status) {
            *side = i == 0 ? SS_SIDE_A : SS_SIDE_B;
            return checked;
        }
    }
    return status;
}

/* Whose step failed first, A's before B's. */
static enum ss_status first_failure(const struct side_job jobs[2], enum ss_side *side,
                                    struct ss_error *err)
{
    for (int i = 0; i < 2; i++) {
        if (jobs[i].status != SS_OK) {
            *err = jobs[i].err;
            *side = i == 0 ? SS_SIDE_A : SS_SIDE_B;
            return jobs[i].status;
        }
    }
    return SS_OK;
}

static enum ss_status forget_alike(struct state_diff *d, struct side_job jobs[2],
                                   struct ss_error *err)
{
    struct ss_alike_job parts[THREADS] = {
        {.opts = d->opts, .call = d->call, .a = &jobs[0].live, .b = &jobs[1].live}};
    bool cancelled = false;

    d->result->count_a = jobs[0].live.count;
    d->result->count_b = jobs[1].live.count;
    d->result->rev_a = jobs[0].live.rev;
    d->result->rev_b = jobs[1].live.rev;
    ss_alike_split(parts, THREADS);
    run_both(drop_alike, &parts[0], &parts[1], d->threads > 1);
    d->result->same = ss_alike_join(parts, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        cancelled |= parts[i].cancelled;
    }
    return cancelled ? ss_cancelled(err) : SS_OK;
}

static enum ss_status compare(struct state_diff *d, struct side_job jobs[2], enum ss_side *side,
                              struct ss_error *err)
{
    enum ss_status status;

    read_both(d, jobs);
    status = first_failure(jobs, side, err);
    if (status != SS_OK) {
        return status;
    }
    status = forget_alike(d, jobs, err);
    if (status != SS_OK) {
        return status;
    }
    run_both(sort_side, &jobs[0], &jobs[1], d->threads > 1);
    status = first_failure(jobs, side, err);
    if (status != SS_OK) {
        return status;
    }
    d->a = jobs[0].state;
    d->b = jobs[1].state;
    return check_sides(jobs, merge(d, err), side, err);
}

enum ss_status ss_diff(const struct ss_file *a, const struct ss_file *b,
                       const struct ss_diff_opts *opts, ss_diff_fn on_change, void *ctx,
                       const struct ss_call *call, struct ss_diff_result *result,
                       enum ss_side *side, struct ss_error *err)
{
    static const struct ss_diff_opts none;
    const struct ss_diff_opts *o = opts != NULL ? opts : &none;
    uint64_t seed = ss_index_seed();
    struct side_job jobs[2] = {{.file = a, .rev = o->rev_a, .range = &o->range, .seed = seed},
                               {.file = b, .rev = o->rev_b, .range = &o->range, .seed = seed}};
    struct state_diff d = {.opts = o,
                           .call = ss_call_or_none(call),
                           .threads = ss_threads(call != NULL ? call->threads : 0, THREADS_MAX),
                           .on_change = on_change,
                           .ctx = ctx,
                           .result = result};
    enum ss_side ignored;
    enum ss_status status;

    ss_error_clear(err);
    *result = (struct ss_diff_result){0};
    side = side != NULL ? side : &ignored;
    *side = SS_SIDE_A;
    status = ss_call_begin(call, SS_PHASE_KEYS, err);
    if (status == SS_OK) {
        status = compare(&d, jobs, side, err);
    }
    for (int i = 0; i < 2; i++) {
        ss_live_fini(&jobs[i].live);
        ss_state_free(jobs[i].state);
    }
    return status;
}
