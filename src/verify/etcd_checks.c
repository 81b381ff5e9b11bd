/*
 * etcd_checks.c - see etcd_checks.h: each bucket's elements to the part that knows them, and what can be said
 * of the buckets themselves.
 *
 *   root bucket   alarm auth authRoles authUsers cluster key lease members members_removed meta
 *                 └── ss_etcd_check_leaf: element by element ──┴──► etcd_*.c
 */
#include "verify/etcd_parts.h"

#include "parser/cursor.h"
#include "util/error.h"

#include <stdio.h>
#include <stdlib.h>

typedef enum ss_status (*element_fn)(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                     struct ss_error *err);

/* Who knows the elements of a bucket; NULL: bucket `key`, which goes its own way. */
static const element_fn element_of[SS_IN_COUNT] = {
    [SS_IN_ALARM] = ss_etcd_check_alarm,
    [SS_IN_AUTH] = ss_etcd_check_auth,
    [SS_IN_AUTH_ROLES] = ss_etcd_check_role,
    [SS_IN_AUTH_USERS] = ss_etcd_check_user,
    [SS_IN_CLUSTER] = ss_etcd_check_meta,
    [SS_IN_KEY] = NULL,
    [SS_IN_LEASE] = ss_etcd_check_lease,
    [SS_IN_MEMBERS] = ss_etcd_check_member,
    [SS_IN_MEMBERS_REMOVED] = ss_etcd_check_removed,
    [SS_IN_META] = ss_etcd_check_meta,
};

void ss_etcd_check_refused(struct ss_etcd_checks *m, enum ss_check_id check,
                           const struct ss_entry *entry, const struct ss_error *err)
{
    ss_find(m->findings, check, ss_etcd_check_place(m, entry, err->off), err->have, err->expect,
            "%s", err->message);
}

/*
 * Looks each of etcd's buckets up ahead: whether the file is etcd's shows only in its root bucket. A
 * bucket `key` alone may be anybody's; etcd makes its others at its first start. Where the root bucket
 * cannot be read as far as one of them, that one may be there.
 */
static void look_up_buckets(struct ss_etcd_checks *m)
{
    const unsigned all = (1u << SS_IN_COUNT) - 1, key = 1u << SS_IN_KEY;
    struct ss_tree tree;
    struct ss_error err;
    unsigned i;

    for (i = 0; i < SS_IN_COUNT; i++) {
        enum ss_status status = ss_etcd_bucket_tree(m->file, (enum ss_etcd_bucket)i, &tree, &err);

        if (status == SS_OK) {
            m->present |= 1u << i;
        } else if (status == SS_END) {
            m->absent |= 1u << i;
        }
    }
    m->is_etcd = m->present != 0 && (m->absent & key) == 0 && (m->absent | key) != all;
}

enum ss_status ss_etcd_check_new(const struct ss_file *file, struct ss_findings *findings,
                                 struct ss_etcd_checks **out, struct ss_error *err)
{
    struct ss_etcd_checks *m = calloc(1, sizeof(*m));

    *out = m;
    if (m == NULL) {
        return ss_nomem(err, sizeof(*m));
    }
    m->file = file;
    m->findings = findings;
    m->at = SS_IN_COUNT;
    look_up_buckets(m);
    ss_etcd_check_key_init(m);
    return ss_source_check(&file->src, SS_OK, err);
}

void ss_etcd_check_free(struct ss_etcd_checks *meaning)
{
    if (meaning == NULL) {
        return;
    }
    ss_key_index_fini(&meaning->key.index);
    free(meaning->leases.items);
    free(meaning->auth.roles.items);
    ss_conf_state_fini(&meaning->meta.conf);
    ss_etcd_check_member_fini(meaning);
    free(meaning);
}

void ss_etcd_check_root_leaf(struct ss_etcd_checks *meaning, const struct ss_page_view *page)
{
    char name[256];
    uint32_t i;

    meaning->at = SS_IN_COUNT;
    for (i = 0; meaning->is_etcd && i < page->count; i++) {
        struct ss_entry entry = ss_leaf_entry(page, i);
        struct ss_place at = ss_etcd_check_place(meaning, &entry, entry.key.off);

        if (!entry.is_bucket || ss_etcd_bucket_of(entry.key) != SS_IN_COUNT) {
            continue;
        }
        ss_text_escape(entry.key.ptr, (size_t)entry.key.len, name, sizeof(name));
        ss_find(meaning->findings, SS_CHECK_ETCD_BUCKET_UNKNOWN, at, name, NULL,
                "bucket %s is none of etcd's", name);
    }
}

void ss_etcd_check_bucket(struct ss_etcd_checks *meaning, struct ss_span name)
{
    meaning->at = meaning->is_etcd ? ss_etcd_bucket_of(name) : SS_IN_COUNT;
    meaning->element_count = 0;
}

