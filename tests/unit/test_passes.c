/*
 * The passes over `key` that threads share (status, hashkv, figures, states): over random histories they
 * give what one reading, record by record and without an index, comes to; so does every number of threads.
 */
#include "history.h"

#include "etcd/record.h"
#include "util/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const unsigned thread_counts[] = {1, 2, 3, 4, 8};

#define TIMES (sizeof(thread_counts) / sizeof(thread_counts[0]))

/* All records of a file, and its elements. */
struct reading {
    struct ss_record *records;
    struct ss_entry *entries;
    size_t count;
};

static struct reading read_all(const struct ss_file *file)
{
    struct reading r = {0};
    struct ss_cursor c;
    struct ss_entry entry;
    struct ss_error err;
    enum ss_status st = ss_key_bucket_cursor(file, &c, &err);

    assert_int_equal(st, SS_OK);
    for (st = ss_cursor_first(&c, &entry, &err); st == SS_OK;
         st = ss_cursor_next(&c, &entry, &err)) {
        r.records = realloc(r.records, (r.count + 1) * sizeof(*r.records));
        r.entries = realloc(r.entries, (r.count + 1) * sizeof(*r.entries));
        assert_true(r.records != NULL && r.entries != NULL);
        r.entries[r.count] = entry;
        assert_int_equal(ss_record_decode(&entry, &r.records[r.count++], &err), SS_OK);
    }
    assert_int_equal(st, SS_END);
    return r;
}

static void reading_free(struct reading *r)
{
    free(r->records);
    free(r->entries);
}

/* Whether record i is its key's last one up to main revision rev, and a put. */
static bool is_live(const struct reading *r, size_t i, int64_t rev)
{
    if (r->records[i].tombstone || r->records[i].rev.main > rev) {
        return false;
    }
    for (size_t j = i + 1; j < r->count && r->records[j].rev.main <= rev; j++) {
        if (ss_span_eq(r->records[j].key, r->records[i].key)) {
            return false;
        }
    }
    return true;
}

static void add_entry(struct ss_crc32c *crc, const struct ss_entry *entry)
{
    ss_crc32c_add(crc, entry->key.ptr, entry->key.len);
    ss_crc32c_add(crc, entry->value.ptr, entry->value.len);
}

/* hashkv as etcd says it, by the letter. `finished`: the file's own compaction, 0 for none. */
static uint32_t hash_by_hand(const struct reading *r, int64_t rev, int64_t compact_rev,
                             int64_t finished)
{
    struct ss_crc32c crc;
    bool any_at_rev = false;

    for (size_t i = 0; i < r->count; i++) {
        any_at_rev = any_at_rev || is_live(r, i, rev);
    }
    ss_crc32c_init(&crc);
    ss_crc32c_add(&crc, "key", 3);
    for (size_t i = 0; i < r->count && r->records[i].rev.main <= rev; i++) {
        const struct ss_record *rec = &r->records[i];
        bool kept = any_at_rev               ? is_live(r, i, rev)
                    : compact_rev > finished ? is_live(r, i, compact_rev)
                                             : true;

        if (rec->rev.main <= compact_rev &&
            (!kept || (rec->tombstone && rec->rev.main == compact_rev))) {
            continue;
        }
        add_entry(&crc, &r->entries[i]);
    }
    return ss_crc32c_final(&crc);
}

static void check_hashkv(const struct ss_file *file, const struct ss_call *call,
                         const struct reading *r, int64_t finished, uint64_t *seed)
{
    int64_t last = r->records[r->count - 1].rev.main;
    int64_t first = finished > 0 ? finished : 1;

    for (int i = 0; i < 4 && first <= last; i++) {
        int64_t rev = first + (int64_t)(ss_test_random(seed) % (uint64_t)(last - first + 1));
        int64_t compact =
            i == 0 ? 0 : first + (int64_t)(ss_test_random(seed) % (uint64_t)(rev - first + 1));
        struct ss_hashkv got;
        struct ss_error err;

        assert_int_equal(ss_hashkv(file, rev, compact, call, &got, &err), SS_OK);
        if (compact == 0) {
            compact = finished > 0 ? finished : -1;
        }
        assert_int_equal(got.compact_revision, compact);
        assert_int_equal(got.revision, rev);
        assert_int_equal(got.hash, hash_by_hand(r, rev, compact, finished));
    }
}

