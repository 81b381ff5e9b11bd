/*
 * datadir.c - see datadir.h.
 */
#include "restore/datadir.h"

#include "util/bulk.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_FOLDERS 16

static enum ss_status failed(struct ss_error *err, const char *what, const char *path)
{
    return ss_system(err, SS_E_OUTPUT, errno, "%s %.200s", what, path);
}

char *ss_path_join(const char *a, const char *b)
{
    size_t len = strlen(a) + strlen(b) + 2;
    char *path = malloc(len);

    if (path != NULL) {
        snprintf(path, len, "%s/%s", a, b);
    }
    return path;
}

enum ss_status ss_dir_make(const char *path, struct ss_error *err)
{
    return mkdir(path, 0700) == 0 ? SS_OK : failed(err, "cannot make folder", path);
}

/* Where a path leads that need not be there itself, only its parent: to free; NULL with errno. */
static char *resolve(const char *path)
{
    size_t len = strlen(path);
    char *whole = realpath(path, NULL), *copy, *parent, *slash;

    if (whole != NULL || errno != ENOENT) {
        return whole;
    }
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    copy = strndup(path, len);
    if (copy == NULL) {
        return NULL;
    }
    slash = strrchr(copy, '/');
    if (slash == NULL) {
        parent = realpath(".", NULL);
    } else if (slash == copy) {
        parent = strdup("");
    } else {
        parent = (*slash = '\0', realpath(copy, NULL));
    }
    if (parent != NULL) {
        whole = ss_path_join(parent, slash == NULL ? copy : slash + 1);
    }
    free(parent);
    free(copy);
    return whole;
}

static enum ss_status check_empty(const char *path, DIR *dir, struct ss_error *err)
{
    const struct dirent *entry;
    bool empty = true;

    while (empty && (entry = readdir(dir)) != NULL) {
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    }
    return empty ? SS_OK : ss_system(err, SS_E_EXISTS, 0, "folder %.200s is not empty", path);
}

static enum ss_status check_no_mount(const char *path, struct ss_error *err)
{
    char *above = ss_path_join(path, "..");
    struct stat here, parent;
    bool mounted = above != NULL && stat(path, &here) == 0 && stat(above, &parent) == 0 &&
                   (here.st_dev != parent.st_dev || here.st_ino == parent.st_ino);

    free(above);
    if (above == NULL) {
        return ss_nomem(err, strlen(path));
    }
    return !mounted ? SS_OK
                    : ss_system(err, SS_E_ARGUMENT, 0,
                                "folder %.200s is a mount point, which cannot be replaced as a "
                                "whole: name a folder inside it",
                                path);
}

/* A link that leads nowhere: a folder cannot take its place by a rename, nor be made through it. */
static enum ss_status check_no_link(const char *resolved, const char *path, struct ss_error *err)
{
    struct stat info;

    if (lstat(resolved, &info) != 0) {
        return errno == ENOENT ? SS_OK : failed(err, "cannot look up", path);
    }
    return ss_system(
        err, SS_E_EXISTS, 0,
        "%.200s is a link that leads nowhere: make the folder that it names, or remove it", path);
}

/* A path that has no folder to be made in: said so, not as a failure of the disk. */
static enum ss_status no_parent(struct ss_error *err, const char *path)
{
    if (errno == ENOENT || errno == ENOTDIR) {
        return ss_system(err, SS_E_ARGUMENT, 0, "the folder that %.200s shall lie in is not there",
                         path);
    }
    return failed(err, "cannot look up", path);
}

enum ss_status ss_staged_dir_check(struct ss_staged_dir *dir, const char *path, bool absent,
                                   struct ss_error *err)
{
    enum ss_status status;
    DIR *open;

    *dir = (struct ss_staged_dir){.path = resolve(path)};
    if (dir->path == NULL) {
        return no_parent(err, path);
    }
    do {
        open = opendir(dir->path);
    } while (open == NULL && errno == EINTR);
    if (open == NULL && errno == ENOENT) {
        return check_no_link(dir->path, path, err);
    }
    if (open == NULL && errno == ENOTDIR) {
        return ss_system(err, SS_E_EXISTS, 0, "%.200s is there and is no folder", path);
    }
    if (open == NULL) {
        return failed(err, "cannot look into folder", path);
    }
    status = absent ? ss_system(err, SS_E_EXISTS, 0, "folder %.200s is there already", path)
                    : check_empty(path, open, err);
    closedir(open);
    return status == SS_OK ? check_no_mount(dir->path, err) : status;
}

static bool lies_in(const char *inner, const char *outer)
{
    size_t len = strlen(outer);

    return strncmp(inner, outer, len) == 0 &&
           (inner[len] == '\0' || inner[len] == '/' || (len > 0 && outer[len - 1] == '/'));
}

bool ss_staged_dirs_overlap(const struct ss_staged_dir *a, const struct ss_staged_dir *b)
{
    return lies_in(a->path, b->path) || lies_in(b->path, a->path);
}

