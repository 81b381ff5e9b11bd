/*
 * text_mode.c - see text_mode.h.
 *
 * A sound file is left at its first byte 0x0a, which has no 0x0d before it, and by its length: nothing here costs a
 * pass over it. Holes are passed over, and the pages that are looked at are bounded.
 */
#include "verify/text_mode.h"

#include "parser/content.h"
#include "parser/page.h"
#include "util/checked.h"
#include "util/error.h"
#include "util/sha256.h"
#include "util/task.h"
#include "verify/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HASH_LEN SS_SHA256_LEN
#define HEAD_LEN (SS_PAGE_HEADER_LEN + SS_META_LEN)

enum {
    FIRST_PAGE = 2,      /* behind both metas */
    PAGES_MAX = 1 << 18, /* whose headers are looked at */
    EARLY_MAX = 256,     /* bytes that may be missing between two headers */
    META_SHIFTS = 15,    /* page sizes from 1 KiB to 16 MiB */
    STEP_LEN = 1 << 18,  /* bytes that are looked through at a time */
    FIRST_LEN = 64 << 20 /* in which the first byte 0x0a must stand */
};

/* ------------------------------------------------------------------------------- reading --- */

/* The first byte 0x0a in [from, end), or end; holes have none. */
static uint64_t next_lf(const struct ss_source *src, uint64_t from, uint64_t end)
{
    while (from < end) {
        const uint8_t *at;
        uint64_t len;

        from = ss_source_data(src, from, end);
        len = ss_min_u64(STEP_LEN, end - from);
        at = memchr(src->base + from, '\n', (size_t)len);
        if (at != NULL) {
            return (uint64_t)(at - src->base);
        }
        from += len;
    }
    return from;
}

/* The file as it was before 0x0d was added, read forwards. */
struct plain {
    const struct ss_source *src;
    uint64_t at;    /* in the file */
    uint64_t lf;    /* the next byte 0x0a, or the file's end; SS_NONE: to be looked for */
    uint64_t count; /* bytes 0x0d that were left out */
    uint64_t first; /* the first of them, or SS_NONE */
    bool bare;      /* a byte 0x0a has none before it: this is no such file */
};

static struct plain plain_of(const struct ss_file *file)
{
    return (struct plain){.src = &file->src, .lf = SS_NONE, .first = SS_NONE};
}

/* The next bytes that stand together, at most `max`; empty: the file's end, or a byte 0x0a without 0x0d. */
static struct ss_span next_run(struct plain *p, uint64_t max)
{
    const struct ss_source *src = p->src;
    uint64_t end;

    if (p->lf == SS_NONE) {
        p->lf = next_lf(src, p->at, src->len);
        if (p->lf < src->len && (p->lf == 0 || src->base[p->lf - 1] != '\r')) {
            p->bare = true;
        }
    }
    if (p->bare) {
        return (struct ss_span){src->base, 0, p->at};
    }
    if (p->lf < src->len && p->at == p->lf - 1) {
        if (p->count == 0) {
            p->first = p->at;
        }
        p->count++;
        p->at++;
    }
    end = p->lf == src->len ? src->len : p->at == p->lf ? p->lf + 1 : p->lf - 1;
    end = p->at + ss_min_u64(max, end - p->at);
    if (end == p->lf + 1) {
        p->lf = SS_NONE;
    }
    max = end - p->at;
    p->at = end;
    return (struct ss_span){src->base + end - max, max, end - max};
}

/* Copies len bytes into buf, or passes over them when it is NULL. */
static bool take(struct plain *p, uint8_t *buf, uint64_t len)
{
    while (len > 0) {
        struct ss_span run = next_run(p, len);

        if (run.len == 0) {
            return false;
        }
        if (buf != NULL) {
            memcpy(buf, run.ptr, (size_t)run.len);
            buf += run.len;
        }
        len -= run.len;
    }
    return true;
}

/* --------------------------------------------------------------------------------- added --- */

