/*
 * sandbox_probe.c - preloaded under a command: when it opens its input, tries all that a sandbox denies,
 * as code would that a hostile input had taken over, and notes what came of it.
 *
 *     SS_PROBE_AT    the input: the attempts are made when it is opened (the look at its first bytes,
 *                    before the sandbox, does not wait for a writer and so does not count)
 *     SS_PROBE_DIR   a folder to try them in
 *     SS_PROBE_LOG   a file that takes a line an attempt: "NAME ok" or "NAME EPERM"; opened at once
 *
 * What is there can be taken away, to see what the other does alone, or what comes without it:
 *
 *     SS_NO_LANDLOCK, SS_NO_SECCOMP   the kernel has none
 *     SS_NO_TMPFILE                   no file system makes files without a name
 *
 * The attempts are bare system calls, so that no library stands between.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int log_fd = -1;
static bool tried;

/* A function's address as data, which C has no cast for. */
#define NEXT(type, name)                   \
    (((union {                             \
         void *data;                       \
         __typeof__(type) call;            \
     }){.data = dlsym(RTLD_NEXT, (name))}) \
         .call)

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("SS_PROBE_LOG");

    if (path != NULL) {
        log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
}

static void note(const char *name, long got)
{
    char line[128];
    const char *word = got >= 0 ? "ok" : strerrorname_np(errno);
    int len = snprintf(line, sizeof(line), "%s %s\n", name, word != NULL ? word : "?");

    if (write(log_fd, line, (size_t)len) != len) {
        abort();
    }
}

/* Two paths at most are in use at once. */
static const char *at(const char *name)
{
    static char paths[2][4096];
    static unsigned turn;

    turn ^= 1u;
    snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", getenv("SS_PROBE_DIR"), name);
    return paths[turn];
}

static void try_open(const char *name, const char *path, int flags)
{
    long fd = syscall(SYS_openat, AT_FDCWD, path, flags, 0600);

    note(name, fd);
    if (fd >= 0) {
        close((int)fd);
    }
}

static void try_opening(void)
{
    const uint64_t how[3] = {O_WRONLY, 0, 0};

    try_open("open-read", at("victim"), O_RDONLY);
    try_open("open-write", at("victim"), O_WRONLY);
    try_open("open-read-write", at("victim"), O_RDWR);
    try_open("open-no-access", at("victim"), O_ACCMODE);
    try_open("open-append", at("victim"), O_WRONLY | O_APPEND);
    try_open("open-truncate", at("victim"), O_RDONLY | O_TRUNC);
    try_open("open-or-create", at("victim"), O_RDWR | O_CREAT);
    try_open("create-read-only", at("new-read-only"), O_RDONLY | O_CREAT);
    try_open("create", at("new"), O_WRONLY | O_CREAT | O_EXCL);
    try_open("unnamed", getenv("SS_PROBE_DIR"), O_RDWR | O_TMPFILE);
    try_open("unnamed-forever", getenv("SS_PROBE_DIR"), O_RDWR | O_TMPFILE | O_EXCL);
    note("openat2", syscall(SYS_openat2, AT_FDCWD, at("victim"), how, sizeof(how)));
#ifdef SYS_open
    note("open-old", syscall(SYS_open, at("victim"), O_WRONLY));
    note("creat", syscall(SYS_creat, at("victim"), 0600));
#endif
}

static void try_changing(void)
{
    const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 2}};
    int fd = open(at("victim"), O_RDONLY | O_CLOEXEC);
    struct flock lock = {.l_type = F_RDLCK};

    note("truncate", truncate(at("victim"), 1));
    note("chmod", syscall(SYS_fchmodat, AT_FDCWD, at("victim"), 0644));
    note("fchmod", syscall(SYS_fchmod, fd, 0644));
    note("chown", syscall(SYS_fchownat, AT_FDCWD, at("victim"), -1, -1, 0));
    note("times", syscall(SYS_utimensat, AT_FDCWD, at("victim"), times, 0));
    note("futimens", syscall(SYS_utimensat, fd, NULL, times, 0));
    note("setxattr", syscall(SYS_setxattr, at("victim"), "user.x", "x", 1, 0));
    note("flock", syscall(SYS_flock, fd, LOCK_SH | LOCK_NB));
    note("lock", fcntl(fd, F_OFD_SETLK, &lock));
    close(fd);
}

static void try_folders(void)
{
    note("rename", syscall(SYS_renameat2, AT_FDCWD, at("name"), AT_FDCWD, at("renamed"), 0));
    note("unlink", syscall(SYS_unlinkat, AT_FDCWD, at("gone"), 0));
    note("link", syscall(SYS_linkat, AT_FDCWD, at("victim"), AT_FDCWD, at("linked"), 0));
    note("symlink", syscall(SYS_symlinkat, "victim", AT_FDCWD, at("symlinked")));
    note("mkdir", syscall(SYS_mkdirat, AT_FDCWD, at("folder"), 0700));
    note("rmdir", syscall(SYS_unlinkat, AT_FDCWD, at("empty"), AT_REMOVEDIR));
    note("mkfifo", syscall(SYS_mknodat, AT_FDCWD, at("fifo"), S_IFIFO | 0600, 0));
}

