/*
 * frames.c - see frames.h.
 */
#include "wal/frames.h"

#include "util/endian.h"

void ss_wal_frames_init(struct ss_wal_frames *frames, struct ss_bytes *out)
{
    frames->out = out;
    ss_crc32c_init(&frames->crc);
}

void ss_wal_frames_add(struct ss_wal_frames *frames, enum ss_wal_type type,
                       const struct ss_bytes *data)
{
    static const uint8_t zeroes[8];
    struct ss_bytes record = {0};
    uint8_t head[8];
    uint64_t padding;

    if (data != NULL) {
        ss_crc32c_add(&frames->crc, data->ptr, data->len);
    }
    ss_bytes_pb_varint(&record, 1, type);
    ss_bytes_pb_varint(&record, 2, ss_crc32c_final(&frames->crc));
    if (data != NULL) {
        ss_bytes_pb_bytes(&record, 3, data->ptr, data->len);
    }
    padding = (8 - record.len % 8) % 8;
    ss_store_u64(head, record.len | (padding != 0 ? (0x80 | padding) << 56 : 0), false);
    ss_bytes_add(frames->out, head, sizeof(head));
    ss_bytes_add(frames->out, record.ptr, record.len);
    ss_bytes_add(frames->out, zeroes, (size_t)padding);
    frames->out->failed = frames->out->failed || record.failed || (data != NULL && data->failed);
    ss_bytes_fini(&record);
}
