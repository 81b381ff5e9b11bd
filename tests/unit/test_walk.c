/*
 * The walk over all trees and what is built on it, ss_pages and ss_buckets: what each page is, who
 * owns it, and that a fault costs its own subtree and nothing else.
 *
 *   page 2 root leaf: buckets a (page 3), b (inline), c (page 6)
 *   page 3 branch ── 4, 5 leaves of a      page 6 leaf of c, an overflow run of 6 and 7
 */
#include "image.h"

#include "parser/walk.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE 1024u
#define PAGES 12u
#define ROWS_MAX 600u
#define FAULTS_MAX 64u

static struct ss_test_image image;

/* What one listing gave. */
static struct {
    struct ss_page_row rows[ROWS_MAX];
    char owners[ROWS_MAX][32];
    uint64_t row_count;
    struct ss_error faults[FAULTS_MAX];
    uint64_t fault_count; /* by callback */
    uint64_t counted;     /* by the call */
} seen;

static void lay(bool big)
{
    static const struct ss_test_element branch[] = {{.key = "a", .child = 4},
                                                    {.key = "m", .child = 5}};
    static const struct ss_test_element left[] = {{.key = "a", .value = "1", .value_len = 1},
                                                  {.key = "b"}};
    static const struct ss_test_element right[] = {{.key = "m"}, {.key = "n"}};
    static const struct ss_test_element small[] = {{.key = "x", .value = "yy", .value_len = 2}};
    static uint8_t value[SIZE];
    struct ss_test_element longer = {.key = "v", .value = value, .value_len = SIZE};
    struct ss_test_element root[] = {{.key = "a", .is_bucket = true},
                                     {.key = "b", .is_bucket = true},
                                     {.key = "c", .is_bucket = true}};
    uint8_t a[16], b[128], c[16];

    ss_test_image_init(&image, SIZE, big, PAGES);
    root[0].value = a;
    root[0].value_len = ss_test_image_bucket(&image, 3, a);
    root[1].value = b;
    root[1].value_len = ss_test_image_inline(&image, small, 1, b, sizeof(b));
    root[2].value = c;
    root[2].value_len = ss_test_image_bucket(&image, 6, c);
    ss_test_image_leaf(&image, 2, 0, root, 3);
    ss_test_image_branch(&image, 3, branch, 2);
    ss_test_image_leaf(&image, 4, 0, left, 2);
    ss_test_image_leaf(&image, 5, 0, right, 2);
    ss_test_image_leaf(&image, 6, 1, &longer, 1);
}

/* Pages 8 to 11 are left: a freelist at 8 that names `count` ids, in force. */
static void store_freelist(const uint64_t *ids, uint64_t count)
{
    struct ss_test_meta meta = ss_test_image_meta(&image, 1);

    meta.freelist = 8;
    ss_test_image_put_meta(&image, 1, &meta);
    ss_test_image_freelist(&image, 8, 0, ids, count);
}

static bool see_row(void *ctx, const struct ss_page_row *row)
{
    (void)ctx;
    assert_true(seen.row_count < ROWS_MAX);
    seen.rows[seen.row_count] = *row;
    snprintf(seen.owners[seen.row_count], sizeof(seen.owners[0]), "%s",
             row->bucket != NULL ? row->bucket : "-");
    seen.row_count++;
    return true;
}

static void see_fault(void *ctx, const struct ss_error *fault)
{
    (void)ctx;
    assert_true(seen.fault_count < FAULTS_MAX);
    seen.faults[seen.fault_count++] = *fault;
}

static void list(void)
{
    struct ss_file *file = ss_test_image_open(&image);
    struct ss_error err;

    memset(&seen, 0, sizeof(seen));
    assert_int_equal(ss_pages(file, see_row, see_fault, NULL, NULL, &seen.counted, &err), SS_OK);
    assert_int_equal(seen.counted, seen.fault_count);
    ss_close(file);
}

static bool refuse(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    (void)phase;
    (void)done;
    (void)total;
    ++*(int *)ctx;
    return false;
}