/* What the metas say without the added bytes; the one in force. */
static bool find_meta(const struct ss_file *file, struct ss_meta *out)
{
    uint8_t head[HEAD_LEN];
    struct ss_meta second;
    struct plain p = plain_of(file);
    uint64_t pos = HEAD_LEN;

    *out = (struct ss_meta){0};
    if (!take(&p, head, sizeof(head))) {
        return false;
    }
    ss_meta_of(head, 0, 0, out);
    for (unsigned i = 0; i < META_SHIFTS; i++) {
        uint64_t size = UINT64_C(1024) << i;

        if (out->valid && size > out->page_size) {
            break;
        }
        if (!take(&p, NULL, size - pos) || !take(&p, head, sizeof(head))) {
            break;
        }
        pos = size + sizeof(head);
        ss_meta_of(head, size, size, &second);
        if (second.valid && (!out->valid || (out->page_size == size && second.txid > out->txid))) {
            *out = second;
        }
    }
    return out->valid && !p.bare;
}

static bool header_fits(const uint8_t *head, uint64_t pgid, const struct ss_meta *meta,
                        uint64_t *run)
{
    *run = (uint64_t)ss_load_u32(head + 12, meta->big_endian) + 1;
    return ss_load_u64(head, meta->big_endian) == pgid && *run <= meta->high_water - pgid &&
           ss_page_count_fits(ss_load_u16(head + 8, meta->big_endian),
                              ss_load_u16(head + 10, meta->big_endian), *run * meta->page_size);
}

/* Whether the header of a page fits at this place of the file as it is. */
static bool fits_at(const struct ss_file *file, uint64_t off, uint64_t pgid,
                    const struct ss_meta *meta, uint64_t *run)
{
    struct ss_span head;

    return ss_span_sub(file->geo.bytes, off, SS_PAGE_HEADER_LEN, &head) &&
           header_fits(head.ptr, pgid, meta, run);
}

/* Page headers behind the first added byte: how many fit without these bytes, and how many as they stand. */
static void count_headers(const struct ss_file *file, const struct ss_meta *meta, struct plain *p,
                          uint64_t *plain_fits, uint64_t *raw_fits)
{
    uint64_t end = ss_min_u64(meta->high_water, PAGES_MAX), run, as_is;
    uint8_t head[SS_PAGE_HEADER_LEN];

    *plain_fits = *raw_fits = 0;
    if (!take(p, NULL, (uint64_t)FIRST_PAGE * meta->page_size)) {
        return;
    }
    for (uint64_t pgid = FIRST_PAGE; pgid < end; pgid += run) {
        bool behind = p->count > 0, fits;

        if (!take(p, head, sizeof(head))) {
            return;
        }
        fits = header_fits(head, pgid, meta, &run);
        run = fits ? run : 1;
        if (behind) {
            *plain_fits += fits;
            *raw_fits += fits_at(file, pgid * meta->page_size, pgid, meta, &as_is);
        }
        if (!take(p, NULL, run * meta->page_size - sizeof(head))) {
            return;
        }
    }
}

static enum ss_status no_sha256(struct ss_error *err)
{
    return ss_system(err, SS_E_NOMEM, 0, "out of memory (SHA-256 could not be computed)");
}

/* SHA-256 over the first `len` bytes without the added ones. */
static enum ss_status digest_plain(struct plain *p, uint64_t len, const struct ss_call *call,
                                   struct ss_sha256 *sha, struct ss_error *err)
{
    for (uint64_t done = 0; done < len;) {
        struct ss_span run = next_run(p, ss_min_u64(len - done, STEP_LEN));

        if (run.len == 0) {
            break; /* cut short meanwhile: ss_source_check has the last word */
        }
        if (done / STEP_LEN != (done + run.len) / STEP_LEN &&
            !ss_call_goes_on(call, "hashing", done, len)) {
            return ss_system(err, SS_E_CANCELLED, 0, "cancelled");
        }
        if (!ss_sha256_update(sha, run.ptr, (size_t)run.len)) {
            return no_sha256(err);
        }
        done += run.len;
    }
    return SS_OK;
}

