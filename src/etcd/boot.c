/*
 * boot.c - which releases of etcd start on a file, after their own `snapshot restore`. [F18]
 *
 *   meta     "storageVersion"   3.6 and 3.7: must be one that they can migrate to their own
 *   cluster  "clusterVersion"   3.6 and 3.7: must not be above MAJOR.MINOR.0 of their own
 *                               nor one that they know no capability for and do not raise
 *   cluster  "downgrade"        3.5: once enabled, its target must be 3.5.0; 3.6 and 3.7: well formed
 *   authUsers, roles            3.7: UTF-8
 *   txid, revision              any: not at their end
 *
 *        storageVersion:  3.4     3.5     3.6     3.7     3.8     4.x     none, or no version at all
 *   3.6                   no      yes     yes     no      no      no      yes (taken for 3.5)
 *   3.7                   no      yes     yes     yes     no      no      yes
 *
 * 3.4 and 3.5 take the cluster's version from the v2 store, which restore makes anew and empty, so that
 * neither number stops them; 3.4 reads none of the three. The table of docs/format.md says on which
 * files real servers were seen to start; tests/oracle/test_boot.sh sees to it that they still do.
 */
#include "etcd/meta.h"
#include "etcd/record.h"
#include "util/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The first storage version that 3.6 and 3.7 know how to migrate. */
#define STORAGE_MINOR_MIN 5u

enum presence {
    ABSENT,
    MALFORMED,
    PRESENT
};

/* What a start depends on, as far as it could be read. */
struct fields {
    enum presence storage, cluster, downgrade;
    struct ss_semver storage_version, cluster_version, target;
    bool downgrade_enabled;
    bool has_term, has_conf_state;
    uint64_t txid;
    int64_t revision;    /* etcd's at boot; 0: not known */
    bool role_not_utf8;  /* a user has one */
    char role_owner[64]; /* that user, escaped and maybe cut */
};

const char *ss_etcd_line_name(enum ss_etcd_line line)
{
    static const char *const names[] = {
        [SS_ETCD_3_4] = "3.4", [SS_ETCD_3_5] = "3.5", [SS_ETCD_3_6] = "3.6", [SS_ETCD_3_7] = "3.7"};

    return (unsigned)line < sizeof(names) / sizeof(names[0]) ? names[line] : "unknown";
}

const char *ss_boot_why_name(enum ss_boot_why why)
{
    static const char *const names[] = {[SS_BOOT_STARTS] = "starts",
                                        [SS_BOOT_NOT_ETCD] = "not-etcd",
                                        [SS_BOOT_BYTE_ORDER] = "byte-order",
                                        [SS_BOOT_STORAGE_NEWER] = "storage-newer",
                                        [SS_BOOT_STORAGE_OLDER] = "storage-older",
                                        [SS_BOOT_STORAGE_MAJOR] = "storage-major",
                                        [SS_BOOT_CLUSTER_NEWER] = "cluster-newer",
                                        [SS_BOOT_CLUSTER_MALFORMED] = "cluster-malformed",
                                        [SS_BOOT_DOWNGRADE_TARGET] = "downgrade-target",
                                        [SS_BOOT_DOWNGRADE_MALFORMED] = "downgrade-malformed",
                                        [SS_BOOT_DAMAGED] = "damaged",
                                        [SS_BOOT_HASH] = "hash",
                                        [SS_BOOT_CLUSTER_INCAPABLE] = "cluster-incapable",
                                        [SS_BOOT_ROLE_NOT_UTF8] = "role-not-utf8",
                                        [SS_BOOT_TXID_END] = "txid-end",
                                        [SS_BOOT_REVISION_END] = "revision-end"};

    return (unsigned)why < sizeof(names) / sizeof(names[0]) ? names[why] : "unknown";
}

static enum ss_status read_version(const struct ss_file *file, enum ss_etcd_bucket bucket,
                                   const char *name, enum presence *presence,
                                   struct ss_semver *version, struct ss_error *err)
{
    struct ss_entry entry;
    enum ss_status status = ss_etcd_value(file, bucket, name, &entry, err);

