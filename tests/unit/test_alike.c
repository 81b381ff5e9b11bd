/*
 * test_alike.c - what a comparison of states forgets before it sorts: every key that it takes out of
 * one side is taken out of the other and is alike there, however the work is divided, and also when
 * different keys share a word.
 */
#include "history.h"

#include "diff/alike.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SEED UINT64_C(77)
#define ALL_BITS UINT64_MAX
#define TWO_BITS (UINT64_C(3) << 62)

struct sides {
    struct ss_test_history g, h;
    struct ss_test_snapshot a, b;
};

/* A history, and the same with what came later. */
static void open_sides(struct sides *s, uint64_t *seed)
{
    uint64_t again = *seed;

    *s = (struct sides){0};
    ss_test_history_random(&s->g, 60, 40, seed);
    ss_test_history_random(&s->h, 80, 40, &again);
    s->a = ss_test_snapshot_open(&s->g, &(struct ss_test_shape){.leaf_max = 5});
    s->b = ss_test_snapshot_open(&s->h, &(struct ss_test_shape){.page_size = 16384, .big = true});
}

static void close_sides(struct sides *s)
{
    ss_test_snapshot_close(&s->a);
    ss_test_snapshot_close(&s->b);
    ss_test_history_free(&s->g);
    ss_test_history_free(&s->h);
}

/* The live keys, under only those bits of their words. */
static struct ss_live read_side(const struct ss_file *file, uint64_t bits)
{
    struct ss_live live;
    struct ss_error err;

    assert_int_equal(ss_live_read(&live, file, 0, NULL, SEED, NULL, &err), SS_OK);
    for (uint64_t i = 0; i < live.count; i++) {
        live.slots[i].word &= bits;
        assert_true(i == 0 || live.slots[i - 1].word <= live.slots[i].word);
    }
    return live;
}

static bool find(const struct ss_live *live, struct ss_span key, struct ss_record *out)
{
    for (uint64_t i = 0; i < live->count; i++) {
        assert_true(ss_locator_record(&live->at, live->slots[i].loc, out));
        if (ss_span_eq(out->key, key)) {
            return true;
        }
    }
    return false;
}

/* How many keys of `all` are alike in `other`; each key that `kept` lacks has to be. */
static uint64_t count_alike(const struct ss_diff_opts *opts, const struct ss_live *all,
                            const struct ss_live *kept, const struct ss_live *other)
{
    uint64_t alike_count = 0;

    for (uint64_t i = 0; i < all->count; i++) {
        struct ss_record rec, twin, left;
        bool alike;

        assert_true(ss_locator_record(&all->at, all->slots[i].loc, &rec));
        alike = find(other, rec.key, &twin) && ss_differences(opts, &rec, &twin) == 0;
        assert_true(alike || find(kept, rec.key, &left));
        alike_count += alike;
    }
    return alike_count;
}

static void check(const struct sides *s, const struct ss_diff_opts *opts, uint64_t bits,
                  unsigned parts)
{
    struct ss_live all_a = read_side(s->a.file, ALL_BITS), all_b = read_side(s->b.file, ALL_BITS);
    struct ss_live a = read_side(s->a.file, bits), b = read_side(s->b.file, bits);
    struct ss_alike_job jobs[8] = {{.opts = opts, .a = &a, .b = &b}};
    uint64_t same, alike_count;

    ss_alike_split(jobs, parts);
    for (unsigned i = 0; i < parts; i++) {
        ss_alike_run(&jobs[i]);
    }
    same = ss_alike_join(jobs, parts);
    assert_int_equal(a.count + same, all_a.count);
    assert_int_equal(b.count + same, all_b.count);
    alike_count = count_alike(opts, &all_a, &a, &all_b);
    assert_int_equal(count_alike(opts, &all_b, &b, &all_a), alike_count);
    assert_true(same <= alike_count);
    assert_true(bits != ALL_BITS || same == alike_count);
    ss_live_fini(&all_a);
    ss_live_fini(&all_b);
    ss_live_fini(&a);
    ss_live_fini(&b);
}

static void forgets_what_is_alike(void **state)
{
    static const struct ss_diff_opts opts[] = {
        {0}, {.keys_only = true}, {.values_only = true}, {.ignore_lease = true}};
    uint64_t seed = 20;

    (void)state;
    for (int round = 0; round < 20; round++) {
        struct sides s;

        open_sides(&s, &seed);
        for (size_t i = 0; i < sizeof(opts) / sizeof(opts[0]); i++) {
            for (unsigned parts = 1; parts <= 8; parts++) {
                check(&s, &opts[i], ALL_BITS, parts);
                check(&s, &opts[i], TWO_BITS, parts);
                check(&s, &opts[i], 0, parts);
            }
        }
        close_sides(&s);
    }
}

/* A file and itself leave nothing; a file and an empty one leave everything. */
static void all_or_nothing(void **state)
{
    struct ss_test_history g = {0}, none = {0};
    struct ss_test_snapshot a, empty;
    struct ss_diff_opts opts = {0};
    struct ss_live x, y;
    struct ss_alike_job job = {.opts = &opts, .a = &x, .b = &y};
    uint64_t seed = 3;

    (void)state;
    ss_test_history_random(&g, 90, 50, &seed);
    a = ss_test_snapshot_open(&g, &(struct ss_test_shape){0});
    empty = ss_test_snapshot_open(&none, &(struct ss_test_shape){0});
    x = read_side(a.file, ALL_BITS);
    y = read_side(a.file, ALL_BITS);
    assert_true(x.count > 20);
    ss_alike_split(&job, 1);
    ss_alike_run(&job);
    assert_int_equal(ss_alike_join(&job, 1), job.same);
    assert_int_equal(x.count, 0);
    assert_null(x.slots);
    assert_int_equal(y.count, 0);
    x = read_side(a.file, ALL_BITS);
    y = read_side(empty.file, ALL_BITS);
    assert_int_equal(y.count, 0);
    ss_alike_split(&job, 1);
    ss_alike_run(&job);
    assert_int_equal(ss_alike_join(&job, 1), 0);
    assert_true(x.count > 20);
    ss_live_fini(&x);
    ss_live_fini(&y);
    ss_test_snapshot_close(&a);
    ss_test_snapshot_close(&empty);
    ss_test_history_free(&g);
    ss_test_history_free(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forgets_what_is_alike),
        cmocka_unit_test(all_or_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
