/*
 * difference_table.c - table `differences`: the live keys that are not alike in two files, or at two
 * revisions of one.
 *
 *   key   change     …_differs   a_…                b_…
 *   a     removed                the record in A
 *   b     modified   1 0 1       the record in A    the record in B
 *
 * Side A is the file of the rows at query.rev, side B query.other at query.other_rev.
 */
#include "diff/difference_table.h"

#include "diff/state_diff.h"
#include "util/call.h"

enum {
    KEY,
    CHANGE,
    VALUE_DIFFERS,
    LEASE_DIFFERS,
    REVISION_DIFFERS,
    A_CREATE_REVISION,
    A_MOD_REVISION,
    A_VERSION,
    A_LEASE,
    A_VALUE_LEN,
    A_VALUE,
    B_CREATE_REVISION,
    B_MOD_REVISION,
    B_VERSION,
    B_LEASE,
    B_VALUE_LEN,
    B_VALUE,
    COLUMN_COUNT
};

#define SIDE_COLUMNS (B_CREATE_REVISION - A_CREATE_REVISION)

static const struct ss_column columns[COLUMN_COUNT] = {
    [KEY] = {.name = "key", .title = "KEY", .type = SS_TYPE_BYTES, .doc = "the key"},
    [CHANGE] = {.name = "change",
                .title = "CHANGE",
                .type = SS_TYPE_TEXT,
                .doc = "added (only in B), removed (only in A) or modified"},
    [VALUE_DIFFERS] = {.name = "value_differs",
                       .title = "VALUE",
                       .type = SS_TYPE_BOOL,
                       .optional = true,
                       .doc = "of a modified key: whether its values differ"},
    [LEASE_DIFFERS] = {.name = "lease_differs",
                       .title = "LEASE",
                       .type = SS_TYPE_BOOL,
                       .optional = true,
                       .doc = "of a modified key: whether its leases differ"},
    [REVISION_DIFFERS] = {.name = "revision_differs",
                          .title = "REVISIONS",
                          .type = SS_TYPE_BOOL,
                          .optional = true,
                          .doc = "of a modified key: whether its revisions or its version differ"},
    [A_CREATE_REVISION] = {.name = "a_create_revision",
                           .title = "A-CREATED",
                           .type = SS_TYPE_INT,
                           .unit = SS_UNIT_REVISION,
                           .optional = true,
                           .doc = "create revision in A"},
    [A_MOD_REVISION] = {.name = "a_mod_revision",
                        .title = "A-REVISION",
                        .type = SS_TYPE_INT,
                        .unit = SS_UNIT_REVISION,
                        .optional = true,
                        .doc = "revision that wrote it in A"},
    [A_VERSION] = {.name = "a_version",
                   .title = "A-VERSION",
                   .type = SS_TYPE_INT,
                   .optional = true,
                   .doc = "version in A"},
    [A_LEASE] = {.name = "a_lease",
                 .title = "A-LEASE",
                 .type = SS_TYPE_ID,
                 .optional = true,
                 .doc = "lease in A"},
    [A_VALUE_LEN] = {.name = "a_value_len",
                     .title = "A-BYTES",
                     .type = SS_TYPE_UINT,
                     .unit = SS_UNIT_BYTES,
                     .optional = true,
                     .doc = "length of the value in A"},
    [A_VALUE] = {.name = "a_value",
                 .title = "A-VALUE",
                 .type = SS_TYPE_BYTES,
                 .optional = true,
                 .on_request = true,
                 .doc = "the value in A"},
    [B_CREATE_REVISION] = {.name = "b_create_revision",
                           .title = "B-CREATED",
                           .type = SS_TYPE_INT,
                           .unit = SS_UNIT_REVISION,
                           .optional = true,
                           .doc = "create revision in B"},
    [B_MOD_REVISION] = {.name = "b_mod_revision",
                        .title = "B-REVISION",
                        .type = SS_TYPE_INT,
                        .unit = SS_UNIT_REVISION,
                        .optional = true,
                        .doc = "revision that wrote it in B"},
    [B_VERSION] = {.name = "b_version",
                   .title = "B-VERSION",
                   .type = SS_TYPE_INT,
                   .optional = true,
                   .doc = "version in B"},
    [B_LEASE] = {.name = "b_lease",
                 .title = "B-LEASE",
                 .type = SS_TYPE_ID,
                 .optional = true,
                 .doc = "lease in B"},
    [B_VALUE_LEN] = {.name = "b_value_len",
                     .title = "B-BYTES",
                     .type = SS_TYPE_UINT,
                     .unit = SS_UNIT_BYTES,
                     .optional = true,
                     .doc = "length of the value in B"},
    [B_VALUE] = {.name = "b_value",
                 .title = "B-VALUE",
                 .type = SS_TYPE_BYTES,
                 .optional = true,
                 .on_request = true,
                 .doc = "the value in B"},
};

