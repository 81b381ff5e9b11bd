/*
 * verify_junit.c - verified files as a JUnit report, which CI systems show beside test results.
 *
 *     testsuites
 *       testsuite name="FILE"            verdict and digests are its properties
 *         testcase name="PAGE-004 …"     one a check of the catalogue; classname is the file again
 *           failure                      its findings, when they are errors
 *           skipped                      it was not asked for, does not apply, or cannot be told
 *           system-out                   its findings, when they are warnings or notes
 *
 * A check whose findings may have been left out (--max-findings) is never shown as passed.
 * Everything is well-formed XML 1.0 whatever the bytes: markup and line ends go in as references,
 * characters that XML does not know as U+FFFD.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "verify.h"

/* The sink, with the first failure kept. */
struct xml {
    ss_write_fn write;
    void *ctx;
    bool good;
};

static void raw(struct xml *xml, const char *text)
{
    xml->good = xml->good && xml->write(xml->ctx, text, strlen(text));
}

/* Lead byte to the number of bytes; text is well-formed UTF-8 when it comes here. */
static size_t sequence_len(unsigned char lead)
{
    if (lead < 0x80) {
        return 1;
    }
    return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* U+FFFE and U+FFFF, and the control characters but for tab and line ends. */
static bool is_illegal(const char *text)
{
    unsigned char lead = (unsigned char)text[0];
    if (lead < 0x20) {
        return lead != '\t' && lead != '\n' && lead != '\r';
    }
    return lead == 0xEF &&
           (memcmp(text, "\xEF\xBF\xBE", 3) == 0 || memcmp(text, "\xEF\xBF\xBF", 3) == 0);
}

static void escaped_character(struct xml *xml, const char *at, size_t len)
{
    static const struct {
        char character;
        const char *reference;
    } references[] = {{'&', "&amp;"},  {'<', "&lt;"},  {'>', "&gt;"},
                      {'"', "&quot;"}, {'\t', "&#9;"}, {'\r', "&#13;"}};
    char text[5] = "";
    for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
        if (*at == references[i].character) {
            raw(xml, references[i].reference);
            return;
        }
    }
    memcpy(text, at, len);
    raw(xml, is_illegal(at) ? "\xEF\xBF\xBD" : text);
}

/* Text between tags or, `as_attribute`, between quotes, where a line end would be lost. */
static void clean_text(struct xml *xml, const char *text, bool as_attribute)
{
    while (*text != '\0') {
        size_t len = sequence_len((unsigned char)*text);
        if (*text == '\n' && as_attribute) {
            raw(xml, "&#10;");
        } else {
            escaped_character(xml, text, len);
        }
        text += len;
    }
}

static void put_text(struct xml *xml, const char *text, bool as_attribute)
{
    char *escaped = NULL;
    if (!ss_text_is_clean(text, strlen(text))) {
        text = escaped = cli_escaped_name(text);
    }
    clean_text(xml, text, as_attribute);
    free(escaped);
}

static void attribute(struct xml *xml, const char *name, const char *value)
{
    raw(xml, " ");
    raw(xml, name);
    raw(xml, "=\"");
    put_text(xml, value, true);
    raw(xml, "\"");
}

static void property(struct xml *xml, const char *name, const char *value)
{
    raw(xml, "      <property");
    attribute(xml, "name", name);
    attribute(xml, "value", value);
    raw(xml, "/>\n");
}

/* The parts that must have been checked for a check of this id to mean anything. */
static unsigned part_of(const char *id)
{
    static const struct {
        const char *group;
        unsigned part;
    } groups[] = {{"FILE-", 0},
                  {"META-", 0},
                  {"HASH-", SS_VERIFY_HASH},
                  {"PAGE-", SS_VERIFY_STRUCTURE},
                  {"ELEM-", SS_VERIFY_STRUCTURE},
                  {"TREE-", SS_VERIFY_STRUCTURE},
                  {"BUCKET-", SS_VERIFY_STRUCTURE},
                  {"FREE-", SS_VERIFY_STRUCTURE}};
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (strncmp(id, groups[i].group, strlen(groups[i].group)) == 0) {
            return groups[i].part;
        }
    }
    return SS_VERIFY_ETCD;
}

