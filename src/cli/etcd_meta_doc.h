/*
 * etcd_meta_doc.h - parts of etcd's own state as JSON, for the commands that show them: info and meta.
 */
#ifndef CLI_ETCD_META_DOC_H
#define CLI_ETCD_META_DOC_H

#include "doc.h"

/*
 * Puts "consistent_index", "term" and "conf_state" into a document, as far as there are any. The last one is
 * {"voters":["9e737f…"],"learners":[],"voters_outgoing":[],"learners_next":[],"auto_leave":false}.
 */
void cli_applied_doc(json_t *doc, const struct ss_etcd_meta *meta);

/* Puts "storage_version", "cluster_version" and "downgrade" into a document, as far as there are any. */
void cli_versions_doc(json_t *doc, const struct ss_etcd_meta *meta);

#endif
