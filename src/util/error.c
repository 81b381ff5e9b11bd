/*
 * error.c - see error.h. Messages are cut, never overrun: a struct ss_error is plain data. Paths and
 * names of callers are in some of them: whatever a terminal must not get is escaped here, once for all.
 */
/* strerror_r as POSIX has it; with _GNU_SOURCE glibc declares another of that name. */
#undef _GNU_SOURCE
#define _POSIX_C_SOURCE 200809L

#include "util/error.h"
#include "util/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *ss_version(void)
{
#define TEXT(x) #x
#define VERSION(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)
    return VERSION(SS_VERSION_MAJOR, SS_VERSION_MINOR, SS_VERSION_PATCH);
#undef VERSION
#undef TEXT
}

const char *ss_code_name(enum ss_code code)
{
    static const char *const names[] = {
#define NAME(symbol, name) [SS_E_##symbol] = name,
        SS_CODES(NAME)
#undef NAME
    };

    if ((unsigned)code >= SS_E_COUNT) {
        return "unknown";
    }
    return names[code];
}

void ss_error_clear(struct ss_error *err)
{
    err->code = SS_E_NONE;
    err->sys = 0;
    err->off = SS_NONE;
    err->pgid = SS_NONE;
    err->bucket[0] = '\0';
    err->message[0] = '\0';
    err->have[0] = '\0';
    err->expect[0] = '\0';
}

enum ss_status(ss_corrupt)(struct ss_error *err, enum ss_code code, uint64_t off, uint64_t pgid,
                           const char *format, ...)
{
    va_list args;

    ss_error_clear(err);
    err->code = code;
    err->off = off;
    err->pgid = pgid;
    va_start(args, format);
    vsnprintf(err->message, sizeof(err->message), format, args);
    va_end(args);
    ss_text_tame(err->message, sizeof(err->message));
    return SS_CORRUPT;
}

enum ss_status(ss_error_have)(struct ss_error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(err->have, sizeof(err->have), format, args);
    va_end(args);
    return SS_CORRUPT;
}

enum ss_status(ss_error_expect)(struct ss_error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(err->expect, sizeof(err->expect), format, args);
    va_end(args);
    return SS_CORRUPT;
}

enum ss_status(ss_system)(struct ss_error *err, enum ss_code code, int sys, const char *format, ...)
{
    char reason[128];
    va_list args;
    size_t used;

    ss_error_clear(err);
    err->code = code;
    err->sys = sys;
    va_start(args, format);
    vsnprintf(err->message, sizeof(err->message), format, args);
    va_end(args);
    ss_text_tame(err->message, sizeof(err->message));
    if (sys == 0) {
        return SS_SYSTEM;
    }
    if (strerror_r(sys, reason, sizeof(reason)) != 0) {
        snprintf(reason, sizeof(reason), "errno %d", sys);
    }
    used = strlen(err->message);
    snprintf(err->message + used, sizeof(err->message) - used, ": %s", reason);
    return SS_SYSTEM;
}

enum ss_status(ss_nomem)(struct ss_error *err, uint64_t len)
{
    if (len == 0) {
        return ss_system(err, SS_E_NOMEM, 0, "out of memory");
    }
    return ss_system(err, SS_E_NOMEM, 0, "out of memory (%" PRIu64 " bytes were needed)", len);
}

enum ss_status ss_error_in_bucket(struct ss_error *err, const char *path, enum ss_status status)
{
    if (status != SS_OK && status != SS_END && err->bucket[0] == '\0') {
        snprintf(err->bucket, sizeof(err->bucket), "%s", path);
    }
    return status;
}

/* ": VALUE, due VALUE", or what of it there is. */
static void values_text(const struct ss_error *err, char *buf, size_t cap)
{
    buf[0] = '\0';
    if (err->have[0] != '\0' && err->expect[0] != '\0') {
        snprintf(buf, cap, ": %s, due %s", err->have, err->expect);
    } else if (err->have[0] != '\0') {
        snprintf(buf, cap, ": %s", err->have);
    }
}

char *ss_error_text(const struct ss_error *err, char *buf, size_t cap)
{
    char values[sizeof(err->have) + sizeof(err->expect) + 16];
    char off[48] = "", pgid[40] = "", bucket[160] = "";

    values_text(err, values, sizeof(values));
    if (err->off != SS_NONE) {
        snprintf(off, sizeof(off), "offset 0x%" PRIx64, err->off);
    }
    if (err->pgid != SS_NONE) {
        snprintf(pgid, sizeof(pgid), "%spage %" PRIu64, off[0] ? ", " : "", err->pgid);
    }
    if (err->bucket[0] != '\0') {
        snprintf(bucket, sizeof(bucket), "%sbucket %s", off[0] || pgid[0] ? ", " : "", err->bucket);
    }
    if (off[0] || pgid[0] || bucket[0]) {
        snprintf(buf, cap, "%s%s (%s%s%s)", err->message, values, off, pgid, bucket);
    } else {
        snprintf(buf, cap, "%s%s", err->message, values);
    }
    return buf;
}
