/*
 * test_unpack.c - compressed and archived inputs, sound, damaged and hostile.
 *
 * Archives are made here by libarchive's writer; members of gzip by it too, so that what ISA-L reads
 * was written by another implementation.
 */
#include "scratch.h"
#include "source/source.h"
#include "util/endian.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    DB_LEN = 200000,
    PACKED_MAX = 1 << 20
};

/* What is packed: noise behind a meta magic, so that nothing about it looks like an archive. */
static uint8_t db[DB_LEN];

/* One archive in memory. */
struct packed {
    uint8_t bytes[PACKED_MAX];
    size_t len;
};

static struct packed made;

static int db_make(void **state)
{
    (void)state;
    scratch_noise(db, sizeof(db));
    ss_store_u32(db + 16, UINT32_C(0xED0CDAED), false);
    return 0;
}

struct member {
    const char *name;
    const void *bytes;
    size_t len;
};

typedef int (*filter_fn)(struct archive *);

static const struct {
    const char *name;
    filter_fn add;
} filters[] = {
    {"gzip", archive_write_add_filter_gzip}, {"zstd", archive_write_add_filter_zstd},
    {"xz", archive_write_add_filter_xz},     {"bzip2", archive_write_add_filter_bzip2},
    {"lz4", archive_write_add_filter_lz4},
};

enum {
    FILTERS = sizeof(filters) / sizeof(filters[0])
};

static struct archive *writer_open(filter_fn filter, int (*format)(struct archive *),
                                   const char *options)
{
    struct archive *writer = archive_write_new();

    assert_non_null(writer);
    assert_int_equal(format(writer), ARCHIVE_OK);
    if (filter != NULL) {
        assert_int_equal(filter(writer), ARCHIVE_OK);
    }
    archive_write_set_bytes_in_last_block(writer, 1);
    if (options != NULL) {
        assert_int_equal(archive_write_set_options(writer, options), ARCHIVE_OK);
    }
    made.len = 0;
    return writer;
}

static void writer_start(struct archive *writer)
{
    assert_int_equal(archive_write_open_memory(writer, made.bytes, PACKED_MAX, &made.len),
                     ARCHIVE_OK);
}

static void writer_add(struct archive *writer, const struct member *member)
{
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, member->name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0600);
    archive_entry_set_size(entry, (int64_t)member->len);
    assert_int_equal(archive_write_header(writer, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(writer, member->bytes, member->len), member->len);
    archive_entry_free(entry);
}

/* An entry without data: a folder, or a link to `target`. */
static void writer_add_other(struct archive *writer, const char *name, unsigned type,
                             const char *target, bool hard)
{
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, type);
    archive_entry_set_perm(entry, 0700);
    if (hard) {
        archive_entry_set_hardlink(entry, target);
    } else if (target != NULL) {
        archive_entry_set_symlink(entry, target);
    }
    assert_int_equal(archive_write_header(writer, entry), ARCHIVE_OK);
    archive_entry_free(entry);
}

static void writer_close(struct archive *writer)
{
    assert_int_equal(archive_write_close(writer), ARCHIVE_OK);
    archive_write_free(writer);
}

static void make(filter_fn filter, int (*format)(struct archive *), const char *options,
                 const struct member *members, size_t count)
{
    struct archive *writer = writer_open(filter, format, options);

    writer_start(writer);
    for (size_t i = 0; i < count; i++) {
        writer_add(writer, &members[i]);
    }
    writer_close(writer);
}

static void make_stream(filter_fn filter, const void *bytes, size_t len)
{
    struct member member = {"data", bytes, len};

    make(filter, archive_write_set_format_raw, NULL, &member, 1);
}

/* How the next files are opened. */
static struct ss_call opening;

static enum ss_status open_bytes(struct ss_source *src, const void *bytes, size_t len,
                                 const struct ss_open_opts *opts, struct ss_error *err)
{
    scratch_write("packed", bytes, len);
    return ss_source_open(src, "packed", opts, &opening, err);
}

/* Opens what was made last, and expects these bytes in it. */
static void assert_gives(const void *bytes, size_t len, const char *packing, const char *member,
                         const struct ss_open_opts *opts)
{
    struct ss_source src;
    struct ss_error err;

    assert_int_equal(open_bytes(&src, made.bytes, made.len, opts, &err), SS_OK);
    assert_int_equal(src.len, len);
    assert_memory_equal(src.base, bytes, len);
    assert_string_equal(src.packing, packing);
    if (member == NULL) {
        assert_null(src.member);
    } else {
        assert_string_equal(src.member, member);
    }
    assert_true(src.spooled);
    assert_int_equal(src.packed_len, made.len);
    ss_source_close(&src);
}

