/*
 * The trailing hash: every state of it, told from length and metas alike, at every length to which a
 * file can be cut; and the same digest from bytes that were hashed on their way into a spool.
 *
 *   0                                PAGES x 1024      + 32
 *   ┌──────┬──────┬──────────────────┬─────────────────┐
 *   │ metas       │ leaf of the root │ SHA-256         │
 *   └──────┴──────┴──────────────────┴─────────────────┘
 */
#include "image.h"
#include "scratch.h"

#include "source/tee.h"
#include "util/sha256.h"
#include "verify/hash.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PAGES 4u
#define PAGE_SIZE 1024u
#define DB_LEN (PAGES * PAGE_SIZE)
#define HASH_LEN 32u
#define VALUE_POS 60u /* of the leaf's value, from where its page begins */

/* Room for a hash and for blocks behind the last page. */
struct sample {
    uint8_t bytes[DB_LEN + 512 + HASH_LEN];
    size_t len;
};

static void digest_of(const uint8_t *bytes, size_t len, uint8_t digest[HASH_LEN])
{
    struct ss_sha256 sha;

    assert_true(ss_sha256_init(&sha));
    assert_true(ss_sha256_update(&sha, bytes, len));
    assert_true(ss_sha256_final(&sha, digest));
    ss_sha256_fini(&sha);
}

/* The last 32 bytes become the hash of those before them. */
static void seal(struct sample *sample)
{
    digest_of(sample->bytes, sample->len - HASH_LEN, sample->bytes + sample->len - HASH_LEN);
}

/* A sound database with `behind` more bytes, zeroes. */
static void make(struct sample *sample, size_t behind)
{
    static const struct ss_test_element leaf[] = {
        {.key = "key", .value = "a value, somewhere in the page", .value_len = 30}};
    struct ss_test_image image;

    ss_test_image_init(&image, PAGE_SIZE, false, PAGES);
    ss_test_image_leaf(&image, 2, 0, leaf, 1);
    ss_test_image_leaf(&image, 3, 0, NULL, 0);
    memset(sample, 0, sizeof(*sample));
    memcpy(sample->bytes, image.bytes, DB_LEN);
    sample->len = DB_LEN + behind;
    ss_test_image_fini(&image);
}

static struct ss_hash_report check(const struct sample *sample)
{
    struct ss_hash_report report;
    struct ss_error err;
    struct ss_file *file;

    assert_int_equal(ss_open_memory(sample->bytes, sample->len, "t", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_hash_check(file, NULL, &report, &err), SS_OK);
    ss_close(file);
    return report;
}

static struct ss_verify_report *verify(const struct sample *sample, bool require)
{
    struct ss_verify_opts opts = {.what = SS_VERIFY_HASH, .require_hash = require};
    struct ss_verify_report *report;
    struct ss_error err;
    struct ss_file *file;

