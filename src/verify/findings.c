/*
 * findings.c - see findings.h; and the catalogue as callers see it.
 */
#include "verify/findings.h"

#include "util/array.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct ss_check catalogue[] = {
#define CHECK(symbol, id, severity, text) [SS_CHECK_##symbol] = {id, SS_SEVERITY_##severity, text},
#include "verify/checks.def"
#undef CHECK
};

size_t ss_check_count(void)
{
    return SS_CHECK_COUNT;
}

const struct ss_check *ss_check_at(size_t i)
{
    return i < SS_CHECK_COUNT ? &catalogue[i] : NULL;
}

const char *ss_severity_name(enum ss_severity severity)
{
    static const char *const names[] = {[SS_SEVERITY_NOTE] = "note",
                                        [SS_SEVERITY_WARNING] = "warning",
                                        [SS_SEVERITY_ERROR] = "error"};

    return (unsigned)severity < 3 ? names[severity] : "unknown";
}

void ss_findings_init(struct ss_findings *list, uint64_t max)
{
    *list = (struct ss_findings){.max = max};
}

static void free_strings(struct ss_finding *finding)
{
    free((void *)(uintptr_t)finding->bucket);
    free((void *)(uintptr_t)finding->detail);
    free((void *)(uintptr_t)finding->have);
    free((void *)(uintptr_t)finding->expect);
}

void ss_findings_fini(struct ss_findings *list)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        free_strings(&list->items[i]);
    }
    free(list->items);
    list->items = NULL;
    list->count = list->cap = 0;
}

static bool keep(struct ss_findings *list, enum ss_check_id check, const struct ss_place *at,
                 const char *have, const char *expect, const char *detail)
{
    struct ss_finding finding = {.check = &catalogue[check],
                                 .off = at->off,
                                 .pgid = at->pgid,
                                 .element = at->element,
                                 .bucket = strdup(at->bucket != NULL ? at->bucket : ""),
                                 .detail = strdup(detail),
                                 .have = strdup(have != NULL ? have : ""),
                                 .expect = strdup(expect != NULL ? expect : "")};

    if (finding.bucket == NULL || finding.detail == NULL || finding.have == NULL ||
        finding.expect == NULL || !ss_array_room(list->items, list->count, list->cap, 1)) {
        free_strings(&finding);
        return false;
    }
    list->items[list->count++] = finding;
    return true;
}

void ss_find(struct ss_findings *list, enum ss_check_id check, struct ss_place at, const char *have,
             const char *expect, const char *format, ...)
{
    char detail[640];
    va_list args;

    list->total[catalogue[check].severity]++;
    if (check >= SS_CHECK_FREE_PAGE && check <= SS_CHECK_FREE_LEAKED) {
        list->freelist_errors++;
    }
    if (check == SS_CHECK_VERSION_FORM) {
        list->version_errors++;
    }
    if (check == SS_CHECK_META_TXID_END || check == SS_CHECK_REV_END) {
        list->start_errors++;
    }
    if (list->count >= list->max) {
        return;
    }
    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    if (!keep(list, check, &at, have, expect, detail)) {
        list->nomem = true;
    }
}

void ss_findings_join(struct ss_findings *to, struct ss_findings *from)
{
    size_t n = from->count, i;

    for (i = 0; i < 3; i++) {
        to->total[i] += from->total[i];
    }
    to->freelist_errors += from->freelist_errors;
    to->version_errors += from->version_errors;
    to->start_errors += from->start_errors;
    to->nomem = to->nomem || from->nomem;
    if (n > to->max - to->count) {
        n = (size_t)(to->max - to->count);
    }
    if (n > 0 && !ss_array_room(to->items, to->count, to->cap, n)) {
        to->nomem = true;
        return;
    }
    for (i = 0; i < n; i++) {
        to->items[to->count++] = from->items[i];
        from->items[i] = (struct ss_finding){0};
    }
}
