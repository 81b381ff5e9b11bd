/*
 * page.c - the page gate, see page.h for the bytes and the order of its checks. [F2] [F3]
 *
 * Guarantees: SS_OK means that every accessor of page.h stays inside the run for every element.
 * Numbers from the file are widened to 64 bits before they are added, so nothing here can wrap.
 */
#include "parser/page.h"
#include "parser/content.h"
#include "util/checked.h"
#include "util/span.h"

#include <inttypes.h>
#include <stdio.h>

static enum ss_page_type type_of(uint16_t flags)
{
    switch (flags) {
    case SS_FLAG_BRANCH:
        return SS_PAGE_BRANCH;
    case SS_FLAG_LEAF:
        return SS_PAGE_LEAF;
    case SS_FLAG_META:
        return SS_PAGE_META;
    case SS_FLAG_FREELIST:
        return SS_PAGE_FREELIST;
    default:
        return SS_PAGE_UNKNOWN;
    }
}

static struct ss_page_head head_from(const uint8_t *p, uint64_t off, bool big)
{
    struct ss_page_head head = {.off = off,
                                .id = ss_load_u64(p, big),
                                .flags = ss_load_u16(p + 8, big),
                                .count = ss_load_u16(p + 10, big),
                                .overflow = ss_load_u32(p + 12, big)};

    head.type = type_of(head.flags);
    return head;
}

struct ss_page_head ss_page_head_at(const struct ss_geometry *geo, uint64_t pgid)
{
    uint64_t off = pgid * geo->page_size;

    return head_from(geo->bytes.ptr + off, off, geo->big);
}

static enum ss_status refuse_pos(const struct ss_page_view *page, uint32_t i, uint64_t off,
                                 uint64_t start, struct ss_error *err)
{
    ss_corrupt(err, SS_E_ELEM_POS, off, page->pgid,
               "data of element %" PRIu32 " begin outside the page's data area", i);
    ss_error_have(err, "%" PRIu64, start);
    return ss_error_expect(err, "in [%" PRIu64 ", %" PRIu64 "]",
                           SS_PAGE_HEADER_LEN + (uint64_t)page->count * SS_ELEMENT_LEN,
                           page->run.len);
}

static enum ss_status refuse_key_size(const struct ss_page_view *page, uint32_t i, uint64_t off,
                                      uint64_t start, uint64_t ksize, struct ss_error *err)
{
    ss_corrupt(err, SS_E_ELEM_SIZE, off, page->pgid,
               "key of element %" PRIu32 " is empty, too long, or does not fit its page", i);
    ss_error_have(err, "%" PRIu64, ksize);
    return ss_error_expect(err, "in [1, %" PRIu64 "]",
                           ss_min_u64(SS_KEY_LEN_MAX, page->run.len - start));
}

/*
 * Adds an element's data to those before it. Elements may stand in any order behind the array, but
 * together they cannot be longer than the room: else they share bytes, and a page of a few elements
 * could stand for any amount of output, or for inline buckets without end.
 */
static enum ss_status add_data(const struct ss_page_view *page, uint32_t i, uint64_t off,
                               uint64_t len, uint64_t *sum, struct ss_error *err)
{
    uint64_t room = page->run.len - SS_PAGE_HEADER_LEN - (uint64_t)page->count * SS_ELEMENT_LEN;

    *sum += len;
    if (*sum <= room) {
        return SS_OK;
    }
    ss_corrupt(err, SS_E_ELEM_SIZE, off, page->pgid,
               "data of elements 0 to %" PRIu32 " are longer together than their page", i);
    ss_error_have(err, "%" PRIu64, *sum);
    return ss_error_expect(err, "at most %" PRIu64, room);
}

static enum ss_status check_leaf(struct ss_page_view *page, struct ss_error *err)
{
    uint64_t array_end = SS_PAGE_HEADER_LEN + (uint64_t)page->count * SS_ELEMENT_LEN;
    uint64_t sum = 0;
    uint32_t any_flags = 0;
    uint32_t i;

