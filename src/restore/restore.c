/*
 * restore.c - data directories from a snapshot, see docs/format.md [F15].
 *
 *   DATA-DIR/member/snap/db                    ss_write_db over restore_db.c
 *   DATA-DIR/member/snap/…01-…0n.snap          raftlog.c
 *   DATA-DIR/member/wal/…0-…0.wal              raftlog.c, 64,000,000 bytes
 *
 * All that can be refused is refused before the first byte is written. With a WAL folder of its own two
 * folders get their names, the WAL's first: a run that is killed between the two leaves that one behind.
 */
#include "intake/checking.h"
#include "restore/datadir.h"
#include "restore/raftlog.h"
#include "restore/restore_db.h"

#include <stdlib.h>
#include <string.h>

#define PHASE "restoring"

struct restore {
    const struct ss_file *file;
    const struct ss_restore_opts *opts;
    const struct ss_call *call;
    struct ss_cluster cluster;
    struct ss_restore_db db;
    struct ss_restore_result *result;
    struct ss_staged_dir data, wal; /* wal: only with a folder of its own */
    struct ss_checking *checking;   /* NULL: none goes on beside */
    bool cancelled;
};

static const char *or_default(const char *given, const char *fallback)
{
    return given != NULL ? given : fallback;
}

static char *joined_urls(const struct ss_peer *peer)
{
    struct ss_bytes text = {0};

    for (size_t i = 0; i < peer->url_count; i++) {
        ss_bytes_text(&text, i > 0 ? "," : "");
        ss_bytes_text(&text, peer->urls[i]);
    }
    ss_bytes_add(&text, "", 1);
    if (text.failed) {
        ss_bytes_fini(&text);
    }
    return (char *)text.ptr;
}

/* --------------------------------------------------------------------------------- preflight --- */

static enum ss_status check_name(const struct restore *r, const struct ss_peer **self,
                                 struct ss_error *err)
{
    const char *name = or_default(r->opts->name, SS_RESTORE_NAME_DEFAULT);

    *self = ss_cluster_find(&r->cluster, name);
    if (*self == NULL) {
        return ss_system(err, SS_E_ARGUMENT, 0, "member %.120s is not in the initial cluster",
                         name);
    }
    return ss_cluster_check_urls(*self, or_default(r->opts->peer_urls, SS_RESTORE_URLS_DEFAULT),
                                 err);
}

/* A member's name becomes a folder's name: it must be one. */
static enum ss_status check_folder_names(const struct ss_cluster *cluster, struct ss_error *err)
{
    for (size_t i = 0; i < cluster->count; i++) {
        const char *name = cluster->peers[i].name;

        if (strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
            return ss_system(err, SS_E_ARGUMENT, 0,
                             "member name %.120s cannot be the name of a folder", name);
        }
    }
    return SS_OK;
}

static enum ss_status check_folders(struct restore *r, const char *data_dir, struct ss_error *err)
{
    enum ss_status status = ss_staged_dir_check(&r->data, data_dir, false, err);

    if (status != SS_OK || r->opts->wal_dir == NULL) {
        return status;
    }
    status = ss_staged_dir_check(&r->wal, r->opts->wal_dir, true, err);
    if (status == SS_OK && ss_staged_dirs_overlap(&r->data, &r->wal)) {
        status = ss_system(err, SS_E_ARGUMENT, 0,
                           "the folder of the WAL must not be the data directory, in it, or around "
                           "it: when none is named the WAL lies in the data directory");
    }
    return status;
}

static enum ss_status fill_member(struct ss_restore_member *member, const struct ss_peer *peer,
                                  struct ss_error *err)
{
    member->id = peer->id;
    member->is_learner = peer->is_learner;
    member->name = strdup(peer->name);
    member->peer_urls = joined_urls(peer);
    return member->name != NULL && member->peer_urls != NULL ? SS_OK
                                                             : ss_nomem(err, sizeof(*member));
}

