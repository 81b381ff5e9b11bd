/*
 * image.c - see image.h.
 */
#include "image.h"

#include "util/endian.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_LEN 16u
#define ELEMENT_LEN 16u
#define META_MAGIC 0xED0CDAEDu
#define META_FLAGS 4u
#define LEAF_FLAGS 2u
#define BRANCH_FLAGS 1u
#define FREELIST_FLAGS 16u

static void need(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void put_header(uint8_t *p, bool big, uint64_t id, uint16_t flags, uint16_t count,
                       uint32_t overflow)
{
    ss_store_u64(p, id, big);
    ss_store_u16(p + 8, flags, big);
    ss_store_u16(p + 10, count, big);
    ss_store_u32(p + 12, overflow, big);
}

static uint64_t fnv1a_64(const uint8_t *bytes, size_t len)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    }
    return hash;
}

uint64_t ss_test_image_page_off(const struct ss_test_image *image, uint64_t pgid)
{
    return pgid * image->page_size;
}

static uint8_t *page_at(struct ss_test_image *image, uint64_t pgid, uint64_t pages)
{
    need((pgid + pages) * image->page_size <= image->len);
    return image->bytes + ss_test_image_page_off(image, pgid);
}

void ss_test_image_put_meta(struct ss_test_image *image, int which, const struct ss_test_meta *meta)
{
    uint8_t *page = page_at(image, (uint64_t)which, 1);
    uint8_t *m = page + HEADER_LEN;
    bool big = image->big;

    put_header(page, big, (uint64_t)which, META_FLAGS, 0, 0);
    ss_store_u32(m, meta->magic, big);
    ss_store_u32(m + 4, meta->version, big);
    ss_store_u32(m + 8, meta->page_size, big);
    ss_store_u32(m + 12, 0, big);
    ss_store_u64(m + 16, meta->root, big);
    ss_store_u64(m + 24, 0, big);
    ss_store_u64(m + 32, meta->freelist, big);
    ss_store_u64(m + 40, meta->high_water, big);
    ss_store_u64(m + 48, meta->txid, big);
    ss_store_u64(m + 56, fnv1a_64(m, 56), big);
}

struct ss_test_meta ss_test_image_meta(const struct ss_test_image *image, int which)
{
    return (struct ss_test_meta){.magic = META_MAGIC,
                                 .version = 2,
                                 .page_size = image->page_size,
                                 .root = 2,
                                 .freelist = UINT64_MAX,
                                 .high_water = image->len / image->page_size,
                                 .txid = (uint64_t)which};
}

void ss_test_image_init(struct ss_test_image *image, uint32_t page_size, bool big,
                        uint64_t page_count)
{
    *image = (struct ss_test_image){
        .len = (size_t)page_count * page_size, .page_size = page_size, .big = big};
    image->bytes = calloc(1, image->len);
    need(image->bytes != NULL);
    for (int which = 0; which < 2; which++) {
        struct ss_test_meta meta = ss_test_image_meta(image, which);

        ss_test_image_put_meta(image, which, &meta);
    }
}

void ss_test_image_fini(struct ss_test_image *image)
{
    free(image->bytes);
    image->bytes = NULL;
}

struct ss_file *ss_test_image_open(const struct ss_test_image *image)
{
    struct ss_file *file;
    struct ss_error err;

    need(ss_open_memory(image->bytes, image->len, "image", NULL, &file, &err) == SS_OK);
    return file;
}

/* Elements behind the header at p, with `cap` bytes in all; returns the bytes used. */
static size_t lay_leaf(uint8_t *p, size_t cap, bool big, const struct ss_test_element *elements,
                       uint32_t count)
{
    size_t data = HEADER_LEN + (size_t)count * ELEMENT_LEN;

    for (uint32_t i = 0; i < count; i++) {
        const struct ss_test_element *e = &elements[i];
        size_t at = HEADER_LEN + (size_t)i * ELEMENT_LEN;
        size_t key_len = strlen(e->key);

        need(data + key_len + e->value_len <= cap);
        ss_store_u32(p + at, e->is_bucket ? 1 : 0, big);
        ss_store_u32(p + at + 4, (uint32_t)(data - at), big);
        ss_store_u32(p + at + 8, (uint32_t)key_len, big);
        ss_store_u32(p + at + 12, (uint32_t)e->value_len, big);
        memcpy(p + data, e->key, key_len);
        if (e->value_len > 0) {
            memcpy(p + data + key_len, e->value, e->value_len);
        }
        data += key_len + e->value_len;
    }
    return data;
}

