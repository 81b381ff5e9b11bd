/*
 * test_sniff.c - ss_source_sniff: what first bytes say, and that a bbolt file is never an archive.
 */
#include "source/source.h"
#include "util/endian.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAGIC UINT32_C(0xED0CDAED)

static enum ss_kind kind_of(const void *bytes, size_t len)
{
    struct ss_source src;
    struct ss_error err;
    enum ss_kind kind;

    assert_int_equal(ss_source_open_memory(&src, bytes, len, "memory", &err), SS_OK);
    kind = ss_source_sniff(&src);
    ss_source_close(&src);
    return kind;
}

/* A ustar header of an empty file "f", checksum right. */
static void put_tar_header(uint8_t *header)
{
    static const uint8_t fields[] = "f";
    unsigned sum = 0;

    memset(header, 0, 512);
    memcpy(header, fields, 1);
    memcpy(header + 257, "ustar\00000", 8);
    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < 512; i++) {
        sum += header[i];
    }
    for (size_t i = 0; i < 6; i++) {
        header[148 + i] = (uint8_t)('0' + (sum >> (3 * (5 - i)) & 7));
    }
    header[154] = 0;
}

static void test_first_bytes(void **state)
{
    static const struct {
        enum ss_kind kind;
        size_t len;
        const char *bytes;
    } cases[] = {
        {SS_KIND_EMPTY, 0, ""},
        {SS_KIND_GZIP, 4, "\x1f\x8b\x08\x00"},
        {SS_KIND_UNKNOWN, 4, "\x1f\x8b\x07\x00"},
        {SS_KIND_UNKNOWN, 2, "\x1f\x8b"},
        {SS_KIND_ZSTD, 5, "\x28\xb5\x2f\xfd\x24"},
        {SS_KIND_ZSTD, 8, "\x5a\x2a\x4d\x18\x04\x00\x00\x00"},
        {SS_KIND_XZ, 6, "\xfd\x37zXZ\x00"},
        {SS_KIND_BZIP2, 10, "BZh91AY&SY"},
        {SS_KIND_BZIP2, 10, "BZh1\x17\x72\x45\x38\x50\x90"},
        {SS_KIND_TEXT, 9, "BZh91AY&S"},
        {SS_KIND_TEXT, 10, "BZh01AY&SY"},
        {SS_KIND_LZ4, 4, "\x04\x22\x4d\x18"},
        {SS_KIND_LZ4, 4, "\x02\x21\x4c\x18"},
        {SS_KIND_ZIP, 4, "PK\x03\x04"},
        {SS_KIND_ZIP, 4, "PK\x05\x06"},
        {SS_KIND_SQLITE, 16, "SQLite format 3"},
        {SS_KIND_TEXT, 15, "SQLite format 3"},
        {SS_KIND_ZEROES, 1, "\0"},
        {SS_KIND_ZEROES, 5, "\0\0\0\0\0"},
        {SS_KIND_TEXT, 15, "<html>\r\n\t404 \x1b["},
        {SS_KIND_TEXT, 3, "\xe2\x82\xac"},
        {SS_KIND_UNKNOWN, 2, "\xe2\x82"},
        {SS_KIND_UNKNOWN, 4,
         "a\x00"
         "bc"},
        {SS_KIND_UNKNOWN, 3, "ab\x7f"},
        {SS_KIND_COMPRESS, 3, "\x1f\x9d\x90"},
        {SS_KIND_COMPRESS, 3, "\x1f\x9d\x09"},
        {SS_KIND_UNKNOWN, 3, "\x1f\x9d\x88"},
        {SS_KIND_UNKNOWN, 3, "\x1f\x9d\x91"},
        {SS_KIND_UNKNOWN, 3, "\x1f\x9d\xb0"},
        {SS_KIND_UNKNOWN, 2, "\x1f\x9d"},
        {SS_KIND_ZLIB, 3, "\x78\x01\x01"},
        {SS_KIND_ZLIB, 3, "\x78\x5e\x05"},
        {SS_KIND_ZLIB, 3, "\x78\x9c\xed"},
        {SS_KIND_ZLIB, 3, "\x78\xda\x03"},
        {SS_KIND_UNKNOWN, 3, "\x78\x9c\x07"}, /* a block of type 3 */
        {SS_KIND_UNKNOWN, 3, "\x78\x9d\xed"}, /* a header whose check is wrong */
        {SS_KIND_UNKNOWN, 2, "\x78\x9c"},
        {SS_KIND_TEXT, 3, "x^y"},
        {SS_KIND_RAFT_SNAPSHOT, 6, "\x08\x05\x12\x02\x0a\x00"},
        {SS_KIND_RAFT_SNAPSHOT, 10, "\x08\xff\xff\xff\xff\x0f\x12\x02\x12\x00"},
        {SS_KIND_UNKNOWN, 10, "\x08\xff\xff\xff\xff\x1f\x12\x02\x12\x00"}, /* no 32 bits */
        {SS_KIND_UNKNOWN, 6, "\x08\x05\x12\x01\x0a\x00"}, /* shorter than the file */
        {SS_KIND_UNKNOWN, 6, "\x08\x05\x12\x03\x0a\x00"}, /* longer */
        {SS_KIND_UNKNOWN, 6, "\x08\x05\x12\x02\x1a\x00"}, /* another field */
        {SS_KIND_UNKNOWN, 4, "\x08\x05\x12\x00"},
        {SS_KIND_RAFT_WAL, 16, "\x04\0\0\0\0\0\0\x84\x08\x04\x10\x00\0\0\0\0"},
        {SS_KIND_RAFT_WAL, 16, "\x08\0\0\0\0\0\0\0\x08\x04\x10\xf1\x92\xe3\xc4\x05"},
        {SS_KIND_UNKNOWN, 16, "\x05\0\0\0\0\0\0\x83\x08\x04\x10\x00\0\0\0\0"},
        {SS_KIND_UNKNOWN, 16, "\x04\0\0\0\0\0\0\x04\x08\x04\x10\x00\0\0\0\0"},
        {SS_KIND_UNKNOWN, 16, "\x04\0\0\0\0\0\0\x84\x08\x02\x10\x00\0\0\0\0"},
        {SS_KIND_UNKNOWN, 15, "\x04\0\0\0\0\0\0\x84\x08\x04\x10\x00\0\0\0"},
        {SS_KIND_DELTA, 18, "[{\"etcdEvent\":{}\x80\x81"},
        {SS_KIND_TEXT, 14, "[{\"etcdEvents\":"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(kind_of(cases[i].bytes, cases[i].len), cases[i].kind);
    }
}

/* Text is judged by 4096 bytes, which may cut a character. */
static void test_text_bound(void **state)
{
    uint8_t bytes[5000];

    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    bytes[4096] = 0;
    assert_int_equal(kind_of(bytes, sizeof(bytes)), SS_KIND_TEXT);
    memcpy(bytes + 4094, "\xe2\x82\xac", 3);
    assert_int_equal(kind_of(bytes, sizeof(bytes)), SS_KIND_TEXT);
    memcpy(bytes + 4093, "\xf0\x9f\x98\x80", 4);
    assert_int_equal(kind_of(bytes, sizeof(bytes)), SS_KIND_TEXT);
    bytes[4095] = 0;
    assert_int_equal(kind_of(bytes, sizeof(bytes)), SS_KIND_UNKNOWN);
}

/* Meta 0, or meta 1 behind pages of every size, in both byte orders; and nowhere else. */
static void test_bbolt_everywhere(void **state)
{
    size_t len = (16 << 20) + 80;
    uint8_t *bytes = calloc(1, len);

    (void)state;
    assert_non_null(bytes);
    for (int shift = -1; shift < 15; shift++) {
        size_t off = (shift < 0 ? 0 : (size_t)1024 << shift) + 16;

        for (int big = 0; big < 2; big++) {
            ss_store_u32(bytes + off, MAGIC, big == 1);
            assert_int_equal(kind_of(bytes, len), SS_KIND_BBOLT);
            assert_int_equal(kind_of(bytes, off + 4), SS_KIND_BBOLT);
            assert_int_not_equal(kind_of(bytes, off + 3), SS_KIND_BBOLT);
        }
        memset(bytes + off, 0, 4);
        ss_store_u32(bytes + off + 1, MAGIC, false);
        assert_int_equal(kind_of(bytes, len), SS_KIND_UNKNOWN);
        memset(bytes + off + 1, 0, 4);
        assert_int_equal(kind_of(bytes, len), SS_KIND_ZEROES);
        bytes[off + 63] = 1;
        assert_int_equal(kind_of(bytes, len), SS_KIND_UNKNOWN);
        bytes[off + 63] = 0;
    }
    bytes[512] = 1; /* no meta page has bytes there */
    assert_int_equal(kind_of(bytes, len), SS_KIND_ZEROES);
    free(bytes);
}

/* A meta page of 4096 bytes, sound, with this id. */
static void put_meta(uint8_t *page, uint64_t id, bool big)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    memset(page, 0, 80);
    ss_store_u64(page, id, big);
    ss_store_u32(page + 16, MAGIC, big);
    ss_store_u32(page + 20, 2, big);
    ss_store_u32(page + 24, 4096, big);
    for (size_t i = 16; i < 72; i++) {
        hash = (hash ^ page[i]) * UINT64_C(1099511628211);
    }
    ss_store_u64(page + 72, hash, big);
}

