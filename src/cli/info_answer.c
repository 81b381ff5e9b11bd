/*
 * info_answer.c - what the facts come to: may this file be restored, and on which etcd.
 *
 * The first reason against it decides. "Restorable" means that a release's own restore takes the file
 * and its server starts on it; what was not looked at is said beside it (SS_INFO_UNCHECKED).
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "info.h"

const char *ss_restorable_name(enum ss_restorable restorable)
{
    static const char *const names[] = {"yes", "skip-hash-check", "no", "unknown"};
    return names[restorable];
}

void ss_info_releases(const struct ss_info *info, bool starts, const char *reason, char *out,
                      size_t cap)
{
    const char *names[SS_ETCD_LINES];
    size_t count = 0, len = 0;
    for (int i = 0; i < SS_ETCD_LINES; i++) {
        const struct ss_boot_answer *line = &info->boot.lines[i];
        if (line->starts == starts && (reason == NULL || strcmp(line->reason, reason) == 0)) {
            names[count++] = ss_etcd_line_name((enum ss_etcd_line)i);
        }
    }
    out[0] = '\0';
    for (size_t i = 0; i < count && len < cap; i++) {
        const char *before = i == 0 ? "etcd " : i + 1 == count ? " and " : ", ";
        len += (size_t)snprintf(out + len, cap - len, "%s%s", before, names[i]);
    }
}

__attribute__((format(printf, 3, 4))) static bool say(struct ss_info_answer *out,
                                                      enum ss_restorable restorable,
                                                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    out->restorable = restorable;
    vsnprintf(out->text, sizeof out->text, format, args);
    va_end(args);
    return true;
}

/* Why the bytes themselves cannot be restored. */
static bool refuses_bytes(const struct ss_info *info, struct ss_info_answer *out)
{
    const struct ss_file_facts *facts = &info->facts;
    if (facts->kind != SS_KIND_BBOLT) {
        return say(out, SS_RESTORABLE_NO, "not restorable: this is no snapshot (%s)",
                   ss_kind_name(facts->kind));
    }
    if (!info->readable) {
        return say(out, SS_RESTORABLE_NO,
                   "not restorable: damaged, no meta page can be used; run snapscope verify");
    }
    if (facts->len < facts->db_len) {
        return say(out, SS_RESTORABLE_NO,
                   "not restorable: truncated, %llu bytes are missing; run snapscope verify",
                   (unsigned long long)(facts->db_len - facts->len));
    }
    if (info->faults.count > 0 || (info->failed && ss_error_exit(&info->err) != SS_EXIT_SYSTEM)) {
        return say(out, SS_RESTORABLE_NO, "do not restore it: damaged; run snapscope verify");
    }
    return info->failed &&
           say(out, SS_RESTORABLE_UNKNOWN, "cannot be told: the file could not be read");
}

/* Why no etcd takes it, or starts on it. */
static bool refuses_etcd(const struct ss_info *info, const char *releases,
                         struct ss_info_answer *out)
{
    if (!info->revs_known || !info->boot_known) {
        return say(out, SS_RESTORABLE_NO, "not restorable: a bbolt file, but not etcd's");
    }
    if (info->hash.state == SS_HASH_MISMATCH) {
        return say(
            out, SS_RESTORABLE_NO,
            "do not restore it: its SHA-256 is wrong, so its bytes were changed; etcd refuses "
            "it; run snapscope verify");
    }
    return releases[0] == '\0' &&
           say(out, SS_RESTORABLE_NO,
               "not restorable with any etcd from 3.4 to 3.7, for the reasons "
               "above");
}

static void take_hash(const struct ss_info *info, const char *releases, struct ss_info_answer *out)
{
    enum ss_hash_state state = info->hash.state;
    if (state == SS_HASH_NOT_CHECKED && ss_info_presence(&info->facts) == SS_PRESENCE_PRESENT) {
        say(out, SS_RESTORABLE_UNKNOWN,
            "restorable as it is with %s if its SHA-256 is right, which was not checked", releases);
    } else if (state == SS_HASH_VALID) {
        say(out, SS_RESTORABLE_YES, "restorable as it is with %s", releases);
    } else {
        say(out, SS_RESTORABLE_SKIP,
            "not restorable without --skip-hash-check, because %s; with it, with %s; nothing "
            "vouches "
            "for its values, so run snapscope verify first",
            state == SS_HASH_ZERO  ? "its SHA-256 is all zero"
            : state == SS_HASH_CUT ? "its SHA-256 is cut off"
                                   : "it has no SHA-256",
            releases);
    }
}

static bool has_alarm(const struct ss_info *info, int32_t type)
{
    for (size_t i = 0; i < info->alarm_count; i++) {
        if (info->alarms[i].type == type) {
            return true;
        }
    }
    return false;
}

void ss_info_answer(const struct ss_info *info, struct ss_info_answer *out)
{
    char releases[64] = "";
    if (info->boot_known) {
        ss_info_releases(info, true, NULL, releases, sizeof releases);
    }
    if (refuses_bytes(info, out) || refuses_etcd(info, releases, out)) {
        return;
    }
    take_hash(info, releases, out);
    size_t len = strlen(out->text);
    if (has_alarm(info, 2)) {
        snprintf(out->text + len, sizeof out->text - len,
                 "; it then answers no request until the CORRUPT alarm is disarmed");
    } else if (has_alarm(info, 1)) {
        snprintf(out->text + len, sizeof out->text - len,
                 "; it then takes no writes until the NOSPACE alarm is disarmed");
    }
}
