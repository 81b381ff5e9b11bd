/*
 * tables.c - the catalogue of all tables, of every layer below.
 */
#include "diff/difference_table.h"
#include "rows/etcd_tables.h"
#include "rows/finding_table.h"
#include "rows/record_tables.h"
#include "rows/tree_tables.h"

static const struct ss_table *const tables[] = {
    &ss_table_keys,     &ss_table_revisions,   &ss_table_leases,  &ss_table_alarms,
    &ss_table_members,  &ss_table_auth,        &ss_table_users,   &ss_table_roles,
    &ss_table_meta,     &ss_table_buckets,     &ss_table_entries, &ss_table_pages,
    &ss_table_findings, &ss_table_differences,
};

size_t ss_table_count(void)
{
    return SS_COLUMN_COUNT(tables);
}

const struct ss_table *ss_table_at(size_t i)
{
    return i < ss_table_count() ? tables[i] : NULL;
}

const struct ss_table *ss_table_find(const char *name)
{
    for (size_t i = 0; i < ss_table_count(); i++) {
        if (strcmp(tables[i]->name, name) == 0) {
            return tables[i];
        }
    }
    return NULL;
}
