/*
 * backlog.c - see backlog.h. Two counters under one lock say all:   handled <= passed < handled + count
 *
 * Piece n lies in slot n % count, and is free again once handled > n.
 */
#include "util/backlog.h"

#include "util/task.h"

#include <stdlib.h>

struct ss_backlog {
    ss_backlog_fn fn;
    void *ctx;
    unsigned count;
    size_t piece_len;
    uint8_t *bytes; /* count x piece_len */
    size_t *lens;   /* of each slot */
    struct ss_task worker;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t passed, handled;
    bool closed; /* no further piece will come */
    bool failed;
};

static uint8_t *slot(const struct ss_backlog *backlog, uint64_t n)
{
    return backlog->bytes + (size_t)(n % backlog->count) * backlog->piece_len;
}

static void handle_all(void *arg)
{
    struct ss_backlog *backlog = arg;

    pthread_mutex_lock(&backlog->lock);
    for (;;) {
        uint64_t n = backlog->handled;
        bool ok = !backlog->failed;

        if (n == backlog->passed && backlog->closed) {
            break;
        }
        if (n == backlog->passed) {
            pthread_cond_wait(&backlog->changed, &backlog->lock);
            continue;
        }
        pthread_mutex_unlock(&backlog->lock);
        ok = ok && backlog->fn(backlog->ctx, slot(backlog, n), backlog->lens[n % backlog->count]);
        pthread_mutex_lock(&backlog->lock);
        backlog->failed = !ok;
        backlog->handled++;
        pthread_cond_signal(&backlog->changed);
    }
    pthread_mutex_unlock(&backlog->lock);
}

struct ss_backlog *ss_backlog_new(bool threaded, unsigned count, size_t piece_len, ss_backlog_fn fn,
                                  void *ctx)
{
    struct ss_backlog *backlog = calloc(1, sizeof(*backlog));

    if (backlog == NULL) {
        return NULL;
    }
    backlog->fn = fn;
    backlog->ctx = ctx;
    backlog->count = threaded ? count : 1;
    backlog->piece_len = piece_len;
    backlog->bytes = aligned_alloc(SS_BACKLOG_ALIGN, backlog->count * piece_len);
    backlog->lens = calloc(backlog->count, sizeof(*backlog->lens));
    pthread_mutex_init(&backlog->lock, NULL);
    pthread_cond_init(&backlog->changed, NULL);
    if (backlog->bytes == NULL || backlog->lens == NULL) {
        ss_backlog_free(backlog);
        return NULL;
    }
    if (threaded) {
        ss_task_start(&backlog->worker, NULL, handle_all, backlog);
    }
    return backlog;
}

uint8_t *ss_backlog_room(struct ss_backlog *backlog)
{
    uint64_t n = backlog->passed;

    if (!backlog->worker.is_running) {
        return slot(backlog, n);
    }
    pthread_mutex_lock(&backlog->lock);
    while (n - backlog->handled >= backlog->count) {
        pthread_cond_wait(&backlog->changed, &backlog->lock);
    }
    pthread_mutex_unlock(&backlog->lock);
    return slot(backlog, n);
}

bool ss_backlog_pass(struct ss_backlog *backlog, size_t len)
{
    bool ok;

    backlog->lens[backlog->passed % backlog->count] = len;
    if (!backlog->worker.is_running) {
        backlog->failed =
            backlog->failed || !backlog->fn(backlog->ctx, slot(backlog, backlog->passed), len);
        backlog->passed++;
        return !backlog->failed;
    }
    pthread_mutex_lock(&backlog->lock);
    backlog->passed++;
    ok = !backlog->failed;
    pthread_cond_signal(&backlog->changed);
    pthread_mutex_unlock(&backlog->lock);
    return ok;
}

bool ss_backlog_drain(struct ss_backlog *backlog)
{
    bool ok;

    if (!backlog->worker.is_running) {
        return !backlog->failed;
    }
    pthread_mutex_lock(&backlog->lock);
    while (backlog->handled < backlog->passed) {
        pthread_cond_wait(&backlog->changed, &backlog->lock);
    }
    ok = !backlog->failed;
    pthread_mutex_unlock(&backlog->lock);
    return ok;
}

void ss_backlog_free(struct ss_backlog *backlog)
{
    if (backlog == NULL) {
        return;
    }
    if (backlog->worker.is_running) {
        pthread_mutex_lock(&backlog->lock);
        backlog->closed = true;
        pthread_cond_signal(&backlog->changed);
        pthread_mutex_unlock(&backlog->lock);
        ss_task_wait(&backlog->worker, NULL);
    }
    pthread_cond_destroy(&backlog->changed);
    pthread_mutex_destroy(&backlog->lock);
    free(backlog->lens);
    free(backlog->bytes);
    free(backlog);
}
