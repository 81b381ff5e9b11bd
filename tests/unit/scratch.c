/*
 * scratch.c - see scratch.h.
 */
#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static int home_fd = -1;

int scratch_enter(void **state)
{
    (void)state;
    home_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    snprintf(folder, sizeof(folder), "scratch-XXXXXX");
    if (home_fd < 0 || mkdtemp(folder) == NULL) {
        return -1;
    }
    return chdir(folder);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

int scratch_leave(void **state)
{
    int failed = fchdir(home_fd);

    (void)state;
    close(home_fd);
    return failed != 0 ? failed : nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void scratch_write(const char *name, const void *bytes, size_t len)
{
    FILE *file = fopen(name, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

uint8_t *scratch_read(const char *name, size_t *len)
{
    FILE *file = fopen(name, "rb");
    struct stat st;
    uint8_t *bytes;
    size_t want;

    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &st), 0);
    want = (size_t)st.st_size;
    bytes = malloc(want + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, want, file), want);
    bytes[want] = 0;
    fclose(file);
    if (len != NULL) {
        *len = want;
    }
    return bytes;
}

size_t scratch_count(const char *name)
{
    DIR *dir = opendir(name);
    size_t count = 0;
    struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            count++;
        }
    }
    closedir(dir);
    return count;
}

void scratch_noise(uint8_t *bytes, size_t len)
{
    uint64_t x = UINT64_C(0x9E3779B97F4A7C15);

    for (size_t i = 0; i < len; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        bytes[i] = (uint8_t)(x >> 32);
    }
}
