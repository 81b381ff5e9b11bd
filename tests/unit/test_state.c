/*
 * Facts, records and the state at a revision: small files by hand, then random histories against a
 * model that keeps every record and looks at all of them.
 */
#include "build_etcd.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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

/* ---- by hand ---- */

static struct opened history(void)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    uint32_t meta = ss_test_db_bucket(db, SS_TEST_ROOT, "meta", true);
    struct ss_record marker = {.rev = {12, 0}, .marker = true};

    ss_test_put_text(db, key, 2, 0, "b", "old");
    ss_test_put_text(db, key, 3, 0, "a", "1");
    ss_test_put_text(db, key, 3, 1, "c", "2");
    ss_test_delete_text(db, key, 5, 0, "a");
    ss_test_put_text(db, key, 7, 0, "b", "new");
    ss_test_put_text(db, key, 9, 0, "a", "again");
    ss_test_put_record(db, key, &marker);
    ss_test_put_meta_revision(db, meta, "finishedCompactRev", 2);
    ss_test_put_meta_revision(db, meta, "scheduledCompactRev", 3);
    return open_db(db);
}

static void facts_of_a_history(void **state)
{
    struct opened o = history();
    struct ss_rev_facts facts;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_rev_facts(o.file, &facts, &err), SS_OK);
    assert_true(facts.is_etcd);
    assert_false(facts.empty);
    assert_int_equal(facts.first.main, 2);
    assert_int_equal(facts.last.main, 12);
    assert_int_equal(facts.last.sub, 0);
    assert_int_equal(facts.scheduled_compact, 3);
    assert_int_equal(facts.finished_compact, 2);
    assert_int_equal(facts.compacted, 3);
    assert_int_equal(facts.current, 12);
    close_db(&o);
}

static void current_is_what_etcd_boots_with(void **state)
{
    static const struct {
        int64_t last, scheduled, finished, current, compacted;
    } cases[] = {
        {0, 0, 0, 1, 0}, {5, 0, 0, 5, 0}, {5, 9, 4, 9, 9}, {5, 4, 8, 8, 8}, {1, 1, 1, 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ss_test_db *db = ss_test_db_new(4096, i % 2 == 1);
        uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", i % 2 == 0);
        uint32_t meta = ss_test_db_bucket(db, SS_TEST_ROOT, "meta", false);
        struct ss_rev_facts facts;
        struct ss_error err;
        struct opened o;

        if (cases[i].last > 0) {
            ss_test_put_text(db, key, cases[i].last, 0, "k", "v");
        }
        if (cases[i].scheduled > 0) {
            ss_test_put_meta_revision(db, meta, "scheduledCompactRev", cases[i].scheduled);
        }
        if (cases[i].finished > 0) {
            ss_test_put_meta_revision(db, meta, "finishedCompactRev", cases[i].finished);
        }
        o = open_db(db);
        assert_int_equal(ss_rev_facts(o.file, &facts, &err), SS_OK);
        assert_int_equal(facts.empty, cases[i].last == 0);
        assert_int_equal(facts.current, cases[i].current);
        assert_int_equal(facts.compacted, cases[i].compacted);
        close_db(&o);
    }
}

/* Of the same bytes in the file, and alike in every field. */
static void assert_record_is(const struct ss_record *got, const struct ss_record *due)
{
    assert_ptr_equal(got->key.ptr, due->key.ptr);
    assert_int_equal(got->key.len, due->key.len);
    assert_int_equal(got->key.off, due->key.off);
    assert_ptr_equal(got->value.ptr, due->value.ptr);
    assert_int_equal(got->value.len, due->value.len);
    assert_int_equal(got->value.off, due->value.off);
    assert_int_equal(got->rev.main, due->rev.main);
    assert_int_equal(got->rev.sub, due->rev.sub);
    assert_int_equal(got->tombstone, due->tombstone);
    assert_int_equal(got->marker, due->marker);
    assert_int_equal(got->create_revision, due->create_revision);
    assert_int_equal(got->mod_revision, due->mod_revision);
    assert_int_equal(got->version, due->version);
    assert_int_equal(got->lease, due->lease);
    assert_int_equal(got->pgid, due->pgid);
    assert_int_equal(got->index, due->index);
}

static void assert_state(const struct ss_file *file, int64_t rev, const struct ss_range *range,
                         const char *due)
{
    struct ss_state *s;
    struct ss_error err;
    char got[256] = "";

    assert_int_equal(ss_state_new(file, rev, range, NULL, &s, &err), SS_OK);
    for (uint64_t i = 0; i < ss_state_count(s); i++) {
        struct ss_record rec, found;
        size_t used = strlen(got);

        ss_state_get(s, i, &rec);
        snprintf(got + used, sizeof(got) - used, "%.*s=%.*s@%" PRId64 " ", (int)rec.key.len,
                 (const char *)rec.key.ptr, (int)rec.value.len, (const char *)rec.value.ptr,
                 (int64_t)rec.mod_revision);
        assert_int_equal(ss_state_find(s, rec.key.ptr, (size_t)rec.key.len, &found), SS_OK);
        assert_record_is(&found, &rec);
    }
    assert_string_equal(got, due);
    ss_state_free(s);
}

static void states_of_a_history(void **state)
{
    struct opened o = history();
    struct ss_range from_b = {.from = "b", .from_len = 1};
    struct ss_range prefix_a = {.prefix = "a", .prefix_len = 1};
    struct ss_record rec;
    struct ss_state *s;
    struct ss_error err;

    (void)state;
    assert_state(o.file, 3, NULL, "a=1@3 b=old@2 c=2@3 ");
    assert_state(o.file, 4, NULL, "a=1@3 b=old@2 c=2@3 ");
    assert_state(o.file, 5, NULL, "b=old@2 c=2@3 ");
    assert_state(o.file, 8, NULL, "b=new@7 c=2@3 ");
    assert_state(o.file, 0, NULL, "a=again@9 b=new@7 c=2@3 ");
    assert_state(o.file, 12, &from_b, "b=new@7 c=2@3 ");
    assert_state(o.file, 7, &prefix_a, "");
    assert_int_equal(ss_state_new(o.file, 0, NULL, NULL, &s, &err), SS_OK);
    assert_int_equal(ss_state_rev(s), 12);
    assert_int_equal(ss_state_find(s, "", 0, &rec), SS_END);
    assert_int_equal(ss_state_find(s, "bb", 2, &rec), SS_END);
    assert_int_equal(ss_state_find(s, "d", 1, &rec), SS_END);
    ss_state_free(s);
    close_db(&o);
}

static void revisions_out_of_reach(void **state)
{
    static const struct {
        int64_t rev;
        enum ss_code code;
        const char *message;
    } cases[] = {
        {13, SS_E_REV_FUTURE, "revision 13 is asked for, the file ends at 12"},
        {2, SS_E_REV_COMPACTED, "revision 2 is asked for, the file is compacted at 3"},
        {-1, SS_E_ARGUMENT, "revision -1 is negative"},
    };
    struct opened o = history();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ss_state *s;
        struct ss_error err;

        assert_int_equal(ss_state_new(o.file, cases[i].rev, NULL, NULL, &s, &err), SS_SYSTEM);
        assert_null(s);
        assert_int_equal(err.code, cases[i].code);
        assert_string_equal(err.message, cases[i].message);
    }
    close_db(&o);
}

