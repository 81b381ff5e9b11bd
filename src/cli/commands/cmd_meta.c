/*
 * cmd_meta.c - snapscope meta: how far the server had got, and which etcd it was.
 */
#include "cmd.h"
#include "etcd_meta_doc.h"
#include "etcdlist.h"

#include <inttypes.h>
#include <stdlib.h>

/* The command has no options of its own. */
static const struct cli_option options[] = {{.name = NULL}};

/* Of a value that nobody knows, text shows this many bytes; --json has all of it. */
#define EXTRA_SHOWN 64u

static void print_ids(struct cli_out *out, const char *what, const uint64_t *ids, size_t count)
{
    if (count == 0) {
        return;
    }
    cli_out_format(out, "  %-20s", what);
    for (size_t i = 0; i < count; i++) {
        cli_out_format(out, "%s%s", i == 0 ? "" : ", ", cli_id_format(ids[i]).text);
    }
    cli_out_text(out, "\n");
}

static void print_conf(struct cli_out *out, const struct ss_conf_state *conf)
{
    cli_out_text(out, "confState\n");
    print_ids(out, "voters", conf->voters, conf->voter_count);
    print_ids(out, "learners", conf->learners, conf->learner_count);
    print_ids(out, "voters_outgoing", conf->voters_outgoing, conf->voters_outgoing_count);
    print_ids(out, "learners_next", conf->learners_next, conf->learners_next_count);
    cli_out_format(out, "  %-20s%s\n", "auto_leave", conf->auto_leave ? "yes" : "no");
}

static void print_version(struct cli_out *out, const char *what, const char *version)
{
    if (version != NULL) {
        cli_out_format(out, "%-22s%s\n", what, version);
    }
}

static void print_extra(struct cli_out *out, const struct ss_extra *extra)
{
    cli_out_format(out, "unknown               %s/", extra->bucket);
    cli_print_bytes(out, extra->key.ptr, extra->key.len, CLI_FORM_ESCAPED);
    cli_out_text(out, " = ");
    bool cut = extra->value.len > EXTRA_SHOWN;
    cli_print_bytes(out, extra->value.ptr, cut ? EXTRA_SHOWN : extra->value.len, CLI_FORM_ESCAPED);
    if (cut) {
        cli_out_format(out, " ... (%" PRIu64 " bytes)", extra->value.len);
    }
    cli_out_text(out, "\n");
}

static void print_downgrade(struct cli_out *out, const struct ss_etcd_meta *meta)
{
    char *target = cli_escaped_name(meta->downgrade_target);
    cli_out_format(out, "%-22s%s%s\n", "downgrade",
                   meta->downgrade_enabled ? "under way to " : "none under way",
                   meta->downgrade_enabled ? target : "");
    free(target);
}

static void print_text(struct cli_out *out, const struct ss_etcd_meta *meta)
{
    if (meta->has_consistent_index) {
        cli_out_format(out, "%-22s%" PRIu64 "\n", "consistent_index", meta->consistent_index);
    }
    if (meta->has_term) {
        cli_out_format(out, "%-22s%" PRIu64 "\n", "term", meta->term);
    }
    if (meta->has_conf_state) {
        print_conf(out, &meta->conf_state);
    }
    if (meta->has_scheduled_compact) {
        cli_out_format(out, "%-22s%" PRId64 "\n", "scheduledCompactRev",
                       meta->scheduled_compact.main);
    }
    if (meta->has_finished_compact) {
        cli_out_format(out, "%-22s%" PRId64 "\n", "finishedCompactRev",
                       meta->finished_compact.main);
    }
    print_version(out, "storageVersion", meta->storage_version);
    print_version(out, "clusterVersion", meta->cluster_version);
    if (meta->has_downgrade) {
        print_downgrade(out, meta);
    }
    for (size_t i = 0; i < meta->extra_count; i++) {
        print_extra(out, &meta->extras[i]);
    }
}

static json_t *extras_doc(const struct ss_etcd_meta *meta)
{
    json_t *list = cli_doc_list();
    for (size_t i = 0; i < meta->extra_count; i++) {
        const struct ss_extra *extra = &meta->extras[i];
        json_t *one = cli_doc_new();
        cli_doc_text(one, "bucket", extra->bucket);
        cli_doc_bytes(one, "key", extra->key.ptr, extra->key.len);
        cli_doc_bytes(one, "value", extra->value.ptr, extra->value.len);
        cli_doc_append(list, one);
    }
    return list;
}

static json_t *meta_doc(const struct ss_etcd_meta *meta, const char *name)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "file", name);
    cli_applied_doc(doc, meta);
    if (meta->has_scheduled_compact) {
        cli_doc_int(doc, "scheduled_compact_revision", meta->scheduled_compact.main);
    }
    if (meta->has_finished_compact) {
        cli_doc_int(doc, "finished_compact_revision", meta->finished_compact.main);
    }
    cli_versions_doc(doc, meta);
    cli_doc_set(doc, "unknown", extras_doc(meta));
    return doc;
}

static void on_fault(void *ctx, const struct ss_error *fault)
{
    cli_faults_add(ctx, fault);
}

static int run_meta(struct cli_run *run)
{
    int code = cli_run_open_etcd(run);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    struct ss_error err = SS_ERROR_INIT;
    struct cli_faults faults;
    struct ss_etcd_meta *meta = NULL;
    uint64_t fault_count = 0;
    cli_faults_init(&faults, run);
    enum ss_status status =
        ss_etcd_meta_new(run->file, on_fault, &faults, &fault_count, &meta, &err);
    status = cli_run_checked(run, status, &err);
    cli_faults_close(&faults);
    if (status != SS_OK) {
        code = cli_report(run, &err);
    } else if (run->common.json) {
        json_t *doc = meta_doc(meta, run->input_name);
        cli_etcd_tail(doc, &faults, NULL);
        cli_doc_print(&run->out, doc);
    } else {
        print_text(&run->out, meta);
    }
    if (status == SS_OK && fault_count > 0) {
        code = CLI_EXIT_REFUSED;
    }
    cli_faults_fini(&faults);
    ss_etcd_meta_free(meta);
    return code;
}

const struct cli_command cli_cmd_meta = {
    .name = "meta",
    .args = "FILE",
    .summary = "show etcd's own state: index, term, versions",
    .detail = "Shows what etcd keeps about itself in its buckets `meta` and `cluster`: the last\n"
              "raft entry applied and its term, raft's members, compaction, versions, and\n"
              "anything there that etcd 3.4 to 3.7 does not write. What is not in the file is\n"
              "left out. For the meta pages of bbolt see snapscope info.",
    .exits = {[CLI_EXIT_REFUSED] = CLI_EXITS_NOT_ETCD},
    .options = options,
    .opts_size = 1,
    .min_args = 1,
    .max_args = 1,
    .run = run_meta,
};
