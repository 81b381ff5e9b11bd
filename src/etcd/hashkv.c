/*
 * hashkv.c - the hash by which etcd members compare their histories at a revision.
 *
 *   "key"  │ elements at or before the compacted revision │ elements behind it … rev │ later ones
 *   hashed │ records of keys that are live at rev, or all │ all                      │ none
 *          │ if none is; no tombstone at that revision    │                          │
 *
 * Read from etcd 3.7 (mvcc kvHasher, treeIndex.Keep, store.hashByRev): what a compaction would remove
 * does not count, whether it has been removed already or not, so that members which compact at
 * different moments agree. Which records stay is judged by the state at `rev`, not by that at the
 * compacted revision, and markers are records of the empty key. Where no key at all is live at rev,
 * etcd hashes whatever is still there; a hash as of another compaction then counts what that one would
 * have left, the keys live at it.
 */
#include "etcd/index.h"
#include "etcd/ticker.h"
#include "util/crc32c.h"

#include <inttypes.h>

struct job {
    const struct ss_file *file;
    struct ss_rev_facts facts;
    int64_t rev;
    int64_t compact_rev; /* -1: none */
    bool keep_all;       /* nothing is live: the rule for compacted records is off */
    struct ss_cursor cursor;
    struct ss_key_index index;
    struct ss_ticker ticker;
};

static enum ss_status resolve(struct job *j, int64_t rev, int64_t compact_rev, struct ss_error *err)
{
    enum ss_status st = ss_rev_resolve(j->file, rev, &j->facts, &j->rev, err);

    if (st != SS_OK)
        return st;
    j->compact_rev = j->facts.compacted > 0 ? j->facts.compacted : -1;
    if (compact_rev == 0)
        return SS_OK;
    if (compact_rev < 0 || compact_rev > j->rev)
        return ss_system(err, SS_E_ARGUMENT, 0,
                         "compaction at %" PRId64 " is asked for, it must be from 1 to %" PRId64,
                         compact_rev, j->rev);
    if (compact_rev < j->compact_rev)
        return ss_system(err, SS_E_REV_COMPACTED, 0,
                         "compaction at %" PRId64
                         " is asked for, the file is compacted at %" PRId64,
                         compact_rev, j->compact_rev);
    j->compact_rev = compact_rev;
    return SS_OK;
}

static enum ss_status fill_index(struct job *j, int64_t rev, struct ss_error *err)
{
    ss_key_index_fini(&j->index);
    ss_key_index_init(&j->index, j->file, &j->cursor.tree);
    return ss_key_index_fill(&j->index, &j->cursor, rev, NULL, true, err);
}

/* Which of the records at or before the compaction count: those that the index then holds. */
static enum ss_status find_kept(struct job *j, struct ss_error *err)
{
    enum ss_status st;

    j->keep_all = j->facts.first.main > j->compact_rev;
    if (j->keep_all)
        return SS_OK;
    st = fill_index(j, j->rev, err);
    if (st != SS_OK || j->index.count > 0)
        return st;
    if (j->compact_rev > j->facts.compacted)
        return fill_index(j, j->compact_rev, err);
    j->keep_all = true;
    return SS_OK;
}

static bool counts(const struct job *j, const struct ss_record *rec)
{
    if (rec->rev.main > j->compact_rev)
        return true;
    if (rec->tombstone && rec->rev.main == j->compact_rev)
        return false;
    return j->keep_all || ss_key_index_holds(&j->index, rec);
}

static enum ss_status hash_records(struct job *j, struct ss_crc32c *crc, struct ss_error *err)
{
    struct ss_entry entry;
    struct ss_record rec;
    enum ss_status st = ss_cursor_first(&j->cursor, &entry, err);

    for (; st == SS_OK; st = ss_cursor_next(&j->cursor, &entry, err)) {
        st = ss_record_decode(&entry, &rec, err);
        if (st == SS_OK && rec.rev.main > j->rev)
            break;
        if (st == SS_OK)
            st = ss_tick(&j->ticker, entry.key.len + entry.value.len, err);
        if (st != SS_OK)
            return st;
        if (counts(j, &rec)) {
            ss_crc32c_add(crc, entry.key.ptr, entry.key.len);
            ss_crc32c_add(crc, entry.value.ptr, entry.value.len);
        }
    }
    return st == SS_END ? SS_OK : st;
}

static enum ss_status compute(struct job *j, int64_t rev, int64_t compact_rev,
                              struct ss_hashkv *out, struct ss_error *err)
{
    struct ss_file_facts facts;
    struct ss_crc32c crc;
    enum ss_status st = resolve(j, rev, compact_rev, err);

    if (st == SS_OK)
        st = ss_key_bucket_cursor(j->file, &j->cursor, err);
    if (st == SS_OK)
        st = find_kept(j, err);
    if (st != SS_OK)
        return st;
    ss_file_facts(j->file, &facts);
    j->ticker.total = facts.db_len;
    ss_crc32c_init(&crc);
    ss_crc32c_add(&crc, SS_KEY_BUCKET, strlen(SS_KEY_BUCKET));
    st = hash_records(j, &crc, err);
    *out = (struct ss_hashkv){
        .hash = ss_crc32c_final(&crc), .revision = j->rev, .compact_revision = j->compact_rev};
    return st;
}

enum ss_status ss_hashkv(const struct ss_file *file, int64_t rev, int64_t compact_rev,
                         ss_progress_fn progress, void *progress_ctx, struct ss_hashkv *out,
                         struct ss_error *err)
{
    struct job j = {.file = file,
                    .ticker = {.progress = progress, .ctx = progress_ctx, .phase = "hashkv"}};
    enum ss_status st;

    ss_error_clear(err);
    *out = (struct ss_hashkv){0};
    st = ss_source_check(&file->src, compute(&j, rev, compact_rev, out, err), err);
    ss_key_index_fini(&j.index);
    return st;
}