    for (i = 0; i < page->count; i++) {
        const uint8_t *e = ss_element_at(page, i);
        uint32_t flags = ss_load_u32(e, page->big);
        uint64_t start =
            SS_PAGE_HEADER_LEN + (uint64_t)i * SS_ELEMENT_LEN + ss_load_u32(e + 4, page->big);
        uint64_t ksize = ss_load_u32(e + 8, page->big);
        uint64_t vsize = ss_load_u32(e + 12, page->big);

        if (flags > 1) {
            ss_corrupt(err, SS_E_ELEM_FLAGS, ss_element_off(page, i), page->pgid,
                       "leaf element %" PRIu32 " has unknown flags", i);
            ss_error_have(err, "0x%" PRIx32, flags);
            return ss_error_expect(err, "0 or 1");
        }
        if (start < array_end || start > page->run.len) {
            return refuse_pos(page, i, ss_element_off(page, i) + 4, start, err);
        }
        if (ksize == 0 || ksize > SS_KEY_LEN_MAX || ksize > page->run.len - start) {
            return refuse_key_size(page, i, ss_element_off(page, i) + 8, start, ksize, err);
        }
        if (vsize > SS_VALUE_LEN_MAX || ksize + vsize > page->run.len - start) {
            ss_corrupt(err, SS_E_ELEM_SIZE, ss_element_off(page, i) + 12, page->pgid,
                       "value of element %" PRIu32 " does not fit its page", i);
            ss_error_have(err, "%" PRIu64, vsize);
            return ss_error_expect(err, "at most %" PRIu64,
                                   ss_min_u64(SS_VALUE_LEN_MAX, page->run.len - start - ksize));
        }
        if (add_data(page, i, ss_element_off(page, i) + 12, ksize + vsize, &sum, err) != SS_OK) {
            return SS_CORRUPT;
        }
        any_flags |= flags;
    }
    page->has_bucket = any_flags != 0;
    return SS_OK;
}

static enum ss_status check_branch(const struct ss_page_view *page, struct ss_error *err)
{
    uint64_t array_end = SS_PAGE_HEADER_LEN + (uint64_t)page->count * SS_ELEMENT_LEN;
    uint64_t sum = 0;
    uint32_t i;

    if (page->count == 0) {
        ss_corrupt(err, SS_E_PAGE_COUNT, page->run.off + 10, page->pgid,
                   "branch page has no elements");
        ss_error_have(err, "0");
        return ss_error_expect(err, "at least 1");
    }
    for (i = 0; i < page->count; i++) {
        const uint8_t *e = ss_element_at(page, i);
        uint64_t start =
            SS_PAGE_HEADER_LEN + (uint64_t)i * SS_ELEMENT_LEN + ss_load_u32(e, page->big);
        uint64_t ksize = ss_load_u32(e + 4, page->big);

        if (start < array_end || start > page->run.len) {
            return refuse_pos(page, i, ss_element_off(page, i), start, err);
        }
        if (ksize == 0 || ksize > SS_KEY_LEN_MAX || ksize > page->run.len - start) {
            return refuse_key_size(page, i, ss_element_off(page, i) + 4, start, ksize, err);
        }
        if (add_data(page, i, ss_element_off(page, i) + 4, ksize, &sum, err) != SS_OK) {
            return SS_CORRUPT;
        }
    }
    return SS_OK;
}

uint64_t ss_freelist_count(const struct ss_page_view *page)
{
    if (page->count != 0xFFFF) {
        return page->count;
    }
    return ss_load_u64(page->run.ptr + SS_PAGE_HEADER_LEN, page->big);
}

/* From the page's start; a count of 0xFFFF means that the first slot holds the real one. */
static uint64_t freelist_id_pos(const struct ss_page_view *page, uint64_t i)
{
    uint64_t first = page->count == 0xFFFF ? 1 : 0;

    return SS_PAGE_HEADER_LEN + (first + i) * 8;
}

uint64_t ss_freelist_id(const struct ss_page_view *page, uint64_t i)
{
    return ss_load_u64(page->run.ptr + freelist_id_pos(page, i), page->big);
}

uint64_t ss_freelist_id_off(const struct ss_page_view *page, uint64_t i)
{
    return page->run.off + freelist_id_pos(page, i);
}

/* A run is at least 1 KiB, so the leading count can be read before the array is known to fit. */
static enum ss_status check_freelist(const struct ss_page_view *page, struct ss_error *err)
{
    uint64_t slots = (page->run.len - SS_PAGE_HEADER_LEN) / 8;
    uint64_t first = page->count == 0xFFFF ? 1 : 0;
    uint64_t count = ss_freelist_count(page);

    if (count <= slots - first) {
        return SS_OK;
    }
    ss_corrupt(err, SS_E_FREELIST, page->run.off + (first ? SS_PAGE_HEADER_LEN : 10), page->pgid,
               "freelist holds more page ids than its pages have room for");
    ss_error_have(err, "%" PRIu64, count);
    return ss_error_expect(err, "at most %" PRIu64, slots - first);
}

static enum ss_status check_elements(struct ss_page_view *page, struct ss_error *err)
{
    uint64_t array_len = (uint64_t)page->count * SS_ELEMENT_LEN;

    if (page->type == SS_PAGE_FREELIST) {
        return check_freelist(page, err);
    }
    if (page->type == SS_PAGE_META) {
        return SS_OK;
    }
    if (array_len > page->run.len - SS_PAGE_HEADER_LEN) {
        ss_corrupt(err, SS_E_PAGE_COUNT, page->run.off + 10, page->pgid,
                   "page has more elements than its %" PRIu64 " bytes can hold", page->run.len);
        ss_error_have(err, "%" PRIu32, page->count);
        return ss_error_expect(err, "at most %" PRIu64,
                               (page->run.len - SS_PAGE_HEADER_LEN) / SS_ELEMENT_LEN);
    }
    return page->type == SS_PAGE_LEAF ? check_leaf(page, err) : check_branch(page, err);
}