static void check_figures(const struct ss_file *file, const struct ss_call *call,
                          const struct reading *r)
{
    struct ss_key_figures due = {.record_count = r->count}, got;
    struct ss_error err;

    for (size_t i = 0; i < r->count; i++) {
        const struct ss_record *rec = &r->records[i];

        due.tombstone_count += rec->tombstone;
        due.key_len += rec->key.len;
        due.value_len += rec->value.len;
        if (is_live(r, i, INT64_MAX)) {
            due.live_count++;
            due.live_key_len += rec->key.len;
            due.live_value_len += rec->value.len;
        }
    }
    assert_int_equal(ss_key_figures(file, call, &got, &err), SS_OK);
    assert_memory_equal(&got, &due, sizeof(due));
}

/* The top-level buckets are `key` and then, where the file was compacted or not, `meta`. */
static void check_status(const struct ss_file *file, const struct ss_call *call,
                         const struct reading *r)
{
    struct ss_tree root = ss_tree_root(file), meta;
    struct ss_etcd_status got;
    struct ss_crc32c crc;
    struct ss_cursor c;
    struct ss_entry entry;
    struct ss_error err;
    uint64_t live_count = 0, meta_count = 0;

    ss_crc32c_init(&crc);
    ss_crc32c_add(&crc, "key", 3);
    for (size_t i = 0; i < r->count; i++) {
        add_entry(&crc, &r->entries[i]);
        live_count += is_live(r, i, INT64_MAX);
    }
    ss_crc32c_add(&crc, "meta", 4);
    assert_int_equal(ss_tree_find_bucket(file, &root, "", ss_span_of("meta", 4), &meta, &err),
                     SS_OK);
    ss_cursor_init(&c, file, &meta, "meta");
    while (ss_cursor_next(&c, &entry, &err) == SS_OK) {
        add_entry(&crc, &entry);
        meta_count++;
    }
    assert_int_equal(ss_etcd_status(file, call, &got, &err), SS_OK);
    assert_int_equal(got.hash, ss_crc32c_final(&crc));
    assert_int_equal(got.live_count, live_count);
    assert_int_equal(got.entry_count, r->count + meta_count);
    assert_int_equal(got.revision, r->records[r->count - 1].rev.main);
}

static void check_state(const struct ss_file *file, const struct ss_call *call,
                        const struct reading *r, int64_t finished, uint64_t *seed)
{
    int64_t last = r->records[r->count - 1].rev.main;
    int64_t first = finished > 0 ? finished : 1;
    int64_t rev = first + (int64_t)(ss_test_random(seed) % (uint64_t)(last - first + 1));
    struct ss_state *state;
    struct ss_error err;
    uint64_t live_count = 0;

    assert_int_equal(ss_state_new(file, rev, NULL, call, &state, &err), SS_OK);
    for (size_t i = 0; i < r->count; i++) {
        const struct ss_record *rec = &r->records[i];
        struct ss_record got;

        if (!is_live(r, i, rev)) {
            continue;
        }
        live_count++;
        assert_int_equal(ss_state_find(state, rec->key.ptr, (size_t)rec->key.len, &got), SS_OK);
        assert_int_equal(got.pgid, rec->pgid);
        assert_int_equal(got.index, rec->index);
    }
    assert_int_equal(ss_state_count(state), live_count);
    ss_state_free(state);
}

