/*
 * test_threads.c - the public functions under threads: the same answer with any number of them, many callers
 * at one file, files that come and go beside one another, and callbacks where they belong. What these
 * tests cannot see, ThreadSanitizer does (the preset `tsan`).
 */
#include "answers.h"
#include "build_etcd.h"
#include "scratch.h"

#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    CALLERS = 4,
    ROUNDS = 8,
    DB_LEN = 524288 + 32, /* of k8s-small's snapshot */
    LARGE_RECORDS = 10000,
    LARGE_KEYS = 3000
};

/* How a case is made: as the fixture is, damaged after it was unpacked, or in memory. */
enum shape {
    AS_IT_IS,
    DAMAGED,
    LARGE
};

/* A file and the one to compare it with. */
static const struct {
    const char *path, *other;
    enum shape shape;
} cases[] = {
    {"etcd36-history/snapshot", "etcd35-history/snapshot", AS_IT_IS},
    {"etcd36-history-be/snapshot", "etcd36-history/snapshot", AS_IT_IS},
    {"etcd36-three/a/snapshot", "etcd36-three/c/snapshot", AS_IT_IS},
    {"etcd36-cluster/snapshot", "bbolt-nested/plain", AS_IT_IS},
    {"bbolt-nested/plain", "bbolt-nested-be/plain", AS_IT_IS},
    {"etcd36-history/snapshot", "etcd36-history/snapshot", DAMAGED},
    {"large", "etcd36-history/snapshot", LARGE},
};

enum {
    SMALL_CASE = 3,
    DAMAGED_CASE = 5
};

#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

static struct ss_file *open_packed(const char *name)
{
    char path[512];
    struct ss_file *file;
    struct ss_error err;

    snprintf(path, sizeof(path), "%s/testdata/%s.db.zst", getenv("SS_SOURCE_DIR"), name);
    if (ss_open(path, NULL, NULL, &file, &err) != SS_OK) {
        fail_msg("%s: %s", path, err.message);
    }
    return file;
}

/* Bytes of a file, to free, damaged in every 97th page. */
static uint8_t *damaged_copy(const char *name, size_t *len)
{
    struct ss_file *file = open_packed(name);
    struct ss_span all = ss_file_bytes(file, 0, UINT64_MAX);
    uint8_t *bytes = malloc((size_t)all.len);

    assert_non_null(bytes);
    memcpy(bytes, all.ptr, (size_t)all.len);
    *len = (size_t)all.len;
    for (size_t off = 31 * 4096 + 10; off < *len; off += 97 * 4096) {
        bytes[off] ^= 1;
    }
    ss_close(file);
    return bytes;
}

/* Enough records that threads meet: many batches of each, several at once. */
static uint8_t *large_db(size_t *len)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t bucket = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    char key[32], value[200];

    memset(value, 'v', sizeof(value));
    for (int64_t i = 0; i < LARGE_RECORDS; i++) {
        snprintf(key, sizeof(key), "/key/%" PRId64, i * 2654435761 % LARGE_KEYS);
        value[50 + i % 150] = '\0';
        if (i % 17 == 16) {
            ss_test_delete_text(db, bucket, i + 2, 0, key);
        } else {
            ss_test_put_text(db, bucket, i + 2, 0, key, value);
        }
        value[50 + i % 150] = 'v';
    }
    return ss_test_db_finish(db, len);
}

struct pair {
    struct ss_file *file, *other;
    uint8_t *bytes;
};

static struct pair open_case(size_t i)
{
    struct pair pair = {.other = open_packed(cases[i].other)};
    struct ss_error err;
    size_t len;

    if (cases[i].shape == AS_IT_IS) {
        pair.file = open_packed(cases[i].path);
        return pair;
    }
    pair.bytes = cases[i].shape == LARGE ? large_db(&len) : damaged_copy(cases[i].path, &len);
    assert_int_equal(ss_open_memory(pair.bytes, len, "made", NULL, &pair.file, &err), SS_OK);
    return pair;
}

static void close_case(const struct pair *pair)
{
    ss_close(pair->file);
    ss_close(pair->other);
    free(pair->bytes);
}

