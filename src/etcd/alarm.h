/*
 * alarm.h - a raised alarm. [F11]
 *
 *   key    etcdserverpb.AlarmMember: memberID 1, uint64 · alarm 2, enum
 *   value  empty
 */
#ifndef SS_ETCD_ALARM_H
#define SS_ETCD_ALARM_H

#include "util/error.h"

/* Errors: FIELD, at the wrong byte. */
enum ss_status ss_alarm_decode(const struct ss_entry *entry, struct ss_alarm *out,
                               struct ss_error *err);

#endif
