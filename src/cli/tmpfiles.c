/*
 * tmpfiles.c - see tmpfiles.h.
 */
#include "tmpfiles.h"

#include <errno.h>
#include <fcntl.h>
#include <snapscope.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether a descriptor can be mapped and holds the magic number of a first meta page. [F4] */
static bool is_plain(int fd)
{
    static const unsigned char little[] = {0xED, 0xDA, 0x0C, 0xED};
    static const unsigned char big[] = {0xED, 0x0C, 0xDA, 0xED};
    unsigned char magic[sizeof(little)];
    if (pread(fd, magic, sizeof(magic), 16) != (ssize_t)sizeof(magic) ||
        (memcmp(magic, little, sizeof(magic)) != 0 && memcmp(magic, big, sizeof(magic)) != 0)) {
        return false;
    }
    void *page = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
    if (page == MAP_FAILED) {
        return false;
    }
    munmap(page, 1);
    return true;
}

static bool needed_for_stdin(void)
{
    struct stat info;
    if (fstat(STDIN_FILENO, &info) != 0 || !S_ISREG(info.st_mode) ||
        lseek(STDIN_FILENO, 0, SEEK_CUR) != 0) {
        return true;
    }
    /* A descriptor of its own spares the file behind it the new access time. */
    int fd = (int)TEMP_FAILURE_RETRY(open("/proc/self/fd/0", O_RDONLY | O_CLOEXEC | O_NOATIME));
    bool plain = is_plain(fd >= 0 ? fd : STDIN_FILENO);
    if (fd >= 0) {
        close(fd);
    }
    return !plain;
}

bool cli_tmpfiles_needed(const char *path)
{
    struct stat info;
    if (strcmp(path, "-") == 0) {
        return needed_for_stdin();
    }
    if (stat(path, &info) != 0) {
        return true; /* ss_open will say why, or may find it */
    }
    if (S_ISDIR(info.st_mode)) {
        return false;
    }
    if (!S_ISREG(info.st_mode)) {
        return true; /* a pipe, which is not opened here, since that could wait for its writer */
    }
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int fd = (int)TEMP_FAILURE_RETRY(open(path, flags | O_NOATIME));
    if (fd < 0 && errno == EPERM) {
        fd = (int)TEMP_FAILURE_RETRY(open(path, flags));
    }
    bool plain = fd >= 0 && is_plain(fd);
    if (fd >= 0) {
        close(fd);
    }
    return !plain;
}

void cli_tmpfiles_make(struct cli_tmpfiles *files)
{
    *files = (struct cli_tmpfiles){.last = -1};
    while (files->count < CLI_TMPFILES_MAX && files->failed == 0) {
        int fd = ss_tmp_open(NULL);
        if (fd >= 0) {
            files->fds[files->count++] = fd;
        } else {
            files->failed = errno;
        }
    }
}

void cli_tmpfiles_close(struct cli_tmpfiles *files)
{
    for (size_t i = 0; i < files->count; i++) {
        close(files->fds[i]);
    }
    files->count = 0;
}

int cli_tmpfiles_lend(void *ctx)
{
    struct cli_tmpfiles *files = ctx;
    for (size_t i = 0; i < files->count; i++) {
        if (files->uses[i] == CLI_TMPFILE_FREE) {
            int fd = fcntl(files->fds[i], F_DUPFD_CLOEXEC, 3);
            if (fd >= 0) {
                files->uses[i] = CLI_TMPFILE_LENT;
                files->last = (int)i;
            }
            return fd;
        }
    }
    errno = files->failed != 0 ? files->failed : EMFILE;
    return -1;
}

/* Gives the space back now, not at the end. One that cannot be emptied is not lent again. */
static void take_back(struct cli_tmpfiles *files, size_t i)
{
    if (ftruncate(files->fds[i], 0) == 0) {
        files->uses[i] = CLI_TMPFILE_FREE;
    }
}

void cli_tmpfiles_settle(struct cli_tmpfiles *files, bool failed)
{
    for (size_t i = 0; i < files->count; i++) {
        if (files->uses[i] != CLI_TMPFILE_LENT) {
            continue;
        }
        if (!failed && (int)i == files->last) {
            files->uses[i] = CLI_TMPFILE_KEPT;
        } else {
            take_back(files, i);
        }
    }
    files->last = -1;
}

void cli_tmpfiles_reset(struct cli_tmpfiles *files)
{
    for (size_t i = 0; i < files->count; i++) {
        if (files->uses[i] != CLI_TMPFILE_FREE) {
            take_back(files, i);
        }
    }
}
