/*
 * intake_print.c - see intake_print.h.
 *
 *     backup.db: refused: the hash does not match the bytes
 *       hash       mismatch: in the file, and of its first 2269184 bytes
 *                  5f1a…
 *                  c09e…
 *       structure  checked, no error
 *       records    checked, no error: 405, of which 240 are live keys
 *       values     not checked: no valid hash vouches for them
 */
#include "intake_print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "abandon.h"
#include "doc.h"
#include "print.h"
#include "report.h"
#include "run.h"
#include "verify.h"

#define SHOWN_MAX 5
#define WIDTH 79
#define INDENT 13

struct ss_intake_opts cli_intake_opts_of(struct cli_hash_flags flags, bool vouches_not)
{
    return (struct ss_intake_opts){.skip_hash_check = flags.skip_hash_check,
                                   .allow_missing_hash = flags.allow_missing_hash,
                                   .vouches_not = vouches_not};
}

/* -------------------------------------------------------------------------------------- text --- */

static ssize_t take_piece(void *text, const char *bytes, size_t len)
{
    cli_gather(&((struct cli_text *)text)->gathered, bytes, len);
    return (ssize_t)len;
}

/* open_memstream would drop what it has no memory for. */
void cli_text_begin(struct cli_text *text)
{
    *text = (struct cli_text){0};
    text->to = fopencookie(text, "w", (cookie_io_functions_t){.write = take_piece});
    if (text->to == NULL) {
        cli_abandon_memory(0);
    }
}

void cli_text_end(struct cli_text *text, struct cli_run *run, bool to_stderr)
{
    if (fclose(text->to) != 0) {
        cli_abandon_memory(0);
    }
    cli_progress_clear(&run->progress);
    if (to_stderr) {
        fwrite(text->gathered.bytes, 1, text->gathered.len, stderr);
    } else {
        cli_out_write(&run->out, text->gathered.bytes, text->gathered.len);
    }
    free(text->gathered.bytes);
}

void cli_print_wrapped(FILE *to, int indent, const char *text)
{
    size_t room = WIDTH;
    for (;;) {
        size_t len = strlen(text), cut = len;
        if (len > room) {
            for (cut = room; cut > 0 && text[cut] != ' '; cut--) {
            }
            if (cut == 0) {
                cut = strcspn(text, " ");
            }
        }
        fprintf(to, "%.*s\n", (int)cut, text);
        text += cut;
        text += *text == ' ';
        if (*text == '\0') {
            return;
        }
        fprintf(to, "%*s", indent, "");
        room = WIDTH - (size_t)indent;
    }
}

/* "  hash       valid, …", the text wrapped below itself. */
__attribute__((format(printf, 3, 4))) static void field(FILE *to, const char *name,
                                                        const char *format, ...)
{
    char text[1024];
    int head = snprintf(text, sizeof(text), "  %-*s", INDENT - 2, name);
    va_list args;
    va_start(args, format);
    vsnprintf(text + head, sizeof(text) - (size_t)head, format, args);
    va_end(args);
    cli_print_wrapped(to, INDENT, text);
}

static void print_digest(FILE *to, const uint8_t *bytes, size_t len)
{
    char text[2 * 32 + 1];
    fprintf(to, "%*s%s\n", INDENT, "", cli_digest_text(bytes, len, text));
}

static void print_hash(FILE *to, const struct ss_hash_report *hash)
{
    const char *state = ss_hash_state_name(hash->state);
    if (!hash->computed) {
        field(to, "hash", "%s", state);
        return;
    }
    if (hash->state == SS_HASH_VALID && hash->padding_len > 0) {
        field(to, "hash",
              "%s, over %" PRIu64 " bytes; %" PRIu64 " bytes of padding (0x%02x) follow it and are "
              "dropped",
              state, hash->covered_len, hash->padding_len, hash->padding_byte);
    } else if (hash->state == SS_HASH_VALID) {
        field(to, "hash", "%s, over %" PRIu64 " bytes", state, hash->covered_len);
    } else {
        field(to, "hash", "%s: in the file, and of its first %" PRIu64 " bytes", state,
              hash->covered_len);
        print_digest(to, hash->found, hash->found_len);
    }
    print_digest(to, hash->expected, sizeof(hash->expected));
}