    assert_int_equal(ss_open_memory(sample->bytes, sample->len, "t", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_verify(file, &opts, NULL, &report, &err), SS_OK);
    ss_close(file);
    return report;
}

/* The only finding of the hash part: the others, of the file and its metas, come behind it. */
static void assert_finding(const struct sample *sample, bool require, const char *id, uint64_t off)
{
    struct ss_verify_report *report = verify(sample, require);

    assert_true(report->finding_count >= 1);
    assert_string_equal(report->findings[0].check->id, id);
    assert_int_equal(report->findings[0].off, off);
    for (size_t i = 1; i < report->finding_count; i++) {
        assert_int_not_equal(strncmp(report->findings[i].check->id, "HASH", 4), 0);
    }
    ss_verify_free(report);
}

static void test_valid(void **state)
{
    struct ss_verify_report *report;
    struct ss_hash_report hash;
    struct sample sample;

    (void)state;
    make(&sample, HASH_LEN);
    seal(&sample);
    hash = check(&sample);
    assert_int_equal(hash.state, SS_HASH_VALID);
    assert_int_equal(hash.covered_len, DB_LEN);
    assert_int_equal(hash.found_len, HASH_LEN);
    assert_true(hash.computed);
    assert_memory_equal(hash.found, sample.bytes + DB_LEN, HASH_LEN);
    assert_memory_equal(hash.expected, hash.found, HASH_LEN);
    report = verify(&sample, true);
    assert_int_equal(report->finding_count, 0);
    ss_verify_free(report);
}

/* Any byte: of a page, of the hash. */
static void test_mismatch_at_every_byte(void **state)
{
    struct sample sample;
    uint8_t due[HASH_LEN];

    (void)state;
    make(&sample, HASH_LEN);
    seal(&sample);
    memcpy(due, sample.bytes + DB_LEN, HASH_LEN);
    for (size_t i = 0; i < sample.len; i++) {
        struct ss_hash_report hash;

        sample.bytes[i] ^= 1;
        hash = check(&sample);
        assert_int_equal(hash.state, SS_HASH_MISMATCH);
        assert_int_equal(hash.covered_len, DB_LEN);
        assert_memory_equal(hash.found, sample.bytes + DB_LEN, HASH_LEN);
        assert_int_equal(memcmp(hash.expected, due, HASH_LEN) == 0, i >= DB_LEN);
        sample.bytes[i] ^= 1;
    }
    sample.bytes[2 * PAGE_SIZE + VALUE_POS] ^= 1;
    assert_finding(&sample, false, "HASH-001", DB_LEN);
}

static void test_mismatch_names_both_digests(void **state)
{
    char have[2 * HASH_LEN + 1], expect[2 * HASH_LEN + 1];
    struct ss_verify_report *report;
    struct sample sample;
    uint8_t due[HASH_LEN];

    (void)state;
    make(&sample, HASH_LEN);
    seal(&sample);
    ss_text_hex(sample.bytes + DB_LEN, HASH_LEN, have);
    sample.bytes[2 * PAGE_SIZE + VALUE_POS] ^= 1;
    digest_of(sample.bytes, DB_LEN, due);
    ss_text_hex(due, HASH_LEN, expect);
    report = verify(&sample, false);
    assert_string_equal(report->findings[0].have, have);
    assert_string_equal(report->findings[0].expect, expect);
    assert_int_equal(report->verdict, SS_VERDICT_DAMAGED);
    ss_verify_free(report);
}

static void test_zero(void **state)
{
    struct sample sample;

    (void)state;
    make(&sample, HASH_LEN);
    assert_int_equal(check(&sample).state, SS_HASH_ZERO);
    assert_finding(&sample, false, "HASH-002", DB_LEN);
    assert_finding(&sample, true, "HASH-002", DB_LEN);
}

static void test_absent(void **state)
{
    static const size_t behind[] = {0, 33, 480, 511, 512};
    struct sample sample;

    (void)state;
    for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
        struct ss_hash_report hash;

        make(&sample, behind[i]);
        hash = check(&sample);
        assert_int_equal(hash.state, SS_HASH_ABSENT);
        assert_int_equal(hash.found_len, 0);
        assert_int_equal(hash.covered_len, 0);
        assert_false(hash.computed);
        assert_finding(&sample, false, "HASH-003", sample.len);
        assert_finding(&sample, true, "HASH-005", sample.len);
    }
}

/* Inside the hash: what is left of it agrees with the bytes, or does not. */
static void test_cut_inside(void **state)
{
    struct sample sample;

    (void)state;
    for (size_t left = 1; left < HASH_LEN; left++) {
        struct ss_verify_report *report;
        struct ss_hash_report hash;

        make(&sample, HASH_LEN);
        seal(&sample);
        sample.len = DB_LEN + left;
        hash = check(&sample);
        assert_int_equal(hash.state, SS_HASH_CUT);
        assert_int_equal(hash.found_len, left);
        assert_int_equal(hash.covered_len, DB_LEN);
        assert_memory_equal(hash.found, hash.expected, left);
        assert_finding(&sample, false, "HASH-004", DB_LEN);
        report = verify(&sample, false);
        assert_non_null(strstr(report->findings[0].detail, "; what is left of it agrees"));
        ss_verify_free(report);
        sample.bytes[DB_LEN] ^= 1;
        report = verify(&sample, false);
        assert_non_null(strstr(report->findings[0].detail, "it does not agree"));
        ss_verify_free(report);
    }
}

/*
 * Before the last page ends, at every length that still has a whole meta: cut, never "absent". With
 * less there is no telling how long the file should be.
 */
static void test_cut_before(void **state)
{
    struct sample sample;
    size_t len;

    (void)state;
    make(&sample, HASH_LEN);
    seal(&sample);
    for (len = 80; len < DB_LEN; len++) {
        struct ss_hash_report hash;

        sample.len = len;
        hash = check(&sample);
        assert_int_equal(hash.state, SS_HASH_CUT);
        assert_int_equal(hash.found_len, 0);
        assert_int_equal(hash.covered_len, 0);
        assert_false(hash.computed);
    }
    for (len = 0; len < 80; len++) {
        sample.len = len;
        assert_int_equal(check(&sample).state, len < 20 ? SS_HASH_NO_DB : SS_HASH_ABSENT);
    }
}

/* A transfer padded the file behind its hash: found at the high-water mark, whatever the length. */
static void test_padded(void **state)
{
    static const uint8_t values[] = {0x00, 0x1a, 0xff};
    static const size_t lens[] = {1, 31, 32, 480, 512};
    struct ss_hash_report hash;
    struct sample sample;

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        for (size_t j = 0; j < sizeof(lens) / sizeof(lens[0]); j++) {
            make(&sample, HASH_LEN);
            seal(&sample);
            memset(sample.bytes + sample.len, values[i], lens[j]);
            sample.len += lens[j];
            hash = check(&sample);
            assert_int_equal(hash.state, SS_HASH_VALID);
            assert_int_equal(hash.covered_len, DB_LEN);
            assert_int_equal(hash.padding_len, lens[j]);
            assert_int_equal(hash.padding_byte, values[i]);
            assert_finding(&sample, true, "HASH-006", DB_LEN + HASH_LEN);
            sample.bytes[sample.len - 1] ^=
                0x20; /* no longer one value, or one that nothing pads with */
            hash = check(&sample);
            assert_int_equal(hash.state, lens[j] == 512 ? SS_HASH_MISMATCH : SS_HASH_ABSENT);
            assert_int_equal(hash.padding_len, 0);
        }
    }
}

