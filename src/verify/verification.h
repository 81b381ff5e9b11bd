/*
 * verification.h - a verification in two steps, for those who have work to do meanwhile.
 *
 *   ss_verification_trees     all but the hash, which is begun beside when it is asked for; on any thread
 *   ss_verification_finish    the hash: of that thread, given, or computed here; then the report
 */
#ifndef SS_VERIFY_VERIFICATION_H
#define SS_VERIFY_VERIFICATION_H

#include "parser/db.h"

struct ss_verification;

/*
 * As ss_verify, which is both steps at once. `call` must last until finish. opts->what says only whether a thread for the hash is begun
 * (SS_VERIFY_HASH); all else is checked. On failure *out is NULL. Errors: as ss_verify.
 */
enum ss_status ss_verification_trees(const struct ss_file *file, const struct ss_verify_opts *opts,
                                     const struct ss_call *call, struct ss_verification **out,
                                     struct ss_error *err);

/* The hash now, on this thread, for a verification that has no thread for it. Its outcome is kept for finish. */
void ss_verification_hash(struct ss_verification *v);

/*
 * Errors found in structure and meaning: no hash makes them less. Those of the stored freelist alone are
 * counted `with_freelist`.
 */
uint64_t ss_verification_errors(const struct ss_verification *v, bool with_freelist);

/*
 * `digest`: SHA-256 over what the trailing hash of the file covers (hash.h: struct ss_hash_job, total),
 * from who computed it; NULL: none was.
 */
enum ss_status ss_verification_finish(struct ss_verification *v, const uint8_t *digest,
                                      const struct ss_call *call, struct ss_verify_report **out,
                                      struct ss_error *err);

/* NULL is fine. */
void ss_verification_free(struct ss_verification *v);

#endif
