/*
 * etcd_lease.c - leases, and live keys that refer to one that is not there.
 *
 *   lease   id, i64 big-endian → leasepb.Lease
 *   key     KeyValue.lease of each key's last record
 *
 * etcd logs "failed to attach a lease" at boot for such a key and keeps it for ever: it will not
 * expire. Only what is alive counts, since history keeps the ids of leases that ended long ago.
 */
#include "verify/etcd_parts.h"

#include "etcd/lease.h"
#include "etcd/revision.h"
#include "util/array.h"
#include "util/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ID_CAP 24u

/* As etcdctl prints ids. */
static const char *id_text(char text[ID_CAP], int64_t id)
{
    snprintf(text, ID_CAP, "%016" PRIx64, (uint64_t)id);
    return text;
}

enum ss_status ss_etcd_check_lease(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                   struct ss_error *err)
{
    char have[ID_CAP], expect[ID_CAP];
    struct ss_lease lease;
    struct ss_lease_places at;

    if (ss_lease_decode(entry, &lease, &at, err) != SS_OK) {
        ss_etcd_check_refused(m, SS_CHECK_LEASE_FORM, entry, err);
        m->holed |= 1u << SS_IN_LEASE;
        return SS_OK;
    }
    if (lease.id != lease.key_id) {
        ss_find(m->findings, SS_CHECK_LEASE_ID, ss_etcd_check_place(m, entry, at.id_off),
                id_text(have, lease.id), id_text(expect, lease.key_id),
                "lease %s stands under the key of another", id_text(have, lease.id));
    }
    if (lease.ttl <= 0) {
        snprintf(have, sizeof(have), "%" PRId64, lease.ttl);
        ss_find(m->findings, SS_CHECK_LEASE_TTL, ss_etcd_check_place(m, entry, at.ttl_off), have,
                NULL,
                "lease %s has a time to live of %" PRId64 " s; etcd takes its minimum instead",
                id_text(expect, lease.id), lease.ttl);
    }
    if (!ss_array_add(m->leases.items, m->leases.count, m->leases.cap, lease.id)) {
        return ss_nomem(err, sizeof(lease.id));
    }
    return SS_OK;
}

static int compare_ids(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static int compare_slots(const void *a, const void *b)
{
    const struct ss_slot *x = a, *y = b;
    int64_t x_id = (int64_t)x->word, y_id = (int64_t)y->word;

    if (x_id != y_id) {
        return x_id < y_id ? -1 : 1;
    }
    return x->loc < y->loc ? -1 : x->loc > y->loc;
}

/* Keeps the slots of keys whose lease is not there, with the lease's id as word. */
static uint64_t keep_unknown(struct ss_etcd_checks *m, struct ss_slot *slots, uint64_t count)
{
    uint64_t kept = 0;

    for (uint64_t i = 0; i < count; i++) {
        struct ss_record rec;

        if (!ss_locator_record(&m->key.index.at, slots[i].loc, &rec) || rec.lease == 0) {
            continue;
        }
        if (m->leases.count > 0 && bsearch(&rec.lease, m->leases.items, m->leases.count,
                                           sizeof(rec.lease), compare_ids) != NULL) {
            continue;
        }
        slots[kept++] = (struct ss_slot){(uint64_t)rec.lease, slots[i].loc};
    }
    return kept;
}

/* One finding a lease; its place and example are the oldest of the records. */
static void find_unknown(struct ss_etcd_checks *m, const struct ss_slot *slots, uint64_t count)
{
    char key[256], id[ID_CAP];
    struct ss_record rec, first = {.rev = {INT64_MAX, INT64_MAX}};

    for (uint64_t i = 0; i < count; i++) {
        if (ss_locator_record(&m->key.index.at, slots[i].loc, &rec) &&
            ss_revision_cmp(rec.rev, first.rev) < 0) {
            first = rec;
        }
    }
    if (first.rev.main == INT64_MAX) {
        return;
    }
    ss_text_escape(first.key.ptr, (size_t)first.key.len, key, sizeof(key));
    id_text(id, first.lease);
    ss_find(m->findings, SS_CHECK_LEASE_UNKNOWN,
            (struct ss_place){first.key.off, first.pgid, first.index, SS_KEY_BUCKET}, id, NULL,
            "%" PRIu64 " live %s to lease %s, which is not there; one of them is %s", count,
            count == 1 ? "key refers" : "keys refer", id, key);
}

void ss_etcd_check_lease_finish(struct ss_etcd_checks *m)
{
    struct ss_slot *slots;
    uint64_t count, from, to;

    if (!ss_etcd_check_whole(m, SS_IN_LEASE) && (m->absent >> SS_IN_LEASE & 1u) == 0) {
        return;
    }
    if (m->leases.count > 0) {
        qsort(m->leases.items, m->leases.count, sizeof(int64_t), compare_ids);
    }
    slots = ss_key_index_take(&m->key.index, &count);
    if (slots == NULL) {
        return;
    }
    count = keep_unknown(m, slots, count);
    if (count > 0) {
        qsort(slots, (size_t)count, sizeof(*slots), compare_slots);
    }
    for (from = 0; from < count; from = to) {
        for (to = from + 1; to < count && slots[to].word == slots[from].word;) {
            to++;
        }
        find_unknown(m, slots + from, to - from);
    }
    free(slots);
}
