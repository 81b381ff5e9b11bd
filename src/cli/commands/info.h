/*
 * info.h - what the command `info` gathers, between its files:
 *
 *   cmd_info.c     the command; the trailing hash, on a thread of its own; file, metas, buckets
 *   info_etcd.c    what the buckets mean: revisions, members, alarms, auth, leases, releases
 *   info_answer.c  what follows from it: may it be restored, on which etcd
 *   info_print.c   text      info_doc.c   JSON
 *
 * Whatever could not be read stays unknown, and a `_known` says so: it is never shown as none.
 */
#ifndef CLI_INFO_H
#define CLI_INFO_H

#include <snapscope.h>

#include "report.h"

struct cli_info_bucket {
    char *path; /* escaped */
    uint64_t key_count, key_len, value_len;
};

struct cli_info_member {
    uint64_t id;
    char *name; /* escaped */
    bool learner;
    bool removed;       /* its id stands in members_removed */
    bool listed;        /* and, or only, in members */
    bool in_conf_state; /* raft counted it when the file was written */
};

struct cli_info_alarm {
    uint64_t member_id;
    int32_t type;
};

/* Whether a SHA-256 follows the database, by sizes alone. */
enum cli_presence {
    CLI_PRESENCE_UNKNOWN, /* no bbolt file, or no usable meta */
    CLI_PRESENCE_PRESENT,
    CLI_PRESENCE_ABSENT,
    CLI_PRESENCE_CUT /* the file ends inside the database or inside the hash */
};

struct cli_info {
    struct cli_run *run;
    struct ss_file_facts facts;
    struct ss_meta metas[2]; /* only of a bbolt file */
    bool readable;
    struct ss_hash_report hash; /* NOT_CHECKED also when it could not be read */

    struct cli_info_bucket *buckets; /* top level, in key order */
    size_t bucket_count, bucket_room;
    uint64_t nested_count;
    bool space_known;
    struct ss_space space;
    struct ss_other_tree other; /* looked at only when this tree is damaged */

    bool revs_known; /* an etcd file, and `revs` is filled */
    struct ss_rev_facts revs;
    bool foreign_key; /* the bucket `key` is not etcd's */
    bool figures_known;
    struct ss_key_figures figures;
    struct ss_etcd_meta *meta; /* NULL: unknown */
    bool members_known, alarms_known, auth_known, leases_known;
    uint64_t *conf_ids; /* of every list of confState, sorted */
    size_t conf_id_count;
    bool conf_knows_one;             /* a listed member is among them */
    struct cli_info_member *members; /* those of `members`, then of `members_removed` alone */
    size_t member_count, member_room;
    size_t
        *listed_order; /* indexes of the listed ones by id, then place; made when one is removed */
    size_t listed_count;
    struct cli_info_alarm *alarms;
    size_t alarm_count, alarm_room;
    struct ss_auth_facts auth;
    uint64_t user_count, role_count, lease_count;

    struct cli_faults faults;
    uint64_t version_fault_count; /* of them: malformed versions, for which the releases answer */
    uint64_t tree_fault_count;  /* of them: those of the pages, which the summary meets by itself */
    struct ss_source_wal wal;   /* the log of the member that the file lies in */
    struct ss_summary *summary; /* what it all comes to; NULL: the system failed */
    bool failed;                /* something was not read, and `err` has the first reason */
    bool system_failed;         /* and the reason is none of the file's */
    struct ss_error err;        /* never one that is also among the faults */
};

enum cli_presence cli_info_presence(const struct cli_info *info);

/*
 * Keeps the first error, but one of the system before those of the file: what else would be told was not
 * looked at. False when the system failed, so that going on makes no sense.
 */
bool cli_info_note(struct cli_info *info, enum ss_status status, const struct ss_error *err);

/* Where the library's faults go: `ctx` is a struct cli_info. */
void cli_info_fault(void *ctx, const struct ss_error *fault);

/* A list with room for one element more of `len` bytes; `list` is freed or given back. */
void *cli_info_grow(void *list, size_t count, size_t *room, size_t len);

/* Fills what info_etcd.c answers for; the buckets are known by then. */
void cli_info_gather_etcd(struct cli_info *info);
bool cli_info_has_bucket(const struct cli_info *info, const char *name);

/* A member that runs on although it was removed: in both lists, or unknown to a raft that knows others. */
bool cli_info_zombie(const struct cli_info *info, const struct cli_info_member *member);

/* Decides, when all else is gathered. False: the system failed. */
bool cli_info_decide(struct cli_info *info);

/* What the screen ends with: one sentence, the summary's, and what to do next. */
struct cli_info_answer {
    enum ss_restorable restorable;
    char text[640];
};
void cli_info_answer(const struct cli_info *info, struct cli_info_answer *out);

/* The exit code that the answer alone comes to. */
int cli_info_answer_exit(const struct cli_info *info);

void cli_info_text(const struct cli_info *info);
void cli_info_json(const struct cli_info *info);

/* Which release starts on a file, as a list. */
json_t *cli_boot_doc(const struct ss_boot_facts *boot);

#endif
