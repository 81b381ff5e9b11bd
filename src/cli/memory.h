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

void cli_gather_grow(struct cli_gathered *to, size_t len);

/* Room for `len` more bytes, behind those that are there; the caller adds what it uses to to->len. */
static inline char *cli_gather_room(struct cli_gathered *to, size_t len)
{
    if (len > to->cap - to->len || to->bytes == NULL) {
        cli_gather_grow(to, len);
    }
    return to->bytes + to->len;
}

#endif
