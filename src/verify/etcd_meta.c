/*
 * etcd_meta.c - buckets `meta` and `cluster`: how far the server had got, and which it was.
 *
 *   meta     consistent_index  term  confState  scheduledCompactRev  finishedCompactRev  storageVersion
 *   cluster  clusterVersion  downgrade
 *
 * Each write transaction is a raft entry, and the first entry of a cluster adds a member: hence a
 * server that was never restored has consistent_index >= its revision. A restore starts the index
 * anew at the number of members, so that a lower one only says that there was a restore.
 */
#include "verify/etcd_parts.h"

#include "etcd/revision.h"
#include "util/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* No server counts that far: the first bit or two of the number are wrong. */
#define INDEX_IMPLAUSIBLE (UINT64_C(1) << 62)

#define NUMBER_CAP 24u

static enum ss_status take_index(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                 struct ss_error *err)
{
    struct ss_meta_part *part = &m->meta;

    part->has_index = true;
    part->index_at = ss_etcd_check_place(m, entry, entry->value.off);
    part->index_lost =
        ss_u64_decode(entry->value, "consistent_index", entry->pgid, &part->index, err) != SS_OK;
    if (part->index_lost) {
        ss_etcd_check_refused(m, SS_CHECK_CINDEX_FORM, entry, err);
    }
    return SS_OK;
}

static enum ss_status take_term(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                struct ss_error *err)
{
    uint64_t term;

    m->meta.has_term = true;
    if (ss_u64_decode(entry->value, "term", entry->pgid, &term, err) != SS_OK) {
        ss_etcd_check_refused(m, SS_CHECK_CINDEX_FORM, entry, err);
    } else if (term == 0) {
        ss_find(m->findings, SS_CHECK_CINDEX_FORM, ss_etcd_check_place(m, entry, entry->value.off),
                "0", NULL, "term is 0, which etcd does not write");
    }
    return SS_OK;
}

static enum ss_status take_conf(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                struct ss_error *err)
{
    struct ss_meta_part *part = &m->meta;
    enum ss_status status;

    part->has_conf = true;
    part->conf_at = ss_etcd_check_place(m, entry, entry->value.off);
    ss_conf_state_fini(&part->conf);
    status = ss_conf_state_decode(entry->value, entry->pgid, &part->conf, err);
    part->conf_lost = status == SS_CORRUPT;
    if (status == SS_CORRUPT) {
        ss_etcd_check_refused(m, SS_CHECK_CONF_FORM, entry, err);
    }
    return status == SS_SYSTEM ? status : SS_OK;
}

static enum ss_status take_mark(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                const char *name, bool *has, int64_t *main, struct ss_place *at,
                                struct ss_error *err)
{
    struct ss_revision rev;

    *at = ss_etcd_check_place(m, entry, entry->value.off);
    *has = ss_revision_decode_meta(entry->value, name, entry->pgid, &rev, err) == SS_OK;
    if (*has) {
        *main = rev.main;
    } else {
        ss_etcd_check_refused(m, SS_CHECK_COMPACT_FORM, entry, err);
    }
    return SS_OK;
}

static enum ss_status take_version(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                   const char *name, struct ss_semver *out, bool *has,
                                   struct ss_error *err)
{
    *has = ss_semver_decode(entry->value, name, entry->pgid, out, err) == SS_OK;
    if (!*has) {
        ss_etcd_check_refused(m, SS_CHECK_VERSION_FORM, entry, err);
    }
    return SS_OK;
}

static enum ss_status take_downgrade(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                     struct ss_error *err)
{
    char *target = NULL;
    bool enabled;
    enum ss_status status = ss_downgrade_decode(entry->value, entry->pgid, &enabled, &target, err);

    free(target);
    if (status == SS_CORRUPT) {
        ss_etcd_check_refused(m, SS_CHECK_VERSION_FORM, entry, err);
    }
    return status == SS_SYSTEM ? status : SS_OK;
}

enum ss_status ss_etcd_check_meta(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                  struct ss_error *err)
{
    struct ss_meta_part *part = &m->meta;