static void assert_fails(enum ss_status status, enum ss_code code, const char *message,
                         const struct ss_open_opts *opts)
{
    struct ss_source src;
    struct ss_error err;

    assert_int_equal(open_bytes(&src, made.bytes, made.len, opts, &err), status);
    assert_int_equal(err.code, code);
    assert_int_equal(err.off, SS_NONE);
    assert_string_equal(err.message, message);
    assert_int_equal(src.fd, -1);
}

static void test_streams(void **state)
{
    (void)state;
    for (size_t i = 0; i < FILTERS; i++) {
        make_stream(filters[i].add, db, DB_LEN);
        assert_gives(db, DB_LEN, filters[i].name, NULL, NULL);
        make_stream(filters[i].add, db, 1);
        assert_gives(db, 1, filters[i].name, NULL, NULL);
    }
}

/* Streams of nothing, as the formats' own tools write them. */
static void test_empty_streams(void **state)
{
    static const struct {
        const char *packing;
        size_t len;
        const char *bytes;
    } cases[] = {
        {"gzip", 20, "\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0"},
        {"zstd", 13, "\x28\xb5\x2f\xfd\x24\0\x01\0\0\x99\xe9\xd8\x51"},
        {"xz", 32,
         "\xfd\x37zXZ\0\0\x04\xe6\xd6\xb4\x46\0\0\0\0\x1c\xdf\x44\x21\x1f\xb6\xf3\x7d\x01\0\0"
         "\0\0\x04YZ"},
        {"bzip2", 14, "BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0"},
        {"lz4", 15, "\x04\x22\x4d\x18\x64\x40\xa7\0\0\0\0\x05\x5d\xcc\x02"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ss_source src;
        struct ss_error err;

        memcpy(made.bytes, cases[i].bytes, cases[i].len);
        made.len = cases[i].len;
        assert_gives("", 0, cases[i].packing, NULL, NULL);
        assert_int_equal(open_bytes(&src, made.bytes, made.len - 1, NULL, &err), SS_CORRUPT);
        assert_int_equal(err.code, SS_E_ARCHIVE);
    }
}

/* Segments of the log that lies next to the named db count, and nothing else. */
static void test_log_of_member(void **state)
{
    static const char *const segments[] = {
        "./d/member/wal/0000000000000000-0000000000000000.wal",
        "d/member/wal/0000000000000001-0000000000000abc.wal",
        "d/member/wal/0.tmp",
        "d/member/wal/0/0000000000000002-0000000000000abd.wal",
        "e/member/wal/0000000000000000-0000000000000000.wal",
    };
    struct ss_open_opts opts = {.member = "d/member/snap/db"};
    struct archive *writer = writer_open(NULL, archive_write_set_format_pax_restricted, NULL);
    struct ss_source src;
    struct ss_error err;

    (void)state;
    writer_start(writer);
    writer_add(writer, &(struct member){"./d/member/snap/db", db, DB_LEN});
    writer_add(writer, &(struct member){"e/member/snap/db", db, DB_LEN});
    for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
        writer_add(writer, &(struct member){segments[i], "x", 1});
    }
    writer_close(writer);
    assert_int_equal(open_bytes(&src, made.bytes, made.len, &opts, &err), SS_OK);
    assert_string_equal(src.member, "./d/member/snap/db");
    assert_int_equal(src.wal_count, 2);
    ss_source_close(&src);
    opts.member = "d/member/wal/0.tmp";
    assert_int_equal(open_bytes(&src, made.bytes, made.len, &opts, &err), SS_OK);
    assert_int_equal(src.wal_count, 2); /* another name in the same folders */
    ss_source_close(&src);
    opts.member = segments[4];
    assert_int_equal(open_bytes(&src, made.bytes, made.len, &opts, &err), SS_OK);
    assert_int_equal(src.wal_count, 1);
    ss_source_close(&src);
    make(NULL, archive_write_set_format_pax_restricted, NULL, &(struct member){"db", db, DB_LEN},
         1);
    assert_int_equal(open_bytes(&src, made.bytes, made.len, NULL, &err), SS_OK);
    assert_int_equal(src.wal_count, 0);
    ss_source_close(&src);
}