/* Whether the hash at the end is right once the added bytes are out. */
static enum ss_status check_hash(const struct ss_file *file, uint64_t len,
                                 const struct ss_call *call, bool *right, struct ss_error *err)
{
    struct plain p = plain_of(file);
    struct ss_sha256 sha = {0};
    uint8_t digest[HASH_LEN], found[HASH_LEN];
    enum ss_status status = SS_OK;

    *right = false;
    if (!ss_sha256_init(&sha)) {
        return no_sha256(err);
    }
    status = digest_plain(&p, len, call, &sha, err);
    if (status == SS_OK && !ss_sha256_final(&sha, digest)) {
        status = no_sha256(err);
    }
    ss_sha256_fini(&sha);
    if (status == SS_OK) {
        *right = take(&p, found, sizeof(found)) && memcmp(found, digest, sizeof(found)) == 0;
    }
    return status;
}

/* 0x0d before every 0x0a, and without these all is in its place. */
static enum ss_status look_for_added(const struct ss_file *file, const struct ss_call *call,
                                     struct ss_text_mode *out, struct ss_error *err)
{
    struct plain p = plain_of(file);
    struct ss_meta meta;
    uint64_t plain_fits, raw_fits, db_len, len;
    enum ss_status status = SS_OK;

    if (!find_meta(file, &meta)) {
        return SS_OK;
    }
    count_headers(file, &meta, &p, &plain_fits, &raw_fits);
    while (next_run(&p, UINT64_MAX).len > 0) {
        ;
    }
    len = file->src.len - p.count;
    db_len = ss_mul_sat_u64(meta.high_water, meta.page_size);
    if (p.bare || p.count == 0 || raw_fits > 0 || len < db_len ||
        (len - db_len != HASH_LEN && !ss_len_is_usual(len))) {
        return SS_OK;
    }
    if (len - db_len == HASH_LEN) {
        status = check_hash(file, db_len, call, &out->hash_right, err);
    }
    if (status == SS_OK && (plain_fits > 0 || out->hash_right)) {
        out->change = SS_TEXT_MODE_ADDED;
        out->count = p.count;
        out->off = p.first;
        out->pgid = SS_NONE;
        out->fit_count = plain_fits;
    }
    return status;
}

/* ------------------------------------------------------------------------------- removed --- */

static bool has_crlf(const struct ss_source *src)
{
    for (uint64_t at = next_lf(src, 0, src->len); at < src->len;
         at = next_lf(src, at + 1, src->len)) {
        if (at > 0 && src->base[at - 1] == '\r') {
            return true;
        }
    }
    return false;
}

/* Whether there are at least `count` bytes 0x0a in [from, end). */
static bool has_lfs(const struct ss_source *src, uint64_t from, uint64_t end, uint64_t count)
{
    for (; count > 0; count--) {
        from = next_lf(src, from, end) + 1;
        if (from > end) {
            return false;
        }
    }
    return true;
}

/* By how many bytes more than `early` a page's header stands early; 0: it does not. */
static uint64_t find_early(const struct ss_file *file, const struct ss_meta *meta, uint64_t pgid,
                           uint64_t early, uint64_t *run)
{
    uint64_t off = pgid * meta->page_size - early;

    for (uint64_t more = 1; more <= EARLY_MAX; more++) {
        if (fits_at(file, off - more, pgid, meta, run)) {
            return more;
        }
    }
    return 0;
}

/* Walks the headers; false: something speaks against it. */
static bool follow_early(const struct ss_file *file, const struct ss_meta *meta,
                         struct ss_text_mode *out)
{
    uint64_t end = ss_min_u64(meta->high_water, PAGES_MAX), run, other;
    uint64_t last = 0; /* where the last header that was found stands */

    for (uint64_t pgid = FIRST_PAGE; pgid < end; pgid += run) {
        uint64_t off = pgid * meta->page_size - out->count, more;

        if (off + SS_PAGE_HEADER_LEN > file->src.len) {
            break;
        }
        more = 0;
        if (!fits_at(file, off, pgid, meta, &run)) {
            more = find_early(file, meta, pgid, out->count, &run);
            if (more == 0) {
                run = 1;
                continue;
            }
            if (!has_lfs(&file->src, last, off - more, more)) {
                return false;
            }
        }
        if (out->count > 0 && fits_at(file, pgid * meta->page_size, pgid, meta, &other)) {
            return false;
        }
        if (more > 0 && out->count == 0) {
            out->pgid = pgid;
            out->off = off - more;
        }
        out->count += more;
        out->fit_count += out->count > 0;
        last = off - more;
    }
    return out->count > 0;
}

