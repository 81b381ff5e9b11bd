/*
 * The buckets beside `key`: what real servers wrote, ids of all 64 bits, and each way to be wrong.
 */
#include "build_db.h"

#include "etcd/alarm.h"
#include "etcd/auth.h"
#include "etcd/json_doc.h"
#include "etcd/lease.h"
#include "etcd/member.h"
#include "etcd/meta.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define KEY_OFF UINT64_C(0x3000)
#define VALUE_OFF UINT64_C(0x4000)

static struct ss_entry entry_of(const void *key, size_t key_len, const void *value,
                                size_t value_len)
{
    return (struct ss_entry){.key = {key, key_len, KEY_OFF},
                             .value = {value, value_len, VALUE_OFF},
                             .pgid = 9,
                             .index = 2};
}

static struct ss_span text_at(const char *text)
{
    return (struct ss_span){(const uint8_t *)text, strlen(text), VALUE_OFF};
}

/* What one object gives, each field of a type. */
struct doc {
    bool b;
    uint64_t n;
    struct ss_json_text s;
    struct ss_json_texts list;
    struct ss_json_u64s ids;
};

static enum ss_status decode(struct ss_span text, bool null_is_empty, struct doc *d,
                             struct ss_error *err)
{
    const struct ss_json_field fields[] = {{"b", SS_JSON_BOOL, &d->b},
                                           {"n", SS_JSON_U64, &d->n},
                                           {"sKip", SS_JSON_TEXT, &d->s},
                                           {"list", SS_JSON_TEXTS, &d->list},
                                           {"ids", SS_JSON_U64S, &d->ids}};

    *d = (struct doc){.n = 77};
    ss_error_clear(err);
    return ss_json_decode(text, "it", 9, null_is_empty, fields, 5, err);
}

static void doc_fini(struct doc *d)
{
    free(d->s.ptr);
    free(d->ids.items);
    ss_json_texts_fini(&d->list);
}

static void json_keeps_all_64_bits(void **state)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {
        {"{\"n\":0}", 0},
        {"{\"n\":9007199254740993}", UINT64_C(9007199254740993)},
        {"{\"n\":9223372036854775807}", UINT64_C(9223372036854775807)},
        {"{\"n\":9223372036854775808}", UINT64_C(9223372036854775808)},
        {"{\"n\":18446744073709551615}", UINT64_MAX},
        {" {\"\\\"-1\":\"1e5\", \"n\" : 18064754730456894353 }\r\n",
         UINT64_C(18064754730456894353)},
        {"{\"n\":null}", 77},
        {"{\"other\":{\"n\":[1,{}]}}", 77},
        {"{\"n\":1,\"N\":2}", 2}, /* the last one wins, whatever its case */
        {"{\"N\":2,\"n\":null}", 2},
    };
    struct ss_error err;
    struct doc d;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(decode(text_at(good[i].text), false, &d, &err), SS_OK);
        assert_true(d.n == good[i].value);
        doc_fini(&d);
    }
}

static void json_of_another_type(void **state)
{
    static const char *const texts[] = {"{\"n\":-1}",
                                        "{\"n\":-9223372036854775808}",
                                        "{\"n\":1.0}",
                                        "{\"n\":1e3}",
                                        "{\"n\":1e999}",
                                        "{\"n\":18446744073709551616}",
                                        "{\"n\":\"1\"}",
                                        "{\"n\":true}",
                                        "{\"n\":-0}",
                                        "{\"b\":1}",
                                        "{\"b\":\"true\"}",
                                        "{\"b\":[]}",
                                        "{\"skip\":1}",
                                        "{\"skip\":{}}",
                                        "{\"list\":\"a\"}",
                                        "{\"list\":[1]}",
                                        "{\"list\":{}}",
                                        "{\"ids\":[\"1\"]}",
                                        "{\"ids\":[1,[2]]}",
                                        "{\"ids\":3}",
                                        "{\"n\":\"1\",\"n\":1}",
                                        "{\"n\":1,\"N\":[]}"};
    struct ss_error err;
    struct doc d;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(decode(text_at(texts[i]), false, &d, &err), SS_CORRUPT);
        assert_int_equal(err.code, SS_E_FIELD);
        assert_int_equal(err.off, VALUE_OFF);
        assert_non_null(strstr(err.message, "\" is n"));
        doc_fini(&d);
    }
}

