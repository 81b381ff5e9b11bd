/*
 * test_cluster.c - members and ids from the words of a command line: ids as real etcd clusters have them,
 * and every refusal with its word.
 */
#include "restore/cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* testdata/etcd36-three/a/oracle/members.json: what three real members said of themselves. */
static void test_recorded_ids(void **state)
{
    struct ss_cluster cluster;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_cluster_parse("m0=http://127.0.0.1:43003,m1=http://127.0.0.1:41229,"
                                      "m2=http://127.0.0.1:40591",
                                      "fixture", NULL, &cluster, &err),
                     SS_OK);
    assert_int_equal(cluster.id, UINT64_C(341387395609209827));
    assert_int_equal(cluster.peers[0].id, UINT64_C(2109909320679016474));
    assert_string_equal(cluster.peers[0].name, "m2");
    assert_int_equal(cluster.peers[1].id, UINT64_C(12534529488242743192));
    assert_string_equal(cluster.peers[1].name, "m1");
    assert_int_equal(cluster.peers[2].id, UINT64_C(17310175288036761763));
    assert_string_equal(cluster.peers[2].name, "m0");
    ss_cluster_fini(&cluster);
}

/* As etcdutl gives them for the same words. */
static void test_known_ids(void **state)
{
    struct ss_cluster cluster;
    struct ss_error err;

    (void)state;
    assert_int_equal(
        ss_cluster_parse("default=http://localhost:2380", "etcd-cluster", NULL, &cluster, &err),
        SS_OK);
    assert_int_equal(cluster.count, 1);
    assert_int_equal(cluster.peers[0].id, UINT64_C(0x8e9e05c52164694d));
    assert_int_equal(cluster.id, UINT64_C(0xcdf818194e3a8c32));
    ss_cluster_fini(&cluster);
    assert_int_equal(
        ss_cluster_parse("m1=http://10.0.0.1:2380,m2=http://10.0.0.2:2380,m3=http://10.0.0.3:2380",
                         "t", "m3,m1", &cluster, &err),
        SS_OK);
    assert_int_equal(cluster.id, UINT64_C(0x4b2a83ae2b6e5a3b));
    assert_int_equal(cluster.count, 3);
    assert_int_equal(cluster.peers[0].id, UINT64_C(0x5ceb3fb220f7b90c));
    assert_int_equal(cluster.peers[1].id, UINT64_C(0xde6db0ef022a7d52));
    assert_int_equal(cluster.peers[2].id, UINT64_C(0xe1935c0236b02108));
    assert_true(ss_cluster_find(&cluster, "m3")->is_learner);
    assert_false(ss_cluster_find(&cluster, "m2")->is_learner);
    assert_null(ss_cluster_find(&cluster, "m4"));
    ss_cluster_fini(&cluster);
}

/* URLs are sorted before they are hashed, and compared as sets. */
static void test_several_urls(void **state)
{
    struct ss_cluster a, b;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_cluster_parse("x=http://b:1,x=http://a:2,,", "t", NULL, &a, &err), SS_OK);
    assert_int_equal(ss_cluster_parse("x=http://a:2,x=http://b:1", "t", NULL, &b, &err), SS_OK);
    assert_int_equal(a.id, b.id);
    assert_int_equal(a.peers[0].url_count, 2);
    assert_string_equal(a.peers[0].urls[0], "http://a:2");
    assert_int_equal(ss_cluster_check_urls(&a.peers[0], "http://a:2,http://b:1", &err), SS_OK);
    assert_int_equal(ss_cluster_check_urls(&a.peers[0], "http://b:1,http://a:2", &err), SS_OK);
    assert_int_equal(ss_cluster_check_urls(&a.peers[0], "http://b:1", &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_ARGUMENT);
    assert_int_equal(ss_cluster_check_urls(&a.peers[0], "", &err), SS_SYSTEM);
    ss_cluster_fini(&a);
    ss_cluster_fini(&b);
}

static void test_json(void **state)
{
    struct ss_cluster cluster;
    struct ss_bytes json = {0};
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_cluster_parse("a\"b=http://a:1,c=http://c:1", "t", "a\"b", &cluster, &err),
                     SS_OK);
    ss_peer_raft_json(ss_cluster_find(&cluster, "a\"b"), &json);
    ss_bytes_add(&json, "", 1);
    assert_string_equal((char *)json.ptr, "{\"peerURLs\":[\"http://a:1\"],\"isLearner\":true}");
    ss_bytes_fini(&json);
    ss_cluster_fini(&cluster);
}

static void test_accepted(void **state)
{
    static const char *const words[] = {"a=https://host.example:2380",
                                        "a=http://[fd00::1]:2380",
                                        "a=unix:///run/etcd.sock",
                                        "a=unixs://localhost:1",
                                        "ä=http://h:1",
                                        "a=unix://",
                                        "a=http://a:",
                                        "a=http://:1"};
    struct ss_cluster cluster;
    struct ss_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        assert_int_equal(ss_cluster_parse(words[i], "t", NULL, &cluster, &err), SS_OK);
        assert_int_equal(cluster.count, 1);
        ss_cluster_fini(&cluster);
    }
}

