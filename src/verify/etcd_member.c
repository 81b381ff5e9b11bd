/*
 * etcd_member.c - members, removed members, and raft's confState, which should name the same ids.
 *
 *   members ∩ members_removed     none: an id that was removed never comes back
 *   confState                     voters = members, learners = members with isLearner
 *
 * A restore empties both buckets, puts the new members, and leaves the old cluster's confState as it
 * is until the next change of membership. Ids that have nothing in common are therefore no fault.
 */
#include "verify/etcd_parts.h"

#include "etcd/member.h"
#include "util/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ID_CAP 24u

static const char *id_text(char text[ID_CAP], uint64_t id)
{
    snprintf(text, ID_CAP, "%" PRIx64, id);
    return text;
}

static void refuse(struct ss_etcd_checks *m, const struct ss_entry *entry,
                   const struct ss_error *err)
{
    bool in_key = err->off >= entry->key.off && err->off < entry->key.off + entry->key.len;

    in_key = in_key || entry->key.len == 0;
    ss_etcd_check_refused(m, in_key ? SS_CHECK_MEMBER_KEY : SS_CHECK_MEMBER_FORM, entry, err);
    m->member.unsure = true;
}

static enum ss_status keep_urls(struct ss_etcd_checks *m, const struct ss_member *member,
                                struct ss_place at, struct ss_error *err)
{
    for (size_t i = 0; i < member->peer_url_count; i++) {
        struct ss_url_row row = {.url = strdup((const char *)member->peer_urls[i].ptr),
                                 .id = member->id,
                                 .order = m->member.urls.count,
                                 .at = at};

        if (row.url == NULL ||
            !ss_array_add(m->member.urls.items, m->member.urls.count, m->member.urls.cap, row)) {
            free(row.url);
            return ss_nomem(err, sizeof(row));
        }
    }
    return SS_OK;
}

static enum ss_status check_member(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                   const struct ss_member *member, struct ss_error *err)
{
    struct ss_place at = ss_etcd_check_place(m, entry, entry->value.off);
    struct ss_member_row row = {member->id, member->is_learner,
                                ss_etcd_check_place(m, entry, entry->key.off)};
    char have[ID_CAP], expect[ID_CAP];

    if (member->value_id != member->id) {
        ss_find(m->findings, SS_CHECK_MEMBER_ID, at, id_text(have, member->value_id),
                id_text(expect, member->id), "member %s calls itself %s",
                id_text(expect, member->id), id_text(have, member->value_id));
    }
    if (member->peer_url_count == 0) {
        ss_find(m->findings, SS_CHECK_MEMBER_URLS, at, NULL, NULL, "member %s has no peer URL",
                id_text(have, member->id));
    }
    if (member->is_learner) {
        ss_find(m->findings, SS_CHECK_MEMBER_LEARNER, at, NULL, NULL, "member %s is a learner",
                id_text(have, member->id));
    }
    if (!ss_array_add(m->member.rows.items, m->member.rows.count, m->member.rows.cap, row)) {
        return ss_nomem(err, sizeof(row));
    }
    return keep_urls(m, member, at, err);
}

enum ss_status ss_etcd_check_member(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                    struct ss_error *err)
{
    struct ss_member_doc doc;
    enum ss_status status = ss_member_decode(entry, &doc, err);

    if (status == SS_CORRUPT) {
        refuse(m, entry, err);
        return SS_OK;
    }
    if (status == SS_OK) {
        status = check_member(m, entry, &doc.member, err);
        ss_member_doc_fini(&doc);
    }
    return status;
}

enum ss_status ss_etcd_check_removed(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                     struct ss_error *err)
{
    struct ss_member_row row = {.at = ss_etcd_check_place(m, entry, entry->key.off)};

    if (ss_member_id_decode(entry->key, entry->pgid, &row.id, err) != SS_OK) {
        ss_etcd_check_refused(m, SS_CHECK_MEMBER_KEY, entry, err);
    } else if (!ss_array_add(m->member.removed.items, m->member.removed.count,
                             m->member.removed.cap, row)) {
        return ss_nomem(err, sizeof(row));
    }
    return SS_OK;
}

static int compare_rows(const void *a, const void *b)
{
    const struct ss_member_row *x = a, *y = b;

    return x->id < y->id ? -1 : x->id > y->id;
}

static struct ss_member_row *find_row(const struct ss_member_rows *rows, uint64_t id)
{
    const struct ss_member_row wanted = {.id = id};

    if (rows->count == 0) {
        return NULL;
    }
    return bsearch(&wanted, rows->items, rows->count, sizeof(wanted), compare_rows);
}

static void sort_rows(struct ss_member_rows *rows)
{
    if (rows->count > 0) {
        qsort(rows->items, rows->count, sizeof(struct ss_member_row), compare_rows);
    }
}

static void find_zombies(struct ss_etcd_checks *m)
{
    const struct ss_member_row *rows = m->member.rows.items;
    char id[ID_CAP];

    for (size_t i = 0; i < m->member.rows.count; i++) {
        if (find_row(&m->member.removed, rows[i].id) != NULL) {
            ss_find(m->findings, SS_CHECK_MEMBER_ZOMBIE, rows[i].at, NULL, NULL,
                    "member %s is listed, and removed", id_text(id, rows[i].id));
        }
    }
}

