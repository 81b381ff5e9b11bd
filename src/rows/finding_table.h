/*
 * finding_table.h - table `findings`.
 */
#ifndef SS_ROWS_FINDING_TABLE_H
#define SS_ROWS_FINDING_TABLE_H

#include "rows/rows.h"

extern const struct ss_table ss_table_findings;

#endif