static void try_network(void)
{
    struct sockaddr family = {.sa_family = AF_UNSPEC};
    int pair[2];

    note("socket-inet", socket(AF_INET, SOCK_STREAM, 0));
    note("socket-inet6", socket(AF_INET6, SOCK_DGRAM, 0));
    note("socket-unix", socket(AF_UNIX, SOCK_STREAM, 0));
    note("socket-netlink", socket(AF_NETLINK, SOCK_RAW, 0));
    note("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    note("connect", connect(log_fd, &family, sizeof(family)));
}

static void *nothing(void *arg)
{
    return arg;
}

static void try_processes(void)
{
    char *const args[] = {NULL};
    pthread_t thread;
    long child = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

    if (child == 0) {
        _exit(0);
    }
    note("fork", child);
    if (child > 0) {
        waitpid((pid_t)child, NULL, 0);
    }
    note("execve", syscall(SYS_execve, "/nonexistent/program", args, args));
    note("execveat", syscall(SYS_execveat, AT_FDCWD, "/nonexistent/program", args, args, 0));
    note("clone3", syscall(SYS_clone3, NULL, (size_t)0));
    note("ptrace", syscall(SYS_ptrace, PTRACE_PEEKUSER, 1, NULL, NULL));
    note("process_vm_readv", syscall(SYS_process_vm_readv, getpid(), NULL, 0L, NULL, 0L, 0L));
    note("kill-parent", syscall(SYS_kill, getppid(), 0));
    note("kill-all", syscall(SYS_tgkill, getppid(), getppid(), 0));
    note("kill-self", syscall(SYS_tgkill, getpid(), gettid(), 0));
    errno = pthread_create(&thread, NULL, nothing, NULL);
    note("thread", errno == 0 ? 0 : -1);
    if (errno == 0) {
        pthread_join(thread, NULL);
    }
}

static void try_kernel(void)
{
    note("limits-of-another", syscall(SYS_prlimit64, getppid(), 7, NULL, NULL));
    note("memfd", syscall(SYS_memfd_create, "x", 0));
    note("io_uring", syscall(SYS_io_uring_setup, 1, NULL));
    note("bpf", syscall(SYS_bpf, 0, NULL, 0));
    note("perf", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0L));
    note("userfaultfd", syscall(SYS_userfaultfd, -1));
    note("unshare", syscall(SYS_unshare, 0));
    note("mount", syscall(SYS_mount, NULL, "/nonexistent", NULL, 0L, NULL));
    note("chroot", syscall(SYS_chroot, "/nonexistent"));
    note("keyctl", syscall(SYS_keyctl, -1L, 0L, 0L, 0L, 0L));
    note("shmget", syscall(SYS_shmget, 0, 0L, 0));
    note("fchmodat2", syscall(452, AT_FDCWD, at("victim"), 0644, 0));
    note("keys", ioctl(log_fd, TIOCSTI, "x"));
    note("keys-high", syscall(SYS_ioctl, log_fd, UINT64_C(0xABCD00000000) | TIOCSTI, "x"));
    note("window-size", ioctl(log_fd, TIOCGWINSZ, NULL));
}

static void try_all(void)
{
    int saved = errno;

    tried = true;
    try_opening();
    try_changing();
    try_folders();
    try_network();
    try_processes();
    try_kernel();
    errno = saved;
}

/* Both names of it: which one a program calls depends on how it was compiled. */
static int open_with(const char *symbol, const char *path, int flags, mode_t mode)
{
    const char *wanted = getenv("SS_PROBE_AT");

    if (log_fd >= 0 && !tried && wanted != NULL && strcmp(path, wanted) == 0 &&
        (flags & O_NONBLOCK) == 0) {
        try_all();
    }
    if ((flags & O_TMPFILE) == O_TMPFILE && getenv("SS_NO_TMPFILE") != NULL) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return NEXT(int (*)(const char *, int, ...), symbol)(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_with("open64", path, flags, mode);
}

int __open64_2(const char *path, int flags);
int __open64_2(const char *path, int flags)
{
    return open_with("open64", path, flags, 0);
}

int openat64(int folder, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    if ((flags & O_TMPFILE) == O_TMPFILE && getenv("SS_NO_TMPFILE") != NULL) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return NEXT(int (*)(int, const char *, int, ...), "openat64")(folder, path, flags, mode);
}

/* glibc has no wrapper for Landlock's calls: they come by here, with three or four arguments. */
long syscall(long number, ...)
{
    va_list args;
    long a[6];

    va_start(args, number);
    for (size_t i = 0; i < 6; i++) {
        a[i] = va_arg(args, long);
    }
    va_end(args);
    if (number == 444 && getenv("SS_NO_LANDLOCK") != NULL) {
        errno = ENOSYS;
        return -1;
    }
    return NEXT(long (*)(long, ...), "syscall")(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int seccomp_load(void *ctx);
int seccomp_load(void *ctx)
{
    if (getenv("SS_NO_SECCOMP") != NULL) {
        return -ENOSYS;
    }
    return NEXT(int (*)(void *), "seccomp_load")(ctx);
}