struct cursor {
    struct ss_diff_opts opts;
    struct ss_diff_result result;
    struct ss_diff_walk walk;
    struct ss_diff_change change;
};

static enum ss_status open_differences(struct ss_rows *rows, const struct ss_call *call,
                                       struct ss_error *err)
{
    struct cursor *c = rows->cursor;
    const struct ss_query *query = &rows->query;
    enum ss_status status;
    enum ss_side side;

    if (query->other == NULL) {
        return ss_system(err, SS_E_ARGUMENT, 0,
                         "differences are between two files: the query names no other one");
    }
    c->opts = (struct ss_diff_opts){
        .rev_a = query->rev, .rev_b = query->other_rev, .range = query->range};
    status = ss_diff_walk_open(&c->walk, rows->file, query->other, &c->opts, call, &c->result,
                               &side, err);
    c->walk.call = ss_call_or_none(NULL); /* it was about what comes before the first row */
    return status == SS_OK ? ss_diff_walk_check(&c->walk, status, &side, err) : status;
}

static enum ss_status next(struct ss_rows *rows, struct ss_error *err)
{
    struct cursor *c = rows->cursor;
    enum ss_side side;

    return ss_diff_walk_check(&c->walk, ss_diff_walk_next(&c->walk, &c->change, err), &side, err);
}

/* A column of one side, by its number in A's. */
static void side_value(const struct ss_record *rec, size_t column, struct ss_value *out)
{
    out->known = rec != NULL;
    if (rec == NULL) {
        return;
    }
    switch (column) {
    case A_CREATE_REVISION:
        out->is.integer = rec->create_revision;
        break;
    case A_MOD_REVISION:
        out->is.integer = rec->mod_revision;
        break;
    case A_VERSION:
        out->is.integer = rec->version;
        break;
    case A_LEASE:
        ss_value_number(out, (uint64_t)rec->lease, 0);
        break;
    case A_VALUE_LEN:
        out->is.number = rec->value.len;
        break;
    default:
        out->is.bytes = rec->value;
        break;
    }
}

static void value(const struct ss_rows *rows, size_t column, struct ss_value *out)
{
    static const unsigned bits[] = {SS_DIFFERS_VALUE, SS_DIFFERS_LEASE, SS_DIFFERS_REVISION};
    const struct ss_diff_change *change = &((const struct cursor *)rows->cursor)->change;

    switch (column) {
    case KEY:
        out->is.bytes = change->a != NULL ? change->a->key : change->b->key;
        break;
    case CHANGE:
        ss_value_text(out, ss_change_name(change->change));
        break;
    case VALUE_DIFFERS:
    case LEASE_DIFFERS:
    case REVISION_DIFFERS:
        out->is.truth = (change->differs & bits[column - VALUE_DIFFERS]) != 0;
        out->known = change->change == SS_CHANGE_MODIFIED;
        break;
    default:
        if (column < B_CREATE_REVISION) {
            side_value(change->a, column, out);
        } else {
            side_value(change->b, column - SIDE_COLUMNS, out);
        }
        break;
    }
}

static void close(struct ss_rows *rows)
{
    struct cursor *c = rows->cursor;

    ss_diff_walk_close(&c->walk);
}

static const struct ss_table_ops ops = {.cursor_len = sizeof(struct cursor),
                                        .open = open_differences,
                                        .next = next,
                                        .value = value,
                                        .close = close};

const struct ss_table ss_table_differences = {
    .name = "differences",
    .row = "a live key that is not alike in both",
    .doc = "the live keys that two files, or two revisions, do not have alike, in byte order",
    .columns = columns,
    .column_count = COLUMN_COUNT,
    .ops = &ops};
