/*
 * history.h - a history of puts and deletions in memory, for tests, and the files that etcd would keep
 * of it: up to any revision, compacted at any other, in any page size and byte order.
 *
 *   history   2 put a   3 put b   4 put a   5 delete b   6 put c
 *   file      up to 5, compacted at 4:      3 put b   4 put a   5 delete b
 */
#ifndef SS_TEST_HISTORY_H
#define SS_TEST_HISTORY_H

#include "build_etcd.h"

/* Zeroed is empty. Keys and values are copied in. */
struct ss_test_history {
    struct ss_record *records;
    uint32_t count, cap;
};

/* Add at the end; create_revision and version follow from what is there. value NULL: a deletion. */
void ss_test_history_add(struct ss_test_history *h, int64_t main, int64_t sub, struct ss_span key,
                         const struct ss_span *value, int64_t lease);
void ss_test_history_text(struct ss_test_history *h, int64_t main, int64_t sub, const char *key,
                          const char *value);
void ss_test_history_free(struct ss_test_history *h);

/* The record of a key that is alive at `main`, or NULL. */
const struct ss_record *ss_test_history_get(const struct ss_test_history *h, int64_t main,
                                            struct ss_span key);

/* How a file is made of a history. Zeroes: all of it, not compacted, 4096-byte pages, little-endian. */
struct ss_test_shape {
    int64_t last;      /* the last revision to hold; 0: all */
    int64_t compacted; /* 0: never */
    uint32_t page_size, leaf_max;
    bool big;
    bool keeps_tombstone; /* at the compacted revision itself, as later releases do */
};

struct ss_test_snapshot {
    uint8_t *bytes;
    size_t len;
    struct ss_file *file;
};

struct ss_test_snapshot ss_test_snapshot_open(const struct ss_test_history *h,
                                              const struct ss_test_shape *shape);
void ss_test_snapshot_close(struct ss_test_snapshot *s);

/* A generator of numbers that are the same in every run. */
uint64_t ss_test_random(uint64_t *seed);

/*
 * A history of `count` records over `key_count` keys, some of whose bytes are no text: puts, deletions,
 * rewrites of the same value, leases, several changes a revision, revisions left out.
 */
void ss_test_history_random(struct ss_test_history *h, uint32_t count, uint32_t key_count,
                            uint64_t *seed);

#endif
