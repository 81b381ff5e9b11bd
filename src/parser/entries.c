/*
 * entries.c - the elements of one bucket in order, ended by damage or past it.
 *
 *   keep_going NULL    the strict cursor: the first fault ends the call
 *   else               what still stands (standing.h)
 */
#include "parser/standing.h"
#include "util/error.h"

#include <stdlib.h>

bool ss_range_has(const struct ss_range *range, struct ss_span key)
{
    if (range == NULL) {
        return true;
    }
    if (range->from != NULL && ss_span_cmp(key, ss_span_of(range->from, range->from_len)) < 0) {
        return false;
    }
    if (range->to != NULL && ss_span_cmp(key, ss_span_of(range->to, range->to_len)) >= 0) {
        return false;
    }
    return range->prefix_len == 0 || ss_span_has_prefix(key, range->prefix, range->prefix_len);
}

/* The least key that the range can hold. */
static struct ss_span range_start(const struct ss_range *range)
{
    struct ss_span from = {0}, prefix = {0};

    if (range != NULL && range->from != NULL) {
        from = ss_span_of(range->from, range->from_len);
    }
    if (range != NULL && range->prefix_len > 0) {
        prefix = ss_span_of(range->prefix, range->prefix_len);
    }
    if (from.ptr == NULL || prefix.ptr == NULL) {
        return from.ptr == NULL ? prefix : from;
    }
    return ss_span_cmp(from, prefix) < 0 ? prefix : from;
}

/* Keys ascend: the first one behind the start that is outside the range ends it. */
static enum ss_status strict(const struct ss_bucket *bucket, const struct ss_range *range,
                             ss_entry_fn on_entry, void *ctx, struct ss_error *err)
{
    struct ss_span start = range_start(range);
    struct ss_cursor c;
    struct ss_entry entry;
    enum ss_status status;

    ss_cursor_init(&c, bucket->file, &bucket->tree, bucket->path);
    status = start.len == 0 ? ss_cursor_first(&c, &entry, err)
                            : ss_cursor_seek(&c, start.ptr, (size_t)start.len, &entry, err);
    while (status == SS_OK && ss_range_has(range, entry.key)) {
        status = on_entry(ctx, &entry, err);
        if (status == SS_OK) {
            status = ss_cursor_next(&c, &entry, err);
        }
    }
    return status;
}

static enum ss_status keeping(const struct ss_bucket *bucket, const struct ss_range *range,
                              struct ss_skips *skips, ss_entry_fn on_entry, void *ctx,
                              struct ss_error *err)
{
    struct ss_standing w;
    struct ss_entry entry;
    struct ss_span to = {0};
    enum ss_status status;

    if (range != NULL && range->to != NULL) {
        to = ss_span_of(range->to, range->to_len);
    }
    ss_standing_init(&w, bucket->file, &bucket->tree, bucket->path, NULL, skips);
    ss_standing_between(&w, range_start(range), to);
    status = ss_standing_next(&w, &entry, err);
    while (status == SS_OK && ss_range_has(range, entry.key)) {
        status = on_entry(ctx, &entry, err);
        if (status == SS_OK) {
            status = ss_standing_next(&w, &entry, err);
        }
    }
    ss_standing_fini(&w);
    return status;
}

enum ss_status ss_bucket_entries(const struct ss_bucket *bucket, const struct ss_range *range,
                                 const struct ss_keep_going *keep, ss_entry_fn on_entry, void *ctx,
                                 uint64_t *skip_count, struct ss_error *err)
{
    struct ss_skips skips = {.keep = keep};
    enum ss_status status;

    ss_error_clear(err);
    status = keep == NULL ? strict(bucket, range, on_entry, ctx, err)
                          : keeping(bucket, range, &skips, on_entry, ctx, err);
    if (skip_count != NULL) {
        *skip_count = skips.count;
    }
    return status == SS_END ? SS_OK : status;
}
