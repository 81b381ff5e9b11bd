/*
 * unpack.c - see unpack.h. libarchive reads the formats; what it may read is decided here.
 *
 *   x.db.zst   ── ss_unpack_stream ──► x.db
 *   x.tar.xz   ── ss_unpack_stream ──► x.tar ── ss_unpack_member ──► x.db
 *   x.zip      ──────────────────────────────── ss_unpack_member ──► x.db
 *
 * A stream and the archive in it are unpacked one after the other, so that the stream is read to its
 * last byte and verified even where the archive's end mark comes before. Exactly one filter or one
 * format is enabled, the one that the first bytes showed: libarchive's own guessing would take 512
 * zero bytes for a tar, and its raw format takes anything.
 *
 * Guarantees: nothing is allocated by a size that the input states; sparse files stay sparse.
 */
#include "source/unpack.h"
#include "util/error.h"
#include "util/member_dir.h"
#include "util/memory.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    READER_MEMORY_LEN = 1 << 20, /* more than any reader starts with */
    LIST_MAX = 20,
    SHOWN_MAX = 200
};

/* What one pass over an archive's headers found. */
struct listing {
    uint64_t count;       /* regular files */
    uint64_t entry;       /* ordinal of the one to take, among all entries */
    uint64_t match_count; /* regular files of the name that is asked for; of none: all */
    char *wal_dir;        /* where the log of the named member would be; NULL: none was named */
    uint64_t wal_count;   /* its segments */
    char text[512];       /* "a.db (12 bytes), b.db (34 bytes)" */
    size_t text_len;
    uint64_t shown;
};

bool ss_kind_is_stream(enum ss_kind kind)
{
    return kind == SS_KIND_GZIP || kind == SS_KIND_ZSTD || kind == SS_KIND_XZ ||
           kind == SS_KIND_BZIP2 || kind == SS_KIND_LZ4 || kind == SS_KIND_ZLIB ||
           kind == SS_KIND_COMPRESS;
}

bool ss_kind_is_archive(enum ss_kind kind)
{
    return kind == SS_KIND_TAR || kind == SS_KIND_ZIP;
}

/*
 * libarchive over the mapped bytes. Its own way of reading memory, and its own entry, are not used: it
 * goes on without them when it had no memory for them.
 */
struct reader {
    const uint8_t *bytes;
    uint64_t len, pos;
    struct archive *archive;
    struct archive_entry *entry;
};

static la_ssize_t give_bytes(struct archive *archive, void *ctx, const void **bytes)
{
    struct reader *r = ctx;
    uint64_t pos = r->pos;

    (void)archive;
    *bytes = r->bytes + pos;
    r->pos = r->len;
    return (la_ssize_t)(r->len - pos);
}

static la_int64_t skip_bytes(struct archive *archive, void *ctx, la_int64_t len)
{
    struct reader *r = ctx;
    uint64_t n = len < 0 ? 0 : ss_min_u64((uint64_t)len, r->len - r->pos);

    (void)archive;
    r->pos += n;
    return (la_int64_t)n;
}

static la_int64_t seek_bytes(struct archive *archive, void *ctx, la_int64_t off, int whence)
{
    struct reader *r = ctx;
    la_int64_t len = (la_int64_t)r->len, from = 0;

    (void)archive;
    if (whence != SEEK_SET) {
        from = whence == SEEK_CUR ? (la_int64_t)r->pos : len;
    }
    if (off < -from || off > len - from) {
        return ARCHIVE_FATAL;
    }
    r->pos = (uint64_t)(from + off);
    return from + off;
}

