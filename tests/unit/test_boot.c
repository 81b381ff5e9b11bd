/*
 * Which release starts on which file: every rule at both sides of its border, for each release.
 */
#include "build_etcd.h"

#include "util/endian.h"
#include "util/fnv.h"

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
    if (value != NULL) {
        ss_test_db_put(db, bucket, key, strlen(key), value, strlen(value));
    }
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
    if (v->term) {
        put(db, meta, "term", "\1\1\1\1\1\1\1\2");
    }
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
        {{"3.6.0", "2.0.0", NULL, true},
         {0, 0, SS_BOOT_CLUSTER_INCAPABLE, SS_BOOT_CLUSTER_INCAPABLE},
         3,
         6},
        {{"3.6.0", "3.0.1", NULL, true}, {0, 0, 0, 0}, 3, 6},
        {{"3.6.0", "3.6.0+m", NULL, true}, {0, 0, SS_BOOT_CLUSTER_INCAPABLE, 0}, 3, 6},
        {{"3.6.0", "3.6.0-rc.1", NULL, true}, {0, 0, SS_BOOT_CLUSTER_INCAPABLE, 0}, 3, 6},
        {{"3.7.0", "3.7.0-rc.1", NULL, true},
         {0, 0, SS_BOOT_STORAGE_NEWER, SS_BOOT_CLUSTER_INCAPABLE},
         3,
         7},
        {{"3.6.0", "3.06.00", NULL, true}, {0, 0, 0, 0}, 3, 6},
        {{"3.6.0", "3.5.0+a+b", NULL, true},
         {0, 0, SS_BOOT_CLUSTER_MALFORMED, SS_BOOT_CLUSTER_MALFORMED},
         3,
         6},
        {{NULL, "3.5.0", "{\"Target-Version\":\"3.4.0\",\"ENABLED\":true}", true},
         {0, SS_BOOT_DOWNGRADE_TARGET, 0, 0},
         3,
         5},
        {{NULL, NULL, "null", true}, {0, 0, 0, 0}, 3, 5},
        {{NULL, NULL, "{\"target-version\":\"3.5.0-a\",\"enabled\":true}", true},
         {0, SS_BOOT_DOWNGRADE_TARGET, 0, 0},
         3,
         5},
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
    for (int line = 0; line < SS_ETCD_LINES; line++) {
        assert_int_equal(facts.lines[line].why, SS_BOOT_BYTE_ORDER);
    }
}

static void set_txid(uint8_t *page, unsigned which, uint64_t txid)
{
    assert_int_equal(ss_load_u64(page, false), which);
    ss_store_u64(page + 16 + 48, txid, false);
    ss_store_u64(page + 16 + 56, ss_fnv1a_64(page + 16, 56), false);
}

/* A file with one user, whose roles are these, a record at this revision, and that transaction id. */
static struct ss_boot_facts facts_of_user(const char *role, size_t role_len, int64_t revision,
                                          uint64_t txid, bool rebuilt)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    uint32_t users = ss_test_db_bucket(db, SS_TEST_ROOT, "authUsers", false);
    struct ss_test_bytes user = {0};
    struct ss_boot_facts facts;
    struct ss_error err;
    struct ss_file *file;
    uint8_t *bytes;
    size_t len;

    ss_test_put_text(db, key, revision, 0, "a", "1");
    ss_test_field_bytes(&user, 1, "u\x1b", 2);
    ss_test_field_bytes(&user, 3, "fine", 4);
    ss_test_field_bytes(&user, 3, role, role_len);
    ss_test_db_put(db, users, "u\x1b", 2, user.bytes, user.len);
    bytes = ss_test_db_finish(db, &len);
    set_txid(bytes, 0, txid - 1);
    set_txid(bytes + 4096, 1, txid);
    assert_int_equal(ss_open_memory(bytes, len, "test", NULL, &file, &err), SS_OK);
    assert_int_equal(rebuilt ? ss_boot_facts_rebuilt(file, &facts, &err)
                             : ss_boot_facts(file, &facts, &err),
                     SS_OK);
    ss_close(file);
    free(bytes);
    free(user.bytes);
    return facts;
}

/* Only 3.7 minds text that is no UTF-8; NUL is some. */
static void roles(void **state)
{
    static const char *const good[] = {"r", "\u00e9", "a\0b"};
    static const char *const bad[] = {"\xff", "a\xc3", "\xed\xa0\x80"};
    struct ss_boot_facts facts;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        facts = facts_of_user(good[i], i == 2 ? 3 : strlen(good[i]), 2, 7, false);
        assert_true(facts.lines[SS_ETCD_3_7].starts);
        facts = facts_of_user(bad[i], strlen(bad[i]), 2, 7, false);
        assert_true(facts.lines[SS_ETCD_3_4].starts && facts.lines[SS_ETCD_3_5].starts &&
                    facts.lines[SS_ETCD_3_6].starts);
        assert_int_equal(facts.lines[SS_ETCD_3_7].why, SS_BOOT_ROLE_NOT_UTF8);
        assert_string_equal(facts.lines[SS_ETCD_3_7].reason,
                            "panics: a role of user u\\x1b is no UTF-8, which it refuses");
    }
}

/* Both sides of both ends, for every release. */
static void ends_of_numbers(void **state)
{
    struct ss_boot_facts facts;

    (void)state;
    for (int line = 0; line < SS_ETCD_LINES; line++) {
        facts = facts_of_user("r", 1, INT64_MAX - 1, SS_TXID_END - 1, false);
        assert_true(facts.lines[line].starts);
        facts = facts_of_user("r", 1, INT64_MAX, 7, false);
        assert_int_equal(facts.lines[line].why, SS_BOOT_REVISION_END);
        assert_string_equal(
            facts.lines[line].reason,
            "no put succeeds: its revision is 9223372036854775807, the last that there is");
        facts = facts_of_user("r", 1, 2, SS_TXID_END, false);
        assert_int_equal(facts.lines[line].why, SS_BOOT_TXID_END);
        facts = facts_of_user("r", 1, 2, SS_TXID_END, true);
        assert_true(facts.lines[line].starts);
        facts = facts_of_user("r", 1, 2, UINT64_MAX, false);
        assert_string_equal(facts.lines[line].reason,
                            "loses commits in silence: bbolt's transaction id is "
                            "18446744073709551615, near its end; a rebuilt file starts anew");
    }
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
    assert_string_equal(ss_boot_why_name(SS_BOOT_REVISION_END), "revision-end");
    assert_string_equal(ss_boot_why_name(SS_BOOT_REVISION_END + 1), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule), cmocka_unit_test(reasons_and_the_rest),
        cmocka_unit_test(roles),      cmocka_unit_test(ends_of_numbers),
        cmocka_unit_test(no_etcd),    cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