/* What stands before the padding is no hash of the pages: the padding says nothing then. */
static void test_padded_over_a_wrong_hash(void **state)
{
    struct ss_hash_report hash;
    struct sample sample;
    uint8_t digest[HASH_LEN];

    (void)state;
    make(&sample, HASH_LEN);
    seal(&sample);
    sample.bytes[DB_LEN] ^= 1;
    sample.len = DB_LEN + 512;
    hash = check(&sample);
    assert_int_equal(hash.state, SS_HASH_ABSENT);
    assert_int_equal(hash.padding_len, 0);
    assert_false(hash.computed);
    assert_finding(&sample, true, "HASH-005", sample.len);
    sample.len = DB_LEN + 512 + HASH_LEN;
    hash = check(&sample);
    assert_int_equal(hash.state, SS_HASH_ZERO);
    assert_int_equal(hash.covered_len, sample.len - HASH_LEN);
    digest_of(sample.bytes, sample.len - HASH_LEN, digest);
    assert_memory_equal(hash.expected, digest, HASH_LEN);
    memset(sample.bytes + DB_LEN, 0x1a,
           512 + HASH_LEN); /* the padding's own value where the hash belongs */
    hash = check(&sample);
    assert_int_equal(hash.state, SS_HASH_MISMATCH);
    assert_int_equal(hash.covered_len, sample.len - HASH_LEN);
}

/* 6 TB, all but the pages a hole: the last 32 bytes are zero, which no digest is needed to tell. */
static void test_hash_in_a_hole(void **state)
{
    struct ss_hash_report hash;
    struct sample sample;
    struct ss_error err;
    struct ss_file *file;

    (void)state;
    make(&sample, 0);
    scratch_write("sparse", sample.bytes, sample.len);
    assert_int_equal(truncate("sparse", (INT64_C(64) << 30) + HASH_LEN), 0);
    assert_int_equal(ss_open("sparse", NULL, NULL, &file, &err), SS_OK);
    assert_int_equal(ss_hash_check(file, NULL, &hash, &err), SS_OK);
    ss_close(file);
    assert_int_equal(hash.state, SS_HASH_ZERO);
    assert_int_equal(hash.covered_len, INT64_C(64) << 30);
    assert_false(hash.computed);
}

/* The hash is asked before the metas: a snapshot of a database that was destroyed already. */
static void test_valid_over_destroyed_metas(void **state)
{
    struct ss_verify_report *report;
    struct sample sample;

    (void)state;
    make(&sample, HASH_LEN);
    memset(sample.bytes, 0xA5, 2 * PAGE_SIZE);
    seal(&sample);
    assert_int_equal(check(&sample).state, SS_HASH_VALID);
    report = verify(&sample, true);
    assert_int_equal(report->verdict, SS_VERDICT_UNREADABLE);
    assert_non_null(strstr(report->verdict_text, "the trailing hash is valid"));
    ss_verify_free(report);
    sample.bytes[DB_LEN] ^= 1;
    assert_int_equal(check(&sample).state, SS_HASH_MISMATCH);
}