/* What will be written, as far as it can be said before: `self` NULL means every member. */
static enum ss_status fill_result(struct restore *r, const struct ss_peer *self,
                                  const char *data_dir, struct ss_error *err)
{
    struct ss_restore_result *out = r->result;
    enum ss_status status = SS_OK;

    out->cluster_id = r->cluster.id;
    out->members = calloc(r->cluster.count, sizeof(*out->members));
    if (out->members == NULL) {
        return ss_nomem(err, r->cluster.count * sizeof(*out->members));
    }
    for (size_t i = 0; i < r->cluster.count && status == SS_OK; i++) {
        const struct ss_peer *peer = &r->cluster.peers[i];
        struct ss_restore_member *member = &out->members[out->member_count++];

        if (self == NULL) {
            member->data_dir = ss_path_join(data_dir, peer->name);
        } else if (self == peer) {
            member->data_dir = strdup(data_dir);
        }
        status = fill_member(member, peer, err);
        if (status == SS_OK && member->data_dir == NULL && (self == NULL || self == peer)) {
            status = ss_nomem(err, strlen(data_dir));
        }
    }
    if (status == SS_OK && r->opts->wal_dir != NULL) {
        out->wal_dir = strdup(r->opts->wal_dir);
        status = out->wal_dir != NULL ? SS_OK : ss_nomem(err, strlen(r->opts->wal_dir));
    }
    return status;
}

static enum ss_status plan_revisions(struct restore *r, struct ss_error *err)
{
    struct ss_rev_facts facts;
    enum ss_status status = ss_rev_facts(r->file, &facts, err);

    if (status != SS_OK) {
        return status;
    }
    if (!facts.is_etcd) {
        return ss_system(err, SS_E_NOT_ETCD, 0,
                         "the file has no bucket key: it is no etcd database");
    }
    r->result->revision = facts.current;
    if (r->opts->bump_revision == 0) {
        return SS_OK;
    }
    status = ss_restore_bump(r->file, r->opts->bump_revision, &r->db.bumped, err);
    r->result->bumped_from = facts.current;
    r->result->last_record = facts.last.main;
    r->result->revision = r->result->compacted = r->db.bumped.main;
    return status;
}

/* ----------------------------------------------------------------------------------- writing --- */

/* The db on its way into its file, and how far it is. */
struct db_out {
    struct restore *r;
    struct ss_new_file file;
    uint64_t done;
};

static bool tell(void *ctx, uint64_t len)
{
    struct db_out *out = ctx;
    struct restore *r = out->r;

    if (r->checking != NULL && ss_checking_refused(r->checking)) {
        return false;
    }
    out->done += len;
    r->cancelled = !ss_call_goes_on(r->call, PHASE, out->done,
                                    r->file->geo.high_water * r->file->geo.page_size);
    return !r->cancelled;
}

static bool write_bytes(void *ctx, const void *bytes, size_t len)
{
    struct db_out *out = ctx;

    return ss_new_file_write(&out->file, bytes, len);
}

static enum ss_emit_beside beside(const struct restore *r)
{
    return ss_checking_leaves_thread(r->checking, r->file, r->call) ? SS_BESIDE_WRITE
                                                                    : SS_BESIDE_NOTHING;
}

/* bbolt reads only the byte order of its machine: the db gets this one's, whatever the snapshot's. */
static bool host_is_big(void)
{
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
}

static enum ss_status write_db(struct restore *r, const char *snap_dir, struct ss_error *err)
{
    struct db_out out = {.r = r};
    struct ss_writer_opts opts = {.page_size = r->file->geo.page_size,
                                  .big_endian = host_is_big(),
                                  .beside = beside(r),
                                  .tell = tell,
                                  .tell_ctx = &out,
                                  .txid = SS_TXID_NEW,
                                  .sequence = ss_file_current(r->file)->sequence};
    struct ss_writer_result written;
    enum ss_status status = ss_new_file_open(&out.file, snap_dir, "db", err);

