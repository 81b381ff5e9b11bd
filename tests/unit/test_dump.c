/*
 * test_dump.c - ss_dump: exact bytes of small files, Jansson's reading of large ones, the answers of
 * real servers for every fixture, and the same bytes each time.
 */

#include "build_etcd.h"

#include "export/outbuf.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink.h"

static struct ss_file *open_bytes(const uint8_t *bytes, size_t len)
{
    struct ss_error err;
    struct ss_file *file;

    assert_int_equal(ss_open_memory(bytes, len, "test", NULL, &file, &err), SS_OK);
    return file;
}

static void dump_ok(const struct ss_file *file, const struct ss_dump_opts *opts, struct sink *sink,
                    struct ss_dump_result *result)
{
    struct ss_error err;

    *sink = (struct sink){0};
    if (ss_dump(file, opts, sink_write, sink, NULL, result, &err) != SS_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(result->out_len, sink->len);
}

static void assert_dump(const struct ss_file *file, const struct ss_dump_opts *opts,
                        uint64_t record_count, int64_t rev, const char *expected)
{
    struct ss_dump_result result;
    struct sink sink;

    dump_ok(file, opts, &sink, &result);
    assert_string_equal(sink.data != NULL ? sink.data : "", expected);
    assert_int_equal(result.record_count, record_count);
    assert_int_equal(result.rev, rev);
    free(sink.data);
}

static struct ss_span text_span(const char *text)
{
    return (struct ss_span){(const uint8_t *)text, strlen(text), 0};
}

/*
 * History of a small store: a at 2 and 4, b (binary value, leased) at 3, NUL key at 5.0, c at 5.1,
 * a deleted at 6, and a marker at 9.
 */
static uint8_t *build_history(size_t *len)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    uint32_t other = ss_test_db_bucket(db, SS_TEST_ROOT, "other", false);
    struct ss_record b = {.rev = {3, 0}, .create_revision = 3, .mod_revision = 3, .version = 1};
    struct ss_record nul = {.rev = {5, 0}, .create_revision = 5, .mod_revision = 5, .version = 1};
    struct ss_record marker = {.rev = {9, 0}, .marker = true};

    b.key = text_span("b");
    b.value = (struct ss_span){(const uint8_t *)"\xff\x00", 2, 0};
    b.lease = INT64_MAX;
    nul.key = (struct ss_span){(const uint8_t *)"\0k", 2, 0};
    ss_test_put_text(db, key, 2, 0, "a", "1");
    ss_test_put_record(db, key, &b);
    ss_test_put_text(db, key, 4, 0, "a", "line\nquote\"");
    ss_test_put_record(db, key, &nul);
    ss_test_put_text(db, key, 5, 1, "c/\xc3\xa9", "");
    ss_test_delete_text(db, key, 6, 0, "a");
    ss_test_put_record(db, key, &marker);
    ss_test_db_put(db, other, "plain", 5, "value", 5);
    ss_test_db_put(db, other, "\xfe", 1, "\x00", 1);
    ss_test_db_bucket(db, other, "nested", true);
    return ss_test_db_finish(db, len);
}

#define LINE_A2                                                                        \
    "{\"key\":\"a\",\"create_revision\":2,\"mod_revision\":2,\"version\":1,\"lease\":" \
    "\"0000000000000000\""
#define LINE_A4                                                                        \
    "{\"key\":\"a\",\"create_revision\":4,\"mod_revision\":4,\"version\":1,\"lease\":" \
    "\"0000000000000000\""
#define LINE_B                                                               \
    "{\"key\":\"b\",\"create_revision\":3,\"mod_revision\":3,\"version\":1," \
    "\"lease\":\"7fffffffffffffff\""
#define LINE_NUL                                                                                 \
    "{\"key_base64\":\"AGs=\",\"create_revision\":5,\"mod_revision\":5,\"version\":1,\"lease\":" \
    "\"0000000000000000\""
#define LINE_C                                                                     \
    "{\"key\":\"c/"                                                                \
    "\xc3\xa9\",\"create_revision\":5,\"mod_revision\":5,\"version\":1,\"lease\":" \
    "\"0000000000000000\""
