/*
 * entry_table.c - table `entries`: the elements of one bucket of any bbolt file, in key order.
 */
#include "parser/entries.h"
#include "rows/tree_tables.h"

enum {
    KEY,
    VALUE,
    IS_BUCKET,
    KIND,
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
    [KIND] = {.name = "kind",
              .title = "KIND",
              .type = SS_TYPE_TEXT,
              .on_request = true,
              .doc = "the same in words: bucket or key"},
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
    struct ss_skips skips;
    struct ss_entries at;
    struct ss_entry entry;
};

static enum ss_status open_entries(struct ss_rows *rows, const struct ss_call *call,
                                   struct ss_error *err)
{
    struct cursor *c = rows->cursor;
    const struct ss_query *query = &rows->query;
    enum ss_status status = ss_bucket_open_keeping(rows->file, query->path, query->path_count,
                                                   query->keep_going, &c->bucket, err);

    (void)call;
    c->skips.keep = query->keep_going;
    if (status == SS_OK) {
        ss_entries_init(&c->at, c->bucket, &query->range,
                        query->keep_going == NULL ? NULL : &c->skips);
    }
    return status;
}

static enum ss_status next(struct ss_rows *rows, struct ss_error *err)
{
    struct cursor *c = rows->cursor;

    return ss_entries_next(&c->at, &c->entry, err);
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
    case KIND:
        ss_value_text(out, entry->is_bucket ? "bucket" : "key");
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

    if (c->bucket != NULL) {
        ss_entries_fini(&c->at);
    }
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