    *presence = ABSENT;
    if (status != SS_OK) {
        return status == SS_END ? SS_OK : status;
    }
    *presence = PRESENT;
    if (ss_semver_decode(entry.value, name, entry.pgid, version, err) == SS_OK) {
        return SS_OK;
    }
    *presence = MALFORMED;
    ss_error_clear(err);
    return SS_OK;
}

static enum ss_status read_downgrade(const struct ss_file *file, struct fields *f,
                                     struct ss_error *err)
{
    struct ss_entry entry;
    char *target = NULL;
    enum ss_status status = ss_etcd_value(file, SS_IN_CLUSTER, "downgrade", &entry, err);

    if (status != SS_OK) {
        return status == SS_END ? SS_OK : status;
    }
    status = ss_downgrade_decode(entry.value, entry.pgid, &f->downgrade_enabled, &target, err);
    if (status == SS_OK && f->downgrade_enabled) {
        status = ss_semver_decode(ss_span_of(target, strlen(target)), "target", entry.pgid,
                                  &f->target, err);
    }
    free(target);
    if (status == SS_SYSTEM) {
        return status;
    }
    f->downgrade = status == SS_OK ? PRESENT : MALFORMED;
    ss_error_clear(err);
    return SS_OK;
}

static enum ss_status read_presence(const struct ss_file *file, const char *name, bool *out,
                                    struct ss_error *err)
{
    struct ss_entry entry;
    enum ss_status status = ss_etcd_value(file, SS_IN_META, name, &entry, err);

    *out = status == SS_OK;
    return status == SS_END ? SS_OK : status;
}

static bool is_utf8(struct ss_span text)
{
    for (uint64_t pos = 0; pos < text.len;) {
        unsigned n = ss_utf8_sequence_len(text.ptr + pos, (size_t)(text.len - pos));

        if (n == 0) {
            return false;
        }
        pos += n;
    }
    return true;
}

static bool look_at_user(void *ctx, const struct ss_user *user)
{
    struct fields *f = ctx;

    for (size_t i = 0; i < user->role_count && !f->role_not_utf8; i++) {
        f->role_not_utf8 = !is_utf8(user->roles[i]);
        ss_text_escape(user->key.ptr, (size_t)user->key.len, f->role_owner, sizeof(f->role_owner));
    }
    return !f->role_not_utf8;
}

/* What damage hides is for others to tell: here it is only not known. */
static enum ss_status not_known(enum ss_status status, struct ss_error *err)
{
    if (status == SS_CORRUPT) {
        ss_error_clear(err);
    }
    return status == SS_SYSTEM ? status : SS_OK;
}

static enum ss_status read_users(const struct ss_file *file, struct fields *f, struct ss_error *err)
{
    static const struct ss_auth_ops ops = {.on_user = look_at_user};
    struct ss_auth_facts facts;
    uint64_t fault_count;

    return not_known(ss_auth(file, &ops, f, &facts, &fault_count, err), err);
}

static enum ss_status read_revision(const struct ss_file *file, struct fields *f,
                                    struct ss_error *err)
{
    struct ss_rev_facts facts;
    enum ss_status status = ss_rev_facts(file, &facts, err);

    if (status == SS_OK) {
        f->revision = facts.current;
    }
    return not_known(status, err);
}

static enum ss_status read_fields(const struct ss_file *file, struct fields *f,
                                  struct ss_error *err)
{
    enum ss_status status =
        read_version(file, SS_IN_META, "storageVersion", &f->storage, &f->storage_version, err);

    if (status == SS_OK) {
        status = read_version(file, SS_IN_CLUSTER, "clusterVersion", &f->cluster,
                              &f->cluster_version, err);
    }
    if (status == SS_OK) {
        status = read_downgrade(file, f, err);
    }
    if (status == SS_OK) {
        status = read_presence(file, "term", &f->has_term, err);
    }
    if (status == SS_OK) {
        status = read_presence(file, "confState", &f->has_conf_state, err);
    }
    if (status == SS_OK) {
        status = read_users(file, f, err);
    }
    if (status == SS_OK) {
        status = read_revision(file, f, err);
    }
    f->txid = ss_file_current(file)->txid;
    return status;
}

__attribute__((format(printf, 3, 4))) static bool refuse(struct ss_boot_answer *a,
                                                         enum ss_boot_why why, const char *format,
                                                         ...)
{
    va_list args;

    a->starts = false;
    a->why = why;
    va_start(args, format);
    vsnprintf(a->reason, sizeof(a->reason), format, args);
    va_end(args);
    return true;
}

