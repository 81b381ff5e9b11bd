/*
 * The page gate: every check of it, in both byte orders and several page sizes, by its exact code,
 * offset and page; and what a gated page then gives.
 *
 *   page 2 branch (a: 3, m: 4) │ 3 leaf of 4 elements │ 4 + 5 leaf with an overflow page │ 6 freelist
 */
#include "image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAGES 8u
#define BRANCH 2u
#define LEAF 3u
#define LONG_LEAF 4u
#define FREELIST 6u

static const uint32_t sizes[] = {1024, 4096, 65536};

static void lay(struct ss_test_image *image, uint32_t page_size, bool big)
{
    static const struct ss_test_element branch[] = {{.key = "a", .child = LEAF},
                                                    {.key = "m", .child = LONG_LEAF}};
    static const struct ss_test_element leaf[] = {{.key = "a", .value = "one", .value_len = 3},
                                                  {.key = "b"},
                                                  {.key = "cc", .value = "three", .value_len = 5},
                                                  {.key = "d", .value = "4", .value_len = 1}};
    static const uint64_t ids[] = {7};
    uint8_t *value = calloc(1, page_size);
    struct ss_test_element longer = {.key = "m", .value = value, .value_len = page_size};

    ss_test_image_init(image, page_size, big, PAGES);
    ss_test_image_branch(image, BRANCH, branch, 2);
    ss_test_image_leaf(image, LEAF, 0, leaf, 4);
    ss_test_image_leaf(image, LONG_LEAF, 1, &longer, 1);
    ss_test_image_freelist(image, FREELIST, 0, ids, 1);
    free(value);
}

/* One field of one page set to a value, and what the gate then says. */
struct damage {
    const char *story;
    uint64_t pgid;
    uint32_t pos; /* of the field, in the page */
    uint32_t width;
    uint64_t value;
    enum ss_code code;
    uint32_t err_pos;
};

#define ID 0
#define FLAGS 8
#define COUNT 10
#define OVERFLOW 12
#define ELEMENT(i) (16u + 16u * (i))

static const struct damage table[] = {
    {"an id of another page", LEAF, ID, 8, LEAF + 1, SS_E_PAGE_ID, ID},
    {"an id that differs in its top byte", LEAF, ID, 8, UINT64_C(1) << 56 | LEAF, SS_E_PAGE_ID, ID},
    {"no type", LEAF, FLAGS, 2, 0, SS_E_PAGE_TYPE, FLAGS},
    {"two types", LEAF, FLAGS, 2, 3, SS_E_PAGE_TYPE, FLAGS},
    {"an unknown type", LEAF, FLAGS, 2, 8, SS_E_PAGE_TYPE, FLAGS},
    {"a type and an unknown bit", LEAF, FLAGS, 2, 0x8002, SS_E_PAGE_TYPE, FLAGS},
    {"an overflow run to high-water and one more", LEAF, OVERFLOW, 4, PAGES - LEAF,
     SS_E_PAGE_OVERFLOW, OVERFLOW},
    {"the longest overflow run", LEAF, OVERFLOW, 4, UINT32_MAX, SS_E_PAGE_OVERFLOW, OVERFLOW},
    {"an element array past the largest page", LEAF, COUNT, 2, 0xFFFF, SS_E_PAGE_COUNT, COUNT},
    {"a branch without children", BRANCH, COUNT, 2, 0, SS_E_PAGE_COUNT, COUNT},
    {"an array that covers the first key", LEAF, COUNT, 2, 5, SS_E_ELEM_POS, ELEMENT(0) + 4},
    {"unknown element flags", LEAF, ELEMENT(2), 4, 2, SS_E_ELEM_FLAGS, ELEMENT(2)},
    {"every element flag", LEAF, ELEMENT(0), 4, UINT32_MAX, SS_E_ELEM_FLAGS, ELEMENT(0)},
    {"data inside the array", LEAF, ELEMENT(3) + 4, 4, 15, SS_E_ELEM_POS, ELEMENT(3) + 4},
    {"data at 4 GiB", LEAF, ELEMENT(3) + 4, 4, UINT32_MAX, SS_E_ELEM_POS, ELEMENT(3) + 4},
    {"an empty key", LEAF, ELEMENT(1) + 8, 4, 0, SS_E_ELEM_SIZE, ELEMENT(1) + 8},
    {"a key longer than bbolt allows", LEAF, ELEMENT(1) + 8, 4, 32769, SS_E_ELEM_SIZE,
     ELEMENT(1) + 8},
    {"a key of 4 GiB", LEAF, ELEMENT(1) + 8, 4, UINT32_MAX, SS_E_ELEM_SIZE, ELEMENT(1) + 8},
    {"a value of 4 GiB", LEAF, ELEMENT(2) + 12, 4, UINT32_MAX, SS_E_ELEM_SIZE, ELEMENT(2) + 12},
    {"a value longer than bbolt allows", LEAF, ELEMENT(2) + 12, 4, 0x7FFFFFFF, SS_E_ELEM_SIZE,
     ELEMENT(2) + 12},
    {"a value whose overflow pages are not counted", LONG_LEAF, OVERFLOW, 4, 0, SS_E_ELEM_SIZE,
     ELEMENT(0) + 12},
    {"a branch key inside the array", BRANCH, ELEMENT(1), 4, 15, SS_E_ELEM_POS, ELEMENT(1)},
    {"a branch key at 4 GiB", BRANCH, ELEMENT(1), 4, UINT32_MAX, SS_E_ELEM_POS, ELEMENT(1)},
    {"an empty branch key", BRANCH, ELEMENT(0) + 4, 4, 0, SS_E_ELEM_SIZE, ELEMENT(0) + 4},
    {"a branch key past the page", BRANCH, ELEMENT(1) + 4, 4, 65536, SS_E_ELEM_SIZE,
     ELEMENT(1) + 4},
    {"more free ids than room", FREELIST, COUNT, 2, 0xFFFE, SS_E_FREELIST, COUNT},
};