static void test_archives(void **state)
{
    static const struct member member = {"snap/etcd.db", db, DB_LEN};
    char packing[32];

    (void)state;
    make(NULL, archive_write_set_format_pax_restricted, NULL, &member, 1);
    assert_gives(db, DB_LEN, "tar", "snap/etcd.db", NULL);
    make(NULL, archive_write_set_format_v7tar, NULL, &member, 1);
    assert_gives(db, DB_LEN, "tar", "snap/etcd.db", NULL);
    make(NULL, archive_write_set_format_gnutar, NULL, &member, 1);
    assert_gives(db, DB_LEN, "tar", "snap/etcd.db", NULL);
    for (size_t i = 0; i < FILTERS; i++) {
        make(filters[i].add, archive_write_set_format_ustar, NULL, &member, 1);
        snprintf(packing, sizeof(packing), "tar+%s", filters[i].name);
        assert_gives(db, DB_LEN, packing, "snap/etcd.db", NULL);
    }
    make(NULL, archive_write_set_format_zip, "zip:compression=deflate", &member, 1);
    assert_gives(db, DB_LEN, "zip", "snap/etcd.db", NULL);
    make(NULL, archive_write_set_format_zip, "zip:compression=store", &member, 1);
    assert_gives(db, DB_LEN, "zip", "snap/etcd.db", NULL);
}

/* Folders and links are no files; the file's data starts at 1024, where a meta page could be. */
static void test_only_file_among_others(void **state)
{
    static const struct member member = {"./d/etcd.db", db, DB_LEN};
    struct archive *writer = writer_open(NULL, archive_write_set_format_ustar, NULL);

    (void)state;
    writer_start(writer);
    writer_add_other(writer, "./d/", AE_IFDIR, NULL, false);
    writer_add(writer, &member);
    writer_add_other(writer, "./d/hard", AE_IFREG, "./d/etcd.db", true);
    writer_add_other(writer, "./d/soft", AE_IFLNK, "etcd.db", false);
    writer_close(writer);
    assert_memory_equal(made.bytes + 1024, db, 4096);
    assert_gives(db, DB_LEN, "tar", "./d/etcd.db", NULL);
}

static void test_choice(void **state)
{
    static const struct member members[] = {
        {"./a.db", "first", 5}, {"b\n.db", db, 1000}, {"c.db", "third!", 6}, {"c.db", "later", 5}};
    static const char *const list =
        "the archive holds 4 files, and none was named: ./a.db (5 "
        "bytes), b\\x0a.db (1000 bytes), c.db (6 bytes), c.db (5 bytes)";
    struct ss_open_opts opts = {0};

    (void)state;
    make(archive_write_add_filter_gzip, archive_write_set_format_ustar, NULL, members, 4);
    assert_fails(SS_CORRUPT, SS_E_MEMBER, list, NULL);
    opts.member = "a.db";
    assert_gives("first", 5, "tar+gzip", "./a.db", &opts);
    opts.member = "./a.db";
    assert_gives("first", 5, "tar+gzip", "./a.db", &opts);
    opts.member = "./b\n.db";
    assert_gives(db, 1000, "tar+gzip", "b\n.db", &opts);
    opts.member = "c.db";
    assert_fails(SS_CORRUPT, SS_E_MEMBER,
                 "the archive holds 2 files named c.db, of which any may be meant", &opts);
    opts.member = "./c.db";
    assert_fails(SS_CORRUPT, SS_E_MEMBER,
                 "the archive holds 2 files named ./c.db, of which any may be meant", &opts);
    opts.member = "x\ty";
    assert_fails(SS_CORRUPT, SS_E_MEMBER,
                 "the archive holds no file x\\x09y, but: ./a.db (5 bytes), b\\x0a.db (1000 "
                 "bytes), c.db (6 bytes), c.db (5 bytes)",
                 &opts);
    make(NULL, archive_write_set_format_zip, NULL, members, 3);
    opts.member = "c.db";
    assert_gives("third!", 6, "zip", "c.db", &opts);
    opts.member = NULL;
    assert_fails(SS_CORRUPT, SS_E_MEMBER,
                 "the archive holds 3 files, and none was named: ./a.db (5 bytes), b\\x0a.db "
                 "(1000 bytes), c.db (6 bytes)",
                 NULL);
}

