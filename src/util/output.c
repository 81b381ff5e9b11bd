/*
 * output.c - a new file that appears whole or not at all.
 *
 *   dir/                         open          write          commit
 *     (unnamed, O_TMPFILE)       made          filled         synced ── linkat ──► NAME
 *     or .NAME.snapscope-XXXXXX  made          filled         synced ── rename ──► NAME, dir synced
 *
 * An unnamed file leaves nothing behind even when the process is killed; file systems without them
 * get the hidden name, which ss_output_free removes. Without force the last step is one that fails
 * when NAME exists (linkat, or RENAME_NOREPLACE), so that a file that appeared meanwhile is kept.
 * Everything goes through the folder's descriptor: moving the folder or chdir changes nothing.
 *
 * Guarantees: NAME is replaced only with force, only if it is a regular file (or a link to one, which
 * is then replaced itself), and never when it leads to the evidence, looked at by device and inode
 * both when opening and right before the commit. Mode 0600 (less the umask): snapshots hold secrets.
 * The first error stays: after it every call returns it again, and nothing is committed.
 */
#include "util/output.h"
#include "util/bulk.h"
#include "util/error.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* From here on a file is large, and goes past the page cache. */
#define LARGE_LEN (UINT64_C(64) << 20)

enum {
    SHOWN_LEN = 384,
    HIDDEN_LEN = 256,
    HIDDEN_TRIES = 64
};

struct ss_output {
    struct ss_output_opts opts;
    char *path;
    const char *name; /* last component, inside path */
    int dir_fd;
    int fd;
    char hidden[HIDDEN_LEN]; /* "" while the file has no name */
    bool committed;
    struct ss_error failed; /* code NONE: all is well */
    struct ss_bulk *bulk;
};

/* Keeps the first error, and gives it to the caller. */
static enum ss_status fail(struct ss_output *out, struct ss_error *err, enum ss_code code, int sys,
                           const char *what)
{
    char shown[SHOWN_LEN];

    ss_text_escape(out->path, strlen(out->path), shown, sizeof(shown));
    ss_system(&out->failed, code, sys, "%s %s", shown, what);
    *err = out->failed;
    return SS_SYSTEM;
}

static bool is_input(const struct ss_output *out, const struct stat *info)
{
    return out->opts.input_ino != 0 && info->st_ino == out->opts.input_ino &&
           info->st_dev == out->opts.input_dev;
}

/* Whether what stands at the path now may be replaced, or there is nothing. */
static enum ss_status target_check(struct ss_output *out, struct ss_error *err)
{
    struct stat at, behind;

    if (fstatat(out->dir_fd, out->name, &at, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) {
            return SS_OK;
        }
        return fail(out, err, SS_E_OUTPUT, errno, "cannot be looked up");
    }
    behind = at;
    if (S_ISLNK(at.st_mode) && fstatat(out->dir_fd, out->name, &behind, 0) != 0) {
        behind = at;
    }
    if (is_input(out, &behind)) {
        return fail(out, err, SS_E_EXISTS, 0, "is the input itself");
    }
    if (S_ISDIR(behind.st_mode)) {
        return fail(out, err, SS_E_OUTPUT, EISDIR, "cannot be written");
    }
    if (!out->opts.force) {
        return fail(out, err, SS_E_EXISTS, 0, "exists already");
    }
    if (!S_ISREG(behind.st_mode) && !S_ISLNK(behind.st_mode)) {
        return fail(out, err, SS_E_OUTPUT, 0, "is no regular file, and is not replaced");
    }
    return SS_OK;
}

static enum ss_status folder_open(struct ss_output *out, struct ss_error *err)
{
    char *slash = strrchr(out->path, '/');
    char *folder;

