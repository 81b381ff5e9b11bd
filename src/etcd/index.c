/*
 * index.c - see index.h.
 *
 * What this costs is memory latency: for each record one slot, and for a key that is known already
 * the element and the key of its former record, anywhere in the file. Records wait in a queue, and
 * between two steps of one there are the steps of others, while its memory is on the way:
 *
 *   add ── asks for the slot ─► probe ── asks for the element ─► locate ── asks for the key ─► apply
 *
 * Steps before the last are guesses, which it checks: records ahead of this one may have changed the
 * slot since.
 */
#include "etcd/index.h"

#include "util/array.h"
#include "util/prefetch.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define HOMES_MIN 256u
#define STEP_WAIT 8u /* records between two steps of one; three times that fits the queue */
#define TAIL 32u     /* slots behind the last home, for a cluster that ends there */

uint64_t ss_index_seed(void)
{
    struct timespec now;
    uint64_t seed;

    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == (ssize_t)sizeof(seed)) {
        return seed;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_nsec * UINT64_C(0x9E3779B97F4A7C15) ^ (uint64_t)(uintptr_t)&now;
}

void ss_key_index_init(struct ss_key_index *x, const struct ss_file *file,
                       const struct ss_tree *tree)
{
    *x = (struct ss_key_index){.seed = ss_index_seed()};
    ss_locator_init(&x->at, file, tree);
}

void ss_key_index_fini(struct ss_key_index *x)
{
    free(x->slots);
    x->slots = NULL;
    x->home_count = x->cap = x->count = 0;
    x->queued = x->probed = x->located = x->applied = 0;
}

static uint64_t hash_key(const struct ss_key_index *x, struct ss_span key)
{
    return XXH3_64bits_withSeed(key.ptr, (size_t)key.len, x->seed);
}

static uint64_t home_of(uint64_t word, uint64_t home_count)
{
    return (uint64_t)((unsigned __int128)word * home_count >> 64);
}

static bool is_free(const struct ss_slot *slot)
{
    return slot->loc == SS_LOC_NONE;
}

/* The first slot at or behind the word's home that is free or has no smaller word. */
static uint64_t first_not_less(const struct ss_key_index *x, uint64_t word)
{
    uint64_t pos = home_of(word, x->home_count);

    while (!is_free(&x->slots[pos]) && x->slots[pos].word < word) {
        pos++;
    }
    return pos;
}

/* True: *pos is the key's slot. False: *pos is where it belongs. */
static bool find(const struct ss_key_index *x, uint64_t word, struct ss_span key, uint64_t *pos)
{
    for (*pos = first_not_less(x, word); !is_free(&x->slots[*pos]); ++*pos) {
        if (x->slots[*pos].word != word) {
            return false;
        }
        if (ss_span_eq(ss_locator_key(&x->at, x->slots[*pos].loc), key)) {
            return true;
        }
    }
    return false;
}

static void pack(struct ss_key_index *x)
{
    uint64_t n = 0;

    for (uint64_t i = 0; i < x->cap; i++) {
        if (!is_free(&x->slots[i])) {
            x->slots[n++] = x->slots[i];
        }
    }
}

/* Slots that the packed ones will take up when spread over home_count homes. */
static uint64_t spread_len(const struct ss_key_index *x, uint64_t home_count)
{
    uint64_t next = 0;

    for (uint64_t i = 0; i < x->count; i++) {
        uint64_t home = home_of(x->slots[i].word, home_count);

        next = (home > next ? home : next) + 1;
    }
    return next;
}

/* Moves the packed slots to the array's end, then each one forward to its place: never past itself. */
static void spread(struct ss_key_index *x)
{
    uint64_t from = x->cap - x->count;
    uint64_t next = 0;

    memmove(x->slots + from, x->slots, (size_t)x->count * sizeof(*x->slots));
    for (uint64_t i = 0; i < x->count; i++) {
        struct ss_slot slot = x->slots[from + i];
        uint64_t home = home_of(slot.word, x->home_count);

        while (next < home) {
            x->slots[next++] = (struct ss_slot){0};
        }
        x->slots[next++] = slot;
    }
    while (next < x->cap) {
        x->slots[next++] = (struct ss_slot){0};
    }
}

