/*
 * The decision on a file: every reason against it, in the order in which they count, and no release named for what
 * must not be started.
 */
#include "build_etcd.h"
#include "image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define PAGE 4096u
#define ALL_STRUCTURE (SS_VERIFY_HASH | SS_VERIFY_STRUCTURE)

/* A database of etcd with a stored freelist, in page 2, and one alarm when `alarm` is not 0. */
static uint8_t *build(const char *key_bucket, uint8_t alarm, size_t *len)
{
    struct ss_test_db *db = ss_test_db_new(PAGE, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, key_bucket, false);
    uint32_t meta = ss_test_db_bucket(db, SS_TEST_ROOT, "meta", false);
    uint32_t alarms = ss_test_db_bucket(db, SS_TEST_ROOT, "alarm", false);
    const uint8_t raised[] = {0x08, 0x07, 0x10, alarm};

    ss_test_put_text(db, key, 2, 0, "a", "1");
    ss_test_db_put(db, meta, "storageVersion", 14, "3.6.0", 5);
    if (alarm != 0) {
        ss_test_db_put(db, alarms, raised, sizeof(raised), "", 0);
    }
    return ss_test_db_finish(db, len);
}

struct answer {
    enum ss_restorable restorable;
    enum ss_summary_why why;
    unsigned checked;
    uint64_t error_count;
    const char *starts, *text;
};