/* Names in any case, k and s in their other letters too; but not in letters that only look alike. */
static void json_names(void **state)
{
    static const char *const same[] = {"{\"sKip\":\"x\"}", "{\"SKIP\":\"x\"}",
                                       "{\"\u017f\u212aip\":\"x\"}", "{\"\\u017FK\\u0069p\":\"x\"}",
                                       "{\"skip\":\"y\",\"SkIp\":\"x\"}"};
    static const char *const others[] = {"{\"skip \":\"x\"}",     "{\"ski\":\"x\"}",
                                         "{\"sk\u0131p\":\"x\"}", "{\"skipp\":\"x\"}",
                                         "{\"\":\"x\"}",          "{\"s\\u0000kip\":\"x\"}"};
    struct ss_error err;
    struct doc d;

    (void)state;
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        assert_int_equal(decode(text_at(same[i]), false, &d, &err), SS_OK);
        assert_string_equal(d.s.ptr, "x");
        doc_fini(&d);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(decode(text_at(others[i]), false, &d, &err), SS_OK);
        assert_null(d.s.ptr);
        doc_fini(&d);
    }
}

static void json_texts(void **state)
{
    static const struct {
        const char *text, *value;
        size_t len;
    } rows[] = {
        {"{\"skip\":\"\"}", "", 0},
        {"{\"skip\":\"a\\u0000b\"}", "a\0b", 3},
        {"{\"skip\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "\"\\/\b\f\n\r\t", 8},
        {"{\"skip\":\"\\u00e9\\u20AC\\ud83d\\ude00\"}", "\u00e9\u20ac\U0001F600", 9},
        {"{\"skip\":\"\\ud83d\"}", "\ufffd", 3},
        {"{\"skip\":\"\\ud83dx\"}", "\ufffdx", 4},
        {"{\"skip\":\"\\ude00\\ud83d\"}", "\ufffd\ufffd", 6},
        {"{\"skip\":\"\\ud83d\\u0041\"}", "\ufffdA", 4},
        {"{\"skip\":\"\\ud83d\\ud83d\\ude00\"}", "\ufffd\U0001F600", 7},
        {"{\"skip\":\"\xff\xe2\x82\"}", "\ufffd\ufffd\ufffd", 9},
        {"{\"skip\":\"\xed\xa0\x80\"}", "\ufffd\ufffd\ufffd", 9},
    };
    struct ss_error err;
    struct doc d;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(decode(text_at(rows[i].text), false, &d, &err), SS_OK);
        assert_int_equal(d.s.len, rows[i].len);
        assert_memory_equal(d.s.ptr, rows[i].value, rows[i].len + 1);
        doc_fini(&d);
    }
}

/* Lists are replaced item by item: a null leaves what stood there, unless the list was emptied. */
static void json_lists(void **state)
{
    static const struct {
        const char *text, *joined;
    } rows[] = {
        {"{\"list\":[]}", ""},
        {"{\"list\":[ \"a\" , \"b\" ]}", "a,b,"},
        {"{\"list\":[null]}", ","},
        {"{\"list\":[\"a\",\"b\"],\"list\":[null,\"c\",null]}", "a,c,,"},
        {"{\"list\":[\"a\",\"b\"],\"list\":[\"c\"],\"LIST\":[null,null]}", "c,b,"},
        {"{\"list\":[\"a\"],\"list\":null}", ""},
        {"{\"list\":[\"a\"],\"list\":null,\"list\":[null]}", ","},
        {"{\"list\":[\"a\"],\"list\":[],\"list\":[null]}", ","},
    };
    struct ss_error err;
    struct doc d;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char joined[64] = "";

        assert_int_equal(decode(text_at(rows[i].text), false, &d, &err), SS_OK);
        for (size_t k = 0; k < d.list.count; k++) {
            strcat(joined, d.list.items[k].ptr != NULL ? d.list.items[k].ptr : "");
            strcat(joined, ",");
        }
        assert_string_equal(joined, rows[i].joined);
        doc_fini(&d);
    }
    assert_int_equal(
        decode(text_at("{\"ids\":[1,2,3,4,5],\"ids\":[null,9,null]}"), false, &d, &err), SS_OK);
    assert_int_equal(d.ids.count, 3);
    assert_int_equal(d.ids.items[0], 1);
    assert_int_equal(d.ids.items[1], 9);
    assert_int_equal(d.ids.items[2], 3);
    doc_fini(&d);
}

