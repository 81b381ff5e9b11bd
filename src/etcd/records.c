/*
 * records.c - every retained revision, in order: one seek, then steps along the `key` bucket.
 */
#include "etcd/record.h"

static enum ss_status walk(const struct ss_file *file, int64_t from_main, int64_t to_main,
                           ss_record_fn on_record, void *ctx, struct ss_error *err)
{
    struct ss_revision from = {from_main < 0 ? 0 : from_main, 0};
    struct ss_cursor c;
    struct ss_entry entry;
    struct ss_record rec;
    enum ss_status st = ss_key_bucket_cursor(file, &c, err);

    if (st != SS_OK)
        return st == SS_END ? ss_not_etcd(err) : st;
    for (st = ss_revision_seek(&c, from, &entry, err); st == SS_OK;
         st = ss_cursor_next(&c, &entry, err)) {
        st = ss_record_decode(&entry, &rec, err);
        if (st != SS_OK)
            return st;
        if (to_main > 0 && rec.rev.main > to_main)
            return SS_OK;
        st = on_record(ctx, &rec, err);
        if (st != SS_OK)
            break;
    }
    return st == SS_END ? SS_OK : st;
}

enum ss_status ss_records(const struct ss_file *file, int64_t from_main, int64_t to_main,
                          ss_record_fn on_record, void *ctx, struct ss_error *err)
{
    ss_error_clear(err);
    return ss_source_check(&file->src, walk(file, from_main, to_main, on_record, ctx, err), err);
}
