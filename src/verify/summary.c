/*
 * summary.c - one decision on a file: may it be restored, which etcd starts it then, and if not, why.
 *
 *   length, metas ─┐
 *   trees, and the stored freelist against them (when asked for, or one is stored) ─┤
 *   the hash, as the caller has it ─┼─► the first reason against it decides ─► releases
 *   revisions, boot facts, alarms ──┘
 *
 * "Restorable" means that a release's own restore takes the file and its server starts on it. A file that
 * must not be started has no release that starts it, whatever its versions say.
 */
#include "etcd/catalogue.h"
#include "etcd/revision.h"
#include "util/call.h"
#include "util/error.h"
#include "verify/hash.h"
#include "verify/structure.h"
#include "verify/text_mode.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FINDINGS_MAX 100u
#define ALARM_NOSPACE 1
#define ALARM_CORRUPT 2

struct summing {
    const struct ss_file *file;
    const struct ss_summary_opts *opts;
    const struct ss_call *call;
    struct ss_findings findings;
    struct ss_text_mode text_mode;
    struct ss_summary *out;
};

const char *ss_restorable_name(enum ss_restorable restorable)
{
    static const char *const names[] = {[SS_RESTORABLE_YES] = "yes",
                                        [SS_RESTORABLE_UNHASHED] = "skip-hash-check",
                                        [SS_RESTORABLE_REBUILT] = "rebuild",
                                        [SS_RESTORABLE_NO] = "no",
                                        [SS_RESTORABLE_UNKNOWN] = "unknown"};

    return (unsigned)restorable < sizeof(names) / sizeof(names[0]) ? names[restorable] : "unknown";
}

const char *ss_summary_why_name(enum ss_summary_why why)
{
    static const char *const names[] = {[SS_SUMMARY_RESTORABLE] = "restorable",
                                        [SS_SUMMARY_HASH_UNCHECKED] = "hash-not-checked",
                                        [SS_SUMMARY_HASH_ABSENT] = "hash-absent",
                                        [SS_SUMMARY_NOT_BBOLT] = "not-bbolt",
                                        [SS_SUMMARY_METAS] = "metas",
                                        [SS_SUMMARY_TRUNCATED] = "truncated",
                                        [SS_SUMMARY_DAMAGED] = "damaged",
                                        [SS_SUMMARY_NOT_ETCD] = "not-etcd",
                                        [SS_SUMMARY_HASH_MISMATCH] = "hash-mismatch",
                                        [SS_SUMMARY_HASH_ZERO] = "hash-zero",
                                        [SS_SUMMARY_HASH_CUT] = "hash-cut",
                                        [SS_SUMMARY_FREELIST] = "freelist",
                                        [SS_SUMMARY_NO_RELEASE] = "no-release",
                                        [SS_SUMMARY_HASH_PADDED] = "hash-padded",
                                        [SS_SUMMARY_TEXT_MODE] = "text-mode"};

    return (unsigned)why < sizeof(names) / sizeof(names[0]) ? names[why] : "unknown";
}

char *ss_boot_releases(const struct ss_boot_facts *boot, bool starts, const char *reason, char *buf,
                       size_t cap)
{
    const char *names[SS_ETCD_LINES];
    size_t count = 0, len = 0;

    for (int i = 0; i < SS_ETCD_LINES; i++) {
        const struct ss_boot_answer *line = &boot->lines[i];

        if (line->starts == starts && (reason == NULL || strcmp(line->reason, reason) == 0)) {
            names[count++] = ss_etcd_line_name((enum ss_etcd_line)i);
        }
    }
    buf[0] = '\0';
    for (size_t i = 0; i < count && len < cap; i++) {
        const char *before = i == 0 ? "etcd " : i + 1 == count ? " and " : ", ";

        len += (size_t)snprintf(buf + len, cap - len, "%s%s", before, names[i]);
    }
    return buf;
}

/* ------------------------------------------------------------------------------- what is known --- */

