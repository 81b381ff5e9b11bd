/*
 * meta.h - what etcd keeps about itself. [F11]
 *
 *   meta     "consistent_index"      u64 big-endian: the last raft entry applied
 *            "term"                  u64 big-endian: of that entry                     since 3.5
 *            "confState"             {"voters":[…],"learners":[…],"auto_leave":false}  since 3.5
 *            "scheduledCompactRev"   17-byte revision (revision.h)
 *            "finishedCompactRev"    17-byte revision
 *            "storageVersion"        "3.6.0"                                           since 3.6
 *   cluster  "clusterVersion"        "3.6.0"
 *            "downgrade"             {"target-version":"3.5.0","enabled":true}
 */
#ifndef SS_ETCD_META_H
#define SS_ETCD_META_H

#include "etcd/catalogue.h"
#include "util/error.h"

/* Which key of the two buckets; SS_META_OTHER: none of them. */
enum ss_meta_key {
    SS_META_OTHER,
    SS_META_CONSISTENT_INDEX,
    SS_META_TERM,
    SS_META_CONF_STATE,
    SS_META_SCHEDULED_COMPACT,
    SS_META_FINISHED_COMPACT,
    SS_META_STORAGE_VERSION,
    SS_META_CLUSTER_VERSION,
    SS_META_DOWNGRADE
};
enum ss_meta_key ss_meta_key(enum ss_etcd_bucket bucket, struct ss_span key);

/*
 * A semantic version, MAJOR.MINOR.PATCH[-PRE][+META], as the go-semver of every etcd reads it: what is
 * behind the first "+" is META, and behind the first "-" before that is PRE, both of words with dots
 * between them, or nothing; each number fits in 63 bits.
 */
struct ss_semver {
    uint64_t major, minor, patch;
    bool is_before; /* it has PRE: it comes before the version of the three numbers alone */
    bool has_meta;  /* it has META, which plays no part in the order */
};

static inline int ss_semver_cmp(struct ss_semver a, struct ss_semver b)
{
    if (a.major != b.major)
        return a.major < b.major ? -1 : 1;
    if (a.minor != b.minor)
        return a.minor < b.minor ? -1 : 1;
    if (a.patch != b.patch)
        return a.patch < b.patch ? -1 : 1;
    return (int)b.is_before - (int)a.is_before; /* PRE to PRE is compared nowhere */
}

/* All errors: FIELD, at the wrong byte, or of JSON at the value; NOMEM where there is a heap. */
enum ss_status ss_u64_decode(struct ss_span value, const char *name, uint64_t pgid, uint64_t *out,
                             struct ss_error *err);
enum ss_status ss_semver_decode(struct ss_span value, const char *name, uint64_t pgid,
                                struct ss_semver *out, struct ss_error *err);

/* A version as go-semver writes it, without leading zeroes and empty parts; "" when it is none or too long. */
void ss_semver_text(struct ss_span value, char *out, size_t cap);

enum ss_status ss_conf_state_decode(struct ss_span value, uint64_t pgid, struct ss_conf_state *out,
                                    struct ss_error *err);
void ss_conf_state_fini(struct ss_conf_state *conf);

/* *target is "" or a version, on the heap. As etcd: the version is looked at only when enabled. */
enum ss_status ss_downgrade_decode(struct ss_span value, uint64_t pgid, bool *enabled,
                                   char **target, struct ss_error *err);

#endif
