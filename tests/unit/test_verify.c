/*
 * The structure checks on files laid page by page, with every finding by id, offset, page and element;
 * and the report: verdicts for what was left out, counts beyond what is kept, threads, cancelling.
 *
 *   2 root leaf (b: 3) │ 3 branch (a: 4, m: 5) │ 4 leaf a b │ 5 + 6 leaf m │ 7 freelist (8) │ 8 free
 */
#include "image.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAGE_SIZE 1024u
#define PAGES 9u

enum {
    ROOT = 2,
    BRANCH = 3,
    LEAF = 4,
    LONG_LEAF = 5,
    FREELIST = 7,
    FREE = 8
};

static void lay(struct ss_test_image *image, bool big, uint64_t page_count)
{
    static const struct ss_test_element branch[] = {{.key = "a", .child = LEAF},
                                                    {.key = "m", .child = LONG_LEAF}};
    static const struct ss_test_element leaf[] = {{.key = "a", .value = "1", .value_len = 1},
                                                  {.key = "b", .value = "2", .value_len = 1}};
    static const uint8_t value[PAGE_SIZE];
    static const struct ss_test_element longer = {
        .key = "m", .value = value, .value_len = PAGE_SIZE};
    struct ss_test_element root = {.key = "b", .is_bucket = true};
    uint64_t *ids = calloc(page_count, sizeof(*ids));
    struct ss_test_meta meta;
    uint8_t header[16];

    ss_test_image_init(image, PAGE_SIZE, big, page_count);
    root.value = header;
    root.value_len = ss_test_image_bucket(image, BRANCH, header);
    ss_test_image_leaf(image, ROOT, 0, &root, 1);
    ss_test_image_branch(image, BRANCH, branch, 2);
    ss_test_image_leaf(image, LEAF, 0, leaf, 2);
    ss_test_image_leaf(image, LONG_LEAF, 1, &longer, 1);
    ids[0] = FREE;
    ss_test_image_freelist(image, FREELIST, 0, ids, 1);
    free(ids);
    for (int which = 0; which < 2; which++) {
        meta = ss_test_image_meta(image, which);
        meta.freelist = FREELIST;
        ss_test_image_put_meta(image, which, &meta);
    }
}

static struct ss_verify_report *verify_by(const struct ss_test_image *image,
                                          const struct ss_verify_opts *opts,
                                          const struct ss_call *call)
{
    struct ss_file *file = ss_test_image_open(image);
    struct ss_verify_report *report;
    struct ss_error err;

    assert_int_equal(ss_verify(file, opts, call, &report, &err), SS_OK);
    ss_close(file);
    return report;
}

static struct ss_verify_report *verify(const struct ss_test_image *image,
                                       const struct ss_verify_opts *opts)
{
    return verify_by(image, opts, NULL);
}

struct wanted {
    const char *id;
    uint64_t off, pgid, element;
};

/* One field of one page set to a value, and all that the structure checks then find. */
struct damage {
    const char *story;
    uint64_t pgid;
    uint32_t pos, width;
    uint64_t value;
    struct wanted finds[4];
};

#define ID 0
#define FLAGS 8
#define COUNT 10
#define OVERFLOW 12
#define ELEMENT(i) (16u + 16u * (i))
#define AT(pgid, pos) ((uint64_t)(pgid)*PAGE_SIZE + (pos))
#define NO SS_NONE