static enum ss_status grow(struct ss_key_index *x, struct ss_error *err)
{
    uint64_t homes = x->home_count < HOMES_MIN ? HOMES_MIN : x->home_count + x->home_count / 2;
    uint64_t cap, len;
    struct ss_slot *slots;

    pack(x);
    cap = spread_len(x, homes);
    cap = (cap > homes ? cap : homes) + TAIL;
    if (!ss_mul_u64(cap, sizeof(*slots), &len) || len > SIZE_MAX) {
        return ss_nomem(err, UINT64_MAX);
    }
    assert(len > 0);
    slots = realloc(x->slots, (size_t)len);
    if (slots == NULL) {
        return ss_nomem(err, len);
    }
    x->slots = slots;
    x->home_count = homes;
    x->cap = cap;
    spread(x);
    return SS_OK;
}

/* The free slot that ends the cluster at pos; cap when there is none. */
static uint64_t cluster_end(const struct ss_key_index *x, uint64_t pos)
{
    while (pos < x->cap && !is_free(&x->slots[pos])) {
        pos++;
    }
    return pos;
}

static void insert(struct ss_key_index *x, uint64_t pos, struct ss_slot slot)
{
    uint64_t end = cluster_end(x, pos);

    memmove(x->slots + pos + 1, x->slots + pos, (size_t)(end - pos) * sizeof(slot));
    x->slots[pos] = slot;
    x->count++;
}

/* Moves back what follows, up to a free slot or one that is at home already. */
static void erase(struct ss_key_index *x, uint64_t pos)
{
    uint64_t end = pos + 1;

    while (!is_free(&x->slots[end]) && home_of(x->slots[end].word, x->home_count) != end) {
        end++;
    }
    memmove(x->slots + pos, x->slots + pos + 1, (size_t)(end - pos - 1) * sizeof(*x->slots));
    x->slots[end - 1] = (struct ss_slot){0};
    x->count--;
}

/* Room for one more: the last slot always stays free, so that every probe ends. */
static bool has_room(const struct ss_key_index *x)
{
    return x->count + 1 <= x->home_count / 5 * 4 && is_free(&x->slots[x->cap - 2]);
}

static struct ss_index_pending *queue_at(struct ss_key_index *x, uint32_t n)
{
    return &x->queue[n % SS_INDEX_QUEUE];
}

/* First step: which record has this word by now, and where its element stands. */
static inline void probe(struct ss_key_index *x, struct ss_index_pending *p)
{
    uint64_t off;

    p->old = SS_LOC_NONE;
    if (x->home_count == 0) {
        return;
    }
    p->pos = first_not_less(x, p->word);
    if (is_free(&x->slots[p->pos]) || x->slots[p->pos].word != p->word) {
        return;
    }
    off = ss_locator_off(&x->at, x->slots[p->pos].loc);
    if (off == SS_NONE) {
        return;
    }
    p->old = x->slots[p->pos].loc;
    __builtin_prefetch(x->at.file->geo.bytes.ptr + off);
}

/* Second step: where its value begins, which begins with its key. */
static inline void locate(struct ss_key_index *x, struct ss_index_pending *p)
{
    struct ss_entry former;

    if (p->old == SS_LOC_NONE) {
        return;
    }
    if (!ss_locator_entry(&x->at, p->old, &former)) {
        p->old = SS_LOC_NONE;
        return;
    }
    p->old_value = former.value;
    __builtin_prefetch(former.value.ptr);
    if (former.value.len > SS_LINE_LEN) {
        __builtin_prefetch(former.value.ptr + SS_LINE_LEN);
    }
}

/* Whether what was found on the way is still so, and is this key. */
static bool is_known(const struct ss_key_index *x, const struct ss_index_pending *p)
{
    return p->old != SS_LOC_NONE && p->pos < x->cap && x->slots[p->pos].loc == p->old &&
           ss_span_eq(ss_record_key(p->old_value), p->key);
}

/* Last step: takes it in. */
static enum ss_status apply(struct ss_key_index *x, const struct ss_index_pending *p,
                            struct ss_error *err)
{
    uint64_t pos = p->pos;
    bool known = is_known(x, p);