static void json_refuses(void **state)
{
    static const char *const texts[] = {"",
                                        "{",
                                        "[]",
                                        "null",
                                        "{} x",
                                        "{\"n\":01}",
                                        "{\"n\":-}",
                                        "{\"n\":1.}",
                                        "{\"n\":+1}",
                                        "{\"n\":1e}",
                                        "{\"n\":.5}",
                                        "{\"n\":1",
                                        "{\"n\":--1}",
                                        "{\"n\":1-1}",
                                        "{\"n\":\"\\",
                                        "{\"n\":tru}",
                                        "{\"n\"}",
                                        "{\"n\":}",
                                        "{n:1}",
                                        "{\"n\":1,}",
                                        "{,}",
                                        "{\"x\":[1,]}",
                                        "{\"x\":[1}}",
                                        "{\"x\":\"\n\"}",
                                        "{\"x\":\"\\x\"}",
                                        "{\"x\":\"\\'\"}",
                                        "{\"x\":\"\\u12g4\"}",
                                        "{}{}",
                                        "\"a\"",
                                        "1",
                                        "{\"x\":[[]}"};
    struct ss_error err;
    struct doc d;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(decode(text_at(texts[i]), false, &d, &err), SS_CORRUPT);
        assert_int_equal(err.code, SS_E_FIELD);
        assert_int_equal(err.off, VALUE_OFF);
        assert_int_equal(err.pgid, 9);
        doc_fini(&d);
    }
    assert_int_equal(decode(text_at("{\"n\":01}"), false, &d, &err), SS_CORRUPT);
    assert_string_equal(err.message,
                        "it is no JSON object: byte 6 is not a comma or a closing brace");
    assert_int_equal(decode(text_at("null"), true, &d, &err), SS_OK);
    assert_int_equal(d.n, 77);
    assert_int_equal(decode(text_at("[]"), true, &d, &err), SS_CORRUPT);
}

/* Length, and levels: as many as Go takes, and one more. */
static void json_has_bounds(void **state)
{
    char *text = malloc(SS_JSON_LEN_MAX + 1);
    struct ss_span span = {(uint8_t *)text, SS_JSON_LEN_MAX, VALUE_OFF};
    struct ss_error err;
    struct doc d;

    (void)state;
    assert_non_null(text);
    memset(text, ' ', SS_JSON_LEN_MAX + 1);
    text[0] = '{';
    text[1] = '}';
    assert_int_equal(decode(span, false, &d, &err), SS_OK);
    span.len++;
    assert_int_equal(decode(span, false, &d, &err), SS_CORRUPT);
    assert_string_equal(err.message, "it has 1048577 bytes, more than any that etcd writes");
    memcpy(text, "{\"x\":", 5);
    for (size_t depth = 9999; depth <= 10000; depth++) { /* and the object around them */
        memset(text + 5, '[', depth);
        memset(text + 5 + depth, ']', depth);
        text[5 + 2 * depth] = '}';
        span.len = 6 + 2 * depth;
        assert_int_equal(decode(span, false, &d, &err), depth == 9999 ? SS_OK : SS_CORRUPT);
    }
    assert_string_equal(err.message, "it is no JSON object: byte 10004 is not fewer levels");
    free(text);
}