/* Errors of one part of the catalogue: `etcd` says which. The hash's own are told with the digests. */
static bool is_shown(const struct ss_finding *finding)
{
    return finding->check->severity == SS_SEVERITY_ERROR &&
           strncmp(finding->check->id, "HASH-", 5) != 0;
}

/* But numbers at their end, which stand in no way: what starts on the file is said of what is written. */
static uint64_t shown_errors(const struct ss_verify_report *report)
{
    enum ss_hash_state state = report->hash.state;
    return report->error_count - report->start_error_count -
           (state == SS_HASH_MISMATCH || state == SS_HASH_ZERO ? 1 : 0);
}

static void print_checked(FILE *to, const struct ss_verify_report *report)
{
    uint64_t errors = shown_errors(report) - report->freelist_error_count;
    if (report->meta != report->in_force_meta) {
        field(to, "tree",
              "of meta %d at txid %" PRIu64
              ", by --meta; meta %d is in force. A hash is over the bytes of both",
              report->meta, report->txid, report->in_force_meta);
    }
    if ((report->checked & SS_VERIFY_STRUCTURE) == 0) {
        field(to, "structure", "not checked: nothing could be walked");
    } else if (errors == 0 && report->freelist_error_count > 0) {
        field(to, "structure", "checked: the trees are whole, the stored freelist is damaged");
    } else {
        field(to, "structure", "checked%s", errors == 0 ? ", no error" : "");
    }
    if (!report->is_etcd && errors > 0) {
        field(to, "records", "not checked: what the damaged trees held cannot be told");
    } else if ((report->checked & SS_VERIFY_ETCD) == 0 || !report->is_etcd) {
        field(to, "records", "not checked: this is no etcd database, and no etcd starts from it");
    } else {
        field(to, "records", "checked%s: %" PRIu64 ", of which %" PRIu64 " are live keys",
              errors == 0 ? ", no error" : "", report->record_count, report->live_count);
    }
    if (report->hash.state != SS_HASH_VALID) {
        field(to, "values", "not checked: no valid hash vouches for them");
    }
    if (report->warning_count > 0) {
        field(to, "warnings", "%" PRIu64 "; snapscope verify lists them", report->warning_count);
    }
}

static void print_errors(FILE *to, const char *name, const struct ss_verify_report *report)
{
    uint64_t left = shown_errors(report);
    size_t shown = 0;
    for (size_t i = 0; i < report->finding_count && shown < SHOWN_MAX; i++) {
        const struct ss_finding *finding = &report->findings[i];
        char place[1024];
        if (!is_shown(finding)) {
            continue;
        }
        field(to, "error", "%s %s", finding->check->id, finding->detail);
        if (cli_finding_place(finding, place, sizeof(place))[0] != '\0') {
            field(to, "", "at %s", place);
        }
        shown++;
    }
    if (left > shown) {
        field(to, "", "and %" PRIu64 " more: snapscope verify %s", left - shown, name);
    }
}

void cli_intake_print(FILE *to, const char *name, const struct ss_intake *in)
{
    char *shown = cli_escaped_name(name);
    size_t cap = strlen(shown) + sizeof(in->decision) + 2;
    char *head = cli_must_alloc(cap);
    snprintf(head, cap, "%s: %s", shown, in->decision);
    if (strlen(shown) < WIDTH / 2) {
        cli_print_wrapped(to, 2, head);
    } else {
        fprintf(to, "%s\n", head);
    }
    free(head);
    print_hash(to, &in->checked->hash);
    print_checked(to, in->checked);
    print_errors(to, shown, in->checked);
    free(shown);
}

/* -------------------------------------------------------------------------------------- JSON --- */

