/*
 * sniff.c - what some bytes are, from their first 16 MiB at most.
 *
 *   offset 0           16          P = 1024 << i           P + 16
 *   ┌──────────────────┬───────────┬───────────────────────┬──────────
 *   │ page 0 header    │ meta 0    │ page 1, if pages are P│ meta 1     i = 0 .. 14
 *   └──────────────────┴───────────┴───────────────────────┴──────────
 *                      0xED0CDAED                          0xED0CDAED
 *
 * A bbolt file is recognised before anything else, by meta 0, so that it is never taken for an
 * archive. With meta 0 gone, meta 1 is looked for at every page size; only a tar header with a right
 * checksum comes before that, because the first file inside a tar may well start at such a place.
 */
#include "source/source.h"
#include "util/endian.h"

#define META_MAGIC UINT32_C(0xED0CDAED)

enum {
    META_POS = 16,
    META_END = 80,
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

static bool magic_at(struct ss_span file, uint64_t off)
{
    struct ss_span at;

    if (!ss_span_sub(file, off, 4, &at))
        return false;
    return ss_load_u32(at.ptr, false) == META_MAGIC || ss_load_u32(at.ptr, true) == META_MAGIC;
}

static bool has_meta_1(struct ss_span file)
{
    for (unsigned i = 0; i < PAGE_SHIFTS; i++) {
        if (magic_at(file, ((uint64_t)MIN_PAGE << i) + META_POS))
            return true;
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

    while (i < TAR_SUM_LEN && field[i] == ' ')
        i++;
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

    if (!ss_span_sub(file, 0, TAR_HEADER_LEN, &header) || !tar_sum_stored(header.ptr, &stored))
        return false;
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
        if (ss_span_has_prefix(file, magics[i].bytes, magics[i].len))
            return magics[i].kind;
    }
    if (file.len >= 10 && ss_span_has_prefix(file, "BZh", 3) && file.ptr[3] >= '1' &&
        file.ptr[3] <= '9' &&
        (memcmp(file.ptr + 4, "1AY&SY", 6) == 0 ||
         memcmp(file.ptr + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0))
        return SS_KIND_BZIP2;
    /* A skippable frame, as pzstd puts first; a zstd or LZ4 frame follows, zstd far more often. */
    if (file.len >= 4 && (ss_load_u32(file.ptr, false) & UINT32_C(0xFFFFFFF0)) == 0x184D2A50)
        return SS_KIND_ZSTD;
    return SS_KIND_UNKNOWN;
}

/* Whether every place that can hold a meta page holds zeroes. */
static bool is_zeroes(struct ss_span file)
{
    for (unsigned i = 0; i <= PAGE_SHIFTS; i++) {
        uint64_t off = i == 0 ? 0 : (uint64_t)MIN_PAGE << (i - 1);

        for (uint64_t pos = off; pos < off + META_END && pos < file.len; pos++) {
            if (file.ptr[pos] != 0)
                return false;
        }
    }
    return true;
}

/* Clean UTF-8 without control bytes that no text has; the last character may be cut by the bound. */
static bool is_text(struct ss_span file)
{
    size_t len = (size_t)ss_min_u64(file.len, TEXT_LEN);

    for (size_t i = 0; i < len; i++) {
        uint8_t byte = file.ptr[i];

        if ((byte < 0x20 && !(byte >= '\b' && byte <= '\r') && byte != 0x1b) || byte == 0x7f)
            return false;
    }
    for (size_t cut = 0; cut < UTF8_LEN && cut < len; cut++) {
        if (ss_text_is_clean(file.ptr, len - cut))
            return true;
        if (len < TEXT_LEN)
            return false;
    }
    return false;
}

enum ss_kind ss_source_sniff(const struct ss_source *src)
{
    struct ss_span file = ss_source_span(src);
    enum ss_kind kind;

    if (file.len == 0)
        return SS_KIND_EMPTY;
    if (magic_at(file, META_POS))
        return SS_KIND_BBOLT;
    if (is_tar(file))
        return SS_KIND_TAR;
    if (has_meta_1(file))
        return SS_KIND_BBOLT;
    kind = kind_by_magic(file);
    if (kind != SS_KIND_UNKNOWN)
        return kind;
    if (is_zeroes(file))
        return SS_KIND_ZEROES;
    return is_text(file) ? SS_KIND_TEXT : SS_KIND_UNKNOWN;
}

const char *ss_kind_name(enum ss_kind kind)
{
    static const char *const names[] = {
        [SS_KIND_UNKNOWN] = "unknown", [SS_KIND_BBOLT] = "bbolt", [SS_KIND_EMPTY] = "empty",
        [SS_KIND_ZEROES] = "zeroes",   [SS_KIND_TEXT] = "text",   [SS_KIND_GZIP] = "gzip",
        [SS_KIND_ZSTD] = "zstd",       [SS_KIND_XZ] = "xz",       [SS_KIND_BZIP2] = "bzip2",
        [SS_KIND_LZ4] = "lz4",         [SS_KIND_ZIP] = "zip",     [SS_KIND_TAR] = "tar",
        [SS_KIND_SQLITE] = "sqlite",
    };

    if ((unsigned)kind >= sizeof(names) / sizeof(names[0]))
        return names[SS_KIND_UNKNOWN];
    return names[kind];
}
