/*
 * tar.c - everything into one pax archive, written by libarchive front to back.
 *
 *   manifest.ndjson        a line for each of what follows: its path, and the record without its value
 *   keys/PATH              the live keys' values (tar_path.h says how a key becomes a path)
 *   revisions/MAIN.SUB     with opts->revisions: every retained revision's value; a tombstone's is empty
 *   buckets/NAME/…         with opts->all_buckets: the other buckets' elements
 *
 * Each pass over the records is made by `each`: once to learn how long the manifest is, once to write it,
 * once to write the files. Values go from the mapped file to libarchive as they lie; nothing is kept.
 * The same file and options give the same bytes: times, owners and modes are fixed.
 */
#include "etcd/live.h"
#include "export/bucket_walk.h"
#include "export/job.h"
#include "export/json_text.h"
#include "export/packer.h"
#include "export/tar_path.h"
#include "util/error.h"
#include "util/hex.h"
#include "util/memory.h"

#include <archive.h>
#include <archive_entry.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MANIFEST_NAME "manifest.ndjson"
#define FILE_MODE 0600
#define FOLDER_MODE 0700
#define HEADER_MEMORY_LEN ((size_t)64 << 10) /* some forty pieces of a header take less */

/* One file or folder to be. */
struct item {
    const char *path;
    const struct ss_record *rec; /* of keys/ and revisions/ */
    bool is_revision;
    const struct ss_span *names; /* of buckets/: the bucket */
    size_t name_count;
    const struct ss_entry *entry; /* its element; NULL: the bucket itself */
};

struct tar {
    struct ss_export *d;
    struct ss_state *state;
    struct ss_walk *walk;
    struct archive *archive;
    struct archive_entry *entry;
    struct ss_tar_path path;
    struct ss_outbuf text; /* the manifest; later the stand-in of a redacted value */
    enum ss_status (*visit)(struct tar *t, const struct item *item, struct ss_error *err);
    struct ss_span names[SS_BUCKET_LEVEL_MAX];
    size_t name_count;
    bool given_up; /* what libarchive still writes goes nowhere */
    bool torn;     /* not to be freed: libarchive has let go of a filter that it still knows */
};

static enum ss_status visit_file(struct tar *t, const struct item *item, struct ss_error *err);

/* ------------------------------------------------------------------------------ what there is --- */

static enum ss_status visit_at_path(struct tar *t, struct item *item, struct ss_error *err)
{
    if (!ss_tar_path_end(&t->path)) {
        return ss_nomem(err, t->path.len);
    }
    item->path = t->path.text;
    return t->visit(t, item, err);
}

/* Whether some key is `key`, a slash and more; the keys that begin with it stand right behind it. */
static bool is_folder(const struct ss_state *state, uint64_t i, struct ss_span key)
{
    uint64_t lo = i + 1, hi = ss_state_count(state);

    while (lo < hi) {
        struct ss_record rec;
        uint64_t mid = lo == i + 1 ? lo : lo + (hi - lo) / 2;

        ss_state_get(state, mid, &rec);
        if (!ss_span_has_prefix(rec.key, key.ptr, (size_t)key.len) || rec.key.len == key.len) {
            hi = mid;
        } else if (rec.key.ptr[key.len] < '/') {
            lo = mid + 1;
        } else if (rec.key.ptr[key.len] == '/') {
            return true;
        } else {
            hi = mid;
        }
    }
    return false;
}

static enum ss_status each_key(struct tar *t, struct ss_error *err)
{
    uint64_t ahead_len =
        t->visit == visit_file ? SS_EXPORT_PREFETCH_RECORD : SS_EXPORT_PREFETCH_KEY;
    enum ss_status status = SS_OK;

    for (uint64_t i = 0; status == SS_OK && i < ss_state_count(t->state); i++) {
        struct ss_record rec;
        struct item item = {.rec = &rec};

        ss_state_prefetch(t->state, i, ahead_len);
        ss_state_get(t->state, i, &rec);
        ss_tar_path_begin(&t->path, "keys");
        ss_tar_path_key(&t->path, rec.key, is_folder(t->state, i, rec.key));
        status = visit_at_path(t, &item, err);
    }
    return status;
}

static enum ss_status on_revision(void *ctx, const struct ss_record *rec, struct ss_error *err)
{
    struct tar *t = ctx;
    struct item item = {.rec = rec, .is_revision = true};
    char name[64];

    if (!ss_export_wants(t->d, rec)) {
        return SS_OK;
    }
    snprintf(name, sizeof(name), "%" PRId64 ".%" PRId64, rec->rev.main, rec->rev.sub);
    ss_tar_path_begin(&t->path, "revisions");
    ss_tar_path_name(&t->path, ss_span_of(name, strlen(name)));
    return visit_at_path(t, &item, err);
}

