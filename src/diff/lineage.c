/*
 * lineage.c - two histories in step, by revision: where do they part, and is it only compaction?
 *
 *   A   2  3  4  5  6  7            compacted at 0
 *   B            5* 6  7  8  9      compacted at 5: of 2…5 only the last record of each live key
 *
 * A record that one side alone has, at revision r:
 *   r <= the other's compaction   explained when that compaction removes it: it is a tombstone, or its
 *                                 key has a later record at or below the compacted revision; or may
 *                                 have got one that this side, which ends before it, cannot know
 *   r >  the other's last         the side that has it continues the other
 *   else                          nothing explains it: the histories part at r
 * and a revision that both have, but not alike, is where they part too.
 *
 * Of leaves that are alike byte for byte but for their page id, one side's records are decoded, so
 * that broken ones are noticed, and the other's are passed over.
 */
#include "etcd/index.h"
#include "etcd/revision.h"
#include "util/call.h"

#include <stdlib.h>

#define PROGRESS_COUNT 4096u

struct side {
    const struct ss_file *file;
    struct ss_cursor cursor;
    struct ss_entry entry;
    struct ss_record rec;
    struct ss_rev_facts facts;
    bool ended;
    bool indexed;
    struct ss_key_index index; /* its keys as of the other's compaction, once it is asked for */
};

struct lineage {
    struct side a, b;
    const struct ss_call *call;
    uint64_t steps;
    struct ss_lineage *out;
    bool parted;
};

const char *ss_lineage_name(enum ss_lineage_verdict verdict)
{
    static const char *const names[] = {
        [SS_LINEAGE_SAME] = "same",
        [SS_LINEAGE_COMPACTED] = "compacted-differently",
        [SS_LINEAGE_B_CONTINUES] = "b-continues-a",
        [SS_LINEAGE_A_CONTINUES] = "a-continues-b",
        [SS_LINEAGE_DIVERGED] = "diverged",
        [SS_LINEAGE_UNRELATED] = "unrelated",
    };

    return (unsigned)verdict < sizeof(names) / sizeof(names[0]) ? names[verdict] : "unknown";
}

/* Takes the result of a move: decodes the element, or notes the end. */
static enum ss_status settle(struct side *s, enum ss_status status, struct ss_error *err)
{
    if (status == SS_END) {
        s->ended = true;
        return SS_OK;
    }
    if (status != SS_OK) {
        return status;
    }
    return ss_record_decode(&s->entry, &s->rec, err);
}

static enum ss_status step(struct side *s, struct ss_error *err)
{
    return settle(s, ss_cursor_next(&s->cursor, &s->entry, err), err);
}

static enum ss_status start(struct side *s, const struct ss_file *file, struct ss_error *err)
{
    enum ss_status status;

    s->file = file;
    status = ss_rev_facts(file, &s->facts, err);
    if (status != SS_OK) {
        return status;
    }
    if (!s->facts.is_etcd) {
        return ss_not_etcd(err);
    }
    status = ss_key_bucket_cursor(file, &s->cursor, err);
    if (status == SS_OK) {
        status = settle(s, ss_cursor_first(&s->cursor, &s->entry, err), err);
    }
    return status;
}

/* The keys of one side as they were at `rev`, for what the other's compaction there would keep. */
static enum ss_status build_index(struct side *s, int64_t rev, struct ss_error *err)
{
    struct ss_cursor c;
    struct ss_entry entry;
    struct ss_record rec;
    enum ss_status status = ss_key_bucket_cursor(s->file, &c, err);

    if (status != SS_OK) {
        return status;
    }
    ss_key_index_init(&s->index, s->file, &c.tree);
    s->indexed = true;
    for (status = ss_cursor_first(&c, &entry, err); status == SS_OK;
         status = ss_cursor_next(&c, &entry, err)) {
        status = ss_record_decode(&entry, &rec, err);
        if (status != SS_OK) {
            return status;
        }
        if (rec.rev.main > rev) {
            break;
        }
        status = ss_key_index_add(&s->index, &rec, err);
        if (status != SS_OK) {
            return status;
        }
    }
    return status == SS_OK || status == SS_END ? ss_key_index_flush(&s->index, err) : status;
}

