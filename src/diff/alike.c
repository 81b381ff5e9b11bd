/*
 * alike.c - see alike.h.
 *
 *   A   w1 w2    w4 w5 w5       slots by word: one step along both finds the pairs
 *   B   w1    w3 w4 w5          a pair whose records are equal bytes is gone from both sides;
 *       =  │  │  =? =? │        any other stays, to be looked at again in order of key
 *
 * The records of a pair lie anywhere in two files, so pairs wait in a queue while their elements, and
 * then their values, are on the way from memory.
 */
#include "diff/alike.h"

#include "util/call.h"
#include "util/checked.h"
#include "util/prefetch.h"
#include "util/span.h"

/* Pairs on their way, and how many wait between two steps: twice that and one fit the queue. */
#define QUEUE 32u
#define STEP_WAIT 8u
#define AHEAD_LEN 256u /* of a value; what is behind that, the processor fetches in stride */
#define PROGRESS_COUNT 4096u

struct pair {
    struct ss_slot a, b;
    struct ss_entry in_a, in_b;
    bool located;
};

struct walk {
    struct ss_alike_job *job;
    uint64_t i, j; /* next slots */
    uint32_t queued, located, judged;
    struct pair queue[QUEUE];
};

unsigned ss_differences(const struct ss_diff_opts *opts, const struct ss_record *a,
                        const struct ss_record *b)
{
    unsigned differs = 0;

    if (opts->keys_only) {
        return 0;
    }
    if (!ss_span_eq(a->value, b->value)) {
        differs |= SS_DIFFERS_VALUE;
    }
    if (!opts->ignore_lease && a->lease != b->lease) {
        differs |= SS_DIFFERS_LEASE;
    }
    if (!opts->values_only && (a->create_revision != b->create_revision ||
                               a->mod_revision != b->mod_revision || a->version != b->version)) {
        differs |= SS_DIFFERS_REVISION;
    }
    return differs;
}

static void keep_a(struct ss_alike_job *job, struct ss_slot slot)
{
    job->a->slots[job->from_a + job->kept_a++] = slot;
}

static void keep_b(struct ss_alike_job *job, struct ss_slot slot)
{
    job->b->slots[job->from_b + job->kept_b++] = slot;
}

static inline void locate(const struct ss_alike_job *job, struct pair *p)
{
    p->located = ss_locator_entry(&job->a->at, p->a.loc, &p->in_a) &&
                 ss_locator_entry(&job->b->at, p->b.loc, &p->in_b);
    if (!p->located) {
        return;
    }
    ss_prefetch(p->in_a.value.ptr, ss_min_u64(p->in_a.value.len, AHEAD_LEN));
    ss_prefetch(p->in_b.value.ptr, ss_min_u64(p->in_b.value.len, AHEAD_LEN));
}

/*
 * Then records of other bytes differ, but for two encodings of the same: what is not forgotten here is
 * compared once more in order of key, so they need not be decoded twice.
 */
static bool needs_all_alike(const struct ss_diff_opts *opts)
{
    return !opts->keys_only && !opts->values_only && !opts->ignore_lease;
}

/* Equal bytes are one record: what is compared beside them, its revision, stands in them too. */
static bool is_alike(const struct ss_alike_job *job, const struct pair *p)
{
    struct ss_record a, b;

    if (!p->located) {
        return false;
    }
    if (!job->opts->keys_only && ss_span_eq(p->in_a.value, p->in_b.value)) {
        return true;
    }
    if (needs_all_alike(job->opts)) {
        return false;
    }
    return ss_locator_record(&job->a->at, p->a.loc, &a) &&
           ss_locator_record(&job->b->at, p->b.loc, &b) && ss_span_eq(a.key, b.key) &&
           ss_differences(job->opts, &a, &b) == 0;
}

