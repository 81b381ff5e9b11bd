/*
 * build_etcd.h - records of the `key` bucket for test files, as etcd writes them.
 */
#ifndef SS_TEST_BUILD_ETCD_H
#define SS_TEST_BUILD_ETCD_H

#include "build_db.h"

#include "etcd/record.h"

/* A growing byte string; free `bytes` at the end. */
struct ss_test_bytes {
    uint8_t *bytes;
    size_t len;
};

void ss_test_varint(struct ss_test_bytes *b, uint64_t value);
void ss_test_field_varint(struct ss_test_bytes *b, uint32_t number, uint64_t value);
void ss_test_field_bytes(struct ss_test_bytes *b, uint32_t number, const void *bytes, size_t len);

/* Puts rec->rev's element into `bucket`: a put, a tombstone (key alone) or a marker (no byte). */
void ss_test_put_record(struct ss_test_db *db, uint32_t bucket, const struct ss_record *rec);

/* The same for a key and value given as text. */
void ss_test_put_text(struct ss_test_db *db, uint32_t bucket, int64_t main, int64_t sub,
                      const char *key, const char *value);
void ss_test_delete_text(struct ss_test_db *db, uint32_t bucket, int64_t main, int64_t sub,
                         const char *key);

/*
 * A sound etcd database, to be freed: all of its buckets, and in `key` the keys key-0000, key-0001, … of
 * revisions 2, 3, …, each with value_len letters.
 */
uint8_t *ss_test_etcd_make(uint32_t page_len, int record_count, size_t value_len, size_t *len);

/* A 17-byte revision into `meta`. */
void ss_test_put_meta_revision(struct ss_test_db *db, uint32_t bucket, const char *name,
                               int64_t main);

#endif
