/*
 * etcd_tables.h - tables of what etcd keeps apart from its keys: `leases`, `alarms`, `members`, `auth`,
 * `users`, `roles` and `meta`.
 */
#ifndef SS_ROWS_ETCD_TABLES_H
#define SS_ROWS_ETCD_TABLES_H

#include "rows/rows.h"

extern const struct ss_table ss_table_leases;
extern const struct ss_table ss_table_alarms;
extern const struct ss_table ss_table_members;
extern const struct ss_table ss_table_auth;
extern const struct ss_table ss_table_users;
extern const struct ss_table ss_table_roles;
extern const struct ss_table ss_table_meta;

#endif
