/*
 * emit.h - the writer's way out: bytes in order, buffered, hashed as they go; or only counted.
 *
 *   bytes ── copied ──► │ 1 MiB │ 1 MiB │ 1 MiB │ ──┬──► write
 *                                                   └──► SHA-256      either beside the caller (util/backlog.h)
 *
 * What is written is what was hashed: both take the same copy.
 */
#ifndef SS_WRITER_EMIT_H
#define SS_WRITER_EMIT_H

#include "snapscope.h"
#include "util/backlog.h"
#include "util/sha256.h"

/* What is done on a thread of its own. */
enum ss_emit_beside {
    SS_BESIDE_NOTHING,
    SS_BESIDE_HASH,
    SS_BESIDE_WRITE
};

/* On the caller's thread, before so many more bytes are written. False ends it, as CANCELLED. */
typedef bool (*ss_tell_fn)(void *ctx, uint64_t len);

struct ss_emit_opts {
    ss_write_fn write; /* NULL: count only, for the plan */
    void *write_ctx;
    ss_tell_fn tell; /* may be NULL */
    void *tell_ctx;
    bool hash;   /* compute the SHA-256, and */
    bool append; /* write it behind the bytes */
    /*
     * With `hash`, or empty: other bytes, which are hashed in step with those that are written, so that
     * both end together after due_len bytes of these. Two at once cost little more than one.
     */
    struct ss_span twin;
    uint64_t due_len;
    enum ss_emit_beside beside;
};

struct ss_emit {
    struct ss_emit_opts opts;
    struct ss_sha256 sha, twin_sha;
    uint64_t hashed_len, twin_len;
    uint64_t len; /* bytes so far */
    struct ss_backlog *backlog;
    uint8_t *piece;
    size_t used;
    bool write_failed; /* else the hash did */
    int sys;           /* what write left in errno */
};

/* Errors: NOMEM. ss_emit_fini is fine on a failed one. */
enum ss_status ss_emit_init(struct ss_emit *emit, const struct ss_emit_opts *opts,
                            struct ss_error *err);
void ss_emit_fini(struct ss_emit *emit);

/* Errors: OUTPUT, with the errno that the callback left; CANCELLED. */
enum ss_status ss_emit_bytes(struct ss_emit *emit, const void *bytes, uint64_t len,
                             struct ss_error *err);
enum ss_status ss_emit_zeroes(struct ss_emit *emit, uint64_t len, struct ss_error *err);

/*
 * Only with `hash`: the digest of all bytes so far and `more` behind them, which are not written. What
 * comes after it goes on as before. Errors: as ss_emit_bytes; NOMEM.
 */
enum ss_status ss_emit_digest_with(struct ss_emit *emit, struct ss_span more,
                                   uint8_t digest[SS_SHA256_LEN], struct ss_error *err);

/* Writes what is buffered; with `hash`, the digest is given to the caller, and written if it shall be. */
enum ss_status ss_emit_finish(struct ss_emit *emit, uint8_t digest[SS_SHA256_LEN],
                              struct ss_error *err);

/* After that, with a twin: its digest. Errors: NOMEM. */
enum ss_status ss_emit_twin(struct ss_emit *emit, uint8_t digest[SS_SHA256_LEN],
                            struct ss_error *err);

#endif
