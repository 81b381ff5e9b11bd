/*
 * A whole file: everything that reads it, over all of it. The input is the file, sealed or not by the
 * mutator; it is never changed here.
 *
 *   - When the walk reports no fault, a bucket's cursor gives as many elements forward as backward and as
 *     the walk counted, and a seek of each key finds it. When it does, every way ends and says where.
 *   - Every key and value lies inside the file, every place of an error or finding too.
 *   - verify says the same on one thread and on four, and calls nothing sound that a reader refused.
 *   - When verify finds no damage, everything completes: dump, status, hashkv, history, figures, members
 *     and the rest, diff with itself, lineage, both ways to convert; and their counts agree.
 *   - A file is alike with itself. A dump is no longer than 16 times the file and 4 KiB.
 *   - Time: a walk meets no more elements than the file has room for, and verify makes no more findings
 *     than it has bytes.
 *
 * Bounds: a file of 1 MiB at most; own memory at most MEMORY_MAX + MEMORY_PER_BYTE x its length.
 */
#include "probe.h"

#include <string.h>

#define INPUT_MAX (UINT32_C(1) << 20)
#define LEVELS 4u
#define ELEMENT_LEN 16u /* of a page, without key and value */
#define MEMORY_MAX (UINT64_C(8) << 20)
#define MEMORY_PER_BYTE 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *bytes;
    size_t len;
    const struct ss_file *file;
    uint64_t faults;   /* the walk's */
    uint64_t elements; /* of all buckets but the root, by the walk */
    uint64_t visited;  /* the same, by cursors */
    uint64_t steps;    /* elements of all buckets of all levels */
    bool broken;       /* a cursor ended at a fault */
    bool dumped;       /* state and history, whole */
    uint64_t budget;   /* of seeks */
};

static bool see_row(void *ctx, const struct ss_page_row *row)
{
    const struct input *in = ctx;
    struct ss_page *page;
    struct ss_error err;

    PROBE(row->use <= SS_USE_ORPHAN);
    if (row->use != SS_USE_REACHABLE) {
        return true;
    }
    PROBE(row->bucket != NULL);
    if (ss_page_open(in->file, row->pgid, &page, &err) == SS_OK) {
        ss_page_free(page);
    } else {
        PROBE(row->fault != SS_E_NONE);
    }
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

    if (stats->level <= LEVELS) {
        in->elements += stats->key_count + stats->bucket_count;
    }
    in->steps += stats->key_count + stats->bucket_count;
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

    if (in->budget == 0) {
        return;
    }
    in->budget--;
    if (ss_cursor_new(bucket, &c, &err) != SS_OK) {
        return;
    }
    status = ss_cursor_seek(c, entry->key.ptr, (size_t)entry->key.len, &found, &err);
    PROBE(status == SS_OK);
    PROBE(found.key.off == entry->key.off && found.pgid == entry->pgid);
    ss_cursor_free(c);
}

static enum ss_status backward(struct ss_cursor *c, uint64_t *count, struct ss_error *err)
{
    struct ss_entry entry;
    enum ss_status status = ss_cursor_last(c, &entry, err);

    for (*count = 0; status == SS_OK; ++*count) {
        status = ss_cursor_prev(c, &entry, err);
    }
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
    if (level > 0) {
        in->visited += there;
    }
    ss_cursor_free(c);
    ss_bucket_free(bucket);
}

/* NOLINTEND(misc-no-recursion) */

static bool dump(const struct input *in, bool revisions)
{
    struct ss_dump_opts opts = {.format = SS_DUMP_NDJSON, .revisions = revisions};
    struct ss_dump_result result;
    struct ss_error err;
    uint64_t written = 0;

    enum ss_status status = ss_dump(in->file, &opts, probe_count, &written, NULL, &result, &err);

    if (status == SS_OK) {
        PROBE(result.out_len == written);
    } else {
        probe_error(&err, in->len);
    }
    PROBE(written <= 16 * (uint64_t)in->len + 4096);
    return status == SS_OK;
}

/* An archive of all buckets is written only of a file in whose trees the walk has met no fault. */
static void archive(const struct input *in, uint64_t tree_faults)
{
    struct ss_dump_opts opts = {.format = SS_DUMP_TAR, .revisions = true, .all_buckets = true};
    struct ss_dump_result result;
    struct ss_error err;
    uint64_t written = 0;

    if (ss_dump(in->file, &opts, probe_count, &written, NULL, &result, &err) == SS_OK) {
        PROBE(result.out_len == written && tree_faults == 0);
    } else {
        PROBE(err.code != SS_E_NONE);
    }
}

/* The lost stretches of history end, and a file is alike with itself. */
static void compare(const struct input *in, bool clean)
{
    struct ss_diff_result result, again;
    struct ss_lineage lineage;
    struct ss_error err;
    uint64_t lost;
    enum ss_status status =
        ss_diff(in->file, in->file, NULL, NULL, NULL, &probe_one, &result, NULL, &err);

    if (status == SS_OK) {
        PROBE(result.added + result.removed + result.modified == 0);
    } else {
        probe_error(&err, in->len);
    }
    PROBE(ss_diff(in->file, in->file, NULL, NULL, NULL, &probe_four, &again, NULL, &err) == status);
    PROBE(status != SS_OK || memcmp(&result, &again, sizeof(result)) == 0);
    PROBE(status == SS_OK || !clean);
    status = ss_lineage_compare(in->file, in->file, NULL, &lineage, NULL, &err);
    if (status == SS_OK) {
        PROBE(lineage.verdict == SS_LINEAGE_SAME);
    } else {
        probe_error(&err, in->len);
    }
    PROBE(status == SS_OK || !clean);
    status = ss_lost_revisions(in->file, NULL, NULL, NULL, &lost, &err);
    if (status != SS_OK) {
        probe_error(&err, in->len);
    }
    PROBE(!clean || (status == SS_OK && lost == 0));
}

