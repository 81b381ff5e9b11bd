/*
 * memory.c - see memory.h.
 */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#include "abandon.h"

void *cli_must_alloc(size_t len)
{
    void *memory = malloc(len == 0 ? 1 : len);
    if (memory == NULL) {
        cli_abandon_memory(len);
    }
    return memory;
}

char *cli_must_copy(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(cli_must_alloc(size), text, size);
}

void cli_gather_grow(struct cli_gathered *to, size_t len)
{
    size_t cap = 2 * (to->len + len);
    char *grown = cli_must_alloc(cap);
    if (to->bytes != NULL) {
        memcpy(grown, to->bytes, to->len);
    }
    free(to->bytes);
    to->bytes = grown;
    to->cap = cap;
}

void cli_gather(struct cli_gathered *to, const char *piece, size_t len)
{
    if (len > 0) {
        memcpy(cli_gather_room(to, len), piece, len);
        to->len += len;
    }
}