static void member_ids(void **state)
{
    static const struct {
        const char *key;
        uint64_t id;
        uint64_t wrong; /* SS_NONE: fine */
    } cases[] = {
        {"dd84d1c4e17d485c", UINT64_C(0xdd84d1c4e17d485c), SS_NONE},
        {"0", 0, SS_NONE},
        {"DD84D1C4E17D485C", UINT64_C(0xdd84d1c4e17d485c), SS_NONE},
        {"0000000000000000ffffffffffffffff", UINT64_MAX, SS_NONE},
        {"", 0, 0},
        {"0x1", 0, 1},
        {"-1", 0, 0},
        {"1_0", 0, 1},
        {"10000000000000000", 0, 16},
        {"12 ", 0, 2},
    };
    struct ss_error err;
    uint64_t id;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ss_span key = text_at(cases[i].key);
        enum ss_status st = ss_member_id_decode(key, 9, &id, &err);

        if (cases[i].wrong == SS_NONE) {
            assert_int_equal(st, SS_OK);
            assert_true(id == cases[i].id);
        } else {
            assert_int_equal(st, SS_CORRUPT);
            assert_int_equal(err.code, SS_E_FIELD);
            assert_int_equal(err.off, VALUE_OFF + cases[i].wrong);
        }
    }
}

static enum ss_status decode_member(const char *value, struct ss_member_doc *doc,
                                    struct ss_error *err)
{
    struct ss_entry entry = entry_of("fab2e6b75770cb91", 16, value, strlen(value));

    return ss_member_decode(&entry, doc, err);
}

static void decodes_members(void **state)
{
    struct ss_member_doc doc;
    struct ss_error err;

    (void)state;
    assert_int_equal(decode_member("{\"id\":18064754730456894353,\"peerURLs\":[\"http://a:1\","
                                   "\"http://b:2\"],\"isLearner\":true,\"name\":\"m0\","
                                   "\"clientURLs\":[\"http://c:3\"],\"later\":-1}",
                                   &doc, &err),
                     SS_OK);
    assert_true(doc.member.id == UINT64_C(18064754730456894353));
    assert_true(doc.member.value_id == UINT64_C(18064754730456894353));
    assert_true(doc.member.is_learner);
    assert_string_equal((const char *)doc.member.name.ptr, "m0");
    assert_int_equal(doc.member.name.len, 2);
    assert_int_equal(doc.member.peer_url_count, 2);
    assert_string_equal((const char *)doc.member.peer_urls[1].ptr, "http://b:2");
    assert_int_equal(doc.member.client_url_count, 1);
    assert_string_equal((const char *)doc.member.client_urls[0].ptr, "http://c:3");
    assert_int_equal(doc.member.off, VALUE_OFF);
    assert_int_equal(doc.member.pgid, 9);
    assert_int_equal(doc.member.index, 2);
    ss_member_doc_fini(&doc);

    assert_int_equal(decode_member("{\"peerURLs\":null}", &doc, &err), SS_OK);
    assert_true(doc.member.value_id == doc.member.id);
    assert_int_equal(doc.member.name.len, 0);
    assert_int_equal(doc.member.peer_url_count, 0);
    ss_member_doc_fini(&doc);

    /* As Go takes it: any case, a NUL, half of a surrogate pair. */
    assert_int_equal(decode_member("{\"ID\":7,\"PEERURLS\":[null,\"u\\ud800\"],\"iSlEARNER\":true,"
                                   "\"Name\":\"a\\u0000b\"}",
                                   &doc, &err),
                     SS_OK);
    assert_int_equal(doc.member.value_id, 7);
    assert_true(doc.member.is_learner);
    assert_int_equal(doc.member.name.len, 3);
    assert_memory_equal(doc.member.name.ptr, "a\0b", 4);
    assert_int_equal(doc.member.peer_url_count, 2);
    assert_int_equal(doc.member.peer_urls[0].len, 0);
    assert_string_equal((const char *)doc.member.peer_urls[1].ptr, "u\ufffd");
    ss_member_doc_fini(&doc);

    assert_int_equal(decode_member("{\"id\":7}", &doc, &err), SS_OK);
    assert_int_equal(doc.member.value_id, 7);
    ss_member_doc_fini(&doc);
}