static void check_error(const struct ss_error *err, enum ss_code code, uint64_t off, uint64_t pgid,
                        const char *story)
{
    if (err->code != code || err->off != off || err->pgid != pgid) {
        print_error("%s: %s\n", story, err->message);
    }
    assert_string_equal(ss_code_name(err->code), ss_code_name(code));
    assert_int_equal(err->off, off);
    assert_int_equal(err->pgid, pgid);
}

static void expect_refused(const struct ss_test_image *image, uint64_t pgid, enum ss_code code,
                           uint64_t off, const char *story)
{
    struct ss_file *file = ss_test_image_open(image);
    struct ss_page *page;
    struct ss_error err;

    assert_int_equal(ss_page_open(file, pgid, &page, &err), SS_CORRUPT);
    assert_null(page);
    check_error(&err, code, off, pgid, story);
    ss_close(file);
}

static void expect_sound(const struct ss_test_image *image, uint64_t pgid)
{
    struct ss_file *file = ss_test_image_open(image);
    struct ss_page *page;
    struct ss_error err;

    assert_int_equal(ss_page_open(file, pgid, &page, &err), SS_OK);
    ss_page_free(page);
    ss_close(file);
}

static void refuses_each_damage(void **state)
{
    struct ss_test_image image;

    (void)state;
    for (size_t s = 0; s < 2 * sizeof(sizes) / sizeof(sizes[0]); s++) {
        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
            const struct damage *d = &table[i];
            uint64_t off;

            lay(&image, sizes[s / 2], s % 2 == 1);
            expect_sound(&image, d->pgid);
            off = ss_test_image_page_off(&image, d->pgid);
            if (d->code == SS_E_PAGE_COUNT && d->value == 0xFFFF && sizes[s / 2] == 65536) {
                ss_test_image_set(&image, off + d->pos, 2, 4096);
            } else {
                ss_test_image_set(&image, off + d->pos, d->width, d->value);
            }
            expect_refused(&image, d->pgid, d->code, off + d->err_pos, d->story);
            ss_test_image_fini(&image);
        }
    }
}

static void refuses_ids_that_cannot_exist(void **state)
{
    static const uint64_t ids[] = {0,          1,         PAGES,      PAGES + 1,
                                   UINT32_MAX, INT64_MAX, UINT64_MAX, UINT64_C(1) << 52};
    struct ss_test_image image;

    (void)state;
    lay(&image, 4096, false);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        expect_refused(&image, ids[i], SS_E_PAGE_RANGE, SS_NONE, "a page that cannot exist");
    }
    ss_test_image_fini(&image);
}

static void refuses_what_truncation_took(void **state)
{
    struct ss_test_image image;

    (void)state;
    lay(&image, 4096, false);
    image.len = 5 * 4096 + 4095;
    expect_refused(&image, 5, SS_E_PAGE_RANGE, SS_NONE, "a page that is not whole");
    expect_refused(&image, LONG_LEAF, SS_E_PAGE_OVERFLOW, LONG_LEAF * 4096 + OVERFLOW,
                   "a run that is not whole");
    expect_sound(&image, LEAF);
    ss_test_image_fini(&image);
}

