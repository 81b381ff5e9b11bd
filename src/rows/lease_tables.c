/*
 * lease_tables.c - tables `leases` and `alarms`.
 */
#include "etcd/alarm.h"
#include "etcd/lease.h"
#include "rows/element_rows.h"
#include "rows/etcd_tables.h"

/* ------------------------------------------------------------------------------------- leases --- */

enum {
    LEASE_ID,
    LEASE_KEY_ID,
    LEASE_TTL,
    LEASE_REMAINING_TTL,
    LEASE_PAGE,
    LEASE_OFFSET,
    LEASE_COLUMNS
};

static const struct ss_column lease_columns[LEASE_COLUMNS] = {
    [LEASE_ID] = {.name = "id", .title = "ID", .type = SS_TYPE_ID, .doc = "the lease"},
    [LEASE_KEY_ID] = {.name = "key_id",
                      .title = "KEY-ID",
                      .type = SS_TYPE_ID,
                      .optional = true,
                      .doc = "the id that the element's key has, where it is another one"},
    [LEASE_TTL] = {.name = "ttl",
                   .title = "TTL",
                   .type = SS_TYPE_INT,
                   .unit = SS_UNIT_SECONDS,
                   .doc = "time to live, as granted"},
    [LEASE_REMAINING_TTL] = {.name = "remaining_ttl",
                             .title = "REMAINING",
                             .type = SS_TYPE_INT,
                             .unit = SS_UNIT_SECONDS,
                             .optional = true,
                             .doc = "what was left of it at the last checkpoint"},
    [LEASE_PAGE] = {.name = "page",
                    .title = "PAGE",
                    .type = SS_TYPE_UINT,
                    .unit = SS_UNIT_PAGE,
                    .on_request = true,
                    .doc = "leaf page that it stands in"},
    [LEASE_OFFSET] = {.name = "offset",
                      .title = "OFFSET",
                      .type = SS_TYPE_UINT,
                      .unit = SS_UNIT_OFFSET,
                      .on_request = true,
                      .doc = "where its value begins in the file"},
};

struct lease_cursor {
    struct ss_element_rows at;
    struct ss_lease lease;
};

static enum ss_status leases_open(struct ss_rows *rows, const struct ss_call *call,
                                  struct ss_error *err)
{
    (void)call;
    return ss_element_rows_open(rows, SS_IN_LEASE, err);
}

static enum ss_status take_lease(struct ss_rows *rows, const struct ss_entry *entry,
                                 struct ss_error *err)
{
    struct lease_cursor *c = rows->cursor;

    return ss_lease_decode(entry, &c->lease, NULL, err);
}

static enum ss_status leases_next(struct ss_rows *rows, struct ss_error *err)
{
    return ss_element_rows_next(rows, take_lease, err);
}

static void leases_value(const struct ss_rows *rows, size_t column, struct ss_value *out)
{
    const struct ss_lease *lease = &((const struct lease_cursor *)rows->cursor)->lease;

    switch (column) {
    case LEASE_ID:
        out->is.number = (uint64_t)lease->id;
        break;
    case LEASE_KEY_ID:
        ss_value_number(out, (uint64_t)lease->key_id, (uint64_t)lease->id);
        break;
    case LEASE_TTL:
        out->is.integer = lease->ttl;
        break;
    case LEASE_REMAINING_TTL:
        out->is.integer = lease->remaining_ttl;
        out->known = lease->remaining_ttl != 0;
        break;
    case LEASE_PAGE:
        out->is.number = lease->pgid;
        break;
    default:
        out->is.number = lease->off;
        break;
    }
}

static const struct ss_table_ops leases_ops = {.cursor_len = sizeof(struct lease_cursor),
                                               .open = leases_open,
                                               .next = leases_next,
                                               .value = leases_value};

const struct ss_table ss_table_leases = {.name = "leases",
                                         .row = "a lease",
                                         .doc = "every lease with its time to live",
                                         .columns = lease_columns,
                                         .column_count = LEASE_COLUMNS,
                                         .ops = &leases_ops};

/* ------------------------------------------------------------------------------------- alarms --- */

enum {
    ALARM_MEMBER_ID,
    ALARM_NAME,
    ALARM_TYPE,
    ALARM_PAGE,
    ALARM_OFFSET,
    ALARM_COLUMNS
};

static const struct ss_column alarm_columns[ALARM_COLUMNS] = {
    [ALARM_MEMBER_ID] = {.name = "member",
                         .title = "MEMBER",
                         .type = SS_TYPE_ID,
                         .doc = "the member that raised it"},
    [ALARM_NAME] = {.name = "alarm",
                    .title = "ALARM",
                    .type = SS_TYPE_TEXT,
                    .doc = "NOSPACE, CORRUPT, or UNKNOWN"},
    [ALARM_TYPE] = {.name = "type",
                    .title = "TYPE",
                    .type = SS_TYPE_INT,
                    .doc = "etcd's number of that"},
    [ALARM_PAGE] = {.name = "page",
                    .title = "PAGE",
                    .type = SS_TYPE_UINT,
                    .unit = SS_UNIT_PAGE,
                    .on_request = true,
                    .doc = "leaf page that it stands in"},
    [ALARM_OFFSET] = {.name = "offset",
                      .title = "OFFSET",
                      .type = SS_TYPE_UINT,
                      .unit = SS_UNIT_OFFSET,
                      .on_request = true,
                      .doc = "where its key, which holds it all, begins in the file"},
};

struct alarm_cursor {
    struct ss_element_rows at;
    struct ss_alarm alarm;
};

static enum ss_status alarms_open(struct ss_rows *rows, const struct ss_call *call,
                                  struct ss_error *err)
{
    (void)call;
    return ss_element_rows_open(rows, SS_IN_ALARM, err);
}

static enum ss_status take_alarm(struct ss_rows *rows, const struct ss_entry *entry,
                                 struct ss_error *err)
{
    struct alarm_cursor *c = rows->cursor;

    return ss_alarm_decode(entry, &c->alarm, err);
}

static enum ss_status alarms_next(struct ss_rows *rows, struct ss_error *err)
{
    return ss_element_rows_next(rows, take_alarm, err);
}

static void alarms_value(const struct ss_rows *rows, size_t column, struct ss_value *out)
{
    const struct ss_alarm *alarm = &((const struct alarm_cursor *)rows->cursor)->alarm;

    switch (column) {
    case ALARM_MEMBER_ID:
        out->is.number = alarm->member_id;
        break;
    case ALARM_NAME:
        ss_value_text(out, ss_alarm_name(alarm->type));
        break;
    case ALARM_TYPE:
        out->is.integer = alarm->type;
        break;
    case ALARM_PAGE:
        out->is.number = alarm->pgid;
        break;
    default:
        out->is.number = alarm->off;
        break;
    }
}

static const struct ss_table_ops alarms_ops = {.cursor_len = sizeof(struct alarm_cursor),
                                               .open = alarms_open,
                                               .next = alarms_next,
                                               .value = alarms_value};

const struct ss_table ss_table_alarms = {.name = "alarms",
                                         .row = "a raised alarm",
                                         .doc = "the alarms that are raised, and by whom",
                                         .columns = alarm_columns,
                                         .column_count = ALARM_COLUMNS,
                                         .ops = &alarms_ops};
