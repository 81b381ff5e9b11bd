/*
 * record_tables.h - tables `keys` and `revisions`.
 */
#ifndef SS_ROWS_RECORD_TABLES_H
#define SS_ROWS_RECORD_TABLES_H

#include "rows/rows.h"

extern const struct ss_table ss_table_keys;
extern const struct ss_table ss_table_revisions;

#endif