/* Just this kind; the "empty" format stands for a stream that unpacks to nothing. False: no memory. */
static bool reader_choose(struct archive *archive, enum ss_kind kind)
{
    static int (*const supports[])(struct archive *) = {
        [SS_KIND_ZSTD] = archive_read_support_filter_zstd,
        [SS_KIND_XZ] = archive_read_support_filter_xz,
        [SS_KIND_BZIP2] = archive_read_support_filter_bzip2,
        [SS_KIND_LZ4] = archive_read_support_filter_lz4,
        [SS_KIND_COMPRESS] = archive_read_support_filter_compress,
        [SS_KIND_ZIP] = archive_read_support_format_zip,
        [SS_KIND_TAR] = archive_read_support_format_tar,
    };

    assert(kind < sizeof(supports) / sizeof(supports[0]) && supports[kind] != NULL);
    return supports[kind](archive) >= ARCHIVE_WARN &&
           (!ss_kind_is_stream(kind) || (archive_read_support_format_raw(archive) == ARCHIVE_OK &&
                                         archive_read_support_format_empty(archive) == ARCHIVE_OK));
}

static void reader_close(struct reader *r)
{
    archive_entry_free(r->entry);
    archive_read_free(r->archive);
}

/* Opens the bytes for reading; damage shows at the first header. Errors: NOMEM, nothing is open then. */
static enum ss_status reader_open(struct reader *r, const struct ss_source *packed,
                                  enum ss_kind kind, struct ss_error *err)
{
    *r = (struct reader){.bytes = packed->base, .len = packed->len};
    if (!ss_memory_ahead(READER_MEMORY_LEN)) {
        return ss_nomem(err, READER_MEMORY_LEN);
    }
    r->archive = archive_read_new();
    r->entry = archive_entry_new2(r->archive);
    if (r->archive != NULL && r->entry != NULL && reader_choose(r->archive, kind) &&
        archive_read_set_callback_data(r->archive, r) == ARCHIVE_OK) {
        archive_read_set_read_callback(r->archive, give_bytes);
        archive_read_set_skip_callback(r->archive, skip_bytes);
        archive_read_set_seek_callback(r->archive, seek_bytes);
        errno = 0;
        if (archive_read_open1(r->archive) == ARCHIVE_OK || errno != ENOMEM) {
            return SS_OK;
        }
    }
    reader_close(r);
    return ss_nomem(err, 0);
}

enum ss_status ss_unpack_damaged(struct ss_error *err, const char *name, uint64_t pos,
                                 uint64_t made, const char *what)
{
    char place[48] = "", got[80] = "";

    if (pos != SS_NONE) {
        snprintf(place, sizeof(place), " near its byte %" PRIu64, pos);
    }
    if (made > 0) {
        snprintf(got, sizeof(got), "; the first %" PRIu64 " bytes of what it holds came out", made);
    }
    return ss_corrupt(err, SS_E_ARCHIVE, SS_NONE, SS_NONE, "the %s data is damaged%s: %s%s", name,
                      place, what, got);
}

/*
 * Decoders that give up at a bound of their own, by libarchive's words for it: nothing is damaged. zstd
 * takes windows up to 128 MiB; an old liblzma takes 1 GiB of memory; those of the other formats are small.
 */
static const struct {
    enum ss_kind kind;
    const char *words, *bound, *program;
} decoder_bounds[] = {
    {SS_KIND_ZSTD, "too much memory", "a window of at most 128 MiB", "zstd -d --long=31"},
    {SS_KIND_XZ, "Out of memory", "at most 1 GiB", "xz -d"},
};

/* SS_OK when it was no such bound. */
static enum ss_status decoder_bound(enum ss_kind kind, const char *words, struct ss_error *err)
{
    for (size_t i = 0; i < sizeof(decoder_bounds) / sizeof(decoder_bounds[0]); i++) {
        if (decoder_bounds[i].kind != kind || strstr(words, decoder_bounds[i].words) == NULL) {
            continue;
        }
        ss_system(
            err, SS_E_LIMIT, 0,
            "the %s data asks for more memory than is given to unpack it; nothing is known to "
            "be damaged, and %s unpacks it",
            ss_kind_name(kind), decoder_bounds[i].program);
        ss_error_expect(err, "%s", decoder_bounds[i].bound);
        return SS_SYSTEM;
    }
    return SS_OK;
}

