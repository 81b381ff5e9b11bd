/*
 * restore_db.c - see restore_db.h. Buckets and the keys of `meta` come in order from two sides, the
 * snapshot and what replaces it: each is a merge of two sorted lists.
 */
#include "restore/restore_db.h"

#include "etcd/record.h"
#include "etcd/revision.h"
#include "util/endian.h"
#include "writer/copy.h"

#include <inttypes.h>
#include <stdio.h>

#define OVERRIDE_MAX 4u

/* One key of a bucket that is given instead of the snapshot's. */
struct override {
    const char *key;
    struct ss_span value;
};

enum {
    REPLACED_KEY,
    REPLACED_MEMBERS,
    REPLACED_REMOVED,
    REPLACED_META,
    REPLACED_COUNT
};

static const char *const replaced[REPLACED_COUNT] = {"key", "members", "members_removed", "meta"};

static struct ss_span text_span(const char *text)
{
    return ss_span_of(text, strlen(text));
}

enum ss_status ss_restore_bump(const struct ss_file *file, uint64_t amount,
                               struct ss_revision *bumped, struct ss_error *err)
{
    struct ss_rev_facts facts;
    enum ss_status status = ss_rev_facts(file, &facts, err);

    if (status != SS_OK) {
        return status;
    }
    if (facts.current > SS_RESTORE_REVISION_MAX ||
        amount > (uint64_t)(SS_RESTORE_REVISION_MAX - facts.current)) {
        return ss_system(err, SS_E_ARGUMENT, 0,
                         "revision %" PRId64 " cannot be raised by %" PRIu64
                         ": it would pass %" PRId64 " (2^62 - 1), and behind 2^63 - 1 no put "
                         "succeeds",
                         facts.current, amount, SS_RESTORE_REVISION_MAX);
    }
    *bumped = (struct ss_revision){facts.current + (int64_t)amount, 0};
    return SS_OK;
}

static enum ss_status keep_bytes(struct ss_writer *w, const void *bytes, size_t len,
                                 struct ss_span *out, struct ss_error *err)
{
    const uint8_t *kept = ss_writer_keep(w, bytes, len);

    if (kept == NULL) {
        return ss_nomem(err, len);
    }
    *out = ss_span_of(kept, len);
    return SS_OK;
}

/* ---------------------------------------------------------------------------------- members --- */

static enum ss_status put_member(struct ss_writer *w, const struct ss_peer *peer,
                                 struct ss_error *err)
{
    struct ss_bytes json = {0};
    struct ss_span key = {0}, value = {0};
    char id[17];
    enum ss_status status;

    snprintf(id, sizeof(id), "%" PRIx64, peer->id);
    ss_peer_json(peer, &json);
    status = json.failed ? ss_nomem(err, json.cap) : SS_OK;
    if (status == SS_OK) {
        status = keep_bytes(w, id, strlen(id), &key, err);
    }
    if (status == SS_OK) {
        status = keep_bytes(w, json.ptr, json.len, &value, err);
    }
    ss_bytes_fini(&json);
    return status == SS_OK ? ss_writer_put(w, key, value, err) : status;
}

/* Keys are hex without leading zeroes: their byte order is not that of the ids. */
static enum ss_status put_members(const struct ss_cluster *cluster, struct ss_writer *w,
                                  struct ss_error *err)
{
    char last[17] = "";
    enum ss_status status = SS_OK;

    for (size_t n = 0; n < cluster->count && status == SS_OK; n++) {
        const struct ss_peer *next = NULL;
        char next_id[17] = "", id[17];

        for (size_t i = 0; i < cluster->count; i++) {
            snprintf(id, sizeof(id), "%" PRIx64, cluster->peers[i].id);
            if (strcmp(id, last) > 0 && (next == NULL || strcmp(id, next_id) < 0)) {
                next = &cluster->peers[i];
                memcpy(next_id, id, sizeof(id));
            }
        }
        memcpy(last, next_id, sizeof(last));
        status = put_member(w, next, err);
    }
    return status;
}

/* ------------------------------------------------------------------------------------- meta --- */