/*
 * Whatever stands before it, meta 0 decides. Where there is none, what begins as a container is one, unless
 * a sound meta 1 stands where it says that it must; a right tar header comes before any meta 1.
 */
static void test_bbolt_before_archives(void **state)
{
    static const struct {
        enum ss_kind alone;
        const char *bytes;
        size_t len;
    } fronts[] = {
        {SS_KIND_GZIP, "\x1f\x8b\x08", 3},     {SS_KIND_ZSTD, "\x28\xb5\x2f\xfd", 4},
        {SS_KIND_XZ, "\xfd\x37zXZ\x00", 6},    {SS_KIND_BZIP2, "BZh91AY&SY", 10},
        {SS_KIND_LZ4, "\x04\x22\x4d\x18", 4},  {SS_KIND_ZIP, "PK\x03\x04", 4},
        {SS_KIND_COMPRESS, "\x1f\x9d\x90", 3},
    };
    uint8_t bytes[8192];

    (void)state;
    for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]); i++) {
        memset(bytes, 0, sizeof(bytes));
        memcpy(bytes, fronts[i].bytes, fronts[i].len);
        assert_int_equal(kind_of(bytes, sizeof(bytes)), fronts[i].alone);
        ss_store_u32(bytes + 16, MAGIC, false);
        assert_int_equal(kind_of(bytes, sizeof(bytes)), SS_KIND_BBOLT);
        ss_store_u32(bytes + 16, 0, false);
        ss_store_u32(bytes + 4096 + 16, MAGIC, false);
        assert_int_equal(kind_of(bytes, sizeof(bytes)), fronts[i].alone);
        put_meta(bytes + 4096, 0, i % 2 == 1); /* a stored file's own meta 0 */
        assert_int_equal(kind_of(bytes, sizeof(bytes)), fronts[i].alone);
        put_meta(bytes + 4096, 1, i % 2 == 1);
        assert_int_equal(kind_of(bytes, sizeof(bytes)), SS_KIND_BBOLT);
        memmove(bytes + 2048, bytes + 4096, 80); /* where its page size does not put it */
        memset(bytes + 4096, 0, 80);
        assert_int_equal(kind_of(bytes, sizeof(bytes)), fronts[i].alone);
        memset(bytes + 2048, 0, 80);
    }
    put_meta(bytes + 4096, 1, false);
    put_tar_header(bytes);
    assert_int_equal(kind_of(bytes, sizeof(bytes)), SS_KIND_TAR);
    assert_int_equal(kind_of(bytes, 512), SS_KIND_TAR);
    assert_int_equal(kind_of(bytes, 511), SS_KIND_UNKNOWN);
    bytes[0]++;
    assert_int_equal(kind_of(bytes, sizeof(bytes)), SS_KIND_BBOLT);
    bytes[0]--;
    ss_store_u32(bytes + 16, MAGIC, false);
    assert_int_equal(kind_of(bytes, sizeof(bytes)), SS_KIND_BBOLT);
}

