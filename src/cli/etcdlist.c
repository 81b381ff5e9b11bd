/*
 * etcdlist.c - see etcdlist.h.
 */
#include "etcdlist.h"

#include <inttypes.h>
#include <stdio.h>

int ss_run_open_etcd(struct ss_run *run)
{
    int code = ss_run_open_readable(run, run->args[0]);
    if (code != SS_EXIT_OK) {
        return code;
    }
    static const uint8_t name[] = {'k', 'e', 'y'};
    const struct ss_span path = {name, sizeof name, SS_NONE};
    struct ss_error err = SS_ERROR_INIT;
    struct ss_bucket *bucket = NULL;
    /* A bucket that is there and broken is etcd's all the same; a missing one is not. */
    if (ss_bucket_open(run->file, &path, 1, &bucket, &err) != SS_OK && err.code == SS_E_NOT_FOUND) {
        err.code = SS_E_NOT_ETCD;
        snprintf(err.message, sizeof err.message, "%s",
                 "the file has no `key` bucket: it is not etcd's");
        return ss_report(run, &err);
    }
    ss_bucket_free(bucket);
    return SS_EXIT_OK;
}

void ss_etcd_tail(json_t *doc, const struct ss_faults *faults, const struct ss_error *err)
{
    ss_doc_bool(doc, "complete", err == NULL && faults->count == 0);
    ss_faults_doc(faults, doc);
    if (err != NULL) {
        ss_doc_set(doc, "error", ss_doc_error(err));
    }
}

struct ss_id_text ss_id_format(uint64_t id)
{
    struct ss_id_text out;
    snprintf(out.text, sizeof out.text, "%016" PRIx64, id);
    return out;
}
