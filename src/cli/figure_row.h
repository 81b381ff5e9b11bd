/*
 * figure_row.h - one row of figures in the four formats of etcdutl's -w.
 *
 *     simple  102ad289, 547, 240, 2.3 MB, 3.6.0
 *     json    {"hash":271241865,"revision":547,"totalKey":240,"totalSize":2269184,"version":"3.6.0"}
 *     fields  "Hash" : 271241865
 *             "Revision" : 547
 *             …
 *     table   +----------+----------+------------+------------+---------+
 *             |   HASH   | REVISION | TOTAL KEYS | TOTAL SIZE | VERSION |
 *             +----------+----------+------------+------------+---------+
 *             | 102ad289 |      547 |        240 |     2.3 MB |   3.6.0 |
 *             +----------+----------+------------+------------+---------+
 *
 * The bytes are those of etcdutl 3.6; 3.4 and 3.5 differ in which figures there are, 3.7 in the lines
 * around the table.
 */
#ifndef CLI_FIGURE_ROW_H
#define CLI_FIGURE_ROW_H

#include "out.h"

enum cli_figures_format {
    CLI_FIGURES_SIMPLE,
    CLI_FIGURES_JSON,
    CLI_FIGURES_TABLE,
    CLI_FIGURES_FIELDS
};

/* "simple", "json", "table", "fields", in the order of the enum: the choices of --write-out. */
extern const char *const cli_figures_formats[];

/* The row of --write-out; the slot is an int. */
#define CLI_OPTION_WRITE_OUT(opts)                                                        \
    {                                                                                     \
        .name = "write-out", .letter = 'w', .kind = CLI_OPTION_CHOICE,                    \
        .slot = offsetof(struct opts, write_out), .arg = "FORMAT",                        \
        .help = "simple (default), json, table or fields", .choices = cli_figures_formats \
    }

struct cli_figure {
    const char *member; /* its name in JSON */
    const char *field;
    const char *column;
    char exact[64]; /* for json and fields */
    char shown[64]; /* for simple and table; empty: the same */
    bool quoted;    /* a string in JSON; `exact` then needs no escape there */
};

bool cli_figures_print(struct cli_out *out, enum cli_figures_format format,
                       const struct cli_figure *figures, size_t count);

/*
 * A size as etcd's tools round it, by powers of 1000: "512 B", "2.3 MB", "17 MB"; from ten on without
 * a fraction, a half going to the even neighbour.
 */
void cli_figure_size(uint64_t len, char out[32]);

#endif
