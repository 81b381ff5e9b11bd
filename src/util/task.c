/*
 * task.c - see task.h.
 */
#include "util/task.h"

#include <sched.h>
#include <signal.h>
#include <time.h>

/* A caller's progress should not stay silent for longer. */
#define WAIT_NS 100000000L

unsigned ss_threads(unsigned wanted, unsigned max)
{
    cpu_set_t set;

    if (wanted == 0) {
        wanted = sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
    }
    return wanted < max ? wanted : max;
}

static void *run(void *arg)
{
    struct ss_task *task = arg;

    task->run(task->ctx);
    pthread_mutex_lock(&task->lock);
    task->has_ended = true;
    pthread_cond_signal(&task->ended);
    pthread_mutex_unlock(&task->lock);
    return NULL;
}

/* A thread has the mask of the one that starts it. */
static bool start_masked(struct ss_task *task)
{
    static const int own[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    sigset_t masked, before;
    bool started;

    sigfillset(&masked);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        sigdelset(&masked, own[i]);
    }
    if (pthread_sigmask(SIG_SETMASK, &masked, &before) != 0) {
        return false;
    }
    started = pthread_create(&task->thread, NULL, run, task) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void release(struct ss_task *task)
{
    pthread_cond_destroy(&task->ended);
    pthread_mutex_destroy(&task->lock);
}

bool ss_task_start(struct ss_task *task, const char *phase, ss_task_fn fn, void *ctx)
{
    task->run = fn;
    task->ctx = ctx;
    task->has_ended = false;
    atomic_init(&task->cancelled, false);
    atomic_init(&task->phase, phase);
    atomic_init(&task->done, 0);
    atomic_init(&task->total, 0);
    pthread_mutex_init(&task->lock, NULL);
    pthread_cond_init(&task->ended, NULL);
    task->is_running = start_masked(task);
    if (!task->is_running) {
        release(task);
    }
    return task->is_running;
}

void ss_task_cancel(struct ss_task *task)
{
    atomic_store(&task->cancelled, true);
}

bool ss_task_report(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    struct ss_task *task = ctx;

    atomic_store_explicit(&task->done, done, memory_order_relaxed);
    atomic_store_explicit(&task->total, total, memory_order_relaxed);
    atomic_store(&task->phase, phase);
    return !ss_task_is_cancelled(task);
}

/* Sleeps until the work has ended, but no longer than WAIT_NS. Whether it has. */
static bool wait_a_little(struct ss_task *task)
{
    struct timespec until;
    bool ended;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += WAIT_NS;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&task->lock);
    if (!task->has_ended) {
        pthread_cond_timedwait(&task->ended, &task->lock, &until);
    }
    ended = task->has_ended;
    pthread_mutex_unlock(&task->lock);
    return ended;
}

void ss_task_wait(struct ss_task *task, const struct ss_call *call)
{
    if (!task->is_running) {
        return;
    }
    while (call != NULL && call->progress != NULL && !wait_a_little(task)) {
        const char *phase = atomic_load(&task->phase);

        if (phase != NULL &&
            !ss_call_goes_on(call, phase, atomic_load_explicit(&task->done, memory_order_relaxed),
                             atomic_load_explicit(&task->total, memory_order_relaxed))) {
            ss_task_cancel(task);
        }
    }
    pthread_join(task->thread, NULL);
    release(task);
    task->is_running = false;
}
