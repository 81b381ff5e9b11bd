/*
 * reports.c - reads what nobody has written: MemorySanitizer must say so (tests/msan/CMakeLists.txt).
 *
 *   msan_reports heap       bytes of malloc, read by the library
 *   msan_reports freed      bytes of malloc where written ones lay before
 *   msan_reports file       a file of which nothing was written but the header of its first page and a byte
 *   msan_reports digest     nothing to report: OpenSSL wrote the digest, as shim.c tells
 */
#include "snapscope.h"
#include "util/sha256.h"
#include "util/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int heap(void)
{
    char *bytes = malloc(16);

    return bytes != NULL && ss_text_is_clean_portable(bytes, 16);
}

static int freed(void)
{
    char *volatile bytes = calloc(1, 16);

    free(bytes);
    return heap();
}

static int file(void)
{
    struct ss_file *file = NULL;
    struct ss_error err;
    char *bytes = malloc(4096);

    if (bytes == NULL) {
        return 0;
    }
    memset(bytes, 'x', 17);
    return ss_open_memory(bytes, 4096, "input", NULL, &file, &err) == SS_OK &&
           ss_file_readable(file, &err) == SS_OK;
}

static int digest(void)
{
    uint8_t made[SS_SHA256_LEN];
    struct ss_sha256 sha;

    if (!ss_sha256_init(&sha) || !ss_sha256_update(&sha, "abc", 3) ||
        !ss_sha256_final(&sha, made)) {
        return 1;
    }
    ss_sha256_fini(&sha);
    return made[0] != 0xba;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(void);
    } cases[] = {{"heap", heap}, {"freed", freed}, {"file", file}, {"digest", digest}};

    for (size_t i = 0; argc == 2 && i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            int said = cases[i].run();

            printf("%s: %d\n", argv[1], said);
            return said;
        }
    }
    return 2;
}