static void part(struct lineage *l, struct side *at_a, struct side *at_b)
{
    struct ss_lineage *out = l->out;

    out->differing_count += (uint64_t)(at_a != NULL) + (uint64_t)(at_b != NULL);
    if (l->parted) {
        return;
    }
    l->parted = true;
    out->at_a = at_a != NULL;
    out->at_b = at_b != NULL;
    if (at_a != NULL) {
        out->record_a = at_a->rec;
    }
    if (at_b != NULL) {
        out->record_b = at_b->rec;
    }
    out->divergence = at_a != NULL ? at_a->rec.rev : at_b->rec.rev;
}

/*
 * Whether the compaction of `other`, at or above the record's revision, accounts for its absence there.
 * When `other` was compacted beyond the end of `s`, the key may have been written or deleted between.
 */
static enum ss_status is_compacted(struct side *s, const struct side *other, bool *compacted,
                                   struct ss_error *err)
{
    int64_t rev = other->facts.compacted;
    enum ss_status status = SS_OK;

    *compacted = s->rec.tombstone || rev > s->facts.current;
    if (*compacted) {
        return SS_OK;
    }
    if (!s->indexed) {
        status = build_index(s, rev, err);
    }
    *compacted = status == SS_OK && !ss_key_index_holds(&s->index, &s->rec);
    return status;
}

/* `s` alone has its current record. */
static enum ss_status one_sided(struct lineage *l, struct side *s, struct side *other,
                                struct ss_error *err)
{
    bool is_a = s == &l->a, compacted;

    if (s->rec.rev.main <= other->facts.compacted) {
        enum ss_status status = is_compacted(s, other, &compacted, err);

        if (status != SS_OK) {
            return status;
        }
        if (compacted) {
            *(is_a ? &l->out->gone_b : &l->out->gone_a) += 1;
        } else {
            part(l, is_a ? s : NULL, is_a ? NULL : s);
        }
    } else if (s->rec.rev.main > other->facts.last.main) {
        *(is_a ? &l->out->further_a : &l->out->further_b) += 1;
    } else {
        part(l, is_a ? s : NULL, is_a ? NULL : s);
    }
    return step(s, err);
}

static void alike(struct lineage *l, uint64_t count)
{
    l->out->equal_count += count;
    if (l->parted) {
        return;
    }
    l->out->has_common = true;
    l->out->last_common = l->a.rec.rev;
}

static const struct ss_cursor_frame *leaf_of(const struct side *s)
{
    return &s->cursor.stack[s->cursor.depth - 1];
}

/* Both stand at the start of leaves that are alike: how many elements to pass over, or 0. */
static uint32_t equal_leaf(const struct lineage *l)
{
    const struct ss_page_view *x = &leaf_of(&l->a)->page, *y = &leaf_of(&l->b)->page;
    const uint64_t id_len = sizeof(uint64_t);

    if (leaf_of(&l->a)->index != 0 || leaf_of(&l->b)->index != 0 || x->count != y->count ||
        x->big != y->big || x->run.len != y->run.len) {
        return 0;
    }
    if (memcmp(x->run.ptr + id_len, y->run.ptr + id_len, (size_t)(x->run.len - id_len)) != 0) {
        return 0;
    }
    return x->count;
}

/* Moves a side to the last element of its leaf, decoding what lies before it or not. */
static enum ss_status to_leaf_end(struct side *s, bool decode, struct ss_error *err)
{
    struct ss_cursor_frame *leaf = &s->cursor.stack[s->cursor.depth - 1];
    enum ss_status status = SS_OK;

    while (decode && status == SS_OK && leaf->index + 2 < leaf->page.count) {
        status = step(s, err);
    }
    if (status != SS_OK || leaf->index + 1 >= leaf->page.count) {
        return status;
    }
    leaf->index = leaf->page.count - 2;
    return step(s, err);
}

static enum ss_status both(struct lineage *l, struct ss_error *err)
{
    uint32_t skip = equal_leaf(l);
    enum ss_status status = SS_OK;

