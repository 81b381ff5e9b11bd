/*
 * rest.c - every bucket but `key`: each of etcd's from the newest tree in which it is still whole, others as far
 * as they stand in the tree that is trusted, with all that is below them.
 *
 *   tree in force   alarm auth ✗     cluster …         ✗: the older tree is asked, then roots found by form
 *
 * An element that etcd could not read is left out, and its bucket is not whole then. Where no tree has a bucket
 * whole, what stands of it in the newest is taken.
 */
#include "salvage/salvage.h"

#include "etcd/alarm.h"
#include "etcd/auth.h"
#include "etcd/lease.h"
#include "etcd/member.h"
#include "etcd/meta.h"
#include "util/array.h"

#include <stdlib.h>

#define LEVEL_MAX 100u /* buckets within buckets that are copied; the writer takes a few more */
#define U64_LEN 8u
#define INDEX_NAME "consistent_index"
#define MARK_NAME "scheduledCompactRev"

/* ------------------------------------------------------------------------- what etcd can read --- */

static bool reads_meta(enum ss_etcd_bucket which, const struct ss_entry *entry,
                       struct ss_error *err)
{
    struct ss_conf_state conf = {0};
    struct ss_semver version;
    struct ss_revision rev;
    uint64_t number = 1;
    bool enabled, good;
    char *target = NULL;

    switch (ss_meta_key(which, entry->key)) {
    case SS_META_CONSISTENT_INDEX:
        return ss_u64_decode(entry->value, "", entry->pgid, &number, err) == SS_OK;
    case SS_META_TERM:
        return ss_u64_decode(entry->value, "", entry->pgid, &number, err) == SS_OK && number != 0;
    case SS_META_CONF_STATE:
        good = ss_conf_state_decode(entry->value, entry->pgid, &conf, err) == SS_OK;
        ss_conf_state_fini(&conf);
        return good;
    case SS_META_SCHEDULED_COMPACT:
    case SS_META_FINISHED_COMPACT:
        return ss_revision_decode_meta(entry->value, "", entry->pgid, &rev, err) == SS_OK;
    case SS_META_STORAGE_VERSION:
    case SS_META_CLUSTER_VERSION:
        return ss_semver_decode(entry->value, "", entry->pgid, &version, err) == SS_OK;
    case SS_META_DOWNGRADE:
        good = ss_downgrade_decode(entry->value, entry->pgid, &enabled, &target, err) == SS_OK;
        if (good) {
            free(target);
        }
        return good;
    default:
        return true;
    }
}

static bool reads_member(const struct ss_entry *entry, struct ss_error *err)
{
    struct ss_member_doc doc;
    bool good;

    if (ss_member_decode(entry, &doc, err) != SS_OK) {
        return false;
    }
    good = doc.member.id == doc.member.value_id;
    ss_member_doc_fini(&doc);
    return good;
}

static bool reads_access(enum ss_etcd_bucket which, const struct ss_entry *entry,
                         struct ss_error *err)
{
    struct ss_user user = {0};
    struct ss_role role = {0};
    bool good;

    if (which == SS_IN_AUTH_USERS) {
        good = ss_user_decode(entry, &user, err) == SS_OK && ss_span_eq(user.key, user.name);
        ss_user_fini(&user);
    } else {
        good = ss_role_decode(entry, &role, err) == SS_OK && ss_span_eq(role.key, role.name);
        ss_role_fini(&role);
    }
    return good;
}

/*
 * Whether etcd can read an element of this bucket of its own, and takes it for what its key says. Not for want of
 * memory: then err->code is NOMEM.
 */
static bool is_readable(enum ss_etcd_bucket which, const struct ss_entry *entry,
                        struct ss_error *err)
{
    struct ss_auth_facts facts = {0};
    struct ss_lease lease;
    struct ss_alarm alarm;
    uint64_t id;

    ss_error_clear(err);
    if (entry->is_bucket) {
        return false;
    }
    switch (which) {
    case SS_IN_ALARM:
        return ss_alarm_decode(entry, &alarm, err) == SS_OK;
    case SS_IN_AUTH:
        return ss_auth_decode(entry, &facts, err) == SS_OK;
    case SS_IN_AUTH_ROLES:
    case SS_IN_AUTH_USERS:
        return reads_access(which, entry, err);
    case SS_IN_LEASE:
        return ss_lease_decode(entry, &lease, NULL, err) == SS_OK && lease.id == lease.key_id;
    case SS_IN_MEMBERS:
        return reads_member(entry, err);
    case SS_IN_MEMBERS_REMOVED:
        return ss_member_id_decode(entry->key, entry->pgid, &id, err) == SS_OK;
    default:
        return reads_meta(which, entry, err);
    }
}