/* What is said of the bytes when the hash is in that state. Frees them. */
static void expect(uint8_t *bytes, size_t len, enum ss_hash_state state, uint64_t fault_count,
                   const struct answer *due)
{
    const struct ss_hash_report hash = {.state = state};
    const struct ss_summary_opts opts = {.hash = &hash, .fault_count = fault_count};
    struct ss_summary *got;
    struct ss_file *file;
    struct ss_error err;
    char releases[64];

    assert_int_equal(ss_open_memory(bytes, len, "test", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_summary(file, &opts, NULL, &got, &err), SS_OK);
    assert_string_equal(got->text, due->text);
    assert_string_equal(ss_summary_why_name(got->why), ss_summary_why_name(due->why));
    assert_string_equal(ss_restorable_name(got->restorable), ss_restorable_name(due->restorable));
    assert_int_equal(got->checked, due->checked);
    assert_int_equal(got->error_count, due->error_count);
    assert_string_equal(ss_boot_releases(&got->boot, true, NULL, releases, sizeof(releases)),
                        due->starts);
    ss_summary_free(got);
    ss_close(file);
    free(bytes);
}

#define FROM_36 "etcd 3.4, 3.5, 3.6 and 3.7"

static void hashes(void **state)
{
    static const struct {
        enum ss_hash_state hash;
        struct answer due;
    } rows[] = {
        {SS_HASH_VALID,
         {SS_RESTORABLE_YES, SS_SUMMARY_RESTORABLE, ALL_STRUCTURE, 0, FROM_36,
          "restorable as it is with " FROM_36}},
        {SS_HASH_ABSENT,
         {SS_RESTORABLE_UNHASHED, SS_SUMMARY_HASH_ABSENT, ALL_STRUCTURE, 0, FROM_36,
          "restorable only without a check of its SHA-256, because it has none; then with " FROM_36
          "; nothing vouches for its values"}},
        /* Not given: that there is none is told by the size. */
        {SS_HASH_NOT_CHECKED,
         {SS_RESTORABLE_UNHASHED, SS_SUMMARY_HASH_ABSENT, SS_VERIFY_STRUCTURE, 0, FROM_36,
          "restorable only without a check of its SHA-256, because it has none; then with " FROM_36
          "; nothing vouches for its values"}},
        {SS_HASH_MISMATCH,
         {SS_RESTORABLE_NO, SS_SUMMARY_HASH_MISMATCH, ALL_STRUCTURE, 0, "",
          "do not restore it: its SHA-256 is wrong, so its bytes were changed; etcd refuses it"}},
        {SS_HASH_ZERO,
         {SS_RESTORABLE_NO, SS_SUMMARY_HASH_ZERO, ALL_STRUCTURE, 0, "",
          "do not restore it: 32 zero bytes stand where its SHA-256 belongs; etcd refuses it"}},
        {SS_HASH_CUT,
         {SS_RESTORABLE_NO, SS_SUMMARY_HASH_CUT, ALL_STRUCTURE, 0, "",
          "do not restore it: its SHA-256 is cut off, so bytes are missing"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t len;
        uint8_t *bytes = build("key", 0, &len);

        expect(bytes, len, rows[i].hash, 0, &rows[i].due);
    }
}

/* The size alone tells of a hash that is there and was not checked, and of one that is cut. */
static void hash_by_size(void **state)
{
    static const struct answer unchecked = {SS_RESTORABLE_UNKNOWN,
                                            SS_SUMMARY_HASH_UNCHECKED,
                                            SS_VERIFY_STRUCTURE,
                                            0,
                                            FROM_36,
                                            "restorable as it is with " FROM_36
                                            " if its SHA-256 is right, which was not checked"};
    static const struct answer cut = {
        SS_RESTORABLE_NO,
        SS_SUMMARY_HASH_CUT,
        SS_VERIFY_STRUCTURE,
        0,
        "",
        "do not restore it: its SHA-256 is cut off, so bytes are missing"};

    (void)state;
    for (size_t more = 31; more <= 32; more++) {
        size_t len;
        uint8_t *bytes = build("key", 0, &len);

        bytes = realloc(bytes, len + more);
        assert_non_null(bytes);
        memset(bytes + len, 7, more);
        expect(bytes, len + more, SS_HASH_NOT_CHECKED, 0, more == 32 ? &unchecked : &cut);
    }
}

static void alarms(void **state)
{
    static const struct answer due[] = {
        {SS_RESTORABLE_YES, SS_SUMMARY_RESTORABLE, ALL_STRUCTURE, 0, FROM_36,
         "restorable as it is with " FROM_36
         "; it then takes no writes until the NOSPACE alarm is disarmed"},
        {SS_RESTORABLE_YES, SS_SUMMARY_RESTORABLE, ALL_STRUCTURE, 0, FROM_36,
         "restorable as it is with " FROM_36
         "; it then answers no request until the CORRUPT alarm is disarmed"},
    };

    (void)state;
    for (uint8_t type = 1; type <= 2; type++) {
        size_t len;
        uint8_t *bytes = build("key", type, &len);

        expect(bytes, len, SS_HASH_VALID, 0, &due[type - 1]);
    }
}

/* The list names page 0, and then a page of a tree; with a wrong hash that one counts. */
static void freelist(void **state)
{
    static const char text[] = "do not restore it as it is: its stored freelist is damaged; the "
                               "trees are whole, and a rebuild loses no data";
    static const struct answer due = {
        SS_RESTORABLE_REBUILT, SS_SUMMARY_FREELIST, ALL_STRUCTURE, 1, "", text};
    static const struct answer wrong = {
        SS_RESTORABLE_NO,
        SS_SUMMARY_HASH_MISMATCH,
        ALL_STRUCTURE,
        1,
        "",
        "do not restore it: its SHA-256 is wrong, so its bytes were changed; etcd refuses it"};

    (void)state;
    for (int i = 0; i < 3; i++) {
        size_t len;
        uint8_t *bytes = build("key", 0, &len);

        bytes[2 * PAGE + 10] = 1;
        bytes[2 * PAGE + 16] = i == 1 ? 3 : 0;
        expect(bytes, len, i == 2 ? SS_HASH_MISMATCH : SS_HASH_VALID, 0, i == 2 ? &wrong : &due);
    }
}

static void damage(void **state)
{
    static const struct answer damaged = {
        SS_RESTORABLE_NO, SS_SUMMARY_DAMAGED, ALL_STRUCTURE, 0, "", "do not restore it: damaged"};
    struct answer due = damaged;
    size_t len;
    uint8_t *bytes = build("key", 0, &len);

    (void)state;
    expect(bytes, len, SS_HASH_VALID, 1, &damaged); /* the caller met a fault */
    bytes = build("key", 0, &len);
    memset(bytes + 3 * PAGE, 0, PAGE); /* a leaf */
    due.error_count = 1;
    expect(bytes, len, SS_HASH_VALID, 0, &due);
    bytes = build("key", 0, &len);
    bytes[len - PAGE + 8] = 0x20; /* the root of all buckets: what it held is not known */
    due.error_count = 2;          /* and its pages are lost */
    expect(bytes, len, SS_HASH_MISMATCH, 0, &due);
    bytes = build("key", 0, &len);
    due = (struct answer){SS_RESTORABLE_NO,
                          SS_SUMMARY_TRUNCATED,
                          ALL_STRUCTURE,
                          3,
                          "",
                          "not restorable: truncated, 4096 bytes are missing"};
    expect(bytes, len - PAGE, SS_HASH_CUT, 0, &due);
}

static void not_etcd(void **state)
{
    static const struct answer other = {SS_RESTORABLE_NO,
                                        SS_SUMMARY_NOT_ETCD,
                                        ALL_STRUCTURE,
                                        0,
                                        "",
                                        "not restorable: a bbolt file, but not etcd's"};
    static const struct answer listed = {
        SS_RESTORABLE_NO,
        SS_SUMMARY_FREELIST,
        ALL_STRUCTURE,
        1,
        "",
        "not restorable: a bbolt file, but not etcd's; its stored freelist is damaged, and a "
        "rebuild loses no data"};
    static const struct answer text = {SS_RESTORABLE_NO,
                                       SS_SUMMARY_NOT_BBOLT,
                                       0,
                                       1,
                                       "",
                                       "not restorable: this is no snapshot (text)"};
    static const struct answer metas = {SS_RESTORABLE_NO,
                                        SS_SUMMARY_METAS,
                                        0,
                                        3,
                                        "",
                                        "not restorable: damaged, no meta page can be used"};
    size_t len;
    uint8_t *bytes = build("keys", 0, &len);

    (void)state;
    expect(bytes, len, SS_HASH_VALID, 0, &other);
    bytes = build("keys", 0, &len);
    bytes[2 * PAGE + 10] = 1; /* its freelist names page 0 */
    expect(bytes, len, SS_HASH_VALID, 0, &listed);
    bytes = malloc(64);
    assert_non_null(bytes);
    memset(bytes, 'a', 64);
    expect(bytes, 64, SS_HASH_NOT_CHECKED, 0, &text);
    bytes = build("key", 0, &len);
    bytes[40] ^= 1;
    bytes[PAGE + 40] ^= 1;
    expect(bytes, len, SS_HASH_NOT_CHECKED, 0, &metas);
}

/* Without a stored freelist the trees are walked only when asked for. */
static void trees(void **state)
{
    const struct ss_summary_opts walk = {.trees = true};
    struct ss_test_image image;
    struct ss_summary *got;
    struct ss_file *file;
    struct ss_error err;

    (void)state;
    ss_test_image_init(&image, PAGE, false, 3);
    ss_test_image_leaf(&image, 2, 0, NULL, 0);
    file = ss_test_image_open(&image);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ss_summary(file, i == 0 ? NULL : &walk, NULL, &got, &err), SS_OK);
        assert_int_equal(got->checked, i == 0 ? 0 : SS_VERIFY_STRUCTURE);
        assert_int_equal(got->why, SS_SUMMARY_NOT_ETCD);
        assert_int_equal(got->finding_count,
                         got->error_count + got->warning_count + got->note_count);
        ss_summary_free(got);
    }
    ss_close(file);
    ss_test_image_fini(&image);
}

static bool stop(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    (void)phase;
    (void)done;
    (void)total;
    ++*(int *)ctx;
    return false;
}

static void cancelled(void **state)
{
    size_t len;
    uint8_t *bytes = build("key", 0, &len);
    int calls = 0;
    const struct ss_call call = {.progress = stop, .progress_ctx = &calls};
    struct ss_summary *got;
    struct ss_file *file;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_open_memory(bytes, len, "test", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_summary(file, NULL, &call, &got, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_CANCELLED);
    assert_int_equal(calls, 1);
    assert_null(got);
    ss_summary_free(got);
    ss_close(file);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes),   cmocka_unit_test(hash_by_size), cmocka_unit_test(alarms),
        cmocka_unit_test(freelist), cmocka_unit_test(damage),       cmocka_unit_test(not_etcd),
        cmocka_unit_test(trees),    cmocka_unit_test(cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
