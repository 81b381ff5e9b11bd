/*
 * test_source.c - files, streams and standard input as sources; mapped reads that fail.
 */
#include "scratch.h"
#include "source/source.h"
#include "source/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    NOISE_LEN = 300001
};

static uint8_t noise[NOISE_LEN];

static int noise_make(void **state)
{
    (void)state;
    scratch_noise(noise, sizeof(noise));
    return 0;
}

static void assert_fails(const char *path, const struct ss_open_opts *opts, enum ss_code code,
                         int sys, const char *message)
{
    struct ss_source src;
    struct ss_error err;

    assert_int_equal(ss_source_open(&src, path, opts, NULL, &err), SS_SYSTEM);
    assert_int_equal(err.code, code);
    assert_int_equal(err.sys, sys);
    assert_int_equal(err.off, SS_NONE);
    assert_string_equal(err.message, message);
    assert_int_equal(src.fd, -1);
    assert_false(src.mapped);
}

static void assert_bytes(const struct ss_source *src, const void *bytes, size_t len)
{
    struct ss_span span = ss_source_span(src);

    assert_int_equal(src->len, len);
    assert_int_equal(span.len, len);
    assert_int_equal(span.off, 0);
    assert_memory_equal(span.ptr, bytes, len);
}

static void test_regular_file(void **state)
{
    struct ss_source src;
    struct ss_error err;
    struct stat st;

    (void)state;
    scratch_write("file", noise, NOISE_LEN);
    assert_int_equal(stat("file", &st), 0);
    assert_int_equal(ss_source_open(&src, "file", NULL, NULL, &err), SS_OK);
    assert_bytes(&src, noise, NOISE_LEN);
    assert_string_equal(src.name, "file");
    assert_string_equal(src.packing, "none");
    assert_null(src.member);
    assert_false(src.spooled);
    assert_true(src.mapped);
    assert_int_equal(src.packed_len, NOISE_LEN);
    assert_int_equal(src.dev, st.st_dev);
    assert_int_equal(src.ino, st.st_ino);
    assert_int_equal(fcntl(src.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    assert_int_equal(fcntl(src.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(ss_source_check(&src, SS_END, &err), SS_END);
    ss_source_close(&src);
    assert_int_equal(src.fd, -1);
}

static void test_memory(void **state)
{
    struct ss_source src;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_source_open_memory(&src, noise, 1000, "mem", &err), SS_OK);
    assert_ptr_equal(src.base, noise);
    assert_bytes(&src, noise, 1000);
    assert_int_equal(src.fd, -1);
    assert_int_equal(src.ino, 0);
    ss_source_close(&src);
    assert_int_equal(ss_source_open_memory(&src, NULL, 0, "none", &err), SS_OK);
    assert_non_null(src.base);
    assert_bytes(&src, "", 0);
    ss_source_close(&src);
}

static void test_empty(void **state)
{
    static const char *const names[] = {"empty", "/dev/null"};
    struct ss_error err;

    (void)state;
    scratch_write("empty", "", 0);
    for (size_t i = 0; i < 2; i++) {
        struct ss_source src;

        assert_int_equal(ss_source_open(&src, names[i], NULL, NULL, &err), SS_OK);
        assert_non_null(src.base);
        assert_bytes(&src, "", 0);
        assert_int_equal(src.spooled, i == 1);
        assert_int_equal(ss_source_sniff(&src), SS_KIND_EMPTY);
        ss_source_close(&src);
    }
}

static void test_cannot_open(void **state)
{
    struct ss_open_opts no_tmp = {.tmp_dir = "no/tmp"};

    (void)state;
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(symlink("loop", "loop"), 0);
    scratch_write("file", "x", 1);
    assert_fails("missing", NULL, SS_E_IO, ENOENT,
                 "missing cannot be opened: No such file or directory");
    assert_fails("file/x", NULL, SS_E_IO, ENOTDIR, "file/x cannot be opened: Not a directory");
    assert_fails("a\x1b[2J", NULL, SS_E_IO, ENOENT,
                 "a\\x1b[2J cannot be opened: No such file or directory");
    assert_fails("folder", NULL, SS_E_IO, EISDIR,
                 "folder cannot be read as a file; of a member's data directory the database is "
                 "member/snap/db: Is a directory");
    assert_fails("loop", NULL, SS_E_IO, ELOOP,
                 "loop cannot be opened: Too many levels of symbolic links");
    assert_fails(
        "/dev/null", &no_tmp, SS_E_OUTPUT, ENOENT,
        "no temporary file can be made in no/tmp (TMPDIR names another folder): No such file "
        "or directory");
    assert_int_equal(setenv("TMPDIR", "no/env", 1), 0);
    assert_fails(
        "/dev/null", NULL, SS_E_OUTPUT, ENOENT,
        "no temporary file can be made in no/env (TMPDIR names this folder): No such file or "
        "directory");
    assert_int_equal(unsetenv("TMPDIR"), 0);
}

/* A file of /proc has a size of 0, and bytes all the same. */
static void test_proc_file(void **state)
{
    struct ss_source src;
    struct ss_error err;
    struct stat status;

    (void)state;
    assert_int_equal(stat("/proc/self/status", &status), 0);
    assert_int_equal(status.st_size, 0);
    assert_int_equal(ss_source_open(&src, "/proc/self/status", NULL, NULL, &err), SS_OK);
    assert_true(src.spooled);
    assert_true(src.len > 100);
    assert_memory_equal(src.base, "Name:", 5);
    assert_int_equal(ss_source_sniff(&src), SS_KIND_TEXT);
    ss_source_close(&src);
}

/* 64 GB (ThreadSanitizer maps no 6 TB), of which four bytes are there: what lies in holes is passed over. */
static void test_holes(void **state)
{
    const off_t len = INT64_C(64) << 30, at = INT64_C(32) << 30;
    struct ss_source src;
    struct ss_error err;
    int fd = open("sparse", O_CREAT | O_RDWR, 0600);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, len), 0);
    assert_int_equal(pwrite(fd, "data", 4, at + 9), 4);
    close(fd);
    assert_int_equal(ss_source_open(&src, "sparse", NULL, NULL, &err), SS_OK);
    assert_int_equal(src.len, len);
    assert_int_equal(ss_source_sniff(&src), SS_KIND_ZEROES);
    assert_int_equal(ss_source_not_zero(&src, 4096, (uint64_t)len), at + 9);
    assert_int_equal(ss_source_not_zero(&src, 4096, (uint64_t)at + 9), at + 9);
    assert_int_equal(ss_source_not_zero(&src, 4096, (uint64_t)at), at);
    assert_int_equal(ss_source_not_zero(&src, (uint64_t)at + 10, (uint64_t)len), at + 10);
    assert_int_equal(ss_source_not_zero(&src, (uint64_t)at + 13, (uint64_t)len), len);
    assert_int_equal(ss_source_data(&src, (uint64_t)at + 65536, (uint64_t)len), len);
    assert_int_equal(ss_source_data(&src, 7, 7), 7);
    ss_source_close(&src);
}

static void test_no_permission(void **state)
{
    uid_t self = geteuid();

    (void)state;
    scratch_write("secret", "x", 1);
    assert_int_equal(chmod("secret", 0), 0);
    assert_int_equal(chmod(".", 0755), 0);
    if (self == 0) {
        assert_int_equal(seteuid(65534), 0);
    }
    assert_fails("secret", NULL, SS_E_IO, EACCES, "secret cannot be opened: Permission denied");
    assert_int_equal(seteuid(self), 0);
}

/* Somebody else's file: O_NOATIME is refused with EPERM, and the file opened without it. */
static void test_not_the_owner(void **state)
{
    struct ss_source src;
    struct ss_error err;
    enum ss_status status;

    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    scratch_write("theirs", noise, 5000);
    assert_int_equal(chmod("theirs", 0644), 0);
    assert_int_equal(chmod(".", 0755), 0);
    assert_int_equal(seteuid(65534), 0);
    assert_int_equal(open("theirs", O_RDONLY | O_NOATIME), -1);
    assert_int_equal(errno, EPERM);
    status = ss_source_open(&src, "theirs", NULL, NULL, &err);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(status, SS_OK);
    assert_bytes(&src, noise, 5000);
    ss_source_close(&src);
}

struct feed {
    const char *fifo;
    size_t len;
};

/* Writes uneven pieces, so that the reader gets short reads. */
static void *feed_run(void *arg)
{
    const struct feed *feed = arg;
    int fd = open(feed->fifo, O_WRONLY);
    size_t step = 1;

    for (size_t pos = 0; pos < feed->len; step = step * 3 % 70001 + 1) {
        size_t n = feed->len - pos < step ? feed->len - pos : step;

        if (write(fd, noise + pos, n) != (ssize_t)n) {
            break;
        }
        pos += n;
    }
    close(fd);
    return NULL;
}

static enum ss_status open_fifo_by(struct ss_source *src, const struct ss_open_opts *opts,
                                   const struct ss_call *call, struct ss_error *err)
{
    struct feed feed = {"fifo", NOISE_LEN};
    void (*handler)(int) = signal(SIGPIPE, SIG_IGN);
    enum ss_status status;
    pthread_t thread;

    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(pthread_create(&thread, NULL, feed_run, &feed), 0);
    status = ss_source_open(src, "fifo", opts, call, err);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(unlink("fifo"), 0);
    signal(SIGPIPE, handler);
    return status;
}

static enum ss_status open_fifo(struct ss_source *src, const struct ss_open_opts *opts,
                                struct ss_error *err)
{
    return open_fifo_by(src, opts, NULL, err);
}

static void test_fifo(void **state)
{
    struct ss_open_opts opts = {.tmp_dir = "tmp", .unpacked_limit = NOISE_LEN};
    struct ss_source src;
    struct ss_error err;
    struct stat st;

    (void)state;
    assert_int_equal(mkdir("tmp", 0700), 0);
    assert_int_equal(open_fifo(&src, &opts, &err), SS_OK);
    assert_bytes(&src, noise, NOISE_LEN);
    assert_true(src.spooled);
    assert_int_equal(src.packed_len, 0);
    assert_int_equal(src.ino, 0);
    assert_string_equal(src.packing, "none");
    assert_int_equal(fstat(src.fd, &st), 0);
    assert_int_equal(st.st_nlink, 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(scratch_count("tmp"), 0);
    ss_source_close(&src);

    opts.unpacked_limit = NOISE_LEN - 1;
    assert_int_equal(open_fifo(&src, &opts, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_LIMIT);
    assert_string_equal(err.message, "the input gives more than the 300000 bytes that may be "
                                     "unpacked or copied to a temporary file");
}

struct lender {
    unsigned asked;
    int fd;
};

static int lend(void *ctx)
{
    struct lender *lender = ctx;

    lender->asked++;
    errno = EDQUOT;
    return lender->fd;
}

/* A caller's own temporary file is used, and closed with the source; one that it cannot give is told. */
static void test_lent_file(void **state)
{
    struct lender lender = {.fd = ss_tmp_open(".")};
    struct ss_open_opts opts = {.tmp_dir = "no/tmp", .tmp_open = lend, .tmp_ctx = &lender};
    struct ss_source src;
    struct ss_error err;
    struct stat st;

    (void)state;
    assert_true(lender.fd >= 0);
    assert_int_equal(fstat(lender.fd, &st), 0);
    assert_int_equal(st.st_nlink, 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(open_fifo(&src, &opts, &err), SS_OK);
    assert_bytes(&src, noise, NOISE_LEN);
    assert_int_equal(src.fd, lender.fd);
    assert_int_equal(lender.asked, 1);
    ss_source_close(&src);
    assert_int_equal(fcntl(lender.fd, F_GETFD), -1);

    lender.fd = -1;
    assert_fails(
        "/dev/null", &opts, SS_E_OUTPUT, EDQUOT,
        "no temporary file can be made in no/tmp (TMPDIR names another folder): Disk quota "
        "exceeded");
    assert_int_equal(lender.asked, 2);
    assert_int_equal(ss_tmp_open("no/tmp"), -1);
    assert_int_equal(errno, ENOENT);
}

static bool stop_at(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    uint64_t *last = ctx;

    if (strcmp(phase, "opening") == 0) {
        return true;
    }
    assert_string_equal(phase, "reading");
    assert_int_equal(total, 0);
    assert_true(done > *last);
    *last = done;
    return done < 100000;
}

static void test_cancelled(void **state)
{
    uint64_t last = 0;
    const struct ss_call call = {.progress = stop_at, .progress_ctx = &last};
    struct ss_source src;
    struct ss_error err;

    (void)state;
    assert_int_equal(open_fifo_by(&src, NULL, &call, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_CANCELLED);
    assert_string_equal(err.message, "cancelled while reading");
    assert_true(last >= 100000);
}

/* Gaps are holes, also before nothing; the limit counts them. */
static void test_spool_holes(void **state)
{
    static const struct ss_open_opts opts = {.unpacked_limit = 1000000};
    struct ss_spool spool;
    struct ss_error err;
    struct stat st;

    (void)state;
    assert_int_equal(ss_spool_open(&spool, &opts, ss_call_or_none(NULL), &err), SS_OK);
    assert_int_equal(ss_spool_put(&spool, "x", 1, 500000, &err), SS_OK);
    assert_int_equal(spool.len, 500001);
    assert_int_equal(ss_spool_put(&spool, "y", 1, 7, &err), SS_OK);
    assert_int_equal(spool.len, 500001);
    assert_int_equal(ss_spool_put(&spool, NULL, 0, 1000000, &err), SS_OK);
    assert_int_equal(spool.len, 1000000);
    assert_int_equal(ss_spool_extend(&spool, 10, &err), SS_OK);
    assert_int_equal(fstat(spool.fd, &st), 0);
    assert_int_equal(st.st_size, 1000000);
    assert_int_equal(ss_spool_put(&spool, NULL, 0, 1000001, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_LIMIT);
    assert_int_equal(ss_spool_put(&spool, "xy", 2, 999999, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_LIMIT);
    assert_int_equal(ss_spool_put(&spool, "x", 1, UINT64_MAX, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_LIMIT);
    assert_int_equal(ss_spool_extend(&spool, 1000001, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_LIMIT);
    assert_int_equal(spool.len, 1000000);
    ss_spool_close(&spool);
}

/* The spool's disk is full: here, the limit on file sizes. */
static void test_spool_full(void **state)
{
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    struct rlimit before, small;
    struct ss_open_opts opts = {.tmp_dir = "."};
    struct ss_source src;
    struct ss_error err;
    enum ss_status status;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 65536;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    status = open_fifo(&src, &opts, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, SS_SYSTEM);
    assert_int_equal(err.code, SS_E_OUTPUT);
    assert_int_equal(err.sys, EFBIG);
    assert_string_equal(err.message,
                        "the temporary file in . (TMPDIR names another folder) cannot be "
                        "written: File too large");
}

/* Runs ss_source_open("-") with fd as standard input. */
static enum ss_status open_stdin(struct ss_source *src, int fd, struct ss_error *err)
{
    int saved = dup(STDIN_FILENO);
    enum ss_status status;

    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    status = ss_source_open(src, "-", NULL, NULL, err);
    if (saved >= 0) {
        assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
        close(saved);
    } else {
        close(STDIN_FILENO);
    }
    return status;
}

/* From where it stands on; its position, which others share, is left alone. */
static void test_stdin_redirected(void **state)
{
    struct ss_source src;
    struct ss_error err;
    struct stat st;
    int fd;

    (void)state;
    scratch_write("file", noise, NOISE_LEN);
    fd = open("file", O_RDONLY);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(open_stdin(&src, fd, &err), SS_OK);
    assert_bytes(&src, noise, NOISE_LEN);
    assert_false(src.spooled);
    assert_string_equal(src.name, "-");
    assert_int_equal(src.ino, st.st_ino);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
    ss_source_close(&src);

    assert_int_equal(lseek(fd, 12345, SEEK_SET), 12345);
    assert_int_equal(open_stdin(&src, fd, &err), SS_OK);
    assert_bytes(&src, noise + 12345, NOISE_LEN - 12345);
    assert_true(src.spooled);
    assert_int_equal(src.packed_len, 0);
    assert_int_equal(src.ino, st.st_ino);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 12345);
    ss_source_close(&src);
    close(fd);
}

static void test_stdin_pipe(void **state)
{
    struct ss_source src;
    struct ss_error err;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(write(ends[1], noise, 4000), 4000);
    close(ends[1]);
    assert_int_equal(open_stdin(&src, ends[0], &err), SS_OK);
    assert_bytes(&src, noise, 4000);
    assert_true(src.spooled);
    ss_source_close(&src);
    close(ends[0]);
}

/* Non-blocking, with a writer that comes late. */
static void test_stdin_nonblocking(void **state)
{
    struct feed feed = {"fifo", NOISE_LEN};
    struct ss_source src;
    struct ss_error err;
    pthread_t thread;
    int fd;

    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(pthread_create(&thread, NULL, feed_run, &feed), 0);
    fd = open("fifo", O_RDONLY);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(open_stdin(&src, fd, &err), SS_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_bytes(&src, noise, NOISE_LEN);
    ss_source_close(&src);
    close(fd);
}

static void assert_times(const char *name, const struct stat *want)
{
    struct stat have;

    assert_int_equal(stat(name, &have), 0);
    assert_memory_equal(&have.st_atim, &want->st_atim, sizeof(have.st_atim));
    assert_memory_equal(&have.st_mtim, &want->st_mtim, sizeof(have.st_mtim));
    assert_memory_equal(&have.st_ctim, &want->st_ctim, sizeof(have.st_ctim));
    assert_int_equal(have.st_size, want->st_size);
}

/* Access time before the modification time: any read that counts would move it, relatime or not. */
static void test_times_stay(void **state)
{
    const struct timespec times[2] = {{.tv_sec = 978307200}, {.tv_sec = 1600000000}};
    struct ss_source src;
    struct ss_error err;
    struct stat before;
    uint8_t *after;
    int fd;

    (void)state;
    scratch_write("file", noise, NOISE_LEN);
    assert_int_equal(utimensat(AT_FDCWD, "file", times, 0), 0);
    assert_int_equal(stat("file", &before), 0);
    assert_int_equal(ss_source_open(&src, "file", NULL, NULL, &err), SS_OK);
    assert_bytes(&src, noise, NOISE_LEN);
    ss_source_close(&src);
    assert_times("file", &before);
    fd = open("file", O_RDONLY);
    assert_int_equal(open_stdin(&src, fd, &err), SS_OK);
    assert_bytes(&src, noise, NOISE_LEN);
    ss_source_close(&src);
    assert_int_equal(lseek(fd, 777, SEEK_SET), 777);
    assert_int_equal(open_stdin(&src, fd, &err), SS_OK);
    ss_source_close(&src);
    close(fd);
    assert_times("file", &before);
    after = scratch_read("file", NULL);
    assert_memory_equal(after, noise, NOISE_LEN);
    free(after);
}

static size_t page_len(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Keeps a load that the compiler would drop. */
static uint8_t load(const uint8_t *p)
{
    return *(const volatile uint8_t *)p;
}

/* Installs the guard; cmocka puts its own SIGBUS handler back before each test. */
static void guard_on(void)
{
    static struct sigaction guard;
    static bool known;
    struct ss_error err;

    assert_int_equal(ss_guard_install(&err), SS_OK);
    if (known) {
        assert_int_equal(sigaction(SIGBUS, &guard, NULL), 0);
    } else {
        assert_int_equal(sigaction(SIGBUS, NULL, &guard), 0);
    }
    known = true;
}

/* Cut in the middle of page 5 of 20; the first load behind is in page 9. */
static void test_shrunk_file(void **state)
{
    size_t page = page_len(), len = 20 * page - 7;
    struct ss_source src;
    struct ss_error err;
    char text[1024];
    int ends[2];

    (void)state;
    guard_on();
    assert_true(len <= NOISE_LEN);
    scratch_write("file", noise, len);
    assert_int_equal(ss_source_open(&src, "file", NULL, NULL, &err), SS_OK);
    assert_int_equal(truncate("file", (off_t)(5 * page + page / 2)), 0);
    assert_int_equal(load(src.base + 5 * page), noise[5 * page]);
    assert_int_equal(ss_source_check(&src, SS_OK, &err), SS_OK);

    assert_int_equal(load(src.base + 9 * page + 100), 0);
    assert_int_equal(ss_source_check(&src, SS_OK, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_IO);
    assert_int_equal(err.sys, EIO);
    assert_int_equal(err.off, 9 * page);
    assert_string_equal(err.message,
                        "file shrank or its disk failed while it was read: Input/output error");
    assert_int_equal(ss_source_check(&src, SS_CORRUPT, &err), SS_SYSTEM);

    /* The one fault made all pages behind the end readable: a system call takes them. */
    assert_int_equal(pipe(ends), 0);
    for (size_t i = 6; i < 20; i++) {
        assert_int_equal(write(ends[1], src.base + i * page, 1), 1);
    }
    close(ends[0]);
    close(ends[1]);

    assert_int_equal(load(src.base + 6 * page), 0);
    assert_int_equal(load(src.base + len - 1), 0);
    assert_memory_equal(src.base, noise, 5 * page + page / 2);
    assert_int_equal(ss_source_check(&src, SS_OK, &err), SS_SYSTEM);
    assert_int_equal(err.off, 9 * page);
    snprintf(text, sizeof(text), "%s (offset 0x%zx)", err.message, 9 * page);
    assert_string_equal(ss_error_text(&err, text + 512, 512), text);
    ss_source_close(&src);
}

/* Shrinks twice: what the first fault left readable fails later, and the first place stays. */
static void test_shrunk_twice(void **state)
{
    size_t page = page_len();
    struct ss_source src;
    struct ss_error err;

    (void)state;
    guard_on();
    scratch_write("file", noise, 10 * page);
    assert_int_equal(ss_source_open(&src, "file", NULL, NULL, &err), SS_OK);
    assert_int_equal(truncate("file", (off_t)(8 * page)), 0);
    assert_int_equal(load(src.base + 8 * page), 0);
    assert_int_equal(truncate("file", 0), 0);
    assert_int_equal(load(src.base), 0);
    assert_int_equal(load(src.base + 7 * page), 0);
    assert_int_equal(ss_source_check(&src, SS_OK, &err), SS_SYSTEM);
    assert_int_equal(err.off, 8 * page);
    ss_source_close(&src);
}

/* A system call that reads a lost page gets EFAULT, no signal: the spool makes it a fault like others. */
static void test_shrunk_under_a_write(void **state)
{
    static const struct ss_open_opts opts;
    size_t page = page_len();
    struct ss_spool spool;
    struct ss_source src;
    struct ss_error err;
    uint8_t first = 1;

    (void)state;
    guard_on();
    scratch_write("file", noise, 10 * page);
    assert_int_equal(ss_source_open(&src, "file", NULL, NULL, &err), SS_OK);
    assert_int_equal(ss_spool_open(&spool, &opts, ss_call_or_none(NULL), &err), SS_OK);
    assert_int_equal(truncate("file", (off_t)(3 * page)), 0);
    assert_int_equal(ss_spool_put(&spool, src.base, 10 * page, 0, &err), SS_OK);
    assert_int_equal(spool.len, 10 * page);
    assert_int_equal(pread(spool.fd, &first, 1, (off_t)(3 * page - 1)), 1);
    assert_int_equal(first, noise[3 * page - 1]);
    assert_int_equal(pread(spool.fd, &first, 1, (off_t)(3 * page)), 1);
    assert_int_equal(first, 0);
    assert_int_equal(ss_source_check(&src, SS_OK, &err), SS_SYSTEM);
    assert_int_equal(err.off, 3 * page);
    ss_spool_close(&spool);
    ss_source_close(&src);
}

/* Each file has its own mark, however many are open, and slots are used again. */
static void test_many_files(void **state)
{
    enum {
        FILES = 150,
        BAD = 133
    };
    struct ss_source *src = calloc(FILES, sizeof(*src));
    struct ss_error err;
    char name[16];

    (void)state;
    assert_non_null(src);
    guard_on();
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < FILES; i++) {
            snprintf(name, sizeof(name), "f%d", i);
            scratch_write(name, noise, 2 * page_len());
            assert_int_equal(ss_source_open(&src[i], name, NULL, NULL, &err), SS_OK);
        }
        snprintf(name, sizeof(name), "f%d", BAD);
        assert_int_equal(truncate(name, 0), 0);
        assert_int_equal(load(src[BAD].base + page_len()), 0);
        for (int i = 0; i < FILES; i++) {
            assert_int_equal(ss_source_check(&src[i], SS_OK, &err), i == BAD ? SS_SYSTEM : SS_OK);
            ss_source_close(&src[i]);
        }
    }
    free(src);
}

static sigjmp_buf escape;

static void on_bus(int signo)
{
    (void)signo;
    siglongjmp(escape, 1);
}

static void on_bus_info(int signo, siginfo_t *info, void *context)
{
    (void)context;
    siglongjmp(escape, signo == SIGBUS && info->si_code == BUS_ADRERR ? 2 : 3);
}

/* A mapping that is not snapscope's, over a file without that page. */
static const uint8_t *foreign_page(void)
{
    int fd = open("foreign", O_RDWR | O_CREAT, 0600);

    return mmap(NULL, page_len(), PROT_READ, MAP_SHARED, fd, 0);
}

/*
 * In a child: sets `action` for SIGBUS, installs the guard, then reads a page that is not
 * snapscope's, or gets the signal sent. Gives the child's wait status.
 */
static int in_child(const struct sigaction *action, bool sent)
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit no_core = {0, 0};
        struct ss_error err;
        int way;

        setrlimit(RLIMIT_CORE, &no_core);
        sigaction(SIGBUS, action, NULL);
        if (ss_guard_install(&err) != SS_OK) {
            _exit(90);
        }
        way = sigsetjmp(escape, 1);
        if (way != 0) {
            _exit(way);
        }
        if (sent) {
            raise(SIGBUS);
        } else {
            load(foreign_page());
        }
        _exit(80);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* Runs before the guard is installed in this process: it remembers the handler of that moment. */
static void test_other_faults_are_passed_on(void **state)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    int status;

    (void)state;
    for (int sent = 0; sent < 2; sent++) {
        status = in_child(&action, sent == 1);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGBUS);
    }
    action.sa_handler = SIG_IGN;
    status = in_child(&action, false);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGBUS);
    status = in_child(&action, true);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 80);
    action.sa_handler = on_bus;
    for (int sent = 0; sent < 2; sent++) {
        status = in_child(&action, sent == 1);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 1);
    }
    action = (struct sigaction){.sa_sigaction = on_bus_info, .sa_flags = SA_SIGINFO};
    status = in_child(&action, false);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 2);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_enter, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_other_faults_are_passed_on),
        IN_SCRATCH(test_regular_file),
        IN_SCRATCH(test_memory),
        IN_SCRATCH(test_empty),
        IN_SCRATCH(test_cannot_open),
        IN_SCRATCH(test_proc_file),
        IN_SCRATCH(test_holes),
        IN_SCRATCH(test_no_permission),
        IN_SCRATCH(test_not_the_owner),
        IN_SCRATCH(test_fifo),
        IN_SCRATCH(test_lent_file),
        IN_SCRATCH(test_cancelled),
        IN_SCRATCH(test_spool_holes),
        IN_SCRATCH(test_spool_full),
        IN_SCRATCH(test_stdin_redirected),
        IN_SCRATCH(test_stdin_pipe),
        IN_SCRATCH(test_stdin_nonblocking),
        IN_SCRATCH(test_times_stay),
        IN_SCRATCH(test_shrunk_file),
        IN_SCRATCH(test_shrunk_twice),
        IN_SCRATCH(test_shrunk_under_a_write),
        IN_SCRATCH(test_many_files),
    };

    return cmocka_run_group_tests(tests, noise_make, NULL);
}
