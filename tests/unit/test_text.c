/*
 * test_text.c - ss_text_*: against the Unicode table written out naively, and against OpenSSL.
 */
#include "util/text.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A sequence of numbers that is the same on every run. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static bool is_tail(unsigned byte)
{
    return byte >= 0x80 && byte <= 0xBF;
}

/* The reference: decode, then ask whether the number needed that many bytes and is allowed. */
static unsigned naive_sequence_len(const uint8_t *p, size_t len)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned n = p[0] < 0x80             ? 1
                 : (p[0] & 0xE0) == 0xC0 ? 2
                 : (p[0] & 0xF0) == 0xE0 ? 3
                 : (p[0] & 0xF8) == 0xF0 ? 4
                                         : 0;
    uint32_t code;

    if (n < 2) {
        return n;
    }
    code = p[0] & (0x7Fu >> n);
    for (unsigned i = 1; i < n; i++) {
        if (i >= len || !is_tail(p[i])) {
            return 0;
        }
        code = code << 6 | (p[i] & 0x3Fu);
    }
    if (code < smallest[n] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
        return 0;
    }
    return n;
}

static bool naive_is_clean(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len;) {
        unsigned n = p[i] == 0 ? 0 : naive_sequence_len(p + i, len - i);

        if (n == 0) {
            return false;
        }
        i += n;
    }
    return true;
}

static void assert_same_verdict(const uint8_t *p, size_t len)
{
    bool expected = naive_is_clean(p, len);

    if (ss_text_is_clean(p, len) != expected || ss_text_is_clean_portable(p, len) != expected) {
        fail_msg("expected %s: %02x %02x %02x %02x, length %zu", expected ? "clean" : "unclean",
                 p[0], len > 1 ? p[1] : 0u, len > 2 ? p[2] : 0u, len > 3 ? p[3] : 0u, len);
    }
}

static void test_clean_exhaustive(void **state)
{
    uint8_t bytes[3];

    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        bytes[0] = (uint8_t)a;
        assert_same_verdict(bytes, 1);
        for (unsigned b = 0; b < 256; b++) {
            bytes[1] = (uint8_t)b;
            assert_same_verdict(bytes, 2);
            for (unsigned c = 0; c < 256; c++) {
                bytes[2] = (uint8_t)c;
                assert_same_verdict(bytes, 3);
            }
        }
    }
}

/* Four bytes: every first two, with the third and fourth at and beside the edges of 80..BF. */
static void test_clean_four_bytes(void **state)
{
    static const uint8_t edges[] = {0x00, 0x01, 0x7F, 0x80, 0x8F, 0x90, 0xBF, 0xC0, 0xFF};
    uint8_t bytes[4];

    (void)state;
    for (unsigned ab = 0; ab < 0x10000; ab++) {
        bytes[0] = (uint8_t)(ab >> 8);
        bytes[1] = (uint8_t)ab;
        for (unsigned i = 0; i < sizeof(edges) * sizeof(edges); i++) {
            bytes[2] = edges[i / sizeof(edges)];
            bytes[3] = edges[i % sizeof(edges)];
            assert_same_verdict(bytes, 4);
        }
    }
}

/*
 * The same four bytes where vectors meet them: in long text that is not ASCII, at places that move
 * over the vectors' borders.
 */
static void test_clean_four_bytes_in_text(void **state)
{
    static const uint8_t edges[] = {0x00, 0x01, 0x7F, 0x80, 0x8F, 0x90, 0xBF, 0xC0, 0xFF};
    uint8_t text[160];

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 8);
    for (unsigned ab = 0; ab < 0x10000; ab++) {
        for (unsigned i = 0; i < sizeof(edges) * sizeof(edges); i++) {
            uint8_t *four = text + 8 + (ab * 81 + i) % 70;

            four[0] = (uint8_t)(ab >> 8);
            four[1] = (uint8_t)ab;
            four[2] = edges[i / sizeof(edges)];
            four[3] = edges[i % sizeof(edges)];
            if (ss_text_is_clean(text, sizeof(text)) != naive_is_clean(text, sizeof(text))) {
                fail_msg("%02x %02x %02x %02x at %td", four[0], four[1], four[2], four[3],
                         four - text);
            }
            memset(four, 'x', 4);
        }
    }
}