static void refuses_a_zeroed_page_by_name(void **state)
{
    struct ss_test_image image;
    struct ss_file *file;
    struct ss_page *page;
    struct ss_error err;

    (void)state;
    lay(&image, 1024, true);
    memset(image.bytes + LEAF * 1024, 0, 1024);
    file = ss_test_image_open(&image);
    assert_int_equal(ss_page_open(file, LEAF, &page, &err), SS_CORRUPT);
    check_error(&err, SS_E_PAGE_ID, LEAF * 1024, LEAF, "a zeroed page");
    assert_string_equal(err.message, "page is zeroed");
    assert_string_equal(err.have, "0");
    assert_string_equal(err.expect, "3");
    ss_close(file);
    ss_test_image_fini(&image);
}

/* The gate's words for what stands in the place of a page, which is `fill` at its start and zeroes behind. */
static void expect_words(uint64_t pgid, bool big, const void *fill, size_t len, enum ss_code code,
                         const char *words)
{
    struct ss_test_image image;
    struct ss_file *file;
    struct ss_page *page;
    struct ss_error err;

    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        lay(&image, sizes[s], big);
        memset(image.bytes + pgid * sizes[s], 0, sizes[s]);
        memcpy(image.bytes + pgid * sizes[s], fill, len);
        file = ss_test_image_open(&image);
        assert_int_equal(ss_page_open(file, pgid, &page, &err), SS_CORRUPT);
        check_error(&err, code, pgid * sizes[s] + (code == SS_E_PAGE_OVERFLOW ? OVERFLOW : 0), pgid,
                    words);
        assert_string_equal(err.message, words);
        ss_close(file);
        ss_test_image_fini(&image);
    }
}

#define LOG_LINE "2480,\"GET /api/v1\",200 \xc3\xa9\r\n"
#define EXPECT_FILE(start, name)                                      \
    expect_words(LEAF, false, start, sizeof(start) - 1, SS_E_PAGE_ID, \
                 "page holds the start of a " name " file, calls itself another page")

static void says_that_a_page_holds_something_else(void **state)
{
    static const char almost[] = "2480,\"GET /api/v1\",200 in \xff\xfe";
    static const char record[] = "2480,\"GET /api/v1\",200 in 35 ms\0\1\2\3\4\5";
    static const char longer[] = "2480,\"GET /api/v1\",200 in 135 ms\0\1\2\3\4\5";

    (void)state;
    expect_words(
        LEAF, false, LOG_LINE, sizeof(LOG_LINE) - 1, SS_E_PAGE_OVERFLOW,
        "page holds text, calls itself 4991996285146379314; overflow run passes high-water");
    expect_words(
        LEAF, true, LOG_LINE, sizeof(LOG_LINE) - 1, SS_E_PAGE_OVERFLOW,
        "page holds text, calls itself 3617578180235380549; overflow run passes high-water");
    expect_words(LEAF, false, LOG_LINE, 15, SS_E_PAGE_OVERFLOW, "overflow run passes high-water");
    expect_words(LEAF, false, LOG_LINE, 12, SS_E_PAGE_ID, "page says that it is another page");
    expect_words(LEAF, false, almost, sizeof(almost) - 1, SS_E_PAGE_OVERFLOW,
                 "overflow run passes high-water");
    expect_words(LEAF, false, record, sizeof(record) - 1, SS_E_PAGE_OVERFLOW,
                 "overflow run passes high-water");
    expect_words(
        LEAF, false, longer, sizeof(longer) - 1, SS_E_PAGE_OVERFLOW,
        "page holds text, calls itself 4991996285146379314; overflow run passes high-water");
    EXPECT_FILE("\x1f\x8b\x08", "gzip");
    EXPECT_FILE("\x28\xb5\x2f\xfd\x04", "zstd");
    EXPECT_FILE("\xfd"
                "7zXZ\0\0\4",
                "xz");
    EXPECT_FILE("PK\3\4\x14", "zip");
    EXPECT_FILE("BZh91AY&SY", "bzip2");
    EXPECT_FILE("\4\x22\x4d\x18", "lz4");
    expect_words(
        LEAF, false, "SQLite format 3", 16, SS_E_PAGE_OVERFLOW,
        "page holds the start of a sqlite file, calls itself 7358993341780611411; overflow "
        "run passes high-water");
    expect_words(LEAF, true, "", 0, SS_E_PAGE_ID, "page is zeroed");
    expect_words(LEAF, true, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a", 17, SS_E_PAGE_ID,
                 "page header is zeroed, and what stands behind it is not");
}

