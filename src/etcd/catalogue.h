/*
 * catalogue.h - the buckets that etcd keeps, and the way to each of them. [F11]
 *
 *   root bucket   alarm auth authRoles authUsers cluster key lease members members_removed meta
 *                 └── all made when a server starts for the first time; a restore brings them along
 *
 * Guarantee: what etcd calls a bucket stands here and nowhere else.
 */
#ifndef SS_ETCD_CATALOGUE_H
#define SS_ETCD_CATALOGUE_H

#include "parser/cursor.h"

/* The path of the bucket that most is about. */
#define SS_KEY_BUCKET "key"

/* In byte order of their names. */
enum ss_etcd_bucket {
    SS_IN_ALARM,
    SS_IN_AUTH,
    SS_IN_AUTH_ROLES,
    SS_IN_AUTH_USERS,
    SS_IN_CLUSTER,
    SS_IN_KEY,
    SS_IN_LEASE,
    SS_IN_MEMBERS,
    SS_IN_MEMBERS_REMOVED,
    SS_IN_META,
    SS_IN_COUNT /* none of etcd's */
};

/* Static storage. */
const char *ss_etcd_bucket_name(enum ss_etcd_bucket which);

/* Which one has this name; SS_IN_COUNT: none of etcd's. */
enum ss_etcd_bucket ss_etcd_bucket_of(struct ss_span name);

/*
 * Finds a bucket's tree. SS_END: the root bucket was read, and it is not there. Errors: META, and what a
 * broken root tree gives.
 */
enum ss_status ss_etcd_bucket_tree(const struct ss_file *file, enum ss_etcd_bucket which,
                                   struct ss_tree *tree, struct ss_error *err);

/* The same, and a cursor over it; `file` must outlive the cursor. */
enum ss_status ss_etcd_bucket_cursor(const struct ss_file *file, enum ss_etcd_bucket which,
                                     struct ss_cursor *c, struct ss_error *err);

/*
 * The plain element of that name. SS_END: there is none, or no such bucket. Errors: as above, with the
 * bucket's name.
 */
enum ss_status ss_etcd_value(const struct ss_file *file, enum ss_etcd_bucket which,
                             const char *name, struct ss_entry *entry, struct ss_error *err);

#endif