static const struct damage table[] = {
    {"nothing", FREE, 512, 1, 0, {{0}}},
    {"a page above high-water",
     BRANCH,
     ELEMENT(1) + 8,
     8,
     PAGES,
     {{"PAGE-001", AT(BRANCH, ELEMENT(1) + 8), PAGES, NO},
      {"FREE-005", AT(LONG_LEAF, 0), LONG_LEAF, NO}}},
    {"a meta page",
     BRANCH,
     ELEMENT(0) + 8,
     8,
     1,
     {{"PAGE-001", AT(BRANCH, ELEMENT(0) + 8), 1, NO}, {"FREE-005", AT(LEAF, 0), LEAF, NO}}},
    {"a run past high-water",
     LONG_LEAF,
     OVERFLOW,
     4,
     4,
     {{"PAGE-003", AT(LONG_LEAF, OVERFLOW), LONG_LEAF, NO},
      {"FREE-005", AT(LONG_LEAF + 1, 0), LONG_LEAF + 1, NO}}},
    {"another page's id", LEAF, ID, 8, 77, {{"PAGE-005", AT(LEAF, ID), LEAF, NO}}},
    {"no type", LEAF, FLAGS, 2, 0x40, {{"PAGE-006", AT(LEAF, FLAGS), LEAF, NO}}},
    {"a meta in a tree", LEAF, FLAGS, 2, 4, {{"PAGE-007", AT(LEAF, FLAGS), LEAF, NO}}},
    {"more elements than fit", LEAF, COUNT, 2, 500, {{"PAGE-008", AT(LEAF, COUNT), LEAF, NO}}},
    {"an element is not counted", LEAF, COUNT, 2, 1, {{"PAGE-012", AT(LEAF, ELEMENT(1)), LEAF, 0}}},
    {"a child is not counted",
     BRANCH,
     COUNT,
     2,
     1,
     {{"PAGE-012", AT(BRANCH, ELEMENT(1)), BRANCH, 0},
      {"FREE-005", AT(LONG_LEAF, 0), LONG_LEAF, NO}}},
    {"a value without its byte",
     LEAF,
     ELEMENT(0) + 12,
     4,
     0,
     {{"PAGE-012", AT(LEAF, 49), LEAF, 1}}},
    {"the last value without its byte",
     LEAF,
     ELEMENT(1) + 12,
     4,
     0,
     {{"PAGE-014", AT(LEAF, 51), LEAF, NO}}},
    {"a value that reaches into the next key",
     LEAF,
     ELEMENT(0) + 12,
     4,
     2,
     {{"PAGE-011", AT(LEAF, 50), LEAF, 1}}},
    {"a byte in the tail", LEAF, 1023, 1, 9, {{"PAGE-014", AT(LEAF, 1023), LEAF, NO}}},
    {"a run that fills a page and has two", LONG_LEAF, ELEMENT(0) + 12, 4, 991, {{0}}},
    {"a run that needs a page and has two",
     LONG_LEAF,
     ELEMENT(0) + 12,
     4,
     990,
     {{"PAGE-013", AT(LONG_LEAF, OVERFLOW), LONG_LEAF, NO}}},
    {"a page twice",
     BRANCH,
     ELEMENT(1) + 8,
     8,
     LEAF,
     {{"PAGE-010", AT(BRANCH, ELEMENT(1) + 8), LEAF, NO},
      {"FREE-005", AT(LONG_LEAF, 0), LONG_LEAF, NO}}},
    {"a cycle",
     BRANCH,
     ELEMENT(1) + 8,
     8,
     BRANCH,
     {{"PAGE-010", AT(BRANCH, ELEMENT(1) + 8), BRANCH, NO},
      {"FREE-005", AT(LONG_LEAF, 0), LONG_LEAF, NO}}},
    {"a free page in use",
     BRANCH,
     ELEMENT(1) + 8,
     8,
     FREE,
     {{"PAGE-004", AT(FREE, 0), FREE, NO},
      {"FREE-004", AT(FREELIST, 16), FREELIST, 0},
      {"FREE-005", AT(LONG_LEAF, 0), LONG_LEAF, NO}}},
    {"the freelist's page in use",
     BRANCH,
     ELEMENT(1) + 8,
     8,
     FREELIST,
     {{"PAGE-007", AT(FREELIST, FLAGS), FREELIST, NO},
      {"PAGE-010", AT(FREELIST, 0), FREELIST, NO},
      {"FREE-005", AT(LONG_LEAF, 0), LONG_LEAF, NO}}},
    {"element flags", LEAF, ELEMENT(1), 4, 2, {{"ELEM-001", AT(LEAF, ELEMENT(1)), LEAF, NO}}},
    {"a position in the array",
     LEAF,
     ELEMENT(1) + 4,
     4,
     3,
     {{"ELEM-002", AT(LEAF, ELEMENT(1) + 4), LEAF, NO}}},
    {"an empty key",
     LEAF,
     ELEMENT(1) + 8,
     4,
     0,
     {{"ELEM-003", AT(LEAF, ELEMENT(1) + 8), LEAF, NO}}},
    {"keys out of order", LEAF, 50, 1, 'A', {{"TREE-001", AT(LEAF, 50), LEAF, 1}}},
    {"a key twice", LEAF, 50, 1, 'a', {{"TREE-002", AT(LEAF, 50), LEAF, 1}}},
    {"a key of the next page", LEAF, 50, 1, 'z', {{"TREE-003", AT(LEAF, 50), LEAF, 1}}},
    {"a leaf beside a branch's child",
     BRANCH,
     FLAGS,
     2,
     0x40,
     {{"PAGE-006", AT(BRANCH, FLAGS), BRANCH, NO}, {"FREE-005", AT(LEAF, 0), LEAF, NO}}},
    {"a bucket of no root and no page",
     ROOT,
     ELEMENT(0) + 16 + 1,
     8,
     0,
     {{"BUCKET-001", AT(ROOT, 49), ROOT, 0}, {"FREE-005", AT(BRANCH, 0), BRANCH, NO}}},
    {"a key among the buckets",
     ROOT,
     ELEMENT(0),
     4,
     0,
     {{"BUCKET-002", AT(ROOT, 32), ROOT, 0}, {"FREE-005", AT(BRANCH, 0), BRANCH, NO}}},
    {"more ids than the freelist holds",
     FREELIST,
     COUNT,
     2,
     200,
     {{"FREE-001", AT(FREELIST, COUNT), FREELIST, NO}}},
    {"a free page that cannot be",
     FREELIST,
     16,
     8,
     PAGES,
     {{"FREE-002", AT(FREELIST, 16), FREELIST, 0}, {"FREE-005", AT(FREE, 0), FREE, NO}}},
    {"a page in use is free",
     FREELIST,
     16,
     8,
     LEAF,
     {{"FREE-004", AT(FREELIST, 16), FREELIST, 0}, {"FREE-005", AT(FREE, 0), FREE, NO}}},
    {"a freelist that names itself",
     FREELIST,
     16,
     8,
     FREELIST,
     {{"FREE-004", AT(FREELIST, 0), FREELIST, NO}, {"FREE-005", AT(FREE, 0), FREE, NO}}},
    {"a free page is missing", FREELIST, COUNT, 2, 0, {{"FREE-005", AT(FREE, 0), FREE, NO}}},
};

