/*
 * record_json.h - the record format: one JSON object a record. docs/format.md has it in full.
 *
 * What comes out depends on the arguments alone, so batches of records can be formatted by several
 * threads and put together in order.
 */
#ifndef SS_EXPORT_RECORD_JSON_H
#define SS_EXPORT_RECORD_JSON_H

#include "export/outbuf.h"

/* Which members a record shows. */
struct ss_record_style {
    bool revisions; /* "sub", and "tombstone" or "marker" where true */
    bool keys_only; /* no "value" */
};

/*
 * Appends {"key":…,"create_revision":…,"mod_revision":…,"version":…,"lease":…,…,"value":…}.
 * A tombstone or marker has no value.
 */
void ss_record_json(struct ss_outbuf *out, const struct ss_record *rec,
                    const struct ss_record_style *style);

/* Appends an element of any bucket: {"key":…,"value":…}, or {"key":…,"bucket":true}. */
void ss_entry_json(struct ss_outbuf *out, const struct ss_entry *entry, bool keys_only);

#endif
