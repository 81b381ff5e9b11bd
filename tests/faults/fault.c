/*
 * fault.c - preloaded under a command: makes its n-th call of a class fail, as SS_FAULT says.
 *
 *   SS_FAULT=CLASS@N=KIND     the N-th call of CLASS, counted from main() on; with KIND+ all later ones too
 *   SS_FAULT=count            nothing fails
 *   SS_FAULT_LOG=FILE         gets a line "hit CALL" when the fault is met, an allocation with the module that
 *                             it is for; with `count` a line "CLASS N" of each class, "caller MODULE:N" of
 *                             each run of allocations, in order, and "mapped N LENGTH" of each mapping,
 *                             with the allocations before it
 *   SS_FAULT_FILE=FILE        what the kinds shrink, grow and change work on
 *   SS_FAULT_NAMED=1          no file system has unnamed files (O_TMPFILE); not counted as a fault
 *
 *   class    calls, by whoever in the process makes them
 *   alloc    malloc calloc realloc reallocarray aligned_alloc posix_memalign strdup strndup of the main thread
 *   talloc   the same of all other threads
 *   thread   pthread_create
 *   open     open openat opendir fopen of what is there          create   open openat of what is not
 *   look     stat fstat lstat fstatat lseek access realpath      read     read pread getrandom
 *   map      mmap of a file
 *   write    write pwrite writev copy_file_range, but not to standard streams
 *   stdout   the same to standard output
 *   space    posix_fallocate fallocate ftruncate                 sync     fsync fdatasync
 *   close    close of what was created
 *   name     mkdir mkdtemp rename renameat renameat2 linkat
 *   disk     write, create, space, sync and name together
 *
 *   kind     what happens
 *   E…       the call fails with this errno (allocations: with none but ENOMEM)
 *   short    a read or write moves half of its bytes
 *   SIG…     the process gets this signal, then the call is made
 *   shrink   SS_FAULT_FILE loses its second half before the call (map: after it)
 *   grow     it gets 4096 bytes more
 *   change   its last byte but 40 is turned around
 *   dead/P   page P of what map gave cannot be read: SIGBUS
 *
 * A call that libc makes inside itself is out of reach, but for its allocations: mkdtemp fails as a
 * whole, and so do opendir and realpath.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum fault_class {
    ALLOC,
    TALLOC,
    THREAD,
    OPEN,
    CREATE,
    LOOK,
    READ,
    MAP,
    WRITE,
    STDOUT,
    SPACE,
    SYNC,
    CLOSE,
    NAME,
    CLASS_COUNT
};

static const char *const class_names[CLASS_COUNT] = {"alloc", "talloc", "thread", "open",  "create",
                                                     "look",  "read",   "map",    "write", "stdout",
                                                     "space", "sync",   "close",  "name"};

#define BIT(class) (1u << (class))
#define DISK (BIT(WRITE) | BIT(CREATE) | BIT(SPACE) | BIT(SYNC) | BIT(NAME))

enum kind {
    KIND_ERRNO,
    KIND_SHORT,
    KIND_SIGNAL,
    KIND_SHRINK,
    KIND_GROW,
    KIND_CHANGE,
    KIND_DEAD
};

static const struct {
    const char *name;
    enum kind kind;
    int value; /* errno or signal */
} kinds[] = {
    {"EIO", KIND_ERRNO, EIO},
    {"EINTR", KIND_ERRNO, EINTR},
    {"ENOSPC", KIND_ERRNO, ENOSPC},
    {"EDQUOT", KIND_ERRNO, EDQUOT},
    {"EAGAIN", KIND_ERRNO, EAGAIN},
    {"ENOMEM", KIND_ERRNO, ENOMEM},
    {"EMFILE", KIND_ERRNO, EMFILE},
    {"EACCES", KIND_ERRNO, EACCES},
    {"ENODEV", KIND_ERRNO, ENODEV},
    {"EROFS", KIND_ERRNO, EROFS},
    {"EPIPE", KIND_ERRNO, EPIPE},
    {"EOPNOTSUPP", KIND_ERRNO, EOPNOTSUPP},
    {"EINVAL", KIND_ERRNO, EINVAL},
    {"ESTALE", KIND_ERRNO, ESTALE},
    {"short", KIND_SHORT, 0},
    {"SIGINT", KIND_SIGNAL, SIGINT},
    {"SIGTERM", KIND_SIGNAL, SIGTERM},
    {"SIGHUP", KIND_SIGNAL, SIGHUP},
    {"SIGKILL", KIND_SIGNAL, SIGKILL},
    {"shrink", KIND_SHRINK, 0},
    {"grow", KIND_GROW, 0},
    {"change", KIND_CHANGE, 0},
    {"dead", KIND_DEAD, 0},
};

