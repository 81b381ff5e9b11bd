/*
 * found.c - records found, in order of revision: duplicates merged, conflicts told, what belongs is kept.
 *
 *   revision   17      18      18      19          of one revision the most trusted tier counts
 *   tier       tree    orphan  slack   tree
 *                      kept    merged, or a conflict when its bytes differ
 *
 * A record from outside the tree belongs when its revision lies in a gap. At or below the compacted revision
 * one that is superseded there, or is a tombstone, would have been removed: it comes from before the
 * compaction, and stays out.
 */
#include "salvage/salvage.h"

#include "util/array.h"

#include <stdlib.h>
#include <xxhash.h>

bool ss_found_agrees(const struct ss_record *rec)
{
    int64_t main = rec->rev.main;

    if (main <= 0 || rec->tombstone || rec->marker) {
        return main > 0;
    }
    return rec->create_revision > 0 && rec->create_revision <= main && rec->version > 0 &&
           rec->version - 1 <= main - rec->create_revision &&
           (rec->create_revision == main) == (rec->version == 1);
}

bool ss_found_add(struct ss_salvage_job *job, const struct ss_record *rec, struct ss_span key,
                  uint32_t value_len, enum ss_salvage_tier tier, bool from_tree)
{
    struct ss_found found = {.rev = rec->rev,
                             .off = key.off,
                             .value_len = value_len,
                             .key_len = (uint8_t)key.len,
                             .tier = (uint8_t)tier,
                             .from_tree = from_tree};

    return ss_array_add(job->found, job->found_count, job->found_cap, found);
}

struct ss_entry ss_found_entry(const struct ss_salvage_job *job, const struct ss_found *found)
{
    const uint8_t *key = job->geo.bytes.ptr + found->off;

    return (struct ss_entry){
        .key = {key, found->key_len, found->off},
        .value = {key + found->key_len, found->value_len, found->off + found->key_len},
        .pgid = found->off / job->geo.page_size};
}

bool ss_found_record(const struct ss_salvage_job *job, const struct ss_found *found,
                     struct ss_record *rec)
{
    struct ss_entry entry = ss_found_entry(job, found);
    struct ss_error err;

    return ss_record_decode(&entry, rec, &err) == SS_OK;
}

/* -------------------------------------------------------------------------------------- gaps --- */

bool ss_gap_add(struct ss_salvage_job *job, struct ss_revision after, struct ss_revision before,
                int64_t seen, uint64_t pgid)
{
    struct ss_gap gap = {.after = after, .before = before, .seen = seen, .pgid = pgid};

    return ss_array_add(job->gaps, job->gap_count, job->gap_cap, gap);
}

static int compare_gaps(const void *a, const void *b)
{
    const struct ss_gap *x = a, *y = b;
    int c = ss_revision_cmp(x->after, y->after);

    return c != 0 ? c : ss_revision_cmp(x->before, y->before);
}

void ss_gaps_settle(struct ss_salvage_job *job)
{
    size_t kept = 0;

    if (job->gap_count == 0) {
        return;
    }
    qsort(job->gaps, job->gap_count, sizeof(*job->gaps), compare_gaps);
    for (size_t i = 1; i < job->gap_count; i++) {
        struct ss_gap *last = &job->gaps[kept], *gap = &job->gaps[i];

        if (ss_revision_cmp(gap->after, last->before) >= 0) {
            job->gaps[++kept] = *gap;
            continue;
        }
        if (ss_revision_cmp(gap->before, last->before) > 0) {
            last->before = gap->before;
        }
        last->seen = gap->seen > last->seen ? gap->seen : last->seen;
    }
    job->gap_count = kept + 1;
}

