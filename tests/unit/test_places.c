/*
 * Pages without a meta page: each page size and byte order, as the headers or the caller name them.
 *
 *   0 1 zeroed │ 2 + 3 leaf with an overflow page │ 4 branch │ 5 freelist │ 6 text │ 7 zeroes
 *   8 + 9 leaf whose second page was laid anew, as leaf 9 │ 10 leaf with an overflow page past the end
 */
#include "image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PAGES 11u

static struct ss_test_image image;

static void lay(uint32_t page_size, bool big)
{
    const struct ss_test_element leaf[] = {{.key = "a", .value = "1", .value_len = 1}};
    const struct ss_test_element branch[] = {{.key = "a", .child = 2}, {.key = "b", .child = 4}};
    const uint64_t free_ids[] = {9, 10};

    ss_test_image_init(&image, page_size, big, PAGES);
    ss_test_image_leaf(&image, 2, 1, leaf, 1);
    ss_test_image_branch(&image, 4, branch, 2);
    ss_test_image_freelist(&image, 5, 0, free_ids, 2);
    memset(image.bytes + 6 * (size_t)page_size, 't', page_size);
    ss_test_image_leaf(&image, 8, 1, leaf, 1);
    ss_test_image_leaf(&image, 9, 0, leaf, 1);
    ss_test_image_leaf(&image, 10, 0, leaf, 1);
    ss_test_image_set(&image, 10 * (uint64_t)page_size + 12, 4, 1);
    memset(image.bytes, 0, 2 * (size_t)page_size);
}

static struct ss_file *open_as(uint32_t page_size)
{
    const struct ss_open_opts opts = {.page_size = page_size};
    struct ss_file *file;
    struct ss_error err;

    assert_int_equal(ss_open_memory(image.bytes, image.len, "image", &opts, &file, &err), SS_OK);
    return file;
}

struct listed {
    struct ss_page_row rows[PAGES];
    uint32_t row_count, fault_count;
    struct ss_error fault;
};

static bool note_row(void *ctx, const struct ss_page_row *row)
{
    struct listed *listed = ctx;

    assert_true(listed->row_count < PAGES);
    assert_null(row->bucket);
    listed->rows[listed->row_count++] = *row;
    return true;
}

static void note_fault(void *ctx, const struct ss_error *fault)
{
    struct listed *listed = ctx;

    listed->fault = *fault;
    listed->fault_count++;
}

static void expect_list(struct ss_file *file)
{
    static const struct {
        enum ss_page_use use;
        enum ss_page_type type;
        uint16_t count;
        enum ss_code fault;
    } due[PAGES] = {
        {SS_USE_META, SS_PAGE_UNKNOWN, 0, SS_E_META},
        {SS_USE_META, SS_PAGE_UNKNOWN, 0, SS_E_META},
        {SS_USE_ORPHAN, SS_PAGE_LEAF, 1, SS_E_NONE},
        {SS_USE_OVERFLOW, SS_PAGE_UNKNOWN, 0, SS_E_NONE},
        {SS_USE_ORPHAN, SS_PAGE_BRANCH, 2, SS_E_NONE},
        {SS_USE_ORPHAN, SS_PAGE_FREELIST, 2, SS_E_NONE},
        {SS_USE_ORPHAN, SS_PAGE_UNKNOWN, 0x7474, SS_E_PAGE_OVERFLOW},
        {SS_USE_ORPHAN, SS_PAGE_UNKNOWN, 0, SS_E_PAGE_ID},
        {SS_USE_ORPHAN, SS_PAGE_LEAF, 1, SS_E_NONE},
        {SS_USE_ORPHAN, SS_PAGE_LEAF, 1, SS_E_NONE},
        {SS_USE_ORPHAN, SS_PAGE_LEAF, 1, SS_E_PAGE_OVERFLOW},
    };
    struct listed listed = {0};
    uint64_t fault_count;
    struct ss_error err;

    assert_int_equal(ss_pages(file, note_row, note_fault, &listed, NULL, &fault_count, &err),
                     SS_OK);
    assert_int_equal(fault_count, 1);
    assert_int_equal(listed.fault_count, 1);
    assert_int_equal(listed.fault.code, SS_E_META);
    assert_int_equal(listed.row_count, PAGES);
    for (uint32_t i = 0; i < PAGES; i++) {
        assert_int_equal(listed.rows[i].pgid, i);
        assert_int_equal(listed.rows[i].head.off, i * (uint64_t)image.page_size);
        assert_int_equal(listed.rows[i].use, due[i].use);
        assert_int_equal(listed.rows[i].head.type, due[i].type);
        assert_int_equal(listed.rows[i].head.count, due[i].count);
        assert_int_equal(listed.rows[i].fault, due[i].fault);
    }
}

