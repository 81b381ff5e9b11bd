/*
 * The cursor: every move over trees of each shape, and what it refuses on broken ones.
 *
 * A sound tree is compared with the list of its keys, which is what a cursor over it must give.
 */
#include "build_db.h"
#include "image.h"

#include "parser/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- sound trees ---- */

struct tree {
    uint8_t *bytes;
    struct ss_file *file;
    struct ss_bucket *bucket;
    struct ss_cursor *cursor;
    uint32_t count;
};

/* Keys are "k00010", "k00020", …: there is room between any two. */
static void key_text(uint32_t i, char key[16])
{
    snprintf(key, 16, "k%05u", (unsigned)((i + 1) * 10));
}

static void tree_init(struct tree *t, uint32_t page_size, bool big, uint32_t leaf_max,
                      uint32_t count, bool is_inline)
{
    struct ss_test_db *db = ss_test_db_new(page_size, big);
    uint32_t bucket = ss_test_db_bucket(db, SS_TEST_ROOT, "tree", is_inline);
    struct ss_span path = {(const uint8_t *)"tree", 4, SS_NONE};
    struct ss_error err;
    size_t len;
    char key[16];

    ss_test_db_leaf_max(db, leaf_max);
    for (uint32_t i = 0; i < count; i++) {
        key_text(i, key);
        ss_test_db_put(db, bucket, key, 6, &i, sizeof(i));
    }
    t->count = count;
    t->bytes = ss_test_db_finish(db, &len);
    assert_int_equal(ss_open_memory(t->bytes, len, "tree", NULL, &t->file, &err), SS_OK);
    assert_int_equal(ss_bucket_open(t->file, &path, 1, &t->bucket, &err), SS_OK);
    assert_int_equal(ss_cursor_new(t->bucket, &t->cursor, &err), SS_OK);
}

static void tree_fini(struct tree *t)
{
    ss_cursor_free(t->cursor);
    ss_bucket_free(t->bucket);
    ss_close(t->file);
    free(t->bytes);
}

static void expect_entry(const struct ss_entry *entry, uint32_t i)
{
    char key[16];
    uint32_t value;

    key_text(i, key);
    assert_int_equal(entry->key.len, 6);
    assert_memory_equal(entry->key.ptr, key, 6);
    assert_int_equal(entry->value.len, sizeof(value));
    memcpy(&value, entry->value.ptr, sizeof(value));
    assert_int_equal(value, i);
    assert_false(entry->is_bucket);
}

static void walk_forward(struct tree *t)
{
    struct ss_entry entry;
    struct ss_error err;
    enum ss_status status = ss_cursor_first(t->cursor, &entry, &err);

    for (uint32_t i = 0; i < t->count; i++) {
        assert_int_equal(status, SS_OK);
        expect_entry(&entry, i);
        status = ss_cursor_next(t->cursor, &entry, &err);
    }
    assert_int_equal(status, SS_END);
    assert_int_equal(ss_cursor_next(t->cursor, &entry, &err), SS_END);
    if (t->count > 0) {
        assert_int_equal(ss_cursor_prev(t->cursor, &entry, &err), SS_OK);
        expect_entry(&entry, t->count - 1);
    }
}

static void walk_backward(struct tree *t)
{
    struct ss_entry entry;
    struct ss_error err;
    enum ss_status status = ss_cursor_last(t->cursor, &entry, &err);

    for (uint32_t i = t->count; i-- > 0;) {
        assert_int_equal(status, SS_OK);
        expect_entry(&entry, i);
        status = ss_cursor_prev(t->cursor, &entry, &err);
    }
    assert_int_equal(status, SS_END);
    assert_int_equal(ss_cursor_prev(t->cursor, &entry, &err), SS_END);
    if (t->count > 0) {
        assert_int_equal(ss_cursor_next(t->cursor, &entry, &err), SS_OK);
        expect_entry(&entry, 0);
    }
}

