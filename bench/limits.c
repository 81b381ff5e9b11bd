/*
 * limits.c - how fast the bytes of a file can be read and hashed here: what no command can beat.
 *
 *   limits FILE [SCRATCH]
 *
 * The file is read once to bring it into the page cache. Then, best of five rounds: GB a second, seconds, and
 * seconds of the processor, which say more where other work takes turns with this.
 *
 *   touch    one byte of each page of a fresh mapping; by two threads; with the pages ahead populated
 *            (MADV_POPULATE_READ) in steps
 *   sum      of words of 8 bytes: mapped, by two threads, populated by one call first, read() into 256 KiB
 *   SHA-256  (OpenSSL) over bytes at hand, 1 MiB again and again: what the processor can; mapped; mapped and
 *            populated in steps; read() into buffers of several sizes
 *   others   CRC-32C and XXH3, mapped
 *
 * With SCRATCH, a path that is made and removed, also what it costs to write the same bytes there, without
 * and with fsync. A system without MADV_POPULATE_READ (Linux before 5.14) populates nothing.
 */
#include "util/crc32c.h"
#include "util/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#define ROUND_COUNT 5u
#define READ_LEN ((size_t)256 << 10)
#define READ_LEN_MAX ((size_t)1 << 20)
#define WRITE_LEN (1u << 20)
#define PAGE_LEN 4096u

static int fd;
static size_t file_len;
static const char *scratch;
static uint64_t sink;   /* so that no sum is left out */
static size_t step_len; /* of what is populated, or read, at once */