#define LINE_DELETED                                                                   \
    "{\"key\":\"a\",\"create_revision\":0,\"mod_revision\":6,\"version\":0,\"lease\":" \
    "\"0000000000000000\",\"sub\":0,"                                                  \
    "\"tombstone\":true}"
#define LINE_MARKER                                                                   \
    "{\"key\":\"\",\"create_revision\":0,\"mod_revision\":9,\"version\":0,\"lease\":" \
    "\"0000000000000000\",\"sub\":0,"                                                 \
    "\"marker\":true}"
#define VALUE_A4 ",\"value\":\"line\\nquote\\\"\"}"
#define VALUE_B ",\"value_base64\":\"/wA=\"}"
#define LEN_A4 ",\"value_len\":11}"
#define LEN_B ",\"value_len\":2}"
#define VALUE_0 ",\"value\":\"\"}"

static void test_state(void **state)
{
    size_t len;
    uint8_t *bytes = build_history(&len);
    struct ss_file *file = open_bytes(bytes, len);
    struct ss_dump_opts opts = {0};

    (void)state;
    assert_dump(file, &opts, 3, 9, LINE_NUL VALUE_0 "\n" LINE_B VALUE_B "\n" LINE_C VALUE_0 "\n");
    opts.rev = 4;
    assert_dump(file, &opts, 2, 4, LINE_A4 VALUE_A4 "\n" LINE_B VALUE_B "\n");
    opts.keys_only = true;
    assert_dump(file, &opts, 2, 4, LINE_A4 LEN_A4 "\n" LINE_B LEN_B "\n");
    opts.format = SS_DUMP_JSON;
    assert_dump(file, &opts, 2, 4,
                "{\"file\":\"test\",\"revision\":4,\"kvs\":[\n" LINE_A4 LEN_A4 ",\n" LINE_B LEN_B
                "\n],\"count\":2}\n");
    opts.range.from = "x";
    opts.range.from_len = 1;
    assert_dump(file, &opts, 0, 4, "{\"file\":\"test\",\"revision\":4,\"kvs\":[],\"count\":0}\n");
    opts = (struct ss_dump_opts){.range = {.to = "b", .to_len = 1}};
    assert_dump(file, &opts, 1, 9, LINE_NUL VALUE_0 "\n");
    opts = (struct ss_dump_opts){.range = {.prefix = "c/", .prefix_len = 2}};
    assert_dump(file, &opts, 1, 9, LINE_C VALUE_0 "\n");
    ss_close(file);
    free(bytes);
}

static void test_revisions(void **state)
{
    size_t len;
    uint8_t *bytes = build_history(&len);
    struct ss_file *file = open_bytes(bytes, len);
    struct ss_dump_opts opts = {.revisions = true};

    (void)state;
    assert_dump(file, &opts, 7, 9,
                LINE_A2 ",\"sub\":0,\"value\":\"1\"}\n" LINE_B ",\"sub\":0" VALUE_B "\n" LINE_A4
                        ",\"sub\":0" VALUE_A4 "\n" LINE_NUL ",\"sub\":0" VALUE_0 "\n" LINE_C
                        ",\"sub\":1" VALUE_0 "\n" LINE_DELETED "\n" LINE_MARKER "\n");
    opts.rev = 3;
    assert_dump(file, &opts, 2, 3,
                LINE_A2 ",\"sub\":0,\"value\":\"1\"}\n" LINE_B ",\"sub\":0" VALUE_B "\n");
    opts = (struct ss_dump_opts){.revisions = true, .keys_only = true, .format = SS_DUMP_JSON};
    opts.range.to = "b";
    opts.range.to_len = 1;
    assert_dump(file, &opts, 4, 9,
                "{\"file\":\"test\",\"revision\":9,\"kvs\":[\n" LINE_A2
                ",\"sub\":0,\"value_len\":1},\n" LINE_A4 ",\"sub\":0" LEN_A4 ",\n" LINE_NUL
                ",\"sub\":0,\"value_len\":0},\n" LINE_DELETED "\n],\"count\":4}\n");
    ss_close(file);
    free(bytes);
}

