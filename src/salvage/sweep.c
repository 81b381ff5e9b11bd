/*
 * sweep.c - every place of the file, one after the other, whatever tree it belongs to.
 *
 *   place      │ tree │ tree │  ✗   │ leaf of no tree + run │ zeroes │ half a page │
 *   read as       -      -     elements, else bytes   elements    -      bytes
 *
 *   elements   flags pos ksize vsize → a key that is a revision, a value that is its record, whole
 *   bytes      … │ 00 00 00 00 00 00 00 2a _ 00 00 00 00 00 00 00 00 │ 0a … │ next record, or zeroes
 *
 * A page that passes the gate is read by its elements alone. One that does not is read element by element as
 * far as they go, also behind a count that is too low, and then by its bytes: records stand one behind
 * the other, in the form in which etcd writes them, so that their ends can be told.
 *
 * Guarantees: no record reaches into a page that has a header of its own, so that none is mixed of
 * two; each place is read once, and all together give no more than twice the file's bytes.
 */
#include "salvage/salvage.h"

#include "util/call.h"

#include <stdlib.h>

#define ZERO_TAIL \
    16u /* bytes that are zero behind the last record of a page, unless it ends before */

struct sweep {
    struct ss_salvage_job *job;
    uint64_t end_place; /* the next place with a page of its own, once `end_at` is behind us */
    uint64_t end_at;    /* the place that it was looked for from */
    bool has_end;
    bool nomem;
    uint64_t tries; /* elements that may still be looked at: a file has room for no more */
};

static bool fits_here(const struct ss_geometry *geo, uint64_t pgid)
{
    struct ss_page_head head = ss_page_head_at(geo, pgid);
    uint64_t run = (uint64_t)head.overflow + 1;

    if (head.id != pgid || run > geo->page_count - pgid) {
        return false;
    }
    if (head.flags == SS_FLAG_LEAF || head.flags == SS_FLAG_BRANCH) {
        return (uint64_t)head.count * SS_ELEMENT_LEN <= run * geo->page_size - SS_PAGE_HEADER_LEN;
    }
    return head.flags == SS_FLAG_FREELIST || head.flags == SS_FLAG_META;
}

/* Where bytes that begin in a place end at the latest: at the next page that stands on its own. */
static uint64_t limit_of(struct sweep *sweep, uint64_t pgid)
{
    const struct ss_salvage_job *job = sweep->job;
    const struct ss_geometry *geo = &job->geo;
    uint64_t at = pgid + 1;

    if (!sweep->has_end || pgid >= sweep->end_place || pgid < sweep->end_at) {
        while (at < geo->page_count && !fits_here(geo, at) &&
               !(job->view_count > 0 && ss_bitmap_test(&job->views[0].sound, at))) {
            at++;
        }
        sweep->end_at = pgid;
        sweep->end_place = at;
        sweep->has_end = true;
    }
    return sweep->end_place >= geo->page_count ? geo->bytes.len : sweep->end_place * geo->page_size;
}

static void offer(struct sweep *sweep, const struct ss_record *rec, const struct ss_entry *entry,
                  enum ss_salvage_tier tier)
{
    struct ss_salvage_job *job = sweep->job;
    uint64_t len = SS_ELEMENT_LEN + entry->key.len + entry->value.len;

    if (len > job->budget) {
        return;
    }
    job->budget -= len;
    sweep->nomem |= !ss_found_offer(job, rec, entry->key, (uint32_t)entry->value.len, tier);
}

/* ---------------------------------------------------------------------------------- elements --- */

/* Element i of what may be a leaf at `off`, up to `limit`: a record that is whole, or false. */
static bool element_at(const struct ss_salvage_job *job, uint64_t off, uint64_t limit, uint64_t i,
                       struct ss_entry *entry, struct ss_record *rec)
{
    struct ss_span bytes = job->geo.bytes, elem;
    struct ss_error err;
    uint64_t at = off + SS_PAGE_HEADER_LEN + i * SS_ELEMENT_LEN;
    uint64_t ksize, vsize, key_off;

