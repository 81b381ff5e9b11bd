/*
 * image.h - a bbolt file in memory, laid page by page, for tests of the parser: what each page says
 * is the test's own choice, sound or not.
 *
 *   page 0  page 1  page 2 …                     page_count - 1
 *   ┌───────┬───────┬─────────────────────────────┐
 *   │ meta 0│ meta 1│ zeroes until laid           │   metas: root 2, no freelist stored,
 *   └───────┴───────┴─────────────────────────────┘   high-water page_count, txid 0 and 1
 *
 * Either byte order, any page size. Elements' keys and values lie behind the array in element order,
 * as bbolt writes them. Short memory and pages too small for what is laid end the test.
 */
#ifndef SS_TEST_IMAGE_H
#define SS_TEST_IMAGE_H

#include "snapscope.h"

struct ss_test_image {
    uint8_t *bytes;
    size_t len;
    uint32_t page_size;
    bool big;
};

/* A leaf's element (value, is_bucket) or a branch's (child). Keys are C strings. */
struct ss_test_element {
    const char *key;
    const void *value;
    size_t value_len;
    uint64_t child;
    bool is_bucket;
};

/* What a meta page says. */
struct ss_test_meta {
    uint32_t magic, version, page_size;
    uint64_t root, freelist, high_water, txid;
};

void ss_test_image_init(struct ss_test_image *image, uint32_t page_size, bool big,
                        uint64_t page_count);
void ss_test_image_fini(struct ss_test_image *image);

/* The file as the parser sees it; ends the test when it does not open. */
struct ss_file *ss_test_image_open(const struct ss_test_image *image);

/* What the sound meta `which` says, and writing one, with its checksum. */
struct ss_test_meta ss_test_image_meta(const struct ss_test_image *image, int which);
void ss_test_image_put_meta(struct ss_test_image *image, int which,
                            const struct ss_test_meta *meta);

/* Lays a page of 1 + overflow pages. */
void ss_test_image_leaf(struct ss_test_image *image, uint64_t pgid, uint32_t overflow,
                        const struct ss_test_element *elements, uint32_t count);
void ss_test_image_branch(struct ss_test_image *image, uint64_t pgid,
                          const struct ss_test_element *elements, uint32_t count);
void ss_test_image_freelist(struct ss_test_image *image, uint64_t pgid, uint32_t overflow,
                            const uint64_t *ids, uint64_t count);

/* Writes a bucket's header (16 bytes) into buf, and an inline page behind it; returns its length. */
size_t ss_test_image_bucket(const struct ss_test_image *image, uint64_t root, uint8_t buf[16]);
size_t ss_test_image_inline(const struct ss_test_image *image,
                            const struct ss_test_element *elements, uint32_t count, uint8_t *buf,
                            size_t cap);

/* Offsets: of a page, of an element, of its key. */
uint64_t ss_test_image_page_off(const struct ss_test_image *image, uint64_t pgid);
uint64_t ss_test_image_element_off(const struct ss_test_image *image, uint64_t pgid, uint32_t i);
uint64_t ss_test_image_key_off(const struct ss_test_image *image, uint64_t pgid, uint32_t i);

/* An integer of `width` bytes in the image's byte order. */
void ss_test_image_set(struct ss_test_image *image, uint64_t off, uint32_t width, uint64_t value);

#endif
