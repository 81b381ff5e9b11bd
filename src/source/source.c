/*
 * source.c - opening: from a path to mapped bytes, by way of the spool and unpack.c where needed.
 *
 * MAP_PRIVATE, although nothing is written: such a mapping can never reach the file, not even when
 * the descriptor is that of a spool, which is open for writing; and some FUSE and 9P mounts refuse
 * any other. A file that cannot be mapped at all is spooled.
 *
 * Times: O_NOATIME keeps the access time, where the caller owns the file or is root. Elsewhere the
 * mount's atime rules apply, as to every reader; writing the old time back would itself be a change.
 */
#include "source/source.h"
#include "source/guard.h"
#include "source/spool.h"
#include "source/unpack.h"
#include "util/error.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t no_bytes[1];

enum {
    NAME_SHOWN = 256,
    HOLE_STEP = 1 << 16 /* zeroes that are compared before a hole is asked for again */
};

static char *name_shown(const char *name, char buf[NAME_SHOWN])
{
    ss_text_escape(name, strlen(name), buf, NAME_SHOWN);
    return buf;
}

static bool is_changed(const struct stat *now, uint64_t len, struct timespec mtime)
{
    return (uint64_t)now->st_size != len || now->st_mtim.tv_sec != mtime.tv_sec ||
           now->st_mtim.tv_nsec != mtime.tv_nsec;
}

static enum ss_status written_to(const struct ss_source *src, struct ss_error *err)
{
    char shown[NAME_SHOWN];

    return ss_system(err, SS_E_IO, 0, "%s was written to while it was read",
                     name_shown(src->name, shown));
}

/* No bytes, no file. */
static enum ss_status source_init(struct ss_source *src, const char *name, struct ss_error *err)
{
    memset(src, 0, sizeof(*src));
    src->base = no_bytes;
    src->fd = -1;
    atomic_init(&src->fault_off, SS_NONE);
    snprintf(src->packing, sizeof(src->packing), "none");
    src->name = strdup(name);
    return src->name != NULL ? SS_OK : ss_nomem(err, strlen(name) + 1);
}

/* Lets go of the mapping and its descriptor. */
static void bytes_release(struct ss_source *src)
{
    if (src->mapped) {
        ss_guard_remove(src->base);
        munmap((void *)(uintptr_t)src->base, (size_t)src->len);
    }
    if (src->fd >= 0) {
        close(src->fd);
    }
    src->base = no_bytes;
    src->len = 0;
    src->mapped = false;
    src->has_digest = false;
    src->fd = -1;
}

/* Maps the first len bytes of fd in place of what src had; src owns fd from here on, also on failure. */
static enum ss_status bytes_map(struct ss_source *src, int fd, uint64_t len, struct ss_error *err)
{
    char shown[NAME_SHOWN];
    struct stat info;
    void *base;

    bytes_release(src);
    src->fd = fd;
    if (fstat(fd, &info) != 0) {
        return ss_system(err, SS_E_IO, errno, "%s cannot be read", name_shown(src->name, shown));
    }
    src->mtime = info.st_mtim;
    atomic_store(&src->fault_off, SS_NONE);
    if (len == 0) {
        return SS_OK;
    }
    base = len > PTRDIFF_MAX ? MAP_FAILED : mmap(NULL, (size_t)len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (base == MAP_FAILED) {
        return ss_system(err, SS_E_IO, len > PTRDIFF_MAX ? EOVERFLOW : errno, "%s cannot be mapped",
                         name_shown(src->name, shown));
    }
    if (!ss_guard_add(base, len, fd, &src->fault_off)) {
        munmap(base, (size_t)len);
        return ss_nomem(err, 0);
    }
    src->base = base;
    src->len = len;
    src->mapped = true;
    return SS_OK;
}

/* Puts a filled spool in place of what src had. */
static enum ss_status spool_map(struct ss_source *src, struct ss_spool *spool, struct ss_error *err)
{
    enum ss_status status;
    int fd = spool->fd;

