/*
 * sniff.c - what some bytes are, from their first 16 MiB at most.
 *
 *   offset 0           16          P = 1024 << i           P + 16
 *   ┌──────────────────┬───────────┬───────────────────────┬──────────
 *   │ page 0 header    │ meta 0    │ page 1, if pages are P│ meta 1     i = 0 .. 14
 *   └──────────────────┴───────────┴───────────────────────┴──────────
 *                      0xED0CDAED                          0xED0CDAED
 *
 * In this order: meta 0; a tar header with a right checksum; the fixed first bytes of what is packed or
 * of another known format; the magic of meta 1 at every page size; the rest. A stored file inside a zip
 * or a tar may well start at a page's offset, so what begins as a container is one, unless meta 1 stands
 * whole and valid where its own page size puts it: then it can only be a database whose page 0 is gone.
 */
#include "source/source.h"
#include "util/endian.h"
#include "util/fnv.h"

#define META_MAGIC UINT32_C(0xED0CDAED)

enum {
    META_POS = 16,
    META_END = 80,
    META_CHECKED_LEN = 56,
    META_VERSION = 2,
    MIN_PAGE = 1024,
    PAGE_SHIFTS = 15
};
enum {
    TAR_HEADER_LEN = 512,
    TAR_SUM_POS = 148,
    TAR_SUM_LEN = 8
};
enum {
    TEXT_LEN = 4096,
    UTF8_LEN = 4
};
/* Text at the start of a block: how much of it is enough with zeroes behind it, and before other bytes. */
enum {
    LINE_ALONE = 16,
    LINE_BEFORE = 32,
    LINE_MAX_LEN = 64
};

static bool magic_at(struct ss_span file, uint64_t off)
{
    struct ss_span at;

    if (!ss_span_sub(file, off, 4, &at)) {
        return false;
    }
    return ss_load_u32(at.ptr, false) == META_MAGIC || ss_load_u32(at.ptr, true) == META_MAGIC;
}

static bool has_meta_1(struct ss_span file)
{
    for (unsigned i = 0; i < PAGE_SHIFTS; i++) {
        if (magic_at(file, ((uint64_t)MIN_PAGE << i) + META_POS)) {
            return true;
        }
    }
    return false;
}

/* Whether a whole meta 1 stands at off: its page's id, and a page size that is this very offset. [F4] */
static bool is_meta_1(struct ss_span file, uint64_t off)
{
    struct ss_span page;
    const uint8_t *meta;
    bool big;

    if (!ss_span_sub(file, off, META_END, &page)) {
        return false;
    }
    meta = page.ptr + META_POS;
    big = ss_load_u32(meta, true) == META_MAGIC;
    return ss_load_u32(meta, big) == META_MAGIC && ss_load_u32(meta + 4, big) == META_VERSION &&
           ss_load_u32(meta + 8, big) == off && ss_load_u64(page.ptr, big) == 1 &&
           ss_load_u64(meta + META_CHECKED_LEN, big) == ss_fnv1a_64(meta, META_CHECKED_LEN);
}

static bool has_valid_meta_1(struct ss_span file)
{
    for (unsigned i = 0; i < PAGE_SHIFTS; i++) {
        if (is_meta_1(file, (uint64_t)MIN_PAGE << i)) {
            return true;
        }
    }
    return false;
}

/* The octal number in a tar header's checksum field; false when there is none. */
static bool tar_sum_stored(const uint8_t *header, uint32_t *out)
{
    const uint8_t *field = header + TAR_SUM_POS;
    size_t i = 0;
    uint32_t sum = 0;
    bool any = false;

    while (i < TAR_SUM_LEN && field[i] == ' ') {
        i++;
    }
    for (; i < TAR_SUM_LEN && field[i] >= '0' && field[i] <= '7'; i++) {
        sum = sum * 8 + (uint32_t)(field[i] - '0');
        any = true;
    }
    *out = sum;
    return any && (i == TAR_SUM_LEN || field[i] == ' ' || field[i] == '\0');
}

/* Old writers summed the bytes as signed; readers take either. */
static bool is_tar(struct ss_span file)
{
    struct ss_span header;
    uint32_t stored, sum = 0;
    int32_t signed_sum = 0;

    if (!ss_span_sub(file, 0, TAR_HEADER_LEN, &header) || !tar_sum_stored(header.ptr, &stored)) {
        return false;
    }
    for (size_t i = 0; i < TAR_HEADER_LEN; i++) {
        bool blank = i >= TAR_SUM_POS && i < TAR_SUM_POS + TAR_SUM_LEN;
        uint8_t byte = blank ? ' ' : header.ptr[i];

        sum += byte;
        signed_sum += byte < 128 ? byte : byte - 256;
    }
    return stored == sum || (signed_sum >= 0 && stored == (uint32_t)signed_sum);
}