struct seen {
    char text[256];
    int stop_after; /* 0: never */
};

static enum ss_status note(void *ctx, const struct ss_record *rec, struct ss_error *err)
{
    struct seen *seen = ctx;
    size_t used = strlen(seen->text);

    (void)err;
    snprintf(seen->text + used, sizeof(seen->text) - used, "%" PRId64 ".%" PRId64 "%s%.*s ",
             (int64_t)rec->rev.main, (int64_t)rec->rev.sub,
             rec->tombstone ? "-"
             : rec->marker  ? "!"
                            : "+",
             (int)rec->key.len, (const char *)rec->key.ptr);
    return --seen->stop_after == 0 ? SS_END : SS_OK;
}

static void walks_records(void **state)
{
    struct opened o = history();
    struct seen all = {0}, some = {0}, two = {.stop_after = 2};
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_records(o.file, 0, 0, note, &all, &err), SS_OK);
    assert_string_equal(all.text, "2.0+b 3.0+a 3.1+c 5.0-a 7.0+b 9.0+a 12.0! ");
    assert_int_equal(ss_records(o.file, 3, 8, note, &some, &err), SS_OK);
    assert_string_equal(some.text, "3.0+a 3.1+c 5.0-a 7.0+b ");
    assert_int_equal(ss_records(o.file, 4, 0, note, &two, &err), SS_OK);
    assert_string_equal(two.text, "5.0-a 7.0+b ");
    close_db(&o);
}

