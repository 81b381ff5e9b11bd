/*
 * test_call.c - struct ss_call means one thing in every call that takes it: one thread is the caller's own, N
 * are N at most, the caller's included, and a progress callback that refuses at once ends the call before any
 * work, with nothing left of it. pthread_create is this file's own: it counts, and hands on to the real one.
 * Where any number is allowed the same calls do start threads, so that the count is known to count.
 */
#include "build_etcd.h"
#include "scratch.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define RECORDS 1600
#define VALUE_LEN 3000u /* RECORDS of them are enough for several threads to walk, hash and write */
#define HASH_LEN 32u

typedef int (*create_fn)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

/* Threads that were started, that are at work, and the most that were at once. */
static atomic_uint started, alive, most;

struct start {
    void *(*run)(void *);
    void *arg;
};

static void *run_counted(void *arg)
{
    struct start start = *(struct start *)arg;
    void *result;

    free(arg);
    result = start.run(start.arg);
    atomic_fetch_sub(&alive, 1);
    return result;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    void *found = dlsym(RTLD_NEXT, "pthread_create");
    struct start *start = malloc(sizeof(*start));
    unsigned now;
    create_fn real;
    int sys;

    if (start == NULL) {
        abort();
    }
    *start = (struct start){run, arg};
    memcpy(&real, &found, sizeof(real));
    atomic_fetch_add(&started, 1);
    now = atomic_fetch_add(&alive, 1) + 1;
    if (now > atomic_load(&most)) {
        atomic_store(&most, now);
    }
    sys = real(thread, attr, run_counted, start);
    if (sys != 0) {
        atomic_fetch_sub(&alive, 1);
        free(start);
    }
    return sys;
}

static uint8_t *bytes_a, *bytes_b;
static size_t len_a, len_b;
static struct ss_file *a, *b;
static uint64_t written_len; /* by the calls that write */

/* ---- the calls: each gives the status that it came to, and holds nothing when that is none ---- */

static enum ss_status on_change(void *ctx, const struct ss_diff_change *change,
                                struct ss_error *err)
{
    (void)ctx;
    (void)change;
    (void)err;
    return SS_OK;
}

static enum ss_status on_item(void *ctx, const struct ss_history_item *item, struct ss_error *err)
{
    (void)ctx;
    (void)item;
    (void)err;
    return SS_OK;
}

static bool drop(void *ctx, const void *bytes, size_t len)
{
    (void)ctx;
    (void)bytes;
    written_len += len;
    return true;
}

static bool on_page(void *ctx, const struct ss_page_row *row)
{
    (void)ctx;
    (void)row;
    return true;
}

static enum ss_status call_open(const struct ss_call *call, struct ss_error *err)
{
    struct ss_file *file;
    enum ss_status status = ss_open("a", NULL, call, &file, err);

    assert_true((status == SS_OK) == (file != NULL));
    ss_close(file);
    return status;
}

static enum ss_status call_pages(const struct ss_call *call, struct ss_error *err)
{
    uint64_t faults = 77;
    enum ss_status status = ss_pages(a, on_page, NULL, NULL, call, &faults, err);

    assert_int_equal(faults, 0);
    return status;
}

static enum ss_status call_state(const struct ss_call *call, struct ss_error *err)
{
    struct ss_state *state;
    enum ss_status status = ss_state_new(a, 0, NULL, call, &state, err);

    assert_true((status == SS_OK) == (state != NULL));
    ss_state_free(state);
    return status;
}

static enum ss_status call_state_keeping(const struct ss_call *call, struct ss_error *err)
{
    static const struct ss_keep_going keep;
    struct ss_state *state;
    uint64_t skips;
    enum ss_status status = ss_state_new_keeping(a, 0, NULL, &keep, call, &state, &skips, err);

    assert_true((status == SS_OK) == (state != NULL));
    ss_state_free(state);
    return status;
}

static enum ss_status call_history(const struct ss_call *call, struct ss_error *err)
{
    const struct ss_history_opts opts = {.key = "key-", .key_len = 4, .prefix = true};
    struct ss_history_result result;
    enum ss_status status = ss_history(a, &opts, on_item, NULL, call, &result, err);

