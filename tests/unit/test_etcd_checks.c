/*
 * What verify says of etcd's buckets: one sound database, and one change to it a case. Each finding is
 * held to its id, its values, and the byte that it names.
 */
#include "build_etcd.h"

#include "etcd/revision.h"
#include "util/endian.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ELEMENT_MAX 64
#define WANTED_MAX 4

static const char *const names[] = {"alarm", "auth",  "authRoles", "authUsers",       "cluster",
                                    "key",   "lease", "members",   "members_removed", "meta"};
#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

/* An element of the database to be; bucket NULL: taken out again. */
struct element {
    const char *bucket;
    uint8_t key[64], value[256];
    size_t key_len, value_len;
};

struct world {
    struct element elements[ELEMENT_MAX];
    size_t count;
    const char *left_out; /* a bucket that is not made */
    const char *nested;   /* a bucket that gets one inside */
    const char *stranger; /* a further top-level bucket */
    const char *root_key; /* a top-level key that is no bucket */
    uint8_t *bytes;
    size_t len;
};

static struct element *find(struct world *w, const char *bucket, const void *key, size_t key_len)
{
    for (size_t i = 0; i < w->count; i++) {
        struct element *e = &w->elements[i];

        if (e->bucket != NULL && strcmp(e->bucket, bucket) == 0 && e->key_len == key_len &&
            memcmp(e->key, key, key_len) == 0) {
            return e;
        }
    }
    return NULL;
}

static void put(struct world *w, const char *bucket, const void *key, size_t key_len,
                const void *value, size_t value_len)
{
    struct element *e = find(w, bucket, key, key_len);

    if (e == NULL) {
        e = &w->elements[w->count++];
    }
    assert_true(w->count <= ELEMENT_MAX && key_len <= sizeof(e->key));
    assert_true(value_len <= sizeof(e->value));
    *e = (struct element){.bucket = bucket, .key_len = key_len, .value_len = value_len};
    memcpy(e->key, key, key_len);
    memcpy(e->value, value, value_len);
}

static void put_text(struct world *w, const char *bucket, const char *key, const char *value)
{
    put(w, bucket, key, strlen(key), value, strlen(value));
}

static void drop(struct world *w, const char *bucket, const void *key, size_t key_len)
{
    struct element *e = find(w, bucket, key, key_len);

    assert_non_null(e);
    e->bucket = NULL;
}

static void drop_text(struct world *w, const char *bucket, const char *key)
{
    drop(w, bucket, key, strlen(key));
}

static void put_u64(struct world *w, const char *bucket, const char *key, uint64_t n)
{
    uint8_t bytes[8];

    ss_store_u64(bytes, n, true);
    put(w, bucket, key, strlen(key), bytes, sizeof(bytes));
}

static void put_mark(struct world *w, const char *name, int64_t main)
{
    uint8_t bytes[SS_TOMBSTONE_LEN];

    ss_revision_encode((struct ss_revision){main, 0}, false, bytes);
    put(w, "meta", name, strlen(name), bytes, SS_REVISION_LEN);
}

struct numbers {
    int64_t create, mod, version, lease;
};

static void put_at(struct world *w, int64_t main, int64_t sub, const char *key, struct numbers n)
{
    const int64_t values[] = {n.create, n.mod, n.version};
    struct ss_test_bytes b = {0};
    uint8_t rev[SS_TOMBSTONE_LEN];
    size_t rev_len = ss_revision_encode((struct ss_revision){main, sub}, false, rev);

    ss_test_field_bytes(&b, 1, key, strlen(key));
    for (uint32_t i = 0; i < 3; i++) {
        ss_test_field_varint(&b, i + 2, (uint64_t)values[i]);
    }
    ss_test_field_bytes(&b, 5, "v", 1);
    if (n.lease != 0) {
        ss_test_field_varint(&b, 6, (uint64_t)n.lease);
    }
    put(w, "key", rev, rev_len, b.bytes, b.len);
    free(b.bytes);
}

static void delete_at(struct world *w, int64_t main, int64_t sub, const char *key)
{
    struct ss_test_bytes b = {0};
    uint8_t rev[SS_TOMBSTONE_LEN];
    size_t rev_len = ss_revision_encode((struct ss_revision){main, sub}, true, rev);

    ss_test_field_bytes(&b, 1, key, strlen(key));
    put(w, "key", rev, rev_len, b.bytes, b.len);
    free(b.bytes);
}

/* The same record without its bytes, or with others. */
static void put_raw(struct world *w, int64_t main, int64_t sub, bool tombstone, const char *value,
                    size_t len)
{
    uint8_t rev[SS_TOMBSTONE_LEN];
    size_t rev_len = ss_revision_encode((struct ss_revision){main, sub}, tombstone, rev);

    put(w, "key", rev, rev_len, value, len);
}

static void drop_at(struct world *w, int64_t main, int64_t sub, bool tombstone)
{
    uint8_t rev[SS_TOMBSTONE_LEN];
    size_t rev_len = ss_revision_encode((struct ss_revision){main, sub}, tombstone, rev);

    drop(w, "key", rev, rev_len);
}

static void put_lease(struct world *w, int64_t key_id, int64_t id, int64_t ttl)
{
    struct ss_test_bytes b = {0};
    uint8_t key[8];

    ss_store_u64(key, (uint64_t)key_id, true);
    ss_test_field_varint(&b, 1, (uint64_t)id);
    ss_test_field_varint(&b, 2, (uint64_t)ttl);
    put(w, "lease", key, sizeof(key), b.bytes, b.len);
    free(b.bytes);
}

static void put_named(struct world *w, const char *bucket, const char *key, const char *name,
                      const char *role)
{
    struct ss_test_bytes b = {0};

    ss_test_field_bytes(&b, 1, name, strlen(name));
    if (role != NULL) {
        ss_test_field_bytes(&b, 3, role, strlen(role));
    }
    put(w, bucket, key, strlen(key), b.bytes, b.len);
    free(b.bytes);
}

