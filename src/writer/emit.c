/*
 * emit.c - see emit.h. All bytes are copied once, so that a mapped page that cannot be read raises
 * SIGBUS here, which the guard turns into an error with its place, where write(2) would say EFAULT; and
 * so that hash and output cannot differ when the input changes meanwhile.
 */
#include "writer/emit.h"

#include "util/checked.h"
#include "util/error.h"

#include <string.h>

#define PIECE_LEN ((size_t)1 << 20)
#define PIECES 3u

/* How far the twin is to be, once so many bytes of the output are hashed: whole blocks, till its end. */
static uint64_t twin_due(const struct ss_emit *emit, uint64_t hashed_len)
{
    const struct ss_emit_opts *opts = &emit->opts;

    if (hashed_len >= opts->due_len) {
        return opts->twin.len;
    }
    return (uint64_t)((unsigned __int128)opts->twin.len * hashed_len / opts->due_len) /
           SS_SHA256_BLOCK_LEN * SS_SHA256_BLOCK_LEN;
}

static bool hash_both(struct ss_emit *emit, const uint8_t *bytes, size_t len)
{
    const uint8_t *twin = emit->opts.twin.ptr + emit->twin_len;
    uint64_t due;
    size_t both;

    emit->hashed_len += len;
    due = twin_due(emit, emit->hashed_len) - emit->twin_len;
    both = (size_t)ss_min_u64(len, due);
    emit->twin_len += due;
    return ss_sha256_update_two(&emit->sha, bytes, &emit->twin_sha, twin, both) &&
           ss_sha256_update(&emit->twin_sha, twin + both, (size_t)due - both) &&
           ss_sha256_update(&emit->sha, bytes + both, len - both);
}

static bool hash_piece(struct ss_emit *emit, const uint8_t *bytes, size_t len)
{
    if (emit->opts.hash && emit->opts.twin.len > 0) {
        return hash_both(emit, bytes, len);
    }
    return !emit->opts.hash || ss_sha256_update(&emit->sha, bytes, len);
}

static bool write_piece(struct ss_emit *emit, const uint8_t *bytes, size_t len)
{
    errno = 0;
    if (emit->opts.write(emit->opts.write_ctx, bytes, len)) {
        return true;
    }
    emit->sys = errno;
    emit->write_failed = true;
    return false;
}

/* What the backlog does with a piece; the caller does the rest. */
static bool handle(void *ctx, const uint8_t *bytes, size_t len)
{
    struct ss_emit *emit = ctx;

    return emit->opts.beside == SS_BESIDE_WRITE ? write_piece(emit, bytes, len)
                                                : hash_piece(emit, bytes, len);
}

static bool handle_rest(struct ss_emit *emit, const uint8_t *bytes, size_t len)
{
    return emit->opts.beside == SS_BESIDE_WRITE ? hash_piece(emit, bytes, len)
                                                : write_piece(emit, bytes, len);
}

/* Once nothing goes on beside. */
static enum ss_status explain(const struct ss_emit *emit, struct ss_error *err)
{
    if (emit->write_failed) {
        return ss_system(err, SS_E_OUTPUT, emit->sys, "writing the database failed");
    }
    return ss_system(err, SS_E_NOMEM, 0, "out of memory (SHA-256 could not be computed)");
}

static bool init_hashes(struct ss_emit *emit)
{
    if (emit->opts.hash && emit->opts.twin.len > 0) {
        return ss_sha256_init_two(&emit->sha, &emit->twin_sha);
    }
    return !emit->opts.hash || ss_sha256_init(&emit->sha);
}

enum ss_status ss_emit_init(struct ss_emit *emit, const struct ss_emit_opts *opts,
                            struct ss_error *err)
{
    *emit = (struct ss_emit){.opts = *opts};
    if (opts->write == NULL) {
        return SS_OK;
    }
    if (!init_hashes(emit)) {
        return ss_system(err, SS_E_NOMEM, 0, "out of memory (SHA-256 could not be started)");
    }
    emit->backlog =
        ss_backlog_new(opts->beside != SS_BESIDE_NOTHING, PIECES, PIECE_LEN, handle, emit);
    if (emit->backlog == NULL) {
        return ss_nomem(err, PIECE_LEN);
    }
    emit->piece = ss_backlog_room(emit->backlog);
    return SS_OK;
}

