/*
 * Replays inputs through a fuzz target without a fuzzer: each argument is a file, or a folder whose
 * files are taken in name order, sub-folders included. Every input is handed over in a heap block
 * of exactly its size, so AddressSanitizer sees the first byte read behind it.
 *
 * Exit code: 0 when every input ran, 1 when one could not be read or there was none at all.
 * A target reports a broken property by aborting.
 */
#include <errno.h>
#include <fts.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int replay(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    uint8_t *data = malloc(size != 0 ? size : 1);
    size_t got = data != NULL ? fread(data, 1, size, file) : 0;
    fclose(file);
    if (data == NULL || got != size) {
        fprintf(stderr, "%s: cannot read its %zu bytes\n", path, size);
        free(data);
        return -1;
    }
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE|FOLDER...\n", argv[0]);
        return 1;
    }
    FTS *tree = fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (tree == NULL) {
        perror("fts_open");
        return 1;
    }
    size_t count = 0;
    size_t failed = 0;
    for (FTSENT *entry = fts_read(tree); entry != NULL; entry = fts_read(tree)) {
        if (entry->fts_info == FTS_F) {
            count++;
            failed += replay(entry->fts_accpath, (size_t)entry->fts_statp->st_size) != 0;
        } else if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR ||
                   entry->fts_info == FTS_ERR) {
            fprintf(stderr, "%s: %s\n", entry->fts_path, strerror(entry->fts_errno));
            failed++;
        }
    }
    fts_close(tree);
    printf("%zu inputs replayed, %zu unreadable\n", count, failed);
    return count != 0 && failed == 0 ? 0 : 1;
}
