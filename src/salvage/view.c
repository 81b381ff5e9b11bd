/*
 * view.c - whose tree counts: see salvage.h.
 *
 *   a meta that can be used ──► its tree, then the other meta's
 *   its root page is broken, or both metas are gone ──► leaves that hold etcd's buckets by name are root
 *   pages; of several the one whose `meta` bucket has the highest consistent_index is the newest
 *
 * Where both metas are gone, page size and byte order are those that most page headers fit (scan.h). A meta
 * whose page size hardly a header fits, while another size has more, is not believed in that.
 */
#include "salvage/salvage.h"

#include "etcd/meta.h"

#define ROOT_NAMES_MIN 3u /* of etcd's bucket names, on a page that is taken for a root */
#define ROOT_ELEMENTS_MAX 256u

static void take_geometry(struct ss_salvage_job *job)
{
    const struct ss_file *file = job->file;
    struct ss_geometry *geo = &job->geo;

    *geo = file->geo;
    job->report->inferred = !file->readable;
    if (file->readable) {
        struct ss_page_scan as_meta = ss_page_scan_as(geo->bytes, geo->page_size);
        struct ss_page_scan best = ss_page_scan(geo->bytes);

        if (as_meta.fit_count == 0 && best.page_size != 0) {
            geo->page_size = best.page_size;
            geo->big = best.big_endian;
            job->report->inferred = true;
        }
    }
    geo->high_water = SS_HIGH_WATER_UNKNOWN;
    geo->page_count = geo->page_size == 0 ? 0 : geo->bytes.len / geo->page_size;
    job->report->page_size = geo->page_size;
    job->report->big_endian = geo->big;
}

/* The file as if a meta named this page as its root. */
static struct ss_view view_of_root(const struct ss_salvage_job *job, uint64_t root)
{
    struct ss_view view = {.file = *job->file};

    view.file.geo = job->geo;
    view.file.geo.high_water = job->geo.page_count;
    view.file.readable = true;
    view.file.current = view.file.in_force = 0;
    view.file.meta[0] = (struct ss_meta){.present = true,
                                         .valid = true,
                                         .big_endian = job->geo.big,
                                         .page_size = job->geo.page_size,
                                         .root = root,
                                         .freelist = SS_PGID_NO_FREELIST,
                                         .high_water = job->geo.page_count};
    view.file.meta[1] = (struct ss_meta){0};
    return view;
}

static uint64_t index_of(const struct ss_view *view)
{
    struct ss_entry entry = {0};
    struct ss_error err;
    uint64_t index = 0;

    ss_error_clear(&err);
    if (ss_etcd_value(&view->file, SS_IN_META, "consistent_index", &entry, &err) != SS_OK ||
        ss_u64_decode(entry.value, "consistent_index", entry.pgid, &index, &err) != SS_OK) {
        return 0;
    }
    return index;
}

/* Whether the page is a leaf of nothing but buckets, enough of them etcd's. */
static bool looks_like_root(const struct ss_geometry *geo, uint64_t pgid)
{
    struct ss_page_head head = ss_page_head_at(geo, pgid);
    struct ss_page_view page;
    struct ss_error err;
    uint32_t known = 0;

    if (head.id != pgid || head.flags != SS_FLAG_LEAF || head.count < ROOT_NAMES_MIN ||
        head.count > ROOT_ELEMENTS_MAX) {
        return false;
    }
    ss_error_clear(&err);
    if (ss_page_gate(geo, pgid, SS_NONE, &page, &err) != SS_OK) {
        return false;
    }
    for (uint32_t i = 0; i < page.count; i++) {
        if (!ss_leaf_is_bucket(&page, i)) {
            return false;
        }
        known += ss_etcd_bucket_of(ss_leaf_key(&page, i)) != SS_IN_COUNT;
    }
    return known >= ROOT_NAMES_MIN;
}

static bool has_view_of(const struct ss_salvage_job *job, uint64_t root)
{
    for (size_t i = 0; i < job->view_count; i++) {
        if (ss_file_current(&job->views[i].file)->root == root) {
            return true;
        }
    }
    return false;
}

/* Keeps a view found by form behind the first `fixed` ones, the newest first. */
static void keep_view(struct ss_salvage_job *job, size_t fixed, const struct ss_view *view)
{
    size_t at = job->view_count;

    while (at > fixed && job->views[at - 1].index < view->index) {
        at--;
    }
    if (at == SS_VIEW_MAX) {
        return;
    }
    if (job->view_count < SS_VIEW_MAX) {
        job->view_count++;
    }
    memmove(&job->views[at + 1], &job->views[at],
            (job->view_count - 1 - at) * sizeof(job->views[0]));
    job->views[at] = *view;
}

