/*
 * revision.c - see revision.h, which has the drawing.
 */
#include "etcd/revision.h"

#include "util/endian.h"

#include <inttypes.h>

#define SEPARATOR_POS 8u
#define SUB_POS 9u

/* The parts that keys and values share: separator and signs of 17 bytes that are there. */
static enum ss_status decode_body(struct ss_span in, enum ss_code code, const char *what,
                                  uint64_t pgid, struct ss_revision *rev, struct ss_error *err)
{
    int64_t main = (int64_t)ss_load_u64(in.ptr, true);
    int64_t sub = (int64_t)ss_load_u64(in.ptr + SUB_POS, true);

    if (main < 0) {
        return ss_corrupt(err, code, in.off, pgid, "%s has the negative main revision %" PRId64,
                          what, main);
    }
    if (in.ptr[SEPARATOR_POS] != '_') {
        return ss_corrupt(err, code, in.off + SEPARATOR_POS, pgid,
                          "%s has separator 0x%02x, 0x5f is due", what, in.ptr[SEPARATOR_POS]);
    }
    if (sub < 0) {
        return ss_corrupt(err, code, in.off + SUB_POS, pgid,
                          "%s has the negative sub revision %" PRId64, what, sub);
    }
    rev->main = main;
    rev->sub = sub;
    return SS_OK;
}

enum ss_status ss_revision_decode(struct ss_span key, uint64_t pgid, struct ss_revision *rev,
                                  bool *tombstone, struct ss_error *err)
{
    if (key.len < SS_REVISION_LEN) {
        return ss_corrupt(err, SS_E_REV_KEY, key.off + key.len, pgid,
                          "revision key has %" PRIu64 " bytes, 17 or 18 are due", key.len);
    }
    if (key.len > SS_TOMBSTONE_LEN) {
        return ss_corrupt(err, SS_E_REV_KEY, key.off + SS_TOMBSTONE_LEN, pgid,
                          "revision key has %" PRIu64 " bytes, 17 or 18 are due", key.len);
    }
    if (decode_body(key, SS_E_REV_KEY, "revision key", pgid, rev, err) != SS_OK) {
        return SS_CORRUPT;
    }
    *tombstone = key.len == SS_TOMBSTONE_LEN;
    if (*tombstone && key.ptr[SS_REVISION_MARK_POS] != 't') {
        return ss_corrupt(err, SS_E_REV_KEY, key.off + SS_REVISION_MARK_POS, pgid,
                          "revision key has mark 0x%02x, 0x74 is due",
                          key.ptr[SS_REVISION_MARK_POS]);
    }
    return SS_OK;
}

enum ss_status ss_revision_decode_meta(struct ss_span value, const char *name, uint64_t pgid,
                                       struct ss_revision *rev, struct ss_error *err)
{
    if (value.len != SS_REVISION_LEN) {
        return ss_corrupt(err, SS_E_FIELD, value.off + ss_min_u64(value.len, SS_REVISION_LEN), pgid,
                          "%s has %" PRIu64 " bytes, 17 are due", name, value.len);
    }
    return decode_body(value, SS_E_FIELD, name, pgid, rev, err);
}

size_t ss_revision_encode(struct ss_revision rev, bool tombstone, uint8_t out[SS_TOMBSTONE_LEN])
{
    ss_store_u64(out, (uint64_t)rev.main, true);
    out[SEPARATOR_POS] = '_';
    ss_store_u64(out + SUB_POS, (uint64_t)rev.sub, true);
    if (!tombstone) {
        return SS_REVISION_LEN;
    }
    out[SS_REVISION_MARK_POS] = 't';
    return SS_TOMBSTONE_LEN;
}
