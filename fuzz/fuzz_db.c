/*
 * A whole file: metas sealed, then everything that reads trees, over all of it.
 *
 * When no fault is reported, a bucket's cursor gives as many elements forward as backward and as the
 * walk counted; a seek of each key finds it. When one is, every way ends, says where, and verify
 * calls the file damaged. A file is alike with itself.
 */
#include "probe.h"

#include <string.h>

#define INPUT_MAX (UINT32_C(1) << 20)
#define LEVELS 4u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *bytes;
    size_t len;
    const struct ss_file *file;
    uint64_t faults;   /* the walk's */
    uint64_t elements; /* of all buckets but the root, by the walk */
    uint64_t visited;  /* the same, by cursors */
    bool broken;       /* a cursor ended at a fault */
    uint64_t budget;   /* of seeks */
};

static bool see_row(void *ctx, const struct ss_page_row *row)
{
    const struct input *in = ctx;
    struct ss_page *page;
    struct ss_error err;

    PROBE(row->use <= SS_USE_ORPHAN);
    if (row->use != SS_USE_REACHABLE)
        return true;
    PROBE(row->bucket != NULL);
    if (ss_page_open(in->file, row->pgid, &page, &err) == SS_OK)
        ss_page_free(page);
    else
        PROBE(row->fault != SS_E_NONE);
    return true;
}

static void see_fault(void *ctx, const struct ss_error *fault)
{
    const struct input *in = ctx;

    probe_error(fault, in->len);
}

static bool see_bucket(void *ctx, const struct ss_bucket_stats *stats)
{
    struct input *in = ctx;

    if (stats->level <= LEVELS)
        in->elements += stats->key_count + stats->bucket_count;
    PROBE(stats->key_len + stats->value_len <= in->len);
    return true;
}

/* The key at hand is found where it stands, unless a fault lies on the way. */
static void seek_again(struct input *in, const struct ss_bucket *bucket,
                       const struct ss_entry *entry)
{
    struct ss_cursor *c;
    struct ss_entry found;
    struct ss_error err;
    enum ss_status status;

    if (in->budget == 0)
        return;
    in->budget--;
    if (ss_cursor_new(bucket, &c, &err) != SS_OK)
        return;
    status = ss_cursor_seek(c, entry->key.ptr, (size_t)entry->key.len, &found, &err);
    PROBE(status == SS_OK);
    PROBE(found.key.off == entry->key.off && found.pgid == entry->pgid);
    ss_cursor_free(c);
}

static enum ss_status backward(struct ss_cursor *c, uint64_t *count, struct ss_error *err)
{
    struct ss_entry entry;
    enum ss_status status = ss_cursor_last(c, &entry, err);

    for (*count = 0; status == SS_OK; ++*count)
        status = ss_cursor_prev(c, &entry, err);
    return status;
}

/* Buckets within buckets, LEVELS deep at most. NOLINTBEGIN(misc-no-recursion) */
static void scan(struct input *in, struct ss_span *path, size_t level);

static enum ss_status forward(struct input *in, const struct ss_bucket *bucket, struct ss_cursor *c,
                              struct ss_span *path, size_t level, uint64_t *count,
                              struct ss_error *err)
{
    struct ss_entry entry;
    enum ss_status status = ss_cursor_first(c, &entry, err);

    for (*count = 0; status == SS_OK; ++*count) {
        probe_span(entry.key, in->bytes, in->len);
        probe_span(entry.value, in->bytes, in->len);
        seek_again(in, bucket, &entry);
        if (entry.is_bucket && level < LEVELS) {
            path[level] = entry.key;
            scan(in, path, level + 1);
        }
        status = ss_cursor_next(c, &entry, err);
    }
    return status;
}

static void scan(struct input *in, struct ss_span *path, size_t level)
{
    struct ss_bucket *bucket;
    struct ss_cursor *c;
    struct ss_error err;
    uint64_t there = 0, back = 0;
    enum ss_status status = ss_bucket_open(in->file, path, level, &bucket, &err);

    if (status != SS_OK) {
        PROBE(status == SS_CORRUPT);
        probe_error(&err, in->len);
        in->broken = true;
        return;
    }
    PROBE(ss_cursor_new(bucket, &c, &err) == SS_OK);
    status = forward(in, bucket, c, path, level, &there, &err);
    PROBE(status == SS_END || status == SS_CORRUPT);
    if (status == SS_END) {
        PROBE(backward(c, &back, &err) == SS_END);
        PROBE(there == back);
    } else {
        probe_error(&err, in->len);
        PROBE(backward(c, &back, &err) == SS_CORRUPT);
        in->broken = true;
    }
    if (level > 0)
        in->visited += there;
    ss_cursor_free(c);
    ss_bucket_free(bucket);
}