/* Seeks a text; due is the number of the element that it must land on, count for none. */
static void expect_seek(struct tree *t, const char *text, size_t len, uint32_t due)
{
    struct ss_entry entry;
    struct ss_error err;
    enum ss_status status = ss_cursor_seek(t->cursor, text, len, &entry, &err);

    if (due == t->count) {
        assert_int_equal(status, SS_END);
        if (t->count > 0) {
            assert_int_equal(ss_cursor_prev(t->cursor, &entry, &err), SS_OK);
            expect_entry(&entry, t->count - 1);
        }
        return;
    }
    assert_int_equal(status, SS_OK);
    expect_entry(&entry, due);
    status = ss_cursor_prev(t->cursor, &entry, &err);
    assert_int_equal(status, due == 0 ? SS_END : SS_OK);
    if (due > 0) {
        expect_entry(&entry, due - 1);
    }
    assert_int_equal(ss_cursor_next(t->cursor, &entry, &err), SS_OK);
    expect_entry(&entry, due);
}

static void seek_everywhere(struct tree *t)
{
    char key[16];

    expect_seek(t, "", 0, 0);
    expect_seek(t, "a", 1, 0);
    expect_seek(t, "z", 1, t->count);
    for (uint32_t i = 0; i < t->count; i++) {
        key_text(i, key);
        expect_seek(t, key, 6, i);
        key[6] = '\0';
        expect_seek(t, key, 7, i + 1);
        key[5] = '5';
        expect_seek(t, key, 6, i + 1);
    }
}

static void moves_over_trees_of_each_shape(void **state)
{
    static const struct {
        uint32_t page_size, leaf_max, count;
        bool is_inline;
    } shapes[] = {{4096, 100, 0, false}, {4096, 100, 1, false},  {4096, 100, 40, false},
                  {4096, 2, 3, false},   {4096, 2, 64, false},   {1024, 2, 257, false},
                  {1024, 3, 500, false}, {65536, 5, 126, false}, {4096, 100, 0, true},
                  {4096, 100, 1, true},  {4096, 100, 30, true}};
    struct tree t;

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(shapes) / sizeof(shapes[0]); i++) {
        tree_init(&t, shapes[i / 2].page_size, i % 2 == 1, shapes[i / 2].leaf_max,
                  shapes[i / 2].count, shapes[i / 2].is_inline);
        walk_forward(&t);
        walk_backward(&t);
        seek_everywhere(&t);
        tree_fini(&t);
    }
}

/* A cursor that goes to and fro over one border enters its leaves any number of times. */
static void may_turn_as_often_as_it_likes(void **state)
{
    struct ss_entry entry;
    struct ss_error err;
    struct tree t;

    (void)state;
    tree_init(&t, 1024, false, 2, 8, false);
    assert_int_equal(ss_cursor_seek(t.cursor, "k00040", 6, &entry, &err), SS_OK);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(ss_cursor_next(t.cursor, &entry, &err), SS_OK);
        expect_entry(&entry, 4);
        assert_int_equal(ss_cursor_prev(t.cursor, &entry, &err), SS_OK);
        expect_entry(&entry, 3);
    }
    tree_fini(&t);
}

static void finds_nested_buckets(void **state)
{
    struct ss_span path[] = {ss_span_of("a", 1), ss_span_of("b", 1), ss_span_of("c", 1)};
    struct ss_bucket_facts facts;
    struct ss_bucket *bucket;
    struct ss_cursor *cursor;
    struct ss_entry entry;
    struct ss_file *file;
    struct ss_error err;

    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct ss_test_db *db = ss_test_db_new(4096, kind / 2 == 1);
        uint32_t a = ss_test_db_bucket(db, SS_TEST_ROOT, "a", false);
        uint32_t b = ss_test_db_bucket(db, a, "b", false);
        uint32_t c = ss_test_db_bucket(db, b, "c", kind % 2 == 1);
        uint8_t *bytes;
        size_t len;

        ss_test_db_put(db, a, "plain", 5, "x", 1);
        ss_test_db_put(db, c, "deep", 4, "down", 4);
        bytes = ss_test_db_finish(db, &len);
        assert_int_equal(ss_open_memory(bytes, len, "nested", NULL, &file, &err), SS_OK);
        assert_int_equal(ss_bucket_open(file, path, 3, &bucket, &err), SS_OK);
        ss_bucket_facts(bucket, &facts);
        assert_string_equal(facts.path, "a/b/c");
        assert_int_equal(facts.is_inline, kind % 2 == 1);
        assert_int_equal(ss_cursor_new(bucket, &cursor, &err), SS_OK);
        assert_int_equal(ss_cursor_first(cursor, &entry, &err), SS_OK);
        assert_memory_equal(entry.value.ptr, "down", 4);
        assert_int_equal(ss_cursor_next(cursor, &entry, &err), SS_END);
        ss_cursor_free(cursor);
        ss_bucket_free(bucket);

        path[1] = ss_span_of("plain", 5);
        assert_int_equal(ss_bucket_open(file, path, 2, &bucket, &err), SS_SYSTEM);
        assert_int_equal(err.code, SS_E_NOT_FOUND);
        path[1] = ss_span_of("b", 1);
        ss_close(file);
        free(bytes);
    }
}

