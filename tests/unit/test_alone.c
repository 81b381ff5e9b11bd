/*
 * test_alone.c - one thread means the caller's own, in every call that may start others: pthread_create is
 * this file's own, counts, and hands on to the real one. One is allowed by the call on files that allow
 * four, or by the files to calls that allow any; and where any are allowed the same calls do start some, so
 * that the count is known to count.
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

static atomic_uint started;

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    void *found = dlsym(RTLD_NEXT, "pthread_create");
    create_fn real;

    memcpy(&real, &found, sizeof(real));
    atomic_fetch_add(&started, 1);
    return real(thread, attr, run, arg);
}

static uint8_t *bytes_a, *bytes_b;
static size_t len_a, len_b;
static struct ss_file *a, *b;

static void open_both(unsigned threads)
{
    const struct ss_open_opts opts = {.threads = threads};
    struct ss_error err;

    assert_int_equal(ss_open_memory(bytes_a, len_a, "a", &opts, &a, &err), SS_OK);
    assert_int_equal(ss_open_memory(bytes_b, len_b, "b", &opts, &b, &err), SS_OK);
}

static void close_both(void)
{
    ss_close(a);
    ss_close(b);
}

/* ---- the calls ---- */

static enum ss_status on_change(void *ctx, const struct ss_diff_change *change,
                                struct ss_error *err)
{
    (void)ctx;
    (void)change;
    (void)err;
    return SS_OK;
}

static bool drop(void *ctx, const void *bytes, size_t len)
{
    (void)ctx;
    (void)bytes;
    (void)len;
    return true;
}

static bool on_page(void *ctx, const struct ss_page_row *row)
{
    (void)ctx;
    (void)row;
    return true;
}

static void call_diff(unsigned threads)
{
    struct ss_diff_opts opts = {.threads = threads};
    struct ss_diff_result result;
    enum ss_side side;
    struct ss_error err;

    assert_int_equal(ss_diff(a, b, &opts, on_change, NULL, &result, &side, &err), SS_OK);
}

static void call_diff_ndjson(unsigned threads)
{
    struct ss_diff_opts opts = {.threads = threads};
    struct ss_diff_result result;
    enum ss_side side;
    struct ss_error err;

    assert_int_equal(ss_diff_ndjson(a, b, &opts, true, drop, NULL, &result, &side, &err), SS_OK);
}

static void call_verify(unsigned threads)
{
    struct ss_verify_opts opts = {.threads = threads};
    struct ss_verify_report *report;
    struct ss_error err;

    assert_int_equal(ss_verify(a, &opts, &report, &err), SS_OK);
    ss_verify_free(report);
}

static void call_hash_check(unsigned threads)
{
    const struct ss_call call = {.threads = threads};
    struct ss_hash_report report;
    struct ss_error err;

    assert_int_equal(ss_hash_check(a, &call, &report, &err), SS_OK);
}

static void call_summary(unsigned threads)
{
    const struct ss_summary_opts opts = {.trees = true};
    const struct ss_call call = {.threads = threads};
    struct ss_summary *summary;
    struct ss_error err;

    assert_int_equal(ss_summary(a, &opts, &call, &summary, &err), SS_OK);
    ss_summary_free(summary);
}

static void call_status(unsigned threads)
{
    const struct ss_call call = {.threads = threads};
    struct ss_etcd_status status;
    struct ss_error err;

    assert_int_equal(ss_etcd_status(a, &call, &status, &err), SS_OK);
}

static void call_figures(unsigned threads)
{
    const struct ss_call call = {.threads = threads};
    struct ss_key_figures figures;
    struct ss_error err;

    assert_int_equal(ss_key_figures(a, &call, &figures, &err), SS_OK);
}

static void call_hashkv(unsigned threads)
{
    const struct ss_call call = {.threads = threads};
    struct ss_hashkv hash;
    struct ss_error err;

    assert_int_equal(ss_hashkv(a, 0, 0, &call, &hash, &err), SS_OK);
}