    out->name = slash == NULL ? out->path : slash + 1;
    if (out->name[0] == '\0') {
        return fail(out, err, SS_E_OUTPUT, slash == NULL ? ENOENT : EISDIR, "cannot be written");
    }
    if (slash == NULL) {
        folder = strdup(".");
    } else {
        folder = strndup(out->path, slash == out->path ? 1 : (size_t)(slash - out->path));
    }
    if (folder == NULL) {
        return ss_nomem(err, strlen(out->path));
    }
    out->dir_fd = (int)TEMP_FAILURE_RETRY(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    free(folder);
    if (out->dir_fd < 0) {
        return fail(out, err, SS_E_OUTPUT, errno, "cannot be made, for lack of its folder");
    }
    return SS_OK;
}

/* ".NAME.snapscope-" and 16 digits that no other call of any process has; NAME cut to what fits. */
static void hidden_name(const struct ss_output *out, char buf[HIDDEN_LEN])
{
    static _Atomic unsigned serial;

    snprintf(buf, HIDDEN_LEN, ".%.200s.snapscope-%08lx%08x", out->name,
             (unsigned long)getpid() & 0xfffffffful, atomic_fetch_add(&serial, 1));
}

static int hidden_open(struct ss_output *out)
{
    for (int i = 0; i < HIDDEN_TRIES; i++) {
        int fd;

        hidden_name(out, out->hidden);
        fd = (int)TEMP_FAILURE_RETRY(
            openat(out->dir_fd, out->hidden, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (fd >= 0 || errno != EEXIST) {
            if (fd < 0) {
                out->hidden[0] = '\0';
            }
            return fd;
        }
    }
    out->hidden[0] = '\0';
    return -1;
}

/* The way to name an unnamed file, for linkat; needs /proc. */
static void proc_path(const struct ss_output *out, char *buf, size_t cap)
{
    snprintf(buf, cap, "/proc/self/fd/%d", out->fd);
}

static enum ss_status file_open(struct ss_output *out, struct ss_error *err)
{
    char proc[64];

    if (!out->opts.named) {
        out->fd =
            (int)TEMP_FAILURE_RETRY(openat(out->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
        proc_path(out, proc, sizeof(proc));
        if (out->fd >= 0 && access(proc, F_OK) != 0) {
            close(out->fd);
            out->fd = -1;
        }
    }
    if (out->fd < 0) {
        out->fd = hidden_open(out);
    }
    if (out->fd < 0) {
        return fail(out, err, SS_E_OUTPUT, errno, "cannot be made");
    }
    return SS_OK;
}

enum ss_status ss_output_new(const char *path, const struct ss_output_opts *opts,
                             struct ss_output **result, struct ss_error *err)
{
    struct ss_output *out = calloc(1, sizeof(*out));
    enum ss_status status;

    ss_error_clear(err);
    *result = NULL;
    if (out == NULL) {
        return ss_nomem(err, sizeof(*out));
    }
    out->opts = *opts;
    out->dir_fd = -1;
    out->fd = -1;
    ss_error_clear(&out->failed);
    out->path = strdup(path);
    if (out->path == NULL) {
        ss_output_free(out);
        return ss_nomem(err, strlen(path));
    }
    status = folder_open(out, err);
    if (status == SS_OK) {
        status = target_check(out, err);
    }
    if (status == SS_OK) {
        status = file_open(out, err);
    }
    if (status == SS_OK) {
        out->bulk = ss_bulk_new(out->fd);
        status = out->bulk != NULL ? SS_OK : ss_nomem(err, sizeof(*out));
    }
    if (status != SS_OK) {
        ss_output_free(out);
        return status;
    }
    *result = out;
    return SS_OK;
}

void ss_output_expect(struct ss_output *out, uint64_t len)
{
    if (len >= LARGE_LEN) {
        ss_bulk_direct(out->bulk);
    }
}

/* The first error again, or ARGUMENT when all is done already. */
static enum ss_status usable(const struct ss_output *out, struct ss_error *err)
{
    ss_error_clear(err);
    if (out->failed.code != SS_E_NONE) {
        *err = out->failed;
        return SS_SYSTEM;
    }
    if (out->committed) {
        return ss_system(err, SS_E_ARGUMENT, 0, "the output is committed already");
    }
    return SS_OK;
}

enum ss_status ss_output_write(struct ss_output *out, const void *bytes, size_t len,
                               struct ss_error *err)
{
    enum ss_status status = usable(out, err);

    if (status == SS_OK && !ss_bulk_write(out->bulk, bytes, len)) {
        status = fail(out, err, SS_E_OUTPUT, errno, "cannot be written");
    }
    return status;
}

/* Gives the file its name, unless one stands there. 0 or errno. */
static int name_new(struct ss_output *out)
{
    char proc[64];

    if (out->hidden[0] == '\0') {
        proc_path(out, proc, sizeof(proc));
        return linkat(AT_FDCWD, proc, out->dir_fd, out->name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
    }
    if (renameat2(out->dir_fd, out->hidden, out->dir_fd, out->name, RENAME_NOREPLACE) == 0) {
        out->hidden[0] = '\0';
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) {
        return errno;
    }
    /* Leaves the hidden name to ss_output_free. */
    return linkat(out->dir_fd, out->hidden, out->dir_fd, out->name, 0) == 0 ? 0 : errno;
}

/* The same in place of what stands there. */
static int name_replace(struct ss_output *out)
{
    char proc[64], hidden[HIDDEN_LEN];

    if (out->hidden[0] == '\0') {
        proc_path(out, proc, sizeof(proc));
        for (int i = 0; out->hidden[0] == '\0'; i++) {
            hidden_name(out, hidden);
            if (linkat(AT_FDCWD, proc, out->dir_fd, hidden, AT_SYMLINK_FOLLOW) == 0) {
                memcpy(out->hidden, hidden, sizeof(hidden));
            } else if (errno != EEXIST || i == HIDDEN_TRIES) {
                return errno;
            }
        }
    }
    if (renameat(out->dir_fd, out->hidden, out->dir_fd, out->name) != 0) {
        return errno;
    }
    out->hidden[0] = '\0';
    return 0;
}

enum ss_status ss_output_commit(struct ss_output *out, struct ss_error *err)
{
    enum ss_status status = usable(out, err);
    int sys;

    if (status == SS_OK && !ss_bulk_finish(out->bulk)) {
        status = fail(out, err, SS_E_OUTPUT, errno, "cannot be written");
    }
    if (status == SS_OK) {
        status = target_check(out, err);
    }
    if (status != SS_OK) {
        return status;
    }
    if (TEMP_FAILURE_RETRY(fsync(out->fd)) != 0) {
        return fail(out, err, SS_E_OUTPUT, errno, "cannot be synced");
    }
    sys = out->opts.force ? name_replace(out) : name_new(out);
    if (sys == EEXIST) {
        return fail(out, err, SS_E_EXISTS, 0, "exists already");
    }
    if (sys != 0) {
        return fail(out, err, SS_E_OUTPUT, sys, "cannot be given its name");
    }
    out->committed = true;
    /* EINVAL: a file system that cannot sync folders. */
    if (TEMP_FAILURE_RETRY(fsync(out->dir_fd)) != 0 && errno != EINVAL) {
        return fail(out, err, SS_E_OUTPUT, errno, "is written, but its folder cannot be synced");
    }
    return SS_OK;
}

void ss_output_free(struct ss_output *out)
{
    if (out == NULL) {
        return;
    }
    if (out->hidden[0] != '\0') {
        unlinkat(out->dir_fd, out->hidden, 0);
    }
    ss_bulk_free(out->bulk);
    if (out->fd >= 0) {
        close(out->fd);
    }
    if (out->dir_fd >= 0) {
        close(out->dir_fd);
    }
    free(out->path);
    free(out);
}