static void begin_bucket_path(struct tar *t)
{
    ss_tar_path_begin(&t->path, "buckets");
    for (size_t i = 0; i < t->name_count; i++) {
        ss_tar_path_name(&t->path, t->names[i]);
    }
}

static enum ss_status on_entry(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    struct tar *t = ctx;
    struct item item = {.names = t->names, .name_count = t->name_count, .entry = entry};

    begin_bucket_path(t);
    ss_tar_path_name(&t->path, entry->key);
    return visit_at_path(t, &item, err);
}

static enum ss_status each_bucket(struct tar *t, struct ss_error *err)
{
    enum ss_status status = ss_bucket_walk_begin(t->d, t->walk, err);
    uint32_t node = 0;

    while (status == SS_OK && ss_bucket_walk_next(t->walk, t->d->is_etcd, &node)) {
        struct item item = {.names = t->names};

        t->name_count = ss_bucket_walk_names(t->walk, node, t->names);
        item.name_count = t->name_count;
        begin_bucket_path(t);
        status = visit_at_path(t, &item, err);
        if (status == SS_OK) {
            status = ss_bucket_walk_entries(t->d, t->walk, node, on_entry, t, err);
        }
    }
    return status;
}

/* What is passed over in `key` was told when the state was made. */
static enum ss_status each_revision(struct tar *t, struct ss_error *err)
{
    bool quiet = t->d->skips.quiet;
    enum ss_status status;

    t->d->skips.quiet = true;
    status = ss_export_records(t->d, on_revision, t, err);
    t->d->skips.quiet = quiet;
    return status;
}

static enum ss_status each(struct tar *t,
                           enum ss_status (*visit)(struct tar *t, const struct item *item,
                                                   struct ss_error *err),
                           struct ss_error *err)
{
    enum ss_status status = SS_OK;

    t->visit = visit;
    if (t->state != NULL) {
        status = each_key(t, err);
    }
    if (status == SS_OK && t->d->opts->revisions) {
        status = each_revision(t, err);
    }
    if (status == SS_OK && t->walk != NULL) {
        status = each_bucket(t, err);
    }
    return status;
}

/* ------------------------------------------------------------------------------------ archive --- */

static enum ss_status archive_failed(struct tar *t, struct ss_error *err)
{
    int sys = archive_errno(t->archive);
    const char *text = archive_error_string(t->archive);

    if (t->d->out.failed) {
        return SS_END;
    }
    if (sys == ENOMEM || text == NULL) { /* the text has to be allocated, too */
        return ss_system(err, SS_E_NOMEM, 0, "out of memory (the archive cannot be written)");
    }
    return ss_system(err, SS_E_OUTPUT, 0, "the archive cannot be written: %s", text);
}

/*
 * libarchive's output, past the buffer of lines. A failure stays in `out`, and is not libarchive's: an
 * archive that has failed cannot be closed, and is then not freed as a whole.
 */
static la_ssize_t write_block(struct archive *archive, void *ctx, const void *bytes, size_t len)
{
    struct tar *t = ctx;

    int saved = errno; /* write_header reads it */

    (void)archive;
    if (!t->given_up) {
        ss_outbuf_pass(&t->d->out, bytes, len);
    }
    errno = saved;
    return (la_ssize_t)len;
}

/* Attributes go into the SCHILY.xattr records that GNU tar, bsdtar and star alike know. */
static enum ss_status archive_begin(struct tar *t, struct ss_error *err)
{
    t->archive = archive_write_new();
    t->entry = archive_entry_new();
    if (t->archive == NULL || t->entry == NULL) {
        return ss_nomem(err, sizeof(*t));
    }
    if (archive_write_set_format_pax_restricted(t->archive) != ARCHIVE_OK ||
        archive_write_set_format_option(t->archive, NULL, "xattrheader", "SCHILY") != ARCHIVE_OK ||
        !ss_packing_set(t->archive, t->d->opts->packing, &t->torn) ||
        archive_write_open(t->archive, t, NULL, write_block, NULL) != ARCHIVE_OK) {
        return archive_failed(t, err);
    }
    return SS_OK;
}

static void set_number(struct archive_entry *entry, const char *name, int64_t value)
{
    char digits[32];
    int len = snprintf(digits, sizeof(digits), "%" PRId64, value);

    archive_entry_xattr_add_entry(entry, name, digits, (size_t)len);
}

static void set_id(struct archive_entry *entry, const char *name, uint64_t id)
{
    char digits[SS_HEX_ID_LEN];

    ss_hex_put_id(digits, id);
    archive_entry_xattr_add_entry(entry, name, digits, sizeof(digits));
}

