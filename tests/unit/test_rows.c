/*
 * Tables pulled row by row: every value of a small history by name, what is left out, ranges and limits,
 * faults that end nothing, and the descriptors themselves.
 */
#include "build_etcd.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct opened {
    uint8_t *bytes;
    struct ss_file *file;
};

static struct opened open_db(struct ss_test_db *db)
{
    struct opened o;
    struct ss_error err;
    size_t len;

    o.bytes = ss_test_db_finish(db, &len);
    assert_int_equal(ss_open_memory(o.bytes, len, "test", NULL, &o.file, &err), SS_OK);
    return o;
}

static void close_db(struct opened *o)
{
    ss_close(o->file);
    free(o->bytes);
}

/* A history with everything that tables tell apart, and one broken element a bucket. */
static struct opened sample(void)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    uint32_t lease = ss_test_db_bucket(db, SS_TEST_ROOT, "lease", false);
    uint32_t alarm = ss_test_db_bucket(db, SS_TEST_ROOT, "alarm", false);
    uint32_t members = ss_test_db_bucket(db, SS_TEST_ROOT, "members", false);
    uint32_t removed = ss_test_db_bucket(db, SS_TEST_ROOT, "members_removed", true);
    uint32_t users = ss_test_db_bucket(db, SS_TEST_ROOT, "authUsers", false);
    uint32_t roles = ss_test_db_bucket(db, SS_TEST_ROOT, "authRoles", false);
    uint32_t meta = ss_test_db_bucket(db, SS_TEST_ROOT, "meta", false);
    static const char member[] = "{\"id\":4660,\"peerURLs\":[\"http://p1\",\"http://p2\"],"
                                 "\"name\":\"m0\",\"clientURLs\":[]}";

    ss_test_put_text(db, key, 2, 0, "b", "old");
    ss_test_put_text(db, key, 3, 0, "a", "1");
    ss_test_put_text(db, key, 3, 1, "c", "22");
    ss_test_delete_text(db, key, 5, 0, "a");
    ss_test_put_text(db, key, 7, 0, "b", "new");
    ss_test_db_put(db, lease, "\0\0\0\0\0\0\0\x07", 8, "\x08\x07\x10\x3c", 4);
    ss_test_db_put(db, lease, "short", 5, "", 0);
    ss_test_db_put(db, alarm, "\x08\xb4\x24\x10\x01", 5, "", 0);
    ss_test_db_put(db, members, "1234", 4, member, sizeof(member) - 1);
    ss_test_db_put(db, removed, "ff", 2, "removed", 7);
    ss_test_db_put(db, users, "u", 1, "\x0a\x01u\x12\x04hash\x1a\x02r1\x1a\x02r2", 17);
    ss_test_db_put(db, roles, "r1", 2, "\x0a\x02r1\x12\x05\x08\x02\x12\x01k", 11);
    ss_test_db_put(db, meta, "consistent_index", 16, "\0\0\0\0\0\0\0\x2a", 8);
    ss_test_db_put(db, meta, "strange", 7, "x", 1);
    return open_db(db);
}

/* "name=value name=value", columns in order, what is not known left out. */
static void row_text(const struct ss_rows *rows, const struct ss_table *table, uint64_t columns,
                     char *text, size_t cap)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < table->column_count; i++) {
        struct ss_value v;
        char cell[256] = "";

        if (columns == 0 ? table->columns[i].on_request : (columns >> i & 1u) == 0) {
            continue;
        }
        ss_rows_value(rows, i, &v);
        assert_int_equal(v.type, table->columns[i].type);
        if (!v.known) {
            assert_true(table->columns[i].optional);
            continue;
        }
        if (v.type == SS_TYPE_BOOL) {
            snprintf(cell, sizeof(cell), "%s", v.is.truth ? "true" : "false");
        } else if (v.type == SS_TYPE_INT) {
            snprintf(cell, sizeof(cell), "%" PRId64, (int64_t)v.is.integer);
        } else if (v.type == SS_TYPE_UINT) {
            snprintf(cell, sizeof(cell), "%" PRIu64, (uint64_t)v.is.number);
        } else if (v.type == SS_TYPE_ID) {
            snprintf(cell, sizeof(cell), "%016" PRIx64, (uint64_t)v.is.number);
        } else if (v.type == SS_TYPE_LIST) {
            size_t n = 0;

            for (size_t j = 0; j < v.is.list.count; j++) {
                n += (size_t)snprintf(cell + n, sizeof(cell) - n, "%s%.*s", j == 0 ? "" : ",",
                                      (int)v.is.list.items[j].len,
                                      (const char *)v.is.list.items[j].ptr);
            }
        } else {
            snprintf(cell, sizeof(cell), "%.*s", (int)v.is.bytes.len, (const char *)v.is.bytes.ptr);
        }
        used += (size_t)snprintf(text + used, cap - used, "%s%s=%s", used == 0 ? "" : " ",
                                 table->columns[i].name, cell);
    }
}

