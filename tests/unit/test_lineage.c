/*
 * test_lineage.c - ss_lineage_compare: every verdict by hand, then random histories cut and compacted at
 * will, which never diverge, and changed in one record, which diverge right there.
 */
#include "history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct ss_lineage compare(const struct ss_test_history *h, const struct ss_test_shape *a,
                                 const struct ss_test_history *g, const struct ss_test_shape *b)
{
    struct ss_test_snapshot x = ss_test_snapshot_open(h, a), y = ss_test_snapshot_open(g, b);
    struct ss_lineage l;
    enum ss_side side;
    struct ss_error err;

    if (ss_lineage_compare(x.file, y.file, NULL, &l, &side, &err) != SS_OK) {
        fail_msg("side %d: %s", (int)side, err.message);
    }
    ss_test_snapshot_close(&x);
    ss_test_snapshot_close(&y);
    return l;
}

static void assert_revision(struct ss_revision rev, int64_t main, int64_t sub)
{
    assert_int_equal(rev.main, main);
    assert_int_equal(rev.sub, sub);
}

/* 2 a=1, 3 b=1, 4 a=2, 5 delete b, 6 c=1 and d=1, 7 b=2, 8 a=3 */
static struct ss_test_history sample(void)
{
    struct ss_test_history h = {0};

    ss_test_history_text(&h, 2, 0, "a", "1");
    ss_test_history_text(&h, 3, 0, "b", "1");
    ss_test_history_text(&h, 4, 0, "a", "2");
    ss_test_history_text(&h, 5, 0, "b", NULL);
    ss_test_history_text(&h, 6, 0, "c", "1");
    ss_test_history_text(&h, 6, 1, "d", "1");
    ss_test_history_text(&h, 7, 0, "b", "2");
    ss_test_history_text(&h, 8, 0, "a", "3");
    return h;
}

static void the_same_in_any_shape(void **state)
{
    static const struct ss_test_shape shapes[] = {{0},
                                                  {.page_size = 65536},
                                                  {.big = true},
                                                  {.leaf_max = 2},
                                                  {.page_size = 1024, .big = true}};
    struct ss_test_history h = sample();

    (void)state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct ss_lineage l = compare(&h, &shapes[0], &h, &shapes[i]);

        assert_int_equal(l.verdict, SS_LINEAGE_SAME);
        assert_int_equal(l.equal_count, 8);
        assert_int_equal(l.differing_count, 0);
        assert_false(l.compacted_differently);
        assert_true(l.has_common);
        assert_revision(l.last_common, 8, 0);
    }
    ss_test_history_free(&h);
}

static void one_continues_the_other(void **state)
{
    struct ss_test_history h = sample();
    struct ss_test_shape whole = {0}, part = {.last = 5, .big = true};
    struct ss_lineage l = compare(&h, &part, &h, &whole);

    (void)state;
    assert_int_equal(l.verdict, SS_LINEAGE_B_CONTINUES);
    assert_int_equal(l.equal_count, 4);
    assert_int_equal(l.further_b, 4);
    assert_int_equal(l.further_a, 0);
    assert_revision(l.last_common, 5, 0);
    l = compare(&h, &whole, &h, &part);
    assert_int_equal(l.verdict, SS_LINEAGE_A_CONTINUES);
    assert_int_equal(l.further_a, 4);
    assert_int_equal(l.further_b, 0);
    ss_test_history_free(&h);
}

static void compaction_is_no_divergence(void **state)
{
    struct ss_test_history h = sample();
    struct ss_test_shape whole = {0}, at_6 = {.compacted = 6}, at_4 = {.compacted = 4};
    struct ss_lineage l = compare(&h, &whole, &h, &at_6);

    (void)state;
    /* 2 a, 3 b and 5 (the deletion) are gone; 4 a, 6 c, 6_1 d, 7, 8 stay */
    assert_int_equal(l.verdict, SS_LINEAGE_COMPACTED);
    assert_true(l.compacted_differently);
    assert_int_equal(l.gone_b, 3);
    assert_int_equal(l.gone_a, 0);
    assert_int_equal(l.equal_count, 5);
    assert_int_equal(l.facts_b.compacted, 6);
    l = compare(&h, &at_6, &h, &at_4);
    assert_int_equal(l.verdict, SS_LINEAGE_COMPACTED);
    assert_int_equal(l.gone_a, 2); /* 3 b and its deletion */
    assert_int_equal(l.gone_b, 0);
    ss_test_history_free(&h);
}

