/*
 * metas.c - the file's length and its two meta pages, see structure.h.
 */
#include "verify/hash.h"
#include "verify/structure.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HASH_LEN SS_SHA256_LEN

/* Where the bytes after the last page end: before a trailing hash when the length says there is one. */
static uint64_t content_end(const struct ss_file *file)
{
    uint64_t len = file->geo.bytes.len;

    return ss_len_ends_in_hash(len) ? len - HASH_LEN : len;
}

static void check_beyond(const struct ss_file *file, uint64_t db_len, struct ss_findings *findings)
{
    uint64_t end = content_end(file), at;
    struct ss_place place;

    if (end <= db_len || file->geo.bytes.len - db_len < HASH_LEN) {
        return; /* nothing, or what is left of a hash that was cut */
    }
    at = ss_source_not_zero(&file->src, db_len, end);
    if (at == end) {
        return;
    }
    place = (struct ss_place){at, SS_NONE, SS_NONE, NULL};
    ss_find(findings, SS_CHECK_FILE_BEYOND, place, NULL, NULL,
            "the file has %" PRIu64 " bytes beyond its high-water mark at %" PRIu64
            ", and they are not all zero",
            end - db_len, db_len);
}

static void check_length(const struct ss_file *file, struct ss_findings *findings)
{
    uint64_t db_len = ss_mul_sat_u64(file->geo.high_water, file->geo.page_size);
    uint64_t len = file->geo.bytes.len;
    struct ss_place end = {len, file->geo.page_count, SS_NONE, NULL};
    char have[40], expect[48];

    if (len >= db_len) {
        return;
    }
    snprintf(have, sizeof(have), "%" PRIu64 " bytes", len);
    snprintf(expect, sizeof(expect), "%" PRIu64 " bytes or more", db_len);
    ss_find(findings, SS_CHECK_FILE_TRUNCATED, end, have, expect,
            "the file is truncated: %" PRIu64 " of its %" PRIu64 " pages are there whole",
            file->geo.page_count, file->geo.high_water);
}

void ss_check_tail(const struct ss_file *file, const struct ss_hash_report *hash,
                   struct ss_findings *findings)
{
    /* What is missing is missing from the tree that is read; what is left over, from neither. */
    uint64_t read_len = ss_mul_sat_u64(file->geo.high_water, file->geo.page_size);
    uint64_t db_len = ss_file_db_len(file);
    uint64_t len = file->geo.bytes.len;
    struct ss_place end = {len, SS_NONE, SS_NONE, NULL};
    char have[40];

    if (db_len < read_len) {
        db_len = read_len;
    }
    if (!file->readable || len < db_len || hash->padding_len > 0) {
        return;
    }
    if (len - db_len >= HASH_LEN && !ss_len_is_usual(len)) {
        snprintf(have, sizeof(have), "%" PRIu64 " bytes", len);
        ss_find(findings, SS_CHECK_FILE_ODD_LENGTH, end, have, "a multiple of 512, or 32 more",
                "%" PRIu64 " bytes stand behind the last page, and they are no hash", len - db_len);
    }
    check_beyond(file, db_len, findings);
}

void ss_check_file(const struct ss_file *file, struct ss_findings *findings)
{
    struct ss_place start = {0, SS_NONE, SS_NONE, NULL};

    if (file->readable) {
        check_length(file, findings);
    } else if (file->kind == SS_KIND_EMPTY) {
        ss_find(findings, SS_CHECK_FILE_EMPTY, start, NULL, NULL, "the file has no bytes");
    } else if (file->kind != SS_KIND_BBOLT) {
        ss_find(findings, SS_CHECK_FILE_NOT_BBOLT, start, ss_kind_name(file->kind), "bbolt", "%s",
                file->why_not.message);
    }
}

/* A meta that is right in itself and says another page size than the one in force. */
static bool is_of_other_size(const struct ss_file *file, const struct ss_meta *meta)
{
    return file->readable && meta->present && meta->magic == SS_META_MAGIC &&
           meta->version == SS_META_VERSION && meta->checksum == meta->computed &&
           meta->page_size != file->geo.page_size;
}

static void check_usable(const struct ss_file *file, int i, struct ss_findings *findings)
{
    const struct ss_meta *meta = &file->meta[i];
    struct ss_place at = {meta->off, (uint64_t)i, SS_NONE, NULL};
    char have[16], expect[16];

    if (meta->valid) {
        return;
    }
    if (is_of_other_size(file, meta)) {
        at.off += SS_PAGE_HEADER_LEN + 8;
        snprintf(have, sizeof(have), "%" PRIu32, meta->page_size);
        snprintf(expect, sizeof(expect), "%" PRIu32, file->geo.page_size);
        ss_find(findings, SS_CHECK_META_PAGE_SIZE, at, have, expect,
                "meta %d: %s; the other one is in force", i, meta->reason);
        return;
    }
    ss_find(findings, i == 0 ? SS_CHECK_META_0_BAD : SS_CHECK_META_1_BAD, at, NULL, NULL,
            "meta %d: %s%s", i, meta->reason, file->readable ? "; the other one is in force" : "");
}

