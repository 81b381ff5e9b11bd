/*
 * test_export.c - ss_dump's further formats: etcdctl's bytes, all buckets, redaction, archives, and the
 * paths that keys get in them.
 */
#include "build_etcd.h"

#include "export/tar_path.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink.h"

#define REDACT_KEY "0123456789abcdef"
#define DIGEST_1 "6f51b61a3db920f1cbe06a4c38501bc0b002ebaf9ceab835ca0a6f899817de7a"
#define DIGEST_FF00 "687627033f1c98b342b829d1490bf856e09c9900010fc6fa89d9137fbe654898"

/* a at 2, b (binary, leased) at 3, a gone at 4; term 7; a bucket `other` with an empty one inside. */
static struct ss_file *open_store(uint8_t **bytes)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    uint32_t meta = ss_test_db_bucket(db, SS_TEST_ROOT, "meta", false);
    uint32_t other = ss_test_db_bucket(db, SS_TEST_ROOT, "other", false);
    struct ss_record b = {.rev = {3, 0}, .create_revision = 3, .mod_revision = 3, .version = 1};
    struct ss_file *file;
    struct ss_error err;
    size_t len;

    b.key = (struct ss_span){(const uint8_t *)"b", 1, 0};
    b.value = (struct ss_span){(const uint8_t *)"\xff\x00", 2, 0};
    b.lease = INT64_MAX;
    ss_test_put_text(db, key, 2, 0, "a", "1");
    ss_test_put_record(db, key, &b);
    ss_test_delete_text(db, key, 4, 0, "a");
    ss_test_db_put(db, meta, "term", 4, "\0\0\0\0\0\0\0\7", 8);
    ss_test_db_put(db, other, "k", 1, "1", 1);
    ss_test_db_bucket(db, other, "in", true);
    *bytes = ss_test_db_finish(db, &len);
    assert_int_equal(ss_open_memory(*bytes, len, "test", NULL, &file, &err), SS_OK);
    return file;
}

static void assert_dump(const struct ss_dump_opts *opts, uint64_t count, const char *expected)
{
    uint8_t *bytes;
    struct ss_file *file = open_store(&bytes);
    struct ss_dump_result result;
    struct sink sink = {0};
    struct ss_error err;

    if (ss_dump(file, opts, sink_write, &sink, NULL, &result, &err) != SS_OK) {
        fail_msg("%s", err.message);
    }
    assert_string_equal(sink.data, expected);
    assert_int_equal(result.record_count, count);
    assert_int_equal(result.out_len, sink.len);
    free(sink.data);
    ss_close(file);
    free(bytes);
}

#define HEADER "{\"header\":{\"revision\":4,\"raft_term\":7}"

static void test_etcdctl(void **state)
{
    struct ss_dump_opts opts = {.format = SS_DUMP_ETCDCTL};

    (void)state;
    assert_dump(&opts, 1,
                HEADER ",\"kvs\":[{\"key\":\"Yg==\",\"create_revision\":3,\"mod_revision\":3,"
                       "\"version\":1,\"value\":\"/wA=\",\"lease\":9223372036854775807}],"
                       "\"count\":1}\n");
    opts.keys_only = true;
    opts.rev = 2;
    assert_dump(&opts, 1,
                HEADER ",\"kvs\":[{\"key\":\"YQ==\",\"create_revision\":2,\"mod_revision\":2,"
                       "\"version\":1}],\"count\":1}\n");
    opts.range = (struct ss_range){.prefix = "x", .prefix_len = 1};
    assert_dump(&opts, 0, HEADER "}\n");
}

#define B_HEAD "{\"key\":\"b\",\"create_revision\":3,\"mod_revision\":3,\"version\":1,"
#define B B_HEAD "\"lease\":\"7fffffffffffffff\",\"value_base64\":\"/wA=\"}"

