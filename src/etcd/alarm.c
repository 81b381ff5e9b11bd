/*
 * alarm.c - see alarm.h.
 */
#include "etcd/alarm.h"

#include "etcd/bucket_each.h"
#include "util/wire.h"

enum {
    FIELD_MEMBER_ID = 1,
    FIELD_ALARM = 2
};

const char *ss_alarm_name(int32_t type)
{
    static const char *const names[] = {"NONE", "NOSPACE", "CORRUPT"};

    return type >= 0 && type < 3 ? names[type] : "UNKNOWN";
}

enum ss_status ss_alarm_decode(const struct ss_entry *entry, struct ss_alarm *out,
                               struct ss_error *err)
{
    struct ss_wire w;
    struct ss_wire_field field;
    enum ss_status status;

    *out = (struct ss_alarm){.off = entry->key.off, .pgid = entry->pgid, .index = entry->index};
    ss_wire_init(&w, entry->key, SS_E_FIELD, entry->pgid);
    while ((status = ss_wire_next(&w, &field, err)) == SS_OK) {
        if (field.number > FIELD_ALARM) {
            continue;
        }
        if (ss_wire_expect(&w, &field, SS_WIRE_VARINT,
                           field.number == FIELD_ALARM ? "alarm" : "memberID", err) != SS_OK) {
            return SS_CORRUPT;
        }
        if (field.number == FIELD_MEMBER_ID) {
            out->member_id = field.value;
        } else {
            out->type = (int32_t)(uint32_t)field.value;
        }
    }
    return status == SS_END ? SS_OK : status;
}

struct listing {
    ss_alarm_fn on_alarm;
    void *ctx;
};

static enum ss_status list_alarm(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    const struct listing *to = ctx;
    struct ss_alarm alarm;

    if (ss_alarm_decode(entry, &alarm, err) != SS_OK) {
        return SS_CORRUPT;
    }
    return to->on_alarm(to->ctx, &alarm) ? SS_OK : SS_END;
}

enum ss_status ss_alarms(const struct ss_file *file, ss_alarm_fn on_alarm, ss_fault_fn on_fault,
                         void *ctx, uint64_t *fault_count, struct ss_error *err)
{
    struct ss_fault_sink faults = {on_fault, ctx, fault_count};
    struct listing to = {on_alarm, ctx};
    enum ss_status status;

    ss_error_clear(err);
    *fault_count = 0;
    status = ss_bucket_each(file, SS_IN_ALARM, list_alarm, &to, &faults, err);
    return ss_source_check(&file->src, status == SS_END ? SS_OK : status, err);
}
