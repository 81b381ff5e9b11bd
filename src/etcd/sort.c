/*
 * sort.c - see sort.h.
 *
 *   slots    │ word loc │ word loc │ word loc │ …
 *   locs     │ loc loc loc … │ scratch …      │       ascending: keys are then read front to back
 *            └─ part ─┘└ part ┘ …                     as many keys as the room takes
 *   room     │ item item … ►      ◄ … key key │       an item a key, and a copy of the key's start
 *
 * Within a part, items are sorted by eight bytes of key at a time:
 *
 *   task: items [lo, hi), all keys alike in their first `depth` bytes, words = bytes depth … + 8
 *
 *        │ 1 │ 2 2 2 │ 3 │ 4 4 4 4 4 4 4 │ 5 5 │      sorted by word: runs of equal words
 *                          └─ largest run: becomes the task itself, last
 *              └─ any other: pushed as a task of its own, at most half as long
 *
 * so the stack holds at most one task for each bit of the count. Parts are merged at the end.
 */
#include "etcd/sort.h"

#include "util/array.h"
#include "util/endian.h"
#include "util/error.h"
#include "util/prefetch.h"

#include <assert.h>
#include <stdlib.h>

#define WORD_LEN 8u
#define SKIP_MAX 64u /* shared bytes passed over at one go: bounds what one odd key can waste */
#define STACK_MAX 65u
#define INSERT_MAX 24u

/* Keys whose element, and then value, is asked for that far ahead of its reading. */
#define AHEAD_ELEMENT UINT64_C(16)
#define AHEAD_VALUE UINT64_C(8)

#define ROOM_LEN (UINT64_C(32) << 20)
#define COPY_MAX 1024u /* of a key; what is behind that is read where it lies */
#define COPY_HEAD 4u   /* the key's length */
#define COPY_ROOM(len) ((COPY_HEAD + (len) + WORD_LEN + 3u) & ~UINT64_C(3))

#define DIGIT_BITS 11u

struct item {
    uint64_t word;
    uint32_t copy;  /* position in the room */
    uint32_t index; /* of its locator in the part */
};

#define ONE_KEY (sizeof(struct item) + COPY_ROOM(COPY_MAX)) /* at most */

struct room {
    uint8_t *bytes; /* heap; items from the front, copies from the end */
    uint64_t len;
    const struct ss_sort_keys *keys;
    const uint64_t *locs; /* of the part at hand */
};

struct task {
    uint64_t lo, hi;
    uint64_t depth;
    uint64_t next; /* runs before this have been dealt with */
    uint64_t big_lo, big_hi;
};

/* ---- items by word: quicksort that turns into heapsort when pivots are bad ---- */

static void swap_items(struct item *a, struct item *b)
{
    struct item t = *a;

    *a = *b;
    *b = t;
}

static void sift_down(struct item *s, uint64_t root, uint64_t n)
{
    struct item moved = s[root];
    uint64_t child;

    while ((child = 2 * root + 1) < n) {
        if (child + 1 < n && s[child + 1].word > s[child].word) {
            child++;
        }
        if (s[child].word <= moved.word) {
            break;
        }
        s[root] = s[child];
        root = child;
    }
    s[root] = moved;
}

static void heap_sort(struct item *s, uint64_t n)
{
    for (uint64_t i = n / 2; i-- > 0;) {
        sift_down(s, i, n);
    }
    for (uint64_t end = n; end > 1; end--) {
        swap_items(&s[0], &s[end - 1]);
        sift_down(s, 0, end - 1);
    }
}

static void insertion_sort(struct item *s, uint64_t n)
{
    for (uint64_t i = 1; i < n; i++) {
        struct item moved = s[i];
        uint64_t j = i;

        for (; j > 0 && s[j - 1].word > moved.word; j--) {
            s[j] = s[j - 1];
        }
        s[j] = moved;
    }
}

static uint64_t median(uint64_t a, uint64_t b, uint64_t c)
{
    if (a > b) {
        uint64_t t = a;

        a = b;
        b = t;
    }
    return c <= a ? a : c >= b ? b : c;
}

/* Hoare's partition: [0, cut) <= pivot <= [cut, n), both sides non-empty. */
static uint64_t partition(struct item *s, uint64_t n)
{
    uint64_t pivot = median(s[0].word, s[n / 2].word, s[n - 1].word);
    uint64_t i = 0, j = n - 1;

    for (;;) {
        while (s[i].word < pivot) {
            i++;
        }
        while (s[j].word > pivot) {
            j--;
        }
        if (i >= j) {
            return i > 0 ? i : 1;
        }
        swap_items(&s[i++], &s[j--]);
    }
}