/* Nothing is listed of pages whose walk was stopped. */
static void listing_stops_when_told(void **state)
{
    int calls = 0;
    const struct ss_call call = {.progress = refuse, .progress_ctx = &calls};
    struct ss_file *file;
    struct ss_error err;
    uint64_t faults;

    (void)state;
    lay(false);
    file = ss_test_image_open(&image);
    memset(&seen, 0, sizeof(seen));
    assert_int_equal(ss_pages(file, see_row, see_fault, NULL, &call, &faults, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_CANCELLED);
    assert_int_equal(calls, 1);
    assert_int_equal(seen.row_count, 0);
    assert_int_equal(seen.fault_count, 0);
    ss_close(file);
    ss_test_image_fini(&image);
}

static void expect_row(uint64_t pgid, enum ss_page_use use, const char *owner)
{
    assert_int_equal(seen.rows[pgid].pgid, pgid);
    assert_string_equal(ss_page_use_name(seen.rows[pgid].use), ss_page_use_name(use));
    assert_string_equal(seen.owners[pgid], owner);
}

static void expect_fault(uint64_t i, enum ss_code code, uint64_t off, uint64_t pgid,
                         const char *bucket)
{
    assert_true(i < seen.fault_count);
    assert_string_equal(ss_code_name(seen.faults[i].code), ss_code_name(code));
    assert_int_equal(seen.faults[i].off, off);
    assert_int_equal(seen.faults[i].pgid, pgid);
    assert_string_equal(seen.faults[i].bucket, bucket);
}

/* ---- pages ---- */

static void tells_what_each_page_is(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        lay(big == 1);
        list();
        assert_int_equal(seen.row_count, PAGES);
        assert_int_equal(seen.fault_count, 0);
        expect_row(0, SS_USE_META, "-");
        expect_row(1, SS_USE_META, "-");
        expect_row(2, SS_USE_REACHABLE, "");
        expect_row(3, SS_USE_REACHABLE, "a");
        expect_row(4, SS_USE_REACHABLE, "a");
        expect_row(5, SS_USE_REACHABLE, "a");
        expect_row(6, SS_USE_REACHABLE, "c");
        expect_row(7, SS_USE_OVERFLOW, "c");
        expect_row(8, SS_USE_FREE, "-");
        expect_row(11, SS_USE_FREE, "-");
        assert_int_equal(seen.rows[3].head.type, SS_PAGE_BRANCH);
        ss_test_image_fini(&image);
    }
}

static void tells_free_from_orphaned_by_the_freelist(void **state)
{
    static const uint64_t ids[] = {9, 10};

    (void)state;
    lay(true);
    store_freelist(ids, 2);
    list();
    assert_int_equal(seen.fault_count, 0);
    expect_row(8, SS_USE_FREELIST, "-");
    expect_row(9, SS_USE_FREE, "-");
    expect_row(10, SS_USE_FREE, "-");
    expect_row(11, SS_USE_ORPHAN, "-");
    ss_test_image_fini(&image);
}

static void reports_what_a_freelist_may_not_name(void **state)
{
    static const struct {
        uint64_t id, pgid;
    } table[] = {{0, 8}, {1, 8}, {PAGES, 8}, {UINT64_MAX, 8}, {9, 9}, {5, 5}, {7, 7}};

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint64_t ids[] = {9, table[i].id};

        lay(i % 2 == 1);
        store_freelist(ids, 2);
        list();
        assert_int_equal(seen.fault_count, 1);
        expect_fault(0, SS_E_FREELIST, 8 * SIZE + 16 + 8, table[i].pgid, "");
        ss_test_image_fini(&image);
    }
}

static void reports_a_freelist_page_with_two_owners(void **state)
{
    static const uint64_t itself[] = {8, 9};

    (void)state;
    lay(false);
    store_freelist(itself, 2);
    list();
    assert_int_equal(seen.fault_count, 1);
    expect_fault(0, SS_E_FREELIST, 8 * SIZE, 8, "");
    ss_test_image_fini(&image);

    lay(false);
    store_freelist(itself + 1, 1);
    ss_test_image_set(&image, 6 * SIZE + 12, 4, 2);
    list();
    assert_int_equal(seen.fault_count, 1);
    expect_fault(0, SS_E_FREELIST, 8 * SIZE, 8, "");
    assert_string_equal(seen.faults[0].message, "page of the freelist is used by a tree too");
    ss_test_image_fini(&image);
}

