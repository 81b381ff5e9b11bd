/*
 * test_wal.c - the WAL reader: what restore's own writer writes, read back field by field, and logs that
 * are torn, damaged, overridden or in several segments.
 */
#include "restore/raftlog.h"
#include "util/bytes.h"
#include "util/endian.h"
#include "wal/wal.h"

#include "scratch.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SEGMENT_LEN 4096u
#define THREE "m1=http://10.0.0.1:2380,m2=http://10.0.0.2:2380,m3=http://10.0.0.3:2380"

/* A log in the making. */
struct log {
    struct ss_bytes out;
    struct ss_crc32c crc;
};

static void add(struct log *log, uint32_t kind, const struct ss_bytes *data)
{
    struct ss_bytes record = {0};
    uint8_t head[8];
    static const uint8_t zeroes[8];
    uint64_t padding;

    ss_crc32c_add(&log->crc, data->ptr, data->len);
    ss_bytes_pb_varint(&record, 1, kind);
    ss_bytes_pb_varint(&record, 2, ss_crc32c_final(&log->crc));
    if (kind != 4) {
        ss_bytes_pb_bytes(&record, 3, data->ptr, data->len);
    }
    padding = (8 - record.len % 8) % 8;
    ss_store_u64(head, record.len | (padding != 0 ? (0x80 | padding) << 56 : 0), false);
    ss_bytes_add(&log->out, head, sizeof(head));
    ss_bytes_add(&log->out, record.ptr, record.len);
    ss_bytes_add(&log->out, zeroes, (size_t)padding);
    ss_bytes_fini(&record);
}

/* Three numbers as fields 1 to 3. */
static void add_numbers(struct log *log, uint32_t kind, uint64_t a, uint64_t b, uint64_t c)
{
    struct ss_bytes data = {0};

    ss_bytes_pb_varint(&data, 1, a);
    ss_bytes_pb_varint(&data, 2, b);
    if (kind != 5) {
        ss_bytes_pb_varint(&data, 3, c);
    }
    add(log, kind, &data);
    ss_bytes_fini(&data);
}

static void begin(struct log *log)
{
    struct ss_bytes none = {0};

    *log = (struct log){0};
    ss_crc32c_init(&log->crc);
    add(log, 4, &none);
}

static void add_entries(struct log *log, uint64_t from, uint64_t to, uint64_t term)
{
    for (uint64_t i = from; i <= to; i++) {
        add_numbers(log, 2, 0, term, i);
    }
}

static enum ss_status scan_one(const struct log *log, size_t len, uint64_t applied,
                               struct ss_wal_facts *facts, struct ss_error *err)
{
    struct ss_wal_scan scan;
    uint8_t *segment = calloc(1, SEGMENT_LEN);
    enum ss_status status;

    assert_non_null(segment);
    assert_true(log->out.len <= SEGMENT_LEN);
    memcpy(segment, log->out.ptr, len);
    ss_wal_scan_init(&scan);
    status = ss_wal_scan_segment(&scan, (struct ss_span){segment, SEGMENT_LEN, 0}, true, err);
    ss_wal_scan_finish(&scan, applied);
    *facts = scan.facts;
    free(segment);
    return status;
}

static void test_own_log(void **state)
{
    struct ss_cluster cluster;
    struct ss_bytes out = {0};
    struct ss_error err;
    struct ss_wal_scan scan;

    (void)state;
    assert_int_equal(ss_cluster_parse(THREE, "t", "m1", &cluster, &err), SS_OK);
    ss_wal_build(&cluster, ss_cluster_find(&cluster, "m2"), &out);
    assert_false(out.failed);
    ss_wal_scan_init(&scan);
    assert_int_equal(ss_wal_scan_segment(&scan, (struct ss_span){out.ptr, out.len, 0}, true, &err),
                     SS_OK);
    ss_wal_scan_finish(&scan, 1);
    assert_int_equal(scan.facts.record_count, 8);
    assert_int_equal(scan.facts.node_id, UINT64_C(0xe1935c0236b02108));
    assert_int_equal(scan.facts.cluster_id, UINT64_C(0x4b2a83ae2b6e5a3b));
    assert_int_equal(scan.facts.term, 1);
    assert_int_equal(scan.facts.commit, 3);
    assert_int_equal(scan.facts.vote, cluster.peers[cluster.peers[0].is_learner ? 1 : 0].id);
    assert_int_equal(scan.facts.snapshot_index, 3);
    assert_int_equal(scan.facts.entry_first, 1);
    assert_int_equal(scan.facts.entry_last, 3);
    assert_int_equal(scan.facts.beyond_count, 2);
    assert_int_equal(scan.facts.beyond_committed, 2);
    assert_false(scan.facts.torn);
    ss_bytes_fini(&out);
    ss_cluster_fini(&cluster);
}

