/*
 * state_diff.c - the live keys of two files in step, by key.
 *
 *   A   a  b  c     e          both sides are sorted: one comparison a key,
 *   B   a     c  d  e          values are compared where they lie and never held
 *       =  -  ~  +  =
 */
#include "parser/db.h"
#include "util/error.h"
#include "util/span.h"

#include <pthread.h>

/* Building one side's state, on whichever thread. */
struct side_job {
    const struct ss_file *file;
    int64_t rev;
    const struct ss_range *range;
    struct ss_state *state;
    enum ss_status status;
    struct ss_error err;
};

struct state_diff {
    const struct ss_diff_opts *opts;
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

static void *run_side(void *arg)
{
    struct side_job *job = arg;

    job->status = ss_state_new(job->file, job->rev, job->range, &job->state, &job->err);
    return NULL;
}

static void run_sides(struct side_job jobs[2], unsigned threads)
{
    pthread_t thread;
    bool threaded = threads != 1 && pthread_create(&thread, NULL, run_side, &jobs[1]) == 0;

    run_side(&jobs[0]);
    if (threaded)
        pthread_join(thread, NULL);
    else
        run_side(&jobs[1]);
}

static unsigned differences(const struct ss_diff_opts *opts, const struct ss_record *a,
                            const struct ss_record *b)
{
    unsigned differs = 0;

    if (opts->keys_only)
        return 0;
    if (!ss_span_eq(a->value, b->value))
        differs |= SS_DIFFERS_VALUE;
    if (!opts->ignore_lease && a->lease != b->lease)
        differs |= SS_DIFFERS_LEASE;
    if (!opts->values_only && (a->create_revision != b->create_revision ||
                               a->mod_revision != b->mod_revision || a->version != b->version))
        differs |= SS_DIFFERS_REVISION;
    return differs;
}

static enum ss_status give(const struct state_diff *d, struct ss_diff_change change,
                           struct ss_error *err)
{
    if (d->on_change == NULL)
        return SS_OK;
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

    c.differs = differences(d->opts, a, b);
    if (c.differs == 0) {
        d->result->same++;
        return SS_OK;
    }
    d->result->modified++;
    return give(d, c, err);
}

static bool still_going(const struct ss_diff_opts *opts, uint64_t done, uint64_t total)
{
    return (done & 0xfff) != 0 || opts->progress == NULL ||
           opts->progress(opts->progress_ctx, "comparing", done, total);
}

static enum ss_status merge(const struct state_diff *d, struct ss_error *err)
{
    uint64_t i = 0, j = 0, n = ss_state_count(d->a), m = ss_state_count(d->b);
    enum ss_status status = SS_OK;

    while (status == SS_OK && (i < n || j < m)) {
        struct ss_record a, b;
        int c;

        if (!still_going(d->opts, i + j, n + m))
            return ss_system(err, SS_E_CANCELLED, 0, "cancelled");
        if (i < n)
            ss_state_get(d->a, i, &a);
        if (j < m)
            ss_state_get(d->b, j, &b);
        c = i == n ? 1 : j == m ? -1 : ss_span_cmp(a.key, b.key);
        if (c < 0)
            status = one_sided(d, SS_CHANGE_REMOVED, &a, err);
        else if (c > 0)
            status = one_sided(d, SS_CHANGE_ADDED, &b, err);
        else
            status = both(d, &a, &b, err);
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

static enum ss_status compare(struct state_diff *d, struct side_job jobs[2], enum ss_side *side,
                              struct ss_error *err)
{
    struct ss_diff_result *result = d->result;

    for (int i = 0; i < 2; i++) {
        if (jobs[i].status != SS_OK) {
            *err = jobs[i].err;
            *side = i == 0 ? SS_SIDE_A : SS_SIDE_B;
            return jobs[i].status;
        }
    }
    d->a = jobs[0].state;
    d->b = jobs[1].state;
    result->rev_a = ss_state_rev(d->a);
    result->rev_b = ss_state_rev(d->b);
    result->count_a = ss_state_count(d->a);
    result->count_b = ss_state_count(d->b);
    return check_sides(jobs, merge(d, err), side, err);
}

enum ss_status ss_diff(const struct ss_file *a, const struct ss_file *b,
                       const struct ss_diff_opts *opts, ss_diff_fn on_change, void *ctx,
                       struct ss_diff_result *result, enum ss_side *side, struct ss_error *err)
{
    static const struct ss_diff_opts none;
    const struct ss_diff_opts *o = opts != NULL ? opts : &none;
    struct side_job jobs[2] = {{.file = a, .rev = o->rev_a, .range = &o->range},
                               {.file = b, .rev = o->rev_b, .range = &o->range}};
    struct state_diff d = {.opts = o, .on_change = on_change, .ctx = ctx, .result = result};
    enum ss_side ignored;
    enum ss_status status;

    ss_error_clear(err);
    *result = (struct ss_diff_result){0};
    side = side != NULL ? side : &ignored;
    *side = SS_SIDE_A;
    run_sides(jobs, o->threads);
    status = compare(&d, jobs, side, err);
    ss_state_free(jobs[0].state);
    ss_state_free(jobs[1].state);
    return status;
}
