/*
 * test_keep_going.c - what stands of damaged trees, and what is said of the rest: one fault a test, in a
 * file whose every element is known.
 *
 *   page 0 1 2   3 … 6         7             8      9
 *   meta ×2, fl  key's leaves  key's branch  auth   root bucket        revisions 2 to 41, ten a leaf
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
#define LEAF UINT64_C(3)
#define BRANCH UINT64_C(7)
#define ROOT UINT64_C(9)

struct damaged {
    struct ss_test_snapshot s;
};

/* Keys k2 to k41, one a revision, so that a state shows which records were read. */
static struct damaged make(void)
{
    struct ss_test_db *db = ss_test_db_new(PAGE, false);
    uint32_t auth = ss_test_db_bucket(db, SS_TEST_ROOT, "auth", false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    struct damaged d;
    struct ss_page_head head;
    struct ss_error err;

    ss_test_db_leaf_max(db, 10);
    ss_test_db_put(db, auth, "authEnabled", 11, "\0", 1);
    for (int64_t rev = 2; rev < 42; rev++) {
        char name[16];

        snprintf(name, sizeof(name), "k%02d", (int)rev);
        ss_test_put_text(db, key, rev, 0, name, "some value");
    }
    d.s.bytes = ss_test_db_finish(db, &d.s.len);
    assert_int_equal(ss_open_memory(d.s.bytes, d.s.len, "test", NULL, &d.s.file, &err), SS_OK);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(ss_page_head(d.s.file, LEAF + i, &head, &err), SS_OK);
        assert_int_equal(head.type, SS_PAGE_LEAF);
        assert_int_equal(head.count, 10);
    }
    assert_int_equal(ss_page_head(d.s.file, BRANCH, &head, &err), SS_OK);
    assert_int_equal(head.type, SS_PAGE_BRANCH);
    return d;
}

static uint8_t *page(struct damaged *d, uint64_t pgid)
{
    return d->s.bytes + pgid * PAGE;
}

/* Where the data of a leaf's element begin, in its page. */
static uint64_t key_pos(struct damaged *d, uint64_t pgid, uint32_t i)
{
    return 16 + 16 * i + ss_load_u32(page(d, pgid) + 16 + 16 * i + 4, false);
}

/* Of a branch's element. */
static uint64_t branch_key_pos(struct damaged *d, uint32_t i)
{
    return 16 + 16 * i + ss_load_u32(page(d, BRANCH) + 16 + 16 * i, false);
}

struct told {
    struct ss_skip list[16];
    uint64_t count;
    int64_t mains[64]; /* of the records that were given */
    uint64_t record_count;
    struct ss_keep_going keep;
};

static void on_skip(void *ctx, const struct ss_skip *skip)
{
    struct told *told = ctx;

    assert_true(told->count < 16);
    told->list[told->count++] = *skip;
}

static enum ss_status on_record(void *ctx, const struct ss_record *rec, struct ss_error *err)
{
    struct told *told = ctx;

    (void)err;
    assert_true(told->record_count < 64);
    told->mains[told->record_count++] = rec->rev.main;
    return SS_OK;
}

/* All records; each way to the same damage must give and tell the same. */
static struct told read_all(const struct damaged *d)
{
    struct told told = {.keep = {on_skip, NULL}}, again = {.keep = {on_skip, NULL}};
    struct ss_state *state;
    struct ss_error err;
    uint64_t skips;

    told.keep.ctx = &told;
    again.keep.ctx = &again;
    assert_int_equal(
        ss_records_keeping(d->s.file, 0, 0, &told.keep, on_record, &told, &skips, &err), SS_OK);
    assert_int_equal(skips, told.count);
    assert_int_equal(
        ss_state_new_keeping(d->s.file, 0, NULL, &again.keep, NULL, &state, &skips, &err), SS_OK);
    assert_int_equal(skips, told.count);
    assert_int_equal(again.count, told.count);
    assert_int_equal(ss_state_count(state), told.record_count);
    for (uint64_t i = 0; i < told.count; i++) {
        assert_int_equal(told.list[i].why.code, again.list[i].why.code);
        assert_int_equal(told.list[i].why.off, again.list[i].why.off);
    }
    for (uint64_t i = 0; i < told.record_count; i++) {
        struct ss_record rec;

        ss_state_get(state, i, &rec);
        assert_int_equal(rec.rev.main, told.mains[i]);
        assert_true(i == 0 || told.mains[i] > told.mains[i - 1]);
    }
    ss_state_free(state);
    return told;
}

/* All 40 records but those of main revision [from, to). */
static void assert_all_but(const struct told *told, int64_t from, int64_t to)
{
    uint64_t n = 0;

    for (int64_t rev = 2; rev < 42; rev++) {
        if (rev >= from && rev < to) {
            continue;
        }
        assert_true(n < told->record_count);
        assert_int_equal(told->mains[n++], rev);
    }
    assert_int_equal(told->record_count, n);
}

