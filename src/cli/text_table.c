/*
 * text_table.c - see text_table.h.
 */
#include "text_table.h"

#include <stdlib.h>
#include <string.h>

#define HELD_LEN_MAX (1u << 20)
#define GAP 2u
#define INDENT 4u    /* of a word that has a line of its own */
#define NARROWEST 8u /* to which a column gives way */

/* ------------------------------------------------------------------------------------- widths --- */

/* The number of the next cell's bytes, and how many columns of a terminal they take. */
static size_t cell_len(const char *cell, size_t *width)
{
    size_t len = strlen(cell);
    *width = cli_text_width(cell, len);
    return len;
}

static void widen(struct cli_text_table *table, const char *cells, size_t len)
{
    for (size_t pos = 0, i = 0; pos < len; pos++) {
        size_t width;
        pos += cell_len(cells + pos, &width);
        if (width > table->widths[i]) {
            table->widths[i] = width;
        }
        i = i + 1 < table->count ? i + 1 : 0;
    }
}

/* What the columns take when none of those that can give way is wider than `most`. */
static size_t taken(const struct cli_text_table *table, size_t most)
{
    size_t sum = GAP * (table->count - 1);
    for (size_t i = 0; i < table->count; i++) {
        size_t width = table->widths[i];
        sum += table->columns[i].is_rigid || width < most ? width : most;
    }
    return sum;
}

/* As much of a cell as fits `width`, but at least to the first place where it may be broken. */
static size_t piece_len(const char *cell, char goes_on_at, size_t width)
{
    size_t len = strlen(cell), fits = 0;
    if (goes_on_at == '\0' || cli_text_width(cell, len) <= width) {
        return len;
    }
    for (const char *at = cell; (at = strchr(at, goes_on_at)) != NULL;) {
        at++;
        if (fits > 0 && cli_text_width(cell, (size_t)(at - cell)) > width) {
            break;
        }
        fits = (size_t)(at - cell);
    }
    return fits > 0 ? fits : len;
}

/* Widths of the cells that may be broken: those of their widest pieces. */
static void break_cells(struct cli_text_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->columns[i].goes_on_at != '\0') {
            table->widths[i] = strlen(table->columns[i].title);
        }
    }
    for (size_t pos = 0, i = 0; pos < table->held.len;
         pos++, i = i + 1 < table->count ? i + 1 : 0) {
        for (size_t len;
             (len = piece_len(table->held.bytes + pos, table->columns[i].goes_on_at, 0)) > 0;) {
            size_t width = cli_text_width(table->held.bytes + pos, len);
            table->widths[i] = width > table->widths[i] ? width : table->widths[i];
            pos += len;
        }
    }
}

/* Makes the widest columns so narrow that a row fits the line, if that can be. */
static void give_way(struct cli_text_table *table)
{
    size_t most = table->line_width;
    if (taken(table, most) > table->line_width) {
        break_cells(table);
    }
    while (most > NARROWEST && taken(table, most) > table->line_width) {
        most--;
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t title = strlen(table->columns[i].title);
        if (!table->columns[i].is_rigid && table->widths[i] > most) {
            table->widths[i] = title > most ? title : most;
        }
    }
}

static void lay_out(struct cli_text_table *table)
{
    bool all = table->held_count < CLI_TEXT_SAMPLE_ROWS && table->held.len < HELD_LEN_MAX;
    for (size_t i = 0; i < table->count; i++) {
        size_t title = strlen(table->columns[i].title);
        size_t least = all ? 0 : table->columns[i].least;
        table->widths[i] = title > least ? title : least;
    }
    if (table->held.len > 0) {
        widen(table, table->held.bytes, table->held.len);
    }
    table->line_width = cli_out_width(table->out);
    if (table->line_width > 0) {
        give_way(table);
    }
    table->fits = taken(table, SIZE_MAX) <= table->line_width;
    table->least_len = taken(table, SIZE_MAX) + 1;
    table->laid_out = true;
}

/* --------------------------------------------------------------------------------------- rows --- */

/* A row without styles on one line: put together first, since this is what goes into pipes. */
static bool print_plain(struct cli_text_table *table, const char *cells, size_t len)
{
    struct cli_gathered *line = &table->line;
    line->len = 0;
    char *begin = cli_gather_room(line, len + table->least_len), *at = begin;
    for (size_t i = 0; i < table->count; i++) {
        bool right = table->columns[i].is_number, last = i + 1 == table->count;
        size_t n = strlen(cells);
        size_t width = right || last ? n : cli_text_width(cells, n);
        size_t pad = width < table->widths[i] ? table->widths[i] - width : 0;
        size_t before = (i == 0 ? 0 : GAP) + (right ? pad : 0), behind = right || last ? 0 : pad;
        memset(at, ' ', before);
        memcpy(at + before, cells, n);
        memset(at + before + n, ' ', behind);
        at += before + n + behind;
        cells += n + 1;
    }
    *at++ = '\n';
    return cli_out_write(table->out, begin, (size_t)(at - begin));
}

