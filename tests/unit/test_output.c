/*
 * test_output.c - output files: whole or not at all, never over the evidence, nothing left behind.
 *
 * Most cases run twice, with an unnamed file and with a hidden one, as file systems without O_TMPFILE
 * get it.
 */
#include "scratch.h"
#include "snapscope.h"
#include "util/output.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct ss_output *output_new(const char *path, bool force, bool named)
{
    struct ss_output_opts opts = {.force = force, .named = named};
    struct ss_output *out;
    struct ss_error err;

    assert_int_equal(ss_output_new(path, &opts, &out, &err), SS_OK);
    return out;
}

static void assert_refused(const char *path, bool force, enum ss_code code, int sys,
                           const char *message)
{
    struct ss_output *out = (struct ss_output *)&out;
    struct ss_error err;

    assert_int_equal(ss_output_open(path, force, NULL, &out, &err), SS_SYSTEM);
    assert_null(out);
    assert_int_equal(err.code, code);
    assert_int_equal(err.sys, sys);
    assert_string_equal(err.message, message);
}

static void assert_content(const char *name, const char *want)
{
    uint8_t *have = scratch_read(name, NULL);

    assert_string_equal((const char *)have, want);
    free(have);
}

static void test_new_file(void **state)
{
    (void)state;
    for (int named = 0; named < 2; named++) {
        struct ss_output *out = output_new("new", false, named == 1);
        struct ss_error err;
        struct stat st;

        assert_int_equal(ss_output_write(out, "one ", 4, &err), SS_OK);
        assert_int_equal(ss_output_write(out, "two", 3, &err), SS_OK);
        assert_int_equal(access("new", F_OK), -1);
        assert_int_equal(scratch_count("."), named);
        assert_int_equal(ss_output_commit(out, &err), SS_OK);
        assert_content("new", "one two");
        assert_int_equal(ss_output_write(out, "x", 1, &err), SS_SYSTEM);
        assert_int_equal(err.code, SS_E_ARGUMENT);
        assert_int_equal(ss_output_commit(out, &err), SS_SYSTEM);
        assert_int_equal(err.code, SS_E_ARGUMENT);
        ss_output_free(out);
        assert_content("new", "one two");
        assert_int_equal(stat("new", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(st.st_nlink, 1);
        assert_int_equal(scratch_count("."), 1);
        assert_int_equal(unlink("new"), 0);
    }
}

/* As a large file, or not, in pieces of `step` bytes that begin at `from`. */
static void assert_arrives(const uint8_t *from, size_t len, size_t step, bool large)
{
    struct ss_output *out = output_new("big", true, false);
    struct ss_error err;
    uint8_t *have;
    size_t have_len;

    ss_output_expect(out, large ? 64 << 20 : 1 << 20);
    for (size_t pos = 0; pos < len; pos += step) {
        size_t n = len - pos < step ? len - pos : step;

        assert_int_equal(ss_output_write(out, from + pos, n, &err), SS_OK);
    }
    assert_int_equal(ss_output_commit(out, &err), SS_OK);
    ss_output_free(out);
    have = scratch_read("big", &have_len);
    assert_int_equal(have_len, len);
    assert_memory_equal(have, from, len);
    free(have);
}

/*
 * Sizes on both sides of the buffer's, in one write and in uneven ones; whole buffers from memory that
 * goes to the system as it is, and from memory one byte off.
 */
static void test_every_byte_arrives(void **state)
{
    static const size_t lens[] = {
        0, 1, 4096, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (3 << 20) + 4096, (3 << 20) + 7};
    static const size_t steps[] = {65537, 524296, 1 << 20, 2 << 20, (1 << 20) + 4096, 4 << 20};
    uint8_t *bytes = aligned_alloc(4096, 4 << 20);

    (void)state;
    assert_non_null(bytes);
    scratch_noise(bytes, 4 << 20);
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        for (size_t j = 0; j < sizeof(steps) / sizeof(steps[0]); j++) {
            for (size_t how = 0; how < 4; how++) {
                assert_arrives(bytes + how % 2, lens[i], steps[j], how / 2 == 1);
            }
        }
    }
    free(bytes);
}

static void test_free_without_commit(void **state)
{
    (void)state;
    for (int named = 0; named < 2; named++) {
        struct ss_output *out = output_new("gone", false, named == 1);
        struct ss_error err;

        assert_int_equal(ss_output_write(out, "x", 1, &err), SS_OK);
        ss_output_free(out);
        assert_int_equal(scratch_count("."), 0);
    }
    ss_output_free(NULL);
}

static void test_existing_file(void **state)
{
    (void)state;
    for (int named = 0; named < 2; named++) {
        struct ss_output *out;
        struct ss_error err;

        scratch_write("old", "old", 3);
        assert_refused("old", false, SS_E_EXISTS, 0, "old exists already");
        assert_content("old", "old");
        out = output_new("old", true, named == 1);
        assert_int_equal(ss_output_write(out, "new", 3, &err), SS_OK);
        assert_content("old", "old");
        assert_int_equal(ss_output_commit(out, &err), SS_OK);
        ss_output_free(out);
        assert_content("old", "new");
        assert_int_equal(scratch_count("."), 1);
    }
}

/* Made by somebody else between opening and commit. */
static void test_appeared_meanwhile(void **state)
{
    (void)state;
    for (int named = 0; named < 2; named++) {
        struct ss_output *out = output_new("late", false, named == 1);
        struct ss_error err;

        assert_int_equal(ss_output_write(out, "ours", 4, &err), SS_OK);
        scratch_write("late", "theirs", 6);
        assert_int_equal(ss_output_commit(out, &err), SS_SYSTEM);
        assert_int_equal(err.code, SS_E_EXISTS);
        assert_string_equal(err.message, "late exists already");
        assert_int_equal(ss_output_commit(out, &err), SS_SYSTEM);
        assert_int_equal(err.code, SS_E_EXISTS);
        ss_output_free(out);
        assert_content("late", "theirs");
        assert_int_equal(scratch_count("."), 1);
        assert_int_equal(unlink("late"), 0);
    }
}

static void test_input_is_never_replaced(void **state)
{
    static const char *const names[] = {"evidence", "./evidence", "soft", "hard", "soft-to-soft"};
    struct ss_file *input;
    struct ss_output *out;
    struct ss_error err;
    char want[64];

    (void)state;
    scratch_write("evidence", "bytes", 5);
    assert_int_equal(symlink("evidence", "soft"), 0);
    assert_int_equal(symlink("soft", "soft-to-soft"), 0);
    assert_int_equal(link("evidence", "hard"), 0);
    assert_int_equal(ss_open("evidence", NULL, NULL, &input, &err), SS_OK);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (int force = 0; force < 2; force++) {
            assert_int_equal(ss_output_open(names[i], force == 1, input, &out, &err), SS_SYSTEM);
            assert_int_equal(err.code, SS_E_EXISTS);
            snprintf(want, sizeof(want), "%s is the input itself", names[i]);
            assert_string_equal(err.message, want);
        }
    }
    /* Somebody puts a link to the input there after the output was opened. */
    assert_int_equal(ss_output_open("later", true, input, &out, &err), SS_OK);
    assert_int_equal(symlink("hard", "later"), 0);
    assert_int_equal(ss_output_commit(out, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_EXISTS);
    assert_string_equal(err.message, "later is the input itself");
    ss_output_free(out);
    ss_close(input);
    assert_content("evidence", "bytes");
}

/* With force a link is replaced, not what it leads to. */
static void test_link_is_replaced(void **state)
{
    static const char *const targets[] = {"target", "nowhere"};

    (void)state;
    scratch_write("target", "kept", 4);
    for (size_t i = 0; i < 2; i++) {
        struct ss_output *out;
        struct ss_error err;
        struct stat st;

        assert_int_equal(symlink(targets[i], "link"), 0);
        assert_refused("link", false, SS_E_EXISTS, 0, "link exists already");
        out = output_new("link", true, false);
        assert_int_equal(ss_output_write(out, "new", 3, &err), SS_OK);
        assert_int_equal(ss_output_commit(out, &err), SS_OK);
        ss_output_free(out);
        assert_int_equal(lstat("link", &st), 0);
        assert_true(S_ISREG(st.st_mode));
        assert_content("link", "new");
        assert_content("target", "kept");
        assert_int_equal(unlink("link"), 0);
    }
    assert_int_equal(scratch_count("."), 1);
}

static void test_places_that_cannot_be(void **state)
{
    (void)state;
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(symlink("pipe", "to-pipe"), 0);
    assert_refused("folder", true, SS_E_OUTPUT, EISDIR, "folder cannot be written: Is a directory");
    assert_refused("folder/", true, SS_E_OUTPUT, EISDIR,
                   "folder/ cannot be written: Is a directory");
    assert_refused("", true, SS_E_OUTPUT, ENOENT, " cannot be written: No such file or directory");
    assert_refused("no/where", true, SS_E_OUTPUT, ENOENT,
                   "no/where cannot be made, for lack of its folder: No such file or directory");
    assert_refused("a\nb/c", true, SS_E_OUTPUT, ENOENT,
                   "a\\x0ab/c cannot be made, for lack of its folder: No such file or directory");
    assert_refused("pipe", false, SS_E_EXISTS, 0, "pipe exists already");
    assert_refused("pipe", true, SS_E_OUTPUT, 0, "pipe is no regular file, and is not replaced");
    assert_refused("to-pipe", true, SS_E_OUTPUT, 0,
                   "to-pipe is no regular file, and is not replaced");
    assert_int_equal(scratch_count("."), 3);
}

/* The hidden name is cut where the name itself has the greatest length. */
static void test_longest_name(void **state)
{
    char name[256];

    (void)state;
    memset(name, 'n', 255);
    name[255] = '\0';
    for (int i = 0; i < 4; i++) {
        struct ss_output *out = output_new(name, i / 2 == 1, i % 2 == 1);
        struct ss_error err;

        assert_int_equal(ss_output_commit(out, &err), SS_OK);
        ss_output_free(out);
        assert_int_equal(scratch_count("."), 1);
        if (i == 0) {
            assert_int_equal(unlink(name), 0);
        }
    }
}

/* A folder that moves away takes the output with it; the current folder does not matter. */
static void test_folder_moves(void **state)
{
    struct ss_output *out;
    struct ss_error err;

    (void)state;
    assert_int_equal(mkdir("before", 0700), 0);
    out = output_new("before/file", false, true);
    assert_int_equal(rename("before", "after"), 0);
    assert_int_equal(ss_output_write(out, "x", 1, &err), SS_OK);
    assert_int_equal(ss_output_commit(out, &err), SS_OK);
    ss_output_free(out);
    assert_content("after/file", "x");
    assert_int_equal(scratch_count("after"), 1);
}

/* A write that fails, here by the limit on file sizes as a full disk does by space. */
static void test_write_fails(void **state)
{
    struct rlimit before, small;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    uint8_t *bytes = aligned_alloc(4096, 2 << 20);

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 0, 2 << 20);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 1536 << 10;
    scratch_write("old", "old", 3);
    for (int i = 0; i < 4; i++) {
        struct ss_output *out = output_new("old", true, i % 2 == 1);
        enum ss_status wrote;
        struct ss_error err, again;

        ss_output_expect(out, i / 2 == 1 ? 64 << 20 : 0);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        wrote = ss_output_write(out, bytes, 2 << 20, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(wrote, SS_SYSTEM);
        assert_int_equal(err.code, SS_E_OUTPUT);
        assert_int_equal(err.sys, EFBIG);
        assert_string_equal(err.message, "old cannot be written: File too large");
        assert_int_equal(ss_output_write(out, "x", 1, &again), SS_SYSTEM);
        assert_memory_equal(&again, &err, sizeof(err));
        assert_int_equal(ss_output_commit(out, &again), SS_SYSTEM);
        assert_memory_equal(&again, &err, sizeof(err));
        ss_output_free(out);
        assert_content("old", "old");
        assert_int_equal(scratch_count("."), 1);
    }
    free(bytes);
    signal(SIGXFSZ, handler);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_enter, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_new_file),
        IN_SCRATCH(test_every_byte_arrives),
        IN_SCRATCH(test_free_without_commit),
        IN_SCRATCH(test_existing_file),
        IN_SCRATCH(test_appeared_meanwhile),
        IN_SCRATCH(test_input_is_never_replaced),
        IN_SCRATCH(test_link_is_replaced),
        IN_SCRATCH(test_places_that_cannot_be),
        IN_SCRATCH(test_longest_name),
        IN_SCRATCH(test_folder_moves),
        IN_SCRATCH(test_write_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
