/*
 * pages.c - single pages for callers, and the list of all pages with their owners.
 *
 * The list needs who owns each page before the first line is given, so one walk fills, a page:
 *   owner u32   0: nobody; else bucket node + 1
 *   state u8    reached, head of a run, refused with a code
 *
 * Without a usable meta there is no tree to walk: then each place is a page for itself, as the gate takes it, and
 * belongs to nobody.
 */
#include "parser/page_list.h"
#include "util/task.h"

#include <inttypes.h>
#include <stdlib.h>

struct ss_page {
    struct ss_page_view view;
    struct ss_page_head head;
};

const char *ss_page_type_name(enum ss_page_type type)
{
    static const char *const names[] = {[SS_PAGE_UNKNOWN] = "unknown",
                                        [SS_PAGE_META] = "meta",
                                        [SS_PAGE_FREELIST] = "freelist",
                                        [SS_PAGE_BRANCH] = "branch",
                                        [SS_PAGE_LEAF] = "leaf"};

    return (unsigned)type < sizeof(names) / sizeof(names[0]) ? names[type] : "unknown";
}

const char *ss_page_use_name(enum ss_page_use use)
{
    static const char *const names[] = {
        [SS_USE_META] = "meta",           [SS_USE_FREELIST] = "freelist",
        [SS_USE_REACHABLE] = "reachable", [SS_USE_OVERFLOW] = "overflow",
        [SS_USE_FREE] = "free",           [SS_USE_ORPHAN] = "orphan"};

    return (unsigned)use < sizeof(names) / sizeof(names[0]) ? names[use] : "unknown";
}

enum ss_status ss_page_head(const struct ss_file *file, uint64_t pgid, struct ss_page_head *out,
                            struct ss_error *err)
{
    enum ss_status status;

    ss_error_clear(err);
    status = ss_file_placed(file, err);
    if (status != SS_OK) {
        return status;
    }
    if (pgid >= file->geo.page_count && !file->readable) {
        return ss_corrupt(err, SS_E_PAGE_RANGE, SS_NONE, pgid,
                          "page %" PRIu64 " is not in the file: it has room for %" PRIu64
                          " pages of %" PRIu32 " bytes",
                          pgid, file->geo.page_count, file->geo.page_size);
    }
    if (pgid >= file->geo.page_count) {
        return ss_corrupt(err, SS_E_PAGE_RANGE, SS_NONE, pgid,
                          "page %" PRIu64 " is not in the file: it has %" PRIu64
                          " whole pages below high-water %" PRIu64,
                          pgid, file->geo.page_count, file->geo.high_water);
    }
    *out = ss_page_head_at(&file->geo, pgid);
    return ss_source_check(&file->src, SS_OK, err);
}

enum ss_status ss_page_open(const struct ss_file *file, uint64_t pgid, struct ss_page **out,
                            struct ss_error *err)
{
    struct ss_page_view view;
    enum ss_status status;

    *out = NULL;
    ss_error_clear(err);
    status = ss_file_placed(file, err);
    if (status == SS_OK) {
        status = ss_page_gate(&file->geo, pgid, SS_NONE, &view, err);
    }
    status = ss_source_check(&file->src, status, err);
    if (status != SS_OK) {
        return status;
    }
    *out = malloc(sizeof(**out));
    if (*out == NULL) {
        return ss_nomem(err, sizeof(**out));
    }
    (*out)->view = view;
    (*out)->head = ss_page_head_at(&file->geo, pgid);
    return SS_OK;
}

void ss_page_free(struct ss_page *page)
{
    free(page);
}

void ss_page_get_head(const struct ss_page *page, struct ss_page_head *out)
{
    *out = page->head;
}

void ss_page_element(const struct ss_page *page, uint32_t i, struct ss_element *out)
{
    const struct ss_page_view *view = &page->view;

    *out = (struct ss_element){.off = ss_element_off(view, i), .child = SS_NONE};
    out->key = ss_element_key(view, i);
    if (view->type == SS_PAGE_BRANCH) {
        out->child = ss_branch_child(view, i);
        return;
    }
    out->is_bucket = ss_leaf_is_bucket(view, i);
    out->value = ss_leaf_value(view, i);
}

uint64_t ss_page_free_count(const struct ss_page *page)
{
    return page->view.type == SS_PAGE_FREELIST ? ss_freelist_count(&page->view) : 0;
}

uint64_t ss_page_free_id(const struct ss_page *page, uint64_t i)
{
    return ss_freelist_id(&page->view, i);
}

/* ---------------------------------------------------------------------------------- the list --- */

#define STATE_REACHED 0x80u
#define STATE_HEAD 0x40u
#define STATE_CODE 0x3Fu

_Static_assert(SS_E_COUNT <= STATE_CODE, "every code fits the state byte");

struct ss_page_list {
    const struct ss_file *file;
    uint32_t *owner;
    uint8_t *state;
    struct ss_bitmap freed; /* named by the stored freelist */
    bool freelist_stored;   /* and usable */
    uint64_t freelist_first, freelist_count;
    ss_fault_fn on_fault;
    void *ctx;
    uint64_t next;
    uint64_t
        run_end; /* without a tree: the run of the last page that passed the gate is before it */
    uint32_t path_of; /* whose path it is: bucket node + 1 */
    char path[SS_PATH_TEXT_CAP];
    struct ss_walk walk;
};