/* What SS_FAULT says; read before main, constant from then on. */
static struct {
    bool armed;
    bool counting;
    bool onwards;
    unsigned classes;
    long at;
    enum kind kind;
    int value; /* errno, signal, or page */
    bool named;
    int log_fd, input_fd,
        empty_fd; /* made before the program closes itself in its sandbox; -1: none */
} plan = {.log_fd = -1, .input_fd = -1, .empty_fd = -1};

/* While the shim itself allocates: that is no call of the program. */
static __thread bool in_shim;

static _Atomic long counts[CLASS_COUNT];
static _Atomic long matched;
static _Atomic unsigned long long created[16]; /* a bit a descriptor below 1024 */
static pthread_t main_thread;

static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (found == NULL) {
        abort();
    }
    return found;
}

/* A function's address as data, which C has no cast for. */
#define NEXT(name)                     \
    (((union {                         \
         void *data;                   \
         __typeof__(&(name)) function; \
     }){.data = next(#name)})          \
         .function)

/* ---------------------------------------------------------------------------------------- the log --- */

/* By system calls of its own, which are no part of what is counted. */
static void note(const char *a, const char *b)
{
    char line[256];
    int len = snprintf(line, sizeof(line), "%s %s\n", a, b);

    if (plan.log_fd >= 0 && syscall(SYS_write, plan.log_fd, line, (size_t)len) != len) {
        abort();
    }
}

/* Who allocates, in order: a name and a count for each run of calls from one module. */
enum {
    CALLERS_MAX = 1 << 14,
    MODULES_MAX = 32
};
static struct {
    unsigned char module;
    unsigned count;
} callers[CALLERS_MAX];
static size_t caller_count;
static struct {
    uintptr_t start;
    const char *name;
} modules[MODULES_MAX];
static size_t module_count;

static unsigned char module_of(const void *caller)
{
    Dl_info info;
    size_t i = 0;

    if (dladdr(caller, &info) == 0) {
        return MODULES_MAX - 1;
    }
    while (i < module_count && modules[i].start != (uintptr_t)info.dli_fbase) {
        i++;
    }
    if (i == module_count && module_count < MODULES_MAX - 1) {
        const char *slash = strrchr(info.dli_fname, '/');

        modules[module_count].start = (uintptr_t)info.dli_fbase;
        modules[module_count++].name = slash == NULL ? info.dli_fname : slash + 1;
    }
    return (unsigned char)i;
}

static void count_caller(const void *caller)
{
    unsigned char module = module_of(caller);

    if (caller_count > 0 && callers[caller_count - 1].module == module) {
        callers[caller_count - 1].count++;
    } else if (caller_count < CALLERS_MAX) {
        callers[caller_count].module = module;
        callers[caller_count++].count = 1;
    } else {
        abort();
    }
}

__attribute__((destructor)) static void report(void)
{
    char number[128];

    if (!plan.counting) {
        return;
    }
    plan.armed = false;
    for (int i = 0; i < CLASS_COUNT; i++) {
        snprintf(number, sizeof(number), "%ld", counts[i]);
        note(class_names[i], number);
    }
    for (size_t i = 0; i < caller_count; i++) {
        const char *name = callers[i].module < module_count ? modules[callers[i].module].name : "?";

        snprintf(number, sizeof(number), "%s:%u", name, callers[i].count);
        note("caller", number);
    }
}

/* --------------------------------------------------------------------------------------- the plan --- */

static bool plan_kind(char *name)
{
    size_t len = strlen(name);
    char *slash = strchr(name, '/');

    if (len > 0 && name[len - 1] == '+') {
        plan.onwards = true;
        name[len - 1] = '\0';
    }
    if (slash != NULL) {
        *slash = '\0';
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            plan.kind = kinds[i].kind;
            plan.value = slash == NULL ? kinds[i].value : (int)strtol(slash + 1, NULL, 10);
            return true;
        }
    }
    return false;
}

static bool plan_classes(const char *name)
{
    plan.classes = strcmp(name, "disk") == 0 ? DISK : 0;
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        if (strcmp(class_names[i], name) == 0) {
            plan.classes = BIT(i);
        }
    }
    return plan.classes != 0;
}

/* A file of the shim's own, out of the way of the numbers that the program gets. */
static int open_aside(const char *path, int flags)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
    int aside = fd < 0 ? -1 : (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 900);

    if (aside < 0) {
        abort();
    }
    syscall(SYS_close, fd);
    return aside;
}

