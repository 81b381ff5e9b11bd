/*
 * etcdlist.h - what the commands about etcd's own buckets share: opening a file that must be etcd's, the end of
 * a document, ids.
 */
#ifndef SS_CLI_ETCDLIST_H
#define SS_CLI_ETCDLIST_H

#include "command.h"
#include "doc.h"
#include "report.h"
#include "text.h"

/* Opens the file of the run's first argument; one without a `key` bucket is refused. */
int ss_run_open_etcd(struct ss_run *run);

/* Puts "complete", the faults and the error, if any, into a document that has no list. */
void ss_etcd_tail(json_t *doc, const struct ss_faults *faults, const struct ss_error *err);

/* The id of a member, lease or cluster: 16 hexadecimal digits, so that it can be compared as text. */
struct ss_id_text {
    char text[20];
};
struct ss_id_text ss_id_format(uint64_t id);

#endif