static void test_kind_names(void **state)
{
    (void)state;
    assert_string_equal(ss_kind_name(SS_KIND_UNKNOWN), "unknown");
    assert_string_equal(ss_kind_name(SS_KIND_BBOLT), "bbolt");
    assert_string_equal(ss_kind_name(SS_KIND_EMPTY), "empty");
    assert_string_equal(ss_kind_name(SS_KIND_ZEROES), "zeroes");
    assert_string_equal(ss_kind_name(SS_KIND_TEXT), "text");
    assert_string_equal(ss_kind_name(SS_KIND_GZIP), "gzip");
    assert_string_equal(ss_kind_name(SS_KIND_ZSTD), "zstd");
    assert_string_equal(ss_kind_name(SS_KIND_XZ), "xz");
    assert_string_equal(ss_kind_name(SS_KIND_BZIP2), "bzip2");
    assert_string_equal(ss_kind_name(SS_KIND_LZ4), "lz4");
    assert_string_equal(ss_kind_name(SS_KIND_ZIP), "zip");
    assert_string_equal(ss_kind_name(SS_KIND_TAR), "tar");
    assert_string_equal(ss_kind_name(SS_KIND_SQLITE), "sqlite");
    assert_string_equal(ss_kind_name(SS_KIND_ZLIB), "zlib");
    assert_string_equal(ss_kind_name(SS_KIND_COMPRESS), "compress");
    assert_string_equal(ss_kind_name(SS_KIND_RAFT_SNAPSHOT), "raft-snapshot");
    assert_string_equal(ss_kind_name(SS_KIND_RAFT_WAL), "raft-wal");
    assert_string_equal(ss_kind_name(SS_KIND_DELTA), "gardener-delta");
    assert_string_equal(ss_kind_name((enum ss_kind)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_bytes),      cmocka_unit_test(test_text_bound),
        cmocka_unit_test(test_bbolt_everywhere), cmocka_unit_test(test_bbolt_before_archives),
        cmocka_unit_test(test_kind_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