static void sort_by_word(struct item *s, uint64_t n)
{
    struct {
        struct item *s;
        uint64_t n;
        uint32_t budget;
    } stack[STACK_MAX];
    uint32_t top = 0;
    uint32_t budget = 2;

    for (uint64_t bits = n; bits > 0; bits >>= 1) {
        budget += 2;
    }
    for (;;) {
        while (n > INSERT_MAX && budget > 0) {
            uint64_t cut = partition(s, n);
            bool left_is_short = cut < n - cut;

            budget--;
            stack[top].s = left_is_short ? s + cut : s;
            stack[top].n = left_is_short ? n - cut : cut;
            stack[top++].budget = budget;
            s = left_is_short ? s : s + cut;
            n = left_is_short ? cut : n - cut;
        }
        if (n > INSERT_MAX) {
            heap_sort(s, n);
        } else {
            insertion_sort(s, n);
        }
        if (top == 0) {
            return;
        }
        s = stack[--top].s;
        n = stack[top].n;
        budget = stack[top].budget;
    }
}

/* ---- words from keys ---- */

static uint64_t key_len(const struct room *room, const struct item *item)
{
    return ss_load_u32(room->bytes + item->copy, SS_HOST_BIG);
}

/* Bytes depth … depth + 8 of a key, big-endian, zeroes behind its end. depth <= its length. */
static uint64_t word_at(const struct room *room, const struct item *item, uint64_t depth)
{
    uint8_t bytes[WORD_LEN] = {0};
    struct ss_span key;

    if (depth + WORD_LEN <= COPY_MAX || key_len(room, item) <= COPY_MAX) {
        return ss_load_u64(room->bytes + item->copy + COPY_HEAD + depth, true);
    }
    key = room->keys->key(room->keys->ctx, room->locs[item->index]);
    if (key.len > depth) {
        memcpy(bytes, key.ptr + depth, (size_t)ss_min_u64(key.len - depth, WORD_LEN));
    }
    return ss_load_u64(bytes, true);
}

/* How many whole words all keys share from depth on, SKIP_MAX bytes at most. */
static uint64_t shared_len(const struct room *room, const struct item *items, uint64_t lo,
                           uint64_t hi, uint64_t depth)
{
    uint64_t first[SKIP_MAX / WORD_LEN];
    uint64_t count = ss_min_u64(SKIP_MAX, key_len(room, &items[lo]) - depth) / WORD_LEN;

    for (uint64_t k = 0; k < count; k++) {
        first[k] = word_at(room, &items[lo], depth + k * WORD_LEN);
    }
    for (uint64_t i = lo + 1; i < hi && count > 0; i++) {
        count = ss_min_u64(count, (key_len(room, &items[i]) - depth) / WORD_LEN);
        for (uint64_t k = 0; k < count; k++) {
            if (word_at(room, &items[i], depth + k * WORD_LEN) != first[k]) {
                count = k;
            }
        }
    }
    return count * WORD_LEN;
}

/* Makes a task of [lo, hi): passes over what all keys share from depth on, and caches words. */
static void task_init(struct task *t, const struct room *room, struct item *items, uint64_t lo,
                      uint64_t hi, uint64_t depth)
{
    depth += shared_len(room, items, lo, hi, depth);
    for (uint64_t i = lo; i < hi; i++) {
        items[i].word = word_at(room, &items[i], depth);
    }
    sort_by_word(items + lo, hi - lo);
    *t = (struct task){.lo = lo, .hi = hi, .depth = depth, .next = lo};
}

/*
 * Within a run of equal words, keys that end inside the word are prefixes of the others: brings them
 * to the front, by length, and returns where the longer ones begin.
 */
static uint64_t settle_short(const struct room *room, struct item *items, uint64_t lo, uint64_t hi,
                             uint64_t depth)
{
    uint64_t longer = lo;

    for (uint64_t i = lo; i < hi; i++) {
        uint64_t len = key_len(room, &items[i]);

        if (len < depth + WORD_LEN) {
            items[i].word = len;
            swap_items(&items[i], &items[longer++]);
        }
    }
    sort_by_word(items + lo, longer - lo);
    return longer;
}

static uint64_t run_end(const struct item *items, uint64_t lo, uint64_t hi)
{
    uint64_t end = lo + 1;

    while (end < hi && items[end].word == items[lo].word) {
        end++;
    }
    return end;
}

static void find_big_run(struct task *t, const struct item *items)
{
    for (uint64_t lo = t->lo, end; lo < t->hi; lo = end) {
        end = run_end(items, lo, t->hi);
        if (end - lo > t->big_hi - t->big_lo) {
            t->big_lo = lo;
            t->big_hi = end;
        }
    }
}

