/*
 * figure_row.c - a row of figures as etcdutl prints it. See figure_row.h for the four forms.
 */
#include "figure_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const cli_figures_formats[] = {"simple", "json", "table", "fields", NULL};

static const char *shown(const struct cli_figure *figure)
{
    return figure->shown[0] != '\0' ? figure->shown : figure->exact;
}

static void print_simple(struct cli_out *out, const struct cli_figure *figures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cli_out_format(out, "%s%s", i == 0 ? "" : ", ", shown(&figures[i]));
    }
    cli_out_text(out, "\n");
}

static void print_json(struct cli_out *out, const struct cli_figure *figures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *quote = figures[i].quoted ? "\"" : "";
        cli_out_format(out, "%s\"%s\":%s%s%s", i == 0 ? "{" : ",", figures[i].member, quote,
                       figures[i].exact, quote);
    }
    cli_out_text(out, "}\n");
}

static void print_fields(struct cli_out *out, const struct cli_figure *figures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cli_out_format(out, "\"%s\" : %s\n", figures[i].field, figures[i].exact);
    }
}

static int column_width(const struct cli_figure *figure)
{
    size_t title = strlen(figure->column);
    size_t cell = strlen(shown(figure));
    return (int)(cell > title ? cell : title);
}

static void print_rule(struct cli_out *out, const struct cli_figure *figures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cli_out_text(out, "+--");
        for (int left = column_width(&figures[i]); left > 0; left--) {
            cli_out_text(out, "-");
        }
    }
    cli_out_text(out, "+\n");
}

/* Titles stand in the middle, a blank that is too many behind them; cells stand to the right. */
static void print_table(struct cli_out *out, const struct cli_figure *figures, size_t count)
{
    print_rule(out, figures, count);
    for (size_t i = 0; i < count; i++) {
        int gap = column_width(&figures[i]) - (int)strlen(figures[i].column);
        cli_out_format(out, "| %*s%s%*s ", gap / 2, "", figures[i].column, gap - gap / 2, "");
    }
    cli_out_text(out, "|\n");
    print_rule(out, figures, count);
    for (size_t i = 0; i < count; i++) {
        cli_out_format(out, "| %*s ", column_width(&figures[i]), shown(&figures[i]));
    }
    cli_out_text(out, "|\n");
    print_rule(out, figures, count);
}

bool cli_figures_print(struct cli_out *out, enum cli_figures_format format,
                       const struct cli_figure *figures, size_t count)
{
    static void (*const printers[])(struct cli_out *, const struct cli_figure *, size_t) = {
        [CLI_FIGURES_SIMPLE] = print_simple,
        [CLI_FIGURES_JSON] = print_json,
        [CLI_FIGURES_TABLE] = print_table,
        [CLI_FIGURES_FIELDS] = print_fields,
    };
    printers[format](out, figures, count);
    return out->failed == 0;
}

void cli_figure_size(uint64_t len, char out[32])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    uint64_t unit = 1;
    size_t power = 0;
    while (len / unit >= 1000) {
        unit *= 1000;
        power++;
    }
    /* In tenths of the unit, a half up; len % unit < 10^18, so that ten times it fits. */
    uint64_t tenths = len / unit * 10 + (len % unit * 10 + unit / 2) / unit;
    if (power == 0 || tenths >= 100) {
        uint64_t whole = tenths / 10;
        uint64_t rest = tenths % 10;
        whole += rest > 5 || (rest == 5 && whole % 2 == 1) ? 1 : 0;
        snprintf(out, 32, "%" PRIu64 " %s", (uint64_t)whole, units[power]);
    } else {
        snprintf(out, 32, "%" PRIu64 ".%" PRIu64 " %s", (uint64_t)(tenths / 10),
                 (uint64_t)(tenths % 10), units[power]);
    }
}
