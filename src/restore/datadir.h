/*
 * datadir.h - folders that appear whole or not at all.
 *
 *   PARENT/.NAME.snapscope-XXXXXX/…   everything is written and synced here
 *   PARENT/NAME/…                     renamed to, at the end
 *
 * A run that is killed leaves nothing at PARENT/NAME; what it had written lies under the hidden name.
 * Folders are 0700 and files 0600, as etcd makes them.
 */
#ifndef SS_RESTORE_DATADIR_H
#define SS_RESTORE_DATADIR_H

#include "util/bytes.h"
#include "util/error.h"

struct ss_staged_dir {
    char *path;     /* where it will be, without links */
    char *staged;   /* where it is now; NULL: not made, or committed */
    bool committed; /* it stands at `path` */
};

/*
 * Finds where `path` leads, through links, and checks that nothing or an empty folder stands there; with
 * `absent`, nothing. Missing parents are an error, as a typing slip should not make a tree of folders,
 * and so is a mount point, which no rename can replace. Errors: EXISTS, ARGUMENT, OUTPUT, NOMEM.
 */
enum ss_status ss_staged_dir_check(struct ss_staged_dir *dir, const char *path, bool absent,
                                   struct ss_error *err);

/* Makes the hidden folder beside a checked path. Errors: OUTPUT, NOMEM. */
enum ss_status ss_staged_dir_make(struct ss_staged_dir *dir, struct ss_error *err);

/* Whether one of two checked paths is the other or lies inside it. */
bool ss_staged_dirs_overlap(const struct ss_staged_dir *a, const struct ss_staged_dir *b);

/* Gives it its name, and syncs the parent. Errors: EXISTS, OUTPUT. */
enum ss_status ss_staged_dir_commit(struct ss_staged_dir *dir, struct ss_error *err);

/* Removes again what was committed: for when a second folder that belongs to it cannot be. */
void ss_staged_dir_revoke(struct ss_staged_dir *dir);

/* Removes what was staged and not committed, and frees. */
void ss_staged_dir_fini(struct ss_staged_dir *dir);

/* "a/b" on the heap; NULL when memory is short. */
char *ss_path_join(const char *a, const char *b);

/* Makes a folder, 0700. Errors: OUTPUT. */
enum ss_status ss_dir_make(const char *path, struct ss_error *err);

/* A file that is written in order, through the page cache: etcd reads it next. ss_new_file_write is an ss_write_fn over it. */
struct ss_new_file {
    char *path;
    int fd;
    struct ss_bulk *bulk;
};
enum ss_status ss_new_file_open(struct ss_new_file *file, const char *dir, const char *name,
                                struct ss_error *err);
bool ss_new_file_write(void *file, const void *bytes, size_t len);

/* Extends it to len with zeroes that take up room on the disk (0: leaves it), syncs and closes it. */
enum ss_status ss_new_file_finish(struct ss_new_file *file, uint64_t len, struct ss_error *err);
void ss_new_file_fini(struct ss_new_file *file);

#endif
