/* test_mutate.c - the mutator of the fuzz targets: it repeats itself, stays inside, and seals rightly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mutate.h"

#include "snapscope.h"
#include "util/endian.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAP ((size_t)1 << 17)
#define RUNS 400u

/* A mutator of plain bytes that does one predictable thing. */
static size_t flip_first(uint8_t *bytes, size_t len, size_t cap)
{
    (void)cap;
    if (len > 0) {
        bytes[0] ^= 0xFF;
    }
    return len;
}

static uint8_t *load(const char *name, size_t *len)
{
    char path[512];
    const char *root = getenv("SS_SOURCE_DIR");
    uint8_t *bytes = malloc(CAP);
    FILE *file;

    assert_non_null(root);
    assert_non_null(bytes);
    snprintf(path, sizeof(path), "%s/fuzz/seeds/db/%s", root, name);
    file = fopen(path, "rb");
    assert_non_null(file);
    *len = fread(bytes, 1, CAP, file);
    fclose(file);
    assert_true(*len > 8192 && *len < CAP);
    return bytes;
}

static struct ss_file *open_bytes(const uint8_t *bytes, size_t len)
{
    struct ss_file *file;
    struct ss_error err;

    assert_int_equal(ss_open_memory(bytes, len, "mutant", NULL, &file, &err), SS_OK);
    return file;
}

/* The same seed gives the same mutant; other seeds give others. */
static void test_deterministic(void **state)
{
    size_t len;
    uint8_t *seed = load("etcd36-uncompacted", &len), *a = malloc(CAP), *b = malloc(CAP);
    unsigned different = 0;

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    for (unsigned i = 0; i < RUNS; i++) {
        struct fuzz_random first = {i}, second = {i};
        size_t a_len, b_len;

        memcpy(a, seed, len);
        memcpy(b, seed, len);
        a_len = fuzz_mutate_file(a, len, CAP, flip_first, &first);
        b_len = fuzz_mutate_file(b, len, CAP, flip_first, &second);
        assert_int_equal(a_len, b_len);
        assert_memory_equal(a, b, a_len);
        different += a_len != len || memcmp(a, seed, len) != 0;
    }
    assert_true(different > RUNS * 3 / 4);
    free(seed);
    free(a);
    free(b);
}

/* In a block of exactly `cap` bytes, where the sanitizers see the first byte behind it. */
static void test_inside_its_block(void **state)
{
    static const size_t caps[] = {1, 15, 79, 80, 1024, 4096, 4097, 8192, 12288, 20512};
    size_t len;
    uint8_t *seed = load("etcd36-uncompacted-be", &len);

    (void)state;
    for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
        for (unsigned run = 0; run < RUNS; run++) {
            struct fuzz_random random = {run};
            uint8_t *block = malloc(caps[i]), *out = malloc(caps[i]);

            assert_non_null(block);
            assert_non_null(out);
            memcpy(block, seed, caps[i]);
            assert_true(fuzz_mutate_file(block, caps[i], caps[i], flip_first, &random) <= caps[i]);
            assert_true(fuzz_cross_files(seed, len, block, caps[i], out, caps[i], &random) <=
                        caps[i]);
            free(block);
            free(out);
        }
    }
    free(seed);
}

/* The parser's own word on a mutant that was sealed wholly. */
static void check_sealed(const uint8_t *bytes, size_t len)
{
    struct ss_file *file = open_bytes(bytes, len);
    struct ss_file_facts facts;
    struct ss_hash_report hash;
    struct ss_meta meta;
    struct ss_error err;

    ss_file_facts(file, &facts);
    for (int which = 0; which < 2 && facts.kind == SS_KIND_BBOLT; which++) {
        ss_file_meta(file, which, &meta);
        if (meta.present && meta.magic == 0xED0CDAED && meta.page_size == facts.page_size) {
            assert_int_equal(meta.checksum, meta.computed);
        }
    }
    if (len > 32 && len % 512 == 32) {
        assert_int_equal(ss_hash_check(file, NULL, &hash, &err), SS_OK);
        assert_int_equal(hash.state, SS_HASH_VALID);
    }
    ss_close(file);
}