static void find_roots(struct ss_salvage_job *job)
{
    size_t fixed = job->view_count;

    for (uint64_t pgid = 2; pgid < job->geo.page_count; pgid++) {
        if (looks_like_root(&job->geo, pgid) && !has_view_of(job, pgid)) {
            struct ss_view view = view_of_root(job, pgid);

            view.index = index_of(&view);
            keep_view(job, fixed, &view);
        }
    }
}

/* Whether the root page of a view can be entered. */
static bool root_stands(const struct ss_view *view, struct ss_error *err)
{
    struct ss_page_view page;

    ss_error_clear(err);
    if (ss_page_gate(&view->file.geo, ss_file_current(&view->file)->root, SS_NONE, &page, err) !=
        SS_OK) {
        return false;
    }
    return page.type == SS_PAGE_LEAF || page.type == SS_PAGE_BRANCH ||
           ss_tree_page_refuse(&page, err) == SS_OK;
}

/* `why` is set when the root is there to be added, and cannot be entered. */
static bool add_meta_view(struct ss_salvage_job *job, struct ss_file file, struct ss_error *why)
{
    struct ss_view *view = &job->views[job->view_count];

    ss_error_clear(why);
    *view = (struct ss_view){.file = file, .by_meta = true};
    if (has_view_of(job, ss_file_current(&file)->root) || !root_stands(view, why)) {
        return false;
    }
    view->index = index_of(view);
    job->view_count++;
    return true;
}

/* The tree in force is lost as a whole: its root is the damage. The other meta's tree may still be whole. */
static void lose_root(struct ss_salvage_job *job, const struct ss_error *why)
{
    const struct ss_file *file = job->file;
    uint64_t pgid = ss_file_current(file)->root, page_size = job->geo.page_size;
    struct ss_salvage_damage damage = {
        .first_page = pgid, .page_count = 1, .off = why->off, .why = *why};

    if (pgid < job->geo.page_count) {
        damage.off = pgid * page_size;
        damage.len = page_size;
    }
    if (job->opts->on_damage != NULL) {
        job->opts->on_damage(job->opts->ctx, &damage);
    }
    if (file->meta[1 - file->current].valid) {
        job->other_root = file->meta[1 - file->current].root;
    }
}

enum ss_status ss_views_find(struct ss_salvage_job *job, struct ss_error *err)
{
    const struct ss_file *file = job->file;
    struct ss_salvage_report *report = job->report;
    struct ss_error why;

    job->other_root = SS_NONE;
    take_geometry(job);
    report->meta = -1;
    report->root_page = SS_NONE;
    if (job->geo.page_size == 0) {
        return ss_source_check(&file->src, SS_OK, err);
    }
    if (file->readable && !report->inferred) {
        if (!add_meta_view(job, *file, &why)) {
            lose_root(job, &why);
        } else {
            report->meta = file->current;
        }
        if (report->meta >= 0 && file->meta[1 - file->current].valid) {
            add_meta_view(job, ss_file_by_other_meta(file), &why);
        }
        report->txid = ss_file_current(file)->txid;
    }
    find_roots(job);
    if (job->view_count > 0) {
        report->root_page = ss_file_current(&job->views[0].file)->root;
    }
    return ss_source_check(&file->src, SS_OK, err);
}

void ss_views_fini(struct ss_salvage_job *job)
{
    for (size_t i = 0; i < job->view_count; i++) {
        ss_bitmap_fini(&job->views[i].sound);
    }
    ss_bitmap_fini(&job->claimed);
}

/* ---------------------------------------------------------------------------------- the walk --- */

struct view_walk {
    struct ss_salvage_job *job;
    struct ss_view *view;
    bool tells; /* of damage: of the tree that is read */
    struct ss_salvage_damage pending;
    bool has_pending;
    struct ss_walk walk;
};

static void mark_run(struct ss_bitmap *map, const struct ss_page_view *page, bool set)
{
    for (uint64_t i = 0; !page->is_inline && i < page->run_count; i++) {
        uint64_t pgid = page->pgid + i;

        if (set) {
            ss_bitmap_claim(map, pgid);
        } else if (pgid < map->count) {
            map->words[pgid / 64] &= ~(UINT64_C(1) << (pgid % 64));
        }
    }
}

/* How many pages of its run a page's elements need: with a run that is too long it covers its neighbour. */
static uint64_t pages_needed(const struct ss_page_view *page, uint32_t page_size)
{
    uint64_t end = SS_PAGE_HEADER_LEN + (uint64_t)page->count * SS_ELEMENT_LEN;

    for (uint32_t i = 0; i < page->count; i++) {
        struct ss_span last =
            page->type == SS_PAGE_LEAF ? ss_leaf_value(page, i) : ss_branch_key(page, i);

        if (last.off + last.len - page->run.off > end) {
            end = last.off + last.len - page->run.off;
        }
    }
    return (end + page_size - 1) / page_size;
}

