/*
 * Meta pages: each page size and byte order, which one is in force, and why one cannot be used.
 */
#include "image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define META_CHECKSUM (16u + 56u)

static struct ss_test_image image;

/* What an open file says of itself. */
static struct {
    struct ss_file_facts facts;
    struct ss_meta meta[2];
    enum ss_status readable;
    struct ss_error why;
} seen;

static enum ss_status look_with(const struct ss_open_opts *opts, struct ss_error *err)
{
    struct ss_file *file;
    enum ss_status status = ss_open_memory(image.bytes, image.len, "image", opts, &file, err);

    memset(&seen, 0, sizeof(seen));
    if (status != SS_OK) {
        return status;
    }
    ss_file_facts(file, &seen.facts);
    ss_file_meta(file, 0, &seen.meta[0]);
    ss_file_meta(file, 1, &seen.meta[1]);
    seen.readable = ss_file_readable(file, &seen.why);
    seen.facts.name = NULL;
    ss_close(file);
    return SS_OK;
}

static enum ss_status look(uint32_t page_size, struct ss_error *err)
{
    return look_with(&(struct ss_open_opts){.page_size = page_size}, err);
}

static enum ss_status look_by(enum ss_meta_choice meta, struct ss_error *err)
{
    return look_with(&(struct ss_open_opts){.meta = meta}, err);
}

static void look_plainly(void)
{
    struct ss_error err;

    assert_int_equal(look(0, &err), SS_OK);
}

static void expect_current(int which)
{
    assert_int_equal(seen.readable, SS_OK);
    assert_int_equal(seen.facts.kind, SS_KIND_BBOLT);
    assert_int_equal(seen.facts.current_meta, which);
    assert_int_equal(seen.facts.page_size, image.page_size);
    assert_int_equal(seen.facts.big_endian, image.big);
}

static void finds_metas_of_every_page_size(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2 * 15; i++) {
        ss_test_image_init(&image, 1024u << (i / 2), i % 2 == 1, 3);
        look_plainly();
        expect_current(1);
        assert_int_equal(seen.facts.high_water, 3);
        assert_int_equal(seen.facts.page_count, 3);
        assert_int_equal(seen.facts.db_len, image.len);
        assert_true(seen.meta[0].valid && seen.meta[1].valid);
        assert_int_equal(seen.meta[1].off, image.page_size);
        assert_int_equal(seen.meta[1].txid, 1);
        assert_int_equal(seen.meta[1].checksum, seen.meta[1].computed);

        memset(image.bytes, 0, 128);
        look_plainly();
        expect_current(1);
        assert_false(seen.meta[0].valid);
        assert_int_equal(seen.meta[1].off, image.page_size);
        ss_test_image_fini(&image);
    }
}