    if (!known) {
        if ((x->home_count == 0 || !has_room(x)) && grow(x, err) != SS_OK) {
            return SS_SYSTEM;
        }
        known = find(x, p->word, p->key, &pos);
    }
    if (x->on_apply != NULL) {
        x->on_apply(x->apply_ctx, p->loc, known ? x->slots[pos].loc : SS_LOC_NONE);
    }
    if (known) {
        if (p->tombstone) {
            erase(x, pos);
        } else {
            x->slots[pos].loc = p->loc;
        }
    } else if (!p->tombstone) {
        insert(x, pos, (struct ss_slot){p->word, p->loc});
    }
    return SS_OK;
}

/* Brings what is queued forward, until only the last `keep` records wait for each step. */
static enum ss_status advance(struct ss_key_index *x, uint32_t keep, struct ss_error *err)
{
    while (x->queued - x->probed > keep) {
        probe(x, queue_at(x, x->probed++));
    }
    while (x->probed - x->located > keep) {
        locate(x, queue_at(x, x->located++));
    }
    while (x->located - x->applied > keep) {
        if (apply(x, queue_at(x, x->applied++), err) != SS_OK) {
            return SS_SYSTEM;
        }
    }
    return SS_OK;
}

enum ss_status ss_key_index_flush(struct ss_key_index *x, struct ss_error *err)
{
    return advance(x, 0, err);
}

static enum ss_status add(struct ss_key_index *x, const struct ss_index_entry *entry,
                          struct ss_error *err)
{
    *queue_at(x, x->queued++) =
        (struct ss_index_pending){.key = {entry->key, entry->key_len, SS_NONE},
                                  .word = entry->word,
                                  .loc = entry->loc,
                                  .tombstone = entry->tombstone};
    if (x->home_count > 0) {
        const struct ss_slot *home = &x->slots[home_of(entry->word, x->home_count)];

        __builtin_prefetch(home);
        __builtin_prefetch(home + SS_LINE_LEN / sizeof(*home));
    }
    return advance(x, STEP_WAIT, err);
}

static struct ss_index_entry entry_of(const struct ss_key_index *x, const struct ss_record *rec)
{
    return (struct ss_index_entry){.word = hash_key(x, rec->key),
                                   .loc = ss_locator_pack(rec->pgid, rec->index),
                                   .key = rec->key.ptr,
                                   .key_len = (uint32_t)rec->key.len,
                                   .tombstone = rec->tombstone};
}

enum ss_status ss_key_index_add(struct ss_key_index *x, const struct ss_record *rec,
                                struct ss_error *err)
{
    struct ss_index_entry entry = entry_of(x, rec);

    return add(x, &entry, err);
}

enum ss_status ss_index_list_add(struct ss_index_list *list, const struct ss_key_index *x,
                                 const struct ss_record *rec, struct ss_error *err)
{
    if (!ss_array_add(list->items, list->count, list->cap, entry_of(x, rec))) {
        return ss_nomem(err, list->count * 2 * sizeof(*list->items));
    }
    return SS_OK;
}

enum ss_status ss_key_index_add_list(struct ss_key_index *x, struct ss_index_list *list,
                                     struct ss_error *err)
{
    enum ss_status status = SS_OK;

    for (size_t i = 0; status == SS_OK && i < list->count; i++) {
        status = add(x, &list->items[i], err);
    }
    list->count = 0;
    return status;
}

void ss_index_list_fini(struct ss_index_list *list)
{
    free(list->items);
    *list = (struct ss_index_list){0};
}

bool ss_key_index_holds(const struct ss_key_index *x, const struct ss_record *rec)
{
    uint64_t loc = ss_locator_pack(rec->pgid, rec->index);
    uint64_t word;

    if (x->count == 0) {
        return false;
    }
    word = hash_key(x, rec->key);
    for (uint64_t pos = first_not_less(x, word); !is_free(&x->slots[pos]); pos++) {
        if (x->slots[pos].word != word) {
            return false;
        }
        if (x->slots[pos].loc == loc) {
            return true;
        }
    }
    return false;
}

struct ss_slot *ss_key_index_take(struct ss_key_index *x, uint64_t *count)
{
    struct ss_slot *slots;

    *count = x->count;
    if (x->count == 0) {
        ss_key_index_fini(x);
        return NULL;
    }
    pack(x);
    slots = x->slots;
    x->slots = NULL;
    ss_key_index_fini(x);
    return ss_array_cut(slots, *count);
}
