/*
 * out.h - standard output, with the first failure kept.
 *
 * Everything that a command prints as data goes through here. A failure (full disk, closed pipe) is
 * remembered; later writes are dropped and return false, so that a loop can stop at any of them.
 *
 * JSON leaves DEL, the controls beyond ASCII and what reverses or hides text as they are, and readers of
 * JSON want them so. On a terminal they become \uXXXX, which says the same to both: text has none of
 * them left to be touched.
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLI_OUT_BUFFER_LEN 65536

struct cli_out {
    int failed;            /* errno of the first failure, 0: none */
    uint64_t len;          /* bytes taken so far */
    char last;             /* the last byte taken */
    bool verbatim;         /* bytes go to a terminal as they are: it was asked for */
    unsigned char part[4]; /* a sequence of UTF-8 that is not whole yet, on its way to a terminal */
    size_t part_len;
    bool terminal; /* standard output is one */
    bool colour;   /* and colour is wanted there */
    size_t used;   /* of the buffer */
    char buffer[CLI_OUT_BUFFER_LEN];
};

void cli_out_init(struct cli_out *out, bool no_color);

/* How many columns a line has on the terminal; 0: it is none, and lines have no limit. */
size_t cli_out_width(const struct cli_out *out);

/* ss_write_fn's shape: `out` is a struct cli_out. On failure false, with errno set. */
bool cli_out_write(void *out, const void *bytes, size_t len);

bool cli_out_text(struct cli_out *out, const char *text);
bool cli_out_format(struct cli_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes what has gathered; on a terminal that is done at the end of each line. */
bool cli_out_flush(struct cli_out *out);

/* Flushes and closes standard output: 0, or the errno of the first failure of all. */
int cli_out_finish(struct cli_out *out);

#endif
