/*
 * record_tables.c - tables `keys` and `revisions`: what the `key` bucket holds.
 *
 *   keys        the live keys at a revision, in byte order        ss_state: an index, made when opened
 *   revisions   every retained revision, in revision order        a cursor: nothing is made
 */
#include "rows/record_tables.h"

#include "etcd/record.h"
#include "etcd/revision.h"

enum {
    KEY,
    CREATE_REVISION,
    MOD_REVISION,
    SUB,
    VERSION,
    LEASE,
    TOMBSTONE,
    MARKER,
    VALUE,
    VALUE_LEN,
    KEY_LEN,
    PAGE,
    ELEMENT,
    OFFSET,
    COLUMN_COUNT
};

static const struct ss_column columns[COLUMN_COUNT] = {
    [KEY] = {.name = "key",
             .title = "KEY",
             .type = SS_TYPE_BYTES,
             .optional = true,
             .doc = "the etcd key"},
    [CREATE_REVISION] = {.name = "create_revision",
                         .title = "CREATED",
                         .type = SS_TYPE_INT,
                         .unit = SS_UNIT_REVISION,
                         .optional = true,
                         .doc = "revision that began this life of the key"},
    [MOD_REVISION] = {.name = "mod_revision",
                      .title = "REVISION",
                      .type = SS_TYPE_INT,
                      .unit = SS_UNIT_REVISION,
                      .doc = "revision that wrote this; Kubernetes calls it resourceVersion"},
    [SUB] = {.name = "sub",
             .title = "SUB",
             .type = SS_TYPE_INT,
             .doc = "its place among the writes of one transaction, from 0"},
    [VERSION] = {.name = "version",
                 .title = "VERSION",
                 .type = SS_TYPE_INT,
                 .optional = true,
                 .doc = "how many times the key was put since it was created"},
    [LEASE] = {.name = "lease",
               .title = "LEASE",
               .type = SS_TYPE_ID,
               .optional = true,
               .doc = "the lease that the key is attached to"},
    [TOMBSTONE] = {.name = "tombstone",
                   .title = "DELETED",
                   .type = SS_TYPE_BOOL,
                   .doc = "whether this revision deleted the key"},
    [MARKER] = {.name = "marker",
                .title = "MARKER",
                .type = SS_TYPE_BOOL,
                .on_request = true,
                .doc = "whether it is the marker of a revision bump, which has no key"},
    [VALUE] = {.name = "value",
               .title = "VALUE",
               .type = SS_TYPE_BYTES,
               .optional = true,
               .doc = "the value"},
    [VALUE_LEN] = {.name = "value_len",
                   .title = "BYTES",
                   .type = SS_TYPE_UINT,
                   .unit = SS_UNIT_BYTES,
                   .optional = true,
                   .on_request = true,
                   .doc = "length of the value"},
    [KEY_LEN] = {.name = "key_len",
                 .title = "KEY-BYTES",
                 .type = SS_TYPE_UINT,
                 .unit = SS_UNIT_BYTES,
                 .optional = true,
                 .on_request = true,
                 .doc = "length of the key"},
    [PAGE] = {.name = "page",
              .title = "PAGE",
              .type = SS_TYPE_UINT,
              .unit = SS_UNIT_PAGE,
              .on_request = true,
              .doc = "leaf page that the record stands in"},
    [ELEMENT] = {.name = "element",
                 .title = "ELEMENT",
                 .type = SS_TYPE_UINT,
                 .on_request = true,
                 .doc = "its number among the page's elements"},
    [OFFSET] = {.name = "offset",
                .title = "OFFSET",
                .type = SS_TYPE_UINT,
                .unit = SS_UNIT_OFFSET,
                .optional = true,
                .on_request = true,
                .doc = "where the value's bytes begin in the file"},
};

static void record_value(const struct ss_record *rec, size_t column, struct ss_value *out)
{
    bool put = !rec->tombstone && !rec->marker;

    out->known = put || column == MOD_REVISION || column == SUB || column == TOMBSTONE ||
                 column == MARKER || column >= PAGE ||
                 (rec->tombstone && (column == KEY || column == KEY_LEN));
    switch (column) {
    case KEY:
        out->is.bytes = rec->key;
        break;
    case CREATE_REVISION:
        out->is.integer = rec->create_revision;
        break;
    case MOD_REVISION:
        out->is.integer = rec->mod_revision;
        break;
    case SUB:
        out->is.integer = rec->rev.sub;
        break;
    case VERSION:
        out->is.integer = rec->version;
        break;
    case LEASE:
        out->is.number = (uint64_t)rec->lease;
        out->known = put && rec->lease != 0;
        break;
    case TOMBSTONE:
        out->is.truth = rec->tombstone;
        break;
    case MARKER:
        out->is.truth = rec->marker;
        break;
    case VALUE:
        out->is.bytes = rec->value;
        break;
    case VALUE_LEN:
        out->is.number = rec->value.len;
        break;
    case KEY_LEN:
        out->is.number = rec->key.len;
        break;
    case PAGE:
        out->is.number = rec->pgid;
        break;
    case ELEMENT:
        out->is.number = rec->index;
        break;
    default:
        ss_value_number(out, rec->value.off, SS_NONE);
        break;
    }
}