/* Length of "PARENT/" in a path; 0 when there is no slash. */
static size_t parent_len(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

static char *staged_name(const char *path)
{
    static const char suffix[] = ".snapscope-XXXXXX";
    size_t parent = parent_len(path), len = strlen(path) + sizeof(suffix) + 1;
    char *name = malloc(len);

    if (name != NULL) {
        snprintf(name, len, "%.*s.%s%s", (int)parent, path, path + parent, suffix);
    }
    return name;
}

enum ss_status ss_staged_dir_make(struct ss_staged_dir *dir, struct ss_error *err)
{
    char *staged = staged_name(dir->path);
    enum ss_status status;

    if (staged == NULL) {
        return ss_nomem(err, strlen(dir->path));
    }
    if (mkdtemp(staged) == NULL) {
        status = failed(err, "cannot make a folder beside", dir->path);
        free(staged);
        return status;
    }
    dir->staged = staged;
    return SS_OK;
}

static enum ss_status sync_folder(const char *path, struct ss_error *err)
{
    int fd = (int)TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    enum ss_status status = SS_OK;

    if (fd < 0 || TEMP_FAILURE_RETRY(fsync(fd)) != 0) {
        status = failed(err, "cannot sync folder", path);
    }
    if (fd >= 0) {
        close(fd);
    }
    return status;
}

/* What nftw must hand back errors by; the walk is single-threaded and short. */
static int sync_one(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    struct ss_error ignored;

    (void)info;
    (void)ftw;
    return kind == FTW_DP && sync_folder(path, &ignored) != SS_OK ? -1 : 0;
}

enum ss_status ss_staged_dir_commit(struct ss_staged_dir *dir, struct ss_error *err)
{
    size_t parent = parent_len(dir->path);
    char *parent_path;
    enum ss_status status;

    if (nftw(dir->staged, sync_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) != 0) {
        return failed(err, "cannot sync", dir->staged);
    }
    if (rename(dir->staged, dir->path) != 0) {
        if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR) {
            return ss_system(err, SS_E_EXISTS, 0, "%.200s has appeared meanwhile", dir->path);
        }
        return failed(err, "cannot give its name to folder", dir->path);
    }
    free(dir->staged);
    dir->staged = NULL;
    dir->committed = true;
    parent_path = parent == 0 ? strdup(".") : strndup(dir->path, parent);
    if (parent_path == NULL) {
        return ss_nomem(err, parent);
    }
    status = sync_folder(parent_path, err);
    free(parent_path);
    return status;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    (void)info;
    (void)kind;
    (void)ftw;
    return remove(path) == 0 ? 0 : -1;
}

void ss_staged_dir_revoke(struct ss_staged_dir *dir)
{
    if (dir->committed) {
        nftw(dir->path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
    }
    dir->committed = false;
}

void ss_staged_dir_fini(struct ss_staged_dir *dir)
{
    if (dir->staged != NULL) {
        nftw(dir->staged, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
    }
    free(dir->staged);
    free(dir->path);
    *dir = (struct ss_staged_dir){0};
}

enum ss_status ss_new_file_open(struct ss_new_file *file, const char *dir, const char *name,
                                struct ss_error *err)
{
    *file = (struct ss_new_file){.fd = -1, .path = ss_path_join(dir, name)};
    if (file->path == NULL) {
        return ss_nomem(err, strlen(dir));
    }
    file->fd =
        (int)TEMP_FAILURE_RETRY(open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file->fd < 0) {
        return failed(err, "cannot make file", file->path);
    }
    file->bulk = ss_bulk_new(file->fd);
    return file->bulk != NULL ? SS_OK : ss_nomem(err, SS_BULK_LEN);
}

bool ss_new_file_write(void *file, const void *bytes, size_t len)
{
    const struct ss_new_file *f = file;

    return ss_bulk_write(f->bulk, bytes, len);
}

enum ss_status ss_new_file_finish(struct ss_new_file *file, uint64_t len, struct ss_error *err)
{
    int sys;

    if (!ss_bulk_finish(file->bulk)) {
        return failed(err, "cannot write file", file->path);
    }
    do {
        sys = len > 0 ? posix_fallocate(file->fd, 0, (off_t)len) : 0;
    } while (sys == EINTR);
    if (sys != 0) {
        return ss_system(err, SS_E_OUTPUT, sys, "cannot extend file %.200s", file->path);
    }
    if (TEMP_FAILURE_RETRY(fsync(file->fd)) != 0) {
        return failed(err, "cannot sync file", file->path);
    }
    sys = close(file->fd); /* which has let go of it also when it says EINTR */
    file->fd = -1;
    return sys == 0 || errno == EINTR ? SS_OK : failed(err, "cannot close file", file->path);
}

void ss_new_file_fini(struct ss_new_file *file)
{
    ss_bulk_free(file->bulk);
    file->bulk = NULL;
    if (file->fd >= 0) {
        close(file->fd);
    }
    free(file->path);
    file->path = NULL;
    file->fd = -1;
}
