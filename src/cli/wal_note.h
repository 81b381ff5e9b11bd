/*
 * wal_note.h - what a member's log holds that its db lacks, in words and as JSON.
 *
 * Commands that take a db for the whole of a member say it: the db of a running or killed member lags
 * behind its log.
 */
#ifndef CLI_WAL_NOTE_H
#define CLI_WAL_NOTE_H

#include <jansson.h>
#include <snapscope.h>

/* "warning: …" in `buf`, for which 2048 bytes suffice; NULL when the db has all that the log has. */
const char *cli_wal_note_text(const struct ss_source_wal *wal, char *buf, size_t cap);

/* The object "source_wal" of common.schema.json; of a log that was found. */
json_t *cli_wal_note_doc(const struct ss_source_wal *wal);

#endif
