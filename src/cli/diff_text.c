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

#include "diff.h"
#include "text.h"

static int revision_width(const struct ss_diff_result *result)
{
    int a = ss_number_width((uint64_t)result->rev_a), b = ss_number_width((uint64_t)result->rev_b);
    int width = a > b ? a : b;
    return width < 5 ? 5 : width;
}

void ss_diff_text_head(struct ss_out *out, const struct ss_diff_result *result)
{
    int width = revision_width(result);
    const struct cli_column columns[] = {{" ", 1},       {"REV A", width}, {"REV B", width},
                                         {"SIZE A", 10}, {"SIZE B", 10},   {"VLR", 3},
                                         {"KEY", 0}};
    ss_table_head(out, columns, sizeof columns / sizeof columns[0]);
}

static void print_side(struct ss_out *out, const struct ss_record *a, const struct ss_record *b,
                       int width)
{
    struct ss_number_text revs[2] = {{"-"}, {"-"}};
    struct ss_size_text sizes[2] = {{"-"}, {"-"}};
    const struct ss_record *sides[] = {a, b};
    for (int i = 0; i < 2; i++) {
        if (sides[i] != NULL) {
            revs[i] = ss_number_format((uint64_t)sides[i]->mod_revision);
            sizes[i] = ss_size_format(sides[i]->value.len);
        }
    }
    ss_out_format(out, "  %*s  %*s  %10s  %10s  ", width, revs[0].text, width, revs[1].text,
                  sizes[0].text, sizes[1].text);
}

bool ss_diff_text_change(struct ss_out *out, const struct ss_diff_result *result,
                         const struct ss_diff_change *change, bool show_values)
{
    static const char signs[] = {
        [SS_CHANGE_ADDED] = '+', [SS_CHANGE_REMOVED] = '-', [SS_CHANGE_MODIFIED] = '~'};
    const struct ss_record *named = change->a != NULL ? change->a : change->b;
    unsigned differs = change->differs;
    ss_out_format(out, "%c", signs[change->change]);
    print_side(out, change->a, change->b, revision_width(result));
    ss_out_format(out, "%c%c%c  ", (differs & SS_DIFFERS_VALUE) != 0 ? 'v' : '-',
                  (differs & SS_DIFFERS_LEASE) != 0 ? 'l' : '-',
                  (differs & SS_DIFFERS_REVISION) != 0 ? 'r' : '-');
    ss_print_bytes(out, named->key.ptr, named->key.len, SS_FORM_ESCAPED);
    ss_out_text(out, "\n");
    bool on_both = change->a != NULL && change->b != NULL;
    if (show_values && on_both && (differs & SS_DIFFERS_VALUE) != 0) {
        ss_diff_lines(out, change->a->value, change->b->value);
    }
    return out->failed == 0;
}