/* The trees, when somebody has to look: their pages are what a stored freelist is held against. */
static enum ss_status check_trees(struct summing *s, struct ss_error *err)
{
    struct ss_verify_report counts = {0};
    struct ss_structure_pass pass = {
        .file = s->file, .findings = &s->findings, .report = &counts, .call = s->call};
    enum ss_status status;

    if (!s->opts->trees && ss_file_current(s->file)->freelist == SS_PGID_NO_FREELIST) {
        return SS_OK;
    }
    status = ss_structure_run(&pass, err);
    if (status == SS_OK) {
        s->out->checked |= SS_VERIFY_STRUCTURE;
    }
    return status;
}

/* etcd always makes a bucket `meta`: without it, a bucket `key` without revisions is somebody else's. */
static enum ss_status is_foreign(const struct ss_file *file, bool *foreign, struct ss_error *err)
{
    struct ss_tree tree;
    enum ss_status status = ss_etcd_bucket_tree(file, SS_IN_META, &tree, err);

    *foreign = status == SS_END;
    return status == SS_SYSTEM ? status : SS_OK;
}

/* Damage on the way is noted, and the rest stays unknown. */
static enum ss_status look_at_etcd(struct summing *s, struct ss_error *err)
{
    struct ss_summary *out = s->out;
    struct ss_rev_facts revs;
    enum ss_status status = ss_rev_facts(s->file, &revs, err);

    out->is_etcd = status == SS_OK ? revs.is_etcd : true;
    if (err->code == SS_E_REV_KEY) {
        bool foreign;

        status = is_foreign(s->file, &foreign, err);
        out->is_etcd = !foreign;
        out->fault_count += !foreign;
    } else if (status == SS_CORRUPT) {
        out->fault_count++;
    }
    if (status == SS_SYSTEM || !out->is_etcd) {
        return status;
    }
    status = ss_boot_facts(s->file, &out->boot, err);
    out->boot_known = status == SS_OK;
    out->fault_count += status == SS_CORRUPT;
    return status == SS_SYSTEM ? status : SS_OK;
}

/*
 * A put and a tombstone of one revision, with which etcd 3.5 to 3.7 end at their start. Their keys differ in the
 * tombstone's mark alone, so that they stand next to one another.
 */
static enum ss_status look_at_revisions(struct summing *s, struct ss_error *err)
{
    struct ss_cursor c;
    struct ss_entry entry;
    struct ss_span before = {NULL, 0, 0};
    enum ss_status status = ss_etcd_bucket_cursor(s->file, SS_IN_KEY, &c, err);

    if (status == SS_OK) {
        status = ss_cursor_first(&c, &entry, err);
    }
    for (; status == SS_OK; status = ss_cursor_next(&c, &entry, err)) {
        if (entry.key.len == SS_TOMBSTONE_LEN && before.len == SS_REVISION_LEN &&
            memcmp(entry.key.ptr, before.ptr, SS_REVISION_LEN) == 0) {
            ss_find(&s->findings, SS_CHECK_REV_TWICE,
                    (struct ss_place){entry.key.off, entry.pgid, entry.index, SS_KEY_BUCKET}, NULL,
                    NULL, "a revision is a put and a tombstone");
            break;
        }
        before = entry.key;
    }
    return status == SS_SYSTEM ? status : SS_OK;
}

static bool on_alarm(void *ctx, const struct ss_alarm *alarm)
{
    struct ss_summary *out = ctx;

    out->nospace = out->nospace || alarm->type == ALARM_NOSPACE;
    out->corrupt = out->corrupt || alarm->type == ALARM_CORRUPT;
    return true;
}

static enum ss_status look_at_alarms(struct summing *s, struct ss_error *err)
{
    uint64_t faults = 0;
    enum ss_status status = ss_alarms(s->file, on_alarm, NULL, s->out, &faults, err);

    s->out->fault_count += faults + (status == SS_CORRUPT);
    return status == SS_SYSTEM ? status : SS_OK;
}

