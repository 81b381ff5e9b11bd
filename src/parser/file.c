/*
 * file.c - opening a file: its source, what it is, its metas; and what is known before any tree.
 */
#include "parser/db.h"
#include "parser/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What a known kind of other file is, in a sentence; "" for those whose name says all. */
static const char *kind_text(enum ss_kind kind)
{
    switch (kind) {
    case SS_KIND_RAFT_SNAPSHOT:
        return ", a raft snapshot of an etcd member: the keys are in member/snap/db";
    case SS_KIND_RAFT_WAL:
        return ", a segment of an etcd member's write-ahead log: the keys are in member/snap/db";
    case SS_KIND_DELTA:
        return ", a delta snapshot of etcd-backup-restore: a list of events, of use only with the "
               "full "
               "snapshot before it";
    default:
        return "";
    }
}

/* Why trees cannot be walked: said once, at opening, and handed out by ss_file_readable. */
static void explain(struct ss_file *file)
{
    struct ss_error *why = &file->why_not;

    if (file->kind == SS_KIND_EMPTY) {
        ss_corrupt(why, SS_E_EMPTY, 0, SS_NONE, "file is empty");
    } else if (file->kind == SS_KIND_UNKNOWN) {
        ss_corrupt(why, SS_E_NOT_BBOLT, 0, SS_NONE,
                   "no bbolt meta page at offset 0 or at any page size: this is no etcd snapshot "
                   "or member db, or both of its meta pages are overwritten");
    } else if (file->kind != SS_KIND_BBOLT) {
        ss_corrupt(why, SS_E_NOT_BBOLT, 0, SS_NONE, "no bbolt file, but %s%s",
                   ss_kind_name(file->kind), kind_text(file->kind));
    } else if (file->meta[0].magic != SS_META_MAGIC && file->meta[1].magic != SS_META_MAGIC) {
        ss_corrupt(why, SS_E_META, file->meta[0].off, SS_NONE,
                   "both meta pages are overwritten, at 0 and 0x%" PRIx64 "; %" PRIu64
                   " of %" PRIu64 " places hold page headers that fit (page size %" PRIu32
                   ", %s-endian)",
                   file->meta[1].off, file->scan.fit_count, file->scan.place_count,
                   file->scan.page_size, file->scan.big_endian ? "big" : "little");
    } else {
        ss_corrupt(why, SS_E_META, file->meta[0].off, SS_NONE,
                   "neither meta page can be used: meta 0: %s; meta 1 (offset 0x%" PRIx64 "): %s",
                   file->meta[0].reason, file->meta[1].off, file->meta[1].reason);
    }
}

/* Without a usable meta: the file as places of a page size that its headers, or the caller, name. */
static void place_pages(struct ss_file *file, const struct ss_page_scan *scan)
{
    struct ss_geometry *geo = &file->geo;

    geo->page_size = scan->page_size;
    geo->big = scan->big_endian;
    geo->high_water = SS_HIGH_WATER_UNKNOWN;
    geo->page_count = geo->page_size == 0 ? 0 : geo->bytes.len / geo->page_size;
}

/*
 * Both metas are dead. Page headers tell a database from other bytes, whatever its first page looks like
 * now; what is packed or another known format is left alone.
 */
static void look_for_pages(struct ss_file *file, uint32_t forced)
{
    struct ss_page_scan as_forced;

    if (file->kind != SS_KIND_BBOLT && file->kind != SS_KIND_UNKNOWN &&
        file->kind != SS_KIND_ZEROES && file->kind != SS_KIND_TEXT) {
        return;
    }
    file->scan = ss_page_scan(file->geo.bytes);
    if (forced != 0) {
        as_forced = ss_page_scan_as(file->geo.bytes, forced);
        place_pages(file, &as_forced);
    } else {
        place_pages(file, &file->scan);
    }
    if (file->scan.page_size == 0) {
        return;
    }
    file->kind = SS_KIND_BBOLT;
    if (forced == 0 && file->meta[1].magic != SS_META_MAGIC) {
        ss_meta_1_at(file, file->scan.page_size);
    }
}

static enum ss_status load(struct ss_file *file, const struct ss_open_opts *opts,
                           struct ss_error *err)
{
    uint32_t forced = opts != NULL ? opts->page_size : 0;
    enum ss_status status;

    file->busy = &file->busy_count;
    file->geo.bytes = ss_source_span(&file->src);
    file->kind = ss_source_sniff(&file->src);
    status = ss_meta_load(file, forced, opts != NULL ? opts->meta : SS_META_AUTO, err);
    if (status != SS_OK) {
        return ss_source_check(&file->src, status, err);
    }
    file->readable = file->current >= 0;
    if (file->readable) {
        file->kind = SS_KIND_BBOLT;
    } else {
        look_for_pages(file, forced);
        explain(file);
    }
    return ss_source_check(&file->src, SS_OK, err);
}

