/*
 * outbuf.c - see outbuf.h. Memory: SS_OUTBUF_LEN a buffer, whatever passes through it.
 */
#include "export/outbuf.h"

#include <errno.h>
#include <stdlib.h>

bool ss_outbuf_init(struct ss_outbuf *out, ss_write_fn flush, void *ctx)
{
    *out = (struct ss_outbuf){.cap = SS_OUTBUF_LEN, .flush = flush, .ctx = ctx};
    out->data = malloc(out->cap);
    return out->data != NULL;
}

void ss_outbuf_fini(struct ss_outbuf *out)
{
    free(out->data);
    *out = (struct ss_outbuf){0};
}

void ss_outbuf_pass(struct ss_outbuf *out, const void *bytes, size_t len)
{
    if (out->failed) {
        return;
    }
    errno = 0;
    if (out->flush(out->ctx, bytes, len)) {
        out->flushed_len += len;
    } else {
        out->failed = true;
        out->sys = errno;
    }
}

bool ss_outbuf_flush(struct ss_outbuf *out)
{
    if (out->len > 0) {
        ss_outbuf_pass(out, out->data, out->len);
    }
    out->len = 0;
    return !out->failed;
}

void ss_outbuf_append_pieces(struct ss_outbuf *out, const void *bytes, size_t len)
{
    const char *p = bytes;

    while (len > out->cap - out->len) {
        size_t room = out->cap - out->len;

        memcpy(out->data + out->len, p, room);
        out->len = out->cap;
        p += room;
        len -= room;
        ss_outbuf_flush(out);
        if (out->failed) {
            return;
        }
    }
    if (len > 0) {
        memcpy(out->data + out->len, p, len);
        out->len += len;
    }
}
