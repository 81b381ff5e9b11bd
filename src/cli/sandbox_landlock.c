/*
 * sandbox_landlock.c - Landlock, by its system calls: glibc has no wrappers for them.
 *
 *   ABI  1  writing, making, removing     2  across folders     3  truncating by path
 *        4  TCP     5  ioctl of devices     6  abstract sockets, signals
 *
 * A ruleset names what is restricted ("handled"); rules give it back below a folder. Reading is not
 * handled: an input may lie anywhere. Values that the installed header may be too old for are those of
 * the kernel's own interface, which does not change.
 */
#include "sandbox.h"

#include <errno.h>

#if defined(__has_include)
#if __has_include(<linux/landlock.h>)
#define CLI_HAVE_LANDLOCK 1
#endif
#endif

#ifdef CLI_HAVE_LANDLOCK

#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Kernels give these numbers on every architecture. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

/* struct landlock_ruleset_attr as of ABI 6; older kernels take its beginning. */
struct ruleset {
    uint64_t fs, net, scoped;
};

#define FS_REFER (UINT64_C(1) << 13)     /* ABI 2 */
#define FS_TRUNCATE (UINT64_C(1) << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */
#define NET_TCP UINT64_C(3)              /* ABI 4: bind, connect */
#define SCOPE_ALL UINT64_C(3)            /* ABI 6: abstract sockets, signals */

#define FS_FILES \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG)
#define FS_FOLDERS (LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_DIR)
#define FS_OTHER                                                                                  \
    (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | \
     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

static size_t ruleset_make(struct ruleset *set, int abi)
{
    *set = (struct ruleset){.fs = FS_FILES | FS_FOLDERS | FS_OTHER};
#ifndef CLI_SANDBOX_SANITIZER
    set->fs |= LANDLOCK_ACCESS_FS_EXECUTE;
#endif
    set->fs |= (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0);
    set->fs |= abi >= 5 ? FS_IOCTL_DEV : 0;
    set->net = abi >= 4 ? NET_TCP : 0;
    set->scoped = abi >= 6 ? SCOPE_ALL : 0;
    return abi >= 6 ? sizeof(*set) : abi >= 4 ? 2 * sizeof(set->fs) : sizeof(set->fs);
}

int cli_landlock_abi(void)
{
    long abi =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi > 0 ? (int)abi : 0;
}

/* A folder that nobody can get into: making the output will say so in its own words. */
static bool is_no_way(int sys)
{
    return sys == ENOENT || sys == ENOTDIR || sys == EACCES || sys == ELOOP || sys == ENAMETOOLONG;
}

/* Any other failure leaves Landlock out: without its rule the folder would be closed to its own output. */
static int allow(int ruleset, const char *folder, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access};
    rule.parent_fd = (int)TEMP_FAILURE_RETRY(open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (rule.parent_fd < 0) {
        return is_no_way(errno) ? 0 : errno;
    }
    long got = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int failed = got == 0 ? 0 : errno;
    close(rule.parent_fd);
    return failed;
}

int cli_landlock_enter(const struct cli_sandbox *sandbox, int abi)
{
    struct ruleset set;
    size_t len = ruleset_make(&set, abi);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &set, len, 0);
    if (ruleset < 0) {
        return errno;
    }
    uint64_t access = FS_FILES | (abi >= 3 ? FS_TRUNCATE : 0);
    access |= sandbox->makes_folders ? FS_FOLDERS : 0;
    int failed = 0;
    for (size_t i = 0; i < sandbox->folder_count && failed == 0; i++) {
        failed = allow(ruleset, sandbox->folders[i], access);
    }
    if (failed == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
        failed = errno;
    }
    close(ruleset);
    return failed;
}

#else

int cli_landlock_abi(void)
{
    errno = ENOSYS;
    return 0;
}

int cli_landlock_enter(const struct cli_sandbox *sandbox, int abi)
{
    (void)sandbox;
    (void)abi;
    return ENOSYS;
}

#endif
