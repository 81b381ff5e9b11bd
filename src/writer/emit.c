/*
 * emit.c - see emit.h. Small pieces gather in a buffer, large ones go straight through, after each of
 * their pages was read once: a mapped page that cannot be read then raises SIGBUS, which the guard turns
 * into an error with its place, where write(2) would only say EFAULT.
 */
#include "writer/emit.h"

#include "util/checked.h"
#include "util/error.h"

#include <stdlib.h>
#include <string.h>

#define BUF_LEN (1u << 20)
#define DIRECT_LEN (64u << 10)
#define TOUCH_LEN 4096u /* no page of memory is smaller */

enum ss_status ss_emit_init(struct ss_emit *emit, ss_write_fn write, void *ctx, bool hash,
                            struct ss_error *err)
{
    *emit = (struct ss_emit){.write = write, .ctx = ctx, .hash = hash && write != NULL};
    if (write == NULL)
        return SS_OK;
    emit->buf = malloc(BUF_LEN);
    if (emit->buf == NULL)
        return ss_nomem(err, BUF_LEN);
    if (emit->hash && !ss_sha256_init(&emit->sha))
        return ss_system(err, SS_E_NOMEM, 0, "out of memory (SHA-256 could not be started)");
    return SS_OK;
}

void ss_emit_fini(struct ss_emit *emit)
{
    free(emit->buf);
    emit->buf = NULL;
    ss_sha256_fini(&emit->sha);
}

static void touch(const volatile uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len; at += TOUCH_LEN)
        (void)bytes[at];
    (void)bytes[len - 1];
}

static enum ss_status pass_on(struct ss_emit *emit, const void *bytes, size_t len,
                              struct ss_error *err)
{
    if (len == 0)
        return SS_OK;
    if (emit->hash && !ss_sha256_update(&emit->sha, bytes, len))
        return ss_system(err, SS_E_NOMEM, 0, "out of memory (SHA-256 could not be computed)");
    if (!emit->hash && bytes != emit->buf)
        touch(bytes, len);
    errno = 0;
    if (!emit->write(emit->ctx, bytes, len))
        return ss_system(err, SS_E_OUTPUT, errno, "writing the database failed");
    return SS_OK;
}

static enum ss_status flush(struct ss_emit *emit, struct ss_error *err)
{
    size_t used = emit->used;

    emit->used = 0;
    return pass_on(emit, emit->buf, used, err);
}

enum ss_status ss_emit_bytes(struct ss_emit *emit, const void *bytes, uint64_t len,
                             struct ss_error *err)
{
    enum ss_status status = SS_OK;

    emit->len += len;
    if (emit->write == NULL || len == 0)
        return SS_OK;
    if (len > BUF_LEN - emit->used || len >= DIRECT_LEN)
        status = flush(emit, err);
    if (status != SS_OK)
        return status;
    if (len >= DIRECT_LEN)
        return pass_on(emit, bytes, (size_t)len, err);
    memcpy(emit->buf + emit->used, bytes, (size_t)len);
    emit->used += (size_t)len;
    return SS_OK;
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

enum ss_status ss_emit_finish(struct ss_emit *emit, uint8_t digest[SS_SHA256_LEN],
                              struct ss_error *err)
{
    enum ss_status status;

    if (emit->write == NULL)
        return SS_OK;
    status = flush(emit, err);
    if (status != SS_OK || !emit->hash)
        return status;
    if (!ss_sha256_final(&emit->sha, digest))
        return ss_system(err, SS_E_NOMEM, 0, "out of memory (SHA-256 could not be computed)");
    emit->hash = false;
    emit->len += SS_SHA256_LEN;
    return pass_on(emit, digest, SS_SHA256_LEN, err);
}