/* libarchive's own words, and how far it had got, unless it has let go of the stream already. */
static enum ss_status damaged(struct ss_error *err, struct archive *reader, enum ss_kind kind,
                              uint64_t made)
{
    const char *words = archive_error_string(reader);
    int64_t used = archive_filter_bytes(reader, -1);
    char shown[256];

    if (words == NULL) {
        words = "it ends early";
    }
    if (decoder_bound(kind, words, err) != SS_OK) {
        return SS_SYSTEM;
    }
    if (archive_errno(reader) == ENOMEM) {
        return ss_system(err, SS_E_NOMEM, 0, "out of memory while unpacking");
    }
    ss_text_escape(words, strlen(words), shown, sizeof(shown));
    return ss_unpack_damaged(err, ss_kind_name(kind), used < 0 ? SS_NONE : (uint64_t)used, made,
                             shown);
}

/* The data of the entry that the reader stands at. */
static enum ss_status entry_copy(struct archive *reader, enum ss_kind kind, uint64_t packed_len,
                                 struct ss_spool *spool, struct ss_error *err)
{
    for (;;) {
        const void *bytes;
        enum ss_status status;
        int64_t off;
        size_t len;
        int code = archive_read_data_block(reader, &bytes, &len, &off);

        if (code == ARCHIVE_EOF) {
            return SS_OK;
        }
        if (code == ARCHIVE_RETRY) {
            continue;
        }
        if (code != ARCHIVE_OK || off < 0) {
            return damaged(err, reader, kind, spool->len);
        }
        status = ss_spool_put(spool, bytes, len, (uint64_t)off, err);
        if (status == SS_OK) {
            status = ss_spool_progress(spool->call, "unpacking",
                                       (uint64_t)archive_filter_bytes(reader, -1), packed_len, err);
        }
        if (status != SS_OK) {
            return status;
        }
    }
}

/* libarchive stops at the end of a stream; what follows must be padding. */
static enum ss_status tail_check(const struct ss_source *packed, struct archive *reader,
                                 enum ss_kind kind, uint64_t made, struct ss_error *err)
{
    int64_t used = archive_filter_bytes(reader, -1);

    for (uint64_t pos = used < 0 ? 0 : (uint64_t)used; pos < packed->len; pos++) {
        if (packed->base[pos] != 0) {
            return ss_unpack_damaged(err, ss_kind_name(kind), pos, made,
                                     "other data follows its end");
        }
    }
    return SS_OK;
}

enum ss_status ss_unpack_stream(const struct ss_source *packed, enum ss_kind kind,
                                struct ss_spool *spool, struct ss_error *err)
{
    enum ss_status status;
    struct reader r;
    int code;

    if (kind == SS_KIND_GZIP || kind == SS_KIND_ZLIB) {
        return ss_unpack_deflate(packed, kind, spool, err);
    }
    status = reader_open(&r, packed, kind, err);
    if (status != SS_OK) {
        return status;
    }
    /* Too short for its filter, or damaged before its first byte: the filter is not there. */
    if (archive_filter_code(r.archive, 0) == ARCHIVE_FILTER_NONE) {
        code = ARCHIVE_FATAL;
    } else {
        code = archive_read_next_header2(r.archive, r.entry);
    }
    if (code == ARCHIVE_OK || code == ARCHIVE_WARN) {
        status = entry_copy(r.archive, kind, packed->len, spool, err);
    } else if (code != ARCHIVE_EOF) {
        status = damaged(err, r.archive, kind, 0);
    }
    if (status == SS_OK) {
        status = tail_check(packed, r.archive, kind, spool->len, err);
    }
    reader_close(&r);
    return status;
}

/* The name as stored; in UTF-8 where the current locale cannot express it. Never NULL. */
static const char *entry_name(struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);

    if (name == NULL) {
        name = archive_entry_pathname_utf8(entry);
    }
    return name != NULL ? name : "";
}

static const char *name_bare(const char *name)
{
    return strncmp(name, "./", 2) == 0 ? name + 2 : name;
}