/* Validate of 3.6 and later: a plan of one-minor steps from the file's version to the server's. */
static bool refuses_storage(const struct fields *f, unsigned minor, struct ss_boot_answer *a)
{
    struct ss_semver v = f->storage_version;

    if (f->storage != PRESENT) {
        return false;
    }
    if (v.major != 3) {
        return refuse(a, SS_BOOT_STORAGE_MAJOR, "storageVersion %" PRIu64 ".%" PRIu64 " is not 3.x",
                      v.major, v.minor);
    }
    if (v.minor > minor) {
        return refuse(a, SS_BOOT_STORAGE_NEWER,
                      "storageVersion 3.%" PRIu64 " is newer, \"is not supported\"", v.minor);
    }
    if (v.minor < STORAGE_MINOR_MIN) {
        return refuse(a, SS_BOOT_STORAGE_OLDER,
                      "storageVersion 3.%" PRIu64 " is below 3.5, the first that it can migrate",
                      v.minor);
    }
    return false;
}

/* MustDetectDowngrade of 3.6 and later: the server's version without its patch is what counts. */
static bool refuses_cluster(const struct fields *f, unsigned minor, struct ss_boot_answer *a)
{
    struct ss_semver v = f->cluster_version;

    if (f->cluster == MALFORMED) {
        return refuse(a, SS_BOOT_CLUSTER_MALFORMED, "panics: clusterVersion is no version");
    }
    if (f->cluster == PRESENT &&
        ss_semver_cmp((struct ss_semver){.major = 3, .minor = minor}, v) < 0) {
        return refuse(a, SS_BOOT_CLUSTER_NEWER,
                      "panics: clusterVersion %" PRIu64 ".%" PRIu64 ".%" PRIu64
                      " is above 3.%u.0, an \"invalid downgrade\"",
                      v.major, v.minor, v.patch, minor);
    }
    return false;
}

/*
 * UpdateCapability of 3.6 and later: what is no MAJOR.MINOR.0 that it has in its table leaves it without
 * any capability, until the version is raised to its own; and only a lower minor of the same major is.
 */
static bool refuses_capability(const struct fields *f, unsigned minor, struct ss_boot_answer *a)
{
    struct ss_semver v = f->cluster_version;
    bool listed = v.patch == 0 && !v.is_before && !v.has_meta;

    if (f->cluster != PRESENT || (v.major == 3 && (listed || v.minor < minor))) {
        return false;
    }
    return refuse(a, SS_BOOT_CLUSTER_INCAPABLE,
                  "answers \"not capable\" for ever: clusterVersion %" PRIu64 ".%" PRIu64
                  ".%" PRIu64 "%s is none that it knows or raises",
                  v.major, v.minor, v.patch,
                  v.is_before  ? "-…"
                  : v.has_meta ? "+…"
                               : "");
}

/* What no release survives. */
static bool refuses_numbers(const struct fields *f, struct ss_boot_answer *a)
{
    if (f->txid >= SS_TXID_END) {
        return refuse(a, SS_BOOT_TXID_END,
                      "loses commits in silence: bbolt's transaction id is %" PRIu64
                      ", near its end; a rebuilt file starts anew",
                      f->txid);
    }
    if (f->revision == INT64_MAX) {
        return refuse(a, SS_BOOT_REVISION_END,
                      "no put succeeds: its revision is %" PRId64 ", the last that there is",
                      f->revision);
    }
    return false;
}

static bool refuses_users(const struct fields *f, unsigned minor, struct ss_boot_answer *a)
{
    return f->role_not_utf8 && minor >= 7 &&
           refuse(a, SS_BOOT_ROLE_NOT_UTF8,
                  "panics: a role of user %s is no UTF-8, which it refuses", f->role_owner);
}