    assert_int_equal(result.record_count, status == SS_OK ? RECORDS : 0);
    return status;
}

static enum ss_status call_status(const struct ss_call *call, struct ss_error *err)
{
    struct ss_etcd_status status;

    return ss_etcd_status(a, call, &status, err);
}

static enum ss_status call_figures(const struct ss_call *call, struct ss_error *err)
{
    struct ss_key_figures figures;

    return ss_key_figures(a, call, &figures, err);
}

static enum ss_status call_hashkv(const struct ss_call *call, struct ss_error *err)
{
    struct ss_hashkv hash;

    return ss_hashkv(a, 0, 0, call, &hash, err);
}

static enum ss_status call_hash_check(const struct ss_call *call, struct ss_error *err)
{
    struct ss_hash_report report;

    return ss_hash_check(a, call, &report, err);
}

static enum ss_status call_hash_start(const struct ss_call *call, struct ss_error *err)
{
    struct ss_hash_work *work;
    enum ss_status status = ss_hash_start(a, call, &work, err);

    assert_true((status == SS_OK) == (work != NULL));
    ss_hash_cancel(work);
    return status;
}

static enum ss_status call_hash_finish(const struct ss_call *call, struct ss_error *err)
{
    const struct ss_call alone = {.threads = call->threads};
    struct ss_hash_report report;
    struct ss_hash_work *work;

    assert_int_equal(ss_hash_start(a, &alone, &work, err), SS_OK);
    return ss_hash_finish(work, call, &report, err);
}

static enum ss_status verify(unsigned what, const struct ss_call *call, struct ss_error *err)
{
    const struct ss_verify_opts opts = {.what = what};
    struct ss_verify_report *report;
    enum ss_status status = ss_verify(a, &opts, call, &report, err);

    assert_true((status == SS_OK) == (report != NULL));
    ss_verify_free(report);
    return status;
}

static enum ss_status call_text_mode(const struct ss_call *call, struct ss_error *err)
{
    struct ss_text_mode out;

    return ss_text_mode(a, call, &out, err);
}

static enum ss_status call_verify(const struct ss_call *call, struct ss_error *err)
{
    return verify(SS_VERIFY_ALL, call, err);
}

static enum ss_status call_verify_structure(const struct ss_call *call, struct ss_error *err)
{
    return verify(SS_VERIFY_STRUCTURE, call, err);
}

static enum ss_status call_other_tree(const struct ss_call *call, struct ss_error *err)
{
    struct ss_other_tree other;

    return ss_other_tree(a, call, &other, err);
}

static enum ss_status call_summary(const struct ss_call *call, struct ss_error *err)
{
    const struct ss_summary_opts opts = {.trees = true};
    struct ss_summary *summary;
    enum ss_status status = ss_summary(a, &opts, call, &summary, err);

    assert_true((status == SS_OK) == (summary != NULL));
    ss_summary_free(summary);
    return status;
}

static enum ss_status call_diff(const struct ss_call *call, struct ss_error *err)
{
    struct ss_diff_result result;
    enum ss_side side;

    return ss_diff(a, b, NULL, on_change, NULL, call, &result, &side, err);
}

static enum ss_status call_diff_ndjson(const struct ss_call *call, struct ss_error *err)
{
    struct ss_diff_result result;
    enum ss_side side;

    return ss_diff_ndjson(a, b, NULL, true, drop, NULL, call, &result, &side, err);
}

static enum ss_status call_lineage(const struct ss_call *call, struct ss_error *err)
{
    struct ss_lineage lineage;
    enum ss_side side;

    return ss_lineage_compare(a, b, call, &lineage, &side, err);
}

static enum ss_status call_lost(const struct ss_call *call, struct ss_error *err)
{
    uint64_t count;

    return ss_lost_revisions(a, NULL, NULL, call, &count, err);
}

static const struct ss_intake_opts lenient = {.skip_hash_check = true};

static enum ss_status call_intake(const struct ss_call *call, struct ss_error *err)
{
    struct ss_intake intake;
    enum ss_status status = ss_intake(a, &lenient, call, &intake, err);

