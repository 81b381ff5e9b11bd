/*
 * Records of the `key` bucket: puts, tombstones, markers, and each way one can be wrong.
 */
#include "build_etcd.h"

#include "etcd/revision.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define KEY_OFF UINT64_C(0x3000)
#define VALUE_OFF UINT64_C(0x3040)

static const uint8_t put_key[] = {0, 0, 0, 0, 0, 0, 0, 7, '_', 0, 0, 0, 0, 0, 0, 0, 1, 't'};

static enum ss_status decode(const void *value, size_t len, bool tombstone, struct ss_record *rec,
                             struct ss_error *err)
{
    struct ss_entry entry = {.key = {put_key, tombstone ? 18 : 17, KEY_OFF},
                             .value = {value, len, VALUE_OFF},
                             .pgid = 3,
                             .index = 4};

    return ss_record_decode(&entry, rec, err);
}

static void decodes_a_put(void **state)
{
    static const uint8_t value[] = {0x0a, 3,    'a',  '/',  'b',  0x10, 5,    0x18, 7,
                                    0x20, 3,    0x2a, 2,    'h',  'i',  0x30, 0xff, 0xff,
                                    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    struct ss_record rec;
    struct ss_error err;

    (void)state;
    assert_int_equal(decode(value, sizeof(value), false, &rec, &err), SS_OK);
    assert_int_equal(rec.rev.main, 7);
    assert_int_equal(rec.rev.sub, 1);
    assert_false(rec.tombstone);
    assert_false(rec.marker);
    assert_true(ss_span_is(rec.key, "a/b"));
    assert_int_equal(rec.key.off, VALUE_OFF + 2);
    assert_ptr_equal(rec.key.ptr, value + 2);
    assert_true(ss_span_is(rec.value, "hi"));
    assert_int_equal(rec.value.off, VALUE_OFF + 13);
    assert_int_equal(rec.create_revision, 5);
    assert_int_equal(rec.mod_revision, 7);
    assert_int_equal(rec.version, 3);
    assert_int_equal(rec.lease, -1);
    assert_int_equal(rec.pgid, 3);
    assert_int_equal(rec.index, 4);
}

static void the_last_of_a_field_counts(void **state)
{
    static const uint8_t value[] = {0x0a, 1, 'a', 0x18, 9, 0x0a, 1, 'b', 0x18, 7, 0x7a, 1, 'x'};
    struct ss_record rec;
    struct ss_error err;

    (void)state;
    assert_int_equal(decode(value, sizeof(value), false, &rec, &err), SS_OK);
    assert_true(ss_span_is(rec.key, "b"));
    assert_int_equal(rec.mod_revision, 7);
    assert_int_equal(rec.value.len, 0);
    assert_non_null(rec.value.ptr);
}

static void a_tombstone_is_its_key(void **state)
{
    static const uint8_t plain[] = {0x0a, 1, 'a'};
    static const uint8_t more[] = {0x0a, 1, 'a', 0x10, 2, 0x18, 3, 0x20, 4, 0x2a, 1, 'v', 0x30, 5};
    struct ss_record rec;
    struct ss_error err;

    (void)state;
    assert_int_equal(decode(plain, sizeof(plain), true, &rec, &err), SS_OK);
    assert_true(rec.tombstone);
    assert_true(ss_span_is(rec.key, "a"));
    assert_int_equal(rec.mod_revision, 7);
    assert_int_equal(decode(more, sizeof(more), true, &rec, &err), SS_OK);
    assert_int_equal(rec.mod_revision, 7);
    assert_int_equal(rec.create_revision, 0);
    assert_int_equal(rec.version, 0);
    assert_int_equal(rec.lease, 0);
    assert_int_equal(rec.value.len, 0);
}

/* At sub revision 0, where `restore --bump-revision` puts one; elsewhere it is a record without a key. */
static void an_empty_value_is_a_marker(void **state)
{
    static const uint8_t key[17] = {0, 0, 0, 0, 0, 0, 0, 7, '_'};
    struct ss_entry entry = {
        .key = {key, sizeof(key), KEY_OFF}, .value = {key, 0, VALUE_OFF}, .pgid = 3, .index = 4};
    struct ss_record rec;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_record_decode(&entry, &rec, &err), SS_OK);
    assert_true(rec.marker);
    assert_int_equal(rec.mod_revision, 7);
    assert_int_equal(rec.key.len, 0);
    assert_non_null(rec.key.ptr);
    assert_int_equal(decode("", 0, false, &rec, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_RECORD);
    assert_int_equal(err.off, VALUE_OFF);
}

/* The same message behind a field that nobody knows, which etcd skips: it decodes to the same, or fails alike. */
static void decodes_as_behind_an_unknown_field(const uint8_t *value, size_t len, bool tombstone)
{
    uint8_t longer[64] = {0x38, 0};
    struct ss_record usual, other;
    struct ss_error usual_err, other_err;
    enum ss_status status = decode(value, len, tombstone, &usual, &usual_err);

    memcpy(longer + 2, value, len);
    assert_int_equal(decode(longer, len + 2, tombstone, &other, &other_err), status);
    if (status != SS_OK) {
        assert_string_equal(usual_err.message, other_err.message);
        assert_true(usual_err.off + 2 == other_err.off ||
                    (usual_err.off == VALUE_OFF && other_err.off == VALUE_OFF));
        return;
    }
    assert_true(ss_span_eq(usual.key, other.key));
    assert_int_equal(usual.key.off + 2, other.key.off);
    assert_true(ss_span_eq(usual.value, other.value));
    assert_int_equal(usual.create_revision, other.create_revision);
    assert_int_equal(usual.mod_revision, other.mod_revision);
    assert_int_equal(usual.version, other.version);
    assert_int_equal(usual.lease, other.lease);
}

/* Every way to put one byte in place of another in a record, and to cut it anywhere. */
static void decodes_usual_and_other_records_alike(void **state)
{
    static const uint8_t put[] = {0x0a, 3,    'a',  '/',  'b',  0x10, 0x85, 0x01, 0x18,
                                  7,    0x20, 3,    0x2a, 2,    'h',  'i',  0x30, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    static const uint8_t swapped[] = {0x0a, 1, 'a', 0x18, 7, 0x10, 5, 0x0a, 1, 'b'};
    static const struct {
        const uint8_t *value;
        size_t len;
    } seeds[] = {{put, sizeof(put)}, {swapped, sizeof(swapped)}};

    (void)state;
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        uint8_t value[sizeof(put)];

        memcpy(value, seeds[i].value, seeds[i].len);
        for (size_t at = 0; at < seeds[i].len; at++) {
            decodes_as_behind_an_unknown_field(value, at + 1, false);
            decodes_as_behind_an_unknown_field(value, at + 1, true);
            for (unsigned byte = 0; byte < 256; byte++) {
                value[at] = (uint8_t)byte;
                decodes_as_behind_an_unknown_field(value, seeds[i].len, false);
                decodes_as_behind_an_unknown_field(value, seeds[i].len, true);
            }
            value[at] = seeds[i].value[at];
        }
    }
}

static void refuses(void **state)
{
    static const struct {
        const char *message;
        bool tombstone;
        uint8_t value[16];
        size_t len;
        uint64_t wrong;
    } cases[] = {
        {"mod_revision 5 in a record of revision 7", false, {0x0a, 1, 'a', 0x18, 5}, 5, 3},
        {"mod_revision 0 in a record of revision 7", false, {0x0a, 1, 'a', 0x10, 5}, 5, 0},
        {"the record of revision 7 has no key", false, {0x18, 7}, 2, 0},
        {"the record of revision 7 has no key", true, {0}, 0, 0},
        {"field 1 (key) has wire type 0, 2 is due", false, {0x18, 7, 0x08, 1}, 4, 2},
        {"field 5 (value) has wire type 5, 2 is due",
         false,
         {0x0a, 1, 'a', 0x2d, 0, 0, 0, 0},
         8,
         3},
        {"field 6 (lease) has wire type 2, 0 is due", false, {0x0a, 1, 'a', 0x32, 0}, 5, 3},
        {"field 1 has 9 bytes, but only 1 are left", true, {0x0a, 9, 'a'}, 3, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ss_record rec;
        struct ss_error err;

        assert_int_equal(decode(cases[i].value, cases[i].len, cases[i].tombstone, &rec, &err),
                         SS_CORRUPT);
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(err.code, SS_E_RECORD);
        assert_int_equal(err.off, VALUE_OFF + cases[i].wrong);
        assert_int_equal(err.pgid, 3);
        assert_string_equal(err.bucket, "key");
    }
}

static void refuses_what_is_no_record(void **state)
{
    struct ss_entry entry = {.key = {put_key, 17, KEY_OFF},
                             .value = {put_key, 16, VALUE_OFF},
                             .is_bucket = true,
                             .pgid = 3};
    struct ss_record rec;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_record_decode(&entry, &rec, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_RECORD);
    assert_int_equal(err.off, VALUE_OFF);
    entry.is_bucket = false;
    entry.key.len = 9;
    assert_int_equal(ss_record_decode(&entry, &rec, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_REV_KEY);
    assert_int_equal(err.off, KEY_OFF + 9);
    assert_string_equal(err.bucket, "key");
}

static void ranges(void **state)
{
    static const struct {
        struct ss_range range;
        bool has; /* "b/2" */
    } cases[] = {
        {{0}, true},
        {{.from = "b/2", .from_len = 3}, true},
        {{.from = "b/3", .from_len = 3}, false},
        {{.to = "b/2", .to_len = 3}, false},
        {{.to = "b/20", .to_len = 4}, true},
        {{.to = "", .to_len = 0}, false},
        {{.prefix = "b/", .prefix_len = 2}, true},
        {{.prefix = "b/22", .prefix_len = 4}, false},
        {{.from = "a", .from_len = 1, .to = "c", .to_len = 1, .prefix = "b", .prefix_len = 1},
         true},
    };

    (void)state;
    assert_true(ss_range_has(NULL, ss_span_of("b/2", 3)));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ss_range_has(&cases[i].range, ss_span_of("b/2", 3)), cases[i].has);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_a_put),
        cmocka_unit_test(the_last_of_a_field_counts),
        cmocka_unit_test(a_tombstone_is_its_key),
        cmocka_unit_test(an_empty_value_is_a_marker),
        cmocka_unit_test(decodes_usual_and_other_records_alike),
        cmocka_unit_test(refuses),
        cmocka_unit_test(refuses_what_is_no_record),
        cmocka_unit_test(ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
