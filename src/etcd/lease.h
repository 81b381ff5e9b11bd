/*
 * lease.h - a lease. [F11]
 *
 *   key    id, i64 big-endian
 *   value  leasepb.Lease: ID 1 · TTL 2 · RemainingTTL 3, all int64
 *
 * etcd goes by the id of the value; it looks at the key only when it deletes the lease.
 */
#ifndef SS_ETCD_LEASE_H
#define SS_ETCD_LEASE_H

#include "util/error.h"

struct ss_lease_places {
    uint64_t id_off; /* of the field, or of the value when it is left out */
    uint64_t ttl_off;
};

/* `at` may be NULL. Errors: FIELD, at the wrong byte. */
enum ss_status ss_lease_decode(const struct ss_entry *entry, struct ss_lease *out,
                               struct ss_lease_places *at, struct ss_error *err);

#endif
