/*
 * hashkv.c - the hash by which etcd members compare their histories at a revision.
 *
 *   "key"  │ elements at or before the compacted revision │ elements behind it … rev │ later ones
 *   hashed │ records of keys that are live at rev, or all │ all                      │ none
 *          │ if none is; no tombstone at that revision    │                          │
 *   pass   │ second: once it is known what is live        │ first                    │
 *
 * Read from etcd 3.7 (mvcc kvHasher, treeIndex.Keep, store.hashByRev): what a compaction would remove
 * does not count, whether it has been removed already or not, so that members which compact at
 * different moments agree. Which records stay is judged by the state at `rev`, not by that at the
 * compacted revision, and markers are records of the empty key. Where no key at all is live at rev,
 * etcd hashes whatever is still there; a hash as of another compaction then counts what that one would
 * have left, the keys live at it.
 *
 * The first pass reads all records up to rev, to index what is live, and sums those behind the
 * compaction on its way; the second one reads those up to the compaction again. The two sums are then
 * joined in the elements' order.
 */
#include "etcd/index.h"
#include "etcd/ticker.h"
#include "parser/leaves.h"
#include "util/crc32c.h"

#include <inttypes.h>

struct job;
struct slot;

/* Takes one element, in one of the passes. SS_END: it lies behind those that the pass is for. */
typedef enum ss_status (*read_fn)(const struct job *j, struct slot *slot,
                                  const struct ss_entry *entry, struct ss_error *err);

struct job {
    const struct ss_file *file;
    struct ss_tree tree; /* of `key` */
    struct ss_rev_facts facts;
    int64_t rev;
    int64_t compact_rev; /* -1: none */
    bool has_compacted;  /* records stand at or before it */
    bool keep_all;       /* nothing is live: the rule for compacted records is off */
    struct ss_key_index index;
    struct ss_ticker ticker;
    read_fn read;
    struct ss_crc32c crc; /* of the pass under way */
    uint64_t hashed_len;
};

static enum ss_status resolve(struct job *j, int64_t rev, int64_t compact_rev, struct ss_error *err)
{
    enum ss_status status = ss_rev_resolve(j->file, rev, &j->facts, &j->rev, err);

    if (status != SS_OK) {
        return status;
    }
    j->compact_rev = j->facts.compacted > 0 ? j->facts.compacted : -1;
    if (compact_rev == 0) {
        return SS_OK;
    }
    if (compact_rev < 0 || compact_rev > j->rev) {
        return ss_system(err, SS_E_ARGUMENT, 0,
                         "compaction at %" PRId64 " is asked for, it must be from 1 to %" PRId64,
                         compact_rev, j->rev);
    }
    if (compact_rev < j->compact_rev) {
        return ss_system(err, SS_E_REV_COMPACTED, 0,
                         "compaction at %" PRId64
                         " is asked for, the file is compacted at %" PRId64,
                         compact_rev, j->compact_rev);
    }
    j->compact_rev = compact_rev;
    return SS_OK;
}

/* What a part of the bucket comes to, in either pass. */
struct slot {
    struct ss_crc32c crc;
    uint32_t sum;
    uint64_t hashed_len;
    uint64_t read_len;
    struct ss_index_list keys;
};

static void hash_entry(struct slot *slot, const struct ss_entry *entry)
{
    if (slot->hashed_len == 0) {
        ss_crc32c_init(&slot->crc);
    }
    ss_crc32c_add(&slot->crc, entry->key.ptr, entry->key.len);
    ss_crc32c_add(&slot->crc, entry->value.ptr, entry->value.len);
    slot->hashed_len += entry->key.len + entry->value.len;
}

/* Later leaves lie elsewhere: the run of bytes at hand ends with this one. */
static void end_leaf(struct slot *slot)
{
    if (slot->hashed_len > 0) {
        slot->sum = ss_crc32c_final(&slot->crc);
    }
}

static enum ss_status read_record(const struct job *j, struct slot *slot,
                                  const struct ss_entry *entry, struct ss_error *err)
{
    struct ss_record rec;
    enum ss_status status = ss_record_decode(entry, &rec, err);

    if (status != SS_OK) {
        return status;
    }
    if (rec.rev.main > j->rev) {
        return SS_END;
    }
    slot->read_len += entry->key.len + entry->value.len;
    if (rec.rev.main > j->compact_rev) {
        hash_entry(slot, entry);
    }
    if (!j->has_compacted || rec.rev.main == 0) {
        return SS_OK;
    }
    return ss_index_list_add(&slot->keys, &j->index, &rec, err);
}

static bool counts(const struct job *j, const struct ss_record *rec)
{
    if (rec->tombstone && rec->rev.main == j->compact_rev) {
        return false;
    }
    return j->keep_all || ss_key_index_holds(&j->index, rec);
}

static enum ss_status read_compacted(const struct job *j, struct slot *slot,
                                     const struct ss_entry *entry, struct ss_error *err)
{
    struct ss_record rec;
    enum ss_status status = ss_record_decode(entry, &rec, err);

    if (status != SS_OK) {
        return status;
    }
    if (rec.rev.main > j->compact_rev) {
        return SS_END;
    }
    slot->read_len += entry->key.len + entry->value.len;
    if (counts(j, &rec)) {
        hash_entry(slot, entry);
    }
    return SS_OK;
}

