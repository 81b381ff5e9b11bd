/*
 * entry_table.c - table `entries`: the elements of one bucket of any bbolt file, in key order.
 */
#include "etcd/record.h"
#include "rows/tree_tables.h"

enum {
    KEY,
    VALUE,
    IS_BUCKET,
    KEY_LEN,
    VALUE_LEN,
    PAGE,
    ELEMENT,
    OFFSET,
    COLUMN_COUNT
};

static const struct ss_column columns[COLUMN_COUNT] = {
    [KEY] = {.name = "key",
             .title = "KEY",
             .type = SS_TYPE_BYTES,
             .doc = "the key, or the name of a bucket"},
    [VALUE] = {.name = "value",
               .title = "VALUE",
               .type = SS_TYPE_BYTES,
               .optional = true,
               .doc = "the value; a bucket has none"},
    [IS_BUCKET] = {.name = "is_bucket",
                   .title = "BUCKET",
                   .type = SS_TYPE_BOOL,
                   .doc = "whether a bucket stands here"},
    [KEY_LEN] = {.name = "key_len",
                 .title = "KEY-BYTES",
                 .type = SS_TYPE_UINT,
                 .unit = SS_UNIT_BYTES,
                 .on_request = true,
                 .doc = "length of the key"},
    [VALUE_LEN] = {.name = "value_len",
                   .title = "BYTES",
                   .type = SS_TYPE_UINT,
                   .unit = SS_UNIT_BYTES,
                   .optional = true,
                   .on_request = true,
                   .doc = "length of the value"},
    [PAGE] = {.name = "page",
              .title = "PAGE",
              .type = SS_TYPE_UINT,
              .unit = SS_UNIT_PAGE,
              .on_request = true,
              .doc = "leaf page that it stands in"},
    [ELEMENT] = {.name = "element",
                 .title = "ELEMENT",
                 .type = SS_TYPE_UINT,
                 .on_request = true,
                 .doc = "its number among the page's elements"},
    [OFFSET] = {.name = "offset",
                .title = "OFFSET",
                .type = SS_TYPE_UINT,
                .unit = SS_UNIT_OFFSET,
                .on_request = true,
                .doc = "where its key begins in the file"},
};

struct cursor {
    struct ss_bucket *bucket;
    struct ss_cursor at;
    bool moved;
    struct ss_entry entry;
};

static enum ss_status open_entries(struct ss_rows *rows, const struct ss_call *call,
                                   struct ss_error *err)
{
    struct cursor *c = rows->cursor;
    enum ss_status status =
        ss_bucket_open(rows->file, rows->query.path, rows->query.path_count, &c->bucket, err);

    (void)call;
    if (status == SS_OK) {
        ss_cursor_init(&c->at, rows->file, &c->bucket->tree, c->bucket->path);
    }
    return status;
}

/* Where the range begins: the greater of its bound and its prefix. */
static struct ss_span range_start(const struct ss_range *range)
{
    struct ss_span from = ss_span_of(range->from, range->from == NULL ? 0 : range->from_len);
    struct ss_span prefix = ss_span_of(range->prefix, range->prefix_len);

    return ss_span_cmp(from, prefix) < 0 ? prefix : from;
}

static enum ss_status step(struct cursor *c, const struct ss_range *range, struct ss_error *err)
{
    struct ss_span start = range_start(range);

    if (c->moved) {
        return ss_cursor_next(&c->at, &c->entry, err);
    }
    c->moved = true;
    return start.len == 0 ? ss_cursor_first(&c->at, &c->entry, err)
                          : ss_cursor_seek(&c->at, start.ptr, (size_t)start.len, &c->entry, err);
}

/* Keys ascend: the first one outside the range ends it. */
static enum ss_status next(struct ss_rows *rows, struct ss_error *err)
{
    struct cursor *c = rows->cursor;
    enum ss_status status = step(c, &rows->query.range, err);

    return status == SS_OK && !ss_range_has(&rows->query.range, c->entry.key) ? SS_END : status;
}

static void value(const struct ss_rows *rows, size_t column, struct ss_value *out)
{
    const struct ss_entry *entry = &((const struct cursor *)rows->cursor)->entry;

    switch (column) {
    case KEY:
        out->is.bytes = entry->key;
        break;
    case VALUE:
        out->is.bytes = entry->value;
        out->known = !entry->is_bucket;
        break;
    case IS_BUCKET:
        out->is.truth = entry->is_bucket;
        break;
    case KEY_LEN:
        out->is.number = entry->key.len;
        break;
    case VALUE_LEN:
        out->is.number = entry->value.len;
        out->known = !entry->is_bucket;
        break;
    case PAGE:
        out->is.number = entry->pgid;
        break;
    case ELEMENT:
        out->is.number = entry->index;
        break;
    default:
        out->is.number = entry->key.off;
        break;
    }
}

static void close(struct ss_rows *rows)
{
    struct cursor *c = rows->cursor;

    ss_bucket_free(c->bucket);
}

static const struct ss_table_ops ops = {.cursor_len = sizeof(struct cursor),
                                        .open = open_entries,
                                        .next = next,
                                        .value = value,
                                        .close = close};

const struct ss_table ss_table_entries = {.name = "entries",
                                          .row = "an element of a bucket",
                                          .doc = "what one bucket of any bbolt file holds",
                                          .columns = columns,
                                          .column_count = COLUMN_COUNT,
                                          .ops = &ops};