static void refuses_members(void **state)
{
    static const char *const values[] = {
        "{\"id\":-1}",          "{\"id\":\"7\"}",         "{\"id\":1.5}",
        "{\"peerURLs\":\"a\"}", "{\"peerURLs\":[1]}",     "{\"clientURLs\":{}}",
        "{\"name\":1}",         "{\"isLearner\":\"no\"}", "removed"};
    struct ss_member_doc doc;
    struct ss_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_int_equal(decode_member(values[i], &doc, &err), SS_CORRUPT);
        assert_int_equal(err.code, SS_E_FIELD);
        assert_int_equal(err.off, VALUE_OFF);
    }
}

static void decodes_leases(void **state)
{
    static const uint8_t key[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe};
    static const uint8_t value[] = {0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                    0xff, 0x01, 0x10, 0xa0, 0x38, 0x18, 0xf4, 0x35};
    static const uint8_t typed[] = {0x08, 7, 0x12, 1, 'x'};
    struct ss_entry entry = entry_of(key, sizeof(key), value, sizeof(value));
    struct ss_lease lease;
    struct ss_lease_places at;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_lease_decode(&entry, &lease, &at, &err), SS_OK);
    assert_int_equal(lease.id, -2);
    assert_int_equal(lease.key_id, -2);
    assert_int_equal(lease.ttl, 7200);
    assert_int_equal(lease.remaining_ttl, 6900);
    assert_int_equal(at.id_off, VALUE_OFF);
    assert_int_equal(at.ttl_off, VALUE_OFF + 11);

    entry.key.len = 7;
    assert_int_equal(ss_lease_decode(&entry, &lease, &at, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_FIELD);
    assert_int_equal(err.off, KEY_OFF + 7);
    entry = entry_of(key, sizeof(key), typed, sizeof(typed));
    assert_int_equal(ss_lease_decode(&entry, &lease, &at, &err), SS_CORRUPT);
    assert_int_equal(err.off, VALUE_OFF + 2);
    entry = entry_of(key, sizeof(key), value, 12);
    assert_int_equal(ss_lease_decode(&entry, &lease, &at, &err), SS_CORRUPT);
    assert_int_equal(err.off, VALUE_OFF + 12);
}

static void decodes_alarms(void **state)
{
    static const uint8_t key[] = {0x08, 0x87, 0xe4, 0xb9, 0xda, 0x85, 0xdd,
                                  0x97, 0xfd, 0xaf, 0x01, 0x10, 0x01};
    static const uint8_t typed[] = {0x0a, 0};
    struct ss_entry entry = entry_of(key, sizeof(key), "", 0);
    struct ss_alarm alarm;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_alarm_decode(&entry, &alarm, &err), SS_OK);
    assert_true(alarm.member_id == UINT64_C(12680552052872344071));
    assert_int_equal(alarm.type, 1);
    assert_int_equal(alarm.off, KEY_OFF);
    assert_string_equal(ss_alarm_name(alarm.type), "NOSPACE");
    assert_string_equal(ss_alarm_name(2), "CORRUPT");
    assert_string_equal(ss_alarm_name(3), "UNKNOWN");
    assert_string_equal(ss_alarm_name(-1), "UNKNOWN");
    entry = entry_of(typed, sizeof(typed), "", 0);
    assert_int_equal(ss_alarm_decode(&entry, &alarm, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_FIELD);
    assert_int_equal(err.off, KEY_OFF);
}

static void decodes_users(void **state)
{
    static const uint8_t value[] = {0x0a, 1, 'u',  0x12, 2,   'p',  'w', 0x1a, 1,   'a',
                                    0x1a, 0, 0x1a, 1,    'c', 0x22, 2,   0x08, 0x01};
    static const uint8_t bad_option[] = {0x0a, 1, 'u', 0x22, 2, 0x0a, 0};
    struct ss_entry entry = entry_of("u", 1, value, sizeof(value));
    struct ss_user user;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_user_decode(&entry, &user, &err), SS_OK);
    assert_true(ss_span_is(user.name, "u"));
    assert_true(ss_span_is(user.password, "pw"));
    assert_true(user.no_password);
    assert_int_equal(user.role_count, 3);
    assert_true(ss_span_is(user.roles[0], "a"));
    assert_true(ss_span_is(user.roles[1], ""));
    assert_true(ss_span_is(user.roles[2], "c"));
    assert_int_equal(user.roles[2].off, VALUE_OFF + 14);
    ss_user_fini(&user);
    entry = entry_of("u", 1, bad_option, sizeof(bad_option));
    assert_int_equal(ss_user_decode(&entry, &user, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_FIELD);
    assert_int_equal(err.off, VALUE_OFF + 5);
}