static void a_file_that_is_not_etcds(void **state)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    struct ss_rev_facts facts;
    struct ss_state *s;
    struct ss_error err;
    struct opened o;

    (void)state;
    ss_test_db_put(db, ss_test_db_bucket(db, SS_TEST_ROOT, "v1", false), "k", 1, "v", 1);
    o = open_db(db);
    assert_int_equal(ss_rev_facts(o.file, &facts, &err), SS_OK);
    assert_false(facts.is_etcd);
    assert_int_equal(facts.current, 0);
    assert_int_equal(ss_state_new(o.file, 0, NULL, NULL, &s, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_NOT_ETCD);
    assert_int_equal(ss_records(o.file, 0, 0, note, NULL, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_NOT_ETCD);
    close_db(&o);
}

static void a_broken_record_ends_it(void **state)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    struct ss_state *s;
    struct ss_error err;
    struct opened o;

    (void)state;
    ss_test_put_text(db, key, 2, 0, "a", "v");
    ss_test_db_put(db, key, "\0\0\0\0\0\0\0\3_\0\0\0\0\0\0\0\0", 17, "\x0a\x05z", 3);
    o = open_db(db);
    assert_int_equal(ss_state_new(o.file, 0, NULL, NULL, &s, &err), SS_CORRUPT);
    assert_null(s);
    assert_int_equal(err.code, SS_E_RECORD);
    assert_int_equal(err.pgid, 3);
    /* Page 3: header, two elements, record 2 (17 + 13), then the key of record 3 and its tag. */
    assert_int_equal(err.off, 3 * 4096 + 16 + 2 * 16 + 17 + 12 + 17 + 1);
    assert_string_equal(err.bucket, "key");
    close_db(&o);
}

static void meta_revisions_are_checked(void **state)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t meta = ss_test_db_bucket(db, SS_TEST_ROOT, "meta", false);
    struct ss_rev_facts facts;
    struct ss_error err;
    struct opened o;

    (void)state;
    ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    ss_test_db_put(db, meta, "scheduledCompactRev", 19, "short", 5);
    o = open_db(db);
    assert_int_equal(ss_rev_facts(o.file, &facts, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_FIELD);
    assert_string_equal(err.message, "scheduledCompactRev has 5 bytes, 17 are due");
    assert_string_equal(err.bucket, "meta");
    close_db(&o);
}

/* ---- random histories against a model ---- */

#define KEY_COUNT_MAX 600

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

struct model {
    struct ss_span keys[KEY_COUNT_MAX];
    uint32_t key_count;
    struct ss_record *records;
    uint32_t record_count;
    int64_t last;
};

/* Keys of 1 to 300 bytes over a tiny alphabet: shared prefixes, prefixes of each other, NUL, 0xff. */
static void make_keys(struct model *m, uint32_t count, uint64_t *seed)
{
    static const uint8_t alphabet[] = {0, 'a', 'b', 0xff};

    while (m->key_count < count) {
        uint64_t shared = next_random(seed) % 3 == 0 ? next_random(seed) % 280 : 0;
        uint64_t len = shared + 1 + next_random(seed) % 20;
        uint8_t *key = malloc((size_t)len);
        bool known = false;

        assert_non_null(key);
        for (uint64_t i = 0; i < len; i++) {
            key[i] = i < shared ? 'p' : alphabet[next_random(seed) % sizeof(alphabet)];
        }
        for (uint32_t i = 0; i < m->key_count && !known; i++) {
            known = ss_span_eq(m->keys[i], ss_span_of(key, (size_t)len));
        }
        if (known) {
            free(key);
        } else {
            m->keys[m->key_count++] = ss_span_of(key, (size_t)len);
        }
    }
}

static void make_records(struct model *m, uint32_t count, uint64_t *seed)
{
    struct ss_revision rev = {1, 0};

    m->records = calloc(count, sizeof(*m->records));
    assert_non_null(m->records);
    for (; m->record_count < count; m->record_count++) {
        struct ss_record *rec = &m->records[m->record_count];
        uint64_t dice = next_random(seed) % 16;

        if (dice < 3) {
            rev.sub++;
        } else {
            rev = (struct ss_revision){rev.main + 1 + (int64_t)(dice == 15), 0};
        }
        rec->rev = rev;
        rec->key = m->keys[next_random(seed) % m->key_count];
        rec->tombstone = next_random(seed) % 3 == 0;
        rec->marker = dice == 14 && !rec->tombstone;
        rec->value = rec->key;
        rec->version = m->record_count + 1;
        rec->create_revision = 1;
    }
    m->last = rev.main;
}

static const struct ss_record *model_get(const struct model *m, struct ss_span key, int64_t rev)
{
    for (uint32_t i = m->record_count; i-- > 0;) {
        const struct ss_record *rec = &m->records[i];

        if (rec->rev.main <= rev && !rec->marker && ss_span_eq(rec->key, key)) {
            return rec->tombstone ? NULL : rec;
        }
    }
    return NULL;
}

