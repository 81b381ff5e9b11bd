/*
 * history.c - see history.h.
 */
#include "history.h"

#include <stdlib.h>

static void *must(void *p)
{
    if (p == NULL) {
        abort();
    }
    return p;
}

static struct ss_span copy_of(struct ss_span s)
{
    uint8_t *copy = must(malloc((size_t)s.len + 1));

    if (s.len > 0) {
        memcpy(copy, s.ptr, (size_t)s.len);
    }
    return ss_span_of(copy, (size_t)s.len);
}

const struct ss_record *ss_test_history_get(const struct ss_test_history *h, int64_t main,
                                            struct ss_span key)
{
    for (uint32_t i = h->count; i-- > 0;) {
        if (h->records[i].rev.main <= main && ss_span_eq(h->records[i].key, key)) {
            return h->records[i].tombstone ? NULL : &h->records[i];
        }
    }
    return NULL;
}

void ss_test_history_add(struct ss_test_history *h, int64_t main, int64_t sub, struct ss_span key,
                         const struct ss_span *value, int64_t lease)
{
    const struct ss_record *before = ss_test_history_get(h, main, key);
    struct ss_record rec = {.rev = {main, sub}, .key = copy_of(key), .tombstone = value == NULL};

    rec.mod_revision = main;
    if (value != NULL) {
        rec.value = copy_of(*value);
        rec.create_revision = before != NULL ? before->create_revision : main;
        rec.version = before != NULL ? before->version + 1 : 1;
        rec.lease = lease;
    }
    if (h->count == h->cap) {
        h->cap = h->cap * 2 + 16;
        h->records = must(realloc(h->records, h->cap * sizeof(*h->records)));
    }
    h->records[h->count++] = rec;
}

void ss_test_history_text(struct ss_test_history *h, int64_t main, int64_t sub, const char *key,
                          const char *value)
{
    struct ss_span put = ss_span_of(value, value != NULL ? strlen(value) : 0);

    ss_test_history_add(h, main, sub, ss_span_of(key, strlen(key)), value != NULL ? &put : NULL, 0);
}

void ss_test_history_free(struct ss_test_history *h)
{
    for (uint32_t i = 0; i < h->count; i++) {
        free((void *)(uintptr_t)h->records[i].key.ptr);
        free((void *)(uintptr_t)h->records[i].value.ptr);
    }
    free(h->records);
    *h = (struct ss_test_history){0};
}

/* Whether compaction leaves record i, as etcd's key index decides. */
static bool survives(const struct ss_test_history *h, uint32_t i, const struct ss_test_shape *shape)
{
    const struct ss_record *rec = &h->records[i];

    if (rec->rev.main > shape->compacted) {
        return true;
    }
    if (rec->tombstone) {
        return shape->keeps_tombstone && rec->rev.main == shape->compacted;
    }
    for (uint32_t j = i + 1; j < h->count && h->records[j].rev.main <= shape->compacted; j++) {
        if (ss_span_eq(h->records[j].key, rec->key)) {
            return false;
        }
    }
    return true;
}

struct ss_test_snapshot ss_test_snapshot_open(const struct ss_test_history *h,
                                              const struct ss_test_shape *shape)
{
    struct ss_test_db *db =
        ss_test_db_new(shape->page_size != 0 ? shape->page_size : 4096, shape->big);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    uint32_t meta = ss_test_db_bucket(db, SS_TEST_ROOT, "meta", false);
    struct ss_test_snapshot s;
    struct ss_error err;

    if (shape->leaf_max != 0) {
        ss_test_db_leaf_max(db, shape->leaf_max);
    }
    for (uint32_t i = 0; i < h->count; i++) {
        if ((shape->last == 0 || h->records[i].rev.main <= shape->last) && survives(h, i, shape)) {
            ss_test_put_record(db, key, &h->records[i]);
        }
    }
    if (shape->compacted > 0) {
        ss_test_put_meta_revision(db, meta, "scheduledCompactRev", shape->compacted);
        ss_test_put_meta_revision(db, meta, "finishedCompactRev", shape->compacted);
    }
    s.bytes = ss_test_db_finish(db, &s.len);
    if (ss_open_memory(s.bytes, s.len, "test", NULL, &s.file, &err) != SS_OK) {
        abort();
    }
    return s;
}

void ss_test_snapshot_close(struct ss_test_snapshot *s)
{
    ss_close(s->file);
    free(s->bytes);
}

uint64_t ss_test_random(uint64_t *seed)
{
    uint64_t x = *seed += UINT64_C(0x9E3779B97F4A7C15);

    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static struct ss_span random_bytes(uint8_t *buf, size_t len, uint64_t *seed)
{
    static const uint8_t alphabet[] = {'a', 'b', '/', '"', '\n', 0, 0xc3, 0xff};
    uint64_t letters = ss_test_random(seed) % 3 == 0 ? sizeof(alphabet) : 5;

    for (size_t i = 0; i < len; i++) {
        buf[i] = alphabet[ss_test_random(seed) % letters];
    }
    return ss_span_of(buf, len);
}

/* The n-th of a fixed set of keys: short ones, prefixes of each other, and bytes that are no text. */
static struct ss_span random_key(uint8_t buf[16], uint64_t n)
{
    uint64_t seed = n;
    size_t len = 2 + n % 3;

    random_bytes(buf, len, &seed);
    buf[len] = (uint8_t)(n & 0xff);
    buf[len + 1] = (uint8_t)(n >> 8 & 0xff);
    return ss_span_of(buf, len + 2);
}

void ss_test_history_random(struct ss_test_history *h, uint32_t count, uint32_t key_count,
                            uint64_t *seed)
{
    struct ss_revision rev = {1, 0};
    uint8_t key_buf[16], value_buf[64];

    for (uint32_t i = 0; i < count; i++) {
        uint64_t dice = ss_test_random(seed) % 16;
        struct ss_span key = random_key(key_buf, ss_test_random(seed) % key_count);
        struct ss_span value = random_bytes(value_buf, ss_test_random(seed) % 60, seed);
        const struct ss_record *old = ss_test_history_get(h, INT64_MAX, key);
        bool same_txn = dice < 3 && i > 0;

        rev = same_txn ? (struct ss_revision){rev.main, rev.sub + 1}
                       : (struct ss_revision){rev.main + 1 + (dice == 15), 0};
        if (dice == 7 && old != NULL) {
            value = old->value;
        }
        ss_test_history_add(h, rev.main, rev.sub, key, old != NULL && dice >= 12 ? NULL : &value,
                            dice == 5 ? (int64_t)(ss_test_random(seed) >> 1) : 0);
    }
}
