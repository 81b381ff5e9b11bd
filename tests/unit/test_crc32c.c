/*
 * CRC-32C: the published check values, and that pieces, joined or not, give the sum of the whole.
 */
#include "util/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static uint32_t sum(const void *bytes, size_t len)
{
    struct ss_crc32c crc;

    ss_crc32c_init(&crc);
    ss_crc32c_add(&crc, bytes, len);
    return ss_crc32c_final(&crc);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 8;
}

/* By single zeroes and doublings, bit after bit of the length. */
static uint32_t sum_of_zeroes(uint64_t len)
{
    struct ss_crc32c crc;
    uint64_t have = 0;

    ss_crc32c_init(&crc);
    for (int bit = 63; bit >= 0; bit--) {
        ss_crc32c_join(&crc, ss_crc32c_final(&crc), have);
        have *= 2;
        if ((len >> bit & 1) != 0) {
            ss_crc32c_add(&crc, "", 1);
            have++;
        }
    }
    return ss_crc32c_final(&crc);
}

/* "123456789" is the catalogue's check value; the rest are those of RFC 3720, B.4. */
static void published_values(void **state)
{
    uint8_t bytes[32] = {0};

    (void)state;
    assert_int_equal(sum("", 0), 0);
    assert_int_equal(sum("123456789", 9), 0xe3069283u);
    assert_int_equal(sum(bytes, 32), 0x8a9136aau);
    memset(bytes, 0xff, 32);
    assert_int_equal(sum(bytes, 32), 0x62a8ab43u);
    for (uint8_t i = 0; i < 32; i++) {
        bytes[i] = i;
    }
    assert_int_equal(sum(bytes, 32), 0x46dd794eu);
}

static void pieces_sum_like_the_whole(void **state)
{
    static uint8_t bytes[4096], copy[4096];
    uint32_t whole;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        copy[i] = bytes[i] = (uint8_t)(i * 131 + i / 256);
    }
    whole = sum(bytes, sizeof(bytes));
    for (size_t cut = 0; cut <= sizeof(bytes); cut += 97) {
        struct ss_crc32c crc;

        ss_crc32c_init(&crc);
        ss_crc32c_add(&crc, bytes, cut);
        ss_crc32c_add(&crc, bytes + cut, 0);
        ss_crc32c_add(&crc, bytes + cut, sizeof(bytes) - cut);
        assert_int_equal(ss_crc32c_final(&crc), whole);
        ss_crc32c_init(&crc);
        ss_crc32c_add(&crc, bytes, cut);
        ss_crc32c_add(&crc, copy + cut, sizeof(bytes) - cut);
        assert_int_equal(ss_crc32c_final(&crc), whole);
    }
}

/* Stretches of random lengths, summed apart, then joined in order: the sum of the whole. */
static void stretches_join_to_the_whole(void **state)
{
    static uint8_t bytes[70000];
    uint64_t seed = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(next_random(&seed) >> 40);
    }
    for (int round = 0; round < 200; round++) {
        size_t len = next_random(&seed) % sizeof(bytes);
        struct ss_crc32c joined;

        ss_crc32c_init(&joined);
        for (size_t at = 0, n; at < len; at += n) {
            n = next_random(&seed) % (next_random(&seed) % 9000 + 1);
            n = n < len - at ? n : len - at;
            if (next_random(&seed) % 4 == 0) {
                ss_crc32c_add(&joined, bytes + at, n);
            } else {
                ss_crc32c_join(&joined, sum(bytes + at, n), n);
            }
        }
        assert_int_equal(ss_crc32c_final(&joined), sum(bytes, len));
    }
}

/* Lengths that no array has: 2^40 zeroes by doubling and by quarters, and 5 GB of real ones. */
static void long_stretches_join(void **state)
{
    static const uint8_t zeroes[1 << 20];
    struct ss_crc32c crc, doubled;
    uint64_t len = sizeof(zeroes);

    (void)state;
    ss_crc32c_init(&doubled);
    ss_crc32c_add(&doubled, zeroes, sizeof(zeroes));
    for (; len < UINT64_C(1) << 40; len *= 2) {
        uint32_t half = ss_crc32c_final(&doubled);

        ss_crc32c_join(&doubled, half, len);
    }
    ss_crc32c_init(&crc);
    for (uint64_t at = 0; at < len; at += len / 4) {
        ss_crc32c_join(&crc, sum_of_zeroes(len / 4), len / 4);
    }
    assert_int_equal(ss_crc32c_final(&crc), ss_crc32c_final(&doubled));
    ss_crc32c_init(&crc);
    for (int i = 0; i < 5000; i++) {
        ss_crc32c_add(&crc, zeroes, sizeof(zeroes));
    }
    assert_int_equal(ss_crc32c_final(&crc), sum_of_zeroes(5000 * (uint64_t)sizeof(zeroes)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values),
        cmocka_unit_test(pieces_sum_like_the_whole),
        cmocka_unit_test(stretches_join_to_the_whole),
        cmocka_unit_test(long_stretches_join),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
