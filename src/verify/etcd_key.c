/*
 * etcd_key.c - bucket `key`: revisions in order, records that say what their key says, histories
 * without holes, and what compaction should have left.
 *
 *   1 … compacted                        compacted + 1 …
 *   ┌──────────────────────────────────┬────────────────────────────────────────────────┐
 *   │ each live key's last record,      │ every main revision with sub 0, 1, 2, …         │
 *   │ tombstones at `compacted` itself, │ put:       version + 1 of the record before it, │
 *   │ a marker; all else is left over   │            or 1 and created here               │
 *   │                                   │ tombstone: of a key that is alive              │
 *   └──────────────────────────────────┴────────────────────────────────────────────────┘
 *
 * As etcd does it (mvcc storeTxnWrite, kvstore_compaction, alike in 3.4 to 3.7): a transaction that
 * changes anything takes the next main revision, and each change the next sub; the first one a server
 * writes is 2. A transaction may touch a key once. Compaction at R deletes what is at or below R but
 * the last record of each key that lives at R; 3.6 and later also keep tombstones at R.
 * While a compaction is under way only what the last finished one removed can be called left over.
 *
 * What is said of missing records holds only while nothing was lost before: behind a broken page or a
 * record that cannot be read those checks stay silent, since its own finding says so.
 */
#include "verify/etcd_parts.h"

#include "etcd/revision.h"
#include "parser/cursor.h"
#include "util/endian.h"
#include "util/error.h"
#include "util/wire.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    FIELD_KEY = 1,
    FIELD_CREATE = 2,
    FIELD_MOD = 3,
    FIELD_VERSION = 4,
    FIELD_VALUE = 5,
    FIELD_LAST = 6
};

#define NUMBER_CAP 24u

static const char *number(char text[NUMBER_CAP], int64_t n)
{
    snprintf(text, NUMBER_CAP, "%" PRId64, n);
    return text;
}

/* Where in a record's value its fields stand: the last of each counts; else the value's start. */
struct places {
    uint64_t off[FIELD_LAST + 1];
    uint64_t key_len;
    int64_t mod;
};

static enum ss_status find_places(struct ss_span value, uint64_t pgid, struct places *out,
                                  struct ss_error *err)
{
    struct ss_wire w;
    struct ss_wire_field field;
    enum ss_status status;

    *out = (struct places){.key_len = 0};
    for (size_t i = 0; i <= FIELD_LAST; i++) {
        out->off[i] = value.off;
    }
    ss_wire_init(&w, value, SS_E_RECORD, pgid);
    while ((status = ss_wire_next(&w, &field, err)) == SS_OK) {
        if (field.number > FIELD_LAST) {
            continue;
        }
        if (field.type != (field.number == FIELD_KEY || field.number == FIELD_VALUE
                               ? SS_WIRE_BYTES
                               : SS_WIRE_VARINT)) {
            return SS_CORRUPT;
        }
        out->off[field.number] = field.off;
        if (field.number == FIELD_KEY) {
            out->key_len = field.body.len;
        } else if (field.number == FIELD_MOD) {
            out->mod = (int64_t)field.value;
        }
    }
    return status;
}

void ss_etcd_check_key_init(struct ss_etcd_checks *m)
{
    struct ss_key_part *k = &m->key;
    int64_t scheduled = 0;
    struct ss_error err;

    /* The marks stand in `meta`, which is walked after `key`. Without it etcd knows of no compaction. */
    k->marks_known = ss_compaction_marks(m->file, &scheduled, &k->finished, &err) == SS_OK;
    k->compacted = scheduled > k->finished ? scheduled : k->finished;
    k->rev_blind = k->history_blind = !k->marks_known;
}

static void count_leftover(struct ss_etcd_checks *m, const struct ss_record *rec)
{
    struct ss_key_part *k = &m->key;
    struct ss_entry entry;

    if (k->leftover_count++ > 0 && ss_revision_cmp(rec->rev, k->leftover_rev) >= 0) {
        return;
    }
    if (!ss_locator_entry(&k->index.at, ss_locator_pack(rec->pgid, rec->index), &entry)) {
        return;
    }
    k->leftover_rev = rec->rev;
    k->leftover_at = ss_etcd_check_place(m, &entry, entry.key.off);
}

/* Compaction at `finished` drops what another record of that key, also at or below it, follows. */
static void check_leftover(struct ss_etcd_checks *m, const struct ss_record *rec,
                           const struct ss_record *former)
{
    int64_t finished = m->key.finished;

    if (rec->rev.main > finished) {
        return;
    }
    if (former != NULL) {
        count_leftover(m, former);
    }
    if (rec->tombstone && rec->rev.main < finished) {
        count_leftover(m, rec);
    }
}