    if (status == SS_OK) {
        status =
            ss_write_db(&opts, ss_restore_db_produce, &r->db, write_bytes, &out, &written, err);
    }
    if (status == SS_OK) {
        status = ss_new_file_finish(&out.file, 0, err);
    }
    if (status == SS_OK) {
        r->result->db_len = written.db_len;
    }
    ss_new_file_fini(&out.file);
    return status;
}

static enum ss_status write_small(const char *dir, const char *name, const struct ss_bytes *bytes,
                                  uint64_t len, struct ss_error *err)
{
    struct ss_new_file file;
    enum ss_status status;

    if (bytes->failed) {
        return ss_nomem(err, bytes->cap);
    }
    status = ss_new_file_open(&file, dir, name, err);
    if (status == SS_OK && !ss_new_file_write(&file, bytes->ptr, bytes->len)) {
        status = ss_system(err, SS_E_OUTPUT, errno, "cannot write file %.200s", file.path);
    }
    if (status == SS_OK) {
        status = ss_new_file_finish(&file, len, err);
    }
    ss_new_file_fini(&file);
    return status;
}

static enum ss_status write_wal(const struct restore *r, const struct ss_peer *self,
                                const char *wal_dir, struct ss_error *err)
{
    struct ss_bytes wal = {0};
    enum ss_status status;

    ss_wal_build(&r->cluster, self, &wal);
    status = write_small(wal_dir, SS_WAL_NAME, &wal, SS_WAL_SEGMENT_LEN, err);
    ss_bytes_fini(&wal);
    return status;
}

static enum ss_status write_snap(const struct restore *r, const char *snap_dir,
                                 struct ss_error *err)
{
    struct ss_bytes snap = {0};
    char name[SS_SNAP_NAME_LEN];
    enum ss_status status;

    ss_snap_build(&r->cluster, name, &snap);
    status = write_small(snap_dir, name, &snap, 0, err);
    ss_bytes_fini(&snap);
    return status;
}

/* One member's folder; wal_dir NULL: inside of it. */
static enum ss_status write_member(struct restore *r, const struct ss_peer *self, const char *dir,
                                   const char *wal_dir, struct ss_error *err)
{
    char *member = ss_path_join(dir, "member");
    char *snap = member == NULL ? NULL : ss_path_join(member, "snap");
    char *wal = member == NULL ? NULL : ss_path_join(member, "wal");
    enum ss_status status =
        snap == NULL || wal == NULL ? ss_nomem(err, strlen(dir)) : ss_dir_make(member, err);

    if (status == SS_OK) {
        status = ss_dir_make(snap, err);
    }
    if (status == SS_OK && wal_dir == NULL) {
        status = ss_dir_make(wal, err);
    }
    if (status == SS_OK) {
        status = write_db(r, snap, err);
    }
    if (status == SS_OK) {
        status = write_snap(r, snap, err);
    }
    if (status == SS_OK) {
        status = write_wal(r, self, wal_dir != NULL ? wal_dir : wal, err);
    }
    free(member);
    free(snap);
    free(wal);
    return status;
}

static enum ss_status stage_one(struct restore *r, const struct ss_peer *self, struct ss_error *err)
{
    enum ss_status status = ss_staged_dir_make(&r->data, err);

    if (status == SS_OK && r->opts->wal_dir != NULL) {
        status = ss_staged_dir_make(&r->wal, err);
    }
    return status == SS_OK ? write_member(r, self, r->data.staged, r->wal.staged, err) : status;
}

static enum ss_status stage_all(struct restore *r, struct ss_error *err)
{
    enum ss_status status = ss_staged_dir_make(&r->data, err);