/* A header in the image's byte order, and the magic of a meta page behind it. */
static void expect_header(uint64_t pgid, uint64_t id, uint16_t flags, uint16_t count,
                          uint32_t overflow, uint32_t magic, const char *words)
{
    uint8_t bytes[20];

    for (int big = 0; big < 2; big++) {
        struct ss_test_image image = {.bytes = bytes, .len = sizeof(bytes), .big = big == 1};

        ss_test_image_set(&image, 0, 8, id);
        ss_test_image_set(&image, 8, 2, flags);
        ss_test_image_set(&image, 10, 2, count);
        ss_test_image_set(&image, 12, 4, overflow);
        ss_test_image_set(&image, 16, 4, magic);
        expect_words(pgid, image.big, bytes, sizeof(bytes),
                     overflow >= PAGES - pgid ? SS_E_PAGE_OVERFLOW : SS_E_PAGE_ID, words);
    }
}

static void says_that_a_page_holds_another_page(void **state)
{
    static const char plain[] = "page says that it is another page";

    (void)state;
    expect_header(LEAF, LONG_LEAF, 2, 1, 1, 0, "page holds page 4, misplaced or copied");
    expect_header(LEAF, BRANCH, 1, 2, 0, 0, "page holds page 2, misplaced or copied");
    expect_header(LEAF, FREELIST, 0x10, 0xFFFF, 0, 0, "page holds page 6, misplaced or copied");
    expect_header(LEAF, 1, 4, 0, 0, 0xED0CDAED, "page holds page 1, misplaced or copied");
    expect_header(7, LONG_LEAF, 2, 1, 1, 0,
                  "page holds page 4, misplaced or copied; overflow run passes high-water");
    expect_header(LEAF, 1, 4, 0, 0, 0, plain);          /* no meta's magic */
    expect_header(LEAF, 1, 2, 0, 0, 0xED0CDAED, plain); /* a leaf in the place of a meta */
    expect_header(LEAF, PAGES, 2, 1, 0, 0, plain);      /* no such page */
    expect_header(LEAF, FREELIST, 2, 1, 2, 0, plain);   /* a run that would pass high-water there */
    expect_header(LEAF, LONG_LEAF, 3, 1, 0, 0, plain);  /* two types */
    expect_header(LEAF, BRANCH, 1, 0, 0, 0, plain);     /* a branch without children */
    expect_header(LEAF, BRANCH, 1, 0xFFFF, 0, 0, plain); /* more elements than there is room for */
}

/* Each element fits the page; together they would be longer than it. */
static void refuses_elements_that_share_bytes(void **state)
{
    struct ss_test_image image;

    (void)state;
    for (int big = 0; big < 2; big++) {
        uint64_t off;

        lay(&image, 1024, big == 1);
        off = ss_test_image_element_off(&image, LEAF, 0);
        ss_test_image_set(&image, off + 12, 4,
                          LEAF * 1024 + 1024 - ss_test_image_key_off(&image, LEAF, 0) - 1);
        expect_refused(&image, LEAF, SS_E_ELEM_SIZE, off + 16 + 12, "values that overlap");
        ss_test_image_fini(&image);
    }
}

static void accepts_the_largest_that_fit(void **state)
{
    struct ss_test_image image;
    uint64_t off, room;

    (void)state;
    lay(&image, 4096, false);
    off = ss_test_image_element_off(&image, LEAF, 3);
    room = (LEAF + 1) * 4096 - ss_test_image_key_off(&image, LEAF, 3) - 1;
    ss_test_image_set(&image, off + 12, 4, room);
    expect_sound(&image, LEAF);
    ss_test_image_set(&image, off + 12, 4, room + 1);
    expect_refused(&image, LEAF, SS_E_ELEM_SIZE, off + 12, "a byte too many");
    ss_test_image_fini(&image);
}