/* What is typed, and what etcd goes by: Go reads it and writes it again. */
static void test_as_go_writes(void **state)
{
    static const char *const rows[][2] = {
        {"HTTP://A:1", "http://A:1"},
        {"\u3000 https://a:1\t\xc2\x85", "https://a:1"},
        {"http://h\u00f6st:2380", "http://h%C3%B6st:2380"},
        {"http://h%c3%B6st:2380", "http://h%C3%B6st:2380"},
        {"http://[fe80::1%25eth0]:1", "http://[fe80::1%25eth0]:1"},
        {"http://[fe80::1%25e%20h]:1", "http://[fe80::1%25e%20h]:1"},
        {"http://[FD00::A]:", "http://[FD00::A]:"},
        {"http://u:p@a:1", "http://u:p@a:1"},
        {"http://u%C3%bc:@a:1", "http://u%C3%BC:@a:1"},
        {"http://@a:1", "http://@a:1"},
        {"http://u@v@a:1", "http://u%40v@a:1"},
        {"http://a:1?", "http://a:1?"},
        {"http://a:1?x y", "http://a:1?x y"},
        {"http://a:1#", "http://a:1"},
        {"http://a:1#\u00e4%20", "http://a:1#%C3%A4%20"},
        {"http://a:1#(%28)", "http://a:1#(%28)"},
        {"unix:x", "unix:x"},
        {"unix:/x", "unix:/x"},
        {"unix:///x y", "unix:///x%20y"},
        {"unix:///%41[", "unix:///%41["},
        {"unix:///%00", "unix:///%00"},
        {"unixs://a/\u00e9?q", "unixs://a/%C3%A9?q"},
    };
    struct ss_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ss_cluster cluster;
        char text[128];

        snprintf(text, sizeof(text), "a=%s", rows[i][0]);
        assert_int_equal(ss_cluster_parse(text, "t", NULL, &cluster, &err), SS_OK);
        assert_string_equal(cluster.peers[0].urls[0], rows[i][1]);
        assert_int_equal(ss_cluster_check_urls(&cluster.peers[0], rows[i][0], &err), SS_OK);
        ss_cluster_fini(&cluster);
    }
}

/* Empty parts stand for nothing in the initial cluster, and for a URL in the member's own list. */
static void test_empty_parts(void **state)
{
    static const char *const lists[] = {"http://a:1,", ",http://a:1", ""};
    struct ss_cluster cluster;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_cluster_parse(",,x=http://a:1,,", "t", NULL, &cluster, &err), SS_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ss_cluster_check_urls(&cluster.peers[0], lists[i], &err), SS_SYSTEM);
        assert_string_equal(err.message, "peer URL scheme must be http, https, unix or unixs: ");
    }
    ss_cluster_fini(&cluster);
}

static void test_refused(void **state)
{
    static const struct {
        const char *cluster, *learners, *message;
    } rows[] = {
        {"", NULL, "initial cluster has no members"},
        {"a", NULL, "initial cluster must read NAME=URL,…: a"},
        {"=http://a:1", NULL, "initial cluster has a member without a proper name: "},
        {"a=", NULL, "peer URL scheme must be http, https, unix or unixs: "},
        {"a=ftp://a:1", NULL, "peer URL scheme must be http, https, unix or unixs: ftp://a:1"},
        {"a=http://a:1/", NULL, "peer URL must not have a path: http://a:1/"},
        {"a=http://a:1/?x", NULL, "peer URL must not have a path: http://a:1/?x"},
        {"a=http://", NULL, "peer URL is not of the form http://host:port: http://"},
        {"a=http://a", NULL, "peer URL is not of the form http://host:port: http://a"},
        {"a=http://a:x", NULL, "peer URL has a port that is no number: http://a:x"},
        {"a=http://a:1:2", NULL, "peer URL has a port that is no number: http://a:1:2"},
        {"a=unixs://localhost:m1", NULL,
         "peer URL has a port that is no number: unixs://localhost:m1"},
        {"a=http://[::1]", NULL, "peer URL is not of the form http://host:port: http://[::1]"},
        {"a=http://u{@a:1", NULL,
         "peer URL has a user's name of characters that it must not have: http://u{@a:1"},
        {"a=http://a b:1", NULL,
         "peer URL has a host of characters that it must not have: http://a b:1"},
        {"a=http://[1.2.3.4]:1", NULL,
         "peer URL has a host of characters that it must not have: http://[1.2.3.4]:1"},
        {"a=http://a%41:1", NULL,
         "peer URL has a % that stands for no character which may stand there: http://a%41:1"},
        {"a=://a:1", NULL, "peer URL has a colon but no scheme before it: ://a:1"},
        {"a=http://a:1?\xff", NULL, "peer URL is no UTF-8: http://a:1?\\xff"},
        {"a=http://a:1,b=http://a:1", NULL, "initial cluster has one peer URL twice: http://a:1"},
        {"a=http://a:1,a=http://a:1", NULL, "initial cluster has one peer URL twice: http://a:1"},
        {"a=http://a:1", "a", "every member is a learner: nobody could elect a leader"},
        {"a=http://a:1", "b", "no member of the initial cluster has the name of this learner: b"},
    };
    struct ss_cluster cluster;
    struct ss_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(ss_cluster_parse(rows[i].cluster, "t", rows[i].learners, &cluster, &err),
                         SS_SYSTEM);
        assert_int_equal(err.code, SS_E_ARGUMENT);
        assert_string_equal(err.message, rows[i].message);
        assert_int_equal(cluster.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded_ids), cmocka_unit_test(test_known_ids),
        cmocka_unit_test(test_several_urls), cmocka_unit_test(test_json),
        cmocka_unit_test(test_accepted),     cmocka_unit_test(test_as_go_writes),
        cmocka_unit_test(test_empty_parts),  cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
