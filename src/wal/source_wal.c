/*
 * source_wal.c - the log that belongs to a db: what copying the db alone loses.
 *
 *   MEMBER/snap/db  ──►  MEMBER/wal/…     a file: the folder is read
 *   in an archive   ──►  the same names   counted while the member was looked for, not unpacked
 *   stdin, memory, a packed file          nothing is known
 */
#include "parser/db.h"
#include "util/member_dir.h"
#include "wal/wal.h"

#include <stdlib.h>
#include <sys/stat.h>

/* The raft index up to which the db has applied the log, if it says. */
static enum ss_status read_applied(const struct ss_file *file, struct ss_source_wal *out,
                                   struct ss_error *err)
{
    struct ss_etcd_meta *meta;
    uint64_t fault_count;
    enum ss_status status = ss_etcd_meta_new(file, NULL, NULL, &fault_count, &meta, err);

    if (status != SS_OK) {
        return status;
    }
    out->has_applied = meta->has_consistent_index;
    out->applied = meta->consistent_index;
    ss_etcd_meta_free(meta);
    return SS_OK;
}

static bool is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Where the log would be; *dir NULL: there is none, or none that can be known of. */
static enum ss_status find(const struct ss_source *src, struct ss_source_wal *out,
                           struct ss_error *err)
{
    const char *db = src->wal_count > 0 ? src->member : src->name;

    out->in_archive = src->wal_count > 0;
    out->file_count = src->wal_count;
    if (!out->in_archive && (!src->mapped || src->spooled)) {
        return SS_OK;
    }
    out->dir = ss_member_dir_wal(db);
    if (out->dir == NULL) {
        return ss_nomem(err, strlen(db));
    }
    if (!out->in_archive && !is_folder(out->dir)) {
        free(out->dir);
        out->dir = NULL;
    }
    return SS_OK;
}

/* A folder without a segment is no log. */
static enum ss_status read_folder(struct ss_source_wal *out, struct ss_error *err)
{
    /* What is beyond an index that is not known is not counted. */
    uint64_t applied = out->has_applied ? out->applied : UINT64_MAX;
    enum ss_status status = ss_wal_read(out->dir, applied, &out->facts, &out->err);

    out->is_read = status == SS_OK;
    out->file_count = out->facts.file_count;
    if (status == SS_SYSTEM && out->err.code == SS_E_NOMEM) {
        *err = out->err;
        return status;
    }
    if (status == SS_SYSTEM && out->err.code == SS_E_NOT_FOUND) {
        free(out->dir);
        out->dir = NULL;
    }
    return SS_OK;
}

enum ss_status ss_source_wal(const struct ss_file *file, struct ss_source_wal *out,
                             struct ss_error *err)
{
    enum ss_status status;

    ss_error_clear(err);
    *out = (struct ss_source_wal){0};
    ss_error_clear(&out->err);
    status = find(&file->src, out, err);
    if (status != SS_OK || out->dir == NULL) {
        return status;
    }
    status = read_applied(file, out, err);
    if (status == SS_CORRUPT) { /* whoever reads the db says what is wrong with it */
        status = SS_OK;
        ss_error_clear(err);
    }
    if (status == SS_OK && !out->in_archive) {
        status = read_folder(out, err);
    }
    if (status != SS_OK) {
        ss_source_wal_fini(out);
    }
    return ss_source_check(&file->src, status, err);
}

void ss_source_wal_fini(struct ss_source_wal *wal)
{
    free(wal->dir);
    wal->dir = NULL;
}
