/*
 * structure.c - the walk's faults as findings, and what only a whole tree shows, see structure.h.
 */
#include "verify/structure.h"

#include "verify/ahead.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct structure {
    const struct ss_structure_pass *pass;
    uint64_t faults_before; /* of the walk, when this bucket began */
    uint32_t leaf_depth;    /* of the bucket's first leaf; 0: none yet */
    bool uneven;            /* said once a bucket */
    enum ss_status status;  /* of the meaning checks */
    struct ss_error err;
    struct ss_ahead ahead;
    struct ss_bitmap named; /* pages that were refused where a tree names them */
    struct ss_walk walk;
};

/* Which check a refusal of the parser stands for; those that need a look at the page come after. */
static const enum ss_check_id check_of_code[SS_E_COUNT] = {
    [SS_E_PAGE_RANGE] = SS_CHECK_PAGE_RANGE,  [SS_E_PAGE_OVERFLOW] = SS_CHECK_PAGE_OVERFLOW,
    [SS_E_PAGE_ID] = SS_CHECK_PAGE_ID,        [SS_E_PAGE_TYPE] = SS_CHECK_PAGE_TYPE,
    [SS_E_PAGE_COUNT] = SS_CHECK_PAGE_COUNT,  [SS_E_ELEM_POS] = SS_CHECK_ELEM_POS,
    [SS_E_ELEM_SIZE] = SS_CHECK_ELEM_SIZE,    [SS_E_ELEM_FLAGS] = SS_CHECK_ELEM_FLAGS,
    [SS_E_KEY_ORDER] = SS_CHECK_TREE_ORDER,   [SS_E_KEY_DUPLICATE] = SS_CHECK_TREE_DUPLICATE,
    [SS_E_KEY_BOUNDS] = SS_CHECK_TREE_BOUNDS, [SS_E_CYCLE] = SS_CHECK_PAGE_SHARED,
    [SS_E_DEPTH] = SS_CHECK_TREE_DEPTH,       [SS_E_BUCKET] = SS_CHECK_BUCKET_HEADER,
    [SS_E_FREELIST] = SS_CHECK_FREE_PAGE,
};

static enum ss_check_id check_for(const struct ss_walk *walk, const struct ss_error *err)
{
    const struct ss_file *file = walk->file;
    struct ss_page_head head;

    if (walk->at_plain_key) {
        return SS_CHECK_BUCKET_ROOT_KEY;
    }
    if (err->code == SS_E_PAGE_RANGE && err->pgid >= 2 && err->pgid < file->geo.high_water) {
        return SS_CHECK_PAGE_BEYOND_FILE;
    }
    if (err->pgid < file->geo.page_count &&
        (err->code == SS_E_PAGE_ID || err->code == SS_E_PAGE_TYPE)) {
        head = ss_page_head_at(&file->geo, err->pgid);
        if (err->code == SS_E_PAGE_ID && ss_page_head_is_zero(&head)) {
            return SS_CHECK_PAGE_ZEROED;
        }
        if (err->code == SS_E_PAGE_TYPE && head.type != SS_PAGE_UNKNOWN) {
            return SS_CHECK_PAGE_WRONG_TYPE;
        }
    }
    return check_of_code[err->code];
}

static void on_fault(void *ctx, struct ss_walk *walk, uint32_t node, uint32_t element,
                     const struct ss_error *err)
{
    struct structure *s = ctx;
    struct ss_place at = {err->off, err->pgid, element == UINT32_MAX ? SS_NONE : element,
                          err->bucket};

    (void)node;
    if (err->pgid < s->pass->file->geo.page_count) {
        ss_bitmap_claim(&s->named, err->pgid);
    }
    ss_find(s->pass->findings, check_for(walk, err), at, err->have, err->expect, "%s",
            err->message);
}

static bool is_top_level(const struct ss_walk *walk, uint32_t node)
{
    return walk->buckets[node].level == 1;
}

static bool on_bucket(void *ctx, struct ss_walk *walk, uint32_t node)
{
    struct structure *s = ctx;

    s->faults_before = walk->fault_count;
    s->leaf_depth = 0;
    s->uneven = false;
    if (s->pass->meaning != NULL && is_top_level(walk, node)) {
        ss_etcd_check_bucket(s->pass->meaning, walk->buckets[node].name);
    }
    return true;
}

void ss_find_on_page(const struct ss_structure_pass *pass, const struct ss_walk *walk,
                     const struct ss_walk_page *page, enum ss_check_id check, uint64_t off,
                     uint64_t element, const char *have, const char *expect, const char *detail)
{
    char path[SS_PATH_TEXT_CAP];
    struct ss_place at = {off, page->view->pgid, element, path};

    ss_walk_path(walk, page->node, path);
    ss_find(pass->findings, check, at, have, expect, "%s", detail);
}