static void test_all_buckets(void **state)
{
    struct ss_dump_opts opts = {.all_buckets = true};

    (void)state;
    assert_dump(&opts, 6,
                B "\n{\"bucket\":[\"meta\"]}\n"
                  "{\"bucket\":[\"meta\"],\"key\":\"term\",\"value_base64\":\"AAAAAAAAAAc=\"}\n"
                  "{\"bucket\":[\"other\"]}\n"
                  "{\"bucket\":[\"other\"],\"key\":\"k\",\"value\":\"1\"}\n"
                  "{\"bucket\":[\"other\",\"in\"]}\n");
    opts.format = SS_DUMP_JSON;
    assert_dump(&opts, 6,
                "{\"file\":\"test\",\"revision\":4,\"kvs\":[\n" B "\n],\"count\":1,\"buckets\":[\n"
                "{\"bucket\":[\"meta\"],\"kvs\":[\n"
                "{\"key\":\"term\",\"value_base64\":\"AAAAAAAAAAc=\"}\n],\"count\":1},\n"
                "{\"bucket\":[\"other\"],\"kvs\":[\n"
                "{\"key\":\"k\",\"value\":\"1\"}\n],\"count\":1},\n"
                "{\"bucket\":[\"other\",\"in\"],\"kvs\":[],\"count\":0}\n]}\n");
}

static void test_redacted(void **state)
{
    static const char other[] = "other";
    struct ss_span path[1] = {{(const uint8_t *)other, 5, 0}};
    struct ss_dump_opts opts = {.redact_key = REDACT_KEY, .redact_key_len = 16};

    (void)state;
    assert_dump(&opts, 1,
                B_HEAD
                "\"lease\":\"7fffffffffffffff\",\"value_len\":2,\"value_digest\":\"" DIGEST_FF00
                "\"}\n");
    opts.format = SS_DUMP_ETCDCTL;
    assert_dump(&opts, 1,
                HEADER ",\"kvs\":[{\"key\":\"Yg==\",\"create_revision\":3,\"mod_revision\":3,"
                       "\"version\":1,\"value_len\":2,\"value_digest\":\"" DIGEST_FF00
                       "\",\"lease\":9223372036854775807}],\"count\":1}\n");
    opts.format = SS_DUMP_NDJSON;
    opts.bucket = path;
    opts.bucket_count = 1;
    assert_dump(&opts, 3,
                "{\"key\":\"in\",\"bucket\":true}\n"
                "{\"key\":\"k\",\"value_len\":1,\"value_digest\":\"" DIGEST_1 "\"}\n"
                "{\"bucket\":[\"other\",\"in\"]}\n");
}

static void assert_refused(const struct ss_file *file, struct ss_dump_opts opts)
{
    struct ss_dump_result result;
    struct sink sink = {0};
    struct ss_error err;

    assert_int_equal(ss_dump(file, &opts, sink_write, &sink, NULL, &result, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_ARGUMENT);
    assert_int_equal(sink.call_count, 0);
}

static void test_refused(void **state)
{
    const struct ss_span path[1] = {{(const uint8_t *)"other", 5, 0}};
    uint8_t *bytes;
    struct ss_file *file = open_store(&bytes);

    (void)state;
    assert_refused(file, (struct ss_dump_opts){.format = SS_DUMP_ETCDCTL, .revisions = true});
    assert_refused(file, (struct ss_dump_opts){.format = SS_DUMP_ETCDCTL, .all_buckets = true});
    assert_refused(file, (struct ss_dump_opts){.format = SS_DUMP_TAR, .keys_only = true});
    assert_refused(file, (struct ss_dump_opts){.redact_key = REDACT_KEY, .redact_key_len = 15});
    for (enum ss_dump_format format = SS_DUMP_ETCDCTL; format <= SS_DUMP_TAR; format++) {
        assert_refused(file,
                       (struct ss_dump_opts){.format = format, .bucket = path, .bucket_count = 1});
    }
    assert_refused(file,
                   (struct ss_dump_opts){.bucket = path, .bucket_count = 1, .all_buckets = true});
    ss_close(file);
    free(bytes);
}

/* Output that fails anywhere ends the dump in that error, and nothing follows it; of every format and packing. */
static void fails_anywhere(const struct ss_file *file, const struct ss_dump_opts *opts,
                           uint64_t records)
{
    struct ss_dump_result result;
    struct sink whole = {0};
    struct ss_error err;

    assert_int_equal(ss_dump(file, opts, sink_write, &whole, NULL, &result, &err), SS_OK);
    assert_int_equal(result.record_count, records);
    assert_int_equal(result.rev, 4);
    assert_int_equal(result.out_len, whole.len);
    for (unsigned at = 1; at <= whole.call_count; at++) {
        struct sink sink = {.fail_at = at};

        assert_int_equal(ss_dump(file, opts, sink_write, &sink, NULL, &result, &err), SS_SYSTEM);
        assert_int_equal(err.code, SS_E_OUTPUT);
        assert_int_equal(err.sys, ENOSPC);
        assert_int_equal(sink.call_count, at);
        assert_int_equal(result.out_len, sink.len);
        free(sink.data);
    }
    free(whole.data);
}

static void test_output_fails(void **state)
{
    static const enum ss_dump_format formats[] = {SS_DUMP_NDJSON, SS_DUMP_JSON, SS_DUMP_TAR};
    uint8_t *bytes;
    struct ss_file *file = open_store(&bytes);

    (void)state;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        struct ss_dump_opts opts = {.format = formats[i], .revisions = true, .all_buckets = true};
        struct ss_dump_result plain;
        struct sink sink = {0};
        struct ss_error err;

        assert_int_equal(ss_dump(file, &opts, sink_write, &sink, NULL, &plain, &err), SS_OK);
        free(sink.data);
        for (int packing = SS_DUMP_UNPACKED; packing <= SS_DUMP_ZSTD; packing++) {
            opts.packing = (enum ss_dump_packing)packing;
            fails_anywhere(file, &opts, plain.record_count);
        }
    }
    ss_close(file);
    free(bytes);
}