static bool in_gap(const struct ss_salvage_job *job, struct ss_revision rev)
{
    size_t lo = 0, hi = job->gap_count;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (ss_revision_cmp(job->gaps[mid].after, rev) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo > 0 && ss_revision_cmp(rev, job->gaps[lo - 1].before) < 0;
}

/* ------------------------------------------------------------------------------------- merging --- */

static bool same_bytes(const struct ss_salvage_job *job, const struct ss_found *a,
                       const struct ss_found *b)
{
    struct ss_entry x = ss_found_entry(job, a), y = ss_found_entry(job, b);

    return ss_span_eq(x.key, y.key) && ss_span_eq(x.value, y.value);
}

/* What the tree gave at this revision, or NULL. */
static const struct ss_found *in_tree(const struct ss_salvage_job *job, struct ss_revision rev)
{
    size_t lo = 0, hi = job->tree_count;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (ss_revision_cmp(job->found[mid].rev, rev) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < job->tree_count && ss_revision_cmp(job->found[lo].rev, rev) == 0 ? &job->found[lo]
                                                                                 : NULL;
}

/* What compaction removed tells of older records, found elsewhere, that they were superseded. */
static bool add_witness(struct ss_salvage_job *job, const struct ss_record *rec, struct ss_span key,
                        uint32_t value_len)
{
    if (!ss_found_add(job, rec, key, value_len, SS_TIER_FREED, false)) {
        return false;
    }
    job->found[job->found_count - 1].dropped = true;
    return true;
}

bool ss_found_offer(struct ss_salvage_job *job, const struct ss_record *rec, struct ss_span key,
                    uint32_t value_len, enum ss_salvage_tier tier)
{
    const struct ss_found *known = in_tree(job, rec->rev);
    struct ss_found now = {
        .rev = rec->rev, .off = key.off, .value_len = value_len, .key_len = (uint8_t)key.len};
    bool lost = in_gap(job, rec->rev);

    if (known != NULL && same_bytes(job, known, &now)) {
        return true;
    }
    if (!lost && !job->opts->include_freed) {
        job->report->freed_left_count += known == NULL;
        return known != NULL || job->gap_count == 0 || rec->rev.main > job->compacted ||
               add_witness(job, rec, key, value_len);
    }
    if (!lost && tier == SS_TIER_ORPHAN) {
        tier = SS_TIER_FREED;
    }
    return ss_found_add(job, rec, key, value_len, tier, false);
}

static int compare_found(const void *a, const void *b)
{
    const struct ss_found *x = a, *y = b;
    int c = ss_revision_cmp(x->rev, y->rev);

    if (c == 0) {
        c = (int)y->from_tree - (int)x->from_tree;
    }
    if (c == 0) {
        c = (int)x->tier - (int)y->tier;
    }
    if (c == 0) {
        c = x->off < y->off ? -1 : x->off > y->off;
    }
    return c;
}

static void tell_conflict(struct ss_salvage_job *job, const struct ss_found *kept,
                          const struct ss_found *other)
{
    struct ss_salvage_conflict conflict = {.kept_off = kept->off,
                                           .other_off = other->off,
                                           .kept_tier = (enum ss_salvage_tier)kept->tier,
                                           .other_tier = (enum ss_salvage_tier)other->tier};

    job->report->conflict_count++;
    if (job->opts->on_conflict != NULL && ss_found_record(job, kept, &conflict.kept) &&
        ss_found_record(job, other, &conflict.other)) {
        job->opts->on_conflict(job->opts->ctx, &conflict);
    }
}

/* Of each revision the first stays; copies with the same bytes go without a word. */
static void merge(struct ss_salvage_job *job)
{
    size_t kept = 0;

    for (size_t i = 1; i < job->found_count; i++) {
        struct ss_found *last = &job->found[kept], *now = &job->found[i];

        if (ss_revision_cmp(last->rev, now->rev) != 0) {
            job->found[++kept] = *now;
        } else if (!now->dropped && !same_bytes(job, last, now)) {
            tell_conflict(job, last, now);
        }
    }
    job->found_count = job->found_count == 0 ? 0 : kept + 1;
}

/* ----------------------------------------------------------------------------------- compaction --- */

/* What is known of a key that a doubtful record has: of its next record in time, going backwards. */
struct key_slot {
    uint64_t word;   /* 0: free */
    bool superseded; /* that one lies at or below the compacted revision */
    int64_t created; /* its create_revision; 0: a tombstone, or there is none */
};

struct key_slots {
    struct key_slot *slots;
    uint64_t mask;
    uint64_t seed;
};

static struct key_slot *slot_of(const struct key_slots *keys, struct ss_span key, uint64_t *word)
{
    uint64_t at;

    *word = XXH3_64bits_withSeed(key.ptr, (size_t)key.len, keys->seed) | 1;
    at = *word >> 1 & keys->mask;
    while (keys->slots[at].word != 0 && keys->slots[at].word != *word) {
        at = (at + 1) & keys->mask;
    }
    return &keys->slots[at];
}

/* A record from outside the tree that a compaction may have removed. */
static bool is_doubtful(const struct ss_salvage_job *job, const struct ss_found *found)
{
    return !found->from_tree && !found->dropped && found->rev.main <= job->compacted;
}

/* Whether the end of a key's life above the compacted revision, and before `created`, may be lost. */
static bool end_may_be_lost(const struct ss_salvage_job *job, int64_t created)
{
    for (size_t i = 0; i < job->gap_count && job->gaps[i].after.main < created; i++) {
        if (job->gaps[i].before.main > job->compacted) {
            return true;
        }
    }
    return false;
}

/* Whether nothing that is known speaks against a doubtful record. */
static bool may_stay(const struct ss_salvage_job *job, const struct key_slot *next,
                     const struct ss_record *rec)
{
    if (next->superseded) {
        return false;
    }
    if (rec->tombstone) {
        return rec->rev.main == job->compacted;
    }
    return next->created <= rec->rev.main || end_may_be_lost(job, next->created);
}

static void drop_by_slots(struct ss_salvage_job *job, const struct key_slots *keys)
{
    for (size_t i = job->found_count; i-- > 0;) {
        struct ss_found *found = &job->found[i];
        struct key_slot *slot;
        struct ss_record rec;
        uint64_t word;

        if (!ss_found_record(job, found, &rec) || rec.marker) {
            continue;
        }
        slot = slot_of(keys, rec.key, &word);
        if (slot->word != word) {
            continue;
        }
        if (is_doubtful(job, found) && !may_stay(job, slot, &rec)) {
            found->dropped = true;
            job->report->freed_left_count++;
        }
        slot->superseded = rec.rev.main <= job->compacted;
        slot->created = rec.create_revision;
    }
}

/* From the last record backwards: what compaction would have removed comes from before it. */
static enum ss_status drop_compacted(struct ss_salvage_job *job, struct ss_error *err)
{
    struct key_slots keys = {.mask = 15, .seed = ss_index_seed()};
    uint64_t count = 0, word;
    struct ss_record rec;

    for (size_t i = 0; i < job->found_count; i++) {
        count += is_doubtful(job, &job->found[i]);
    }
    if (count == 0 || job->opts->include_freed) {
        return SS_OK;
    }
    while (keys.mask < count + count / 3) {
        keys.mask = keys.mask * 2 + 1;
    }
    keys.slots = calloc((size_t)keys.mask + 1, sizeof(*keys.slots));
    if (keys.slots == NULL) {
        return ss_nomem(err, (keys.mask + 1) * sizeof(*keys.slots));
    }
    for (size_t i = 0; i < job->found_count; i++) {
        if (is_doubtful(job, &job->found[i]) && ss_found_record(job, &job->found[i], &rec)) {
            struct key_slot *slot = slot_of(&keys, rec.key, &word);

            slot->word = word;
        }
    }
    drop_by_slots(job, &keys);
    free(keys.slots);
    return SS_OK;
}

/* ---------------------------------------------------------------------------------------- lost --- */

static void tell_lost(struct ss_salvage_job *job, int64_t first, int64_t last, bool certain,
                      uint64_t pgid)
{
    struct ss_salvage_lost lost = {.first = first, .last = last, .certain = certain, .pgid = pgid};

    job->report->lost_count++;
    job->lost |= last != INT64_MAX;
    if (certain) {
        job->report->lost_revision_count += (uint64_t)(last - first) + 1;
    }
    if (job->opts->on_lost != NULL) {
        job->opts->on_lost(job->opts->ctx, &lost);
    }
}

/* Of main revision `rev.main` all sub revisions from `from` to the one below `rev` are missing. */
static void lose_subs(struct ss_salvage_job *job, struct ss_revision rev, int64_t from,
                      uint64_t pgid)
{
    if (rev.sub > from) {
        tell_lost(job, rev.main, rev.main, rev.main > job->compacted, pgid);
    }
}

/* Mains from first to last have no record: below the compaction they may never have been lost. */
static void lose(struct ss_salvage_job *job, int64_t first, int64_t last, uint64_t pgid)
{
    int64_t mark = job->compacted;

    if (first > last) {
        return;
    }
    if (first <= mark) {
        tell_lost(job, first, last < mark ? last : mark, false, pgid);
        first = mark + 1;
    }
    if (first <= last) {
        tell_lost(job, first, last, true, pgid);
    }
}

static void lose_in(struct ss_salvage_job *job, const struct ss_gap *gap, size_t *at)
{
    /* etcd's first revision is 1, and it has no record. */
    int64_t next = gap->after.main <= 0 ? 2 : gap->after.main + 1;
    struct ss_revision last = gap->after;

    while (*at < job->found_count && ss_revision_cmp(job->found[*at].rev, gap->after) <= 0) {
        ++*at;
    }
    for (; *at < job->found_count && ss_revision_cmp(job->found[*at].rev, gap->before) < 0; ++*at) {
        struct ss_revision rev = job->found[*at].rev;

        if (!job->found[*at].dropped) {
            lose(job, next, rev.main - 1, gap->pgid);
            lose_subs(job, rev, rev.main == last.main ? last.sub + 1 : 0, gap->pgid);
            next = rev.main + 1 > next ? rev.main + 1 : next;
            last = rev;
        }
    }
    if (gap->before.main != INT64_MAX) {
        struct ss_revision rev = gap->before;

        lose(job, next, rev.main - 1, gap->pgid);
        lose_subs(job, rev, rev.main == last.main ? last.sub + 1 : 0, gap->pgid);
        return;
    }
    lose(job, next, gap->seen, gap->pgid);
    next = gap->seen >= next ? gap->seen + 1 : next;
    if (job->has_key && job->views[0].by_meta) {
        tell_lost(job, next, INT64_MAX, false, gap->pgid);
    }
}

enum ss_status ss_found_settle(struct ss_salvage_job *job, struct ss_error *err)
{
    struct ss_salvage_report *report = job->report;
    enum ss_status status;
    size_t at = 0;

    if (job->found_count > job->tree_count) {
        qsort(job->found, job->found_count, sizeof(*job->found), compare_found);
    }
    merge(job);
    status = drop_compacted(job, err);
    for (size_t i = 0; status == SS_OK && i < job->gap_count; i++) {
        lose_in(job, &job->gaps[i], &at);
    }
    for (size_t i = 0; i < job->found_count; i++) {
        if (!job->found[i].dropped) {
            report->record_count++;
            report->tier_count[job->found[i].tier]++;
            report->last_revision = job->found[i].rev.main;
        }
    }
    return status;
}
