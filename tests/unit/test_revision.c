/*
 * Revision keys: every rule of the codec, with the code and the offset of the byte that is wrong.
 */
#include "etcd/revision.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define AT UINT64_C(0x1000)

static const uint8_t good[SS_TOMBSTONE_LEN] = {0, 0, 0, 0, 0, 0, 1, 2, '_',
                                               0, 0, 0, 0, 0, 0, 0, 3, 't'};

static void decodes_both_lengths(void **state)
{
    struct ss_span key = {good, 17, AT};
    struct ss_revision rev;
    struct ss_error err;
    bool tombstone;

    (void)state;
    assert_int_equal(ss_revision_decode(key, 5, &rev, &tombstone, &err), SS_OK);
    assert_int_equal(rev.main, 258);
    assert_int_equal(rev.sub, 3);
    assert_false(tombstone);
    key.len = 18;
    assert_int_equal(ss_revision_decode(key, 5, &rev, &tombstone, &err), SS_OK);
    assert_true(tombstone);
}

static void refuses(void **state)
{
    static const struct {
        const char *what;
        uint64_t len;
        uint32_t pos; /* byte that is set */
        uint8_t byte;
        uint64_t wrong; /* position of the fault */
    } cases[] = {
        {"empty", 0, 0, 0, 0},        {"16 bytes", 16, 0, 0, 16},
        {"19 bytes", 19, 0, 0, 18},   {"negative main", 17, 0, 0x80, 0},
        {"separator", 17, 8, '-', 8}, {"negative sub", 17, 9, 0xff, 9},
        {"mark", 18, 17, 'T', 17},
    };
    struct ss_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t key[32] = {0};
        struct ss_revision rev;
        bool tombstone;

        memcpy(key, good, sizeof(good));
        key[cases[i].pos] = cases[i].byte;
        if (ss_revision_decode((struct ss_span){key, cases[i].len, AT}, 5, &rev, &tombstone,
                               &err) != SS_CORRUPT) {
            fail_msg("%s was taken", cases[i].what);
        }
        assert_int_equal(err.code, SS_E_REV_KEY);
        assert_int_equal(err.off, AT + cases[i].wrong);
        assert_int_equal(err.pgid, 5);
    }
}

static void meta_values_have_no_mark(void **state)
{
    struct ss_revision rev;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_revision_decode_meta((struct ss_span){good, 17, AT}, "name", 5, &rev, &err),
                     SS_OK);
    assert_int_equal(rev.main, 258);
    assert_int_equal(ss_revision_decode_meta((struct ss_span){good, 18, AT}, "name", 5, &rev, &err),
                     SS_CORRUPT);
    assert_int_equal(err.code, SS_E_FIELD);
    assert_int_equal(err.off, AT + 17);
    assert_string_equal(err.message, "name has 18 bytes, 17 are due");
    assert_int_equal(ss_revision_decode_meta((struct ss_span){good, 3, AT}, "name", 5, &rev, &err),
                     SS_CORRUPT);
    assert_int_equal(err.off, AT + 3);
}

static void encodes_what_it_decodes(void **state)
{
    static const struct ss_revision revs[] = {
        {0, 0}, {1, 0}, {258, 3}, {INT64_MAX, INT64_MAX}, {INT64_MAX, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(revs) / sizeof(revs[0]); i++) {
        for (int mark = 0; mark < 2; mark++) {
            uint8_t key[SS_TOMBSTONE_LEN];
            struct ss_revision rev;
            struct ss_error err;
            bool tombstone;
            size_t len = ss_revision_encode(revs[i], mark != 0, key);

            assert_int_equal(len, 17 + mark);
            assert_int_equal(
                ss_revision_decode((struct ss_span){key, len, 0}, 0, &rev, &tombstone, &err),
                SS_OK);
            assert_int_equal(ss_revision_cmp(rev, revs[i]), 0);
            assert_int_equal(tombstone, mark != 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_both_lengths),
        cmocka_unit_test(refuses),
        cmocka_unit_test(meta_values_have_no_mark),
        cmocka_unit_test(encodes_what_it_decodes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
