/*
 * restore_db.h - the member's db: the snapshot's buckets, with the new cluster's in place of the old.
 *
 *   members          the new members            members_removed   empty
 *   meta             consistent_index n, term 1, confState of the new members; all else as it was
 *   key              as it was; with a bump, an empty value at revision latest.main + N, and
 *   meta             scheduledCompactRev at that revision
 *   other buckets    as they were
 *
 * etcdutl leaves the old cluster's confState and knows no learners; the rest is what it writes. [F15]
 */
#ifndef SS_RESTORE_RESTORE_DB_H
#define SS_RESTORE_RESTORE_DB_H

#include "restore/cluster.h"
#include "writer/writer.h"

struct ss_restore_db {
    const struct ss_file *file;
    const struct ss_cluster *cluster;
    struct ss_revision bumped; /* {0, 0}: no bump */
    uint64_t entered;          /* pages of the source, by the walks of all buckets; from 0 */
};

/* Finds the revision that a bump by `amount` gives. Errors: ARGUMENT on overflow; as ss_rev_facts. */
enum ss_status ss_restore_bump(const struct ss_file *file, uint64_t amount,
                               struct ss_revision *bumped, struct ss_error *err);

/* The producer for ss_write_db: ctx is a struct ss_restore_db. */
enum ss_status ss_restore_db_produce(void *ctx, struct ss_writer *w, struct ss_error *err);

#endif