static void assert_path(const char *key, size_t key_len, bool is_folder, const char *expected)
{
    struct ss_tar_path path = {0};

    assert_true(ss_tar_path_begin(&path, "keys"));
    assert_true(
        ss_tar_path_key(&path, (struct ss_span){(const uint8_t *)key, key_len, 0}, is_folder));
    assert_true(ss_tar_path_end(&path));
    assert_string_equal(path.text, expected);
    assert_int_equal(path.len, strlen(expected));
    ss_tar_path_fini(&path);
}

static void test_paths(void **state)
{
    static const struct {
        const char *key;
        bool is_folder;
        const char *path;
    } cases[] = {
        {"a", false, "keys/a"},
        {"a", true, "keys/a%"},
        {"", false, "keys/%"},
        {"/", false, "keys/%/%"},
        {"/", true, "keys/%/%%"},
        {"/registry/a", false, "keys/%/registry/a"},
        {"../../x", false, "keys/%2E./%2E./x"},
        {".", false, "keys/%2E"},
        {".h/a.b", false, "keys/%2Eh/a.b"},
        {"a%", false, "keys/a%25"},
        {"a%", true, "keys/a%25%"},
        {"%+", false, "keys/%25+"},
        {"Az09-_.~@=+,", false, "keys/Az09-_.~@=+,"},
        {"a b\\:*\n\x7f\xff", false, "keys/a%20b%5C%3A%2A%0A%7F%FF"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_path(cases[i].key, strlen(cases[i].key), cases[i].is_folder, cases[i].path);
    }
    assert_path("a\0b", 3, false, "keys/a%00b");
}

/* Names are cut at 250 bytes, not within an escape, and a dot behind the cut is escaped again. */
static void test_long_paths(void **state)
{
    char key[1200], expected[1400];

    (void)state;
    memset(key, 'x', sizeof(key));
    memcpy(expected, "keys/", 5);
    memset(expected + 5, 'x', 250);
    expected[255] = '\0';
    assert_path(key, 250, false, expected);
    strcpy(expected + 255, "%+/x%");
    assert_path(key, 251, true, expected);
    memcpy(key + 250, "..", 2);
    strcpy(expected + 255, "%+/%2E.");
    assert_path(key, 252, false, expected);
    key[248] = '\xff';
    strcpy(expected + 5 + 248, "%+/%FFx..");
    assert_path(key, 252, false, expected);
    memset(key, 'x', sizeof(key));
    for (size_t len = 986; len <= 987; len++) {
        struct ss_tar_path path = {0};

        ss_tar_path_begin(&path, "keys");
        ss_tar_path_key(&path, (struct ss_span){(const uint8_t *)key, len, 0}, false);
        assert_int_equal(path.len, len + 5 + 9);
        assert_true(ss_tar_path_end(&path));
        assert_int_equal(path.len, len == 986 ? 1000 : 5 + 8 + 64);
        ss_tar_path_fini(&path);
    }
    assert_path(key, 987, false,
                "keys/%sha256/0c360ac68047ba9809be347fd7caaefff18218b6c6b65f6e7e9766fc8c450174");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_etcdctl),      cmocka_unit_test(test_all_buckets),
        cmocka_unit_test(test_redacted),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_output_fails), cmocka_unit_test(test_paths),
        cmocka_unit_test(test_long_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