/*
 *   2 put a · 3 put b · 4 put a · 5.0 delete b · 5.1 put c · 6 put b · 7 put d · 8 put d
 */
static void make_sound(struct world *w)
{
    *w = (struct world){0};
    put_at(w, 2, 0, "a", (struct numbers){2, 2, 1, 0});
    put_at(w, 3, 0, "b", (struct numbers){3, 3, 1, 7});
    put_at(w, 4, 0, "a", (struct numbers){2, 4, 2, 0});
    delete_at(w, 5, 0, "b");
    put_at(w, 5, 1, "c", (struct numbers){5, 5, 1, 7});
    put_at(w, 6, 0, "b", (struct numbers){6, 6, 1, 0});
    put_at(w, 7, 0, "d", (struct numbers){7, 7, 1, 0});
    put_at(w, 8, 0, "d", (struct numbers){7, 8, 2, 0});
    put_u64(w, "meta", "consistent_index", 12);
    put_u64(w, "meta", "term", 2);
    put_text(w, "meta", "confState", "{\"voters\":[1,18446744073709551615],\"auto_leave\":false}");
    put_text(w, "meta", "storageVersion", "3.6.0");
    put_text(w, "cluster", "clusterVersion", "3.6.0");
    put_text(w, "members", "1", "{\"id\":1,\"peerURLs\":[\"http://a:1\"],\"name\":\"a\"}");
    put_text(w, "members", "ffffffffffffffff",
             "{\"id\":18446744073709551615,\"peerURLs\":[\"http://b:1\"]}");
    put_text(w, "members_removed", "2", "removed");
    put_lease(w, 7, 7, 60);
    put(w, "auth", "authEnabled", 11, "\1", 1);
    put_u64(w, "auth", "authRevision", 3);
    put_named(w, "authRoles", "reader", "reader", NULL);
    put_named(w, "authRoles", "root", "root", NULL);
    put_named(w, "authUsers", "root", "root", "root");
    put_named(w, "authUsers", "u", "u", "reader");
}

static void finish(struct world *w)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t ids[NAME_COUNT];

    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (w->left_out == NULL || strcmp(names[i], w->left_out) != 0) {
            ids[i] = ss_test_db_bucket(db, SS_TEST_ROOT, names[i], strcmp(names[i], "key") != 0);
        }
    }
    for (size_t i = 0; i < w->count; i++) {
        for (size_t k = 0; k < NAME_COUNT; k++) {
            if (w->elements[i].bucket != NULL && strcmp(w->elements[i].bucket, names[k]) == 0 &&
                (w->left_out == NULL || strcmp(names[k], w->left_out) != 0)) {
                ss_test_db_put(db, ids[k], w->elements[i].key, w->elements[i].key_len,
                               w->elements[i].value, w->elements[i].value_len);
            }
        }
    }
    for (size_t k = 0; k < NAME_COUNT; k++) {
        if (w->nested != NULL && strcmp(w->nested, names[k]) == 0) {
            ss_test_db_bucket(db, ids[k], "inner", true);
        }
    }
    if (w->stranger != NULL) {
        ss_test_db_bucket(db, SS_TEST_ROOT, w->stranger, true);
    }
    if (w->root_key != NULL) {
        ss_test_db_put(db, SS_TEST_ROOT, w->root_key, strlen(w->root_key), "x", 1);
    }
    w->bytes = ss_test_db_finish(db, &w->len);
}

/* Where bytes stand in the file; they must stand there once. */
static uint64_t offset_of(const struct world *w, const void *bytes, size_t len)
{
    uint64_t found = SS_NONE;

    for (size_t i = 0; i + len <= w->len; i++) {
        if (memcmp(w->bytes + i, bytes, len) == 0) {
            assert_true(found == SS_NONE);
            found = i;
        }
    }
    assert_true(found != SS_NONE);
    return found;
}

/* Where an element's key starts: its value follows. */
static uint64_t element_off(struct world *w, const char *bucket, const void *key, size_t key_len)
{
    const struct element *e = find(w, bucket, key, key_len);
    uint8_t both[sizeof(e->key) + sizeof(e->value)];

    assert_non_null(e);
    memcpy(both, e->key, e->key_len);
    memcpy(both + e->key_len, e->value, e->value_len);
    return offset_of(w, both, e->key_len + e->value_len);
}

struct wanted {
    const char *id, *bucket, *have, *expect;
    uint64_t off;
};

static struct wanted want(const char *id, const char *bucket, uint64_t off, const char *have,
                          const char *expect)
{
    return (struct wanted){id, bucket, have, expect, off};
}

static uint64_t at_key(struct world *w, const char *bucket, const char *key, uint64_t pos)
{
    return element_off(w, bucket, key, strlen(key)) + pos;
}

static uint64_t at_value(struct world *w, const char *bucket, const char *key, uint64_t pos)
{
    return element_off(w, bucket, key, strlen(key)) + strlen(key) + pos;
}

static uint64_t at_rev(struct world *w, int64_t main, int64_t sub, bool tombstone, uint64_t pos)
{
    uint8_t rev[SS_TOMBSTONE_LEN];
    size_t len = ss_revision_encode((struct ss_revision){main, sub}, tombstone, rev);

    return element_off(w, "key", rev, len) + pos;
}

/* Positions in a record of put_at: behind 17 bytes of key, 0a 01 k 10 c 18 m 20 v 2a 01 v 30 l. */
enum {
    AT_SUB = 9,
    AT_VALUE = 17,
    AT_CREATE = 20,
    AT_MOD = 22,
    AT_VERSION = 24
};

