/*
 * The real fixtures against what real etcd servers and etcdutl answered for them (testdata/README.md):
 * every live key, field by field, at each revision that was asked; status; hashkv.
 */
#include "snapscope.h"

#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

/* A big-endian twin has the answers of its original, of the same folder otherwise. */
static const struct {
    const char *folder, *answers, *file;
} fixtures[] = {
    {"etcd34-cluster", NULL, "snapshot"},
    {"etcd34-compact-tombstone", NULL, "snapshot"},
    {"etcd34-history", NULL, "snapshot"},
    {"etcd35-cluster", NULL, "snapshot"},
    {"etcd35-history", NULL, "snapshot"},
    {"etcd36-16k", NULL, "snapshot"},
    {"etcd36-64k", NULL, "snapshot"},
    {"etcd36-bump", NULL, "member"},
    {"etcd36-checkpoint", NULL, "snapshot"},
    {"etcd36-cluster", NULL, "snapshot"},
    {"etcd36-compact-tombstone", NULL, "snapshot"},
    {"etcd36-empty", NULL, "snapshot"},
    {"etcd36-history", NULL, "snapshot"},
    {"etcd36-history-be", "etcd36-history", "snapshot"},
    {"etcd36-member", NULL, "member"},
    {"etcd36-removed-member", NULL, "snapshot"},
    {"etcd36-three/a", NULL, "snapshot"},
    {"etcd36-three/b", NULL, "snapshot"},
    {"etcd36-three/c", NULL, "snapshot"},
    {"etcd36-uncompacted", NULL, "snapshot"},
    {"etcd37-cluster", NULL, "snapshot"},
    {"etcd37-history", NULL, "snapshot"},
    {"k8s-small", NULL, "snapshot"},
};

#define FIXTURE_COUNT (sizeof(fixtures) / sizeof(fixtures[0]))

static struct ss_file *open_path(const char *path)
{
    struct ss_file *file;
    struct ss_error err;
    char text[1024];

    if (ss_open(path, NULL, NULL, &file, &err) != SS_OK) {
        fail_msg("%s: %s", path, ss_error_text(&err, text, sizeof(text)));
    }
    return file;
}

static struct ss_file *open_fixture(size_t i)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/testdata/%s/%s.db.zst", getenv("SS_SOURCE_DIR"),
             fixtures[i].folder, fixtures[i].file);
    return open_path(path);
}

static void oracle_path(size_t i, const char *name, char *path, size_t cap)
{
    const char *folder = fixtures[i].answers != NULL ? fixtures[i].answers : fixtures[i].folder;

    snprintf(path, cap, "%s/testdata/%s/oracle/%s", getenv("SS_SOURCE_DIR"), folder, name);
}

/* Blanks the numbers of a response header: ids of 64 bits, which Jansson's integers do not hold. */
static void blank_header(char *text)
{
    char *p = strstr(text, "\"header\":{"), *end = p != NULL ? strchr(p, '}') : NULL;

    for (; p != NULL && p < end; p++) {
        if (*p >= '0' && *p <= '9') {
            *p = p[-1] == ':' ? '0' : ' ';
        }
    }
}

/* An answer, packed or not. */
static json_t *load_answer(size_t i, const char *name)
{
    char path[512];
    char *text;
    struct ss_file *file;
    struct ss_span bytes;
    json_error_t why;
    json_t *answer;

    oracle_path(i, name, path, sizeof(path));
    file = open_path(path);
    bytes = ss_file_bytes(file, 0, UINT64_MAX);
    text = strndup((const char *)bytes.ptr, (size_t)bytes.len);
    assert_non_null(text);
    ss_close(file);
    blank_header(text);
    answer = json_loads(text, 0, &why);
    if (answer == NULL) {
        fail_msg("%s: %s", path, why.text);
    }
    free(text);
    return answer;
}

static int64_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* ---- state ---- */

