/*
 * info.h - what the command `info` gathers, between cmd_info.c, which gathers, and info_print.c.
 */
#ifndef SS_CLI_INFO_H
#define SS_CLI_INFO_H

#include <snapscope.h>

#include "report.h"

struct ss_info_bucket {
    char *path; /* escaped */
    uint64_t key_count, key_len, value_len;
};

struct ss_info {
    struct ss_run *run;
    struct ss_file_facts facts;
    struct ss_meta metas[2]; /* only of a bbolt file */
    bool readable;
    struct ss_info_bucket *buckets; /* top level, in key order */
    size_t bucket_count, bucket_room;
    uint64_t nested_count;
    bool revs_known; /* an etcd file, and `revs` is filled */
    struct ss_rev_facts revs;
    bool foreign_key; /* the bucket `key` is not etcd's */
    bool live_known;
    uint64_t live_count;
    struct ss_faults faults;
};

/* Whether a SHA-256 follows the database, by sizes alone. */
enum ss_presence {
    SS_PRESENCE_UNKNOWN, /* no bbolt file, or no usable meta */
    SS_PRESENCE_PRESENT,
    SS_PRESENCE_ABSENT,
    SS_PRESENCE_CUT /* the file ends inside the database or inside the hash */
};
enum ss_presence ss_info_presence(const struct ss_file_facts *facts);

/* `err`: what kept the answer from being whole, or NULL. */
void ss_info_text(const struct ss_info *info, const struct ss_error *err);
void ss_info_json(const struct ss_info *info, const struct ss_error *err);

#endif
