/*
 * sort.c - see sort.h.
 *
 *   task: items [lo, hi), all keys alike in their first `depth` bytes, words = bytes depth … + 8
 *
 *        │ 1 │ 2 2 2 │ 3 │ 4 4 4 4 4 4 4 │ 5 5 │      sorted by word: runs of equal words
 *                          └─ largest run: becomes the task itself, last
 *              └─ any other: pushed as a task of its own, at most half as long
 *
 * so the stack holds at most one task for each bit of the count.
 */
#include "etcd/sort.h"

#include "etcd/touch.h"
#include "util/endian.h"

#include <stdlib.h>

#define WORD_LEN 8u
#define SKIP_MAX 64u /* shared bytes passed over at one go: bounds what one odd key can waste */
#define STACK_MAX 65u
#define INSERT_MAX 24u
#define AHEAD UINT64_C(16)

#define LONG_KEY 0xffffu /* or longer: its length is looked up */

/* A slot on its way to its place: `key` is the key's file offset << 16 | its length. */
struct item {
    uint64_t word;
    uint64_t loc;
    uint64_t key;
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
        if (child + 1 < n && s[child + 1].word > s[child].word)
            child++;
        if (s[child].word <= moved.word)
            break;
        s[root] = s[child];
        root = child;
    }
    s[root] = moved;
}

static void heap_sort(struct item *s, uint64_t n)
{
    for (uint64_t i = n / 2; i-- > 0;)
        sift_down(s, i, n);
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

        for (; j > 0 && s[j - 1].word > moved.word; j--)
            s[j] = s[j - 1];
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
        while (s[i].word < pivot)
            i++;
        while (s[j].word > pivot)
            j--;
        if (i >= j)
            return i > 0 ? i : 1;
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

    for (uint64_t bits = n; bits > 0; bits >>= 1)
        budget += 2;
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
        if (n > INSERT_MAX)
            heap_sort(s, n);
        else
            insertion_sort(s, n);
        if (top == 0)
            return;
        s = stack[--top].s;
        n = stack[top].n;
        budget = stack[top].budget;
    }
}

/* ---- words from keys ---- */

static struct ss_span key_of(const struct ss_locator *at, const struct item *item)
{
    uint64_t off = item->key >> 16, len = item->key & LONG_KEY;

    if (len == LONG_KEY)
        return ss_locator_key(at, item->loc);
    return (struct ss_span){at->file->bytes.ptr + off, len, off};
}

/* Loads from the key that a loop will reach in some steps. */
static void key_ahead(const struct ss_locator *at, const struct item *items, uint64_t i,
                      uint64_t hi)
{
    if (i + AHEAD < hi)
        ss_touch(at->file->bytes.ptr + (items[i + AHEAD].key >> 16));
}

/* Bytes depth … depth + 8 of a key, big-endian, zeroes behind its end. */
static uint64_t word_at(struct ss_span key, uint64_t depth)
{
    uint8_t bytes[WORD_LEN] = {0};

    if (key.len >= depth + WORD_LEN)
        return ss_load_u64(key.ptr + depth, true);
    if (key.len > depth)
        memcpy(bytes, key.ptr + depth, (size_t)(key.len - depth));
    return ss_load_u64(bytes, true);
}

static uint64_t shared_len(struct ss_span a, struct ss_span b, uint64_t depth, uint64_t max)
{
    uint64_t n = 0;

    max = ss_min_u64(max, a.len > depth ? a.len - depth : 0);
    max = ss_min_u64(max, b.len > depth ? b.len - depth : 0);
    while (n < max && a.ptr[depth + n] == b.ptr[depth + n])
        n++;
    return n;
}

/* Makes a task of [lo, hi): passes over what all keys share from depth on, and caches words. */
static void task_init(struct task *t, const struct ss_locator *at, struct item *items, uint64_t lo,
                      uint64_t hi, uint64_t depth)
{
    struct ss_span first = key_of(at, &items[lo]);
    uint64_t skip = SKIP_MAX;

    for (uint64_t i = lo + 1; i < hi && skip > 0; i++) {
        key_ahead(at, items, i, hi);
        skip = shared_len(first, key_of(at, &items[i]), depth, skip);
    }
    depth += skip;
    for (uint64_t i = lo; i < hi; i++) {
        key_ahead(at, items, i, hi);
        items[i].word = word_at(key_of(at, &items[i]), depth);
    }
    sort_by_word(items + lo, hi - lo);
    *t = (struct task){.lo = lo, .hi = hi, .depth = depth, .next = lo};
}

/*
 * Within a run of equal words, keys that end inside the word are prefixes of the others: brings them
 * to the front, by length, and returns where the longer ones begin.
 */
static uint64_t settle_short(const struct ss_locator *at, struct item *items, uint64_t lo,
                             uint64_t hi, uint64_t depth)
{
    uint64_t longer = lo;

    for (uint64_t i = lo; i < hi; i++) {
        uint64_t len = key_of(at, &items[i]).len;

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

    while (end < hi && items[end].word == items[lo].word)
        end++;
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
        if (*lo != t->big_lo && *hi - *lo > 1)
            return true;
    }
    return false;
}

static void sort_items(const struct ss_locator *at, struct item *items, uint64_t count)
{
    struct task stack[STACK_MAX];
    uint32_t depth = 1;
    uint64_t lo, hi;

    task_init(&stack[0], at, items, 0, count, 0);
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
        if (hi - lo > 1)
            lo = settle_short(at, items, lo, hi, key_depth);
        if (hi - lo > 1) {
            task_init(&stack[depth], at, items, lo, hi, key_depth + WORD_LEN);
            find_big_run(&stack[depth++], items);
        }
    }
}

/* ---- slots to items to locators, in one array ---- */

static uint64_t pack_key(struct ss_span key)
{
    return key.off << 16 | (key.len < LONG_KEY ? key.len : LONG_KEY);
}

/* Spreads slots of 16 bytes to items of 24, from the end, so that none is written over unread. */
static void make_items(const struct ss_locator *at, struct item *items, uint64_t count)
{
    const struct ss_slot *slots = (const struct ss_slot *)items;

    for (uint64_t i = count; i-- > 0;) {
        uint64_t loc = slots[i].loc, off;
        struct ss_entry entry;

        if (i >= 2 * AHEAD && (off = ss_locator_off(at, slots[i - 2 * AHEAD].loc)) != SS_NONE)
            ss_touch(at->file->bytes.ptr + off);
        if (i >= AHEAD && ss_locator_entry(at, slots[i - AHEAD].loc, &entry))
            ss_touch_span(entry.value);
        items[i] = (struct item){.loc = loc, .key = pack_key(ss_locator_key(at, loc))};
    }
}

uint64_t *ss_slots_sort(const struct ss_locator *at, struct ss_slot *slots, uint64_t count)
{
    struct item *items;
    uint64_t *locs, *cut;
    uint64_t len;

    if (!ss_mul_u64(count, sizeof(*items), &len) || len > SIZE_MAX || len == 0 ||
        (items = realloc(slots, (size_t)len)) == NULL) {
        free(slots);
        return NULL;
    }
    make_items(at, items, count);
    sort_items(at, items, count);
    locs = (uint64_t *)items;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t loc = items[i].loc;

        locs[i] = loc;
    }
    cut = realloc(locs, (size_t)count * sizeof(*locs));
    return cut != NULL ? cut : locs;
}