static void open_files(void)
{
    const char *log = getenv("SS_FAULT_LOG"), *input = getenv("SS_FAULT_FILE");

    if (log != NULL) {
        plan.log_fd = open_aside(log, O_WRONLY | O_CREAT | O_APPEND);
    }
    if (input != NULL) {
        plan.input_fd = open_aside(input, O_RDWR);
    }
    if (plan.kind == KIND_DEAD) {
        plan.empty_fd = memfd_create("dead", MFD_CLOEXEC);
    }
}

static void plan_read(void)
{
    const char *wanted = getenv("SS_FAULT");
    static char text[64];
    char *at, *kind;

    plan.named = getenv("SS_FAULT_NAMED") != NULL;
    if (wanted == NULL) {
        return;
    }
    plan.counting = strcmp(wanted, "count") == 0;
    snprintf(text, sizeof(text), "%s", wanted);
    at = strchr(text, '@');
    kind = strchr(text, '=');
    if (!plan.counting && at != NULL && kind != NULL) {
        *at = *kind = '\0';
        plan.at = strtol(at + 1, NULL, 10);
        if (plan.at < 1 || !plan_classes(text) || !plan_kind(kind + 1)) {
            at = NULL;
        }
    }
    if (!plan.counting && (at == NULL || kind == NULL)) {
        fprintf(stderr, "SS_FAULT=%s makes no sense\n", wanted);
        abort();
    }
    open_files();
    main_thread = pthread_self();
    plan.armed = true;
}

static int (*real_main)(int, char **, char **);

static int counted_main(int argc, char **argv, char **env)
{
    plan_read();
    return real_main(argc, argv, env);
}

/* What the start code of every program calls: counting begins behind what libraries do before main. */
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end);
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
    real_main = main;
    return NEXT(__libc_start_main)(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}

/* ------------------------------------------------------------------------------------- what happens --- */

static void input_alter(void)
{
    struct stat st;
    char block[4096];
    int fd = plan.input_fd;

    if (fd < 0 || syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH) != 0) {
        abort();
    }
    memset(block, 'x', sizeof(block));
    if (plan.kind == KIND_SHRINK) {
        if (syscall(SYS_ftruncate, fd, st.st_size / 2) != 0) {
            abort();
        }
    } else if (plan.kind == KIND_GROW) {
        if (syscall(SYS_pwrite64, fd, block, sizeof(block), st.st_size) < 0) {
            abort();
        }
    } else {
        if (syscall(SYS_pread64, fd, block, 1, st.st_size - 41) != 1) {
            abort();
        }
        block[0] = (char)~block[0];
        if (syscall(SYS_pwrite64, fd, block, 1, st.st_size - 41) != 1) {
            abort();
        }
    }
}

/*
 * Counts a call. When it is the one: does what needs no part in it, and returns the errno that it fails
 * with, or -1 for a short one. 0: it is made as it stands.
 */
static int fault(enum fault_class class, const char *name)
{
    int saved = errno;
    long n;

    if (!plan.armed || in_shim) {
        return 0;
    }
    counts[class]++;
    if ((plan.classes & BIT(class)) == 0) {
        return 0;
    }
    n = ++matched;
    if (n < plan.at || (n > plan.at && !plan.onwards)) {
        return 0;
    }
    if (n == plan.at) {
        note("hit", name);
    }
    if (plan.kind == KIND_ERRNO) {
        return plan.value;
    }
    if (plan.kind == KIND_SHORT) {
        return -1;
    }
    if (plan.kind == KIND_SIGNAL) {
        kill(getpid(), plan.value);
    } else if (plan.kind != KIND_DEAD && class != MAP) {
        input_alter();
    }
    errno = saved;
    return 0;
}

static bool fails(enum fault_class class, const char *name)
{
    int sys = fault(class, name);

    if (sys > 0) {
        errno = sys;
    }
    return sys > 0;
}

/* "malloc of libc.so.6", for the call that is going to fail. */
static const char *name_of(const char *name, const void *caller)
{
    static char text[128];
    Dl_info info;
    const char *slash;

    if (matched + 1 != plan.at || dladdr(caller, &info) == 0) {
        return name;
    }
    slash = strrchr(info.dli_fname, '/');
    snprintf(text, sizeof(text), "%s of %s", name, slash == NULL ? info.dli_fname : slash + 1);
    return text;
}

