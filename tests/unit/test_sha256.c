/*
 * test_sha256.c - one stream, two streams and the processor's own instructions, against OpenSSL's one-call
 * digest and the examples of FIPS 180-4.
 */
#include "scratch.h"

#include "util/sha256.h"
#include "util/sha256_ni.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOISE_LEN ((size_t)1 << 18)

static uint8_t noise[2][NOISE_LEN];

static void assert_digest(const uint8_t *have, const uint8_t *bytes, size_t len)
{
    uint8_t want[SS_SHA256_LEN];

    assert_int_equal(EVP_Digest(bytes, len, want, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(have, want, sizeof(want));
}

static void test_examples(void **state)
{
    static const struct {
        const char *text, *hex;
    } examples[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        for (int two = 0; two < 2; two++) {
            struct ss_sha256 a = {0}, b = {0};
            uint8_t digest[SS_SHA256_LEN];
            char hex[2 * SS_SHA256_LEN + 1];

            assert_true(two == 1 ? ss_sha256_init_two(&a, &b) : ss_sha256_init(&a));
            assert_true(ss_sha256_update(&a, examples[i].text, strlen(examples[i].text)));
            assert_true(ss_sha256_final(&a, digest));
            for (size_t j = 0; j < SS_SHA256_LEN; j++) {
                snprintf(hex + 2 * j, 3, "%02x", digest[j]);
            }
            assert_string_equal(hex, examples[i].hex);
            ss_sha256_fini(&a);
            ss_sha256_fini(&b);
        }
    }
}

/* Every length around the block and its padding, in one call and byte by byte. */
static void test_lengths(void **state)
{
    (void)state;
    for (size_t len = 0; len < 4 * SS_SHA256_BLOCK_LEN; len++) {
        for (size_t step = 1; step < 140; step += step < 3 ? 1 : 17) {
            struct ss_sha256 a = {0}, b = {0};
            uint8_t digest[SS_SHA256_LEN];

            assert_true(ss_sha256_init_two(&a, &b));
            for (size_t at = 0; at < len; at += step) {
                assert_true(ss_sha256_update(&a, noise[0] + at, len - at < step ? len - at : step));
            }
            assert_true(ss_sha256_final(&a, digest));
            assert_digest(digest, noise[0], len);
            ss_sha256_fini(&a);
            ss_sha256_fini(&b);
        }
    }
}

/* Two streams in step, one of them ahead by `ahead` bytes, and the rest of each by itself. */
static void two_streams(size_t ahead, size_t step, size_t steps, size_t rest)
{
    struct ss_sha256 a = {0}, b = {0};
    uint8_t digest[SS_SHA256_LEN];
    size_t at = 0;

    assert_true(ss_sha256_init_two(&a, &b));
    assert_true(ss_sha256_update(&b, noise[1], ahead));
    for (size_t i = 0; i < steps; i++, at += step) {
        assert_true(ss_sha256_update_two(&a, noise[0] + at, &b, noise[1] + ahead + at, step));
    }
    assert_true(ss_sha256_update(&b, noise[1] + ahead + at, rest));
    assert_true(ss_sha256_final(&a, digest));
    assert_digest(digest, noise[0], at);
    assert_true(ss_sha256_final(&b, digest));
    assert_digest(digest, noise[1], ahead + at + rest);
    ss_sha256_fini(&a);
    ss_sha256_fini(&b);
}

/* Wherever the bytes lie: of a pair, and of two states that were not made as one. */
static void test_places(void **state)
{
    (void)state;
    for (size_t place = 0; place < 64 * 64; place++) {
        const uint8_t *bytes[2] = {noise[0] + place % 64, noise[1] + place / 64};
        struct ss_sha256 s[4] = {{0}};
        uint8_t digest[SS_SHA256_LEN];

        assert_true(ss_sha256_init_two(&s[0], &s[1]));
        assert_true(ss_sha256_init(&s[2]) && ss_sha256_init(&s[3]));
        assert_true(ss_sha256_update_two(&s[0], bytes[0], &s[1], bytes[1], 257));
        assert_true(ss_sha256_update_two(&s[2], bytes[0], &s[3], bytes[1], 257));
        for (size_t i = 0; i < 4; i++) {
            assert_true(ss_sha256_final(&s[i], digest));
            assert_digest(digest, bytes[i % 2], 257);
            ss_sha256_fini(&s[i]);
        }
    }
}

static void test_two_streams(void **state)
{
    static const size_t some[] = {0, 1, 63, 64, 65, 128, 1000, 4096};

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        for (size_t j = 0; j < 8; j++) {
            for (size_t k = 0; k < 8; k++) {
                two_streams(some[i], some[j], 3, some[k]);
            }
        }
    }
    two_streams(0, NOISE_LEN / 2, 2, 0);
    two_streams(1, NOISE_LEN / 2 - 1, 2, 1);
}

static void test_fork(void **state)
{
    (void)state;
    for (int two = 0; two < 2; two++) {
        struct ss_sha256 a = {0}, b = {0}, fork = {0};
        uint8_t digest[SS_SHA256_LEN];

        assert_true(two == 1 ? ss_sha256_init_two(&a, &b) : ss_sha256_init(&a));
        assert_true(ss_sha256_update(&a, noise[0], 1000));
        assert_true(ss_sha256_fork(&fork, &a));
        assert_true(ss_sha256_update(&fork, noise[0] + 1000, 77));
        assert_true(ss_sha256_update(&a, noise[0] + 1000, 5000));
        assert_true(ss_sha256_final(&fork, digest));
        assert_digest(digest, noise[0], 1077);
        assert_true(ss_sha256_final(&a, digest));
        assert_digest(digest, noise[0], 6000);
        ss_sha256_fini(&a);
        ss_sha256_fini(&b);
        ss_sha256_fini(&fork);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples), cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_places),   cmocka_unit_test(test_two_streams),
        cmocka_unit_test(test_fork),
    };

    scratch_noise(noise[0], NOISE_LEN);
    for (size_t i = 0; i < NOISE_LEN; i++) {
        noise[1][i] = (uint8_t)~noise[0][i];
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
