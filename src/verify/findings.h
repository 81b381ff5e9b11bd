/*
 * findings.h - collecting evidence: a finding means "noted, go on".
 *
 * One list a pass, each filled by one thread in a fixed order; the report joins them in a fixed order.
 * A list keeps the first `max` findings and counts all.
 */
#ifndef SS_VERIFY_FINDINGS_H
#define SS_VERIFY_FINDINGS_H

#include "snapscope.h"

enum ss_check_id {
#define CHECK(symbol, id, severity, text) SS_CHECK_##symbol,
#include "verify/checks.def"
#undef CHECK
    SS_CHECK_COUNT
};

/* Where: SS_NONE and NULL for what does not apply. */
struct ss_place {
    uint64_t off;
    uint64_t pgid;
    uint64_t element;
    const char *bucket;
};

struct ss_findings {
    struct ss_finding *items; /* strings on the heap */
    size_t count, cap;
    uint64_t max;
    uint64_t total[3];        /* by severity */
    uint64_t freelist_errors; /* of them: what is wrong with the stored freelist alone */
    uint64_t version_errors;  /* of them: malformed versions, each release takes them its way */
    uint64_t
        start_errors; /* of them: numbers at their end: the data are whole, and no etcd works on */
    bool nomem;       /* a finding could not be kept: the verification must fail */
};

void ss_findings_init(struct ss_findings *list, uint64_t max);
void ss_findings_fini(struct ss_findings *list);

/*
 * Adds a finding; `have` and `expect` may be NULL. The detail is printf-formatted; strings from the
 * file are escaped by the caller.
 */
void ss_find(struct ss_findings *list, enum ss_check_id check, struct ss_place at, const char *have,
             const char *expect, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Moves what `from` kept to the end of `to`, up to its max, and adds the counts. */
void ss_findings_join(struct ss_findings *to, struct ss_findings *from);

#endif