static void test_sealed(void **state)
{
    static const char *const names[] = {"etcd36-uncompacted", "etcd36-uncompacted-be"};
    uint8_t *bytes = malloc(CAP);

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < 2; i++) {
        size_t len;
        uint8_t *seed = load(names[i], &len);

        for (unsigned run = 0; run < RUNS; run++) {
            struct fuzz_random random = {run};
            size_t mutant_len;

            memcpy(bytes, seed, len);
            mutant_len = fuzz_mutate_file(bytes, len, CAP, flip_first, &random);
            fuzz_seal(bytes, mutant_len, FUZZ_SEAL_ALL);
            check_sealed(bytes, mutant_len);
        }
        free(seed);
    }
    free(bytes);
}

/* What each seal puts right, and what it leaves. */
static void test_each_seal(void **state)
{
    size_t len;
    uint8_t *bytes = load("etcd36-uncompacted", &len), *sound = malloc(len);
    size_t last = len - 1, id = 3 * (size_t)4096;

    (void)state;
    assert_non_null(sound);
    assert_int_equal(len % 512, 32);
    memcpy(sound, bytes, len);
    bytes[72] ^= 1;
    bytes[id] ^= 1;
    bytes[last] ^= 1;
    fuzz_seal(bytes, len, 0);
    assert_memory_not_equal(bytes, sound, len);
    fuzz_seal(bytes, len, FUZZ_SEAL_METAS);
    assert_int_equal(bytes[72], sound[72]);
    assert_int_not_equal(bytes[id], sound[id]);
    fuzz_seal(bytes, len, FUZZ_SEAL_IDS);
    assert_int_equal(bytes[id], sound[id]);
    assert_int_not_equal(bytes[last], sound[last]);
    fuzz_seal(bytes, len, FUZZ_SEAL_HASH);
    assert_memory_equal(bytes, sound, len);
    free(bytes);
    free(sound);
}

/* How many of the mutants the parser reads, and how many of these carry a valid hash or are damaged. */
static void test_reaches_behind_the_gates(void **state)
{
    size_t len;
    uint8_t *seed = load("etcd36-uncompacted", &len), *bytes = malloc(CAP);
    unsigned readable = 0, hashed = 0, damaged = 0, clean = 0;

    (void)state;
    assert_non_null(bytes);
    for (unsigned run = 0; run < RUNS; run++) {
        struct fuzz_random random = {run};
        struct ss_verify_report *report;
        struct ss_file *file;
        struct ss_error err;
        size_t mutant_len;

        memcpy(bytes, seed, len);
        mutant_len = fuzz_mutate_file(bytes, len, CAP, flip_first, &random);
        file = open_bytes(bytes, mutant_len);
        readable += ss_file_readable(file, &err) == SS_OK;
        assert_int_equal(ss_verify(file, NULL, NULL, &report, &err), SS_OK);
        hashed += report->hash.state == SS_HASH_VALID;
        damaged += report->verdict == SS_VERDICT_DAMAGED;
        clean += report->verdict == SS_VERDICT_SOUND || report->verdict == SS_VERDICT_CONSISTENT;
        ss_verify_free(report);
        ss_close(file);
    }
    assert_true(readable > RUNS * 3 / 4);
    assert_true(hashed > RUNS / 3 && hashed < RUNS * 9 / 10);
    assert_true(damaged > RUNS / 4);
    assert_true(clean > RUNS / 10);
    free(seed);
    free(bytes);
}

/* Pages or elements of the other file arrive. */
static void test_cross(void **state)
{
    size_t a_len, b_len;
    uint8_t *a = load("etcd36-uncompacted", &a_len), *b = load("etcd36-cluster-1k", &b_len);
    uint8_t *out = malloc(CAP), *again = malloc(CAP);
    unsigned different = 0;

    (void)state;
    assert_non_null(out);
    assert_non_null(again);
    for (unsigned run = 0; run < RUNS; run++) {
        struct fuzz_random first = {run}, second = {run};
        size_t len = fuzz_cross_files(a, a_len, b, b_len, out, CAP, &first);

        assert_int_equal(len, a_len);
        assert_int_equal(fuzz_cross_files(a, a_len, b, b_len, again, CAP, &second), len);
        assert_memory_equal(out, again, len);
        different += memcmp(out, a, len) != 0;
    }
    assert_true(different > RUNS / 2);
    free(a);
    free(b);
    free(out);
    free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_inside_its_block),
        cmocka_unit_test(test_sealed),
        cmocka_unit_test(test_each_seal),
        cmocka_unit_test(test_reaches_behind_the_gates),
        cmocka_unit_test(test_cross),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
