/*
 * build_db.c - see build_db.h. Bottom up: a bucket's leaves, branches over them until one page is
 * left, and that page's id in the parent's element.
 */
#include "build_db.h"

#include "util/endian.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_LEN 16u
#define ELEMENT_LEN 16u
#define META_LEN 64u
#define FIRST_PAGE 3u

enum {
    BRANCH = 1,
    LEAF = 2,
    META = 4,
    FREELIST = 16
};

struct item {
    uint8_t *key, *value;
    size_t key_len, value_len;
    uint64_t child; /* of a branch */
    bool is_bucket;
};

struct bucket {
    struct item *items;
    size_t count;
    uint32_t parent;
    char *name;
    bool is_inline;
};

struct ss_test_db {
    uint32_t page_size;
    uint32_t leaf_max;
    bool big;
    struct bucket *buckets;
    uint32_t bucket_count;
    uint8_t *bytes;
    uint64_t page_count;
};

static void *must(void *p)
{
    if (p == NULL) {
        abort();
    }
    return p;
}

static void *copy_of(const void *bytes, size_t len)
{
    uint8_t *copy = must(malloc(len + 1));

    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

struct ss_test_db *ss_test_db_new(uint32_t page_size, bool big)
{
    struct ss_test_db *db = must(calloc(1, sizeof(*db)));

    db->page_size = page_size;
    db->leaf_max = 65535;
    db->big = big;
    ss_test_db_bucket(db, SS_TEST_ROOT, "", false);
    return db;
}

void ss_test_db_leaf_max(struct ss_test_db *db, uint32_t count)
{
    db->leaf_max = count;
}

uint32_t ss_test_db_bucket(struct ss_test_db *db, uint32_t parent, const char *name, bool is_inline)
{
    uint32_t number = db->bucket_count++;

    db->buckets = must(realloc(db->buckets, db->bucket_count * sizeof(*db->buckets)));
    db->buckets[number] = (struct bucket){
        .parent = parent, .name = copy_of(name, strlen(name) + 1), .is_inline = is_inline};
    return number;
}

static void add_item(struct bucket *bucket, struct item item)
{
    bucket->items = must(realloc(bucket->items, (bucket->count + 1) * sizeof(item)));
    bucket->items[bucket->count++] = item;
}

void ss_test_db_put(struct ss_test_db *db, uint32_t bucket, const void *key, size_t key_len,
                    const void *value, size_t value_len)
{
    add_item(&db->buckets[bucket], (struct item){.key = copy_of(key, key_len),
                                                 .key_len = key_len,
                                                 .value = copy_of(value, value_len),
                                                 .value_len = value_len});
}

static int by_key(const void *left, const void *right)
{
    const struct item *a = left, *b = right;
    size_t n = a->key_len < b->key_len ? a->key_len : b->key_len;
    int c = memcmp(a->key, b->key, n);

    if (c != 0) {
        return c;
    }
    return a->key_len < b->key_len ? -1 : a->key_len > b->key_len;
}

static size_t items_len(const struct item *items, size_t count)
{
    size_t len = HEADER_LEN;

    for (size_t i = 0; i < count; i++) {
        len += ELEMENT_LEN + items[i].key_len + items[i].value_len;
    }
    return len;
}

static void write_header(const struct ss_test_db *db, uint8_t *page, uint64_t id, uint16_t flags,
                         size_t count, uint64_t overflow)
{
    ss_store_u64(page, id, db->big);
    ss_store_u16(page + 8, flags, db->big);
    ss_store_u16(page + 10, (uint16_t)count, db->big);
    ss_store_u32(page + 12, (uint32_t)overflow, db->big);
}

/* Elements and, behind them, their keys and values. */
static void write_items(const struct ss_test_db *db, uint8_t *page, const struct item *items,
                        size_t count, bool leaf)
{
    uint8_t *element = page + HEADER_LEN;
    uint8_t *data = element + count * ELEMENT_LEN;

    for (size_t i = 0; i < count; i++, element += ELEMENT_LEN) {
        uint32_t pos = (uint32_t)(data - element);

        if (leaf) {
            ss_store_u32(element, items[i].is_bucket, db->big);
            ss_store_u32(element + 4, pos, db->big);
            ss_store_u32(element + 8, (uint32_t)items[i].key_len, db->big);
            ss_store_u32(element + 12, (uint32_t)items[i].value_len, db->big);
        } else {
            ss_store_u32(element, pos, db->big);
            ss_store_u32(element + 4, (uint32_t)items[i].key_len, db->big);
            ss_store_u64(element + 8, items[i].child, db->big);
        }
        memcpy(data, items[i].key, items[i].key_len);
        data += items[i].key_len;
        memcpy(data, items[i].value, items[i].value_len);
        data += items[i].value_len;
    }
}

static uint8_t *add_pages(struct ss_test_db *db, uint64_t count)
{
    size_t old = (size_t)db->page_count * db->page_size;
    size_t len = (size_t)count * db->page_size;

    db->bytes = must(realloc(db->bytes, old + len));
    memset(db->bytes + old, 0, len);
    db->page_count += count;
    return db->bytes + old;
}

/* How many items the next page takes: at least one. */
static size_t page_fill(const struct ss_test_db *db, const struct item *items, size_t count)
{
    size_t n = count > 0 ? 1 : 0;

    while (n < count && n < db->leaf_max && items_len(items, n + 1) <= db->page_size) {
        n++;
    }
    return n;
}

/* Writes items as pages of one level; returns the items of the level above. */
static struct item *write_level(struct ss_test_db *db, const struct item *items, size_t count,
                                bool leaf, size_t *above)
{
    struct item *parents = NULL;
    size_t done = 0;

    *above = 0;
    do {
        size_t n = page_fill(db, items + done, count - done);
        uint64_t runs = (items_len(items + done, n) + db->page_size - 1) / db->page_size;
        uint64_t id = db->page_count;
        uint8_t *page = add_pages(db, runs);

        write_header(db, page, id, leaf ? LEAF : BRANCH, n, runs - 1);
        write_items(db, page, items + done, n, leaf);
        parents = must(realloc(parents, (*above + 1) * sizeof(*parents)));
        parents[*above] = (struct item){.child = id};
        if (n > 0) {
            parents[*above].key = parents[*above].value = items[done].key;
            parents[*above].key_len = items[done].key_len;
        }
        ++*above;
        done += n;
    } while (done < count);
    return parents;
}

/* Writes a bucket's tree; returns its root page. */
static uint64_t write_tree(struct ss_test_db *db, const struct bucket *bucket)
{
    size_t count;
    struct item *level = write_level(db, bucket->items, bucket->count, true, &count);
    uint64_t root;

    while (count > 1) {
        struct item *below = level;

        level = write_level(db, below, count, false, &count);
        free(below);
    }
    root = level[0].child;
    free(level);
    return root;
}

/* Writes bucket `number`, whose own buckets are written, and adds its element to the parent. */
static void write_bucket(struct ss_test_db *db, uint32_t number)
{
    struct bucket *bucket = &db->buckets[number];
    struct item element = {.is_bucket = true, .key_len = strlen(bucket->name)};

    if (bucket->count > 0) {
        qsort(bucket->items, bucket->count, sizeof(*bucket->items), by_key);
    }
    element.key = copy_of(bucket->name, element.key_len);
    element.value_len = HEADER_LEN;
    if (bucket->is_inline) {
        element.value_len += items_len(bucket->items, bucket->count);
    }
    element.value = must(calloc(1, element.value_len));
    if (bucket->is_inline) {
        write_header(db, element.value + HEADER_LEN, 0, LEAF, bucket->count, 0);
        write_items(db, element.value + HEADER_LEN, bucket->items, bucket->count, true);
    } else {
        ss_store_u64(element.value, write_tree(db, bucket), db->big);
    }
    add_item(&db->buckets[bucket->parent], element);
}

static void write_meta(const struct ss_test_db *db, uint64_t id, uint64_t root)
{
    uint8_t *page = db->bytes + id * db->page_size;
    uint8_t *meta = page + HEADER_LEN;
    uint64_t sum = UINT64_C(0xcbf29ce484222325);

    write_header(db, page, id, META, 0, 0);
    ss_store_u32(meta, 0xED0CDAEDu, db->big);
    ss_store_u32(meta + 4, 2, db->big);
    ss_store_u32(meta + 8, db->page_size, db->big);
    ss_store_u64(meta + 16, root, db->big);
    ss_store_u64(meta + 32, 2, db->big);
    ss_store_u64(meta + 40, db->page_count, db->big);
    ss_store_u64(meta + 48, 2 + id, db->big);
    for (size_t i = 0; i < META_LEN - 8; i++) {
        sum = (sum ^ meta[i]) * UINT64_C(0x100000001b3);
    }
    ss_store_u64(meta + 56, sum, db->big);
}

static void free_all(struct ss_test_db *db)
{
    for (uint32_t b = 0; b < db->bucket_count; b++) {
        for (size_t i = 0; i < db->buckets[b].count; i++) {
            free(db->buckets[b].items[i].key);
            free(db->buckets[b].items[i].value);
        }
        free(db->buckets[b].items);
        free(db->buckets[b].name);
    }
    free(db->buckets);
    free(db);
}

uint8_t *ss_test_db_finish(struct ss_test_db *db, size_t *len)
{
    struct bucket *root = &db->buckets[SS_TEST_ROOT];
    uint64_t root_page;
    uint8_t *bytes;

    add_pages(db, FIRST_PAGE);
    write_header(db, db->bytes + 2 * (size_t)db->page_size, 2, FREELIST, 0, 0);
    for (uint32_t b = db->bucket_count; b-- > 1;) {
        write_bucket(db, b);
    }
    if (root->count > 0) {
        qsort(root->items, root->count, sizeof(*root->items), by_key);
    }
    root_page = write_tree(db, root);
    write_meta(db, 0, root_page);
    write_meta(db, 1, root_page);
    *len = (size_t)db->page_count * db->page_size;
    bytes = db->bytes;
    free_all(db);
    return bytes;
}