/* NOLINTEND(misc-no-recursion) */

static bool drop(void *ctx, const void *bytes, size_t len)
{
    (void)bytes;
    *(uint64_t *)ctx += len;
    return true;
}

static void dump(const struct input *in, bool revisions)
{
    struct ss_dump_opts opts = {.format = SS_DUMP_NDJSON, .revisions = revisions};
    struct ss_dump_result result;
    struct ss_error err;
    uint64_t written = 0;

    if (ss_dump(in->file, &opts, drop, &written, &result, &err) == SS_OK)
        PROBE(result.out_len == written);
    else
        probe_error(&err, in->len);
    PROBE(written <= 16 * (uint64_t)in->len + 4096);
}

/* An archive of all buckets is written only of a file in whose trees the walk has met no fault. */
static void archive(const struct input *in, uint64_t tree_faults)
{
    struct ss_dump_opts opts = {.format = SS_DUMP_TAR, .revisions = true, .all_buckets = true};
    struct ss_dump_result result;
    struct ss_error err;
    uint64_t written = 0;

    if (ss_dump(in->file, &opts, drop, &written, &result, &err) == SS_OK)
        PROBE(result.out_len == written && tree_faults == 0);
    else
        PROBE(err.code != SS_E_NONE);
}

/* verify names every fault that the walk met, and calls nothing sound that could not be read. */
static void verify(const struct input *in)
{
    struct ss_verify_opts opts = {.threads = 1};
    struct ss_verify_report *report;
    struct ss_error err;

    PROBE(ss_verify(in->file, &opts, &report, &err) == SS_OK);
    PROBE(report->finding_count <=
          report->error_count + report->warning_count + report->note_count);
    PROBE((report->verdict == SS_VERDICT_DAMAGED) == (report->error_count > 0));
    if (in->faults > 0 || in->broken)
        PROBE(report->error_count > 0);
    ss_verify_free(report);
}

/* The lost stretches of history end, and a file is alike with itself. */
static void compare(const struct input *in)
{
    struct ss_diff_result result;
    struct ss_lineage lineage;
    struct ss_error err;
    uint64_t lost;

    if (ss_diff(in->file, in->file, NULL, NULL, NULL, &result, NULL, &err) == SS_OK)
        PROBE(result.added + result.removed + result.modified == 0);
    else
        probe_error(&err, in->len);
    if (ss_lineage_compare(in->file, in->file, &lineage, NULL, &err) == SS_OK)
        PROBE(lineage.verdict == SS_LINEAGE_SAME);
    else
        probe_error(&err, in->len);
    if (ss_lost_revisions(in->file, NULL, NULL, &lost, &err) != SS_OK)
        probe_error(&err, in->len);
}

static void check(struct input *in)
{
    struct ss_span path[LEVELS];
    struct ss_error err;
    uint64_t again;

    if (ss_file_readable(in->file, &err) != SS_OK)
        return;
    PROBE(ss_pages(in->file, see_row, see_fault, in, &in->faults, &err) == SS_OK);
    PROBE(ss_buckets(in->file, see_bucket, see_fault, in, &again, &err) == SS_OK);
    PROBE(again <= in->faults);
    scan(in, path, 0);
    if (again == 0) {
        PROBE(!in->broken);
        PROBE(in->visited == in->elements);
    }
    dump(in, false);
    dump(in, true);
    archive(in, again);
    verify(in);
    compare(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {.len = size, .budget = 2000};
    struct ss_file *file;
    struct ss_error err;
    uint8_t *bytes;

    if (size > INPUT_MAX)
        return 0;
    bytes = malloc(size + 1);
    if (bytes == NULL)
        return 0;
    if (size > 0)
        memcpy(bytes, data, size);
    probe_seal_metas(bytes, size);
    PROBE(ss_open_memory(bytes, size, "input", NULL, &file, &err) == SS_OK);
    in.bytes = bytes;
    in.file = file;
    check(&in);
    ss_close(file);
    free(bytes);
    return 0;
}
