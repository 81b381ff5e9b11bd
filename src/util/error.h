/*
 * error.h - filling struct ss_error.
 *
 * An error means "cannot go on". It is set once, where the cause is known; callers above pass it
 * through untouched, adding at most the bucket they were in (ss_error_in_bucket).
 */
#ifndef SS_UTIL_ERROR_H
#define SS_UTIL_ERROR_H

#include "snapscope.h"

#include <errno.h>

/* Back to "no error": code NONE, no place. Public functions call it first. */
void ss_error_clear(struct ss_error *err);

/*
 * Sets code, place (SS_NONE: does not apply) and a printf-formatted message, and returns SS_CORRUPT:
 *     return ss_corrupt(err, SS_E_PAGE_ID, page_off, pgid, "page says that it is %" PRIu64, id);
 * Strings that come from a file are escaped by the caller (ss_text_escape), which is lossless; what is
 * not printable in a message all the same becomes \xNN.
 */
enum ss_status ss_corrupt(struct ss_error *err, enum ss_code code, uint64_t off, uint64_t pgid,
                          const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * Adds the value found and the value due to an error that was just set. Both return SS_CORRUPT, so
 * that the last one can end a function:
 *     ss_error_have(err, "%" PRIu32, flags);
 *     return ss_error_expect(err, "0 or 1");
 */
enum ss_status ss_error_have(struct ss_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum ss_status ss_error_expect(struct ss_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* As ss_corrupt for SS_SYSTEM, with an errno (0: none); its text is appended to the message. */
enum ss_status ss_system(struct ss_error *err, enum ss_code code, int sys, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* SS_SYSTEM, NOMEM, with how much was asked for (0: not known). */
enum ss_status ss_nomem(struct ss_error *err, uint64_t len);

/* Adds the bucket's escaped path when the error has none yet. Returns `status`, for tail calls. */
enum ss_status ss_error_in_bucket(struct ss_error *err, const char *path, enum ss_status status);

/*
 * What such a call returns also stands where it is called: compilers and analyzers then know that the
 * path has failed, and that nothing behind an SS_OK is reached by it.
 */
static inline enum ss_status ss_status_as(enum ss_status said, enum ss_status known)
{
    (void)said;
    return known;
}
#define ss_corrupt(...) ss_status_as((ss_corrupt)(__VA_ARGS__), SS_CORRUPT)
#define ss_error_have(...) ss_status_as((ss_error_have)(__VA_ARGS__), SS_CORRUPT)
#define ss_error_expect(...) ss_status_as((ss_error_expect)(__VA_ARGS__), SS_CORRUPT)
#define ss_system(...) ss_status_as((ss_system)(__VA_ARGS__), SS_SYSTEM)
#define ss_nomem(...) ss_status_as((ss_nomem)(__VA_ARGS__), SS_SYSTEM)

#endif