    switch (ss_meta_key(m->at, entry->key)) {
    case SS_META_CONSISTENT_INDEX:
        return take_index(m, entry, err);
    case SS_META_TERM:
        return take_term(m, entry, err);
    case SS_META_CONF_STATE:
        return take_conf(m, entry, err);
    case SS_META_SCHEDULED_COMPACT:
        return take_mark(m, entry, "scheduledCompactRev", &part->has_scheduled, &part->scheduled,
                         &part->scheduled_at, err);
    case SS_META_FINISHED_COMPACT:
        return take_mark(m, entry, "finishedCompactRev", &part->has_finished, &part->finished,
                         &part->finished_at, err);
    case SS_META_STORAGE_VERSION:
        part->storage_at = ss_etcd_check_place(m, entry, entry->value.off);
        return take_version(m, entry, "storageVersion", &part->storage, &part->has_storage, err);
    case SS_META_CLUSTER_VERSION:
        return take_version(m, entry, "clusterVersion", &part->cluster, &part->has_cluster, err);
    case SS_META_DOWNGRADE:
        return take_downgrade(m, entry, err);
    case SS_META_OTHER:
        break;
    }
    return SS_OK;
}

static void finish_marks(struct ss_etcd_checks *m)
{
    const struct ss_meta_part *part = &m->meta;
    char have[NUMBER_CAP], expect[NUMBER_CAP];

    if (!part->has_scheduled && !part->has_finished) {
        return;
    }
    snprintf(have, sizeof(have), "%" PRId64, part->finished);
    snprintf(expect, sizeof(expect), "%" PRId64, part->scheduled);
    if (part->finished > part->scheduled) {
        ss_find(m->findings, SS_CHECK_COMPACT_ORDER, part->finished_at, have, expect,
                "finishedCompactRev is %s, scheduledCompactRev %s", have,
                part->has_scheduled ? expect : "is missing");
    } else if (part->scheduled > part->finished) {
        ss_find(m->findings, SS_CHECK_COMPACT_PENDING, part->scheduled_at, have, expect,
                "a compaction at revision %s is scheduled; etcd carries it out when it starts",
                expect);
    }
}

static void finish_index(struct ss_etcd_checks *m)
{
    const struct ss_meta_part *part = &m->meta;
    char have[NUMBER_CAP], expect[NUMBER_CAP];

    if (!part->has_index || (part->index == 0 && !part->index_lost)) {
        ss_find(m->findings, SS_CHECK_CINDEX_MISSING,
                part->has_index
                    ? part->index_at
                    : (struct ss_place){SS_NONE, SS_NONE, SS_NONE, ss_etcd_bucket_name(SS_IN_META)},
                part->has_index ? "0" : NULL, NULL, "%s: etcd would apply its whole log again",
                part->has_index ? "consistent_index is 0" : "there is no consistent_index");
        return;
    }
    if (part->index_lost) {
        return;
    }
    snprintf(have, sizeof(have), "%" PRIu64, part->index);
    snprintf(expect, sizeof(expect), "%" PRId64, m->key.last.main);
    if (part->index >= INDEX_IMPLAUSIBLE) {
        ss_find(m->findings, SS_CHECK_CINDEX_AHEAD, part->index_at, have, NULL,
                "consistent_index is %s; etcd would skip every entry of its log up to there", have);
    } else if (m->key.last.main > 0 && part->index < (uint64_t)m->key.last.main) {
        ss_find(m->findings, SS_CHECK_CINDEX_BEHIND, part->index_at, have, expect,
                "consistent_index is %s, the last revision %s: so it is after a restore", have,
                expect);
    }
}

static void finish_versions(struct ss_etcd_checks *m)
{
    const struct ss_meta_part *part = &m->meta;
    struct ss_semver storage = {.major = part->storage.major, .minor = part->storage.minor};
    struct ss_semver cluster = {.major = part->cluster.major, .minor = part->cluster.minor};
    char have[64], expect[64];

    if (!part->has_storage) {
        return;
    }
    if (!part->has_term || !part->has_conf) {
        ss_find(m->findings, SS_CHECK_CONF_MISSING, part->storage_at, NULL, NULL,
                "there is a storageVersion, but no %s",
                part->has_conf   ? "term"
                : part->has_term ? "confState"
                                 : "term and no confState");
    }
    if (!part->has_cluster || ss_semver_cmp(storage, cluster) <= 0) {
        return;
    }
    snprintf(have, sizeof(have), "%" PRIu64 ".%" PRIu64, storage.major, storage.minor);
    snprintf(expect, sizeof(expect), "%" PRIu64 ".%" PRIu64, cluster.major, cluster.minor);
    ss_find(m->findings, SS_CHECK_VERSION_ORDER, part->storage_at, have, expect,
            "storageVersion is of %s, clusterVersion of %s", have, expect);
}

void ss_etcd_check_meta_finish(struct ss_etcd_checks *m)
{
    if (!ss_etcd_check_whole(m, SS_IN_META)) {
        return;
    }
    finish_marks(m);
    finish_index(m);
    finish_versions(m);
}