/* Known from the other end: what is left to say of a leaf is that it lies where the others do. */
static bool is_known(void *ctx, uint64_t pgid, uint64_t ref_off, uint64_t *run_count)
{
    struct structure *s = ctx;

    return ss_ahead_take(&s->ahead, pgid, ref_off, run_count);
}

static void check_depth(struct structure *s, const struct ss_walk *walk,
                        const struct ss_walk_page *page)
{
    if (s->leaf_depth == 0) {
        s->leaf_depth = page->depth;
    }
    if (s->leaf_depth != page->depth && !s->uneven) {
        s->uneven = true;
        ss_find_on_page(s->pass, walk, page, SS_CHECK_TREE_UNEVEN, page->view->run.off, SS_NONE,
                        NULL, NULL, "this leaf lies at another depth than the bucket's first one");
    }
}

static void on_known(void *ctx, struct ss_walk *walk, uint64_t pgid, uint32_t node, uint32_t depth)
{
    struct structure *s = ctx;
    const struct ss_page_view view = {.run = {NULL, 0, pgid * s->pass->file->geo.page_size},
                                      .pgid = pgid};

    check_depth(s, walk, &(struct ss_walk_page){.view = &view, .node = node, .depth = depth});
}

static void check_leaf_place(struct structure *s, struct ss_walk *walk,
                             const struct ss_walk_page *page)
{
    if (page->view->count == 0 && page->depth > 1) {
        ss_find_on_page(s->pass, walk, page, SS_CHECK_PAGE_EMPTY_LEAF, page->view->run.off + 10,
                        SS_NONE, NULL, NULL,
                        "a leaf below a branch has no elements; bbolt removes such leaves");
    }
    check_depth(s, walk, page);
}

static bool on_page(void *ctx, struct ss_walk *walk, const struct ss_walk_page *page)
{
    struct structure *s = ctx;
    struct ss_etcd_checks *meaning = s->pass->meaning;
    bool holes = walk->fault_count > s->faults_before;

    ss_check_layout(s->pass, walk, page);
    if (page->view->type != SS_PAGE_LEAF) {
        return true;
    }
    check_leaf_place(s, walk, page);
    if (meaning != NULL && page->node == 0) {
        ss_etcd_check_root_leaf(meaning, page->view);
    } else if (meaning != NULL && is_top_level(walk, page->node)) {
        s->status = ss_etcd_check_leaf(meaning, page->view, holes, &s->err);
    }
    return s->status == SS_OK;
}

static bool on_bucket_end(void *ctx, struct ss_walk *walk, uint32_t node)
{
    struct structure *s = ctx;

    if (s->pass->meaning != NULL && is_top_level(walk, node)) {
        ss_etcd_check_bucket_end(s->pass->meaning, walk->fault_count > s->faults_before);
    }
    return true;
}

static enum ss_status run(struct structure *s, struct ss_error *err)
{
    const struct ss_structure_pass *pass = s->pass;
    const struct ss_walk_ops ops = {.on_bucket = on_bucket,
                                    .on_page = on_page,
                                    .on_bucket_end = on_bucket_end,
                                    .on_fault = on_fault,
                                    .is_known = pass->may_start ? is_known : NULL,
                                    .on_known = on_known,
                                    .call = pass->call};
    uint64_t errors_before = pass->findings->total[SS_SEVERITY_ERROR];
    enum ss_status status = pass->may_start ? ss_ahead_start(&s->ahead, pass->file, err) : SS_OK;
    bool damaged;

    if (status == SS_OK) {
        status = ss_walk_run(&s->walk, pass->file, &ops, s, err);
    }
    ss_ahead_end(&s->ahead);
    damaged = pass->findings->total[SS_SEVERITY_ERROR] > errors_before;

    if (status == SS_OK && s->status != SS_OK) {
        *err = s->err;
        status = s->status;
    }
    if (status == SS_OK) {
        status = ss_check_freelist(pass, &s->walk, &s->named, damaged, err);
    }
    return status;
}

enum ss_status ss_structure_run(const struct ss_structure_pass *pass, struct ss_error *err)
{
    struct structure *s = calloc(1, sizeof(*s));
    enum ss_status status;

    if (s == NULL) {
        return ss_nomem(err, sizeof(*s));
    }
    s->pass = pass;
    s->status = SS_OK;
    if (ss_bitmap_init(&s->named, pass->file->geo.page_count)) {
        status = run(s, err);
    } else {
        status = ss_nomem(err, pass->file->geo.page_count / 8);
    }
    ss_walk_fini(&s->walk);
    ss_bitmap_fini(&s->named);
    free(s);
    return status;
}
