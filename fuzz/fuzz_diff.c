/*
 * Two files compared, in parts (parts.h): A, then B.
 *
 *   - What diff(A, B) adds, diff(B, A) removes, key by key in the same order; what it modifies, the other
 *     modifies likewise. The counts add up to the live keys of both sides. 1 and 4 threads say the same.
 *   - lineage(A, B) is lineage(B, A) with the sides exchanged.
 *   - A file is alike with itself, at a revision too. Lost stretches come in order.
 *   - The JSON lines are as many as the changes.
 *
 * Bounds: 256 KiB a side; memory of at most MEMORY_MAX + MEMORY_PER_BYTE x the length of both.
 */
#include "parts.h"
#include "probe.h"

#define INPUT_MAX (UINT32_C(1) << 19)
#define MEMORY_MAX (UINT64_C(8) << 20)
#define MEMORY_PER_BYTE 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What one direction gave: a running sum over the keys of each kind of change. */
struct changes {
    enum ss_status status;
    struct ss_diff_result result;
    uint64_t sums[3];
    uint64_t counts[3];
    struct ss_span last;
};

static uint64_t add_bytes(uint64_t sum, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

static bool ascends(struct ss_span a, struct ss_span b)
{
    size_t n = (size_t)(a.len < b.len ? a.len : b.len);
    int c = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);

    return c < 0 || (c == 0 && a.len < b.len);
}

static enum ss_status see_change(void *ctx, const struct ss_diff_change *change,
                                 struct ss_error *err)
{
    struct changes *c = ctx;
    const struct ss_record *rec = change->a != NULL ? change->a : change->b;
    unsigned kind = change->change;

    (void)err;
    PROBE((change->a == NULL) == (kind == SS_CHANGE_ADDED));
    PROBE((change->b == NULL) == (kind == SS_CHANGE_REMOVED));
    PROBE((change->differs != 0) == (kind == SS_CHANGE_MODIFIED));
    PROBE(c->last.ptr == NULL || ascends(c->last, rec->key));
    c->last = rec->key;
    c->counts[kind]++;
    c->sums[kind] = add_bytes(c->sums[kind], rec->key.ptr, (size_t)rec->key.len);
    c->sums[kind] = add_bytes(c->sums[kind], &change->differs, sizeof(change->differs));
    return SS_OK;
}

static void run_diff(const struct ss_file *a, const struct ss_file *b,
                     const struct ss_diff_opts *opts, const struct ss_call *call,
                     struct changes *out)
{
    enum ss_side side;
    struct ss_error err;
    struct ss_diff_result *r = &out->result;

    *out = (struct changes){0};
    out->status = ss_diff(a, b, opts, see_change, out, call, r, &side, &err);
    if (out->status != SS_OK) {
        PROBE(side == SS_SIDE_A || side == SS_SIDE_B);
        probe_error(&err, SIZE_MAX);
        return;
    }
    PROBE(r->added == out->counts[SS_CHANGE_ADDED]);
    PROBE(r->removed == out->counts[SS_CHANGE_REMOVED]);
    PROBE(r->modified == out->counts[SS_CHANGE_MODIFIED]);
    PROBE(r->same + r->modified + r->removed == r->count_a);
    PROBE(r->same + r->modified + r->added == r->count_b);
}

static void same_changes(const struct changes *a, const struct changes *b)
{
    PROBE(a->status == b->status);
    if (a->status == SS_OK) {
        PROBE(memcmp(a->sums, b->sums, sizeof(a->sums)) == 0 &&
              memcmp(&a->result, &b->result, sizeof(a->result)) == 0);
    }
}

static void mirrored(const struct changes *ab, const struct changes *ba)
{
    PROBE((ab->status == SS_OK) == (ba->status == SS_OK));
    if (ab->status != SS_OK) {
        return;
    }
    PROBE(ab->result.rev_a == ba->result.rev_b && ab->result.rev_b == ba->result.rev_a);
    PROBE(ab->result.same == ba->result.same);
    PROBE(ab->sums[SS_CHANGE_ADDED] == ba->sums[SS_CHANGE_REMOVED]);
    PROBE(ab->sums[SS_CHANGE_REMOVED] == ba->sums[SS_CHANGE_ADDED]);
    PROBE(ab->sums[SS_CHANGE_MODIFIED] == ba->sums[SS_CHANGE_MODIFIED]);
}

static void compare_states(const struct ss_file *a, const struct ss_file *b)
{
    static const struct ss_diff_opts variants[] = {
        {0}, {.keys_only = true}, {.values_only = true}, {.ignore_lease = true}};

    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
        const struct ss_diff_opts *opts = &variants[i];
        struct changes ab, ba, four;

        run_diff(a, b, opts, &probe_one, &ab);
        run_diff(b, a, opts, &probe_one, &ba);
        mirrored(&ab, &ba);
        if (i > 0) {
            continue;
        }
        run_diff(a, b, opts, &probe_four, &four);
        same_changes(&ab, &four);
    }
}