static bool note_page(void *ctx, struct ss_walk *walk, const struct ss_walk_page *page)
{
    struct ss_page_list *list = ctx;
    uint64_t i;

    (void)walk;
    for (i = 0; i < page->view->run_count; i++) {
        list->owner[page->view->pgid + i] = page->node + 1;
        list->state[page->view->pgid + i] |= (uint8_t)(STATE_REACHED | (i == 0 ? STATE_HEAD : 0));
    }
    return true;
}

static void mark_fault(struct ss_page_list *list, const struct ss_error *err)
{
    uint8_t *state;

    if (list->state == NULL || err->pgid >= list->file->geo.page_count) {
        return;
    }
    state = &list->state[err->pgid];
    if ((*state & STATE_CODE) == 0) {
        *state |= (uint8_t)err->code;
    }
}

static void note_fault(void *ctx, struct ss_walk *walk, uint32_t node, uint32_t element,
                       const struct ss_error *err)
{
    struct ss_page_list *list = ctx;

    (void)walk;
    (void)element;
    mark_fault(list, err);
    if (err->pgid < list->file->geo.page_count && list->owner[err->pgid] == 0) {
        list->owner[err->pgid] = node + 1;
        list->state[err->pgid] |= STATE_REACHED | STATE_HEAD;
    }
    if (list->on_fault != NULL) {
        list->on_fault(list->ctx, err);
    }
}

static void list_fault(struct ss_page_list *list, const struct ss_error *err)
{
    list->walk.fault_count++;
    mark_fault(list, err);
    if (list->on_fault != NULL && !ss_source_failed(&list->file->src)) {
        list->on_fault(list->ctx, err);
    }
}

/* One id of the stored freelist: legal, named once, and not reachable. */
static void note_free_id(struct ss_page_list *list, const struct ss_page_view *page, uint64_t i,
                         struct ss_error *err)
{
    uint64_t off = ss_freelist_id_off(page, i);
    uint64_t id = ss_freelist_id(page, i);

    if (id < 2 || id >= list->file->geo.high_water) {
        ss_corrupt(err, SS_E_FREELIST, off, page->pgid,
                   "freelist names page %" PRIu64 ", not in [2, %" PRIu64 ")", id,
                   list->file->geo.high_water);
    } else if (id >= list->file->geo.page_count) {
        return;
    } else if (!ss_bitmap_claim(&list->freed, id)) {
        ss_corrupt(err, SS_E_FREELIST, off, id, "freelist names page %" PRIu64 " twice", id);
    } else if (ss_bitmap_test(&list->walk.claimed, id)) {
        ss_corrupt(err, SS_E_FREELIST, off, id, "page %" PRIu64 " is both reachable and free", id);
    } else {
        return;
    }
    list_fault(list, err);
}

/* The freelist's own pages must belong to nobody else, and must not be named by it. */
static void check_own_pages(struct ss_page_list *list, const struct ss_page_view *page,
                            struct ss_error *err)
{
    uint64_t pgid;

    for (pgid = page->pgid; pgid < page->pgid + page->run_count; pgid++) {
        if (ss_bitmap_test(&list->walk.claimed, pgid)) {
            ss_corrupt(err, SS_E_FREELIST, page->run.off, pgid,
                       "page of the freelist is used by a tree too");
        } else if (ss_bitmap_test(&list->freed, pgid)) {
            ss_corrupt(err, SS_E_FREELIST, page->run.off, pgid,
                       "page of the freelist is named free by it");
        } else {
            continue;
        }
        list_fault(list, err);
    }
}

static void load_freelist(struct ss_page_list *list, struct ss_error *err)
{
    struct ss_page_view page;
    enum ss_status status = ss_freelist_open(list->file, &page, err);
    uint64_t i;

    if (status == SS_END) {
        return;
    }
    if (status != SS_OK) {
        list_fault(list, err);
        return;
    }
    list->freelist_stored = true;
    list->freelist_first = page.pgid;
    list->freelist_count = page.run_count;
    for (i = 0; i < ss_freelist_count(&page); i++) {
        note_free_id(list, &page, i, err);
    }
    check_own_pages(list, &page, err);
}

static enum ss_page_use use_of(const struct ss_page_list *list, uint64_t pgid)
{
    uint8_t state = list->state[pgid];

    if (pgid < 2) {
        return SS_USE_META;
    }
    if ((state & STATE_REACHED) != 0) {
        return (state & STATE_HEAD) != 0 ? SS_USE_REACHABLE : SS_USE_OVERFLOW;
    }
    if (list->freelist_stored && pgid >= list->freelist_first &&
        pgid - list->freelist_first < list->freelist_count) {
        return pgid == list->freelist_first ? SS_USE_FREELIST : SS_USE_OVERFLOW;
    }
    if (list->freelist_stored) {
        return ss_bitmap_test(&list->freed, pgid) ? SS_USE_FREE : SS_USE_ORPHAN;
    }
    return list->walk.fault_count == 0 ? SS_USE_FREE : SS_USE_ORPHAN;
}