/* All answers, in order. Each gets a name of its own to write to. */
static void ask_all(const struct pair *pair, unsigned threads, char **texts)
{
    static _Atomic unsigned serial;
    char scratch[32];

    for (size_t a = 0; a < ss_test_answer_count; a++) {
        struct ss_test_question q = {pair->file, pair->other, threads, scratch};

        snprintf(scratch, sizeof(scratch), "answer-%u", atomic_fetch_add(&serial, 1));
        texts[a] = ss_test_ask(&ss_test_answers[a], &q);
    }
}

/* Frees `texts`, and counts those that are not as they are due. */
static unsigned compare(size_t i, const char *what, char *const *due, char **texts)
{
    unsigned differing = 0;

    for (size_t a = 0; a < ss_test_answer_count; a++) {
        if (strcmp(due[a], texts[a]) != 0) {
            print_error("%s, %s: \"%s\" differs\n", cases[i].path, what, ss_test_answers[a].name);
            differing++;
        }
        free(texts[a]);
    }
    return differing;
}

static char **texts_new(void)
{
    char **texts = calloc(ss_test_answer_count, sizeof(texts[0]));

    assert_non_null(texts);
    return texts;
}

static void texts_free(char **texts)
{
    for (size_t a = 0; a < ss_test_answer_count; a++) {
        free(texts[a]);
    }
    free(texts);
}

/* ---- any number of threads ---- */

static void every_number_of_threads_answers_alike(void **state)
{
    static const unsigned numbers[] = {0, 2, 4};
    unsigned differing = 0;

    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct pair pair = open_case(i);
        char **due = texts_new(), **texts = texts_new();

        ask_all(&pair, 1, due);
        close_case(&pair);
        for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
            char what[32];

            snprintf(what, sizeof(what), "%u threads", numbers[n]);
            pair = open_case(i);
            ask_all(&pair, numbers[n], texts);
            differing += compare(i, what, due, texts);
            close_case(&pair);
        }
        texts_free(due);
        free(texts);
    }
    assert_int_equal(differing, 0);
}

/* ---- many callers ---- */

struct caller {
    pthread_t thread;
    size_t case_at;
    const struct pair *shared; /* NULL: opens and closes files of its own */
    char **due;
    unsigned differing;
};

static void *caller_main(void *arg)
{
    struct caller *c = arg;
    char **texts = calloc(ss_test_answer_count, sizeof(texts[0]));
    struct pair own = {0};

    if (c->shared == NULL) {
        own = open_case(c->case_at);
    }
    ask_all(c->shared != NULL ? c->shared : &own, 2, texts);
    c->differing = compare(c->case_at, "beside others", c->due, texts);
    close_case(&own);
    free(texts);
    return NULL;
}

static void run_callers(size_t i, bool share)
{
    struct pair pair = open_case(i);
    struct caller callers[CALLERS];
    char **due = texts_new();

    ask_all(&pair, 1, due);
    for (size_t c = 0; c < CALLERS; c++) {
        callers[c] = (struct caller){.case_at = i, .shared = share ? &pair : NULL, .due = due};
        assert_int_equal(pthread_create(&callers[c].thread, NULL, caller_main, &callers[c]), 0);
    }
    for (size_t c = 0; c < CALLERS; c++) {
        pthread_join(callers[c].thread, NULL);
        assert_int_equal(callers[c].differing, 0);
    }
    texts_free(due);
    close_case(&pair);
}

static void many_callers_read_one_file(void **state)
{
    (void)state;
    run_callers(0, true);
    run_callers(DAMAGED_CASE, true);
}

static void many_callers_open_files_of_their_own(void **state)
{
    (void)state;
    run_callers(0, false);
    run_callers(SMALL_CASE, false);
}

/* ---- files that shrink while others come and go ---- */

static void *open_and_close(void *arg)
{
    const char *name = arg;

    for (int round = 0; round < ROUNDS; round++) {
        struct ss_file *file;
        struct ss_error err;

        if (ss_open(name, NULL, NULL, &file, &err) != SS_OK ||
            ss_file_bytes(file, 8191, 1).ptr[0] != 'x') {
            abort();
        }
        ss_close(file);
    }
    return NULL;
}