static void test_other_bucket(void **state)
{
    size_t len;
    uint8_t *bytes = build_history(&len);
    struct ss_file *file = open_bytes(bytes, len);
    struct ss_span path[2] = {text_span("other"), text_span("nested")};
    struct ss_dump_opts opts = {.bucket = path, .bucket_count = 1};

    (void)state;
    assert_dump(file, &opts, 4, 0,
                "{\"key\":\"nested\",\"bucket\":true}\n{\"key\":\"plain\",\"value\":\"value\"}\n"
                "{\"key_base64\":\"/g==\",\"value_base64\":\"AA==\"}\n"
                "{\"bucket\":[\"other\",\"nested\"]}\n");
    opts.keys_only = true;
    opts.range.from = "o";
    opts.range.from_len = 1;
    assert_dump(file, &opts, 2, 0,
                "{\"key\":\"plain\",\"value_len\":5}\n{\"key_base64\":\"/g==\",\"value_len\":1}\n");
    opts.range.prefix = "pl";
    opts.range.prefix_len = 2;
    assert_dump(file, &opts, 1, 0, "{\"key\":\"plain\",\"value_len\":5}\n");
    opts = (struct ss_dump_opts){.bucket = path, .bucket_count = 2, .format = SS_DUMP_JSON};
    assert_dump(file, &opts, 0, 0,
                "{\"file\":\"test\",\"bucket\":[\"other\",\"nested\"],\"kvs\":[],\"count\":0}\n");
    opts = (struct ss_dump_opts){.bucket = path, .format = SS_DUMP_JSON, .keys_only = true};
    assert_dump(file, &opts, 14, 0,
                "{\"file\":\"test\",\"bucket\":[],\"kvs\":[\n{\"key\":\"key\",\"bucket\":true},\n"
                "{\"key\":\"other\",\"bucket\":true}\n],\"count\":2,\"buckets\":[\n"
                "{\"bucket\":[\"key\"],\"kvs\":[\n"
                "{\"key_base64\":\"AAAAAAAAAAJfAAAAAAAAAAA=\",\"value_len\":12},\n"
                "{\"key_base64\":\"AAAAAAAAAANfAAAAAAAAAAA=\",\"value_len\":23},\n"
                "{\"key_base64\":\"AAAAAAAAAARfAAAAAAAAAAA=\",\"value_len\":22},\n"
                "{\"key_base64\":\"AAAAAAAAAAVfAAAAAAAAAAA=\",\"value_len\":10},\n"
                "{\"key_base64\":\"AAAAAAAAAAVfAAAAAAAAAAE=\",\"value_len\":12},\n"
                "{\"key_base64\":\"AAAAAAAAAAZfAAAAAAAAAAB0\",\"value_len\":3},\n"
                "{\"key_base64\":\"AAAAAAAAAAlfAAAAAAAAAAA=\",\"value_len\":0}\n],\"count\":7},\n"
                "{\"bucket\":[\"other\"],\"kvs\":[\n"
                "{\"key\":\"plain\",\"value_len\":5},\n{\"key_base64\":\"/"
                "g==\",\"value_len\":1}\n],\"count\":2},\n"
                "{\"bucket\":[\"other\",\"nested\"],\"kvs\":[],\"count\":0}\n]}\n");
    ss_close(file);
    free(bytes);
}

static void assert_refused(const struct ss_file *file, const struct ss_dump_opts *opts,
                           enum ss_code code)
{
    struct ss_dump_result result;
    struct ss_error err;
    struct sink sink = {0};

    assert_int_equal(ss_dump(file, opts, sink_write, &sink, NULL, &result, &err), SS_SYSTEM);
    assert_int_equal(err.code, code);
    assert_int_equal(sink.call_count, 0);
    assert_int_equal(result.out_len, 0);
}

