/*
 * task.h - one piece of work on a thread of its own: started, watched, ended early, waited for.
 *
 *   owner    start ──── other work ──── wait, forwarding progress ──► all that `run` did is visible
 *   worker     └── run(ctx) ── reports progress, looks whether it is cancelled ──┘
 *
 * Where the system gives no thread the owner runs the work itself: every owner has to be able to. Signals
 * go to the program's own threads, so that none is lost on a worker whose reads it would not interrupt;
 * those that a worker's own instructions raise, as SIGBUS of a mapped read, stay its own.
 */
#ifndef SS_UTIL_TASK_H
#define SS_UTIL_TASK_H

#include "util/call.h"

#include <pthread.h>
#include <stdatomic.h>

typedef void (*ss_task_fn)(void *ctx);

/* Zeroed: nothing runs; waiting for it and cancelling it do nothing. */
struct ss_task {
    ss_task_fn run;
    void *ctx;
    bool is_running; /* the owner's: started, and not yet waited for */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool has_ended; /* under the lock */
    atomic_bool cancelled;
    _Atomic(const char *) phase; /* NULL: nothing to forward so far */
    _Atomic uint64_t done, total;
};

/*
 * Starts run(ctx) on a thread. `phase` is what is forwarded until it reports something itself; NULL: nothing.
 * False: there is no thread to be had, and nothing runs.
 */
bool ss_task_start(struct ss_task *task, const char *phase, ss_task_fn run, void *ctx);

/* Asks the work to end early. */
void ss_task_cancel(struct ss_task *task);

/* For the worker. */
static inline bool ss_task_is_cancelled(const struct ss_task *task)
{
    return atomic_load_explicit(&task->cancelled, memory_order_relaxed);
}

/* A ss_progress_fn for the worker, whose ctx is the task: keeps what the owner forwards. False: cancelled. */
bool ss_task_report(void *task, const char *phase, uint64_t done, uint64_t total);

/*
 * Until the work has ended. Meanwhile what it reports goes to the call's progress, on the calling thread,
 * and cancels it when that says stop. `call` NULL: just waits.
 */
void ss_task_wait(struct ss_task *task, const struct ss_call *call);

/* The number of threads that was asked for, at most max; 0: one for each processor that this process may use. */
unsigned ss_threads(unsigned wanted, unsigned max);

#endif