/* Whether the entry holds as many attributes, whole: one that it had no memory for lacks its name or value. */
static bool has_attributes(struct archive_entry *entry, int count)
{
    const char *name;
    const void *value;
    size_t len;
    int whole = 0;

    archive_entry_xattr_reset(entry);
    while (archive_entry_xattr_next(entry, &name, &value, &len) == ARCHIVE_OK) {
        whole += name != NULL && value != NULL && len > 0;
    }
    archive_entry_xattr_reset(entry);
    return whole == count;
}

static bool set_attributes(struct archive_entry *entry, const struct item *item)
{
    const struct ss_record *rec = item->rec;

    if (rec == NULL) {
        return true;
    }
    set_number(entry, "user.etcd.create_revision", rec->create_revision);
    set_number(entry, "user.etcd.mod_revision", rec->mod_revision);
    set_number(entry, "user.etcd.version", rec->version);
    set_id(entry, "user.etcd.lease", (uint64_t)rec->lease);
    if (item->is_revision) {
        set_number(entry, "user.etcd.sub", rec->rev.sub);
        if (rec->tombstone) {
            set_number(entry, "user.etcd.tombstone", 1);
        }
    }
    return has_attributes(entry, 4 + (item->is_revision ? 1 + rec->tombstone : 0));
}

/*
 * A header; `item` NULL: the manifest's. libarchive tells of no attribute that it had no memory for, in
 * the entry or in its copies: errno, which only a failed call sets, is looked at instead.
 */
static enum ss_status write_header(struct tar *t, const struct item *item, uint64_t len,
                                   struct ss_error *err)
{
    bool folder = item != NULL && item->rec == NULL && item->entry == NULL;

    if (!ss_memory_ahead(HEADER_MEMORY_LEN)) {
        return ss_nomem(err, HEADER_MEMORY_LEN);
    }
    errno = 0;
    archive_entry_clear(t->entry);
    archive_entry_set_pathname(t->entry, item != NULL ? item->path : MANIFEST_NAME);
    archive_entry_set_filetype(t->entry, folder ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(t->entry, folder ? FOLDER_MODE : FILE_MODE);
    archive_entry_set_size(t->entry, (la_int64_t)len);
    archive_entry_set_uid(t->entry, 0);
    archive_entry_set_gid(t->entry, 0);
    archive_entry_set_mtime(t->entry, 0, 0);
    if (item != NULL && !set_attributes(t->entry, item)) {
        return ss_nomem(err, len);
    }
    if (archive_write_header(t->archive, t->entry) != ARCHIVE_OK) {
        return archive_failed(t, err);
    }
    if (errno == ENOMEM && !t->d->out.failed) {
        return ss_system(err, SS_E_NOMEM, 0, "out of memory (the archive cannot be written)");
    }
    return t->d->out.failed ? SS_END : SS_OK;
}

static bool write_data(void *ctx, const void *bytes, size_t len)
{
    struct tar *t = ctx;

    return (len == 0 || archive_write_data(t->archive, bytes, len) == (la_ssize_t)len) &&
           !t->d->out.failed;
}

static struct ss_span item_value(const struct item *item)
{
    if (item->rec != NULL) {
        bool none = item->rec->tombstone || item->rec->marker;

        return none ? ss_span_of("", 0) : item->rec->value;
    }
    return item->entry != NULL ? item->entry->value : ss_span_of("", 0);
}

/* In place of the value its length and digest, as a line of JSON. */
static struct ss_span redacted(struct tar *t, struct ss_span value)
{
    t->text.len = 0;
    ss_outbuf_text(&t->text, "{");
    ss_digest_members(&t->text, value, t->d->hmac);
    ss_outbuf_text(&t->text, "}\n");
    return ss_span_of(t->text.data, t->text.len);
}

static bool has_value(const struct item *item)
{
    return item->rec != NULL ? !item->rec->tombstone && !item->rec->marker : item->entry != NULL;
}

static enum ss_status visit_file(struct tar *t, const struct item *item, struct ss_error *err)
{
    struct ss_span value = item_value(item);
    enum ss_status status;

    if (t->d->hmac != NULL && has_value(item)) {
        value = redacted(t, value);
        if (t->text.failed) {
            return ss_nomem(err, SS_HMAC_LEN);
        }
    }
    status = write_header(t, item, value.len, err);
    if (status == SS_OK && !write_data(t, value.ptr, (size_t)value.len)) {
        status = archive_failed(t, err);
    }
    return status == SS_OK ? ss_export_count(t->d, err) : status;
}

/* ----------------------------------------------------------------------------------- manifest --- */

static enum ss_status visit_line(struct tar *t, const struct item *item, struct ss_error *err)
{
    struct ss_outbuf *out = &t->text;
    struct ss_record_style style = {.revisions = item->is_revision,
                                    .value = t->d->hmac != NULL ? SS_VALUE_DIGEST : SS_VALUE_LEN,
                                    .hmac = t->d->hmac};

