/*
 * build_etcd.c - see build_etcd.h. Fields that are zero or empty are left out, as protobuf does.
 */
#include "build_etcd.h"

#include "etcd/revision.h"

#include <stdio.h>
#include <stdlib.h>

static void add_bytes(struct ss_test_bytes *b, const void *bytes, size_t len)
{
    uint8_t *grown = realloc(b->bytes, b->len + len + 1);

    if (grown == NULL) {
        abort();
    }
    b->bytes = grown;
    if (len > 0) {
        memcpy(b->bytes + b->len, bytes, len);
    }
    b->len += len;
}

void ss_test_varint(struct ss_test_bytes *b, uint64_t value)
{
    for (;;) {
        uint8_t low = (uint8_t)(value & 0x7f);

        value >>= 7;
        if (value != 0) {
            low |= 0x80;
        }
        add_bytes(b, &low, 1);
        if (value == 0) {
            return;
        }
    }
}

void ss_test_field_varint(struct ss_test_bytes *b, uint32_t number, uint64_t value)
{
    ss_test_varint(b, (uint64_t)number << 3);
    ss_test_varint(b, value);
}

void ss_test_field_bytes(struct ss_test_bytes *b, uint32_t number, const void *bytes, size_t len)
{
    ss_test_varint(b, (uint64_t)number << 3 | 2);
    ss_test_varint(b, len);
    add_bytes(b, bytes, len);
}

static void put_value(struct ss_test_bytes *b, const struct ss_record *rec)
{
    const int64_t numbers[] = {rec->create_revision, rec->rev.main, rec->version};

    ss_test_field_bytes(b, 1, rec->key.ptr, (size_t)rec->key.len);
    if (rec->tombstone) {
        return;
    }
    for (uint32_t i = 0; i < 3; i++) {
        if (numbers[i] != 0) {
            ss_test_field_varint(b, 2 + i, (uint64_t)numbers[i]);
        }
    }
    if (rec->value.len > 0) {
        ss_test_field_bytes(b, 5, rec->value.ptr, (size_t)rec->value.len);
    }
    if (rec->lease != 0) {
        ss_test_field_varint(b, 6, (uint64_t)rec->lease);
    }
}

void ss_test_put_record(struct ss_test_db *db, uint32_t bucket, const struct ss_record *rec)
{
    struct ss_test_bytes value = {0};
    uint8_t key[SS_TOMBSTONE_LEN];
    size_t key_len = ss_revision_encode(rec->rev, rec->tombstone, key);

    if (!rec->marker) {
        put_value(&value, rec);
    }
    ss_test_db_put(db, bucket, key, key_len, value.bytes, value.len);
    free(value.bytes);
}

void ss_test_put_text(struct ss_test_db *db, uint32_t bucket, int64_t main, int64_t sub,
                      const char *key, const char *value)
{
    struct ss_record rec = {.rev = {main, sub},
                            .key = ss_span_of(key, strlen(key)),
                            .value = ss_span_of(value, strlen(value)),
                            .create_revision = main,
                            .version = 1};

    ss_test_put_record(db, bucket, &rec);
}

void ss_test_delete_text(struct ss_test_db *db, uint32_t bucket, int64_t main, int64_t sub,
                         const char *key)
{
    struct ss_record rec = {
        .rev = {main, sub}, .key = ss_span_of(key, strlen(key)), .tombstone = true};

    ss_test_put_record(db, bucket, &rec);
}

void ss_test_put_meta_revision(struct ss_test_db *db, uint32_t bucket, const char *name,
                               int64_t main)
{
    uint8_t value[SS_TOMBSTONE_LEN];
    size_t len = ss_revision_encode((struct ss_revision){main, 0}, false, value);

    ss_test_db_put(db, bucket, name, strlen(name), value, len);
}

uint8_t *ss_test_etcd_make(uint32_t page_len, int record_count, size_t value_len, size_t *len)
{
    static const char *const names[] = {"alarm",   "auth",  "authRoles", "authUsers",
                                        "cluster", "lease", "members",   "members_removed"};
    struct ss_test_db *db = ss_test_db_new(page_len, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false), meta;
    char name[32], *value = calloc(1, value_len + 1);

    if (value == NULL) {
        abort();
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        ss_test_db_bucket(db, SS_TEST_ROOT, names[i], true);
    }
    meta = ss_test_db_bucket(db, SS_TEST_ROOT, "meta", true);
    ss_test_db_put(db, meta, "consistent_index", 16, "\0\0\0\0\0\0\2\133", 8);
    ss_test_db_put(db, meta, "term", 4, "\0\0\0\0\0\0\0\2", 8);
    for (int i = 0; i < record_count; i++) {
        snprintf(name, sizeof(name), "key-%04d", i);
        memset(value, 'a' + i % 26, value_len);
        ss_test_put_text(db, key, 2 + i, 0, name, value);
    }
    free(value);
    return ss_test_db_finish(db, len);
}
