/*
 * structure.h - one pass over every tree on a bitmap, with what bbolt's own check looks at and more.
 *
 * Checks, in this order:
 *   1. the file's length against its high-water mark, and, with the hash, what lies beyond it
 *   2. both metas: usable, alike, neighbours
 *   3. every tree from the root bucket down: page gate, one reference a page (whole overflow runs),
 *      key order in the page and within the parents' bounds, even depth, bucket headers
 *   4. all bytes of those pages: none that no element accounts for, none that two do
 *   5. the stored freelist: usable, in range, no page twice, none in use; no page left over
 *
 * Each leaf of a top-level bucket is handed to the meaning checks on the way. Without those, a second thread
 * may judge leaves from the other end of the trees; what is found, and in which order, does not depend on it.
 */
#ifndef SS_VERIFY_STRUCTURE_H
#define SS_VERIFY_STRUCTURE_H

#include "parser/walk.h"
#include "verify/etcd_checks.h"

struct ss_structure_pass {
    const struct ss_file *file;
    struct ss_findings *findings;
    struct ss_etcd_checks *meaning; /* NULL: not asked for */
    struct ss_verify_report *report;
    bool may_start; /* a thread of its own may look at leaves from the other end (ahead.h) */
    const struct ss_call *call; /* NULL: none */
};

/* 1 and 2, also of files whose trees cannot be walked. */
void ss_check_file(const struct ss_file *file, struct ss_findings *findings);
void ss_check_metas(const struct ss_file *file, struct ss_findings *findings);

/*
 * The rest of 1, once the hash is judged or left unchecked: what stands behind the last page. Padding behind a
 * valid hash is that finding's own matter (HASH-006), and is not named a second time. Not for a file whose length a
 * copy in text mode explains (FILE-006).
 */
void ss_check_tail(const struct ss_file *file, const struct ss_hash_report *hash,
                   struct ss_findings *findings);

/* 3 to 5, for readable files; fills the report's page counts. Errors: NOMEM, IO, CANCELLED, LIMIT. */
enum ss_status ss_structure_run(const struct ss_structure_pass *pass, struct ss_error *err);

/* A finding about the page that the walk stands on; `have` and `expect` may be NULL. */
void ss_find_on_page(const struct ss_structure_pass *pass, const struct ss_walk *walk,
                     const struct ss_walk_page *page, enum ss_check_id check, uint64_t off,
                     uint64_t element, const char *have, const char *expect, const char *detail);

/* 4, for a page that passed the gate. At most one finding a page and one a bucket element. */
void ss_check_layout(const struct ss_structure_pass *pass, const struct ss_walk *walk,
                     const struct ss_walk_page *page);

/* The same of a page without buckets, as a yes or no. */
bool ss_layout_holds(const struct ss_geometry *geo, const struct ss_page_view *view);

/*
 * 5, once the walk's bitmap is complete; `named` has the pages that trees name and the walk did not
 * enter, since they are broken: they are in use all the same. `damaged`: the trees have an error, so that
 * pages they do not reach may be lost rather than free. Errors: NOMEM.
 */
enum ss_status ss_check_freelist(const struct ss_structure_pass *pass, const struct ss_walk *walk,
                                 const struct ss_bitmap *named, bool damaged, struct ss_error *err);

#endif
