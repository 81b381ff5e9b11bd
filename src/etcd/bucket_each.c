/*
 * bucket_each.c - see bucket_each.h.
 */
#include "etcd/bucket_each.h"

void ss_fault_sink_add(const struct ss_fault_sink *faults, const char *bucket, struct ss_error *err)
{
    ss_error_in_bucket(err, bucket, SS_CORRUPT);
    if (faults->count != NULL)
        ++*faults->count;
    if (faults->on_fault != NULL)
        faults->on_fault(faults->ctx, err);
}

static enum ss_status each_or_fault(const struct ss_entry *entry, const char *bucket,
                                    ss_each_fn each, void *ctx, const struct ss_fault_sink *faults,
                                    struct ss_error *err)
{
    enum ss_status st;

    if (entry->is_bucket)
        st = ss_corrupt(err, SS_E_FIELD, entry->value.off, entry->pgid,
                        "a bucket stands inside this bucket of etcd's");
    else
        st = each(ctx, entry, err);
    if (st != SS_CORRUPT)
        return st;
    ss_fault_sink_add(faults, bucket, err);
    ss_error_clear(err);
    return SS_OK;
}

enum ss_status ss_bucket_each(const struct ss_file *file, const char *bucket, ss_each_fn each,
                              void *ctx, const struct ss_fault_sink *faults, struct ss_error *err)
{
    enum ss_status st = ss_file_readable(file, err);
    struct ss_tree root, tree;
    struct ss_cursor c;
    struct ss_entry entry;

    if (st != SS_OK)
        return st;
    root = ss_tree_root(file);
    st = ss_tree_find_bucket(file, &root, "", ss_span_of(bucket, strlen(bucket)), &tree, err);
    if (st != SS_OK)
        return st == SS_END ? SS_OK : st;
    ss_cursor_init(&c, file, &tree, bucket);
    for (st = ss_cursor_first(&c, &entry, err); st == SS_OK; st = ss_cursor_next(&c, &entry, err)) {
        st = each_or_fault(&entry, bucket, each, ctx, faults, err);
        if (st != SS_OK)
            return st;
    }
    return st == SS_END ? SS_OK : st;
}
