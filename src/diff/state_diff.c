/*
 * state_diff.c - the live keys of two files in step, by key.
 *
 *   A   a  b  c     e          both sides' live keys are read, those that are alike are forgotten
 *   B   a     c  d  e          (alike.h), and what is left is sorted: one comparison a key,
 *       =  -  ~  +  =          values are compared where they lie and never held
 *
 * Two threads: a side each, then half of the words each, then a side each again.
 */
#include "diff/state_diff.h"

#include "diff/alike.h"
#include "parser/leaves.h"
#include "util/error.h"
#include "util/span.h"
#include "util/task.h"

#define THREADS 2u
#define THREADS_MAX (2 * SS_LEAVES_THREADS_MAX)

/* Of a record, asked for ahead of its turn: what comes before its value, and where values as a rule differ. */
#define ASK_LEN 256u

const char *ss_change_name(enum ss_change change)
{
    static const char *const names[] = {[SS_CHANGE_ADDED] = "added",
                                        [SS_CHANGE_REMOVED] = "removed",
                                        [SS_CHANGE_MODIFIED] = "modified"};

    return (unsigned)change < 3 ? names[change] : "unknown";
}

static void read_side(void *arg)
{
    struct ss_diff_side *job = arg;

    job->status =
        ss_live_read(&job->live, job->file, job->rev, job->range, job->seed, &job->call, &job->err);
}

static void drop_alike(void *arg)
{
    ss_alike_run(arg);
}

