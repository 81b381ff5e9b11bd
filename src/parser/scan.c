/*
 * scan.c - see scan.h. Each page size is tried on the first places; the best one is counted further.
 */
#include "parser/scan.h"
#include "parser/content.h"
#include "parser/page.h"

enum {
    SCAN_SHIFT_MAX = 6, /* 1 KiB << 6: 64 KiB */
    FIRST_PAGE = 2,     /* behind both metas */
    TRY_MAX = 8192,     /* places a page size */
    COUNT_MAX = 1 << 18,
    FIT_MIN = 2
};

static bool header_fits(struct ss_span bytes, uint64_t pgid, uint32_t page_size, bool big)
{
    uint64_t places = bytes.len / page_size;
    const uint8_t *head = bytes.ptr + pgid * page_size;
    uint64_t run = (uint64_t)ss_load_u32(head + 12, big) + 1;

    return ss_load_u64(head, big) == pgid && run <= places - pgid &&
           ss_page_count_fits(ss_load_u16(head + 8, big), ss_load_u16(head + 10, big),
                              run * page_size);
}

static struct ss_page_scan scan_size(struct ss_span bytes, uint32_t page_size, bool big,
                                     uint64_t max)
{
    struct ss_page_scan scan = {.page_size = page_size, .big_endian = big};
    uint64_t places = bytes.len / page_size;

    for (uint64_t pgid = FIRST_PAGE; pgid < places && scan.place_count < max; pgid++) {
        scan.place_count++;
        scan.fit_count += header_fits(bytes, pgid, page_size, big);
    }
    return scan;
}

struct ss_page_scan ss_page_scan_as(struct ss_span bytes, uint32_t page_size)
{
    struct ss_page_scan little = scan_size(bytes, page_size, false, TRY_MAX);
    struct ss_page_scan big = scan_size(bytes, page_size, true, TRY_MAX);

    return big.fit_count > little.fit_count ? big : little;
}

struct ss_page_scan ss_page_scan(struct ss_span bytes)
{
    struct ss_page_scan best = {0};

    for (unsigned shift = 0; shift <= SCAN_SHIFT_MAX; shift++) {
        struct ss_page_scan scan = ss_page_scan_as(bytes, UINT32_C(1024) << shift);

        if (scan.fit_count > best.fit_count) {
            best = scan;
        }
    }
    if (best.fit_count < FIT_MIN) {
        return (struct ss_page_scan){0};
    }
    return scan_size(bytes, best.page_size, best.big_endian, COUNT_MAX);
}
