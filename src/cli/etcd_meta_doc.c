/*
 * etcd_meta_doc.c - see etcd_meta_doc.h.
 */
#include "etcd_meta_doc.h"

#include "etcdlist.h"

static json_t *ids_doc(const uint64_t *ids, size_t count)
{
    json_t *list = cli_doc_list();
    for (size_t i = 0; i < count; i++) {
        cli_doc_append(list, json_string(cli_id_format(ids[i]).text));
    }
    return list;
}

static json_t *conf_state_doc(const struct ss_conf_state *conf)
{
    json_t *doc = cli_doc_new();
    cli_doc_set(doc, "voters", ids_doc(conf->voters, conf->voter_count));
    cli_doc_set(doc, "learners", ids_doc(conf->learners, conf->learner_count));
    cli_doc_set(doc, "voters_outgoing",
                ids_doc(conf->voters_outgoing, conf->voters_outgoing_count));
    cli_doc_set(doc, "learners_next", ids_doc(conf->learners_next, conf->learners_next_count));
    cli_doc_bool(doc, "auto_leave", conf->auto_leave);
    return doc;
}

void cli_applied_doc(json_t *doc, const struct ss_etcd_meta *meta)
{
    if (meta->has_consistent_index) {
        cli_doc_number(doc, "consistent_index", meta->consistent_index);
    }
    if (meta->has_term) {
        cli_doc_number(doc, "term", meta->term);
    }
    if (meta->has_conf_state) {
        cli_doc_set(doc, "conf_state", conf_state_doc(&meta->conf_state));
    }
}

void cli_versions_doc(json_t *doc, const struct ss_etcd_meta *meta)
{
    if (meta->storage_version != NULL) {
        cli_doc_text(doc, "storage_version", meta->storage_version);
    }
    if (meta->cluster_version != NULL) {
        cli_doc_text(doc, "cluster_version", meta->cluster_version);
    }
    if (meta->has_downgrade) {
        json_t *downgrade = cli_doc_new();
        cli_doc_bool(downgrade, "enabled", meta->downgrade_enabled);
        cli_doc_text(downgrade, "target_version", meta->downgrade_target);
        cli_doc_set(doc, "downgrade", downgrade);
    }
}
