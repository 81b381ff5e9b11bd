/*
 * test_lane.c - pieces handled beside: every one, once, in order, whatever the speed of either side.
 */
#include "util/backlog.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PIECE_LEN ((size_t)4096)

struct log {
    uint32_t count;
    uint32_t fail_at; /* number of the piece that fails; 0: none */
    uint64_t sum;
    bool in_order;
    sem_t *gate; /* NULL, or posted for each piece that may be handled */
};

/* A piece begins with its own number. */
static bool take(void *ctx, const uint8_t *bytes, size_t len)
{
    struct log *log = ctx;
    uint32_t number;

    if (log->gate != NULL) {
        sem_wait(log->gate);
    }
    memcpy(&number, bytes, sizeof(number));
    log->in_order = log->in_order && number == log->count;
    log->count++;
    for (size_t i = sizeof(number); i < len; i++) {
        log->sum += bytes[i];
    }
    return log->count != log->fail_at;
}

static bool pass_numbered(struct ss_backlog *backlog, uint32_t number, size_t len)
{
    uint8_t *piece = ss_backlog_room(backlog);

    assert_int_equal((uintptr_t)piece % SS_BACKLOG_ALIGN, 0);
    memset(piece, (int)(number % 256), len);
    memcpy(piece, &number, sizeof(number));
    return ss_backlog_pass(backlog, len);
}

static void test_order(void **state)
{
    (void)state;
    for (unsigned count = 0; count < 4; count++) {
        struct log log = {.in_order = true};
        struct ss_backlog *backlog =
            ss_backlog_new(count > 1, count > 1 ? count : 2, PIECE_LEN, take, &log);
        uint64_t sum = 0;

        assert_non_null(backlog);
        for (uint32_t i = 0; i < 1000; i++) {
            size_t len = 4 + i * 4;

            assert_true(pass_numbered(backlog, i, len));
            sum += (uint64_t)(len - 4) * (i % 256);
        }
        assert_true(ss_backlog_drain(backlog));
        assert_int_equal(log.count, 1000);
        assert_true(log.in_order);
        assert_int_equal(log.sum, sum);
        assert_true(pass_numbered(backlog, 1000, 4));
        ss_backlog_free(backlog);
        assert_int_equal(log.count, 1001);
    }
    ss_backlog_free(NULL);
}

/* A piece stays readable until room is asked for, even when it is handled already. */
static void test_piece_stays(void **state)
{
    struct log log = {.in_order = true};
    struct ss_backlog *backlog = ss_backlog_new(true, 2, PIECE_LEN, take, &log);

    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        uint8_t *piece = ss_backlog_room(backlog);

        memset(piece, (int)i, PIECE_LEN);
        memcpy(piece, &i, sizeof(i));
        assert_true(ss_backlog_pass(backlog, PIECE_LEN));
        assert_true(ss_backlog_drain(backlog));
        for (size_t j = sizeof(i); j < PIECE_LEN; j++) {
            assert_int_equal(piece[j], i);
        }
    }
    ss_backlog_free(backlog);
}

/* The filler may be as many pieces ahead as there are. */
static void test_filler_runs_ahead(void **state)
{
    sem_t gate;
    struct log log = {.in_order = true, .gate = &gate};
    struct ss_backlog *backlog;

    (void)state;
    assert_int_equal(sem_init(&gate, 0, 0), 0);
    backlog = ss_backlog_new(true, 3, PIECE_LEN, take, &log);
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(pass_numbered(backlog, i, 64));
    }
    assert_int_equal(log.count, 0);
    for (int i = 0; i < 4; i++) {
        sem_post(&gate);
    }
    assert_true(pass_numbered(backlog, 3, 64));
    assert_true(ss_backlog_drain(backlog));
    assert_int_equal(log.count, 4);
    assert_true(log.in_order);
    ss_backlog_free(backlog);
    sem_destroy(&gate);
}

static void test_failure(void **state)
{
    (void)state;
    for (int threaded = 0; threaded < 2; threaded++) {
        struct log log = {.in_order = true, .fail_at = 3};
        struct ss_backlog *backlog = ss_backlog_new(threaded == 1, 2, PIECE_LEN, take, &log);

        for (uint32_t i = 0; i < 2; i++) {
            assert_true(pass_numbered(backlog, i, 64));
        }
        for (uint32_t i = 2; i < 10; i++) {
            if (!pass_numbered(backlog, i, 64)) {
                assert_true(i >= 2);
            }
        }
        assert_false(ss_backlog_drain(backlog));
        assert_false(pass_numbered(backlog, 10, 64));
        assert_int_equal(log.count, 3);
        ss_backlog_free(backlog);
        assert_int_equal(log.count, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_piece_stays),
        cmocka_unit_test(test_filler_runs_ahead),
        cmocka_unit_test(test_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
