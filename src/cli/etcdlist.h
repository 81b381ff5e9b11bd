/*
 * etcdlist.h - what the commands about etcd's own buckets share: opening a file that must be etcd's, and
 * the end of a document.
 */
#ifndef CLI_ETCDLIST_H
#define CLI_ETCDLIST_H

#include "doc.h"
#include "print.h"
#include "report.h"
#include "run.h"

/* Opens the file of the run's first argument; one without a `key` bucket is refused. */
int cli_run_open_etcd(struct cli_run *run);

/* Puts "complete", the faults and the error, if any, into a document that has no list. */
void cli_etcd_tail(json_t *doc, const struct cli_faults *faults, const struct ss_error *err);

#endif