static void expect_rows(const struct ss_file *file, const char *name, const struct ss_query *query,
                        const char *const *expected, uint64_t faults)
{
    const struct ss_table *table = ss_table_find(name);
    struct ss_rows *rows;
    struct ss_error err;
    char text[1024];
    size_t i = 0;

    assert_non_null(table);
    assert_int_equal(ss_rows_open(file, table, query, NULL, &rows, &err), SS_OK);
    for (; expected[i] != NULL; i++) {
        assert_int_equal(ss_rows_next(rows, &err), SS_OK);
        row_text(rows, table, query != NULL ? query->columns : 0, text, sizeof(text));
        assert_string_equal(text, expected[i]);
    }
    assert_int_equal(ss_rows_next(rows, &err), SS_END);
    assert_int_equal(ss_rows_next(rows, &err), SS_END);
    assert_int_equal(ss_rows_fault_count(rows), faults);
    ss_rows_close(rows);
}

static void keys_by_name_at_a_revision(void **state)
{
    struct opened o = sample();
    struct ss_query at = {.rev = 4}, some = {.range = {.from = "b", .from_len = 1}, .limit = 1};

    (void)state;
    expect_rows(o.file, "keys", NULL,
                (const char *[]){"key=b create_revision=7 mod_revision=7 sub=0 version=1 "
                                 "tombstone=false value=new",
                                 "key=c create_revision=3 mod_revision=3 sub=1 version=1 "
                                 "tombstone=false value=22",
                                 NULL},
                0);
    at.columns = UINT64_C(1) << ss_table_column(ss_table_find("keys"), "key") |
                 UINT64_C(1) << ss_table_column(ss_table_find("keys"), "value_len");
    expect_rows(
        o.file, "keys", &at,
        (const char *[]){"key=a value_len=1", "key=b value_len=3", "key=c value_len=2", NULL}, 0);
    some.columns = 1;
    expect_rows(o.file, "keys", &some, (const char *[]){"key=b", NULL}, 0);
    close_db(&o);
}

static void revisions_in_their_order(void **state)
{
    struct opened o = sample();
    struct ss_query some = {.from_rev = 3, .to_rev = 5, .range = {.prefix = "a", .prefix_len = 1}};

    (void)state;
    expect_rows(o.file, "revisions", &some,
                (const char *[]){"key=a create_revision=3 mod_revision=3 sub=0 version=1 "
                                 "tombstone=false value=1",
                                 "key=a mod_revision=5 sub=0 tombstone=true", NULL},
                0);
    close_db(&o);
}

static void small_buckets_and_their_faults(void **state)
{
    struct opened o = sample();
    struct ss_query secrets = {0};
    const struct ss_table *users = ss_table_find("users");

    (void)state;
    expect_rows(o.file, "leases", NULL, (const char *[]){"id=0000000000000007 ttl=60", NULL}, 1);
    expect_rows(o.file, "alarms", NULL,
                (const char *[]){"member=0000000000001234 alarm=NOSPACE type=1", NULL}, 0);
    expect_rows(o.file, "members", NULL,
                (const char *[]){"id=0000000000001234 state=started learner=false name=m0 "
                                 "peer_urls=http://p1,http://p2 client_urls=",
                                 "id=00000000000000ff state=removed", NULL},
                0);
    expect_rows(o.file, "users", NULL, (const char *[]){"name=u password=set roles=r1,r2", NULL},
                0);
    secrets.columns = UINT64_C(1) << ss_table_column(users, "password_hash");
    expect_rows(o.file, "users", &secrets, (const char *[]){"password_hash=hash", NULL}, 0);
    expect_rows(o.file, "roles", NULL, (const char *[]){"name=r1 permission=READWRITE key=k", NULL},
                0);
    expect_rows(o.file, "meta", NULL,
                (const char *[]){"bucket=meta key=consistent_index value=42 known=true",
                                 "bucket=meta key=strange value=x known=false", NULL},
                0);
    close_db(&o);
}

static void entries_of_any_bucket(void **state)
{
    struct opened o = sample();
    const struct ss_span path = {(const uint8_t *)"meta", 4, SS_NONE};
    const struct ss_span missing = {(const uint8_t *)"none", 4, SS_NONE};
    struct ss_query of = {.path = &path, .path_count = 1};
    struct ss_rows *rows;
    struct ss_error err;

    (void)state;
    of.range = (struct ss_range){.prefix = "str", .prefix_len = 3};
    expect_rows(o.file, "entries", &of,
                (const char *[]){"key=strange value=x is_bucket=false", NULL}, 0);
    of = (struct ss_query){.limit = 2};
    expect_rows(o.file, "entries", &of,
                (const char *[]){"key=alarm is_bucket=true", "key=authRoles is_bucket=true", NULL},
                0);
    of = (struct ss_query){.path = &missing, .path_count = 1};
    assert_int_equal(ss_rows_open(o.file, ss_table_find("entries"), &of, NULL, &rows, &err),
                     SS_SYSTEM);
    assert_int_equal(err.code, SS_E_NOT_FOUND);
    assert_null(rows);
    close_db(&o);
}