static int compare_urls(const void *a, const void *b)
{
    const struct ss_url_row *x = a, *y = b;
    int c = strcmp(x->url, y->url);

    if (c != 0) {
        return c;
    }
    return x->order < y->order ? -1 : x->order > y->order;
}

static void find_shared_urls(struct ss_etcd_checks *m)
{
    struct ss_url_row *rows = m->member.urls.items;
    char text[256], mine[ID_CAP], other[ID_CAP];

    if (m->member.urls.count > 0) {
        qsort(rows, m->member.urls.count, sizeof(*rows), compare_urls);
    }
    for (size_t i = 1; i < m->member.urls.count; i++) {
        if (strcmp(rows[i].url, rows[i - 1].url) != 0 || rows[i].id == rows[i - 1].id) {
            continue;
        }
        ss_text_escape(rows[i].url, strlen(rows[i].url), text, sizeof(text));
        ss_find(m->findings, SS_CHECK_MEMBER_URLS, rows[i].at, text, NULL,
                "members %s and %s have the peer URL %s", id_text(other, rows[i - 1].id),
                id_text(mine, rows[i].id), text);
    }
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void sort_ids(uint64_t *ids, size_t count)
{
    if (count > 0) {
        qsort(ids, count, sizeof(*ids), compare_u64);
    }
}

static bool has_id(const uint64_t *ids, size_t count, uint64_t id)
{
    return count > 0 && bsearch(&id, ids, count, sizeof(id), compare_u64) != NULL;
}

static size_t count_known(const struct ss_member_rows *rows, const uint64_t *ids, size_t count)
{
    size_t known = 0;

    for (size_t i = 0; i < count; i++) {
        known += find_row(rows, ids[i]) != NULL;
    }
    return known;
}

/* Ids of confState that are no members. */
static void find_strangers(struct ss_etcd_checks *m, const uint64_t *ids, size_t count,
                           const char *what)
{
    char id[ID_CAP];

    for (size_t i = 0; i < count; i++) {
        if (find_row(&m->member.rows, ids[i]) == NULL) {
            ss_find(m->findings, SS_CHECK_CONF_MEMBERS, m->meta.conf_at, id_text(id, ids[i]), NULL,
                    "confState has the %s %s, which is no member", what, id_text(id, ids[i]));
        }
    }
}

static void check_role(struct ss_etcd_checks *m, const struct ss_member_row *row)
{
    const struct ss_conf_state *conf = &m->meta.conf;
    bool votes = has_id(conf->voters, conf->voter_count, row->id) ||
                 has_id(conf->voters_outgoing, conf->voters_outgoing_count, row->id);
    bool learns = has_id(conf->learners, conf->learner_count, row->id) ||
                  has_id(conf->learners_next, conf->learners_next_count, row->id);
    char id[ID_CAP];

    id_text(id, row->id);
    if (!votes && !learns) {
        ss_find(m->findings, SS_CHECK_CONF_MEMBERS, row->at, id, NULL,
                "member %s is not in confState", id);
    } else if (row->is_learner ? !learns : !votes) {
        ss_find(m->findings, SS_CHECK_CONF_MEMBERS, row->at, row->is_learner ? "learner" : "voter",
                row->is_learner ? "voter" : "learner", "member %s is a %s, in confState a %s", id,
                row->is_learner ? "learner" : "voter", row->is_learner ? "voter" : "learner");
    }
}

static void compare_with_conf(struct ss_etcd_checks *m)
{
    struct ss_conf_state *conf = &m->meta.conf;
    const struct ss_member_rows *rows = &m->member.rows;
    const struct ss_member_row *row = rows->items;
    size_t known = count_known(rows, conf->voters, conf->voter_count) +
                   count_known(rows, conf->learners, conf->learner_count);

    if (known == 0) {
        ss_find(m->findings, SS_CHECK_CONF_RESTORED, m->meta.conf_at, NULL, NULL,
                "confState and members have no id in common: the file was restored, and no member "
                "came or went since");
        return;
    }
    sort_ids(conf->voters, conf->voter_count);
    sort_ids(conf->learners, conf->learner_count);
    sort_ids(conf->voters_outgoing, conf->voters_outgoing_count);
    sort_ids(conf->learners_next, conf->learners_next_count);
    find_strangers(m, conf->voters, conf->voter_count, "voter");
    find_strangers(m, conf->learners, conf->learner_count, "learner");
    for (size_t i = 0; i < rows->count; i++) {
        check_role(m, &row[i]);
    }
}

void ss_etcd_check_member_finish(struct ss_etcd_checks *m)
{
    const struct ss_meta_part *meta = &m->meta;

    sort_rows(&m->member.rows);
    sort_rows(&m->member.removed);
    find_zombies(m);
    find_shared_urls(m);
    if (meta->has_conf && !meta->conf_lost && !m->member.unsure && m->member.rows.count > 0 &&
        ss_etcd_check_whole(m, SS_IN_MEMBERS)) {
        compare_with_conf(m);
    }
}

void ss_etcd_check_member_fini(struct ss_etcd_checks *m)
{
    struct ss_url_row *rows = m->member.urls.items;

    for (size_t i = 0; i < m->member.urls.count; i++) {
        free(rows[i].url);
    }
    free(m->member.urls.items);
    free(m->member.rows.items);
    free(m->member.removed.items);
}