static bool alloc_fails(const char *name, const void *caller)
{
    enum fault_class class;

    if (!plan.armed || in_shim) {
        return false;
    }
    class = pthread_equal(pthread_self(), main_thread) != 0 ? ALLOC : TALLOC;
    in_shim = true;
    if (plan.counting && class == ALLOC) {
        count_caller(caller);
    }
    if ((plan.classes & BIT(class)) != 0) {
        name = name_of(name, caller);
    }
    in_shim = false;
    return fails(class, name);
}

#define CALLER __builtin_extract_return_addr(__builtin_return_address(0))

/* --------------------------------------------------------------------------------------- allocation --- */

/* dlsym may allocate before it has found an allocator. */
static char early[4096];
static size_t early_used;

static void *early_alloc(size_t len)
{
    void *got = early + early_used;

    len = (len + 15) / 16 * 16;
    if (len > sizeof(early) - early_used) {
        abort();
    }
    early_used += len;
    return got;
}

static bool is_early(const void *bytes)
{
    return (const char *)bytes >= early && (const char *)bytes < early + sizeof(early);
}

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void (*real_free)(void *);

static bool allocator_known(void)
{
    static bool looking;

    if (real_free != NULL) {
        return true;
    }
    if (looking) {
        return false;
    }
    looking = true;
    real_malloc = NEXT(malloc);
    real_calloc = NEXT(calloc);
    real_realloc = NEXT(realloc);
    real_free = NEXT(free);
    return true;
}

void *malloc(size_t len)
{
    if (!allocator_known()) {
        return early_alloc(len);
    }
    return alloc_fails("malloc", CALLER) ? NULL : real_malloc(len);
}

void *calloc(size_t count, size_t len)
{
    if (!allocator_known()) {
        return early_alloc(count * len);
    }
    return alloc_fails("calloc", CALLER) ? NULL : real_calloc(count, len);
}

void *realloc(void *bytes, size_t len)
{
    if (!allocator_known()) {
        abort();
    }
    return alloc_fails("realloc", CALLER) ? NULL : real_realloc(bytes, len);
}

void *reallocarray(void *bytes, size_t count, size_t len)
{
    size_t all;

    if (__builtin_mul_overflow(count, len, &all)) {
        errno = ENOMEM;
        return NULL;
    }
    return alloc_fails("reallocarray", CALLER) ? NULL : real_realloc(bytes, all);
}

void free(void *bytes)
{
    if (allocator_known() && !is_early(bytes)) {
        real_free(bytes);
    }
}

void *aligned_alloc(size_t align, size_t len)
{
    return alloc_fails("aligned_alloc", CALLER) ? NULL : NEXT(aligned_alloc)(align, len);
}

int posix_memalign(void **bytes, size_t align, size_t len)
{
    return alloc_fails("posix_memalign", CALLER) ? ENOMEM : NEXT(posix_memalign)(bytes, align, len);
}

/* Of its own, because a sanitizer's strdup does not come by malloc. */
static char *copy(const char *text, size_t len)
{
    char *got = real_malloc(len + 1);

    if (got != NULL) {
        memcpy(got, text, len);
        got[len] = '\0';
    }
    return got;
}

char *strdup(const char *text)
{
    return !allocator_known() || alloc_fails("strdup", CALLER) ? NULL : copy(text, strlen(text));
}

char *strndup(const char *text, size_t max)
{
    return !allocator_known() || alloc_fails("strndup", CALLER) ? NULL
                                                                : copy(text, strnlen(text, max));
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
    int sys = fault(THREAD, "pthread_create");

    return sys > 0 ? sys : NEXT(pthread_create)(thread, attr, start, arg);
}

/* The names that _FILE_OFFSET_BITS=64 gives these calls; a long of 64 bits makes them the same. */
_Static_assert(sizeof(off_t) == 8, "the calls without 64 take 64 bits");
#define ALSO(name, function) __asm__(".globl " #name "\n.set " #name ", " #function)
ALSO(open64, open);
ALSO(openat64, openat);
ALSO(fopen64, fopen);
ALSO(stat64, stat);
ALSO(lstat64, lstat);
ALSO(fstat64, fstat);
ALSO(fstatat64, fstatat);
ALSO(lseek64, lseek);
ALSO(pread64, pread);
ALSO(pwrite64, pwrite);
ALSO(mmap64, mmap);
ALSO(fallocate64, fallocate);
ALSO(posix_fallocate64, posix_fallocate);
ALSO(ftruncate64, ftruncate);