static void print_findings(const struct ss_verify_report *r)
{
    for (size_t i = 0; i < r->finding_count; i++) {
        printf("%s %s have=%s expect=%s off=0x%" PRIx64 " %s\n", r->findings[i].check->id,
               r->findings[i].detail, r->findings[i].have, r->findings[i].expect,
               r->findings[i].off, r->findings[i].bucket);
    }
}

static struct ss_verify_report *verify(const struct world *w, struct ss_file **file)
{
    const struct ss_verify_opts opts = {.what = SS_VERIFY_STRUCTURE | SS_VERIFY_ETCD};
    struct ss_verify_report *report;
    struct ss_error err;

    assert_int_equal(ss_open_memory(w->bytes, w->len, "test", NULL, file, &err), SS_OK);
    assert_int_equal(ss_verify(*file, &opts, NULL, &report, &err), SS_OK);
    return report;
}

static void expect(struct world *w, size_t count, const struct wanted *wanted)
{
    struct ss_file *file;
    struct ss_verify_report *r = verify(w, &file);

    if (r->finding_count != count) {
        print_findings(r);
    }
    assert_int_equal(r->finding_count, count);
    for (size_t i = 0; i < count; i++) {
        const struct ss_finding *f = &r->findings[i];

        if (strcmp(f->check->id, wanted[i].id) != 0 || f->off != wanted[i].off) {
            print_findings(r);
        }
        assert_string_equal(f->check->id, wanted[i].id);
        assert_string_equal(f->bucket, wanted[i].bucket);
        assert_string_equal(f->have, wanted[i].have);
        assert_string_equal(f->expect, wanted[i].expect);
        assert_true(f->off == wanted[i].off);
        assert_true(f->off == SS_NONE || (f->pgid != SS_NONE && f->element != SS_NONE));
    }
    ss_verify_free(r);
    ss_close(file);
    free(w->bytes);
}

static void expect_one(struct world *w, const char *id, const char *bucket, uint64_t off,
                       const char *have, const char *due)
{
    const struct wanted one = want(id, bucket, off, have, due);

    expect(w, 1, &one);
}

static void sound_is_sound(void **state)
{
    struct world w;
    struct ss_file *file;
    struct ss_verify_report *r;

    (void)state;
    make_sound(&w);
    finish(&w);
    r = verify(&w, &file);
    print_findings(r);
    assert_int_equal(r->finding_count, 0);
    assert_true(r->is_etcd);
    assert_int_equal(r->record_count, 8);
    assert_int_equal(r->live_count, 4);
    ss_verify_free(r);
    ss_close(file);
    free(w.bytes);
}

static void buckets_of_the_root(void **state)
{
    struct world w;

    (void)state;
    make_sound(&w);
    w.left_out = "alarm";
    finish(&w);
    expect_one(&w, "ETCD-002", "", SS_NONE, "", "alarm");
    make_sound(&w);
    w.stranger = "zzz-other";
    finish(&w);
    expect_one(&w, "ETCD-003", "", offset_of(&w, "zzz-other", 9), "zzz-other", "");
    make_sound(&w);
    w.nested = "alarm";
    finish(&w);
    expect_one(&w, "ETCD-004", "alarm", offset_of(&w, "inner", 5), "inner", "");
    make_sound(&w);
    w.root_key = "loose\x01";
    finish(&w);
    expect_one(&w, "BUCKET-002", "", offset_of(&w, "loose\x01", 6), "loose\\x01", "");
}

static void somebody_elses_bucket_key(void **state)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    struct world w = {0};

    (void)state;
    ss_test_db_put(db, key, "k", 1, "v", 1);
    w.bytes = ss_test_db_finish(db, &w.len);
    expect_one(&w, "ETCD-001", "", SS_NONE, "", "");
}

static void no_record_at_all(void **state)
{
    struct world w;

    (void)state;
    make_sound(&w);
    for (size_t i = 0; i < 8; i++) {
        w.elements[i].bucket = NULL;
    }
    finish(&w);
    expect_one(&w, "ETCD-005", "key", SS_NONE, "", "");
}

static void revision_keys(void **state)
{
    static const char bad[] = "\0\0\0\0\0\0\0\x09-\0\0\0\0\0\0\0\0";
    static const char negative[] = "\xff\0\0\0\0\0\0\x09_\0\0\0\0\0\0\0\0";
    static const char zero[] = "\0\0\0\0\0\0\0\0_\0\0\0\0\0\0\0\x05";
    struct world w;

    (void)state;
    make_sound(&w);
    put(&w, "key", bad, 17, "x", 1);
    finish(&w);
    expect_one(&w, "REV-001", "key", element_off(&w, "key", bad, 17) + 8, "", "");
    make_sound(&w);
    put(&w, "key", negative, 17, "x", 1);
    finish(&w);
    expect_one(&w, "REV-002", "key", element_off(&w, "key", negative, 17), "", "");
    make_sound(&w);
    put(&w, "key", zero, 17, "\x0a\x01q", 3);
    finish(&w);
    /* A put of revision 0 that says it is of 0 is a record, and nothing that etcd reads. */
    expect_one(&w, "REV-002", "key", element_off(&w, "key", zero, 17), "0", "");
}

static void gaps(void **state)
{
    struct world w;

    (void)state;
    make_sound(&w);
    drop_at(&w, 6, 0, false);
    finish(&w);
    expect_one(&w, "REV-003", "key", at_rev(&w, 7, 0, false, 0), "7", "6");
    make_sound(&w);
    drop_at(&w, 2, 0, false);
    drop_at(&w, 4, 0, false);
    finish(&w);
    expect(&w, 2,
           (const struct wanted[]){
               want("REV-003", "key", at_rev(&w, 3, 0, false, 0), "3", "2"),
               want("REV-003", "key", at_rev(&w, 5, 0, true, 0), "5", "4"),
           });
    make_sound(&w);
    drop_at(&w, 5, 0, true);
    finish(&w);
    expect(&w, 2,
           (const struct wanted[]){
               want("REV-004", "key", at_rev(&w, 5, 1, false, AT_SUB), "1", "0"),
               want("REC-008", "key", at_rev(&w, 6, 0, false, AT_CREATE), "6", "3"),
           });
}