static void compare(const struct model *m, const struct ss_file *file, int64_t rev,
                    const struct ss_range *range)
{
    struct ss_state *s;
    struct ss_error err;
    struct ss_record got, before = {0};
    uint64_t live = 0;

    assert_int_equal(ss_state_new(file, rev, range, NULL, &s, &err), SS_OK);
    for (uint32_t i = 0; i < m->key_count; i++) {
        const struct ss_record *due = model_get(m, m->keys[i], rev);
        enum ss_status st = ss_state_find(s, m->keys[i].ptr, (size_t)m->keys[i].len, &got);

        if (due == NULL || !ss_range_has(range, m->keys[i])) {
            assert_int_equal(st, SS_END);
            continue;
        }
        live++;
        assert_int_equal(st, SS_OK);
        assert_true(ss_span_eq(got.key, due->key));
        assert_int_equal(got.version, due->version);
        assert_int_equal(got.rev.main, due->rev.main);
        assert_int_equal(got.rev.sub, due->rev.sub);
    }
    assert_int_equal(ss_state_count(s), live);
    for (uint64_t i = 0; i < live; i++) {
        ss_state_get(s, i, &got);
        assert_true(i == 0 || ss_span_cmp(before.key, got.key) < 0);
        before = got;
    }
    ss_state_free(s);
}

static void free_model(struct model *m)
{
    for (uint32_t i = 0; i < m->key_count; i++) {
        free((void *)(uintptr_t)m->keys[i].ptr);
    }
    free(m->records);
}

static void random_histories(void **state)
{
    static const struct {
        uint32_t page_size, leaf_max, keys, records;
        bool big, is_inline;
    } shapes[] = {
        {1024, 65535, 1, 40, false, false},    {4096, 3, 20, 300, false, false},
        {4096, 65535, 600, 3000, true, false}, {65536, 65535, 500, 4000, false, false},
        {4096, 65535, 10, 30, false, true},    {4096, 65535, 10, 30, true, true},
    };
    uint64_t seed = 20260101;

    (void)state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct ss_test_db *db = ss_test_db_new(shapes[i].page_size, shapes[i].big);
        uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", shapes[i].is_inline);
        struct ss_range range = {.from = "a", .from_len = 1, .to = "p\xff", .to_len = 2};
        struct model m = {0};
        struct opened o;

        ss_test_db_leaf_max(db, shapes[i].leaf_max);
        make_keys(&m, shapes[i].keys, &seed);
        make_records(&m, shapes[i].records, &seed);
        for (uint32_t r = 0; r < m.record_count; r++) {
            ss_test_put_record(db, key, &m.records[r]);
        }
        o = open_db(db);
        for (int64_t rev = 1; rev < m.last; rev += 1 + m.last / 20) {
            compare(&m, o.file, rev, rev % 2 == 0 ? &range : NULL);
        }
        compare(&m, o.file, m.last, NULL);
        compare(&m, o.file, m.last, &range);
        close_db(&o);
        free_model(&m);
    }
}

/* Keys that are prefixes of each other, around the length from which the sort looks lengths up. */
static void long_keys_are_sorted(void **state)
{
    enum {
        LEN_MAX = 65560,
        KEYS = 50
    };
    struct ss_test_db *db = ss_test_db_new(65536, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    uint8_t *name = malloc(LEN_MAX);
    struct ss_record rec;
    struct ss_state *s;
    struct ss_error err;
    struct opened o;

    (void)state;
    assert_non_null(name);
    memset(name, 'p', LEN_MAX);
    for (int64_t i = 0; i < KEYS; i++) {
        size_t len = 65510 + (size_t)(i * 37 % KEYS);

        rec = (struct ss_record){.rev = {i + 1, 0},
                                 .key = ss_span_of(name, len),
                                 .create_revision = 1,
                                 .version = (int64_t)len};
        ss_test_put_record(db, key, &rec);
    }
    o = open_db(db);
    assert_int_equal(ss_state_new(o.file, 0, NULL, NULL, &s, &err), SS_OK);
    assert_int_equal(ss_state_count(s), KEYS);
    for (uint64_t i = 0; i < KEYS; i++) {
        ss_state_get(s, i, &rec);
        assert_int_equal(rec.key.len, 65510 + i);
        assert_int_equal(rec.version, rec.key.len);
    }
    assert_int_equal(ss_state_find(s, name, 65536, &rec), SS_OK);
    assert_int_equal(rec.key.len, 65536);
    assert_int_equal(ss_state_find(s, name, 65560, &rec), SS_END);
    ss_state_free(s);
    close_db(&o);
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_of_a_history),
        cmocka_unit_test(current_is_what_etcd_boots_with),
        cmocka_unit_test(states_of_a_history),
        cmocka_unit_test(revisions_out_of_reach),
        cmocka_unit_test(walks_records),
        cmocka_unit_test(a_file_that_is_not_etcds),
        cmocka_unit_test(a_broken_record_ends_it),
        cmocka_unit_test(meta_revisions_are_checked),
        cmocka_unit_test(random_histories),
        cmocka_unit_test(long_keys_are_sorted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