static uint64_t count_findings(const struct ss_verify_report *report, const struct ss_check *check)
{
    uint64_t count = 0;
    for (size_t i = 0; i < report->finding_count; i++) {
        count += report->findings[i].check == check;
    }
    return count;
}

/* Why a check without findings did not pass; NULL: it did. */
static const char *skip_reason(const struct cli_verified *verified, const struct ss_check *check)
{
    const struct ss_verify_report *report = verified->report;
    unsigned part = part_of(check->id);
    if ((verified->asked & part) != part) {
        return "left out by --only";
    }
    if ((report->checked & part) != part) {
        return "the file cannot be read as a bbolt database";
    }
    if (part == SS_VERIFY_ETCD && !report->is_etcd) {
        return "no etcd database";
    }
    return report->finding_count < cli_verify_total(report) ? "not all findings were kept" : NULL;
}

static void findings_text(struct xml *xml, const struct ss_verify_report *report,
                          const struct ss_check *check)
{
    char place[1024];
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct ss_finding *finding = &report->findings[i];
        if (finding->check != check) {
            continue;
        }
        put_text(xml, finding->detail, false);
        cli_finding_place(finding, place, sizeof(place));
        if (place[0] != '\0') {
            raw(xml, " (");
            put_text(xml, place, false);
            raw(xml, ")");
        }
        if (finding->have[0] != '\0' || finding->expect[0] != '\0') {
            raw(xml, " have ");
            put_text(xml, finding->have, false);
            raw(xml, " expect ");
            put_text(xml, finding->expect, false);
        }
        raw(xml, "\n");
    }
}

/* CI systems group by class: the file, so that each has a line of its own. */
static void testcase_begin(struct xml *xml, const char *file, const char *id, const char *text)
{
    char name[256];
    snprintf(name, sizeof(name), "%s %s", id, text);
    raw(xml, "    <testcase");
    attribute(xml, "classname", file);
    attribute(xml, "name", name);
}

/* "page is zeroed (offset 0x5000, page 5, bucket key); and 2 more": the one line that CI systems list. */
static void failure_message(struct xml *xml, const struct ss_verify_report *report,
                            const struct ss_check *check, uint64_t count)
{
    char text[2048], place[1024], more[40] = "";
    size_t i = 0;
    while (report->findings[i].check != check) {
        i++;
    }
    const struct ss_finding *first = &report->findings[i];
    bool placed = cli_finding_place(first, place, sizeof(place))[0] != '\0';
    if (count > 1) {
        snprintf(more, sizeof(more), "; and %" PRIu64 " more", (uint64_t)(count - 1));
    }
    snprintf(text, sizeof(text), "%s%s%s%s%s", first->detail, placed ? " (" : "", place,
             placed ? ")" : "", more);
    attribute(xml, "message", text);
}

static void check_case(struct xml *xml, const struct cli_verified *verified,
                       const struct ss_check *check)
{
    uint64_t count = count_findings(verified->report, check);
    bool fails = count > 0 && check->severity == SS_SEVERITY_ERROR;
    const char *skipped = count > 0 ? NULL : skip_reason(verified, check);
    testcase_begin(xml, verified->name, check->id, check->text);
    if (count == 0 && skipped == NULL) {
        raw(xml, "/>\n");
        return;
    }
    raw(xml, ">");
    if (skipped != NULL) {
        raw(xml, "<skipped");
        attribute(xml, "message", skipped);
        raw(xml, "/>");
    } else {
        raw(xml, fails ? "<failure" : "<system-out>");
        if (fails) {
            attribute(xml, "type", check->id);
            failure_message(xml, verified->report, check, count);
            raw(xml, ">");
        }
        findings_text(xml, verified->report, check);
        raw(xml, fails ? "</failure>" : "</system-out>");
    }
    raw(xml, "</testcase>\n");
}