/* Fixed first bytes. bzip2 names its block size in the fourth. */
static enum ss_kind kind_by_magic(struct ss_span file)
{
    static const struct {
        enum ss_kind kind;
        uint8_t len;
        char bytes[16];
    } magics[] = {
        {SS_KIND_GZIP, 3, "\x1f\x8b\x08"},
        {SS_KIND_ZSTD, 4, "\x28\xb5\x2f\xfd"},
        {SS_KIND_XZ, 6,
         "\xfd"
         "7zXZ"},
        {SS_KIND_LZ4, 4, "\x04\x22\x4d\x18"},
        {SS_KIND_LZ4, 4, "\x02\x21\x4c\x18"},
        {SS_KIND_ZIP, 4, "PK\x03\x04"},
        {SS_KIND_ZIP, 4, "PK\x05\x06"},
        {SS_KIND_ZIP, 4, "PK\x07\x08"},
        {SS_KIND_SQLITE, 16, "SQLite format 3"},
    };

    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
        if (ss_span_has_prefix(file, magics[i].bytes, magics[i].len)) {
            return magics[i].kind;
        }
    }
    if (file.len >= 10 && ss_span_has_prefix(file, "BZh", 3) && file.ptr[3] >= '1' &&
        file.ptr[3] <= '9' &&
        (memcmp(file.ptr + 4, "1AY&SY", 6) == 0 ||
         memcmp(file.ptr + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0)) {
        return SS_KIND_BZIP2;
    }
    /* Maximum code width, and two bits that no version uses. */
    if (file.len >= 3 && ss_span_has_prefix(file, "\x1f\x9d", 2) && (file.ptr[2] & 0x60) == 0 &&
        (file.ptr[2] & 0x1f) >= 9 && (file.ptr[2] & 0x1f) <= 16) {
        return SS_KIND_COMPRESS;
    }
    /* A skippable frame, as pzstd puts first; a zstd or LZ4 frame follows, zstd far more often. */
    if (file.len >= 4 && (ss_load_u32(file.ptr, false) & UINT32_C(0xFFFFFFF0)) == 0x184D2A50) {
        return SS_KIND_ZSTD;
    }
    return SS_KIND_UNKNOWN;
}

