/*
 * etcd_checks.h - what the buckets mean to etcd, checked on the leaves that the structure walk hands over.
 *
 *   walk ──► ss_etcd_check_bucket ──► ss_etcd_check_leaf … ──► ss_etcd_check_bucket_end   (each top-level bucket)
 *                                                   └──► ss_etcd_check_finish       (what spans buckets)
 *
 * Leaves come gated and in key order; one that failed the gate is left out, and `holes` is set from
 * then on for that bucket: checks that reason from what is missing (gaps, history) then stay silent,
 * since the structure's own finding says what is lost. Nothing here stops at a fault.
 */
#ifndef SS_VERIFY_ETCD_CHECKS_H
#define SS_VERIFY_ETCD_CHECKS_H

#include "parser/page.h"
#include "verify/findings.h"

struct ss_etcd_checks;

/* Reads the compaction marks ahead, since bucket `meta` comes last. Errors: NOMEM, IO. */
enum ss_status ss_etcd_check_new(const struct ss_file *file, struct ss_findings *findings,
                                 struct ss_etcd_checks **out, struct ss_error *err);
void ss_etcd_check_free(struct ss_etcd_checks *meaning);

/* A leaf of the root bucket: names of buckets that etcd does not know are findings. */
void ss_etcd_check_root_leaf(struct ss_etcd_checks *meaning, const struct ss_page_view *page);

/* A top-level bucket begins, gives a leaf, ends. Buckets below it are not handed over. */
void ss_etcd_check_bucket(struct ss_etcd_checks *meaning, struct ss_span name);
enum ss_status ss_etcd_check_leaf(struct ss_etcd_checks *meaning, const struct ss_page_view *page,
                                  bool holes, struct ss_error *err);
void ss_etcd_check_bucket_end(struct ss_etcd_checks *meaning, bool holes);

/*
 * Checks across buckets; fills is_etcd, record_count, live_count, and puts SS_VERIFY_ETCD into checked,
 * unless no bucket's name could be read: whether the file is etcd's is then unknown. Errors: NOMEM, IO.
 */
enum ss_status ss_etcd_check_finish(struct ss_etcd_checks *meaning, struct ss_verify_report *report,
                                    struct ss_error *err);

#endif