/* Without `meta` no compaction is known that could explain a gap; a `meta` that cannot be read may. */
static void gaps_without_meta(void **state)
{
    struct world w;

    (void)state;
    make_sound(&w);
    w.left_out = "meta";
    drop_at(&w, 6, 0, false);
    finish(&w);
    expect(&w, 2,
           (const struct wanted[]){
               want("REV-003", "key", at_rev(&w, 7, 0, false, 0), "7", "6"),
               want("ETCD-002", "", SS_NONE, "", "meta"),
           });
    make_sound(&w);
    put_text(&w, "meta", "scheduledCompactRev", "no revision");
    drop_at(&w, 6, 0, false);
    finish(&w);
    expect_one(&w, "COMPACT-001", "meta", at_value(&w, "meta", "scheduledCompactRev", 11), "", "");
}

static void records(void **state)
{
    struct world w;

    (void)state;
    make_sound(&w);
    put_raw(&w, 6, 0, false,
            "\x0a\x05"
            "b",
            3);
    finish(&w);
    expect_one(&w, "REC-001", "key", at_rev(&w, 6, 0, false, AT_VALUE + 1), "", "");
    make_sound(&w);
    put_raw(&w, 6, 0, false,
            "\x0a\x01"
            "b\x10\x06\x1a\x01"
            "6\x20\x01",
            10);
    finish(&w);
    expect_one(&w, "REC-001", "key", at_rev(&w, 6, 0, false, AT_VALUE + 5), "", "");
    make_sound(&w);
    put_at(&w, 6, 0, "b", (struct numbers){6, 9, 1, 0});
    finish(&w);
    expect_one(&w, "REC-002", "key", at_rev(&w, 6, 0, false, AT_MOD), "9", "6");
    make_sound(&w);
    put_at(&w, 6, 0, "", (struct numbers){6, 6, 1, 0});
    finish(&w);
    expect_one(&w, "REC-005", "key", at_rev(&w, 6, 0, false, AT_VALUE), "", "");
    make_sound(&w);
    put_raw(&w, 6, 0, false, "", 0);
    finish(&w);
    expect_one(&w, "REC-005", "key", offset_of(&w, "\0\0\0\0\0\0\0\x06_\0\0\0\0\0\0\0\0", 17), "",
               "");
    make_sound(&w);
    put_raw(&w, 5, 0, true,
            "\x0a\x01"
            "b\x18\x05",
            5);
    finish(&w);
    expect_one(&w, "REC-006", "key", at_rev(&w, 5, 0, true, 18), "", "");
}

static void create_and_version(void **state)
{
    struct world w;

    (void)state;
    make_sound(&w);
    put_at(&w, 6, 0, "b", (struct numbers){9, 6, 1, 0});
    finish(&w);
    expect_one(&w, "REC-003", "key", at_rev(&w, 6, 0, false, AT_CREATE), "9", "");
    make_sound(&w);
    put_at(&w, 8, 0, "d", (struct numbers){6, 8, 2, 0});
    finish(&w);
    expect_one(&w, "REC-003", "key", at_rev(&w, 8, 0, false, AT_CREATE), "6", "7");
    make_sound(&w);
    put_at(&w, 6, 0, "b", (struct numbers){6, 6, 2, 0});
    finish(&w);
    expect_one(&w, "REC-004", "key", at_rev(&w, 6, 0, false, AT_VERSION), "2", "");
    make_sound(&w);
    put_at(&w, 6, 0, "b", (struct numbers){6, 6, 0, 0});
    finish(&w);
    expect_one(&w, "REC-004", "key", at_rev(&w, 6, 0, false, AT_VERSION), "0", "");
    make_sound(&w);
    put_at(&w, 4, 0, "a", (struct numbers){2, 4, 3, 0});
    finish(&w);
    expect_one(&w, "REC-004", "key", at_rev(&w, 4, 0, false, AT_VERSION), "3", "2");
    make_sound(&w);
    put_at(&w, 4, 0, "a", (struct numbers){2, 4, 1, 0});
    finish(&w);
    expect_one(&w, "REC-004", "key", at_rev(&w, 4, 0, false, AT_VERSION), "1", "");
}

static void histories(void **state)
{
    struct world w;

    (void)state;
    make_sound(&w);
    put_at(&w, 4, 0, "e", (struct numbers){3, 4, 2, 0});
    finish(&w);
    expect_one(&w, "REC-008", "key", at_rev(&w, 4, 0, false, AT_VERSION), "2", "1");
    make_sound(&w);
    put_at(&w, 8, 0, "a", (struct numbers){8, 8, 1, 0});
    finish(&w);
    expect_one(&w, "REC-008", "key", at_rev(&w, 8, 0, false, AT_CREATE), "8", "2");
    make_sound(&w);
    delete_at(&w, 5, 0, "e");
    put_at(&w, 6, 0, "f", (struct numbers){6, 6, 1, 0});
    finish(&w);
    expect_one(&w, "REC-007", "key", at_rev(&w, 5, 0, true, 18), "5", "");
}

static void broken_records_hide_no_more_than_history(void **state)
{
    struct world w;

    (void)state;
    make_sound(&w);
    put_raw(&w, 7, 0, false, "\x07", 1);
    drop_at(&w, 6, 0, false);
    finish(&w);
    expect(&w, 2,
           (const struct wanted[]){
               want("REC-001", "key", at_rev(&w, 7, 0, false, AT_VALUE), "", ""),
               want("REV-003", "key", at_rev(&w, 7, 0, false, 0), "7", "6"),
           });
}