/* ---- broken trees: the root bucket's own tree, page 2 ---- */

#define SIZE 1024u

static struct ss_test_image image;

/* page 2 branch (a 3, m 4) over leaf 3 (a b) and leaf 4 (m n). */
static void two_leaves(bool big)
{
    static const struct ss_test_element root[] = {{.key = "a", .child = 3},
                                                  {.key = "m", .child = 4}};
    static const struct ss_test_element left[] = {{.key = "a"}, {.key = "b"}};
    static const struct ss_test_element right[] = {{.key = "m"}, {.key = "n"}};

    ss_test_image_init(&image, SIZE, big, 8);
    ss_test_image_branch(&image, 2, root, 2);
    ss_test_image_leaf(&image, 3, 0, left, 2);
    ss_test_image_leaf(&image, 4, 0, right, 2);
}

/* Both ways through the root bucket: how many elements came before the end or the fault. */
static enum ss_status scan(bool forward, uint32_t *count, struct ss_error *err)
{
    struct ss_file *file = ss_test_image_open(&image);
    struct ss_bucket *bucket;
    struct ss_cursor *c;
    struct ss_entry entry;
    enum ss_status status;

    *count = 0;
    assert_int_equal(ss_bucket_open(file, NULL, 0, &bucket, err), SS_OK);
    assert_int_equal(ss_cursor_new(bucket, &c, err), SS_OK);
    status = forward ? ss_cursor_first(c, &entry, err) : ss_cursor_last(c, &entry, err);
    while (status == SS_OK) {
        ++*count;
        assert_true(*count < 100000);
        status = forward ? ss_cursor_next(c, &entry, err) : ss_cursor_prev(c, &entry, err);
    }
    ss_cursor_free(c);
    ss_bucket_free(bucket);
    ss_close(file);
    return status;
}

static void expect_scan(bool forward, uint32_t count, enum ss_code code, uint64_t off,
                        uint64_t pgid)
{
    struct ss_error err;
    uint32_t got;

    assert_int_equal(scan(forward, &got, &err), SS_CORRUPT);
    assert_string_equal(ss_code_name(err.code), ss_code_name(code));
    assert_int_equal(err.off, off);
    assert_int_equal(err.pgid, pgid);
    assert_int_equal(got, count);
}

static void ends_at_a_cycle(void **state)
{
    (void)state;
    two_leaves(true);
    ss_test_image_set(&image, ss_test_image_element_off(&image, 2, 1) + 8, 8, 2);
    expect_scan(true, 2, SS_E_CYCLE, ss_test_image_element_off(&image, 2, 1) + 8, 2);
    expect_scan(false, 0, SS_E_CYCLE, ss_test_image_element_off(&image, 2, 1) + 8, 2);
    ss_test_image_fini(&image);
}

static void ends_at_a_page_met_twice(void **state)
{
    (void)state;
    two_leaves(false);
    ss_test_image_set(&image, ss_test_image_element_off(&image, 2, 1) + 8, 8, 3);
    expect_scan(true, 2, SS_E_KEY_BOUNDS, ss_test_image_key_off(&image, 3, 0), 3);
    expect_scan(false, 0, SS_E_KEY_BOUNDS, ss_test_image_key_off(&image, 3, 0), 3);
    ss_test_image_fini(&image);
}

