/*
 * Which release starts on which file: every rule at both sides of its border, for each release.
 */
#include "build_etcd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct versions {
    const char *storage, *cluster, *downgrade; /* NULL: not there */
    bool term;
};

static void put(struct ss_test_db *db, uint32_t bucket, const char *key, const char *value)
{
    if (value != NULL)
        ss_test_db_put(db, bucket, key, strlen(key), value, strlen(value));
}

static struct ss_file *open_with(const struct versions *v, bool big, uint8_t **bytes)
{
    struct ss_test_db *db = ss_test_db_new(4096, big);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    uint32_t meta = ss_test_db_bucket(db, SS_TEST_ROOT, "meta", false);
    uint32_t cluster = ss_test_db_bucket(db, SS_TEST_ROOT, "cluster", false);
    struct ss_file *file;
    struct ss_error err;
    size_t len;

    ss_test_put_text(db, key, 2, 0, "a", "1");
    put(db, meta, "storageVersion", v->storage);
    put(db, cluster, "clusterVersion", v->cluster);
    put(db, cluster, "downgrade", v->downgrade);
    if (v->term)
        put(db, meta, "term", "\1\1\1\1\1\1\1\2");
    *bytes = ss_test_db_finish(db, &len);
    assert_int_equal(ss_open_memory(*bytes, len, "test", NULL, &file, &err), SS_OK);
    return file;
}

static struct ss_boot_facts facts_of(const struct versions *v, bool big)
{
    struct ss_boot_facts facts;
    struct ss_error err;
    uint8_t *bytes;
    struct ss_file *file = open_with(v, big, &bytes);

    assert_int_equal(ss_boot_facts(file, &facts, &err), SS_OK);
    ss_close(file);
    free(bytes);
    return facts;
}