/* ------------------------------------------------------------------------------- opening and looking --- */

static bool is_created(int fd)
{
    return fd >= 0 && fd < 1024 && (created[fd / 64] >> (fd % 64) & 1) != 0;
}

static int keep_created(int fd, int flags)
{
    if (fd >= 0 && fd < 1024 && (flags & (O_CREAT | O_TMPFILE)) != 0 && (flags & O_ACCMODE) != 0) {
        created[fd / 64] |= 1ull << (fd % 64);
    }
    return fd;
}

static enum fault_class open_class(int flags)
{
    bool makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;

    return makes ? CREATE : OPEN;
}

static int open_at(const char *name, int dir_fd, const char *path, int flags, mode_t mode)
{
    if (plan.named && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    if (fails(open_class(flags), name)) {
        return -1;
    }
    return keep_created((int)syscall(SYS_openat, dir_fd, path, flags, mode), flags);
}

#define MODE_OF(flags)                                                \
    mode_t mode = 0;                                                  \
    if (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE) { \
        va_list args;                                                 \
        va_start(args, flags);                                        \
        mode = va_arg(args, mode_t);                                  \
        va_end(args);                                                 \
    }

int open(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at("open", AT_FDCWD, path, flags, mode);
}

int openat(int dir_fd, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at("openat", dir_fd, path, flags, mode);
}

DIR *opendir(const char *path)
{
    return fails(OPEN, "opendir") ? NULL : NEXT(opendir)(path);
}

FILE *fopen(const char *path, const char *mode)
{
    return fails(OPEN, "fopen") ? NULL : NEXT(fopen)(path, mode);
}

int stat(const char *path, struct stat *st)
{
    return fails(LOOK, "stat") ? -1 : NEXT(stat)(path, st);
}

int lstat(const char *path, struct stat *st)
{
    return fails(LOOK, "lstat") ? -1 : NEXT(lstat)(path, st);
}

int fstat(int fd, struct stat *st)
{
    return fails(LOOK, "fstat") ? -1 : NEXT(fstat)(fd, st);
}

int fstatat(int dir_fd, const char *path, struct stat *st, int flags)
{
    return fails(LOOK, "fstatat") ? -1 : NEXT(fstatat)(dir_fd, path, st, flags);
}

off_t lseek(int fd, off_t off, int whence)
{
    return fails(LOOK, "lseek") ? -1 : NEXT(lseek)(fd, off, whence);
}

int access(const char *path, int mode)
{
    return fails(LOOK, "access") ? -1 : NEXT(access)(path, mode);
}

char *realpath(const char *restrict path, char *restrict resolved)
{
    return fails(LOOK, "realpath") ? NULL : NEXT(realpath)(path, resolved);
}

/* ------------------------------------------------------------------------------------------ reading --- */

ssize_t read(int fd, void *bytes, size_t len)
{
    int sys = fault(READ, fd == STDIN_FILENO ? "read of standard input" : "read");

    if (sys > 0) {
        errno = sys;
        return -1;
    }
    return NEXT(read)(fd, bytes, sys < 0 && len > 1 ? len / 2 : len);
}

ssize_t pread(int fd, void *bytes, size_t len, off_t off)
{
    int sys = fault(READ, "pread");

    if (sys > 0) {
        errno = sys;
        return -1;
    }
    return NEXT(pread)(fd, bytes, sys < 0 && len > 1 ? len / 2 : len, off);
}

ssize_t getrandom(void *bytes, size_t len, unsigned flags)
{
    int sys = fault(READ, "getrandom");

    if (sys > 0) {
        errno = sys;
        return -1;
    }
    return NEXT(getrandom)(bytes, sys < 0 && len > 1 ? len / 2 : len, flags);
}

/* A mapping of nothing in the place of one page: reading it is what a page that no disk gives is like. */
static void kill_page(char *base, size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), at = (size_t)plan.value;

    if (at * page >= len ||
        (void *)syscall(SYS_mmap, base + at * page, page, PROT_READ, MAP_PRIVATE | MAP_FIXED,
                        plan.empty_fd, 0) != base + at * page) {
        abort();
    }
}

