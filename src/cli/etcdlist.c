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

void ss_etcd_list_fault(void *ctx, const struct ss_error *fault)
{
    struct ss_etcd_list *list = ctx;
    ss_faults_add(&list->faults, fault);
}

int ss_etcd_list_begin(struct ss_etcd_list *list, const char *name,
                       const struct cli_column *columns, size_t column_count)
{
    struct ss_run *run = list->run;
    int code = ss_run_open_etcd(run);
    if (code != SS_EXIT_OK) {
        return code;
    }
    ss_faults_init(&list->faults, run);
    if (!run->common.json) {
        ss_table_head(&run->out, columns, column_count);
        return SS_EXIT_OK;
    }
    json_t *head = ss_doc_new();
    ss_doc_text(head, "file", run->input_name);
    run->answer_begun = true;
    ss_list_begin(&list->list, &run->out, head, name);
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

int ss_etcd_list_end(struct ss_etcd_list *list, enum ss_status status, struct ss_error *err)
{
    struct ss_run *run = list->run;
    status = ss_run_checked(run, status, err);
    int code = list->faults.count == 0 ? SS_EXIT_OK : SS_EXIT_REFUSED;
    ss_faults_close(&list->faults);
    if (status != SS_OK) {
        code = ss_report(run, err);
    }
    if (run->common.json) {
        json_t *tail = ss_doc_new();
        ss_doc_number(tail, "count", list->list.count);
        ss_etcd_tail(tail, &list->faults, status == SS_OK ? NULL : err);
        ss_list_end(&list->list, tail);
    }
    ss_faults_fini(&list->faults);
    return code;
}

struct ss_id_text ss_id_format(uint64_t id)
{
    struct ss_id_text out;
    snprintf(out.text, sizeof out.text, "%" PRIx64, id);
    return out;
}

struct ss_id_text ss_lease_id_format(int64_t id)
{
    struct ss_id_text out;
    snprintf(out.text, sizeof out.text, "%016" PRIx64, (uint64_t)id);
    return out;
}
