/*
 * test_member_dir.c - the names that etcd gives in a data directory.
 */
#include "util/member_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_wal(void **state)
{
    static const struct {
        const char *db, *wal;
    } rows[] = {
        {"d/member/snap/db", "d/member/wal"},
        {"/var/lib/etcd/member/snap/db", "/var/lib/etcd/member/wal"},
        {"./member/snap/db", "member/wal"},
        {"member//snap/./db", "member/wal"},
        {"snap/db", "wal"},
        {"db", "../wal"},
        {"./db", "../wal"},
        {"../db", "../../wal"},
        {"a/../db", "a/../../wal"},
        {"..", "../../../wal"},
        {"/db", "/wal"},
        {"/", "/wal"},
        {"/snap/db", "/wal"},
        {"/a/snap/db", "/a/wal"},
        {"", "../../wal"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *wal = ss_member_dir_wal(rows[i].db);

        assert_non_null(wal);
        assert_string_equal(wal, rows[i].wal);
        free(wal);
    }
}

static void test_segment(void **state)
{
    (void)state;
    assert_true(ss_member_dir_is_segment("0000000000000001-00000000000000af.wal"));
    assert_false(ss_member_dir_is_segment("0000000000000001-00000000000000AF.wal"));
    assert_false(ss_member_dir_is_segment("0000000000000001_00000000000000af.wal"));
    assert_false(ss_member_dir_is_segment("0000000000000001-00000000000000af.wal~"));
    assert_false(ss_member_dir_is_segment("0000000000000001-00000000000000af.snap"));
    assert_false(ss_member_dir_is_segment("000000000000001-00000000000000af.wal"));
    assert_false(ss_member_dir_is_segment("0.tmp"));
    assert_false(ss_member_dir_is_segment(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wal),
        cmocka_unit_test(test_segment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
