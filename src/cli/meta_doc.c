/*
 * meta_doc.c - see meta_doc.h.
 */
#include "meta_doc.h"

#include "etcdlist.h"

static json_t *ids_doc(const uint64_t *ids, size_t count)
{
    json_t *list = ss_doc_list();
    for (size_t i = 0; i < count; i++) {
        ss_doc_append(list, json_string(ss_id_format(ids[i]).text));
    }
    return list;
}

json_t *ss_conf_state_doc(const struct ss_conf_state *conf)
{
    json_t *doc = ss_doc_new();
    ss_doc_set(doc, "voters", ids_doc(conf->voters, conf->voter_count));
    ss_doc_set(doc, "learners", ids_doc(conf->learners, conf->learner_count));
    ss_doc_set(doc, "voters_outgoing", ids_doc(conf->voters_outgoing, conf->voters_outgoing_count));
    ss_doc_set(doc, "learners_next", ids_doc(conf->learners_next, conf->learners_next_count));
    ss_doc_bool(doc, "auto_leave", conf->auto_leave);
    return doc;
}

void ss_versions_doc(json_t *doc, const struct ss_etcd_meta *meta)
{
    if (meta->storage_version != NULL) {
        ss_doc_text(doc, "storage_version", meta->storage_version);
    }
    if (meta->cluster_version != NULL) {
        ss_doc_text(doc, "cluster_version", meta->cluster_version);
    }
    if (meta->has_downgrade) {
        json_t *downgrade = ss_doc_new();
        ss_doc_bool(downgrade, "enabled", meta->downgrade_enabled);
        ss_doc_text(downgrade, "target_version", meta->downgrade_target);
        ss_doc_set(doc, "downgrade", downgrade);
    }
}
