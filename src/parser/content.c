/*
 * content.c - see content.h. The form of what is no page is told by the same marks as that of a whole file.
 */
#include "parser/content.h"
#include "parser/db.h"
#include "parser/page.h"

#define LOOK_LEN 1024u /* no page is shorter */

bool ss_page_count_fits(uint16_t flags, uint16_t count, uint64_t run_len)
{
    uint64_t room = run_len - SS_PAGE_HEADER_LEN;

    switch (flags) {
    case SS_FLAG_BRANCH:
        return count > 0 && (uint64_t)count * SS_ELEMENT_LEN <= room;
    case SS_FLAG_LEAF:
        return (uint64_t)count * SS_ELEMENT_LEN <= room;
    case SS_FLAG_FREELIST:
        return count == 0xFFFF || (uint64_t)count * 8 <= room;
    default:
        return false;
    }
}

/* Whether the header fits the page whose number it bears: a meta page with its magic, or one behind them. */
static bool is_other_page(const struct ss_geometry *geo, const struct ss_page_head *head)
{
    uint64_t end = geo->high_water == SS_HIGH_WATER_UNKNOWN ? geo->page_count : geo->high_water;
    uint64_t run = (uint64_t)head->overflow + 1;

    if (head->id < 2) {
        return head->flags == SS_FLAG_META &&
               ss_load_u32(geo->bytes.ptr + head->off + SS_PAGE_HEADER_LEN, geo->big) ==
                   SS_META_MAGIC;
    }
    return head->id < end && run <= end - head->id &&
           ss_page_count_fits(head->flags, head->count, run * geo->page_size);
}

struct ss_content ss_content_at(const struct ss_geometry *geo, uint64_t pgid,
                                const struct ss_page_head *head)
{
    struct ss_content content = {.pgid = pgid};

    if (head->id == pgid) {
        return content;
    }
    content.file =
        ss_sniff_block((struct ss_span){geo->bytes.ptr + head->off, LOOK_LEN, head->off});
    if (content.file == SS_KIND_ZEROES) {
        content.kind = SS_CONTENT_ZEROES;
    } else if (ss_page_head_is_zero(head)) {
        content.kind = SS_CONTENT_HEADLESS;
    } else if (is_other_page(geo, head)) {
        content = (struct ss_content){.kind = SS_CONTENT_PAGE, .pgid = head->id};
    } else if (content.file != SS_KIND_UNKNOWN) {
        content.kind = SS_CONTENT_FILE;
    }
    return content;
}