    spool->fd = -1;
    src->spooled = true;
    src->shares_position = false;
    status = bytes_map(src, fd, spool->len, err);
    if (status == SS_OK) {
        src->has_digest = ss_tee_finish(&spool->tee, &src->digest_len, src->digest);
    }
    return status;
}

/* A copy of what fd gives, from `at` on, or from its position when at is SS_NONE. */
static enum ss_status open_spooled(struct ss_source *src, int fd, uint64_t at,
                                   const struct ss_open_opts *opts, const struct ss_call *call,
                                   struct ss_error *err)
{
    char shown[NAME_SHOWN];
    struct ss_spool spool;
    struct stat before, after;
    enum ss_status status = ss_spool_open(&spool, opts, call, err);

    if (status == SS_OK && fstat(fd, &before) != 0) {
        status = ss_system(err, SS_E_IO, errno, "%s cannot be read", name_shown(src->name, shown));
    }
    if (status == SS_OK) {
        status = ss_spool_copy(&spool, fd, at, name_shown(src->name, shown), err);
    }
    if (status == SS_OK && at != SS_NONE &&
        (fstat(fd, &after) != 0 || is_changed(&after, (uint64_t)before.st_size, before.st_mtim))) {
        status = written_to(src, err);
    }
    if (status == SS_OK) {
        status = spool_map(src, &spool, err);
    }
    ss_spool_close(&spool);
    return status;
}

/* Files of /proc have a size of 0 and bytes all the same. */
static bool gives_bytes(int fd)
{
    char byte;

    return TEMP_FAILURE_RETRY(pread(fd, &byte, 1, 0)) > 0;
}

/* Maps or spools a descriptor that src comes to own. */
static enum ss_status open_fd(struct ss_source *src, int fd, const struct stat *info,
                              const struct ss_open_opts *opts, const struct ss_call *call,
                              struct ss_error *err)
{
    enum ss_status status;
    int copy;

    src->dev = info->st_dev;
    src->ino = info->st_ino;
    src->packed_len = (uint64_t)info->st_size;
    if (info->st_size == 0 && gives_bytes(fd)) {
        copy = fd;
    } else {
        status = bytes_map(src, fd, (uint64_t)info->st_size, err);
        if (status == SS_OK || err->sys != ENODEV) {
            return status;
        }
        copy = src->fd;
        src->fd = -1;
    }
    status = open_spooled(src, copy, 0, opts, call, err);
    close(copy);
    return status;
}

/* A signal breaks off the wait for a FIFO's writer: the caller's progress says whether to go on. */
static enum ss_status path_open(const char *path, const struct ss_call *call, int *fd,
                                struct ss_error *err)
{
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOATIME;
    enum ss_status status = SS_OK;
    char shown[NAME_SHOWN];

    while (status == SS_OK && (*fd = open(path, flags)) < 0) {
        if (errno == EINTR) {
            status = ss_spool_progress(call, "opening", 0, 0, err);
        } else if (errno == EPERM && (flags & O_NOATIME) != 0) {
            flags &= ~O_NOATIME;
        } else {
            status = ss_system(err, SS_E_IO, errno, "%s cannot be opened", name_shown(path, shown));
        }
    }
    return status;
}

static enum ss_status is_directory(const char *path, struct ss_error *err)
{
    char shown[NAME_SHOWN];

    return ss_system(err, SS_E_IO, EISDIR,
                     "%s cannot be read as a file; of a member's data directory the database is "
                     "member/snap/db",
                     name_shown(path, shown));
}

static enum ss_status open_path(struct ss_source *src, const char *path,
                                const struct ss_open_opts *opts, const struct ss_call *call,
                                struct ss_error *err)
{
    char shown[NAME_SHOWN];
    struct stat info;
    int fd;
    enum ss_status status = path_open(path, call, &fd, err);