/* A finding about one field of a record that was decoded. */
static void find_in_record(struct ss_etcd_checks *m, enum ss_check_id check,
                           const struct ss_record *rec, unsigned field, int64_t have,
                           int64_t expect, const char *detail)
{
    char have_text[NUMBER_CAP], expect_text[NUMBER_CAP];
    struct places places;
    struct ss_entry entry;
    struct ss_error err;
    struct ss_place at;

    if (!ss_locator_entry(&m->key.index.at, ss_locator_pack(rec->pgid, rec->index), &entry)) {
        return;
    }
    find_places(entry.value, entry.pgid, &places, &err);
    at = ss_etcd_check_place(m, &entry, places.off[field]);
    ss_find(m->findings, check, at, number(have_text, have),
            expect == INT64_MIN ? NULL : number(expect_text, expect), "revision %" PRId64 ": %s",
            rec->rev.main, detail);
}

/* What a put's own numbers cannot be; NULL: they can. */
static const char *wrong_in_put(const struct ss_record *rec, enum ss_check_id *check)
{
    int64_t main = rec->rev.main;

    *check = SS_CHECK_REC_CREATE;
    if (rec->create_revision <= 0 || rec->create_revision > main) {
        return "create_revision is not between 1 and the record's own revision";
    }
    *check = SS_CHECK_REC_VERSION;
    if (rec->version <= 0 || rec->version - 1 > main - rec->create_revision) {
        return "no key can have that version so long after it was created";
    }
    if ((rec->create_revision == main) != (rec->version == 1)) {
        return "version is 1 where the key was created and nowhere else";
    }
    return NULL;
}

static bool is_sane(const struct ss_record *rec)
{
    enum ss_check_id check;

    return rec->tombstone || wrong_in_put(rec, &check) == NULL;
}

static void check_follows(struct ss_etcd_checks *m, const struct ss_record *rec,
                          const struct ss_record *former)
{
    if (rec->create_revision == rec->rev.main) {
        find_in_record(m, SS_CHECK_REC_HISTORY, rec, FIELD_CREATE, rec->create_revision,
                       former->create_revision,
                       "the key is created again while it is alive; its tombstone is missing");
    } else if (rec->create_revision != former->create_revision) {
        find_in_record(m, SS_CHECK_REC_CREATE, rec, FIELD_CREATE, rec->create_revision,
                       former->create_revision,
                       "create_revision is not that of the key's record before");
    } else if (rec->version - 1 != former->version) {
        find_in_record(m, SS_CHECK_REC_VERSION, rec, FIELD_VERSION, rec->version,
                       former->version + 1,
                       "version does not follow that of the key's record before");
    }
}

/* One record against its key's live record before it, NULL when there is none. */
static void check_history(struct ss_etcd_checks *m, const struct ss_record *rec,
                          const struct ss_record *former)
{
    if (m->key.history_blind) {
        return;
    }
    check_leftover(m, rec, former);
    if (rec->rev.main <= m->key.compacted || !is_sane(rec) ||
        (former != NULL && !is_sane(former))) {
        return;
    }
    if (rec->tombstone && former == NULL) {
        find_in_record(m, SS_CHECK_REC_DEAD, rec, FIELD_KEY, rec->rev.main, INT64_MIN,
                       "a key is deleted that is not alive");
    } else if (!rec->tombstone && former != NULL) {
        check_follows(m, rec, former);
    } else if (!rec->tombstone && rec->create_revision != rec->rev.main) {
        find_in_record(m, SS_CHECK_REC_HISTORY, rec, FIELD_VERSION, rec->version, 1,
                       "the key's earlier records, which no compaction removed, are missing");
    }
}

static void on_apply(void *ctx, uint64_t loc, uint64_t former_loc)
{
    struct ss_etcd_checks *m = ctx;
    const struct ss_locator *at = &m->key.index.at;
    struct ss_record rec, former;

    if (!ss_locator_record(at, loc, &rec)) {
        return;
    }
    if (former_loc == SS_LOC_NONE) {
        check_history(m, &rec, NULL);
    } else if (ss_locator_record(at, former_loc, &former)) {
        check_history(m, &rec, &former);
    }
}

static void start_index(struct ss_etcd_checks *m, const struct ss_page_view *page)
{
    struct ss_tree tree = {.root = page->is_inline ? 0 : page->pgid, .inline_page = page->run};

    ss_key_index_init(&m->key.index, m->file, &tree);
    m->key.index.on_apply = on_apply;
    m->key.index.apply_ctx = m;
    m->key.started = true;
}