    assert_true(intake.accepted == (status == SS_OK));
    ss_intake_fini(&intake);
    return status;
}

static enum ss_status call_salvage(const struct ss_call *call, struct ss_error *err)
{
    const struct ss_salvage_opts opts = {.include_freed = false};
    struct ss_salvage_report report;

    return ss_salvage(a, &opts, drop, NULL, call, &report, err);
}

static enum ss_status convert(bool rebuild, bool checked, const struct ss_call *call,
                              struct ss_error *err)
{
    const struct ss_convert_opts opts = {.rebuild = rebuild};
    struct ss_convert_result result;
    struct ss_intake intake = {0};
    enum ss_status status =
        checked ? ss_convert(a, &lenient, &opts, drop, NULL, call, &intake, &result, err)
                : ss_convert_unchecked(a, &opts, drop, NULL, call, &result, err);

    assert_true(!checked || status != SS_OK || intake.accepted);
    ss_intake_fini(&intake);
    return status;
}

static enum ss_status call_copy(const struct ss_call *call, struct ss_error *err)
{
    return convert(false, true, call, err);
}

static enum ss_status call_rebuild(const struct ss_call *call, struct ss_error *err)
{
    return convert(true, true, call, err);
}

static enum ss_status call_copy_unchecked(const struct ss_call *call, struct ss_error *err)
{
    return convert(false, false, call, err);
}

static enum ss_status call_rebuild_unchecked(const struct ss_call *call, struct ss_error *err)
{
    return convert(true, false, call, err);
}

/* A folder that was not there before. */
static const char *new_dir(void)
{
    static unsigned count;
    static char name[32];

    snprintf(name, sizeof(name), "restored-%u", count++);
    return name;
}

static enum ss_status call_restore(const struct ss_call *call, struct ss_error *err)
{
    const struct ss_restore_opts opts = {.data_dir = new_dir()};
    struct ss_restore_result result;
    struct ss_intake intake;
    enum ss_status status = ss_restore(a, &lenient, &opts, call, &intake, &result, err);

    assert_true(status != SS_OK || intake.accepted);
    ss_intake_fini(&intake);
    ss_restore_result_fini(&result);
    return status;
}

static enum ss_status call_restore_unchecked(const struct ss_call *call, struct ss_error *err)
{
    const struct ss_restore_opts opts = {.data_dir = new_dir()};
    struct ss_restore_result result;
    enum ss_status status = ss_restore_unchecked(a, &opts, call, &result, err);

    ss_restore_result_fini(&result);
    return status;
}

static enum ss_status call_rows(const struct ss_call *call, struct ss_error *err)
{
    const struct ss_query query = {.other = b};
    enum ss_status opened = SS_OK;

    for (size_t i = 0; i < ss_table_count(); i++) {
        enum ss_status status = SS_OK;
        struct ss_rows *rows;

        opened = ss_rows_open(a, ss_table_at(i), &query, call, &rows, err);
        assert_true((opened == SS_OK) == (rows != NULL));
        while (opened == SS_OK && status == SS_OK) {
            status = ss_rows_next(rows, err);
        }
        assert_true(opened != SS_OK || status == SS_END);
        ss_rows_close(rows);
        if (opened != SS_OK) {
            break;
        }
    }
    return opened;
}

static enum ss_status dump(const struct ss_dump_opts *opts, const struct ss_call *call,
                           struct ss_error *err)
{
    struct ss_dump_result result;
    enum ss_status status = ss_dump(a, opts, drop, NULL, call, &result, err);

    assert_int_equal(result.record_count, status == SS_OK ? RECORDS : 0);
    return status;
}

static enum ss_status call_dump(const struct ss_call *call, struct ss_error *err)
{
    const struct ss_dump_opts opts = {0};

    return dump(&opts, call, err);
}

static enum ss_status call_dump_tar(const struct ss_call *call, struct ss_error *err)
{
    const struct ss_dump_opts opts = {.format = SS_DUMP_TAR};

    return dump(&opts, call, err);
}

static enum ss_status call_dump_revisions(const struct ss_call *call, struct ss_error *err)
{
    const struct ss_dump_opts opts = {.revisions = true};