    if (at + SS_ELEMENT_LEN > limit || !ss_span_sub(bytes, at, SS_ELEMENT_LEN, &elem)) {
        return false;
    }
    ksize = ss_load_u32(elem.ptr + 8, job->geo.big);
    vsize = ss_load_u32(elem.ptr + 12, job->geo.big);
    key_off = at + ss_load_u32(elem.ptr + 4, job->geo.big);
    if (ss_load_u32(elem.ptr, job->geo.big) != 0 || key_off < at + SS_ELEMENT_LEN ||
        (ksize != SS_REVISION_LEN && ksize != SS_TOMBSTONE_LEN) || vsize == 0 ||
        vsize > SS_VALUE_LEN_MAX || key_off > limit || ksize + vsize > limit - key_off) {
        return false;
    }
    *entry = (struct ss_entry){.key = {bytes.ptr + key_off, ksize, key_off},
                               .value = {bytes.ptr + key_off + ksize, vsize, key_off + ksize},
                               .pgid = off / job->geo.page_size,
                               .index = (uint32_t)i};
    return ss_record_decode(entry, rec, &err) == SS_OK && !rec->marker && ss_found_agrees(rec);
}

/* How many elements there are by where the data of the first one begin: bbolt leaves no gap. [F3] */
static uint64_t implied_count(const struct ss_salvage_job *job, uint64_t off, uint64_t limit)
{
    uint64_t pos, at = off + SS_PAGE_HEADER_LEN;

    if (at + SS_ELEMENT_LEN > limit) {
        return 0;
    }
    pos = ss_load_u32(job->geo.bytes.ptr + at + 4, job->geo.big);
    return pos % SS_ELEMENT_LEN != 0 ? 0 : ss_min_u64(pos / SS_ELEMENT_LEN, UINT16_MAX);
}

/*
 * Elements whatever the header says: of as many as it counts each on its own merits, behind them up to the
 * first that is no record, and never into data.
 */
static void read_elements(struct sweep *sweep, uint64_t off, uint64_t limit, uint64_t count,
                          enum ss_salvage_tier tier)
{
    struct ss_salvage_job *job = sweep->job;
    uint64_t implied = implied_count(job, off, limit), data = limit;
    uint64_t sure = implied > count ? implied : count;

    for (uint64_t i = 0; i < UINT16_MAX && off + SS_PAGE_HEADER_LEN + i * SS_ELEMENT_LEN < data;
         i++) {
        struct ss_entry entry;
        struct ss_record rec;

        if (sweep->tries == 0) {
            return;
        }
        sweep->tries--;
        if (element_at(job, off, limit, i, &entry, &rec)) {
            data = ss_min_u64(data, entry.key.off);
            offer(sweep, &rec, &entry, tier);
        } else if (i >= sure) {
            return;
        }
    }
}

/* A branch that counts too few children: from the first hidden one on, revisions may be missing. */
static bool hidden_children(struct ss_salvage_job *job, const struct ss_page_view *page,
                            struct ss_span hi)
{
    uint64_t off = page->run.off + SS_PAGE_HEADER_LEN,
             at = off + (uint64_t)page->count * SS_ELEMENT_LEN;
    uint64_t pos = ss_load_u32(job->geo.bytes.ptr + off, job->geo.big);
    struct ss_revision first, before = {INT64_MAX, INT64_MAX};
    struct ss_error err;
    struct ss_span key;
    bool tombstone;

    if (pos % SS_ELEMENT_LEN != 0 || pos / SS_ELEMENT_LEN <= page->count ||
        at + SS_ELEMENT_LEN > page->run.off + page->run.len ||
        !ss_span_sub(job->geo.bytes, at + ss_load_u32(job->geo.bytes.ptr + at, job->geo.big),
                     ss_load_u32(job->geo.bytes.ptr + at + 4, job->geo.big), &key) ||
        ss_revision_decode(key, page->pgid, &first, &tombstone, &err) != SS_OK) {
        return false;
    }
    if (hi.ptr != NULL) {
        ss_revision_decode(hi, page->pgid, &before, &tombstone, &err);
    }
    return ss_gap_add(job, (struct ss_revision){first.main, first.sub - 1}, before, first.main,
                      page->pgid);
}

