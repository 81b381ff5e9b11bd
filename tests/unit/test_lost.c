/*
 * test_lost.c - ss_lost_revisions: sound files lose nothing, and of damaged ones the stretches come
 * between the right revisions, with the fault that opened them.
 *
 * The file: `key` has revisions 2 to 41, ten a leaf; `auth` lies in the root bucket before it.
 *
 *   page 0 1 2   3 … 6         7             8      9
 *   meta ×2, fl  key's leaves  key's branch  auth   root bucket
 */
#include "history.h"

#include "etcd/revision.h"
#include "util/endian.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define PAGE 4096u
#define LEAVES 4

struct damaged {
    struct ss_test_snapshot s;
    uint64_t leaf[LEAVES]; /* pages of `key` in key order */
    uint64_t branch, root;
};

static struct damaged make(bool big)
{
    struct ss_test_db *db = ss_test_db_new(PAGE, big);
    uint32_t auth = ss_test_db_bucket(db, SS_TEST_ROOT, "auth", false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    struct damaged d;
    struct ss_error err;

    ss_test_db_leaf_max(db, 10);
    ss_test_db_put(db, auth, "authEnabled", 11, "\0", 1);
    for (int64_t rev = 2; rev < 42; rev++) {
        ss_test_put_text(db, key, rev, 0, "k", "some value");
    }
    d.s.bytes = ss_test_db_finish(db, &d.s.len);
    assert_int_equal(ss_open_memory(d.s.bytes, d.s.len, "test", NULL, &d.s.file, &err), SS_OK);
    for (uint64_t i = 0; i < LEAVES; i++) {
        struct ss_page_head head;

        d.leaf[i] = 3 + i; /* buckets are laid last to first: key before auth */
        assert_int_equal(ss_page_head(d.s.file, d.leaf[i], &head, &err), SS_OK);
        assert_int_equal(head.type, SS_PAGE_LEAF);
        assert_int_equal(head.count, 10);
    }
    d.branch = 3 + LEAVES;
    d.root = d.s.len / PAGE - 1;
    return d;
}

static uint8_t *page(struct damaged *d, uint64_t pgid)
{
    return d->s.bytes + pgid * PAGE;
}

struct stretches {
    struct ss_lost_range list[16];
    uint64_t count, stop_at; /* 0: never */
};

static bool take(void *ctx, const struct ss_lost_range *range)
{
    struct stretches *s = ctx;

    assert_true(s->count < 16);
    s->list[s->count++] = *range;
    return s->count != s->stop_at;
}

static struct stretches lost(const struct damaged *d)
{
    struct stretches s = {0};
    struct ss_error err;
    uint64_t count;

    assert_int_equal(ss_lost_revisions(d->s.file, take, &s, NULL, &count, &err), SS_OK);
    assert_int_equal(count, s.count);
    assert_int_equal(ss_lost_revisions(d->s.file, NULL, NULL, NULL, &count, &err), SS_OK);
    assert_int_equal(count, s.count);
    for (uint64_t i = 0; i < s.count; i++) {
        assert_true(s.list[i].after.main < s.list[i].before.main);
    }
    return s;
}

static void assert_stretch(const struct ss_lost_range *range, int64_t after, int64_t before,
                           enum ss_code code, uint64_t off)
{
    assert_int_equal(range->after.main, after);
    assert_int_equal(range->before.main, before);
    assert_int_equal(range->why.code, code);
    assert_int_equal(range->why.off, off);
    assert_string_equal(range->why.bucket, "key");
}

static void sound_files_lose_nothing(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        struct damaged d = make(big == 1);

        assert_int_equal(lost(&d).count, 0);
        ss_test_snapshot_close(&d.s);
    }
}

static void a_leaf_of_zeroes(void **state)
{
    static const struct {
        int64_t after, before;
    } due[LEAVES] = {{0, 12}, {11, 22}, {21, 32}, {31, INT64_MAX}};

    (void)state;
    for (uint64_t i = 0; i < LEAVES; i++) {
        struct damaged d = make(i % 2 == 1);
        struct stretches s;

        memset(page(&d, d.leaf[i]), 0, PAGE);
        s = lost(&d);
        assert_int_equal(s.count, 1);
        assert_stretch(&s.list[0], due[i].after, due[i].before, SS_E_PAGE_ID, d.leaf[i] * PAGE);
        assert_int_equal(s.list[0].why.pgid, d.leaf[i]);
        ss_test_snapshot_close(&d.s);
    }
}