    return dump(&opts, call, err);
}

static const struct {
    const char *name;
    enum ss_status (*call)(const struct ss_call *call, struct ss_error *err);
    bool starts; /* threads, when any number is allowed */
} calls[] = {
    {"ss_open", call_open, false},
    {"ss_pages", call_pages, false},
    {"ss_state_new", call_state, true},
    {"ss_state_new_keeping", call_state_keeping, true},
    {"ss_history", call_history, false},
    {"ss_etcd_status", call_status, true},
    {"ss_key_figures", call_figures, true},
    {"ss_hashkv", call_hashkv, true},
    {"ss_hash_check", call_hash_check, false},
    {"ss_hash_start", call_hash_start, true},
    {"ss_hash_finish", call_hash_finish, true},
    {"ss_text_mode", call_text_mode, false},
    {"ss_verify", call_verify, true},
    {"ss_verify, structure", call_verify_structure, true},
    {"ss_other_tree", call_other_tree, false},
    {"ss_summary", call_summary, false},
    {"ss_diff", call_diff, true},
    {"ss_diff_ndjson", call_diff_ndjson, true},
    {"ss_lineage_compare", call_lineage, false},
    {"ss_lost_revisions", call_lost, false},
    {"ss_intake", call_intake, true},
    {"ss_convert, a copy", call_copy, true},
    {"ss_convert, a rebuild", call_rebuild, true},
    {"ss_convert_unchecked, a copy", call_copy_unchecked, true},
    {"ss_convert_unchecked, a rebuild", call_rebuild_unchecked, true},
    {"ss_restore", call_restore, true},
    {"ss_salvage", call_salvage, true},
    {"ss_restore_unchecked", call_restore_unchecked, true},
    {"ss_rows_open", call_rows, true},
    {"ss_dump", call_dump, true},
    {"ss_dump, an archive", call_dump_tar, true},
    {"ss_dump, revisions", call_dump_revisions, false},
};

#define CALL_COUNT (sizeof(calls) / sizeof(calls[0]))

/* ---- threads ---- */

static void run_with(size_t i, unsigned threads)
{
    const struct ss_call call = {.threads = threads};
    struct ss_error err;

    atomic_store(&started, 0);
    atomic_store(&most, 0);
    if (calls[i].call(&call, &err) != SS_OK) {
        fail_msg("%s: %s", calls[i].name, err.message);
    }
    assert_int_equal(atomic_load(&alive), 0);
}

static void one_is_the_callers_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALL_COUNT; i++) {
        run_with(i, 1);
        if (atomic_load(&started) != 0) {
            fail_msg("%s starts %u threads where one is allowed", calls[i].name,
                     atomic_load(&started));
        }
    }
}

static void no_more_than_are_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALL_COUNT; i++) {
        for (unsigned threads = 2; threads <= 5; threads++) {
            run_with(i, threads);
            if (atomic_load(&most) + 1 > threads) {
                fail_msg("%s is at work on %u threads where %u are allowed", calls[i].name,
                         atomic_load(&most) + 1, threads);
            }
        }
    }
}

static void threads_are_used(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALL_COUNT; i++) {
        run_with(i, 4);
        if ((atomic_load(&started) > 0) != calls[i].starts) {
            fail_msg("%s starts %u threads", calls[i].name, atomic_load(&started));
        }
    }
}

/* A stream that is hashed while it comes, from a process of its own; what its hash starts behind that. */
static unsigned count_of_stream(unsigned allowed)
{
    const struct ss_open_opts opts = {.hash_stream = true, .tmp_dir = "."};
    const struct ss_call call = {.threads = allowed};
    struct ss_hash_report report;
    struct ss_hash_work *work;
    struct ss_file *file;
    struct ss_error err;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        int fd = open("fifo", O_WRONLY);
        size_t at = 0;

        while (at < len_a) {
            ssize_t n = write(fd, bytes_a + at, len_a - at);

            if (n <= 0) {
                _exit(1);
            }
            at += (size_t)n;
        }
        _exit(0);
    }
    atomic_store(&started, 0);
    assert_int_equal(ss_open("fifo", &opts, &call, &file, &err), SS_OK);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(ss_hash_start(file, &call, &work, &err), SS_OK);
    assert_int_equal(ss_hash_finish(work, &call, &report, &err), SS_OK);
    assert_int_equal(report.state, SS_HASH_ZERO);
    ss_close(file);
    return atomic_load(&started);
}