    if (status != SS_OK) {
        return status;
    }
    if (fstat(fd, &info) != 0) {
        status = ss_system(err, SS_E_IO, errno, "%s cannot be read", name_shown(path, shown));
    } else if (S_ISDIR(info.st_mode)) {
        status = is_directory(path, err);
    } else if (S_ISREG(info.st_mode)) {
        return open_fd(src, fd, &info, opts, call, err);
    } else {
        status = open_spooled(src, fd, SS_NONE, opts, call, err);
    }
    close(fd);
    return status;
}

/*
 * A descriptor of our own for a redirected standard input, so that neither its position nor its
 * access time is touched; where the system does not give one, a duplicate, whose position is shared
 * but never moved: everything is mapped or read by pread.
 */
static int stdin_reopen(bool *shares_position)
{
    int fd = (int)TEMP_FAILURE_RETRY(open("/proc/self/fd/0", O_RDONLY | O_CLOEXEC | O_NOATIME));

    *shares_position = fd < 0;
    return fd >= 0 ? fd : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
}

static enum ss_status open_stdin(struct ss_source *src, const struct ss_open_opts *opts,
                                 const struct ss_call *call, struct ss_error *err)
{
    enum ss_status status;
    struct stat info;
    off_t at;
    int fd;

    if (fstat(STDIN_FILENO, &info) != 0) {
        return ss_system(err, SS_E_IO, errno, "standard input cannot be read");
    }
    if (S_ISDIR(info.st_mode)) {
        return ss_system(err, SS_E_IO, EISDIR, "standard input cannot be read");
    }
    if (!S_ISREG(info.st_mode)) {
        return open_spooled(src, STDIN_FILENO, SS_NONE, opts, call, err);
    }
    at = lseek(STDIN_FILENO, 0, SEEK_CUR);
    fd = stdin_reopen(&src->shares_position);
    if (at < 0 || fd < 0) {
        return ss_system(err, SS_E_IO, errno, "standard input cannot be read");
    }
    if (at == 0) {
        return open_fd(src, fd, &info, opts, call, err);
    }
    src->dev = info.st_dev;
    src->ino = info.st_ino;
    status = open_spooled(src, fd, (uint64_t)at, opts, call, err);
    close(fd);
    return status;
}

/* A packed file that shrank or was written to meanwhile comes before the damage that this looks like. */
static enum ss_status unpacked_check(const struct ss_source *src, enum ss_status status,
                                     struct ss_error *err)
{
    struct ss_error changed;
    enum ss_status checked = ss_source_check(src, status, err);

    if (checked != status || ss_source_unchanged(src, &changed) == SS_OK) {
        return checked;
    }
    *err = changed;
    return SS_SYSTEM;
}

/* One layer of packing off: `kind` says which. */
static enum ss_status unpack_layer(struct ss_source *src, enum ss_kind kind,
                                   const struct ss_open_opts *opts, const struct ss_call *call,
                                   struct ss_error *err)
{
    struct ss_spool spool;
    enum ss_status status = ss_spool_open(&spool, opts, call, err);

    if (status != SS_OK) {
        return status;
    }
    if (ss_kind_is_stream(kind)) {
        status = ss_unpack_stream(src, kind, &spool, err);
    } else {
        status = ss_unpack_member(src, kind, &spool, &src->member, &src->wal_count, err);
    }
    if (status == SS_OK || err->code == SS_E_ARCHIVE || err->code == SS_E_MEMBER) {
        status = unpacked_check(src, status, err);
    }
    if (status == SS_OK) {
        status = spool_map(src, &spool, err);
    }
    ss_spool_close(&spool);
    return status;
}

/* At most a stream and the archive in it; what an archive's member is packed as stays. */
static enum ss_status unpack_all(struct ss_source *src, const struct ss_open_opts *opts,
                                 const struct ss_call *call, struct ss_error *err)
{
    enum ss_kind kind = ss_source_sniff(src);
    enum ss_status status = SS_OK;
    const char *stream = NULL;

    if (ss_kind_is_stream(kind)) {
        stream = ss_kind_name(kind);
        snprintf(src->packing, sizeof(src->packing), "%s", stream);
        status = unpack_layer(src, kind, opts, call, err);
        if (status != SS_OK) {
            return status;
        }
        kind = ss_source_sniff(src);
    }
    if (ss_kind_is_archive(kind)) {
        snprintf(src->packing, sizeof(src->packing), "%s%s%s", ss_kind_name(kind),
                 stream != NULL ? "+" : "", stream != NULL ? stream : "");
        return unpack_layer(src, kind, opts, call, err);
    }
    if (opts->member != NULL) {
        char shown[NAME_SHOWN];

        return ss_corrupt(err, SS_E_MEMBER, SS_NONE, SS_NONE,
                          "the input is no archive that could hold a file %s",
                          name_shown(opts->member, shown));
    }
    return status;
}

enum ss_status ss_source_open(struct ss_source *src, const char *path,
                              const struct ss_open_opts *opts, const struct ss_call *call,
                              struct ss_error *err)
{
    static const struct ss_open_opts none;
    enum ss_status status;

