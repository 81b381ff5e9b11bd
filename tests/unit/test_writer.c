/*
 * test_writer.c - what the writer writes, read back: same elements, sound, and as bbolt lays it out.
 */
#include "writer/copy.h"

#include "build_db.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct sink {
    uint8_t *bytes;
    size_t len, cap;
    size_t fail_at; /* refuse the write that would pass this length; 0: never */
};

static bool sink_write(void *ctx, const void *bytes, size_t len)
{
    struct sink *s = ctx;

    if (s->fail_at > 0 && s->len + len > s->fail_at) {
        errno = ENOSPC;
        return false;
    }
    while (s->len + len > s->cap) {
        s->cap = s->cap == 0 ? 1 << 16 : s->cap * 2;
        s->bytes = realloc(s->bytes, s->cap);
        assert_non_null(s->bytes);
    }
    memcpy(s->bytes + s->len, bytes, len);
    s->len += len;
    return true;
}

static enum ss_status produce_copy(void *ctx, struct ss_writer *w, struct ss_error *err)
{
    const struct ss_file *file = ctx;
    struct ss_tree root = ss_tree_root(file);
    uint64_t entered = 0;

    return ss_copy_tree(file, &root, "", &entered, w, err);
}

static struct ss_file *open_bytes(const uint8_t *bytes, size_t len)
{
    struct ss_file *file;
    struct ss_error err;