static void assert_finds(const struct damage *damage, const struct ss_verify_report *report)
{
    size_t due = 0;

    while (due < 4 && damage->finds[due].id != NULL) {
        due++;
    }
    for (size_t i = 0; i < report->finding_count && i < due; i++) {
        const struct ss_finding *got = &report->findings[i];
        const struct wanted *want = &damage->finds[i];

        if (strcmp(got->check->id, want->id) != 0 || got->off != want->off ||
            got->pgid != want->pgid || got->element != want->element) {
            fail_msg("%s: finding %zu is %s at %" PRIu64 ", page %" PRIu64 ", element %" PRId64
                     "; due %s at %" PRIu64 ", page "
                     "%" PRIu64 ", element %" PRId64,
                     damage->story, i, got->check->id, (uint64_t)got->off, (uint64_t)got->pgid,
                     (int64_t)got->element, want->id, (uint64_t)want->off, (uint64_t)want->pgid,
                     (int64_t)want->element);
        }
    }
    if (report->finding_count != due) {
        fail_msg("%s: %zu findings, due %zu", damage->story, report->finding_count, due);
    }
}

static void test_structure(void **state)
{
    static const struct ss_verify_opts opts = {.what = SS_VERIFY_STRUCTURE};

    (void)state;
    for (unsigned big = 0; big < 2; big++) {
        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
            struct ss_verify_report *report;
            struct ss_test_image image;

            lay(&image, big, PAGES);
            if (table[i].width == 1) {
                image.bytes[AT(table[i].pgid, table[i].pos)] = (uint8_t)table[i].value;
            } else {
                ss_test_image_set(&image, AT(table[i].pgid, table[i].pos), table[i].width,
                                  table[i].value);
            }
            report = verify(&image, &opts);
            assert_finds(&table[i], report);
            ss_verify_free(report);
            ss_test_image_fini(&image);
        }
    }
}

/* A leaf below a branch that bbolt would write so, if it wrote such leaves. */
static void test_empty_leaf(void **state)
{
    static const struct ss_verify_opts opts = {.what = SS_VERIFY_STRUCTURE};
    static const struct damage empty = {.story = "no element",
                                        .finds = {{"PAGE-009", AT(LEAF, COUNT), LEAF, NO}}};
    struct ss_verify_report *report;
    struct ss_test_image image;

    (void)state;
    lay(&image, false, PAGES);
    memset(image.bytes + AT(LEAF, COUNT), 0, PAGE_SIZE - COUNT);
    report = verify(&image, &opts);
    assert_finds(&empty, report);
    ss_verify_free(report);
    ss_test_image_fini(&image);
}

static void test_counts(void **state)
{
    struct ss_verify_report *report;
    struct ss_test_image image;

    (void)state;
    lay(&image, false, PAGES);
    report = verify(&image, NULL);
    assert_int_equal(report->reachable_count, 6);
    assert_int_equal(report->free_count, 1);
    assert_int_equal(report->leaked_count, 0);
    assert_int_equal(report->error_count + report->warning_count, 0);
    assert_int_equal(report->checked, SS_VERIFY_ALL);
    assert_false(report->is_etcd);
    assert_string_equal(report->verdict_text, "consistent, hash absent: value bytes cannot be "
                                              "vouched for; no etcd database");
    ss_verify_free(report);
    ss_test_image_fini(&image);
}

