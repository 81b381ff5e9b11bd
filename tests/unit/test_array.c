/*
 * test_array.c - arrays that grow: what they hold, how they grow, and what they refuse.
 */
#include "util/array.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct pair {
    uint32_t a, b;
};

static void test_add(void **state)
{
    struct pair *items = NULL;
    uint32_t count = 0;
    size_t cap = 0;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        assert_true(ss_array_add(items, count, cap, (struct pair){i, 2 * i}));
        assert_int_equal(count, i + 1);
    }
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(items[i].a, i);
        assert_int_equal(items[i].b, 2 * i);
    }
    assert_int_equal(cap, 1024);
    free(items);
}

/* 256 bytes first, or one element that is longer; then twice as much. */
static void test_capacity(void **state)
{
    uint8_t *bytes = NULL;
    struct {
        uint8_t bytes[300];
    } *large = NULL;
    size_t cap = 0, large_cap = 0;

    (void)state;
    assert_true(ss_array_room(bytes, 0u, cap, 1));
    assert_int_equal(cap, 256);
    assert_true(ss_array_room(bytes, 256u, cap, 0));
    assert_int_equal(cap, 256);
    assert_true(ss_array_room(bytes, 256u, cap, 1));
    assert_int_equal(cap, 512);
    assert_true(ss_array_room(bytes, 512u, cap, 5000));
    assert_int_equal(cap, 8192);
    assert_true(ss_array_room(large, 0u, large_cap, 1));
    assert_int_equal(large_cap, 1);
    free(bytes);
    free(large);
}

/* Sizes that do not fit: refused, and the array is what it was. */
static void test_refused(void **state)
{
    uint64_t *items = NULL;
    size_t count = 0, cap = 0;

    (void)state;
    assert_true(ss_array_add(items, count, cap, 7));
    uint64_t *before = items;
    assert_false(ss_array_room(items, count, cap, SIZE_MAX));
    assert_false(ss_array_room(items, count, cap, SIZE_MAX - 1));
    assert_false(ss_array_room(items, count, cap, SIZE_MAX / 2));
    assert_false(ss_array_room(items, count, cap, SIZE_MAX / 8));
    assert_false(ss_array_room(items, SIZE_MAX / 2 + 1, cap, 1));
    assert_false(ss_array_grow_counted(&items, SIZE_MAX / 2 + 1, sizeof(*items)));
    assert_false(ss_array_grow_counted(&items, (SIZE_MAX / 16) + 1, sizeof(*items)));
    assert_ptr_equal(items, before);
    assert_int_equal(count, 1);
    assert_int_equal(cap, 32);
    assert_int_equal(items[0], 7);
    free(items);
}

static void test_counted(void **state)
{
    const char **names = NULL;
    size_t count = 0;

    (void)state;
    for (; count < 100; count++) {
        assert_true(ss_array_room_counted(names, count));
        names[count] = count % 2 == 0 ? "even" : "odd";
    }
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(names[i], i % 2 == 0 ? "even" : "odd");
    }
    names = ss_array_cut(names, 3u);
    assert_string_equal(names[2], "even");
    free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_capacity),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
