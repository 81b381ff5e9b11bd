/*
 * difference_table.h - table `differences`.
 */
#ifndef SS_DIFF_DIFFERENCE_TABLE_H
#define SS_DIFF_DIFFERENCE_TABLE_H

#include "rows/rows.h"

extern const struct ss_table ss_table_differences;

#endif
