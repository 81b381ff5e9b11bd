/*
 * sandbox_seccomp.c - a seccomp filter, made by libseccomp for the processor at hand.
 *
 * A list of what is denied, not of what is allowed: what this program needs is known only together with
 * its C library, OpenSSL, libarchive and whatever a distribution preloads, all of which change; what
 * it never needs is clear. A denied call fails with EPERM, so that the program can say what it could not
 * do. openat2 and clone3 pass their arguments where a filter cannot see them: they fail with ENOSYS, and
 * the C library falls back on calls that it can see.
 *
 *   open, openat   flags │ access mode │ create │ exclusive │ truncate │ unnamed │
 *     no output          │ read only   │ no     │ any       │ no       │ no      │   all else is denied
 *     an output          │ any         │ only both or neither │ no     │ any     │   writing: only what is new
 */
#include "sandbox.h"

#include <errno.h>

#ifdef SS_HAVE_SECCOMP

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "print.h"

/* Kernel-side bits that the C library's names only hold together with others. */
#define TMPFILE_BIT ((uint64_t)(O_TMPFILE & ~O_DIRECTORY))
#define CREATE ((uint64_t)O_CREAT)
#define EXCLUSIVE ((uint64_t)O_EXCL)

#define MEMORY_LEN ((size_t)1 << 20)

/* Flags are an int: what a caller leaves in the upper half of the register does not count. */
#define LOW_HALF UINT64_C(0xFFFFFFFF)

/* Denied to every command. Names that an architecture does not have are passed over. */
static const char *const never[] = {
    /* network; a standard stream that is a socket is read and written as others are */
    "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg",
    "sendmmsg", "recvfrom", "recvmsg", "recvmmsg",
    /* what a file is, other than its bytes; bytes without opening; devices, links, pipes */
    "creat", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "chown32", "fchown", "fchown32",
    "lchown", "lchown32", "fchownat", "utime", "utimes", "futimesat", "utimensat",
    "utimensat_time64", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr",
    "lremovexattr", "fremovexattr", "removexattrat", "file_setattr", "truncate", "truncate64",
    "mknod", "mknodat", "symlink", "symlinkat", "flock", "swapon", "swapoff", "quotactl",
    "quotactl_fd", "acct", "open_by_handle_at",
    /* other processes */
    "process_madvise", "process_mrelease", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "kcmp",
    "rt_sigqueueinfo", "rt_tgsigqueueinfo", "setns", "unshare", "migrate_pages", "move_pages",
    /* things that outlive the process */
    "shmget", "msgget", "semget", "mq_open", "mq_unlink", "add_key", "request_key", "keyctl",
    "memfd_create", "memfd_secret",
    /* mounts */
    "mount", "umount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr",
    "move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr",
    /* the machine, and wide doors into the kernel; io_uring would go round this very filter */
    "io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "perf_event_open",
    "userfaultfd", "fanotify_init", "init_module", "finit_module", "delete_module", "kexec_load",
    "kexec_file_load", "reboot", "settimeofday", "clock_settime", "clock_settime64",
    "clock_adjtime", "clock_adjtime64", "adjtimex", "sethostname", "setdomainname", "iopl",
    "ioperm", "syslog", "vhangup", "uselib", "lookup_dcookie"};

/* Denied but in a build with a sanitizer. */
static const char *const never_unless_sanitized[] = {
    "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev"};

/* Denied to a command without an output. */
static const char *const only_for_outputs[] = {"mkdir",    "mkdirat", "rmdir",    "unlink",
                                               "unlinkat", "rename",  "renameat", "renameat2",
                                               "link",     "linkat"};

/* Newer than libseccomp 2.5.4; these have one number on every architecture that has them. */
static const struct {
    const char *name;
    int number;
} newer[] = {{"fchmodat2", 452},
             {"setxattrat", 463},
             {"removexattrat", 466},
             {"open_tree_attr", 467},
             {"file_setattr", 469}};

/* A filter under construction: the first failure stays. */
struct filter {
    scmp_filter_ctx ctx;
    int failed; /* errno, or 0 */
};

static int number_of(const char *name)
{
    int number = seccomp_syscall_resolve_name(name);
#ifndef __alpha__
    for (size_t i = 0; number == __NR_SCMP_ERROR && i < sizeof(newer) / sizeof(newer[0]); i++) {
        if (strcmp(newer[i].name, name) == 0) {
            number = newer[i].number;
        }
    }
#endif
    return number;
}

static void deny_as(struct filter *f, const char *name, int error, unsigned count,
                    const struct scmp_arg_cmp *args)
{
    int number = number_of(name);
    if (f->failed == 0 && number != __NR_SCMP_ERROR) {
        int got =
            seccomp_rule_add_array(f->ctx, SCMP_ACT_ERRNO((uint16_t)error), number, count, args);
        /* EDOM, EOPNOTSUPP: this architecture has no such call */
        f->failed = got == 0 || got == -EDOM || got == -EOPNOTSUPP ? 0 : -got;
    }
}

