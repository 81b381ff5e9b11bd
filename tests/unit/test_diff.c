/*
 * test_diff.c - ss_diff and ss_diff_ndjson: exact answers of small files, then random histories: a file
 * and itself are alike, b against a mirrors a against b, and the lines applied to a's state give b's.
 */
#include "history.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Text that grows. */
struct text {
    char *data; /* with a NUL behind it */
    size_t len;
    bool full; /* takes no more */
};

static bool text_write(void *ctx, const void *bytes, size_t len)
{
    struct text *t = ctx;

    if (t->full) {
        errno = ENOSPC;
        return false;
    }
    t->data = realloc(t->data, t->len + len + 1);
    assert_non_null(t->data);
    memcpy(t->data + t->len, bytes, len);
    t->len += len;
    t->data[t->len] = '\0';
    return true;
}

/* "+k 7 " for a change at revision 7; "~k vlr 3 7 " for one of both. */
static enum ss_status note_change(void *ctx, const struct ss_diff_change *change,
                                  struct ss_error *err)
{
    const struct ss_record *named = change->a != NULL ? change->a : change->b;
    char line[128];
    int len = (int)named->key.len;

    (void)err;
    if (change->change != SS_CHANGE_MODIFIED) {
        snprintf(line, sizeof(line), "%c%.*s %" PRId64 " ",
                 change->change == SS_CHANGE_ADDED ? '+' : '-', len, named->key.ptr,
                 named->mod_revision);
    } else {
        snprintf(line, sizeof(line), "~%.*s %s%s%s %" PRId64 " %" PRId64 " ", len, named->key.ptr,
                 (change->differs & SS_DIFFERS_VALUE) != 0 ? "v" : "",
                 (change->differs & SS_DIFFERS_LEASE) != 0 ? "l" : "",
                 (change->differs & SS_DIFFERS_REVISION) != 0 ? "r" : "", change->a->mod_revision,
                 change->b->mod_revision);
    }
    text_write(ctx, line, strlen(line));
    return SS_OK;
}

static struct ss_diff_result assert_diff(const struct ss_file *a, const struct ss_file *b,
                                         const struct ss_diff_opts *opts, const char *due)
{
    struct text t = {0};
    struct ss_diff_result result, again;
    struct ss_error err;

    if (ss_diff(a, b, opts, note_change, &t, NULL, &result, NULL, &err) != SS_OK) {
        fail_msg("%s", err.message);
    }
    assert_string_equal(t.data != NULL ? t.data : "", due);
    assert_int_equal(ss_diff(a, b, opts, NULL, NULL, NULL, &again, NULL, &err), SS_OK);
    assert_memory_equal(&again, &result, sizeof(result));
    free(t.data);
    return result;
}

/*
 * a   2 a=1   3 b=1   4 c=1   5 d=1 (lease 9)   6 e=1
 * b   2 a=1   3 b=1   7 b=2   8 d=1             9 e=1   10 f=1, without c
 */
static void make_pair(struct ss_test_history *a, struct ss_test_history *b)
{
    struct ss_span one = ss_span_of("1", 1), d = ss_span_of("d", 1);

    ss_test_history_text(a, 2, 0, "a", "1");
    ss_test_history_text(a, 3, 0, "b", "1");
    ss_test_history_text(b, 2, 0, "a", "1");
    ss_test_history_text(b, 3, 0, "b", "1");
    ss_test_history_text(a, 4, 0, "c", "1");
    ss_test_history_add(a, 5, 0, d, &one, 9);
    ss_test_history_text(a, 6, 0, "e", "1");
    ss_test_history_add(b, 5, 0, d, &one, 0);
    ss_test_history_text(b, 7, 0, "b", "2");
    ss_test_history_text(b, 9, 0, "e", "1");
    ss_test_history_text(b, 10, 0, "f", "1");
}

