/*
 * status.c - the figures of `etcdutl snapshot status`.
 *
 *   hash   "alarm" k v k v … "auth" k v … "key" k v k v … "members" …        CRC-32C over all of it
 *          name of a top-level bucket, then its elements; of a bucket inside it only the name
 *
 * etcdutl counts keys in two ways: up to 3.5 every element, from 3.6 on the keys of `key` whose last
 * record is no tombstone. A --bump-revision marker is, to it, a record of the empty key.
 */
#include "etcd/index.h"
#include "etcd/meta.h"
#include "etcd/ticker.h"
#include "parser/leaves.h"
#include "util/crc32c.h"

struct walk {
    const struct ss_file *file;
    struct ss_etcd_status *out;
    struct ss_crc32c crc;
    struct ss_ticker ticker;
    struct ss_key_index index;
    bool is_key;      /* the bucket at hand is `key` */
    uint64_t entered; /* pages, by the walks of all buckets */
};

/* What a part of a bucket comes to. */
struct slot {
    struct ss_crc32c crc;
    uint32_t sum;
    uint64_t len; /* bytes that went into the sum */
    uint64_t entry_count;
    int64_t revision; /* of the last record */
    struct ss_index_list keys;
};

/* An element of `key`: its revision is the last one so far, its key is live or gone. */
static enum ss_status take_record(const struct walk *w, struct slot *slot,
                                  const struct ss_entry *entry, struct ss_error *err)
{
    struct ss_record rec;
    enum ss_status status = ss_record_decode(entry, &rec, err);

    if (status != SS_OK) {
        return status;
    }
    slot->revision = rec.rev.main;
    return ss_index_list_add(&slot->keys, &w->index, &rec, err);
}

static enum ss_status on_leaf(void *ctx, void *slot_, const struct ss_page_view *leaf,
                              struct ss_error *err)
{
    const struct walk *w = ctx;
    struct slot *slot = slot_;
    enum ss_status status = SS_OK;

    if (slot->len == 0) {
        ss_crc32c_init(&slot->crc);
    }
    for (uint32_t i = 0; i < leaf->count && status == SS_OK; i++) {
        struct ss_entry entry = ss_leaf_entry(leaf, i);

        ss_crc32c_add(&slot->crc, entry.key.ptr, entry.key.len);
        slot->len += entry.key.len;
        if (!entry.is_bucket) {
            ss_crc32c_add(&slot->crc, entry.value.ptr, entry.value.len);
            slot->len += entry.value.len;
        }
        slot->entry_count++;
        if (w->is_key) {
            status = take_record(w, slot, &entry, err);
        }
    }
    slot->sum = ss_crc32c_final(&slot->crc);
    return status;
}

static enum ss_status on_part(void *ctx, void *slot_, struct ss_error *err)
{
    struct walk *w = ctx;
    struct slot *slot = slot_;
    uint64_t len = slot->len;
    enum ss_status status = SS_OK;

    ss_crc32c_join(&w->crc, slot->sum, len);
    w->out->entry_count += slot->entry_count;
    if (w->is_key && slot->entry_count > 0) {
        w->out->revision = slot->revision;
        status = ss_key_index_add_list(&w->index, &slot->keys, err);
    }
    slot->len = slot->sum = 0;
    slot->entry_count = 0;
    return status == SS_OK ? ss_tick(&w->ticker, len, err) : status;
}

static void slot_fini(void *slot_)
{
    struct slot *slot = slot_;

    ss_index_list_fini(&slot->keys);
}

static enum ss_status walk_bucket(struct walk *w, const struct ss_tree *tree, const char *path,
                                  bool is_key, struct ss_error *err)
{
    static const struct ss_leaves_ops ops = {.slot_len = sizeof(struct slot),
                                             .on_leaf = on_leaf,
                                             .on_part = on_part,
                                             .slot_fini = slot_fini};
    const struct ss_call quiet = ss_call_quiet(w->ticker.call);
    uint64_t entered = 0;
    enum ss_status status;

    w->is_key = is_key;
    if (is_key) {
        ss_key_index_init(&w->index, w->file, tree);
    }
    status = ss_leaves_run(w->file, tree, path, &ops, w, &quiet, &entered, err);
    if (status == SS_OK) {
        status = ss_tree_account(w->file, tree, path, entered, &w->entered, err);
    }
    if (is_key && status == SS_OK) {
        status = ss_key_index_flush(&w->index, err);
    }
    if (is_key) {
        w->out->live_count = w->index.count;
    }
    return status;
}

static enum ss_status take_top_level(struct walk *w, const struct ss_entry *entry,
                                     struct ss_error *err)
{
    char path[SS_PATH_TEXT_CAP] = "";
    struct ss_tree tree;
    enum ss_status status;

    if (!entry->is_bucket) {
        return ss_corrupt(err, SS_E_BUCKET, entry->key.off, entry->pgid,
                          "a plain key stands among the top-level buckets");
    }
    status = ss_tree_decode(&w->file->geo, entry->value, entry->pgid, &tree, err);
    if (status != SS_OK) {
        return status;
    }
    ss_bucket_path_append(path, entry->key);
    ss_crc32c_add(&w->crc, entry->key.ptr, entry->key.len);
    return walk_bucket(w, &tree, path, ss_etcd_bucket_of(entry->key) == SS_IN_KEY, err);
}

static enum ss_status walk_all(struct walk *w, struct ss_error *err)
{
    struct ss_tree root = ss_tree_root(w->file);
    struct ss_cursor c;
    struct ss_entry entry;
    enum ss_status status;

    ss_cursor_init(&c, w->file, &root, "");
    for (status = ss_cursor_first(&c, &entry, err); status == SS_OK;
         status = ss_cursor_next(&c, &entry, err)) {
        status = take_top_level(w, &entry, err);
        if (status != SS_OK) {
            return status;
        }
    }
    w->out->hash = ss_crc32c_final(&w->crc);
    return status == SS_END ? SS_OK : status;
}

static enum ss_status read_version(const struct ss_file *file, struct ss_etcd_status *out,
                                   struct ss_error *err)
{
    struct ss_entry entry;
    enum ss_status status = ss_etcd_value(file, SS_IN_META, "storageVersion", &entry, err);

    if (status != SS_OK) {
        return status == SS_END ? SS_OK : status;
    }
    ss_semver_text(entry.value, out->version, sizeof(out->version));
    return SS_OK;
}

static enum ss_status read_status(struct walk *w, struct ss_error *err)
{
    struct ss_file_facts facts;
    enum ss_status status = ss_file_readable(w->file, err);

    if (status != SS_OK) {
        return status;
    }
    ss_file_facts(w->file, &facts);
    w->out->total_len = w->ticker.total = facts.db_len;
    status = walk_all(w, err);
    return status == SS_OK ? read_version(w->file, w->out, err) : status;
}

enum ss_status ss_etcd_status(const struct ss_file *file, const struct ss_call *call,
                              struct ss_etcd_status *out, struct ss_error *err)
{
    struct walk w = {
        .file = file, .out = out, .ticker = {.call = ss_call_or_none(call), .phase = "status"}};
    enum ss_status status;

    ss_error_clear(err);
    *out = (struct ss_etcd_status){0};
    ss_crc32c_init(&w.crc);
    status = ss_call_begin(call, w.ticker.phase, err);
    if (status == SS_OK) {
        status = ss_source_check(&file->src, read_status(&w, err), err);
    }
    ss_key_index_fini(&w.index);
    return status;
}
