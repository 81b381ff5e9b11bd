/*
 * locator.c - see locator.h.
 */
#include "etcd/locator.h"

uint64_t ss_locator_off(const struct ss_locator *at, uint64_t loc)
{
    uint64_t off = at->inline_off;

    if (off == SS_NONE && !ss_mul_u64(loc >> 16, at->file->geo.page_size, &off)) {
        return SS_NONE;
    }
    off += SS_PAGE_HEADER_LEN + (loc & 0xffff) * SS_ELEMENT_LEN;
    return ss_in_range_u64(off, SS_ELEMENT_LEN, at->file->geo.bytes.len) ? off : SS_NONE;
}

bool ss_locator_entry(const struct ss_locator *at, uint64_t loc, struct ss_entry *out)
{
    struct ss_span all = at->file->geo.bytes;
    bool big = at->file->geo.big;
    uint64_t off = ss_locator_off(at, loc);
    const uint8_t *element;

    *out = (struct ss_entry){.pgid = loc >> 16, .index = (uint32_t)(loc & 0xffff)};
    if (off == SS_NONE) {
        return false;
    }
    element = all.ptr + off;
    out->is_bucket = (ss_load_u32(element, big) & 1u) != 0;
    off += ss_load_u32(element + 4, big);
    return ss_span_sub(all, off, ss_load_u32(element + 8, big), &out->key) &&
           ss_span_sub(all, off + out->key.len, ss_load_u32(element + 12, big), &out->value);
}

bool ss_locator_record(const struct ss_locator *at, uint64_t loc, struct ss_record *out)
{
    struct ss_entry entry;
    struct ss_error err;

    return ss_locator_entry(at, loc, &entry) && ss_record_decode(&entry, out, &err) == SS_OK;
}

struct ss_span ss_locator_key(const struct ss_locator *at, uint64_t loc)
{
    struct ss_entry entry;

    if (ss_locator_entry(at, loc, &entry)) {
        return ss_record_key(entry.value);
    }
    return (struct ss_span){at->file->geo.bytes.ptr, 0, at->file->geo.bytes.off};
}
