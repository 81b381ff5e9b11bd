/*
 * verify_text.c - a verified file as text, for a person under stress: the verdict, what it rests on,
 * then the findings, worst first.
 *
 *     backup.db: damaged: hash mismatch, 1 error in structure, no error in the etcd records that were read
 *       hash      mismatch: in the file, and of its first 73728 bytes
 *                 5f1a…
 *                 c09e…
 *       pages     12 in use, 0 free, 0 leaked, 4 not reached: free, or behind the damage
 *       records   42, of which 17 are live keys
 *
 *       error     PAGE-004 page is zeroed
 *                 at offset 0x5000, page 5, bucket key
 *                 have   0
 *                 expect 5
 *
 *       1 error, 0 warnings, 0 notes
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "doc.h"
#include "print.h"
#include "verify.h"

#define LABEL_WIDTH 10
#define WIDTH_MIN 40
#define META_PAGES 2

char *cli_digest_text(const uint8_t *bytes, size_t len, char *out)
{
    ss_text_hex(bytes, len, out);
    return out;
}

/* Appends to buf what still fits. */
__attribute__((format(printf, 4, 5))) static size_t append(char *buf, size_t cap, size_t len,
                                                           const char *format, ...)
{
    size_t room = len < cap ? cap - len : 0;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(room == 0 ? NULL : buf + len, room, format, args);
    va_end(args);
    return n < 0 ? len : len + (size_t)n;
}

static const char *comma(size_t len)
{
    return len == 0 ? "" : ", ";
}

char *cli_finding_place(const struct ss_finding *finding, char *buf, size_t cap)
{
    size_t len = 0;
    buf[0] = '\0';
    if (finding->off != SS_NONE) {
        len = append(buf, cap, len, "offset 0x%" PRIx64, (uint64_t)finding->off);
    }
    if (finding->pgid != SS_NONE) {
        len = append(buf, cap, len, "%spage %" PRIu64, comma(len), (uint64_t)finding->pgid);
    }
    if (finding->bucket[0] != '\0') {
        len = append(buf, cap, len, "%sbucket %s", comma(len), finding->bucket);
    }
    if (finding->element != SS_NONE) {
        append(buf, cap, len, "%selement %" PRIu64, comma(len), (uint64_t)finding->element);
    }
    return buf;
}

static void label(struct cli_out *out, const char *name)
{
    cli_out_text(out, "  ");
    cli_print_styled(out, CLI_STYLE_HEAD, name);
    cli_out_format(out, "%*s", (int)(LABEL_WIDTH - strlen(name)), "");
}

static void print_verdict(struct cli_out *out, const struct cli_verified *verified)
{
    static const enum cli_style styles[] = {[SS_VERDICT_SOUND] = CLI_STYLE_GOOD,
                                            [SS_VERDICT_CONSISTENT] = CLI_STYLE_WARN,
                                            [SS_VERDICT_DAMAGED] = CLI_STYLE_BAD,
                                            [SS_VERDICT_UNREADABLE] = CLI_STYLE_BAD};
    const struct ss_verify_report *report = verified->report;
    const char *verdict = ss_verdict_name(report->verdict);
    cli_print_bytes(out, verified->name, strlen(verified->name), CLI_FORM_ESCAPED);
    if (verified->facts.member != NULL) {
        cli_out_text(out, " (");
        cli_print_bytes(out, verified->facts.member, strlen(verified->facts.member),
                        CLI_FORM_ESCAPED);
        cli_out_text(out, ")");
    }
    cli_out_text(out, ": ");
    /* The verdict's own name begins its text. */
    cli_print_styled(out, styles[report->verdict], verdict);
    cli_out_format(out, "%s\n", report->verdict_text + strlen(verdict));
}

static void print_digest(struct cli_out *out, const uint8_t *bytes, size_t len)
{
    char text[2 * 32 + 1];
    cli_out_format(out, "%*s%s\n", LABEL_WIDTH + 2, "", cli_digest_text(bytes, len, text));
}