/* A new leader's entries replace the old one's; what goes on behind a snapshot is a log of its own. */
static void test_override_and_gap(void **state)
{
    struct log log;
    struct ss_wal_facts facts;
    struct ss_error err;

    (void)state;
    begin(&log);
    add_entries(&log, 1, 9, 2);
    add_entries(&log, 6, 7, 3);
    add_numbers(&log, 3, 3, 5, 6);
    assert_int_equal(scan_one(&log, log.out.len, 4, &facts, &err), SS_OK);
    assert_int_equal(facts.entry_first, 1);
    assert_int_equal(facts.entry_last, 7);
    assert_int_equal(facts.entry_last_term, 3);
    assert_int_equal(facts.beyond_count, 3);
    assert_int_equal(facts.beyond_committed, 2);
    assert_int_equal(scan_one(&log, log.out.len, 7, &facts, &err), SS_OK);
    assert_int_equal(facts.beyond_count, 0);
    add_numbers(&log, 5, 100, 3, 0);
    add_entries(&log, 101, 103, 3);
    assert_int_equal(scan_one(&log, log.out.len, 4, &facts, &err), SS_OK);
    assert_int_equal(facts.snapshot_index, 100);
    assert_int_equal(facts.entry_first, 101);
    assert_int_equal(facts.beyond_count, 3);
    assert_int_equal(facts.beyond_committed, 0);
    ss_bytes_fini(&log.out);
}

/* One index that is missing makes what follows a log of its own; the next one in turn does not. */
static void test_gap_of_one(void **state)
{
    struct log log;
    struct ss_wal_facts facts;
    struct ss_error err;

    (void)state;
    begin(&log);
    add_entries(&log, 1, 5, 2);
    add_entries(&log, 6, 6, 2);
    assert_int_equal(scan_one(&log, log.out.len, 0, &facts, &err), SS_OK);
    assert_int_equal(facts.entry_first, 1);
    assert_int_equal(facts.entry_last, 6);
    assert_int_equal(facts.beyond_count, 6);
    add_entries(&log, 8, 9, 2);
    assert_int_equal(scan_one(&log, log.out.len, 0, &facts, &err), SS_OK);
    assert_int_equal(facts.entry_first, 8);
    assert_int_equal(facts.entry_last, 9);
    assert_int_equal(facts.beyond_count, 2);
    ss_bytes_fini(&log.out);
}

/* The log cut at every byte: whole records count, a cut one is torn, zeroes follow as preallocated. */
static void test_every_cut(void **state)
{
    struct log log;
    size_t ends[16], count = 0;
    struct ss_wal_facts facts;
    struct ss_error err;

    (void)state;
    begin(&log);
    ends[count++] = log.out.len;
    for (uint64_t i = 1; i <= 5; i++) {
        add_entries(&log, i, i, 1);
        ends[count++] = log.out.len;
    }
    for (size_t n = 0; n < count; n++) {
        struct ss_wal_scan scan;

        for (size_t len = n == 0 ? 0 : ends[n - 1] + 1; len < ends[n]; len++) {
            ss_wal_scan_init(&scan);
            assert_int_equal(
                ss_wal_scan_segment(&scan, (struct ss_span){log.out.ptr, len, 0}, true, &err),
                SS_OK);
            assert_int_equal(scan.facts.torn, len != 0);
            assert_int_equal(scan.facts.record_count, n);
            if (len == 0) {
                continue;
            }
            ss_wal_scan_init(&scan);
            assert_int_equal(
                ss_wal_scan_segment(&scan, (struct ss_span){log.out.ptr, len, 0}, false, &err),
                SS_CORRUPT);
            assert_int_equal(err.code, SS_E_FIELD);
            assert_int_equal(err.off, n == 0 ? 0 : ends[n - 1]);
        }
        assert_int_equal(scan_one(&log, ends[n], 0, &facts, &err), SS_OK);
        assert_false(facts.torn);
        assert_int_equal(facts.entry_last, n);
    }
    ss_bytes_fini(&log.out);
}