/* A member file is longer than its pages; hashed with all that, as a tool may do, it is valid. */
static void test_valid_behind_preallocated(void **state)
{
    struct sample sample;

    (void)state;
    make(&sample, 512 + HASH_LEN);
    seal(&sample);
    assert_int_equal(check(&sample).state, SS_HASH_VALID);
    assert_int_equal(check(&sample).covered_len, DB_LEN + 512);
    sample.bytes[DB_LEN] = 1;
    assert_int_equal(check(&sample).state, SS_HASH_MISMATCH);
}

static void test_no_db(void **state)
{
    struct sample sample = {.len = 100};

    (void)state;
    memset(sample.bytes, 'x', sample.len);
    assert_int_equal(check(&sample).state, SS_HASH_NO_DB);
    sample.len = 0;
    assert_int_equal(check(&sample).state, SS_HASH_NO_DB);
    sample.len = 512 + HASH_LEN;
    assert_int_equal(check(&sample).state, SS_HASH_NO_DB);
    seal(&sample);
    assert_int_equal(check(&sample).state, SS_HASH_VALID);
}

/* As the spool does it: bytes are in the file before the tee hears of them. */
static void feed(struct ss_tee *tee, int fd, const uint8_t *bytes, uint64_t off, uint64_t len)
{
    assert_int_equal(pwrite(fd, bytes + off, len, (off_t)off), len);
    ss_tee_feed(tee, fd, bytes + off, len, off);
}

static int tap_file(void)
{
    int fd = open("tee", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    return fd;
}

/* Pieces of every size, so that the last 32 bytes span one or many of them. */
static void test_tap(void **state)
{
    struct sample sample;
    int fd = tap_file();

    (void)state;
    make(&sample, HASH_LEN);
    seal(&sample);
    for (size_t piece = 20; piece < 200; piece++) {
        for (size_t len = sample.len - 40; len <= sample.len; len += 8) {
            uint8_t digest[HASH_LEN], due[HASH_LEN];
            struct ss_tee tee = {0};
            uint64_t covered;

            for (size_t at = 0; at < len; at += piece) {
                feed(&tee, fd, sample.bytes, at, piece < len - at ? piece : len - at);
            }
            assert_true(ss_tee_finish(&tee, &covered, digest));
            assert_int_equal(covered, len - HASH_LEN);
            digest_of(sample.bytes, len - HASH_LEN, due);
            assert_memory_equal(digest, due, HASH_LEN);
        }
    }
    close(fd);
}

/* Long enough for the thread, with ends on, before and behind its chunks; and given up half-way. */
static void test_tap_threaded(void **state)
{
    static const uint64_t lens[] = {(1 << 20) - 1, 1 << 20, (1 << 20) + 31, (1 << 20) + 33,
                                    2500000};
    static const uint64_t pieces[] = {65536, 262144, 300000, 1 << 20};
    const uint64_t most = 2500000;
    uint8_t *bytes = malloc(most);
    int fd = tap_file();

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < most; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    }
    memcpy(bytes + 16, "\xED\xDA\x0C\xED", 4);
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]) * 4; i++) {
        uint64_t len = lens[i / 4], piece = pieces[i % 4], covered;
        uint8_t digest[HASH_LEN], due[HASH_LEN];
        struct ss_tee tee = {0}, left = {0};

        for (uint64_t at = 0; at < len; at += piece) {
            feed(&tee, fd, bytes, at, piece < len - at ? piece : len - at);
            feed(&left, fd, bytes, at, piece < len - at ? piece : len - at);
        }
        ss_tee_fini(&left);
        assert_true(ss_tee_finish(&tee, &covered, digest));
        assert_int_equal(covered, len - HASH_LEN);
        digest_of(bytes, len - HASH_LEN, due);
        assert_memory_equal(digest, due, HASH_LEN);
    }
    close(fd);
    free(bytes);
}

/* Bytes that cannot be read back give no digest, with the thread and without. */
static void test_tap_unreadable(void **state)
{
    static const uint64_t lens[] = {4096, 1 << 20};
    uint8_t *bytes = calloc(1, 1 << 20);
    int fd = tap_file();

    (void)state;
    assert_non_null(bytes);
    memcpy(bytes + 16, "\xED\xDA\x0C\xED", 4);
    assert_int_equal(pwrite(fd, bytes, 2000, 0), 2000);
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        struct ss_tee tee = {0};
        uint8_t digest[HASH_LEN];
        uint64_t covered;

        ss_tee_feed(&tee, fd, bytes, lens[i], 0);
        assert_false(ss_tee_finish(&tee, &covered, digest));
    }
    close(fd);
    free(bytes);
}

