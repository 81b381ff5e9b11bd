/*
 * gunzip.c - gzip and zlib by ISA-L, which checks the CRC-32 and length of every member, or the Adler-32.
 *
 *   1f 8b 08 … header │ deflate data │ crc32 u32 │ length u32 ║ next member … ║ 00 00 … padding
 *   78 9c             │ deflate data │ adler32 u32, big-endian               ║ 00 00 … padding
 */
#include "source/unpack.h"
#include "util/error.h"

#include <inttypes.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

enum {
    OUT_LEN = 1 << 20,
    IN_LEN = 1 << 20
};

struct gunzip {
    const char *name; /* of the format */
    uint32_t wrapper; /* ISA-L's name of it */
    struct inflate_state state;
    uint8_t out[OUT_LEN];
};

static const char *fault_text(int code)
{
    switch (code) {
    case ISAL_INVALID_WRAPPER:
        return "its header is none of this format";
    case ISAL_UNSUPPORTED_METHOD:
        return "the method is not deflate";
    case ISAL_INCORRECT_CHECKSUM:
        return "the checksum is wrong";
    default:
        return "the deflate data is invalid";
    }
}

static enum ss_status damaged(const struct gunzip *g, const struct ss_spool *spool,
                              struct ss_error *err, const char *what, uint64_t pos)
{
    return ss_unpack_damaged(err, g->name, pos, spool->len, what);
}

/*
 * One member from *pos on, which moves behind it. Input is given in pieces, because ISA-L counts in
 * 32 bits and so that progress can be told.
 */
static enum ss_status member_inflate(struct gunzip *g, struct ss_span in, uint64_t *pos,
                                     struct ss_spool *spool, struct ss_error *err)
{
    struct inflate_state *state = &g->state;

    isal_inflate_init(state);
    state->crc_flag = g->wrapper;
    while (state->block_state != ISAL_BLOCK_FINISH) {
        uint32_t piece = (uint32_t)ss_min_u64(in.len - *pos, IN_LEN);
        enum ss_status status;
        uint64_t made;
        int code;

        state->next_in = (uint8_t *)(uintptr_t)(in.ptr + *pos); /* only read */
        state->avail_in = piece;
        state->next_out = g->out;
        state->avail_out = OUT_LEN;
        code = isal_inflate(state);
        made = OUT_LEN - state->avail_out;
        *pos = (uint64_t)(state->next_in - in.ptr);
        status = ss_spool_put(spool, g->out, made, spool->len, err);
        if (status == SS_OK) {
            status = ss_spool_progress(spool->call, "unpacking", *pos, in.len, err);
        }
        if (status != SS_OK) {
            return status;
        }
        if (code != ISAL_DECOMP_OK) {
            return damaged(g, spool, err, fault_text(code), *pos);
        }
        if (made == 0 && *pos == in.len && state->block_state != ISAL_BLOCK_FINISH) {
            return damaged(g, spool, err, "it ends early", *pos);
        }
    }
    return SS_OK;
}

enum ss_status ss_unpack_deflate(const struct ss_source *packed, enum ss_kind kind,
                                 struct ss_spool *spool, struct ss_error *err)
{
    struct ss_span in = ss_source_span(packed);
    struct gunzip *g = malloc(sizeof(*g));
    bool is_gzip = kind == SS_KIND_GZIP;
    enum ss_status status = SS_OK;
    uint64_t pos = 0;

    if (g == NULL) {
        return ss_nomem(err, sizeof(*g));
    }
    g->name = ss_kind_name(kind);
    g->wrapper = is_gzip ? ISAL_GZIP : ISAL_ZLIB;
    do {
        status = member_inflate(g, in, &pos, spool, err);
    } while (is_gzip && status == SS_OK && pos < in.len && in.ptr[pos] != 0);
    for (; status == SS_OK && pos < in.len; pos++) {
        if (in.ptr[pos] != 0) {
            status = damaged(g, spool, err, "other data follows its end", pos);
        }
    }
    free(g);
    return status;
}
