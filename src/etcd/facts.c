/*
 * facts.c - which revisions a file holds, and which one etcd would start at.
 *
 *   key    first element … last element            revision keys (revision.h)
 *   meta   "scheduledCompactRev", "finishedCompactRev"   17-byte revisions
 *
 * etcd at boot (mvcc restore, alike in 3.4 to 3.7): the current revision is the main of the last
 * record, but at least 1 and at least either compact revision; a compaction that was scheduled and
 * not finished is resumed at once. Hence the greater of the two is where history begins to count:
 * a read at it is answered, one before it is refused as compacted.
 */
#include "etcd/catalogue.h"
#include "etcd/record.h"
#include "etcd/revision.h"

#include <inttypes.h>

static int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The main of the revision under `name` in `meta`; 0 when it is not there. */
static enum ss_status read_mark(const struct ss_file *file, const char *name, int64_t *out,
                                struct ss_error *err)
{
    struct ss_entry entry;
    struct ss_revision rev;
    enum ss_status status = ss_etcd_value(file, SS_IN_META, name, &entry, err);

    *out = 0;
    if (status != SS_OK) {
        return status == SS_END ? SS_OK : status;
    }
    status = ss_revision_decode_meta(entry.value, name, entry.pgid, &rev, err);
    if (status == SS_OK) {
        *out = rev.main;
    }
    return ss_error_in_bucket(err, ss_etcd_bucket_name(SS_IN_META), status);
}

enum ss_status ss_compaction_marks(const struct ss_file *file, int64_t *scheduled,
                                   int64_t *finished, struct ss_error *err)
{
    enum ss_status status = read_mark(file, "scheduledCompactRev", scheduled, err);

    return status == SS_OK ? read_mark(file, "finishedCompactRev", finished, err) : status;
}

static enum ss_status read_ends(struct ss_cursor *c, struct ss_rev_facts *out, struct ss_error *err)
{
    struct ss_entry entry;
    bool tombstone;
    enum ss_status status = ss_cursor_first(c, &entry, err);

    out->empty = status == SS_END;
    if (status != SS_OK) {
        return status == SS_END ? SS_OK : status;
    }
    status = ss_revision_decode(entry.key, entry.pgid, &out->first, &tombstone, err);
    if (status == SS_OK) {
        status = ss_cursor_last(c, &entry, err);
    }
    if (status == SS_OK) {
        status = ss_revision_decode(entry.key, entry.pgid, &out->last, &tombstone, err);
    }
    return ss_error_in_bucket(err, SS_KEY_BUCKET, status);
}

static enum ss_status read_facts(const struct ss_file *file, struct ss_rev_facts *out,
                                 struct ss_error *err)
{
    struct ss_cursor c;
    enum ss_status status = ss_key_bucket_cursor(file, &c, err);

    if (status != SS_OK) {
        return status == SS_END ? SS_OK : status;
    }
    out->is_etcd = true;
    status = read_ends(&c, out, err);
    if (status == SS_OK) {
        status = ss_compaction_marks(file, &out->scheduled_compact, &out->finished_compact, err);
    }
    if (status != SS_OK) {
        return status;
    }
    out->compacted = max_i64(out->scheduled_compact, out->finished_compact);
    out->current = max_i64(max_i64(out->last.main, out->compacted), 1);
    return SS_OK;
}

enum ss_status ss_rev_facts(const struct ss_file *file, struct ss_rev_facts *out,
                            struct ss_error *err)
{
    ss_error_clear(err);
    *out = (struct ss_rev_facts){0};
    return ss_source_check(&file->src, read_facts(file, out, err), err);
}

/* The revision that a caller means, by facts that are known. */
static enum ss_status resolve(int64_t rev, const struct ss_rev_facts *facts, int64_t *out,
                              struct ss_error *err)
{
    if (!facts->is_etcd) {
        return ss_not_etcd(err);
    }
    if (rev < 0) {
        return ss_system(err, SS_E_ARGUMENT, 0, "revision %" PRId64 " is negative", rev);
    }
    if (rev > facts->current) {
        return ss_system(err, SS_E_REV_FUTURE, 0,
                         "revision %" PRId64 " is asked for, the file ends at %" PRId64, rev,
                         facts->current);
    }
    if (rev != 0 && rev < facts->compacted) {
        return ss_system(err, SS_E_REV_COMPACTED, 0,
                         "revision %" PRId64 " is asked for, the file is compacted at %" PRId64,
                         rev, facts->compacted);
    }
    *out = rev == 0 ? facts->current : rev;
    return SS_OK;
}

static enum ss_status take_end(void *ctx, const struct ss_record *rec, struct ss_error *err)
{
    struct ss_rev_facts *facts = ctx;

    (void)err;
    if (facts->empty) {
        facts->first = rec->rev;
    }
    facts->empty = false;
    facts->last = rec->rev;
    return SS_OK;
}

/* What cannot be read of `meta` is told of and counts as not there. */
static enum ss_status read_compaction_keeping(const struct ss_file *file, struct ss_skips *skips,
                                              struct ss_rev_facts *out, struct ss_error *err)
{
    struct ss_skip skip = {.element = SS_NONE};
    enum ss_status status;

    ss_error_clear(&skip.why);
    status = ss_compaction_marks(file, &out->scheduled_compact, &out->finished_compact, &skip.why);
    if (status == SS_CORRUPT) {
        ss_skips_add_once(skips, &skip);
        return SS_OK;
    }
    *err = skip.why;
    return status;
}

static enum ss_status read_facts_keeping(const struct ss_file *file, struct ss_skips *skips,
                                         struct ss_rev_facts *out, struct ss_error *err)
{
    struct ss_skips silent = {.quiet = true};
    enum ss_status status;

    *out = (struct ss_rev_facts){.is_etcd = true, .empty = true};
    status = ss_records_standing(file, 0, 0, &silent, take_end, out, err);
    if (status == SS_OK) {
        status = read_compaction_keeping(file, skips, out, err);
    }
    out->compacted = max_i64(out->scheduled_compact, out->finished_compact);
    out->current = max_i64(max_i64(out->last.main, out->compacted), 1);
    return status;
}

enum ss_status ss_rev_facts_keeping(const struct ss_file *file, struct ss_skips *skips,
                                    struct ss_rev_facts *out, bool *whole, struct ss_error *err)
{
    enum ss_status status = ss_rev_facts(file, out, err);

    *whole = status != SS_CORRUPT;
    if (*whole) {
        return status;
    }
    ss_error_clear(err);
    return ss_source_check(&file->src, read_facts_keeping(file, skips, out, err), err);
}

enum ss_status ss_rev_resolve_keeping(const struct ss_file *file, int64_t rev,
                                      struct ss_skips *skips, struct ss_rev_facts *facts,
                                      int64_t *out, struct ss_error *err)
{
    bool whole;
    enum ss_status status = ss_rev_facts_keeping(file, skips, facts, &whole, err);

    if (status != SS_OK || whole || rev < 0) {
        return status == SS_OK ? resolve(rev, facts, out, err) : status;
    }
    *out = rev == 0 ? facts->current : rev;
    return SS_OK;
}

enum ss_status ss_rev_resolve(const struct ss_file *file, int64_t rev, struct ss_rev_facts *facts,
                              int64_t *out, struct ss_error *err)
{
    enum ss_status status = ss_rev_facts(file, facts, err);

    return status == SS_OK ? resolve(rev, facts, out, err) : status;
}