/* What it must not vouch for: other files, short ones, bytes that come twice or leave a gap. */
static void test_tap_declines(void **state)
{
    static const struct {
        const char *story;
        uint64_t off[2], len[2];
    } feeds[] = {{"packed: no meta at the start", {16, 0}, {100, 0}},
                 {"too short to tell", {0, 19}, {19, 100}},
                 {"nothing before the last 32 bytes", {0, 0}, {32, 0}},
                 {"a gap", {0, 101}, {100, 100}},
                 {"written over", {0, 50}, {100, 100}}};
    struct sample sample;
    int fd = tap_file();

    (void)state;
    make(&sample, HASH_LEN);
    for (size_t i = 0; i < sizeof(feeds) / sizeof(feeds[0]); i++) {
        struct ss_tee tee = {0};
        uint8_t digest[HASH_LEN];
        uint64_t covered;

        for (size_t j = 0; j < 2 && feeds[i].len[j] > 0; j++) {
            feed(&tee, fd, sample.bytes, feeds[i].off[j], feeds[i].len[j]);
        }
        if (ss_tee_finish(&tee, &covered, digest)) {
            fail_msg("%s: a digest", feeds[i].story);
        }
        assert_null(tee.job);
    }
    close(fd);
}

static void *write_fifo(void *arg)
{
    const struct sample *sample = arg;
    int fd = open("fifo", O_WRONLY);

    for (size_t at = 0; at < sample->len; at += 512) {
        size_t n = sample->len - at < 512 ? sample->len - at : 512;

        if (write(fd, sample->bytes + at, n) != (ssize_t)n) {
            abort();
        }
    }
    close(fd);
    return NULL;
}

/* A stream's hash, computed as it came and again from the spool: the same report. */
static void test_stream(void **state)
{
    static const struct ss_open_opts with = {.hash_stream = true, .tmp_dir = "."};
    static const struct ss_open_opts without = {.tmp_dir = "."};
    struct sample sample;

    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    for (unsigned broken = 0; broken < 2; broken++) {
        struct ss_hash_report reports[2];

        make(&sample, HASH_LEN);
        seal(&sample);
        sample.bytes[2 * PAGE_SIZE + VALUE_POS] ^= (uint8_t)broken;
        for (unsigned i = 0; i < 2; i++) {
            struct ss_file *file;
            struct ss_error err;
            pthread_t writer;

            assert_int_equal(pthread_create(&writer, NULL, write_fifo, &sample), 0);
            assert_int_equal(ss_open("fifo", i == 0 ? &with : &without, NULL, &file, &err), SS_OK);
            pthread_join(writer, NULL);
            assert_int_equal(file->src.has_digest, i == 0);
            assert_int_equal(file->src.has_digest ? file->src.digest_len : DB_LEN, DB_LEN);
            memset(&reports[i], 0, sizeof(reports[i]));
            assert_int_equal(ss_hash_check(file, NULL, &reports[i], &err), SS_OK);
            ss_close(file);
        }
        assert_int_equal(reports[0].state, broken ? SS_HASH_MISMATCH : SS_HASH_VALID);
        assert_memory_equal(&reports[0], &reports[1], sizeof(reports[0]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_mismatch_at_every_byte),
        cmocka_unit_test(test_mismatch_names_both_digests),
        cmocka_unit_test(test_zero),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_cut_inside),
        cmocka_unit_test(test_cut_before),
        cmocka_unit_test(test_padded),
        cmocka_unit_test(test_padded_over_a_wrong_hash),
        cmocka_unit_test_setup_teardown(test_hash_in_a_hole, scratch_enter, scratch_leave),
        cmocka_unit_test(test_valid_over_destroyed_metas),
        cmocka_unit_test(test_valid_behind_preallocated),
        cmocka_unit_test(test_no_db),
        cmocka_unit_test(test_tap),
        cmocka_unit_test(test_tap_threaded),
        cmocka_unit_test(test_tap_unreadable),
        cmocka_unit_test(test_tap_declines),
        cmocka_unit_test_setup_teardown(test_stream, scratch_enter, scratch_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
