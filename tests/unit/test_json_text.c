/*
 * test_json_text.c - the record stream's JSON strings and numbers, byte for byte against Jansson.
 */
#include "export/json_text.h"
#include "util/text.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What an output buffer passed on. */
struct sink {
    char *data;
    size_t len, cap;
    unsigned call_count, fail_at; /* fail_at 0: never */
};

static bool sink_write(void *ctx, const void *bytes, size_t len)
{
    struct sink *sink = ctx;

    if (++sink->call_count == sink->fail_at) {
        errno = ENOSPC;
        return false;
    }
    if (sink->cap - sink->len < len) {
        sink->cap = (sink->len + len) * 2;
        sink->data = realloc(sink->data, sink->cap);
        assert_non_null(sink->data);
    }
    memcpy(sink->data + sink->len, bytes, len);
    sink->len += len;
    return true;
}

struct fixture {
    struct ss_outbuf out;
    struct sink sink;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    return f != NULL && ss_outbuf_init(&f->out, sink_write, &f->sink) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    ss_outbuf_fini(&f->out);
    free(f->sink.data);
    free(f);
    return 0;
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void assert_output(struct fixture *f, const char *expected, size_t len)
{
    assert_true(ss_outbuf_flush(&f->out));
    assert_int_equal(f->sink.len, len);
    assert_memory_equal(f->sink.data, expected, len);
    assert_int_equal(f->out.flushed_len, len);
    f->sink.len = 0;
    f->out.flushed_len = 0;
}

/* Clean bytes: as Jansson dumps them, by both kernels, and back to the same bytes. */
static void assert_as_jansson(struct fixture *f, const void *bytes, size_t len)
{
    json_t *text = json_stringn(bytes, len);
    char *expected = json_dumps(text, JSON_ENCODE_ANY);
    json_t *back;

    assert_non_null(expected);
    back = json_loads(expected, JSON_DECODE_ANY, NULL);
    assert_int_equal(json_string_length(back), len);
    assert_memory_equal(json_string_value(back), bytes, len);
    json_decref(back);
    ss_json_string(&f->out, bytes, len);
    assert_output(f, expected, strlen(expected));
    ss_json_string_portable(&f->out, bytes, len);
    assert_output(f, expected, strlen(expected));
    free(expected);
    json_decref(text);
}

static void test_string_each_byte(void **state)
{
    char bytes[80];

    for (unsigned byte = 1; byte < 0x80; byte++) {
        for (size_t len = 1; len <= 40; len++) {
            memset(bytes, 'x', sizeof(bytes));
            bytes[len - 1] = (char)byte;
            assert_as_jansson(*state, bytes, len);
            assert_as_jansson(*state, bytes, len + 35);
        }
    }
    assert_as_jansson(*state, "", 0);
}

/* Appends a random code point of one of the classes; returns its length. */
static size_t put_random_char(uint64_t *seed, uint8_t *p)
{
    static const struct {
        uint32_t first, last;
    } classes[] = {{0x01, 0x1F},     {0x20, 0x7F},    {'"', '"'},       {'\\', '\\'},
                   {0x80, 0x7FF},    {0x800, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, 0x10FFFF},
                   {0x2028, 0x2029}, {'a', 'z'},      {'a', 'z'},       {'a', 'z'}};
    uint64_t r = next_random(seed);
    size_t k = r % (sizeof(classes) / sizeof(classes[0]));
    uint32_t span = classes[k].last - classes[k].first + 1;
    uint32_t code = classes[k].first + (uint32_t)((r >> 32) % span);

    if (code < 0x80) {
        p[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        p[0] = (uint8_t)(0xC0 | code >> 6);
        p[1] = (uint8_t)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        p[0] = (uint8_t)(0xE0 | code >> 12);
        p[1] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        p[2] = (uint8_t)(0x80 | (code & 0x3F));
        return 3;
    }
    p[0] = (uint8_t)(0xF0 | code >> 18);
    p[1] = (uint8_t)(0x80 | (code >> 12 & 0x3F));
    p[2] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
    p[3] = (uint8_t)(0x80 | (code & 0x3F));
    return 4;
}

static void test_string_random(void **state)
{
    uint64_t seed = 3;
    uint8_t bytes[300];

    for (unsigned round = 0; round < 20000; round++) {
        size_t chars = next_random(&seed) % 70, len = 0;

        for (size_t i = 0; i < chars; i++) {
            len += put_random_char(&seed, bytes + len);
        }
        assert_true(ss_text_is_clean(bytes, len));
        assert_as_jansson(*state, bytes, len);
    }
}

/* A string of nothing but escapes, several times the buffer: nothing is lost where pieces meet. */
static void test_string_over_buffer(void **state)
{
    size_t len = SS_OUTBUF_LEN + 12345;
    char *bytes = malloc(len);

    memset(bytes, 1, len);
    assert_as_jansson(*state, bytes, len);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = "ab\"c\\d\n/"[i % 8];
    }
    assert_as_jansson(*state, bytes, len);
    free(bytes);
}

static void test_plain_len(void **state)
{
    uint8_t bytes[100];

    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';

        for (size_t len = 1; len <= 70; len++) {
            for (size_t at = 0; at < len; at++) {
                size_t vector, portable;

                memset(bytes, '~', sizeof(bytes));
                bytes[at] = (uint8_t)byte;
                vector = ss_json_plain_len(bytes, len);
                portable = ss_json_plain_len_portable(bytes, len);
                if (plain) {
                    assert_int_equal(vector, len);
                    assert_int_equal(portable, len);
                } else {
                    assert_in_range(vector, at & ~(size_t)15, at);
                    assert_int_equal(portable, at & ~(size_t)7);
                }
            }
        }
    }
}

