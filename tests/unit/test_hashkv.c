/*
 * hashkv where nothing is live any more: the rule for compacted records is then off in etcd, and what
 * a member has left decides. A file that was compacted and one that is hashed as if it were agree.
 */
#include "build_etcd.h"

#include "util/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Records 2: put a, 3: put b, 4: delete a, 5: delete b, those of `present`; compacted there, or not. */
static uint32_t hash_of(const char *present, int64_t finished, int64_t rev, int64_t compact_rev)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    uint32_t meta = ss_test_db_bucket(db, SS_TEST_ROOT, "meta", false);
    struct ss_hashkv got;
    struct ss_error err;
    struct ss_file *file;
    uint8_t *bytes;
    size_t len;

    for (const char *p = present; *p != '\0'; p++) {
        if (*p <= '3') {
            ss_test_put_text(db, key, *p - '0', 0, *p == '2' ? "a" : "b", "v");
        } else {
            ss_test_delete_text(db, key, *p - '0', 0, *p == '4' ? "a" : "b");
        }
    }
    if (finished > 0) {
        ss_test_put_meta_revision(db, meta, "finishedCompactRev", finished);
    }
    bytes = ss_test_db_finish(db, &len);
    assert_int_equal(ss_open_memory(bytes, len, "test", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_hashkv(file, rev, compact_rev, NULL, &got, &err), SS_OK);
    assert_int_equal(got.compact_revision, compact_rev > 0 ? compact_rev
                                           : finished > 0  ? finished
                                                           : -1);
    ss_close(file);
    free(bytes);
    return got.hash;
}

static void compacted_and_as_if_agree(void **state)
{
    (void)state;
    assert_int_equal(hash_of("2345", 0, 5, 3), hash_of("2345", 3, 5, 0));
    assert_int_equal(hash_of("2345", 0, 5, 4), hash_of("345", 4, 5, 0));
    assert_int_equal(hash_of("2345", 0, 5, 4), hash_of("35", 4, 5, 0));
    assert_int_equal(hash_of("2345", 0, 5, 5), hash_of("5", 5, 5, 0));
    assert_int_equal(hash_of("345", 4, 5, 5), hash_of("", 5, 5, 0));
    assert_int_not_equal(hash_of("2345", 0, 5, 0), hash_of("2345", 0, 5, 4));
}

static void what_is_live_decides(void **state)
{
    (void)state;
    /* At 4 only b lives: compacted there, 2 and the tombstone 4 do not count. */
    assert_int_equal(hash_of("2345", 0, 4, 4), hash_of("345", 4, 4, 0));
    assert_int_equal(hash_of("2345", 0, 4, 4), hash_of("3", 0, 3, 0));
    /* Nothing was compacted: all counts, up to the revision. */
    assert_int_equal(hash_of("2345", 0, 3, 0), hash_of("23", 0, 0, 0));
}

static void an_empty_bucket_is_its_name(void **state)
{
    struct ss_crc32c crc;

    (void)state;
    ss_crc32c_init(&crc);
    ss_crc32c_add(&crc, "key", 3);
    assert_int_equal(hash_of("", 0, 0, 0), ss_crc32c_final(&crc));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compacted_and_as_if_agree),
        cmocka_unit_test(what_is_live_decides),
        cmocka_unit_test(an_empty_bucket_is_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
