/*
 * test_pieces.c - a source piece by piece: the same bytes by either way and at every length, and reads that
 * fail on the way.
 *
 *   trial   │ 0 map │ 1 read │ 2 map │ 3 read │ …      a piece that was read lies outside the mapping
 */
#include "scratch.h"
#include "source/pieces.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_LEN ((size_t)SS_PIECES_TRIAL_LEN + 12345)
#define TRIAL_PIECES 32u

static uint8_t *noise; /* LONG_LEN bytes */

static int enter(void **state)
{
    noise = malloc(LONG_LEN);
    if (noise == NULL || scratch_enter(state) != 0) {
        return -1;
    }
    scratch_noise(noise, LONG_LEN);
    return 0;
}

static int leave(void **state)
{
    free(noise);
    return scratch_leave(state);
}

/* The first len bytes, each piece whole but the last one; how many of them came by reading. */
static size_t walk(const struct ss_source *src, uint64_t len)
{
    struct ss_pieces pieces;
    struct ss_span piece;
    struct ss_error err;
    uint64_t at = 0;
    size_t read_count = 0;

    ss_pieces_init(&pieces, src, len);
    while (ss_pieces_next(&pieces, &piece, &err) == SS_OK) {
        assert_int_equal(piece.off, at);
        assert_int_equal(piece.len, ss_min_u64(SS_PIECE_LEN, len - at));
        assert_memory_equal(piece.ptr, noise + at, piece.len);
        read_count += piece.ptr != src->base + at;
        at += piece.len;
        assert_int_equal(pieces.at, at);
    }
    assert_int_equal(at, len);
    assert_int_equal(ss_pieces_next(&pieces, &piece, &err), SS_END);
    ss_pieces_fini(&pieces);
    return read_count;
}

static void test_memory(void **state)
{
    struct ss_source src;
    struct ss_error err;

    (void)state;
    assert_int_equal(ss_source_open_memory(&src, noise, LONG_LEN, "t", &err), SS_OK);
    assert_int_equal(walk(&src, 0), 0);
    assert_int_equal(walk(&src, LONG_LEN), 0);
    ss_source_close(&src);
}

static void test_short_files_are_mapped(void **state)
{
    static const uint64_t lens[] = {0, 1, SS_PIECE_LEN, SS_PIECE_LEN + 1, SS_PIECES_TRIAL_LEN - 1};
    struct ss_source src;
    struct ss_error err;

    (void)state;
    scratch_write("file", noise, LONG_LEN);
    assert_int_equal(ss_source_open(&src, "file", NULL, NULL, &err), SS_OK);
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        assert_int_equal(walk(&src, lens[i]), 0);
    }
    ss_source_close(&src);
}

/* By turns, and then all by one way, whichever it is. */
static void test_trial(void **state)
{
    struct ss_pieces pieces;
    struct ss_source src;
    struct ss_span piece;
    struct ss_error err;
    size_t n = 0, count = (LONG_LEN + SS_PIECE_LEN - 1) / SS_PIECE_LEN, read_count;

    (void)state;
    scratch_write("file", noise, LONG_LEN);
    assert_int_equal(ss_source_open(&src, "file", NULL, NULL, &err), SS_OK);
    ss_pieces_init(&pieces, &src, LONG_LEN);
    for (; n < TRIAL_PIECES; n++) {
        assert_int_equal(ss_pieces_next(&pieces, &piece, &err), SS_OK);
        assert_int_equal(piece.ptr == src.base + piece.off, n % 2 == 0);
    }
    ss_pieces_fini(&pieces);
    read_count = walk(&src, LONG_LEN);
    assert_true(read_count == TRIAL_PIECES / 2 || read_count == count - TRIAL_PIECES / 2);
    ss_source_close(&src);
}

/* What time says decides, and only once the trial is over. */
static void test_faster_way(void **state)
{
    struct ss_source src;
    struct ss_error err;

    (void)state;
    scratch_write("file", noise, LONG_LEN);
    assert_int_equal(ss_source_open(&src, "file", NULL, NULL, &err), SS_OK);
    for (int by_read = 0; by_read < 2; by_read++) {
        struct ss_pieces pieces;
        struct ss_span piece;

        ss_pieces_init(&pieces, &src, LONG_LEN);
        for (size_t n = 0; n < TRIAL_PIECES + 1; n++) {
            assert_int_equal(ss_pieces_next(&pieces, &piece, &err), SS_OK);
        }
        pieces.fastest[SS_BY_MAP] = by_read ? 2 : 1;
        pieces.fastest[SS_BY_READ] = by_read ? 1 : 2;
        while (ss_pieces_next(&pieces, &piece, &err) == SS_OK) {
            assert_int_equal(piece.ptr != src.base + piece.off, by_read);
            assert_memory_equal(piece.ptr, noise + piece.off, piece.len);
        }
        ss_pieces_fini(&pieces);
    }
    ss_source_close(&src);
}

/* The file loses its end: the read that meets it names the first byte that is gone. */
static void test_shrunk(void **state)
{
    const uint64_t left = SS_PIECE_LEN + 1000;
    struct ss_pieces pieces;
    struct ss_source src;
    struct ss_span piece;
    struct ss_error err;

    (void)state;
    scratch_write("file", noise, LONG_LEN);
    assert_int_equal(ss_source_open(&src, "file", NULL, NULL, &err), SS_OK);
    assert_int_equal(truncate("file", (off_t)left), 0);
    ss_pieces_init(&pieces, &src, LONG_LEN);
    assert_int_equal(ss_pieces_next(&pieces, &piece, &err), SS_OK);
    assert_int_equal(ss_pieces_next(&pieces, &piece, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_IO);
    assert_int_equal(err.sys, EIO);
    assert_int_equal(err.off, left);
    assert_string_equal(err.message,
                        "file shrank or its disk failed while it was read: Input/output error");
    ss_pieces_fini(&pieces);
    ss_source_close(&src);
}

/* A descriptor that gives nothing more: the system's own word is passed on. */
static void test_read_fails(void **state)
{
    struct ss_source src;
    struct ss_error err;
    uint8_t byte;
    int fd;

    (void)state;
    scratch_write("file", noise, 100);
    assert_int_equal(ss_source_open(&src, "file", NULL, NULL, &err), SS_OK);
    fd = src.fd;
    src.fd = -1;
    assert_int_equal(ss_source_read(&src, 7, &byte, 1, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_IO);
    assert_int_equal(err.sys, EBADF);
    assert_int_equal(err.off, 7);
    src.fd = fd;
    assert_int_equal(ss_source_read(&src, 7, &byte, 1, &err), SS_OK);
    assert_int_equal(byte, noise[7]);
    ss_source_close(&src);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory), cmocka_unit_test(test_short_files_are_mapped),
        cmocka_unit_test(test_trial),  cmocka_unit_test(test_faster_way),
        cmocka_unit_test(test_shrunk), cmocka_unit_test(test_read_fails),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
