/*
 * etcd_parts.h - the meaning checks' own state, one part a subject.
 *
 *   etcd_checks.c         which bucket is being handed over; what is missing or unknown among buckets
 *   etcd_key.c     revisions and records, each key's history, compaction
 *   etcd_lease.c   leases, and keys that refer to one that is not there
 *   etcd_meta.c    consistent_index, term, versions, compaction marks
 *   etcd_member.c  members, removed members, confState
 *   etcd_auth.c    alarms, roles, users
 *
 * A part is begun with its bucket, given the bucket's elements in key order, and asked once more when
 * all buckets were walked. `holes`: something of the bucket is lost, so what is not there means nothing.
 */
#ifndef SS_VERIFY_ETCD_PARTS_H
#define SS_VERIFY_ETCD_PARTS_H

#include "etcd/catalogue.h"
#include "etcd/index.h"
#include "etcd/meta.h"
#include "util/array.h"
#include "verify/etcd_checks.h"

struct ss_key_part {
    bool started;       /* the index was set up */
    bool rev_blind;     /* gaps between revisions mean nothing from here on */
    bool history_blind; /* nor does what is missing of a key's history */
    bool marks_known;   /* the compaction marks could be read ahead */
    int64_t finished;   /* 0: no compaction finished */
    int64_t compacted;  /* the greater of both marks */
    struct ss_revision last;
    bool last_tombstone;
    int64_t top; /* the greatest main so far */
    struct ss_place top_at;
    int64_t missing_first, missing_last;
    uint64_t missing_count; /* mains above `compacted` that no record has, from first to last */
    uint64_t missing_range_count;
    struct ss_revision_range missing[SS_MISSING_RANGES_MAX];
    int64_t marker_main; /* of the last empty record at or below `finished`; 0: none yet */
    struct ss_place marker_at;
    uint64_t record_count;
    uint64_t leftover_count;
    struct ss_place leftover_at; /* of the first one */
    struct ss_revision leftover_rev;
    struct ss_key_index index;
};

struct ss_member_row {
    uint64_t id;
    bool is_learner;
    struct ss_place at;
};

struct ss_member_rows {
    struct ss_member_row *items;
    size_t count, cap;
};

struct ss_url_row {
    char *url;
    uint64_t id;
    size_t order; /* of the row, among all URLs */
    struct ss_place at;
};

struct ss_member_part {
    struct ss_member_rows rows;    /* of `members` */
    struct ss_member_rows removed; /* of `members_removed` */
    struct {
        struct ss_url_row *items;
        size_t count, cap;
    } urls;
    bool unsure; /* a member could not be read */
};

struct ss_meta_part {
    bool has_index, has_term, has_conf, has_storage, has_cluster;
    bool conf_lost, index_lost; /* there, and malformed */
    uint64_t index;
    struct ss_place index_at, conf_at, storage_at;
    struct ss_semver storage, cluster;
    struct ss_conf_state conf;
    bool has_scheduled, has_finished;
    int64_t scheduled, finished;
    struct ss_place scheduled_at, finished_at;
};

struct ss_auth_part {
    bool enabled;
    bool root_is_root; /* user root has role root */
    struct ss_place enabled_at;
    struct {
        struct ss_span *items;
        size_t count, cap;
    } roles; /* names */
};

struct ss_etcd_checks {
    const struct ss_file *file;
    struct ss_findings *findings;
    bool is_etcd;
    bool nomem;               /* of a callback that cannot say so itself */
    enum ss_etcd_bucket at;   /* being handed over */
    unsigned present, absent; /* bits of enum ss_etcd_bucket; neither: its place cannot be read */
    unsigned walked;          /* handed over to their end */
    unsigned holed;
    uint64_t element_count; /* of the bucket at hand */
    struct ss_key_part key;
    struct {
        int64_t *items;
        size_t count, cap;
    } leases; /* ids, as etcd goes by them */
    struct ss_member_part member;
    struct ss_meta_part meta;
    struct ss_auth_part auth;
};

/* Whether a bucket was handed over from end to end, so that what is not in it is not there. */
static inline bool ss_etcd_check_whole(const struct ss_etcd_checks *m, enum ss_etcd_bucket which)
{
    return (m->walked >> which & 1u) != 0 && (m->holed >> which & 1u) == 0;
}

/* The place of an element of the bucket at hand; `off` says which of its bytes. */
static inline struct ss_place ss_etcd_check_place(const struct ss_etcd_checks *m,
                                                  const struct ss_entry *entry, uint64_t off)
{
    return (struct ss_place){off, entry->pgid, entry->index, ss_etcd_bucket_name(m->at)};
}

/* Turns a decoder's refusal into a finding at the byte that the error names. */
void ss_etcd_check_refused(struct ss_etcd_checks *m, enum ss_check_id check,
                           const struct ss_entry *entry, const struct ss_error *err);

/* One element each, never a bucket. Errors: NOMEM. */
enum ss_status ss_etcd_check_key(struct ss_etcd_checks *m, const struct ss_page_view *page,
                                 const struct ss_entry *entry, bool holes, struct ss_error *err);
enum ss_status ss_etcd_check_lease(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                   struct ss_error *err);
enum ss_status ss_etcd_check_meta(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                  struct ss_error *err);
enum ss_status ss_etcd_check_member(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                    struct ss_error *err);
enum ss_status ss_etcd_check_removed(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                     struct ss_error *err);
enum ss_status ss_etcd_check_alarm(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                   struct ss_error *err);
enum ss_status ss_etcd_check_auth(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                  struct ss_error *err);
enum ss_status ss_etcd_check_role(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                  struct ss_error *err);
enum ss_status ss_etcd_check_user(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                  struct ss_error *err);

/* Before the walk, when bucket `key` ends, and when all is walked. */
void ss_etcd_check_key_init(struct ss_etcd_checks *m);
enum ss_status ss_etcd_check_key_end(struct ss_etcd_checks *m, struct ss_error *err);
void ss_etcd_check_key_finish(struct ss_etcd_checks *m);
void ss_etcd_check_lease_finish(struct ss_etcd_checks *m);
void ss_etcd_check_meta_finish(struct ss_etcd_checks *m);
void ss_etcd_check_member_finish(struct ss_etcd_checks *m);
void ss_etcd_check_auth_finish(struct ss_etcd_checks *m);
void ss_etcd_check_member_fini(struct ss_etcd_checks *m);

#endif