static void changes_by_hand(void **state)
{
    static const struct ss_test_shape shapes[] = {
        {0}, {.page_size = 65536, .big = true}, {.page_size = 1024, .leaf_max = 2}};
    struct ss_test_history g = {0}, h = {0};

    (void)state;
    make_pair(&g, &h);
    for (size_t i = 0; i < 3; i++) {
        struct ss_test_snapshot a = ss_test_snapshot_open(&g, &shapes[i]);
        struct ss_test_snapshot b = ss_test_snapshot_open(&h, &shapes[(i + 1) % 3]);
        struct ss_diff_result r =
            assert_diff(a.file, b.file, NULL, "~b vr 3 7 -c 4 ~d l 5 5 ~e r 6 9 +f 10 ");

        assert_int_equal(r.rev_a, 6);
        assert_int_equal(r.rev_b, 10);
        assert_int_equal(r.count_a, 5);
        assert_int_equal(r.count_b, 5);
        assert_int_equal(r.added, 1);
        assert_int_equal(r.removed, 1);
        assert_int_equal(r.modified, 3);
        assert_int_equal(r.same, 1);
        assert_diff(a.file, a.file, NULL, "");
        ss_test_snapshot_close(&a);
        ss_test_snapshot_close(&b);
    }
    ss_test_history_free(&g);
    ss_test_history_free(&h);
}

static void what_counts_as_different(void **state)
{
    struct ss_test_history g = {0}, h = {0};
    struct ss_test_shape plain = {0};
    struct ss_test_snapshot a, b;
    struct ss_diff_opts opts = {.keys_only = true};

    (void)state;
    make_pair(&g, &h);
    a = ss_test_snapshot_open(&g, &plain);
    b = ss_test_snapshot_open(&h, &plain);
    assert_diff(a.file, b.file, &opts, "-c 4 +f 10 ");
    opts = (struct ss_diff_opts){.ignore_lease = true};
    assert_diff(a.file, b.file, &opts, "~b vr 3 7 -c 4 ~e r 6 9 +f 10 ");
    opts = (struct ss_diff_opts){.values_only = true};
    assert_diff(a.file, b.file, &opts, "~b v 3 7 -c 4 ~d l 5 5 +f 10 ");
    opts.ignore_lease = true;
    assert_diff(a.file, b.file, &opts, "~b v 3 7 -c 4 +f 10 ");
    opts = (struct ss_diff_opts){.range = {.from = "c", .from_len = 1, .to = "f", .to_len = 1}};
    assert_int_equal(assert_diff(a.file, b.file, &opts, "-c 4 ~d l 5 5 ~e r 6 9 ").count_a, 3);
    opts = (struct ss_diff_opts){.range = {.prefix = "f", .prefix_len = 1}};
    assert_diff(a.file, b.file, &opts, "+f 10 ");
    opts = (struct ss_diff_opts){.rev_b = 3};
    assert_diff(a.file, b.file, &opts, "-c 4 -d 5 -e 6 ");
    opts = (struct ss_diff_opts){.rev_a = 3, .rev_b = 7};
    assert_diff(b.file, b.file, &opts, "~b vr 3 7 +d 5 ");
    ss_test_snapshot_close(&a);
    ss_test_snapshot_close(&b);
    ss_test_history_free(&g);
    ss_test_history_free(&h);
}

/* Members that diverged may differ in one number of a record alone. */
static void each_number_counts(void **state)
{
    struct ss_test_shape plain = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct ss_test_history h = {0};
        struct ss_test_snapshot a, b;
        struct ss_diff_opts opts = {.values_only = true};

        ss_test_history_text(&h, 2, 0, "k", "1");
        a = ss_test_snapshot_open(&h, &plain);
        if (i == 0) {
            h.records[0].version = 2;
        } else {
            h.records[0].create_revision = 1;
        }
        b = ss_test_snapshot_open(&h, &plain);
        assert_diff(a.file, b.file, NULL, "~k r 2 2 ");
        assert_diff(a.file, b.file, &opts, "");
        ss_test_snapshot_close(&a);
        ss_test_snapshot_close(&b);
        ss_test_history_free(&h);
    }
}

static enum ss_status stop(void *ctx, const struct ss_diff_change *change, struct ss_error *err)
{
    uint64_t *left = ctx;

    (void)change;
    (void)err;
    return --*left == 0 ? SS_END : SS_OK;
}

static bool refuse(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    assert_string_equal(phase, "reading keys");
    assert_true(done <= total);
    ++*(int *)ctx;
    return false;
}