/* From here on what is missing means nothing; what was queued before is still judged. */
static enum ss_status lose(struct ss_etcd_checks *m, bool revisions, struct ss_error *err)
{
    struct ss_key_part *k = &m->key;
    enum ss_status status = k->history_blind ? SS_OK : ss_key_index_flush(&k->index, err);

    k->history_blind = true;
    k->rev_blind = k->rev_blind || revisions;
    return status;
}

static bool is_revision_shaped(struct ss_span key)
{
    return (key.len == SS_REVISION_LEN || key.len == SS_TOMBSTONE_LEN) && key.ptr[8] == '_';
}

/* A key that is no revision: by its form, or by its numbers. */
static void find_bad_revision(struct ss_etcd_checks *m, const struct ss_entry *entry,
                              const struct ss_error *err)
{
    bool negative =
        is_revision_shaped(entry->key) && ((int64_t)ss_load_u64(entry->key.ptr, true) < 0 ||
                                           (int64_t)ss_load_u64(entry->key.ptr + 9, true) < 0);

    ss_etcd_check_refused(m, negative ? SS_CHECK_REV_RANGE : SS_CHECK_REV_FORM, entry, err);
}

/* A value that the decoder refuses: no message, no key, or another record's. */
static void find_bad_record(struct ss_etcd_checks *m, const struct ss_entry *entry,
                            struct ss_revision rev, const struct ss_error *err)
{
    char have[NUMBER_CAP], expect[NUMBER_CAP];
    struct places places;
    struct ss_error ignored;

    if (find_places(entry->value, entry->pgid, &places, &ignored) != SS_END ||
        err->code != SS_E_RECORD) {
        ss_etcd_check_refused(m, SS_CHECK_REC_FORM, entry, err);
    } else if (places.key_len == 0) {
        ss_etcd_check_refused(m, SS_CHECK_REC_NO_KEY, entry, err);
    } else if (places.mod != rev.main) {
        ss_find(m->findings, SS_CHECK_REC_MOD, ss_etcd_check_place(m, entry, places.off[FIELD_MOD]),
                number(have, places.mod), number(expect, rev.main), "%s", err->message);
    } else {
        ss_etcd_check_refused(m, SS_CHECK_REC_FORM, entry, err);
    }
}

static void find_gap(struct ss_etcd_checks *m, const struct ss_entry *entry, int64_t from,
                     int64_t to)
{
    struct ss_place at = ss_etcd_check_place(m, entry, entry->key.off);
    char have[NUMBER_CAP], expect[NUMBER_CAP];

    number(have, to + 1);
    number(expect, from);
    if (from == to) {
        ss_find(m->findings, SS_CHECK_REV_GAP, at, have, expect, "revision %" PRId64 " is missing",
                from);
    } else {
        ss_find(m->findings, SS_CHECK_REV_GAP, at, have, expect,
                "revisions %" PRId64 " to %" PRId64 " are missing", from, to);
    }
}

/* The last main that is accounted for: records, compaction, or the 1 that every server starts at. */
static int64_t main_reached(const struct ss_key_part *k)
{
    int64_t reached = k->last.main > k->compacted ? k->last.main : k->compacted;

    return reached > 1 ? reached : 1;
}

/* Counts the main revisions that are jumped over, whoever says why: the verdict names them. */
static void count_missing(struct ss_key_part *k, int64_t main)
{
    int64_t reached = k->top > k->compacted ? k->top : k->compacted;

    if (reached < 1) {
        reached = 1;
    }
    if (k->marks_known && main > k->compacted && main - 1 > reached) {
        k->missing_first = k->missing_count == 0 ? reached + 1 : k->missing_first;
        k->missing_last = main - 1;
        if (k->missing_range_count < SS_MISSING_RANGES_MAX) {
            k->missing[k->missing_range_count] = (struct ss_revision_range){reached + 1, main - 1};
        }
        k->missing_range_count++;
        k->missing_count += (uint64_t)(main - 1 - reached);
    }
    if (main > k->top) {
        k->top = main;
    }
}

/* A put and a tombstone of one revision: keys that differ in the tombstone's mark alone. */
static void find_twice(struct ss_etcd_checks *m, const struct ss_entry *entry,
                       struct ss_revision rev)
{
    ss_find(m->findings, SS_CHECK_REV_TWICE, ss_etcd_check_place(m, entry, entry->key.off), NULL,
            NULL, "revision %" PRId64 ", sub revision %" PRId64 ", is a put and a tombstone",
            rev.main, rev.sub);
}

/*
 * No revision stands twice, as far as the tree's own order does not say so already; and those above the
 * compacted one take every main and every sub from 0 on.
 */