bool ss_sweep_hidden(struct ss_salvage_job *job, const struct ss_page_view *page, struct ss_span hi)
{
    uint64_t limit = page->run.off + page->run.len;
    uint64_t implied = implied_count(job, page->run.off, limit);
    bool some = false;

    if (page->type == SS_PAGE_BRANCH) {
        return hidden_children(job, page, hi);
    }
    for (uint64_t i = page->count; i < implied; i++) {
        struct ss_entry entry;
        struct ss_record rec;
        struct ss_revision before, after;

        if (!element_at(job, page->run.off, limit, i, &entry, &rec) || rec.rev.sub == INT64_MAX) {
            break;
        }
        before = (struct ss_revision){rec.rev.main, rec.rev.sub + 1};
        after = (struct ss_revision){rec.rev.main, rec.rev.sub - 1};
        some = true;
        if (!ss_gap_add(job, after, before, 0, page->pgid)) {
            break;
        }
    }
    return some;
}

/* A page that passed the gate. */
static void read_page(struct sweep *sweep, const struct ss_page_view *page, uint64_t limit,
                      enum ss_salvage_tier tier)
{
    for (uint32_t i = 0; i < page->count; i++) {
        struct ss_entry entry = ss_leaf_entry(page, i);
        struct ss_record rec;
        struct ss_error err;

        if (entry.value.off + entry.value.len <= limit && entry.value.len <= UINT32_MAX &&
            ss_record_decode(&entry, &rec, &err) == SS_OK && ss_found_agrees(&rec)) {
            offer(sweep, &rec, &entry, tier);
        }
    }
}

/* ------------------------------------------------------------------------------------- bytes --- */

static const uint8_t *skip_varint(const uint8_t *p, const uint8_t *end, uint64_t *value)
{
    *value = 0;
    for (uint32_t shift = 0; p != NULL && p < end && shift < 70; shift += 7, p++) {
        *value |= shift < 64 ? (uint64_t)(*p & 0x7f) << shift : 0;
        if (*p < 0x80) {
            return p + 1;
        }
    }
    return NULL;
}

static const uint8_t *skip_bytes(const uint8_t *p, const uint8_t *end)
{
    uint64_t len;

    p = skip_varint(p, end, &len);
    return p != NULL && len <= (uint64_t)(end - p) ? p + len : NULL;
}

/* A number that must be there, under its tag. */
static const uint8_t *skip_number(const uint8_t *p, const uint8_t *end, uint8_t tag)
{
    uint64_t value;

    if (p == NULL || p == end || *p != tag) {
        return NULL;
    }
    return skip_varint(p + 1, end, &value);
}

/*
 * How long the record is that begins at p in the form in which etcd writes it: key, the three numbers, then value
 * and lease if there are any; of a tombstone the key alone. 0: it is none.
 */
static uint64_t record_len(const uint8_t *p, const uint8_t *end, bool tombstone)
{
    const uint8_t *at = p;

    if (at == end || *at != 0x0a) {
        return 0;
    }
    at = skip_bytes(at + 1, end);
    if (!tombstone) {
        at = skip_number(at, end, 0x10);
        at = skip_number(at, end, 0x18);
        at = skip_number(at, end, 0x20);
        if (at != NULL && at != end && *at == 0x2a) {
            at = skip_bytes(at + 1, end);
        }
        if (at != NULL && at != end && *at == 0x30) {
            at = skip_number(at, end, 0x30);
        }
    }
    return at == NULL ? 0 : (uint64_t)(at - p);
}

/* Whether a record may end here: another revision begins, or zeroes, or there is nothing more. */
static bool may_end(const uint8_t *p, const uint8_t *end)
{
    uint64_t len = (uint64_t)(end - p);
    struct ss_span tail = {p, ss_min_u64(len, ZERO_TAIL), 0};

    if (ss_span_zeroes(tail) == tail.len) {
        return true;
    }
    return len > SS_REVISION_LEN && p[8] == '_' && (p[0] & 0x80) == 0 && (p[9] & 0x80) == 0 &&
           (p[SS_REVISION_LEN] == 0x0a || p[SS_REVISION_LEN] == 't');
}