static json_t *not_checked_doc(const struct ss_verify_report *report)
{
    json_t *list = cli_doc_list();
    if ((report->checked & SS_VERIFY_STRUCTURE) == 0) {
        cli_doc_append(list, json_string("structure"));
    }
    if ((report->checked & SS_VERIFY_ETCD) == 0 || !report->is_etcd) {
        cli_doc_append(list, json_string("etcd"));
    }
    if (report->hash.state != SS_HASH_VALID) {
        cli_doc_append(list, json_string("value-bytes"));
    }
    return list;
}

json_t *cli_intake_doc(const struct ss_intake *in)
{
    const struct ss_verify_report *report = in->checked;
    unsigned checked =
        report->is_etcd ? report->checked : report->checked & ~(unsigned)SS_VERIFY_ETCD;
    json_t *doc = cli_doc_new();
    cli_doc_bool(doc, "accepted", in->accepted);
    cli_doc_text(doc, "decision", in->decision);
    if (report->meta >= 0) {
        cli_doc_int(doc, "meta", report->meta);
        cli_doc_int(doc, "in_force_meta", report->in_force_meta);
        cli_doc_number(doc, "txid", report->txid);
    }
    cli_doc_bool(doc, "heals_freelist", in->heals_freelist);
    cli_doc_set(doc, "hash", cli_hash_doc(&report->hash));
    cli_doc_set(doc, "checked", cli_checked_doc(checked));
    cli_doc_set(doc, "not_checked", not_checked_doc(report));
    cli_doc_text(doc, "verdict", ss_verdict_name(report->verdict));
    cli_doc_bool(doc, "is_etcd", report->is_etcd);
    cli_findings_doc(doc, report);
    return doc;
}

/* Damage in this tree is none in the state before it. */
static void print_other(const struct cli_run *run, const struct ss_other_tree *other)
{
    char more[32], behind[96];
    if (!other->exists || other->error_count > 0) {
        return;
    }
    snprintf(more, sizeof(more), "--meta %d", other->which);
    snprintf(behind, sizeof(behind), "takes the state of txid %" PRIu64 ", whose tree is whole",
             other->txid);
    cli_try_again(run, more, behind);
}

/* What takes the input all the same; NULL: nothing does. */
static const char *way_out(const struct cli_run *run, const struct ss_verify_report *report)
{
    static const char *const ways[2][4] = {
        {NULL, "--skip-hash-check, if the bytes are known to be good from elsewhere",
         "--no-hash, since this is no etcd snapshot: OUT then has no SHA-256 either; with "
         "--rebuild "
         "it is written compact",
         "--allow-missing-hash, if the bytes are known to be good from elsewhere"},
        {"--rebuild, which writes OUT without the damaged freelist: no data are lost",
         "--rebuild --skip-hash-check, which writes OUT without the damaged freelist, if the bytes "
         "are known to be good from elsewhere",
         "--rebuild --no-hash, which writes OUT without the damaged freelist: no data are lost",
         "--rebuild --allow-missing-hash, which writes OUT without the damaged freelist, if the "
         "bytes are known to be good from elsewhere"},
    };
    enum ss_hash_state state = report->hash.state;
    bool converts = strcmp(run->command->name, "convert") == 0;
    bool heals = converts && report->freelist_error_count > 0; /* restore always rebuilds */
    if (shown_errors(report) > report->freelist_error_count || state == SS_HASH_CUT) {
        return NULL;
    }
    if (state == SS_HASH_ABSENT) {
        return ways[heals][converts && !report->is_etcd ? 2 : 3];
    }
    return ways[heals][state == SS_HASH_VALID ? 0 : 1];
}

int cli_intake_refused(struct cli_run *run, const struct ss_intake *in)
{
    const char *way = way_out(run, in->checked);
    char *name = cli_escaped_name(run->input_name);
    cli_note(run, "%s", in->decision);
    fputs("snapscope: nothing was written\n", stderr);
    if (way != NULL) {
        fprintf(stderr, "snapscope: try: %s\n", way);
    } else {
        print_other(run, &in->checked->other);
        fprintf(stderr, "snapscope: try: snapscope verify %s lists every finding\n", name);
    }
    free(name);
    return CLI_EXIT_REFUSED;
}