/* The file as a whole, and its metas. */
static enum ss_status look_at_file(struct summing *s, struct ss_error *err)
{
    static const struct ss_hash_report unchecked = {.state = SS_HASH_NOT_CHECKED};
    enum ss_status status;

    ss_check_file(s->file, &s->findings);
    status = ss_check_text_mode(s->file, s->call, &s->findings, &s->text_mode, err);
    if (status == SS_OK && s->text_mode.change == SS_TEXT_MODE_NONE) {
        ss_check_tail(s->file, s->opts->hash != NULL ? s->opts->hash : &unchecked, &s->findings);
    }
    ss_check_metas(s->file, &s->findings);
    return status;
}

static enum ss_status look(struct summing *s, struct ss_error *err)
{
    enum ss_status status = look_at_file(s, err);

    if (status != SS_OK || !s->file->readable) {
        return status;
    }
    status = check_trees(s, err);
    if (status == SS_OK) {
        status = look_at_etcd(s, err);
    }
    if (status == SS_OK && s->out->is_etcd && s->opts->trees) {
        status = look_at_revisions(s, err);
    }
    if (status == SS_OK && s->out->is_etcd) {
        status = look_at_alarms(s, err);
    }
    return status;
}

/* ------------------------------------------------------------------------------- what it comes to --- */

__attribute__((format(printf, 4, 5))) static bool decide(struct ss_summary *out,
                                                         enum ss_restorable restorable,
                                                         enum ss_summary_why why,
                                                         const char *format, ...)
{
    va_list args;

    va_start(args, format);
    out->restorable = restorable;
    out->why = why;
    vsnprintf(out->text, sizeof(out->text), format, args);
    va_end(args);
    return true;
}

/*
 * The errors that leave nothing to restore: a rebuild mends a freelist, and ss_boot_facts answers for versions and for
 * numbers at their end.
 */
static uint64_t errors_of_data(const struct ss_findings *findings)
{
    return findings->total[SS_SEVERITY_ERROR] - findings->freelist_errors -
           findings->version_errors - findings->start_errors;
}

/* Why the bytes themselves cannot be restored. */
static bool refuses_bytes(const struct summing *s)
{
    struct ss_summary *out = s->out;
    struct ss_file_facts facts;

    ss_file_facts(s->file, &facts);
    if (facts.kind != SS_KIND_BBOLT) {
        return decide(out, SS_RESTORABLE_NO, SS_SUMMARY_NOT_BBOLT,
                      "not restorable: this is no snapshot (%s)", ss_kind_name(facts.kind));
    }
    if (s->text_mode.change != SS_TEXT_MODE_NONE) {
        return decide(out, SS_RESTORABLE_NO, SS_SUMMARY_TEXT_MODE,
                      "do not restore it: a copy in text mode changed it (0x0d %s 0x0a); copy it "
                      "again, in binary mode",
                      s->text_mode.change == SS_TEXT_MODE_ADDED ? "was put before each"
                                                                : "is gone from before");
    }
    if (!s->file->readable) {
        return decide(out, SS_RESTORABLE_NO, SS_SUMMARY_METAS,
                      "not restorable: damaged, no meta page can be used");
    }
    if (facts.len < facts.db_len) {
        return decide(out, SS_RESTORABLE_NO, SS_SUMMARY_TRUNCATED,
                      "not restorable: truncated, %" PRIu64 " bytes are missing",
                      facts.db_len - facts.len);
    }
    return (out->fault_count > 0 || errors_of_data(&s->findings) > 0) &&
           decide(out, SS_RESTORABLE_NO, SS_SUMMARY_DAMAGED, "do not restore it: damaged");
}

static bool refuses_hash(struct ss_summary *out)
{
    switch (out->hash) {
    case SS_HASH_MISMATCH:
        return decide(out, SS_RESTORABLE_NO, SS_SUMMARY_HASH_MISMATCH,
                      "do not restore it: its SHA-256 is wrong, so its bytes were changed; etcd "
                      "refuses it");
    case SS_HASH_ZERO:
        return decide(out, SS_RESTORABLE_NO, SS_SUMMARY_HASH_ZERO,
                      "do not restore it: 32 zero bytes stand where its SHA-256 belongs; etcd "
                      "refuses it");
    case SS_HASH_CUT:
        return decide(out, SS_RESTORABLE_NO, SS_SUMMARY_HASH_CUT,
                      "do not restore it: its SHA-256 is cut off, so bytes are missing");
    default:
        return false;
    }
}