static enum ss_status check_range(const struct ss_geometry *geo, uint64_t pgid, uint64_t ref_off,
                                  struct ss_error *err)
{
    bool marked = geo->high_water != SS_HIGH_WATER_UNKNOWN;

    if (pgid < 2 || pgid >= geo->high_water) {
        ss_corrupt(err, SS_E_PAGE_RANGE, ref_off, pgid, "page %" PRIu64 " cannot exist", pgid);
        ss_error_have(err, "%" PRIu64, pgid);
        return ss_error_expect(err, "in [2, %" PRIu64 ")",
                               marked ? geo->high_water : geo->page_count);
    }
    if (pgid >= geo->page_count) {
        if (marked) {
            ss_corrupt(err, SS_E_PAGE_RANGE, ref_off, pgid,
                       "page %" PRIu64
                       " lies behind the end of the file, which is truncated: it has %" PRIu64
                       " of %" PRIu64 " pages",
                       pgid, geo->page_count, geo->high_water);
        } else {
            ss_corrupt(err, SS_E_PAGE_RANGE, ref_off, pgid,
                       "page %" PRIu64 " lies behind the end of the file: it has room for %" PRIu64
                       " pages of %" PRIu32 " bytes",
                       pgid, geo->page_count, geo->page_size);
        }
        ss_error_have(err, "%" PRIu64, pgid);
        return ss_error_expect(err, "below %" PRIu64, geo->page_count);
    }
    return SS_OK;
}

/* "text", "the start of a gzip file". */
static void file_text(enum ss_kind kind, char *text, size_t cap)
{
    if (kind == SS_KIND_TEXT) {
        snprintf(text, cap, "text");
    } else {
        snprintf(text, cap, "the start of a %s file", ss_kind_name(kind));
    }
}

static const char *overflow_text(const struct ss_geometry *geo, uint64_t pgid, uint32_t overflow)
{
    if (geo->high_water == SS_HIGH_WATER_UNKNOWN) {
        return "overflow run passes the end of the file";
    }
    if (overflow >= geo->high_water - pgid) {
        return "overflow run passes high-water";
    }
    return "overflow run passes the end of the file, which is truncated";
}

static enum ss_status refuse_overflow(const struct ss_geometry *geo, uint64_t pgid,
                                      const struct ss_page_head *head, struct ss_error *err)
{
    const char *text = overflow_text(geo, pgid, head->overflow);
    struct ss_content content = ss_content_at(geo, pgid, head);
    uint64_t off = head->off + 12;
    char file[48];

    if (content.kind == SS_CONTENT_FILE) {
        file_text(content.file, file, sizeof(file));
        ss_corrupt(err, SS_E_PAGE_OVERFLOW, off, pgid,
                   "page holds %s, calls itself %" PRIu64 "; %s", file, head->id, text);
    } else if (content.kind == SS_CONTENT_PAGE) {
        ss_corrupt(err, SS_E_PAGE_OVERFLOW, off, pgid,
                   "page holds page %" PRIu64 ", misplaced or copied; %s", content.pgid, text);
    } else {
        ss_corrupt(err, SS_E_PAGE_OVERFLOW, off, pgid, "%s", text);
    }
    ss_error_have(err, "%" PRIu32, head->overflow);
    return ss_error_expect(err, "below %" PRIu64, geo->page_count - pgid);
}

static enum ss_status refuse_id(const struct ss_geometry *geo, uint64_t pgid,
                                const struct ss_page_head *head, struct ss_error *err)
{
    static const char *const texts[] = {
        [SS_CONTENT_UNKNOWN] = "page says that it is another page",
        [SS_CONTENT_ZEROES] = "page is zeroed",
        [SS_CONTENT_HEADLESS] = "page header is zeroed, and what stands behind it is not",
    };
    struct ss_content content = ss_content_at(geo, pgid, head);
    char file[48];

    if (content.kind == SS_CONTENT_FILE) {
        file_text(content.file, file, sizeof(file));
        ss_corrupt(err, SS_E_PAGE_ID, head->off, pgid, "page holds %s, calls itself another page",
                   file);
    } else if (content.kind == SS_CONTENT_PAGE) {
        ss_corrupt(err, SS_E_PAGE_ID, head->off, pgid,
                   "page holds page %" PRIu64 ", misplaced or copied", content.pgid);
    } else {
        ss_corrupt(err, SS_E_PAGE_ID, head->off, pgid, "%s", texts[content.kind]);
    }
    ss_error_have(err, "%" PRIu64, head->id);
    return ss_error_expect(err, "%" PRIu64, pgid);
}

