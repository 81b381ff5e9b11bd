/*
 * leaves.c - see leaves.h.
 *
 * A ring of parts and two counters under one lock say all:   taken <= claimed
 *
 *   part n          ring[n % ring_len]; free again once taken > n
 *   may be claimed  while claimed - taken < ring_len and nothing has ended the walk
 *   may be taken    when taken == n and its worker is done
 *
 * Cutting a part off the tree happens under the lock too: parts have to be cut in order, and it costs
 * a hundredth of what reading one does.
 */
#include "parser/leaves.h"

#include "util/error.h"
#include "util/task.h"

#include <inttypes.h>
#include <stdlib.h>

/* So many parts are done by the caller alone: a small tree is not worth a thread. */
#define ALONE_COUNT 3u

struct part {
    struct ss_cursor cursor;
    void *slot;
    uint64_t branch_count; /* pages that the tree's cursor had entered when this part was cut */
    bool done;
    enum ss_status status; /* SS_END: it went to its end; SS_OK: on_leaf ended it, and the walk */
    struct ss_error err;
};

struct team {
    const struct ss_leaves_ops *ops;
    void *ctx;
    const struct ss_file *file;
    const struct ss_call *call;
    struct ss_cursor tree;
    struct part *ring;
    uint8_t *slots;
    uint64_t ring_len;
    uint64_t leaf_count; /* pages of the parts that were taken */

    pthread_mutex_t lock;
    pthread_cond_t room; /* for workers: a part can be claimed, or it is over */
    pthread_cond_t done; /* for the caller: a part is done */
    uint64_t claimed, taken;
    bool closed; /* nothing more is to be claimed */

    unsigned started;
    struct ss_task workers[SS_LEAVES_THREADS_MAX];
};

static void read_part(struct team *t, struct part *part)
{
    const struct ss_source *src = &t->file->src;
    struct ss_page_view leaf;

    for (;;) {
        part->status = ss_cursor_next_leaf(&part->cursor, &leaf, &part->err);
        if (part->status != SS_OK) {
            return;
        }
        part->status = t->ops->on_leaf(t->ctx, part->slot, &leaf, &part->err);
        part->status = ss_source_check(src, part->status, &part->err);
        if (part->status == SS_OK) {
            continue;
        }
        if (part->status == SS_END) {
            part->status = SS_OK;
        }
        return;
    }
}

/*
 * With the lock held: the next part to be read, or NULL when there is none now. A tree that cannot be
 * cut further makes a part that is done already, and failed.
 */
static struct part *claim(struct team *t)
{
    struct part *part = &t->ring[t->claimed % t->ring_len];
    enum ss_status status;

    if (t->closed || t->claimed - t->taken == t->ring_len) {
        return NULL;
    }
    status = ss_cursor_next_part(&t->tree, SS_PART_LEN, &part->cursor, &part->err);
    t->closed = status != SS_OK;
    if (status == SS_END) {
        return NULL;
    }
    part->status = status;
    part->done = status != SS_OK;
    part->branch_count = t->tree.entered;
    t->claimed++;
    return status == SS_OK ? part : NULL;
}

/* With the lock held, which is let go meanwhile. */
static void work(struct team *t, struct part *part)
{
    pthread_mutex_unlock(&t->lock);
    read_part(t, part);
    pthread_mutex_lock(&t->lock);
    part->done = true;
    if (part->status != SS_END) {
        t->closed = true;
    }
}

static void worker_run(void *arg)
{
    struct team *t = arg;

    pthread_mutex_lock(&t->lock);
    while (!t->closed) {
        struct part *part = claim(t);

        if (part != NULL) {
            work(t, part);
        } else if (!t->closed) {
            pthread_cond_wait(&t->room, &t->lock);
        }
        pthread_cond_signal(&t->done);
    }
    pthread_mutex_unlock(&t->lock);
}

/* All that this walk may use, the caller's included: what an earlier call has left at work counts. */
static unsigned threads_of(const struct team *t)
{
    unsigned busy = atomic_load(t->file->busy);
    unsigned all = ss_threads(t->call->threads, SS_LEAVES_THREADS_MAX + busy);

    return all > busy ? all - busy : 1;
}

/* Threads that the system does not give are done without. */
static void start_workers(struct team *t)
{
    unsigned wanted = threads_of(t) - 1;

    while (t->started < wanted && ss_task_start(&t->workers[t->started], NULL, worker_run, t)) {
        t->started++;
    }
}

/* Parts together, like one walk, may not enter more pages than there are. */
static enum ss_status count_pages(struct team *t, const struct part *part, struct ss_error *err)
{
    const struct ss_cursor *c = &part->cursor;
    const struct ss_page_view *branch = &c->stack[c->floor].page;