/* A bound: the revision, or 0 for none. */
static void assert_bound(struct ss_span key, int64_t main)
{
    struct ss_revision rev;
    struct ss_error err;
    bool tombstone;

    if (main == 0) {
        assert_null(key.ptr);
        return;
    }
    assert_int_equal(ss_revision_decode(key, 0, &rev, &tombstone, &err), SS_OK);
    assert_int_equal(rev.main, main);
}

static void assert_skip(const struct ss_skip *skip, enum ss_code code, uint64_t pgid, uint64_t off,
                        uint64_t element)
{
    assert_int_equal(skip->why.code, code);
    assert_int_equal(skip->why.pgid, pgid);
    assert_int_equal(skip->why.off, off);
    assert_int_equal(skip->element, element);
    assert_string_equal(skip->why.bucket, "key");
}

static void a_sound_file(void **state)
{
    struct damaged d = make();
    struct told told = read_all(&d);

    (void)state;
    assert_int_equal(told.count, 0);
    assert_all_but(&told, 0, 0);
    ss_test_snapshot_close(&d.s);
}

static void each_leaf_of_zeroes(void **state)
{
    static const struct {
        int64_t from, to, gone_from, gone_to;
    } due[] = {{2, 12, 2, 12}, {12, 22, 12, 22}, {22, 32, 22, 32}, {32, 0, 32, 42}};

    (void)state;
    for (uint64_t i = 0; i < 4; i++) {
        struct damaged d = make();
        struct told told;

        memset(page(&d, LEAF + i), 0, PAGE);
        told = read_all(&d);
        assert_int_equal(told.count, 1);
        assert_skip(&told.list[0], SS_E_PAGE_ID, LEAF + i, (LEAF + i) * PAGE, SS_NONE);
        assert_bound(told.list[0].from, due[i].from);
        assert_bound(told.list[0].to, due[i].to);
        assert_false(told.list[0].kept);
        assert_all_but(&told, due[i].gone_from, due[i].gone_to);
        ss_test_snapshot_close(&d.s);
    }
}

static void two_elements_that_name_one_page(void **state)
{
    struct damaged d = make();
    struct told told;

    (void)state;
    ss_store_u64(page(&d, BRANCH) + 16 + 16 + 8, LEAF, false);
    told = read_all(&d);
    assert_int_equal(told.count, 1);
    assert_skip(&told.list[0], SS_E_CYCLE, LEAF, BRANCH * PAGE + 16 + 16 + 8, SS_NONE);
    assert_bound(told.list[0].from, 12);
    assert_bound(told.list[0].to, 22);
    assert_all_but(&told, 12, 22);
    ss_test_snapshot_close(&d.s);
}

static void a_record_that_cannot_be_decoded(void **state)
{
    struct damaged d = make();
    uint64_t pos = key_pos(&d, LEAF + 1, 4) + SS_REVISION_LEN;
    struct told told;

    (void)state;
    page(&d, LEAF + 1)[pos] = 0xff;
    told = read_all(&d);
    assert_int_equal(told.count, 1);
    assert_skip(&told.list[0], SS_E_RECORD, LEAF + 1, told.list[0].why.off, 4);
    assert_bound(told.list[0].from, 16);
    assert_ptr_equal(told.list[0].from.ptr, told.list[0].to.ptr);
    assert_all_but(&told, 16, 17);
    ss_test_snapshot_close(&d.s);
}

/* One key set to a revision far above, or below: it alone goes, wherever in its leaf it stands. */
static void one_key_out_of_order(void **state)
{
    static const uint8_t mains[] = {1, 200};

    (void)state;
    for (uint32_t i = 0; i < 10; i++) {
        for (size_t k = 0; k < 2; k++) {
            struct damaged d = make();
            uint64_t pos = key_pos(&d, LEAF + 1, i);
            struct told told;

            page(&d, LEAF + 1)[pos + 7] = mains[k];
            told = read_all(&d);
            assert_int_equal(told.count, 1);
            assert_skip(&told.list[0], told.list[0].why.code, LEAF + 1, (LEAF + 1) * PAGE + pos, i);
            assert_true(told.list[0].why.code == SS_E_KEY_ORDER ||
                        told.list[0].why.code == SS_E_KEY_BOUNDS);
            assert_false(told.list[0].kept);
            assert_all_but(&told, 12 + i, 13 + i);
            ss_test_snapshot_close(&d.s);
        }
    }
}

/* A branch's key may be wrong without a record being lost. */
static void a_branch_key_too_low_or_too_high(void **state)
{
    static const uint8_t mains[] = {5, 13, 15, 21};

    (void)state;
    for (size_t k = 0; k < sizeof(mains); k++) {
        struct damaged d = make();
        struct told told;

        page(&d, BRANCH)[branch_key_pos(&d, 1) + 7] = mains[k];
        told = read_all(&d);
        assert_all_but(&told, 0, 0);
        for (uint64_t i = 0; i < told.count; i++) {
            assert_true(told.list[i].kept);
        }
        ss_test_snapshot_close(&d.s);
    }
}

