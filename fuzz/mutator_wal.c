/*
 * mutator_wal.c - libFuzzer's mutator for target wal: it takes the log apart, changes a record, and writes all
 * of it again with right lengths, padding and running sums, which no mutation of bytes would get right.
 * One mutant in three is one of plain bytes.
 */
#include "mutate.h"

#include "util/bytes.h"
#include "util/crc32c.h"
#include "util/endian.h"

#include <stdlib.h>

#define RECORD_MAX 64u
#define GROWTH_MAX 32u
#define HEAD_LEN 8u
#define TYPE_CRC 4u

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* A record, or (type 0) bytes that are none, as the end of the log often is. */
struct record {
    uint64_t type, crc;
    const uint8_t *data; /* NULL: the record has none */
    size_t len;
};

struct log {
    struct record records[RECORD_MAX + 1];
    size_t count;
};

static bool take_varint(const uint8_t **at, const uint8_t *end, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t byte = *(*at)++;

        *out |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

/* type 1, crc 2, data 3, in that order, as etcd writes them. */
static bool take_record(const uint8_t *at, const uint8_t *end, struct record *out)
{
    uint64_t tag, len;

    *out = (struct record){.data = NULL};
    if (!take_varint(&at, end, &tag) || tag != 0x08 || !take_varint(&at, end, &out->type) ||
        out->type == 0 || !take_varint(&at, end, &tag) || tag != 0x10 ||
        !take_varint(&at, end, &out->crc)) {
        return false;
    }
    if (at == end) {
        return true;
    }
    if (*at++ != 0x1A || !take_varint(&at, end, &len) || len != (uint64_t)(end - at)) {
        return false;
    }
    out->data = at;
    out->len = (size_t)len;
    return true;
}

static void take_log(const uint8_t *bytes, size_t len, struct log *log)
{
    size_t at = 0;

    log->count = 0;
    while (log->count < RECORD_MAX && len - at >= HEAD_LEN) {
        uint64_t word = ss_load_u64(bytes + at, false);
        uint64_t record_len = word & ((UINT64_C(1) << 56) - 1);
        uint64_t padding = word >> 63 != 0 ? word >> 56 & 7 : 0;

        if (word == 0 || record_len + padding > len - at - HEAD_LEN ||
            !take_record(bytes + at + HEAD_LEN, bytes + at + HEAD_LEN + record_len,
                         &log->records[log->count])) {
            break;
        }
        log->count++;
        at += HEAD_LEN + (size_t)(record_len + padding);
    }
    if (at < len) {
        log->records[log->count++] = (struct record){.data = bytes + at, .len = len - at};
    }
}

static void put_record(const struct record *r, struct ss_crc32c *sum, bool wrong,
                       struct ss_bytes *out)
{
    static const uint8_t zeroes[8];
    struct ss_bytes record = {0};
    uint64_t padding;
    uint8_t head[HEAD_LEN];

    if (r->data != NULL) {
        ss_crc32c_add(sum, r->data, r->len);
    }
    ss_bytes_pb_varint(&record, 1, r->type);
    ss_bytes_pb_varint(&record, 2, ss_crc32c_final(sum) ^ (wrong ? 1 : 0));
    if (r->data != NULL) {
        ss_bytes_pb_bytes(&record, 3, r->data, r->len);
    }
    padding = (8 - record.len % 8) % 8;
    ss_store_u64(head, record.len | (padding != 0 ? (0x80 | padding) << 56 : 0), false);
    ss_bytes_add(out, head, sizeof(head));
    ss_bytes_add(out, record.ptr, record.len);
    ss_bytes_add(out, zeroes, (size_t)padding);
    ss_bytes_fini(&record);
}

/* One of them goes, comes twice, moves, is of another type, or has other data: `scratch` holds that. */
static void change(struct log *log, uint8_t *scratch, size_t cap, struct fuzz_random *random)
{
    size_t i = (size_t)fuzz_random_below(random, log->count);
    size_t k = (size_t)fuzz_random_below(random, log->count);
    struct record *r = &log->records[i], kept = *r;

    switch (fuzz_random_below(random, 8)) {
    case 0:
        log->count--;
        memmove(r, r + 1, (log->count - i) * sizeof(*r));
        break;
    case 1:
        if (log->count > RECORD_MAX) {
            break;
        }
        memmove(&log->records[k + 1], &log->records[k], (log->count - k) * sizeof(*r));
        log->records[k] = kept;
        log->count++;
        break;
    case 2:
        *r = log->records[k];
        log->records[k] = kept;
        break;
    case 3:
        r->type = fuzz_random_below(random, 8);
        break;
    default:
        if (r->len + GROWTH_MAX > cap) {
            break;
        }
        if (r->len > 0) {
            memcpy(scratch, r->data, r->len);
        }
        r->len = LLVMFuzzerMutate(scratch, r->len, r->len + GROWTH_MAX);
        r->data = scratch;
        break;
    }
}

static void put_log(const struct log *log, struct fuzz_random *random, struct ss_bytes *out)
{
    size_t wrong = (size_t)fuzz_random_below(random, 8 * log->count + 1);
    struct ss_crc32c sum;

    ss_crc32c_init(&sum);
    for (size_t i = 0; i < log->count; i++) {
        const struct record *r = &log->records[i];

        if (r->type == 0 && r->data != NULL) {
            ss_bytes_add(out, r->data, r->len);
        } else {
            put_record(r, &sum, i == wrong, out);
        }
    }
}

/* Byte 0 is the target's own, see fuzz_wal.c. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct fuzz_random random = {seed};
    struct ss_bytes out = {0};
    uint8_t *scratch;
    struct log log;
    size_t len;

    if (size < 2 || fuzz_random_below(&random, 3) == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    scratch = malloc(max_size + GROWTH_MAX);
    if (scratch == NULL) {
        return size;
    }
    take_log(data + 1, size - 1, &log);
    change(&log, scratch, max_size + GROWTH_MAX, &random);
    put_log(&log, &random, &out);
    len = out.len < max_size - 1 ? out.len : max_size - 1;
    if (out.len > 0) {
        memcpy(data + 1, out.ptr, len);
    }
    if (fuzz_random_below(&random, 8) == 0) {
        data[0] = (uint8_t)fuzz_random_next(&random);
    }
    ss_bytes_fini(&out);
    free(scratch);
    return 1 + len;
}