static void deny_all(struct filter *f, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        deny_as(f, names[i], EPERM, 0, NULL);
    }
}

/* When argument `index`, masked, has this value. */
static void deny_when(struct filter *f, const char *name, unsigned index, uint64_t mask,
                      uint64_t value)
{
    const struct scmp_arg_cmp arg = {
        .arg = index, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
    deny_as(f, name, EPERM, 1, &arg);
}

/* When argument `index` is another number than this. */
static void deny_others(struct filter *f, const char *name, unsigned index, uint64_t value)
{
    const struct scmp_arg_cmp arg = {.arg = index, .op = SCMP_CMP_NE, .datum_a = value};
    deny_as(f, name, EPERM, 1, &arg);
}

/* The drawing above, for the call whose argument `index` are the flags. */
static void deny_opening(struct filter *f, const char *name, unsigned index, bool has_output)
{
    static const uint64_t modes[] = {O_WRONLY, O_RDWR, O_ACCMODE};
    deny_when(f, name, index, O_TRUNC, O_TRUNC);
    if (!has_output) {
        deny_when(f, name, index, CREATE, CREATE);
    } else {
        deny_when(f, name, index, CREATE | EXCLUSIVE, CREATE);
    }
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        uint64_t ways_to_make = has_output ? CREATE | TMPFILE_BIT : 0;
        deny_when(f, name, index, O_ACCMODE | ways_to_make, modes[i]);
    }
}

/* Signals are for the process itself: abort() and the like must work. */
static void deny_others_processes(struct filter *f)
{
    uint64_t self = (uint64_t)getpid();
    deny_others(f, "kill", 0, self);
    deny_others(f, "tgkill", 0, self);
    deny_others(f, "prlimit64", 0, 0);
#ifndef CLI_SANDBOX_SANITIZER
    deny_all(f, never_unless_sanitized,
             sizeof(never_unless_sanitized) / sizeof(never_unless_sanitized[0]));
#ifdef __s390__
    deny_when(f, "clone", 1, CLONE_THREAD, 0);
#else
    deny_when(f, "clone", 0, CLONE_THREAD, 0);
#endif
#else
    (void)never_unless_sanitized;
#endif
}

/* Keys pressed for the user on his terminal, and locks on evidence. */
static void deny_controls(struct filter *f)
{
    static const int locks[] = {F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW, F_SETLEASE};
    static const unsigned long keys[] = {TIOCSTI, TIOCLINUX};
    static const char *const fcntls[] = {"fcntl", "fcntl64"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        deny_when(f, "ioctl", 1, LOW_HALF, keys[i]);
    }
    for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++) {
        for (size_t j = 0; j < sizeof(fcntls) / sizeof(fcntls[0]); j++) {
            deny_when(f, fcntls[j], 1, LOW_HALF, (uint64_t)locks[i]);
        }
    }
}

static void fill(struct filter *f, bool has_output)
{
    deny_all(f, never, sizeof(never) / sizeof(never[0]));
    deny_as(f, "openat2", ENOSYS, 0, NULL);
#ifndef CLI_SANDBOX_SANITIZER
    deny_as(f, "clone3", ENOSYS, 0, NULL);
#endif
    deny_opening(f, "open", 1, has_output);
    deny_opening(f, "openat", 2, has_output);
    deny_others_processes(f);
    deny_controls(f);
    if (!has_output) {
        deny_all(f, only_for_outputs, sizeof(only_for_outputs) / sizeof(only_for_outputs[0]));
    }
}

/* Loads it. The kernel's slow mode against a way of spying is for code that is not ours: not wanted. */
static int load(struct filter *f)
{
    seccomp_attr_set(f->ctx, SCMP_FLTATR_CTL_SSB, 1);
    seccomp_attr_set(f->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    seccomp_attr_set(f->ctx, SCMP_FLTATR_CTL_TSYNC, 1); /* a sanitizer's own thread */
    if (f->failed == 0) {
        f->failed = -seccomp_load(f->ctx);
    }
    return f->failed;
}

int cli_seccomp_probe(void)
{
    return seccomp_api_get() >= 1 ? 0 : ENOSYS;
}

/*
 * libseccomp frees twice what it had no memory for. Nothing else runs while it makes the filter, of some
 * 2500 small pieces: that much is had and given back before, or the process ends for want of it.
 */
static void have_memory(void)
{
    free(cli_must_alloc(MEMORY_LEN));
}

int cli_seccomp_enter(bool has_output)
{
    have_memory();
    struct filter f = {.ctx = seccomp_init(SCMP_ACT_ALLOW)};
    if (f.ctx == NULL) {
        return ENOMEM;
    }
    fill(&f, has_output);
    int failed = load(&f);
    seccomp_release(f.ctx);
    return failed;
}

#else

int cli_seccomp_probe(void)
{
    return ENOPKG;
}

int cli_seccomp_enter(bool has_output)
{
    (void)has_output;
    return ENOPKG;
}

#endif
