/*
 * limits.c - how fast the bytes of a file can be read and hashed here: what no command can beat.
 *
 *   limits FILE [SCRATCH]
 *
 * The file is read once to bring it into the page cache. Then, best of five rounds, GB a second and the
 * seconds for this file: mapped and summed by words of 8 bytes, by one thread and by two; mapped with all
 * pages populated by one call first; read() into 256 KiB; one byte of each page; and over the mapped bytes
 * SHA-256 (OpenSSL; and of both halves in step, by one thread), CRC-32C and XXH3. With SCRATCH, a path that is made and removed, also what it costs to
 * write the same bytes there, without and with fsync.
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
#define READ_LEN (256u << 10)
#define WRITE_LEN (1u << 20)
#define PAGE_LEN 4096u

static int fd;
static size_t file_len;
static const char *scratch;
static uint64_t sink; /* so that no sum is left out */

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

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const uint8_t *map(int flags)
{
    const uint8_t *ptr = mmap(NULL, file_len, PROT_READ, MAP_SHARED | flags, fd, 0);

    if (ptr == MAP_FAILED)
        fail("mmap");
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
        for (unsigned i = 0; i < 4; i++)
            sums[i] += words[i];
    }
    return sums[0] + sums[1] + sums[2] + sums[3];
}

static uint64_t touch_pages(const uint8_t *ptr, size_t len)
{
    uint64_t sum = 0;

    for (size_t pos = 0; pos < len; pos += PAGE_LEN)
        sum += ptr[pos];
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

    if (pthread_create(&thread, NULL, run, &second) != 0)
        fail("pthread_create");
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

static void by_read(void)
{
    static uint8_t buf[READ_LEN];
    ssize_t n;

    if (lseek(fd, 0, SEEK_SET) != 0)
        fail("lseek");
    while ((n = read(fd, buf, sizeof(buf))) > 0)
        sink += sum_words(buf, (size_t)n);
    if (n < 0)
        fail("read");
}

static void write_file(bool sync)
{
    const uint8_t *ptr = map(0);
    int out = open(scratch, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (out < 0)
        fail(scratch);
    for (size_t pos = 0; pos < file_len;) {
        size_t len = file_len - pos < WRITE_LEN ? file_len - pos : WRITE_LEN;
        ssize_t n = write(out, ptr + pos, len);

        if (n <= 0)
            fail(scratch);
        pos += (size_t)n;
    }
    if (sync && fsync(out) != 0)
        fail(scratch);
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

static void sha256(void)
{
    const uint8_t *ptr = map(0);
    uint8_t digest[SS_SHA256_LEN];
    struct ss_sha256 sha;

    if (!ss_sha256_init(&sha) || !ss_sha256_update(&sha, ptr, file_len) ||
        !ss_sha256_final(&sha, digest))
        fail("SHA-256");
    sink += digest[0];
    ss_sha256_fini(&sha);
    unmap(ptr);
}

static void sha256_in_step(void)
{
    const uint8_t *ptr = map(0);
    uint8_t digest[SS_SHA256_LEN];
    struct ss_sha256 a, b;

    if (!ss_sha256_init_two(&a, &b) ||
        !ss_sha256_update_two(&a, ptr, &b, ptr + file_len / 2, file_len / 2) ||
        !ss_sha256_final(&a, digest))
        fail("SHA-256");
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

static void measure(const char *name, void (*run)(void))
{
    double best = 0;

    for (unsigned round = 0; round < ROUND_COUNT; round++) {
        double start, took;

        if (scratch != NULL && unlink(scratch) != 0 && errno != ENOENT)
            fail(scratch);
        start = seconds();
        run();
        took = seconds() - start;
        best = round == 0 || took < best ? took : best;
    }
    printf("%-32s %7.2f GB/s %8.3f s\n", name, (double)file_len / best / 1e9, best);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct stat facts;

    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: limits FILE [SCRATCH]\n");
        return 2;
    }
    fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &facts) != 0)
        fail(argv[1]);
    if (facts.st_size <= 0) {
        fprintf(stderr, "limits: %s is empty\n", argv[1]);
        return 2;
    }
    file_len = (size_t)facts.st_size;
    scratch = argv[2];
    by_read();
    measure("map and touch each page", touched);
    measure("map and touch, two threads", two_touch);
    measure("read() and sum", by_read);
    measure("map and sum", mapped);
    measure("map, populate and sum", populated);
    measure("map and sum, two threads", two_sum);
    measure("map and SHA-256", sha256);
    measure("map and SHA-256, both halves", sha256_in_step);
    measure("map and CRC-32C", crc32c);
    measure("map and XXH3", xxh3);
    if (scratch != NULL) {
        measure("write", written);
        measure("write and sync", synced);
        unlink(scratch);
    }
    printf("%s", sink == 0 ? "nothing was read\n" : "");
    return 0;
}