static void two_stretches_and_a_stop(void **state)
{
    struct damaged d = make(false);
    struct stretches s;
    struct ss_error err;
    uint64_t count;

    (void)state;
    memset(page(&d, d.leaf[0]), 0, PAGE);
    memset(page(&d, d.leaf[2]), 0, PAGE);
    s = lost(&d);
    assert_int_equal(s.count, 2);
    assert_stretch(&s.list[0], 0, 12, SS_E_PAGE_ID, d.leaf[0] * PAGE);
    assert_stretch(&s.list[1], 21, 32, SS_E_PAGE_ID, d.leaf[2] * PAGE);
    s = (struct stretches){.stop_at = 1};
    assert_int_equal(ss_lost_revisions(d.s.file, take, &s, NULL, &count, &err), SS_OK);
    assert_int_equal(s.count, 1);
    ss_test_snapshot_close(&d.s);
}

static void neighbours_make_one_stretch(void **state)
{
    struct damaged d = make(false);
    struct stretches s;

    (void)state;
    memset(page(&d, d.leaf[1]), 0, PAGE);
    memset(page(&d, d.leaf[2]), 0, PAGE);
    s = lost(&d);
    assert_int_equal(s.count, 1);
    assert_stretch(&s.list[0], 11, 32, SS_E_PAGE_ID, d.leaf[1] * PAGE);
    ss_test_snapshot_close(&d.s);
}

/* Offsets in the page, of the i-th element's key and value. */
static uint64_t key_pos(struct damaged *d, uint64_t pgid, uint32_t i)
{
    const uint8_t *element = page(d, pgid) + 16 + 16 * i;

    return 16 + 16 * i + ss_load_u32(element + 4, false);
}

static void records_that_cannot_be_decoded(void **state)
{
    struct damaged d = make(false);
    uint64_t pos = key_pos(&d, d.leaf[1], 4) + SS_REVISION_LEN;
    struct stretches s;

    (void)state;
    page(&d, d.leaf[1])[pos] = 0xff; /* the value's first tag: field 31, wire type 7 */
    s = lost(&d);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.list[0].after.main, 15);
    assert_int_equal(s.list[0].before.main, 17);
    assert_int_equal(s.list[0].why.code, SS_E_RECORD);
    assert_int_equal(s.list[0].why.pgid, d.leaf[1]);

    page(&d, d.leaf[1])[key_pos(&d, d.leaf[1], 5) + 8] = '-'; /* and the separator of 17 */
    s = lost(&d);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.list[0].after.main, 15);
    assert_int_equal(s.list[0].before.main, 18);
    ss_test_snapshot_close(&d.s);
}

static void swap_keys(struct damaged *d, uint64_t pgid, uint64_t x, uint64_t y)
{
    uint8_t hold[SS_REVISION_LEN];
    uint8_t *a = page(d, pgid) + x, *b = page(d, pgid) + y;

    memcpy(hold, a, sizeof(hold));
    memcpy(a, b, sizeof(hold));
    memcpy(b, hold, sizeof(hold));
}

/* The strict reader refuses the whole leaf: so it is lost, also behind a leaf that is. */
static void a_leaf_out_of_order(void **state)
{
    (void)state;
    for (int with_neighbour = 0; with_neighbour < 2; with_neighbour++) {
        struct damaged d = make(false);
        uint64_t pos = key_pos(&d, d.leaf[1], 4);
        struct stretches s;

        swap_keys(&d, d.leaf[1], key_pos(&d, d.leaf[1], 3), pos);
        if (with_neighbour == 1) {
            memset(page(&d, d.leaf[0]), 0, PAGE);
        }
        s = lost(&d);
        assert_int_equal(s.count, 1);
        if (with_neighbour == 1) {
            assert_stretch(&s.list[0], 0, 22, SS_E_PAGE_ID, d.leaf[0] * PAGE);
        } else {
            assert_stretch(&s.list[0], 11, 22, SS_E_KEY_ORDER, d.leaf[1] * PAGE + pos);
        }
        ss_test_snapshot_close(&d.s);
    }
}

/* Children 1 and 2 of the branch change places: revisions 22 to 31 come before 12 to 21. */
static void a_branch_out_of_order(void **state)
{
    struct damaged d = make(false);
    uint8_t *elements = page(&d, d.branch) + 16;
    uint64_t x = 16 + ss_load_u32(elements + 16, false), y = 32 + ss_load_u32(elements + 32, false);
    struct stretches s;

    (void)state;
    swap_keys(&d, d.branch, 16 + x, 16 + y);
    ss_store_u64(elements + 16 + 8, d.leaf[2], false);
    ss_store_u64(elements + 32 + 8, d.leaf[1], false);
    s = lost(&d);
    assert_int_equal(s.count, 2);
    assert_stretch(&s.list[0], 0, 2, SS_E_KEY_ORDER, d.branch * PAGE + 16 + y);
    assert_int_equal(s.list[1].after.main, 31);
    assert_int_equal(s.list[1].before.main, 32);
    assert_int_equal(s.list[1].why.code, SS_E_KEY_ORDER);
    assert_int_equal(s.list[1].why.pgid, d.leaf[1]);
    ss_test_snapshot_close(&d.s);
}