/* A digest has a line of its own, so that 80 columns hold it; two stand one below the other. */
static void print_hash(struct cli_out *out, const struct cli_verified *verified)
{
    const struct ss_hash_report *hash = &verified->report->hash;
    const struct ss_file_facts *facts = &verified->facts;
    label(out, "hash");
    cli_out_text(out, ss_hash_state_name(hash->state));
    switch (hash->state) {
    case SS_HASH_CUT:
        if (facts->len < facts->db_len) {
            cli_out_format(out, ": the file ends %" PRIu64 " bytes before its database does",
                           (uint64_t)(facts->db_len - facts->len));
        } else {
            cli_out_format(out, ": the file has %u of 32 bytes", hash->found_len);
        }
        break;
    case SS_HASH_VALID:
        if (hash->padding_len > 0) {
            cli_out_format(out, ", followed by %" PRIu64 " bytes of padding (0x%02x)",
                           (uint64_t)hash->padding_len, hash->padding_byte);
        }
        break;
    case SS_HASH_MISMATCH:
        cli_out_format(out, ": in the file, and of its first %" PRIu64 " bytes",
                       (uint64_t)hash->covered_len);
        break;
    default:
        break;
    }
    cli_out_text(out, "\n");
    if (hash->computed) {
        print_digest(out, hash->found, hash->found_len);
    }
    if (hash->computed && hash->state != SS_HASH_VALID) {
        print_digest(out, hash->expected, sizeof(hash->expected));
    }
}

/* Both metas, when there is one that cannot be used. */
static void print_metas(struct cli_out *out, const struct cli_verified *verified)
{
    struct ss_meta metas[2];
    for (int i = 0; i < 2; i++) {
        ss_file_meta(verified->file, i, &metas[i]);
    }
    if (verified->facts.kind != SS_KIND_BBOLT || (metas[0].valid && metas[1].valid)) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        label(out, i == 0 ? "meta 0" : "meta 1");
        if (metas[i].valid) {
            cli_out_format(out, "txid %" PRIu64 ", root %" PRIu64 ", in force\n",
                           (uint64_t)metas[i].txid, (uint64_t)metas[i].root);
        } else {
            cli_out_format(out, "cannot be used: %s\n",
                           metas[i].present ? metas[i].reason : "the file has no bytes there");
        }
    }
}

static void print_counts(struct cli_out *out, const struct cli_verified *verified)
{
    const struct ss_verify_report *report = verified->report;
    uint64_t told =
        META_PAGES + report->reachable_count + report->free_count + report->leaked_count;
    if ((report->checked & (SS_VERIFY_STRUCTURE | SS_VERIFY_ETCD)) != 0) {
        label(out, "pages");
        cli_out_format(out, "%" PRIu64 " in use, %" PRIu64 " free, %" PRIu64 " leaked",
                       (uint64_t)report->reachable_count, (uint64_t)report->free_count,
                       (uint64_t)report->leaked_count);
        if (told < verified->facts.page_count) {
            cli_out_format(out, ", %" PRIu64 " not reached: free, or behind the damage",
                           (uint64_t)(verified->facts.page_count - told));
        }
        cli_out_text(out, "\n");
    }
    if ((report->checked & SS_VERIFY_ETCD) != 0 && report->is_etcd) {
        label(out, "records");
        cli_out_format(out, "%" PRIu64 ", of which %" PRIu64 " are live keys\n",
                       (uint64_t)report->record_count, (uint64_t)report->live_count);
    }
}

/* Which tree was read, when it is not the one in force; and how the other one stands. */
static void print_trees(struct cli_out *out, const struct cli_verified *verified)
{
    const struct ss_verify_report *report = verified->report;
    const struct ss_other_tree *other = &report->other;
    if (report->meta != report->in_force_meta) {
        label(out, "tree");
        cli_out_format(out, "of meta %d at txid %" PRIu64 ", by --meta; meta %d is in force\n",
                       report->meta, (uint64_t)report->txid, report->in_force_meta);
    }
    if (other->exists) {
        label(out, "other");
        cli_out_format(out, "the tree of meta %d at txid %" PRIu64 " %s%s%d\n", other->which,
                       (uint64_t)other->txid,
                       other->error_count == 0 ? "is whole" : "is damaged too",
                       other->error_count == 0 ? ": every command reads it with --meta "
                                               : ": snapscope verify --meta ",
                       other->which);
    }
}

static void indent(struct cli_out *out)
{
    cli_out_format(out, "%*s", LABEL_WIDTH + 2, "");
}

