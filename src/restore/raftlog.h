/*
 * raftlog.h - the log of a cluster that is about to start: WAL segment and raft snapshot. [F15]
 *
 *   WAL frame   u64 LE: low 56 bits length of the record; top byte 0x80 | padding when it is padded to 8
 *               walpb.Record {type 1, crc 2, data 3}, zeroes
 *
 *   crc(0) · metadata {NodeID 1, ClusterID 2} · empty snapshot · entries 1…n · hard state · snapshot
 *
 *   .snap       snappb.Snapshot {crc 1 = CRC-32C of data, data 2 = raftpb.Snapshot
 *               {data 1 = v2 store, metadata 2 {conf state 1, index 2, term 3}}}
 *
 * Entry i adds peer i: raftpb.Entry {type 1 = ConfChange, term 1, index i, data: ConfChange {id 1, type 2,
 * node 3, context 4 = the member's JSON}}. A record's crc is a CRC-32C over all data so far.
 */
#ifndef SS_RESTORE_RAFTLOG_H
#define SS_RESTORE_RAFTLOG_H

#include "restore/cluster.h"

/* The segment that wal.Create preallocates. */
#define SS_WAL_SEGMENT_LEN UINT64_C(64000000)
#define SS_WAL_NAME "0000000000000000-0000000000000000.wal"

/* The records, without the zeroes up to the segment's length. `self` writes this log. */
void ss_wal_build(const struct ss_cluster *cluster, const struct ss_peer *self,
                  struct ss_bytes *out);

/* The raft snapshot file at index n, term 1; its name goes into `name`. */
#define SS_SNAP_NAME_LEN 40u
void ss_snap_build(const struct ss_cluster *cluster, char name[SS_SNAP_NAME_LEN],
                   struct ss_bytes *out);

#endif