/* The message shows twenty names, or as many as have room. */
static void test_long_lists(void **state)
{
    struct archive *writer = writer_open(NULL, archive_write_set_format_ustar, NULL);
    char want[640] = "the archive holds 25 files, and none was named: ", name[101];
    struct member member = {name, "x", 1};
    struct ss_source src;
    struct ss_error err;

    (void)state;
    writer_start(writer);
    for (int i = 0; i < 25; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        writer_add(writer, &member);
        if (i < 20) {
            snprintf(want + strlen(want), 32, "%sf%d (1 bytes)", i == 0 ? "" : ", ", i);
        }
    }
    writer_close(writer);
    snprintf(want + strlen(want), 32, " and 5 more");
    assert_fails(SS_CORRUPT, SS_E_MEMBER, want, NULL);

    writer = writer_open(NULL, archive_write_set_format_ustar, NULL);
    writer_start(writer);
    memset(name, '\x01', 99);
    name[99] = '\0';
    for (int i = 0; i < 6; i++) {
        writer_add(writer, &member);
    }
    writer_close(writer);
    assert_int_equal(open_bytes(&src, made.bytes, made.len, NULL, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_MEMBER);
    assert_non_null(strstr(err.message, "\\x01 (1 bytes), \\x01"));
    assert_string_equal(err.message + strlen(err.message) - 11, " and 4 more");
}

static void test_no_file(void **state)
{
    struct ss_open_opts named = {.member = "a.db"};
    struct archive *writer = writer_open(NULL, archive_write_set_format_ustar, NULL);

    (void)state;
    writer_start(writer);
    writer_add_other(writer, "d/", AE_IFDIR, NULL, false);
    writer_close(writer);
    assert_fails(SS_CORRUPT, SS_E_MEMBER, "the archive holds no file", NULL);
    assert_fails(SS_CORRUPT, SS_E_MEMBER, "the archive holds no file", &named);
    make_stream(archive_write_add_filter_zstd, db, 100);
    assert_fails(SS_CORRUPT, SS_E_MEMBER, "the input is no archive that could hold a file a.db",
                 &named);
    memcpy(made.bytes, db, 100);
    made.len = 100;
    assert_fails(SS_CORRUPT, SS_E_MEMBER, "the input is no archive that could hold a file a.db",
                 &named);
}

/* Cut at every byte: never a short file. Shorter than its magic, it is no packed file at all. */
static void test_cut_streams(void **state)
{
    static const size_t magic_lens[] = {3, 4, 6, 10, 4};

    (void)state;
    for (size_t i = 0; i < FILTERS; i++) {
        make_stream(filters[i].add, db, 250);
        for (size_t len = 1; len < made.len; len++) {
            struct ss_source src;
            struct ss_error err;
            enum ss_status status = open_bytes(&src, made.bytes, len, NULL, &err);

            if (len < magic_lens[i]) {
                assert_int_equal(status, SS_OK);
                assert_string_equal(src.packing, "none");
                ss_source_close(&src);
                continue;
            }
            assert_int_equal(status, SS_CORRUPT);
            assert_int_equal(err.code, SS_E_ARCHIVE);
            assert_non_null(strstr(err.message, "data is damaged"));
            assert_null(strstr(err.message, "-1"));
            assert_null(strstr(err.message, "INTERNAL"));
            assert_null(strstr(err.message, "other data follows"));
        }
    }
}

/* Cut inside and right behind the data of an archive, before its end mark and trailer. */
static void test_cut_archives(void **state)
{
    static const struct member member = {"etcd.db", db, 5000};
    struct ss_source src;
    struct ss_error err;

    (void)state;
    make(NULL, archive_write_set_format_ustar, NULL, &member, 1);
    for (size_t len = 513; len < 512 + 5120; len += 129) {
        assert_int_equal(open_bytes(&src, made.bytes, len, NULL, &err), SS_CORRUPT);
        assert_int_equal(err.code, SS_E_ARCHIVE);
    }
    for (size_t i = 0; i < FILTERS; i++) {
        make(filters[i].add, archive_write_set_format_ustar, NULL, &member, 1);
        for (size_t cut = 1; cut < 8; cut++) {
            assert_int_equal(open_bytes(&src, made.bytes, made.len - cut, NULL, &err), SS_CORRUPT);
            assert_int_equal(err.code, SS_E_ARCHIVE);
        }
    }
    make(NULL, archive_write_set_format_zip, NULL, &member, 1);
    for (size_t len = 40; len < 5000; len += 131) {
        assert_int_equal(open_bytes(&src, made.bytes, len, NULL, &err), SS_CORRUPT);
        assert_int_equal(err.code, SS_E_ARCHIVE);
    }
}

/* Methods whose decoders would allocate up to 4 GiB on the entry's word: LZMA, xz, PPMd. */
static void test_zip_methods_without_bound(void **state)
{
    static const struct {
        uint8_t method;
        const char *name;
    } methods[] = {{14, "(lzma)"}, {95, "(xz)"}, {98, "(ppmd-1)"}};
    const struct member member = {"etcd.db", "bytes", 5};

    (void)state;
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct ss_source src;
        struct ss_error err;

        make(NULL, archive_write_set_format_zip, "zip:compression=store", &member, 1);
        for (size_t at = 0; at + 12 < made.len; at++) {
            if (memcmp(made.bytes + at, "PK\3\4", 4) == 0) {
                made.bytes[at + 8] = methods[i].method;
            }
            if (memcmp(made.bytes + at, "PK\1\2", 4) == 0) {
                made.bytes[at + 10] = methods[i].method;
            }
        }
        assert_int_equal(open_bytes(&src, made.bytes, made.len, NULL, &err), SS_SYSTEM);
        assert_int_equal(err.code, SS_E_LIMIT);
        assert_string_equal(err.expect, "a method of bounded memory");
        assert_non_null(strstr(err.message, "takes as much memory as it asks for"));
        assert_non_null(strstr(err.message, methods[i].name));
    }
}

