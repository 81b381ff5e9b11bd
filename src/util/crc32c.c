/*
 * crc32c.c - see crc32c.h. ISA-L does the sum: carry-less multiplication where the machine has it.
 */
#include "util/crc32c.h"

#include <stddef.h>

#include <isa-l/crc.h>

/* ISA-L counts in int; longer runs are cut. */
#define STEP_LEN (UINT64_C(1) << 30)

#define POLYNOMIAL UINT32_C(0x82f63b78) /* reflected: bit 31 is x^0 */

void ss_crc32c_init(struct ss_crc32c *crc)
{
    *crc = (struct ss_crc32c){.state = UINT32_MAX};
}

static void sum_run(struct ss_crc32c *crc)
{
    while (crc->run_len > 0) {
        uint64_t len = crc->run_len < STEP_LEN ? crc->run_len : STEP_LEN;

        /* Declared without const, but it only reads. */
        crc->state = crc32_iscsi((unsigned char *)(uintptr_t)crc->run, (int)len, crc->state);
        crc->run += len;
        crc->run_len -= len;
    }
}

void ss_crc32c_turn(struct ss_crc32c *crc, const void *bytes, uint64_t len)
{
    sum_run(crc);
    crc->run = bytes;
    crc->run_len = len;
}

uint32_t ss_crc32c_final(struct ss_crc32c *crc)
{
    sum_run(crc);
    return ~crc->state;
}

void ss_crc32c_resume(struct ss_crc32c *crc, uint32_t sum)
{
    ss_crc32c_init(crc);
    crc->state = ~sum;
}

/* a x b modulo the polynomial; bit 31 is x^0, as the sums have it. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;

    for (; a != 0; a <<= 1) {
        if ((a & UINT32_C(0x80000000)) != 0) {
            product ^= b;
        }
        b = b >> 1 ^ (POLYNOMIAL & (0 - (b & 1)));
    }
    return product;
}

/* len zero bytes shift what stands before them by x^(8 len): powers of x by squaring. */
static uint32_t shift_by(uint32_t sum, uint64_t len)
{
    uint32_t power = UINT32_C(0x00800000); /* x^8 */

    for (; len > 0; len >>= 1) {
        if ((len & 1) != 0) {
            sum = multiply(power, sum);
        }
        power = multiply(power, power);
    }
    return sum;
}

void ss_crc32c_join(struct ss_crc32c *crc, uint32_t sum, uint64_t len)
{
    ss_crc32c_resume(crc, shift_by(ss_crc32c_final(crc), len) ^ sum);
}