static void gives_elements_with_their_places(void **state)
{
    struct ss_test_image image;
    struct ss_file *file;
    struct ss_page *page;
    struct ss_element e;
    struct ss_page_head head;
    struct ss_error err;

    (void)state;
    for (int big = 0; big < 2; big++) {
        lay(&image, 4096, big == 1);
        file = ss_test_image_open(&image);
        assert_int_equal(ss_page_open(file, LEAF, &page, &err), SS_OK);
        ss_page_get_head(page, &head);
        assert_int_equal(head.type, SS_PAGE_LEAF);
        assert_int_equal(head.count, 4);
        ss_page_element(page, 2, &e);
        assert_int_equal(e.off, LEAF * 4096 + 48);
        assert_int_equal(e.child, SS_NONE);
        assert_int_equal(e.key.len, 2);
        assert_memory_equal(e.key.ptr, "cc", 2);
        assert_int_equal(e.key.off, ss_test_image_key_off(&image, LEAF, 2));
        assert_int_equal(e.value.off, e.key.off + 2);
        assert_memory_equal(e.value.ptr, "three", 5);
        ss_page_free(page);

        assert_int_equal(ss_page_open(file, BRANCH, &page, &err), SS_OK);
        ss_page_element(page, 1, &e);
        assert_int_equal(e.child, LONG_LEAF);
        assert_memory_equal(e.key.ptr, "m", 1);
        assert_int_equal(ss_page_free_count(page), 0);
        ss_page_free(page);
        ss_close(file);
        ss_test_image_fini(&image);
    }
}

/* 65,535 ids and more have their count in the first slot. */
static void gives_a_freelist_of_any_length(void **state)
{
    static const uint64_t counts[] = {0, 1, 65534, 65535, 65536, 70000};
    uint64_t *ids = calloc(70000, sizeof(*ids));
    struct ss_test_image image;

    (void)state;
    for (uint64_t i = 0; i < 70000; i++) {
        ids[i] = i + 2;
    }
    for (size_t i = 0; i < 2 * sizeof(counts) / sizeof(counts[0]); i++) {
        uint64_t count = counts[i / 2];
        struct ss_file *file;
        struct ss_page *page;
        struct ss_error err;

        ss_test_image_init(&image, 4096, i % 2 == 1, 200);
        ss_test_image_freelist(&image, 2, 140, ids, count);
        file = ss_test_image_open(&image);
        assert_int_equal(ss_page_open(file, 2, &page, &err), SS_OK);
        assert_int_equal(ss_page_free_count(page), count);
        if (count > 0) {
            assert_int_equal(ss_page_free_id(page, count - 1), count + 1);
        }
        ss_page_free(page);
        ss_close(file);
        ss_test_image_fini(&image);
    }
    free(ids);
}

static void refuses_a_long_freelist_past_its_room(void **state)
{
    static const uint64_t ids[65535];
    static const uint64_t counts[] = {141 * 4096 / 8 - 3 + 1, UINT64_MAX, UINT64_C(1) << 61};
    struct ss_test_image image;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        ss_test_image_init(&image, 4096, false, 200);
        ss_test_image_freelist(&image, 2, 140, ids, 65535);
        ss_test_image_set(&image, 2 * 4096 + 16, 8, counts[0] - 1);
        expect_sound(&image, 2);
        ss_test_image_set(&image, 2 * 4096 + 16, 8, counts[i]);
        expect_refused(&image, 2, SS_E_FREELIST, 2 * 4096 + 16, "a count without room");
        ss_test_image_fini(&image);
    }
}

static void reads_heads_unchecked(void **state)
{
    struct ss_test_image image;
    struct ss_page_head head;
    struct ss_file *file;
    struct ss_error err;

    (void)state;
    lay(&image, 4096, true);
    ss_test_image_set(&image, LEAF * 4096, 8, 99);
    file = ss_test_image_open(&image);
    assert_int_equal(ss_page_head(file, LEAF, &head, &err), SS_OK);
    assert_int_equal(head.id, 99);
    assert_int_equal(head.type, SS_PAGE_LEAF);
    assert_int_equal(ss_page_head(file, 0, &head, &err), SS_OK);
    assert_int_equal(head.type, SS_PAGE_META);
    assert_int_equal(ss_page_head(file, PAGES, &head, &err), SS_CORRUPT);
    check_error(&err, SS_E_PAGE_RANGE, SS_NONE, PAGES, "a head past the file");
    ss_close(file);
    ss_test_image_fini(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_each_damage),
        cmocka_unit_test(refuses_ids_that_cannot_exist),
        cmocka_unit_test(refuses_what_truncation_took),
        cmocka_unit_test(refuses_a_zeroed_page_by_name),
        cmocka_unit_test(says_that_a_page_holds_something_else),
        cmocka_unit_test(says_that_a_page_holds_another_page),
        cmocka_unit_test(refuses_elements_that_share_bytes),
        cmocka_unit_test(accepts_the_largest_that_fit),
        cmocka_unit_test(gives_elements_with_their_places),
        cmocka_unit_test(gives_a_freelist_of_any_length),
        cmocka_unit_test(refuses_a_long_freelist_past_its_room),
        cmocka_unit_test(reads_heads_unchecked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
