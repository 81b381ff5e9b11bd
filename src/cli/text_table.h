/*
 * text_table.h - a table of text whose columns are as wide as what they hold.
 *
 *   a pipe       every row is one line, however long                    ROLE      MAY    KEY
 *                                                                       operator  WRITE  /registry/pods/
 *   a terminal   where a row is wider, the widest columns give way:     ROLE      MAY    KEY
 *                a list goes on below its first line, and a word that   an-operator-with-a-long-name
 *                does not fit has a line of its own; none is broken               WRITE  /registry/pods/
 *
 * Rows are kept until there are enough of them, or the end; the widths of those hold for all. A later cell that
 * is wider pushes its row to the right, and no other: so what can be of any length stands last.
 */
#ifndef CLI_TEXT_TABLE_H
#define CLI_TEXT_TABLE_H

#include "memory.h"
#include "print.h"

#define CLI_TEXT_COLUMNS_MAX 64u
#define CLI_TEXT_SAMPLE_ROWS 4096u

struct cli_text_column {
    const char *title;
    size_t least;    /* width at least where more rows may follow than were looked at */
    bool is_number;  /* stands at the right edge */
    bool is_rigid;   /* never gives way: numbers, ids */
    char goes_on_at; /* a cell may be broken behind this character; 0: nowhere */
};

struct cli_text_table {
    struct cli_out *out;
    size_t count;
    struct cli_text_column columns[CLI_TEXT_COLUMNS_MAX];
    size_t widths[CLI_TEXT_COLUMNS_MAX];
    size_t line_width; /* 0: no limit */
    bool fits;         /* a row whose cells are all within their widths fits the line */
    size_t least_len;  /* of a line of blanks, with its end */
    bool laid_out;
    struct cli_gathered held; /* rows that wait for the widths */
    enum cli_style styles[CLI_TEXT_SAMPLE_ROWS];
    size_t held_count;
    struct cli_gathered line;
};

/* Zero bytes, with `out`, `count` and `columns` set, are a table without rows. NULL is fine for _fini. */
void cli_text_table_fini(struct cli_text_table *table);

/* Adds a row: its cells one behind the other, each ended by a NUL, `len` bytes in all. */
bool cli_text_table_add(struct cli_text_table *table, const char *cells, size_t len,
                        enum cli_style style);

/* Prints what waits; of a table without rows its head. */
bool cli_text_table_end(struct cli_text_table *table);

#endif