/* Long text of all lengths of sequences, as it is and with one byte of it changed, or cut. */
static void test_clean_long_random(void **state)
{
    static const char *const chars[] = {"a",
                                        "\xc2\x80",
                                        "\xdf\xbf",
                                        "\xe0\xa0\x80",
                                        "\xed\x9f\xbf",
                                        "\xef\xbf\xbf",
                                        "\xe4\xb8\xad",
                                        "\xf0\x90\x80\x80",
                                        "\xf4\x8f\xbf\xbf",
                                        "\xf0\x9f\x98\x80"};
    uint64_t seed = 5;
    uint8_t text[512];

    (void)state;
    for (unsigned round = 0; round < 100000; round++) {
        size_t want = next_random(&seed) % 500, len = 0;

        while (len < want) {
            const char *next = chars[next_random(&seed) % (sizeof(chars) / sizeof(chars[0]))];

            memcpy(text + len, next, strlen(next));
            len += strlen(next);
        }
        assert_true(ss_text_is_clean(text, len));
        assert_true(ss_text_is_clean_portable(text, len));
        if (len > 0) {
            text[next_random(&seed) % len] = (uint8_t)next_random(&seed);
            assert_same_verdict(text, len - next_random(&seed) % 2);
        }
    }
}

static void test_clean_table(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        bool clean;
    } cases[] = {
        {"", 0, true},
        {"a\0b", 3, false},
        {"\x7f", 1, true},
        {"\x80", 1, false},
        {"\xc1\xbf", 2, false},         /* overlong U+007F */
        {"\xc2\x80", 2, true},          /* U+0080 */
        {"\xc2", 1, false},             /* cut */
        {"\xdf\xbf", 2, true},          /* U+07FF */
        {"\xe0\x9f\xbf", 3, false},     /* overlong U+07FF */
        {"\xe0\xa0\x80", 3, true},      /* U+0800 */
        {"\xed\x9f\xbf", 3, true},      /* U+D7FF */
        {"\xed\xa0\x80", 3, false},     /* U+D800, a surrogate */
        {"\xed\xbf\xbf", 3, false},     /* U+DFFF, a surrogate */
        {"\xee\x80\x80", 3, true},      /* U+E000 */
        {"\xef\xbf\xbf", 3, true},      /* U+FFFF, a noncharacter, but well-formed */
        {"\xf0\x8f\xbf\xbf", 4, false}, /* overlong U+FFFF */
        {"\xf0\x90\x80\x80", 4, true},  /* U+10000 */
        {"\xf4\x8f\xbf\xbf", 4, true},  /* U+10FFFF */
        {"\xf4\x90\x80\x80", 4, false}, /* U+110000 */
        {"\xf5\x80\x80\x80", 4, false},
        {"\xf0\x90\x80", 3, false}, /* cut */
        {"\xff", 1, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ss_text_is_clean(cases[i].text, cases[i].len), cases[i].clean);
        assert_int_equal(ss_text_is_clean_portable(cases[i].text, cases[i].len), cases[i].clean);
    }
}

/* One odd byte or sequence at every place of every length, so that each step width meets it. */
static void test_clean_every_place(void **state)
{
    static const char *const odd[] = {"\x80", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                      "\xed\xa0\x80"};
    uint8_t bytes[200];

    (void)state;
    for (size_t len = 0; len <= 160; len++) {
        for (size_t at = 0; at < len; at++) {
            memset(bytes, 'x', sizeof(bytes));
            bytes[at] = 0;
            assert_false(ss_text_is_clean(bytes, len));
            assert_false(ss_text_is_clean_portable(bytes, len));
            for (size_t k = 0; k < sizeof(odd) / sizeof(odd[0]); k++) {
                memset(bytes, 'x', sizeof(bytes));
                memcpy(bytes + at, odd[k], strlen(odd[k]));
                assert_same_verdict(bytes, len);
            }
        }
    }
}

static void test_clean_random(void **state)
{
    uint64_t seed = 1;
    uint8_t bytes[64];

    (void)state;
    for (unsigned round = 0; round < 300000; round++) {
        size_t len = next_random(&seed) % sizeof(bytes);

        for (size_t i = 0; i < len; i++) {
            uint64_t r = next_random(&seed);

            bytes[i] = (uint8_t)((r & 7) < 3   ? 0x80 + (r >> 8) % 0x40
                                 : (r & 7) < 5 ? 0xC2 + (r >> 8) % 0x34
                                               : 1 + (r >> 8) % 0x7F);
        }
        assert_same_verdict(bytes, len);
    }
}

