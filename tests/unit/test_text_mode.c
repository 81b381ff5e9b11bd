/*
 * Copies in text mode: both directions, at every page size and in both byte orders; and what only looks like one.
 */
#include "build_db.h"

#include "snapscope.h"
#include "util/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct bytes {
    uint8_t *ptr;
    size_t len;
};

/* A bucket of `count` values that hold `text`, sealed with a hash. */
static struct bytes build(uint32_t page_size, bool big, unsigned count, const char *text)
{
    struct ss_test_db *db = ss_test_db_new(page_size, big);
    uint32_t bucket = ss_test_db_bucket(db, SS_TEST_ROOT, "lines", false);
    struct ss_sha256 sha;
    struct bytes out;
    char key[16];

    ss_test_db_leaf_max(db, 4);
    for (unsigned i = 0; i < count; i++) {
        /* 100, 101, …: no byte 0x0a or 0x0d in the key */
        int len = snprintf(key, sizeof(key), "%u", 100 + i);

        ss_test_db_put(db, bucket, key, (size_t)len, text, strlen(text));
    }
    out.ptr = ss_test_db_finish(db, &out.len);
    out.ptr = realloc(out.ptr, out.len + SS_SHA256_LEN);
    assert_non_null(out.ptr);
    assert_true(ss_sha256_init(&sha));
    assert_true(ss_sha256_update(&sha, out.ptr, out.len));
    assert_true(ss_sha256_final(&sha, out.ptr + out.len));
    ss_sha256_fini(&sha);
    out.len += SS_SHA256_LEN;
    return out;
}

/* As `from`, with 0x0d put before every 0x0a, or taken away there. Frees it. */
static struct bytes as_text(struct bytes from, bool add)
{
    struct bytes to = {malloc(2 * from.len), 0};

    assert_non_null(to.ptr);
    for (size_t i = 0; i < from.len; i++) {
        bool before = i + 1 < from.len && from.ptr[i] == '\r' && from.ptr[i + 1] == '\n';

        if (add && from.ptr[i] == '\n') {
            to.ptr[to.len++] = '\r';
        }
        if (add || !before) {
            to.ptr[to.len++] = from.ptr[i];
        }
    }
    free(from.ptr);
    return to;
}

static uint64_t count_of(struct bytes from, const char *two)
{
    uint64_t count = 0;

    for (size_t i = 1; i < from.len; i++) {
        count += from.ptr[i - 1] == two[0] && from.ptr[i] == two[1];
    }
    return count;
}

static uint64_t count_lf(struct bytes from)
{
    uint64_t count = 0;

    for (size_t i = 0; i < from.len; i++) {
        count += from.ptr[i] == '\n';
    }
    return count;
}

/* What is said of the bytes. Frees them. */
static struct ss_text_mode look(struct bytes from)
{
    struct ss_text_mode found;
    struct ss_file *file;
    struct ss_error err;

    assert_int_equal(ss_open_memory(from.ptr, from.len, "t", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_text_mode(file, NULL, &found, &err), SS_OK);
    ss_close(file);
    free(from.ptr);
    return found;
}

static void assert_none(struct bytes from)
{
    struct ss_text_mode found = look(from);

    assert_int_equal(found.change, SS_TEXT_MODE_NONE);
    assert_int_equal(found.count, 0);
    assert_int_equal(found.off, SS_NONE);
    assert_int_equal(found.pgid, SS_NONE);
}

static const uint32_t page_sizes[] = {1024, 4096, 65536};

static void added(void **state)
{
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct bytes db = build(page_sizes[i / 2], i % 2 > 0, 30, "a\nb\n\nc\r\nd\n");
        uint64_t count = count_lf(db),
                 first = (uint64_t)((uint8_t *)memchr(db.ptr, '\n', db.len) - db.ptr);
        struct ss_text_mode found = look(as_text(db, true));

        assert_true(count >= 150);
        assert_int_equal(found.change, SS_TEXT_MODE_ADDED);
        assert_int_equal(found.count, count);
        assert_int_equal(found.off, first);
        assert_int_equal(found.pgid, SS_NONE);
        assert_true(found.hash_right);
    }
}

