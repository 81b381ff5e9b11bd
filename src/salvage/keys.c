/*
 * keys.c - the records of the tree that is trusted, and the gaps that it leaves.
 *
 *   given    … 41 42          57 58 …
 *                    ✗ ✗ ✗                 gap: after 42, before 57
 *
 * A gap lies between two records that were given, so that it cannot be too narrow; the branches above a lost leaf
 * tell which revision it began with, which is then known to have been there.
 */
#include "salvage/salvage.h"

#include "util/array.h"

struct key_pass {
    struct ss_salvage_job *job;
    struct ss_revision last;
    bool open; /* something was passed over behind `last` */
    int64_t seen;
    uint64_t pgid;
    bool nomem;
    struct ss_standing walk;
};

#define REV_FIRST ((struct ss_revision){0, 0})
#define REV_LAST ((struct ss_revision){INT64_MAX, INT64_MAX})

static bool revision_of(struct ss_span key, struct ss_revision *rev)
{
    struct ss_error err;
    bool tombstone;

    return key.ptr != NULL && ss_revision_decode(key, SS_NONE, rev, &tombstone, &err) == SS_OK;
}

/* An element out of its place may be a record all the same: its own revision may be filled. */
static void point_gap(struct key_pass *pass, const struct ss_skip *skip)
{
    struct ss_page_view page;
    struct ss_revision rev;
    struct ss_error err;

    if (skip->why.pgid == SS_NONE ||
        ss_page_gate(&pass->walk.file->geo, skip->why.pgid, SS_NONE, &page, &err) != SS_OK ||
        page.type != SS_PAGE_LEAF || skip->element >= page.count) {
        return;
    }
    if (revision_of(ss_leaf_key(&page, (uint32_t)skip->element), &rev) && rev.sub < INT64_MAX) {
        struct ss_revision before = {rev.main, rev.sub + 1}, after = {rev.main, rev.sub - 1};

        pass->nomem |= !ss_gap_add(pass->job, after, before, 0, skip->why.pgid);
    }
}

static void on_skip(void *ctx, const struct ss_skip *skip)
{
    struct key_pass *pass = ctx;
    struct ss_revision rev;

    if (skip->kept) {
        return;
    }
    if (!pass->open) {
        pass->open = true;
        pass->seen = 0;
        pass->pgid = skip->why.pgid;
    }
    if (skip->element != SS_NONE) {
        point_gap(pass, skip);
    } else if (revision_of(skip->from, &rev) && rev.main > pass->seen) {
        pass->seen = rev.main;
    }
}

static void close_gap(struct key_pass *pass, struct ss_revision before)
{
    if (pass->open) {
        pass->nomem |= !ss_gap_add(pass->job, pass->last, before, pass->seen, pass->pgid);
    }
    pass->open = false;
}

static void take(struct key_pass *pass, const struct ss_entry *entry)
{
    enum ss_salvage_tier tier = pass->job->views[0].by_meta ? SS_TIER_TREE : SS_TIER_OLDER;
    int64_t mark =
        pass->job->scheduled > pass->job->compacted ? pass->job->scheduled : pass->job->compacted;
    struct ss_record rec;
    struct ss_error why;

    ss_error_clear(&why);
    if (ss_record_decode(entry, &rec, &why) == SS_OK && !ss_found_agrees(&rec)) {
        ss_corrupt(&why, SS_E_RECORD, entry->value.off, entry->pgid,
                   "create_revision and version of the record cannot be");
    }
    if (why.code == SS_E_NONE && rec.marker && mark != 0 && rec.rev.main != mark) {
        ss_corrupt(&why, SS_E_RECORD, entry->value.off, entry->pgid,
                   "the record is empty, and no bump of the revision");
    }
    if (why.code != SS_E_NONE) {
        pass->job->tree_damaged = true;
        pass->nomem |= !ss_array_add(pass->job->retry, pass->job->retry_count, pass->job->retry_cap,
                                     entry->key.off);
        ss_standing_skip(&pass->walk, entry, &why);
        return;
    }
    /* A put and a tombstone of one revision: one of them has another's key. */
    if (pass->job->found_count > 0 && ss_revision_cmp(rec.rev, pass->last) == 0) {
        pass->job->tree_damaged = pass->open = true;
        pass->seen = 0;
        pass->pgid = entry->pgid;
    } else {
        close_gap(pass, rec.rev);
    }
    pass->last = rec.rev;
    pass->nomem |=
        !ss_found_add(pass->job, &rec, entry->key, (uint32_t)entry->value.len, tier, true);
}

static enum ss_status run(struct key_pass *pass, struct ss_error *err)
{
    struct ss_salvage_job *job = pass->job;
    struct ss_keep_going keep = {.on_skip = on_skip, .ctx = pass};
    struct ss_skips skips = {.keep = &keep};
    struct ss_entry entry = {0};
    enum ss_status status;

    ss_standing_init(&pass->walk, &job->views[0].file, &job->key, SS_KEY_BUCKET, NULL, &skips);
    while ((status = ss_standing_next(&pass->walk, &entry, err)) == SS_OK && !pass->nomem) {
        take(pass, &entry);
    }
    pass->open |= !job->views[0].by_meta;
    close_gap(pass, REV_LAST);
    ss_standing_fini(&pass->walk);
    if (pass->nomem) {
        return ss_nomem(err, job->found_count * sizeof(*job->found));
    }
    return status == SS_END ? SS_OK : status;
}

/* `key` of the tree, or nothing: then every revision may be filled. */
static enum ss_status find_key(struct ss_salvage_job *job, struct ss_error *err)
{
    struct ss_skips silent = {0};
    enum ss_status status = SS_END;

    if (job->view_count > 0) {
        status = ss_key_bucket_standing(&job->views[0].file, &silent, &job->key, err);
    }
    job->has_key = status == SS_OK;
    if (status == SS_SYSTEM) {
        return status;
    }
    if (job->has_key || (status == SS_END && job->view_count > 0)) {
        return SS_OK;
    }
    return ss_gap_add(job, REV_FIRST, REV_LAST, 0, SS_NONE) ? SS_OK
                                                            : ss_nomem(err, sizeof(struct ss_gap));
}

enum ss_status ss_keys_of_tree(struct ss_salvage_job *job, struct ss_error *err)
{
    struct key_pass *pass;
    struct ss_error ignored;
    enum ss_status status = find_key(job, err);

    if (status != SS_OK || !job->has_key) {
        return status;
    }
    ss_error_clear(&ignored);
    ss_compaction_marks(&job->views[0].file, &job->scheduled, &job->compacted, &ignored);
    pass = calloc(1, sizeof(*pass));
    if (pass == NULL) {
        return ss_nomem(err, sizeof(*pass));
    }
    pass->job = job;
    pass->pgid = SS_NONE;
    status = run(pass, err);
    free(pass);
    job->tree_count = job->found_count;
    return status;
}
