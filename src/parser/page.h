/*
 * page.h - the page gate: whoever holds a struct ss_page_view may trust it.
 *
 *   0        8      10     12         16
 *   ┌────────┬──────┬──────┬──────────┬───────────────────────────┬──────────────────────────┐
 *   │ id u64 │flags │count │ overflow │ count elements of 16 B    │ keys and values          │
 *   └────────┴──────┴──────┴──────────┴───────────────────────────┴──────────────────────────┘
 *   |<------------------------------ run: (1 + overflow) x page_size ----------------------->|
 *
 *   branch element:  pos u32 | ksize u32 | child u64          key at element + pos
 *   leaf element:    flags u32 | pos u32 | ksize u32 | vsize u32   value right behind the key
 *
 * The gate checks, in this order: id in [2, high-water); the whole overflow run below high-water and
 * inside the file; stored id = asked id; exactly one known type; element array within the run; each
 * element's data behind the array and inside the run; key and value sizes legal; all data together
 * no longer than the room behind the array, so that elements cannot multiply what a page holds. It
 * does not look at key order, at child ids, or at what values mean.
 */
#ifndef SS_PARSER_PAGE_H
#define SS_PARSER_PAGE_H

#include "parser/geometry.h"
#include "util/endian.h"
#include "util/error.h"

#define SS_PAGE_HEADER_LEN 16u
#define SS_ELEMENT_LEN 16u
#define SS_KEY_LEN_MAX 32768u
#define SS_VALUE_LEN_MAX 0x7FFFFFFEu /* bbolt MaxValueSize: 2^31 - 2 */
#define SS_PGID_NO_FREELIST UINT64_MAX

enum {
    SS_FLAG_BRANCH = 0x01,
    SS_FLAG_LEAF = 0x02,
    SS_FLAG_META = 0x04,
    SS_FLAG_FREELIST = 0x10
};

/* A page that passed the gate, or a bucket's inline page (pgid is then its host's). */
struct ss_page_view {
    struct ss_span
        run; /* header and all: the overflow run, or the inline page to its value's end */
    uint64_t pgid;
    uint64_t run_count; /* pages; 0 for an inline page */
    uint32_t count;     /* elements; of a freelist page: as in the header */
    enum ss_page_type type;
    bool big;
    bool is_inline;
    bool has_bucket; /* leaf: at least one element is a bucket */
};

/*
 * The gate for page `pgid`, which was named by the 8 bytes at ref_off (SS_NONE: by the caller): an id
 * that is out of range is that place's fault. Errors: PAGE_*, ELEM_*, FREELIST, with offset and page.
 */
enum ss_status ss_page_gate(const struct ss_geometry *geo, uint64_t pgid, uint64_t ref_off,
                            struct ss_page_view *out, struct ss_error *err);

/*
 * The gate for an inline page: `value` is what stands behind the bucket header, `host` the page that
 * holds it. Its stored id must be 0 and its type leaf. Errors: BUCKET, PAGE_COUNT, ELEM_*.
 */
enum ss_status ss_page_gate_inline(const struct ss_geometry *geo, struct ss_span value,
                                   uint64_t host, struct ss_page_view *out, struct ss_error *err);

/* A header as it stands, unchecked; pgid is below page_count. */
struct ss_page_head ss_page_head_at(const struct ss_geometry *geo, uint64_t pgid);

/* Whether all 16 bytes of a header are zero: the commonest damage of all deserves its own word. */
static inline bool ss_page_head_is_zero(const struct ss_page_head *head)
{
    return head->id == 0 && head->flags == 0 && head->count == 0 && head->overflow == 0;
}

/*
 * Looks for the next key of a gated tree page, from element *i on, that does not ascend strictly or
 * lies outside [lo, hi) (NULL pointers: no bound). SS_CORRUPT, KEY_*: *i is the element behind it,
 * so that a caller can go on; SS_OK: there is none left.
 */
enum ss_status ss_page_order_next(const struct ss_page_view *page, struct ss_span lo,
                                  struct ss_span hi, uint32_t *i, struct ss_error *err);

/* Sets the error for a gated page that a tree names and that is neither branch nor leaf. */
enum ss_status ss_tree_page_refuse(const struct ss_page_view *page, struct ss_error *err);

/* How many page ids a gated freelist page holds, and the i-th. [F5] */
uint64_t ss_freelist_count(const struct ss_page_view *page);
uint64_t ss_freelist_id(const struct ss_page_view *page, uint64_t i);

/* Where the i-th one stands in the file. */
uint64_t ss_freelist_id_off(const struct ss_page_view *page, uint64_t i);

static inline const uint8_t *ss_element_at(const struct ss_page_view *page, uint32_t i)
{
    return page->run.ptr + SS_PAGE_HEADER_LEN + (uint64_t)i * SS_ELEMENT_LEN;
}

static inline uint64_t ss_element_off(const struct ss_page_view *page, uint32_t i)
{
    return page->run.off + SS_PAGE_HEADER_LEN + (uint64_t)i * SS_ELEMENT_LEN;
}

/* The i-th element of a gated page, i < count. Leaf: key, value, flags; branch: key, child. */
static inline struct ss_span ss_leaf_key(const struct ss_page_view *page, uint32_t i)
{
    const uint8_t *e = ss_element_at(page, i);
    uint32_t pos = ss_load_u32(e + 4, page->big);

    return (struct ss_span){e + pos, ss_load_u32(e + 8, page->big), ss_element_off(page, i) + pos};
}

static inline struct ss_span ss_leaf_value(const struct ss_page_view *page, uint32_t i)
{
    const uint8_t *e = ss_element_at(page, i);
    uint64_t pos = (uint64_t)ss_load_u32(e + 4, page->big) + ss_load_u32(e + 8, page->big);

    return (struct ss_span){e + pos, ss_load_u32(e + 12, page->big), ss_element_off(page, i) + pos};
}

static inline bool ss_leaf_is_bucket(const struct ss_page_view *page, uint32_t i)
{
    return (ss_load_u32(ss_element_at(page, i), page->big) & 1u) != 0;
}

static inline struct ss_entry ss_leaf_entry(const struct ss_page_view *page, uint32_t i)
{
    return (struct ss_entry){.key = ss_leaf_key(page, i),
                             .value = ss_leaf_value(page, i),
                             .is_bucket = ss_leaf_is_bucket(page, i),
                             .pgid = page->pgid,
                             .index = i};
}

static inline struct ss_span ss_branch_key(const struct ss_page_view *page, uint32_t i)
{
    const uint8_t *e = ss_element_at(page, i);
    uint32_t pos = ss_load_u32(e, page->big);

    return (struct ss_span){e + pos, ss_load_u32(e + 4, page->big), ss_element_off(page, i) + pos};
}

static inline uint64_t ss_branch_child(const struct ss_page_view *page, uint32_t i)
{
    return ss_load_u64(ss_element_at(page, i) + 8, page->big);
}

/* The key of either kind of tree page. */
static inline struct ss_span ss_element_key(const struct ss_page_view *page, uint32_t i)
{
    return page->type == SS_PAGE_LEAF ? ss_leaf_key(page, i) : ss_branch_key(page, i);
}

#endif