static void chooses_the_higher_txid(void **state)
{
    static const struct {
        uint64_t txid[2];
        int current;
    } table[] = {{{7, 6}, 0}, {{6, 7}, 1}, {{7, 7}, 0}, {{0, UINT64_MAX}, 1}, {{0, 0}, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        ss_test_image_init(&image, 4096, i % 2 == 1, 3);
        for (int which = 0; which < 2; which++) {
            struct ss_test_meta meta = ss_test_image_meta(&image, which);

            meta.txid = table[i].txid[which];
            meta.root = 100 + (uint64_t)which;
            ss_test_image_put_meta(&image, which, &meta);
        }
        look_plainly();
        expect_current(table[i].current);
        assert_int_equal(seen.meta[0].root, 100);
        assert_int_equal(seen.meta[1].root, 101);
        ss_test_image_fini(&image);
    }
}

/* Each byte of a meta, one bit: the other meta is in force. */
static void falls_back_from_any_flipped_bit(void **state)
{
    (void)state;
    for (int which = 0; which < 2; which++) {
        ss_test_image_init(&image, 1024, which == 1, 3);
        for (uint32_t pos = 16; pos < 16 + 64; pos++) {
            uint8_t *byte = image.bytes + (uint32_t)which * 1024 + pos;

            *byte ^= (uint8_t)(1u << (pos % 8));
            look_plainly();
            assert_false(seen.meta[which].valid);
            assert_int_equal(seen.meta[which].fault, SS_E_META);
            assert_true(seen.meta[which].reason[0] != '\0');
            expect_current(1 - which);
            *byte ^= (uint8_t)(1u << (pos % 8));
        }
        look_plainly();
        expect_current(1);
        ss_test_image_fini(&image);
    }
}

static void says_why_a_meta_cannot_be_used(void **state)
{
    static const struct {
        struct ss_test_meta meta;
        const char *reason;
    } table[] = {
        {{.magic = 0xED0CDAEE, .version = 2, .page_size = 4096}, "magic is 0xed0cdaee"},
        {{.magic = 0xED0CDAED, .version = 3, .page_size = 4096}, "version is 3, not 2"},
        {{.magic = 0xED0CDAED, .version = 2, .page_size = 0}, "page size 0 is no power of two"},
        {{.magic = 0xED0CDAED, .version = 2, .page_size = 512}, "page size 512 is no power"},
        {{.magic = 0xED0CDAED, .version = 2, .page_size = 4097}, "page size 4097 is no power"},
        {{.magic = 0xED0CDAED, .version = 2, .page_size = 1u << 25}, "page size 33554432 is no"},
        {{.magic = 0xED0CDAED, .version = 2, .page_size = 8192},
         "page size is 8192, but it stands at 4096"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        ss_test_image_init(&image, 4096, false, 3);
        ss_test_image_put_meta(&image, 1, &table[i].meta);
        look_plainly();
        expect_current(0);
        assert_false(seen.meta[1].valid);
        assert_memory_equal(seen.meta[1].reason, table[i].reason, strlen(table[i].reason));
        ss_test_image_fini(&image);
    }
}

static void refuses_a_file_without_a_usable_meta(void **state)
{
    (void)state;
    ss_test_image_init(&image, 4096, true, 3);
    for (uint32_t which = 0; which < 2; which++) {
        image.bytes[which * 4096 + META_CHECKSUM] ^= 1;
    }
    look_plainly();
    assert_int_equal(seen.readable, SS_CORRUPT);
    assert_int_equal(seen.why.code, SS_E_META);
    assert_int_equal(seen.why.off, 0);
    assert_int_equal(seen.facts.current_meta, -1);
    assert_int_equal(seen.facts.page_count, 0);
    assert_int_equal(seen.meta[1].off, 4096);
    assert_int_equal(seen.meta[1].high_water, 3);

    memset(image.bytes, 0, image.len);
    look_plainly();
    assert_int_equal(seen.why.code, SS_E_NOT_BBOLT);
    assert_int_equal(seen.facts.kind, SS_KIND_ZEROES);
    ss_test_image_fini(&image);
}

static void takes_a_page_size_from_the_caller(void **state)
{
    struct ss_error err;

    (void)state;
    ss_test_image_init(&image, 65536, false, 3);
    memset(image.bytes, 0, 128);
    assert_int_equal(look(65536, &err), SS_OK);
    expect_current(1);
    assert_int_equal(look(4096, &err), SS_OK);
    assert_int_equal(seen.readable, SS_CORRUPT);
    assert_int_equal(look(4095, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_ARGUMENT);
    assert_int_equal(look(1u << 25, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_ARGUMENT);
    ss_test_image_fini(&image);
}

static void counts_whole_pages_only(void **state)
{
    (void)state;
    ss_test_image_init(&image, 1024, false, 5);
    for (size_t len = 2 * 1024; len <= 5 * 1024; len += 511) {
        image.len = len;
        look_plainly();
        expect_current(1);
        assert_int_equal(seen.facts.high_water, 5);
        assert_int_equal(seen.facts.page_count, len / 1024);
    }
    image.len = 5 * 1024;
    ss_test_image_fini(&image);
}

/* High-water may be any number: no sum or product of it may wrap. */
static void holds_any_high_water(void **state)
{
    static const uint64_t marks[] = {0, 1, 2, 4, UINT64_C(1) << 52, INT64_MAX, UINT64_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        struct ss_test_meta meta;
        struct ss_bucket *bucket;
        struct ss_cursor *cursor;
        struct ss_entry entry;
        struct ss_file *file;
        struct ss_error err;
        bool reaches = marks[i] > 2;

        ss_test_image_init(&image, 4096, false, 3);
        ss_test_image_leaf(&image, 2, 0, NULL, 0);
        meta = ss_test_image_meta(&image, 1);
        meta.high_water = marks[i];
        ss_test_image_put_meta(&image, 1, &meta);
        look_plainly();
        expect_current(1);
        assert_int_equal(seen.facts.page_count, marks[i] < 3 ? marks[i] : 3);
        assert_int_equal(seen.facts.db_len, marks[i] >> 52 == 0 ? marks[i] * 4096 : UINT64_MAX);
        file = ss_test_image_open(&image);
        assert_int_equal(ss_bucket_open(file, NULL, 0, &bucket, &err), SS_OK);
        assert_int_equal(ss_cursor_new(bucket, &cursor, &err), SS_OK);
        assert_int_equal(ss_cursor_first(cursor, &entry, &err), reaches ? SS_END : SS_CORRUPT);
        if (!reaches) {
            assert_int_equal(err.code, SS_E_PAGE_RANGE);
            assert_int_equal(err.off, 4096 + 16 + 16);
        }
        ss_cursor_free(cursor);
        ss_bucket_free(bucket);
        ss_close(file);
        ss_test_image_fini(&image);
    }
}

static void reads_the_meta_that_was_chosen(void **state)
{
    static const struct {
        enum ss_meta_choice meta;
        int current;
        uint64_t pages;
        bool chosen;
    } rows[] = {{SS_META_AUTO, 1, 6, false}, {SS_META_0, 0, 4, true}, {SS_META_1, 1, 6, true}};
    struct ss_test_meta meta;
    struct ss_error err;

    (void)state;
    ss_test_image_init(&image, 4096, false, 6);
    meta = ss_test_image_meta(&image, 0);
    meta.high_water = 4;
    ss_test_image_put_meta(&image, 0, &meta);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(look_by(rows[i].meta, &err), SS_OK);
        expect_current(rows[i].current);
        assert_int_equal(seen.facts.in_force_meta, 1);
        assert_int_equal(seen.facts.meta_chosen, rows[i].chosen);
        assert_int_equal(seen.facts.high_water, rows[i].pages);
        assert_int_equal(seen.facts.page_count, rows[i].pages);
    }
    ss_test_image_fini(&image);
}

static void refuses_a_choice_that_cannot_be_used(void **state)
{
    struct ss_error err;

    (void)state;
    ss_test_image_init(&image, 4096, false, 3);
    image.bytes[4096 + META_CHECKSUM] ^= 1;
    assert_int_equal(look_by(SS_META_1, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_META);
    assert_int_equal(err.off, 4096);
    assert_non_null(strstr(err.message, "meta page 1 was chosen and cannot be used: checksum is "));
    assert_non_null(strstr(err.message, "; meta page 0 (txid 0) can"));
    assert_int_equal(look_by(SS_META_0, &err), SS_OK);
    expect_current(0);

    /* With neither it is what it is without a choice. */
    image.bytes[META_CHECKSUM] ^= 1;
    assert_int_equal(look_by(SS_META_1, &err), SS_OK);
    assert_int_equal(seen.readable, SS_CORRUPT);
    assert_int_equal(seen.why.code, SS_E_META);
    assert_int_equal(seen.facts.current_meta, -1);
    assert_int_equal(seen.facts.in_force_meta, -1);
    assert_int_equal(look_by((enum ss_meta_choice)3, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_ARGUMENT);
    ss_test_image_fini(&image);
}

static void gives_bytes_within_the_file_only(void **state)
{
    struct ss_file *file;
    struct ss_span span;

    (void)state;
    ss_test_image_init(&image, 1024, false, 3);
    file = ss_test_image_open(&image);
    span = ss_file_bytes(file, 3000, 100);
    assert_int_equal(span.len, 72);
    assert_int_equal(span.off, 3000);
    assert_ptr_equal(span.ptr, image.bytes + 3000);
    assert_int_equal(ss_file_bytes(file, 3072, 1).len, 0);
    assert_int_equal(ss_file_bytes(file, UINT64_MAX, UINT64_MAX).len, 0);
    assert_int_equal(ss_file_bytes(file, 1, UINT64_MAX).len, 3071);
    ss_close(file);
    ss_test_image_fini(&image);
}

/* Pages 2 to 5, as bbolt may lay them, behind two metas of other bytes. */
static void lay_pages(uint32_t page_size, bool big)
{
    const struct ss_test_element leaf[] = {{.key = "a", .value = "1", .value_len = 1}};
    const struct ss_test_element branch[] = {{.key = "a", .child = 2}, {.key = "b", .child = 4}};
    const uint64_t free_ids[] = {9, 10};

    ss_test_image_init(&image, page_size, big, 7);
    ss_test_image_leaf(&image, 2, 1, leaf, 1);
    ss_test_image_branch(&image, 4, branch, 2);
    ss_test_image_freelist(&image, 5, 0, free_ids, 2);
    memset(image.bytes, 0x5a, 128);
    memset(image.bytes + page_size, 0x5a, 128);
}

static void expect_headers(uint32_t page_size, bool big, uint64_t fit_count)
{
    look_plainly();
    assert_int_equal(seen.readable, SS_CORRUPT);
    assert_int_equal(seen.facts.kind, SS_KIND_BBOLT);
    assert_int_equal(seen.why.code, SS_E_META);
    assert_int_equal(seen.why.off, 0);
    assert_int_equal(seen.facts.headers.page_size, page_size);
    assert_int_equal(seen.facts.headers.big_endian, big);
    assert_int_equal(seen.facts.headers.fit_count, fit_count);
    assert_int_equal(seen.facts.headers.place_count, 5);
    assert_int_equal(seen.meta[1].off, page_size);
}

static void knows_a_database_by_its_page_headers(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2 * 7; i++) {
        lay_pages(1024u << (i / 2), i % 2 == 1);
        expect_headers(image.page_size, image.big, 3);
        ss_test_image_fini(&image);
    }
    lay_pages(4096, false);
    look_plainly();
    assert_string_equal(seen.why.message,
                        "both meta pages are overwritten, at 0 and 0x1000; 3 of 5 places hold page "
                        "headers that fit (page size 4096, little-endian)");
    memset(image.bytes, 'x',
           4096); /* text in place of the first page, zeroes in place of the second */
    memset(image.bytes + 4096, 0, 4096);
    expect_headers(4096, false, 3);
    ss_test_image_fini(&image);
}

/* Page 2, with its overflow page, and page 4 are left alone; what is said of page 5 must not fit. */
static void takes_only_headers_that_can_be(void **state)
{
    static const struct {
        uint32_t pos, width;
        uint64_t value;
    } table[] = {
        {0, 8, 4},    /* another page's number */
        {8, 2, 0},    /* no type */
        {8, 2, 3},    /* two types */
        {8, 2, 4},    /* a meta page's */
        {10, 2, 511}, /* more page ids than there is room for */
        {12, 4, 2},   /* a run that passes the file's end */
        {12, 4, 0xFFFFFFFF},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(table) / sizeof(table[0]); i++) {
        lay_pages(4096, i % 2 == 1);
        ss_test_image_set(&image, 5 * 4096 + table[i / 2].pos, table[i / 2].width,
                          table[i / 2].value);
        expect_headers(4096, i % 2 == 1, 2);
        ss_test_image_set(&image, 4 * 4096 + 10, 2, 0); /* a branch without elements */
        look_plainly();
        assert_int_equal(seen.facts.kind, SS_KIND_UNKNOWN);
        assert_int_equal(seen.why.code, SS_E_NOT_BBOLT);
        assert_int_equal(seen.facts.headers.page_size, 0);
        ss_test_image_fini(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_metas_of_every_page_size),
        cmocka_unit_test(chooses_the_higher_txid),
        cmocka_unit_test(falls_back_from_any_flipped_bit),
        cmocka_unit_test(says_why_a_meta_cannot_be_used),
        cmocka_unit_test(refuses_a_file_without_a_usable_meta),
        cmocka_unit_test(takes_a_page_size_from_the_caller),
        cmocka_unit_test(counts_whole_pages_only),
        cmocka_unit_test(holds_any_high_water),
        cmocka_unit_test(knows_a_database_by_its_page_headers),
        cmocka_unit_test(takes_only_headers_that_can_be),
        cmocka_unit_test(reads_the_meta_that_was_chosen),
        cmocka_unit_test(refuses_a_choice_that_cannot_be_used),
        cmocka_unit_test(gives_bytes_within_the_file_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