/* The record whose key begins at `off`, by its bytes alone; its length, 0: there is none. */
static uint64_t record_at(struct sweep *sweep, uint64_t off, uint64_t limit)
{
    const struct ss_salvage_job *job = sweep->job;
    const uint8_t *p = job->geo.bytes.ptr + off, *end = job->geo.bytes.ptr + limit;
    bool tombstone = p[SS_REVISION_LEN] == 't';
    uint64_t key_len = tombstone ? SS_TOMBSTONE_LEN : SS_REVISION_LEN;
    uint64_t len = record_len(p + key_len, end, tombstone);
    struct ss_entry entry = {.key = {p, key_len, off},
                             .value = {p + key_len, len, off + key_len},
                             .pgid = off / job->geo.page_size};
    struct ss_record rec;
    struct ss_error err;

    if (len == 0 || len > SS_VALUE_LEN_MAX || !may_end(p + key_len + len, end) ||
        ss_record_decode(&entry, &rec, &err) != SS_OK || !ss_found_agrees(&rec)) {
        return 0;
    }
    offer(sweep, &rec, &entry, SS_TIER_SLACK);
    return key_len + len;
}

static void read_bytes(struct sweep *sweep, uint64_t from, uint64_t to, uint64_t limit)
{
    const uint8_t *base = sweep->job->geo.bytes.ptr;
    uint64_t at = from;

    while (at < to && limit - at > SS_TOMBSTONE_LEN) {
        const uint8_t *mark =
            memchr(base + at + 8, '_', (size_t)(ss_min_u64(to + 8, limit) - at - 8));
        uint64_t off, len;

        if (mark == NULL) {
            return;
        }
        off = (uint64_t)(mark - base) - 8;
        if (off >= to || limit - off <= SS_TOMBSTONE_LEN) {
            return;
        }
        len = record_at(sweep, off, limit);
        at = off + (len == 0 ? 1 : len);
    }
}

/* ------------------------------------------------------------------------------------ places --- */

static bool is_zero_place(const struct ss_geometry *geo, uint64_t pgid)
{
    struct ss_span place = {geo->bytes.ptr + pgid * geo->page_size, geo->page_size, 0};

    return ss_span_zeroes(place) == place.len;
}

static bool of_other_view(const struct ss_salvage_job *job, uint64_t pgid)
{
    for (size_t i = 1; i < job->view_count; i++) {
        if (ss_bitmap_test(&job->views[i].sound, pgid)) {
            return true;
        }
    }
    return false;
}

/* A place that no tree accounts for, or that the tree could not enter; how many were read with it. */
static uint64_t read_place(struct sweep *sweep, uint64_t pgid, bool claimed)
{
    struct ss_salvage_job *job = sweep->job;
    struct ss_salvage_places *places = &job->report->places;
    const struct ss_geometry *geo = &job->geo;
    struct ss_page_head head = ss_page_head_at(geo, pgid);
    uint64_t limit = limit_of(sweep, pgid), from = pgid * geo->page_size;
    enum ss_salvage_tier tier = claimed ? SS_TIER_BROKEN : SS_TIER_ORPHAN;
    struct ss_page_view page;
    struct ss_error err;

    ss_error_clear(&err);
    if (!claimed && of_other_view(job, pgid)) {
        tier = SS_TIER_OLDER;
    }
    if (ss_page_gate(geo, pgid, SS_NONE, &page, &err) == SS_OK && from + page.run.len <= limit) {
        uint64_t *count = claimed                 ? &places->broken_count
                          : tier == SS_TIER_OLDER ? &places->older_count
                                                  : &places->orphan_count;

        *count += page.run_count;
        if (page.type == SS_PAGE_LEAF) {
            read_page(sweep, &page, limit, tier);
            read_elements(sweep, from, limit, page.count, tier);
        }
        return page.run_count;
    }
    if (claimed) {
        places->broken_count++;
    } else if (is_zero_place(geo, pgid)) {
        places->empty_count++;
        return 1;
    } else if (head.id != pgid && head.id >= 2 && head.id < geo->page_count &&
               head.type != SS_PAGE_UNKNOWN) {
        places->misplaced_count++;
    } else {
        places->unreadable_count++;
    }
    read_elements(sweep, from, limit, head.type == SS_PAGE_LEAF ? head.count : 0,
                  claimed ? SS_TIER_BROKEN : SS_TIER_SLACK);
    read_bytes(sweep, from, ss_min_u64(from + geo->page_size, limit), limit);
    return 1;
}