/* A sector of zeroes inside the last record is a torn write; any other change is damage. */
static void test_torn_and_damaged(void **state)
{
    struct log log;
    struct ss_bytes large = {0};
    uint8_t filler[1500];
    size_t before;
    struct ss_wal_facts facts;
    struct ss_error err;

    (void)state;
    memset(filler, 'x', sizeof(filler));
    ss_bytes_pb_varint(&large, 1, 0);
    ss_bytes_pb_varint(&large, 2, 1);
    ss_bytes_pb_varint(&large, 3, 2);
    ss_bytes_pb_bytes(&large, 4, filler, sizeof(filler));
    begin(&log);
    add_entries(&log, 1, 1, 1);
    before = log.out.len;
    add(&log, 2, &large);
    assert_int_equal(scan_one(&log, log.out.len, 0, &facts, &err), SS_OK);
    assert_int_equal(facts.entry_last, 2);
    log.out.ptr[700] = 'y';
    assert_int_equal(scan_one(&log, log.out.len, 0, &facts, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_FIELD);
    assert_int_equal(err.off, before + 8);
    memset(log.out.ptr + 512, 0, 512);
    assert_int_equal(scan_one(&log, log.out.len, 0, &facts, &err), SS_OK);
    assert_true(facts.torn);
    assert_int_equal(facts.entry_last, 1);
    ss_bytes_fini(&large);
    ss_bytes_fini(&log.out);
}

static void write_segment(uint64_t number, const void *bytes, size_t len)
{
    char name[64];

    snprintf(name, sizeof(name), "%016" PRIx64 "-%016" PRIx64 ".wal", (uint64_t)number,
             (uint64_t)number);
    scratch_write(name, bytes, len);
}

/* Segments in order, each beginning with the sum so far; one that is missing or wrong is named. */
static void test_segments(void **state)
{
    struct log log;
    struct ss_bytes none = {0};
    struct ss_wal_facts facts;
    struct ss_error err;
    size_t first;

    (void)state;
    assert_int_equal(ss_wal_read(".", 0, &facts, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_NOT_FOUND);
    assert_int_equal(ss_wal_read("absent", 0, &facts, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_IO);
    begin(&log);
    add_entries(&log, 1, 3, 1);
    first = log.out.len;
    add(&log, 4, &none);
    add_entries(&log, 4, 5, 1);
    write_segment(0, log.out.ptr, first);
    write_segment(1, log.out.ptr + first, log.out.len - first);
    scratch_write("0.tmp", "x", 1);
    assert_int_equal(ss_wal_read(".", 3, &facts, &err), SS_OK);
    assert_int_equal(facts.file_count, 2);
    assert_int_equal(facts.entry_last, 5);
    assert_int_equal(facts.beyond_count, 2);
    write_segment(3, log.out.ptr + first, log.out.len - first);
    assert_int_equal(ss_wal_read(".", 3, &facts, &err), SS_CORRUPT);
    assert_non_null(strstr(err.message, "is missing between 0000000000000001-"));
    assert_int_equal(remove("0000000000000003-0000000000000003.wal"), 0);
    log.out.ptr[first + 11] ^= 1; /* the sum that the second segment begins with */
    write_segment(1, log.out.ptr + first, log.out.len - first);
    assert_int_equal(ss_wal_read(".", 3, &facts, &err), SS_CORRUPT);
    assert_int_equal(err.code, SS_E_FIELD);
    assert_int_equal(err.off, 8);
    assert_ptr_equal(strstr(err.message, "0000000000000001-0000000000000001.wal: "), err.message);
    ss_bytes_fini(&log.out);
}

/* A file that is no db has a log all the same; memory and a folder without segments have none. */
static void test_of_a_source(void **state)
{
    struct log log;
    struct ss_source_wal wal;
    struct ss_file *file;
    struct ss_error err;

    (void)state;
    begin(&log);
    add_entries(&log, 1, 3, 1);
    assert_int_equal(mkdir("snap", 0700), 0);
    scratch_write("snap/db", "x", 1);
    assert_int_equal(ss_open("snap/db", NULL, NULL, &file, &err), SS_OK);
    assert_int_equal(ss_source_wal(file, &wal, &err), SS_OK);
    assert_null(wal.dir);
    assert_int_equal(mkdir("wal", 0700), 0);
    assert_int_equal(ss_source_wal(file, &wal, &err), SS_OK);
    assert_null(wal.dir);
    scratch_write("wal/0000000000000000-0000000000000000.wal", log.out.ptr, log.out.len);
    assert_int_equal(ss_source_wal(file, &wal, &err), SS_OK);
    assert_string_equal(wal.dir, "wal");
    assert_true(wal.is_read);
    assert_false(wal.in_archive);
    assert_false(wal.has_applied);
    assert_int_equal(wal.file_count, 1);
    assert_int_equal(wal.facts.entry_last, 3);
    assert_int_equal(wal.facts.beyond_count, 0);
    ss_source_wal_fini(&wal);
    ss_close(file);
    assert_int_equal(ss_open_memory("x", 1, "snap/db", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_source_wal(file, &wal, &err), SS_OK);
    assert_null(wal.dir);
    ss_close(file);
    assert_int_equal(remove("wal/0000000000000000-0000000000000000.wal"), 0);
    assert_int_equal(rmdir("wal"), 0);
    assert_int_equal(remove("snap/db"), 0);
    assert_int_equal(rmdir("snap"), 0);
    ss_bytes_fini(&log.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_log),
        cmocka_unit_test(test_override_and_gap),
        cmocka_unit_test(test_gap_of_one),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_torn_and_damaged),
        cmocka_unit_test_setup_teardown(test_segments, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(test_of_a_source, scratch_enter, scratch_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