static void test_refused(void **state)
{
    size_t len;
    uint8_t *bytes = build_history(&len);
    struct ss_file *file = open_bytes(bytes, len);
    struct ss_span path[1] = {text_span("none")};

    (void)state;
    assert_refused(file, &(struct ss_dump_opts){.rev = -1}, SS_E_ARGUMENT);
    assert_refused(file, &(struct ss_dump_opts){.format = (enum ss_dump_format)9}, SS_E_ARGUMENT);
    assert_refused(file, &(struct ss_dump_opts){.rev = 10}, SS_E_REV_FUTURE);
    assert_refused(file, &(struct ss_dump_opts){.rev = 10, .revisions = true}, SS_E_REV_FUTURE);
    assert_refused(file, &(struct ss_dump_opts){.bucket = path, .bucket_count = 1}, SS_E_NOT_FOUND);
    path[0] = text_span("other");
    assert_refused(file, &(struct ss_dump_opts){.bucket = path, .bucket_count = 1, .rev = 2},
                   SS_E_ARGUMENT);
    assert_refused(file,
                   &(struct ss_dump_opts){.bucket = path, .bucket_count = 1, .revisions = true},
                   SS_E_ARGUMENT);
    ss_close(file);
    free(bytes);
}

static void test_not_etcd(void **state)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    struct ss_file *file;
    uint8_t *bytes;
    size_t len;

    (void)state;
    ss_test_db_bucket(db, SS_TEST_ROOT, "v1", false);
    bytes = ss_test_db_finish(db, &len);
    file = open_bytes(bytes, len);
    assert_refused(file, &(struct ss_dump_opts){0}, SS_E_NOT_ETCD);
    assert_refused(file, &(struct ss_dump_opts){.revisions = true}, SS_E_NOT_ETCD);
    ss_close(file);
    free(bytes);
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

#define LARGE_COUNT 3000u

/*
 * Value of the large store's record n: text that needs escapes, bytes that are no text, small and
 * empty ones, and some that pass the output buffer several times.
 */
static size_t fill_value(unsigned n, uint8_t *value)
{
    uint64_t seed = n;
    size_t len = n % 7 == 0 ? 0 : next_random(&seed) % 900;

    if (n % 1000 == 3) {
        len = SS_OUTBUF_LEN * 2 + n;
    }
    for (size_t i = 0; i < len; i++) {
        uint64_t r = next_random(&seed);

        value[i] = (uint8_t)(n % 2 == 0 ? 1 + r % 0x7F : r);
    }
    return len;
}

static uint8_t *build_large(size_t *len)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    uint8_t *value = malloc(SS_OUTBUF_LEN * 2 + LARGE_COUNT);

    for (unsigned n = 0; n < LARGE_COUNT; n++) {
        struct ss_record rec = {.rev = {n + 2, 0}, .create_revision = n + 2, .version = 1};
        char name[32];

        rec.mod_revision = rec.rev.main;
        rec.value = (struct ss_span){value, fill_value(n, value), 0};
        snprintf(name, sizeof(name), "/k/%06u", n * 7919 % LARGE_COUNT);
        rec.key = text_span(name);
        ss_test_put_record(db, key, &rec);
    }
    free(value);
    return ss_test_db_finish(db, len);
}

/* The bytes that "name" or "name_base64" stands for, on the heap. */
static uint8_t *json_member_bytes(json_t *record, const char *name, size_t *len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    json_t *text = json_object_get(record, name);
    char alias[32];
    const char *p;
    uint8_t *bytes;
    uint32_t bits = 0;

    snprintf(alias, sizeof(alias), "%s_base64", name);
    if (text != NULL) {
        assert_null(json_object_get(record, alias));
        *len = json_string_length(text);
        bytes = malloc(*len + 1);
        memcpy(bytes, json_string_value(text), *len);
        return bytes;
    }
    p = json_string_value(json_object_get(record, alias));
    assert_non_null(p);
    assert_int_equal(strlen(p) % 4, 0);
    bytes = malloc(strlen(p) + 1);
    *len = 0;
    for (size_t i = 0; p[i] != '\0' && p[i] != '='; i++) {
        bits = bits << 6 | (uint32_t)(strchr(digits, p[i]) - digits);
        if (i % 4 != 0) {
            bytes[(*len)++] = (uint8_t)(bits >> (6 - i % 4 * 2));
        }
    }
    return bytes;
}