static void call_state(unsigned threads)
{
    const struct ss_call call = {.threads = threads};
    struct ss_state *state;
    struct ss_error err;

    assert_int_equal(ss_state_new(a, 0, NULL, &call, &state, &err), SS_OK);
    ss_state_free(state);
}

static void call_pages(unsigned threads)
{
    const struct ss_call call = {.threads = threads};
    struct ss_error err;
    uint64_t faults;

    assert_int_equal(ss_pages(a, on_page, NULL, NULL, &call, &faults, &err), SS_OK);
}

static void call_rows(unsigned threads)
{
    const struct ss_call call = {.threads = threads};
    struct ss_error err;

    for (size_t i = 0; i < ss_table_count(); i++) {
        enum ss_status status = SS_OK;
        struct ss_rows *rows;

        assert_int_equal(ss_rows_open(a, ss_table_at(i), NULL, &call, &rows, &err), SS_OK);
        while (status == SS_OK) {
            status = ss_rows_next(rows, &err);
        }
        assert_int_equal(status, SS_END);
        ss_rows_close(rows);
    }
}

static const struct ss_intake_opts lenient = {.skip_hash_check = true};

static void call_intake(unsigned threads)
{
    struct ss_intake_opts opts = lenient;
    struct ss_intake intake;
    struct ss_error err;

    opts.threads = threads;
    assert_int_equal(ss_intake(a, &opts, &intake, &err), SS_OK);
    assert_true(intake.accepted);
    ss_intake_fini(&intake);
}

/* As it is, and anew. */
static void call_convert(unsigned threads)
{
    for (unsigned rebuild = 0; rebuild < 2; rebuild++) {
        struct ss_convert_opts opts = {.threads = threads, .rebuild = rebuild == 1};
        struct ss_convert_result result;
        struct ss_error err;

        assert_int_equal(ss_convert(a, &opts, drop, NULL, &result, &err), SS_OK);
    }
}

static void call_convert_checked(unsigned threads)
{
    for (unsigned rebuild = 0; rebuild < 2; rebuild++) {
        struct ss_convert_opts opts = {.threads = threads, .rebuild = rebuild == 1};
        struct ss_intake_opts check = lenient;
        struct ss_convert_result result;
        struct ss_intake intake;
        struct ss_error err;

        check.threads = threads;
        assert_int_equal(ss_convert_checked(a, &check, &opts, drop, NULL, &intake, &result, &err),
                         SS_OK);
        assert_true(intake.accepted);
        ss_intake_fini(&intake);
    }
}

/* A folder that was not there before. */
static const char *new_dir(void)
{
    static unsigned count;
    static char name[32];

    snprintf(name, sizeof(name), "restored-%u", count++);
    return name;
}

static void call_restore(unsigned threads)
{
    struct ss_restore_opts opts = {.data_dir = new_dir(), .threads = threads};
    struct ss_restore_result result;
    struct ss_error err;

    assert_int_equal(ss_restore(a, &opts, &result, &err), SS_OK);
    ss_restore_result_fini(&result);
}

static void call_restore_checked(unsigned threads)
{
    struct ss_restore_opts opts = {.data_dir = new_dir(), .threads = threads};
    struct ss_intake_opts check = lenient;
    struct ss_restore_result result;
    struct ss_intake intake;
    struct ss_error err;

    check.threads = threads;
    assert_int_equal(ss_restore_checked(a, &check, &opts, &intake, &result, &err), SS_OK);
    assert_true(intake.accepted);
    ss_intake_fini(&intake);
    ss_restore_result_fini(&result);
}

/* ---- what they start ---- */