static enum ss_status check_opts(const struct ss_open_opts *opts, struct ss_error *err)
{
    if (opts != NULL && (unsigned)opts->meta > SS_META_1) {
        return ss_system(err, SS_E_ARGUMENT, 0, "there are two meta pages: 0 and 1");
    }
    if (opts != NULL && opts->page_size != 0 && !ss_page_size_legal(opts->page_size)) {
        return ss_system(err, SS_E_ARGUMENT, 0,
                         "page size %" PRIu32 " is no power of two in [1 KiB, 16 MiB]",
                         opts->page_size);
    }
    return SS_OK;
}

static enum ss_status new_file(const struct ss_open_opts *opts, struct ss_file **file,
                               struct ss_error *err)
{
    enum ss_status status;

    *file = NULL;
    ss_error_clear(err);
    status = check_opts(opts, err);
    if (status != SS_OK) {
        return status;
    }
    *file = calloc(1, sizeof(**file));
    return *file != NULL ? SS_OK : ss_nomem(err, sizeof(**file));
}

/* The second half of both openings: keeps the file when all went well, else drops it. */
static enum ss_status finish(struct ss_file *file, enum ss_status status,
                             const struct ss_open_opts *opts, struct ss_file **out,
                             struct ss_error *err)
{
    *out = NULL;
    if (status != SS_OK) {
        free(file);
        return status;
    }
    status = load(file, opts, err);
    if (status != SS_OK) {
        ss_close(file);
        return status;
    }
    *out = file;
    return SS_OK;
}

enum ss_status ss_open(const char *path, const struct ss_open_opts *opts,
                       const struct ss_call *call, struct ss_file **out, struct ss_error *err)
{
    struct ss_file *file;
    enum ss_status status = new_file(opts, &file, err);

    if (status == SS_OK) {
        status = ss_source_open(&file->src, path, opts, call, err);
    }
    return finish(file, status, opts, out, err);
}

enum ss_status ss_open_memory(const void *bytes, size_t len, const char *name,
                              const struct ss_open_opts *opts, struct ss_file **out,
                              struct ss_error *err)
{
    struct ss_file *file;
    enum ss_status status = new_file(opts, &file, err);

    if (status == SS_OK) {
        status = ss_source_open_memory(&file->src, bytes, len, name, err);
    }
    return finish(file, status, opts, out, err);
}

void ss_close(struct ss_file *file)
{
    if (file == NULL) {
        return;
    }
    ss_source_close(&file->src);
    free(file);
}

void ss_file_facts(const struct ss_file *file, struct ss_file_facts *out)
{
    const struct ss_source *src = &file->src;

    *out = (struct ss_file_facts){.name = src->name,
                                  .packing = src->packing,
                                  .member = src->member,
                                  .spooled = src->spooled,
                                  .packed_len = src->packed_len,
                                  .len = src->len,
                                  .kind = file->kind,
                                  .big_endian = file->geo.big,
                                  .page_size = file->geo.page_size,
                                  .current_meta = file->current,
                                  .in_force_meta = file->in_force,
                                  .meta_chosen = file->meta_chosen,
                                  .headers = {.page_size = file->scan.page_size,
                                              .big_endian = file->scan.big_endian,
                                              .fit_count = file->scan.fit_count,
                                              .place_count = file->scan.place_count}};
    if (!file->readable) {
        return;
    }
    out->high_water = file->geo.high_water;
    out->page_count = file->geo.page_count;
    out->db_len = ss_mul_sat_u64(file->geo.high_water, file->geo.page_size);
}

enum ss_status ss_file_placed(const struct ss_file *file, struct ss_error *err)
{
    return file->geo.page_size != 0 ? SS_OK : ss_file_readable(file, err);
}

enum ss_status ss_file_readable(const struct ss_file *file, struct ss_error *err)
{
    if (file->readable) {
        return SS_OK;
    }
    *err = file->why_not;
    return SS_CORRUPT;
}

enum ss_status ss_file_unchanged(const struct ss_file *file, struct ss_error *err)
{
    ss_error_clear(err);
    return ss_source_unchanged(&file->src, err);
}

struct ss_span ss_file_bytes(const struct ss_file *file, uint64_t off, uint64_t len)
{
    struct ss_span span = {file->geo.bytes.ptr, 0, off};

    if (off < file->geo.bytes.len) {
        ss_span_sub(file->geo.bytes, off, ss_min_u64(len, file->geo.bytes.len - off), &span);
    }
    return span;
}

void ss_file_meta(const struct ss_file *file, int which, struct ss_meta *out)
{
    *out = file->meta[which == 0 ? 0 : 1];
}

enum ss_status ss_freelist_open(const struct ss_file *file, struct ss_page_view *page,
                                struct ss_error *err)
{
    const struct ss_meta *meta = ss_file_current(file);
    const char *type;
    enum ss_status status;

    if (meta->freelist == SS_PGID_NO_FREELIST) {
        return SS_END;
    }
    status =
        ss_page_gate(&file->geo, meta->freelist, meta->off + SS_PAGE_HEADER_LEN + 32, page, err);
    if (status != SS_OK || page->type == SS_PAGE_FREELIST) {
        return status;
    }
    type = ss_page_type_name(page->type);
    ss_corrupt(err, SS_E_PAGE_TYPE, page->run.off + 8, page->pgid,
               "meta names a %s page as the freelist", type);
    ss_error_have(err, "%s", type);
    return ss_error_expect(err, "freelist");
}
