/*
 * verify.h - one verified file, and the three forms in which it is told.
 */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include <jansson.h>
#include <snapscope.h>

#include "out.h"

/* What became of one FILE. The file itself stays open as long as this is printed. */
struct cli_verified {
    const char *name; /* as it was named */
    const struct ss_file *file;
    struct ss_file_facts facts; /* only when it was opened */
    const struct ss_verify_report *report;
    const struct ss_error *err; /* why there is no report, or NULL */
    struct ss_source_wal wal;   /* the log of the member that the file lies in */
    unsigned asked;             /* SS_VERIFY_* */
    uint64_t shown_max;         /* findings that the text lists; SS_NONE: all that were kept */
    int code;                   /* the exit code that this file alone comes to */
};

/* The text: several lines, the verdict first. Only with a report. */
void cli_verify_print(struct cli_out *out, const struct cli_verified *verified);

/* An object of its own; with an error it holds that instead of a report. */
json_t *cli_verify_doc(const struct cli_verified *verified);

/* Parts of it: {"state":…,"found":…}, and SS_VERIFY_* as a list of words. */
json_t *cli_hash_doc(const struct ss_hash_report *hash);
json_t *cli_checked_doc(unsigned checked);

/* One finding as an object. */
json_t *cli_finding_doc(const struct ss_finding *finding);
/* {"meta":1,"txid":7,"whole":true,…}: how the tree of the other meta page stands. */
json_t *cli_other_tree_doc(const struct ss_other_tree *other);

/* Puts the findings and how many there are of each severity into a document. */
void cli_findings_doc(json_t *doc, const struct ss_verify_report *report);

/* A JUnit document: one testsuite a file, one testcase a check. Each returns false when it fails. */
bool cli_junit_begin(ss_write_fn write, void *ctx);
bool cli_junit_suite(ss_write_fn write, void *ctx, const struct cli_verified *verified);
bool cli_junit_end(ss_write_fn write, void *ctx);

/* All findings, of every severity, also those that were not kept. */
static inline uint64_t cli_verify_total(const struct ss_verify_report *report)
{
    return report->error_count + report->warning_count + report->note_count;
}

/* Writes "offset 0x5000, page 5, bucket key, element 3", as far as it applies, and returns buf. */
char *cli_finding_place(const struct ss_finding *finding, char *buf, size_t cap);

/* Lower-case hex of len bytes; out has room for 2 x len + 1. */
char *cli_digest_text(const uint8_t *bytes, size_t len, char *out);

#endif
