/*
 * Files cut at every byte: whatever is left is opened, listed, walked both ways and dumped, and either
 * gives what the whole file gives or says that it is broken.
 *
 *   |<------ what may be read ------>|<--- poisoned under AddressSanitizer --->|
 *   0                               cut                                      whole
 *
 * Real fixtures, and files made in memory in both byte orders.
 */
#include "build_db.h"

#include "snapscope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, len) ((void)(start), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(start, len) ((void)(start), (void)(len))
#endif

/* What one file, whole or cut, gives. */
struct answer {
    enum ss_status readable, dump;
    enum ss_code dump_code;
    uint64_t row_count, page_faults, bucket_count, bucket_faults, dump_len, record_count;
};

static bool count_row(void *ctx, const struct ss_page_row *row)
{
    (void)row;
    ++*(uint64_t *)ctx;
    return true;
}

static bool count_bucket(void *ctx, const struct ss_bucket_stats *stats)
{
    (void)stats;
    ++*(uint64_t *)ctx;
    return true;
}

static bool drop(void *ctx, const void *bytes, size_t len)
{
    (void)ctx;
    (void)bytes;
    (void)len;
    return true;
}

static enum ss_status scan(struct ss_cursor *c, bool forward, uint64_t *count, struct ss_error *err)
{
    struct ss_entry entry;
    enum ss_status status =
        forward ? ss_cursor_first(c, &entry, err) : ss_cursor_last(c, &entry, err);

    *count = 0;
    while (status == SS_OK) {
        ++*count;
        status = forward ? ss_cursor_next(c, &entry, err) : ss_cursor_prev(c, &entry, err);
    }
    return status;
}

/* Both ways through one top-level bucket: the same number of elements, or a fault on each way. */
static void scan_bucket(const struct ss_file *file, struct ss_span name)
{
    struct ss_bucket *bucket;
    struct ss_cursor *c;
    struct ss_error err;
    uint64_t forward, backward;
    enum ss_status there, back;
    enum ss_status status = ss_bucket_open(file, &name, 1, &bucket, &err);

    if (status == SS_CORRUPT) {
        return;
    }
    assert_int_equal(status, SS_OK);
    assert_int_equal(ss_cursor_new(bucket, &c, &err), SS_OK);
    there = scan(c, true, &forward, &err);
    back = scan(c, false, &backward, &err);
    assert_int_equal(there, back);
    assert_true(there == SS_END || there == SS_CORRUPT);
    if (there == SS_END) {
        assert_int_equal(forward, backward);
    }
    ss_cursor_free(c);
    ss_bucket_free(bucket);
}

static void scan_buckets(const struct ss_file *file)
{
    struct ss_bucket *root;
    struct ss_cursor *c;
    struct ss_entry entry;
    struct ss_error err;
    enum ss_status status = ss_bucket_open(file, NULL, 0, &root, &err);

    assert_int_equal(status, SS_OK);
    assert_int_equal(ss_cursor_new(root, &c, &err), SS_OK);
    status = ss_cursor_first(c, &entry, &err);
    while (status == SS_OK) {
        if (entry.is_bucket) {
            scan_bucket(file, entry.key);
        }
        status = ss_cursor_next(c, &entry, &err);
    }
    assert_true(status == SS_END || status == SS_CORRUPT);
    ss_cursor_free(c);
    ss_bucket_free(root);
}

static void ask(const uint8_t *bytes, size_t len, struct answer *a)
{
    static const struct ss_dump_opts opts = {.format = SS_DUMP_NDJSON};
    struct ss_dump_result result = {0};
    struct ss_file *file;
    struct ss_error err;

    memset(a, 0, sizeof(*a));
    assert_int_equal(ss_open_memory(bytes, len, "cut", NULL, &file, &err), SS_OK);
    a->readable = ss_file_readable(file, &err);
    if (a->readable == SS_OK) {
        assert_int_equal(
            ss_pages(file, count_row, NULL, &a->row_count, NULL, &a->page_faults, &err), SS_OK);
        assert_int_equal(
            ss_buckets(file, count_bucket, NULL, &a->bucket_count, &a->bucket_faults, &err), SS_OK);
        scan_buckets(file);
    }
    a->dump = ss_dump(file, &opts, drop, NULL, NULL, &result, &err);
    a->dump_code = a->dump == SS_OK ? SS_E_NONE : err.code;
    a->dump_len = result.out_len;
    a->record_count = result.record_count;
    ss_close(file);
}

