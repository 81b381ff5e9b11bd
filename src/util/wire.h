/*
 * wire.h - protocol buffers, read field by field out of a span: no schema, no copy, no allocation.
 *
 *   ┌──────────────────────────────┬──────────────────────────────────────────────┐
 *   │ tag varint: number << 3 | type │ 0 varint · 1 eight bytes · 2 varint length    │ next field …
 *   │                              │ and bytes · 3 … 4 group · 5 four bytes       │
 *   └──────────────────────────────┴──────────────────────────────────────────────┘
 *
 * What is accepted is what every etcd accepts alike. Up to 3.6 etcd reads with generated gogo code,
 * since 3.7 with google.golang.org/protobuf; they differ, and where one of them refuses, so do we:
 *
 *   - a varint longer than 10 bytes is refused by both; a tenth byte above 1, which overflows 64 bits,
 *     by 3.7 only (gogo drops the bits);
 *   - field number 0 is refused by both, one above 2^29 - 1 by 3.7 only (gogo cuts it to 32 bits);
 *   - wire types 6 and 7, and an end of group without its start, are refused by both;
 *   - unknown groups are skipped by both; that start and end name one field is asked by 3.7 only;
 *   - a known field of another wire type is refused by gogo, and an unknown field to 3.7: that check
 *     is the caller's, by ss_wire_expect;
 *   - a scalar field that comes twice: the last one counts, for both.
 *
 * Groups nest at most SS_WIRE_GROUP_MAX deep: nothing in etcd writes even one.
 */
#ifndef SS_UTIL_WIRE_H
#define SS_UTIL_WIRE_H

#include "util/error.h"
#include "util/span.h"

#define SS_WIRE_GROUP_MAX 16u

enum ss_wire_type {
    SS_WIRE_VARINT = 0,
    SS_WIRE_FIXED64 = 1,
    SS_WIRE_BYTES = 2,
    SS_WIRE_GROUP = 3,
    SS_WIRE_GROUP_END = 4,
    SS_WIRE_FIXED32 = 5
};

/* A message being read. `code` and `pgid` go into errors. */
struct ss_wire {
    struct ss_span in;
    uint64_t pos;
    enum ss_code code;
    uint64_t pgid;
};

struct ss_wire_field {
    uint32_t number; /* 1 … 2^29 - 1 */
    enum ss_wire_type type;
    uint64_t off;        /* of the tag */
    uint64_t value;      /* varint and fixed */
    struct ss_span body; /* bytes: the content; group: what stands between its tags */
};

static inline void ss_wire_init(struct ss_wire *w, struct ss_span in, enum ss_code code,
                                uint64_t pgid)
{
    *w = (struct ss_wire){.in = in, .code = code, .pgid = pgid};
}

/*
 * The next field. SS_END: the message ended, at a field's end. CORRUPT: `code`, at the first byte of
 * the varint, length or body that is wrong; a cut message at its end.
 */
enum ss_status ss_wire_next(struct ss_wire *w, struct ss_wire_field *field, struct ss_error *err);

/* Refuses a field of another wire type than its message defines; `name` is for the text. */
enum ss_status ss_wire_expect(const struct ss_wire *w, const struct ss_wire_field *field,
                              enum ss_wire_type due, const char *name, struct ss_error *err);

#endif
