/*
 * mutate.c - see mutate.h. It shares nothing with the parser but the integers: it reads broken files too.
 */
#include "mutate.h"

#include "util/endian.h"
#include "util/fnv.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_LEN 16u
#define ELEMENT_LEN 16u
#define META_END 80u /* header and meta */
#define MAGIC 0xED0CDAEDu
#define HASH_LEN 32u
#define LEAF_MAX 256u /* elements of a leaf that is laid anew */
#define GROWTH_MAX 64u

enum {
    FLAG_BRANCH = 1,
    FLAG_LEAF = 2,
    FLAG_FREELIST = 16
};

/* A file being mutated. */
struct image {
    uint8_t *bytes;
    size_t len, cap;
    bool big;
    uint32_t page_size;
    uint64_t page_count; /* whole pages */
    fuzz_bytes_fn plain;
    struct fuzz_random *random;
};

/* A field of a structure: where it stands in it, and its width. */
struct field {
    uint8_t pos, width;
};

static const struct field meta_fields[] = {{16, 4}, {20, 4}, {24, 4}, {28, 4}, {32, 8}, {32, 8},
                                           {40, 8}, {48, 8}, {48, 8}, {56, 8}, {56, 8}, {64, 8},
                                           {64, 8}, {72, 8}, {0, 8},  {8, 2}};
static const struct field header_fields[] = {{0, 8}, {8, 2}, {10, 2}, {10, 2}, {12, 4}, {12, 4}};
static const struct field leaf_fields[] = {{0, 4}, {4, 4}, {8, 4}, {12, 4}};
static const struct field branch_fields[] = {{0, 4}, {4, 4}, {8, 8}, {8, 8}};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ----------------------------------------------------------------------------------- numbers --- */