/* A cut answer against the whole one: the same records, or a refusal. */
static void compare(const struct answer *cut, const struct answer *whole)
{
    assert_true(cut->row_count <= whole->row_count);
    assert_true(cut->page_faults + cut->bucket_faults > 0 || cut->readable != SS_OK ||
                cut->bucket_count == whole->bucket_count);
    if (cut->dump == SS_OK) {
        assert_int_equal(whole->dump, SS_OK);
        assert_int_equal(cut->dump_len, whole->dump_len);
        assert_int_equal(cut->record_count, whole->record_count);
    } else if (cut->dump_code != whole->dump_code) {
        assert_int_equal(cut->dump, SS_CORRUPT);
    }
}

/* Cuts at each length in [0, len) that is a multiple of stride, or next to a page's border. */
static void cut_everywhere(uint8_t *bytes, size_t len, size_t page_size, size_t stride)
{
    struct answer whole, cut;

    ask(bytes, len, &whole);
    assert_int_equal(whole.readable, SS_OK);
    assert_int_equal(whole.page_faults, 0);
    for (size_t n = len; n-- > 0;) {
        size_t in_page = n % page_size;

        ASAN_POISON_MEMORY_REGION(bytes + n, len - n);
        if (n % stride != 0 && in_page > 1 && in_page != page_size - 1) {
            continue;
        }
        ask(bytes, n, &cut);
        compare(&cut, &whole);
    }
    ASAN_UNPOISON_MEMORY_REGION(bytes, len);
}

/* ---- real files ---- */

static void cut_fixture(const char *name, size_t stride)
{
    char path[4096];
    struct ss_file_facts facts;
    struct ss_file *file;
    struct ss_error err;
    struct ss_span all;
    uint8_t *bytes;

    snprintf(path, sizeof(path), "%s/testdata/%s.db.zst", getenv("SS_SOURCE_DIR"), name);
    assert_int_equal(ss_open(path, NULL, NULL, &file, &err), SS_OK);
    ss_file_facts(file, &facts);
    all = ss_file_bytes(file, 0, facts.len);
    bytes = malloc((size_t)all.len);
    memcpy(bytes, all.ptr, (size_t)all.len);
    ss_close(file);
    cut_everywhere(bytes, (size_t)all.len, facts.page_size, stride);
    free(bytes);
}

static void real_snapshots_at_every_byte(void **state)
{
    (void)state;
    cut_fixture("etcd36-uncompacted/snapshot", 1);
    cut_fixture("bbolt-fresh/plain", 1);
}

static void real_files_at_every_page(void **state)
{
    (void)state;
    cut_fixture("bbolt-plain/plain", 61);
    cut_fixture("bbolt-stored-freelist/plain", 4099);
    cut_fixture("etcd36-history/snapshot", 65521);
}

/* ---- files of every kind of page, pages of 1 KiB ---- */

static void made_files_at_every_byte(void **state)
{
    char key[16], value[2500] = {0};

    (void)state;
    for (int big = 0; big < 2; big++) {
        struct ss_test_db *db = ss_test_db_new(1024, big == 1);
        uint32_t tree = ss_test_db_bucket(db, SS_TEST_ROOT, "tree", false);
        uint32_t nested = ss_test_db_bucket(db, tree, "nested", false);
        uint32_t small = ss_test_db_bucket(db, nested, "small", true);
        uint8_t *bytes;
        size_t len;

        ss_test_db_leaf_max(db, 3);
        for (unsigned i = 0; i < 20; i++) {
            snprintf(key, sizeof(key), "k%02u", i);
            ss_test_db_put(db, tree, key, 3, value, i * 7);
        }
        ss_test_db_put(db, nested, "run", 3, value, sizeof(value));
        ss_test_db_put(db, small, "x", 1, "y", 1);
        bytes = ss_test_db_finish(db, &len);
        cut_everywhere(bytes, len, 1024, 1);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_snapshots_at_every_byte),
        cmocka_unit_test(real_files_at_every_page),
        cmocka_unit_test(made_files_at_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