    (void)err;
    ss_outbuf_text(out, "{\"path\":");
    ss_json_string(out, item->path, strlen(item->path));
    ss_outbuf_text(out, ",");
    if (item->rec != NULL) {
        ss_record_members(out, item->rec, &style);
    } else {
        ss_outbuf_text(out, "\"bucket\":");
        ss_bucket_path_json(out, item->names, item->name_count);
        ss_outbuf_text(out, item->entry != NULL ? "," : "");
        if (item->entry != NULL) {
            ss_entry_members(out, item->entry, &style);
        }
    }
    ss_outbuf_text(out, "}\n");
    return out->failed ? SS_END : SS_OK;
}

static bool count_only(void *ctx, const void *bytes, size_t len)
{
    (void)ctx;
    (void)bytes;
    (void)len;
    return true;
}

/* One pass over the manifest's lines; *len is how long they are. */
static enum ss_status manifest_pass(struct tar *t, ss_write_fn flush, uint64_t *len,
                                    struct ss_error *err)
{
    enum ss_status status;

    t->text.flush = flush;
    t->text.ctx = t;
    t->text.flushed_len = 0;
    status = each(t, visit_line, err);
    if (status == SS_OK && !ss_outbuf_flush(&t->text)) {
        status = SS_END;
    }
    *len = t->text.flushed_len;
    if (status == SS_END) {
        return t->text.sys == ENOMEM ? ss_nomem(err, SS_HMAC_LEN) : archive_failed(t, err);
    }
    return status;
}

static enum ss_status write_manifest(struct tar *t, struct ss_error *err)
{
    uint64_t len, written;
    enum ss_status status = manifest_pass(t, count_only, &len, err);

    t->d->skips.quiet = true; /* the further passes meet what this one has told of */
    if (status == SS_OK) {
        status = write_header(t, NULL, len, err);
    }
    return status == SS_OK ? manifest_pass(t, write_data, &written, err) : status;
}

/* ------------------------------------------------------------------------------------- export --- */

/* All that can be found wrong is found before the first byte goes out. */
static enum ss_status tar_load(struct tar *t, int64_t *rev, struct ss_error *err)
{
    const struct ss_dump_opts *opts = t->d->opts;
    enum ss_status status = SS_OK;

    if (opts->all_buckets) {
        status = ss_bucket_walk_new(t->d, NULL, &t->walk, err);
    }
    if (status == SS_OK && t->d->is_etcd) {
        status = ss_export_state(t->d, &t->state, err);
    }
    if (status == SS_OK && t->state != NULL) {
        *rev = ss_state_rev(t->state);
        t->d->total = opts->revisions || opts->all_buckets ? 0 : ss_state_count(t->state);
    }
    if (status == SS_OK && !ss_outbuf_init(&t->text, count_only, t)) {
        status = ss_nomem(err, SS_OUTBUF_LEN);
    }
    return status;
}

/* The end mark is written only when all that stands before it is whole. */
static enum ss_status archive_end(struct tar *t, enum ss_status status, struct ss_error *err)
{
    if (t->archive == NULL) {
        return status;
    }
    t->given_up = status != SS_OK;
    if (archive_write_close(t->archive) != ARCHIVE_OK && status == SS_OK) {
        status = archive_failed(t, err);
    }
    if (t->d->out.failed && status == SS_OK) {
        status = SS_END;
    }
    if (!t->torn) {
        archive_write_free(t->archive);
    }
    return status;
}

enum ss_status ss_export_tar(struct ss_export *d, int64_t *rev, struct ss_error *err)
{
    struct tar *t = calloc(1, sizeof(*t));
    enum ss_status status;

    if (t == NULL) {
        return ss_nomem(err, sizeof(*t));
    }
    t->d = d;
    status = tar_load(t, rev, err);
    if (status == SS_OK) {
        status = archive_begin(t, err);
    }
    if (status == SS_OK) {
        status = write_manifest(t, err);
    }
    if (status == SS_OK) {
        status = each(t, visit_file, err);
    }
    status = archive_end(t, status, err);
    archive_entry_free(t->entry);
    ss_outbuf_fini(&t->text);
    ss_tar_path_fini(&t->path);
    ss_state_free(t->state);
    ss_bucket_walk_free(t->walk);
    free(t);
    return status;
}
