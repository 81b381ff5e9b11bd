/*
 * records.c - every retained revision, in order: one seek, then steps along the `key` bucket.
 */
#include "etcd/record.h"
#include "etcd/revision.h"

/* Just behind the last key that a record of main revision `to_main` can have; empty: no bound. */
static struct ss_span end_key(int64_t to_main, uint8_t key[SS_TOMBSTONE_LEN])
{
    if (to_main <= 0 || to_main == INT64_MAX) {
        return (struct ss_span){0};
    }
    return ss_span_of(key, ss_revision_encode((struct ss_revision){to_main + 1, 0}, false, key));
}

enum ss_status ss_records_standing(const struct ss_file *file, int64_t from_main, int64_t to_main,
                                   struct ss_skips *skips, ss_record_fn on_record, void *ctx,
                                   struct ss_error *err)
{
    struct ss_revision from = {from_main < 0 ? 0 : from_main, 0};
    uint8_t from_key[SS_TOMBSTONE_LEN], to_key[SS_TOMBSTONE_LEN];
    struct ss_standing w;
    struct ss_tree tree;
    struct ss_entry entry;
    struct ss_record rec;
    enum ss_status status = ss_key_bucket_standing(file, skips, &tree, err);

    if (status != SS_OK) {
        return status == SS_END ? ss_not_etcd(err) : status;
    }
    ss_standing_init(&w, file, &tree, SS_KEY_BUCKET, NULL, skips);
    ss_standing_between(&w, ss_span_of(from_key, ss_revision_encode(from, false, from_key)),
                        end_key(to_main, to_key));
    while ((status = ss_standing_next(&w, &entry, err)) == SS_OK) {
        if (ss_record_decode(&entry, &rec, err) != SS_OK) {
            ss_standing_skip(&w, &entry, err);
            ss_error_clear(err);
            continue;
        }
        status = on_record(ctx, &rec, err);
        if (status != SS_OK) {
            break;
        }
    }
    ss_standing_fini(&w);
    return status == SS_END ? SS_OK : status;
}

enum ss_status ss_records_keeping(const struct ss_file *file, int64_t from_main, int64_t to_main,
                                  const struct ss_keep_going *keep, ss_record_fn on_record,
                                  void *ctx, uint64_t *skip_count, struct ss_error *err)
{
    struct ss_skips skips = {.keep = keep};
    enum ss_status status;

    ss_error_clear(err);
    if (skip_count != NULL) {
        *skip_count = 0;
    }
    if (keep == NULL) {
        return ss_records(file, from_main, to_main, on_record, ctx, err);
    }
    status = ss_records_standing(file, from_main, to_main, &skips, on_record, ctx, err);
    if (skip_count != NULL) {
        *skip_count = skips.count;
    }
    return ss_source_check(&file->src, status, err);
}

enum ss_status ss_records(const struct ss_file *file, int64_t from_main, int64_t to_main,
                          ss_record_fn on_record, void *ctx, struct ss_error *err)
{
    struct ss_revision from = {from_main < 0 ? 0 : from_main, 0};
    struct ss_cursor c;
    struct ss_entry entry;
    struct ss_record rec;
    enum ss_status status;

    ss_error_clear(err);
    status = ss_key_bucket_cursor(file, &c, err);
    if (status == SS_END) {
        status = ss_not_etcd(err);
    }
    if (status == SS_OK) {
        status = ss_revision_seek(&c, from, &entry, err);
    }
    while (status == SS_OK) {
        status = ss_record_decode(&entry, &rec, err);
        if (status == SS_OK && to_main > 0 && rec.rev.main > to_main) {
            break;
        }
        if (status == SS_OK) {
            status = on_record(ctx, &rec, err);
        }
        if (status == SS_OK) {
            status = ss_cursor_next(&c, &entry, err);
        }
    }
    return ss_source_check(&file->src, status == SS_END ? SS_OK : status, err);
}