/* Every bit of a gzip file: the same bytes come out (a header field that says nothing), or none. */
static void test_flipped_gzip(void **state)
{
    size_t refused = 0;

    (void)state;
    make_stream(archive_write_add_filter_gzip, db, 60);
    for (size_t bit = 24; bit < made.len * 8; bit++) {
        struct ss_source src;
        struct ss_error err;
        enum ss_status status;

        made.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        status = open_bytes(&src, made.bytes, made.len, NULL, &err);
        made.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (status == SS_OK) {
            assert_int_equal(src.len, 60);
            assert_memory_equal(src.base, db, 60);
            ss_source_close(&src);
        } else {
            assert_int_equal(status, SS_CORRUPT);
            assert_int_equal(err.code, SS_E_ARCHIVE);
            refused++;
        }
    }
    assert_true(refused >= (made.len - 11) * 8);
}

static void test_gzip_words(void **state)
{
    char want[160];
    size_t end;

    (void)state;
    make_stream(archive_write_add_filter_gzip, db, 1000);
    end = made.len;
    made.bytes[end - 8] ^= 1;
    snprintf(want, sizeof(want),
             "the gzip data is damaged near its byte %zu: the checksum is wrong; the first 1000 "
             "bytes of what it holds came out",
             end);
    assert_fails(SS_CORRUPT, SS_E_ARCHIVE, want, NULL);
    made.bytes[end - 8] ^= 1;
    made.len = end - 3;
    snprintf(
        want, sizeof(want),
        "the gzip data is damaged near its byte %zu: it ends early; the first 1000 bytes of what "
        "it holds came out",
        end - 3);
    assert_fails(SS_CORRUPT, SS_E_ARCHIVE, want, NULL);
}