/* Why no etcd takes it, or starts on it. */
static bool refuses_etcd(const struct summing *s, const char *releases)
{
    struct ss_summary *out = s->out;

    if (!out->is_etcd && s->findings.freelist_errors > 0) {
        return decide(out, SS_RESTORABLE_NO, SS_SUMMARY_FREELIST,
                      "not restorable: a bbolt file, but not etcd's; its stored freelist is "
                      "damaged, and a rebuild loses no data");
    }
    if (!out->is_etcd) {
        return decide(out, SS_RESTORABLE_NO, SS_SUMMARY_NOT_ETCD,
                      "not restorable: a bbolt file, but not etcd's");
    }
    if (refuses_hash(out)) {
        return true;
    }
    if (s->findings.freelist_errors > 0) {
        return decide(out, SS_RESTORABLE_REBUILT, SS_SUMMARY_FREELIST,
                      "do not restore it as it is: its stored freelist is damaged; the trees are "
                      "whole, and a rebuild loses no data");
    }
    return releases[0] == '\0' &&
           decide(out, SS_RESTORABLE_NO, SS_SUMMARY_NO_RELEASE,
                  "not restorable with any etcd from 3.4 to 3.7, for the reasons above");
}

/* Nothing stands against it but what the hash does not say. */
static void take(struct ss_summary *out, const char *releases)
{
    size_t len;

    if (out->hash_padding_len > 0) {
        decide(out, SS_RESTORABLE_UNHASHED, SS_SUMMARY_HASH_PADDED,
               "restorable only without a check of its SHA-256, which is valid, but %" PRIu64
               " bytes of padding stand behind it; then with %s",
               out->hash_padding_len, releases);
    } else if (out->hash == SS_HASH_VALID) {
        decide(out, SS_RESTORABLE_YES, SS_SUMMARY_RESTORABLE, "restorable as it is with %s",
               releases);
    } else if (out->hash == SS_HASH_NOT_CHECKED) {
        decide(out, SS_RESTORABLE_UNKNOWN, SS_SUMMARY_HASH_UNCHECKED,
               "restorable as it is with %s if its SHA-256 is right, which was not checked",
               releases);
    } else {
        decide(out, SS_RESTORABLE_UNHASHED, SS_SUMMARY_HASH_ABSENT,
               "restorable only without a check of its SHA-256, because it has none; then with %s; "
               "nothing vouches for its values",
               releases);
    }
    len = strlen(out->text);
    if (out->corrupt) {
        snprintf(out->text + len, sizeof(out->text) - len,
                 "; it then answers no request until the CORRUPT alarm is disarmed");
    } else if (out->nospace) {
        snprintf(out->text + len, sizeof(out->text) - len,
                 "; it then takes no writes until the NOSPACE alarm is disarmed");
    }
}

/* No release is named for what must not be started. */
static void stop_releases(struct ss_summary *out)
{
    static const struct {
        enum ss_summary_why why;
        enum ss_boot_why boot;
        const char *reason;
    } stops[] = {
        {SS_SUMMARY_TRUNCATED, SS_BOOT_DAMAGED, "the file is truncated"},
        {SS_SUMMARY_DAMAGED, SS_BOOT_DAMAGED, "the file is damaged"},
        {SS_SUMMARY_TEXT_MODE, SS_BOOT_DAMAGED, "a copy in text mode changed the file"},
        {SS_SUMMARY_FREELIST, SS_BOOT_DAMAGED, "its stored freelist is damaged"},
        {SS_SUMMARY_HASH_MISMATCH, SS_BOOT_HASH, "its own restore refuses a SHA-256 that is wrong"},
        {SS_SUMMARY_HASH_ZERO, SS_BOOT_HASH, "its own restore refuses a SHA-256 of zeroes"},
        {SS_SUMMARY_HASH_CUT, SS_BOOT_DAMAGED, "the file is cut off inside its SHA-256"},
    };

    for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
        for (int line = 0; stops[i].why == out->why && line < SS_ETCD_LINES; line++) {
            struct ss_boot_answer *answer = &out->boot.lines[line];

            if (!answer->starts) {
                continue;
            }
            *answer = (struct ss_boot_answer){.starts = false, .why = stops[i].boot};
            snprintf(answer->reason, sizeof(answer->reason), "%s", stops[i].reason);
        }
    }
}