static void decodes_roles(void **state)
{
    static const uint8_t value[] = {0x0a, 1,    'r', 0x12, 8,    0x08, 2,    0x12, 1,
                                    '/',  0x1a, 1,   0,    0x12, 3,    0x12, 1,    'k'};
    static const uint8_t bad[] = {0x0a, 1, 'r', 0x12, 2, 0x12, 5};
    struct ss_entry entry = entry_of("r", 1, value, sizeof(value));
    struct ss_role role;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_role_decode(&entry, &role, &err), SS_OK);
    assert_true(ss_span_is(role.name, "r"));
    assert_int_equal(role.permission_count, 2);
    assert_int_equal(role.permissions[0].type, SS_PERMISSION_READWRITE);
    assert_true(ss_span_is(role.permissions[0].key, "/"));
    assert_int_equal(role.permissions[0].range_end.len, 1);
    assert_int_equal(role.permissions[0].range_end.ptr[0], 0);
    assert_int_equal(role.permissions[1].type, SS_PERMISSION_READ);
    assert_true(ss_span_is(role.permissions[1].key, "k"));
    assert_int_equal(role.permissions[1].range_end.len, 0);
    ss_role_fini(&role);
    entry = entry_of("r", 1, bad, sizeof(bad));
    assert_int_equal(ss_role_decode(&entry, &role, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_FIELD);
    assert_int_equal(err.off, VALUE_OFF + 6);
}

static void versions(void **state)
{
    static const struct {
        const char *text;
        uint64_t wrong;
    } bad[] = {{"", 0},
               {"3", 1},
               {"3.6", 3},
               {"v3.6.0", 0},
               {"3..0", 2},
               {"3.6.", 4},
               {"3.6.0.1", 5},
               {"3.6.0-a_b", 7},
               {"3.6.0 ", 5},
               {"3.6.x", 4},
               {"3.9223372036854775808.0", 2},
               {"3.5.0+a+b", 7},
               {"3.5.0-a..b", 8},
               {"3.5.0-a.", 8},
               {"3.5.0-.a", 6},
               {"3.5.0+a_b", 7},
               {"+3.5.0", 0},
               {"-3.5.0", 0},
               {"3.-5.0", 2},
               {"3.5.0-a+b+c", 9},
               {"3.5+a.0", 3}};
    struct ss_semver v;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_semver_decode(text_at("3.6.14"), "it", 9, &v, &err), SS_OK);
    assert_int_equal(v.major, 3);
    assert_int_equal(v.minor, 6);
    assert_int_equal(v.patch, 14);
    assert_int_equal(ss_semver_decode(text_at("3.7.0-rc.1+b"), "it", 9, &v, &err), SS_OK);
    assert_true(v.is_before && v.has_meta);
    assert_int_equal(ss_semver_cmp(v, (struct ss_semver){.major = 3, .minor = 7}), -1);
    assert_int_equal(ss_semver_cmp(v, (struct ss_semver){.major = 3, .minor = 6, .patch = 9}), 1);
    assert_int_equal(ss_semver_decode(text_at("3.07.0-+"), "it", 9, &v, &err), SS_OK);
    assert_true(!v.is_before && !v.has_meta && v.minor == 7);
    assert_int_equal(
        ss_semver_decode(text_at("3.4294967296.9223372036854775807--"), "it", 9, &v, &err), SS_OK);
    assert_true(v.minor == UINT64_C(4294967296) && v.patch == INT64_MAX && v.is_before);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(ss_semver_decode(text_at(bad[i].text), "it", 9, &v, &err), SS_CORRUPT);
        assert_int_equal(err.code, SS_E_VERSION);
        assert_int_equal(err.off, VALUE_OFF + bad[i].wrong);
    }
}

