/*
 * lane.c - see lane.h. Two counters under one lock say all:   handled <= passed < handled + count
 *
 * Piece n lies in slot n % count, and is free again once handled > n.
 */
#include "util/lane.h"

#include "util/task.h"

#include <stdlib.h>

struct ss_lane {
    ss_lane_fn fn;
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

static uint8_t *slot(const struct ss_lane *lane, uint64_t n)
{
    return lane->bytes + (size_t)(n % lane->count) * lane->piece_len;
}

static void handle_all(void *arg)
{
    struct ss_lane *lane = arg;

    pthread_mutex_lock(&lane->lock);
    for (;;) {
        uint64_t n = lane->handled;
        bool ok = !lane->failed;

        if (n == lane->passed && lane->closed)
            break;
        if (n == lane->passed) {
            pthread_cond_wait(&lane->changed, &lane->lock);
            continue;
        }
        pthread_mutex_unlock(&lane->lock);
        ok = ok && lane->fn(lane->ctx, slot(lane, n), lane->lens[n % lane->count]);
        pthread_mutex_lock(&lane->lock);
        lane->failed = !ok;
        lane->handled++;
        pthread_cond_signal(&lane->changed);
    }
    pthread_mutex_unlock(&lane->lock);
}

struct ss_lane *ss_lane_new(bool threaded, unsigned count, size_t piece_len, ss_lane_fn fn,
                            void *ctx)
{
    struct ss_lane *lane = calloc(1, sizeof(*lane));

    if (lane == NULL)
        return NULL;
    lane->fn = fn;
    lane->ctx = ctx;
    lane->count = threaded ? count : 1;
    lane->piece_len = piece_len;
    lane->bytes = aligned_alloc(SS_LANE_ALIGN, lane->count * piece_len);
    lane->lens = calloc(lane->count, sizeof(*lane->lens));
    pthread_mutex_init(&lane->lock, NULL);
    pthread_cond_init(&lane->changed, NULL);
    if (lane->bytes == NULL || lane->lens == NULL) {
        ss_lane_free(lane);
        return NULL;
    }
    if (threaded)
        ss_task_start(&lane->worker, NULL, handle_all, lane);
    return lane;
}

uint8_t *ss_lane_room(struct ss_lane *lane)
{
    uint64_t n = lane->passed;

    if (!lane->worker.is_running)
        return slot(lane, n);
    pthread_mutex_lock(&lane->lock);
    while (n - lane->handled >= lane->count)
        pthread_cond_wait(&lane->changed, &lane->lock);
    pthread_mutex_unlock(&lane->lock);
    return slot(lane, n);
}

bool ss_lane_pass(struct ss_lane *lane, size_t len)
{
    bool ok;

    lane->lens[lane->passed % lane->count] = len;
    if (!lane->worker.is_running) {
        lane->failed = lane->failed || !lane->fn(lane->ctx, slot(lane, lane->passed), len);
        lane->passed++;
        return !lane->failed;
    }
    pthread_mutex_lock(&lane->lock);
    lane->passed++;
    ok = !lane->failed;
    pthread_cond_signal(&lane->changed);
    pthread_mutex_unlock(&lane->lock);
    return ok;
}

bool ss_lane_drain(struct ss_lane *lane)
{
    bool ok;

    if (!lane->worker.is_running)
        return !lane->failed;
    pthread_mutex_lock(&lane->lock);
    while (lane->handled < lane->passed)
        pthread_cond_wait(&lane->changed, &lane->lock);
    ok = !lane->failed;
    pthread_mutex_unlock(&lane->lock);
    return ok;
}

void ss_lane_free(struct ss_lane *lane)
{
    if (lane == NULL)
        return;
    if (lane->worker.is_running) {
        pthread_mutex_lock(&lane->lock);
        lane->closed = true;
        pthread_cond_signal(&lane->changed);
        pthread_mutex_unlock(&lane->lock);
        ss_task_wait(&lane->worker, NULL, NULL);
    }
    pthread_cond_destroy(&lane->changed);
    pthread_mutex_destroy(&lane->lock);
    free(lane->lens);
    free(lane->bytes);
    free(lane);
}
