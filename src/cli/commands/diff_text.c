/*
 * diff_text.c - the list of changed keys for people.
 *
 *       REV A   REV B      SIZE A      SIZE B  VLR  KEY
 *   +       -    2231           -       512 B  ---  /registry/configmaps/ns/new
 *   -    1034       -       301 B           -  ---  /registry/configmaps/ns/old
 *   ~    1500    2100     1.2 KiB     1.3 KiB  v-r  /registry/deployments/ns/a
 *
 * The revisions are those that the key was last modified at. The key comes last because it may be long.
 */
#include <string.h>

#include "diff.h"
#include "print.h"

static int revision_width(const struct ss_diff_result *result)
{
    int a = cli_number_width((uint64_t)result->rev_a),
        b = cli_number_width((uint64_t)result->rev_b);
    int width = a > b ? a : b;
    return width < 5 ? 5 : width;
}

void cli_diff_text_head(struct cli_out *out, const struct ss_diff_result *result)
{
    int width = revision_width(result);
    const struct cli_column columns[] = {{" ", 1},       {"REV A", width}, {"REV B", width},
                                         {"SIZE A", 10}, {"SIZE B", 10},   {"VLR", 3},
                                         {"KEY", 0}};
    cli_table_head(out, columns, sizeof(columns) / sizeof(columns[0]));
}

/* What stands before the key, gathered without printf: a diff may have a line for each of millions of keys. */
struct row {
    char text[256];
    size_t len;
};

static void put(struct row *row, const char *text)
{
    size_t len = strlen(text);
    memcpy(row->text + row->len, text, len);
    row->len += len;
}

static void put_right(struct row *row, const char *text, int width)
{
    for (int pad = width - (int)strlen(text); pad > 0; pad--) {
        row->text[row->len++] = ' ';
    }
    put(row, text);
}

static void put_sides(struct row *row, const struct ss_record *const sides[2], int width)
{
    for (int i = 0; i < 2; i++) {
        bool is_there = sides[i] != NULL;
        put(row, "  ");
        put_right(row, is_there ? cli_number_format((uint64_t)sides[i]->mod_revision).text : "-",
                  width);
    }
    for (int i = 0; i < 2; i++) {
        put(row, "  ");
        put_right(row, sides[i] != NULL ? cli_size_format(sides[i]->value.len).text : "-", 10);
    }
}

bool cli_diff_text_change(struct cli_out *out, const struct ss_diff_result *result,
                          const struct ss_diff_change *change, bool show_values)
{
    static const char signs[] = {
        [SS_CHANGE_ADDED] = '+', [SS_CHANGE_REMOVED] = '-', [SS_CHANGE_MODIFIED] = '~'};
    const struct ss_record *named = change->a != NULL ? change->a : change->b;
    unsigned differs = change->differs;
    const struct ss_record *const sides[] = {change->a, change->b};
    struct row row = {.text[0] = signs[change->change], .len = 1};
    put_sides(&row, sides, revision_width(result));
    put(&row, (differs & SS_DIFFERS_VALUE) != 0 ? "  v" : "  -");
    put(&row, (differs & SS_DIFFERS_LEASE) != 0 ? "l" : "-");
    put(&row, (differs & SS_DIFFERS_REVISION) != 0 ? "r  " : "-  ");
    cli_out_write(out, row.text, row.len);
    cli_print_bytes(out, named->key.ptr, named->key.len, CLI_FORM_ESCAPED);
    cli_out_text(out, "\n");
    bool on_both = change->a != NULL && change->b != NULL;
    if (show_values && on_both && (differs & SS_DIFFERS_VALUE) != 0) {
        cli_diff_lines(out, change->a->value, change->b->value);
    }
    return out->failed == 0;
}
