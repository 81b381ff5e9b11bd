/*
 * test_locator.c - the way from a record's 8 bytes back to the record, and that it says no where the file has
 * nothing: pages behind its end, keys and values that pass it, elements that are no record.
 *
 *   0 1 metas │ 2 root leaf │ 3 leaf: revision 7 of key "a", and an element whose value passes the file's end
 */
#include "etcd/locator.h"
#include "etcd/revision.h"
#include "image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAGE_SIZE 1024u
#define PAGES 4u
#define LEAF 3u

struct fixture {
    struct ss_test_image image;
    struct ss_file *file;
    struct ss_locator at;
};

/* A leaf laid by hand: revision keys have zero bytes, which the image's C strings cannot have. */
static void lay_leaf(struct ss_test_image *image, const void *value, size_t value_len)
{
    uint64_t off = ss_test_image_page_off(image, LEAF);
    uint8_t key[SS_TOMBSTONE_LEN];
    size_t key_len = ss_revision_encode((struct ss_revision){7, 0}, false, key);

    ss_test_image_set(image, off, 8, LEAF);
    ss_test_image_set(image, off + 8, 2, 2);
    ss_test_image_set(image, off + 10, 2, 1);
    ss_test_image_set(image, off + 16 + 4, 4, 16);
    ss_test_image_set(image, off + 16 + 8, 4, key_len);
    ss_test_image_set(image, off + 16 + 12, 4, value_len);
    memcpy(image->bytes + off + 32, key, key_len);
    memcpy(image->bytes + off + 32 + key_len, value, value_len);
}

static void begin(struct fixture *f, bool big)
{
    static const uint8_t value[] = {0x0a, 1, 'a', 0x10, 7, 0x18, 7, 0x20, 1};
    struct ss_tree tree = {.root = LEAF};

    ss_test_image_init(&f->image, PAGE_SIZE, big, PAGES);
    lay_leaf(&f->image, value, sizeof(value));
    f->file = ss_test_image_open(&f->image);
    ss_locator_init(&f->at, f->file, &tree);
}

static void end(struct fixture *f)
{
    ss_close(f->file);
    ss_test_image_fini(&f->image);
}

static void finds_its_record(void **state)
{
    (void)state;
    for (unsigned big = 0; big < 2; big++) {
        struct fixture f;
        struct ss_record rec;
        struct ss_entry entry;
        uint64_t loc = ss_locator_pack(LEAF, 0);

        begin(&f, big != 0);
        assert_int_equal(ss_locator_off(&f.at, loc), LEAF * PAGE_SIZE + 16);
        assert_true(ss_locator_entry(&f.at, loc, &entry));
        assert_int_equal(entry.pgid, LEAF);
        assert_int_equal(entry.index, 0);
        assert_int_equal(entry.key.off, LEAF * PAGE_SIZE + 32);
        assert_int_equal(entry.key.len, 17);
        assert_int_equal(entry.value.len, 9);
        assert_true(ss_locator_record(&f.at, loc, &rec));
        assert_int_equal(rec.rev.main, 7);
        assert_true(ss_span_is(ss_locator_key(&f.at, loc), "a"));
        end(&f);
    }
}

/* Neither an element nor a record nor a key, and the key's pointer is good all the same. */
static void assert_none(const struct fixture *f, uint64_t loc)
{
    struct ss_record rec;
    struct ss_entry entry;
    struct ss_span key = ss_locator_key(&f->at, loc);

    assert_int_equal(ss_locator_off(&f->at, loc), SS_NONE);
    assert_false(ss_locator_entry(&f->at, loc, &entry));
    assert_int_equal(entry.pgid, loc >> 16);
    assert_int_equal(entry.index, loc & 0xffff);
    assert_false(ss_locator_record(&f->at, loc, &rec));
    assert_int_equal(key.len, 0);
    assert_non_null(key.ptr);
}

static void refuses_what_is_outside(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, false);
    assert_none(&f, ss_locator_pack(PAGES, 0));
    assert_none(&f, ss_locator_pack(LEAF, (PAGE_SIZE - 16) / 16));
    assert_none(&f, ss_locator_pack((UINT64_C(1) << 48) - 1, 0xffff));
    assert_int_equal(ss_locator_off(&f.at, ss_locator_pack(LEAF, (PAGE_SIZE - 16) / 16 - 1)),
                     PAGES * PAGE_SIZE - 16);
    end(&f);
}

/* The element is there, and what it says is not: as a page reads whose mapping failed. */
static void refuses_what_passes_the_end(void **state)
{
    static const struct {
        uint32_t pos;
        uint64_t value;
    } fields[] = {{4, PAGE_SIZE}, {8, PAGE_SIZE}, {12, PAGE_SIZE}, {12, PAGE_SIZE - 32 - 17 + 1}};

    (void)state;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        uint64_t loc = ss_locator_pack(LEAF, 0);
        struct fixture f;
        struct ss_record rec;
        struct ss_entry entry;

        begin(&f, false);
        ss_test_image_set(&f.image, LEAF * PAGE_SIZE + 16 + fields[i].pos, 4, fields[i].value);
        assert_int_equal(ss_locator_off(&f.at, loc), LEAF * PAGE_SIZE + 16);
        assert_false(ss_locator_entry(&f.at, loc, &entry));
        assert_false(ss_locator_record(&f.at, loc, &rec));
        assert_int_equal(ss_locator_key(&f.at, loc).len, 0);
        end(&f);
    }
}

/* An element whole in the file that is no record. */
static void refuses_what_is_no_record(void **state)
{
    uint64_t loc = ss_locator_pack(LEAF, 0);
    struct fixture f;
    struct ss_record rec;
    struct ss_entry entry;

    (void)state;
    begin(&f, false);
    f.image.bytes[LEAF * PAGE_SIZE + 32 + 8] = '-';
    assert_true(ss_locator_entry(&f.at, loc, &entry));
    assert_false(ss_locator_record(&f.at, loc, &rec));
    end(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_its_record),
        cmocka_unit_test(refuses_what_is_outside),
        cmocka_unit_test(refuses_what_passes_the_end),
        cmocka_unit_test(refuses_what_is_no_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