/* No set of parts but all of them may end in "sound", and each text says what was left out. */
static void test_parts(void **state)
{
    struct ss_test_image image;

    (void)state;
    lay(&image, false, PAGES);
    for (unsigned what = 1; what < SS_VERIFY_ALL; what++) {
        struct ss_verify_opts opts = {.what = what};
        struct ss_verify_report *report = verify(&image, &opts);

        assert_int_equal(report->checked, what);
        assert_int_equal(report->verdict, SS_VERDICT_CONSISTENT);
        assert_non_null(strstr(report->verdict_text, "not checked"));
        ss_verify_free(report);
    }
    ss_test_image_fini(&image);
}

/* What is not kept is counted all the same, and what is kept are the first ones. */
static void test_max_findings(void **state)
{
    struct ss_verify_opts opts = {.max_findings = 2};
    struct ss_verify_report *all, *some;
    struct ss_test_image image;

    (void)state;
    lay(&image, false, PAGES);
    memset(image.bytes + AT(LEAF, 0), 0, PAGE_SIZE);
    ss_test_image_set(&image, AT(LONG_LEAF, ID), 8, 1);
    ss_test_image_set(&image, AT(FREELIST, 16), 8, 1);
    all = verify(&image, NULL);
    some = verify(&image, &opts);
    assert_int_equal(all->error_count, 5);
    assert_int_equal(all->finding_count, 5 + all->note_count);
    assert_int_equal(some->finding_count, 2);
    assert_int_equal(some->error_count, all->error_count);
    assert_int_equal(some->note_count, all->note_count);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(some->findings[i].detail, all->findings[i].detail);
    }
    assert_string_equal(some->verdict_text, all->verdict_text);
    ss_verify_free(all);
    ss_verify_free(some);
    ss_test_image_fini(&image);
}

static void assert_same(const struct ss_verify_report *a, const struct ss_verify_report *b)
{
    assert_int_equal(a->finding_count, b->finding_count);
    assert_string_equal(a->verdict_text, b->verdict_text);
    assert_memory_equal(&a->hash, &b->hash, sizeof(a->hash));
    for (size_t i = 0; i < a->finding_count; i++) {
        assert_ptr_equal(a->findings[i].check, b->findings[i].check);
        assert_int_equal(a->findings[i].off, b->findings[i].off);
        assert_string_equal(a->findings[i].detail, b->findings[i].detail);
    }
}

/* Large enough for a thread of its own: the same report, ten times. */
static void test_threads(void **state)
{
    const uint64_t page_count = 2049;
    const struct ss_call one = {.threads = 1}, two = {.threads = 2};
    struct ss_verify_report *first, *again;
    struct ss_test_image image;

    (void)state;
    lay(&image, false, page_count);
    image.bytes = realloc(image.bytes, image.len + 32);
    assert_non_null(image.bytes);
    memset(image.bytes + image.len, 7, 32);
    image.len += 32;
    ss_test_image_set(&image, AT(LEAF, ID), 8, 77);
    first = verify_by(&image, NULL, &one);
    assert_int_equal(first->hash.state, SS_HASH_MISMATCH);
    assert_int_equal(first->error_count, 3);
    for (unsigned i = 0; i < 10; i++) {
        again = verify_by(&image, NULL, &two);
        assert_same(first, again);
        ss_verify_free(again);
    }
    ss_verify_free(first);
    ss_test_image_fini(&image);
}

static bool stop(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    (void)phase;
    (void)done;
    (void)total;
    ++*(unsigned *)ctx;
    return false;
}

static void test_cancelled(void **state)
{
    struct ss_verify_report *report;
    struct ss_test_image image;
    struct ss_error err;

    (void)state;
    lay(&image, false, 2049);
    for (unsigned threads = 1; threads <= 2; threads++) {
        unsigned calls = 0;
        const struct ss_call call = {.threads = threads, .progress = stop, .progress_ctx = &calls};
        struct ss_file *file = ss_test_image_open(&image);

        assert_int_equal(ss_verify(file, NULL, &call, &report, &err), SS_SYSTEM);
        assert_int_equal(err.code, SS_E_CANCELLED);
        assert_null(report);
        assert_true(calls > 0);
        ss_close(file);
    }
    ss_test_image_fini(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure),    cmocka_unit_test(test_empty_leaf),
        cmocka_unit_test(test_counts),       cmocka_unit_test(test_parts),
        cmocka_unit_test(test_max_findings), cmocka_unit_test(test_threads),
        cmocka_unit_test(test_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