    t->leaf_count += c->entered;
    if (t->leaf_count + part->branch_count <= t->file->geo.page_count) {
        return SS_OK;
    }
    ss_corrupt(err, SS_E_CYCLE, branch->run.off, branch->pgid,
               "walk entered more pages than the file's %" PRIu64, t->file->geo.page_count);
    return ss_error_in_bucket(err, c->path, SS_CORRUPT);
}

/* Hands a part over. SS_OK: and on; SS_END: it was the last one that counts. */
static enum ss_status take(struct team *t, struct part *part, struct ss_error *err)
{
    enum ss_status status = t->ops->on_part(t->ctx, part->slot, err);

    part->done = false;
    if (status != SS_OK) {
        return status;
    }
    if (part->status == SS_OK) {
        return SS_END;
    }
    if (part->status == SS_END) {
        return count_pages(t, part, err);
    }
    *err = part->err;
    return part->status;
}

static enum ss_status tell(const struct team *t, const struct part *part, struct ss_error *err)
{
    return ss_call_tell(t->call, SS_PHASE_KEYS, part->branch_count + t->leaf_count,
                        t->file->geo.page_count, err);
}

/* The caller's side, with the lock held. */
static enum ss_status run(struct team *t, struct ss_error *err)
{
    enum ss_status status = SS_OK;

    while (status == SS_OK) {
        struct part *part = &t->ring[t->taken % t->ring_len];

        if (part->done) {
            pthread_mutex_unlock(&t->lock);
            status = take(t, part, err);
            if (status == SS_OK) {
                status = tell(t, part, err);
            }
            if (t->taken + 1 == ALONE_COUNT) {
                start_workers(t);
            }
            pthread_mutex_lock(&t->lock);
            t->taken++;
            pthread_cond_signal(&t->room);
        } else if ((part = claim(t)) != NULL) {
            work(t, part);
        } else if (t->taken == t->claimed) {
            status = SS_END;
        } else if (!t->ring[t->taken % t->ring_len].done) {
            pthread_cond_wait(&t->done, &t->lock);
        }
    }
    return status == SS_END ? SS_OK : status;
}

static void end_workers(struct team *t)
{
    t->closed = true;
    pthread_cond_broadcast(&t->room);
    pthread_mutex_unlock(&t->lock);
    for (unsigned i = 0; i < t->started; i++) {
        ss_task_wait(&t->workers[i], NULL);
    }
}

static void release(struct team *t)
{
    for (uint64_t i = 0; i < t->ring_len && t->slots != NULL; i++) {
        t->ops->slot_fini(t->slots + i * t->ops->slot_len);
    }
    free(t->slots);
    free(t->ring);
    pthread_cond_destroy(&t->done);
    pthread_cond_destroy(&t->room);
    pthread_mutex_destroy(&t->lock);
}

static enum ss_status make_ring(struct team *t, struct ss_error *err)
{
    t->ring_len = 2 * (uint64_t)ss_threads(t->call->threads, SS_LEAVES_THREADS_MAX);
    t->ring = malloc((size_t)t->ring_len * sizeof(*t->ring));
    t->slots = calloc((size_t)t->ring_len, t->ops->slot_len);
    if (t->ring == NULL || t->slots == NULL) {
        return ss_nomem(err, t->ring_len * (sizeof(*t->ring) + t->ops->slot_len));
    }
    for (uint64_t i = 0; i < t->ring_len; i++) {
        t->ring[i].slot = t->slots + i * t->ops->slot_len;
        t->ring[i].done = false;
    }
    return SS_OK;
}

enum ss_status ss_leaves_run(const struct ss_file *file, const struct ss_tree *tree,
                             const char *path, const struct ss_leaves_ops *ops, void *ctx,
                             const struct ss_call *call, uint64_t *entered, struct ss_error *err)
{
    struct team t = {.ops = ops, .ctx = ctx, .file = file, .call = ss_call_or_none(call)};
    enum ss_status status;

    pthread_mutex_init(&t.lock, NULL);
    pthread_cond_init(&t.room, NULL);
    pthread_cond_init(&t.done, NULL);
    ss_cursor_init(&t.tree, file, tree, path);
    status = make_ring(&t, err);
    if (status == SS_OK) {
        pthread_mutex_lock(&t.lock);
        status = run(&t, err);
        end_workers(&t);
        if (entered != NULL) {
            *entered = t.tree.entered + t.leaf_count;
        }
    }
    release(&t);
    return status;
}