/* Errors that were counted and not kept must not be lost: a testcase of their own fails. */
static uint64_t lost_errors(const struct ss_verify_report *report)
{
    uint64_t kept = 0;
    for (size_t i = 0; i < report->finding_count; i++) {
        kept += report->findings[i].check->severity == SS_SEVERITY_ERROR;
    }
    return report->error_count - kept;
}

static void lost_case(struct xml *xml, const char *file, uint64_t lost)
{
    char message[80];
    snprintf(message, sizeof(message), "%" PRIu64 " more errors; see --max-findings",
             (uint64_t)lost);
    testcase_begin(xml, file, "findings", "all are listed");
    raw(xml, "><failure type=\"findings\"");
    attribute(xml, "message", message);
    raw(xml, "/></testcase>\n");
}

static void properties(struct xml *xml, const struct cli_verified *verified)
{
    const struct ss_hash_report *hash = &verified->report->hash;
    char text[2 * 32 + 1];
    raw(xml, "    <properties>\n");
    property(xml, "verdict", verified->report->verdict_text);
    property(xml, "hash", ss_hash_state_name(hash->state));
    if (hash->computed) {
        property(xml, "hash.found", cli_digest_text(hash->found, hash->found_len, text));
        property(xml, "hash.expected",
                 cli_digest_text(hash->expected, sizeof(hash->expected), text));
    }
    raw(xml, "    </properties>\n");
}

static void suite_begin(struct xml *xml, const char *name, size_t tests, size_t failures,
                        size_t errors, size_t skipped)
{
    char counts[128];
    raw(xml, "  <testsuite");
    attribute(xml, "name", name);
    snprintf(counts, sizeof(counts),
             " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n", tests, failures,
             errors, skipped);
    raw(xml, counts);
}

/* A file that could not be verified: one testcase, in error. */
static void failed_suite(struct xml *xml, const struct cli_verified *verified)
{
    char text[1024];
    suite_begin(xml, verified->name, 1, 0, 1, 0);
    testcase_begin(xml, verified->name, "file", "can be read");
    raw(xml, "><error");
    attribute(xml, "type", ss_code_name(verified->err->code));
    attribute(xml, "message", ss_error_text(verified->err, text, sizeof(text)));
    raw(xml, "/></testcase>\n  </testsuite>\n");
}

static void suite(struct xml *xml, const struct cli_verified *verified)
{
    uint64_t lost = lost_errors(verified->report);
    size_t tests = ss_check_count() + (lost > 0), failures = lost > 0, skipped = 0;
    for (size_t i = 0; i < ss_check_count(); i++) {
        const struct ss_check *check = ss_check_at(i);
        if (count_findings(verified->report, check) == 0) {
            skipped += skip_reason(verified, check) != NULL;
        } else if (check->severity == SS_SEVERITY_ERROR) {
            failures++;
        }
    }
    suite_begin(xml, verified->name, tests, failures, 0, skipped);
    properties(xml, verified);
    for (size_t i = 0; i < ss_check_count(); i++) {
        check_case(xml, verified, ss_check_at(i));
    }
    if (lost > 0) {
        lost_case(xml, verified->name, lost);
    }
    raw(xml, "  </testsuite>\n");
}

bool cli_junit_begin(ss_write_fn write, void *ctx)
{
    struct xml xml = {write, ctx, true};
    raw(&xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    return xml.good;
}

bool cli_junit_suite(ss_write_fn write, void *ctx, const struct cli_verified *verified)
{
    struct xml xml = {write, ctx, true};
    if (verified->report == NULL) {
        failed_suite(&xml, verified);
    } else {
        suite(&xml, verified);
    }
    return xml.good;
}

bool cli_junit_end(ss_write_fn write, void *ctx)
{
    struct xml xml = {write, ctx, true};
    raw(&xml, "</testsuites>\n");
    return xml.good;
}
