/*
 * tee.c - see tee.h.
 *
 *   done <= ready - 32      `ready` bytes are in the file, of which `done` are in the hash
 *
 * `ready` and `ended` are the writer's, under the lock; `done`, `sha` and `ok` belong to whoever hashes:
 * the thread, or, when there is none, the caller of ss_tee_finish. A short stream is not worth a
 * thread, and where none can be had the bytes are hashed at the end.
 */
#include "source/tee.h"
#include "util/checked.h"
#include "util/endian.h"
#include "util/task.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define META_MAGIC UINT32_C(0xED0CDAED)
#define META_POS 16u

enum {
    CHUNK_LEN = 1 << 18
};

struct ss_tee_job {
    int fd;
    pthread_mutex_t lock;
    pthread_cond_t more;
    uint64_t ready;
    bool ended; /* nothing comes behind `ready` */

    struct ss_task task;
    uint64_t done;
    bool ok;
    struct ss_sha256 sha;
    uint8_t buf[CHUNK_LEN];
};

static bool begins_like_bbolt(const uint8_t *bytes, uint64_t len)
{
    return len >= META_POS + 4 && (ss_load_u32(bytes + META_POS, false) == META_MAGIC ||
                                   ss_load_u32(bytes + META_POS, true) == META_MAGIC);
}

/* ------------------------------------------------------------------------------- who hashes --- */

/* Sleeps until there is a chunk to hash or the end is known; how far may be hashed. */
static uint64_t await(struct ss_tee_job *job, bool *last)
{
    uint64_t ready;

    pthread_mutex_lock(&job->lock);
    while (!job->ended && job->ready < job->done + CHUNK_LEN + SS_SHA256_LEN) {
        pthread_cond_wait(&job->more, &job->lock);
    }
    ready = job->ready;
    *last = job->ended;
    pthread_mutex_unlock(&job->lock);
    return ready > SS_SHA256_LEN ? ready - SS_SHA256_LEN : 0;
}

static bool hash_up_to(struct ss_tee_job *job, uint64_t limit)
{
    while (job->done < limit) {
        size_t len = (size_t)ss_min_u64(CHUNK_LEN, limit - job->done);
        ssize_t n = pread(job->fd, job->buf, len, (off_t)job->done);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0 || ss_task_is_cancelled(&job->task) ||
            !ss_sha256_update(&job->sha, job->buf, (size_t)n)) {
            return false;
        }
        job->done += (uint64_t)n;
    }
    return true;
}

static void hash_main(void *arg)
{
    struct ss_tee_job *job = arg;
    bool last = false;

    while (job->ok && !last) {
        uint64_t limit = await(job, &last);

        job->ok = hash_up_to(job, limit);
    }
}

/* ---------------------------------------------------------------------------- who writes --- */

static struct ss_tee_job *job_new(int fd)
{
    struct ss_tee_job *job = malloc(sizeof(*job));

    if (job == NULL) {
        return NULL;
    }
    job->fd = fd;
    job->ready = job->done = 0;
    job->ended = false;
    job->task = (struct ss_task){0};
    job->ok = ss_sha256_init(&job->sha);
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->more, NULL);
    return job;
}

static void end(struct ss_tee_job *job)
{
    pthread_mutex_lock(&job->lock);
    job->ended = true;
    pthread_cond_signal(&job->more);
    pthread_mutex_unlock(&job->lock);
    ss_task_wait(&job->task, NULL);
}

static void publish(struct ss_tee_job *job, uint64_t ready)
{
    bool wake = job->ready / CHUNK_LEN != ready / CHUNK_LEN;

    pthread_mutex_lock(&job->lock);
    job->ready = ready;
    if (wake) {
        pthread_cond_signal(&job->more);
    }
    pthread_mutex_unlock(&job->lock);
    if (!job->task.is_running && wake) {
        ss_task_start(&job->task, NULL, hash_main, job);
    }
}

void ss_tee_fini(struct ss_tee *tee)
{
    struct ss_tee_job *job = tee->job;

    tee->job = NULL;
    if (job == NULL) {
        return;
    }
    ss_task_cancel(&job->task);
    end(job);
    ss_sha256_fini(&job->sha);
    pthread_cond_destroy(&job->more);
    pthread_mutex_destroy(&job->lock);
    free(job);
}

void ss_tee_feed(struct ss_tee *tee, int fd, const uint8_t *bytes, uint64_t len, uint64_t off)
{
    if (off == 0 && tee->len == 0 && tee->job == NULL && begins_like_bbolt(bytes, len)) {
        tee->job = job_new(fd);
    }
    if (tee->job == NULL) {
        return;
    }
    if (off != tee->len) {
        ss_tee_fini(tee);
        return;
    }
    tee->len += len;
    publish(tee->job, tee->len);
}

bool ss_tee_finish(struct ss_tee *tee, uint64_t *covered, uint8_t digest[SS_SHA256_LEN])
{
    struct ss_tee_job *job = tee->job;
    bool done = false;

    *covered = tee->len > SS_SHA256_LEN ? tee->len - SS_SHA256_LEN : 0;
    if (job != NULL && *covered > 0) {
        end(job);
        hash_main(job);
        done = job->ok && job->done == *covered && ss_sha256_final(&job->sha, digest);
    }
    ss_tee_fini(tee);
    return done;
}