static void find_nested(struct ss_etcd_checks *m, const struct ss_entry *entry)
{
    char name[256];

    ss_text_escape(entry->key.ptr, (size_t)entry->key.len, name, sizeof(name));
    ss_find(m->findings, SS_CHECK_ETCD_BUCKET_NESTED, ss_etcd_check_place(m, entry, entry->key.off),
            name, NULL, "bucket %s stands inside bucket %s, where etcd keeps values", name,
            ss_etcd_bucket_name(m->at));
}

enum ss_status ss_etcd_check_leaf(struct ss_etcd_checks *meaning, const struct ss_page_view *page,
                                  bool holes, struct ss_error *err)
{
    enum ss_status status = SS_OK;
    uint32_t i;

    if (meaning->at == SS_IN_COUNT) {
        return SS_OK;
    }
    for (i = 0; i < page->count && status == SS_OK; i++) {
        struct ss_entry entry = ss_leaf_entry(page, i);

        meaning->element_count++;
        if (entry.is_bucket) {
            find_nested(meaning, &entry);
        } else if (meaning->at == SS_IN_KEY) {
            status = ss_etcd_check_key(meaning, page, &entry, holes, err);
        } else {
            status = element_of[meaning->at](meaning, &entry, err);
        }
    }
    if (status == SS_OK && meaning->nomem) {
        status = ss_nomem(err, 0);
    }
    return status;
}

void ss_etcd_check_bucket_end(struct ss_etcd_checks *meaning, bool holes)
{
    struct ss_place at = {SS_NONE, SS_NONE, SS_NONE, ss_etcd_bucket_name(meaning->at)};
    struct ss_error err;

    if (meaning->at == SS_IN_COUNT) {
        return;
    }
    meaning->walked |= 1u << meaning->at;
    if (holes) {
        meaning->holed |= 1u << meaning->at;
    }
    if (meaning->at == SS_IN_KEY && ss_etcd_check_key_end(meaning, &err) != SS_OK) {
        meaning->nomem = true;
    }
    if (!holes && meaning->element_count == 0 && meaning->at == SS_IN_KEY) {
        ss_find(meaning->findings, SS_CHECK_ETCD_NO_KEYS, at, NULL, NULL,
                "bucket key has no record: nothing was ever written, or all of it is gone");
    }
    if (!holes && meaning->element_count == 0 && meaning->at == SS_IN_MEMBERS) {
        ss_find(meaning->findings, SS_CHECK_MEMBER_NONE, at, NULL, NULL,
                "bucket members is empty; a server lists at least itself");
    }
    meaning->at = SS_IN_COUNT;
}

static void find_missing(struct ss_etcd_checks *m)
{
    struct ss_place at = {SS_NONE, SS_NONE, SS_NONE, ""};
    unsigned i;

    for (i = 0; i < SS_IN_COUNT; i++) {
        const char *name = ss_etcd_bucket_name((enum ss_etcd_bucket)i);

        if ((m->absent >> i & 1u) != 0) {
            ss_find(m->findings, SS_CHECK_ETCD_BUCKET_MISSING, at, NULL, name,
                    "bucket %s is missing", name);
        }
    }
}

enum ss_status ss_etcd_check_finish(struct ss_etcd_checks *meaning, struct ss_verify_report *report,
                                    struct ss_error *err)
{
    struct ss_place at = {SS_NONE, SS_NONE, SS_NONE, ""};

    report->is_etcd = meaning->is_etcd;
    if (meaning->present + meaning->absent == 0) {
        return SS_OK;
    }
    report->checked |= SS_VERIFY_ETCD;
    if (!meaning->is_etcd) {
        ss_find(
            meaning->findings, SS_CHECK_ETCD_NOT, at, NULL, NULL,
            "there is no bucket key beside others of etcd's: what the file means to etcd was not "
            "checked");
        return SS_OK;
    }
    report->record_count = meaning->key.record_count;
    report->live_count = meaning->key.index.count;
    report->missing_count = meaning->key.missing_count;
    report->missing_first = meaning->key.missing_first;
    report->missing_last = meaning->key.missing_last;
    report->missing_range_count = meaning->key.missing_range_count;
    memcpy(report->missing, meaning->key.missing, sizeof(report->missing));
    find_missing(meaning);
    ss_etcd_check_key_finish(meaning);
    ss_etcd_check_meta_finish(meaning);
    ss_etcd_check_member_finish(meaning);
    ss_etcd_check_auth_finish(meaning);
    ss_etcd_check_lease_finish(meaning);
    return meaning->nomem ? ss_nomem(err, 0) : ss_source_check(&meaning->file->src, SS_OK, err);
}
