/*
 * emit.h - the writer's way out: bytes in order, buffered, hashed as they go; or only counted.
 */
#ifndef SS_WRITER_EMIT_H
#define SS_WRITER_EMIT_H

#include "snapscope.h"
#include "util/sha256.h"

struct ss_emit {
    ss_write_fn write; /* NULL: count only, for the plan */
    void *ctx;
    bool hash;
    struct ss_sha256 sha;
    uint64_t len; /* bytes so far */
    uint8_t *buf;
    size_t used;
};

/* Errors: NOMEM. ss_emit_fini is fine on a failed one. */
enum ss_status ss_emit_init(struct ss_emit *emit, ss_write_fn write, void *ctx, bool hash,
                            struct ss_error *err);
void ss_emit_fini(struct ss_emit *emit);

/* Errors: OUTPUT, with the errno that the callback left. */
enum ss_status ss_emit_bytes(struct ss_emit *emit, const void *bytes, uint64_t len,
                             struct ss_error *err);
enum ss_status ss_emit_zeroes(struct ss_emit *emit, uint64_t len, struct ss_error *err);

/* Writes what is buffered; with `hash`, then the digest too, which is also given to the caller. */
enum ss_status ss_emit_finish(struct ss_emit *emit, uint8_t digest[SS_SHA256_LEN],
                              struct ss_error *err);

#endif