static void ends_at_keys_out_of_order(void **state)
{
    static const struct {
        uint32_t element;
        char key;
        enum ss_code code;
    } table[] = {{0, 'l', SS_E_KEY_BOUNDS}, {1, 'm', SS_E_KEY_DUPLICATE}, {1, 'a', SS_E_KEY_ORDER}};

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint64_t off;

        two_leaves(false);
        off = ss_test_image_key_off(&image, 4, table[i].element);
        image.bytes[off] = (uint8_t)table[i].key;
        expect_scan(true, 2, table[i].code, off, 4);
        expect_scan(false, 0, table[i].code, off, 4);
        ss_test_image_fini(&image);
    }
    two_leaves(false);
    image.bytes[ss_test_image_key_off(&image, 3, 1)] = 'm';
    expect_scan(true, 0, SS_E_KEY_BOUNDS, ss_test_image_key_off(&image, 3, 1), 3);
    expect_scan(false, 2, SS_E_KEY_BOUNDS, ss_test_image_key_off(&image, 3, 1), 3);
    ss_test_image_fini(&image);
}

static void ends_at_a_page_of_another_kind(void **state)
{
    static const uint64_t ids[] = {5};

    (void)state;
    two_leaves(false);
    ss_test_image_freelist(&image, 4, 0, ids, 1);
    expect_scan(true, 2, SS_E_PAGE_TYPE, 4 * SIZE + 8, 4);
    ss_test_image_fini(&image);
}

static void ends_at_children_that_cannot_be(void **state)
{
    static const uint64_t ids[] = {0, 1, 8, UINT64_MAX, UINT64_C(1) << 63};

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        two_leaves(i % 2 == 1);
        ss_test_image_set(&image, ss_test_image_element_off(&image, 2, 1) + 8, 8, ids[i]);
        expect_scan(true, 2, SS_E_PAGE_RANGE, ss_test_image_element_off(&image, 2, 1) + 8, ids[i]);
        ss_test_image_fini(&image);
    }
}

static void passes_over_empty_leaves(void **state)
{
    struct ss_error err;
    uint32_t count;

    (void)state;
    for (uint64_t empty = 3; empty <= 4; empty++) {
        two_leaves(false);
        ss_test_image_leaf(&image, empty, 0, NULL, 0);
        for (int forward = 0; forward < 2; forward++) {
            assert_int_equal(scan(forward == 1, &count, &err), SS_END);
            assert_int_equal(count, 2);
        }
        ss_test_image_fini(&image);
    }
    two_leaves(false);
    ss_test_image_leaf(&image, 3, 0, NULL, 0);
    ss_test_image_leaf(&image, 4, 0, NULL, 0);
    assert_int_equal(scan(true, &count, &err), SS_END);
    assert_int_equal(scan(false, &count, &err), SS_END);
    assert_int_equal(count, 0);
    ss_test_image_fini(&image);
}

/* One empty leaf named by every child: no key contradicts it, and still there is an end. */
static void ends_among_empty_leaves_met_again(void **state)
{
    struct ss_test_element root[26];
    char keys[26][2] = {{0}};

    (void)state;
    for (uint32_t i = 0; i < 26; i++) {
        keys[i][0] = (char)('a' + i);
        root[i] = (struct ss_test_element){.key = keys[i], .child = 3};
    }
    ss_test_image_init(&image, SIZE, false, 8);
    ss_test_image_branch(&image, 2, root, 26);
    ss_test_image_leaf(&image, 3, 0, NULL, 0);
    expect_scan(true, 0, SS_E_CYCLE, ss_test_image_element_off(&image, 2, 7) + 8, 3);
    expect_scan(false, 0, SS_E_CYCLE, ss_test_image_element_off(&image, 2, 18) + 8, 3);
    ss_test_image_fini(&image);
}

/* Leaves whose overflow runs overlap would give more bytes than the file has. */
static void ends_among_runs_that_overlap(void **state)
{
    (void)state;
    two_leaves(false);
    ss_test_image_set(&image, 3 * SIZE + 12, 4, 4);
    ss_test_image_set(&image, 4 * SIZE + 12, 4, 3);
    expect_scan(true, 2, SS_E_CYCLE, ss_test_image_element_off(&image, 2, 1) + 8, 4);
    ss_test_image_fini(&image);
}