static void reports_a_freelist_that_is_none(void **state)
{
    static const struct {
        uint64_t freelist;
        enum ss_code code;
        uint64_t off;
    } table[] = {{0, SS_E_PAGE_RANGE, SIZE + 16 + 32},
                 {PAGES, SS_E_PAGE_RANGE, SIZE + 16 + 32},
                 {5, SS_E_PAGE_TYPE, 5 * SIZE + 8},
                 {9, SS_E_PAGE_ID, 9 * SIZE}};

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct ss_test_meta meta;

        lay(false);
        meta = ss_test_image_meta(&image, 1);
        meta.freelist = table[i].freelist;
        ss_test_image_put_meta(&image, 1, &meta);
        list();
        assert_int_equal(seen.fault_count, 1);
        expect_fault(0, table[i].code, table[i].off, table[i].freelist, "");
        ss_test_image_fini(&image);
    }
}

static bool count_row(void *ctx, const struct ss_page_row *row)
{
    (void)ctx;
    (void)row;
    seen.row_count++;
    return true;
}

static void lists_a_freelist_past_65534_ids(void **state)
{
    enum {
        COUNT = 70000,
        RUN = 140
    };
    uint64_t *ids = malloc(COUNT * sizeof(*ids));
    struct ss_test_meta meta;
    struct ss_file *file;
    struct ss_error err;
    uint64_t faults;

    (void)state;
    ss_test_image_init(&image, 4096, true, 3 + RUN + COUNT);
    ss_test_image_leaf(&image, 2, 0, NULL, 0);
    for (uint64_t i = 0; i < COUNT; i++) {
        ids[i] = 3 + RUN + i;
    }
    ids[COUNT - 1] = 2;
    ss_test_image_freelist(&image, 3, RUN - 1, ids, COUNT);
    meta = ss_test_image_meta(&image, 1);
    meta.freelist = 3;
    ss_test_image_put_meta(&image, 1, &meta);

    memset(&seen, 0, sizeof(seen));
    file = ss_test_image_open(&image);
    assert_int_equal(ss_pages(file, count_row, see_fault, NULL, NULL, &faults, &err), SS_OK);
    assert_int_equal(seen.row_count, 3 + RUN + COUNT);
    assert_int_equal(faults, 1);
    expect_fault(0, SS_E_FREELIST, UINT64_C(3) * 4096 + 16 + 8 + (COUNT - 1) * 8, 2, "");
    ss_close(file);
    ss_test_image_fini(&image);
    free(ids);
}

/* ---- faults ---- */

static void goes_on_behind_a_fault(void **state)
{
    (void)state;
    lay(false);
    memset(image.bytes + 4 * SIZE, 0, SIZE);
    list();
    assert_int_equal(seen.fault_count, 1);
    expect_fault(0, SS_E_PAGE_ID, 4 * SIZE, 4, "a");
    expect_row(4, SS_USE_REACHABLE, "a");
    assert_int_equal(seen.rows[4].fault, SS_E_PAGE_ID);
    expect_row(5, SS_USE_REACHABLE, "a");
    expect_row(6, SS_USE_REACHABLE, "c");
    expect_row(8, SS_USE_ORPHAN, "-");
    ss_test_image_fini(&image);
}

static void reports_a_page_named_twice_once(void **state)
{
    (void)state;
    lay(true);
    ss_test_image_set(&image, ss_test_image_element_off(&image, 3, 1) + 8, 8, 4);
    list();
    assert_int_equal(seen.fault_count, 1);
    expect_fault(0, SS_E_CYCLE, ss_test_image_element_off(&image, 3, 1) + 8, 4, "a");
    ss_test_image_fini(&image);
}

/* The second reference to a broken page says that it is the second, not again what is broken. */
static void looks_at_a_broken_page_once(void **state)
{
    (void)state;
    lay(false);
    ss_test_image_set(&image, ss_test_image_element_off(&image, 3, 1) + 8, 8, 4);
    memset(image.bytes + 4 * SIZE, 0, SIZE);
    list();
    assert_int_equal(seen.fault_count, 2);
    expect_fault(0, SS_E_PAGE_ID, 4 * SIZE, 4, "a");
    expect_fault(1, SS_E_CYCLE, ss_test_image_element_off(&image, 3, 1) + 8, 4, "a");
    ss_test_image_fini(&image);
}

static void ends_at_a_cycle(void **state)
{
    (void)state;
    lay(false);
    ss_test_image_set(&image, ss_test_image_element_off(&image, 3, 0) + 8, 8, 3);
    list();
    assert_int_equal(seen.fault_count, 1);
    expect_fault(0, SS_E_CYCLE, ss_test_image_element_off(&image, 3, 0) + 8, 3, "a");
    expect_row(5, SS_USE_REACHABLE, "a");
    ss_test_image_fini(&image);
}

