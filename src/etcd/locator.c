/*
 * locator.c - see locator.h.
 */
#include "etcd/locator.h"

bool ss_locator_entry(const struct ss_locator *at, uint64_t loc, struct ss_entry *out)
{
    struct ss_span all = at->file->bytes, head;
    bool big = at->file->big;
    uint64_t page_off = at->inline_off;
    uint64_t key_pos;

    *out = (struct ss_entry){.pgid = loc >> 16, .index = (uint32_t)(loc & 0xffff)};
    if (page_off == SS_NONE && !ss_mul_u64(out->pgid, at->file->page_size, &page_off))
        return false;
    page_off += SS_PAGE_HEADER_LEN + (uint64_t)out->index * SS_ELEMENT_LEN;
    if (!ss_span_sub(all, page_off, SS_ELEMENT_LEN, &head))
        return false;
    out->is_bucket = (ss_load_u32(head.ptr, big) & 1u) != 0;
    key_pos = page_off + ss_load_u32(head.ptr + 4, big);
    return ss_span_sub(all, key_pos, ss_load_u32(head.ptr + 8, big), &out->key) &&
           ss_span_sub(all, key_pos + out->key.len, ss_load_u32(head.ptr + 12, big), &out->value);
}

bool ss_locator_record(const struct ss_locator *at, uint64_t loc, struct ss_record *out)
{
    struct ss_entry entry;
    struct ss_error err;

    return ss_locator_entry(at, loc, &entry) && ss_record_decode(&entry, out, &err) == SS_OK;
}

struct ss_span ss_locator_key(const struct ss_locator *at, uint64_t loc)
{
    struct ss_record rec;

    if (ss_locator_record(at, loc, &rec))
        return rec.key;
    return (struct ss_span){at->file->bytes.ptr, 0, at->file->bytes.off};
}