/* The deflate data of a gzip file behind zlib's header, and its checksum behind them. [RFC 1950] */
static void make_zlib(const uint8_t *bytes, size_t len)
{
    enum {
        GZIP_HEADER_LEN = 10,
        GZIP_TRAILER_LEN = 8
    };
    uint32_t a = 1, b = 0;
    size_t body;

    make_stream(archive_write_add_filter_gzip, bytes, len);
    for (size_t i = 0; i < len; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    assert_int_equal(made.bytes[3], 0); /* no name in the header */
    body = made.len - GZIP_HEADER_LEN - GZIP_TRAILER_LEN;
    memmove(made.bytes + 2, made.bytes + GZIP_HEADER_LEN, body);
    memcpy(made.bytes, "\x78\x9c", 2);
    ss_store_u32(made.bytes + 2 + body, b << 16 | a, true);
    made.len = body + 6;
}

static void test_zlib(void **state)
{
    char want[160];

    (void)state;
    make_zlib(db, DB_LEN);
    assert_gives(db, DB_LEN, "zlib", NULL, NULL);
    memset(made.bytes + made.len, 0, 100);
    made.len += 100;
    assert_gives(db, DB_LEN, "zlib", NULL, NULL);
    made.bytes[made.len - 1] = 1;
    snprintf(want, sizeof(want),
             "the zlib data is damaged near its byte %zu: other data follows its end; the first "
             "200000 bytes of what it holds came out",
             made.len - 1);
    assert_fails(SS_CORRUPT, SS_E_ARCHIVE, want, NULL);
    made.len -= 100;
    made.bytes[made.len - 1] ^= 1;
    snprintf(want, sizeof(want),
             "the zlib data is damaged near its byte %zu: the checksum is wrong; the first 200000 "
             "bytes of what it holds came out",
             made.len);
    assert_fails(SS_CORRUPT, SS_E_ARCHIVE, want, NULL);
    made.bytes[made.len - 1] ^= 1;
    for (size_t cut = 1; cut <= 4; cut++) {
        made.len--;
        snprintf(
            want, sizeof(want),
            "the zlib data is damaged near its byte %zu: it ends early; the first 200000 bytes "
            "of what it holds came out",
            made.len);
        assert_fails(SS_CORRUPT, SS_E_ARCHIVE, want, NULL);
    }
}

/* The format has neither a checksum nor an end: what unpacks is all that can be said. */
static void test_compress(void **state)
{
    (void)state;
    make_stream(archive_write_add_filter_compress, db, 70000);
    assert_memory_equal(made.bytes, "\x1f\x9d\x90", 3);
    assert_gives(db, 70000, "compress", NULL, NULL);
    make_stream(archive_write_add_filter_compress, db, 1);
    assert_gives(db, 1, "compress", NULL, NULL);
}

/* What a decoder is not given the memory for is no damage: a window of 256 MiB, where 128 are. */
static void test_decoder_bounds(void **state)
{
    struct ss_source src;
    struct ss_error err;

    (void)state;
    memcpy(made.bytes, "\x28\xb5\x2f\xfd\0\x90\x09\0\0x", 10);
    made.len = 10;
    assert_fails(
        SS_SYSTEM, SS_E_LIMIT,
        "the zstd data asks for more memory than is given to unpack it; nothing is known to "
        "be damaged, and zstd -d --long=31 unpacks it",
        NULL);
    assert_int_equal(open_bytes(&src, made.bytes, made.len, NULL, &err), SS_SYSTEM);
    assert_string_equal(err.expect, "a window of at most 128 MiB");
    made.bytes[5] = 0x88;
    assert_gives("x", 1, "zstd", NULL, NULL);
}

/* An archive whose second file's bytes start at `at`, by way of a first one of the right length. */
static void make_padded(const struct member *member, size_t at, int (*format)(struct archive *))
{
    struct member both[] = {{"pad", db + 100, 600}, *member};
    const char *options = format == archive_write_set_format_zip ? "zip:compression=store" : NULL;
    const uint8_t *found;

    make(NULL, format, options, both, 2);
    found = memmem(made.bytes, made.len, member->bytes, 64);
    assert_non_null(found);
    both[0].len = 600 + at - (size_t)(found - made.bytes);
    make(NULL, format, options, both, 2);
}

/*
 * A stored file inside a zip or a tar may start wherever a page can: its own meta 0 then stands at that
 * offset, which must not make a damaged database of a sound archive.
 */
static void test_stored_at_page_offsets(void **state)
{
    static uint8_t file[3 * 4096];
    const struct member member = {"etcd.db", file, sizeof(file)};
    struct ss_open_opts opts = {.member = "etcd.db"};

    (void)state;
    scratch_noise(file, sizeof(file));
    ss_store_u32(file + 16, UINT32_C(0xED0CDAED), false);
    for (unsigned shift = 0; shift < 5; shift++) {
        size_t at = (size_t)1024 << shift;

        make_padded(&member, at, archive_write_set_format_zip);
        assert_memory_equal(made.bytes + at, file, 4096);
        assert_gives(file, sizeof(file), "zip", "etcd.db", &opts);
        if (at >=
            2048) { /* two headers, and at least one block of the first file, come before it */
            make_padded(&member, at, archive_write_set_format_ustar);
            assert_memory_equal(made.bytes + at, file, 4096);
            assert_gives(file, sizeof(file), "tar", "etcd.db", &opts);
        }
    }
}

/* Members one after the other are one file; zeroes behind them are padding; all else is damage. */
static void test_after_the_end(void **state)
{
    static uint8_t twice[2 * 3000];

    (void)state;
    memcpy(twice, db, 3000);
    memcpy(twice + 3000, db, 3000);
    for (size_t i = 0; i < FILTERS; i++) {
        struct ss_source src;
        struct ss_error err;
        size_t one;

        make_stream(filters[i].add, db, 3000);
        one = made.len;
        memcpy(made.bytes + one, made.bytes, one);
        made.len = 2 * one;
        assert_gives(twice, sizeof(twice), filters[i].name, NULL, NULL);
        made.len = 2 * one - 1;
        assert_int_equal(open_bytes(&src, made.bytes, made.len, NULL, &err), SS_CORRUPT);
        assert_int_equal(err.code, SS_E_ARCHIVE);
        memset(made.bytes + one, 0, 512);
        made.len = one + 512;
        if (strcmp(filters[i].name, "zstd") == 0) {
            assert_int_equal(open_bytes(&src, made.bytes, made.len, NULL, &err), SS_CORRUPT);
            assert_int_equal(err.code, SS_E_ARCHIVE);
        } else {
            assert_gives(db, 3000, filters[i].name, NULL, NULL);
        }
        memcpy(made.bytes + one + 500, "GARBAGE", 7);
        assert_int_equal(open_bytes(&src, made.bytes, made.len, NULL, &err), SS_CORRUPT);
        assert_int_equal(err.code, SS_E_ARCHIVE);
        memcpy(made.bytes + one, "GARBAGE", 7);
        made.len = one + 7;
        assert_int_equal(open_bytes(&src, made.bytes, made.len, NULL, &err), SS_CORRUPT);
        assert_int_equal(err.code, SS_E_ARCHIVE);
    }
}

/* 8 MiB of zeroes in a few bytes, behind each format. */
static void test_bombs(void **state)
{
    static const char *const message = "the input gives more than the 1000000 bytes that may be "
                                       "unpacked or copied to a temporary file";
    struct ss_open_opts opts = {.unpacked_limit = 1000000};
    struct member member = {"bomb", calloc(1, 8 << 20), 8 << 20};

    (void)state;
    assert_non_null(member.bytes);
    for (size_t i = 0; i < FILTERS; i++) {
        make_stream(filters[i].add, member.bytes, member.len);
        assert_true(made.len < 100000);
        assert_fails(SS_SYSTEM, SS_E_LIMIT, message, &opts);
    }
    make(NULL, archive_write_set_format_zip, NULL, &member, 1);
    assert_fails(SS_SYSTEM, SS_E_LIMIT, message, &opts);
    free((void *)(uintptr_t)member.bytes);
    make_stream(archive_write_add_filter_gzip, db, 1000);
    opts.unpacked_limit = 1000;
    assert_gives(db, 1000, "gzip", NULL, &opts);
    opts.unpacked_limit = 999;
    assert_fails(SS_SYSTEM, SS_E_LIMIT,
                 "the input gives more than the 999 bytes that may be unpacked or copied to a "
                 "temporary file",
                 &opts);
}

/* A sparse file of `size` bytes, with 4 KiB of data at the start. */
static void make_sparse(int64_t size)
{
    struct archive *writer = writer_open(NULL, archive_write_set_format_pax_restricted, NULL);
    struct archive_entry *entry = archive_entry_new();

    writer_start(writer);
    archive_entry_set_pathname(entry, "sparse.db");
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0600);
    archive_entry_set_size(entry, size);
    archive_entry_sparse_add_entry(entry, 0, 4096);
    assert_int_equal(archive_write_header(writer, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(writer, db, 4096), 4096);
    archive_entry_free(entry);
    writer_close(writer);
    assert_true(made.len < 100000);
}

static void test_sparse(void **state)
{
    struct ss_source src;
    struct ss_error err;
    struct stat st;

    (void)state;
    make_sparse(INT64_C(50) << 20);
    assert_int_equal(open_bytes(&src, made.bytes, made.len, NULL, &err), SS_OK);
    assert_int_equal(src.len, 50 << 20);
    assert_memory_equal(src.base, db, 4096);
    assert_int_equal(src.base[4096], 0);
    assert_int_equal(src.base[(50 << 20) - 1], 0);
    assert_int_equal(fstat(src.fd, &st), 0);
    assert_true(st.st_blocks * 512 < 1 << 20);
    ss_source_close(&src);
    make_sparse(INT64_C(1) << 50);
    assert_fails(SS_SYSTEM, SS_E_LIMIT,
                 "the input gives more than the 68719476736 bytes that may be unpacked or copied "
                 "to a temporary file",
                 NULL);
}

static void test_encrypted(void **state)
{
    static const struct member member = {"etcd.db", db, 1000};
    struct archive *writer =
        writer_open(NULL, archive_write_set_format_zip, "zip:encryption=zipcrypt");

    (void)state;
    assert_int_equal(archive_write_set_passphrase(writer, "secret"), ARCHIVE_OK);
    writer_start(writer);
    writer_add(writer, &member);
    writer_close(writer);
    assert_fails(SS_CORRUPT, SS_E_ARCHIVE,
                 "the file in the archive is encrypted; unpack it with its password first", NULL);
}

static void test_zip_checksum(void **state)
{
    static const struct member member = {"etcd.db", db, 1000};
    struct ss_source src;
    struct ss_error err;

    (void)state;
    make(NULL, archive_write_set_format_zip, "zip:compression=store", &member, 1);
    made.bytes[made.len / 2] ^= 1;
    assert_int_equal(open_bytes(&src, made.bytes, made.len, NULL, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_ARCHIVE);
    assert_non_null(strstr(err.message, "ZIP bad CRC"));
}

/* A snapshot whose first page is zeroes must not be taken for an empty tar. */
static void test_zeroed_front(void **state)
{
    static uint8_t bytes[3 * 4096];

    (void)state;
    ss_store_u32(bytes + 4096 + 16, UINT32_C(0xED0CDAED), false);
    for (size_t i = 0; i < FILTERS; i++) {
        make_stream(filters[i].add, bytes, sizeof(bytes));
        assert_gives(bytes, sizeof(bytes), filters[i].name, NULL, NULL);
    }
}

/* One stream and one archive are unpacked, and no more. */
static void test_nested(void **state)
{
    static uint8_t inner[PACKED_MAX];
    struct member member = {"x.gz", inner, 0};

    (void)state;
    make_stream(archive_write_add_filter_gzip, db, 2000);
    member.len = made.len;
    memcpy(inner, made.bytes, made.len);
    make(NULL, archive_write_set_format_ustar, NULL, &member, 1);
    assert_gives(inner, member.len, "tar", "x.gz", NULL);
    make_stream(archive_write_add_filter_xz, inner, member.len);
    assert_gives(inner, member.len, "xz", NULL, NULL);
}

/* Names beyond ASCII, in the C locale that a library may find. */
static void test_name_beyond_ascii(void **state)
{
    static const struct member member = {"sauvegardé.db", "x", 1};

    (void)state;
    make(NULL, archive_write_set_format_ustar, NULL, &member, 1);
    assert_gives("x", 1, "tar", "sauvegardé.db", NULL);
}

static bool stop(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    const char *at = ctx;

    assert_true(done <= total);
    assert_int_equal(total, strcmp(phase, "opening") == 0 ? 0 : made.len);
    return strcmp(phase, at) != 0;
}

static void test_cancelled(void **state)
{
    static const struct member member = {"etcd.db", db, DB_LEN};

    (void)state;
    opening = (struct ss_call){.progress = stop, .progress_ctx = (void *)(uintptr_t) "unpacking"};
    for (size_t i = 0; i < FILTERS; i++) {
        make_stream(filters[i].add, db, DB_LEN);
        assert_fails(SS_SYSTEM, SS_E_CANCELLED, "cancelled while unpacking", NULL);
    }
    make(NULL, archive_write_set_format_ustar, NULL, &member, 1);
    assert_fails(SS_SYSTEM, SS_E_CANCELLED, "cancelled while unpacking", NULL);
    opening.progress_ctx = (void *)(uintptr_t) "listing";
    assert_fails(SS_SYSTEM, SS_E_CANCELLED, "cancelled while listing", NULL);
    opening = (struct ss_call){0};
}

/* The packed file is cut while it is read: not an archive that ends early, but a failed read. */
static bool shrink(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    (void)ctx;
    (void)done;
    (void)total;
    return strcmp(phase, "opening") == 0 || truncate("packed", 8192) == 0;
}

static void test_shrinks_meanwhile(void **state)
{
    static const struct member member = {"etcd.db", db, DB_LEN};
    struct ss_source src;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_guard_install(&err), SS_OK);
    make(NULL, archive_write_set_format_ustar, NULL, &member, 1);
    opening = (struct ss_call){.progress = shrink};
    assert_int_equal(open_bytes(&src, made.bytes, made.len, NULL, &err), SS_SYSTEM);
    opening = (struct ss_call){0};
    assert_int_equal(err.code, SS_E_IO);
    assert_int_equal(err.sys, EIO);
    assert_in_range(err.off, 8192, made.len);
    assert_int_equal(src.fd, -1);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_enter, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_streams),
        IN_SCRATCH(test_empty_streams),
        IN_SCRATCH(test_log_of_member),
        IN_SCRATCH(test_archives),
        IN_SCRATCH(test_only_file_among_others),
        IN_SCRATCH(test_choice),
        IN_SCRATCH(test_long_lists),
        IN_SCRATCH(test_no_file),
        IN_SCRATCH(test_cut_streams),
        IN_SCRATCH(test_cut_archives),
        IN_SCRATCH(test_zip_methods_without_bound),
        IN_SCRATCH(test_flipped_gzip),
        IN_SCRATCH(test_gzip_words),
        IN_SCRATCH(test_zlib),
        IN_SCRATCH(test_compress),
        IN_SCRATCH(test_decoder_bounds),
        IN_SCRATCH(test_stored_at_page_offsets),
        IN_SCRATCH(test_after_the_end),
        IN_SCRATCH(test_bombs),
        IN_SCRATCH(test_sparse),
        IN_SCRATCH(test_encrypted),
        IN_SCRATCH(test_zip_checksum),
        IN_SCRATCH(test_zeroed_front),
        IN_SCRATCH(test_nested),
        IN_SCRATCH(test_name_beyond_ascii),
        IN_SCRATCH(test_cancelled),
        IN_SCRATCH(test_shrinks_meanwhile),
    };

    return cmocka_run_group_tests(tests, db_make, NULL);
}
