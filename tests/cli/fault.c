/*
 * fault.c - preloaded under a command: at the SS_FAULT_AT-th call that changes a file system, the disk
 * is full from then on, or with SS_FAULT_KILL the process is killed at once.
 *
 *   write  fsync  posix_fallocate  mkdir  mkdtemp  linkat  rename
 *
 * The calls are counted in the order that the command makes them, so that every moment can be tried.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static long calls;

/* Whether this call fails. Standard streams are no part of the disk. */
static bool fault(void)
{
    const char *at = getenv("SS_FAULT_AT");

    if (at == NULL || ++calls < strtol(at, NULL, 10)) {
        return false;
    }
    if (getenv("SS_FAULT_KILL") != NULL) {
        kill(getpid(), SIGKILL);
    }
    errno = ENOSPC;
    return true;
}

static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (found == NULL) {
        abort();
    }
    return found;
}

/* A function's address as data, which C has no cast for. */
#define NEXT(type, name)        \
    (((union {                  \
         void *data;            \
         __typeof__(type) call; \
     }){.data = next(name)})    \
         .call)

ssize_t write(int fd, const void *bytes, size_t len)
{
    if (fd > 2 && fault()) {
        return -1;
    }
    return NEXT(ssize_t(*)(int, const void *, size_t), "write")(fd, bytes, len);
}

int fsync(int fd)
{
    return fault() ? -1 : NEXT(int (*)(int), "fsync")(fd);
}

int posix_fallocate64(int fd, off_t off, off_t len);
int posix_fallocate64(int fd, off_t off, off_t len)
{
    return fault() ? ENOSPC : NEXT(int (*)(int, off_t, off_t), "posix_fallocate64")(fd, off, len);
}

int mkdir(const char *path, mode_t mode)
{
    return fault() ? -1 : NEXT(int (*)(const char *, mode_t), "mkdir")(path, mode);
}

char *mkdtemp(char *pattern)
{
    return fault() ? NULL : NEXT(char *(*)(char *), "mkdtemp")(pattern);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    return fault() ? -1
                   : NEXT(int (*)(int, const char *, int, const char *, int),
                          "linkat")(from_fd, from, to_fd, to, flags);
}

int rename(const char *from, const char *to)
{
    return fault() ? -1 : NEXT(int (*)(const char *, const char *), "rename")(from, to);
}