    if (skip > 0) {
        status = to_leaf_end(&l->a, true, err);
        if (status == SS_OK) {
            status = to_leaf_end(&l->b, false, err);
        }
        if (status == SS_OK) {
            alike(l, skip);
        }
    } else if (l->a.rec.tombstone == l->b.rec.tombstone &&
               ss_span_eq(l->a.entry.value, l->b.entry.value)) {
        alike(l, 1);
    } else {
        part(l, &l->a, &l->b);
    }
    return status;
}

static enum ss_status step_both(struct lineage *l, enum ss_side *side, struct ss_error *err)
{
    enum ss_status status;

    *side = SS_SIDE_A;
    status = both(l, err);
    if (status == SS_OK) {
        status = step(&l->a, err);
    }
    if (status != SS_OK) {
        return status;
    }
    *side = SS_SIDE_B;
    return step(&l->b, err);
}

static enum ss_status tell(struct lineage *l, struct ss_error *err)
{
    return l->steps++ % PROGRESS_COUNT != 0
               ? SS_OK
               : ss_call_tell(l->call, "comparing histories", l->steps - 1, 0, err);
}

static enum ss_status walk(struct lineage *l, enum ss_side *side, struct ss_error *err)
{
    enum ss_status status = SS_OK;

    while (status == SS_OK && !(l->a.ended && l->b.ended)) {
        int c = l->a.ended ? 1 : l->b.ended ? -1 : ss_revision_cmp(l->a.rec.rev, l->b.rec.rev);

        *side = c < 0 ? SS_SIDE_A : SS_SIDE_B;
        status = tell(l, err);
        if (status != SS_OK) {
            break;
        }
        if (c < 0) {
            status = one_sided(l, &l->a, &l->b, err);
        } else if (c > 0) {
            status = one_sided(l, &l->b, &l->a, err);
        } else {
            status = step_both(l, side, err);
        }
    }
    return status;
}

static enum ss_lineage_verdict judge(const struct ss_lineage *out)
{
    bool nothing_common = out->equal_count == 0 && !out->facts_a.empty && !out->facts_b.empty;

    if (nothing_common) {
        return SS_LINEAGE_UNRELATED;
    }
    if (out->differing_count > 0) {
        return SS_LINEAGE_DIVERGED;
    }
    if (out->further_b > 0) {
        return SS_LINEAGE_B_CONTINUES;
    }
    if (out->further_a > 0) {
        return SS_LINEAGE_A_CONTINUES;
    }
    return out->compacted_differently ? SS_LINEAGE_COMPACTED : SS_LINEAGE_SAME;
}

static enum ss_status run(struct lineage *l, const struct ss_file *a, const struct ss_file *b,
                          enum ss_side *side, struct ss_error *err)
{
    struct ss_lineage *out = l->out;
    enum ss_status status;

    *side = SS_SIDE_A;
    status = start(&l->a, a, err);
    if (status != SS_OK) {
        return status;
    }
    *side = SS_SIDE_B;
    status = start(&l->b, b, err);
    if (status == SS_OK) {
        status = walk(l, side, err);
    }
    if (status != SS_OK) {
        return status;
    }
    out->facts_a = l->a.facts;
    out->facts_b = l->b.facts;
    out->compacted_differently =
        l->a.facts.compacted != l->b.facts.compacted || out->gone_a > 0 || out->gone_b > 0;
    out->verdict = judge(out);
    *side = SS_SIDE_A;
    status = ss_source_check(&a->src, SS_OK, err);
    if (status != SS_OK) {
        return status;
    }
    *side = SS_SIDE_B;
    return ss_source_check(&b->src, SS_OK, err);
}

enum ss_status ss_lineage_compare(const struct ss_file *a, const struct ss_file *b,
                                  const struct ss_call *call, struct ss_lineage *out,
                                  enum ss_side *side, struct ss_error *err)
{
    struct lineage *l = calloc(1, sizeof(*l));
    enum ss_side ignored;
    enum ss_status status;

    ss_error_clear(err);
    *out = (struct ss_lineage){0};
    if (l == NULL) {
        return ss_nomem(err, sizeof(*l));
    }
    l->out = out;
    l->call = ss_call_or_none(call);
    status = run(l, a, b, side != NULL ? side : &ignored, err);
    ss_key_index_fini(&l->a.index);
    ss_key_index_fini(&l->b.index);
    free(l);
    return status;
}
