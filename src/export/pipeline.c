/*
 * pipeline.c - see pipeline.h.
 *
 * Three counters of batches, under one lock, say all:   written <= taken <= published
 *
 *   slot of batch n      n % slot_count; free again once written > n
 *   a thread may take    while taken < published
 *   batch n may write    when written == n: its turn, which it alone has until written is raised
 */
#include "export/pipeline.h"

#include "util/error.h"

#include <pthread.h>
#include <stdlib.h>

struct batch {
    uint64_t index; /* of its first record */
    uint64_t len;   /* bytes of keys and values */
    size_t count;
    struct ss_record records[SS_BATCH_COUNT];
};

struct worker {
    struct ss_pipeline *pipeline;
    pthread_t thread;
    struct ss_outbuf out;
    uint64_t seq; /* number of the batch at hand */
};

struct ss_pipeline {
    ss_format_fn format;
    const void *ctx;
    struct ss_outbuf *out;
    uint64_t record_count;

    unsigned thread_count;
    uint64_t slot_count;
    struct batch *slots;
    struct worker *workers;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t published, taken, written;
    bool closed; /* no further batch will come */
    bool failed; /* as out->failed, for those who hold no turn */
};

static void wait_for_turn(struct ss_pipeline *p, uint64_t seq)
{
    pthread_mutex_lock(&p->lock);
    while (p->written != seq) {
        pthread_cond_wait(&p->changed, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
}

/* The flush of a worker's buffer: when its batch's turn has come, on through the common output. */
static bool write_in_turn(void *ctx, const void *bytes, size_t len)
{
    struct worker *worker = ctx;
    struct ss_pipeline *p = worker->pipeline;
    struct ss_outbuf *out = p->out;

    wait_for_turn(p, worker->seq);
    ss_outbuf_pass(out, bytes, len);
    return !out->failed;
}

/* The next batch to format, in *seq; false when there will be none. */
static bool take_batch(struct ss_pipeline *p, uint64_t *seq)
{
    bool some;

    pthread_mutex_lock(&p->lock);
    while (p->taken == p->published && !p->closed) {
        pthread_cond_wait(&p->changed, &p->lock);
    }
    some = p->taken < p->published;
    if (some) {
        *seq = p->taken++;
    }
    pthread_mutex_unlock(&p->lock);
    return some;
}

/* A formatter may fail its own buffer; that fails the common output, too. */
static void end_turn(struct ss_pipeline *p, const struct ss_outbuf *formatted)
{
    if (formatted->failed && !p->out->failed) {
        p->out->failed = true;
        p->out->sys = formatted->sys;
    }
    pthread_mutex_lock(&p->lock);
    p->failed = p->out->failed;
    p->written++;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static void *worker_run(void *arg)
{
    struct worker *worker = arg;
    struct ss_pipeline *p = worker->pipeline;

    while (take_batch(p, &worker->seq)) {
        const struct batch *batch = &p->slots[worker->seq % p->slot_count];

        p->format(p->ctx, &worker->out, batch->records, batch->count, batch->index);
        ss_outbuf_flush(&worker->out);
        wait_for_turn(p, worker->seq);
        end_turn(p, &worker->out);
    }
    return NULL;
}

/* Hands on the batch at hand, and waits until the next one's slot is free. */
static void publish(struct ss_pipeline *p)
{
    pthread_mutex_lock(&p->lock);
    p->published++;
    pthread_cond_broadcast(&p->changed);
    while (p->published - p->written == p->slot_count) {
        pthread_cond_wait(&p->changed, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
}

static bool has_failed(struct ss_pipeline *p)
{
    bool failed;

    pthread_mutex_lock(&p->lock);
    failed = p->failed;
    pthread_mutex_unlock(&p->lock);
    return failed;
}

bool ss_pipeline_add(struct ss_pipeline *p, const struct ss_record *rec)
{
    struct batch *batch;

    if (p->thread_count == 0) {
        p->format(p->ctx, p->out, rec, 1, p->record_count++);
        return !p->out->failed;
    }
    batch = &p->slots[p->published % p->slot_count];
    if (batch->count == 0) {
        batch->index = p->record_count;
    }
    batch->records[batch->count++] = *rec;
    batch->len += rec->key.len + rec->value.len;
    p->record_count++;
    if (batch->count < SS_BATCH_COUNT && batch->len < SS_BATCH_LEN) {
        return true;
    }
    publish(p);
    batch = &p->slots[p->published % p->slot_count];
    batch->count = 0;
    batch->len = 0;
    return !has_failed(p);
}

/* Ends the workers that were started, and frees everything. */
static void pipeline_free(struct ss_pipeline *p)
{
    pthread_mutex_lock(&p->lock);
    p->closed = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->thread_count; i++) {
        pthread_join(p->workers[i].thread, NULL);
        ss_outbuf_fini(&p->workers[i].out);
    }
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p->workers);
    free(p->slots);
    free(p);
}

void ss_pipeline_finish(struct ss_pipeline *p)
{
    if (p == NULL) {
        return;
    }
    if (p->thread_count > 0 && p->slots[p->published % p->slot_count].count > 0) {
        pthread_mutex_lock(&p->lock);
        p->published++;
        pthread_mutex_unlock(&p->lock);
    }
    pipeline_free(p);
}

static enum ss_status start_workers(struct ss_pipeline *p, unsigned threads, struct ss_error *err)
{
    p->slot_count = 2u * threads + 2u;
    p->slots = calloc((size_t)p->slot_count, sizeof(p->slots[0]));
    p->workers = calloc(threads, sizeof(p->workers[0]));
    if (p->slots == NULL || p->workers == NULL) {
        return ss_nomem(err, p->slot_count * sizeof(p->slots[0]));
    }
    for (; p->thread_count < threads; p->thread_count++) {
        struct worker *worker = &p->workers[p->thread_count];
        int sys;

        worker->pipeline = p;
        if (!ss_outbuf_init(&worker->out, write_in_turn, worker)) {
            return ss_nomem(err, SS_OUTBUF_LEN);
        }
        sys = pthread_create(&worker->thread, NULL, worker_run, worker);
        if (sys != 0) {
            ss_outbuf_fini(&worker->out);
            return ss_system(err, SS_E_NOMEM, sys, "a thread cannot be started");
        }
    }
    return SS_OK;
}

enum ss_status ss_pipeline_start(struct ss_pipeline **pipeline, unsigned threads,
                                 ss_format_fn format, const void *ctx, struct ss_outbuf *out,
                                 struct ss_error *err)
{
    struct ss_pipeline *p = calloc(1, sizeof(*p));
    enum ss_status status = SS_OK;

    *pipeline = NULL;
    if (p == NULL) {
        return ss_nomem(err, sizeof(*p));
    }
    *p = (struct ss_pipeline){.format = format, .ctx = ctx, .out = out};
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    if (threads > SS_PIPELINE_THREADS_MAX) {
        threads = SS_PIPELINE_THREADS_MAX;
    }
    if (threads > 0 && ss_outbuf_flush(out)) {
        status = start_workers(p, threads, err);
    }
    if (status != SS_OK) {
        pipeline_free(p);
        return status;
    }
    *pipeline = p;
    return SS_OK;
}
