/*
 * etcdlist.c - see etcdlist.h.
 */
#include "etcdlist.h"

#include <stdio.h>

int cli_run_open_etcd(struct cli_run *run)
{
    int code = cli_run_open_readable(run, run->args[0]);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    static const uint8_t name[] = {'k', 'e', 'y'};
    const struct ss_span path = {name, sizeof(name), SS_NONE};
    struct ss_error err = SS_ERROR_INIT;
    struct ss_bucket *bucket = NULL;
    /* A bucket that is there and broken is etcd's all the same; a missing one is not. */
    if (ss_bucket_open(run->file, &path, 1, &bucket, &err) != SS_OK && err.code == SS_E_NOT_FOUND) {
        err.code = SS_E_NOT_ETCD;
        snprintf(err.message, sizeof(err.message), "%s",
                 "the file has no `key` bucket: it is not etcd's");
        return cli_report(run, &err);
    }
    ss_bucket_free(bucket);
    return CLI_EXIT_OK;
}

void cli_etcd_tail(json_t *doc, const struct cli_faults *faults, const struct ss_error *err)
{
    cli_doc_bool(doc, "complete", err == NULL && faults->count == 0);
    cli_faults_doc(faults, doc);
    if (err != NULL) {
        cli_doc_set(doc, "error", cli_doc_error(err));
    }
}