    for (size_t i = 0; i < r->cluster.count && status == SS_OK; i++) {
        const struct ss_peer *peer = &r->cluster.peers[i];
        char *dir = ss_path_join(r->data.staged, peer->name);

        status = dir == NULL ? ss_nomem(err, strlen(r->data.path)) : ss_dir_make(dir, err);
        if (status == SS_OK) {
            status = write_member(r, peer, dir, NULL, err);
        }
        free(dir);
    }
    return status;
}

/* Names for what was staged; when the second one cannot have its name, the first loses it again. */
static enum ss_status commit(struct restore *r, struct ss_error *err)
{
    enum ss_status status = SS_OK;

    if (r->opts->wal_dir != NULL) {
        status = ss_staged_dir_commit(&r->wal, err);
    }
    if (status == SS_OK) {
        status = ss_staged_dir_commit(&r->data, err);
    }
    if (status != SS_OK) {
        ss_staged_dir_revoke(&r->data);
        ss_staged_dir_revoke(&r->wal);
    }
    return status;
}

static enum ss_status check_opts(const struct ss_restore_opts *opts, struct ss_error *err)
{
    if (opts->all_members && (opts->wal_dir != NULL || opts->data_dir == NULL)) {
        return ss_system(err, SS_E_ARGUMENT, 0,
                         "for all members a folder is needed, and no WAL folder of its own");
    }
    return SS_OK;
}

static enum ss_status plan(struct restore *r, const char *data_dir, const struct ss_peer **self,
                           struct ss_error *err)
{
    const struct ss_restore_opts *opts = r->opts;
    enum ss_status status = check_opts(opts, err);

    *self = NULL;
    if (status == SS_OK) {
        status = ss_cluster_parse(or_default(opts->initial_cluster, SS_RESTORE_CLUSTER_DEFAULT),
                                  or_default(opts->token, SS_RESTORE_TOKEN_DEFAULT), opts->learners,
                                  &r->cluster, err);
    }
    if (status == SS_OK) {
        status =
            opts->all_members ? check_folder_names(&r->cluster, err) : check_name(r, self, err);
    }
    if (status == SS_OK) {
        status = check_folders(r, data_dir, err);
    }
    if (status == SS_OK) {
        status = plan_revisions(r, err);
    }
    return status == SS_OK ? fill_result(r, *self, data_dir, err) : status;
}

/* Everything but the names. */
static enum ss_status stage(struct restore *r, const char *data_dir, struct ss_error *err)
{
    const struct ss_peer *self;
    enum ss_status status = plan(r, data_dir, &self, err);

    if (status != SS_OK || r->opts->dry_run) {
        return status;
    }
    r->db.file = r->file;
    r->db.cluster = &r->cluster;
    status = r->opts->all_members ? stage_all(r, err) : stage_one(r, self, err);
    return ss_source_check(&r->file->src, status, err);
}

/* The names. `intake` NULL: the input was not checked here. */
static enum ss_status give_names(struct restore *r, const struct ss_intake *intake,
                                 struct ss_error *err)
{
    const struct ss_restore_opts *opts = r->opts;
    enum ss_status status;

    if (opts->dry_run) {
        return SS_OK;
    }
    status = ss_source_unchanged(&r->file->src, err);
    if (status != SS_OK) {
        return status;
    }
    if (intake != NULL && opts->on_accepted != NULL &&
        !opts->on_accepted(opts->on_accepted_ctx, intake)) {
        return ss_cancelled(err);
    }
    /* The last time before anything has its name: later there is no way back. */
    status = ss_call_tell(r->call, PHASE, 1, 1, err);
    return status == SS_OK ? commit(r, err) : status;
}

/* Checks beside the writing, which is dropped when the input is refused. */
static enum ss_status stage_and_check(struct restore *r, const char *data_dir,
                                      struct ss_intake *intake, struct ss_error *err)
{
    struct ss_error check_err;
    enum ss_status status = stage(r, data_dir, err), checked;

    checked = ss_checking_end(r->checking, NULL, r->cancelled, intake, &check_err);
    if (checked == SS_OK) {
        return intake->accepted ? status : SS_OK;
    }
    *err = check_err;
    return checked;
}

