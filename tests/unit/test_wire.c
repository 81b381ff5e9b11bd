/*
 * The protobuf reader: what it takes, and for each rule the code and offset of what it refuses.
 */
#include "util/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define AT UINT64_C(0x2000)
#define PGID 7

/* Reads a message to its end or first fault; counts the fields before it. */
static enum ss_status read_all(const uint8_t *bytes, uint64_t len, uint32_t *count,
                               struct ss_wire_field *last, struct ss_error *err)
{
    struct ss_wire w;
    enum ss_status st;

    *count = 0;
    ss_wire_init(&w, (struct ss_span){bytes, len, AT}, SS_E_RECORD, PGID);
    while ((st = ss_wire_next(&w, last, err)) == SS_OK) {
        ++*count;
    }
    return st;
}

static void reads_each_type(void **state)
{
    static const uint8_t bytes[] = {
        0x08, 0x96, 0x01,                         /* 1: varint 150 */
        0x11, 1,    2,    3,    4,    5, 6, 7, 8, /* 2: fixed64 */
        0x1a, 3,    'a',  'b',  'c',              /* 3: bytes */
        0x25, 1,    2,    3,    4,                /* 4: fixed32 */
        0xf8, 0xff, 0xff, 0xff, 0x0f, 0,          /* 2^29 - 1: varint 0 */
    };
    struct ss_wire w;
    struct ss_wire_field f;
    struct ss_error err;

    (void)state;
    ss_wire_init(&w, (struct ss_span){bytes, sizeof(bytes), AT}, SS_E_RECORD, PGID);
    assert_int_equal(ss_wire_next(&w, &f, &err), SS_OK);
    assert_int_equal(f.number, 1);
    assert_int_equal(f.type, SS_WIRE_VARINT);
    assert_int_equal(f.value, 150);
    assert_int_equal(ss_wire_next(&w, &f, &err), SS_OK);
    assert_int_equal(f.type, SS_WIRE_FIXED64);
    assert_true(f.value == UINT64_C(0x0807060504030201));
    assert_int_equal(ss_wire_next(&w, &f, &err), SS_OK);
    assert_int_equal(f.type, SS_WIRE_BYTES);
    assert_int_equal(f.off, AT + 12);
    assert_int_equal(f.body.off, AT + 14);
    assert_true(ss_span_is(f.body, "abc"));
    assert_int_equal(ss_wire_next(&w, &f, &err), SS_OK);
    assert_int_equal(f.type, SS_WIRE_FIXED32);
    assert_int_equal(f.value, 0x04030201);
    assert_int_equal(ss_wire_next(&w, &f, &err), SS_OK);
    assert_int_equal(f.number, (1u << 29) - 1);
    assert_int_equal(ss_wire_next(&w, &f, &err), SS_END);
}

