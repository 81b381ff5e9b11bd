/*
 * build_db.h - small sound bbolt files in memory, for tests: either byte order, any page size.
 *
 *   page 0  page 1  page 2     page 3 …
 *   ┌───────┬───────┬──────────┬──────────────────────────────────────────────────────────────┐
 *   │ meta  │ meta  │ freelist │ each bucket's leaves, then its branches; the root bucket last │
 *   └───────┴───────┴──────────┴──────────────────────────────────────────────────────────────┘
 *
 * Elements may be put in any order; a key that is put twice makes the file unsound, as asked. A leaf
 * takes as many elements as fit its page, or fewer (ss_test_db_leaf_max), so that a few keys make a
 * tree of any depth; an element that fits no page makes an overflow run. Out of memory ends the test.
 */
#ifndef SS_TEST_BUILD_DB_H
#define SS_TEST_BUILD_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ss_test_db;

/* The root bucket's number. */
#define SS_TEST_ROOT 0u

struct ss_test_db *ss_test_db_new(uint32_t page_size, bool big);

/* Elements in a leaf, children in a branch, at most; 2 or more. */
void ss_test_db_leaf_max(struct ss_test_db *db, uint32_t count);

/* Adds a bucket to another and returns its number; `is_inline` puts its page into the element. */
uint32_t ss_test_db_bucket(struct ss_test_db *db, uint32_t parent, const char *name,
                           bool is_inline);

void ss_test_db_put(struct ss_test_db *db, uint32_t bucket, const void *key, size_t key_len,
                    const void *value, size_t value_len);

/* The file, for the caller to free; the builder is gone. */
uint8_t *ss_test_db_finish(struct ss_test_db *db, size_t *len);

#endif
