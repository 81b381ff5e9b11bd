/*
 * bucket_table.c - table `buckets`: every bucket at any depth, with what it holds and takes.
 *
 * One walk over all trees, when the table is opened, fills an array: 160 bytes and the path a bucket.
 */
#include "rows/tree_tables.h"
#include "util/array.h"

#include <stdlib.h>

enum {
    BUCKET,
    LEVEL,
    INLINE,
    ROOT,
    SEQUENCE,
    KEYS,
    BUCKETS,
    KEY_LEN,
    VALUE_LEN,
    BRANCH_PAGES,
    LEAF_PAGES,
    OVERFLOW_PAGES,
    PAGES,
    DEPTH,
    COLUMN_COUNT
};

static const struct ss_column columns[COLUMN_COUNT] = {
    [BUCKET] = {.name = "bucket",
                .title = "BUCKET",
                .type = SS_TYPE_TEXT,
                .doc = "path from the top, escaped, names joined by a slash"},
    [LEVEL] = {.name = "level",
               .title = "LEVEL",
               .type = SS_TYPE_UINT,
               .doc = "1 for a bucket at the top"},
    [INLINE] = {.name = "inline",
                .title = "INLINE",
                .type = SS_TYPE_BOOL,
                .doc = "whether it stands whole in its parent's leaf"},
    [ROOT] = {.name = "root",
              .title = "ROOT",
              .type = SS_TYPE_UINT,
              .unit = SS_UNIT_PAGE,
              .optional = true,
              .doc = "root page of its tree; an inline bucket has none"},
    [SEQUENCE] = {.name = "sequence",
                  .title = "SEQUENCE",
                  .type = SS_TYPE_UINT,
                  .doc = "the counter that bbolt keeps for it"},
    [KEYS] = {.name = "key_count",
              .title = "KEYS",
              .type = SS_TYPE_UINT,
              .doc = "elements that are no buckets"},
    [BUCKETS] = {.name = "bucket_count",
                 .title = "BUCKETS",
                 .type = SS_TYPE_UINT,
                 .doc = "buckets directly inside it"},
    [KEY_LEN] = {.name = "key_len",
                 .title = "KEY-BYTES",
                 .type = SS_TYPE_UINT,
                 .unit = SS_UNIT_BYTES,
                 .doc = "bytes of all its keys"},
    [VALUE_LEN] = {.name = "value_len",
                   .title = "VALUE-BYTES",
                   .type = SS_TYPE_UINT,
                   .unit = SS_UNIT_BYTES,
                   .doc = "bytes of all its values"},
    [BRANCH_PAGES] = {.name = "branch_count",
                      .title = "BRANCH",
                      .type = SS_TYPE_UINT,
                      .doc = "branch pages of its tree"},
    [LEAF_PAGES] = {.name = "leaf_count",
                    .title = "LEAF",
                    .type = SS_TYPE_UINT,
                    .doc = "leaf pages of its tree"},
    [OVERFLOW_PAGES] = {.name = "overflow_count",
                        .title = "OVERFLOW",
                        .type = SS_TYPE_UINT,
                        .doc = "further pages of those, where an element fits no page"},
    [PAGES] = {.name = "page_count",
               .title = "PAGES",
               .type = SS_TYPE_UINT,
               .on_request = true,
               .doc = "the three together"},
    [DEPTH] = {.name = "depth",
               .title = "DEPTH",
               .type = SS_TYPE_UINT,
               .doc = "levels of its tree; 1: the root is a leaf; 0: inline"},
};

struct cursor {
    struct ss_bucket_stats *list; /* each with a path of its own */
    size_t count, cap;
    size_t next;
    bool nomem;
    struct ss_rows *rows;
};

static bool keep(void *ctx, const struct ss_bucket_stats *stats)
{
    struct cursor *c = ctx;
    char *path = strdup(stats->path);

    if (path == NULL || !ss_array_add(c->list, c->count, c->cap, *stats)) {
        free(path);
        c->nomem = true;
        return false;
    }
    c->list[c->count - 1].path = path;
    return true;
}

static void on_fault(void *ctx, const struct ss_error *fault)
{
    const struct cursor *c = ctx;
    const struct ss_query *query = &c->rows->query;

    if (query->on_fault != NULL) {
        query->on_fault(query->fault_ctx, fault);
    }
}

static enum ss_status open_buckets(struct ss_rows *rows, const struct ss_call *call,
                                   struct ss_error *err)
{
    struct cursor *c = rows->cursor;
    enum ss_status status;

    (void)call;
    c->rows = rows;
    status = rows->query.keep_going != NULL
                 ? ss_buckets_keeping(rows->file, keep, rows->query.keep_going, c,
                                      &rows->fault_count, err)
                 : ss_buckets(rows->file, keep, on_fault, c, &rows->fault_count, err);
    return status == SS_OK && c->nomem ? ss_nomem(err, c->count * 2 * sizeof(*c->list)) : status;
}

static enum ss_status next(struct ss_rows *rows, struct ss_error *err)
{
    struct cursor *c = rows->cursor;

    (void)err;
    if (c->next == c->count) {
        return SS_END;
    }
    c->next++;
    return SS_OK;
}

static void value(const struct ss_rows *rows, size_t column, struct ss_value *out)
{
    const struct cursor *c = rows->cursor;
    const struct ss_bucket_stats *stats = &c->list[c->next - 1];

    switch (column) {
    case BUCKET:
        ss_value_text(out, stats->path);
        break;
    case LEVEL:
        out->is.number = stats->level;
        break;
    case INLINE:
        out->is.truth = stats->root == 0;
        break;
    case ROOT:
        ss_value_number(out, stats->root, 0);
        break;
    case SEQUENCE:
        out->is.number = stats->sequence;
        break;
    case KEYS:
        out->is.number = stats->key_count;
        break;
    case BUCKETS:
        out->is.number = stats->bucket_count;
        break;
    case KEY_LEN:
        out->is.number = stats->key_len;
        break;
    case VALUE_LEN:
        out->is.number = stats->value_len;
        break;
    case BRANCH_PAGES:
        out->is.number = stats->branch_count;
        break;
    case LEAF_PAGES:
        out->is.number = stats->leaf_count;
        break;
    case OVERFLOW_PAGES:
        out->is.number = stats->overflow_count;
        break;
    case PAGES:
        out->is.number = stats->branch_count + stats->leaf_count + stats->overflow_count;
        break;
    default:
        out->is.number = stats->depth;
        break;
    }
}

static void close(struct ss_rows *rows)
{
    struct cursor *c = rows->cursor;

    for (size_t i = 0; i < c->count; i++) {
        free((void *)(uintptr_t)c->list[i].path);
    }
    free(c->list);
}

static const struct ss_table_ops ops = {.cursor_len = sizeof(struct cursor),
                                        .open = open_buckets,
                                        .next = next,
                                        .value = value,
                                        .close = close};

const struct ss_table ss_table_buckets = {.name = "buckets",
                                          .row = "a bucket",
                                          .doc = "every bucket of any bbolt file, at any depth",
                                          .columns = columns,
                                          .column_count = COLUMN_COUNT,
                                          .ops = &ops};