/* ---------------------------------------------------------------------------------- live keys --- */

struct keys_cursor {
    struct ss_state *state;
    uint64_t next;
    struct ss_record rec;
};

static enum ss_status keys_open(struct ss_rows *rows, const struct ss_call *call,
                                struct ss_error *err)
{
    struct keys_cursor *c = rows->cursor;

    return ss_state_new(rows->file, rows->query.rev, &rows->query.range, call, &c->state, err);
}

static enum ss_status keys_next(struct ss_rows *rows, struct ss_error *err)
{
    struct keys_cursor *c = rows->cursor;

    (void)err;
    if (c->next == ss_state_count(c->state)) {
        return SS_END;
    }
    ss_state_get(c->state, c->next++, &c->rec);
    return SS_OK;
}

static void keys_value(const struct ss_rows *rows, size_t column, struct ss_value *out)
{
    const struct keys_cursor *c = rows->cursor;

    record_value(&c->rec, column, out);
}

static void keys_close(struct ss_rows *rows)
{
    struct keys_cursor *c = rows->cursor;

    ss_state_free(c->state);
}

static const struct ss_table_ops keys_ops = {.cursor_len = sizeof(struct keys_cursor),
                                             .open = keys_open,
                                             .next = keys_next,
                                             .value = keys_value,
                                             .close = keys_close};

const struct ss_table ss_table_keys = {.name = "keys",
                                       .row = "a live key",
                                       .doc =
                                           "the keys that are alive at a revision, in byte order",
                                       .columns = columns,
                                       .column_count = COLUMN_COUNT,
                                       .ops = &keys_ops};

/* ---------------------------------------------------------------------------------- revisions --- */

struct revisions_cursor {
    struct ss_cursor at;
    bool moved;
    bool ranged; /* not all keys: markers, which have none, are passed over */
    struct ss_record rec;
};

static enum ss_status revisions_open(struct ss_rows *rows, const struct ss_call *call,
                                     struct ss_error *err)
{
    struct revisions_cursor *c = rows->cursor;
    const struct ss_range *range = &rows->query.range;
    enum ss_status status = ss_key_bucket_cursor(rows->file, &c->at, err);

    (void)call;
    c->ranged = range->from != NULL || range->to != NULL || range->prefix_len > 0;
    return status == SS_END ? ss_not_etcd(err) : status;
}

static enum ss_status revisions_step(struct revisions_cursor *c, int64_t from_rev,
                                     struct ss_entry *entry, struct ss_error *err)
{
    const struct ss_revision from = {from_rev < 0 ? 0 : from_rev, 0};

    if (c->moved) {
        return ss_cursor_next(&c->at, entry, err);
    }
    c->moved = true;
    return ss_revision_seek(&c->at, from, entry, err);
}

static enum ss_status revisions_next(struct ss_rows *rows, struct ss_error *err)
{
    struct revisions_cursor *c = rows->cursor;
    const struct ss_query *query = &rows->query;
    struct ss_entry entry;
    enum ss_status status;

    while ((status = revisions_step(c, query->from_rev, &entry, err)) == SS_OK) {
        status = ss_record_decode(&entry, &c->rec, err);
        if (status != SS_OK) {
            return status;
        }
        if (query->to_rev > 0 && c->rec.rev.main > query->to_rev) {
            return SS_END;
        }
        if (!c->ranged || (!c->rec.marker && ss_range_has(&query->range, c->rec.key))) {
            return SS_OK;
        }
    }
    return status;
}

static void revisions_value(const struct ss_rows *rows, size_t column, struct ss_value *out)
{
    const struct revisions_cursor *c = rows->cursor;

    record_value(&c->rec, column, out);
}

static const struct ss_table_ops revisions_ops = {.cursor_len = sizeof(struct revisions_cursor),
                                                  .open = revisions_open,
                                                  .next = revisions_next,
                                                  .value = revisions_value};

const struct ss_table ss_table_revisions = {
    .name = "revisions",
    .row = "a retained revision of a key",
    .doc = "every put and deletion that the file still holds, in revision order",
    .columns = columns,
    .column_count = COLUMN_COUNT,
    .ops = &revisions_ops};
