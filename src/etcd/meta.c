/*
 * meta.c - buckets `meta` and `cluster` as one result, see meta.h.
 */
#include "etcd/meta.h"

#include "etcd/bucket_each.h"
#include "etcd/revision.h"
#include "util/array.h"

#include <stdlib.h>

struct reading {
    struct ss_etcd_meta *meta;
    enum ss_etcd_bucket bucket;
};

static enum ss_status add_extra(struct reading *r, const struct ss_entry *entry,
                                struct ss_error *err)
{
    struct ss_etcd_meta *m = r->meta;

    if (!ss_array_room_counted(m->extras, m->extra_count)) {
        return ss_nomem(err, m->extra_count * 2 * sizeof(*m->extras));
    }
    m->extras[m->extra_count++] = (struct ss_extra){.bucket = ss_etcd_bucket_name(r->bucket),
                                                    .key = entry->key,
                                                    .value = entry->value,
                                                    .pgid = entry->pgid,
                                                    .index = entry->index};
    return SS_OK;
}

static enum ss_status take_version(const struct ss_entry *entry, const char *name, char **out,
                                   struct ss_error *err)
{
    struct ss_semver version;

    if (ss_semver_decode(entry->value, name, entry->pgid, &version, err) != SS_OK) {
        return SS_CORRUPT;
    }
    free(*out);
    *out = strndup((const char *)entry->value.ptr, (size_t)entry->value.len);
    return *out != NULL ? SS_OK : ss_nomem(err, entry->value.len + 1);
}

static enum ss_status take_cluster_value(struct reading *r, enum ss_meta_key which,
                                         const struct ss_entry *entry, struct ss_error *err)
{
    struct ss_etcd_meta *m = r->meta;
    enum ss_status status;

    if (which == SS_META_STORAGE_VERSION) {
        return take_version(entry, "storageVersion", &m->storage_version, err);
    }
    if (which == SS_META_CLUSTER_VERSION) {
        return take_version(entry, "clusterVersion", &m->cluster_version, err);
    }
    if (which == SS_META_OTHER) {
        return add_extra(r, entry, err);
    }
    status = ss_downgrade_decode(entry->value, entry->pgid, &m->downgrade_enabled,
                                 &m->downgrade_target, err);
    m->has_downgrade = status == SS_OK;
    return status;
}

static enum ss_status take(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    struct reading *r = ctx;
    struct ss_etcd_meta *m = r->meta;
    enum ss_meta_key which = ss_meta_key(r->bucket, entry->key);
    struct ss_span value = entry->value;
    enum ss_status status;

    switch (which) {
    case SS_META_CONSISTENT_INDEX:
        status = ss_u64_decode(value, "consistent_index", entry->pgid, &m->consistent_index, err);
        m->has_consistent_index = status == SS_OK;
        return status;
    case SS_META_TERM:
        status = ss_u64_decode(value, "term", entry->pgid, &m->term, err);
        m->has_term = status == SS_OK;
        return status;
    case SS_META_CONF_STATE:
        status = ss_conf_state_decode(value, entry->pgid, &m->conf_state, err);
        m->has_conf_state = status == SS_OK;
        return status;
    case SS_META_SCHEDULED_COMPACT:
        status = ss_revision_decode_meta(value, "scheduledCompactRev", entry->pgid,
                                         &m->scheduled_compact, err);
        m->has_scheduled_compact = status == SS_OK;
        return status;
    case SS_META_FINISHED_COMPACT:
        status = ss_revision_decode_meta(value, "finishedCompactRev", entry->pgid,
                                         &m->finished_compact, err);
        m->has_finished_compact = status == SS_OK;
        return status;
    default:
        return take_cluster_value(r, which, entry, err);
    }
}

static enum ss_status read_both(const struct ss_file *file, struct ss_etcd_meta *meta,
                                const struct ss_fault_sink *faults, struct ss_error *err)
{
    struct reading r = {meta, SS_IN_META};
    enum ss_status status = ss_bucket_each(file, r.bucket, take, &r, faults, err);

    r.bucket = SS_IN_CLUSTER;
    if (status == SS_OK) {
        status = ss_bucket_each(file, r.bucket, take, &r, faults, err);
    }
    return ss_source_check(&file->src, status, err);
}

enum ss_status ss_etcd_meta_new(const struct ss_file *file, ss_fault_fn on_fault, void *ctx,
                                uint64_t *fault_count, struct ss_etcd_meta **out,
                                struct ss_error *err)
{
    struct ss_fault_sink faults = {on_fault, ctx, fault_count};
    struct ss_etcd_meta *meta = calloc(1, sizeof(*meta));
    enum ss_status status;

    ss_error_clear(err);
    *out = NULL;
    *fault_count = 0;
    if (meta == NULL) {
        return ss_nomem(err, sizeof(*meta));
    }
    status = read_both(file, meta, &faults, err);
    if (status != SS_OK) {
        ss_etcd_meta_free(meta);
        return status;
    }
    *out = meta;
    return SS_OK;
}

void ss_etcd_meta_free(struct ss_etcd_meta *meta)
{
    if (meta == NULL) {
        return;
    }
    ss_conf_state_fini(&meta->conf_state);
    free(meta->storage_version);
    free(meta->cluster_version);
    free(meta->downgrade_target);
    free(meta->extras);
    free(meta);
}
