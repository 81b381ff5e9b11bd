/*
 * memory.h - memory that is there, or the process ends with exit code 4 (see abandon.h).
 */
#ifndef CLI_MEMORY_H
#define CLI_MEMORY_H

#include <stddef.h>

/* malloc and strdup that end the process with exit code 4 instead of failing. */
void *cli_must_alloc(size_t len);
char *cli_must_copy(const char *text);

/* Bytes that gather piece by piece, to be freed. Memory: as cli_must_alloc. */
struct cli_gathered {
    char *bytes;
    size_t len, cap;
};
void cli_gather(struct cli_gathered *to, const char *piece, size_t len);

#endif