    assert_int_equal(ss_open_memory(bytes, len, "test", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_file_readable(file, &err), SS_OK);
    return file;
}

/* Buckets with inline, nested and empty ones, long keys and a value of several pages. */
static uint8_t *make_source(bool big, uint32_t keys, size_t *len)
{
    struct ss_test_db *db = ss_test_db_new(1024, big);
    uint32_t plain = ss_test_db_bucket(db, SS_TEST_ROOT, "plain", false);
    uint32_t tiny = ss_test_db_bucket(db, SS_TEST_ROOT, "tiny", true);
    uint32_t outer = ss_test_db_bucket(db, SS_TEST_ROOT, "outer", false);
    uint32_t inner = ss_test_db_bucket(db, outer, "inner", true);
    char *large = calloc(1, 5000);
    char key[700];

    ss_test_db_bucket(db, SS_TEST_ROOT, "void", true);
    for (uint32_t i = 0; i < keys; i++) {
        int n = snprintf(key, sizeof(key), "key-%06u", i);

        ss_test_db_put(db, plain, key, (size_t)n, key, (size_t)n);
    }
    memset(key, 'k', sizeof(key));
    ss_test_db_put(db, plain, key, sizeof(key), large, 5000);
    ss_test_db_put(db, tiny, "a", 1, "b", 1);
    ss_test_db_put(db, inner, "x", 1, "", 0);
    ss_test_db_put(db, outer, "beside", 6, "inner", 5);
    free(large);
    return ss_test_db_finish(db, len);
}

static bool sum_stats(void *ctx, const struct ss_bucket_stats *stats)
{
    uint64_t *sum = ctx;

    sum[0] += stats->key_count;
    sum[1] += stats->key_len;
    sum[2] += stats->value_len;
    sum[3] += stats->bucket_count;
    sum[4] += 1;
    sum[5] = sum[5] > stats->depth ? sum[5] : stats->depth;
    return true;
}

/* Both walks give the same elements of every bucket, bytes and all. */
static void assert_same_tree(const struct ss_file *a, const struct ss_tree *ta,
                             const struct ss_file *b, const struct ss_tree *tb)
{
    struct ss_cursor ca, cb;
    struct ss_entry ea, eb;
    struct ss_error err;
    enum ss_status sa, sb;

    assert_int_equal(ta->sequence, tb->sequence);
    ss_cursor_init(&ca, a, ta, "");
    ss_cursor_init(&cb, b, tb, "");
    sa = ss_cursor_first(&ca, &ea, &err);
    sb = ss_cursor_first(&cb, &eb, &err);
    for (; sa == SS_OK && sb == SS_OK;
         sa = ss_cursor_next(&ca, &ea, &err), sb = ss_cursor_next(&cb, &eb, &err)) {
        struct ss_tree na, nb;

        assert_true(ss_span_eq(ea.key, eb.key));
        assert_int_equal(ea.is_bucket, eb.is_bucket);
        if (!ea.is_bucket) {
            assert_true(ss_span_eq(ea.value, eb.value));
            continue;
        }
        assert_int_equal(ss_tree_decode(&a->geo, ea.value, ea.pgid, &na, &err), SS_OK);
        assert_int_equal(ss_tree_decode(&b->geo, eb.value, eb.pgid, &nb, &err), SS_OK);
        assert_same_tree(a, &na, b, &nb);
    }
    assert_int_equal(sa, SS_END);
    assert_int_equal(sb, SS_END);
}

static bool count_use(void *ctx, const struct ss_page_row *row)
{
    uint64_t *uses = ctx;

    uses[row->use]++;
    return true;
}

static void round_trip(const uint8_t *source, size_t source_len, const struct ss_writer_opts *opts)
{
    struct ss_file *in = open_bytes(source, source_len), *out;
    struct ss_writer_result result;
    struct sink sink = {0};
    struct ss_error err;
    struct ss_tree ta = ss_tree_root(in), tb;
    struct ss_file_facts facts;
    uint64_t uses[6] = {0}, faults;

    assert_int_equal(ss_write_db(opts, produce_copy, in, sink_write, &sink, &result, &err), SS_OK);
    assert_int_equal(result.out_len, sink.len);
    assert_int_equal(result.db_len + (opts->hash ? 32 : 0), sink.len);
    out = open_bytes(sink.bytes, sink.len);
    ss_file_facts(out, &facts);
    assert_int_equal(facts.page_size, opts->page_size);
    assert_int_equal(facts.big_endian, opts->big_endian);
    assert_int_equal(facts.high_water, result.high_water);
    assert_int_equal(facts.current_meta, opts->txid % 2);
    tb = ss_tree_root(out);
    assert_same_tree(in, &ta, out, &tb);
    assert_int_equal(ss_pages(out, count_use, NULL, uses, NULL, &faults, &err), SS_OK);
    assert_int_equal(faults, 0);
    assert_int_equal(uses[SS_USE_FREE], 0);
    assert_int_equal(uses[SS_USE_ORPHAN], 0);
    assert_int_equal(uses[SS_USE_FREELIST], opts->store_freelist ? 1 : 0);
    ss_close(out);
    ss_close(in);
    free(sink.bytes);
}

static void every_shape_comes_back(void **state)
{
    static const uint32_t sizes[] = {1024, 4096, 65536};
    static const uint32_t counts[] = {0, 1, 50, 4000};

    (void)state;
    for (size_t c = 0; c < 4; c++) {
        for (size_t s = 0; s < 3; s++) {
            for (int big = 0; big < 2; big++) {
                struct ss_writer_opts opts = {.page_size = sizes[s],
                                              .big_endian = big == 1,
                                              .store_freelist = s == 1,
                                              .hash = c % 2 == 0,
                                              .txid = 6 + s};
                size_t len;
                uint8_t *source = make_source(big == 0, counts[c], &len);

                round_trip(source, len, &opts);
                free(source);
            }
        }
    }
}

static void trees_are_filled(void **state)
{
    struct ss_writer_opts opts = {.page_size = 1024, .txid = 1};
    struct ss_writer_result result;
    struct sink sink = {0};
    struct ss_error err;
    uint64_t sum[6] = {0}, faults;
    size_t len;
    uint8_t *source = make_source(false, 4000, &len);
    struct ss_file *in = open_bytes(source, len), *out;

    (void)state;
    assert_int_equal(ss_write_db(&opts, produce_copy, in, sink_write, &sink, &result, &err), SS_OK);
    out = open_bytes(sink.bytes, sink.len);
    assert_int_equal(ss_buckets(out, sum_stats, NULL, sum, &faults, &err), SS_OK);
    assert_int_equal(faults, 0);
    assert_int_equal(sum[0], 4000 + 1 + 1 + 1 + 1);
    assert_int_equal(sum[4], 5);
    /* 28 elements of 36 bytes a leaf, 38 children of 26 bytes a branch: 143 leaves, 4 branches, 1 root */
    assert_int_equal(sum[5], 3);
    assert_true(result.high_water < 2 + 143 + 6 + 5 + 4);
    ss_close(out);
    ss_close(in);
    free(sink.bytes);
    free(source);
}

struct bad_producer {
    int what;
    uint32_t runs;
};

static enum ss_status produce_badly(void *ctx, struct ss_writer *w, struct ss_error *err)
{
    struct bad_producer *bad = ctx;
    uint8_t *large;
    enum ss_status status = SS_OK;

