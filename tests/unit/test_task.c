/*
 * test_task.c - work on a thread of its own: what it did is seen, what it reports is forwarded, it can be
 * cancelled, and it takes no signals of the program's.
 */
#include "util/task.h"

#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct work {
    struct ss_task task;
    sem_t go;
    bool waits;       /* until it is cancelled; else for `go` */
    bool was_stopped; /* a report came back false */
    pthread_t ran_on;
    sigset_t mask;
};

static void run(void *ctx)
{
    struct work *work = ctx;

    work->ran_on = pthread_self();
    pthread_sigmask(SIG_SETMASK, NULL, &work->mask);
    work->was_stopped = !ss_task_report(&work->task, "second", 3, 9);
    while (work->waits && !work->was_stopped) {
        work->was_stopped = !ss_task_report(&work->task, "second", 3, 9);
    }
    while (!work->waits && sem_wait(&work->go) != 0) {
    }
}

struct seen {
    struct work *work;
    unsigned call_count;
    bool stop;
    uint64_t done, total;
    pthread_t on;
};

/* Lets the work go on, or stops it, as soon as its own report has come by. */
static bool watch(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    struct seen *seen = ctx;

    seen->on = pthread_self();
    if (strcmp(phase, "second") != 0) {
        assert_string_equal(phase, "first");
        return true;
    }
    if (seen->call_count++ == 0 && !seen->stop) {
        sem_post(&seen->work->go);
    }
    seen->done = done;
    seen->total = total;
    return !seen->stop;
}

static void test_watched(void **state)
{
    struct work work = {0};
    struct seen seen = {.work = &work};
    const struct ss_call call = {.progress = watch, .progress_ctx = &seen};

    (void)state;
    sem_init(&work.go, 0, 0);
    assert_true(ss_task_start(&work.task, "first", run, &work));
    assert_true(work.task.is_running);
    ss_task_wait(&work.task, &call);
    assert_false(work.task.is_running);
    assert_false(work.was_stopped);
    assert_true(seen.call_count >= 1);
    assert_int_equal(seen.done, 3);
    assert_int_equal(seen.total, 9);
    assert_true(pthread_equal(seen.on, pthread_self()));
    assert_false(pthread_equal(work.ran_on, pthread_self()));
    sem_destroy(&work.go);
}

static void test_stopped_by_progress(void **state)
{
    struct work work = {.waits = true};
    struct seen seen = {.work = &work, .stop = true};
    const struct ss_call call = {.progress = watch, .progress_ctx = &seen};

    (void)state;
    assert_true(ss_task_start(&work.task, "first", run, &work));
    ss_task_wait(&work.task, &call);
    assert_true(work.was_stopped);
    assert_true(ss_task_is_cancelled(&work.task));
}

static void test_cancelled(void **state)
{
    struct work work = {.waits = true};

    (void)state;
    for (int i = 0; i < 2; i++) { /* and can be started again */
        work.was_stopped = false;
        assert_true(ss_task_start(&work.task, NULL, run, &work));
        assert_false(ss_task_is_cancelled(&work.task));
        ss_task_cancel(&work.task);
        ss_task_wait(&work.task, NULL);
        assert_true(work.was_stopped);
    }
}

static void test_signals(void **state)
{
    static const int kept_out[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGALRM};
    static const int own[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL};
    struct work work = {0};
    sigset_t before, after;

    (void)state;
    sem_init(&work.go, 0, 1);
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_true(ss_task_start(&work.task, NULL, run, &work));
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    ss_task_wait(&work.task, NULL);
    for (size_t i = 0; i < sizeof(kept_out) / sizeof(kept_out[0]); i++) {
        assert_int_equal(sigismember(&work.mask, kept_out[i]), 1);
        assert_int_equal(sigismember(&after, kept_out[i]), sigismember(&before, kept_out[i]));
    }
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        assert_int_equal(sigismember(&work.mask, own[i]), 0);
    }
    sem_destroy(&work.go);
}

static void test_nothing_runs(void **state)
{
    struct ss_task task = {0};

    (void)state;
    ss_task_cancel(&task);
    ss_task_wait(&task, NULL);
    assert_false(task.is_running);
}

static void test_thread_count(void **state)
{
    (void)state;
    assert_int_equal(ss_threads(1, 8), 1);
    assert_int_equal(ss_threads(9, 8), 8);
    assert_true(ss_threads(0, 8) >= 1 && ss_threads(0, 8) <= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watched),      cmocka_unit_test(test_stopped_by_progress),
        cmocka_unit_test(test_cancelled),    cmocka_unit_test(test_signals),
        cmocka_unit_test(test_nothing_runs), cmocka_unit_test(test_thread_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
