/*
 * spool.c - see spool.h. The file is unnamed from the start where the file system can do that
 * (O_TMPFILE, with O_EXCL so that it can never be given a name), else its name is removed at once:
 * a killed process leaves nothing behind.
 */
#include "source/spool.h"
#include "util/checked.h"
#include "util/error.h"
#include "util/prefetch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum {
    COPY_LEN = 1 << 20,
    TMP_TEXT_MAX = 300
};

static const char *tmp_dir(const char *dir)
{
    const char *env = getenv("TMPDIR");

    if (dir != NULL) {
        return dir;
    }
    return env != NULL && env[0] != '\0' ? env : "/tmp";
}

/* For file systems without unnamed files: a name for as short as can be. -1: errno. */
static int open_named(const char *dir)
{
    char *path = NULL;
    int fd;

    if (asprintf(&path, "%s/snapscope-XXXXXX", dir) < 0) {
        errno = ENOMEM;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0 && unlink(path) != 0) {
        int saved = errno;

        close(fd);
        fd = -1;
        errno = saved;
    }
    free(path);
    return fd;
}

int ss_tmp_open(const char *dir)
{
    int fd =
        (int)TEMP_FAILURE_RETRY(open(tmp_dir(dir), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600));

    return fd >= 0 ? fd : open_named(tmp_dir(dir));
}

/* "in /tmp (TMPDIR names another folder)", for messages. */
static const char *tmp_dir_text(const struct ss_open_opts *opts, char buf[TMP_TEXT_MAX])
{
    const char *env = getenv("TMPDIR");
    bool by_env = opts->tmp_dir == NULL && env != NULL && env[0] != '\0';
    char shown[256];

    ss_text_escape(tmp_dir(opts->tmp_dir), strlen(tmp_dir(opts->tmp_dir)), shown, sizeof(shown));
    snprintf(buf, TMP_TEXT_MAX, "in %s (TMPDIR names %s)", shown,
             by_env ? "this folder" : "another folder");
    return buf;
}

enum ss_status ss_spool_open(struct ss_spool *spool, const struct ss_open_opts *opts,
                             const struct ss_call *call, struct ss_error *err)
{
    const char *dir = tmp_dir(opts->tmp_dir);
    char text[TMP_TEXT_MAX];
    int sys;

    spool->len = 0;
    spool->tee = (struct ss_tee){0};
    spool->opts = opts;
    spool->call = call;
    spool->limit = opts->unpacked_limit != 0 ? opts->unpacked_limit : SS_UNPACKED_LIMIT_DEFAULT;
    spool->fd = opts->tmp_open != NULL ? opts->tmp_open(opts->tmp_ctx) : ss_tmp_open(dir);
    if (spool->fd >= 0) {
        return SS_OK;
    }
    sys = errno;
    return ss_system(err, SS_E_OUTPUT, sys, "no temporary file can be made %s",
                     tmp_dir_text(opts, text));
}

void ss_spool_close(struct ss_spool *spool)
{
    ss_tee_fini(&spool->tee);
    if (spool->fd >= 0) {
        close(spool->fd);
    }
    spool->fd = -1;
}

static enum ss_status limit_reached(const struct ss_spool *spool, struct ss_error *err)
{
    return ss_system(err, SS_E_LIMIT, 0,
                     "the input gives more than the %" PRIu64 " bytes that may be unpacked or "
                     "copied to a temporary file",
                     spool->limit);
}

static enum ss_status write_failed(const struct ss_spool *spool, int sys, struct ss_error *err)
{
    char text[TMP_TEXT_MAX];

    return ss_system(err, SS_E_OUTPUT, sys, "the temporary file %s cannot be written",
                     tmp_dir_text(spool->opts, text));
}

enum ss_status ss_spool_extend(struct ss_spool *spool, uint64_t len, struct ss_error *err)
{
    if (len <= spool->len) {
        return SS_OK;
    }
    if (len > ss_min_u64(spool->limit, INT64_MAX)) {
        return limit_reached(spool, err);
    }
    if (TEMP_FAILURE_RETRY(ftruncate(spool->fd, (off_t)len)) != 0) {
        return write_failed(spool, errno, err);
    }
    ss_tee_fini(&spool->tee);
    spool->len = len;
    return SS_OK;
}

/* Writes all of it at off, moving spool->len. */
static enum ss_status write_all(struct ss_spool *spool, const uint8_t *next, uint64_t len,
                                uint64_t off, struct ss_error *err)
{
    bool loaded = false;

    while (len > 0) {
        ssize_t n = pwrite(spool->fd, next, (size_t)ss_min_u64(len, COPY_LEN), (off_t)off);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EFAULT && !loaded) {
            ss_prefetch_pages(next, len);
            loaded = true;
            continue;
        }
        if (n <= 0) {
            return write_failed(spool, n < 0 ? errno : ENOSPC, err);
        }
        next += n;
        off += (uint64_t)n;
        len -= (uint64_t)n;
    }
    if (off > spool->len) {
        spool->len = off;
    }
    return SS_OK;
}

enum ss_status ss_spool_put(struct ss_spool *spool, const void *bytes, uint64_t len, uint64_t off,
                            struct ss_error *err)
{
    enum ss_status status;

    if (len == 0) {
        return ss_spool_extend(spool, off, err);
    }
    if (!ss_in_range_u64(off, len, ss_min_u64(spool->limit, INT64_MAX))) {
        return limit_reached(spool, err);
    }
    status = write_all(spool, bytes, len, off, err);
    if (status == SS_OK && spool->opts->hash_stream && ss_call_parts(spool->call, 2) == 2) {
        ss_tee_feed(&spool->tee, spool->fd, bytes, len, off);
    }
    return status;
}

/* Standard input may have been left non-blocking by whoever shares it. */
static bool wait_readable(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};

    return poll(&wanted, 1, -1) > 0 || errno == EINTR;
}

enum ss_status ss_spool_copy(struct ss_spool *spool, int fd, uint64_t at, const char *name,
                             struct ss_error *err)
{
    enum ss_status status = SS_OK;
    uint8_t *buf = malloc(COPY_LEN);

    if (buf == NULL) {
        return ss_nomem(err, COPY_LEN);
    }
    while (status == SS_OK) {
        ssize_t n = at == SS_NONE ? read(fd, buf, COPY_LEN)
                                  : pread(fd, buf, COPY_LEN, (off_t)(at + spool->len));

        if (n < 0 && (errno == EINTR || (errno == EAGAIN && wait_readable(fd)))) {
            status = ss_spool_progress(spool->call, "reading", spool->len, 0, err);
            continue;
        }
        if (n == 0) {
            break;
        }
        if (n < 0) {
            status = ss_system(err, SS_E_IO, errno, "%s cannot be read", name);
            err->off = spool->len;
            break;
        }
        status = ss_spool_put(spool, buf, (uint64_t)n, spool->len, err);
        if (status == SS_OK) {
            status = ss_spool_progress(spool->call, "reading", spool->len, 0, err);
        }
    }
    free(buf);
    return status;
}

enum ss_status ss_spool_progress(const struct ss_call *call, const char *phase, uint64_t done,
                                 uint64_t total, struct ss_error *err)
{
    if (ss_call_goes_on(call, phase, done, total)) {
        return SS_OK;
    }
    return ss_system(err, SS_E_CANCELLED, 0, "cancelled while %s", phase);
}