/* Releases differ in whether the deletion at the compacted revision itself stays. */
static void a_tombstone_at_the_compaction_may_stay(void **state)
{
    struct ss_test_history h = sample();
    struct ss_test_shape without = {.compacted = 5};
    struct ss_test_shape with = {.compacted = 5, .keeps_tombstone = true};
    struct ss_lineage l = compare(&h, &without, &h, &with);

    (void)state;
    assert_int_equal(l.verdict, SS_LINEAGE_COMPACTED);
    assert_int_equal(l.gone_a, 1);
    assert_int_equal(l.differing_count, 0);
    ss_test_history_free(&h);
}

static void compaction_does_not_explain_all(void **state)
{
    struct ss_test_history h = sample(), g = sample();
    struct ss_test_shape whole = {0}, at_6 = {.compacted = 6};
    struct ss_lineage l;

    (void)state;
    /* B has the put of d at 9, not at 6_1, where compaction at 6 must have kept it. */
    g.records[5].rev = (struct ss_revision){9, 0};
    l = compare(&h, &whole, &g, &at_6);
    assert_int_equal(l.verdict, SS_LINEAGE_DIVERGED);
    assert_revision(l.divergence, 6, 1);
    assert_true(l.at_a);
    assert_false(l.at_b);
    assert_revision(l.last_common, 6, 0);
    assert_int_equal(l.differing_count, 1);
    assert_int_equal(l.further_b, 1);
    ss_test_history_free(&h);
    ss_test_history_free(&g);
}

/* The key may have been written again, or deleted, behind A's end and before B's compaction. */
static void compacted_beyond_the_other_end(void **state)
{
    struct ss_test_history h = sample();
    struct ss_test_shape early = {.last = 4}, late = {.compacted = 8};
    struct ss_lineage l;

    (void)state;
    ss_test_history_text(&h, 9, 0, "c", "9");
    l = compare(&h, &early, &h, &late);
    assert_int_equal(l.differing_count, 0);
    assert_int_equal(l.gone_b, 3);
    assert_int_equal(l.equal_count, 0);
    assert_int_equal(l.verdict, SS_LINEAGE_UNRELATED);
    assert_false(l.has_common);
    early.last = 7;
    l = compare(&h, &early, &h, &late); /* c, d and b of 6 and 7 are still there */
    assert_int_equal(l.verdict, SS_LINEAGE_B_CONTINUES);
    assert_int_equal(l.equal_count, 3);
    assert_int_equal(l.gone_b, 4);
    assert_int_equal(l.further_b, 2);
    ss_test_history_free(&h);
}

static void diverged_at_a_value(void **state)
{
    struct ss_test_history h = sample(), g = sample();
    struct ss_test_shape plain = {0}, other = {.page_size = 65536, .big = true};
    struct ss_span value = g.records[5].value;
    struct ss_lineage l;

    (void)state;
    g.records[5].value = ss_span_of("X", 1);
    l = compare(&h, &plain, &g, &other);
    assert_int_equal(l.verdict, SS_LINEAGE_DIVERGED);
    assert_revision(l.divergence, 6, 1);
    assert_revision(l.last_common, 6, 0);
    assert_true(l.at_a && l.at_b);
    assert_int_equal(l.equal_count, 7);
    assert_int_equal(l.differing_count, 2);
    assert_false(l.compacted_differently);
    g.records[5].value = value;
    ss_test_history_free(&h);
    ss_test_history_free(&g);
}

static void a_put_against_a_deletion(void **state)
{
    struct ss_test_history h = sample(), g = sample();
    struct ss_test_shape plain = {0};
    struct ss_lineage l;

    (void)state;
    g.records[6].tombstone = true;
    l = compare(&h, &plain, &g, &plain);
    assert_int_equal(l.verdict, SS_LINEAGE_DIVERGED);
    assert_revision(l.divergence, 7, 0);
    assert_false(l.record_a.tombstone);
    assert_true(l.record_b.tombstone);
    ss_test_history_free(&h);
    ss_test_history_free(&g);
}