/* Adds a file to the text, as long as there is room for it and for "and N more" after it. */
static void listing_add(struct listing *list, struct archive_entry *entry)
{
    const char *name = entry_name(entry);
    char shown[SHOWN_MAX], size[48] = "", item[SHOWN_MAX + 64];
    int len;

    list->count++;
    if (list->shown >= LIST_MAX || list->shown + 1 < list->count) {
        return;
    }
    ss_text_escape(name, strlen(name), shown, sizeof(shown));
    if (archive_entry_size_is_set(entry)) {
        snprintf(size, sizeof(size), " (%" PRId64 " bytes)", (int64_t)archive_entry_size(entry));
    }
    len = snprintf(item, sizeof(item), "%s%s%s", list->shown == 0 ? "" : ", ", shown, size);
    if (len < 0 || (size_t)len >= sizeof(list->text) - list->text_len) {
        return;
    }
    memcpy(list->text + list->text_len, item, (size_t)len + 1);
    list->text_len += (size_t)len;
    list->shown++;
}

/* Counts a file that is a segment of the named member's log. */
static void listing_note_wal(struct listing *list, const char *name)
{
    size_t dir_len = list->wal_dir == NULL ? 0 : strlen(list->wal_dir);

    if (dir_len > 0 && strncmp(name, list->wal_dir, dir_len) == 0 && name[dir_len] == '/' &&
        ss_member_dir_is_segment(name + dir_len + 1)) {
        list->wal_count++;
    }
}

/* Reads every header. member NULL: any regular file will do. */
static enum ss_status listing_read(const struct ss_source *packed, enum ss_kind kind,
                                   const struct ss_open_opts *opts, const struct ss_call *call,
                                   struct listing *list, struct ss_error *err)
{
    struct reader r;
    struct archive_entry *entry;
    enum ss_status status = reader_open(&r, packed, kind, err);

    if (status != SS_OK) {
        return status;
    }
    entry = r.entry;
    for (uint64_t i = 0; status == SS_OK; i++) {
        int code = archive_read_next_header2(r.archive, entry);

        if (code == ARCHIVE_EOF) {
            break;
        }
        if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
            status = damaged(err, r.archive, kind, 0);
        } else if (archive_entry_filetype(entry) == AE_IFREG) {
            listing_add(list, entry);
            listing_note_wal(list, name_bare(entry_name(entry)));
            if (opts->member == NULL ||
                strcmp(name_bare(entry_name(entry)), name_bare(opts->member)) == 0) {
                list->entry = i;
                list->match_count++;
            }
        }
        if (status == SS_OK && i % 256 == 0) {
            status = ss_spool_progress(
                call, "listing", (uint64_t)archive_filter_bytes(r.archive, -1), packed->len, err);
        }
    }
    reader_close(&r);
    return status;
}

/* Whether the listing leaves one choice. */
static enum ss_status listing_judge(const struct listing *list, const char *member,
                                    struct ss_error *err)
{
    char more[48] = "", shown[SHOWN_MAX];

    if (list->count == 0) {
        return ss_corrupt(err, SS_E_MEMBER, SS_NONE, SS_NONE, "the archive holds no file");
    }
    if (list->count > list->shown) {
        snprintf(more, sizeof(more), " and %" PRIu64 " more", list->count - list->shown);
    }
    if (member == NULL && list->count > 1) {
        return ss_corrupt(err, SS_E_MEMBER, SS_NONE, SS_NONE,
                          "the archive holds %" PRIu64 " files, and none was named: %s%s",
                          list->count, list->text, more);
    }
    if (list->match_count == 1 || member == NULL) {
        return SS_OK;
    }
    ss_text_escape(member, strlen(member), shown, 80);
    if (list->match_count > 1) {
        return ss_corrupt(err, SS_E_MEMBER, SS_NONE, SS_NONE,
                          "the archive holds %" PRIu64 " files named %s, of which any may be meant",
                          list->match_count, shown);
    }
    return ss_corrupt(err, SS_E_MEMBER, SS_NONE, SS_NONE, "the archive holds no file %s, but: %s%s",
                      shown, list->text, more);
}

static enum ss_status method_refused(const char *method, struct ss_error *err)
{
    ss_system(
        err, SS_E_LIMIT, 0,
        "the file in the archive is compressed by a method that takes as much memory as it asks "
        "for, and is not unpacked: %s; another program has to unpack it",
        method);
    ss_error_expect(err, "a method of bounded memory");
    return SS_SYSTEM;
}