static void check_sequence(struct ss_etcd_checks *m, const struct ss_entry *entry,
                           const struct ss_record *rec)
{
    struct ss_key_part *k = &m->key;
    struct ss_revision rev = rec->rev;
    int64_t due_sub = rev.main == k->last.main ? k->last.sub + 1 : 0;
    char have[NUMBER_CAP], expect[NUMBER_CAP];

    if (ss_revision_cmp(rev, k->last) == 0 && rec->tombstone && !k->last_tombstone) {
        find_twice(m, entry, rev);
        return;
    }
    if (k->rev_blind || rev.main <= k->compacted) {
        return;
    }
    if (rev.main > main_reached(k) + 1) {
        find_gap(m, entry, main_reached(k) + 1, rev.main - 1);
    }
    if (rev.sub != due_sub) {
        ss_find(m->findings, SS_CHECK_REV_SUB_GAP,
                ss_etcd_check_place(m, entry, entry->key.off + SS_REVISION_LEN - 8),
                number(have, rev.sub), number(expect, due_sub),
                "of revision %" PRId64 " sub revisions are missing", rev.main);
    }
}

static void check_tombstone(struct ss_etcd_checks *m, const struct ss_entry *entry,
                            const struct ss_record *rec)
{
    struct places places;
    struct ss_error err;
    uint64_t key_len = rec->key.len, due = 2 + key_len;

    for (; key_len >= 0x80; key_len >>= 7) {
        due++;
    }
    if (entry->value.len == due) {
        return;
    }
    find_places(entry->value, entry->pgid, &places, &err);
    ss_find(m->findings, SS_CHECK_REC_TOMBSTONE, ss_etcd_check_place(m, entry, entry->value.off),
            NULL, NULL, "a tombstone of %" PRIu64 " bytes, its key needs %" PRIu64,
            entry->value.len, due);
}

/* What a put says of itself, against what its revision allows. */
static void check_put(struct ss_etcd_checks *m, const struct ss_record *rec)
{
    enum ss_check_id check;
    const char *why = wrong_in_put(rec, &check);

    if (why == NULL) {
        return;
    }
    if (check == SS_CHECK_REC_CREATE) {
        find_in_record(m, check, rec, FIELD_CREATE, rec->create_revision, INT64_MIN, why);
    } else {
        find_in_record(m, check, rec, FIELD_VERSION, rec->version, INT64_MIN, why);
    }
}

static enum ss_status find_empty(struct ss_etcd_checks *m, struct ss_place at, int64_t main,
                                 struct ss_error *err)
{
    ss_find(m->findings, SS_CHECK_REC_NO_KEY, at, NULL, NULL,
            "the record of revision %" PRId64 " is empty, and no revision bump", main);
    return lose(m, false, err);
}

static void find_marker(struct ss_etcd_checks *m, struct ss_place at, int64_t main)
{
    ss_find(m->findings, SS_CHECK_REC_MARKER, at, NULL, NULL,
            "revision %" PRId64 " marks a revision bump", main);
}

/*
 * No byte where a record is due: `restore --bump-revision` puts one at sub revision 0 and schedules the
 * compaction of just that revision. etcd takes it for a record of the empty key, so that the compaction
 * keeps the last one and removes those before it: of those at or below the finished mark only the last
 * can be a marker, and it is held until that is known. Any other is a record that lost its bytes.
 */
static enum ss_status take_marker(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                  const struct ss_record *rec, struct ss_error *err)
{
    struct ss_place at = ss_etcd_check_place(m, entry, entry->key.off);
    struct ss_key_part *k = &m->key;
    enum ss_status status = SS_OK;

    if (rec->rev.main > k->finished) {
        if (k->marks_known && rec->rev.main != k->compacted) {
            return find_empty(m, at, rec->rev.main, err);
        }
        find_marker(m, at, rec->rev.main);
        return SS_OK;
    }
    if (k->marker_main != 0) {
        status = find_empty(m, k->marker_at, k->marker_main, err);
    }
    k->marker_main = rec->rev.main;
    k->marker_at = at;
    return status;
}

static enum ss_status take_record(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                  const struct ss_record *rec, struct ss_error *err)
{
    check_sequence(m, entry, rec);
    if (rec->marker) {
        return take_marker(m, entry, rec, err);
    }
    if (rec->tombstone) {
        check_tombstone(m, entry, rec);
    } else {
        check_put(m, rec);
    }
    return ss_key_index_add(&m->key.index, rec, err);
}

