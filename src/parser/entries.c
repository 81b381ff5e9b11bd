/*
 * entries.c - see entries.h.
 */
#include "parser/entries.h"

#include "util/error.h"

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

void ss_entries_init(struct ss_entries *e, const struct ss_bucket *bucket,
                     const struct ss_range *range, struct ss_skips *skips)
{
    struct ss_span to = {0};

    e->range = range;
    e->skips = skips;
    e->moved = false;
    if (skips == NULL) {
        ss_cursor_init(&e->at.strict, bucket->file, &bucket->tree, bucket->path);
        return;
    }
    if (range != NULL && range->to != NULL) {
        to = ss_span_of(range->to, range->to_len);
    }
    ss_standing_init(&e->at.standing, bucket->file, &bucket->tree, bucket->path, NULL, skips);
    ss_standing_between(&e->at.standing, range_start(range), to);
}

static enum ss_status step(struct ss_entries *e, struct ss_entry *entry, struct ss_error *err)
{
    struct ss_span start;

    if (e->skips != NULL) {
        return ss_standing_next(&e->at.standing, entry, err);
    }
    if (e->moved) {
        return ss_cursor_next(&e->at.strict, entry, err);
    }
    e->moved = true;
    start = range_start(e->range);
    return start.len == 0 ? ss_cursor_first(&e->at.strict, entry, err)
                          : ss_cursor_seek(&e->at.strict, start.ptr, (size_t)start.len, entry, err);
}

/* Keys ascend: the first one behind the start that is outside the range ends it. */
enum ss_status ss_entries_next(struct ss_entries *e, struct ss_entry *entry, struct ss_error *err)
{
    enum ss_status status = step(e, entry, err);

    return status == SS_OK && !ss_range_has(e->range, entry->key) ? SS_END : status;
}

void ss_entries_fini(struct ss_entries *e)
{
    if (e->skips != NULL) {
        ss_standing_fini(&e->at.standing);
    }
}

enum ss_status ss_bucket_entries(const struct ss_bucket *bucket, const struct ss_range *range,
                                 const struct ss_keep_going *keep, ss_entry_fn on_entry, void *ctx,
                                 uint64_t *skip_count, struct ss_error *err)
{
    struct ss_skips skips = {.keep = keep};
    struct ss_entries e;
    struct ss_entry entry;
    enum ss_status status;

    ss_error_clear(err);
    ss_entries_init(&e, bucket, range, keep == NULL ? NULL : &skips);
    while ((status = ss_entries_next(&e, &entry, err)) == SS_OK) {
        status = on_entry(ctx, &entry, err);
        if (status != SS_OK) {
            break;
        }
    }
    ss_entries_fini(&e);
    if (skip_count != NULL) {
        *skip_count = skips.count;
    }
    return status == SS_END ? SS_OK : status;
}
