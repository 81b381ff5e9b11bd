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
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = i;
    assert_int_equal(sum(bytes, 32), 0x46dd794eu);
}

static void pieces_sum_like_the_whole(void **state)
{
    static uint8_t bytes[4096], copy[4096];
    uint32_t whole;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        copy[i] = bytes[i] = (uint8_t)(i * 131 + i / 256);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values),
        cmocka_unit_test(pieces_sum_like_the_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