static void reports_runs_that_overlap(void **state)
{
    (void)state;
    lay(false);
    ss_test_image_set(&image, 5 * SIZE + 12, 4, 1);
    list();
    assert_int_equal(seen.fault_count, 1);
    expect_fault(0, SS_E_CYCLE, ss_test_image_key_off(&image, 2, 2) + 1, 6, "c");
    ss_test_image_fini(&image);

    lay(false);
    ss_test_image_set(&image, ss_test_image_key_off(&image, 2, 0) + 1, 8, 6);
    ss_test_image_set(&image, ss_test_image_key_off(&image, 2, 2) + 1, 8, 5);
    ss_test_image_set(&image, 5 * SIZE + 12, 4, 1);
    list();
    assert_int_equal(seen.fault_count, 1);
    expect_fault(0, SS_E_CYCLE, 5 * SIZE + 12, 6, "c");
    ss_test_image_fini(&image);
}

static void reports_every_key_out_of_order(void **state)
{
    (void)state;
    lay(false);
    image.bytes[ss_test_image_key_off(&image, 4, 0)] = 'c';
    image.bytes[ss_test_image_key_off(&image, 5, 1)] = 'm';
    list();
    assert_int_equal(seen.fault_count, 2);
    expect_fault(0, SS_E_KEY_ORDER, ss_test_image_key_off(&image, 4, 1), 4, "a");
    expect_fault(1, SS_E_KEY_DUPLICATE, ss_test_image_key_off(&image, 5, 1), 5, "a");
    expect_row(5, SS_USE_REACHABLE, "a");
    ss_test_image_fini(&image);
}

static void reports_broken_inline_buckets(void **state)
{
    uint64_t value;

    (void)state;
    lay(true);
    value = ss_test_image_key_off(&image, 2, 1) + 1;
    ss_test_image_set(&image, value + 16 + 8, 2, 1);
    list();
    assert_int_equal(seen.fault_count, 1);
    expect_fault(0, SS_E_BUCKET, value + 16 + 8, 2, "");
    expect_row(6, SS_USE_REACHABLE, "c");
    ss_test_image_fini(&image);
}

/* ---- buckets ---- */

static char told[4096];

static bool tell(void *ctx, const struct ss_bucket_stats *s)
{
    size_t used = strlen(told);

    (void)ctx;
    snprintf(told + used, sizeof(told) - used,
             "%s %" PRIu64 "+%" PRIu64 " %" PRIu64 "/%" PRIu64 " %" PRIu64 "b %" PRIu64 "l %" PRIu64
             "o d%u; ",
             s->path, s->key_count, s->bucket_count, s->key_len, s->value_len, s->branch_count,
             s->leaf_count, s->overflow_count, (unsigned)s->depth);
    return true;
}

static void expect_buckets(const char *due, uint64_t faults_due)
{
    struct ss_file *file = ss_test_image_open(&image);
    struct ss_error err;
    uint64_t faults;

    told[0] = '\0';
    assert_int_equal(ss_buckets(file, tell, NULL, NULL, &faults, &err), SS_OK);
    assert_string_equal(told, due);
    assert_int_equal(faults, faults_due);
    ss_close(file);
}

static void counts_what_buckets_hold(void **state)
{
    (void)state;
    lay(true);
    expect_buckets("a 4+0 4/1 1b 2l 0o d2; b 1+0 1/2 0b 0l 0o d0; c 1+0 1/1024 0b 1l 1o d1; ", 0);
    memset(image.bytes + 4 * SIZE, 0, SIZE);
    expect_buckets("a 2+0 2/0 1b 1l 0o d2; b 1+0 1/2 0b 0l 0o d0; c 1+0 1/1024 0b 1l 1o d1; ", 1);
    ss_test_image_fini(&image);
}

static bool stop_at_once(void *ctx, const struct ss_bucket_stats *s)
{
    (void)s;
    ++*(uint32_t *)ctx;
    return false;
}

static void stops_when_asked_to(void **state)
{
    struct ss_file *file;
    struct ss_error err;
    uint64_t faults;
    uint32_t calls = 0;

    (void)state;
    lay(false);
    file = ss_test_image_open(&image);
    assert_int_equal(ss_buckets(file, stop_at_once, NULL, &calls, &faults, &err), SS_OK);
    assert_int_equal(calls, 1);
    ss_close(file);
    ss_test_image_fini(&image);
}