/* The keys are read, and their comparison is refused. */
static bool refuse_comparison(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    assert_true(done <= total);
    if (strcmp(phase, "reading keys") == 0) {
        return true;
    }
    assert_string_equal(phase, "comparing");
    ++*(int *)ctx;
    return false;
}

static void ends_before_the_end(void **state)
{
    struct ss_test_history g = {0}, h = {0};
    struct ss_test_shape plain = {0}, compacted = {.compacted = 9};
    struct ss_test_snapshot a, b;
    struct ss_diff_opts opts = {.rev_b = 8};
    struct ss_call call;
    struct ss_diff_result r;
    enum ss_side side;
    struct ss_error err;
    uint64_t left = 2;
    int calls = 0;

    (void)state;
    make_pair(&g, &h);
    a = ss_test_snapshot_open(&g, &plain);
    b = ss_test_snapshot_open(&h, &compacted);
    assert_int_equal(ss_diff(a.file, b.file, NULL, stop, &left, NULL, &r, &side, &err), SS_OK);
    assert_int_equal(left, 0);
    assert_int_equal(ss_diff(a.file, b.file, &opts, NULL, NULL, NULL, &r, &side, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_REV_COMPACTED);
    assert_int_equal(side, SS_SIDE_B);
    opts = (struct ss_diff_opts){.rev_a = 7};
    assert_int_equal(ss_diff(a.file, b.file, &opts, NULL, NULL, NULL, &r, &side, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_REV_FUTURE);
    assert_int_equal(side, SS_SIDE_A);
    call = (struct ss_call){.progress = refuse, .progress_ctx = &calls};
    assert_int_equal(ss_diff(a.file, b.file, NULL, NULL, NULL, &call, &r, &side, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_CANCELLED);
    assert_int_equal(calls, 1);
    for (unsigned threads = 0; threads < 3; threads++) {
        call = (struct ss_call){threads, refuse_comparison, &calls};
        calls = 0;
        assert_int_equal(ss_diff(a.file, b.file, NULL, NULL, NULL, &call, &r, &side, &err),
                         SS_SYSTEM);
        assert_int_equal(err.code, SS_E_CANCELLED);
        assert_int_equal(calls, 1);
    }
    ss_test_snapshot_close(&a);
    ss_test_snapshot_close(&b);
    ss_test_history_free(&g);
    ss_test_history_free(&h);
}

static void a_damaged_side(void **state)
{
    struct ss_test_history g = {0}, h = {0};
    struct ss_test_shape plain = {0};
    struct ss_test_snapshot a, b;
    struct ss_diff_result r;
    enum ss_side side;
    struct ss_error err;

    (void)state;
    make_pair(&g, &h);
    a = ss_test_snapshot_open(&g, &plain);
    b = ss_test_snapshot_open(&h, &plain);
    memset(b.bytes + b.len - 4096, 0, 4096); /* the root bucket's page */
    assert_int_equal(ss_diff(a.file, b.file, NULL, NULL, NULL, NULL, &r, &side, &err), SS_CORRUPT);
    assert_int_equal(side, SS_SIDE_B);
    assert_int_equal(err.off, b.len - 4096);
    assert_int_equal(ss_diff(b.file, a.file, NULL, NULL, NULL, NULL, &r, &side, &err), SS_CORRUPT);
    assert_int_equal(side, SS_SIDE_A);
    ss_test_snapshot_close(&a);
    ss_test_snapshot_close(&b);
    ss_test_history_free(&g);
    ss_test_history_free(&h);
}

/* ---- JSON Lines ---- */

static struct text lines_of(const struct ss_file *a, const struct ss_file *b,
                            const struct ss_diff_opts *opts, bool values)
{
    struct text t = {0};
    struct ss_diff_result result;
    struct ss_error err;

    text_write(&t, "", 0);
    if (ss_diff_ndjson(a, b, opts, values, text_write, &t, NULL, &result, NULL, &err) != SS_OK) {
        fail_msg("%s", err.message);
    }
    return t;
}

static void exact_lines(void **state)
{
    struct ss_test_history g = {0}, h = {0};
    struct ss_test_shape plain = {0};
    struct ss_span key = ss_span_of("k\xff", 2), value = ss_span_of("\0\1", 2);
    struct ss_test_snapshot a, b;
    struct ss_diff_opts opts = {.range = {.from = "d", .from_len = 1}};
    struct text t;

    (void)state;
    make_pair(&g, &h);
    ss_test_history_add(&g, 11, 0, key, &value, INT64_MIN);
    a = ss_test_snapshot_open(&g, &plain);
    b = ss_test_snapshot_open(&h, &plain);
    t = lines_of(a.file, b.file, &opts, false);
    assert_string_equal(t.data, "{\"change\":\"modified\",\"key\":\"d\",\"differs\":[\"lease\"],"
                                "\"a\":{\"create_revision\":5,\"mod_revision\":5,\"version\":1,"
                                "\"lease\":\"0000000000000009\",\"value_"
                                "len\":1},"
                                "\"b\":{\"create_revision\":5,\"mod_revision\":5,\"version\":1,"
                                "\"lease\":\"0000000000000000\",\"value_"
                                "len\":1}}\n"
                                "{\"change\":\"modified\",\"key\":\"e\",\"differs\":[\"revision\"],"
                                "\"a\":{\"create_revision\":6,\"mod_revision\":6,\"version\":1,"
                                "\"lease\":\"0000000000000000\",\"value_"
                                "len\":1},"
                                "\"b\":{\"create_revision\":9,\"mod_revision\":9,\"version\":1,"
                                "\"lease\":\"0000000000000000\",\"value_"
                                "len\":1}}\n"
                                "{\"change\":\"added\",\"key\":\"f\","
                                "\"b\":{\"create_revision\":10,\"mod_revision\":10,\"version\":1,"
                                "\"lease\":\"0000000000000000\","
                                "\"value_len\":1}}\n"
                                "{\"change\":\"removed\",\"key_base64\":\"a/8=\","
                                "\"a\":{\"create_revision\":11,\"mod_revision\":11,\"version\":1,"
                                "\"lease\":\"8000000000000000\",\"value_len\":2}}\n");
    free(t.data);
    opts.range = (struct ss_range){.prefix = "b", .prefix_len = 1};
    t = lines_of(a.file, b.file, &opts, true);
    assert_string_equal(
        t.data, "{\"change\":\"modified\",\"key\":\"b\",\"differs\":[\"value\",\"revision\"],"
                "\"a\":{\"create_revision\":3,\"mod_revision\":3,\"version\":1,\"lease\":"
                "\"0000000000000000\","
                "\"value\":\"1\"},"
                "\"b\":{\"create_revision\":3,\"mod_revision\":7,\"version\":2,\"lease\":"
                "\"0000000000000000\","
                "\"value\":\"2\"}}\n");
    free(t.data);
    opts.range = (struct ss_range){.prefix = "k", .prefix_len = 1};
    t = lines_of(a.file, b.file, &opts, true);
    assert_string_equal(t.data, "{\"change\":\"removed\",\"key_base64\":\"a/8=\","
                                "\"a\":{\"create_revision\":11,\"mod_revision\":11,\"version\":1,"
                                "\"lease\":\"8000000000000000\",\"value_base64\":\"AAE=\"}}\n");
    free(t.data);
    ss_test_snapshot_close(&a);
    ss_test_snapshot_close(&b);
    ss_test_history_free(&g);
    ss_test_history_free(&h);
}

static void output_that_fails(void **state)
{
    struct ss_test_history g = {0}, h = {0};
    struct ss_test_shape plain = {0};
    struct ss_test_snapshot a, b;
    struct text t = {.full = true};
    struct ss_diff_result result;
    struct ss_error err;

    (void)state;
    make_pair(&g, &h);
    a = ss_test_snapshot_open(&g, &plain);
    b = ss_test_snapshot_open(&h, &plain);
    assert_int_equal(
        ss_diff_ndjson(a.file, b.file, NULL, true, text_write, &t, NULL, &result, NULL, &err),
        SS_SYSTEM);
    assert_int_equal(err.code, SS_E_OUTPUT);
    assert_int_equal(err.sys, ENOSPC);
    ss_test_snapshot_close(&a);
    ss_test_snapshot_close(&b);
    ss_test_history_free(&g);
    ss_test_history_free(&h);
}

/* ---- random histories ---- */

/* States as objects: key as base64, and its record with the value as base64. */
static json_t *base64_of(const void *bytes, size_t len)
{
    char *text = malloc(4 * ((len + 2) / 3) + 1);
    json_t *json;

    assert_non_null(text);
    json = json_stringn(text, ss_text_base64(bytes, len, text));
    free(text);
    return json;
}

static json_t *state_of(const struct ss_file *file, int64_t rev)
{
    json_t *keys = json_object();
    struct ss_state *s;
    struct ss_error err;

    assert_int_equal(ss_state_new(file, rev, NULL, NULL, &s, &err), SS_OK);
    for (uint64_t i = 0; i < ss_state_count(s); i++) {
        struct ss_record rec;
        char lease[17];
        json_t *key, *value;

        ss_state_get(s, i, &rec);
        snprintf(lease, sizeof(lease), "%016" PRIx64, (uint64_t)rec.lease);
        key = base64_of(rec.key.ptr, (size_t)rec.key.len);
        value = json_pack("{s:I,s:I,s:I,s:s,s:o}", "create_revision",
                          (json_int_t)rec.create_revision, "mod_revision",
                          (json_int_t)rec.mod_revision, "version", (json_int_t)rec.version, "lease",
                          lease, "value", base64_of(rec.value.ptr, (size_t)rec.value.len));
        assert_non_null(value);
        json_object_set_new(keys, json_string_value(key), value);
        json_decref(key);
    }
    ss_state_free(s);
    return keys;
}

/* "name" or "name_base64" of an object as base64. */
static json_t *bytes_in(const json_t *object, const char *name, const char *name_base64)
{
    json_t *text = json_object_get(object, name);

    if (text != NULL) {
        assert_null(json_object_get(object, name_base64));
        return base64_of(json_string_value(text), json_string_length(text));
    }
    text = json_object_get(object, name_base64);
    assert_non_null(text);
    return json_incref(text);
}

static json_t *record_in(const json_t *side)
{
    json_t *rec = json_pack(
        "{s:O,s:O,s:O,s:O,s:o}", "create_revision", json_object_get(side, "create_revision"),
        "mod_revision", json_object_get(side, "mod_revision"), "version",
        json_object_get(side, "version"), "lease", json_object_get(side, "lease"), "value",
        bytes_in(side, "value", "value_base64"));

    assert_non_null(rec);
    return rec;
}

/* Applies one line: what it says of a must be what there is. */
static void apply(json_t *keys, const json_t *line)
{
    json_t *key = bytes_in(line, "key", "key_base64");
    const json_t *a = json_object_get(line, "a"), *b = json_object_get(line, "b");
    const char *name = json_string_value(key);

    if (a != NULL) {
        json_t *due = record_in(a);

        assert_true(json_equal(due, json_object_get(keys, name)));
        json_decref(due);
    } else {
        assert_null(json_object_get(keys, name));
    }
    if (b != NULL) {
        json_object_set_new(keys, name, record_in(b));
    } else {
        json_object_del(keys, name);
    }
    json_decref(key);
}

static void assert_lines_lead_over(const struct ss_file *a, const struct ss_file *b,
                                   const struct ss_diff_opts *opts)
{
    struct text t = lines_of(a, b, opts, true);
    json_t *have = state_of(a, opts->rev_a), *due = state_of(b, opts->rev_b);
    char *at = t.data;

    while (*at != '\0') {
        char *end = strchr(at, '\n');
        json_t *line = json_loadb(at, (size_t)(end - at), JSON_ALLOW_NUL, NULL);

        assert_non_null(line);
        apply(have, line);
        json_decref(line);
        at = end + 1;
    }
    assert_true(json_equal(have, due));
    json_decref(have);
    json_decref(due);
    free(t.data);
}

/* One change on one side, put down so that both directions can be compared. */
static enum ss_status note_forth(void *ctx, const struct ss_diff_change *change,
                                 struct ss_error *err)
{
    const struct ss_record *a = change->a, *b = change->b;
    const struct ss_record *named = a != NULL ? a : b;
    const int64_t numbers[] = {a != NULL ? a->mod_revision : 0, b != NULL ? b->mod_revision : 0,
                               (int64_t)change->differs};

    (void)err;
    text_write(ctx, numbers, sizeof(numbers));
    text_write(ctx, named->key.ptr, (size_t)named->key.len);
    return SS_OK;
}

static enum ss_status note_back(void *ctx, const struct ss_diff_change *change,
                                struct ss_error *err)
{
    static const enum ss_change mirror[] = {[SS_CHANGE_ADDED] = SS_CHANGE_REMOVED,
                                            [SS_CHANGE_REMOVED] = SS_CHANGE_ADDED,
                                            [SS_CHANGE_MODIFIED] = SS_CHANGE_MODIFIED};
    struct ss_diff_change swapped = {.change = mirror[change->change],
                                     .differs = change->differs,
                                     .a = change->b,
                                     .b = change->a};

    assert_int_equal(change->a == NULL, change->change == SS_CHANGE_ADDED);
    assert_int_equal(change->b == NULL, change->change == SS_CHANGE_REMOVED);
    return note_forth(ctx, &swapped, err);
}

static void assert_mirrors(const struct ss_file *a, const struct ss_file *b,
                           const struct ss_diff_opts *opts)
{
    struct ss_diff_opts back = *opts;
    struct text t = {0}, u = {0};
    struct ss_diff_result r, s;
    struct ss_error err;

    back.rev_a = opts->rev_b;
    back.rev_b = opts->rev_a;
    text_write(&t, "", 0);
    text_write(&u, "", 0);
    assert_int_equal(ss_diff(a, b, opts, note_forth, &t, NULL, &r, NULL, &err), SS_OK);
    assert_int_equal(ss_diff(b, a, &back, note_back, &u, NULL, &s, NULL, &err), SS_OK);
    assert_int_equal(t.len, u.len);
    assert_memory_equal(t.data, u.data, t.len);
    assert_int_equal(r.added, s.removed);
    assert_int_equal(r.removed, s.added);
    assert_int_equal(r.modified, s.modified);
    assert_int_equal(r.same, s.same);
    assert_int_equal(r.count_a, r.removed + r.modified + r.same);
    assert_int_equal(r.count_b, r.added + r.modified + r.same);
    free(t.data);
    free(u.data);
}

static void assert_nothing_differs(const struct ss_file *file, int64_t rev)
{
    struct ss_diff_opts opts = {.rev_a = rev, .rev_b = rev};
    struct text t = lines_of(file, file, &opts, true);

    assert_int_equal(t.len, 0);
    free(t.data);
}

static void random_histories(void **state)
{
    uint64_t seed = 424242;

    (void)state;
    for (int round = 0; round < 60; round++) {
        struct ss_test_history g = {0}, h = {0};
        struct ss_test_shape plain = {.leaf_max = 5}, other = {.page_size = 16384, .big = true};
        struct ss_diff_opts opts = {0};
        struct ss_test_snapshot a, b;

        ss_test_history_random(&g, 10 + (uint32_t)(ss_test_random(&seed) % 200), 30, &seed);
        ss_test_history_random(&h, 10 + (uint32_t)(ss_test_random(&seed) % 200), 30, &seed);
        other.compacted = (int64_t)(ss_test_random(&seed) % 8);
        a = ss_test_snapshot_open(&g, &plain);
        b = ss_test_snapshot_open(&h, &other);
        assert_nothing_differs(a.file, 0);
        assert_lines_lead_over(a.file, b.file, &opts);
        assert_mirrors(a.file, b.file, &opts);
        opts.rev_a = 2 + (int64_t)(ss_test_random(&seed) % 7);
        assert_nothing_differs(a.file, opts.rev_a);
        assert_lines_lead_over(a.file, a.file, &opts);
        assert_mirrors(a.file, b.file, &opts);
        ss_test_snapshot_close(&a);
        ss_test_snapshot_close(&b);
        ss_test_history_free(&g);
        ss_test_history_free(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_by_hand),    cmocka_unit_test(what_counts_as_different),
        cmocka_unit_test(each_number_counts), cmocka_unit_test(ends_before_the_end),
        cmocka_unit_test(a_damaged_side),     cmocka_unit_test(exact_lines),
        cmocka_unit_test(output_that_fails),  cmocka_unit_test(random_histories),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