/* ------------------------------------------------------------- what a file without damage must do --- */

static enum ss_status count_item(void *ctx, const struct ss_history_item *item,
                                 struct ss_error *err)
{
    (void)item;
    (void)err;
    ++*(uint64_t *)ctx;
    return SS_OK;
}

static void convert(const struct input *in, bool rebuild)
{
    struct ss_convert_opts opts = {.rebuild = rebuild};
    struct ss_convert_result result;
    struct ss_error err;
    uint64_t written = 0;

    PROBE(ss_convert_unchecked(in->file, &opts, probe_count, &written, NULL, &result, &err) ==
          SS_OK);
    PROBE(written == result.out_len && written % 512 == 32);
}

/* Etcd's own figures, by different passes over the same records. */
static void count_records(const struct input *in, const struct ss_verify_report *report)
{
    struct ss_history_opts all = {.key = "", .prefix = true};
    struct ss_history_result history;
    struct ss_key_figures figures;
    struct ss_state *state;
    struct ss_error err;
    uint64_t items = 0;

    PROBE(ss_key_figures(in->file, NULL, &figures, &err) == SS_OK);
    PROBE(figures.record_count == report->record_count);
    PROBE(figures.live_count == report->live_count);
    PROBE(ss_state_new(in->file, 0, NULL, NULL, &state, &err) == SS_OK);
    PROBE(ss_state_count(state) == figures.live_count);
    ss_state_free(state);
    PROBE(ss_history(in->file, &all, count_item, &items, NULL, &history, &err) == SS_OK);
    PROBE(items == figures.record_count - figures.marker_count);
}

/* Of a file without damage each page counts once. */
static void look_at_space(const struct input *in, bool clean)
{
    struct ss_file_facts facts;
    struct ss_space space;
    struct ss_error err;
    uint64_t faults;

    ss_file_facts(in->file, &facts);
    PROBE(ss_buckets_space(in->file, NULL, NULL, NULL, &space, &faults, &err) == SS_OK);
    PROBE(space.tree_count <= facts.page_count && space.freelist_count <= facts.page_count);
    PROBE(space.used_len <= in->len && space.beyond_len <= in->len);
    PROBE(space.free_count <= facts.page_count || space.free_count <= in->len / 8);
    if (clean) {
        PROBE(2 + space.tree_count + space.freelist_count + space.free_count + space.lost_count ==
              facts.page_count);
    }
}

static void complete(const struct input *in, const struct ss_verify_report *report)
{
    struct ss_etcd_status status;
    struct ss_hashkv hashkv;
    struct ss_etcd_meta *meta;
    struct ss_boot_facts boot;
    struct ss_error err;
    uint64_t faults;

    look_at_space(in, true);
    convert(in, false);
    convert(in, true);
    if (!report->is_etcd) {
        return;
    }
    PROBE(ss_etcd_status(in->file, NULL, &status, &err) == SS_OK);
    PROBE(ss_hashkv(in->file, 0, 0, NULL, &hashkv, &err) == SS_OK);
    PROBE(ss_boot_facts(in->file, &boot, &err) == SS_OK && boot.is_etcd);
    PROBE(ss_etcd_meta_new(in->file, NULL, NULL, &faults, &meta, &err) == SS_OK);
    ss_etcd_meta_free(meta);
    count_records(in, report);
    PROBE(in->dumped);
}

/* verify names every fault that the walk met, and calls nothing sound that could not be read. */
static void verify(const struct input *in)
{
    struct ss_verify_report *report = probe_verify(in->file, in->len);
    bool clean = probe_damage(report) == 0;

    PROBE(report->error_count + report->warning_count + report->note_count <= in->len + 64);
    if (in->faults > 0 || in->broken) {
        PROBE(!clean);
    }
    if (clean) {
        complete(in, report);
    }
    compare(in, clean && report->is_etcd);
    ss_verify_free(report);
}

static void check(struct input *in)
{
    struct ss_span path[LEVELS];
    struct ss_error err;
    uint64_t again;

    if (ss_file_readable(in->file, &err) != SS_OK) {
        return;
    }
    PROBE(ss_pages(in->file, see_row, see_fault, in, NULL, &in->faults, &err) == SS_OK);
    PROBE(ss_buckets(in->file, see_bucket, see_fault, in, &again, &err) == SS_OK);
    PROBE(again <= in->faults && in->steps <= in->len / ELEMENT_LEN);
    look_at_space(in, false);
    scan(in, path, 0);
    if (again == 0) {
        PROBE(!in->broken);
        PROBE(in->visited == in->elements);
    }
    in->dumped = dump(in, false);
    in->dumped = dump(in, true) && in->dumped;
    archive(in, again);
    verify(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {.bytes = data, .len = size, .budget = 200};
    struct ss_file *file;

    if (size > INPUT_MAX) {
        return 0;
    }
    probe_memory_begin();
    file = probe_open(data, size);
    in.file = file;
    check(&in);
    ss_close(file);
    probe_memory_end(MEMORY_MAX + MEMORY_PER_BYTE * size);
    return 0;
}