    ss_error_clear(err);
    if (opts == NULL) {
        opts = &none;
    }
    call = ss_call_or_none(call);
    status = source_init(src, path, err);
    if (status == SS_OK) {
        status = ss_spool_progress(call, "opening", 0, 0, err);
    }
    if (status == SS_OK) {
        status = strcmp(path, "-") == 0 ? open_stdin(src, opts, call, err)
                                        : open_path(src, path, opts, call, err);
    }
    if (status == SS_OK) {
        status = unpack_all(src, opts, call, err);
    }
    if (status != SS_SYSTEM) {
        status = ss_source_check(src, status, err);
    }
    if (status != SS_OK) {
        ss_source_close(src);
    }
    return status;
}

enum ss_status ss_source_open_memory(struct ss_source *src, const void *bytes, size_t len,
                                     const char *name, struct ss_error *err)
{
    enum ss_status status;

    ss_error_clear(err);
    status = source_init(src, name, err);
    if (status != SS_OK) {
        return status;
    }
    if (len > 0) {
        src->base = bytes;
    }
    src->len = len;
    src->packed_len = len;
    return SS_OK;
}

void ss_source_close(struct ss_source *src)
{
    bytes_release(src);
    free(src->name);
    free(src->member);
    src->name = NULL;
    src->member = NULL;
}

bool ss_source_failed(const struct ss_source *src)
{
    return atomic_load_explicit(&src->fault_off, memory_order_relaxed) != SS_NONE;
}

static enum ss_status read_failed(const struct ss_source *src, uint64_t off, int sys,
                                  struct ss_error *err)
{
    char shown[NAME_SHOWN];

    ss_system(err, SS_E_IO, sys, "%s shrank or its disk failed while it was read",
              name_shown(src->name, shown));
    err->off = off;
    return SS_SYSTEM;
}

enum ss_status ss_source_check(const struct ss_source *src, enum ss_status status,
                               struct ss_error *err)
{
    uint64_t off = atomic_load_explicit(&src->fault_off, memory_order_relaxed);

    return ss_source_failed(src) ? read_failed(src, off, EIO, err) : status;
}

enum ss_status ss_source_read(const struct ss_source *src, uint64_t off, uint8_t *buf, size_t len,
                              struct ss_error *err)
{
    while (len > 0) {
        ssize_t n = TEMP_FAILURE_RETRY(pread(src->fd, buf, len, (off_t)off));

        if (n <= 0) {
            return read_failed(src, off, n < 0 ? errno : EIO, err);
        }
        buf += n;
        off += (uint64_t)n;
        len -= (size_t)n;
    }
    return SS_OK;
}

struct ss_span ss_source_span(const struct ss_source *src)
{
    return (struct ss_span){src->base, src->len, 0};
}

enum ss_status ss_source_unchanged(const struct ss_source *src, struct ss_error *err)
{
    char shown[NAME_SHOWN];
    struct stat info;

    if (!src->mapped) {
        return SS_OK;
    }
    if (ss_source_failed(src)) {
        return ss_source_check(src, SS_OK, err);
    }
    if (fstat(src->fd, &info) != 0) {
        return ss_system(err, SS_E_IO, errno, "%s cannot be looked at again",
                         name_shown(src->name, shown));
    }
    return is_changed(&info, src->len, src->mtime) ? written_to(src, err) : SS_OK;
}

uint64_t ss_source_data(const struct ss_source *src, uint64_t from, uint64_t end)
{
    off_t at;

    if (from >= end || !src->mapped || src->shares_position) {
        return from;
    }
    at = lseek(src->fd, (off_t)from, SEEK_DATA);
    if (at < 0) {
        return errno == ENXIO ? end : from;
    }
    return ss_min_u64((uint64_t)at, end);
}

uint64_t ss_source_not_zero(const struct ss_source *src, uint64_t from, uint64_t end)
{
    while (from < end) {
        struct ss_span step;
        uint64_t zeroes;

        from = ss_source_data(src, from, end);
        step = (struct ss_span){src->base + from, ss_min_u64(HOLE_STEP, end - from), from};
        zeroes = ss_span_zeroes(step);
        from += zeroes;
        if (zeroes < step.len) {
            break;
        }
    }
    return from;
}
