/*
 * cmd_leases.c - snapscope leases: every lease with its time to live.
 */
#include "cmd.h"
#include "etcdlist.h"

#include <inttypes.h>
#include <stdio.h>

/* The command has no options of its own. */
static const struct ss_option options[] = {{.name = NULL}};

static const struct cli_column columns[] = {{"ID", 16}, {"TTL", 12}, {"REMAINING", 0}};
enum {
    COLUMN_COUNT = sizeof columns / sizeof columns[0]
};

static bool print_text(struct ss_run *run, const struct ss_lease *lease)
{
    struct ss_id_text id = ss_lease_id_format(lease->id);
    char ttl[24];
    char remaining[24];
    snprintf(ttl, sizeof ttl, "%" PRId64, lease->ttl);
    snprintf(remaining, sizeof remaining, "%" PRId64, lease->remaining_ttl);
    const char *cells[COLUMN_COUNT] = {id.text, ttl, lease->remaining_ttl == 0 ? "-" : remaining};
    return ss_table_row(&run->out, columns, COLUMN_COUNT, cells, SS_STYLE_PLAIN);
}

static json_t *lease_doc(const struct ss_lease *lease)
{
    json_t *doc = ss_doc_new();
    ss_doc_text(doc, "id", ss_lease_id_format(lease->id).text);
    if (lease->key_id != lease->id) {
        ss_doc_text(doc, "key_id", ss_lease_id_format(lease->key_id).text);
    }
    ss_doc_int(doc, "ttl", lease->ttl);
    ss_doc_int(doc, "remaining_ttl", lease->remaining_ttl);
    return doc;
}

static bool on_lease(void *ctx, const struct ss_lease *lease)
{
    struct ss_etcd_list *list = ctx;
    return list->run->common.json ? ss_list_add(&list->list, lease_doc(lease))
                                  : print_text(list->run, lease);
}

static int run_leases(struct ss_run *run)
{
    struct ss_error err = SS_ERROR_INIT;
    struct ss_etcd_list list = {.run = run};
    uint64_t fault_count = 0;
    int code = ss_etcd_list_begin(&list, "leases", columns, COLUMN_COUNT);
    if (code != SS_EXIT_OK) {
        return code;
    }
    enum ss_status status =
        ss_leases(run->file, on_lease, ss_etcd_list_fault, &list, &fault_count, &err);
    return ss_etcd_list_end(&list, status, &err);
}

const struct ss_command ss_cmd_leases = {
    .name = "leases",
    .args = "FILE",
    .summary = "list every lease with its time to live",
    .detail = "Lists every lease: id, time to live as granted, and what was left of it at the\n"
              "last checkpoint (-: none was written), in seconds. The file does not say when a\n"
              "lease ends: a server counts anew from the time at which it starts.",
    .options = options,
    .opts_size = 1,
    .min_args = 1,
    .max_args = 1,
    .run = run_leases,
};