static bool print_styled(const struct cli_text_table *table, const char *cells,
                         enum cli_style style)
{
    struct cli_out *out = table->out;
    for (size_t i = 0; i < table->count; i++) {
        size_t width, len = cell_len(cells, &width);
        size_t pad = width < table->widths[i] ? table->widths[i] - width : 0;
        bool right = table->columns[i].is_number;
        if (!cli_print_blanks(out, (i == 0 ? 0 : GAP) + (right ? pad : 0)) ||
            !cli_print_part(out, style, cells, len) ||
            !cli_print_blanks(out, i + 1 < table->count && !right ? pad : 0)) {
            return false;
        }
        cells += len + 1;
    }
    return cli_out_text(out, "\n");
}

static bool print_line(struct cli_text_table *table, const char *cells, size_t len,
                       enum cli_style style)
{
    return style == CLI_STYLE_PLAIN || !table->out->colour ? print_plain(table, cells, len)
                                                           : print_styled(table, cells, style);
}

/* Where a piece begins: at its column, or, if the line is too short for that, near its beginning. */
static size_t piece_start(const struct cli_text_table *table, size_t column, size_t width)
{
    size_t start = 0;
    for (size_t i = 0; i < column; i++) {
        start += table->widths[i] + GAP;
    }
    if (table->columns[column].is_number && width < table->widths[column]) {
        start += table->widths[column] - width;
    }
    if (start <= INDENT || start + width <= table->line_width) {
        return start;
    }
    return INDENT + width <= table->line_width ? INDENT : 0;
}

/* One line of a row that has several: the next piece of each cell. False: there was none. */
static bool print_pieces(const struct cli_text_table *table, const char **rest,
                         enum cli_style style)
{
    struct cli_out *out = table->out;
    size_t at = 0;
    bool any = false;
    for (size_t i = 0; i < table->count; i++) {
        size_t len = piece_len(rest[i], table->columns[i].goes_on_at, table->widths[i]);
        size_t width = cli_text_width(rest[i], len);
        size_t start = piece_start(table, i, width);
        if (len == 0) {
            continue;
        }
        if (any && at + GAP > start) {
            cli_out_text(out, "\n");
            at = 0;
        }
        cli_print_blanks(out, start - at);
        cli_print_part(out, style, rest[i], len);
        at = start + width;
        rest[i] += len;
        any = true;
    }
    return any && cli_out_text(out, "\n");
}

static bool print_row(struct cli_text_table *table, const char *cells, size_t len,
                      enum cli_style style)
{
    const char *rest[CLI_TEXT_COLUMNS_MAX], *cell = cells;
    bool fits = table->fits;
    if (cells == NULL) { /* a table without columns */
        return true;
    }
    if (table->line_width == 0) {
        return print_line(table, cells, len, style);
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t width;
        rest[i] = cell;
        cell += cell_len(cell, &width) + 1;
        fits = fits && width <= table->widths[i];
    }
    if (fits) {
        return print_line(table, cells, len, style);
    }
    while (print_pieces(table, rest, style)) {
    }
    return table->out->failed == 0;
}

static bool print_head(struct cli_text_table *table)
{
    struct cli_gathered titles = {0};
    for (size_t i = 0; i < table->count; i++) {
        const char *title = table->columns[i].title;
        cli_gather(&titles, title, strlen(title) + 1);
    }
    bool good = print_row(table, titles.bytes, titles.len, CLI_STYLE_HEAD);
    free(titles.bytes);
    return good;
}

static bool print_held(struct cli_text_table *table)
{
    const char *cells = table->held.bytes;
    lay_out(table);
    bool good = print_head(table);
    for (size_t row = 0; good && row < table->held_count; row++) {
        const char *end = cells;
        for (size_t i = 0; i < table->count; i++) {
            end += strlen(end) + 1;
        }
        good = print_row(table, cells, (size_t)(end - cells), table->styles[row]);
        cells = end;
    }
    table->held.len = 0;
    return good;
}

bool cli_text_table_add(struct cli_text_table *table, const char *cells, size_t len,
                        enum cli_style style)
{
    if (table->laid_out) {
        return print_row(table, cells, len, style);
    }
    cli_gather(&table->held, cells, len);
    table->styles[table->held_count++] = style;
    return (table->held_count < CLI_TEXT_SAMPLE_ROWS && table->held.len < HELD_LEN_MAX) ||
           print_held(table);
}

bool cli_text_table_end(struct cli_text_table *table)
{
    return table->laid_out || print_held(table);
}

void cli_text_table_fini(struct cli_text_table *table)
{
    free(table->held.bytes);
    free(table->line.bytes);
}