static enum ss_status check_then_stage(struct restore *r, const char *data_dir,
                                       const struct ss_intake_opts *check, struct ss_intake *intake,
                                       struct ss_error *err)
{
    enum ss_status status = ss_intake(r->file, check, r->call, intake, err);

    return status == SS_OK && intake->accepted ? stage(r, data_dir, err) : status;
}

static enum ss_status run_checked(struct restore *r, const char *data_dir,
                                  const struct ss_intake_opts *check, struct ss_intake *intake,
                                  struct ss_error *err)
{
    struct ss_checking checking;
    enum ss_status status;

    if (ss_checking_begin(&checking, r->file, check, r->call, false)) {
        r->checking = &checking;
        status = stage_and_check(r, data_dir, intake, err);
        r->checking = NULL;
    } else {
        status = check_then_stage(r, data_dir, check, intake, err);
    }
    return status == SS_OK && intake->accepted ? give_names(r, intake, err) : status;
}

static enum ss_status run(struct restore *r, const char *data_dir, struct ss_error *err)
{
    enum ss_status status = stage(r, data_dir, err);

    return status == SS_OK ? give_names(r, NULL, err) : status;
}

/* `intake` NULL: the input is not checked here. */
static enum ss_status restore(struct restore *r, const struct ss_intake_opts *check,
                              struct ss_intake *intake, struct ss_error *err)
{
    const struct ss_restore_opts *opts = r->opts;
    struct ss_bytes folder = {0};
    enum ss_status status;

    ss_error_clear(err);
    *r->result = (struct ss_restore_result){0};
    status = ss_call_begin(r->call, PHASE, err);
    if (status != SS_OK) {
        return status;
    }
    if (opts->data_dir != NULL) {
        ss_bytes_format(&folder, "%s", opts->data_dir);
    } else {
        ss_bytes_format(&folder, "%s.etcd", or_default(opts->name, SS_RESTORE_NAME_DEFAULT));
    }
    ss_bytes_add(&folder, "", 1);
    if (folder.failed) {
        status = ss_nomem(err, folder.cap);
    } else if (intake == NULL) {
        status = run(r, (const char *)folder.ptr, err);
    } else {
        status = run_checked(r, (const char *)folder.ptr, check, intake, err);
    }
    ss_staged_dir_fini(&r->data);
    ss_staged_dir_fini(&r->wal);
    ss_cluster_fini(&r->cluster);
    ss_bytes_fini(&folder);
    return status;
}

enum ss_status ss_restore_unchecked(const struct ss_file *file, const struct ss_restore_opts *opts,
                                    const struct ss_call *call, struct ss_restore_result *result,
                                    struct ss_error *err)
{
    struct restore r = {
        .file = file, .opts = opts, .call = ss_call_or_none(call), .result = result};

    return restore(&r, NULL, NULL, err);
}

enum ss_status ss_restore(const struct ss_file *file, const struct ss_intake_opts *check,
                          const struct ss_restore_opts *opts, const struct ss_call *call,
                          struct ss_intake *intake, struct ss_restore_result *result,
                          struct ss_error *err)
{
    struct restore r = {
        .file = file, .opts = opts, .call = ss_call_or_none(call), .result = result};
    struct ss_intake_opts how = *check;

    *intake = (struct ss_intake){0};
    how.rebuilds = true; /* the db is always written from the buckets */
    return restore(&r, &how, intake, err);
}

void ss_restore_result_fini(struct ss_restore_result *result)
{
    for (size_t i = 0; i < result->member_count; i++) {
        free((void *)(uintptr_t)result->members[i].name);
        free((void *)(uintptr_t)result->members[i].peer_urls);
        free((void *)(uintptr_t)result->members[i].data_dir);
    }
    free(result->members);
    free((void *)(uintptr_t)result->wal_dir);
    *result = (struct ss_restore_result){0};
}
