/*
 * wire.c - see wire.h. Positions are relative to the message; every read is bounded by its length.
 */
#include "util/wire.h"

#include "util/endian.h"

#include <inttypes.h>

#define VARINT_LEN_MAX 10u
#define FIELD_NUMBER_MAX ((UINT64_C(1) << 29) - 1)

static enum ss_status cut(const struct ss_wire *w, const char *what, struct ss_error *err)
{
    return ss_corrupt(err, w->code, w->in.off + w->in.len, w->pgid, "the message ends inside %s",
                      what);
}

static enum ss_status read_long_varint(struct ss_wire *w, const char *what, uint64_t *out,
                                       struct ss_error *err)
{
    const uint8_t *p = w->in.ptr + w->pos;
    uint64_t room = w->in.len - w->pos;
    uint64_t value = 0;

    for (uint32_t i = 0; i < VARINT_LEN_MAX; i++) {
        if (i == room) {
            return cut(w, what, err);
        }
        value |= (uint64_t)(p[i] & 0x7f) << (7 * i);
        if (p[i] < 0x80) {
            if (i == VARINT_LEN_MAX - 1 && p[i] > 1) {
                break;
            }
            w->pos += i + 1;
            *out = value;
            return SS_OK;
        }
    }
    return ss_corrupt(err, w->code, w->in.off + w->pos, w->pgid, "%s does not fit in 64 bits",
                      what);
}

/* Nearly every tag and length, and many a number, is a single byte. */
static inline enum ss_status read_varint(struct ss_wire *w, const char *what, uint64_t *out,
                                         struct ss_error *err)
{
    if (w->pos == w->in.len || w->in.ptr[w->pos] >= 0x80) {
        return read_long_varint(w, what, out, err);
    }
    *out = w->in.ptr[w->pos++];
    return SS_OK;
}

static inline enum ss_status read_tag(struct ss_wire *w, struct ss_wire_field *field,
                                      struct ss_error *err)
{
    uint64_t tag = 0;

    field->off = w->in.off + w->pos;
    if (read_varint(w, "a field's tag", &tag, err) != SS_OK) {
        return SS_CORRUPT;
    }
    if (tag >> 3 == 0 || tag >> 3 > FIELD_NUMBER_MAX) {
        return ss_corrupt(err, w->code, field->off, w->pgid, "field number %" PRIu64 " is illegal",
                          tag >> 3);
    }
    field->number = (uint32_t)(tag >> 3);
    if ((tag & 7) > SS_WIRE_FIXED32) {
        return ss_corrupt(err, w->code, field->off, w->pgid,
                          "field %" PRIu32 " has the illegal wire type %u", field->number,
                          (unsigned)(tag & 7));
    }
    field->type = (enum ss_wire_type)(tag & 7);
    return SS_OK;
}

static enum ss_status read_bytes(struct ss_wire *w, struct ss_wire_field *field,
                                 struct ss_error *err)
{
    uint64_t off = w->in.off + w->pos;
    uint64_t len = 0;

    if (read_varint(w, "a length", &len, err) != SS_OK) {
        return SS_CORRUPT;
    }
    if (!ss_span_sub(w->in, w->pos, len, &field->body)) {
        return ss_corrupt(err, w->code, off, w->pgid,
                          "field %" PRIu32 " has %" PRIu64 " bytes, but only %" PRIu64 " are left",
                          field->number, len, w->in.len - w->pos);
    }
    w->pos += len;
    return SS_OK;
}

static enum ss_status read_fixed(struct ss_wire *w, struct ss_wire_field *field, uint32_t len,
                                 struct ss_error *err)
{
    struct ss_span bytes;

    if (!ss_span_sub(w->in, w->pos, len, &bytes)) {
        return cut(w, "a fixed-size value", err);
    }
    field->value = len == 8 ? ss_load_u64(bytes.ptr, false) : ss_load_u32(bytes.ptr, false);
    w->pos += len;
    return SS_OK;
}

/* The value of any field that is no group. */
static inline enum ss_status read_value(struct ss_wire *w, struct ss_wire_field *field,
                                        struct ss_error *err)
{
    switch (field->type) {
    case SS_WIRE_VARINT:
        return read_varint(w, "a varint", &field->value, err);
    case SS_WIRE_BYTES:
        return read_bytes(w, field, err);
    case SS_WIRE_FIXED64:
        return read_fixed(w, field, 8, err);
    case SS_WIRE_FIXED32:
        return read_fixed(w, field, 4, err);
    case SS_WIRE_GROUP:
    case SS_WIRE_GROUP_END:
        break;
    }
    return ss_corrupt(err, w->code, field->off, w->pgid,
                      "field %" PRIu32 " ends a group that did not begin", field->number);
}

/* Skips from behind a group's start tag to behind its end tag. Apart: its array would cost every field. */
static __attribute__((noinline)) enum ss_status read_group(struct ss_wire *w,
                                                           struct ss_wire_field *field,
                                                           struct ss_error *err)
{
    uint32_t open[SS_WIRE_GROUP_MAX] = {field->number};
    uint32_t depth = 1;
    uint64_t start = w->pos, end = w->pos;
    struct ss_wire_field inner = {0};

    while (depth > 0) {
        end = w->pos;
        if (w->pos == w->in.len) {
            return cut(w, "a group", err);
        }
        if (read_tag(w, &inner, err) != SS_OK) {
            return SS_CORRUPT;
        }
        if (inner.type == SS_WIRE_GROUP) {
            if (depth == SS_WIRE_GROUP_MAX) {
                return ss_corrupt(err, w->code, inner.off, w->pgid, "groups nest more than %u deep",
                                  SS_WIRE_GROUP_MAX);
            }
            open[depth++] = inner.number;
        } else if (inner.type == SS_WIRE_GROUP_END) {
            if (inner.number != open[--depth]) {
                return ss_corrupt(err, w->code, inner.off, w->pgid,
                                  "group %" PRIu32 " ends as group %" PRIu32, open[depth],
                                  inner.number);
            }
        } else if (read_value(w, &inner, err) != SS_OK) {
            return SS_CORRUPT;
        }
    }
    field->body = (struct ss_span){w->in.ptr + start, end - start, w->in.off + start};
    return SS_OK;
}

enum ss_status ss_wire_next(struct ss_wire *w, struct ss_wire_field *field, struct ss_error *err)
{
    if (w->pos == w->in.len) {
        return SS_END;
    }
    if (read_tag(w, field, err) != SS_OK) {
        return SS_CORRUPT;
    }
    if (field->type == SS_WIRE_GROUP) {
        return read_group(w, field, err);
    }
    return read_value(w, field, err);
}

enum ss_status ss_wire_expect(const struct ss_wire *w, const struct ss_wire_field *field,
                              enum ss_wire_type due, const char *name, struct ss_error *err)
{
    if (field->type == due) {
        return SS_OK;
    }
    return ss_corrupt(err, w->code, field->off, w->pgid,
                      "field %" PRIu32 " (%s) has wire type %u, %u is due", field->number, name,
                      (unsigned)field->type, (unsigned)due);
}