static void a_sub_revision_that_one_lacks(void **state)
{
    struct ss_test_history h = sample(), g = sample();
    struct ss_test_shape last_6 = {.last = 6};
    struct ss_lineage l;

    (void)state;
    g.records[5].rev = (struct ss_revision){7, 0}; /* 6_1 is not there */
    l = compare(&h, &last_6, &g, &last_6);
    assert_int_equal(l.verdict, SS_LINEAGE_DIVERGED);
    assert_revision(l.divergence, 6, 1);
    assert_true(l.at_a);
    assert_false(l.at_b);
    ss_test_history_free(&h);
    ss_test_history_free(&g);
}

static void both_go_on_by_themselves(void **state)
{
    struct ss_test_history h = sample(), g = sample();
    struct ss_test_shape plain = {0};
    struct ss_lineage l;

    (void)state;
    ss_test_history_text(&h, 9, 0, "a", "here");
    ss_test_history_text(&h, 10, 0, "a", "here again");
    ss_test_history_text(&g, 9, 0, "a", "there");
    l = compare(&h, &plain, &g, &plain);
    assert_int_equal(l.verdict, SS_LINEAGE_DIVERGED);
    assert_revision(l.divergence, 9, 0);
    assert_revision(l.last_common, 8, 0);
    assert_int_equal(l.equal_count, 8);
    assert_int_equal(l.further_a, 1);
    ss_test_history_free(&h);
    ss_test_history_free(&g);
}

static void nothing_in_common(void **state)
{
    struct ss_test_history h = sample(), g = {0};
    struct ss_test_shape plain = {0};
    struct ss_lineage l;

    (void)state;
    ss_test_history_text(&g, 2, 0, "z", "1");
    ss_test_history_text(&g, 3, 0, "y", "1");
    l = compare(&h, &plain, &g, &plain);
    assert_int_equal(l.verdict, SS_LINEAGE_UNRELATED);
    assert_false(l.has_common);
    assert_revision(l.divergence, 2, 0);
    assert_int_equal(l.differing_count, 4);
    assert_int_equal(l.further_a, 6);
    ss_test_history_free(&h);
    ss_test_history_free(&g);
}

static void histories_without_a_record(void **state)
{
    struct ss_test_history h = sample(), none = {0};
    struct ss_test_shape plain = {0}, compacted = {.compacted = 6};
    struct ss_lineage l = compare(&none, &plain, &none, &plain);

    (void)state;
    assert_int_equal(l.verdict, SS_LINEAGE_SAME);
    assert_false(l.has_common);
    l = compare(&none, &plain, &h, &plain);
    assert_int_equal(l.verdict, SS_LINEAGE_B_CONTINUES);
    assert_int_equal(l.further_b, 8);
    /* An empty store compacted at 6 says that nothing was alive there: a, c and d were. */
    l = compare(&none, &compacted, &h, &plain);
    assert_int_equal(l.verdict, SS_LINEAGE_DIVERGED);
    assert_revision(l.divergence, 4, 0);
    assert_int_equal(l.gone_a, 3);
    ss_test_history_free(&h);
}

/* Restored with --bump-revision: the same records and a marker far away, compacted there. */
static void a_bumped_copy(void **state)
{
    struct ss_test_history h = sample();
    struct ss_test_shape plain = {0};
    struct ss_test_snapshot x = ss_test_snapshot_open(&h, &plain), y;
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    uint32_t meta = ss_test_db_bucket(db, SS_TEST_ROOT, "meta", false);
    struct ss_record marker = {.rev = {1008, 0}, .marker = true};
    struct ss_lineage l;
    struct ss_error err;

    (void)state;
    for (uint32_t i = 0; i < h.count; i++) {
        ss_test_put_record(db, key, &h.records[i]);
    }
    ss_test_put_record(db, key, &marker);
    ss_test_put_meta_revision(db, meta, "scheduledCompactRev", 1008);
    y.bytes = ss_test_db_finish(db, &y.len);
    assert_int_equal(ss_open_memory(y.bytes, y.len, "bumped", NULL, &y.file, &err), SS_OK);
    assert_int_equal(ss_lineage_compare(x.file, y.file, NULL, &l, NULL, &err), SS_OK);
    assert_int_equal(l.verdict, SS_LINEAGE_B_CONTINUES);
    assert_true(l.compacted_differently);
    assert_int_equal(l.equal_count, 8);
    assert_int_equal(l.further_b, 1);
    ss_test_snapshot_close(&x);
    ss_test_snapshot_close(&y);
    ss_test_history_free(&h);
}

