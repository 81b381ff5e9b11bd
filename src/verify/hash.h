/*
 * hash.h - the trailing SHA-256 of a snapshot. [F8]
 *
 *   0                                    db_len = high-water x page size        len
 *   ┌────────────────────────────────────┬──────────────────────────────────────┬
 *   │ the bbolt file                     │ SHA-256 over all before it, 32 bytes │
 *   └────────────────────────────────────┴──────────────────────────────────────┘
 *
 * etcd takes the last 32 bytes for a hash when len % 512 = 32. That alone calls a truncated file
 * "hash absent"; so the length that the meta promises is asked too:
 *
 *   32 bytes at db_len, then to the end one
 *   value, 0x00, 0x1a or 0xff, and the digest
 *   of the db_len bytes matches                valid, and padded
 *   len % 512 = 32 and the digest matches      valid, whatever the metas say
 *   len < db_len                               cut: pages are missing
 *   db_len < len < db_len + 32                 cut: inside the hash
 *   len % 512 = 32                             zero or mismatch
 *   else                                       absent
 *
 * 32 zero bytes in a hole far beyond the high-water mark are zero without a digest: no SHA-256 is all
 * zeroes, and the holes of a sparse file would take hours to hash.
 */
#ifndef SS_VERIFY_HASH_H
#define SS_VERIFY_HASH_H

#include "parser/db.h"
#include "util/sha256.h"
#include "util/task.h"
#include "verify/findings.h"

#define SS_BLOCK_LEN 512u /* of the disks that etcd's rule thinks of */

/* etcd's own rule for "a hash is there". */
static inline bool ss_len_ends_in_hash(uint64_t len)
{
    return len > SS_SHA256_LEN && len % SS_BLOCK_LEN == SS_SHA256_LEN;
}

/* Whether a whole file can be so long: with pages alone, or with a hash behind them. */
static inline bool ss_len_is_usual(uint64_t len)
{
    return len % SS_BLOCK_LEN == 0 || len % SS_BLOCK_LEN == SS_SHA256_LEN;
}

/* One computation, on the caller's thread or as a task. */
struct ss_hash_job {
    const struct ss_file *file;
    struct ss_hash_report report;
    struct ss_error err;
    enum ss_status status;
    uint64_t total;       /* bytes to hash; 0: none */
    const uint8_t *given; /* the digest, from who knows it already; NULL: compute it */
    bool has_run;         /* `status`, `report` and `err` are filled */
    struct ss_call call;  /* whose progress is told on the thread that computes */
    struct ss_task task;
    _Atomic unsigned *busy; /* counts threads that are at work; NULL: nobody counts them */
};

/* Decides what there is to hash (total, report.found); cheap. Then ss_hash_job_run does it, on any thread. */
void ss_hash_job_init(struct ss_hash_job *job, const struct ss_file *file);
void ss_hash_job_run(struct ss_hash_job *job);

/* Whether the digest is at hand, so that nothing has to be computed. */
bool ss_hash_job_is_known(const struct ss_hash_job *job);

/*
 * The same on a thread of its own: start it, go on with something else, and finish it, which waits and
 * tells of progress meanwhile, or runs it now if nobody did; `status`, `report` and `err` are
 * then filled. Cancelling ends a thread early; without one it does nothing.
 */
void ss_hash_job_start(struct ss_hash_job *job);
void ss_hash_job_finish(struct ss_hash_job *job, const struct ss_call *call);
void ss_hash_job_cancel(struct ss_hash_job *job);

/* The report as findings. */
void ss_hash_findings(const struct ss_file *file, const struct ss_hash_report *report,
                      bool required, struct ss_findings *findings);

#endif
