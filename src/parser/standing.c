/*
 * standing.c - see standing.h.
 */
#include "parser/standing.h"

#include <inttypes.h>

void ss_skips_add(struct ss_skips *skips, const struct ss_skip *skip)
{
    if (skips->quiet) {
        return;
    }
    skips->count++;
    if (skips->keep != NULL && skips->keep->on_skip != NULL) {
        skips->keep->on_skip(skips->keep->ctx, skip);
    }
}

void ss_skips_add_once(struct ss_skips *skips, const struct ss_skip *skip)
{
    for (size_t i = 0; i < skips->once_count; i++) {
        if (skips->once[i] == skip->why.off) {
            return;
        }
    }
    if (!skips->quiet && skips->once_count < SS_SKIPS_ONCE) {
        skips->once[skips->once_count++] = skip->why.off;
    }
    ss_skips_add(skips, skip);
}

void ss_standing_init(struct ss_standing *w, const struct ss_file *file, const struct ss_tree *tree,
                      const char *path, struct ss_bitmap *claimed, struct ss_skips *skips)
{
    w->file = file;
    w->tree = *tree;
    w->path = path;
    w->skips = skips;
    w->own = (struct ss_bitmap){0};
    w->claimed = claimed != NULL ? claimed : &w->own;
    w->from = w->to = w->last = (struct ss_span){0};
    w->begun = false;
    w->depth = 0;
}

void ss_standing_between(struct ss_standing *w, struct ss_span from, struct ss_span to)
{
    w->from = from;
    w->to = to;
}

void ss_standing_fini(struct ss_standing *w)
{
    ss_bitmap_fini(&w->own);
}

/* Once a mapped read has failed, zeroes stand where pages were: nothing is said of them. */
static void tell(struct ss_standing *w, struct ss_skip *skip)
{
    if (ss_source_failed(&w->file->src)) {
        return;
    }
    ss_error_in_bucket(&skip->why, w->path, SS_CORRUPT);
    ss_skips_add(w->skips, skip);
}

static void skip_page(struct ss_standing *w, struct ss_span lo, struct ss_span hi,
                      const struct ss_error *why)
{
    struct ss_skip skip = {.why = *why, .element = SS_NONE, .from = lo, .to = hi};

    tell(w, &skip);
}

static void skip_element(struct ss_standing *w, const struct ss_standing_frame *frame, uint32_t i,
                         bool kept, const struct ss_error *why)
{
    struct ss_skip skip = {
        .why = *why, .element = i, .kept = kept, .from = frame->lo, .to = frame->hi};

    tell(w, &skip);
}

void ss_standing_skip(struct ss_standing *w, const struct ss_entry *entry,
                      const struct ss_error *why)
{
    struct ss_skip skip = {
        .why = *why, .element = entry->index, .from = entry->key, .to = entry->key};

    tell(w, &skip);
}

/*
 * Claims a page before it is looked at, so that one that is named a million times, broken or not, is
 * looked at once. SS_OK also of an id that the gate will refuse.
 */
static enum ss_status claim_head(struct ss_standing *w, uint64_t pgid, uint64_t ref_off,
                                 struct ss_error *why)
{
    if (pgid < 2 || pgid >= w->file->geo.page_count || ss_bitmap_claim(w->claimed, pgid)) {
        return SS_OK;
    }
    return ss_corrupt(why, SS_E_CYCLE, ref_off, pgid, "page is referenced more than once");
}

/* Claims the rest of a run. */
static enum ss_status claim_run(struct ss_standing *w, const struct ss_page_view *page,
                                struct ss_error *why)
{
    for (uint64_t i = 1; i < page->run_count; i++) {
        if (!ss_bitmap_claim(w->claimed, page->pgid + i)) {
            return ss_corrupt(why, SS_E_CYCLE, page->run.off + 12, page->pgid + i,
                              "page belongs to more than one overflow run or tree");
        }
    }
    return SS_OK;
}

/* Whether a page may be entered: gated into the next free frame and claimed, or *why says why not. */
static bool gate(struct ss_standing *w, uint64_t pgid, uint64_t ref_off, struct ss_error *why)
{
    struct ss_page_view *page;
    bool is_inline = w->depth == 0 && pgid == 0 && w->tree.inline_page.ptr != NULL;
    enum ss_status status;

    if (w->depth == SS_TREE_DEPTH_MAX) {
        ss_corrupt(why, SS_E_DEPTH, ref_off, pgid, "tree is deeper than %u levels",
                   SS_TREE_DEPTH_MAX);
        return false;
    }
    page = &w->stack[w->depth].page;
    status = is_inline ? SS_OK : claim_head(w, pgid, ref_off, why);
    if (is_inline) {
        status = ss_page_gate_inline(&w->file->geo, w->tree.inline_page, w->tree.host, page, why);
    } else if (status == SS_OK) {
        status = ss_page_gate(&w->file->geo, pgid, ref_off, page, why);
    }
    if (status == SS_OK && page->type != SS_PAGE_LEAF && page->type != SS_PAGE_BRANCH) {
        status = ss_tree_page_refuse(page, why);
    }
    return status == SS_OK && claim_run(w, page, why) == SS_OK;
}