static void assert_base64(const uint8_t *bytes, size_t len)
{
    size_t cap = (len + 2) / 3 * 4 + 1;
    char *expected = malloc(cap), *out = malloc(cap);
    size_t expected_len = (size_t)EVP_EncodeBlock((unsigned char *)expected, bytes, (int)len);

    assert_int_equal(ss_text_base64(bytes, len, out), expected_len);
    assert_memory_equal(out, expected, expected_len + 1);
    assert_int_equal(ss_text_base64_portable(bytes, len, out), expected_len);
    assert_memory_equal(out, expected, expected_len + 1);
    free(expected);
    free(out);
}

static void test_base64_against_openssl(void **state)
{
    uint64_t seed = 2;

    (void)state;
    for (size_t len = 0; len <= 200; len++) {
        for (unsigned round = 0; round < 20; round++) {
            uint8_t *bytes = malloc(len + 1); /* exact, so that a sanitizer sees a read past it */

            for (size_t i = 0; i < len; i++) {
                bytes[i] = (uint8_t)next_random(&seed);
            }
            assert_base64(bytes, len);
            free(bytes);
        }
    }
}

/* Every 6-bit field in every place of a group, and a length over one OpenSSL piece. */
static void test_base64_all_digits(void **state)
{
    size_t len = ((size_t)3 << 20) + 50;
    uint8_t *bytes = malloc(len);

    (void)state;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
    assert_base64(bytes, len);
    free(bytes);
}

static void test_base64_rfc(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    char out[16];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ss_text_base64(cases[i][0], strlen(cases[i][0]), out),
                         strlen(cases[i][1]));
        assert_string_equal(out, cases[i][1]);
    }
}

static void test_hex(void **state)
{
    static const char *const wrong[] = {"", "1", "1g", "g1", "12:4", "123", " 1", "0x"};
    uint8_t bytes[256], back[256] = {0};
    char text[2 * sizeof(bytes) + 1], upper[2 * sizeof(bytes) + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)i;
        snprintf(upper + 2 * i, 3, "%02X", (unsigned)i);
    }
    assert_int_equal(ss_text_hex(bytes, sizeof(bytes), text), 2 * sizeof(bytes));
    assert_int_equal(strlen(text), 2 * sizeof(bytes));
    assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
    assert_string_equal(text + 2 * 0xfe, "feff");
    assert_true(ss_text_unhex(text, sizeof(bytes), back));
    assert_memory_equal(back, bytes, sizeof(bytes));
    memset(back, 0, sizeof(back));
    assert_true(ss_text_unhex(upper, sizeof(bytes), back));
    assert_memory_equal(back, bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(ss_text_unhex(wrong[i], strlen(wrong[i]) / 2 + 1, back));
    }
    assert_true(ss_text_unhex("", 0, back));
}

static void test_escape_table(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *form;
    } cases[] = {
        {"", 0, ""},
        {"/registry/pods", 14, "/registry/pods"},
        {"a\\b", 3, "a\\\\b"},
        {"\0\t\n\x1b[31m", 8, "\\x00\\x09\\x0a\\x1b[31m"},
        {"\x7f", 1, "\\x7f"},
        {"caf\xc3\xa9", 5, "caf\xc3\xa9"},
        {"\xc2\x85", 2, "\\xc2\\x85"},               /* NEL, a C1 control */
        {"\xe2\x80\xae", 3, "\\xe2\\x80\\xae"},      /* right-to-left override */
        {"\xe2\x80\xa8", 3, "\\xe2\\x80\\xa8"},      /* line separator */
        {"\xef\xbb\xbf", 3, "\\xef\\xbb\\xbf"},      /* byte order mark */
        {"\xef\xbf\xbf", 3, "\\xef\\xbf\\xbf"},      /* noncharacter */
        {"\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80"}, /* an emoji */
        {"\xc3(", 2, "\\xc3("},
        {"\xed\xa0\x80", 3, "\\xed\\xa0\\x80"},
        {"\xf0\x9f\x98", 3, "\\xf0\\x9f\\x98"},
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n = ss_text_escape(cases[i].bytes, cases[i].len, out, sizeof(out));

        assert_int_equal(n, strlen(cases[i].form));
        assert_string_equal(out, cases[i].form);
    }
}