/* ------------------------------------------------------------------------------ etcd's buckets --- */

typedef enum ss_status (*element_fn)(void *ctx, const struct ss_entry *entry, struct ss_error *err);

/* What stands of a bucket in a view, and how much of it does not. SS_END: it has no such bucket. */
struct standing_bucket {
    struct ss_tree tree;
    uint64_t element_count, dropped_count;
};

static enum ss_status each_standing(const struct ss_view *view, enum ss_etcd_bucket which,
                                    struct standing_bucket *out, element_fn on_element, void *ctx,
                                    struct ss_error *err)
{
    const char *name = ss_etcd_bucket_name(which);
    struct ss_tree root = ss_tree_root(&view->file);
    struct ss_skips skips = {0};
    struct ss_standing *walk;
    struct ss_entry entry = {0};
    enum ss_status status = ss_standing_find_bucket(
        &view->file, &root, "", ss_span_of(name, strlen(name)), &skips, &out->tree, err);

    out->element_count = out->dropped_count = 0;
    if (status != SS_OK) {
        return status == SS_CORRUPT ? SS_END : status;
    }
    walk = malloc(sizeof(*walk));
    if (walk == NULL) {
        return ss_nomem(err, sizeof(*walk));
    }
    skips.count = 0;
    ss_standing_init(walk, &view->file, &out->tree, name, NULL, &skips);
    while (status == SS_OK && (status = ss_standing_next(walk, &entry, err)) == SS_OK) {
        if (!is_readable(which, &entry, err)) {
            status = err->code == SS_E_NOMEM ? SS_SYSTEM : SS_OK;
            out->dropped_count += status == SS_OK;
            continue;
        }
        out->element_count++;
        if (on_element != NULL) {
            status = on_element(ctx, &entry, err);
        }
    }
    ss_standing_fini(walk);
    free(walk);
    out->dropped_count += skips.count;
    return status == SS_END ? SS_OK : status;
}

/* The newest view that has the bucket whole; else the newest that has any of it; SS_VIEW_MAX: none. */
static enum ss_status choose_view(struct ss_salvage_job *job, enum ss_etcd_bucket which,
                                  size_t *chosen, struct ss_salvage_bucket *said,
                                  struct ss_error *err)
{
    *chosen = SS_VIEW_MAX;
    for (size_t i = 0; i < job->view_count && !said->whole; i++) {
        struct standing_bucket bucket;
        enum ss_status status = each_standing(&job->views[i], which, &bucket, NULL, NULL, err);

        if (status == SS_SYSTEM) {
            return status;
        }
        if (status != SS_OK || (*chosen != SS_VIEW_MAX && bucket.dropped_count > 0)) {
            continue;
        }
        *chosen = i;
        said->present = true;
        said->whole = bucket.dropped_count == 0;
        said->element_count = bucket.element_count;
        said->dropped_count = bucket.dropped_count;
        said->tier = i == 0 && job->views[0].by_meta ? SS_TIER_TREE : SS_TIER_OLDER;
    }
    return SS_OK;
}

struct giving {
    struct ss_salvage_job *job;
    struct ss_writer *w;
    struct ss_salvage_bucket *said;
    bool is_meta, has_index, has_mark;
};

static const uint8_t *keep_u64(struct ss_writer *w, uint64_t value)
{
    uint8_t bytes[U64_LEN];

    ss_store_u64(bytes, value, true);
    return ss_writer_keep(w, bytes, sizeof(bytes));
}

static enum ss_status put_made(struct giving *to, const char *name, const uint8_t *bytes,
                               size_t len, struct ss_error *err)
{
    if (bytes == NULL) {
        return ss_nomem(err, len);
    }
    return ss_writer_put(to->w, ss_span_of(name, strlen(name)), ss_span_of(bytes, len), err);
}

static enum ss_status put_mark(struct giving *to, struct ss_error *err)
{
    uint8_t bytes[SS_TOMBSTONE_LEN];
    size_t len = ss_revision_encode((struct ss_revision){to->job->mark, 0}, false, bytes);

