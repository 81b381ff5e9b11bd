/*
 * wal_note.c - see wal_note.h.
 */
#include "wal_note.h"

#include <inttypes.h>
#include <stdlib.h>

#include "doc.h"
#include "print.h"

#define NEXT_STEP "to keep them, start etcd on that data directory and take a snapshot of it"

static void of_archive(const struct ss_source_wal *wal, const char *dir, char *buf, size_t cap)
{
    snprintf(buf, cap,
             "warning: the archive also has this member's WAL, %.500s (%" PRIu64
             " %s), which is not read: what it holds beyond the db is not in the db; unpack the "
             "archive and name the db in it, and that is counted",
             dir, wal->file_count, wal->file_count == 1 ? "file" : "files");
}

static void of_unreadable(const struct ss_source_wal *wal, const char *dir, char *buf, size_t cap)
{
    char why[1024];
    snprintf(
        buf, cap,
        "warning: this member's WAL, %.500s, cannot be read, so what it holds beyond the db is "
        "unknown, and is not in the db: %s",
        dir, ss_error_text(&wal->err, why, sizeof(why)));
}

static void of_lag(const struct ss_source_wal *wal, const char *dir, char *buf, size_t cap)
{
    const struct ss_wal_facts *facts = &wal->facts;
    snprintf(buf, cap,
             "warning: this member's WAL, %.500s, holds %" PRIu64
             " %s beyond the db's consistent_index %" PRIu64 " (up to %" PRIu64 ", %" PRIu64
             " committed for sure), which the db alone lacks; " NEXT_STEP,
             dir, facts->beyond_count, facts->beyond_count == 1 ? "entry" : "entries", wal->applied,
             facts->entry_last, facts->beyond_committed);
}

static void of_unknown(const struct ss_source_wal *wal, const char *dir, char *buf, size_t cap)
{
    snprintf(buf, cap,
             "warning: this member's WAL, %.500s, goes up to entry %" PRIu64
             ", and the db does not say how many of these it has",
             dir, wal->facts.entry_last);
}

const char *cli_wal_note_text(const struct ss_source_wal *wal, char *buf, size_t cap)
{
    if (wal->dir == NULL || (wal->is_read && wal->has_applied && wal->facts.beyond_count == 0)) {
        return NULL;
    }
    char *dir = cli_escaped_name(wal->dir);
    if (wal->in_archive) {
        of_archive(wal, dir, buf, cap);
    } else if (!wal->is_read) {
        of_unreadable(wal, dir, buf, cap);
    } else if (!wal->has_applied) {
        of_unknown(wal, dir, buf, cap);
    } else {
        of_lag(wal, dir, buf, cap);
    }
    free(dir);
    return buf;
}

json_t *cli_wal_note_doc(const struct ss_source_wal *wal)
{
    const struct ss_wal_facts *facts = &wal->facts;
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "dir", wal->dir);
    cli_doc_bool(doc, "in_archive", wal->in_archive);
    if (wal->has_applied) {
        cli_doc_number(doc, "consistent_index", wal->applied);
    }
    if (wal->in_archive || wal->is_read) {
        cli_doc_number(doc, "file_count", wal->file_count);
    }
    if (wal->is_read) {
        if (wal->has_applied) {
            cli_doc_number(doc, "entries_beyond", facts->beyond_count);
            cli_doc_number(doc, "committed_beyond", facts->beyond_committed);
        }
        cli_doc_number(doc, "last_index", facts->entry_last);
        cli_doc_number(doc, "commit", facts->commit);
        cli_doc_bool(doc, "torn", facts->torn);
    } else if (!wal->in_archive) {
        cli_doc_set(doc, "error", cli_doc_error(&wal->err));
    }
    return doc;
}
