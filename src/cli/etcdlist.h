/*
 * etcdlist.h - the frame of the commands that list what etcd keeps beside its keys: the file is opened
 * and must be etcd's, elements are printed as they come, faults of single ones stop nothing.
 *
 *     {"file":…,"members":[ … ],"count":2,"complete":true,"fault_count":0,"faults":[]}
 */
#ifndef SS_CLI_ETCDLIST_H
#define SS_CLI_ETCDLIST_H

#include "command.h"
#include "doc.h"
#include "report.h"
#include "text.h"

struct ss_etcd_list {
    struct ss_run *run;
    struct ss_list list;
    struct ss_faults faults;
};

/* Opens the file of the run's first argument; one without a `key` bucket is refused. */
int ss_run_open_etcd(struct ss_run *run);

/*
 * Opens the file of list->run as ss_run_open_etcd does and prints the head of the table or document;
 * `name` is that of the list. Returns the exit code when it is refused.
 */
int ss_etcd_list_begin(struct ss_etcd_list *list, const char *name,
                       const struct cli_column *columns, size_t column_count);

/* The fault callback of the library's call; ctx is the list. */
void ss_etcd_list_fault(void *ctx, const struct ss_error *fault);

/* What the library's call came to, ss_run_checked; prints the document's end and returns the exit code. */
int ss_etcd_list_end(struct ss_etcd_list *list, enum ss_status status, struct ss_error *err);

/* Puts "complete", the faults and the error, if any, into a document that has no list. */
void ss_etcd_tail(json_t *doc, const struct ss_faults *faults, const struct ss_error *err);

/* An id as etcdctl prints it: hexadecimal; of leases always 16 digits. */
struct ss_id_text {
    char text[20];
};
struct ss_id_text ss_id_format(uint64_t id);
struct ss_id_text ss_lease_id_format(int64_t id);

#endif