    to->has_mark = true;
    return put_made(to, MARK_NAME, ss_writer_keep(to->w, bytes, len), len, err);
}

static enum ss_status put_index(struct giving *to, struct ss_error *err)
{
    to->has_index = true;
    to->job->report->index_made = true;
    return put_made(to, INDEX_NAME, keep_u64(to->w, 1), U64_LEN, err);
}

/* Puts what is made for `meta` and stands before `key`; a NULL key: all of it. */
static enum ss_status put_before(struct giving *to, const struct ss_span *key, struct ss_error *err)
{
    enum ss_status status = SS_OK;
    bool wants_index = !to->said->whole && !to->has_index;

    if (wants_index &&
        (key == NULL || ss_span_cmp(ss_span_of(INDEX_NAME, strlen(INDEX_NAME)), *key) < 0)) {
        status = put_index(to, err);
    }
    if (status == SS_OK && to->job->mark != 0 && !to->has_mark &&
        (key == NULL || ss_span_cmp(ss_span_of(MARK_NAME, strlen(MARK_NAME)), *key) <= 0)) {
        status = put_mark(to, err);
    }
    return status;
}

static enum ss_status give(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    struct giving *to = ctx;
    enum ss_status status = SS_OK;

    if (to->is_meta) {
        status = put_before(to, &entry->key, err);
        to->has_index |= ss_span_is(entry->key, INDEX_NAME);
        if (to->has_mark && ss_span_is(entry->key, MARK_NAME)) {
            return status; /* it was put anew */
        }
    }
    return status == SS_OK ? ss_writer_put(to->w, entry->key, entry->value, err) : status;
}

/* A bucket that etcd makes at its first start is made where the root that named it is lost. */
static bool is_made(const struct ss_salvage_job *job, enum ss_etcd_bucket which)
{
    return job->view_count == 0 || !job->has_key || (which == SS_IN_META && job->mark != 0);
}

static enum ss_status give_etcd(struct ss_salvage_job *job, enum ss_etcd_bucket which,
                                struct ss_writer *w, struct ss_error *err)
{
    const char *name = ss_etcd_bucket_name(which);
    struct ss_salvage_bucket said = {.name = name};
    struct giving to = {.job = job, .w = w, .said = &said, .is_meta = which == SS_IN_META};
    struct standing_bucket bucket = {0};
    size_t chosen;
    enum ss_status status = choose_view(job, which, &chosen, &said, err);

    if (status == SS_OK && (said.present || is_made(job, which))) {
        status = ss_writer_begin(w, ss_span_of(name, strlen(name)), 0, err);
        if (status == SS_OK && chosen != SS_VIEW_MAX) {
            status = each_standing(&job->views[chosen], which, &bucket, give, &to, err);
        }
        if (status == SS_OK && to.is_meta) {
            status = put_before(&to, NULL, err);
        }
        if (status == SS_OK) {
            status = ss_writer_end(w, err);
        }
    }
    if (status == SS_OK && !job->counted) {
        job->report->buckets[job->report->bucket_count++] = said;
    }
    return status;
}

/* ------------------------------------------------------------------------------ other buckets --- */

struct copying {
    struct ss_salvage_job *job;
    struct ss_writer *w;
    struct ss_bitmap claimed; /* by all trees that are copied */
    struct ss_skips skips;
    uint32_t level;
    struct ss_standing *open[LEVEL_MAX]; /* buckets that were begun, the outer ones first */
};

/* Begins a bucket: what stands of its tree comes next. One that is no bucket, or lies too deep, is left out. */
static enum ss_status open_bucket(struct copying *c, const struct ss_entry *entry,
                                  struct ss_error *err)
{
    const struct ss_file *file = &c->job->views[0].file;
    struct ss_tree tree = {0};
    struct ss_standing *walk;
    struct ss_error why;
    enum ss_status status, decoded;

    ss_error_clear(&why);
    decoded = ss_tree_decode(&file->geo, entry->value, entry->pgid, &tree, &why);
    if (c->level == LEVEL_MAX) {
        c->job->report->other_dropped_count += !c->job->counted;
        return SS_OK;
    }
    status = ss_writer_begin(c->w, entry->key, decoded == SS_OK ? tree.sequence : 0, err);
    if (status != SS_OK || decoded != SS_OK) {
        c->job->report->other_dropped_count += status == SS_OK && !c->job->counted;
        return status == SS_OK ? ss_writer_end(c->w, err) : status;
    }
    walk = malloc(sizeof(*walk));
    if (walk == NULL) {
        return ss_nomem(err, sizeof(*walk));
    }
    ss_standing_init(walk, file, &tree, "", &c->claimed, &c->skips);
    c->open[c->level++] = walk;
    return SS_OK;
}