static void expect_branch(struct ss_file *file)
{
    struct ss_page_head head;
    struct ss_element element;
    struct ss_page *page;
    struct ss_error err;

    assert_int_equal(ss_page_open(file, 4, &page, &err), SS_OK);
    ss_page_get_head(page, &head);
    assert_int_equal(head.off, 4 * (uint64_t)image.page_size);
    assert_int_equal(head.count, 2);
    ss_page_element(page, 1, &element);
    assert_int_equal(element.child, 4);
    assert_int_equal(element.key.len, 1);
    assert_int_equal(element.key.ptr[0], 'b');
    ss_page_free(page);
    assert_int_equal(ss_page_head(file, 5, &head, &err), SS_OK);
    assert_int_equal(head.type, SS_PAGE_FREELIST);
    assert_int_equal(head.id, 5);
}

static void shows_pages_at_the_size_of_their_headers(void **state)
{
    struct ss_file_facts facts;
    struct ss_file *file;

    (void)state;
    for (uint32_t i = 0; i < 2 * 7; i++) {
        lay(1024u << (i / 2), i % 2 == 1);
        file = open_as(0);
        ss_file_facts(file, &facts);
        assert_int_equal(facts.page_size, image.page_size);
        assert_int_equal(facts.big_endian, image.big);
        assert_int_equal(facts.current_meta, -1);
        assert_int_equal(facts.high_water, 0);
        assert_int_equal(facts.page_count, 0);
        assert_int_equal(facts.db_len, 0);
        expect_list(file);
        expect_branch(file);
        ss_close(file);
        ss_test_image_fini(&image);
    }
}

/* Pages longer than those that are looked for, and one page alone: the caller's size is all there is. */
static void shows_pages_at_the_size_that_the_caller_names(void **state)
{
    struct ss_file *file;
    struct ss_page *page;
    struct ss_error err;

    (void)state;
    for (uint32_t big = 0; big < 2; big++) {
        lay(131072, big == 1);
        file = open_as(131072);
        expect_branch(file);
        ss_close(file);
        file = open_as(0);
        assert_int_equal(ss_page_open(file, 4, &page, &err), SS_CORRUPT);
        assert_int_equal(err.code, SS_E_NOT_BBOLT);
        ss_close(file);
        ss_test_image_fini(&image);
    }
}

static void refuses_what_is_not_in_the_file(void **state)
{
    struct ss_page_head head;
    struct ss_file *file;
    struct ss_page *page;
    struct ss_error err;

    (void)state;
    lay(4096, false);
    file = open_as(0);
    assert_int_equal(ss_page_head(file, PAGES, &head, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_PAGE_RANGE);
    assert_string_equal(err.message,
                        "page 11 is not in the file: it has room for 11 pages of 4096 bytes");
    assert_int_equal(ss_page_open(file, UINT64_MAX, &page, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_PAGE_RANGE);
    assert_string_equal(err.expect, "in [2, 11)");
    assert_int_equal(ss_page_open(file, PAGES, &page, &err), SS_CORRUPT);
    assert_string_equal(err.message, "page 11 lies behind the end of the file: it has room for 11 "
                                     "pages of 4096 bytes");
    assert_string_equal(err.expect, "below 11");
    assert_int_equal(ss_page_open(file, 10, &page, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_PAGE_OVERFLOW);
    assert_int_equal(err.off, 10 * 4096 + 12);
    assert_string_equal(err.message, "overflow run passes the end of the file");
    ss_close(file);
    ss_test_image_fini(&image);
}

static void expect_refused(enum ss_status status, const struct ss_error *err)
{
    assert_int_equal(status, SS_CORRUPT);
    assert_int_equal(err->code, SS_E_META);
    assert_int_equal(err->off, 0);
}

/* Whatever is known of pages: no tree is walked, and only pages have a table, and what verify finds. */
static void keeps_refusing_trees(void **state)
{
    struct ss_bucket *bucket;
    struct ss_space space;
    struct ss_file *file;
    struct ss_rows *rows;
    struct ss_error err;
    uint64_t faults, row_count = 0;

    (void)state;
    lay(1024, false);
    file = open_as(1024);
    expect_refused(ss_file_readable(file, &err), &err);
    expect_refused(ss_bucket_open(file, NULL, 0, &bucket, &err), &err);
    expect_refused(ss_buckets_space(file, NULL, NULL, NULL, &space, &faults, &err), &err);
    for (size_t i = 0; i < ss_table_count(); i++) {
        const struct ss_table *table = ss_table_at(i);
        const struct ss_query query = {.other = file};

        if (strcmp(table->name, "findings") == 0) {
            continue;
        }
        if (strcmp(table->name, "pages") != 0) {
            expect_refused(ss_rows_open(file, table, &query, NULL, &rows, &err), &err);
            continue;
        }
        assert_int_equal(ss_rows_open(file, table, &query, NULL, &rows, &err), SS_OK);
        while (ss_rows_next(rows, &err) == SS_OK) {
            row_count++;
        }
        assert_int_equal(ss_rows_fault_count(rows), 1);
        ss_rows_close(rows);
    }
    assert_int_equal(row_count, PAGES);
    ss_close(file);
    ss_test_image_fini(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_pages_at_the_size_of_their_headers),
        cmocka_unit_test(shows_pages_at_the_size_that_the_caller_names),
        cmocka_unit_test(refuses_what_is_not_in_the_file),
        cmocka_unit_test(keeps_refusing_trees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
