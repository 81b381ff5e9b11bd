/*
 * frames.h - the frames of a log segment: their types, and how they are written. [F15]
 *
 *   u64 LE: low 56 bits length of the record; top byte 0x80 | padding to 8 bytes, or 0
 *   walpb.Record {type 1, crc 2, data 3}, then the padding
 *
 * A record's crc is a CRC-32C over the data of all records so far.
 */
#ifndef SS_WAL_FRAMES_H
#define SS_WAL_FRAMES_H

#include "util/bytes.h"
#include "util/crc32c.h"

enum ss_wal_type {
    SS_WAL_METADATA = 1,
    SS_WAL_ENTRY = 2,
    SS_WAL_STATE = 3,
    SS_WAL_CRC = 4,
    SS_WAL_SNAPSHOT = 5
};

struct ss_wal_frames {
    struct ss_bytes *out;
    struct ss_crc32c crc;
};

/* Frames go to the end of `out`, the first one with a sum of nothing before it. */
void ss_wal_frames_init(struct ss_wal_frames *frames, struct ss_bytes *out);

/* Appends one frame; `data` NULL: a record without data. What fails is noted in out->failed. */
void ss_wal_frames_add(struct ss_wal_frames *frames, enum ss_wal_type type,
                       const struct ss_bytes *data);

#endif