/* Without a hash, and with a wrong one: the page headers alone are the proof. */
static void added_without_a_hash(void **state)
{
    struct ss_text_mode found;
    struct bytes db;

    (void)state;
    for (int wrong = 0; wrong < 2; wrong++) {
        db = build(4096, false, 30, "a\nb\n");
        db.ptr[db.len - 1] ^= 0x80;
        if (wrong == 0) {
            db.len -= SS_SHA256_LEN;
        }
        found = look(as_text(db, true));
        assert_int_equal(found.change, SS_TEXT_MODE_ADDED);
        assert_false(found.hash_right);
        assert_true(found.fit_count > 4);
    }
    /* The last page alone has such bytes, and the hash is no proof: nothing is said. */
    db = build(4096, false, 1, "a");
    db.ptr[db.len - SS_SHA256_LEN - 1] = '\n';
    assert_none(as_text(db, true));
}

/* One byte 0x0a less with its 0x0d, one page more, one byte off: no longer what such a copy makes. */
static void added_not(void **state)
{
    struct bytes db;

    (void)state;
    db = as_text(build(4096, false, 30, "a\nb\n"), true);
    *(uint8_t *)memchr(db.ptr, '\r', db.len) = 'x';
    assert_none(db);
    db = as_text(build(4096, false, 30, "a\nb\n"), true);
    db.len -= 1;
    assert_none(db);
    db = as_text(build(4096, false, 30, "a\nb\n"), true);
    db.len -= 4096;
    assert_none(db);
}

static void removed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        uint32_t page_size = page_sizes[i / 2];
        struct bytes db = build(page_size, i % 2 > 0, 30, "one\r\ntwo\nthree\r\n");
        uint64_t count = count_of(db, "\r\n");
        struct ss_text_mode found = look(as_text(db, false));

        assert_true(count >= 60);
        assert_int_equal(found.change, SS_TEXT_MODE_REMOVED);
        assert_int_equal(found.count, count);
        assert_int_equal(found.pgid * page_size - found.off,
                         8); /* of four values in the page before */
        assert_true(found.fit_count > 4);
    }
}

/* A pair that is left, a byte that went elsewhere, a file that was only cut. */
static void removed_not(void **state)
{
    struct bytes db;
    uint8_t *at;

    (void)state;
    db = as_text(build(4096, false, 30, "one\r\ntwo\n"), false);
    at = memchr(db.ptr, '\n', db.len);
    at[-1] = '\r';
    assert_none(db);
    db = build(4096, false, 30, "one two");
    db.len -= 1;
    memmove(db.ptr + 9000, db.ptr + 9001, db.len - 9000);
    assert_none(db);
    db = build(4096, false, 30, "one\ntwo\n");
    db.len -= 6000;
    assert_none(db);
}

/* Sound files that hold such bytes, all of them in pairs or none. */
static void sound(void **state)
{
    static const char *const texts[] = {"a\r\nb", "a\nb", "\r\n\r\n", "\r\r", "\n", "a"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_none(build(4096, false, 30, texts[i]));
        assert_none(build(1024, true, 300, texts[i]));
    }
}

/* Each byte of a sound file but the metas' changed in turn: damage that no such copy makes. */
static void any_byte(void **state)
{
    struct bytes db = build(1024, false, 6, "a\r\nb");
    struct ss_text_mode found;
    struct ss_file *file;
    struct ss_error err;

    (void)state;
    for (size_t at = 0; at < db.len; at++) {
        uint8_t was = db.ptr[at];

        for (int i = 0; i < 3; i++) {
            db.ptr[at] = i == 0 ? '\r' : i == 1 ? '\n' : (uint8_t)~was;
            assert_int_equal(ss_open_memory(db.ptr, db.len, "t", NULL, &file, &err), SS_OK);
            assert_int_equal(ss_text_mode(file, NULL, &found, &err), SS_OK);
            assert_int_equal(found.change, SS_TEXT_MODE_NONE);
            ss_close(file);
        }
        db.ptr[at] = was;
    }
    free(db.ptr);
}

static bool stop(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    (void)ctx, (void)phase, (void)done, (void)total;
    return false;
}

static void cancelled(void **state)
{
    const struct ss_call call = {.progress = stop};
    struct bytes db = as_text(build(65536, false, 30, "a\nb\n"), true);
    struct ss_text_mode found;
    struct ss_file *file;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_open_memory(db.ptr, db.len, "t", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_text_mode(file, &call, &found, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_CANCELLED);
    ss_close(file);
    free(db.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(added),       cmocka_unit_test(added_without_a_hash),
        cmocka_unit_test(added_not),   cmocka_unit_test(removed),
        cmocka_unit_test(removed_not), cmocka_unit_test(sound),
        cmocka_unit_test(any_byte),    cmocka_unit_test(cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