    bad->runs++;
    switch (bad->what) {
    case 0: /* the same key twice */
        status = ss_writer_put(w, ss_span_of("a", 1), ss_span_of("", 0), err);
        return status == SS_OK ? ss_writer_put(w, ss_span_of("a", 1), ss_span_of("", 0), err)
                               : status;
    case 1:
        return ss_writer_put(w, ss_span_of("", 0), ss_span_of("", 0), err);
    case 2:
        large = calloc(1, 32769);
        status = ss_writer_put(w, ss_span_of(large, 32769), ss_span_of("", 0), err);
        free(large);
        return status;
    case 3:
        return ss_writer_begin(w, ss_span_of("b", 1), 0, err);
    case 4:
        return ss_writer_end(w, err);
    default: /* another sequence the second time */
        for (uint32_t i = 0; i < bad->runs * 200 && status == SS_OK; i++) {
            uint8_t key[4] = {(uint8_t)(i >> 8), (uint8_t)i, 0, 1};
            const uint8_t *kept = ss_writer_keep(w, key, sizeof(key));

            status = ss_writer_put(w, ss_span_of(kept, sizeof(key)), ss_span_of(kept, 4), err);
        }
        return status;
    }
}

static void misuse_is_refused(void **state)
{
    (void)state;
    for (int what = 0; what < 6; what++) {
        struct ss_writer_opts opts = {.page_size = 1024, .txid = 1};
        struct bad_producer bad = {.what = what};
        struct ss_writer_result result;
        struct sink sink = {0};
        struct ss_error err;

        assert_int_equal(ss_write_db(&opts, produce_badly, &bad, sink_write, &sink, &result, &err),
                         SS_SYSTEM);
        assert_int_equal(err.code, SS_E_ARGUMENT);
        assert_int_equal(bad.runs, what == 5 ? 2 : 1);
        free(sink.bytes);
    }
}

static void options_are_checked(void **state)
{
    struct ss_writer_opts opts = {.page_size = 1000, .txid = 1};
    struct ss_writer_result result;
    struct sink sink = {0};
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_write_db(&opts, NULL, NULL, sink_write, &sink, &result, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_ARGUMENT);
    opts = (struct ss_writer_opts){.page_size = 4096};
    assert_int_equal(ss_write_db(&opts, NULL, NULL, sink_write, &sink, &result, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_ARGUMENT);
    assert_int_equal(sink.len, 0);
}

static void a_full_disk_ends_it(void **state)
{
    struct ss_writer_opts opts = {.page_size = 4096, .hash = true, .txid = 1};
    size_t len;
    uint8_t *source = make_source(false, 50000, &len);
    struct ss_file *in = open_bytes(source, len);

    (void)state;
    for (size_t at = 1; at < 4u << 20; at += 300000) {
        struct sink sink = {.fail_at = at};
        struct ss_writer_result result;
        struct ss_error err;
        enum ss_status status =
            ss_write_db(&opts, produce_copy, in, sink_write, &sink, &result, &err);

        if (status == SS_OK) {
            assert_true(sink.len <= at);
        } else {
            assert_int_equal(status, SS_SYSTEM);
            assert_int_equal(err.code, SS_E_OUTPUT);
            assert_int_equal(err.sys, ENOSPC);
        }
        free(sink.bytes);
    }
    ss_close(in);
    free(source);
}

/* Two buckets, of which the second is given the first one's tree of more than half the file. */
static uint8_t *make_shared(size_t *len, uint64_t *element_off)
{
    struct ss_test_db *db = ss_test_db_new(1024, false);
    uint32_t first = ss_test_db_bucket(db, SS_TEST_ROOT, "a", false);
    struct ss_tree root, tree;
    struct ss_entry entry;
    struct ss_cursor c;
    struct ss_error err;
    struct ss_file *file;
    uint8_t *bytes;
    uint64_t shared;

    ss_test_db_bucket(db, SS_TEST_ROOT, "b", false);
    for (uint32_t i = 0; i < 2000; i++) {
        uint8_t key[4] = {(uint8_t)(i >> 8), (uint8_t)i, 0, 1};

        ss_test_db_put(db, first, key, sizeof(key), "v", 1);
    }
    bytes = ss_test_db_finish(db, len);
    file = open_bytes(bytes, *len);
    root = ss_tree_root(file);
    assert_int_equal(ss_tree_find_bucket(file, &root, "", ss_span_of("a", 1), &tree, &err), SS_OK);
    shared = tree.root;
    ss_cursor_init(&c, file, &root, "");
    assert_int_equal(ss_cursor_seek(&c, "b", 1, &entry, &err), SS_OK);
    *element_off = entry.value.off;
    ss_close(file);
    ss_store_u64(bytes + *element_off, shared, false);
    return bytes;
}

static void shared_trees_end_it(void **state)
{
    struct ss_writer_opts opts = {.page_size = 1024, .txid = 1};
    struct ss_writer_result result;
    struct ss_etcd_status figures;
    struct sink sink = {0};
    struct ss_error err;
    uint64_t element_off;
    size_t len;
    uint8_t *source = make_shared(&len, &element_off);
    struct ss_file *in = open_bytes(source, len);

    (void)state;
    assert_int_equal(ss_write_db(&opts, produce_copy, in, sink_write, &sink, &result, &err),
                     SS_CORRUPT);
    assert_int_equal(err.code, SS_E_CYCLE);
    assert_int_equal(err.off, element_off);
    assert_string_equal(err.bucket, "b");
    assert_int_equal(ss_etcd_status(in, NULL, &figures, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_CYCLE);
    assert_int_equal(err.off, element_off);
    assert_string_equal(err.bucket, "b");
    ss_close(in);
    free(sink.bytes);
    free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_trees_end_it), cmocka_unit_test(every_shape_comes_back),
        cmocka_unit_test(trees_are_filled),    cmocka_unit_test(misuse_is_refused),
        cmocka_unit_test(options_are_checked), cmocka_unit_test(a_full_disk_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
