/*
 * What `key` holds, counted, and how a file's pages are used.
 */
#include "build_etcd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct ss_file *open_db(struct ss_test_db *db, uint8_t **bytes)
{
    struct ss_file *file;
    struct ss_error err;
    size_t len;

    *bytes = ss_test_db_finish(db, &len);
    assert_int_equal(ss_open_memory(*bytes, len, "test", NULL, &file, &err), SS_OK);
    return file;
}

/* Live at the end: aa = "333" and c = "5"; history: "1", "22", "4444" and the three keys of puts gone. */
static void counts(void **state)
{
    static const struct ss_record marker = {.rev = {9, 0}, .marker = true};
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    struct ss_key_figures f;
    struct ss_error err;
    struct ss_file *file;
    uint8_t *bytes;

    (void)state;
    ss_test_put_text(db, key, 2, 0, "aa", "1");
    ss_test_put_text(db, key, 3, 0, "aa", "22");
    ss_test_put_text(db, key, 3, 1, "b", "4444");
    ss_test_put_text(db, key, 4, 0, "aa", "333");
    ss_test_delete_text(db, key, 5, 0, "b");
    ss_test_delete_text(db, key, 6, 0, "never");
    ss_test_put_text(db, key, 7, 0, "c", "5");
    ss_test_put_record(db, key, &marker);
    file = open_db(db, &bytes);
    assert_int_equal(ss_key_figures(file, NULL, &f, &err), SS_OK);
    assert_int_equal(f.record_count, 8);
    assert_int_equal(f.tombstone_count, 2);
    assert_int_equal(f.marker_count, 1);
    assert_int_equal(f.live_count, 2);
    assert_int_equal(f.live_key_len, 3);
    assert_int_equal(f.live_value_len, 4);
    assert_int_equal(f.key_len, 2 + 2 + 1 + 2 + 1 + 5 + 1);
    assert_int_equal(f.value_len, 1 + 2 + 4 + 3 + 1);
    ss_close(file);
    free(bytes);
}

static bool stop(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    (void)phase;
    (void)done;
    (void)total;
    ++*(int *)ctx;
    return false;
}

static void refuses(void **state)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    struct ss_key_figures f;
    struct ss_error err;
    struct ss_file *file;
    uint8_t *bytes;
    uint32_t key;
    int calls = 0;
    const struct ss_call call = {.progress = stop, .progress_ctx = &calls};

    (void)state;
    ss_test_db_bucket(db, SS_TEST_ROOT, "other", false);
    file = open_db(db, &bytes);
    assert_int_equal(ss_key_figures(file, NULL, &f, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_NOT_ETCD);
    ss_close(file);
    free(bytes);

    db = ss_test_db_new(4096, false);
    key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    ss_test_put_text(db, key, 2, 0, "a", "1");
    ss_test_db_put(db, key, "no revision, far too long", 25, "", 0);
    file = open_db(db, &bytes);
    assert_int_equal(ss_key_figures(file, NULL, &f, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_REV_KEY);
    assert_string_equal(err.bucket, "key");
    assert_int_equal(f.record_count, 1);
    assert_int_equal(ss_key_figures(file, &call, &f, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_CANCELLED);
    assert_int_equal(calls, 1);
    ss_close(file);
    free(bytes);
}

/* Two leaves of two elements, a branch above them, the root's leaf; then 100 bytes behind the file. */
static void space(void **state)
{
    struct ss_test_db *db = ss_test_db_new(1024, false);
    uint32_t bucket = ss_test_db_bucket(db, SS_TEST_ROOT, "b", false);
    struct ss_space s;
    struct ss_error err;
    struct ss_file *file;
    uint64_t fault_count;
    uint8_t *bytes, *longer;
    size_t len;

    (void)state;
    ss_test_db_leaf_max(db, 2);
    for (const char *key = "wxyz"; *key != '\0'; key++) {
        ss_test_db_put(db, bucket, key, 1, "value", 5);
    }
    bytes = ss_test_db_finish(db, &len);
    assert_int_equal(len, 7 * 1024);
    longer = calloc(1, len + 100);
    assert_non_null(longer);
    memcpy(longer, bytes, len);
    assert_int_equal(ss_open_memory(longer, len + 100, "test", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_buckets_space(file, NULL, NULL, NULL, &s, &fault_count, &err), SS_OK);
    assert_int_equal(fault_count, 0);
    assert_int_equal(s.tree_count, 4);
    assert_true(s.freelist_stored);
    assert_int_equal(s.freelist_count, 1);
    assert_int_equal(s.free_count, 0);
    assert_int_equal(s.lost_count, 0);
    /* 4 headers; 4 leaf, 2 branch and 1 root element; w x y z, value each; w y; "b" and its header */
    assert_int_equal(s.used_len, 4 * 16 + 7 * 16 + 4 * 6 + 2 + 1 + 16);
    assert_int_equal(s.beyond_len, 100);
    ss_close(file);
    longer[2 * 1024 + 8] = 0x02; /* the freelist page says that it is a leaf */
    assert_int_equal(ss_open_memory(longer, len, "test", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_buckets_space(file, NULL, NULL, NULL, &s, &fault_count, &err), SS_OK);
    assert_int_equal(fault_count, 1);
    assert_int_equal(s.tree_count, 4);
    assert_int_equal(s.freelist_count, 0);
    assert_int_equal(s.lost_count, 1);
    assert_int_equal(s.beyond_len, 0);
    ss_close(file);
    free(longer);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(refuses),
        cmocka_unit_test(space),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