/* How many bytes the length lacks; 0: it lacks none, as far as it tells. */
static uint64_t missing_of(const struct ss_file *file)
{
    uint64_t len = file->src.len, db_len = ss_file_db_len(file);

    if (len < db_len) {
        return db_len - len + HASH_LEN;
    }
    if (len > db_len && len - db_len < HASH_LEN) {
        return db_len + HASH_LEN - len;
    }
    return ss_len_is_usual(len) ? 0 : UINT64_MAX;
}

/* No 0d 0a is left, and pages stand early. */
static void look_for_removed(const struct ss_file *file, struct ss_text_mode *out)
{
    struct ss_text_mode found = {.change = SS_TEXT_MODE_REMOVED};

    if (file->readable && missing_of(file) > 0 &&
        follow_early(file, ss_file_in_force(file), &found) && found.count <= missing_of(file) &&
        !has_crlf(&file->src)) {
        *out = found;
    }
}

/* -------------------------------------------------------------------------------------- --- */

enum ss_status ss_text_mode(const struct ss_file *file, const struct ss_call *call,
                            struct ss_text_mode *out, struct ss_error *err)
{
    uint64_t end = ss_min_u64(file->src.len, FIRST_LEN);
    enum ss_status status = SS_OK;

    ss_error_clear(err);
    *out = (struct ss_text_mode){.off = SS_NONE, .pgid = SS_NONE};
    if (ss_call_begin(call, "hashing", err) != SS_OK) {
        return SS_SYSTEM;
    }
    if (file->kind != SS_KIND_BBOLT || next_lf(&file->src, 0, end) == end) {
        return SS_OK;
    }
    status = look_for_added(file, ss_call_or_none(call), out, err);
    if (status == SS_OK && out->change == SS_TEXT_MODE_NONE) {
        look_for_removed(file, out);
    }
    return ss_source_check(&file->src, status, err);
}

static void find_added(const struct ss_file *file, const struct ss_text_mode *found,
                       struct ss_findings *findings)
{
    char have[32], expect[32], why[96];

    snprintf(have, sizeof(have), "%" PRIu64 " bytes", file->src.len);
    snprintf(expect, sizeof(expect), "%" PRIu64 " bytes", file->src.len - found->count);
    if (found->hash_right) {
        snprintf(why, sizeof(why), "the SHA-256 at the end is right, so the source is whole");
    } else {
        snprintf(why, sizeof(why), "%" PRIu64 " page header%s where no page begins now",
                 found->fit_count, found->fit_count == 1 ? " fits" : "s fit");
    }
    ss_find(findings, SS_CHECK_FILE_TEXT_MODE,
            (struct ss_place){found->off, SS_NONE, SS_NONE, NULL}, have, expect,
            "a copy in text mode put 0x0d before each of the %" PRIu64
            " bytes 0x0a; without them %s; copy it again, in binary mode",
            found->count, why);
}

enum ss_status ss_check_text_mode(const struct ss_file *file, const struct ss_call *call,
                                  struct ss_findings *findings, struct ss_text_mode *out,
                                  struct ss_error *err)
{
    enum ss_status status = ss_text_mode(file, call, out, err);
    char have[32], expect[32];

    if (status != SS_OK || out->change == SS_TEXT_MODE_NONE) {
        return status;
    }
    if (out->change == SS_TEXT_MODE_ADDED) {
        find_added(file, out, findings);
        return SS_OK;
    }
    snprintf(have, sizeof(have), "offset %" PRIu64, out->off);
    snprintf(expect, sizeof(expect), "offset %" PRIu64, out->pgid * file->geo.page_size);
    ss_find(findings, SS_CHECK_FILE_TEXT_MODE,
            (struct ss_place){out->off, out->pgid, SS_NONE, NULL}, have, expect,
            "from this page on pages stand early, in the end by %" PRIu64
            " byte%s, and no byte 0x0a has 0x0d before it: a copy in text mode turned 0d 0a into "
            "0a; copy it again, in binary mode",
            out->count, out->count == 1 ? "" : "s");
    return SS_OK;
}