/* Side B: a is there again, b has another value, c is as before, d is new. */
static struct opened later(void)
{
    struct ss_test_db *db = ss_test_db_new(8192, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    struct ss_record leased = {
        .rev = {9, 0}, .create_revision = 9, .mod_revision = 9, .version = 1};

    leased.key = ss_span_of("d", 1);
    leased.value = ss_span_of("333", 3);
    leased.lease = 7;
    ss_test_put_text(db, key, 2, 0, "b", "old");
    ss_test_put_text(db, key, 3, 0, "a", "1");
    ss_test_put_text(db, key, 3, 1, "c", "22");
    ss_test_put_record(db, key, &leased);
    return open_db(db);
}

static void differences_of_two_files(void **state)
{
    struct opened a = sample(), b = later();
    const struct ss_table *table = ss_table_find("differences");
    struct ss_query query = {.other = b.file};
    struct ss_rows *rows;
    struct ss_error err;

    (void)state;
    expect_rows(a.file, "differences", &query,
                (const char *[]){"key=a change=added b_create_revision=3 b_mod_revision=3 "
                                 "b_version=1 b_value_len=1",
                                 "key=b change=modified value_differs=true lease_differs=false "
                                 "revision_differs=true a_create_revision=7 a_mod_revision=7 "
                                 "a_version=1 a_value_len=3 b_create_revision=2 b_mod_revision=2 "
                                 "b_version=1 b_value_len=3",
                                 "key=d change=added b_create_revision=9 b_mod_revision=9 "
                                 "b_version=1 b_lease=0000000000000007 b_value_len=3",
                                 NULL},
                0);
    query.columns = UINT64_C(1) << ss_table_column(table, "key") |
                    UINT64_C(1) << ss_table_column(table, "a_value") |
                    UINT64_C(1) << ss_table_column(table, "b_value");
    query.rev = 4;
    query.other_rev = 3;
    expect_rows(a.file, "differences", &query, (const char *[]){NULL}, 0);
    query.range = (struct ss_range){.from = "b", .from_len = 1};
    query.rev = 0;
    query.limit = 1;
    expect_rows(a.file, "differences", &query,
                (const char *[]){"key=b a_value=new b_value=old", NULL}, 0);
    query = (struct ss_query){.other = a.file};
    expect_rows(b.file, "differences", &query,
                (const char *[]){"key=a change=removed a_create_revision=3 a_mod_revision=3 "
                                 "a_version=1 a_value_len=1",
                                 "key=b change=modified value_differs=true lease_differs=false "
                                 "revision_differs=true a_create_revision=2 a_mod_revision=2 "
                                 "a_version=1 a_value_len=3 b_create_revision=7 b_mod_revision=7 "
                                 "b_version=1 b_value_len=3",
                                 "key=d change=removed a_create_revision=9 a_mod_revision=9 "
                                 "a_version=1 a_lease=0000000000000007 a_value_len=3",
                                 NULL},
                0);
    assert_int_equal(ss_rows_open(a.file, table, NULL, NULL, &rows, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_ARGUMENT);
    assert_null(rows);
    query.other_rev = 100;
    assert_int_equal(ss_rows_open(b.file, table, &query, NULL, &rows, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_REV_FUTURE);
    close_db(&a);
    close_db(&b);
}

/* What a program builds on: stable unique names, a line of text each, no more columns than bits. */
static void descriptors_are_whole(void **state)
{
    (void)state;
    assert_true(ss_table_count() >= 13);
    assert_null(ss_table_at(ss_table_count()));
    assert_null(ss_table_find("nothing"));
    for (size_t t = 0; t < ss_table_count(); t++) {
        const struct ss_table *table = ss_table_at(t);

        assert_ptr_equal(ss_table_find(table->name), table);
        assert_true(table->column_count > 0 && table->column_count <= 64);
        assert_true(strlen(table->doc) > 0 && strlen(table->row) > 0);
        for (size_t i = 0; i < table->column_count; i++) {
            const struct ss_column *column = &table->columns[i];

            assert_int_equal(ss_table_column(table, column->name), i);
            assert_true(strlen(column->title) > 0 && strlen(column->doc) > 0);
            assert_null(strchr(column->name, ' '));
            assert_string_not_equal(ss_type_name(column->type), "unknown");
            assert_string_not_equal(ss_unit_name(column->unit), "unknown");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_by_name_at_a_revision),
        cmocka_unit_test(revisions_in_their_order),
        cmocka_unit_test(small_buckets_and_their_faults),
        cmocka_unit_test(entries_of_any_bucket),
        cmocka_unit_test(differences_of_two_files),
        cmocka_unit_test(descriptors_are_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