/* As go-semver writes them again; nothing where it reads none, or where there is no room. */
static void semver_texts(void **state)
{
    static const char *const rows[][2] = {
        {"3.6.0", "3.6.0"},  {"3.06.00", "3.6.0"},       {"3.6.0-", "3.6.0"},
        {"3.6.0+", "3.6.0"}, {"3.6.0-a+b", "3.6.0-a+b"}, {"3.6.0-+b", "3.6.0+b"},
        {"3.6", ""},         {"3.6.0+a+b", ""},          {"3.4294967296.0", ""}};
    char text[13];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ss_semver_text(text_at(rows[i][0]), text, sizeof(text));
        assert_string_equal(text, rows[i][1]);
    }
}

static void conf_states(void **state)
{
    struct ss_conf_state conf;
    struct ss_error err;

    (void)state;
    assert_int_equal(
        ss_conf_state_decode(text_at("{\"voters\":[15962113622834759772,1],\"learners\":[2],"
                                     "\"voters_outgoing\":[3],\"learners_next\":[4,5],"
                                     "\"auto_leave\":true}"),
                             9, &conf, &err),
        SS_OK);
    assert_int_equal(conf.voter_count, 2);
    assert_true(conf.voters[0] == UINT64_C(15962113622834759772));
    assert_int_equal(conf.learners[0], 2);
    assert_int_equal(conf.voters_outgoing[0], 3);
    assert_int_equal(conf.learners_next_count, 2);
    assert_int_equal(conf.learners_next[1], 5);
    assert_true(conf.auto_leave);
    ss_conf_state_fini(&conf);
    assert_int_equal(ss_conf_state_decode(text_at("{\"voters\":[1,-1]}"), 9, &conf, &err),
                     SS_CORRUPT);
    assert_int_equal(err.off, VALUE_OFF);
    assert_int_equal(ss_conf_state_decode(text_at("{\"voters\":1}"), 9, &conf, &err), SS_CORRUPT);
    assert_int_equal(ss_conf_state_decode(text_at("{\"auto_leave\":0}"), 9, &conf, &err),
                     SS_CORRUPT);
}

static void downgrades(void **state)
{
    struct ss_error err;
    char *target = NULL;
    bool enabled;

    (void)state;
    assert_int_equal(ss_downgrade_decode(text_at("{\"target-version\":\"3.5.0\",\"enabled\":true}"),
                                         9, &enabled, &target, &err),
                     SS_OK);
    assert_true(enabled);
    assert_string_equal(target, "3.5.0");
    free(target);
    assert_int_equal(ss_downgrade_decode(text_at("{\"target-version\":\"\",\"enabled\":false}"), 9,
                                         &enabled, &target, &err),
                     SS_OK);
    assert_false(enabled);
    assert_string_equal(target, "");
    free(target);
    assert_int_equal(ss_downgrade_decode(text_at("{\"target-version\":\"x\",\"enabled\":true}"), 9,
                                         &enabled, &target, &err),
                     SS_CORRUPT);
    assert_int_equal(err.off, VALUE_OFF);
}

struct seen {
    char text[512];
};

static bool see_member(void *ctx, const struct ss_member *m)
{
    struct seen *seen = ctx;
    size_t used = strlen(seen->text);

    snprintf(seen->text + used, sizeof(seen->text) - used, "%" PRIx64 "%s ", (uint64_t)m->id,
             m->removed ? "-" : "");
    return true;
}

static void see_fault(void *ctx, const struct ss_error *fault)
{
    struct seen *seen = ctx;
    size_t used = strlen(seen->text);

    snprintf(seen->text + used, sizeof(seen->text) - used, "[%s %s] ", fault->bucket,
             ss_code_name(fault->code));
}