static bool on_page(void *ctx, struct ss_walk *walk, const struct ss_walk_page *page)
{
    struct view_walk *pass = ctx;
    struct ss_page_view view;

    (void)walk;
    if (pass->tells && page->node != 0 && ss_sweep_hidden(pass->job, page->view, page->hi)) {
        pass->job->tree_damaged = true;
        return true;
    }
    view = *page->view;
    if (view.run_count > 1) {
        view.run_count = ss_min_u64(view.run_count, pages_needed(&view, pass->job->geo.page_size));
    }
    mark_run(&pass->view->sound, &view, true);
    return true;
}

static void flush(struct view_walk *pass)
{
    const struct ss_salvage_opts *opts = pass->job->opts;

    if (pass->has_pending && opts->on_damage != NULL) {
        opts->on_damage(opts->ctx, &pass->pending);
    }
    pass->has_pending = false;
}

static void tell(struct view_walk *pass, const struct ss_error *err)
{
    struct ss_salvage_damage *now = &pass->pending;
    uint64_t page_size = pass->job->geo.page_size;

    if (pass->has_pending && err->pgid != SS_NONE && now->first_page != SS_NONE &&
        now->why.code == err->code && err->pgid == now->first_page + now->page_count) {
        now->page_count++;
        now->len += page_size;
        return;
    }
    flush(pass);
    *now = (struct ss_salvage_damage){
        .first_page = err->pgid, .page_count = 1, .off = err->off, .len = 0, .why = *err};
    if (err->pgid != SS_NONE && err->pgid < pass->job->geo.page_count) {
        now->off = err->pgid * page_size;
        now->len = page_size;
    }
    pass->has_pending = true;
}

/* Elements of the page are out of place, or not to be decoded: it is looked at again, outside the tree. */
static void on_fault(void *ctx, struct ss_walk *walk, uint32_t node, uint32_t element,
                     const struct ss_error *err)
{
    struct view_walk *pass = ctx;
    struct ss_page_view page;
    struct ss_error ignored;

    (void)walk;
    (void)node;
    (void)element;
    ss_error_clear(&ignored);
    if (pass->tells) {
        pass->job->tree_damaged = true;
        tell(pass, err);
    }
    if (err->code != SS_E_CYCLE && err->pgid != SS_NONE &&
        ss_page_gate(&pass->view->file.geo, err->pgid, SS_NONE, &page, &ignored) == SS_OK) {
        mark_run(&pass->view->sound, &page, false);
    }
}

static enum ss_status walk_view(struct ss_salvage_job *job, struct ss_view *view, bool tells,
                                struct ss_bitmap *claimed, uint64_t *fault_count,
                                struct ss_error *err)
{
    static const struct ss_walk_ops ops = {.on_page = on_page, .on_fault = on_fault};
    struct view_walk *pass = calloc(1, sizeof(*pass));
    enum ss_status status;

    if (pass == NULL) {
        return ss_nomem(err, sizeof(*pass));
    }
    pass->job = job;
    pass->view = view;
    pass->tells = tells;
    if (!ss_bitmap_init(&view->sound, job->geo.page_count)) {
        free(pass);
        return ss_nomem(err, job->geo.page_count / 8);
    }
    status = ss_walk_run(&pass->walk, &view->file, &ops, pass, err);
    flush(pass);
    *fault_count = pass->walk.fault_count;
    if (status == SS_OK && claimed != NULL) {
        *claimed = pass->walk.claimed;
        pass->walk.claimed = (struct ss_bitmap){0};
    }
    ss_walk_fini(&pass->walk);
    free(pass);
    return status;
}

/* Also one that was found by its form, since the root in force cannot be entered. */
static bool is_of_other_meta(const struct ss_salvage_job *job, size_t i)
{
    const struct ss_view *view = &job->views[i];

    return (i > 0 && view->by_meta && job->report->meta >= 0) ||
           (!view->by_meta && ss_file_current(&view->file)->root == job->other_root);
}

enum ss_status ss_views_walk(struct ss_salvage_job *job, struct ss_error *err)
{
    struct ss_salvage_report *report = job->report;
    uint64_t faults = 0;
    enum ss_status status = SS_OK;

    for (size_t i = 0; i < job->view_count && status == SS_OK; i++) {
        struct ss_view *view = &job->views[i];

        status = walk_view(job, view, i == 0, i == 0 ? &job->claimed : NULL, &faults, err);
        if (status == SS_OK && faults == 0 && is_of_other_meta(job, i)) {
            report->older_whole = true;
            report->older_meta = 1 - job->file->current;
            report->older_txid = job->file->meta[1 - job->file->current].txid;
        }
    }
    if (job->view_count == 0 || !job->views[0].by_meta) {
        job->tree_damaged = true;
    }
    return status;
}