static void conf_state_json(const struct ss_cluster *cluster, struct ss_bytes *out)
{
    size_t learners = 0;

    ss_bytes_text(out, "{\"voters\":[");
    for (size_t i = 0, n = 0; i < cluster->count; i++) {
        learners += cluster->peers[i].is_learner;
        if (!cluster->peers[i].is_learner) {
            ss_bytes_format(out, "%s%" PRIu64, n++ > 0 ? "," : "", cluster->peers[i].id);
        }
    }
    ss_bytes_text(out, learners > 0 ? "],\"learners\":[" : "]");
    for (size_t i = 0, n = 0; learners > 0 && i < cluster->count; i++) {
        if (cluster->peers[i].is_learner) {
            ss_bytes_format(out, "%s%" PRIu64, n++ > 0 ? "," : "", cluster->peers[i].id);
        }
    }
    ss_bytes_text(out, learners > 0 ? "],\"auto_leave\":false}" : ",\"auto_leave\":false}");
}

static enum ss_status keep_u64(struct ss_writer *w, uint64_t value, struct ss_span *out,
                               struct ss_error *err)
{
    uint8_t bytes[8];

    ss_store_u64(bytes, value, true);
    return keep_bytes(w, bytes, sizeof(bytes), out, err);
}

/* The overrides of `meta`, in order of their keys. */
static enum ss_status make_meta(const struct ss_restore_db *db, struct ss_writer *w,
                                struct override list[OVERRIDE_MAX], uint32_t *count,
                                struct ss_error *err)
{
    struct ss_bytes conf = {0};
    uint8_t rev[SS_TOMBSTONE_LEN];
    enum ss_status status;

    conf_state_json(db->cluster, &conf);
    list[0].key = "confState";
    status = conf.failed ? ss_nomem(err, conf.cap)
                         : keep_bytes(w, conf.ptr, conf.len, &list[0].value, err);
    ss_bytes_fini(&conf);
    list[1].key = "consistent_index";
    if (status == SS_OK) {
        status = keep_u64(w, db->cluster->count, &list[1].value, err);
    }
    *count = 2;
    if (status == SS_OK && db->bumped.main != 0) {
        list[*count].key = "scheduledCompactRev";
        status = keep_bytes(w, rev, ss_revision_encode(db->bumped, false, rev),
                            &list[(*count)++].value, err);
    }
    list[*count].key = "term";
    return status == SS_OK ? keep_u64(w, 1, &list[(*count)++].value, err) : status;
}

/* The snapshot's elements of a bucket with the overrides merged in. `tree` NULL: none there. */
static enum ss_status merge(const struct ss_file *file, const struct ss_tree *tree,
                            const struct override *list, uint32_t count, struct ss_writer *w,
                            struct ss_error *err)
{
    struct ss_cursor c;
    struct ss_entry entry;
    enum ss_status at = SS_END, status = SS_OK;
    uint32_t i = 0;

    if (tree != NULL) {
        ss_cursor_init(&c, file, tree, "meta");
        at = ss_cursor_first(&c, &entry, err);
    }
    while (status == SS_OK && (at == SS_OK || i < count)) {
        int cmp = at != SS_OK  ? 1
                  : i == count ? -1
                               : ss_span_cmp(entry.key, text_span(list[i].key));

        if (cmp < 0) {
            status = ss_writer_put(w, entry.key, entry.value, err);
        } else {
            status = ss_writer_put(w, text_span(list[i].key), list[i].value, err);
        }
        if (cmp <= 0) {
            at = ss_cursor_next(&c, &entry, err);
        }
        i += cmp >= 0;
    }
    return at == SS_CORRUPT || at == SS_SYSTEM ? at : status;
}

/* ---------------------------------------------------------------------------------- buckets --- */

static enum ss_status put_bump(const struct ss_restore_db *db, struct ss_writer *w,
                               struct ss_error *err)
{
    uint8_t rev[SS_TOMBSTONE_LEN];
    struct ss_span key;
    enum ss_status status =
        keep_bytes(w, rev, ss_revision_encode(db->bumped, false, rev), &key, err);

