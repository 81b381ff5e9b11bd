/*
 * bucket_each.h - the small buckets beside `key`, element by element, where a fault stops nothing.
 */
#ifndef SS_ETCD_BUCKET_EACH_H
#define SS_ETCD_BUCKET_EACH_H

#include "etcd/catalogue.h"
#include "util/error.h"

/* Where faults of single elements go: both may be NULL. */
struct ss_fault_sink {
    ss_fault_fn on_fault;
    void *ctx;
    uint64_t *count;
};

/* SS_OK: go on. SS_END: stop. SS_CORRUPT: a fault of this element. SS_SYSTEM: the call fails. */
typedef enum ss_status (*ss_each_fn)(void *ctx, const struct ss_entry *entry, struct ss_error *err);

/* Counts a fault and hands it on, with the bucket's name when it has none yet. */
void ss_fault_sink_add(const struct ss_fault_sink *faults, const char *bucket,
                       struct ss_error *err);

/* One of etcd's buckets, element by element, pulled. Embedded; nothing to release. */
struct ss_elements {
    enum ss_etcd_bucket which;
    struct ss_fault_sink faults;
    bool absent; /* there is no such bucket: it has no elements */
    bool moved;
    struct ss_cursor at;
};

/* A bucket that is not there is SS_OK. Errors: META, and what a broken root tree gives. */
enum ss_status ss_elements_open(struct ss_elements *e, const struct ss_file *file,
                                enum ss_etcd_bucket which, const struct ss_fault_sink *faults,
                                struct ss_error *err);

/*
 * The next plain element, in key order, or SS_END. Elements that are buckets are faults and passed over.
 * Errors: what a broken tree gives.
 */
enum ss_status ss_elements_next(struct ss_elements *e, struct ss_entry *entry,
                                struct ss_error *err);

/* An element that could not be decoded: counts and hands on the error, and clears it. */
void ss_elements_fault(struct ss_elements *e, struct ss_error *err);

/*
 * Every element of one of etcd's buckets, in key order; a bucket that is not there has none. Elements
 * that are buckets are faults. SS_END: the callback stopped it. Errors: META, SYSTEM from the
 * callback, what a broken tree gives.
 */
enum ss_status ss_bucket_each(const struct ss_file *file, enum ss_etcd_bucket which,
                              ss_each_fn each, void *ctx, const struct ss_fault_sink *faults,
                              struct ss_error *err);

#endif
