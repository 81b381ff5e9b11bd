/*
 * print.h - what people read: escaped bytes, sizes, aligned tables that stream.
 *
 * Nothing from the input reaches a terminal raw: file bytes are printed by cli_print_bytes, or come
 * from the library as text that is escaped already.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"
#include "out.h"

enum cli_form {
    CLI_FORM_ESCAPED, /* printable UTF-8, all else \xNN */
    CLI_FORM_HEX
};

/* Prints bytes of the input in a printable form. */
bool cli_print_bytes(struct cli_out *out, const void *bytes, uint64_t len, enum cli_form form);

/*
 * The escaped form as a new string, to be freed; never NULL (the process ends with exit code 4 when
 * memory is out). _name takes what came from the command line.
 */
char *cli_escaped(const void *bytes, uint64_t len);
char *cli_escaped_name(const char *name);

/* "1.9 MiB", below 1 KiB "512 B". */
struct cli_size_text {
    char text[32];
};
struct cli_size_text cli_size_format(uint64_t len);

enum cli_style {
    CLI_STYLE_PLAIN,
    CLI_STYLE_HEAD,
    CLI_STYLE_BAD,
    CLI_STYLE_WARN,
    CLI_STYLE_GOOD
};

/* Text in a style, if colour is on. */
bool cli_print_styled(struct cli_out *out, enum cli_style style, const char *text);
bool cli_print_part(struct cli_out *out, enum cli_style style, const char *text, size_t len);

bool cli_print_blanks(struct cli_out *out, size_t count);

/* How many columns of a terminal printable UTF-8 takes: two for the wide signs of East Asia, none for accents. */
size_t cli_text_width(const char *text, size_t len);

/*
 * A table whose rows are printed as they come. Cells are padded to the column's width, to the left
 * when it is negative; a longer one pushes its row to the right. The last column is never padded.
 */
struct cli_column {
    const char *title;
    int width;
};

bool cli_table_head(struct cli_out *out, const struct cli_column *columns, size_t count);
bool cli_table_row(struct cli_out *out, const struct cli_column *columns, size_t count,
                   const char *const *cells, enum cli_style style);

/* Decimal digits of a number, for a cell. */
struct cli_number_text {
    char text[24];
};
struct cli_number_text cli_number_format(uint64_t value);

/* The id of a member, lease or cluster: 16 hexadecimal digits, so that it can be compared as text. */
struct cli_id_text {
    char text[20];
};
struct cli_id_text cli_id_format(uint64_t id);

/* The same without a NUL, to where there is room for 20; their number. */
size_t cli_put_digits(char *to, uint64_t value);

/* How many columns the digits of `value` take. */
int cli_number_width(uint64_t value);

#endif