/* Whatever the cap: a NUL, no half escape or character, and the length of the whole. */
static void test_escape_cut(void **state)
{
    static const char bytes[] = "a\x01\xc3\xa9\\";
    static const char *const cut[] = {"",
                                      "",
                                      "a",
                                      "a",
                                      "a",
                                      "a",
                                      "a\\x01",
                                      "a\\x01",
                                      "a\\x01\xc3\xa9",
                                      "a\\x01\xc3\xa9",
                                      "a\\x01\xc3\xa9\\\\"};
    char out[16];

    (void)state;
    assert_int_equal(ss_text_escape(bytes, 5, NULL, 0), 9);
    for (size_t cap = 1; cap < sizeof(cut) / sizeof(cut[0]); cap++) {
        memset(out, 'Z', sizeof(out));
        assert_int_equal(ss_text_escape(bytes, 5, out, cap), 9);
        assert_string_equal(out, cut[cap]);
        assert_int_equal(out[cap], 'Z');
    }
}

/*
 * Any byte anywhere in a run of letters, whose length is no multiple of a word: as if each part had been
 * escaped alone; and cut at any length, the longest whole part of that.
 */
static void test_escape_in_runs(void **state)
{
    const size_t len = 21;

    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t pos = 0; pos < len; pos++) {
            char bytes[32], one[8], due[64], out[64];
            size_t n, due_len;

            memset(bytes, 'x', len);
            bytes[pos] = (char)byte;
            n = ss_text_escape(bytes + pos, 1, one, sizeof(one));
            due_len =
                (size_t)snprintf(due, sizeof(due), "%.*s%s%.*s", (int)pos, "xxxxxxxxxxxxxxxxxxxxx",
                                 one, (int)(len - pos - 1), "xxxxxxxxxxxxxxxxxxxxx");
            assert_int_equal(ss_text_escape(bytes, len, out, sizeof(out)), due_len);
            assert_string_equal(out, due);
            for (size_t cap = 1; cap <= due_len; cap++) {
                size_t cut = cap - 1;

                if (cut > pos && cut < pos + n) {
                    cut = pos;
                }
                memset(out, '#', sizeof(out));
                assert_int_equal(ss_text_escape(bytes, len, out, cap), due_len);
                assert_int_equal(strlen(out), cut);
                assert_memory_equal(out, due, cut);
            }
        }
    }
}

/* What is printable stays, escapes among it; what finds no room is cut at a whole escape. */
static void test_tame(void **state)
{
    static const struct {
        const char *text;
        size_t cap;
        const char *tamed;
    } cases[] = {
        {"", 64, ""},
        {"a plain one, \\x1b[2J and \\\\", 64, "a plain one, \\x1b[2J and \\\\"},
        {"\x1b[2J\n\x7f", 64, "\\x1b[2J\\x0a\\x7f"},
        {"\xc2\x9b|\x9b|\xe2\x80\xae|\xc3\xa9", 64, "\\xc2\\x9b|\\x9b|\\xe2\\x80\\xae|\xc3\xa9"},
        {"ab\x1b", 6, "ab"},
        {"ab\x1b", 7, "ab\\x1b"},
        {"\x1b\x1b", 3, ""},
    };
    char text[65];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(text, 'Z', sizeof(text));
        strcpy(text, cases[i].text);
        ss_text_tame(text, cases[i].cap);
        assert_string_equal(text, cases[i].tamed);
        assert_int_equal(text[64], 'Z');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean_exhaustive),
        cmocka_unit_test(test_clean_four_bytes),
        cmocka_unit_test(test_clean_four_bytes_in_text),
        cmocka_unit_test(test_clean_long_random),
        cmocka_unit_test(test_clean_table),
        cmocka_unit_test(test_clean_every_place),
        cmocka_unit_test(test_clean_random),
        cmocka_unit_test(test_base64_against_openssl),
        cmocka_unit_test(test_base64_all_digits),
        cmocka_unit_test(test_base64_rfc),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_escape_table),
        cmocka_unit_test(test_escape_cut),
        cmocka_unit_test(test_escape_in_runs),
        cmocka_unit_test(test_tame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