static void a_branch_out_of_order(void **state)
{
    struct damaged d = make();
    struct told told;

    (void)state;
    page(&d, BRANCH)[branch_key_pos(&d, 1) + 7] = 100;
    told = read_all(&d);
    assert_all_but(&told, 0, 0);
    assert_true(told.count > 0);
    assert_skip(&told.list[0], SS_E_KEY_ORDER, BRANCH, BRANCH * PAGE + branch_key_pos(&d, 1), 1);
    assert_true(told.list[0].kept);
    ss_test_snapshot_close(&d.s);
}

static void only_pages_in_range_are_told_of(void **state)
{
    struct damaged d = make();
    struct told told = {.keep = {on_skip, &told}};
    struct ss_error err;
    uint64_t skips;

    (void)state;
    memset(page(&d, LEAF), 0, PAGE);
    assert_int_equal(
        ss_records_keeping(d.s.file, 12, 20, &told.keep, on_record, &told, &skips, &err), SS_OK);
    assert_int_equal(skips, 0);
    assert_int_equal(told.record_count, 9);
    assert_int_equal(told.mains[0], 12);
    assert_int_equal(told.mains[8], 20);
    ss_test_snapshot_close(&d.s);
}

/* The root bucket gone: that is said, and nothing is called empty. */
static void a_root_of_zeroes(void **state)
{
    struct damaged d = make();
    struct ss_keep_going keep = {NULL, NULL};
    struct ss_state *st;
    struct ss_history_opts opts = {.key = "", .prefix = true, .keep_going = &keep};
    struct ss_history_result result;
    struct ss_error err;

    (void)state;
    memset(page(&d, ROOT), 0, PAGE);
    assert_int_equal(ss_state_new_keeping(d.s.file, 0, NULL, &keep, NULL, &st, NULL, &err),
                     SS_CORRUPT);
    assert_int_equal(err.code, SS_E_PAGE_ID);
    assert_int_equal(err.off, ROOT * PAGE);
    assert_int_equal(ss_records_keeping(d.s.file, 0, 0, &keep, on_record, NULL, NULL, &err),
                     SS_CORRUPT);
    assert_int_equal(err.code, SS_E_PAGE_ID);
    assert_int_equal(ss_history(d.s.file, &opts, NULL, NULL, NULL, &result, &err), SS_CORRUPT);
    ss_test_snapshot_close(&d.s);
}

static enum ss_status count_item(void *ctx, const struct ss_history_item *item,
                                 struct ss_error *err)
{
    (void)item;
    (void)err;
    ++*(uint64_t *)ctx;
    return SS_OK;
}

static bool write_text(void *ctx, const void *bytes, size_t len)
{
    strncat(ctx, bytes, len);
    return true;
}

static void history_and_skips_as_json(void **state)
{
    struct damaged d = make();
    struct told told = {.keep = {on_skip, &told}};
    struct ss_history_opts opts = {.key = "k", .key_len = 1, .prefix = true};
    struct ss_history_result result;
    struct ss_error err;
    uint64_t items = 0;
    char text[512] = "";

    (void)state;
    memset(page(&d, LEAF + 1), 0, PAGE);
    assert_int_equal(ss_history(d.s.file, &opts, count_item, &items, NULL, &result, &err),
                     SS_CORRUPT);
    items = 0;
    opts.keep_going = &told.keep;
    assert_int_equal(ss_history(d.s.file, &opts, count_item, &items, NULL, &result, &err), SS_OK);
    assert_int_equal(items, 30);
    assert_int_equal(result.skip_count, 1);
    assert_int_equal(told.count, 1);
    assert_true(ss_skip_json(&told.list[0], write_text, text));
    assert_string_equal(text, "{\"code\":\"page-id\",\"message\":\"page is zeroed\",\"have\":\"0\","
                              "\"expect\":\"4\",\"page\":4,\"offset\":16384,\"bucket\":\"key\","
                              "\"from\":{\"mod_revision\":12,\"sub\":0},"
                              "\"to\":{\"mod_revision\":22,\"sub\":0}}");
    ss_test_snapshot_close(&d.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_file),
        cmocka_unit_test(each_leaf_of_zeroes),
        cmocka_unit_test(two_elements_that_name_one_page),
        cmocka_unit_test(a_record_that_cannot_be_decoded),
        cmocka_unit_test(one_key_out_of_order),
        cmocka_unit_test(a_branch_key_too_low_or_too_high),
        cmocka_unit_test(a_branch_out_of_order),
        cmocka_unit_test(only_pages_in_range_are_told_of),
        cmocka_unit_test(a_root_of_zeroes),
        cmocka_unit_test(history_and_skips_as_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
