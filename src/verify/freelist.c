/*
 * freelist.c - the stored freelist against what the trees use, see structure.h. [F5]
 *
 * With no freelist stored (etcd's own setting) the pages that no tree uses are the free ones, and there
 * is nothing to compare: they are counted.
 */
#include "verify/structure.h"

#include <inttypes.h>
#include <stdio.h>

struct freelist {
    const struct ss_structure_pass *pass;
    const struct ss_walk *walk;
    const struct ss_bitmap *named;
    bool damaged; /* the trees have an error */
    struct ss_page_view page;
    struct ss_bitmap freed;
};

static bool in_use(const struct freelist *list, uint64_t pgid)
{
    return ss_bitmap_test(&list->walk->claimed, pgid) || ss_bitmap_test(list->named, pgid);
}

static void check_id(struct freelist *list, uint64_t i)
{
    const struct ss_file *file = list->pass->file;
    uint64_t id = ss_freelist_id(&list->page, i);
    struct ss_place at = {ss_freelist_id_off(&list->page, i), list->page.pgid, i, NULL};
    char have[24], expect[40];

    if (id < 2 || id >= file->geo.high_water) {
        snprintf(have, sizeof(have), "%" PRIu64, id);
        snprintf(expect, sizeof(expect), "in [2, %" PRIu64 ")", file->geo.high_water);
        ss_find(list->pass->findings, SS_CHECK_FREE_RANGE, at, have, expect,
                "freelist names page %" PRIu64 ", which cannot exist", id);
        return;
    }
    if (id >= file->geo.page_count) {
        return; /* behind the end of a truncated file, which has a finding of its own */
    }
    if (!ss_bitmap_claim(&list->freed, id)) {
        ss_find(list->pass->findings, SS_CHECK_FREE_DUPLICATE, at, NULL, NULL,
                "freelist names page %" PRIu64 " again", id);
    } else if (in_use(list, id)) {
        ss_find(list->pass->findings, SS_CHECK_FREE_REACHABLE, at, NULL, NULL,
                "page %" PRIu64 " is in the freelist, and a tree uses it", id);
    }
}

/* The freelist's own pages must belong to nobody else. */
static void check_own_pages(struct freelist *list)
{
    uint64_t i;

    for (i = 0; i < list->page.run_count; i++) {
        struct ss_place at = {list->page.run.off, list->page.pgid + i, SS_NONE, NULL};

        if (in_use(list, list->page.pgid + i)) {
            ss_find(list->pass->findings, SS_CHECK_PAGE_SHARED, at, NULL, NULL,
                    "page of the freelist is used by a tree too");
        } else if (ss_bitmap_test(&list->freed, list->page.pgid + i)) {
            ss_find(list->pass->findings, SS_CHECK_FREE_REACHABLE, at, NULL, NULL,
                    "page of the freelist is named free by it");
        } else {
            list->pass->report->reachable_count++;
        }
        ss_bitmap_claim(&list->freed, list->page.pgid + i);
    }
}

static void report_leak(struct freelist *list, uint64_t first, uint64_t end)
{
    const struct ss_file *file = list->pass->file;
    struct ss_place at = {first * file->geo.page_size, first, SS_NONE, NULL};
    char which[80];

    list->pass->report->leaked_count += end - first;
    if (end - first == 1) {
        snprintf(which, sizeof(which), "page %" PRIu64 " is", first);
    } else {
        snprintf(which, sizeof(which), "pages %" PRIu64 " to %" PRIu64 " are", first, end - 1);
    }
    ss_find(list->pass->findings, SS_CHECK_FREE_LEAKED, at, NULL, NULL,
            "%s neither reachable nor in the freelist%s", which,
            list->damaged ? "; the trees may have lost them with what is damaged" : "");
}

/* Neighbouring leaked pages make one finding. */
static void check_leaks(struct freelist *list)
{
    uint64_t pgid, first = SS_NONE;

    for (pgid = 2; pgid < list->pass->file->geo.page_count; pgid++) {
        bool used =
            ss_bitmap_test(&list->walk->claimed, pgid) || ss_bitmap_test(&list->freed, pgid);

        if (!used && first == SS_NONE) {
            first = pgid;
        }
        if (used && first != SS_NONE) {
            report_leak(list, first, pgid);
            first = SS_NONE;
        }
    }
    if (first != SS_NONE) {
        report_leak(list, first, pgid);
    }
}

static void find_unusable(const struct ss_structure_pass *pass, const struct ss_error *err)
{
    struct ss_place at = {err->off, err->pgid, SS_NONE, NULL};

    ss_find(pass->findings, SS_CHECK_FREE_PAGE, at, err->have, err->expect,
            "the stored freelist cannot be used: %s", err->message);
}

/* SS_END: none is stored. */
static enum ss_status check_stored(struct freelist *list, struct ss_error *err)
{
    const struct ss_structure_pass *pass = list->pass;
    enum ss_status status = ss_freelist_open(pass->file, &list->page, err);
    uint64_t i;

    if (status == SS_END) {
        return status;
    }
    if (status != SS_OK) {
        find_unusable(pass, err);
        return SS_OK;
    }
    if (!ss_bitmap_init(&list->freed, pass->file->geo.page_count)) {
        return ss_nomem(err, pass->file->geo.page_count / 8);
    }
    for (i = 0; i < ss_freelist_count(&list->page); i++) {
        check_id(list, i);
    }
    pass->report->free_count = ss_freelist_count(&list->page);
    check_own_pages(list);
    check_leaks(list);
    ss_bitmap_fini(&list->freed);
    return SS_OK;
}

enum ss_status ss_check_freelist(const struct ss_structure_pass *pass, const struct ss_walk *walk,
                                 const struct ss_bitmap *named, bool damaged, struct ss_error *err)
{
    struct freelist list = {.pass = pass, .walk = walk, .named = named, .damaged = damaged};
    uint64_t above_metas = pass->file->geo.page_count > 2 ? pass->file->geo.page_count - 2 : 0;
    enum ss_status status;

    pass->report->reachable_count = walk->claimed_count;
    status = check_stored(&list, err);
    if (status != SS_END) {
        return status;
    }
    if (!damaged) {
        pass->report->free_count = above_metas - walk->claimed_count;
    }
    return SS_OK;
}