static void bumps(void **state)
{
    struct world w;

    (void)state;
    make_sound(&w);
    put_raw(&w, 1008, 0, false, "", 0);
    put_mark(&w, "scheduledCompactRev", 1008);
    finish(&w);
    expect(
        &w, 3,
        (const struct wanted[]){
            want("REC-009", "key", offset_of(&w, "\0\0\0\0\0\0\x03\xf0_\0\0\0\0\0\0\0\0\0", 18), "",
                 ""),
            want("COMPACT-003", "meta", at_value(&w, "meta", "scheduledCompactRev", 0), "0",
                 "1008"),
            want("CINDEX-003", "meta", at_value(&w, "meta", "consistent_index", 0), "12", "1008"),
        });
}

/* How many findings of the finished world have this id and, unless it is NULL, say this. */
static size_t count_of(const struct world *w, const char *id, const char *detail)
{
    struct ss_file *file;
    struct ss_verify_report *r = verify(w, &file);
    size_t count = 0;

    for (size_t i = 0; i < r->finding_count; i++) {
        count += strcmp(r->findings[i].check->id, id) == 0 &&
                 (detail == NULL || strcmp(r->findings[i].detail, detail) == 0);
    }
    ss_verify_free(r);
    ss_close(file);
    return count;
}

/* A marker is at the scheduled compaction, or the last empty record at or below the finished one. */
static void no_bumps(void **state)
{
    struct world w;

    (void)state;
    make_sound(&w);
    put_raw(&w, 1008, 0, false, "", 0);
    put_mark(&w, "scheduledCompactRev", 1009);
    finish(&w);
    assert_int_equal(
        count_of(&w, "REC-005", "the record of revision 1008 is empty, and no revision bump"), 1);
    assert_int_equal(count_of(&w, "REC-009", NULL), 0);
    free(w.bytes);
    make_sound(&w);
    put_raw(&w, 1007, 0, false, "", 0);
    put_raw(&w, 1008, 0, false, "", 0);
    put_mark(&w, "scheduledCompactRev", 1010);
    put_mark(&w, "finishedCompactRev", 1010);
    finish(&w);
    assert_int_equal(
        count_of(&w, "REC-005", "the record of revision 1007 is empty, and no revision bump"), 1);
    assert_int_equal(count_of(&w, "REC-009", "revision 1008 marks a revision bump"), 1);
    assert_int_equal(count_of(&w, "REC-009", NULL), 1);
    free(w.bytes);
}

static void revisions_twice(void **state)
{
    static const char said[] = "revision 5, sub revision 1, is a put and a tombstone";
    struct world w;

    (void)state;
    make_sound(&w);
    delete_at(&w, 5, 1, "c");
    finish(&w);
    expect_one(&w, "REV-005", "key", at_rev(&w, 5, 1, true, 0), "", "");
    make_sound(&w);
    delete_at(&w, 5, 1, "c");
    put_mark(&w, "scheduledCompactRev", 5);
    put_mark(&w, "finishedCompactRev", 5);
    finish(&w);
    assert_int_equal(count_of(&w, "REV-005", said), 1);
    free(w.bytes);
}

static void compactions(void **state)
{
    struct world w;

    (void)state;
    make_sound(&w);
    put_text(&w, "meta", "scheduledCompactRev", "short");
    finish(&w);
    expect_one(&w, "COMPACT-001", "meta", at_value(&w, "meta", "scheduledCompactRev", 5), "", "");
    make_sound(&w);
    put_mark(&w, "finishedCompactRev", 1);
    finish(&w);
    expect_one(&w, "COMPACT-002", "meta", at_value(&w, "meta", "finishedCompactRev", 0), "1", "0");
    make_sound(&w);
    put_mark(&w, "scheduledCompactRev", 5);
    drop_at(&w, 2, 0, false);
    finish(&w);
    expect_one(&w, "COMPACT-003", "meta", at_value(&w, "meta", "scheduledCompactRev", 0), "0", "5");
    make_sound(&w);
    put_mark(&w, "scheduledCompactRev", 4);
    put_mark(&w, "finishedCompactRev", 4);
    finish(&w);
    expect_one(&w, "COMPACT-004", "key", at_rev(&w, 2, 0, false, 0), "", "");
    make_sound(&w);
    put_mark(&w, "scheduledCompactRev", 20);
    drop_at(&w, 2, 0, false);
    finish(&w);
    expect(
        &w, 2,
        (const struct wanted[]){
            want("COMPACT-005", "meta", at_value(&w, "meta", "scheduledCompactRev", 0), "20", "8"),
            want("COMPACT-003", "meta", at_value(&w, "meta", "scheduledCompactRev", 0), "0", "20"),
        });
}

/* What compaction at 5 leaves, with the tombstone at 5 as 3.6 does and without as 3.4 does. */
static void compacted_is_sound(void **state)
{
    struct world w;

    (void)state;
    for (int keep = 0; keep < 2; keep++) {
        make_sound(&w);
        put_mark(&w, "scheduledCompactRev", 5);
        put_mark(&w, "finishedCompactRev", 5);
        drop_at(&w, 2, 0, false);
        drop_at(&w, 3, 0, false);
        if (keep == 0) {
            drop_at(&w, 5, 0, true);
        }
        finish(&w);
        expect(&w, 0, NULL);
    }
    make_sound(&w);
    put_mark(&w, "scheduledCompactRev", 6);
    put_mark(&w, "finishedCompactRev", 6);
    drop_at(&w, 2, 0, false);
    finish(&w);
    /* The first put of b and its tombstone. */
    expect_one(&w, "COMPACT-004", "key", at_rev(&w, 3, 0, false, 0), "", "");
}