void ss_test_image_leaf(struct ss_test_image *image, uint64_t pgid, uint32_t overflow,
                        const struct ss_test_element *elements, uint32_t count)
{
    uint64_t pages = 1 + (uint64_t)overflow;
    uint8_t *p = page_at(image, pgid, pages);

    memset(p, 0, (size_t)pages * image->page_size);
    put_header(p, image->big, pgid, LEAF_FLAGS, (uint16_t)count, overflow);
    lay_leaf(p, (size_t)pages * image->page_size, image->big, elements, count);
}

void ss_test_image_branch(struct ss_test_image *image, uint64_t pgid,
                          const struct ss_test_element *elements, uint32_t count)
{
    uint8_t *p = page_at(image, pgid, 1);
    size_t data = HEADER_LEN + (size_t)count * ELEMENT_LEN;

    memset(p, 0, image->page_size);
    put_header(p, image->big, pgid, BRANCH_FLAGS, (uint16_t)count, 0);
    for (uint32_t i = 0; i < count; i++) {
        size_t at = HEADER_LEN + (size_t)i * ELEMENT_LEN;
        size_t key_len = strlen(elements[i].key);

        need(data + key_len <= image->page_size);
        ss_store_u32(p + at, (uint32_t)(data - at), image->big);
        ss_store_u32(p + at + 4, (uint32_t)key_len, image->big);
        ss_store_u64(p + at + 8, elements[i].child, image->big);
        memcpy(p + data, elements[i].key, key_len);
        data += key_len;
    }
}

void ss_test_image_freelist(struct ss_test_image *image, uint64_t pgid, uint32_t overflow,
                            const uint64_t *ids, uint64_t count)
{
    uint64_t pages = 1 + (uint64_t)overflow;
    uint8_t *p = page_at(image, pgid, pages);
    bool longer = count >= 0xFFFF;
    uint8_t *at = p + HEADER_LEN + (longer ? 8 : 0);

    need(HEADER_LEN + 8 + count * 8 <= pages * image->page_size);
    memset(p, 0, (size_t)pages * image->page_size);
    put_header(p, image->big, pgid, FREELIST_FLAGS, longer ? 0xFFFF : (uint16_t)count, overflow);
    if (longer) {
        ss_store_u64(p + HEADER_LEN, count, image->big);
    }
    for (uint64_t i = 0; i < count; i++) {
        ss_store_u64(at + i * 8, ids[i], image->big);
    }
}

size_t ss_test_image_bucket(const struct ss_test_image *image, uint64_t root, uint8_t buf[16])
{
    ss_store_u64(buf, root, image->big);
    ss_store_u64(buf + 8, 0, image->big);
    return 16;
}

size_t ss_test_image_inline(const struct ss_test_image *image,
                            const struct ss_test_element *elements, uint32_t count, uint8_t *buf,
                            size_t cap)
{
    size_t len = ss_test_image_bucket(image, 0, buf);

    need(cap >= len + HEADER_LEN);
    put_header(buf + len, image->big, 0, LEAF_FLAGS, (uint16_t)count, 0);
    return len + lay_leaf(buf + len, cap - len, image->big, elements, count);
}

uint64_t ss_test_image_element_off(const struct ss_test_image *image, uint64_t pgid, uint32_t i)
{
    return ss_test_image_page_off(image, pgid) + HEADER_LEN + (uint64_t)i * ELEMENT_LEN;
}

uint64_t ss_test_image_key_off(const struct ss_test_image *image, uint64_t pgid, uint32_t i)
{
    uint64_t page = ss_test_image_page_off(image, pgid);
    uint64_t off = ss_test_image_element_off(image, pgid, i);
    bool is_leaf = ss_load_u16(image->bytes + page + 8, image->big) == LEAF_FLAGS;

    return off + ss_load_u32(image->bytes + off + (is_leaf ? 4 : 0), image->big);
}

void ss_test_image_set(struct ss_test_image *image, uint64_t off, uint32_t width, uint64_t value)
{
    uint8_t *p = image->bytes + off;

    need(off + width <= image->len);
    if (width == 2) {
        ss_store_u16(p, (uint16_t)value, image->big);
    } else if (width == 4) {
        ss_store_u32(p, (uint32_t)value, image->big);
    } else {
        ss_store_u64(p, value, image->big);
    }
}