static void sort_side(void *arg)
{
    struct ss_diff_side *job = arg;

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
static void read_both(struct ss_diff_walk *walk)
{
    struct ss_diff_side *sides = walk->sides;
    struct ss_task task = {0};
    unsigned half = walk->threads / 2;
    bool started = false;

    sides[0].call = *walk->call;
    if (half > 0) {
        sides[0].call.threads = walk->threads - half;
        sides[1].call = (struct ss_call){half, ss_task_report, &task};
        started = ss_task_start(&task, SS_PHASE_KEYS, read_side, &sides[1]);
    }
    read_side(&sides[0]);
    if (sides[0].status != SS_OK) {
        ss_task_cancel(&task);
        ss_task_wait(&task, NULL);
    } else if (started) {
        ss_task_wait(&task, walk->call);
    } else {
        sides[1].call = *walk->call;
        read_side(&sides[1]);
    }
}

static enum ss_status tell(const struct ss_diff_walk *walk, uint64_t done, uint64_t total,
                           struct ss_error *err)
{
    return (done & 0xfff) != 0 ? SS_OK : ss_call_tell(walk->call, "comparing", done, total, err);
}

/* What a key is that stands in both: true when it is a change. */
static bool take_both(struct ss_diff_walk *walk, struct ss_diff_change *change)
{
    unsigned differs = ss_differences(walk->opts, &walk->a, &walk->b);

    if (differs == 0) {
        walk->result->same++;
        return false;
    }
    walk->result->modified++;
    *change = (struct ss_diff_change){SS_CHANGE_MODIFIED, differs, &walk->a, &walk->b};
    return true;
}

/* One key: true when it is a change. */
static bool take_key(struct ss_diff_walk *walk, uint64_t n, uint64_t m,
                     struct ss_diff_change *change)
{
    const struct ss_state *a = walk->sides[0].state, *b = walk->sides[1].state;
    uint64_t i = walk->next_a, j = walk->next_b;
    int c;

    if (i < n) {
        ss_state_prefetch(a, i, ASK_LEN);
        ss_state_get(a, i, &walk->a);
    }
    if (j < m) {
        ss_state_prefetch(b, j, ASK_LEN);
        ss_state_get(b, j, &walk->b);
    }
    c = i == n ? 1 : j == m ? -1 : ss_span_cmp(walk->a.key, walk->b.key);
    walk->next_a += c <= 0;
    walk->next_b += c >= 0;
    if (c == 0) {
        return take_both(walk, change);
    }
    if (c < 0) {
        walk->result->removed++;
        *change = (struct ss_diff_change){.change = SS_CHANGE_REMOVED, .a = &walk->a};
    } else {
        walk->result->added++;
        *change = (struct ss_diff_change){.change = SS_CHANGE_ADDED, .b = &walk->b};
    }
    return true;
}

enum ss_status ss_diff_walk_next(struct ss_diff_walk *walk, struct ss_diff_change *change,
                                 struct ss_error *err)
{
    uint64_t n = ss_state_count(walk->sides[0].state), m = ss_state_count(walk->sides[1].state);

    while (walk->next_a < n || walk->next_b < m) {
        enum ss_status status = tell(walk, walk->next_a + walk->next_b, n + m, err);

        if (status != SS_OK) {
            return status;
        }
        if (take_key(walk, n, m, change)) {
            return SS_OK;
        }
    }
    return SS_END;
}

enum ss_status ss_diff_walk_check(const struct ss_diff_walk *walk, enum ss_status status,
                                  enum ss_side *side, struct ss_error *err)
{
    for (int i = 0; i < 2; i++) {
        enum ss_status checked = ss_source_check(&walk->sides[i].file->src, status, err);

        if (checked != status) {
            *side = i == 0 ? SS_SIDE_A : SS_SIDE_B;
            return checked;
        }
    }
    return status;
}

/* Whose step failed first, A's before B's. */
static enum ss_status first_failure(const struct ss_diff_side *jobs, enum ss_side *side,
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

static enum ss_status forget_alike(struct ss_diff_walk *walk, struct ss_error *err)
{
    struct ss_diff_side *sides = walk->sides;
    struct ss_diff_result *result = walk->result;
    struct ss_alike_job parts[THREADS] = {
        {.opts = walk->opts, .call = walk->call, .a = &sides[0].live, .b = &sides[1].live}};
    bool cancelled = false;

    result->count_a = sides[0].live.count;
    result->count_b = sides[1].live.count;
    result->rev_a = sides[0].live.rev;
    result->rev_b = sides[1].live.rev;
    ss_alike_split(parts, THREADS);
    run_both(drop_alike, &parts[0], &parts[1], walk->threads > 1);
    result->same = ss_alike_join(parts, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        cancelled |= parts[i].cancelled;
    }
    return cancelled ? ss_cancelled(err) : SS_OK;
}

enum ss_status ss_diff_walk_open(struct ss_diff_walk *walk, const struct ss_file *a,
                                 const struct ss_file *b, const struct ss_diff_opts *opts,
                                 const struct ss_call *call, struct ss_diff_result *result,
                                 enum ss_side *side, struct ss_error *err)
{
    uint64_t seed = ss_index_seed();
    enum ss_status status;

    *result = (struct ss_diff_result){0};
    *walk = (struct ss_diff_walk){
        .opts = opts,
        .call = ss_call_or_none(call),
        .threads = ss_threads(call != NULL ? call->threads : 0, THREADS_MAX),
        .result = result,
        .sides = {{.file = a, .rev = opts->rev_a, .range = &opts->range, .seed = seed},
                  {.file = b, .rev = opts->rev_b, .range = &opts->range, .seed = seed}}};
    status = ss_call_begin(call, SS_PHASE_KEYS, err);
    if (status == SS_OK) {
        read_both(walk);
        status = first_failure(walk->sides, side, err);
    }
    if (status == SS_OK) {
        status = forget_alike(walk, err);
    }
    if (status == SS_OK) {
        run_both(sort_side, &walk->sides[0], &walk->sides[1], walk->threads > 1);
        status = first_failure(walk->sides, side, err);
    }
    return status;
}

void ss_diff_walk_close(struct ss_diff_walk *walk)
{
    for (int i = 0; i < 2; i++) {
        ss_live_fini(&walk->sides[i].live);
        ss_state_free(walk->sides[i].state);
    }
}

static enum ss_status give_all(struct ss_diff_walk *walk, ss_diff_fn on_change, void *ctx,
                               struct ss_error *err)
{
    struct ss_diff_change change;
    enum ss_status status;

    while ((status = ss_diff_walk_next(walk, &change, err)) == SS_OK) {
        status = on_change == NULL ? SS_OK : on_change(ctx, &change, err);
        if (status != SS_OK) {
            break;
        }
    }
    return status == SS_END ? SS_OK : status;
}

enum ss_status ss_diff(const struct ss_file *a, const struct ss_file *b,
                       const struct ss_diff_opts *opts, ss_diff_fn on_change, void *ctx,
                       const struct ss_call *call, struct ss_diff_result *result,
                       enum ss_side *side, struct ss_error *err)
{
    static const struct ss_diff_opts none;
    struct ss_diff_walk walk;
    enum ss_side ignored;
    enum ss_status status;

    ss_error_clear(err);
    side = side != NULL ? side : &ignored;
    *side = SS_SIDE_A;
    status = ss_diff_walk_open(&walk, a, b, opts != NULL ? opts : &none, call, result, side, err);
    if (status == SS_OK) {
        status = ss_diff_walk_check(&walk, give_all(&walk, on_change, ctx, err), side, err);
    }
    ss_diff_walk_close(&walk);
    return status;
}