static void a_fault_stops_nothing(void **state)
{
    struct ss_test_db *db = ss_test_db_new(4096, false);
    uint32_t members = ss_test_db_bucket(db, SS_TEST_ROOT, "members", true);
    uint32_t removed = ss_test_db_bucket(db, SS_TEST_ROOT, "members_removed", true);
    struct seen seen = {""};
    struct ss_error err;
    struct ss_file *file;
    uint64_t faults;
    uint8_t *bytes;
    size_t len;

    (void)state;
    ss_test_db_put(db, members, "1a", 2, "{\"id\":26}", 9);
    ss_test_db_put(db, members, "2b", 2, "{", 1);
    ss_test_db_put(db, members, "3c", 2, "{\"id\":60}", 9);
    ss_test_db_put(db, removed, "4d", 2, "removed", 7);
    ss_test_db_put(db, removed, "xx", 2, "removed", 7);
    bytes = ss_test_db_finish(db, &len);
    assert_int_equal(ss_open_memory(bytes, len, "test", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_members(file, see_member, see_fault, &seen, &faults, &err), SS_OK);
    assert_int_equal(faults, 2);
    assert_string_equal(seen.text, "1a [members field] 3c 4d- [members_removed field] ");
    ss_close(file);
    free(bytes);
}

static void reads_meta_and_cluster(void **state)
{
    static const uint8_t index[] = {0, 0, 0, 0, 0, 0, 0, 74};
    struct ss_test_db *db = ss_test_db_new(4096, true);
    uint32_t cluster = ss_test_db_bucket(db, SS_TEST_ROOT, "cluster", true);
    uint32_t meta = ss_test_db_bucket(db, SS_TEST_ROOT, "meta", true);
    struct seen seen = {""};
    struct ss_error err;
    struct ss_etcd_meta *out;
    struct ss_file *file;
    uint64_t faults;
    uint8_t *bytes;
    size_t len;

    (void)state;
    ss_test_db_put(db, cluster, "clusterVersion", 14, "3.6.0", 5);
    ss_test_db_put(db, meta, "confState", 9, "{\"voters\":[1]}", 14);
    ss_test_db_put(db, meta, "consistent_index", 16, index, 8);
    ss_test_db_put(db, meta, "term", 4, index, 7);
    ss_test_db_put(db, meta, "stranger", 8, "x", 1);
    bytes = ss_test_db_finish(db, &len);
    assert_int_equal(ss_open_memory(bytes, len, "test", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_etcd_meta_new(file, see_fault, &seen, &faults, &out, &err), SS_OK);
    assert_int_equal(faults, 1);
    assert_string_equal(seen.text, "[meta field] ");
    assert_true(out->has_consistent_index);
    assert_int_equal(out->consistent_index, 74);
    assert_false(out->has_term);
    assert_true(out->has_conf_state);
    assert_int_equal(out->conf_state.voter_count, 1);
    assert_string_equal(out->cluster_version, "3.6.0");
    assert_null(out->storage_version);
    assert_false(out->has_downgrade);
    assert_int_equal(out->extra_count, 1);
    assert_true(ss_span_is(out->extras[0].key, "stranger"));
    ss_etcd_meta_free(out);
    ss_close(file);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_keeps_all_64_bits),
        cmocka_unit_test(json_of_another_type),
        cmocka_unit_test(json_names),
        cmocka_unit_test(json_texts),
        cmocka_unit_test(semver_texts),
        cmocka_unit_test(json_lists),
        cmocka_unit_test(json_refuses),
        cmocka_unit_test(json_has_bounds),
        cmocka_unit_test(member_ids),
        cmocka_unit_test(decodes_members),
        cmocka_unit_test(refuses_members),
        cmocka_unit_test(decodes_leases),
        cmocka_unit_test(decodes_alarms),
        cmocka_unit_test(decodes_users),
        cmocka_unit_test(decodes_roles),
        cmocka_unit_test(versions),
        cmocka_unit_test(conf_states),
        cmocka_unit_test(downgrades),
        cmocka_unit_test(a_fault_stops_nothing),
        cmocka_unit_test(reads_meta_and_cluster),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