static void enter(struct ss_standing *w, uint64_t pgid, uint64_t ref_off, struct ss_span lo,
                  struct ss_span hi)
{
    struct ss_standing_frame *frame = &w->stack[w->depth];
    struct ss_error why;

    ss_error_clear(&why);
    if (!gate(w, pgid, ref_off, &why)) {
        skip_page(w, lo, hi, &why);
        return;
    }
    frame->index = 0;
    frame->lo = lo;
    frame->hi = hi;
    w->depth++;
}

/*
 * The first key of the leaf that child i of a branch is; ptr NULL: it is none. A hint about a page that
 * has not passed the gate: only that its bytes are in the file is certain.
 */
static struct ss_span first_key(const struct ss_standing *w, const struct ss_page_view *branch,
                                uint32_t i)
{
    uint64_t pgid = ss_branch_child(branch, i);
    struct ss_span key = {0};
    struct ss_page_head head;
    uint64_t off;

    if (pgid < 2 || pgid >= w->file->geo.page_count) {
        return key;
    }
    head = ss_page_head_at(&w->file->geo, pgid);
    if (head.id != pgid || head.type != SS_PAGE_LEAF || head.count == 0) {
        return key;
    }
    off = head.off + SS_PAGE_HEADER_LEN;
    if (!ss_span_sub(w->file->geo.bytes,
                     off + ss_load_u32(w->file->geo.bytes.ptr + off + 4, w->file->geo.big),
                     ss_load_u32(w->file->geo.bytes.ptr + off + 8, w->file->geo.big), &key) ||
        key.len > SS_KEY_LEN_MAX) {
        return (struct ss_span){0};
    }
    return key;
}

/* Where the keys of child i end: see standing.h. */
static struct ss_span upper_bound(const struct ss_standing *w,
                                  const struct ss_standing_frame *frame, uint32_t i)
{
    struct ss_span hi, first;

    if (i + 1 == frame->page.count) {
        return frame->hi;
    }
    hi = ss_branch_key(&frame->page, i + 1);
    first = first_key(w, &frame->page, i + 1);
    if (first.ptr != NULL && ss_span_cmp(first, hi) > 0 &&
        (frame->hi.ptr == NULL || ss_span_cmp(first, frame->hi) < 0)) {
        return first;
    }
    return hi;
}

/* Whether child i may hold elements that are wanted, going by the bounds that it has. */
static bool is_wanted(const struct ss_standing *w, struct ss_span lo, struct ss_span hi)
{
    if (w->to.ptr != NULL && lo.ptr != NULL && ss_span_cmp(lo, w->to) >= 0) {
        return false;
    }
    return w->from.ptr == NULL || hi.ptr == NULL || ss_span_cmp(hi, w->from) > 0;
}

static void enter_child(struct ss_standing *w, struct ss_standing_frame *frame)
{
    uint32_t i = frame->index++;
    struct ss_span lo = ss_branch_key(&frame->page, i);
    struct ss_span hi = upper_bound(w, frame, i);
    bool disordered = (hi.ptr != NULL && ss_span_cmp(lo, hi) >= 0) ||
                      (frame->lo.ptr != NULL && ss_span_cmp(lo, frame->lo) < 0);

    if (disordered) {
        struct ss_error why;

        ss_error_clear(&why);
        ss_corrupt(&why, SS_E_KEY_ORDER, lo.off, frame->page.pgid,
                   "key of element %" PRIu32 " is out of order", i);
        skip_element(w, frame, i, true, &why);
        lo = frame->lo;
        hi = frame->hi;
    }
    if (is_wanted(w, lo, hi)) {
        enter(w, ss_branch_child(&frame->page, i), ss_element_off(&frame->page, i) + 8, lo, hi);
    }
}

/* Whether element i of a leaf is above the one behind it, which is where it should be. */
static bool is_above_next(const struct ss_standing *w, const struct ss_standing_frame *frame,
                          uint32_t i, struct ss_span key)
{
    struct ss_span next;

    if (i + 1 == frame->page.count) {
        return false;
    }
    next = ss_leaf_key(&frame->page, i + 1);
    return ss_span_cmp(key, next) >= 0 && (w->last.ptr == NULL || ss_span_cmp(next, w->last) > 0) &&
           (frame->hi.ptr == NULL || ss_span_cmp(next, frame->hi) < 0);
}

