/*
 * bucket_walk.h - all buckets of a file, at any depth, for exports that must have them whole.
 *
 *   root ─┬─ alarm
 *         ├─ key ─ …          left out when the file is etcd's: its records are dumped as such
 *         └─ v1 ─┬─ default   parents before children, children in key order
 *                └─ k8s.io
 */
#ifndef SS_EXPORT_BUCKET_WALK_H
#define SS_EXPORT_BUCKET_WALK_H

#include "export/job.h"
#include "parser/walk.h"

/*
 * Finds all buckets of the file, or (top not NULL) those inside one, which is then node 0. The first
 * fault in any tree is an error here, whose place it gives: nothing is left out in silence. A dump that
 * keeps going takes what is found; ss_bucket_walk_begin and ss_bucket_walk_entries then tell of the
 * faults. Freed by ss_bucket_walk_free. Errors: as ss_walk_run; CORRUPT.
 */
enum ss_status ss_bucket_walk_new(const struct ss_export *d, const struct ss_bucket *top,
                                  struct ss_walk **out, struct ss_error *err);
void ss_bucket_walk_free(struct ss_walk *walk);

/* Begins a pass over the buckets: tells of the root bucket's faults when the dump keeps going. */
enum ss_status ss_bucket_walk_begin(struct ss_export *d, const struct ss_walk *walk,
                                    struct ss_error *err);

/* The next bucket behind *node (0 at first) that is to be dumped; false: there is none. */
bool ss_bucket_walk_next(const struct ss_walk *walk, bool skip_key, uint32_t *node);

/* Its names from the top; returns how many. */
size_t ss_bucket_walk_names(const struct ss_walk *walk, uint32_t node,
                            struct ss_span names[SS_BUCKET_LEVEL_MAX]);

/* Its elements that are no buckets, in order. What the callback returns but SS_OK ends it. */
enum ss_status ss_bucket_walk_entries(struct ss_export *d, const struct ss_walk *walk,
                                      uint32_t node, ss_entry_fn on_entry, void *ctx,
                                      struct ss_error *err);

#endif