struct part {
    const uint8_t *ptr;
    size_t len;
    uint64_t sum;
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static double seconds(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const uint8_t *map(int flags)
{
    const uint8_t *ptr = mmap(NULL, file_len, PROT_READ, MAP_SHARED | flags, fd, 0);

    if (ptr == MAP_FAILED) {
        fail("mmap");
    }
    madvise((void *)(uintptr_t)ptr, file_len, MADV_SEQUENTIAL);
    return ptr;
}

static void unmap(const uint8_t *ptr)
{
    munmap((void *)(uintptr_t)ptr, file_len);
}

/* Four sums side by side, so that the memory is what is waited for. */
static uint64_t sum_words(const uint8_t *ptr, size_t len)
{
    uint64_t sums[4] = {0}, words[4];

    for (size_t pos = 0; pos + sizeof(words) <= len; pos += sizeof(words)) {
        memcpy(words, ptr + pos, sizeof(words));
        for (unsigned i = 0; i < 4; i++) {
            sums[i] += words[i];
        }
    }
    return sums[0] + sums[1] + sums[2] + sums[3];
}

static uint64_t touch_pages(const uint8_t *ptr, size_t len)
{
    uint64_t sum = 0;

    for (size_t pos = 0; pos < len; pos += PAGE_LEN) {
        sum += ptr[pos];
    }
    return sum;
}

static void *touch_part(void *ctx)
{
    struct part *part = ctx;

    part->sum = touch_pages(part->ptr, part->len);
    return NULL;
}

static void *sum_part(void *ctx)
{
    struct part *part = ctx;

    part->sum = sum_words(part->ptr, part->len);
    return NULL;
}

static void mapped(void)
{
    const uint8_t *ptr = map(0);

    sink += sum_words(ptr, file_len);
    unmap(ptr);
}

static void populated(void)
{
    const uint8_t *ptr = map(MAP_POPULATE);

    sink += sum_words(ptr, file_len);
    unmap(ptr);
}

static void touched(void)
{
    const uint8_t *ptr = map(0);

    sink += touch_pages(ptr, file_len);
    unmap(ptr);
}

/* Runs over both halves of the mapped file at once. */
static void halves(void *(*run)(void *))
{
    const uint8_t *ptr = map(0);
    struct part first = {ptr, file_len / 2, 0};
    struct part second = {ptr + file_len / 2, file_len - file_len / 2, 0};
    pthread_t thread;

    if (pthread_create(&thread, NULL, run, &second) != 0) {
        fail("pthread_create");
    }
    run(&first);
    pthread_join(thread, NULL);
    sink += first.sum + second.sum;
    unmap(ptr);
}

static void two_touch(void)
{
    halves(touch_part);
}

static void two_sum(void)
{
    halves(sum_part);
}

/* Populates the mapping step by step, each just before `use` gets it. */
static void in_steps(void (*use)(const uint8_t *bytes, size_t len))
{
    const uint8_t *ptr = map(0);

    for (size_t pos = 0; pos < file_len; pos += step_len) {
        size_t len = file_len - pos < step_len ? file_len - pos : step_len;

#ifdef MADV_POPULATE_READ
        madvise((void *)(uintptr_t)(ptr + pos), len, MADV_POPULATE_READ);
#endif
        use(ptr + pos, len);
    }
    unmap(ptr);
}

/* The file through a buffer of step_len bytes. */
static void by_read(void (*use)(const uint8_t *bytes, size_t len))
{
    static uint8_t buf[READ_LEN_MAX] __attribute__((aligned(PAGE_LEN)));
    off_t pos = 0;
    ssize_t n;

    while ((n = pread(fd, buf, step_len, pos)) > 0) {
        use(buf, (size_t)n);
        pos += n;
    }
    if (n < 0) {
        fail("pread");
    }
}

static void use_touch(const uint8_t *bytes, size_t len)
{
    sink += touch_pages(bytes, len);
}

static void use_sum(const uint8_t *bytes, size_t len)
{
    sink += sum_words(bytes, len);
}

static void touched_in_steps(void)
{
    in_steps(use_touch);
}

static void read_and_sum(void)
{
    by_read(use_sum);
}

static void write_file(bool sync)
{
    const uint8_t *ptr = map(0);
    int out = open(scratch, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (out < 0) {
        fail(scratch);
    }
    for (size_t pos = 0; pos < file_len;) {
        size_t len = file_len - pos < WRITE_LEN ? file_len - pos : WRITE_LEN;
        ssize_t n = write(out, ptr + pos, len);

        if (n <= 0) {
            fail(scratch);
        }
        pos += (size_t)n;
    }
    if (sync && fsync(out) != 0) {
        fail(scratch);
    }
    close(out);
    unmap(ptr);
}

static void written(void)
{
    write_file(false);
}

static void synced(void)
{
    write_file(true);
}

static struct ss_sha256 sha;

static void use_sha256(const uint8_t *bytes, size_t len)
{
    if (!ss_sha256_update(&sha, bytes, len)) {
        fail("SHA-256");
    }
}

/* One SHA-256 over all that `run` passes on. */
static void hashed(void (*run)(void (*use)(const uint8_t *bytes, size_t len)))
{
    uint8_t digest[SS_SHA256_LEN];

    if (!ss_sha256_init(&sha)) {
        fail("SHA-256");
    }
    run(use_sha256);
    if (!ss_sha256_final(&sha, digest)) {
        fail("SHA-256");
    }
    sink += digest[0];
    ss_sha256_fini(&sha);
}

/* As many bytes as the file has, but the same ones, which lie in the processor's cache. */
static void at_hand(void (*use)(const uint8_t *bytes, size_t len))
{
    static uint8_t bytes[READ_LEN_MAX];

    for (size_t pos = 0; pos < file_len; pos += step_len) {
        use(bytes, file_len - pos < step_len ? file_len - pos : step_len);
    }
}

static void all_mapped(void (*use)(const uint8_t *bytes, size_t len))
{
    const uint8_t *ptr = map(0);

    use(ptr, file_len);
    unmap(ptr);
}

static void sha256_at_hand(void)
{
    hashed(at_hand);
}

static void sha256_mapped(void)
{
    hashed(all_mapped);
}

static void sha256_in_steps(void)
{
    hashed(in_steps);
}

static void sha256_read(void)
{
    hashed(by_read);
}

static void sha256_in_step(void)
{
    const uint8_t *ptr = map(0);
    uint8_t digest[SS_SHA256_LEN];
    struct ss_sha256 a, b;

    if (!ss_sha256_init_two(&a, &b) ||
        !ss_sha256_update_two(&a, ptr, &b, ptr + file_len / 2, file_len / 2) ||
        !ss_sha256_final(&a, digest)) {
        fail("SHA-256");
    }
    sink += digest[0];
    ss_sha256_fini(&a);
    ss_sha256_fini(&b);
    unmap(ptr);
}

static void crc32c(void)
{
    const uint8_t *ptr = map(0);
    struct ss_crc32c crc;

    ss_crc32c_init(&crc);
    ss_crc32c_add(&crc, ptr, file_len);
    sink += ss_crc32c_final(&crc);
    unmap(ptr);
}

static void xxh3(void)
{
    const uint8_t *ptr = map(0);

    sink += XXH3_64bits(ptr, file_len);
    unmap(ptr);
}

static void measure(const char *name, void (*run)(void), size_t step)
{
    double best = 0, best_cpu = 0;

    step_len = step;
    for (unsigned round = 0; round < ROUND_COUNT; round++) {
        double start, took, cpu;

        if (scratch != NULL && unlink(scratch) != 0 && errno != ENOENT) {
            fail(scratch);
        }
        start = seconds(CLOCK_MONOTONIC);
        cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
        run();
        took = seconds(CLOCK_MONOTONIC) - start;
        cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        best = round == 0 || took < best ? took : best;
        best_cpu = round == 0 || cpu < best_cpu ? cpu : best_cpu;
    }
    printf("%-32s %7.2f GB/s %8.3f s %8.3f CPU s\n", name, (double)file_len / best / 1e9, best,
           best_cpu);
    fflush(stdout);
}

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static const struct {
    const char *name;
    void (*run)(void);
    size_t step;
    bool writes;
} loops[] = {
    {"map and touch each page", touched, 0, false},
    {"map and touch, two threads", two_touch, 0, false},
    {"map, populate 2 MiB, touch", touched_in_steps, 2 * MIB, false},
    {"map, populate 8 MiB, touch", touched_in_steps, 8 * MIB, false},
    {"read() 256 KiB and sum", read_and_sum, READ_LEN, false},
    {"map and sum", mapped, 0, false},
    {"map, populate all and sum", populated, 0, false},
    {"map and sum, two threads", two_sum, 0, false},
    {"SHA-256 of bytes at hand", sha256_at_hand, READ_LEN_MAX, false},
    {"map and SHA-256", sha256_mapped, 0, false},
    {"map, populate 2 MiB, SHA-256", sha256_in_steps, 2 * MIB, false},
    {"map, populate 8 MiB, SHA-256", sha256_in_steps, 8 * MIB, false},
    {"read() 16 KiB and SHA-256", sha256_read, 16 * KIB, false},
    {"read() 64 KiB and SHA-256", sha256_read, 64 * KIB, false},
    {"read() 256 KiB and SHA-256", sha256_read, READ_LEN, false},
    {"read() 1 MiB and SHA-256", sha256_read, READ_LEN_MAX, false},
    {"map and SHA-256, both halves", sha256_in_step, 0, false},
    {"map and CRC-32C", crc32c, 0, false},
    {"map and XXH3", xxh3, 0, false},
    {"write", written, 0, true},
    {"write and sync", synced, 0, true},
};

int main(int argc, char **argv)
{
    struct stat facts;

    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: limits FILE [SCRATCH]\n");
        return 2;
    }
    fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &facts) != 0) {
        fail(argv[1]);
    }
    if (facts.st_size <= 0) {
        fprintf(stderr, "limits: %s is empty\n", argv[1]);
        return 2;
    }
    file_len = (size_t)facts.st_size;
    scratch = argv[2];
    step_len = READ_LEN;
    read_and_sum();
    for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
        if (!loops[i].writes || scratch != NULL) {
            measure(loops[i].name, loops[i].run, loops[i].step);
        }
    }
    if (scratch != NULL) {
        unlink(scratch);
    }
    printf("%s", sink == 0 ? "nothing was read\n" : "");
    return 0;
}