static void check_header(const struct ss_meta *meta, int i, struct ss_findings *findings)
{
    struct ss_place at = {meta->off, (uint64_t)i, SS_NONE, NULL};
    char have[48], expect[32];

    if (!meta->valid || (meta->page_id == (uint64_t)i && meta->page_flags == SS_FLAG_META)) {
        return;
    }
    snprintf(have, sizeof(have), "id %" PRIu64 ", flags 0x%02x", meta->page_id, meta->page_flags);
    snprintf(expect, sizeof(expect), "id %d, flags 0x%02x", i, SS_FLAG_META);
    ss_find(findings, SS_CHECK_META_HEADER, at, have, expect,
            "the page header before meta %d is not that of a meta page; bbolt does not look at it",
            i);
}

/* Both are valid: what they say of the same file must agree. */
static void check_pair(const struct ss_file *file, struct ss_findings *findings)
{
    const struct ss_meta *now = ss_file_in_force(file);
    const struct ss_meta *old = &file->meta[1 - file->in_force];
    uint64_t far = now->txid - old->txid;
    struct ss_place at = {old->off, (uint64_t)(1 - file->in_force), SS_NONE, NULL};
    char have[48], expect[48];

    if (now->big_endian != old->big_endian) {
        ss_find(findings, SS_CHECK_META_BYTE_ORDER, at, NULL, NULL,
                "one meta page is big-endian, the other little-endian");
    }
    if (far != 1) {
        snprintf(have, sizeof(have), "%" PRIu64, old->txid);
        snprintf(expect, sizeof(expect), "%" PRIu64, now->txid - 1);
        ss_find(findings, SS_CHECK_META_TXID, at, have, expect,
                "the older meta's txid is not the one before the current %" PRIu64
                ": a torn copy, or a meta put back",
                now->txid);
    }
    if (now->root != old->root) {
        ss_find(findings, SS_CHECK_META_REVERT, at, NULL, NULL,
                "meta %d names root page %" PRIu64 " at txid %" PRIu64
                ", meta %d in force root page %" PRIu64 " at txid %" PRIu64
                ", as in a live db file",
                1 - file->in_force, old->root, old->txid, file->in_force, now->root, now->txid);
    } else if (now->high_water != old->high_water) {
        ss_find(findings, SS_CHECK_META_REVERT, at, NULL, NULL,
                "meta %d has high-water mark %" PRIu64 " at txid %" PRIu64
                ", meta %d in force %" PRIu64 " at txid %" PRIu64
                "; both name the same tree, from root page %" PRIu64,
                1 - file->in_force, old->high_water, old->txid, file->in_force, now->high_water,
                now->txid, now->root);
    }
}

static void find_no_meta(const struct ss_file *file, struct ss_findings *findings)
{
    struct ss_place at = {file->meta[0].off, SS_NONE, SS_NONE, NULL};
    const struct ss_page_scan *scan = &file->scan;
    char headers[128] = "";

    if (scan->page_size != 0) {
        snprintf(headers, sizeof(headers),
                 "; %" PRIu64 " of %" PRIu64
                 " places hold page headers that fit (page size %" PRIu32 ", %s-endian)",
                 scan->fit_count, scan->place_count, scan->page_size,
                 scan->big_endian ? "big" : "little");
    }
    ss_find(findings, SS_CHECK_META_NONE, at, NULL, NULL,
            "neither meta page can be used, so no tree can be walked%s", headers);
}

void ss_check_metas(const struct ss_file *file, struct ss_findings *findings)
{
    const struct ss_meta *now;
    char have[32], expect[32];
    int i;

    if (!file->readable && file->kind != SS_KIND_BBOLT) {
        return;
    }
    for (i = 0; i < 2; i++) {
        check_usable(file, i, findings);
    }
    if (!file->readable) {
        find_no_meta(file, findings);
        return;
    }
    for (i = 0; i < 2; i++) {
        check_header(&file->meta[i], i, findings);
    }
    if (file->meta[0].valid && file->meta[1].valid) {
        check_pair(file, findings);
    }
    now = ss_file_current(file);
    if (now->txid >= SS_TXID_END) {
        struct ss_place at = {now->off + SS_PAGE_HEADER_LEN + 48, (uint64_t)file->current, SS_NONE,
                              NULL};

        snprintf(have, sizeof(have), "%" PRIu64, now->txid);
        snprintf(expect, sizeof(expect), "below %" PRIu64, SS_TXID_END);
        ss_find(
            findings, SS_CHECK_META_TXID_END, at, have, expect,
            "bbolt counts its transactions on from here, and behind 2^64 - 1 takes an older meta "
            "for the newest: commits are lost in silence");
    }
    if (now->high_water < 3) {
        struct ss_place at = {now->off + SS_PAGE_HEADER_LEN + 40, (uint64_t)file->current, SS_NONE,
                              NULL};

        snprintf(have, sizeof(have), "%" PRIu64, now->high_water);
        ss_find(findings, SS_CHECK_META_HIGH_WATER, at, have, "at least 3",
                "high-water leaves no room for any tree");
    }
}
