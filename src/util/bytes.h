/*
 * bytes.h - bytes that grow, for small things that are written: protobuf messages, JSON, paths.
 *
 * A failed allocation is remembered: what is added from then on is dropped, and one look at `failed`
 * at the end serves for all. Not for data in bulk.
 */
#ifndef SS_UTIL_BYTES_H
#define SS_UTIL_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ss_bytes {
    uint8_t *ptr; /* NULL when empty; freed by ss_bytes_fini */
    size_t len, cap;
    bool failed;
};

void ss_bytes_fini(struct ss_bytes *b);
void ss_bytes_add(struct ss_bytes *b, const void *bytes, size_t len);
void ss_bytes_text(struct ss_bytes *b, const char *text);
void ss_bytes_format(struct ss_bytes *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Protobuf fields: a varint, and length-delimited bytes. Zero and empty are written too. */
void ss_bytes_pb_varint(struct ss_bytes *b, uint32_t field, uint64_t value);
void ss_bytes_pb_bytes(struct ss_bytes *b, uint32_t field, const void *bytes, size_t len);

/* The text in JSON quotes, everything but printable ASCII escaped; the text is UTF-8. */
void ss_bytes_json(struct ss_bytes *b, const char *text);

#endif