/*
 * Methods of zip whose decoders allocate what the entry asks for, up to 4 GiB, and are given no bound by
 * libarchive. Its name of the format has that of the entry's method: "ZIP 6.3 (lzma)".
 */
static enum ss_status method_check(struct archive *reader, enum ss_kind kind, struct ss_error *err)
{
    static const char *const unbounded[] = {"(lzma)", "(xz)", "(ppmd-1)"};
    const char *name = archive_format_name(reader);

    for (size_t i = 0; i < sizeof(unbounded) / sizeof(unbounded[0]); i++) {
        if (kind == SS_KIND_ZIP && name != NULL && strstr(name, unbounded[i]) != NULL) {
            return method_refused(unbounded[i], err);
        }
    }
    return SS_OK;
}

/* The chosen entry's data; a size that was promised must be there. */
static enum ss_status member_copy(struct archive *reader, struct archive_entry *entry,
                                  enum ss_kind kind, uint64_t packed_len, struct ss_spool *spool,
                                  struct ss_error *err)
{
    bool sized = archive_entry_size_is_set(entry) != 0;
    int64_t size = archive_entry_size(entry);
    bool sparse = archive_entry_sparse_count(entry) > 0;
    enum ss_status status;

    if (archive_entry_is_encrypted(entry) > 0) {
        ss_corrupt(err, SS_E_ARCHIVE, SS_NONE, SS_NONE,
                   "the file in the archive is encrypted; unpack it with its password first");
        return ss_error_expect(err, "a file that is not encrypted");
    }
    status = method_check(reader, kind, err);
    if (status == SS_OK) {
        status = entry_copy(reader, kind, packed_len, spool, err);
    }
    if (status != SS_OK || !sized || size < 0) {
        return status;
    }
    if (sparse) {
        return ss_spool_extend(spool, (uint64_t)size, err);
    }
    if (spool->len != (uint64_t)size) {
        return ss_corrupt(err, SS_E_ARCHIVE, SS_NONE, SS_NONE,
                          "the archive gives %" PRIu64 " bytes of a file of %" PRId64, spool->len,
                          size);
    }
    return SS_OK;
}

/* Finds the member to take. */
static enum ss_status listing_choose(const struct ss_source *packed, enum ss_kind kind,
                                     const struct ss_open_opts *opts, const struct ss_call *call,
                                     struct listing *list, struct ss_error *err)
{
    enum ss_status status;

    if (opts->member != NULL) {
        list->wal_dir = ss_member_dir_wal(opts->member);
        if (list->wal_dir == NULL) {
            return ss_nomem(err, strlen(opts->member));
        }
    }
    status = listing_read(packed, kind, opts, call, list, err);
    free(list->wal_dir);
    list->wal_dir = NULL;
    return status == SS_OK ? listing_judge(list, opts->member, err) : status;
}

enum ss_status ss_unpack_member(const struct ss_source *packed, enum ss_kind kind,
                                struct ss_spool *spool, char **member, uint64_t *wal_count,
                                struct ss_error *err)
{
    struct listing list = {0};
    struct reader r;
    enum ss_status status = listing_choose(packed, kind, spool->opts, spool->call, &list, err);

    *wal_count = list.wal_count;
    if (status == SS_OK) {
        status = reader_open(&r, packed, kind, err);
    }
    if (status != SS_OK) {
        return status;
    }
    for (uint64_t i = 0; status == SS_OK && i <= list.entry; i++) {
        int code = archive_read_next_header2(r.archive, r.entry);

        if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
            status = damaged(err, r.archive, kind, 0);
        }
    }
    if (status == SS_OK) {
        *member = strdup(entry_name(r.entry));
        status = *member == NULL ? ss_nomem(err, strlen(entry_name(r.entry)) + 1)
                                 : member_copy(r.archive, r.entry, kind, packed->len, spool, err);
    }
    reader_close(&r);
    return status;
}