static bool is_meta_place(const struct ss_salvage_job *job, uint64_t pgid)
{
    return pgid < 2 && ss_page_head_at(&job->geo, pgid).flags == SS_FLAG_META;
}

static uint64_t sweep_place(struct sweep *sweep, uint64_t pgid)
{
    struct ss_salvage_job *job = sweep->job;

    if (is_meta_place(job, pgid)) {
        job->report->places.meta_count++;
        return 1;
    }
    if (job->view_count > 0 && ss_bitmap_test(&job->views[0].sound, pgid)) {
        job->report->places.tree_count++;
        return 1;
    }
    return read_place(sweep, pgid, ss_bitmap_test(&job->claimed, pgid));
}

/* `key` may stand inside the root page: what is wrong with its inline page breaks no page of the tree. */
static void read_inline(struct sweep *sweep)
{
    struct ss_salvage_job *job = sweep->job;
    struct ss_page_view root;
    struct ss_error err;

    if (job->view_count == 0 ||
        ss_page_gate(&job->geo, ss_file_current(&job->views[0].file)->root, SS_NONE, &root, &err) !=
            SS_OK ||
        root.type != SS_PAGE_LEAF) {
        return;
    }
    for (uint32_t i = 0; i < root.count; i++) {
        struct ss_span value = ss_leaf_value(&root, i);
        uint64_t off = value.off + SS_BUCKET_HEADER_LEN, end = value.off + value.len;

        if (ss_leaf_is_bucket(&root, i) && ss_span_is(ss_leaf_key(&root, i), SS_KEY_BUCKET) &&
            value.len > SS_BUCKET_HEADER_LEN + SS_PAGE_HEADER_LEN) {
            read_elements(sweep, off, end, ss_load_u16(job->geo.bytes.ptr + off + 10, job->geo.big),
                          SS_TIER_BROKEN);
            read_bytes(sweep, off, end, end);
        }
    }
}

enum ss_status ss_sweep(struct ss_salvage_job *job, struct ss_error *err)
{
    const struct ss_geometry *geo = &job->geo;
    struct sweep sweep = {.job = job, .tries = geo->bytes.len / 8 + geo->page_count};
    uint64_t mark = job->file->readable ? ss_file_current(job->file)->high_water : geo->page_count;
    uint64_t pgid = 0, tail = geo->page_count * geo->page_size;

    if (geo->page_size == 0) {
        return SS_OK;
    }
    job->budget = ss_mul_sat_u64(geo->bytes.len, 2);
    while (pgid < geo->page_count && !sweep.nomem) {
        uint64_t step = sweep_place(&sweep, pgid);

        if ((pgid & 1023) + step > 1023 &&
            ss_call_tell(job->call, "sweeping", pgid * geo->page_size, geo->bytes.len, err) !=
                SS_OK) {
            return SS_SYSTEM;
        }
        pgid += step;
    }
    if (geo->page_count > mark) {
        job->report->places.beyond_count = geo->page_count - mark;
    }
    if (tail < geo->bytes.len && geo->bytes.len - tail > SS_PAGE_HEADER_LEN) {
        uint64_t end = geo->bytes.len;
        uint16_t count = ss_load_u16(geo->bytes.ptr + tail + 10, geo->big);

        read_elements(&sweep, tail, end, count, SS_TIER_SLACK);
        read_bytes(&sweep, tail, end, end);
    }
    read_inline(&sweep);
    for (size_t i = 0; i < job->retry_count && !sweep.nomem; i++) {
        if (geo->bytes.len - job->retry[i] > SS_TOMBSTONE_LEN) {
            record_at(&sweep, job->retry[i], geo->bytes.len);
        }
    }
    if (sweep.nomem) {
        return ss_nomem(err, job->found_count * sizeof(*job->found));
    }
    return ss_source_check(&job->file->src, SS_OK, err);
}
