/*
 * meta_table.c - table `meta`: buckets `meta` and `cluster`, element by element.
 */
#include "etcd/meta.h"

#include "etcd/revision.h"
#include "rows/element_rows.h"
#include "rows/etcd_tables.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    BUCKET,
    KEY,
    VALUE,
    IS_KNOWN,
    PAGE,
    OFFSET,
    COLUMN_COUNT
};

static const struct ss_column columns[COLUMN_COUNT] = {
    [BUCKET] = {.name = "bucket",
                .title = "BUCKET",
                .type = SS_TYPE_TEXT,
                .doc = "meta or cluster"},
    [KEY] = {.name = "key", .title = "KEY", .type = SS_TYPE_BYTES, .doc = "what etcd calls it"},
    [VALUE] = {.name = "value",
               .title = "VALUE",
               .type = SS_TYPE_BYTES,
               .doc = "what it says; indexes, terms and revisions as decimal numbers"},
    [IS_KNOWN] = {.name = "known",
                  .title = "KNOWN",
                  .type = SS_TYPE_BOOL,
                  .doc = "whether etcd 3.4 to 3.7 write an element of this name"},
    [PAGE] = {.name = "page",
              .title = "PAGE",
              .type = SS_TYPE_UINT,
              .unit = SS_UNIT_PAGE,
              .on_request = true,
              .doc = "leaf page that it stands in"},
    [OFFSET] = {.name = "offset",
                .title = "OFFSET",
                .type = SS_TYPE_UINT,
                .unit = SS_UNIT_OFFSET,
                .on_request = true,
                .doc = "where its value begins in the file"},
};

struct cursor {
    struct ss_element_rows at;
    struct ss_entry entry;
    enum ss_meta_key which;
    struct ss_span value;
    char number[24]; /* what `value` points at when the file has it in binary */
};

static void number_value(struct cursor *c, int len)
{
    c->value = (struct ss_span){(const uint8_t *)c->number, (uint64_t)len, c->entry.value.off};
}

static enum ss_status take_number(struct cursor *c, const char *name, struct ss_error *err)
{
    uint64_t number;
    enum ss_status status = ss_u64_decode(c->entry.value, name, c->entry.pgid, &number, err);

    if (status == SS_OK) {
        number_value(c, snprintf(c->number, sizeof(c->number), "%" PRIu64, number));
    }
    return status;
}

static enum ss_status take_mark(struct cursor *c, const char *name, struct ss_error *err)
{
    struct ss_revision rev;
    enum ss_status status = ss_revision_decode_meta(c->entry.value, name, c->entry.pgid, &rev, err);

    if (status == SS_OK) {
        number_value(c, snprintf(c->number, sizeof(c->number), "%" PRId64, rev.main));
    }
    return status;
}

static enum ss_status take(struct ss_rows *rows, const struct ss_entry *entry, struct ss_error *err)
{
    struct cursor *c = rows->cursor;

    c->entry = *entry;
    c->value = entry->value;
    c->which = ss_meta_key(c->at.elements.which, entry->key);
    switch (c->which) {
    case SS_META_CONSISTENT_INDEX:
        return take_number(c, "consistent_index", err);
    case SS_META_TERM:
        return take_number(c, "term", err);
    case SS_META_SCHEDULED_COMPACT:
        return take_mark(c, "scheduledCompactRev", err);
    case SS_META_FINISHED_COMPACT:
        return take_mark(c, "finishedCompactRev", err);
    default:
        return SS_OK;
    }
}

static enum ss_status open_meta(struct ss_rows *rows, const struct ss_call *call,
                                struct ss_error *err)
{
    (void)call;
    return ss_element_rows_open(rows, SS_IN_META, err);
}

static enum ss_status next(struct ss_rows *rows, struct ss_error *err)
{
    struct cursor *c = rows->cursor;
    enum ss_status status = ss_element_rows_next(rows, take, err);

    if (status != SS_END || c->at.elements.which == SS_IN_CLUSTER) {
        return status;
    }
    status = ss_element_rows_open(rows, SS_IN_CLUSTER, err);
    return status == SS_OK ? ss_element_rows_next(rows, take, err) : status;
}

static void value(const struct ss_rows *rows, size_t column, struct ss_value *out)
{
    const struct cursor *c = rows->cursor;

    switch (column) {
    case BUCKET:
        ss_value_text(out, ss_etcd_bucket_name(c->at.elements.which));
        break;
    case KEY:
        out->is.bytes = c->entry.key;
        break;
    case VALUE:
        out->is.bytes = c->value;
        break;
    case IS_KNOWN:
        out->is.truth = c->which != SS_META_OTHER;
        break;
    case PAGE:
        out->is.number = c->entry.pgid;
        break;
    default:
        out->is.number = c->entry.value.off;
        break;
    }
}

static const struct ss_table_ops ops = {
    .cursor_len = sizeof(struct cursor), .open = open_meta, .next = next, .value = value};

const struct ss_table ss_table_meta = {.name = "meta",
                                       .row = "an element of buckets meta and cluster",
                                       .doc = "what etcd keeps about itself",
                                       .columns = columns,
                                       .column_count = COLUMN_COUNT,
                                       .ops = &ops};