static void meta(void **state)
{
    struct world w;

    (void)state;
    make_sound(&w);
    drop_text(&w, "meta", "consistent_index");
    finish(&w);
    expect_one(&w, "CINDEX-001", "meta", SS_NONE, "", "");
    make_sound(&w);
    put_text(&w, "meta", "consistent_index", "1234567");
    finish(&w);
    expect_one(&w, "CINDEX-002", "meta", at_value(&w, "meta", "consistent_index", 7), "", "");
    make_sound(&w);
    put_text(&w, "meta", "term", "123456789");
    finish(&w);
    expect_one(&w, "CINDEX-002", "meta", at_value(&w, "meta", "term", 8), "", "");
    make_sound(&w);
    put_u64(&w, "meta", "term", 0);
    finish(&w);
    expect_one(&w, "CINDEX-002", "meta", at_value(&w, "meta", "term", 0), "0", "");
    make_sound(&w);
    put_u64(&w, "meta", "consistent_index", 0);
    finish(&w);
    expect_one(&w, "CINDEX-001", "meta", at_value(&w, "meta", "consistent_index", 0), "0", "");
    make_sound(&w);
    put_u64(&w, "meta", "consistent_index", 7);
    finish(&w);
    expect_one(&w, "CINDEX-003", "meta", at_value(&w, "meta", "consistent_index", 0), "7", "8");
    make_sound(&w);
    put_u64(&w, "meta", "consistent_index", UINT64_C(1) << 62);
    finish(&w);
    expect_one(&w, "CINDEX-004", "meta", at_value(&w, "meta", "consistent_index", 0),
               "4611686018427387904", "");
    make_sound(&w);
    drop_text(&w, "meta", "term");
    finish(&w);
    expect_one(&w, "CONF-003", "meta", at_value(&w, "meta", "storageVersion", 0), "", "");
    make_sound(&w);
    put_text(&w, "meta", "storageVersion", "3,6.0");
    finish(&w);
    expect_one(&w, "VERSION-001", "meta", at_value(&w, "meta", "storageVersion", 1), "", "");
    make_sound(&w);
    put_text(&w, "cluster", "downgrade", "{\"enabled\":1}");
    finish(&w);
    expect_one(&w, "VERSION-001", "cluster", at_value(&w, "cluster", "downgrade", 0), "", "");
    make_sound(&w);
    put_text(&w, "cluster", "clusterVersion", "3.5.9");
    finish(&w);
    expect_one(&w, "VERSION-002", "meta", at_value(&w, "meta", "storageVersion", 0), "3.6", "3.5");
}

static void conf_state(void **state)
{
    struct world w;

    (void)state;
    make_sound(&w);
    put_text(&w, "meta", "confState", "{\"voters\":[1,-1]}");
    finish(&w);
    expect_one(&w, "CONF-001", "meta", at_value(&w, "meta", "confState", 0), "", "");
    make_sound(&w);
    put_text(&w, "meta", "confState", "{\"voters\":[1],\"learners\":[9]}");
    finish(&w);
    expect(&w, 2,
           (const struct wanted[]){
               want("CONF-002", "meta", at_value(&w, "meta", "confState", 0), "9", ""),
               want("CONF-002", "members", at_key(&w, "members", "ffffffffffffffff", 0),
                    "ffffffffffffffff", ""),
           });
    make_sound(&w);
    put_text(&w, "meta", "confState", "{\"voters\":[1],\"learners\":[18446744073709551615]}");
    finish(&w);
    expect_one(&w, "CONF-002", "members", at_key(&w, "members", "ffffffffffffffff", 0), "voter",
               "learner");
    make_sound(&w);
    put_text(&w, "meta", "confState", "{\"voters\":[77]}");
    finish(&w);
    expect_one(&w, "CONF-004", "meta", at_value(&w, "meta", "confState", 0), "", "");
}

static void members(void **state)
{
    struct world w;

    (void)state;
    make_sound(&w);
    put_text(&w, "members", "0xf", "{}");
    finish(&w);
    expect_one(&w, "MEMBER-001", "members", at_key(&w, "members", "0xf", 1), "", "");
    make_sound(&w);
    put_text(&w, "members_removed", "zz", "removed");
    finish(&w);
    expect_one(&w, "MEMBER-001", "members_removed", at_key(&w, "members_removed", "zz", 0), "", "");
    make_sound(&w);
    put_text(&w, "members", "1", "{\"id\":1,\"peerURLs\":[7]}");
    finish(&w);
    expect_one(&w, "MEMBER-002", "members", at_value(&w, "members", "1", 0), "", "");
    make_sound(&w);
    put_text(&w, "members", "1", "{\"id\":17,\"peerURLs\":[\"http://a:1\"]}");
    finish(&w);
    expect_one(&w, "MEMBER-003", "members", at_value(&w, "members", "1", 0), "11", "1");
    make_sound(&w);
    put_text(&w, "members_removed", "1", "removed");
    finish(&w);
    expect_one(&w, "MEMBER-004", "members", at_key(&w, "members", "1", 0), "", "");
    make_sound(&w);
    drop_text(&w, "members", "1");
    drop_text(&w, "members", "ffffffffffffffff");
    finish(&w);
    expect_one(&w, "MEMBER-005", "members", SS_NONE, "", "");
    make_sound(&w);
    put_text(&w, "members", "1", "{\"id\":1,\"peerURLs\":[]}");
    finish(&w);
    expect_one(&w, "MEMBER-006", "members", at_value(&w, "members", "1", 0), "", "");
    make_sound(&w);
    put_text(&w, "members", "1", "{\"id\":1,\"peerURLs\":[\"http://b:1\"]}");
    finish(&w);
    expect_one(&w, "MEMBER-006", "members", at_value(&w, "members", "ffffffffffffffff", 0),
               "http://b:1", "");
    make_sound(&w);
    put_text(&w, "members", "1", "{\"id\":1,\"peerURLs\":[\"http://a:1\"],\"isLearner\":true}");
    put_text(&w, "meta", "confState", "{\"voters\":[18446744073709551615],\"learners\":[1]}");
    finish(&w);
    expect_one(&w, "MEMBER-007", "members", at_value(&w, "members", "1", 0), "", "");
}