static void takes(void **state)
{
    static const struct {
        uint8_t bytes[48];
        uint64_t len;
        uint32_t count;
    } cases[] = {
        {{0}, 0, 0},
        {{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 11, 1},
        {{0x08, 0x80, 0x80, 0x00}, 4, 1}, /* a varint longer than it need be */
        {{0x0a, 0x00}, 2, 1},             /* empty bytes */
        {{0x0b, 0x0c}, 2, 1},             /* an empty group */
        {{0x0b, 0x13, 0x18, 1, 0x14, 0x22, 1, 'x', 0x0c, 0x08, 1}, 11, 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ss_wire_field f;
        struct ss_error err;
        uint32_t count;

        assert_int_equal(read_all(cases[i].bytes, cases[i].len, &count, &f, &err), SS_END);
        assert_int_equal(count, cases[i].count);
    }
}

static void refuses(void **state)
{
    static const struct {
        const char *message;
        uint8_t bytes[48];
        uint64_t len;
        uint64_t wrong;
    } cases[] = {
        {"field number 0 is illegal", {0x00, 0x01}, 2, 0},
        {"field number 536870912 is illegal", {0x80, 0x80, 0x80, 0x80, 0x10, 0}, 6, 0},
        {"field 1 has the illegal wire type 6", {0x08, 1, 0x0e}, 3, 2},
        {"field 1 has the illegal wire type 7", {0x0f}, 1, 0},
        {"the message ends inside a field's tag", {0x08, 1, 0x80}, 3, 3},
        {"the message ends inside a varint", {0x08}, 1, 1},
        {"the message ends inside a varint", {0x08, 0x80}, 2, 2},
        {"a varint does not fit in 64 bits",
         {0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02},
         11,
         1},
        {"a varint does not fit in 64 bits",
         {0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00},
         12,
         1},
        {"the message ends inside a length", {0x0a}, 1, 1},
        {"field 1 has 3 bytes, but only 2 are left", {0x0a, 3, 'a', 'b'}, 4, 1},
        {"field 1 has 18446744073709551615 bytes, but only 0 are left",
         {0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
         11,
         1},
        {"the message ends inside a fixed-size value", {0x09, 1, 2, 3, 4, 5, 6, 7}, 8, 8},
        {"the message ends inside a fixed-size value", {0x0d, 1, 2, 3}, 4, 4},
        {"field 1 ends a group that did not begin", {0x0c}, 1, 0},
        {"the message ends inside a group", {0x0b, 0x08, 1}, 3, 3},
        {"group 1 ends as group 2", {0x0b, 0x14}, 2, 1},
        {"groups nest more than 16 deep",
         {0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
          0x0b, 0x0b},
         17,
         16},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ss_wire_field f;
        struct ss_error err;
        uint32_t count;

        assert_int_equal(read_all(cases[i].bytes, cases[i].len, &count, &f, &err), SS_CORRUPT);
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(err.code, SS_E_RECORD);
        assert_int_equal(err.off, AT + cases[i].wrong);
        assert_int_equal(err.pgid, PGID);
    }
}

static void names_the_wrong_type(void **state)
{
    static const uint8_t bytes[] = {0x08, 1, 0x12, 0};
    struct ss_wire w;
    struct ss_wire_field f;
    struct ss_error err;

    (void)state;
    ss_wire_init(&w, (struct ss_span){bytes, sizeof(bytes), AT}, SS_E_FIELD, PGID);
    assert_int_equal(ss_wire_next(&w, &f, &err), SS_OK);
    assert_int_equal(ss_wire_expect(&w, &f, SS_WIRE_VARINT, "id", &err), SS_OK);
    assert_int_equal(ss_wire_next(&w, &f, &err), SS_OK);
    assert_int_equal(ss_wire_expect(&w, &f, SS_WIRE_VARINT, "id", &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_FIELD);
    assert_int_equal(err.off, AT + 2);
    assert_string_equal(err.message, "field 2 (id) has wire type 2, 0 is due");
}

/* Every message of three bytes ends, inside its bounds, in an answer with a place inside it. */
static void every_short_message_ends(void **state)
{
    uint32_t ends = 0;

    (void)state;
    for (uint32_t n = 0; n < 1u << 24; n += 1 + n % 7) {
        uint8_t *bytes = malloc(3);
        struct ss_wire_field f;
        struct ss_error err;
        uint32_t count;

        assert_non_null(bytes);
        bytes[0] = (uint8_t)n;
        bytes[1] = (uint8_t)(n >> 8);
        bytes[2] = (uint8_t)(n >> 16);
        if (read_all(bytes, 3, &count, &f, &err) == SS_END) {
            ends++;
        } else {
            assert_true(err.off >= AT && err.off <= AT + 3);
        }
        assert_true(count <= 1);
        free(bytes);
    }
    assert_true(ends > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_type),
        cmocka_unit_test(takes),
        cmocka_unit_test(refuses),
        cmocka_unit_test(names_the_wrong_type),
        cmocka_unit_test(every_short_message_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