static void judge(struct ss_alike_job *job, const struct pair *p)
{
    if (is_alike(job, p)) {
        job->same++;
        return;
    }
    keep_a(job, p->a);
    keep_b(job, p->b);
}

static void advance(struct walk *w, uint32_t keep)
{
    while (w->queued - w->located > keep) {
        locate(w->job, &w->queue[w->located++ % QUEUE]);
    }
    while (w->located - w->judged > keep) {
        judge(w->job, &w->queue[w->judged++ % QUEUE]);
    }
}

static void add_pair(struct walk *w, struct ss_slot a, struct ss_slot b)
{
    struct pair *p = &w->queue[w->queued++ % QUEUE];

    p->a = a;
    p->b = b;
    ss_locator_prefetch(&w->job->a->at, a.loc);
    ss_locator_prefetch(&w->job->b->at, b.loc);
    advance(w, STEP_WAIT);
}

static bool still_going(const struct walk *w)
{
    uint64_t total = w->job->a->count + w->job->b->count;

    return w->job->call == NULL || w->queued % PROGRESS_COUNT != 0 ||
           ss_call_goes_on(w->job->call, "comparing", w->i + w->j, total);
}

void ss_alike_run(struct ss_alike_job *job)
{
    struct walk w = {.job = job, .i = job->from_a, .j = job->from_b};

    while (w.i < job->to_a && w.j < job->to_b && !job->cancelled) {
        struct ss_slot a = job->a->slots[w.i], b = job->b->slots[w.j];

        if (a.word < b.word) {
            keep_a(job, a);
        } else if (a.word > b.word) {
            keep_b(job, b);
        } else {
            job->cancelled = !still_going(&w);
            add_pair(&w, a, b);
        }
        w.i += a.word <= b.word;
        w.j += a.word >= b.word;
    }
    advance(&w, 0);
    while (w.i < job->to_a) {
        keep_a(job, job->a->slots[w.i++]);
    }
    while (w.j < job->to_b) {
        keep_b(job, job->b->slots[w.j++]);
    }
}

/* The first slot whose word is not less. */
static uint64_t first_from(const struct ss_live *live, uint64_t word)
{
    uint64_t lo = 0, hi = live->count;

    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;

        if (live->slots[mid].word < word) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

void ss_alike_split(struct ss_alike_job *jobs, unsigned count)
{
    struct ss_live *a = jobs[0].a, *b = jobs[0].b;

    for (unsigned n = 0; n < count; n++) {
        uint64_t word = UINT64_MAX / count * n;

        jobs[n] = (struct ss_alike_job){
            .opts = jobs[0].opts, .a = a, .b = b, .call = n == 0 ? jobs[0].call : NULL};
        jobs[n].from_a = n == 0 ? 0 : first_from(a, word);
        jobs[n].from_b = n == 0 ? 0 : first_from(b, word);
        jobs[n].to_a = a->count;
        jobs[n].to_b = b->count;
        if (n > 0) {
            jobs[n - 1].to_a = jobs[n].from_a;
            jobs[n - 1].to_b = jobs[n].from_b;
        }
    }
}

static uint64_t close_gap(struct ss_live *live, uint64_t to, uint64_t from, uint64_t kept)
{
    if (kept > 0) {
        memmove(live->slots + to, live->slots + from, (size_t)kept * sizeof(*live->slots));
    }
    return to + kept;
}

uint64_t ss_alike_join(struct ss_alike_job *jobs, unsigned count)
{
    uint64_t end_a = 0, end_b = 0, same = 0;

    for (unsigned n = 0; n < count; n++) {
        end_a = close_gap(jobs[n].a, end_a, jobs[n].from_a, jobs[n].kept_a);
        end_b = close_gap(jobs[n].b, end_b, jobs[n].from_b, jobs[n].kept_b);
        same += jobs[n].same;
    }
    ss_live_cut(jobs[0].a, end_a);
    ss_live_cut(jobs[0].b, end_b);
    return same;
}
