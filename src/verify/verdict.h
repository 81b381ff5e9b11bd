/*
 * verdict.h - the verdict in one honest line: what was found, and what was not looked at.
 */
#ifndef SS_VERIFY_VERDICT_H
#define SS_VERIFY_VERDICT_H

#include "parser/db.h"

/* Errors by part, as the lists counted them before they were joined. */
struct ss_verdict_parts {
    uint64_t hash_errors;
    uint64_t structure_errors;
    uint64_t etcd_errors;
    uint64_t start_errors; /* of structure_errors: no tree is broken by them */
};

/* Fills verdict and verdict_text of a report whose counts, hash and `checked` are final. */
void ss_verdict_make(const struct ss_file *file, const struct ss_verdict_parts *parts,
                     struct ss_verify_report *report);

#endif
