/*
 * tree_tables.h - tables of any bbolt file: `buckets`, `entries` and `pages`.
 */
#ifndef SS_ROWS_TREE_TABLES_H
#define SS_ROWS_TREE_TABLES_H

#include "rows/rows.h"

extern const struct ss_table ss_table_buckets;
extern const struct ss_table ss_table_entries;
extern const struct ss_table ss_table_pages;

#endif