static void every_rule(void **state)
{
    static const struct {
        struct versions v;
        enum ss_boot_why why[SS_ETCD_LINES];
        uint64_t major, minor;
    } cases[] = {
        {{NULL, NULL, NULL, false}, {0, 0, 0, 0}, 0, 0},
        {{NULL, "3.4.0", NULL, false}, {0, 0, 0, 0}, 3, 4},
        {{NULL, NULL, NULL, true}, {0, 0, 0, 0}, 3, 5},
        {{"3.4.0", NULL, NULL, true}, {0, 0, SS_BOOT_STORAGE_OLDER, SS_BOOT_STORAGE_OLDER}, 3, 6},
        {{"3.5.0", "3.5.0", NULL, true}, {0, 0, 0, 0}, 3, 6},
        {{"3.6.0", "3.6.0", NULL, true}, {0, 0, 0, 0}, 3, 6},
        {{"3.6.9", "3.6.0", NULL, true}, {0, 0, 0, 0}, 3, 6},
        {{"3.7.0", "3.6.0", NULL, true}, {0, 0, SS_BOOT_STORAGE_NEWER, 0}, 3, 7},
        {{"3.7.0", "3.7.0", NULL, true}, {0, 0, SS_BOOT_STORAGE_NEWER, 0}, 3, 7},
        {{"3.8.0", NULL, NULL, true}, {0, 0, SS_BOOT_STORAGE_NEWER, SS_BOOT_STORAGE_NEWER}, 3, 8},
        {{"2.6.0", NULL, NULL, true}, {0, 0, SS_BOOT_STORAGE_MAJOR, SS_BOOT_STORAGE_MAJOR}, 3, 6},
        {{"4.6.0", NULL, NULL, true}, {0, 0, SS_BOOT_STORAGE_MAJOR, SS_BOOT_STORAGE_MAJOR}, 4, 6},
        {{"3x6.0", NULL, NULL, true}, {0, 0, 0, 0}, 3, 6},
        {{NULL, "3.6.0", NULL, true}, {0, 0, 0, 0}, 3, 6},
        {{"3.6.0", "3.6.1", NULL, true}, {0, 0, SS_BOOT_CLUSTER_NEWER, 0}, 3, 6},
        {{"3.6.0", "3.7.0", NULL, true}, {0, 0, SS_BOOT_CLUSTER_NEWER, 0}, 3, 7},
        {{"3.6.0", "3.7.1", NULL, true},
         {0, 0, SS_BOOT_CLUSTER_NEWER, SS_BOOT_CLUSTER_NEWER},
         3,
         7},
        {{NULL, "3", NULL, true},
         {0, 0, SS_BOOT_CLUSTER_MALFORMED, SS_BOOT_CLUSTER_MALFORMED},
         3,
         5},
        {{NULL, "3.5.0", "{\"target-version\":\"3.5.0\",\"enabled\":true}", true},
         {0, 0, 0, 0},
         3,
         5},
        {{NULL, NULL, "{\"target-version\":\"3.4.0\",\"enabled\":true}", true},
         {0, SS_BOOT_DOWNGRADE_TARGET, 0, 0},
         3,
         5},
        {{NULL, NULL, "{\"target-version\":\"3.5.1\",\"enabled\":true}", true},
         {0, SS_BOOT_DOWNGRADE_TARGET, 0, 0},
         3,
         5},
        {{NULL, NULL, "{\"target-version\":\"3.4.0\",\"enabled\":false}", true},
         {0, 0, 0, 0},
         3,
         5},
        {{NULL, NULL, "{\"target-version\":\"\",\"enabled\":true}", true},
         {0, SS_BOOT_DOWNGRADE_MALFORMED, SS_BOOT_DOWNGRADE_MALFORMED, SS_BOOT_DOWNGRADE_MALFORMED},
         3,
         5},
        {{NULL, NULL, "{", true},
         {0, SS_BOOT_DOWNGRADE_MALFORMED, SS_BOOT_DOWNGRADE_MALFORMED, SS_BOOT_DOWNGRADE_MALFORMED},
         3,
         5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ss_boot_facts facts = facts_of(&cases[i].v, false);

        assert_true(facts.is_etcd);
        for (int line = 0; line < SS_ETCD_LINES; line++) {
            assert_int_equal(facts.lines[line].why, cases[i].why[line]);
            assert_int_equal(facts.lines[line].starts, cases[i].why[line] == SS_BOOT_STARTS);
            assert_int_equal(facts.lines[line].reason[0] == '\0', facts.lines[line].starts);
        }
        assert_int_equal(facts.writer_major, cases[i].major);
        assert_int_equal(facts.writer_minor, cases[i].minor);
    }
}

static void reasons_and_the_rest(void **state)
{
    struct versions v = {"3.7.0", "3.7.0", "{\"target-version\":\"3.6.0\",\"enabled\":true}", true};
    struct ss_boot_facts facts = facts_of(&v, false);

    (void)state;
    assert_true(facts.downgrading);
    assert_string_equal(facts.downgrade_target, "3.6.0");
    assert_string_equal(facts.lines[SS_ETCD_3_5].reason,
                        "a downgrade to 3.6.0 is enabled, 3.5 joins only one to 3.5.0");
    assert_string_equal(facts.lines[SS_ETCD_3_6].reason,
                        "storageVersion 3.7 is newer, \"is not supported\"");
    v = (struct versions){"bad", "3.7.0", NULL, true};
    facts = facts_of(&v, false);
    assert_true(facts.storage_version_malformed);
    assert_false(facts.downgrading);
    assert_string_equal(facts.lines[SS_ETCD_3_6].reason,
                        "panics: clusterVersion 3.7.0 is above 3.6.0, an \"invalid downgrade\"");
    facts = facts_of(&v, true);
    for (int line = 0; line < SS_ETCD_LINES; line++)
        assert_int_equal(facts.lines[line].why, SS_BOOT_BYTE_ORDER);
}

static void no_etcd(void **state)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    struct ss_boot_facts facts;
    struct ss_error err;
    struct ss_file *file;
    uint8_t *bytes;
    size_t len;

    (void)state;
    ss_test_db_bucket(db, SS_TEST_ROOT, "other", false);
    bytes = ss_test_db_finish(db, &len);
    assert_int_equal(ss_open_memory(bytes, len, "test", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_boot_facts(file, &facts, &err), SS_OK);
    assert_false(facts.is_etcd);
    assert_int_equal(facts.lines[SS_ETCD_3_4].why, SS_BOOT_NOT_ETCD);
    ss_close(file);
    assert_int_equal(ss_open_memory("no database", 11, "test", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_boot_facts(file, &facts, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_NOT_BBOLT);
    ss_close(file);
    free(bytes);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(ss_etcd_line_name(SS_ETCD_3_4), "3.4");
    assert_string_equal(ss_etcd_line_name(SS_ETCD_3_7), "3.7");
    assert_string_equal(ss_etcd_line_name(SS_ETCD_LINES), "unknown");
    assert_string_equal(ss_boot_why_name(SS_BOOT_STARTS), "starts");
    assert_string_equal(ss_boot_why_name(SS_BOOT_DOWNGRADE_MALFORMED), "downgrade-malformed");
    assert_string_equal(ss_boot_why_name(SS_BOOT_DOWNGRADE_MALFORMED + 1), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule),
        cmocka_unit_test(reasons_and_the_rest),
        cmocka_unit_test(no_etcd),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
