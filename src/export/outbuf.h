/*
 * outbuf.h - output collected in one fixed buffer and passed on in large pieces.
 *
 *   appended bytes ──► [ data ........ len | free ........ cap ] ──► flush(ctx, data, len)
 *
 * A failed flush is remembered: from then on what is appended is dropped, so that writers of records
 * need no error path of their own, and look at `failed` between records.
 */
#ifndef SS_EXPORT_OUTBUF_H
#define SS_EXPORT_OUTBUF_H

#include "snapscope.h"

#include <string.h>

/* No single reservation is larger, and no buffer smaller. */
#define SS_OUTBUF_RESERVE_MAX ((size_t)64 << 10)
#define SS_OUTBUF_LEN ((size_t)256 << 10)

struct ss_outbuf {
    char *data;
    size_t len, cap;
    uint64_t flushed_len; /* bytes that flush has taken */
    bool failed;
    int sys; /* errno of the failure */
    ss_write_fn flush;
    void *ctx;
};

/* Takes SS_OUTBUF_LEN bytes of heap; false when there are none. Freed by ss_outbuf_fini. */
bool ss_outbuf_init(struct ss_outbuf *out, ss_write_fn flush, void *ctx);
/* Frees the buffer and drops what it holds. Fine on a zeroed or failed one. */
void ss_outbuf_fini(struct ss_outbuf *out);

/* Passes bytes on past the buffer, which holds nothing. They are dropped once a flush failed. */
void ss_outbuf_pass(struct ss_outbuf *out, const void *bytes, size_t len);

/* Passes on what is held. False once any flush failed. */
bool ss_outbuf_flush(struct ss_outbuf *out);

/* For ss_outbuf_append, when the bytes do not fit. */
void ss_outbuf_append_pieces(struct ss_outbuf *out, const void *bytes, size_t len);

/* Appends any number of bytes, in as many pieces as it takes. */
static inline void ss_outbuf_append(struct ss_outbuf *out, const void *bytes, size_t len)
{
    if (len > out->cap - out->len) {
        ss_outbuf_append_pieces(out, bytes, len);
    } else if (len > 0) {
        memcpy(out->data + out->len, bytes, len);
        out->len += len;
    }
}

/*
 * Room for at least len <= SS_OUTBUF_RESERVE_MAX bytes, until the next call; the caller adds what it
 * used to out->len.
 */
static inline char *ss_outbuf_reserve(struct ss_outbuf *out, size_t len)
{
    if (out->cap - out->len < len) {
        ss_outbuf_flush(out);
    }
    return out->data + out->len;
}

/* Appends a string literal, whose length the compiler knows. */
#define SS_OUTBUF_LITERAL(out, text) ss_outbuf_append((out), (text), sizeof(text) - 1)

/* Appends short text. */
static inline void ss_outbuf_text(struct ss_outbuf *out, const char *text)
{
    ss_outbuf_append(out, text, strlen(text));
}

#endif