/* A's state half-way between its compaction and its end, against B, and against A's own. */
static void compare_at_revision(const struct ss_file *a, const struct ss_file *b)
{
    struct ss_diff_opts opts = {0};
    struct ss_rev_facts facts;
    struct changes ab, ba, own;
    struct ss_error err;

    if (ss_rev_facts(a, &facts, &err) != SS_OK || !facts.is_etcd) {
        return;
    }
    PROBE(facts.compacted <= facts.current && facts.current >= 1);
    opts.rev_a = facts.compacted + (facts.current - facts.compacted) / 2;
    run_diff(a, b, &opts, &probe_one, &ab);
    opts.rev_b = opts.rev_a;
    run_diff(a, a, &opts, &probe_one, &own);
    if (own.status == SS_OK) {
        PROBE(own.result.added + own.result.removed + own.result.modified == 0);
    }
    opts.rev_a = 0;
    run_diff(b, a, &opts, &probe_one, &ba);
    mirrored(&ab, &ba);
}

static bool count_lines(void *ctx, const void *bytes, size_t len)
{
    const char *at = bytes;

    for (size_t i = 0; i < len; i++) {
        *(uint64_t *)ctx += at[i] == '\n';
    }
    return true;
}

static void compare_lines(const struct ss_file *a, const struct ss_file *b)
{
    struct ss_diff_result result;
    struct ss_error err;
    uint64_t lines = 0;

    if (ss_diff_ndjson(a, b, NULL, true, count_lines, &lines, &probe_one, &result, NULL, &err) ==
        SS_OK) {
        PROBE(lines == result.added + result.removed + result.modified);
    }
}

static bool same_revision(struct ss_revision a, struct ss_revision b)
{
    return a.main == b.main && a.sub == b.sub;
}

static enum ss_lineage_verdict exchanged(enum ss_lineage_verdict verdict)
{
    if (verdict == SS_LINEAGE_A_CONTINUES) {
        return SS_LINEAGE_B_CONTINUES;
    }
    return verdict == SS_LINEAGE_B_CONTINUES ? SS_LINEAGE_A_CONTINUES : verdict;
}

static void compare_lineage(const struct ss_file *a, const struct ss_file *b)
{
    struct ss_lineage ab, ba;
    struct ss_error err;
    enum ss_status status = ss_lineage_compare(a, b, NULL, &ab, NULL, &err);

    PROBE((ss_lineage_compare(b, a, NULL, &ba, NULL, &err) == SS_OK) == (status == SS_OK));
    if (status != SS_OK) {
        return;
    }
    PROBE(ab.verdict == exchanged(ba.verdict));
    PROBE(ab.compacted_differently == ba.compacted_differently);
    PROBE(ab.equal_count == ba.equal_count && ab.differing_count == ba.differing_count);
    PROBE(ab.gone_a == ba.gone_b && ab.gone_b == ba.gone_a);
    PROBE(ab.further_a == ba.further_b && ab.further_b == ba.further_a);
    PROBE(ab.has_common == ba.has_common && same_revision(ab.last_common, ba.last_common));
    PROBE(same_revision(ab.divergence, ba.divergence));
    PROBE(ab.at_a == ba.at_b && ab.at_b == ba.at_a);
    PROBE((ab.verdict == SS_LINEAGE_SAME) == (ba.verdict == SS_LINEAGE_SAME));
}

struct lost {
    uint64_t count;
    struct ss_revision end;
};

static bool see_lost(void *ctx, const struct ss_lost_range *range)
{
    struct lost *lost = ctx;
    struct ss_revision a = range->after, b = range->before;

    PROBE(a.main < b.main || (a.main == b.main && a.sub <= b.sub));
    PROBE(a.main > lost->end.main || (a.main == lost->end.main && a.sub >= lost->end.sub));
    probe_error(&range->why, SIZE_MAX);
    lost->end = b;
    lost->count++;
    return true;
}

static void look_alone(const struct ss_file *file)
{
    struct lost lost = {0};
    struct changes own;
    struct ss_error err;
    uint64_t count;

    run_diff(file, file, NULL, &probe_one, &own);
    if (own.status == SS_OK) {
        PROBE(own.result.added + own.result.removed + own.result.modified == 0);
    }
    if (ss_lost_revisions(file, see_lost, &lost, NULL, &count, &err) == SS_OK) {
        PROBE(lost.count == count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_parts parts = fuzz_split(data, size);
    struct ss_file *a, *b;

    if (size > INPUT_MAX) {
        return 0;
    }
    probe_memory_begin();
    a = probe_open(parts.first, parts.first_len);
    b = probe_open(parts.second, parts.second_len);
    look_alone(a);
    look_alone(b);
    compare_states(a, b);
    compare_at_revision(a, b);
    compare_lines(a, b);
    compare_lineage(a, b);
    ss_close(a);
    ss_close(b);
    probe_memory_end(MEMORY_MAX + MEMORY_PER_BYTE * size);
    return 0;
}
