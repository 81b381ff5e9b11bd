/*
 * json_text.h - JSON strings and numbers into an output buffer, byte for byte as Jansson writes them.
 *
 * For the record stream, which has no bound and which users wait for; bounded documents are built
 * with Jansson itself. Nothing here allocates, and a string of any length passes through the buffer
 * in pieces.
 */
#ifndef SS_EXPORT_JSON_TEXT_H
#define SS_EXPORT_JSON_TEXT_H

#include "export/outbuf.h"

/*
 * Bytes at the start, a multiple of eight or all of them, that are printable ASCII other than the
 * quote and the backslash (or DEL): clean, and the same in JSON. The portable form is what tests hold
 * the other against.
 */
size_t ss_json_plain_len(const uint8_t *p, size_t len);
size_t ss_json_plain_len_portable(const uint8_t *p, size_t len);

/*
 * Appends "bytes" with its quotes; the bytes are clean (ss_text_is_clean). Escaped are the quote, the
 * backslash, and controls: \b \f \n \r \t, else \u00XX in capitals. DEL and all beyond ASCII stay.
 */
void ss_json_string(struct ss_outbuf *out, const void *bytes, size_t len);

/* The same without vector instructions. */
void ss_json_string_portable(struct ss_outbuf *out, const void *bytes, size_t len);

/* Appends "bytes" in base64, with quotes. */
void ss_json_base64(struct ss_outbuf *out, const void *bytes, size_t len);

/* Appends "name":"…" when the bytes are clean, else "name_base64":"…". `name` is plain. */
void ss_json_bytes(struct ss_outbuf *out, const char *name, const void *bytes, size_t len);

/* Appends an id in quotes, 16 hex digits: a number above 2^53 is not safe with common readers. */
void ss_json_id(struct ss_outbuf *out, uint64_t id);

/* Append a number in decimal. */
void ss_json_i64(struct ss_outbuf *out, int64_t v);
void ss_json_u64(struct ss_outbuf *out, uint64_t v);

#endif