/* An element that cannot be taken for a record; its revision may still be told. */
static enum ss_status take_broken(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                  const struct ss_record *rec, struct ss_error *why,
                                  struct ss_error *err)
{
    if (why->code == SS_E_REV_KEY) {
        find_bad_revision(m, entry, why);
        return lose(m, true, err);
    }
    find_bad_record(m, entry, rec->rev, why);
    check_sequence(m, entry, rec);
    return lose(m, false, err);
}

/* etcd reads from revision 1 on, so that one of main 0 is passed over. */
static void find_zero(struct ss_etcd_checks *m, const struct ss_entry *entry)
{
    ss_find(m->findings, SS_CHECK_REV_RANGE, ss_etcd_check_place(m, entry, entry->key.off), "0",
            NULL, "main revision 0, which etcd does not read");
}

enum ss_status ss_etcd_check_key(struct ss_etcd_checks *m, const struct ss_page_view *page,
                                 const struct ss_entry *entry, bool holes, struct ss_error *err)
{
    struct ss_key_part *k = &m->key;
    struct ss_error why;
    struct ss_record rec;
    enum ss_status status = SS_OK, decoded;

    if (!k->started) {
        start_index(m, page);
    }
    k->record_count++;
    decoded = ss_record_decode(entry, &rec, &why);
    if (holes || ss_revision_cmp(rec.rev, k->last) < 0) {
        status = lose(m, true, err);
    }
    if (status == SS_OK && rec.rev.main == 0 && (decoded == SS_OK || why.code != SS_E_REV_KEY)) {
        find_zero(m, entry);
    } else if (status == SS_OK && decoded != SS_OK) {
        status = take_broken(m, entry, &rec, &why, err);
    } else if (status == SS_OK) {
        status = take_record(m, entry, &rec, err);
    }
    if (decoded == SS_OK || why.code != SS_E_REV_KEY) {
        k->last = rec.rev;
        k->last_tombstone = rec.tombstone;
        if (rec.rev.main > k->top) {
            k->top_at = ss_etcd_check_place(m, entry, entry->key.off);
        }
        count_missing(k, rec.rev.main);
    }
    return status;
}

enum ss_status ss_etcd_check_key_end(struct ss_etcd_checks *m, struct ss_error *err)
{
    if (m->key.marker_main != 0) {
        find_marker(m, m->key.marker_at, m->key.marker_main);
    }
    return m->key.started ? ss_key_index_flush(&m->key.index, err) : SS_OK;
}

static void find_leftover(struct ss_etcd_checks *m)
{
    const struct ss_key_part *k = &m->key;

    ss_find(m->findings, SS_CHECK_COMPACT_LEFTOVER, k->leftover_at, NULL, NULL,
            "%" PRIu64 " records that the compaction at revision %" PRId64
            " removes are there, the first of revision %" PRId64,
            k->leftover_count, k->finished, k->leftover_rev.main);
}

/* The mark that compaction got to, when bucket `meta` was handed over. */
static struct ss_place mark_place(const struct ss_etcd_checks *m)
{
    const struct ss_meta_part *meta = &m->meta;

    if (meta->has_scheduled && meta->scheduled == m->key.compacted) {
        return meta->scheduled_at;
    }
    if (meta->has_finished) {
        return meta->finished_at;
    }
    return (struct ss_place){SS_NONE, SS_NONE, SS_NONE, ss_etcd_bucket_name(SS_IN_META)};
}

/* By a record, or by the mark that compaction got to: etcd goes on from the greater. */
static void find_end(struct ss_etcd_checks *m)
{
    const struct ss_key_part *k = &m->key;
    bool marked = k->marks_known && k->compacted == INT64_MAX;
    char have[NUMBER_CAP];

    if (k->top == INT64_MAX || marked) {
        ss_find(m->findings, SS_CHECK_REV_END, k->top == INT64_MAX ? k->top_at : mark_place(m),
                number(have, INT64_MAX), NULL,
                "the revision is the last that there is: no put succeeds any more");
    }
}

void ss_etcd_check_key_finish(struct ss_etcd_checks *m)
{
    const struct ss_key_part *k = &m->key;
    char have[NUMBER_CAP], expect[NUMBER_CAP];

    if (k->leftover_count > 0) {
        find_leftover(m);
    }
    find_end(m);
    if (k->marks_known && ss_etcd_check_whole(m, SS_IN_KEY) && k->compacted > k->last.main) {
        ss_find(m->findings, SS_CHECK_COMPACT_AHEAD, mark_place(m), number(have, k->compacted),
                number(expect, k->last.main),
                "compacted at revision %" PRId64 ", the last record is of revision %" PRId64,
                k->compacted, k->last.main);
    }
}
