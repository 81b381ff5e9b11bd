/*
 * bytes.c - see bytes.h.
 */
#include "util/bytes.h"

#include "util/array.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARINT_LEN_MAX 10u
#define WIRE_VARINT 0u
#define WIRE_BYTES 2u

void ss_bytes_fini(struct ss_bytes *b)
{
    free(b->ptr);
    *b = (struct ss_bytes){0};
}

static bool reserve(struct ss_bytes *b, size_t len)
{
    b->failed = b->failed || !ss_array_room(b->ptr, b->len, b->cap, len);
    return !b->failed;
}

void ss_bytes_add(struct ss_bytes *b, const void *bytes, size_t len)
{
    if (len == 0 || !reserve(b, len)) {
        return;
    }
    memcpy(b->ptr + b->len, bytes, len);
    b->len += len;
}

void ss_bytes_text(struct ss_bytes *b, const char *text)
{
    ss_bytes_add(b, text, strlen(text));
}

void ss_bytes_format(struct ss_bytes *b, const char *format, ...)
{
    va_list args, again;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) {
        b->failed = true;
    } else if (reserve(b, (size_t)len + 1)) {
        vsnprintf((char *)b->ptr + b->len, (size_t)len + 1, format, again);
        b->len += (size_t)len;
    }
    va_end(again);
}

static void add_varint(struct ss_bytes *b, uint64_t value)
{
    uint8_t bytes[VARINT_LEN_MAX];
    size_t n = 0;

    while (value >= 0x80) {
        bytes[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[n++] = (uint8_t)value;
    ss_bytes_add(b, bytes, n);
}

void ss_bytes_pb_varint(struct ss_bytes *b, uint32_t field, uint64_t value)
{
    add_varint(b, (uint64_t)field << 3 | WIRE_VARINT);
    add_varint(b, value);
}

void ss_bytes_pb_bytes(struct ss_bytes *b, uint32_t field, const void *bytes, size_t len)
{
    add_varint(b, (uint64_t)field << 3 | WIRE_BYTES);
    add_varint(b, len);
    ss_bytes_add(b, bytes, len);
}

void ss_bytes_json(struct ss_bytes *b, const char *text)
{
    json_t *string = json_string(text);
    char *quoted = string == NULL ? NULL : json_dumps(string, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);

    if (quoted == NULL) {
        b->failed = true;
    } else {
        ss_bytes_text(b, quoted);
    }
    free(quoted);
    json_decref(string);
}