/* A broken neighbour of `key` in the root bucket loses no revision. */
static void other_buckets_do_not_matter(void **state)
{
    struct damaged d = make(false);
    uint8_t *root = page(&d, d.root);
    uint64_t value_pos = 16 + ss_load_u32(root + 16 + 4, false) + 4; /* behind the name "auth" */
    uint64_t auth_page = ss_load_u64(root + value_pos, false);

    (void)state;
    assert_memory_equal(root + value_pos - 4, "auth", 4);
    memset(page(&d, auth_page), 0, PAGE);
    assert_int_equal(lost(&d).count, 0);
    ss_store_u32(root + 16 + 12, 8, false); /* a bucket's header has 16 bytes */
    assert_int_equal(lost(&d).count, 0);
    ss_test_snapshot_close(&d.s);
}

static void the_bucket_itself_is_lost(void **state)
{
    struct damaged d = make(false);
    struct stretches s;
    struct ss_error err;
    uint64_t count;

    (void)state;
    memset(page(&d, d.root), 0, PAGE);
    s = lost(&d);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.list[0].after.main, 0);
    assert_int_equal(s.list[0].before.main, INT64_MAX);
    assert_int_equal(s.list[0].why.code, SS_E_PAGE_ID);
    assert_int_equal(s.list[0].why.off, d.root * PAGE);
    ss_test_snapshot_close(&d.s);

    d = make(false);
    memset(page(&d, d.branch), 0, PAGE);
    s = lost(&d);
    assert_int_equal(s.count, 1);
    assert_stretch(&s.list[0], 0, INT64_MAX, SS_E_PAGE_ID, d.branch * PAGE);
    memset(d.s.bytes, 0, 2 * PAGE);
    ss_close(d.s.file);
    assert_int_equal(ss_open_memory(d.s.bytes, d.s.len, "test", NULL, &d.s.file, &err), SS_OK);
    assert_int_equal(ss_lost_revisions(d.s.file, NULL, NULL, NULL, &count, &err), SS_CORRUPT);
    assert_int_equal(count, 0);
    ss_test_snapshot_close(&d.s);
}

/* Two buckets of the name, as a broken root bucket can hold: the first counts, alone. */
static void two_buckets_of_the_name(void **state)
{
    struct ss_test_db *db = ss_test_db_new(PAGE, false);
    uint32_t first = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    uint32_t second = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    struct damaged d;
    struct ss_error err;
    struct stretches s;

    (void)state;
    ss_test_put_text(db, first, 2, 0, "k", "v");
    ss_test_db_put(db, first, "no revision", 11, "v", 1);
    ss_test_put_text(db, second, 2, 0, "k", "v");
    ss_test_db_put(db, second, "no revision", 11, "v", 1);
    d.s.bytes = ss_test_db_finish(db, &d.s.len);
    assert_int_equal(ss_open_memory(d.s.bytes, d.s.len, "test", NULL, &d.s.file, &err), SS_OK);
    s = lost(&d);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.list[0].after.main, 2);
    assert_int_equal(s.list[0].before.main, INT64_MAX);
    assert_int_equal(s.list[0].why.code, SS_E_REV_KEY);
    ss_test_snapshot_close(&d.s);
}

static void files_of_others(void **state)
{
    struct ss_test_db *db = ss_test_db_new(PAGE, false);
    struct ss_test_snapshot s;
    struct ss_error err;
    uint64_t count;

    (void)state;
    ss_test_db_bucket(db, SS_TEST_ROOT, "keys", false);
    s.bytes = ss_test_db_finish(db, &s.len);
    assert_int_equal(ss_open_memory(s.bytes, s.len, "test", NULL, &s.file, &err), SS_OK);
    assert_int_equal(ss_lost_revisions(s.file, NULL, NULL, NULL, &count, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_NOT_ETCD);
    ss_test_snapshot_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_files_lose_nothing),
        cmocka_unit_test(a_leaf_of_zeroes),
        cmocka_unit_test(two_stretches_and_a_stop),
        cmocka_unit_test(neighbours_make_one_stretch),
        cmocka_unit_test(records_that_cannot_be_decoded),
        cmocka_unit_test(a_leaf_out_of_order),
        cmocka_unit_test(a_branch_out_of_order),
        cmocka_unit_test(other_buckets_do_not_matter),
        cmocka_unit_test(the_bucket_itself_is_lost),
        cmocka_unit_test(two_buckets_of_the_name),
        cmocka_unit_test(files_of_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