void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t off)
{
    long before = matched;
    void *got;

    if (fd < 0) {
        return NEXT(mmap)(at, len, prot, flags, fd, off);
    }
    if (fails(MAP, "mmap")) {
        return MAP_FAILED;
    }
    got = NEXT(mmap)(at, len, prot, flags, fd, off);
    if (plan.counting) {
        char text[64];

        snprintf(text, sizeof(text), "%ld %zu", counts[ALLOC], len);
        note("mapped", text);
    }
    if (plan.armed && matched == plan.at && before != matched && got != MAP_FAILED) {
        if (plan.kind == KIND_DEAD) {
            kill_page(got, len);
        } else if (plan.kind >= KIND_SHRINK) {
            input_alter();
        }
    }
    return got;
}

/* ------------------------------------------------------------------------------------------ writing --- */

/* The class of a write to fd; CLASS_COUNT: none, standard error. */
static enum fault_class write_class(int fd)
{
    return fd == STDOUT_FILENO ? STDOUT : fd > STDERR_FILENO ? WRITE : CLASS_COUNT;
}

/* 0: make the call with *len bytes; -1: it has failed, errno is set. */
static int write_fault(int fd, const char *name, size_t *len)
{
    enum fault_class class = write_class(fd);
    int sys = class == CLASS_COUNT ? 0 : fault(class, name);

    if (sys < 0 && *len > 1) {
        *len /= 2;
    }
    if (sys > 0) {
        errno = sys;
    }
    return sys > 0 ? -1 : 0;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    return write_fault(fd, "write", &len) != 0 ? -1 : NEXT(write)(fd, bytes, len);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t off)
{
    return write_fault(fd, "pwrite", &len) != 0 ? -1 : NEXT(pwrite)(fd, bytes, len, off);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    struct iovec first = count > 0 ? parts[0] : (struct iovec){0};
    size_t len = first.iov_len;

    if (write_fault(fd, "writev", &len) != 0) {
        return -1;
    }
    if (len == first.iov_len) {
        return NEXT(writev)(fd, parts, count);
    }
    first.iov_len = len;
    return NEXT(writev)(fd, &first, 1);
}

ssize_t copy_file_range(int from, off_t *from_off, int to, off_t *to_off, size_t len,
                        unsigned flags)
{
    return write_fault(to, "copy_file_range", &len) != 0
               ? -1
               : NEXT(copy_file_range)(from, from_off, to, to_off, len, flags);
}

int posix_fallocate(int fd, off_t off, off_t len)
{
    int sys = fault(SPACE, "posix_fallocate");

    return sys > 0 ? sys : NEXT(posix_fallocate)(fd, off, len);
}

int fallocate(int fd, int mode, off_t off, off_t len)
{
    return fails(SPACE, "fallocate") ? -1 : NEXT(fallocate)(fd, mode, off, len);
}

int ftruncate(int fd, off_t len)
{
    return fails(SPACE, "ftruncate") ? -1 : NEXT(ftruncate)(fd, len);
}

int fsync(int fd)
{
    return fails(SYNC, "fsync") ? -1 : NEXT(fsync)(fd);
}

int fdatasync(int fd)
{
    return fails(SYNC, "fdatasync") ? -1 : NEXT(fdatasync)(fd);
}

/* Linux gives the descriptor back also when close fails. */
int close(int fd)
{
    bool ours = is_created(fd), failed = ours && fails(CLOSE, "close");
    int saved = errno, done;

    if (ours) {
        created[fd / 64] &= ~(1ull << (fd % 64));
    }
    done = NEXT(close)(fd);
    if (!failed) {
        return done;
    }
    errno = saved;
    return -1;
}

/* -------------------------------------------------------------------------------------------- names --- */

int mkdir(const char *path, mode_t mode)
{
    return fails(NAME, "mkdir") ? -1 : NEXT(mkdir)(path, mode);
}

char *mkdtemp(char *pattern)
{
    return fails(NAME, "mkdtemp") ? NULL : NEXT(mkdtemp)(pattern);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    return fails(NAME, "linkat") ? -1 : NEXT(linkat)(from_fd, from, to_fd, to, flags);
}

int rename(const char *from, const char *to)
{
    return fails(NAME, "rename") ? -1 : NEXT(rename)(from, to);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    return fails(NAME, "renameat") ? -1 : NEXT(renameat)(from_fd, from, to_fd, to);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    return fails(NAME, "renameat2") ? -1 : NEXT(renameat2)(from_fd, from, to_fd, to, flags);
}
