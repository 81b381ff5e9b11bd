/*
 * bucket_each.c - see bucket_each.h.
 */
#include "etcd/bucket_each.h"

void ss_fault_sink_add(const struct ss_fault_sink *faults, const char *bucket, struct ss_error *err)
{
    ss_error_in_bucket(err, bucket, SS_CORRUPT);
    if (faults->count != NULL) {
        ++*faults->count;
    }
    if (faults->on_fault != NULL) {
        faults->on_fault(faults->ctx, err);
    }
}

enum ss_status ss_elements_open(struct ss_elements *e, const struct ss_file *file,
                                enum ss_etcd_bucket which, const struct ss_fault_sink *faults,
                                struct ss_error *err)
{
    enum ss_status status;

    e->which = which;
    e->faults = *faults;
    e->moved = false;
    status = ss_etcd_bucket_cursor(file, which, &e->at, err);
    e->absent = status == SS_END;
    return e->absent ? SS_OK : status;
}

void ss_elements_fault(struct ss_elements *e, struct ss_error *err)
{
    ss_fault_sink_add(&e->faults, ss_etcd_bucket_name(e->which), err);
    ss_error_clear(err);
}

static enum ss_status step(struct ss_elements *e, struct ss_entry *entry, struct ss_error *err)
{
    if (e->absent) {
        return SS_END;
    }
    if (e->moved) {
        return ss_cursor_next(&e->at, entry, err);
    }
    e->moved = true;
    return ss_cursor_first(&e->at, entry, err);
}

enum ss_status ss_elements_next(struct ss_elements *e, struct ss_entry *entry, struct ss_error *err)
{
    enum ss_status status;

    while ((status = step(e, entry, err)) == SS_OK && entry->is_bucket) {
        ss_corrupt(err, SS_E_FIELD, entry->value.off, entry->pgid,
                   "a bucket stands inside this bucket of etcd's");
        ss_elements_fault(e, err);
    }
    return status;
}

enum ss_status ss_bucket_each(const struct ss_file *file, enum ss_etcd_bucket which,
                              ss_each_fn each, void *ctx, const struct ss_fault_sink *faults,
                              struct ss_error *err)
{
    struct ss_elements e;
    struct ss_entry entry;
    enum ss_status status = ss_elements_open(&e, file, which, faults, err);

    while (status == SS_OK && (status = ss_elements_next(&e, &entry, err)) == SS_OK) {
        status = each(ctx, &entry, err);
        if (status == SS_CORRUPT) {
            ss_elements_fault(&e, err);
            status = SS_OK;
        } else if (status != SS_OK) {
            return status;
        }
    }
    return status == SS_END ? SS_OK : status;
}