static void conclude(struct summing *s)
{
    struct ss_summary *out = s->out;
    char releases[64] = "";

    if (out->boot_known) {
        ss_boot_releases(&out->boot, true, NULL, releases, sizeof(releases));
    }
    if (!refuses_bytes(s) && !refuses_etcd(s, releases)) {
        take(out, releases);
    }
    if (out->boot_known) {
        stop_releases(out);
    }
}

/* The hash as the caller has it; that there is none, or a part of one, is seen without computing anything. */
static void take_hash(struct summing *s)
{
    const struct ss_hash_report *hash = s->opts->hash;
    struct ss_summary *out = s->out;
    struct ss_hash_job job;

    ss_hash_job_init(&job, s->file);
    out->hash_found_len = job.report.found_len;
    if (hash != NULL && hash->state != SS_HASH_NOT_CHECKED) {
        out->hash = hash->state;
        out->hash_padding_len = hash->padding_len;
        out->checked |= SS_VERIFY_HASH;
    } else if (s->file->readable && out->hash_found_len < sizeof(job.report.found)) {
        out->hash = out->hash_found_len > 0 ? SS_HASH_CUT : SS_HASH_ABSENT;
    }
}

static void hand_over(struct summing *s)
{
    struct ss_summary *out = s->out;

    out->error_count = s->findings.total[SS_SEVERITY_ERROR];
    out->warning_count = s->findings.total[SS_SEVERITY_WARNING];
    out->note_count = s->findings.total[SS_SEVERITY_NOTE];
    out->findings = s->findings.items;
    out->finding_count = s->findings.count;
    s->findings.items = NULL;
    s->findings.count = 0;
}

enum ss_status ss_summary(const struct ss_file *file, const struct ss_summary_opts *opts,
                          const struct ss_call *call, struct ss_summary **out, struct ss_error *err)
{
    static const struct ss_summary_opts none = {0};
    struct summing s = {.file = file, .opts = opts != NULL ? opts : &none, .call = call};
    enum ss_status status;

    *out = NULL;
    ss_error_clear(err);
    if (ss_call_begin(call, SS_PHASE_TREES, err) != SS_OK) {
        return SS_SYSTEM;
    }
    ss_findings_init(&s.findings, FINDINGS_MAX);
    s.out = calloc(1, sizeof(*s.out));
    if (s.out == NULL) {
        return ss_nomem(err, sizeof(*s.out));
    }
    s.out->fault_count = s.opts->fault_count;
    take_hash(&s);
    status = ss_source_check(&file->src, look(&s, err), err);
    if (status == SS_OK && s.findings.nomem) {
        status = ss_nomem(err, sizeof(struct ss_finding));
    }
    if (status == SS_OK) {
        ss_error_clear(err);
        conclude(&s);
        hand_over(&s);
        *out = s.out;
        s.out = NULL;
    }
    ss_findings_fini(&s.findings);
    free(s.out);
    return status;
}

void ss_summary_free(struct ss_summary *summary)
{
    struct ss_findings list = {0};

    if (summary == NULL) {
        return;
    }
    list.items = (struct ss_finding *)(uintptr_t)summary->findings;
    list.count = summary->finding_count;
    ss_findings_fini(&list);
    free(summary);
}