/* A varint of at most 10 bytes at *pos, which moves behind it. */
static bool varint_at(struct ss_span file, uint64_t *pos, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && *pos < file.len; shift += 7) {
        uint8_t byte = file.ptr[(*pos)++];

        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

/*
 * A member's .snap file: snappb.Snapshot {1: crc, 2: data}, of which the data reaches the file's end and
 * begins with field 1 or 2 of raftpb.Snapshot.
 *
 *   08 crc │ 12 length │ 0a … or 12 …
 */
static bool is_raft_snapshot(struct ss_span file)
{
    uint64_t pos = 1, crc, len;

    return file.len > 4 && file.ptr[0] == 0x08 && varint_at(file, &pos, &crc) &&
           crc <= UINT32_MAX && pos < file.len && file.ptr[pos++] == 0x12 &&
           varint_at(file, &pos, &len) && len > 0 && len == file.len - pos &&
           (file.ptr[pos] == 0x0a || file.ptr[pos] == 0x12);
}

/*
 * A WAL segment begins with a frame of one record of type 4, which holds the CRC that the segment before
 * it came to, padded to 8 bytes:
 *
 *   length u64, little-endian, 0x80 | padding in its top byte │ 08 04 10 crc │ padding
 */
static bool is_raft_wal(struct ss_span file)
{
    uint64_t pos = 11, head, len, padding, crc;

    if (file.len < 16 || memcmp(file.ptr + 8, "\x08\x04\x10", 3) != 0) {
        return false;
    }
    head = ss_load_u64(file.ptr, false);
    len = head & UINT64_C(0x00FFFFFFFFFFFFFF);
    padding = head >> 56 & 7;
    return varint_at(file, &pos, &crc) && pos == 8 + len && (len + padding) % 8 == 0 &&
           head >> 63 == (padding != 0);
}

/* etcd-backup-restore writes its events as one JSON array, and 32 bytes of SHA-256 behind it. */
static bool is_delta(struct ss_span file)
{
    return ss_span_has_prefix(file, "[{\"etcdEvent\":", 14);
}

static enum ss_kind kind_by_form(struct ss_span file)
{
    if (is_raft_wal(file)) {
        return SS_KIND_RAFT_WAL;
    }
    if (is_raft_snapshot(file)) {
        return SS_KIND_RAFT_SNAPSHOT;
    }
    return is_delta(file) ? SS_KIND_DELTA : SS_KIND_UNKNOWN;
}

/*
 * Two bytes are little to go by: so text is ruled out before, and the first block must be of a type that
 * there is. The four headers that zlib writes for its levels, with a window of 32 KiB. [RFC 1950]
 */
static bool is_zlib(struct ss_span file)
{
    static const uint8_t flags[] = {0x01, 0x5e, 0x9c, 0xda};

    return file.len >= 3 && file.ptr[0] == 0x78 &&
           memchr(flags, file.ptr[1], sizeof(flags)) != NULL && (file.ptr[2] >> 1 & 3) != 3;
}

/* Whether every place that can hold a meta page holds zeroes. */
static bool is_zeroes(struct ss_span file)
{
    for (unsigned i = 0; i <= PAGE_SHIFTS; i++) {
        uint64_t off = i == 0 ? 0 : (uint64_t)MIN_PAGE << (i - 1);

        for (uint64_t pos = off; pos < off + META_END && pos < file.len; pos++) {
            if (file.ptr[pos] != 0) {
                return false;
            }
        }
    }
    return true;
}

/* Up to the first control byte that no text has. */
static size_t lead_of_text(struct ss_span bytes)
{
    size_t len = 0;

    for (; len < bytes.len; len++) {
        uint8_t byte = bytes.ptr[len];

        if ((byte < 0x20 && !(byte >= '\b' && byte <= '\r') && byte != 0x1b) || byte == 0x7f) {
            break;
        }
    }
    return len;
}

/* Clean UTF-8; the last character may be cut when the text goes on behind it. */
static bool is_clean(const uint8_t *text, size_t len, bool goes_on)
{
    for (size_t cut = 0; cut < UTF8_LEN && cut < len; cut++) {
        if (ss_text_is_clean(text, len - cut)) {
            return true;
        }
        if (!goes_on) {
            return false;
        }
    }
    return false;
}

/* By its first bytes: clean UTF-8 without control bytes that no text has. */
static bool is_text(struct ss_span file)
{
    struct ss_span head = {file.ptr, ss_min_u64(file.len, TEXT_LEN), file.off};

    return lead_of_text(head) == head.len &&
           is_clean(head.ptr, (size_t)head.len, head.len == TEXT_LEN);
}

enum ss_kind ss_source_sniff(const struct ss_source *src)
{
    struct ss_span file = ss_source_span(src);
    enum ss_kind kind;

    if (file.len == 0) {
        return SS_KIND_EMPTY;
    }
    if (magic_at(file, META_POS)) {
        return SS_KIND_BBOLT;
    }
    if (is_tar(file)) {
        return SS_KIND_TAR;
    }
    kind = kind_by_magic(file);
    if (kind == SS_KIND_UNKNOWN) {
        kind = kind_by_form(file);
    }
    if (kind != SS_KIND_UNKNOWN) {
        return has_valid_meta_1(file) ? SS_KIND_BBOLT : kind;
    }
    if (has_meta_1(file)) {
        return SS_KIND_BBOLT;
    }
    if (is_zeroes(file)) {
        return SS_KIND_ZEROES;
    }
    if (is_text(file)) {
        return SS_KIND_TEXT;
    }
    return is_zlib(file) ? SS_KIND_ZLIB : SS_KIND_UNKNOWN;
}

enum ss_kind ss_sniff_block(struct ss_span block)
{
    enum ss_kind kind = is_tar(block) ? SS_KIND_TAR : kind_by_magic(block);
    size_t lead = lead_of_text(block), end = (size_t)block.len;

    if (kind != SS_KIND_UNKNOWN) {
        return kind;
    }
    while (end > 0 && block.ptr[end - 1] == 0) {
        end--;
    }
    if (end == 0) {
        return SS_KIND_ZEROES;
    }
    if (lead < (end == lead ? LINE_ALONE : LINE_BEFORE)) {
        return SS_KIND_UNKNOWN;
    }
    end = (size_t)ss_min_u64(lead, LINE_MAX_LEN);
    return is_clean(block.ptr, end, end < lead) ? SS_KIND_TEXT : SS_KIND_UNKNOWN;
}

const char *ss_kind_name(enum ss_kind kind)
{
    static const char *const names[] = {
        [SS_KIND_UNKNOWN] = "unknown",   [SS_KIND_BBOLT] = "bbolt",
        [SS_KIND_EMPTY] = "empty",       [SS_KIND_ZEROES] = "zeroes",
        [SS_KIND_TEXT] = "text",         [SS_KIND_GZIP] = "gzip",
        [SS_KIND_ZSTD] = "zstd",         [SS_KIND_XZ] = "xz",
        [SS_KIND_BZIP2] = "bzip2",       [SS_KIND_LZ4] = "lz4",
        [SS_KIND_ZIP] = "zip",           [SS_KIND_TAR] = "tar",
        [SS_KIND_SQLITE] = "sqlite",     [SS_KIND_ZLIB] = "zlib",
        [SS_KIND_COMPRESS] = "compress", [SS_KIND_RAFT_SNAPSHOT] = "raft-snapshot",
        [SS_KIND_RAFT_WAL] = "raft-wal", [SS_KIND_DELTA] = "gardener-delta",
    };

    if ((unsigned)kind >= sizeof(names) / sizeof(names[0])) {
        return names[SS_KIND_UNKNOWN];
    }
    return names[kind];
}