/* Bytes that are no clean text come as base64, and only those. */
static void test_bytes_member(void **state)
{
    struct fixture *f = *state;

    ss_json_bytes(&f->out, "key", "/a\"b", 4);
    assert_output(f, "\"key\":\"/a\\\"b\"", 13);
    ss_json_bytes(&f->out, "key", "", 0);
    assert_output(f, "\"key\":\"\"", 8);
    ss_json_bytes(&f->out, "value", "a\0b", 3);
    assert_output(f, "\"value_base64\":\"YQBi\"", 21);
    ss_json_bytes(&f->out, "value", "0123456789abcdef\xff", 17);
    assert_output(f, "\"value_base64\":\"MDEyMzQ1Njc4OWFiY2RlZv8=\"", 41);
    ss_json_bytes(&f->out, "value", "0123456789abcdef\xc3\xa9", 18);
    assert_output(f, "\"value\":\"0123456789abcdef\xc3\xa9\"", 28);
}

static void test_base64_over_buffer(void **state)
{
    struct fixture *f = *state;
    size_t len = SS_OUTBUF_LEN * 2 + 1;
    uint8_t *bytes = malloc(len);
    char *expected = malloc(len * 2);
    size_t expected_len;

    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(i * 31 >> 3);
    }
    expected[0] = '"';
    expected_len = 1 + ss_text_base64_portable(bytes, len, expected + 1);
    expected[expected_len++] = '"';
    ss_json_base64(&f->out, bytes, len);
    assert_output(f, expected, expected_len);
    free(bytes);
    free(expected);
}

static void test_numbers(void **state)
{
    struct fixture *f = *state;
    uint64_t seed = 4;
    char expected[64];

    for (unsigned round = 0; round < 20000; round++) {
        uint64_t v = next_random(&seed) >> (round % 64);
        int n = snprintf(expected, sizeof(expected), "%" PRIu64 "%" PRId64, v, (int64_t)~v);

        ss_json_u64(&f->out, v);
        ss_json_i64(&f->out, (int64_t)~v);
        assert_output(f, expected, (size_t)n);
    }
    ss_json_i64(&f->out, INT64_MIN);
    assert_output(f, "-9223372036854775808", 20);
    ss_json_u64(&f->out, UINT64_MAX);
    assert_output(f, "18446744073709551615", 20);
    for (uint64_t v = 0; v < 1100; v++) {
        int n = snprintf(expected, sizeof(expected), "%" PRIu64, v);

        ss_json_u64(&f->out, v);
        assert_output(f, expected, (size_t)n);
    }
}

/* After a failed flush nothing more is passed on, errno is kept, and nothing overruns. */
static void test_ids(void **state)
{
    static const struct {
        uint64_t id;
        const char *text;
    } cases[] = {{0, "\"0000000000000000\""},
                 {0x694D77AA9E38260F, "\"694d77aa9e38260f\""},
                 {0x8000000000000000, "\"8000000000000000\""},
                 {UINT64_MAX, "\"ffffffffffffffff\""}};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ss_json_id(&f->out, cases[i].id);
        assert_output(f, cases[i].text, 18);
    }
}

static void test_failed_flush_is_kept(void **state)
{
    struct fixture *f = *state;
    size_t len = SS_OUTBUF_LEN * 3;
    char *bytes = malloc(len);

    memset(bytes, 'x', len);
    f->sink.fail_at = 2;
    ss_json_string(&f->out, bytes, len);
    ss_json_base64(&f->out, bytes, len);
    ss_outbuf_append(&f->out, bytes, len);
    for (unsigned i = 0; i < 50000; i++) {
        ss_json_u64(&f->out, UINT64_MAX);
    }
    assert_false(ss_outbuf_flush(&f->out));
    assert_true(f->out.failed);
    assert_int_equal(f->out.sys, ENOSPC);
    assert_int_equal(f->sink.call_count, 2);
    assert_int_equal(f->out.flushed_len, f->sink.len);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_string_each_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_string_random, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_string_over_buffer, set_up, tear_down),
        cmocka_unit_test(test_plain_len),
        cmocka_unit_test_setup_teardown(test_bytes_member, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_base64_over_buffer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ids, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failed_flush_is_kept, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