/* Buckets in buckets, each in a page of its own, down to the deepest that is taken and one more. */
static void nests_buckets_to_the_bound(void **state)
{
    (void)state;
    for (uint32_t extra = 0; extra < 2; extra++) {
        uint64_t levels = SS_BUCKET_LEVEL_MAX + extra;
        uint8_t header[16];
        struct ss_test_element e = {
            .key = "n", .value = header, .value_len = 16, .is_bucket = true};
        struct ss_file *file;
        struct ss_error err;
        uint64_t faults;

        ss_test_image_init(&image, SIZE, false, levels + 3);
        for (uint64_t i = 0; i < levels; i++) {
            ss_test_image_bucket(&image, 3 + i, header);
            ss_test_image_leaf(&image, 2 + i, 0, &e, 1);
        }
        ss_test_image_leaf(&image, 2 + levels, 0, NULL, 0);
        memset(&seen, 0, sizeof(seen));
        file = ss_test_image_open(&image);
        assert_int_equal(ss_pages(file, see_row, see_fault, NULL, NULL, &faults, &err), SS_OK);
        assert_int_equal(faults, extra);
        if (extra == 1) {
            assert_int_equal(seen.faults[0].code, SS_E_DEPTH);
        }
        ss_close(file);
        ss_test_image_fini(&image);
    }
}

/*
 * Inline buckets all of whose elements name one value: two at each level, forty levels. Were it
 * taken, a terabyte of buckets would come of a page.
 */
static void refuses_inline_buckets_that_share_a_value(void **state)
{
    enum {
        LEVELS = 40,
        LEVEL_LEN = 16 + 16 + 2 * 16 + 2
    };
    uint8_t value[16 + 16 + LEVELS * LEVEL_LEN];
    struct ss_test_element e = {.key = "top", .value = value, .is_bucket = true};
    uint64_t off;

    (void)state;
    ss_test_image_init(&image, 4096, false, 4);
    memset(value, 0, sizeof(value));
    e.value_len = sizeof(value);
    ss_test_image_leaf(&image, 2, 0, &e, 1);
    off = ss_test_image_key_off(&image, 2, 0) + 3;
    for (uint32_t level = 0; level <= LEVELS; level++, off += LEVEL_LEN) {
        uint64_t page = off + 16, data = page + 16 + 2 * 16;
        uint64_t left = (uint64_t)(LEVELS - 1 - level) * LEVEL_LEN + 32;

        ss_test_image_set(&image, page + 8, 2, 2);
        if (level == LEVELS) {
            break;
        }
        ss_test_image_set(&image, page + 10, 2, 2);
        image.bytes[data] = 'a';
        image.bytes[data + 1] = 'b';
        for (uint32_t i = 0; i < 2; i++) {
            uint64_t element = page + 16 + i * 16;

            ss_test_image_set(&image, element, 4, 1);
            ss_test_image_set(&image, element + 4, 4, data + i - element);
            ss_test_image_set(&image, element + 8, 4, 2 - i);
            ss_test_image_set(&image, element + 12, 4, left);
        }
    }
    list();
    assert_int_equal(seen.fault_count, 1);
    off = ss_test_image_key_off(&image, 2, 0) + 3;
    expect_fault(0, SS_E_ELEM_SIZE, off + 16 + 16 + 16 + 12, 2, "");
    ss_test_image_fini(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_each_page_is),
        cmocka_unit_test(tells_free_from_orphaned_by_the_freelist),
        cmocka_unit_test(reports_what_a_freelist_may_not_name),
        cmocka_unit_test(reports_a_freelist_page_with_two_owners),
        cmocka_unit_test(reports_a_freelist_that_is_none),
        cmocka_unit_test(lists_a_freelist_past_65534_ids),
        cmocka_unit_test(goes_on_behind_a_fault),
        cmocka_unit_test(reports_a_page_named_twice_once),
        cmocka_unit_test(looks_at_a_broken_page_once),
        cmocka_unit_test(ends_at_a_cycle),
        cmocka_unit_test(reports_runs_that_overlap),
        cmocka_unit_test(reports_every_key_out_of_order),
        cmocka_unit_test(reports_broken_inline_buckets),
        cmocka_unit_test(counts_what_buckets_hold),
        cmocka_unit_test(listing_stops_when_told),
        cmocka_unit_test(stops_when_asked_to),
        cmocka_unit_test(nests_buckets_to_the_bound),
        cmocka_unit_test(refuses_inline_buckets_that_share_a_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
