/*
 * layout.c - whether all bytes of a page are accounted for, see structure.h. [F3] [F6]
 *
 *   0        16                        array end                      content end     run end
 *   ┌────────┬─────────────────────────┬────────┬────────┬───────────┬───────────────┐
 *   │ header │ element 0 │ element 1 … │ data 0 │ data 1 │ …         │ zeroes        │
 *   └────────┴─────────────────────────┴────────┴────────┴───────────┴───────────────┘
 *                                      no gap   no gap               less than a page
 *
 * The gate lets data stand anywhere behind the array. bbolt leaves no choice: it lays the first data at
 * the end of the array, the rest back to back in the order of the elements, into a buffer of zeroes that
 * has just as many pages as that takes; an inline page ends with its last value, and the value of a
 * bucket with a tree of its own ends with the header. So a count or a size that was lowered, which
 * hides elements or cuts a value and leaves all else legal, shows in the bytes that are then nobody's.
 */
#include "verify/structure.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define TEXT_CAP 48u

/* Where the i-th element's data end; *start is where they begin. Offsets in the file. */
static inline uint64_t data_end(const struct ss_page_view *page, uint32_t i, uint64_t *start)
{
    struct ss_span key = ss_element_key(page, i);
    uint64_t value_len = page->type == SS_PAGE_LEAF ? ss_leaf_value(page, i).len : 0;

    *start = key.off;
    return key.off + key.len + value_len;
}

/* What is wrong with a page: where, what stands there, and what is due. */
struct fault {
    enum ss_check_id check;
    uint64_t off, element;
    char have[TEXT_CAP], expect[TEXT_CAP], detail[128];
};

__attribute__((format(printf, 2, 3))) static void text(char out[TEXT_CAP], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(out, TEXT_CAP, format, args);
    va_end(args);
}

static bool fault(struct fault *out, enum ss_check_id check, uint64_t off, uint64_t element,
                  const char *detail)
{
    out->check = check;
    out->off = off;
    out->element = element;
    snprintf(out->detail, sizeof(out->detail), "%s", detail);
    return true;
}

/* The first element that does not begin where the one before it ended: behind that, or before it. */
static bool misplaced(uint32_t i, uint64_t start, uint64_t due, struct fault *out)
{
    text(out->have, "data at %" PRIu64, start);
    text(out->expect, "data at %" PRIu64, due);
    if (start < due) {
        return fault(out, SS_CHECK_PAGE_DATA_ORDER, start, i,
                     "data of an element begin before those of the one before it end");
    }
    fault(out, SS_CHECK_PAGE_GAP, due, i, "");
    snprintf(out->detail, sizeof(out->detail), "%" PRIu64 " bytes %s belong to no element",
             start - due,
             i == 0 ? "between the element array and the first data"
                    : "between the data of two elements");
    return true;
}

/* Of a bucket's inline page, which ends with its last value. */
static bool inline_end_is_off(const struct ss_page_view *view, uint64_t end, struct fault *out)
{
    if (end == view->run.off + view->run.len) {
        return false;
    }
    text(out->have, "%" PRIu64 " bytes", view->run.len);
    text(out->expect, "%" PRIu64 " bytes", end - view->run.off);
    return fault(out, SS_CHECK_BUCKET_TAIL, end, SS_NONE,
                 "an inline bucket's value goes on behind its last element");
}

/*
 * Of a page of its own. Before 2016 bolt took one page more where the content filled its last page to
 * the end; such pages may live on for ever in files that are still written to.
 */
static bool run_end_is_off(uint64_t page_size, const struct ss_page_view *view, uint64_t end,
                           struct fault *out)
{
    uint64_t len = end - view->run.off, due = (len + page_size - 1) / page_size, zeroes;
    struct ss_span tail = {view->run.ptr + len, view->run.len - len, end};

    if (view->run_count != due && view->run_count != len / page_size + 1) {
        text(out->have, "%" PRIu64, view->run_count - 1);
        text(out->expect, "%" PRIu64, due - 1);
        return fault(out, SS_CHECK_PAGE_TOO_LONG, view->run.off + 12, SS_NONE,
                     "the page has more overflow pages than its elements need");
    }
    zeroes = ss_span_zeroes(tail);
    return zeroes < tail.len && fault(out, SS_CHECK_PAGE_TAIL, end + zeroes, SS_NONE,
                                      "bytes behind the page's last element are not zero");
}

/* The first fault of a page, if it has one; bucket headers aside. `have` and `expect` come in empty. */
static bool is_off(uint64_t page_size, const struct ss_page_view *view, struct fault *out)
{
    uint64_t end = ss_element_off(view, view->count), start;

    for (uint32_t i = 0; i < view->count; i++) {
        uint64_t due = end;

        end = data_end(view, i, &start);
        if (start != due) {
            return misplaced(i, start, due, out);
        }
    }
    return view->is_inline ? inline_end_is_off(view, end, out)
                           : run_end_is_off(page_size, view, end, out);
}

/* A bucket with a tree of its own has nothing but its header in the value. */
static void check_bucket_values(const struct ss_structure_pass *pass, const struct ss_walk *walk,
                                const struct ss_walk_page *page)
{
    char have[TEXT_CAP], expect[TEXT_CAP];
    uint32_t i;

    for (i = 0; i < page->view->count; i++) {
        struct ss_span value = ss_leaf_value(page->view, i);

        if (!ss_leaf_is_bucket(page->view, i) || value.len <= SS_BUCKET_HEADER_LEN ||
            ss_load_u64(value.ptr, page->view->big) == 0) {
            continue;
        }
        snprintf(have, sizeof(have), "%" PRIu64 " bytes", value.len);
        snprintf(expect, sizeof(expect), "%u bytes", SS_BUCKET_HEADER_LEN);
        ss_find_on_page(pass, walk, page, SS_CHECK_BUCKET_TAIL, value.off + SS_BUCKET_HEADER_LEN, i,
                        have, expect, "a bucket with a root page goes on behind its header");
    }
}

bool ss_layout_holds(const struct ss_geometry *geo, const struct ss_page_view *view)
{
    struct fault unused;

    return !is_off(geo->page_size, view, &unused);
}

void ss_check_layout(const struct ss_structure_pass *pass, const struct ss_walk *walk,
                     const struct ss_walk_page *page)
{
    struct fault found = {.have = ""};

    if (page->view->has_bucket) {
        check_bucket_values(pass, walk, page);
    }
    if (is_off(pass->file->geo.page_size, page->view, &found)) {
        ss_find_on_page(pass, walk, page, found.check, found.off, found.element,
                        found.have[0] != '\0' ? found.have : NULL,
                        found.expect[0] != '\0' ? found.expect : NULL, found.detail);
    }
}