static void opens_a_stream_alone(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(count_of_stream(1), 0);
    assert_true(count_of_stream(4) > 0);
    assert_int_equal(unlink("fifo"), 0);
}

/* ---- progress and the wish to stop ---- */

struct watch {
    pthread_t caller;
    unsigned calls, stop_at; /* stop_at 0: never */
    bool elsewhere, backwards;
    const char *phase;
    uint64_t done;
};

static bool watch(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    struct watch *w = ctx;

    w->elsewhere |= !pthread_equal(w->caller, pthread_self());
    w->backwards |= total != 0 && done > total;
    w->phase = phase;
    w->done = done;
    return ++w->calls != w->stop_at;
}

/* The n-th call of progress refuses. How often it was called: less than n times, the call was done before. */
static unsigned refuse_at(size_t i, unsigned threads, unsigned n)
{
    struct watch w = {.caller = pthread_self(), .stop_at = n};
    const struct ss_call call = {threads, watch, &w};
    unsigned before = (unsigned)scratch_count(".");
    struct ss_error err;
    enum ss_status status = calls[i].call(&call, &err);

    assert_false(w.elsewhere);
    assert_false(w.backwards);
    assert_int_equal(atomic_load(&alive), 0);
    if (w.calls < n) {
        assert_int_equal(status, SS_OK);
        return w.calls;
    }
    if (status != SS_SYSTEM || err.code != SS_E_CANCELLED) {
        fail_msg("%s, refused in call %u of progress (%s): status %d, %s", calls[i].name, n,
                 w.phase, (int)status, ss_code_name(err.code));
    }
    assert_int_equal((unsigned)scratch_count("."), before);
    return w.calls;
}

static void refused_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALL_COUNT; i++) {
        for (unsigned threads = 0; threads <= 4; threads++) {
            written_len = 0;
            atomic_store(&started, 0);
            if (refuse_at(i, threads, 1) == 0) {
                fail_msg("%s has no progress", calls[i].name);
            }
            assert_int_equal(written_len, 0);
        }
    }
}

/* Whenever it is: the same end, and nothing left. */
static void refused_later(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALL_COUNT; i++) {
        unsigned n = 2;

        while (n <= 12 && refuse_at(i, 1 + n % 4, n) == n) {
            n++;
        }
    }
}

/* A sound etcd database, with a place for a hash that nobody filled. */
static uint8_t *make(int record_count, size_t *len)
{
    uint8_t *bytes = ss_test_etcd_make(4096, record_count, VALUE_LEN, len);
    uint8_t *hashed = calloc(1, *len + HASH_LEN);

    if (hashed == NULL) {
        abort();
    }
    memcpy(hashed, bytes, *len);
    free(bytes);
    *len += HASH_LEN;
    return hashed;
}

static int open_both(void **state)
{
    struct ss_error err;

    if (scratch_enter(state) != 0) {
        return -1;
    }
    scratch_write("a", bytes_a, len_a);
    return ss_open_memory(bytes_a, len_a, "a", NULL, &a, &err) == SS_OK &&
                   ss_open_memory(bytes_b, len_b, "b", NULL, &b, &err) == SS_OK
               ? 0
               : -1;
}

static int close_both(void **state)
{
    ss_close(a);
    ss_close(b);
    return scratch_leave(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_is_the_callers_own), cmocka_unit_test(no_more_than_are_allowed),
        cmocka_unit_test(threads_are_used),       cmocka_unit_test(opens_a_stream_alone),
        cmocka_unit_test(refused_at_once),        cmocka_unit_test(refused_later),
    };
    int failed;

    bytes_a = make(RECORDS, &len_a);
    bytes_b = make(RECORDS / 2, &len_b);
    failed = cmocka_run_group_tests(tests, open_both, close_both);
    free(bytes_a);
    free(bytes_b);
    return failed;
}
