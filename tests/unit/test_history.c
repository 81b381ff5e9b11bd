/*
 * test_history.c - ss_history: generations, what is missing and why, one key and many.
 */
#include "build_etcd.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void put(struct ss_test_db *db, uint32_t bucket, const char *key, int64_t main,
                int64_t create, int64_t version)
{
    struct ss_record rec = {
        .rev = {main, 0}, .create_revision = create, .mod_revision = main, .version = version};

    rec.key = (struct ss_span){(const uint8_t *)key, strlen(key), 0};
    rec.value = rec.key;
    ss_test_put_record(db, bucket, &rec);
}

/*
 * Compacted at 10. k: versions 3 at 7, 4 at 11, 7 at 14 (two are missing), deleted at 15, created at 16.
 * kk: a tombstone at 10 whose puts are gone. m: first there at 12 with version 2. A marker at 20.
 */
static struct ss_file *open_store(uint8_t **bytes)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    uint32_t meta = ss_test_db_bucket(db, SS_TEST_ROOT, "meta", false);
    struct ss_record marker = {.rev = {20, 0}, .marker = true};
    struct ss_file *file;
    struct ss_error err;
    size_t len;

    ss_test_put_meta_revision(db, meta, "finishedCompactRev", 10);
    put(db, key, "k", 7, 2, 3);
    ss_test_delete_text(db, key, 10, 0, "kk");
    put(db, key, "k", 11, 2, 4);
    put(db, key, "m", 12, 8, 2);
    put(db, key, "k", 14, 2, 7);
    ss_test_delete_text(db, key, 15, 0, "k");
    put(db, key, "k", 16, 16, 1);
    ss_test_put_record(db, key, &marker);
    *bytes = ss_test_db_finish(db, &len);
    assert_int_equal(ss_open_memory(*bytes, len, "test", NULL, &file, &err), SS_OK);
    return file;
}

struct lines {
    char text[2048];
    unsigned count, stop_at;
};

/* key@main, the first letter of the event, gGENERATION mMISSING, and K, G, C for new key, new generation, compacted */
static enum ss_status on_item(void *ctx, const struct ss_history_item *item, struct ss_error *err)
{
    struct lines *lines = ctx;
    size_t len = strlen(lines->text);

    (void)err;
    snprintf(lines->text + len, sizeof(lines->text) - len,
             "%.*s@%" PRId64 "%.1s g%" PRIu64 " m%" PRIu64 " %s%s%s\n", (int)item->rec.key.len,
             (const char *)item->rec.key.ptr, (int64_t)item->rec.rev.main, ss_history_event(item),
             (uint64_t)item->generation, (uint64_t)item->missing_count, item->is_new_key ? "K" : "",
             item->is_new_generation ? "G" : "", item->is_compacted ? "C" : "");
    return ++lines->count == lines->stop_at ? SS_END : SS_OK;
}

static void assert_history(const char *key, bool prefix, unsigned stop_at, const char *expected,
                           struct ss_history_result *result)
{
    struct ss_history_opts opts = {.key = key, .key_len = strlen(key), .prefix = prefix};
    struct lines lines = {.stop_at = stop_at};
    struct ss_error err;
    uint8_t *bytes;
    struct ss_file *file = open_store(&bytes);

    assert_int_equal(ss_history(file, &opts, on_item, &lines, NULL, result, &err), SS_OK);
    assert_string_equal(lines.text, expected);
    assert_int_equal(result->record_count, lines.count);
    assert_int_equal(result->facts.compacted, 10);
    assert_int_equal(result->facts.current, 20);
    ss_close(file);
    free(bytes);
}

#define K "k@7p g1 m2 KGC\nk@11p g1 m0 \nk@14p g1 m2 \nk@15d g1 m0 \nk@16c g2 m0 G\n"

static void test_one_key(void **state)
{
    struct ss_history_result result;

    (void)state;
    assert_history("k", false, 0, K, &result);
    assert_int_equal(result.key_count, 1);
    assert_int_equal(result.generation_count, 2);
    assert_int_equal(result.tombstone_count, 1);
    assert_int_equal(result.missing_count, 4);
    assert_history("k", false, 2, "k@7p g1 m2 KGC\nk@11p g1 m0 \n", &result);
    assert_history("kk", false, 0, "kk@10d g1 m0 KGC\n", &result);
    assert_history("m", false, 0, "m@12p g1 m1 KG\n", &result);
    assert_history("none", false, 0, "", &result);
    assert_history("", false, 0, "", &result);
}

static void test_prefix(void **state)
{
    struct ss_history_result result;

    (void)state;
    assert_history("", true, 0, K "kk@10d g1 m0 KGC\nm@12p g1 m1 KG\n", &result);
    assert_int_equal(result.key_count, 3);
    assert_int_equal(result.generation_count, 4);
    assert_int_equal(result.tombstone_count, 2);
    assert_int_equal(result.missing_count, 5);
    assert_history("k", true, 0, K "kk@10d g1 m0 KGC\n", &result);
    assert_history("kk", true, 0, "kk@10d g1 m0 KGC\n", &result);
    assert_history("k", true, 1, "k@7p g1 m2 KGC\n", &result);
    assert_history("x", true, 0, "", &result);
}

/* Many keys whose revisions alternate: each key's come in order, whatever their number. */
static void test_many(void **state)
{
    enum {
        KEYS = 37,
        ROUNDS = 29
    };
    struct ss_test_db *db = ss_test_db_new(1024, true);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    struct ss_history_opts opts = {.key = "", .prefix = true};
    struct ss_history_result result;
    struct lines lines = {.stop_at = 0};
    struct ss_error err;
    struct ss_file *file;
    size_t len;
    uint8_t *bytes;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < KEYS; i++) {
            char name[16];

            snprintf(name, sizeof(name), "%02d", (i * 17) % KEYS);
            put(db, key, name, 1 + round * KEYS + i, 1 + i, round + 1);
        }
    }
    bytes = ss_test_db_finish(db, &len);
    assert_int_equal(ss_open_memory(bytes, len, "test", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_history(file, &opts, on_item, &lines, NULL, &result, &err), SS_OK);
    assert_int_equal(result.record_count, KEYS * ROUNDS);
    assert_int_equal(result.key_count, KEYS);
    assert_int_equal(result.generation_count, KEYS);
    assert_int_equal(result.missing_count, 0);
    assert_memory_equal(lines.text, "00@1c g1 m0 KG\n00@38p g1 m0 \n", 29);
    ss_close(file);
    free(bytes);
}

static void test_not_etcd(void **state)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    struct ss_history_opts opts = {.key = "a", .key_len = 1};
    struct ss_history_result result;
    struct ss_error err;
    struct ss_file *file;
    size_t len;
    uint8_t *bytes;

    (void)state;
    ss_test_db_bucket(db, SS_TEST_ROOT, "other", false);
    bytes = ss_test_db_finish(db, &len);
    assert_int_equal(ss_open_memory(bytes, len, "test", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_history(file, &opts, on_item, NULL, NULL, &result, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_NOT_ETCD);
    ss_close(file);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_key),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_not_etcd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