/* Opens a file, has it cut, and hashes it: the first bytes that are gone are those of its own hash. */
static void *shrink_and_read(void *arg)
{
    const char *name = arg;

    for (int round = 0; round < ROUNDS; round++) {
        struct ss_hash_report report;
        struct ss_file *file;
        struct ss_error err;

        if (ss_open(name, NULL, NULL, &file, &err) != SS_OK || truncate(name, 65536) != 0 ||
            ss_hash_check(file, NULL, &report, &err) != SS_SYSTEM || err.code != SS_E_IO ||
            err.off != DB_LEN - 32) {
            abort();
        }
        ss_close(file);
        if (truncate(name, DB_LEN) != 0) {
            abort();
        }
    }
    return NULL;
}

static void write_db(const char *name)
{
    struct ss_file *file = open_packed("k8s-small/snapshot");
    struct ss_span head = ss_file_bytes(file, 0, DB_LEN);

    scratch_write(name, head.ptr, (size_t)head.len);
    ss_close(file);
}

/* In a child: cmocka has a SIGBUS handler of its own. Exit 0 when nothing was amiss. */
static int shrinking_child(void)
{
    static char stays[3][8] = {"stays-0", "stays-1", "stays-2"};
    static char cut[2][6] = {"cut-0", "cut-1"};
    struct ss_error err;
    pthread_t threads[5];

    if (ss_guard_install(&err) != SS_OK) {
        return 1;
    }
    for (size_t i = 0; i < 3; i++) {
        if (pthread_create(&threads[i], NULL, open_and_close, stays[i]) != 0) {
            return 2;
        }
    }
    for (size_t i = 0; i < 2; i++) {
        if (pthread_create(&threads[3 + i], NULL, shrink_and_read, cut[i]) != 0) {
            return 2;
        }
    }
    for (size_t i = 0; i < 5; i++) {
        pthread_join(threads[i], NULL);
    }
    return 0;
}

static void shrinking_files_are_told_from_sound_ones(void **state)
{
    static const char *const stays[] = {"stays-0", "stays-1", "stays-2"};
    uint8_t page[8192];
    pid_t child;
    int status;

    (void)state;
    memset(page, 'x', sizeof(page));
    for (size_t i = 0; i < 3; i++) {
        scratch_write(stays[i], page, sizeof(page));
    }
    write_db("cut-0");
    write_db("cut-1");
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(shrinking_child());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- callbacks ---- */

struct watch {
    pthread_t caller;
    unsigned calls, from_elsewhere;
    unsigned stop_at; /* 0: never */
};

static bool watch(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    struct watch *w = ctx;

    (void)phase;
    (void)done;
    (void)total;
    w->calls++;
    w->from_elsewhere += !pthread_equal(w->caller, pthread_self());
    return w->calls != w->stop_at;
}

static void progress_comes_from_the_caller(void **state)
{
    struct pair pair = open_case(0);
    struct watch w = {.caller = pthread_self()};
    const struct ss_call call = {.threads = 4, .progress = watch, .progress_ctx = &w};
    struct ss_verify_report *report;
    struct ss_diff_result result;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_verify(pair.file, NULL, &call, &report, &err), SS_OK);
    ss_verify_free(report);
    assert_true(w.calls > 0);
    w.calls = 0;
    assert_int_equal(ss_diff(pair.file, pair.other, NULL, NULL, NULL, &call, &result, NULL, &err),
                     SS_OK);
    assert_true(w.calls > 0);
    assert_int_equal(w.from_elsewhere, 0);
    close_case(&pair);
}

static void the_caller_stops_all_threads(void **state)
{
    struct pair pair = open_case(0);
    struct watch w = {.caller = pthread_self(), .stop_at = 1};
    const struct ss_call call = {.threads = 4, .progress = watch, .progress_ctx = &w};
    struct ss_verify_report *report;
    struct ss_diff_result result;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_verify(pair.file, NULL, &call, &report, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_CANCELLED);
    assert_null(report);
    w.calls = 0;
    assert_int_equal(ss_diff(pair.file, pair.other, NULL, NULL, NULL, &call, &result, NULL, &err),
                     SS_SYSTEM);
    assert_int_equal(err.code, SS_E_CANCELLED);
    close_case(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_of_threads_answers_alike),
        cmocka_unit_test(many_callers_read_one_file),
        cmocka_unit_test(many_callers_open_files_of_their_own),
        cmocka_unit_test(shrinking_files_are_told_from_sound_ones),
        cmocka_unit_test(progress_comes_from_the_caller),
        cmocka_unit_test(the_caller_stops_all_threads),
    };

    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