static enum ss_status list_init(struct ss_page_list *list, struct ss_error *err)
{
    size_t count = (size_t)list->file->geo.page_count + 1;

    list->owner = calloc(count, sizeof(*list->owner));
    list->state = calloc(count, 1);
    if (list->owner == NULL || list->state == NULL || !ss_bitmap_init(&list->freed, count)) {
        return ss_nomem(err, (uint64_t)count * 5);
    }
    return SS_OK;
}

void ss_page_list_free(struct ss_page_list *list)
{
    if (list == NULL) {
        return;
    }
    ss_walk_fini(&list->walk);
    ss_bitmap_fini(&list->freed);
    free(list->owner);
    free(list->state);
    free(list);
}

/* The trees, and the freelist against them. */
static enum ss_status find_owners(struct ss_page_list *list, const struct ss_call *call,
                                  struct ss_error *err)
{
    const struct ss_walk_ops ops = {.on_page = note_page, .on_fault = note_fault, .call = call};
    enum ss_status status = list_init(list, err);

    if (status == SS_OK) {
        status = ss_walk_run(&list->walk, list->file, &ops, list, err);
    }
    if (status == SS_OK) {
        load_freelist(list, err);
    }
    return status;
}

enum ss_status ss_page_list_new(const struct ss_file *file, const struct ss_call *call,
                                ss_fault_fn on_fault, void *ctx, struct ss_page_list **out,
                                uint64_t *fault_count, struct ss_error *err)
{
    struct ss_page_list *list;
    enum ss_status status = ss_file_placed(file, err);

    *out = NULL;
    *fault_count = 0;
    if (status != SS_OK) {
        return status;
    }
    list = calloc(1, sizeof(*list));
    if (list == NULL) {
        return ss_nomem(err, sizeof(*list));
    }
    list->file = file;
    list->on_fault = on_fault;
    list->ctx = ctx;
    list->path_of = 1;
    if (file->readable) {
        status = find_owners(list, call, err);
    } else {
        list_fault(list, &file->why_not);
    }
    if (status != SS_OK) {
        ss_page_list_free(list);
        return status;
    }
    ss_error_clear(err);
    *fault_count = list->walk.fault_count;
    *out = list;
    return SS_OK;
}

/*
 * A place that nothing leads to. What is no page of its own belongs to the run before it, if that reaches so far; a
 * page of its own there shows that the run is an old one, and ends it.
 */
static void place_row(struct ss_page_list *list, uint64_t pgid, struct ss_page_row *row)
{
    const struct ss_file *file = list->file;
    struct ss_page_view view;
    struct ss_error err;

    row->use = SS_USE_ORPHAN;
    if (pgid < 2) {
        row->use = SS_USE_META;
        row->fault = file->meta[pgid].fault;
    } else if (ss_page_gate(&file->geo, pgid, SS_NONE, &view, &err) == SS_OK) {
        list->run_end = pgid + view.run_count;
    } else if (pgid < list->run_end) {
        row->use = SS_USE_OVERFLOW;
    } else {
        row->fault = err.code;
    }
}

bool ss_page_list_next(struct ss_page_list *list, struct ss_page_row *row)
{
    uint64_t pgid = list->next;
    uint32_t owner;

    if (pgid >= list->file->geo.page_count) {
        return false;
    }
    list->next++;
    *row = (struct ss_page_row){.pgid = pgid, .head = ss_page_head_at(&list->file->geo, pgid)};
    if (list->owner == NULL || list->state == NULL) {
        place_row(list, pgid, row);
        return true;
    }
    owner = list->owner[pgid];
    row->use = use_of(list, pgid);
    row->fault = (enum ss_code)(list->state[pgid] & STATE_CODE);
    /* The path of an owner is built only when the owner changes. */
    if (owner != 0 && owner != list->path_of) {
        ss_walk_path(&list->walk, owner - 1, list->path);
        list->path_of = owner;
    }
    row->bucket = owner != 0 ? list->path : NULL;
    return true;
}

enum ss_status ss_pages(const struct ss_file *file, ss_page_row_fn on_row, ss_fault_fn on_fault,
                        void *ctx, const struct ss_call *call, uint64_t *fault_count,
                        struct ss_error *err)
{
    struct ss_page_list *list;
    struct ss_page_row row;
    enum ss_status status;

    ss_error_clear(err);
    *fault_count = 0;
    if (ss_call_begin(call, SS_PHASE_TREES, err) != SS_OK) {
        return SS_SYSTEM;
    }
    status = ss_page_list_new(file, ss_call_or_none(call), on_fault, ctx, &list, fault_count, err);
    if (status != SS_OK) {
        return status;
    }
    while (ss_page_list_next(list, &row) && on_row(ctx, &row)) {
    }
    ss_page_list_free(list);
    return ss_source_check(&file->src, SS_OK, err);
}