static void leases(void **state)
{
    static const char key[] = "\0\0\0\0\0\0\0\x07";
    struct world w;

    (void)state;
    make_sound(&w);
    put(&w, "lease", key, 8, "\x0a\x01x", 3);
    finish(&w);
    expect_one(&w, "LEASE-001", "lease", element_off(&w, "lease", key, 8) + 8, "", "");
    make_sound(&w);
    put_lease(&w, 7, 9, 60);
    put_at(&w, 5, 1, "c", (struct numbers){5, 5, 1, 9});
    finish(&w);
    expect_one(&w, "LEASE-002", "lease", element_off(&w, "lease", key, 8) + 8, "0000000000000009",
               "0000000000000007");
    make_sound(&w);
    put_lease(&w, 7, 7, 0);
    finish(&w);
    expect_one(&w, "LEASE-003", "lease", element_off(&w, "lease", key, 8) + 10, "0", "");
    make_sound(&w);
    drop(&w, "lease", key, 8);
    put_at(&w, 8, 0, "d", (struct numbers){7, 8, 2, 7});
    put_at(&w, 6, 0, "b", (struct numbers){6, 6, 1, -2});
    finish(&w);
    expect(
        &w, 2,
        (const struct wanted[]){
            want("LEASE-004", "key", at_rev(&w, 6, 0, false, AT_VALUE + 2), "fffffffffffffffe", ""),
            want("LEASE-004", "key", at_rev(&w, 5, 1, false, AT_VALUE + 2), "0000000000000007", ""),
        });
}

static void alarms(void **state)
{
    struct world w;

    (void)state;
    make_sound(&w);
    put(&w, "alarm", "\x08\x81", 2, "", 0);
    finish(&w);
    expect_one(&w, "ALARM-001", "alarm", offset_of(&w, "\x08\x81", 2) + 2, "", "");
    make_sound(&w);
    put(&w, "alarm", "\x08\x91\x01\x10\x02", 5, "", 0);
    finish(&w);
    expect_one(&w, "ALARM-002", "alarm", offset_of(&w, "\x08\x91\x01\x10\x02", 5), "CORRUPT", "");
}

static void auth(void **state)
{
    struct world w;

    (void)state;
    make_sound(&w);
    put_text(&w, "auth", "authRevision", "123");
    finish(&w);
    expect_one(&w, "AUTH-001", "auth", at_value(&w, "auth", "authRevision", 3), "", "");
    make_sound(&w);
    put_named(&w, "authUsers", "u", "v", "reader");
    finish(&w);
    expect_one(&w, "AUTH-002", "authUsers", at_value(&w, "authUsers", "u", 2), "v", "u");
    make_sound(&w);
    put_text(&w, "authUsers", "u", "\x0a\x7f");
    finish(&w);
    expect_one(&w, "AUTH-002", "authUsers", at_value(&w, "authUsers", "u", 1), "", "");
    make_sound(&w);
    put_named(&w, "authRoles", "reader", "writer", NULL);
    finish(&w);
    expect_one(&w, "AUTH-003", "authRoles", at_value(&w, "authRoles", "reader", 2), "writer",
               "reader");
    make_sound(&w);
    put_named(&w, "authUsers", "u", "u", "ghost");
    finish(&w);
    expect_one(&w, "AUTH-004", "authUsers", at_value(&w, "authUsers", "u", 5), "ghost", "");
    make_sound(&w);
    put_named(&w, "authUsers", "root", "root", "reader");
    finish(&w);
    expect_one(&w, "AUTH-005", "auth", at_value(&w, "auth", "authEnabled", 0), "", "");
    make_sound(&w);
    put_named(&w, "authUsers", "root", "root", "reader");
    put(&w, "auth", "authEnabled", 11, "\0", 1);
    finish(&w);
    expect(&w, 0, NULL);
}

