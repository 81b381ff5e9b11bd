/*
 * test_sort.c - the order of keys, whatever room there is: keys that part before, at and behind the end of
 * what the sort copies of them, prefixes of each other, and parts that have to be merged.
 */
#include "build_etcd.h"

#include "etcd/live.h"
#include "etcd/sort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COPIED 1024u /* of a key, see sort.c */
#define KEY_MAX 2100u

struct keys {
    struct ss_test_db *db;
    uint32_t bucket;
    int64_t main;
    size_t len;
    uint8_t *bytes;
    struct ss_file *file;
};

static void begin(struct keys *k)
{
    *k = (struct keys){.db = ss_test_db_new(16384, false)};
    k->bucket = ss_test_db_bucket(k->db, SS_TEST_ROOT, "key", false);
}

static void add(struct keys *k, const uint8_t *key, size_t len)
{
    struct ss_record rec = {.rev = {++k->main, 0},
                            .key = ss_span_of(key, len),
                            .create_revision = k->main,
                            .version = 1};

    ss_test_put_record(k->db, k->bucket, &rec);
}

static void end(struct keys *k)
{
    struct ss_error err;

    k->bytes = ss_test_db_finish(k->db, &k->len);
    assert_int_equal(ss_open_memory(k->bytes, k->len, "test", NULL, &k->file, &err), SS_OK);
}

static int compare_locs(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static uint64_t *locs_of(const struct ss_slot *slots, uint64_t count)
{
    uint64_t *locs = malloc(count * sizeof(*locs));

    assert_non_null(locs);
    for (uint64_t i = 0; i < count; i++) {
        locs[i] = slots[i].loc;
    }
    qsort(locs, count, sizeof(*locs), compare_locs);
    return locs;
}

/* All that went in comes out, in ascending order. */
static void check(const struct keys *k, uint64_t key_count, uint64_t room_len)
{
    struct ss_live live;
    struct ss_error err;
    uint64_t *due, *got;

    assert_int_equal(ss_live_read(&live, k->file, 0, NULL, ss_index_seed(), NULL, &err), SS_OK);
    assert_int_equal(live.count, key_count);
    due = locs_of(live.slots, key_count);
    assert_int_equal(ss_slots_sort(&live.at, live.slots, key_count, room_len, &got, &err), SS_OK);
    for (uint64_t i = 1; i < key_count; i++) {
        assert_true(ss_span_cmp(ss_locator_key(&live.at, got[i - 1]),
                                ss_locator_key(&live.at, got[i])) < 0);
    }
    qsort(got, key_count, sizeof(*got), compare_locs);
    assert_memory_equal(got, due, key_count * sizeof(*due));
    free(got);
    free(due);
}

static void check_rooms(struct keys *k, uint64_t key_count)
{
    static const uint64_t rooms[] = {0, 1, 3000, 10000, 100000};

    end(k);
    for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
        check(k, key_count, rooms[i]);
    }
    ss_close(k->file);
    free(k->bytes);
}

/* One byte of difference, or none but the length, at every distance from the copies' end. */
static void keys_that_part_at_the_end_of_the_copy(void **state)
{
    uint8_t key[KEY_MAX];
    struct keys k;

    (void)state;
    begin(&k);
    for (size_t at = COPIED - 20; at < COPIED + 20; at++) {
        memset(key, 'p', sizeof(key));
        add(&k, key, at);
        key[at] = 'o';
        add(&k, key, at + 1);
        add(&k, key, COPIED + 100);
        key[at] = 'q';
        add(&k, key, 2 * COPIED);
    }
    check_rooms(&k, 160);
}

/* Keys of NUL, which the padding of short words must not hide, and of 0xff. */
static void keys_of_nuls(void **state)
{
    uint8_t key[64];
    struct keys k;

    (void)state;
    begin(&k);
    for (size_t len = 1; len < 40; len++) {
        memset(key, 0, sizeof(key));
        add(&k, key, len);
        key[len - 1] = 1;
        add(&k, key, len);
        memset(key, 0xff, sizeof(key));
        add(&k, key, len);
    }
    check_rooms(&k, 117);
}

static void many_keys_in_many_parts(void **state)
{
    uint8_t key[32];
    struct keys k;

    (void)state;
    begin(&k);
    for (uint32_t i = 0; i < 3000; i++) {
        uint32_t n = i * 1103u % 3001u;
        int len = snprintf((char *)key, sizeof(key), "/registry/%c/%u", 'a' + (int)(n % 3), n);

        add(&k, key, (size_t)len);
    }
    check_rooms(&k, 3000);
}

static struct ss_span word_key(const void *ctx, uint64_t loc)
{
    const char *word = ((const char *const *)ctx)[loc - 100];

    return (struct ss_span){(const uint8_t *)word, strlen(word), 0};
}

/* Numbers that stand for something else than places in pages, some with equal keys. */
static void any_keys(void **state)
{
    static const char *const words[] = {"pear", "fig", "", "apple", "fig", "peach", "figs", "fig"};
    static const char *const due[] = {"", "apple", "fig", "fig", "fig", "figs", "peach", "pear"};
    static const uint64_t rooms[] = {0, 1, 3000};
    enum {
        COUNT = sizeof(words) / sizeof(words[0])
    };
    const struct ss_sort_keys keys = {.key = word_key, .ctx = words};

    (void)state;
    for (size_t r = 0; r < sizeof(rooms) / sizeof(rooms[0]); r++) {
        uint64_t locs[2 * COUNT], sum = 0;
        struct ss_error err;

        for (uint64_t i = 0; i < COUNT; i++) {
            locs[i] = 100 + i;
        }
        assert_int_equal(ss_sort(&keys, locs, COUNT, rooms[r], &err), SS_OK);
        for (uint64_t i = 0; i < COUNT; i++) {
            struct ss_span key = word_key(words, locs[i]);

            assert_string_equal((const char *)key.ptr, due[i]);
            sum += locs[i];
        }
        assert_int_equal(sum, 100 * COUNT + COUNT * (COUNT - 1) / 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_that_part_at_the_end_of_the_copy),
        cmocka_unit_test(keys_of_nuls),
        cmocka_unit_test(many_keys_in_many_parts),
        cmocka_unit_test(any_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