static bool refuses_downgrade(const struct fields *f, unsigned minor, struct ss_boot_answer *a)
{
    if (f->downgrade == MALFORMED) {
        return refuse(a, SS_BOOT_DOWNGRADE_MALFORMED,
                      "panics: the element downgrade cannot be read");
    }
    if (minor > 5 || !f->downgrade_enabled) {
        return false;
    }
    if (ss_semver_cmp(f->target, (struct ss_semver){.major = 3, .minor = minor}) == 0) {
        return false;
    }
    return refuse(a, SS_BOOT_DOWNGRADE_TARGET,
                  "a downgrade to %" PRIu64 ".%" PRIu64 ".%" PRIu64
                  " is enabled, 3.%u joins only one to 3.%u.0",
                  f->target.major, f->target.minor, f->target.patch, minor, minor);
}

static void answer(const struct ss_file *file, const struct fields *f, enum ss_etcd_line line,
                   struct ss_boot_answer *a)
{
    unsigned minor = 4 + (unsigned)line;

    *a = (struct ss_boot_answer){.starts = true, .why = SS_BOOT_STARTS};
    if (file->geo.big &&
        refuse(a, SS_BOOT_BYTE_ORDER, "big-endian: bbolt reads it on a big-endian machine only")) {
        return;
    }
    if (refuses_numbers(f, a) || line == SS_ETCD_3_4 || refuses_downgrade(f, minor, a) ||
        line == SS_ETCD_3_5) {
        return;
    }
    if (!refuses_storage(f, minor, a) && !refuses_cluster(f, minor, a) &&
        !refuses_users(f, minor, a)) {
        refuses_capability(f, minor, a);
    }
}

static struct ss_semver higher(struct ss_semver a, enum presence presence, struct ss_semver b)
{
    return presence == PRESENT && ss_semver_cmp(a, b) < 0 ? b : a;
}

/* The least release that writes all that is there. A cluster's version is that of its oldest member. */
static void tell_writer(const struct fields *f, struct ss_boot_facts *out)
{
    struct ss_semver least = {0};

    if (f->has_term || f->has_conf_state) {
        least = (struct ss_semver){.major = 3, .minor = 5};
    }
    if (f->storage != ABSENT) {
        least = (struct ss_semver){.major = 3, .minor = 6};
    }
    least = higher(least, f->storage, f->storage_version);
    least = higher(least, f->cluster, f->cluster_version);
    out->writer_major = least.major;
    out->writer_minor = least.minor;
    out->storage_version_malformed = f->storage == MALFORMED;
    if (!f->downgrade_enabled || f->downgrade != PRESENT) {
        return;
    }
    out->downgrading = true;
    snprintf(out->downgrade_target, sizeof(out->downgrade_target),
             "%" PRIu64 ".%" PRIu64 ".%" PRIu64, f->target.major, f->target.minor, f->target.patch);
}

static enum ss_status tell(const struct ss_file *file, bool rebuilt, struct ss_boot_facts *out,
                           struct ss_error *err)
{
    struct fields f = {0};
    struct ss_cursor c;
    enum ss_status status = ss_key_bucket_cursor(file, &c, err);

    if (status == SS_END) {
        for (int line = 0; line < SS_ETCD_LINES; line++) {
            refuse(&out->lines[line], SS_BOOT_NOT_ETCD, "there is no bucket named key");
        }
        return SS_OK;
    }
    if (status == SS_OK) {
        status = read_fields(file, &f, err);
    }
    if (status != SS_OK) {
        return status;
    }
    if (rebuilt) {
        f.txid = 0;
    }
    out->is_etcd = true;
    tell_writer(&f, out);
    for (int line = 0; line < SS_ETCD_LINES; line++) {
        answer(file, &f, (enum ss_etcd_line)line, &out->lines[line]);
    }
    return SS_OK;
}

static enum ss_status boot_facts(const struct ss_file *file, bool rebuilt,
                                 struct ss_boot_facts *out, struct ss_error *err)
{
    enum ss_status status;

    ss_error_clear(err);
    *out = (struct ss_boot_facts){0};
    status = ss_file_readable(file, err);
    if (status == SS_OK) {
        status = tell(file, rebuilt, out, err);
    }
    return ss_source_check(&file->src, status, err);
}

enum ss_status ss_boot_facts(const struct ss_file *file, struct ss_boot_facts *out,
                             struct ss_error *err)
{
    return boot_facts(file, false, out, err);
}

enum ss_status ss_boot_facts_rebuilt(const struct ss_file *file, struct ss_boot_facts *out,
                                     struct ss_error *err)
{
    return boot_facts(file, true, out, err);
}