static enum ss_status check_head(const struct ss_geometry *geo, uint64_t pgid,
                                 const struct ss_page_head *head, struct ss_error *err)
{
    if (head->overflow >= geo->page_count - pgid) {
        return refuse_overflow(geo, pgid, head, err);
    }
    if (head->id != pgid) {
        return refuse_id(geo, pgid, head, err);
    }
    if (head->type == SS_PAGE_UNKNOWN) {
        ss_corrupt(err, SS_E_PAGE_TYPE, head->off + 8, pgid, "page has no single known type");
        ss_error_have(err, "flags 0x%04x", head->flags);
        return ss_error_expect(err, "0x01, 0x02, 0x04 or 0x10");
    }
    return SS_OK;
}

enum ss_status ss_page_gate(const struct ss_geometry *geo, uint64_t pgid, uint64_t ref_off,
                            struct ss_page_view *out, struct ss_error *err)
{
    struct ss_page_head head;
    enum ss_status status;

    status = check_range(geo, pgid, ref_off, err);
    if (status != SS_OK) {
        return status;
    }
    head = ss_page_head_at(geo, pgid);
    status = check_head(geo, pgid, &head, err);
    if (status != SS_OK) {
        return status;
    }

    *out = (struct ss_page_view){.pgid = pgid,
                                 .run_count = 1 + (uint64_t)head.overflow,
                                 .count = head.count,
                                 .type = head.type,
                                 .big = geo->big};
    out->run =
        (struct ss_span){geo->bytes.ptr + head.off, out->run_count * geo->page_size, head.off};
    return check_elements(out, err);
}

enum ss_status ss_page_gate_inline(const struct ss_geometry *geo, struct ss_span value,
                                   uint64_t host, struct ss_page_view *out, struct ss_error *err)
{
    struct ss_page_head head;

    if (value.len < SS_PAGE_HEADER_LEN) {
        return ss_corrupt(err, SS_E_BUCKET, value.off, host,
                          "inline bucket has no room for its page");
    }
    head = head_from(value.ptr, value.off, geo->big);
    if (head.id != 0 || head.overflow != 0) {
        return ss_corrupt(err, SS_E_BUCKET, value.off, host,
                          "inline page says id %" PRIu64 " and overflow %" PRIu32 ", due 0 and 0",
                          head.id, head.overflow);
    }
    if (head.type != SS_PAGE_LEAF) {
        return ss_corrupt(err, SS_E_BUCKET, value.off + 8, host,
                          "inline page has flags 0x%04x, due leaf (0x%04x)", head.flags,
                          SS_FLAG_LEAF);
    }
    *out = (struct ss_page_view){.run = value,
                                 .pgid = host,
                                 .count = head.count,
                                 .type = SS_PAGE_LEAF,
                                 .big = geo->big,
                                 .is_inline = true};
    return check_elements(out, err);
}

static const char *order_text(enum ss_code code)
{
    if (code == SS_E_KEY_DUPLICATE) {
        return "equals the key before it";
    }
    if (code == SS_E_KEY_ORDER) {
        return "is below the key before it";
    }
    return "is outside the bounds that its parent promises";
}

enum ss_status ss_page_order_next(const struct ss_page_view *page, struct ss_span lo,
                                  struct ss_span hi, uint32_t *i, struct ss_error *err)
{
    for (; *i < page->count; ++*i) {
        uint32_t at = *i;
        struct ss_span key = ss_element_key(page, at);
        enum ss_code code = SS_E_NONE;

        if (at > 0) {
            int c = ss_span_cmp(ss_element_key(page, at - 1), key);

            if (c >= 0) {
                code = c == 0 ? SS_E_KEY_DUPLICATE : SS_E_KEY_ORDER;
            }
        } else if (lo.ptr != NULL && ss_span_cmp(key, lo) < 0) {
            code = SS_E_KEY_BOUNDS;
        }
        if (code == SS_E_NONE && at + 1 == page->count && hi.ptr != NULL &&
            ss_span_cmp(key, hi) >= 0) {
            code = SS_E_KEY_BOUNDS;
        }
        if (code != SS_E_NONE) {
            ++*i;
            return ss_corrupt(err, code, key.off, page->pgid, "key of element %" PRIu32 " %s", at,
                              order_text(code));
        }
    }
    return SS_OK;
}

enum ss_status ss_tree_page_refuse(const struct ss_page_view *page, struct ss_error *err)
{
    ss_corrupt(err, SS_E_PAGE_TYPE, page->run.off + 8, page->pgid,
               "a tree names a page that is no branch or leaf");
    ss_error_have(err, "%s", ss_page_type_name(page->type));
    return ss_error_expect(err, "branch or leaf");
}