/* Leaves that are alike are passed over, and what stands in them still counts and is still decoded. */
static void equal_leaves(void **state)
{
    struct ss_test_history h = {0};
    struct ss_test_shape shape = {.leaf_max = 10};
    struct ss_test_snapshot x, y;
    struct ss_lineage l;
    enum ss_side side;
    struct ss_error err;
    char value[32];

    (void)state;
    for (int64_t rev = 2; rev < 1002; rev++) {
        snprintf(value, sizeof(value), "value %06d", (int)rev);
        ss_test_history_text(&h, rev, 0, "key", value);
    }
    x = ss_test_snapshot_open(&h, &shape);
    y = ss_test_snapshot_open(&h, &shape);
    assert_int_equal(ss_lineage_compare(x.file, y.file, NULL, &l, &side, &err), SS_OK);
    assert_int_equal(l.verdict, SS_LINEAGE_SAME);
    assert_int_equal(l.equal_count, 1000);
    assert_revision(l.last_common, 1001, 0);

    uint8_t *at = memmem(y.bytes, y.len, "value 000505", 12);
    assert_non_null(at);
    at[8] = '9';
    assert_int_equal(ss_lineage_compare(x.file, y.file, NULL, &l, &side, &err), SS_OK);
    assert_int_equal(l.verdict, SS_LINEAGE_DIVERGED);
    assert_revision(l.divergence, 505, 0);
    assert_revision(l.last_common, 504, 0);
    assert_int_equal(l.equal_count, 999);

    /* The same broken record in both: the field number 5 of the value becomes a second key. */
    at[8] = '0';
    for (int i = 0; i < 2; i++) {
        at = memmem(i == 0 ? x.bytes : y.bytes, x.len, "value 000707", 12);
        assert_int_equal(at[-2], 5 << 3 | 2);
        at[-2] = 5 << 3;
    }
    assert_int_equal(ss_lineage_compare(x.file, y.file, NULL, &l, &side, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_RECORD);
    assert_int_equal(side, SS_SIDE_A);
    ss_test_snapshot_close(&x);
    ss_test_snapshot_close(&y);
    ss_test_history_free(&h);
}

static void errors_name_their_side(void **state)
{
    struct ss_test_history h = sample();
    struct ss_test_shape plain = {0};
    struct ss_test_snapshot x = ss_test_snapshot_open(&h, &plain), y;
    struct ss_test_db *db = ss_test_db_new(4096, false);
    struct ss_lineage l;
    enum ss_side side;
    struct ss_error err;

    (void)state;
    ss_test_db_bucket(db, SS_TEST_ROOT, "other", false);
    y.bytes = ss_test_db_finish(db, &y.len);
    assert_int_equal(ss_open_memory(y.bytes, y.len, "other", NULL, &y.file, &err), SS_OK);
    assert_int_equal(ss_lineage_compare(x.file, y.file, NULL, &l, &side, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_NOT_ETCD);
    assert_int_equal(side, SS_SIDE_B);
    assert_int_equal(ss_lineage_compare(y.file, x.file, NULL, &l, &side, &err), SS_SYSTEM);
    assert_int_equal(side, SS_SIDE_A);
    ss_test_snapshot_close(&y);

    y = ss_test_snapshot_open(&h, &plain);
    memset(y.bytes + y.len - 4096, 0, 4096); /* the root bucket's page, the last one */
    assert_int_equal(ss_lineage_compare(x.file, y.file, NULL, &l, &side, &err), SS_CORRUPT);
    assert_int_equal(side, SS_SIDE_B);
    assert_int_equal(err.off, y.len - 4096);
    ss_test_snapshot_close(&x);
    ss_test_snapshot_close(&y);
    ss_test_history_free(&h);
}

/* Cut and compacted at will, one history is never two. */
static void random_histories_never_part(void **state)
{
    uint64_t seed = 20261121;

    (void)state;
    for (int round = 0; round < 150; round++) {
        struct ss_test_history h = {0};
        struct ss_test_shape shapes[2];
        struct ss_lineage l;
        int64_t end;

        ss_test_history_random(&h, 20 + (uint32_t)(ss_test_random(&seed) % 120), 12, &seed);
        end = h.records[h.count - 1].rev.main;
        for (int i = 0; i < 2; i++) {
            int64_t last = end - (int64_t)(ss_test_random(&seed) % 20);

            shapes[i] = (struct ss_test_shape){
                .last = last < 2 ? 2 : last,
                .leaf_max = (uint32_t)(ss_test_random(&seed) % 3) * 4,
                .big = ss_test_random(&seed) % 2 == 0,
                .keeps_tombstone = ss_test_random(&seed) % 2 == 0,
            };
            if (ss_test_random(&seed) % 3 != 0) {
                shapes[i].compacted =
                    1 + (int64_t)(ss_test_random(&seed) % (uint64_t)shapes[i].last);
            }
        }
        l = compare(&h, &shapes[0], &h, &shapes[1]);
        assert_int_equal(l.differing_count, 0);
        assert_int_not_equal(l.verdict, SS_LINEAGE_DIVERGED);
        if (l.verdict == SS_LINEAGE_SAME) {
            assert_int_equal(shapes[0].compacted, shapes[1].compacted);
        }
        ss_test_history_free(&h);
    }
}

static void a_changed_record_is_found(void **state)
{
    uint64_t seed = 7;
    uint32_t found = 0;

    (void)state;
    for (int round = 0; round < 150; round++) {
        struct ss_test_history h = {0};
        struct ss_test_shape a = {.leaf_max = 4}, b = {.leaf_max = 4};
        struct ss_test_snapshot x, y;
        struct ss_lineage l;
        struct ss_error err;
        struct ss_record *rec;
        int64_t end, lease;

        ss_test_history_random(&h, 80, 12, &seed);
        end = h.records[h.count - 1].rev.main;
        a.compacted = (int64_t)(ss_test_random(&seed) % (uint64_t)(end / 2));
        b.compacted = (int64_t)(ss_test_random(&seed) % (uint64_t)(end / 2));
        rec = &h.records[40 + ss_test_random(&seed) % 40];
        if (rec->tombstone || rec->rev.main <= a.compacted || rec->rev.main <= b.compacted) {
            ss_test_history_free(&h);
            continue;
        }
        x = ss_test_snapshot_open(&h, &a);
        lease = rec->lease;
        rec->lease = lease + 1;
        y = ss_test_snapshot_open(&h, &b);
        assert_int_equal(ss_lineage_compare(x.file, y.file, NULL, &l, NULL, &err), SS_OK);
        assert_int_equal(l.verdict, SS_LINEAGE_DIVERGED);
        assert_revision(l.divergence, rec->rev.main, rec->rev.sub);
        assert_int_equal(l.differing_count, 2);
        assert_int_equal(l.record_a.lease, lease);
        assert_int_equal(l.record_b.lease, lease + 1);
        found++;
        ss_test_snapshot_close(&x);
        ss_test_snapshot_close(&y);
        ss_test_history_free(&h);
    }
    assert_true(found > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_in_any_shape),
        cmocka_unit_test(one_continues_the_other),
        cmocka_unit_test(compaction_is_no_divergence),
        cmocka_unit_test(a_tombstone_at_the_compaction_may_stay),
        cmocka_unit_test(compaction_does_not_explain_all),
        cmocka_unit_test(compacted_beyond_the_other_end),
        cmocka_unit_test(diverged_at_a_value),
        cmocka_unit_test(a_put_against_a_deletion),
        cmocka_unit_test(a_sub_revision_that_one_lacks),
        cmocka_unit_test(both_go_on_by_themselves),
        cmocka_unit_test(nothing_in_common),
        cmocka_unit_test(histories_without_a_record),
        cmocka_unit_test(a_bumped_copy),
        cmocka_unit_test(equal_leaves),
        cmocka_unit_test(errors_name_their_side),
        cmocka_unit_test(random_histories_never_part),
        cmocka_unit_test(a_changed_record_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