/* Each line parses to exactly the bytes that were put. */
static void test_large_round_trip(void **state)
{
    size_t len;
    uint8_t *bytes = build_large(&len), *value = malloc(SS_OUTBUF_LEN * 2 + LARGE_COUNT);
    struct ss_file *file = open_bytes(bytes, len);
    struct ss_dump_result result;
    struct sink sink;
    char *line;
    unsigned n = 0;

    (void)state;
    dump_ok(file, &(struct ss_dump_opts){.revisions = true}, &sink, &result);
    line = sink.data;
    for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1, n++) {
        size_t expected_len = fill_value(n, value), got_len;
        json_t *record = json_loadb(line, (size_t)(end - line), 0, NULL);
        uint8_t *got = json_member_bytes(record, "value", &got_len);

        assert_int_equal(got_len, expected_len);
        assert_memory_equal(got, value, got_len);
        assert_int_equal(json_integer_value(json_object_get(record, "mod_revision")), n + 2);
        free(got);
        json_decref(record);
    }
    assert_int_equal(n, LARGE_COUNT);
    assert_int_equal(line - sink.data, sink.len);
    free(sink.data);
    free(value);
    ss_close(file);
    free(bytes);
}

static void assert_dumps_agree(const struct ss_file *file, const struct ss_dump_opts *opts)
{
    struct ss_dump_result expected_result, result;
    struct sink expected, sink;

    dump_ok(file, opts, &expected, &expected_result);
    dump_ok(file, opts, &sink, &result);
    assert_int_equal(sink.len, expected.len);
    assert_memory_equal(sink.data, expected.data, sink.len);
    assert_int_equal(result.record_count, expected_result.record_count);
    assert_int_equal(result.rev, expected_result.rev);
    free(sink.data);
    free(expected.data);
}

static void test_large_again(void **state)
{
    size_t len;
    uint8_t *bytes = build_large(&len);
    struct ss_file *file = open_bytes(bytes, len);

    (void)state;
    assert_dumps_agree(file, &(struct ss_dump_opts){.revisions = true});
    assert_dumps_agree(file, &(struct ss_dump_opts){.format = SS_DUMP_JSON});
    assert_dumps_agree(file, &(struct ss_dump_opts){.keys_only = true, .rev = 2000});
    ss_close(file);
    free(bytes);
}

/* A failure at each call in turn: OUTPUT, errno kept, and no call after it. */
static void test_output_fails(void **state)
{
    size_t len;
    uint8_t *bytes = build_large(&len);
    struct ss_file *file = open_bytes(bytes, len);
    const struct ss_dump_opts opts = {.format = SS_DUMP_JSON};

    (void)state;
    struct ss_dump_result result;
    struct ss_error err;
    struct sink sink;
    unsigned call_count;

    dump_ok(file, &opts, &sink, &result);
    call_count = sink.call_count;
    free(sink.data);
    for (unsigned at = 1; at <= call_count; at++) {
        sink = (struct sink){.fail_at = at};
        assert_int_equal(ss_dump(file, &opts, sink_write, &sink, NULL, &result, &err), SS_SYSTEM);
        assert_int_equal(err.code, SS_E_OUTPUT);
        assert_int_equal(err.sys, ENOSPC);
        assert_int_equal(sink.call_count, at);
        assert_int_equal(result.out_len, sink.len);
        free(sink.data);
    }
    ss_close(file);
    free(bytes);
}

