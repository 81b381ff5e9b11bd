/*
 * Prints the live keys of an etcd snapshot that have the largest values, largest first:
 *
 *     largest_values FILE [COUNT]
 *
 *     1048576  7  /registry/configmaps/default/blob
 *
 * Columns: bytes of the value, version of the key, key. COUNT is 10 unless given. Whatever the input
 * is, the library ends a call with SS_OK or with an error that names the place; it never exits.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "snapscope.h"

static int by_size(const void *a, const void *b)
{
    const struct ss_record *x = a;
    const struct ss_record *y = b;
    return (x->value.len < y->value.len) - (x->value.len > y->value.len);
}

/* Keys may hold any bytes: only the escaped form goes to a terminal. */
static void print_record(const struct ss_record *rec)
{
    char key[256];
    ss_text_escape(rec->key.ptr, (size_t)rec->key.len, key, sizeof(key));
    printf("%10" PRIu64 " %6" PRId64 "  %s\n", rec->value.len, rec->version, key);
}

static int print_largest(const struct ss_state *state, uint64_t wanted)
{
    uint64_t count = ss_state_count(state);
    struct ss_record *all = calloc((size_t)count + 1, sizeof(*all));
    if (all == NULL) {
        perror("calloc");
        return -1;
    }
    for (uint64_t i = 0; i < count; i++) {
        ss_state_get(state, i, &all[i]);
    }
    qsort(all, (size_t)count, sizeof(*all), by_size);
    for (uint64_t i = 0; i < count && i < wanted; i++) {
        print_record(&all[i]);
    }
    free(all);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s FILE [COUNT]\n", argv[0]);
        return 2;
    }
    uint64_t wanted = argc == 3 ? strtoull(argv[2], NULL, 10) : 10;

    struct ss_file *file = NULL;
    struct ss_state *state = NULL;
    struct ss_error err;
    int code = 1;
    if (ss_open(argv[1], NULL, NULL, &file, &err) != SS_OK ||
        ss_state_new(file, 0, NULL, NULL, &state, &err) != SS_OK) {
        char text[1024];
        fprintf(stderr, "%s: %s\n", argv[1], ss_error_text(&err, text, sizeof(text)));
    } else if (print_largest(state, wanted) == 0) {
        code = 0;
    }
    ss_state_free(state);
    ss_close(file);
    return code;
}
