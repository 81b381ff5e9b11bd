/*
 * wal.h - the log beside a member's db, read segment by segment.
 *
 *   frame    u64 LE: low 56 bits length of the record; top byte 0x80 | padding to 8 bytes, or 0
 *            walpb.Record {type 1, crc 2, data 3}, then the padding
 *   zeroes   behind the last frame of a segment, which is preallocated
 *
 *   types    1 metadata {NodeID 1, ClusterID 2}    2 entry {Type 1, Term 2, Index 3, Data 4}
 *            3 hard state {term 1, vote 2, commit 3}   4 crc    5 snapshot {index 1, term 2}
 *
 * A record's crc is a CRC-32C over the data of all records so far; one of type crc begins each segment
 * and says what the sum was (the first of all is taken as it is). An entry replaces those of its index and above. [F15]
 */
#ifndef SS_WAL_WAL_H
#define SS_WAL_WAL_H

#include "util/crc32c.h"
#include "util/error.h"

struct ss_wal_scan {
    struct ss_wal_facts facts;
    struct ss_crc32c crc;
};

void ss_wal_scan_init(struct ss_wal_scan *scan);

/*
 * Takes the next segment. In the last one a half-written record at the end is no fault: facts.torn, as
 * etcd cuts it off at its start. Errors: FIELD with the offset in the segment.
 */
enum ss_status ss_wal_scan_segment(struct ss_wal_scan *scan, struct ss_span segment, bool is_last,
                                   struct ss_error *err);

/* Counts the entries above `applied`. */
void ss_wal_scan_finish(struct ss_wal_scan *scan, uint64_t applied);

#endif