static void assert_bytes(struct ss_span got, const json_t *base64)
{
    char *text = malloc((size_t)(got.len + 2) / 3 * 4 + 1);

    assert_non_null(text);
    ss_text_base64(got.ptr, (size_t)got.len, text);
    assert_string_equal(text, base64 != NULL ? json_string_value(base64) : "");
    free(text);
}

static void compare_state(struct ss_file *file, size_t i, const char *name, int64_t rev)
{
    json_t *answer = load_answer(i, name);
    const json_t *kvs = json_object_get(answer, "kvs");
    struct ss_state *state;
    struct ss_error err;

    assert_int_equal(ss_state_new(file, rev, NULL, NULL, &state, &err), SS_OK);
    assert_int_equal(ss_state_count(state), json_array_size(kvs));
    assert_int_equal(ss_state_count(state), number(answer, "count"));
    for (size_t k = 0; k < json_array_size(kvs); k++) {
        const json_t *kv = json_array_get(kvs, k);
        struct ss_record rec;

        ss_state_get(state, k, &rec);
        assert_bytes(rec.key, json_object_get(kv, "key"));
        assert_bytes(rec.value, json_object_get(kv, "value"));
        assert_int_equal(rec.create_revision, number(kv, "create_revision"));
        assert_int_equal(rec.mod_revision, number(kv, "mod_revision"));
        assert_int_equal(rec.version, number(kv, "version"));
        assert_int_equal(rec.lease, number(kv, "lease"));
    }
    ss_state_free(state);
    json_decref(answer);
}

/* "get.json", "get-rev-N.json", or those with .zst: whether it is one, and its revision. */
static bool is_get_answer(const char *name, int64_t *rev)
{
    char *end;

    *rev = 0;
    if (strncmp(name, "get.json", 8) == 0) {
        return true;
    }
    if (strncmp(name, "get-rev-", 8) != 0) {
        return false;
    }
    *rev = strtoll(name + 8, &end, 10);
    return strncmp(end, ".json", 5) == 0;
}

static void states_are_what_servers_answered(void **ctx)
{
    uint32_t answers = 0;

    (void)ctx;
    for (size_t i = 0; i < FIXTURE_COUNT; i++) {
        struct ss_file *file = open_fixture(i);
        char path[512];
        struct dirent *entry;
        int64_t rev;
        DIR *dir;

        oracle_path(i, "", path, sizeof(path));
        dir = opendir(path);
        assert_non_null(dir);
        while ((entry = readdir(dir)) != NULL) {
            if (!is_get_answer(entry->d_name, &rev)) {
                continue;
            }
            compare_state(file, i, entry->d_name, rev);
            answers++;
        }
        closedir(dir);
        ss_close(file);
    }
    assert_true(answers >= FIXTURE_COUNT);
}

/* ---- status ---- */

static void status_is_that_of_every_release(void **ctx)
{
    static const struct {
        const char *name;
        bool counts_entries;
    } releases[] = {{"status-3.4.json", true},
                    {"status-3.5.json", true},
                    {"status-3.6.json", false},
                    {"status-3.7.json", false}};

    (void)ctx;
    for (size_t i = 0; i < FIXTURE_COUNT; i++) {
        struct ss_file *file = open_fixture(i);
        struct ss_etcd_status got;
        struct ss_error err;

        assert_int_equal(ss_etcd_status(file, NULL, &got, &err), SS_OK);
        for (size_t r = 0; r < sizeof(releases) / sizeof(releases[0]); r++) {
            json_t *due = load_answer(i, releases[r].name);
            const char *version = json_string_value(json_object_get(due, "version"));

            assert_int_equal(got.hash, number(due, "hash"));
            assert_int_equal(got.revision, number(due, "revision"));
            assert_int_equal(releases[r].counts_entries ? got.entry_count : got.live_count,
                             number(due, "totalKey"));
            assert_int_equal(got.total_len, number(due, "totalSize"));
            if (!releases[r].counts_entries) {
                assert_string_equal(got.version, version != NULL ? version : "");
            }
            json_decref(due);
        }
        ss_close(file);
    }
}

/* ---- hashkv ---- */