static void close_bucket(struct copying *c)
{
    struct ss_standing *walk = c->open[--c->level];

    ss_standing_fini(walk);
    free(walk);
}

/* A bucket with all below it. */
static enum ss_status copy_bucket(struct copying *c, const struct ss_entry *bucket,
                                  struct ss_error *err)
{
    uint64_t skipped = c->skips.count;
    enum ss_status status = open_bucket(c, bucket, err);

    while (status == SS_OK && c->level > 0) {
        struct ss_entry entry = {0};

        status = ss_standing_next(c->open[c->level - 1], &entry, err);
        if (status == SS_END) {
            close_bucket(c);
            status = ss_writer_end(c->w, err);
        } else if (status == SS_OK && entry.is_bucket) {
            status = open_bucket(c, &entry, err);
        } else if (status == SS_OK) {
            c->job->report->other_element_count += !c->job->counted;
            status = ss_writer_put(c->w, entry.key, entry.value, err);
        }
    }
    while (c->level > 0) {
        close_bucket(c);
    }
    if (!c->job->counted) {
        c->job->report->other_dropped_count += c->skips.count - skipped;
    }
    return status;
}

/* ---------------------------------------------------------------------------------- all of them --- */

/* Those of etcd's buckets whose turn comes before `name`; a NULL one: all that are left. */
static enum ss_status give_before(struct ss_salvage_job *job, unsigned *next,
                                  const struct ss_span *name, struct ss_writer *w,
                                  ss_produce_fn on_key, struct ss_error *err)
{
    enum ss_status status = SS_OK;

    for (; status == SS_OK && job->report->is_etcd && *next < SS_IN_COUNT; ++*next) {
        enum ss_etcd_bucket which = (enum ss_etcd_bucket) * next;
        const char *due = ss_etcd_bucket_name(which);

        if (name != NULL && ss_span_cmp(ss_span_of(due, strlen(due)), *name) > 0) {
            break;
        }
        status = which == SS_IN_KEY ? on_key(job, w, err) : give_etcd(job, which, w, err);
    }
    return status;
}

static enum ss_status give_others(struct ss_salvage_job *job, struct copying *c, unsigned *next,
                                  ss_produce_fn on_key, struct ss_error *err)
{
    struct ss_tree root = ss_tree_root(&job->views[0].file);
    struct ss_skips skips = {0};
    struct ss_entry entry = {0};
    enum ss_status status = SS_OK;
    struct ss_standing *walk = malloc(sizeof(*walk));

    if (walk == NULL) {
        return ss_nomem(err, sizeof(*walk));
    }
    ss_standing_init(walk, &job->views[0].file, &root, "", &c->claimed, &skips);
    while (status == SS_OK && (status = ss_standing_next(walk, &entry, err)) == SS_OK) {
        bool of_etcd = job->report->is_etcd && ss_etcd_bucket_of(entry.key) != SS_IN_COUNT;

        if (of_etcd) {
            continue; /* its turn comes by the catalogue */
        }
        if (!entry.is_bucket) {
            job->report->other_dropped_count += !job->counted;
            continue;
        }
        status = give_before(job, next, &entry.key, c->w, on_key, err);
        if (status == SS_OK) {
            status = copy_bucket(c, &entry, err);
        }
    }
    if (!job->counted) {
        job->report->other_dropped_count += skips.count;
    }
    ss_standing_fini(walk);
    free(walk);
    return status == SS_END ? SS_OK : status;
}

enum ss_status ss_rest_produce(struct ss_salvage_job *job, struct ss_writer *w,
                               ss_produce_fn on_key, struct ss_error *err)
{
    struct copying c = {.job = job, .w = w};
    unsigned next = 0;
    enum ss_status status = SS_OK;

    if (job->view_count > 0) {
        if (!ss_bitmap_init(&c.claimed, job->views[0].file.geo.page_count)) {
            return ss_nomem(err, job->geo.page_count / 8);
        }
        status = give_others(job, &c, &next, on_key, err);
        ss_bitmap_fini(&c.claimed);
    }
    return status == SS_OK ? give_before(job, &next, NULL, w, on_key, err) : status;
}
