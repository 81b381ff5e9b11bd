/*
 * diff_summary.c - how many keys changed under which prefix.
 *
 *   depth 2     /registry/pods/ns/a      /registry/pods/
 *               /registry/x              /registry/
 *               plain                    (empty)
 *
 * A slash that a key begins with belongs to its first part. Keys come in byte order, so the prefixes
 * that can still grow are those that the key at hand begins with: a stack, and no lookup.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "doc.h"
#include "print.h"

void cli_prefixes_init(struct cli_prefixes *prefixes, uint64_t depth)
{
    *prefixes = (struct cli_prefixes){
        .list = cli_must_alloc(CLI_PREFIXES_MAX * sizeof(*prefixes->list)), .depth = depth};
}

void cli_prefixes_fini(struct cli_prefixes *prefixes)
{
    free(prefixes->list);
    *prefixes = (struct cli_prefixes){0};
}

static struct ss_span prefix_of(struct ss_span key, uint64_t depth)
{
    struct ss_span prefix = {key.ptr, 0, key.off};
    for (uint64_t i = 1; i < key.len && depth > 0; i++) {
        if (key.ptr[i] == '/') {
            prefix.len = i + 1;
            depth--;
        }
    }
    if (prefix.len == 0 && key.len > 0 && key.ptr[0] == '/') {
        prefix.len = 1;
    }
    return prefix;
}

static bool begins_with(struct ss_span key, struct ss_span prefix)
{
    return prefix.len <= key.len &&
           (prefix.len == 0 || memcmp(key.ptr, prefix.ptr, (size_t)prefix.len) == 0);
}

void cli_prefixes_add(struct cli_prefixes *prefixes, enum ss_change change, struct ss_span key)
{
    struct ss_span prefix = prefix_of(key, prefixes->depth);
    while (prefixes->open_count > 0 &&
           !begins_with(key, prefixes->list[prefixes->open[prefixes->open_count - 1]].prefix)) {
        prefixes->open_count--;
    }
    size_t top = prefixes->open_count == 0 ? 0 : prefixes->open[prefixes->open_count - 1];
    if (prefixes->open_count == 0 || prefixes->list[top].prefix.len != prefix.len) {
        if (prefixes->count == CLI_PREFIXES_MAX) {
            prefixes->other++;
            return;
        }
        top = prefixes->count++;
        prefixes->list[top] = (struct cli_prefix_count){.prefix = prefix};
        prefixes->open[prefixes->open_count++] = top;
    }
    prefixes->list[top].counts[change]++;
}

static int by_prefix(const void *left, const void *right)
{
    const struct ss_span *a = &((const struct cli_prefix_count *)left)->prefix;
    const struct ss_span *b = &((const struct cli_prefix_count *)right)->prefix;
    size_t len = (size_t)(a->len < b->len ? a->len : b->len);
    int c = len == 0 ? 0 : memcmp(a->ptr, b->ptr, len);
    return c != 0 ? c : (a->len > b->len) - (a->len < b->len);
}

static void sort(struct cli_prefixes *prefixes)
{
    qsort(prefixes->list, prefixes->count, sizeof(*prefixes->list), by_prefix);
    prefixes->open_count = 0;
}

void cli_prefixes_print(struct cli_prefixes *prefixes, struct cli_out *out)
{
    static const struct cli_column columns[] = {
        {"ADDED", 9}, {"REMOVED", 9}, {"MODIFIED", 9}, {"PREFIX", 0}};
    sort(prefixes);
    if (prefixes->count == 0) {
        return;
    }
    cli_table_head(out, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < prefixes->count; i++) {
        const struct cli_prefix_count *p = &prefixes->list[i];
        cli_out_format(out, "%9" PRIu64 "  %9" PRIu64 "  %9" PRIu64 "  ",
                       (uint64_t)p->counts[SS_CHANGE_ADDED], (uint64_t)p->counts[SS_CHANGE_REMOVED],
                       (uint64_t)p->counts[SS_CHANGE_MODIFIED]);
        cli_print_bytes(out, p->prefix.ptr, p->prefix.len, CLI_FORM_ESCAPED);
        cli_out_text(out, p->prefix.len == 0 ? "(no slash)\n" : "\n");
    }
    if (prefixes->other > 0) {
        cli_out_format(out, "and %" PRIu64 " changes under further prefixes\n",
                       (uint64_t)prefixes->other);
    }
}

void cli_prefixes_doc(struct cli_prefixes *prefixes, json_t *doc)
{
    json_t *list = cli_doc_list();
    sort(prefixes);
    for (size_t i = 0; i < prefixes->count; i++) {
        const struct cli_prefix_count *p = &prefixes->list[i];
        json_t *entry = cli_doc_new();
        cli_doc_bytes(entry, "prefix", p->prefix.ptr, p->prefix.len);
        for (int change = 0; change < 3; change++) {
            cli_doc_number(entry, ss_change_name((enum ss_change)change), p->counts[change]);
        }
        cli_doc_append(list, entry);
    }
    cli_doc_set(doc, "prefixes", list);
    cli_doc_number(doc, "other_changes", prefixes->other);
}
