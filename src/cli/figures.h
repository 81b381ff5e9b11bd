/*
 * figures.h - one row of figures in the four formats of etcdutl's -w.
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
#ifndef SS_CLI_FIGURES_H
#define SS_CLI_FIGURES_H

#include "out.h"

enum ss_figures_format {
    SS_FIGURES_SIMPLE,
    SS_FIGURES_JSON,
    SS_FIGURES_TABLE,
    SS_FIGURES_FIELDS
};

/* "simple", "json", "table", "fields", in the order of the enum: the choices of --write-out. */
extern const char *const ss_figures_formats[];

struct ss_figure {
    const char *member; /* its name in JSON */
    const char *field;
    const char *column;
    char exact[64]; /* for json and fields */
    char shown[64]; /* for simple and table; empty: the same */
    bool quoted;    /* a string in JSON; `exact` then needs no escape there */
};

bool ss_figures_print(struct ss_out *out, enum ss_figures_format format,
                      const struct ss_figure *figures, size_t count);

/*
 * A size as etcd's tools round it, by powers of 1000: "512 B", "2.3 MB", "17 MB"; from ten on without
 * a fraction, a half going to the even neighbour.
 */
void ss_figure_size(uint64_t len, char out[32]);

#endif