/* The next run of two or more that is not the largest one; false when there is none. */
static bool next_run(struct task *t, const struct item *items, uint64_t *lo, uint64_t *hi)
{
    while (t->next < t->hi) {
        *lo = t->next;
        *hi = t->next == t->big_lo ? t->big_hi : run_end(items, *lo, t->hi);
        t->next = *hi;
        if (*lo != t->big_lo && *hi - *lo > 1) {
            return true;
        }
    }
    return false;
}

static void sort_items(const struct room *room, struct item *items, uint64_t count)
{
    struct task stack[STACK_MAX];
    uint32_t depth = 1;
    uint64_t lo, hi;

    task_init(&stack[0], room, items, 0, count, 0);
    find_big_run(&stack[0], items);
    while (depth > 0) {
        struct task *t = &stack[depth - 1];
        uint64_t key_depth = t->depth;
        bool pushes = next_run(t, items, &lo, &hi);

        if (!pushes) {
            lo = t->big_lo;
            hi = t->big_hi;
            depth--;
        }
        if (hi - lo > 1) {
            lo = settle_short(room, items, lo, hi, key_depth);
        }
        if (hi - lo > 1) {
            task_init(&stack[depth], room, items, lo, hi, key_depth + WORD_LEN);
            find_big_run(&stack[depth++], items);
        }
    }
}

/* ---- locators in order of file ---- */

/* One stable pass by DIGIT_BITS bits. */
static void sort_by_digit(const uint64_t *from, uint64_t *to, uint64_t count, uint32_t shift)
{
    const uint64_t mask = (UINT64_C(1) << DIGIT_BITS) - 1;
    uint64_t start[UINT64_C(1) << DIGIT_BITS] = {0};
    uint64_t sum = 0;

    for (uint64_t i = 0; i < count; i++) {
        start[from[i] >> shift & mask]++;
    }
    for (uint64_t d = 0; d <= mask; d++) {
        uint64_t n = start[d];

        start[d] = sum;
        sum += n;
    }
    for (uint64_t i = 0; i < count; i++) {
        to[start[from[i] >> shift & mask]++] = from[i];
    }
}

/* Sorts locs[0, count), with as much scratch behind them. */
static void sort_locs(uint64_t *locs, uint64_t count)
{
    uint64_t *from = locs, *to = locs + count;
    uint64_t all = locs[0], some = locs[0];

    for (uint64_t i = 1; i < count; i++) {
        all &= locs[i];
        some |= locs[i];
    }
    for (uint32_t shift = 0; shift < 64; shift += DIGIT_BITS) {
        uint64_t *done = to;

        if ((all ^ some) >> shift == 0) {
            break;
        }
        sort_by_digit(from, to, count, shift);
        to = from;
        from = done;
    }
    if (from != locs) {
        memcpy(locs, from, (size_t)count * sizeof(*locs));
    }
}

/* ---- parts ---- */

static void look_ahead(const struct ss_sort_keys *keys, const uint64_t *locs, uint64_t count)
{
    if (keys->ahead != NULL) {
        keys->ahead(keys->ctx, locs, count);
    }
}

/* A copy of the key's start below `end` in the room, with zeroes behind it; returns its position. */
static uint64_t copy_key(struct room *room, struct ss_span key, uint64_t end)
{
    uint64_t len = ss_min_u64(key.len, COPY_MAX);
    uint64_t pos = end - COPY_ROOM(len);
    uint8_t *to = room->bytes + pos;

    ss_store_u32(to, (uint32_t)key.len, SS_HOST_BIG);
    memcpy(to + COPY_HEAD, key.ptr, (size_t)len);
    memset(to + COPY_HEAD + len, 0, WORD_LEN);
    return pos;
}

/* Sorts the locators of as many keys as the room takes, one at least; returns how many. */
static uint64_t sort_part(struct room *room, uint64_t *locs, uint64_t count)
{
    struct item *items = (struct item *)room->bytes;
    uint64_t end = room->len, n = 0;

    room->locs = locs;
    while (n < count && end - n * sizeof(*items) >= ONE_KEY) {
        look_ahead(room->keys, locs + n, count - n);
        end = copy_key(room, room->keys->key(room->keys->ctx, locs[n]), end);
        items[n] = (struct item){.copy = (uint32_t)end, .index = (uint32_t)n};
        n++;
    }
    sort_items(room, items, n);
    for (uint64_t i = 0; i < n; i++) {
        items[i].word = locs[items[i].index];
    }
    for (uint64_t i = 0; i < n; i++) {
        locs[i] = items[i].word;
    }
    return n;
}

/* ---- merging parts ---- */

/* What is left of a sorted part, never nothing, and its first key. */
struct run {
    uint64_t next, end;
    struct ss_span key;
};