/* Every fixture that a real etcd made: no error, and of the rest exactly this. */
static void real_files(void **state)
{
    static const struct {
        const char *file, *findings;
    } cases[] = {
        {"etcd34-cluster/snapshot", "ALARM-002 MEMBER-007 "},
        {"etcd34-compact-tombstone/snapshot", ""},
        {"etcd34-history/snapshot", ""},
        {"etcd35-cluster/snapshot", "ALARM-002 MEMBER-007 "},
        {"etcd35-history/snapshot", ""},
        {"etcd36-16k/snapshot", ""},
        {"etcd36-64k/snapshot", ""},
        {"etcd36-bump/member", "REC-009 COMPACT-003 CINDEX-003 CONF-004 "},
        {"etcd36-checkpoint/snapshot", ""},
        {"etcd36-cluster/snapshot", "ALARM-002 MEMBER-007 "},
        {"etcd36-compact-tombstone/snapshot", ""},
        {"etcd36-empty/snapshot", "ETCD-005 "},
        {"etcd36-history/snapshot", ""},
        {"etcd36-history-be/snapshot", ""},
        {"etcd36-member/member", ""},
        {"etcd36-removed-member/snapshot", ""},
        {"etcd36-three/a/snapshot", ""},
        {"etcd36-three/b/snapshot", ""},
        {"etcd36-three/c/snapshot", ""},
        {"etcd36-uncompacted/snapshot", ""},
        {"etcd37-cluster/snapshot", "ALARM-002 MEMBER-007 "},
        {"etcd37-history/snapshot", ""},
        {"k8s-small/snapshot", "CINDEX-003 CONF-004 "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ss_verify_opts opts = {.what = SS_VERIFY_ETCD};
        char path[1024], text[256] = "";
        struct ss_verify_report *r;
        struct ss_error err;
        struct ss_file *file;

        snprintf(path, sizeof(path), "%s/testdata/%s.db.zst", getenv("SS_SOURCE_DIR"),
                 cases[i].file);
        assert_int_equal(ss_open(path, NULL, NULL, &file, &err), SS_OK);
        assert_int_equal(ss_verify(file, &opts, NULL, &r, &err), SS_OK);
        assert_int_equal(r->error_count, 0);
        for (size_t k = 0; k < r->finding_count; k++) {
            if (strncmp(r->findings[k].check->id, "META-", 5) != 0) {
                strcat(text, r->findings[k].check->id);
                strcat(text, " ");
            }
        }
        if (strcmp(text, cases[i].findings) != 0) {
            printf("%s:\n", cases[i].file);
        }
        assert_string_equal(text, cases[i].findings);
        ss_verify_free(r);
        ss_close(file);
    }
}

/* Every second revision is missing, more ranges than a report keeps: counted all, the first are kept. */
static void missing_ranges(void **state)
{
    static const struct ss_verify_opts opts = {.what = SS_VERIFY_ETCD};

    (void)state;
    for (unsigned count = 1; count <= SS_MISSING_RANGES_MAX + 2; count++) {
        struct ss_test_db *db = ss_test_db_new(4096, false);
        uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
        struct ss_verify_report *r;
        struct ss_error err;
        struct ss_file *file;
        uint8_t *bytes;
        size_t len;

        ss_test_db_bucket(db, SS_TEST_ROOT, "meta", false);
        for (int64_t i = 0; i < (int64_t)count; i++) {
            ss_test_put_text(db, key, 5 + 4 * i, 0, "k", "v");
        }
        bytes = ss_test_db_finish(db, &len);
        assert_int_equal(ss_open_memory(bytes, len, "t", NULL, &file, &err), SS_OK);
        assert_int_equal(ss_verify(file, &opts, NULL, &r, &err), SS_OK);
        assert_int_equal(r->missing_count, 3 * count);
        assert_int_equal(r->missing_first, 2);
        assert_int_equal(r->missing_last, 4 * count);
        assert_int_equal(r->missing_range_count, count);
        for (unsigned i = 0; i < count && i < SS_MISSING_RANGES_MAX; i++) {
            assert_int_equal(r->missing[i].first, 2 + 4 * i);
            assert_int_equal(r->missing[i].last, 4 + 4 * i);
        }
        ss_verify_free(r);
        ss_close(file);
        free(bytes);
    }
}

/* The last revision that there is, by a record, by a mark, and by neither. */
static void revision_end(void **state)
{
    static const struct ss_verify_opts opts = {.what = SS_VERIFY_ETCD};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct ss_test_db *db = ss_test_db_new(4096, false);
        uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
        uint32_t meta = ss_test_db_bucket(db, SS_TEST_ROOT, "meta", false);
        const char *bucket = i == 1 ? "key" : "meta";
        const struct ss_finding *found = NULL;
        struct ss_verify_report *r;
        struct ss_error err;
        struct ss_file *file;
        uint8_t *bytes;
        size_t len;

        ss_test_put_text(db, key, i == 1 ? INT64_MAX : INT64_MAX - 1, 0, "k", "v");
        ss_test_put_meta_revision(db, meta, "finishedCompactRev", INT64_MAX - (i < 2));
        if (i == 3) {
            ss_test_put_meta_revision(db, meta, "scheduledCompactRev", INT64_MAX);
        }
        bytes = ss_test_db_finish(db, &len);
        assert_int_equal(ss_open_memory(bytes, len, "t", NULL, &file, &err), SS_OK);
        assert_int_equal(ss_verify(file, &opts, NULL, &r, &err), SS_OK);
        for (size_t k = 0; k < r->finding_count; k++) {
            if (strcmp(r->findings[k].check->id, "REV-006") == 0) {
                assert_null(found);
                found = &r->findings[k];
            }
        }
        assert_int_equal(found != NULL, i > 0);
        assert_int_equal(r->start_error_count, i > 0);
        if (found != NULL) {
            struct ss_span at = ss_file_bytes(file, found->off, 8);

            assert_string_equal(found->bucket, bucket);
            assert_int_equal(ss_load_u64(at.ptr, true), INT64_MAX);
        }
        ss_verify_free(r);
        ss_close(file);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_is_sound),
        cmocka_unit_test(buckets_of_the_root),
        cmocka_unit_test(somebody_elses_bucket_key),
        cmocka_unit_test(no_record_at_all),
        cmocka_unit_test(revision_keys),
        cmocka_unit_test(gaps),
        cmocka_unit_test(gaps_without_meta),
        cmocka_unit_test(missing_ranges),
        cmocka_unit_test(revision_end),
        cmocka_unit_test(records),
        cmocka_unit_test(create_and_version),
        cmocka_unit_test(histories),
        cmocka_unit_test(broken_records_hide_no_more_than_history),
        cmocka_unit_test(bumps),
        cmocka_unit_test(no_bumps),
        cmocka_unit_test(revisions_twice),
        cmocka_unit_test(compactions),
        cmocka_unit_test(compacted_is_sound),
        cmocka_unit_test(meta),
        cmocka_unit_test(conf_state),
        cmocka_unit_test(members),
        cmocka_unit_test(leases),
        cmocka_unit_test(alarms),
        cmocka_unit_test(auth),
        cmocka_unit_test(real_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