static void compare_hashkv(const struct ss_file *file, const json_t *due)
{
    const json_t *answer = json_object_get(due, "answer");
    int64_t rev = number(due, "revision");
    struct ss_hashkv got;
    struct ss_error err;
    enum ss_status st = ss_hashkv(file, rev, 0, NULL, &got, &err);

    if (answer != NULL) {
        assert_int_equal(st, SS_OK);
        assert_int_equal(got.hash, number(answer, "hash"));
        assert_int_equal(got.revision, number(answer, "hashRevision"));
        assert_int_equal(got.compact_revision, number(answer, "compactRevision"));
        return;
    }
    assert_int_equal(st, SS_SYSTEM);
    assert_int_equal(err.code,
                     strstr(json_string_value(json_object_get(due, "error")), "future") != NULL
                         ? SS_E_REV_FUTURE
                         : SS_E_REV_COMPACTED);
}

static void hashkv_is_that_of_etcdutl(void **ctx)
{
    (void)ctx;
    for (size_t i = 0; i < FIXTURE_COUNT; i++) {
        struct ss_file *file = open_fixture(i);
        json_t *dues = load_answer(i, "hashkv-3.7.json");

        assert_true(json_array_size(dues) > 0);
        for (size_t k = 0; k < json_array_size(dues); k++) {
            compare_hashkv(file, json_array_get(dues, k));
        }
        json_decref(dues);
        ss_close(file);
    }
}

/* Three members of one cluster: a is not compacted, b is, at the same revision; c is ahead. */
static void members_agree_as_of_one_compaction(void **ctx)
{
    static const char *const members[] = {"etcd36-three/a", "etcd36-three/b", "etcd36-three/c"};
    struct ss_hashkv got[3];

    (void)ctx;
    for (size_t m = 0; m < 3; m++) {
        struct ss_error err;
        struct ss_file *file;
        size_t i = 0;

        while (strcmp(fixtures[i].folder, members[m]) != 0) {
            i++;
        }
        file = open_fixture(i);
        assert_int_equal(ss_hashkv(file, 102, 87, NULL, &got[m], &err), SS_OK);
        assert_int_equal(got[m].hash, 1224640305);
        assert_int_equal(got[m].revision, 102);
        assert_int_equal(got[m].compact_revision, 87);
        assert_int_equal(ss_hashkv(file, 102, 103, NULL, &got[m], &err), SS_SYSTEM);
        assert_int_equal(err.code, SS_E_ARGUMENT);
        assert_int_equal(ss_hashkv(file, 102, -1, NULL, &got[m], &err), SS_SYSTEM);
        assert_int_equal(err.code, SS_E_ARGUMENT);
        if (m > 0) {
            assert_int_equal(ss_hashkv(file, 102, 86, NULL, &got[m], &err), SS_SYSTEM);
            assert_int_equal(err.code, SS_E_REV_COMPACTED);
            assert_string_equal(err.message,
                                "compaction at 86 is asked for, the file is compacted at 87");
        }
        ss_close(file);
    }
}

static bool stop(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    if (done == 0) {
        return true; /* before any work */
    }
    *(const char **)ctx = phase;
    assert_true(done <= total);
    return false;
}

static void long_work_can_be_stopped(void **ctx)
{
    struct ss_file *file = open_fixture(2);
    struct ss_etcd_status status;
    struct ss_hashkv hashkv;
    struct ss_error err;
    const char *phase = "";
    const struct ss_call call = {.progress = stop, .progress_ctx = &phase};

    (void)ctx;
    assert_int_equal(ss_etcd_status(file, &call, &status, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_CANCELLED);
    assert_string_equal(phase, "status");
    assert_int_equal(ss_hashkv(file, 0, 0, &call, &hashkv, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_CANCELLED);
    assert_string_equal(phase, "hashkv");
    ss_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_are_what_servers_answered),
        cmocka_unit_test(status_is_that_of_every_release),
        cmocka_unit_test(hashkv_is_that_of_etcdutl),
        cmocka_unit_test(members_agree_as_of_one_compaction),
        cmocka_unit_test(long_work_can_be_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
