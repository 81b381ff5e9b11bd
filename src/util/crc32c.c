/*
 * crc32c.c - see crc32c.h. ISA-L does the sum: carry-less multiplication where the machine has it.
 */
#include "util/crc32c.h"

#include <stddef.h>

#include <isa-l/crc.h>

/* ISA-L counts in int; longer runs are cut. */
#define STEP_LEN (UINT64_C(1) << 30)

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

void ss_crc32c_add(struct ss_crc32c *crc, const void *bytes, uint64_t len)
{
    if (len == 0)
        return;
    if (crc->run_len > 0 && crc->run + crc->run_len == (const uint8_t *)bytes) {
        crc->run_len += len;
        return;
    }
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