/* How many columns a line has: those of the terminal; elsewhere lines are not broken. */
static size_t line_width(const struct cli_out *out)
{
    struct winsize size;
    if (!out->terminal || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < WIDTH_MIN) {
        return SIZE_MAX;
    }
    return size.ws_col;
}

/* A sentence, indented, broken between words where the terminal would break it anywhere. */
static void print_wrapped(struct cli_out *out, const char *text)
{
    size_t width = line_width(out), column = LABEL_WIDTH + 2;
    indent(out);
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        if (column > LABEL_WIDTH + 2 && column + 1 + len > width) {
            cli_out_text(out, "\n");
            indent(out);
            column = LABEL_WIDTH + 2;
        } else if (column > LABEL_WIDTH + 2) {
            cli_out_text(out, " ");
            column++;
        }
        cli_out_write(out, text, len);
        column += len;
        text += len;
        text += *text == ' ';
    }
    cli_out_text(out, "\n");
}

static void print_value(struct cli_out *out, const char *name, const char *value)
{
    if (value[0] != '\0') {
        indent(out);
        cli_out_format(out, "%-6s %s\n", name, value);
    }
}

static void print_finding(struct cli_out *out, const struct ss_finding *finding)
{
    static const enum cli_style styles[] = {[SS_SEVERITY_NOTE] = CLI_STYLE_PLAIN,
                                            [SS_SEVERITY_WARNING] = CLI_STYLE_WARN,
                                            [SS_SEVERITY_ERROR] = CLI_STYLE_BAD};
    const struct ss_check *check = finding->check;
    const char *severity = ss_severity_name(check->severity);
    char place[1024];
    cli_out_text(out, "  ");
    cli_print_styled(out, styles[check->severity], severity);
    cli_out_format(out, "%*s", (int)(LABEL_WIDTH - strlen(severity)), "");
    cli_print_styled(out, CLI_STYLE_HEAD, check->id);
    cli_out_format(out, " %s\n", check->text);
    if (strcmp(check->text, finding->detail) != 0) {
        print_wrapped(out, finding->detail);
    }
    cli_finding_place(finding, place, sizeof(place));
    if (place[0] != '\0') {
        indent(out);
        cli_out_format(out, "at %s\n", place);
    }
    if (strncmp(check->id, "HASH-", 5) == 0) {
        return; /* both digests stand above */
    }
    print_value(out, "have", finding->have);
    print_value(out, "expect", finding->expect);
}

/* The worst first, each severity in the order of the report. Returns how many were printed. */
static uint64_t print_findings(struct cli_out *out, const struct cli_verified *verified)
{
    const struct ss_verify_report *report = verified->report;
    uint64_t shown = 0;
    for (int severity = SS_SEVERITY_ERROR; severity >= SS_SEVERITY_NOTE; severity--) {
        for (size_t i = 0; i < report->finding_count && shown < verified->shown_max; i++) {
            if ((int)report->findings[i].check->severity == severity) {
                print_finding(out, &report->findings[i]);
                shown++;
            }
        }
    }
    return shown;
}

static void print_plural(struct cli_out *out, uint64_t count, const char *noun)
{
    cli_out_format(out, "%" PRIu64 " %s%s", (uint64_t)count, noun, count == 1 ? "" : "s");
}

void cli_verify_print(struct cli_out *out, const struct cli_verified *verified)
{
    const struct ss_verify_report *report = verified->report;
    uint64_t total = cli_verify_total(report);
    uint64_t shown;
    print_verdict(out, verified);
    if ((report->checked & SS_VERIFY_HASH) != 0 && report->hash.state != SS_HASH_NO_DB) {
        print_hash(out, verified);
    }
    print_metas(out, verified);
    print_trees(out, verified);
    print_counts(out, verified);
    if (total == 0) {
        return;
    }
    cli_out_text(out, "\n");
    shown = print_findings(out, verified);
    cli_out_text(out, "\n  ");
    print_plural(out, report->error_count, "error");
    cli_out_text(out, ", ");
    print_plural(out, report->warning_count, "warning");
    cli_out_text(out, ", ");
    print_plural(out, report->note_count, "note");
    if (shown < total) {
        cli_out_format(out, "; %" PRIu64 " more not shown, see --max-findings",
                       (uint64_t)(total - shown));
    }
    cli_out_text(out, "\n");
}
