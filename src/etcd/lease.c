/*
 * lease.c - see lease.h.
 */
#include "etcd/lease.h"

#include "etcd/bucket_each.h"
#include "util/endian.h"
#include "util/wire.h"

#include <inttypes.h>

enum {
    FIELD_ID = 1,
    FIELD_TTL = 2,
    FIELD_REMAINING_TTL = 3
};

#define KEY_LEN 8u

static enum ss_status decode_value(const struct ss_entry *entry, struct ss_lease *out,
                                   struct ss_lease_places *at, struct ss_error *err)
{
    static const char *const names[] = {"", "ID", "TTL", "RemainingTTL"};
    struct ss_wire w;
    struct ss_wire_field field;
    enum ss_status status;

    ss_wire_init(&w, entry->value, SS_E_FIELD, entry->pgid);
    while ((status = ss_wire_next(&w, &field, err)) == SS_OK) {
        if (field.number > FIELD_REMAINING_TTL) {
            continue;
        }
        if (ss_wire_expect(&w, &field, SS_WIRE_VARINT, names[field.number], err) != SS_OK) {
            return SS_CORRUPT;
        }
        if (field.number == FIELD_ID) {
            out->id = (int64_t)field.value;
            at->id_off = field.off;
        } else if (field.number == FIELD_TTL) {
            out->ttl = (int64_t)field.value;
            at->ttl_off = field.off;
        } else {
            out->remaining_ttl = (int64_t)field.value;
        }
    }
    return status == SS_END ? SS_OK : status;
}

enum ss_status ss_lease_decode(const struct ss_entry *entry, struct ss_lease *out,
                               struct ss_lease_places *at, struct ss_error *err)
{
    struct ss_lease_places places = {entry->value.off, entry->value.off};
    enum ss_status status;

    *out = (struct ss_lease){.off = entry->value.off, .pgid = entry->pgid, .index = entry->index};
    if (entry->key.len != KEY_LEN) {
        return ss_corrupt(err, SS_E_FIELD, entry->key.off + ss_min_u64(entry->key.len, KEY_LEN),
                          entry->pgid, "a lease's key has %" PRIu64 " bytes, 8 are due",
                          entry->key.len);
    }
    out->key_id = (int64_t)ss_load_u64(entry->key.ptr, true);
    status = decode_value(entry, out, &places, err);
    if (at != NULL) {
        *at = places;
    }
    return status;
}

struct listing {
    ss_lease_fn on_lease;
    void *ctx;
};

static enum ss_status list_lease(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    const struct listing *to = ctx;
    struct ss_lease lease;

    if (ss_lease_decode(entry, &lease, NULL, err) != SS_OK) {
        return SS_CORRUPT;
    }
    return to->on_lease(to->ctx, &lease) ? SS_OK : SS_END;
}

enum ss_status ss_leases(const struct ss_file *file, ss_lease_fn on_lease, ss_fault_fn on_fault,
                         void *ctx, uint64_t *fault_count, struct ss_error *err)
{
    struct ss_fault_sink faults = {on_fault, ctx, fault_count};
    struct listing to = {on_lease, ctx};
    enum ss_status status;

    ss_error_clear(err);
    *fault_count = 0;
    status = ss_bucket_each(file, SS_IN_LEASE, list_lease, &to, &faults, err);
    return ss_source_check(&file->src, status == SS_END ? SS_OK : status, err);
}