static void read_key(const struct ss_sort_keys *keys, const uint64_t *locs, struct run *run)
{
    look_ahead(keys, locs + run->next, run->end - run->next);
    run->key = keys->key(keys->ctx, locs[run->next]);
}

/* Brings the run at `root` to its place in the heap below it, least key first. */
static void sift_run(struct run *runs, uint64_t root, uint64_t count)
{
    struct run moved = runs[root];
    uint64_t child;

    while ((child = 2 * root + 1) < count) {
        if (child + 1 < count && ss_span_cmp(runs[child + 1].key, runs[child].key) < 0) {
            child++;
        }
        if (ss_span_cmp(moved.key, runs[child].key) <= 0) {
            break;
        }
        runs[root] = runs[child];
        root = child;
    }
    runs[root] = moved;
}

static void merge_runs(const struct ss_sort_keys *keys, struct run *runs, uint64_t count,
                       const uint64_t *locs, uint64_t *to)
{
    for (uint64_t i = 0; i < count; i++) {
        read_key(keys, locs, &runs[i]);
    }
    for (uint64_t n = count / 2; n-- > 0;) {
        sift_run(runs, n, count);
    }
    while (count > 0) {
        *to++ = locs[runs[0].next++];
        if (runs[0].next < runs[0].end) {
            read_key(keys, locs, &runs[0]);
        } else {
            runs[0] = runs[--count];
        }
        sift_run(runs, 0, count);
    }
}

/* ---- all of it ---- */

static bool room_init(struct room *room, const struct ss_sort_keys *keys, uint64_t count,
                      uint64_t room_len)
{
    uint64_t len = room_len != 0 ? room_len : ROOM_LEN + count * sizeof(struct item);

    len = ss_min_u64(len, ss_mul_sat_u64(count, ONE_KEY));
    len = ss_min_u64(len < ONE_KEY ? ONE_KEY : len, UINT32_MAX);
    *room = (struct room){.keys = keys, .len = len};
    room->bytes = malloc((size_t)room->len);
    return room->bytes != NULL;
}

/* Sorts part by part; *runs are the parts, heap. */
static enum ss_status sort_parts(struct room *room, uint64_t *locs, uint64_t count,
                                 struct run **runs, uint64_t *run_count, struct ss_error *err)
{
    for (uint64_t done = 0; done < count; ++*run_count) {
        if (!ss_array_room_counted(*runs, *run_count)) {
            return ss_nomem(err, *run_count * 2 * sizeof(**runs));
        }
        (*runs)[*run_count].next = done;
        done += sort_part(room, locs + done, count - done);
        (*runs)[*run_count].end = done;
    }
    return SS_OK;
}

enum ss_status ss_sort(const struct ss_sort_keys *keys, uint64_t *locs, uint64_t count,
                       uint64_t room_len, struct ss_error *err)
{
    struct room room;
    struct run *runs = NULL;
    uint64_t run_count = 0;
    enum ss_status status;

    sort_locs(locs, count);
    if (!room_init(&room, keys, count, room_len)) {
        return ss_nomem(err, room.len);
    }
    status = sort_parts(&room, locs, count, &runs, &run_count, err);
    free(room.bytes);
    if (status == SS_OK && run_count > 1) {
        merge_runs(keys, runs, run_count, locs, locs + count);
        memcpy(locs, locs + count, (size_t)count * sizeof(*locs));
    }
    free(runs);
    return status;
}

static struct ss_span record_key(const void *ctx, uint64_t loc)
{
    return ss_locator_key(ctx, loc);
}

static void records_ahead(const void *ctx, const uint64_t *locs, uint64_t count)
{
    const struct ss_locator *at = ctx;
    struct ss_entry entry;

    if (AHEAD_ELEMENT < count) {
        ss_locator_prefetch(at, locs[AHEAD_ELEMENT]);
    }
    if (AHEAD_VALUE < count && ss_locator_entry(at, locs[AHEAD_VALUE], &entry)) {
        __builtin_prefetch(entry.value.ptr);
        if (entry.value.len > SS_LINE_LEN) {
            __builtin_prefetch(entry.value.ptr + SS_LINE_LEN);
        }
    }
}

enum ss_status ss_slots_sort(const struct ss_locator *at, struct ss_slot *slots, uint64_t count,
                             uint64_t room_len, uint64_t **out, struct ss_error *err)
{
    const struct ss_sort_keys keys = {record_key, records_ahead, at};
    uint64_t *locs = (uint64_t *)slots;
    enum ss_status status;

    assert(count > 0);
    *out = NULL;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t loc = slots[i].loc;

        locs[i] = loc;
    }
    status = ss_sort(&keys, locs, count, room_len, err);
    if (status != SS_OK) {
        free(slots);
        return status;
    }
    *out = ss_array_cut(locs, count);
    return SS_OK;
}