    return status == SS_OK ? ss_writer_put(w, key, ss_span_of("", 0), err) : status;
}

static enum ss_status fill_replaced(struct ss_restore_db *db, int which, const struct ss_tree *tree,
                                    struct ss_writer *w, struct ss_error *err)
{
    struct override list[OVERRIDE_MAX];
    uint32_t count = 0;
    enum ss_status status = SS_OK;

    switch (which) {
    case REPLACED_KEY:
        if (tree != NULL) {
            status = ss_copy_tree(db->file, tree, SS_KEY_BUCKET, &db->entered, w, err);
        }
        return status == SS_OK && db->bumped.main != 0 ? put_bump(db, w, err) : status;
    case REPLACED_MEMBERS:
        return put_members(db->cluster, w, err);
    case REPLACED_META:
        status = make_meta(db, w, list, &count, err);
        return status == SS_OK ? merge(db->file, tree, list, count, w, err) : status;
    default:
        return SS_OK;
    }
}

static enum ss_status put_replaced(struct ss_restore_db *db, int which, const struct ss_tree *tree,
                                   struct ss_writer *w, struct ss_error *err)
{
    enum ss_status status =
        ss_writer_begin(w, text_span(replaced[which]), tree != NULL ? tree->sequence : 0, err);

    if (status == SS_OK) {
        status = fill_replaced(db, which, tree, w, err);
    }
    return status == SS_OK ? ss_writer_end(w, err) : status;
}

static enum ss_status put_copied(struct ss_restore_db *db, struct ss_span name,
                                 const struct ss_tree *tree, struct ss_writer *w,
                                 struct ss_error *err)
{
    char path[SS_PATH_TEXT_CAP] = "";
    enum ss_status status = ss_writer_begin(w, name, tree->sequence, err);

    ss_bucket_path_append(path, name);
    if (status == SS_OK) {
        status = ss_copy_tree(db->file, tree, path, &db->entered, w, err);
    }
    return status == SS_OK ? ss_writer_end(w, err) : status;
}

/* Takes the root element at the cursor, or the next replaced bucket, whichever comes first. */
static enum ss_status put_next(struct ss_restore_db *db, const struct ss_entry *entry, int *which,
                               bool *took_entry, struct ss_writer *w, struct ss_error *err)
{
    struct ss_tree tree;
    enum ss_status status;
    int cmp = entry == NULL              ? 1
              : *which == REPLACED_COUNT ? -1
                                         : ss_span_cmp(entry->key, text_span(replaced[*which]));

    *took_entry = cmp <= 0;
    if (cmp > 0) {
        return put_replaced(db, (*which)++, NULL, w, err);
    }
    if (!entry->is_bucket) {
        return ss_writer_put(w, entry->key, entry->value, err);
    }
    status = ss_tree_decode(&db->file->geo, entry->value, entry->pgid, &tree, err);
    if (status != SS_OK) {
        return status;
    }
    if (cmp == 0) {
        return put_replaced(db, (*which)++, &tree, w, err);
    }
    return put_copied(db, entry->key, &tree, w, err);
}

enum ss_status ss_restore_db_produce(void *ctx, struct ss_writer *w, struct ss_error *err)
{
    struct ss_restore_db *db = ctx;
    struct ss_tree root = ss_tree_root(db->file);
    struct ss_cursor c;
    struct ss_entry entry;
    enum ss_status at, status = SS_OK;
    int which = 0;

    db->entered = 0;
    ss_cursor_init(&c, db->file, &root, "");
    at = ss_cursor_first(&c, &entry, err);
    while (status == SS_OK && (at == SS_OK || (at == SS_END && which < REPLACED_COUNT))) {
        bool took_entry;

        status = put_next(db, at == SS_OK ? &entry : NULL, &which, &took_entry, w, err);
        if (status == SS_OK && took_entry) {
            at = ss_cursor_next(&c, &entry, err);
        }
    }
    return at == SS_CORRUPT || at == SS_SYSTEM ? at : status;
}