static const struct {
    const char *name;
    void (*call)(unsigned threads);
    bool starts; /* some, when any are allowed */
} calls[] = {
    {"ss_diff", call_diff, true},           {"ss_diff_ndjson", call_diff_ndjson, true},
    {"ss_verify", call_verify, true},       {"ss_hash_check", call_hash_check, false},
    {"ss_summary", call_summary, false},    {"ss_etcd_status", call_status, true},
    {"ss_key_figures", call_figures, true}, {"ss_hashkv", call_hashkv, true},
    {"ss_state_new", call_state, true},     {"ss_pages", call_pages, false},
    {"ss_rows_open", call_rows, true},      {"ss_intake", call_intake, true},
    {"ss_convert", call_convert, true},     {"ss_convert_checked", call_convert_checked, true},
    {"ss_restore", call_restore, true},     {"ss_restore_checked", call_restore_checked, true},
};

/* What call i starts with `threads` on files that allow `allowed`. */
static unsigned count(size_t i, unsigned threads, unsigned allowed)
{
    unsigned result;

    open_both(allowed);
    atomic_store(&started, 0);
    calls[i].call(threads);
    result = atomic_load(&started);
    close_both();
    return result;
}

static void starts_no_thread_where_one_is_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        unsigned by_call = count(i, 1, 4), by_file = count(i, 0, 1);

        if (by_call != 0 || by_file != 0) {
            print_error("%s\n", calls[i].name);
        }
        assert_int_equal(by_call, 0);
        assert_int_equal(by_file, 0);
    }
}

static void starts_threads_elsewhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        unsigned any = count(i, 0, 4);

        if ((any > 0) != calls[i].starts) {
            print_error("%s: %u\n", calls[i].name, any);
        }
        assert_int_equal(any > 0, calls[i].starts);
    }
}

/* A stream that is hashed while it comes, from a process of its own; what its hash starts behind that. */
static unsigned count_of_stream(unsigned allowed)
{
    const struct ss_open_opts opts = {.hash_stream = true, .threads = allowed, .tmp_dir = "."};
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
    assert_int_equal(ss_open("fifo", &opts, &file, &err), SS_OK);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(ss_hash_start(file, &work, &err), SS_OK);
    assert_int_equal(ss_hash_finish(work, NULL, &report, &err), SS_OK);
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
}

/* A sound etcd database, with a place for a hash that nobody filled. */
static uint8_t *make(int record_count, size_t *len)
{
    static const char *const names[] = {"alarm",   "auth",  "authRoles", "authUsers",
                                        "cluster", "lease", "members",   "members_removed"};
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false), meta;
    char name[32], value[VALUE_LEN + 1];
    uint8_t *bytes, *hashed;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        ss_test_db_bucket(db, SS_TEST_ROOT, names[i], true);
    }
    meta = ss_test_db_bucket(db, SS_TEST_ROOT, "meta", true);
    ss_test_db_put(db, meta, "consistent_index", 16, "\0\0\0\0\0\0\2\133", 8);
    ss_test_db_put(db, meta, "term", 4, "\0\0\0\0\0\0\0\2", 8);
    for (int i = 0; i < record_count; i++) {
        snprintf(name, sizeof(name), "key-%04d", i);
        memset(value, 'a' + i % 26, VALUE_LEN);
        value[VALUE_LEN] = '\0';
        ss_test_put_text(db, key, 2 + i, 0, name, value);
    }
    bytes = ss_test_db_finish(db, len);
    hashed = calloc(1, *len + HASH_LEN);
    if (hashed == NULL) {
        abort();
    }
    memcpy(hashed, bytes, *len);
    free(bytes);
    *len += HASH_LEN;
    return hashed;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_no_thread_where_one_is_allowed),
        cmocka_unit_test(starts_threads_elsewhere),
        cmocka_unit_test(opens_a_stream_alone),
    };
    int failed;

    bytes_a = make(RECORDS, &len_a);
    bytes_b = make(RECORDS / 2, &len_b);
    failed = cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
    free(bytes_a);
    free(bytes_b);
    return failed;
}