/* A record that cannot be decoded: what stands before it comes out, and nothing looks complete. */
static void test_broken_record(void **state)
{
    const struct ss_dump_opts opts = {.format = SS_DUMP_JSON, .revisions = true};
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    struct ss_file *file;
    uint8_t *bytes;
    size_t len;

    (void)state;
    ss_test_put_text(db, key, 2, 0, "a", "1");
    ss_test_put_text(db, key, 4, 0, "a", "2");
    ss_test_db_put(db, key, "\0\0\0\0\0\0\0\3_\0\0\0\0\0\0\0\0", 17, "\x0a\x7f", 2);
    bytes = ss_test_db_finish(db, &len);
    file = open_bytes(bytes, len);
    struct ss_dump_result result;
    struct ss_error err;
    struct sink sink = {0};

    assert_int_equal(ss_dump(file, &opts, sink_write, &sink, NULL, &result, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_RECORD);
    assert_memory_equal(bytes + err.off - 1, "\x0a\x7f", 2);
    assert_string_equal(err.bucket, "key");
    assert_string_equal(sink.data, "{\"file\":\"test\",\"revision\":4,\"kvs\":[\n" LINE_A2
                                   ",\"sub\":0,\"value\":\"1\"}");
    assert_int_equal(result.record_count, 1);
    free(sink.data);
    ss_close(file);
    free(bytes);
}

struct progress {
    const char *phase; /* that is stopped */
    unsigned call_count;
    uint64_t done, total;
};

static bool stop_at_once(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    struct progress *seen = ctx;

    if (strcmp(phase, seen->phase) != 0 || done == 0) {
        return true; /* another phase, or the call that comes before any work */
    }
    *seen = (struct progress){seen->phase, seen->call_count + 1, done, total};
    return false;
}

static void test_cancelled(void **state)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    struct ss_file *file;
    uint8_t *bytes;
    size_t len;

    (void)state;
    for (int64_t n = 0; n < 5000; n++) {
        char name[32];

        snprintf(name, sizeof(name), "%" PRId64, n);
        ss_test_put_text(db, key, n + 2, 0, name, "v");
    }
    bytes = ss_test_db_finish(db, &len);
    file = open_bytes(bytes, len);
    struct progress seen = {.phase = "dump"};
    const struct ss_dump_opts opts = {0};
    const struct ss_call call = {.progress = stop_at_once, .progress_ctx = &seen};
    struct ss_dump_result result;
    struct ss_error err;
    struct sink sink = {0};

    assert_int_equal(ss_dump(file, &opts, sink_write, &sink, &call, &result, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_CANCELLED);
    assert_int_equal(seen.call_count, 1);
    assert_int_equal(seen.done, 4096);
    assert_int_equal(seen.total, 5000);
    free(sink.data);
    /* And while the state is built: nothing was written. */
    seen = (struct progress){.phase = "reading keys"};
    sink = (struct sink){0};
    assert_int_equal(ss_dump(file, &opts, sink_write, &sink, &call, &result, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_CANCELLED);
    assert_int_equal(seen.call_count, 1);
    assert_int_equal(sink.len, 0);
    ss_close(file);
    free(bytes);
}

/*
 * The array "kvs" of a server's answer, packed or not. The header before it is passed over: its ids
 * have 64 bits, more than Jansson's integers.
 */
static json_t *load_kvs(const char *path)
{
    struct ss_error err;
    struct ss_file *file;
    struct ss_span all;
    const char *kvs;
    json_t *array;

    if (ss_open(path, NULL, NULL, &file, &err) != SS_OK) {
        fail_msg("%s: %s", path, err.message);
    }
    all = ss_file_bytes(file, 0, UINT64_MAX);
    assert_memory_equal(all.ptr, "{\"header\":{", 11);
    kvs = memmem(all.ptr, (size_t)all.len, "\"kvs\":", 6);
    if (kvs == NULL) {
        array = json_array();
    } else {
        size_t rest_len = (size_t)((const char *)all.ptr + all.len - kvs);

        array = json_loadb(kvs + 6, rest_len - 6, JSON_DISABLE_EOF_CHECK, NULL);
    }
    assert_true(json_is_array(array));
    ss_close(file);
    return array;
}

/* A server's number: a JSON number, or absent for zero. */
static json_int_t server_integer(json_t *kv, const char *name)
{
    return json_integer_value(json_object_get(kv, name));
}

static uint8_t *server_bytes(json_t *kv, const char *name, size_t *len)
{
    json_t *text = json_object_get(kv, name);
    json_t *wrapped = json_object();
    uint8_t *bytes;

    json_object_set_new(wrapped, "x_base64", text != NULL ? json_incref(text) : json_string(""));
    bytes = json_member_bytes(wrapped, "x", len);
    json_decref(wrapped);
    return bytes;
}

static void assert_same_bytes(json_t *ours, json_t *theirs, const char *name)
{
    size_t our_len, their_len;
    uint8_t *our_bytes = json_member_bytes(ours, name, &our_len);
    uint8_t *their_bytes = server_bytes(theirs, name, &their_len);

    assert_int_equal(our_len, their_len);
    assert_memory_equal(our_bytes, their_bytes, our_len);
    free(our_bytes);
    free(their_bytes);
}

/* Key by key what `etcdctl get "" --prefix -w json` said at that revision. */
static void assert_as_server(const struct ss_file *file, const char *path, int64_t rev)
{
    static const char *const names[] = {"create_revision", "mod_revision", "version"};
    struct ss_dump_opts opts = {.format = SS_DUMP_JSON, .rev = rev};
    json_t *their_kvs = load_kvs(path);
    struct ss_dump_result result;
    struct sink sink;
    json_t *ours, *our_kvs;

    dump_ok(file, &opts, &sink, &result);
    ours = json_loadb(sink.data, sink.len, 0, NULL);
    our_kvs = json_object_get(ours, "kvs");
    assert_int_equal(json_array_size(our_kvs), json_array_size(their_kvs));
    assert_int_equal(json_integer_value(json_object_get(ours, "count")), json_array_size(our_kvs));
    for (size_t i = 0; i < json_array_size(our_kvs); i++) {
        json_t *our_kv = json_array_get(our_kvs, i), *their_kv = json_array_get(their_kvs, i);
        char lease[17];

        assert_same_bytes(our_kv, their_kv, "key");
        assert_same_bytes(our_kv, their_kv, "value");
        for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
            assert_int_equal(server_integer(our_kv, names[k]), server_integer(their_kv, names[k]));
        }
        snprintf(lease, sizeof(lease), "%016llx",
                 (unsigned long long)server_integer(their_kv, "lease"));
        assert_string_equal(json_string_value(json_object_get(our_kv, "lease")), lease);
    }
    json_decref(ours);
    json_decref(their_kvs);
    free(sink.data);
}

/* Compares with each get.json and get-rev-N.json beside the fixture; returns how many there were. */
static unsigned check_answers(const struct ss_file *file, const char *fixture)
{
    char pattern[512];
    unsigned checked = 0;
    glob_t found;

    snprintf(pattern, sizeof(pattern), "%.*s/oracle/get*.json*",
             (int)(strrchr(fixture, '/') - fixture), fixture);
    if (glob(pattern, 0, NULL, &found) != 0) {
        return 0;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *rev = strstr(strrchr(found.gl_pathv[i], '/'), "-rev-");

        assert_as_server(file, found.gl_pathv[i], rev != NULL ? strtoll(rev + 5, NULL, 10) : 0);
        checked++;
    }
    globfree(&found);
    return checked;
}

static void check_fixtures(const char *pattern, unsigned *fixture_count, unsigned *answer_count)
{
    char path[512];
    glob_t found;

    snprintf(path, sizeof(path), "%s/testdata/%s", getenv("SS_SOURCE_DIR"), pattern);
    if (glob(path, 0, NULL, &found) != 0) {
        return;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct ss_error err;
        struct ss_file *file;

        if (ss_open(found.gl_pathv[i], NULL, NULL, &file, &err) != SS_OK) {
            fail_msg("%s: %s", found.gl_pathv[i], err.message);
        }
        assert_dumps_agree(file, &(struct ss_dump_opts){.revisions = true});
        *answer_count += check_answers(file, found.gl_pathv[i]);
        *fixture_count += 1;
        ss_close(file);
    }
    globfree(&found);
}

static void test_fixtures(void **state)
{
    unsigned fixture_count = 0, answer_count = 0;

    (void)state;
    check_fixtures("etcd*/*.db.zst", &fixture_count, &answer_count);
    check_fixtures("etcd*/*/*.db.zst", &fixture_count, &answer_count);
    check_fixtures("k8s*/*.db.zst", &fixture_count, &answer_count);
    assert_true(fixture_count >= 20);
    assert_true(answer_count >= 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state),         cmocka_unit_test(test_revisions),
        cmocka_unit_test(test_other_bucket),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_not_etcd),      cmocka_unit_test(test_large_round_trip),
        cmocka_unit_test(test_large_again),   cmocka_unit_test(test_output_fails),
        cmocka_unit_test(test_broken_record), cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_fixtures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