static void ends_at_a_chain_too_deep(void **state)
{
    (void)state;
    for (int too_deep = 0; too_deep < 2; too_deep++) {
        uint64_t last = 2 + SS_TREE_DEPTH_MAX - 1 + (uint64_t)too_deep;
        struct ss_test_element leaf = {.key = "k"};
        struct ss_error err;
        uint32_t count;

        ss_test_image_init(&image, SIZE, false, 80);
        for (uint64_t pgid = 2; pgid < last; pgid++) {
            struct ss_test_element only = {.key = "k", .child = pgid + 1};

            ss_test_image_branch(&image, pgid, &only, 1);
        }
        ss_test_image_leaf(&image, last, 0, &leaf, 1);
        if (too_deep == 0) {
            assert_int_equal(scan(true, &count, &err), SS_END);
            assert_int_equal(count, 1);
        } else {
            expect_scan(true, 0, SS_E_DEPTH, ss_test_image_element_off(&image, last - 1, 0) + 8,
                        last);
        }
        ss_test_image_fini(&image);
    }
}

static void moves_again_after_a_fault(void **state)
{
    struct ss_bucket *bucket;
    struct ss_cursor *c;
    struct ss_entry entry;
    struct ss_file *file;
    struct ss_error err;

    (void)state;
    two_leaves(false);
    memset(image.bytes + 4 * SIZE, 0, SIZE);
    file = ss_test_image_open(&image);
    assert_int_equal(ss_bucket_open(file, NULL, 0, &bucket, &err), SS_OK);
    assert_int_equal(ss_cursor_new(bucket, &c, &err), SS_OK);
    assert_int_equal(ss_cursor_seek(c, "n", 1, &entry, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_PAGE_ID);
    assert_int_equal(ss_cursor_seek(c, "b", 1, &entry, &err), SS_OK);
    assert_memory_equal(entry.key.ptr, "b", 1);
    assert_int_equal(ss_cursor_next(c, &entry, &err), SS_CORRUPT);
    assert_int_equal(ss_cursor_first(c, &entry, &err), SS_OK);
    assert_memory_equal(entry.key.ptr, "a", 1);
    assert_int_equal(entry.pgid, 3);
    assert_int_equal(entry.index, 0);
    ss_cursor_free(c);
    ss_bucket_free(bucket);
    ss_close(file);
    ss_test_image_fini(&image);
}

static void refuses_buckets_with_broken_headers(void **state)
{
    uint8_t header[16];
    struct ss_span path = ss_span_of("b", 1);
    static const struct {
        size_t len;
        uint64_t root;
        enum ss_code code;
        uint32_t err_pos;
    } table[] = {{15, 5, SS_E_BUCKET, 0}, {0, 5, SS_E_BUCKET, 0}, {16, 0, SS_E_BUCKET, 16}};

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct ss_test_element e = {.key = "b", .value = header, .is_bucket = true};
        struct ss_bucket *bucket;
        struct ss_file *file;
        struct ss_error err;

        ss_test_image_init(&image, SIZE, false, 8);
        ss_test_image_bucket(&image, table[i].root, header);
        e.value_len = table[i].len;
        ss_test_image_leaf(&image, 2, 0, &e, 1);
        file = ss_test_image_open(&image);
        assert_int_equal(ss_bucket_open(file, &path, 1, &bucket, &err), SS_CORRUPT);
        assert_null(bucket);
        assert_int_equal(err.code, table[i].code);
        assert_int_equal(err.off, ss_test_image_key_off(&image, 2, 0) + 1 + table[i].err_pos);
        assert_int_equal(err.pgid, 2);
        ss_close(file);
        ss_test_image_fini(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_over_trees_of_each_shape),
        cmocka_unit_test(may_turn_as_often_as_it_likes),
        cmocka_unit_test(finds_nested_buckets),
        cmocka_unit_test(ends_at_a_cycle),
        cmocka_unit_test(ends_at_a_page_met_twice),
        cmocka_unit_test(ends_at_keys_out_of_order),
        cmocka_unit_test(ends_at_a_page_of_another_kind),
        cmocka_unit_test(ends_at_children_that_cannot_be),
        cmocka_unit_test(passes_over_empty_leaves),
        cmocka_unit_test(ends_among_empty_leaves_met_again),
        cmocka_unit_test(ends_among_runs_that_overlap),
        cmocka_unit_test(ends_at_a_chain_too_deep),
        cmocka_unit_test(moves_again_after_a_fault),
        cmocka_unit_test(refuses_buckets_with_broken_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
