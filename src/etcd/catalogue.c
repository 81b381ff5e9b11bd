/*
 * catalogue.c - see catalogue.h.
 */
#include "etcd/catalogue.h"

static const char *const names[SS_IN_COUNT] = {
    [SS_IN_ALARM] = "alarm",
    [SS_IN_AUTH] = "auth",
    [SS_IN_AUTH_ROLES] = "authRoles",
    [SS_IN_AUTH_USERS] = "authUsers",
    [SS_IN_CLUSTER] = "cluster",
    [SS_IN_KEY] = SS_KEY_BUCKET,
    [SS_IN_LEASE] = "lease",
    [SS_IN_MEMBERS] = "members",
    [SS_IN_MEMBERS_REMOVED] = "members_removed",
    [SS_IN_META] = "meta",
};

const char *ss_etcd_bucket_name(enum ss_etcd_bucket which)
{
    return which < SS_IN_COUNT ? names[which] : "";
}

enum ss_etcd_bucket ss_etcd_bucket_of(struct ss_span name)
{
    unsigned i = 0;

    while (i < SS_IN_COUNT && !ss_span_is(name, names[i])) {
        i++;
    }
    return (enum ss_etcd_bucket)i;
}

bool ss_etcd_bucket_known(const void *name, size_t len)
{
    return ss_etcd_bucket_of(ss_span_of(name, len)) != SS_IN_COUNT;
}

enum ss_status ss_etcd_bucket_tree(const struct ss_file *file, enum ss_etcd_bucket which,
                                   struct ss_tree *tree, struct ss_error *err)
{
    enum ss_status status = ss_file_readable(file, err);
    struct ss_tree root;

    if (status != SS_OK) {
        return status;
    }
    root = ss_tree_root(file);
    return ss_tree_find_bucket(file, &root, "", ss_span_of(names[which], strlen(names[which])),
                               tree, err);
}

enum ss_status ss_etcd_bucket_cursor(const struct ss_file *file, enum ss_etcd_bucket which,
                                     struct ss_cursor *c, struct ss_error *err)
{
    struct ss_tree tree;
    enum ss_status status = ss_etcd_bucket_tree(file, which, &tree, err);

    if (status == SS_OK) {
        ss_cursor_init(c, file, &tree, names[which]);
    }
    return status;
}

enum ss_status ss_etcd_value(const struct ss_file *file, enum ss_etcd_bucket which,
                             const char *name, struct ss_entry *entry, struct ss_error *err)
{
    struct ss_cursor c;
    enum ss_status status = ss_etcd_bucket_cursor(file, which, &c, err);

    if (status == SS_OK) {
        status = ss_cursor_seek(&c, name, strlen(name), entry, err);
    }
    if (status == SS_OK && (entry->is_bucket || !ss_span_is(entry->key, name))) {
        return SS_END;
    }
    return status;
}