static enum ss_status on_leaf(void *ctx, void *slot, const struct ss_page_view *leaf,
                              struct ss_error *err)
{
    const struct job *j = ctx;
    enum ss_status status = SS_OK;

    for (uint32_t i = 0; i < leaf->count && status == SS_OK; i++) {
        struct ss_entry entry = ss_leaf_entry(leaf, i);

        status = j->read(j, slot, &entry, err);
    }
    end_leaf(slot);
    return status;
}

static enum ss_status on_part(void *ctx, void *slot_, struct ss_error *err)
{
    struct job *j = ctx;
    struct slot *slot = slot_;
    uint64_t len = slot->read_len;
    enum ss_status status = ss_key_index_add_list(&j->index, &slot->keys, err);

    ss_crc32c_join(&j->crc, slot->sum, slot->hashed_len);
    j->hashed_len += slot->hashed_len;
    slot->sum = 0;
    slot->hashed_len = slot->read_len = 0;
    return status == SS_OK ? ss_tick(&j->ticker, len, err) : status;
}

static void slot_fini(void *slot_)
{
    struct slot *slot = slot_;

    ss_index_list_fini(&slot->keys);
}

/* One pass: the sum, and over how many bytes. */
static enum ss_status pass(struct job *j, read_fn read, uint32_t *sum, uint64_t *len,
                           struct ss_error *err)
{
    static const struct ss_leaves_ops ops = {.slot_len = sizeof(struct slot),
                                             .on_leaf = on_leaf,
                                             .on_part = on_part,
                                             .slot_fini = slot_fini};
    const struct ss_call quiet = ss_call_quiet(j->ticker.call);
    enum ss_status status;

    j->read = read;
    j->hashed_len = 0;
    j->ticker.done = j->ticker.next = 0;
    ss_crc32c_init(&j->crc);
    status = ss_leaves_run(j->file, &j->tree, SS_KEY_BUCKET, &ops, j, &quiet, NULL, err);
    *sum = ss_crc32c_final(&j->crc);
    *len = j->hashed_len;
    return status;
}

/* Which of the records at or before the compaction count: those that the index then holds. */
static enum ss_status find_kept(struct job *j, struct ss_error *err)
{
    const struct ss_call quiet = ss_call_quiet(j->ticker.call);

    if (j->index.count > 0) {
        return SS_OK;
    }
    if (j->compact_rev > j->facts.compacted) {
        return ss_key_index_fill(&j->index, &j->tree, j->compact_rev, NULL, true, &quiet, err);
    }
    j->keep_all = true;
    return SS_OK;
}

static enum ss_status hash_records(struct job *j, struct ss_crc32c *crc, struct ss_error *err)
{
    uint32_t compacted_sum = 0, sum;
    uint64_t compacted_len = 0, len;
    enum ss_status status;

    j->has_compacted = j->facts.first.main <= j->compact_rev;
    ss_key_index_init(&j->index, j->file, &j->tree);
    status = pass(j, read_record, &sum, &len, err);
    if (status == SS_OK) {
        status = ss_key_index_flush(&j->index, err);
    }
    if (status == SS_OK && j->has_compacted) {
        status = find_kept(j, err);
        if (status == SS_OK) {
            status = pass(j, read_compacted, &compacted_sum, &compacted_len, err);
        }
    }
    ss_crc32c_join(crc, compacted_sum, compacted_len);
    ss_crc32c_join(crc, sum, len);
    return status;
}

static enum ss_status compute(struct job *j, int64_t rev, int64_t compact_rev,
                              struct ss_hashkv *out, struct ss_error *err)
{
    struct ss_file_facts facts;
    struct ss_crc32c crc;
    struct ss_cursor c;
    enum ss_status status = resolve(j, rev, compact_rev, err);

    if (status == SS_OK) {
        status = ss_key_bucket_cursor(j->file, &c, err);
    }
    if (status != SS_OK) {
        return status;
    }
    j->tree = c.tree;
    ss_file_facts(j->file, &facts);
    j->ticker.total = facts.db_len;
    ss_crc32c_init(&crc);
    ss_crc32c_add(&crc, SS_KEY_BUCKET, strlen(SS_KEY_BUCKET));
    status = hash_records(j, &crc, err);
    *out = (struct ss_hashkv){
        .hash = ss_crc32c_final(&crc), .revision = j->rev, .compact_revision = j->compact_rev};
    return status;
}

enum ss_status ss_hashkv(const struct ss_file *file, int64_t rev, int64_t compact_rev,
                         const struct ss_call *call, struct ss_hashkv *out, struct ss_error *err)
{
    struct job j = {.file = file, .ticker = {.call = ss_call_or_none(call), .phase = "hashkv"}};
    enum ss_status status;

    ss_error_clear(err);
    *out = (struct ss_hashkv){0};
    status = ss_call_begin(call, j.ticker.phase, err);
    if (status == SS_OK) {
        status = ss_source_check(&file->src, compute(&j, rev, compact_rev, out, err), err);
    }
    ss_key_index_fini(&j.index);
    return status;
}
