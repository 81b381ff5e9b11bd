/*
 * verdict.c - see verdict.h. "Sound" is said only when hash, structure and meaning were all checked
 * and the hash is valid: pages carry no checksum, so nothing else can vouch for a value's bytes.
 */
#include "verify/verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *ss_verdict_name(enum ss_verdict verdict)
{
    static const char *const names[] = {[SS_VERDICT_SOUND] = "sound",
                                        [SS_VERDICT_CONSISTENT] = "consistent",
                                        [SS_VERDICT_DAMAGED] = "damaged",
                                        [SS_VERDICT_UNREADABLE] = "unreadable"};

    return (unsigned)verdict < sizeof(names) / sizeof(names[0]) ? names[verdict] : "unknown";
}

static void add(struct ss_verify_report *report, const char *text)
{
    size_t used = strlen(report->verdict_text);

    snprintf(report->verdict_text + used, sizeof(report->verdict_text) - used, "%s", text);
}

static void add_count(struct ss_verify_report *report, const char *part, uint64_t errors)
{
    char text[80];

    snprintf(text, sizeof(text), ", %" PRIu64 " error%s in %s", errors, errors == 1 ? "" : "s",
             part);
    add(report, text);
}

static bool checked(const struct ss_verify_report *report, unsigned what)
{
    return (report->checked & what) == what;
}

/* What was not looked at, or does not apply: never left out. */
static void add_unchecked(const struct ss_verdict_parts *parts, struct ss_verify_report *report)
{
    if (!checked(report, SS_VERIFY_STRUCTURE)) {
        add(report, "; structure not checked");
    }
    if (!checked(report, SS_VERIFY_ETCD)) {
        add(report, "; etcd records not checked");
    } else if (!report->is_etcd) {
        add(report,
            parts->structure_errors > 0 ? "; no etcd database can be found" : "; no etcd database");
    }
}

/* The parts that were checked and are in order. */
static void add_clean(const struct ss_verdict_parts *parts, struct ss_verify_report *report)
{
    bool structure = checked(report, SS_VERIFY_STRUCTURE) && parts->structure_errors == 0;
    bool etcd = checked(report, SS_VERIFY_ETCD) && parts->etcd_errors == 0 && report->is_etcd;

    if (structure && etcd) {
        add(report, ", structure and etcd records consistent");
    } else if (structure) {
        add(report, ", structure consistent");
    } else if (etcd) {
        add(report, parts->structure_errors > parts->start_errors
                        ? ", no error in the etcd records that were read"
                        : ", etcd records consistent");
    }
}

/* Revisions that are gone, wherever the reason stands. */
static void add_missing(struct ss_verify_report *report)
{
    char text[96];

    if (report->missing_count == 0) {
        return;
    }
    if (report->missing_count == 1) {
        snprintf(text, sizeof(text), "; revision %" PRId64 " is missing", report->missing_first);
    } else if (report->missing_count - 1 ==
               (uint64_t)report->missing_last - (uint64_t)report->missing_first) {
        snprintf(text, sizeof(text), "; revisions %" PRId64 " to %" PRId64 " are missing",
                 report->missing_first, report->missing_last);
    } else {
        snprintf(text, sizeof(text),
                 "; %" PRIu64 " revisions between %" PRId64 " and %" PRId64 " are missing",
                 report->missing_count, report->missing_first, report->missing_last);
    }
    add(report, text);
}

static void add_padding(struct ss_verify_report *report)
{
    char text[80];

    if (report->hash.padding_len == 0) {
        return;
    }
    snprintf(text, sizeof(text), ", followed by %" PRIu64 " bytes of padding (0x%02x)",
             report->hash.padding_len, report->hash.padding_byte);
    add(report, text);
}

static void add_hash(struct ss_verify_report *report)
{
    add(report, "hash ");
    if (report->hash.state == SS_HASH_NOT_CHECKED) {
        add(report, "not checked");
    } else {
        add(report, ss_hash_state_name(report->hash.state));
    }
    add_padding(report);
}

static void say_damaged(const struct ss_verdict_parts *parts, struct ss_verify_report *report)
{
    add(report, report->text_mode.change == SS_TEXT_MODE_NONE ? "damaged: "
                                                              : "damaged by a copy in text mode: ");
    add_hash(report);
    if (parts->structure_errors > 0) {
        add_count(report, "structure", parts->structure_errors);
    }
    if (parts->etcd_errors > 0) {
        add_count(report, "etcd records", parts->etcd_errors);
    }
    add_clean(parts, report);
    add_missing(report);
    add_unchecked(parts, report);
}

static void say_unreadable(const struct ss_file *file, struct ss_verify_report *report)
{
    add(report, "unreadable: ");
    add(report,
        file->kind == SS_KIND_BBOLT ? "neither meta page can be used" : file->why_not.message);
    if (report->text_mode.change != SS_TEXT_MODE_NONE) {
        add(report, "; a copy in text mode changed the file");
    }
    if (report->hash.state == SS_HASH_VALID) {
        add(report, "; the trailing hash is valid: the file is as it was when the hash was made");
    }
}

void ss_verdict_make(const struct ss_file *file, const struct ss_verdict_parts *parts,
                     struct ss_verify_report *report)
{
    report->verdict_text[0] = '\0';
    if (!file->readable) {
        report->verdict = SS_VERDICT_UNREADABLE;
        say_unreadable(file, report);
    } else if (report->error_count > 0) {
        report->verdict = SS_VERDICT_DAMAGED;
        say_damaged(parts, report);
    } else if (report->hash.state == SS_HASH_VALID && checked(report, SS_VERIFY_ALL)) {
        report->verdict = SS_VERDICT_SOUND;
        add(report, "sound: ");
        add_hash(report);
        add_clean(parts, report);
        add_unchecked(parts, report);
    } else {
        report->verdict = SS_VERDICT_CONSISTENT;
        add(report, "consistent, ");
        add_hash(report);
        if (report->hash.state != SS_HASH_VALID) {
            add(report, ": value bytes cannot be vouched for");
        }
        add_unchecked(parts, report);
    }
}