/* Small leaves and branches: a few hundred records make more parts than there are threads. */
static void random_histories(void **state)
{
    uint64_t seed = 11;

    (void)state;
    for (int round = 0; round < 40; round++) {
        struct ss_test_shape shape = {.page_size = round % 3 == 0 ? 4096 : 1024,
                                      .leaf_max = 2 + (uint32_t)(round % 4),
                                      .big = round % 5 == 0,
                                      .keeps_tombstone = round % 2 == 0};
        struct ss_test_history h = {0};
        struct ss_test_snapshot s;
        struct reading r;

        ss_test_history_random(&h, 2 + (uint32_t)(ss_test_random(&seed) % 400),
                               2 + (uint32_t)(ss_test_random(&seed) % 60), &seed);
        if (round % 4 != 0) {
            shape.compacted =
                2 +
                (int64_t)(ss_test_random(&seed) % (uint64_t)h.records[h.count - 1].rev.main) / 2;
        }
        s = ss_test_snapshot_open(&h, &shape);
        r = read_all(s.file);
        for (size_t i = 0; i < TIMES && r.count > 0; i++) {
            const struct ss_call call = {.threads = thread_counts[i]};
            uint64_t same = seed;
            struct ss_file *file;
            struct ss_error err;

            assert_int_equal(ss_open_memory(s.bytes, s.len, "test", NULL, &file, &err), SS_OK);
            check_status(file, &call, &r);
            check_figures(file, &call, &r);
            check_hashkv(file, &call, &r, shape.compacted, &same);
            check_state(file, &call, &r, shape.compacted, &same);
            ss_close(file);
        }
        reading_free(&r);
        ss_test_snapshot_close(&s);
        ss_test_history_free(&h);
    }
}

/* Two broken records: each pass tells of the first one, unless it ends before it. */
static void broken_records(void **ctx)
{
    struct ss_test_shape shape = {.page_size = 1024, .leaf_max = 3};
    struct ss_test_history h = {0};
    struct ss_test_snapshot s;
    struct reading r;
    uint64_t seed = 5;

    (void)ctx;
    ss_test_history_random(&h, 600, 80, &seed);
    s = ss_test_snapshot_open(&h, &shape);
    r = read_all(s.file);
    for (size_t at = 3; at + 40 < r.count; at += 67) {
        /* The first tag of a record; then that of one a few leaves behind it. */
        uint64_t offs[2] = {r.entries[at].value.off, r.entries[at + 7].value.off};
        int64_t rev = r.records[at].rev.main;

        for (size_t i = 0; i < TIMES; i++) {
            const struct ss_call call = {.threads = thread_counts[i]};
            struct ss_etcd_status status;
            struct ss_key_figures figures;
            struct ss_hashkv hashkv;
            struct ss_state *state;
            struct ss_error err;
            struct ss_file *file;

            s.bytes[offs[0]] = s.bytes[offs[1]] = 0x0f;
            assert_int_equal(ss_open_memory(s.bytes, s.len, "test", NULL, &file, &err), SS_OK);
            assert_int_equal(ss_etcd_status(file, &call, &status, &err), SS_CORRUPT);
            assert_int_equal(err.code, SS_E_RECORD);
            assert_int_equal(err.off, offs[0]);
            assert_string_equal(err.bucket, "key");
            assert_int_equal(ss_key_figures(file, &call, &figures, &err), SS_CORRUPT);
            assert_int_equal(err.off, offs[0]);
            assert_int_equal(figures.record_count, at);
            assert_int_equal(ss_hashkv(file, rev, 0, &call, &hashkv, &err), SS_CORRUPT);
            assert_int_equal(err.off, offs[0]);
            if (r.records[at - 1].rev.main < rev) {
                s.bytes[offs[0]] = 0x0a;
                assert_int_equal(ss_hashkv(file, rev - 1, 0, &call, &hashkv, &err), SS_OK);
                assert_int_equal(hashkv.hash, hash_by_hand(&r, rev - 1, -1, 0));
                assert_int_equal(ss_state_new(file, rev - 1, NULL, &call, &state, &err), SS_OK);
                ss_state_free(state);
            }
            ss_close(file);
            s.bytes[offs[0]] = s.bytes[offs[1]] = 0x0a;
        }
    }
    reading_free(&r);
    ss_test_snapshot_close(&s);
    ss_test_history_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_histories),
        cmocka_unit_test(broken_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