uint64_t fuzz_random_next(struct fuzz_random *random)
{
    uint64_t z = (random->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t fuzz_random_below(struct fuzz_random *random, uint64_t n)
{
    return n == 0 ? 0 : fuzz_random_next(random) % n;
}

static uint64_t below(struct image *im, uint64_t n)
{
    return fuzz_random_below(im->random, n);
}

static bool one_in(struct image *im, uint64_t n)
{
    return below(im, n) == 0;
}

static uint64_t load(const struct image *im, size_t off, unsigned width)
{
    const uint8_t *at = im->bytes + off;

    if (width == 2) {
        return ss_load_u16(at, im->big);
    }
    return width == 4 ? ss_load_u32(at, im->big) : ss_load_u64(at, im->big);
}

static void store(struct image *im, size_t off, unsigned width, uint64_t value)
{
    uint8_t *at = im->bytes + off;

    if (width == 2) {
        ss_store_u16(at, (uint16_t)value, im->big);
    } else if (width == 4) {
        ss_store_u32(at, (uint32_t)value, im->big);
    } else {
        ss_store_u64(at, value, im->big);
    }
}

/* A number that somebody's arithmetic may not like, or a plausible one. */
static uint64_t number(struct image *im, uint64_t now)
{
    static const uint64_t edges[] = {0,          1,          2,         3,          0x7F,
                                     0x80,       0xFF,       0x100,     0x7FFF,     0x8000,
                                     0xFFFE,     0xFFFF,     0x10000,   0x7FFFFFFE, 0x7FFFFFFF,
                                     0x80000000, 0xFFFFFFF0, 0xFFFFFFFF};

    switch (below(im, 8)) {
    case 0:
        return edges[below(im, COUNT_OF(edges))];
    case 1:
        return UINT64_MAX - below(im, 3);
    case 2:
        return im->page_count + below(im, 3) - 1;
    case 3:
        return UINT64_C(1) << below(im, 64);
    case 4:
        return now + below(im, 33) - 16;
    case 5:
        return now ^ (UINT64_C(1) << below(im, 64));
    case 6:
        return im->page_size - below(im, 3) * ELEMENT_LEN;
    default:
        return below(im, im->page_count);
    }
}

/* ---------------------------------------------------------------------------------- geometry --- */

/* What the bytes say of themselves; guesses where they say nothing that helps. */
static void look(struct image *im)
{
    uint32_t size = 0;

    im->big = false;
    if (im->len >= META_END) {
        im->big = ss_load_u32(im->bytes + 16, true) == MAGIC;
        size = ss_load_u32(im->bytes + 24, im->big);
    }
    if (size < 1024 || size > 65536 || (size & (size - 1)) != 0) {
        size = 4096;
    }
    im->page_size = size;
    im->page_count = im->len / size;
}

static size_t page_off(const struct image *im, uint64_t pgid)
{
    return (size_t)(pgid * im->page_size);
}

/* Bytes of a page's run that the file has. */
static size_t run_len(const struct image *im, uint64_t pgid)
{
    uint64_t run = (load(im, page_off(im, pgid) + 12, 4) + 1) * im->page_size;
    size_t left = im->len - page_off(im, pgid);

    return run < left ? (size_t)run : left;
}

/* Whether a page is of this type; 0: a leaf or a branch. */
static bool is_page(const struct image *im, uint64_t pgid, unsigned flag)
{
    uint64_t flags = load(im, page_off(im, pgid) + 8, 2);

    return flag != 0 ? flags == flag : flags == FLAG_LEAF || flags == FLAG_BRANCH;
}

/* A page with elements, of the wanted type (0: either); false: the dice found none. */
static bool pick_page(struct image *im, unsigned flag, uint64_t *pgid, uint32_t *count)
{
    for (int i = 0; i < 16 && im->page_count > 2; i++) {
        uint64_t fit;

        *pgid = 2 + below(im, im->page_count - 2);
        if (!is_page(im, *pgid, flag)) {
            continue;
        }
        fit = (run_len(im, *pgid) - HEADER_LEN) / ELEMENT_LEN;
        *count = (uint32_t)load(im, page_off(im, *pgid) + 10, 2);
        if (*count > fit) {
            *count = (uint32_t)fit;
        }
        if (*count > 0) {
            return true;
        }
    }
    return false;
}

static size_t element_off(const struct image *im, uint64_t pgid, uint32_t i)
{
    return page_off(im, pgid) + HEADER_LEN + (size_t)i * ELEMENT_LEN;
}

/* Where an element's key and value lie, if they are inside the file. */
struct place {
    size_t key_off, key_len, value_len;
};

static bool element_place(const struct image *im, uint64_t pgid, uint32_t i, struct place *out)
{
    size_t off = element_off(im, pgid, i);
    bool leaf = is_page(im, pgid, FLAG_LEAF);
    uint64_t pos = load(im, off + (leaf ? 4 : 0), 4);
    uint64_t key_len = load(im, off + (leaf ? 8 : 4), 4);
    uint64_t value_len = leaf ? load(im, off + 12, 4) : 0;

    if (off + pos > im->len || key_len + value_len > im->len - off - pos) {
        return false;
    }
    *out = (struct place){off + (size_t)pos, (size_t)key_len, (size_t)value_len};
    return true;
}

static bool pick_element(struct image *im, unsigned flag, uint64_t *pgid, uint32_t *i,
                         struct place *place)
{
    uint32_t count;

    if (!pick_page(im, flag, pgid, &count)) {
        return false;
    }
    *i = (uint32_t)below(im, count);
    return element_place(im, *pgid, *i, place);
}

/* -------------------------------------------------------------------------------- mutations --- */

static bool change_field(struct image *im, size_t off, const struct field *fields, size_t count)
{
    const struct field *field = &fields[below(im, count)];

    store(im, off + field->pos, field->width, number(im, load(im, off + field->pos, field->width)));
    return true;
}

static bool mutate_meta(struct image *im)
{
    size_t off = one_in(im, 2) ? im->page_size : 0;

    return im->len >= off + META_END && change_field(im, off, meta_fields, COUNT_OF(meta_fields));
}

static bool mutate_header(struct image *im)
{
    return im->page_count > 2 && change_field(im, page_off(im, 2 + below(im, im->page_count - 2)),
                                              header_fields, COUNT_OF(header_fields));
}

static bool mutate_element(struct image *im)
{
    uint64_t pgid;
    uint32_t count;
    size_t off;

    if (!pick_page(im, 0, &pgid, &count)) {
        return false;
    }
    off = element_off(im, pgid, (uint32_t)below(im, count));
    return is_page(im, pgid, FLAG_LEAF)
               ? change_field(im, off, leaf_fields, COUNT_OF(leaf_fields))
               : change_field(im, off, branch_fields, COUNT_OF(branch_fields));
}

/* A child of a branch, or the root of a bucket, becomes another page. */
static bool mutate_pointer(struct image *im)
{
    struct place place;
    uint64_t pgid;
    uint32_t i;

    if (!pick_element(im, one_in(im, 2) ? FLAG_BRANCH : FLAG_LEAF, &pgid, &i, &place)) {
        return false;
    }
    if (is_page(im, pgid, FLAG_BRANCH)) {
        store(im, element_off(im, pgid, i) + 8, 8, below(im, im->page_count));
        return true;
    }
    if (place.value_len < 16) {
        return false;
    }
    store(im, element_off(im, pgid, i), 4, 1);
    store(im, place.key_off + place.key_len, 8, one_in(im, 8) ? 0 : below(im, im->page_count));
    return true;
}

/* One step up or down of a key's byte, or the bytes of the key beside it. */
static bool mutate_key(struct image *im)
{
    struct place place, other;
    uint64_t pgid;
    uint32_t i;
    size_t at;

    if (!pick_element(im, 0, &pgid, &i, &place) || place.key_len == 0) {
        return false;
    }
    if (i > 0 && one_in(im, 4) && element_place(im, pgid, i - 1, &other)) {
        size_t n = place.key_len < other.key_len ? place.key_len : other.key_len;

        memmove(im->bytes + place.key_off, im->bytes + other.key_off, n);
        return true;
    }
    at = place.key_off + (one_in(im, 2) ? place.key_len - 1 - below(im, (place.key_len + 1) / 2)
                                        : below(im, place.key_len));
    im->bytes[at] = (uint8_t)(one_in(im, 2) ? im->bytes[at] + 1 - 2 * below(im, 2)
                                            : fuzz_random_next(im->random));
    return true;
}

/* A value where it lies: what it gets shorter is left as it was. */
static bool mutate_value(struct image *im)
{
    struct place place;
    uint64_t pgid;
    uint32_t i;

    if (!pick_element(im, FLAG_LEAF, &pgid, &i, &place) || place.value_len == 0) {
        return false;
    }
    im->plain(im->bytes + place.key_off + place.key_len, place.value_len, place.value_len);
    return true;
}

static bool copy_page(struct image *im)
{
    uint64_t from, to;

    if (im->page_count < 2) {
        return false;
    }
    from = below(im, im->page_count);
    to = below(im, im->page_count);
    memmove(im->bytes + page_off(im, to), im->bytes + page_off(im, from), im->page_size);
    return from != to;
}

static bool swap_pages(struct image *im)
{
    uint64_t a, b;

    if (im->page_count < 4) {
        return false;
    }
    a = 2 + below(im, im->page_count - 2);
    b = 2 + below(im, im->page_count - 2);
    for (size_t i = 0; i < im->page_size; i++) {
        uint8_t *x = im->bytes + page_off(im, a) + i, *y = im->bytes + page_off(im, b) + i;
        uint8_t kept = *x;

        *x = *y;
        *y = kept;
    }
    return a != b;
}

static bool zero_page(struct image *im)
{
    if (im->page_count == 0) {
        return false;
    }
    memset(im->bytes + page_off(im, below(im, im->page_count)), 0, im->page_size);
    return true;
}

static bool truncate_file(struct image *im)
{
    if (im->len == 0) {
        return false;
    }
    switch (below(im, 4)) {
    case 0:
        im->len -= 1 + (size_t)below(im, im->len < 64 ? im->len : 64);
        break;
    case 1:
        im->len = im->len >= HASH_LEN ? im->len - HASH_LEN : 0;
        break;
    case 2:
        im->len = page_off(im, below(im, im->page_count + 1));
        break;
    default:
        im->len = (size_t)below(im, im->len);
    }
    return true;
}

/* Room for a page or a hash at the end, filled with what another place has, or zeroes. */
static bool extend_file(struct image *im)
{
    size_t n = one_in(im, 3) ? HASH_LEN : im->page_size;

    if (im->len < n || im->cap - im->len < n) {
        return false;
    }
    if (one_in(im, 3)) {
        memset(im->bytes + im->len, 0, n);
    } else {
        memcpy(im->bytes + im->len, im->bytes + below(im, im->len / n) * n, n);
    }
    im->len += n;
    if (n == im->page_size && one_in(im, 2)) {
        for (uint32_t meta = 0; meta < 2 && im->len >= im->page_size + META_END; meta++) {
            store(im, meta * im->page_size + 56, 8, im->len / im->page_size);
        }
    }
    return true;
}

static bool mutate_tail(struct image *im)
{
    size_t n = im->len < HASH_LEN ? im->len : HASH_LEN;

    if (n == 0) {
        return false;
    }
    if (one_in(im, 2)) {
        memset(im->bytes + im->len - n, 0, n);
    } else {
        im->bytes[im->len - 1 - below(im, n)] ^= (uint8_t)(1u << below(im, 8));
    }
    return true;
}

static bool mutate_plain(struct image *im)
{
    size_t len = im->plain(im->bytes, im->len, im->cap);

    im->len = len;
    return true;
}

/* A page's bytes as if they were nothing else. */
static bool mutate_page_bytes(struct image *im)
{
    if (im->page_count == 0) {
        return false;
    }
    im->plain(im->bytes + page_off(im, below(im, im->page_count)), im->page_size, im->page_size);
    return true;
}

/* -------------------------------------------------------------------------- a leaf laid anew --- */

/* An element; key and value in one block of the leaf's arena, with GROWTH_MAX bytes of room behind them. */
struct piece {
    uint32_t flags;
    size_t key_len, value_len;
    uint8_t *bytes;
};

struct leaf {
    struct piece pieces[LEAF_MAX];
    uint32_t count;
    uint8_t *arena;
    size_t used, cap;
};

static bool leaf_init(struct leaf *leaf, size_t cap)
{
    leaf->count = 0;
    leaf->used = 0;
    leaf->cap = cap;
    leaf->arena = malloc(cap);
    return leaf->arena != NULL;
}

static bool leaf_add(struct leaf *leaf, uint32_t at, const struct piece *piece)
{
    size_t len = piece->key_len + piece->value_len;
    uint8_t *copy = leaf->arena + leaf->used;

    if (leaf->count >= LEAF_MAX || len > leaf->cap || len + GROWTH_MAX > leaf->cap - leaf->used) {
        return false;
    }
    memcpy(copy, piece->bytes, len);
    leaf->used += len + GROWTH_MAX;
    memmove(&leaf->pieces[at + 1], &leaf->pieces[at], (leaf->count - at) * sizeof(*piece));
    leaf->pieces[at] = *piece;
    leaf->pieces[at].bytes = copy;
    leaf->count++;
    return true;
}

static void leaf_drop(struct leaf *leaf, uint32_t at)
{
    leaf->count--;
    memmove(&leaf->pieces[at], &leaf->pieces[at + 1], (leaf->count - at) * sizeof(leaf->pieces[0]));
}

/* The elements of a page that lie inside the file, as far as the arena holds them. */
static void leaf_take(const struct image *im, uint64_t pgid, uint32_t count, struct leaf *leaf)
{
    for (uint32_t i = 0; i < count; i++) {
        struct place place;
        struct piece piece;

        if (!element_place(im, pgid, i, &place)) {
            continue;
        }
        piece = (struct piece){(uint32_t)load(im, element_off(im, pgid, i), 4), place.key_len,
                               place.value_len, im->bytes + place.key_off};
        leaf_add(leaf, leaf->count, &piece);
    }
}

/* Room for the elements of a page, as far as they do not overlap, and for a few more. */
static size_t arena_len(const struct image *im, uint64_t pgid)
{
    return 2 * run_len(im, pgid) + (size_t)LEAF_MAX * GROWTH_MAX;
}

/* Lays the elements into the page's run, as many as it holds. */
static void leaf_lay(struct image *im, uint64_t pgid, const struct leaf *leaf)
{
    size_t off = page_off(im, pgid), room = run_len(im, pgid), used = HEADER_LEN, at;
    uint32_t fit = 0;

    while (fit < leaf->count) {
        const struct piece *p = &leaf->pieces[fit];

        if (ELEMENT_LEN + p->key_len + p->value_len > room - used) {
            break;
        }
        used += ELEMENT_LEN + p->key_len + p->value_len;
        fit++;
    }
    at = HEADER_LEN + (size_t)fit * ELEMENT_LEN;
    for (uint32_t i = 0; i < fit; i++) {
        const struct piece *p = &leaf->pieces[i];
        size_t element = HEADER_LEN + (size_t)i * ELEMENT_LEN;

        store(im, off + element, 4, p->flags);
        store(im, off + element + 4, 4, at - element);
        store(im, off + element + 8, 4, p->key_len);
        store(im, off + element + 12, 4, p->value_len);
        memcpy(im->bytes + off + at, p->bytes, p->key_len + p->value_len);
        at += p->key_len + p->value_len;
    }
    store(im, off + 10, 2, fit);
}

/* One element more, fewer, or another: its key goes up by one, its value is mutated. */
static void leaf_edit(struct image *im, struct leaf *leaf)
{
    uint32_t i = (uint32_t)below(im, leaf->count);
    struct piece *p = &leaf->pieces[i];

    switch (below(im, 4)) {
    case 0:
        leaf_drop(leaf, i);
        return;
    case 1:
        if (!leaf_add(leaf, i + 1, p)) {
            return;
        }
        p = &leaf->pieces[i + 1];
        if (p->key_len > 0) {
            p->bytes[p->key_len - 1]++;
        }
        break;
    case 2: /* a put becomes a tombstone, or the other way round */
        if (p->key_len == 17) {
            memmove(p->bytes + 18, p->bytes + 17, p->value_len);
            p->bytes[17] = 't';
            p->key_len = 18;
        } else if (p->key_len == 18) {
            memmove(p->bytes + 17, p->bytes + 18, p->value_len);
            p->key_len = 17;
        }
        break;
    default:
        break;
    }
    if (one_in(im, 2)) {
        p->value_len =
            im->plain(p->bytes + p->key_len, p->value_len, p->value_len + GROWTH_MAX / 2);
    }
}

static bool relay_leaf(struct image *im)
{
    struct leaf leaf;
    uint64_t pgid;
    uint32_t count;

    if (!pick_page(im, FLAG_LEAF, &pgid, &count) || !leaf_init(&leaf, arena_len(im, pgid))) {
        return false;
    }
    leaf_take(im, pgid, count, &leaf);
    if (leaf.count > 0) {
        leaf_edit(im, &leaf);
        leaf_lay(im, pgid, &leaf);
    }
    free(leaf.arena);
    return true;
}

/* ------------------------------------------------------------------------------------- seals --- */

static void seal_meta(struct image *im, size_t off)
{
    if (im->len < META_END || off > im->len - META_END) {
        return;
    }
    store(im, off + 72, 8, ss_fnv1a_64(im->bytes + off + 16, 56));
}

static void seal_ids(struct image *im)
{
    for (uint64_t pgid = 0; pgid < im->page_count;) {
        bool has_run = pgid >= 2 && (is_page(im, pgid, 0) || is_page(im, pgid, FLAG_FREELIST));
        uint64_t run = load(im, page_off(im, pgid) + 12, 4) + 1;

        store(im, page_off(im, pgid), 8, pgid);
        pgid += has_run && run <= im->page_count - pgid ? run : 1;
    }
}

static void seal(struct image *im, unsigned what)
{
    look(im);
    if ((what & FUZZ_SEAL_IDS) != 0) {
        seal_ids(im);
    }
    if ((what & FUZZ_SEAL_METAS) != 0) {
        seal_meta(im, 0);
        seal_meta(im, im->page_size);
    }
    if ((what & FUZZ_SEAL_HASH) != 0 && im->len > HASH_LEN && im->len % 512 == HASH_LEN) {
        SHA256(im->bytes, im->len - HASH_LEN, im->bytes + im->len - HASH_LEN);
    }
}

void fuzz_seal(uint8_t *bytes, size_t len, unsigned what)
{
    struct image im = {.len = len, .cap = len};

    im.bytes = bytes;
    seal(&im, what);
}

/* One mutant in five is left as it is; of the others most are sealed wholly. */
static void seal_or_not(struct image *im)
{
    if (one_in(im, 5)) {
        return;
    }
    seal(im, one_in(im, 4) ? (unsigned)below(im, FUZZ_SEAL_ALL + 1) : FUZZ_SEAL_ALL);
}

/* ---------------------------------------------------------------------------------- the file --- */

size_t fuzz_mutate_file(uint8_t *bytes, size_t len, size_t cap, fuzz_bytes_fn plain,
                        struct fuzz_random *random)
{
    static bool (*const mutations[])(struct image *) = {
        mutate_meta, mutate_header, mutate_element, mutate_element,    mutate_pointer,
        mutate_key,  mutate_value,  mutate_value,   relay_leaf,        relay_leaf,
        relay_leaf,  copy_page,     swap_pages,     zero_page,         truncate_file,
        extend_file, mutate_tail,   mutate_plain,   mutate_page_bytes,
    };
    struct image im = {.len = len, .cap = cap, .plain = plain, .random = random};
    uint64_t rounds = 1 + (fuzz_random_below(random, 3) == 0 ? fuzz_random_below(random, 4) : 0);

    im.bytes = bytes;
    for (uint64_t i = 0; i < rounds; i++) {
        bool done = false;

        look(&im);
        for (int tries = 0; tries < 8 && !done; tries++) {
            done = mutations[below(&im, COUNT_OF(mutations))](&im);
        }
        if (!done) {
            mutate_plain(&im);
        }
    }
    seal_or_not(&im);
    return im.len;
}

/* -------------------------------------------------------------------------------- crossover --- */

static int compare_keys(const struct piece *a, const struct piece *b)
{
    size_t n = a->key_len < b->key_len ? a->key_len : b->key_len;
    int c = n == 0 ? 0 : memcmp(a->bytes, b->bytes, n);

    if (c != 0) {
        return c;
    }
    return a->key_len < b->key_len ? -1 : a->key_len > b->key_len;
}

/* Some elements go where their keys belong. */
static void leaf_merge(struct image *im, struct leaf *mine, const struct leaf *theirs)
{
    for (uint32_t i = 0; i < theirs->count; i++) {
        uint32_t at = 0;

        if (!one_in(im, 4)) {
            continue;
        }
        while (at < mine->count && compare_keys(&mine->pieces[at], &theirs->pieces[i]) < 0) {
            at++;
        }
        if (at < mine->count && compare_keys(&mine->pieces[at], &theirs->pieces[i]) == 0) {
            leaf_drop(mine, at);
        }
        leaf_add(mine, at, &theirs->pieces[i]);
    }
}

/* Some elements of a leaf of `other` go into a leaf of `im`. */
static bool cross_leaves(struct image *im, const struct image *other)
{
    struct image from = *other;
    struct leaf mine, theirs;
    uint64_t pgid, their_pgid;
    uint32_t count, their_count;
    bool ok;

    if (from.big != im->big || !pick_page(im, FLAG_LEAF, &pgid, &count) ||
        !pick_page(&from, FLAG_LEAF, &their_pgid, &their_count)) {
        return false;
    }
    ok = leaf_init(&mine, 2 * arena_len(im, pgid));
    if (leaf_init(&theirs, arena_len(&from, their_pgid)) && ok) {
        leaf_take(im, pgid, count, &mine);
        leaf_take(&from, their_pgid, their_count, &theirs);
        leaf_merge(im, &mine, &theirs);
        leaf_lay(im, pgid, &mine);
    }
    free(mine.arena);
    free(theirs.arena);
    return true;
}

static void cross_pages(struct image *im, const struct image *other)
{
    uint64_t n = 1 + below(im, 3);
    size_t size = im->page_size < other->page_size ? im->page_size : other->page_size;

    for (uint64_t i = 0; i < n && im->page_count > 0 && other->page_count > 0; i++) {
        memcpy(im->bytes + page_off(im, below(im, im->page_count)),
               other->bytes + page_off(other, below(im, other->page_count)), size);
    }
}

size_t fuzz_cross_files(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                        uint8_t *out, size_t cap, struct fuzz_random *random)
{
    struct image im = {
        .bytes = out, .len = a_len < cap ? a_len : cap, .cap = cap, .random = random};
    struct image other = {.bytes = (uint8_t *)(uintptr_t)b, /* only read */
                          .len = b_len,
                          .cap = b_len,
                          .random = random};

    if (im.len > 0) {
        memcpy(out, a, im.len);
    }
    look(&im);
    look(&other);
    if (one_in(&im, 3) || !cross_leaves(&im, &other)) {
        cross_pages(&im, &other);
    }
    seal_or_not(&im);
    return im.len;
}
