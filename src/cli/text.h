/*
 * text.h - what people read: escaped bytes, sizes, aligned tables that stream.
 *
 * Nothing from the input reaches a terminal raw: file bytes are printed by ss_print_bytes, or come
 * from the library as text that is escaped already.
 */
#ifndef SS_CLI_TEXT_H
#define SS_CLI_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "out.h"

enum ss_form {
    SS_FORM_ESCAPED, /* printable UTF-8, all else \xNN */
    SS_FORM_HEX
};

/* Prints bytes of the input in a printable form. */
bool ss_print_bytes(struct ss_out *out, const void *bytes, uint64_t len, enum ss_form form);

/*
 * The escaped form as a new string, to be freed; never NULL (the process ends with exit code 4 when
 * memory is out). _name takes what came from the command line.
 */
char *ss_escaped(const void *bytes, uint64_t len);
char *ss_escaped_name(const char *name);

/* "1.9 MiB", below 1 KiB "512 B". */
struct ss_size_text {
    char text[32];
};
struct ss_size_text ss_size_format(uint64_t len);

enum ss_style {
    SS_STYLE_PLAIN,
    SS_STYLE_HEAD,
    SS_STYLE_BAD,
    SS_STYLE_WARN,
    SS_STYLE_GOOD
};

/* Text in a style, if colour is on. */
bool ss_print_styled(struct ss_out *out, enum ss_style style, const char *text);

/*
 * A table whose rows are printed as they come. Cells are padded to the column's width, to the left
 * when it is negative; a longer one pushes its row to the right. The last column is never padded.
 */
struct cli_column {
    const char *title;
    int width;
};

bool ss_table_head(struct ss_out *out, const struct cli_column *columns, size_t count);
bool ss_table_row(struct ss_out *out, const struct cli_column *columns, size_t count,
                  const char *const *cells, enum ss_style style);

/* Decimal digits of a number, for a cell. */
struct ss_number_text {
    char text[24];
};
struct ss_number_text ss_number_format(uint64_t value);

/* How many columns the digits of `value` take. */
int ss_number_width(uint64_t value);

/* malloc and strdup that end the process with exit code 4 instead of failing. */
void *ss_must_alloc(size_t len);
char *ss_must_copy(const char *text);

/* Bytes that gather piece by piece, to be freed. Memory: as ss_must_alloc. */
struct ss_gathered {
    char *bytes;
    size_t len, cap;
};
void ss_gather(struct ss_gathered *to, const char *piece, size_t len);

#endif