/* Whether an element stands where its key belongs; else it is skipped. */
static bool is_in_place(struct ss_standing *w, const struct ss_standing_frame *frame, uint32_t i,
                        struct ss_span key)
{
    const char *wrong = NULL;
    enum ss_code code = SS_E_KEY_ORDER;
    bool kept = false;
    struct ss_error why;
    int c = w->last.ptr == NULL ? 1 : ss_span_cmp(key, w->last);

    if (c <= 0) {
        code = c == 0 ? SS_E_KEY_DUPLICATE : SS_E_KEY_ORDER;
        wrong = c == 0 ? "equals the key before it" : "is below the key before it";
    } else if (frame->hi.ptr != NULL && ss_span_cmp(key, frame->hi) >= 0) {
        code = SS_E_KEY_BOUNDS;
        wrong = "is outside the bounds that its parent promises";
    } else if (is_above_next(w, frame, i, key)) {
        wrong = "is above the key behind it";
    } else if (i == 0 && frame->lo.ptr != NULL && ss_span_cmp(key, frame->lo) < 0) {
        code = SS_E_KEY_BOUNDS;
        wrong = "is outside the bounds that its parent promises";
        kept = true;
    }
    if (wrong == NULL) {
        return true;
    }
    ss_error_clear(&why);
    ss_corrupt(&why, code, key.off, frame->page.pgid, "key of element %" PRIu32 " %s", i, wrong);
    skip_element(w, frame, i, kept, &why);
    return kept;
}

static bool take(struct ss_standing *w, struct ss_standing_frame *frame, struct ss_entry *entry)
{
    uint32_t i = frame->index++;
    struct ss_span key = ss_leaf_key(&frame->page, i);

    if (!is_in_place(w, frame, i, key)) {
        return false;
    }
    w->last = key;
    if (w->from.ptr != NULL && ss_span_cmp(key, w->from) < 0) {
        return false;
    }
    if (w->to.ptr != NULL && ss_span_cmp(key, w->to) >= 0) {
        return false;
    }
    *entry = ss_leaf_entry(&frame->page, i);
    return true;
}

static enum ss_status begin(struct ss_standing *w, struct ss_error *err)
{
    w->begun = true;
    if (w->claimed->words == NULL && !ss_bitmap_init(w->claimed, w->file->geo.page_count)) {
        return ss_nomem(err, w->file->geo.page_count / 8);
    }
    enter(w, w->tree.root, w->tree.ref_off, (struct ss_span){0}, (struct ss_span){0});
    return SS_OK;
}

enum ss_status ss_standing_next(struct ss_standing *w, struct ss_entry *entry, struct ss_error *err)
{
    if (!w->begun && begin(w, err) != SS_OK) {
        return SS_SYSTEM;
    }
    while (w->depth > 0) {
        struct ss_standing_frame *top = &w->stack[w->depth - 1];

        if (top->index == top->page.count) {
            w->depth--;
            if (ss_source_check(&w->file->src, SS_OK, err) != SS_OK) {
                return SS_SYSTEM;
            }
        } else if (top->page.type == SS_PAGE_BRANCH) {
            enter_child(w, top);
        } else if (take(w, top, entry)) {
            return ss_source_check(&w->file->src, SS_OK, err);
        }
    }
    return ss_source_check(&w->file->src, SS_END, err);
}

/* Looks for a bucket in what stands of its parent. SS_END: it is not there. */
static enum ss_status search(struct ss_standing *w, struct ss_span name, struct ss_tree *out,
                             struct ss_error *err)
{
    struct ss_entry entry = {0};
    enum ss_status status = ss_standing_next(w, &entry, err);

    while (status == SS_OK && (!entry.is_bucket || !ss_span_eq(entry.key, name))) {
        status = ss_standing_next(w, &entry, err);
    }
    if (status != SS_OK) {
        return status;
    }
    status = ss_tree_decode(&w->file->geo, entry.value, entry.pgid, out, err);
    return status == SS_CORRUPT ? SS_END : status;
}

enum ss_status ss_standing_find_bucket(const struct ss_file *file, const struct ss_tree *parent,
                                       const char *parent_path, struct ss_span name,
                                       struct ss_skips *skips, struct ss_tree *out,
                                       struct ss_error *err)
{
    struct ss_skips silent = {0};
    struct ss_skip skip = {.element = SS_NONE, .kept = true};
    struct ss_standing w;
    enum ss_status status = ss_tree_find_bucket(file, parent, parent_path, name, out, err);

    if (status != SS_CORRUPT) {
        return status;
    }
    ss_error_clear(&skip.why);
    ss_standing_init(&w, file, parent, parent_path, NULL, &silent);
    status = search(&w, name, out, &skip.why);
    ss_standing_fini(&w);
    if (status == SS_SYSTEM) {
        *err = skip.why;
    }
    if (status != SS_OK) {
        return status == SS_END ? SS_CORRUPT : status;
    }
    skip.why = *err;
    ss_skips_add_once(skips, &skip);
    ss_error_clear(err);
    return SS_OK;
}