void ss_emit_fini(struct ss_emit *emit)
{
    ss_backlog_free(emit->backlog);
    emit->backlog = NULL;
    ss_sha256_fini(&emit->sha);
    ss_sha256_fini(&emit->twin_sha);
}

/* Hands the piece at hand on, and takes the next one. */
static enum ss_status flush(struct ss_emit *emit, struct ss_error *err)
{
    size_t used = emit->used;

    if (used == 0) {
        return SS_OK;
    }
    emit->used = 0;
    if (emit->opts.tell != NULL && !emit->opts.tell(emit->opts.tell_ctx, used)) {
        return ss_system(err, SS_E_CANCELLED, 0, "cancelled");
    }
    if (!ss_backlog_pass(emit->backlog, used) || !handle_rest(emit, emit->piece, used)) {
        ss_backlog_drain(emit->backlog);
        return explain(emit, err);
    }
    emit->piece = ss_backlog_room(emit->backlog);
    return SS_OK;
}

enum ss_status ss_emit_bytes(struct ss_emit *emit, const void *bytes, uint64_t len,
                             struct ss_error *err)
{
    const uint8_t *next = bytes;
    enum ss_status status = SS_OK;

    emit->len += len;
    if (emit->opts.write == NULL) {
        return SS_OK;
    }
    while (len > 0 && status == SS_OK) {
        size_t n = (size_t)ss_min_u64(len, PIECE_LEN - emit->used);

        memcpy(emit->piece + emit->used, next, n);
        emit->used += n;
        next += n;
        len -= n;
        if (emit->used == PIECE_LEN) {
            status = flush(emit, err);
        }
    }
    return status;
}

enum ss_status ss_emit_zeroes(struct ss_emit *emit, uint64_t len, struct ss_error *err)
{
    static const uint8_t zeroes[4096];
    enum ss_status status = SS_OK;

    while (len > 0 && status == SS_OK) {
        uint64_t n = ss_min_u64(len, sizeof(zeroes));

        status = ss_emit_bytes(emit, zeroes, n, err);
        len -= n;
    }
    return status;
}

/* Everything so far is handled. */
static enum ss_status settle(struct ss_emit *emit, struct ss_error *err)
{
    enum ss_status status = flush(emit, err);

    if (status == SS_OK && !ss_backlog_drain(emit->backlog)) {
        status = explain(emit, err);
    }
    return status;
}

enum ss_status ss_emit_digest_with(struct ss_emit *emit, struct ss_span more,
                                   uint8_t digest[SS_SHA256_LEN], struct ss_error *err)
{
    struct ss_sha256 sha = {0};
    enum ss_status status = settle(emit, err);
    bool ok;

    if (status != SS_OK) {
        return status;
    }
    ok = ss_sha256_fork(&sha, &emit->sha) && ss_sha256_update(&sha, more.ptr, (size_t)more.len) &&
         ss_sha256_final(&sha, digest);
    ss_sha256_fini(&sha);
    return ok ? SS_OK : explain(emit, err);
}

enum ss_status ss_emit_finish(struct ss_emit *emit, uint8_t digest[SS_SHA256_LEN],
                              struct ss_error *err)
{
    enum ss_status status;

    if (emit->opts.write == NULL) {
        return SS_OK;
    }
    status = settle(emit, err);
    if (status != SS_OK || !emit->opts.hash) {
        return status;
    }
    if (!ss_sha256_final(&emit->sha, digest)) {
        return explain(emit, err);
    }
    if (!emit->opts.append) {
        return SS_OK;
    }
    emit->len += SS_SHA256_LEN;
    return write_piece(emit, digest, SS_SHA256_LEN) ? SS_OK : explain(emit, err);
}

enum ss_status ss_emit_twin(struct ss_emit *emit, uint8_t digest[SS_SHA256_LEN],
                            struct ss_error *err)
{
    struct ss_span twin = emit->opts.twin;
    size_t rest = (size_t)(twin.len - emit->twin_len);
    bool ok = ss_sha256_update(&emit->twin_sha, twin.ptr + emit->twin_len, rest) &&
              ss_sha256_final(&emit->twin_sha, digest);

    emit->twin_len = twin.len;
    return ok ? SS_OK : explain(emit, err);
}
