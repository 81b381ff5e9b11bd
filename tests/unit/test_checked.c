/*
 * test_checked.c - checking and writing at once comes to what one after the other does: the same bytes,
 * the same words, and nothing kept of what is refused.
 */
#include "build_etcd.h"
#include "scratch.h"

#include "parser/page.h"
#include "util/sha256.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define HASH_LEN SS_SHA256_LEN
#define RECORDS 600
#define VALUE_LEN 3000u /* RECORDS of them pass the length from which on threads are used */
#define PAGE_LEN 4096u

struct input {
    uint8_t *bytes; /* room for a hash and more behind len */
    size_t len;     /* of the db */
    struct ss_file *file;
};

struct sink {
    uint8_t *bytes;
    size_t len, cap;
    size_t fail_at; /* refuse what would pass this length; 0: nothing */
};

static bool sink_write(void *ctx, const void *bytes, size_t len)
{
    struct sink *s = ctx;

    if (s->fail_at > 0 && s->len + len > s->fail_at) {
        errno = ENOSPC;
        return false;
    }
    if (s->len + len > s->cap) {
        s->cap = (s->len + len) * 2;
        s->bytes = realloc(s->bytes, s->cap);
        assert_non_null(s->bytes);
    }
    memcpy(s->bytes + s->len, bytes, len);
    s->len += len;
    return true;
}

static void sha256_of(const uint8_t *bytes, size_t len, uint8_t digest[HASH_LEN])
{
    struct ss_sha256 sha = {0};

    assert_true(ss_sha256_init(&sha) && ss_sha256_update(&sha, bytes, len) &&
                ss_sha256_final(&sha, digest));
    ss_sha256_fini(&sha);
}

/* A sound etcd database; no hash yet. */
static struct input input_make(void)
{
    struct input in = {0};
    uint8_t *bytes = ss_test_etcd_make(PAGE_LEN, RECORDS, VALUE_LEN, &in.len);

    in.bytes = calloc(1, in.len + 16 * PAGE_LEN);
    assert_non_null(in.bytes);
    memcpy(in.bytes, bytes, in.len);
    free(bytes);
    assert_true(in.len > 1 << 20);
    return in;
}

/* Opens db_len bytes and a hash behind them: 'v'alid, 'm'ismatch, 'z'ero, or '-' none. */
static void input_open(struct input *in, size_t db_len, char hash)
{
    size_t len = db_len + (hash == '-' ? 0 : HASH_LEN);
    struct ss_error err;

    memset(in->bytes + db_len, 0, HASH_LEN);
    if (hash == 'v' || hash == 'm') {
        sha256_of(in->bytes, db_len, in->bytes + db_len);
    }
    if (hash == 'm') {
        in->bytes[db_len] ^= 1;
    }
    assert_int_equal(ss_open_memory(in->bytes, len, "in", NULL, &in->file, &err), SS_OK);
}

static void input_close(struct input *in)
{
    ss_close(in->file);
    in->file = NULL;
}

struct outcome {
    enum ss_status status;
    struct ss_intake intake;
    struct ss_convert_result result;
    struct ss_error err;
    struct sink sink;
};

static void convert(const struct input *in, const struct ss_convert_opts *base, bool skip,
                    unsigned threads, size_t fail_at, struct outcome *out)
{
    struct ss_intake_opts check = {.skip_hash_check = skip, .vouches_not = base->no_hash};
    const struct ss_call call = {.threads = threads};

    *out = (struct outcome){.sink.fail_at = fail_at};
    out->status = ss_convert(in->file, &check, base, sink_write, &out->sink, &call, &out->intake,
                             &out->result, &out->err);
}

static void outcome_free(struct outcome *out)
{
    ss_intake_fini(&out->intake);
    free(out->sink.bytes);
}

static void assert_same(const struct outcome *a, const struct outcome *b)
{
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->intake.accepted, b->intake.accepted);
    assert_int_equal(a->intake.seal, b->intake.seal);
    assert_string_equal(a->intake.decision, b->intake.decision);
    assert_string_equal(a->intake.checked->verdict_text, b->intake.checked->verdict_text);
    assert_memory_equal(&a->intake.checked->hash, &b->intake.checked->hash,
                        sizeof(a->intake.checked->hash));
    assert_int_equal(a->intake.checked->record_count, b->intake.checked->record_count);
    assert_int_equal(a->intake.checked->finding_count, b->intake.checked->finding_count);
    assert_memory_equal(&a->result, &b->result, sizeof(a->result));
}

static const struct ss_convert_opts ways[] = {
    {.rebuild = false},
    {.rebuild = true},
    {.no_hash = true},
    {.rebuild = true, .no_hash = true},
    {.page_size = 16384, .byte_order = 2, .store_freelist = true},
};
#define WAY_COUNT (sizeof(ways) / sizeof(ways[0]))

/* Accepted: the same bytes, and they end with their own hash. */
static void test_same_bytes(void **state)
{
    static const char hashes[] = "vm-z";
    struct input in = input_make();

    (void)state;
    for (size_t h = 0; hashes[h] != '\0'; h++) {
        for (size_t i = 0; i < WAY_COUNT; i++) {
            struct outcome one, more;
            uint8_t digest[HASH_LEN];

            input_open(&in, in.len, hashes[h]);
            convert(&in, &ways[i], true, 1, 0, &one);
            convert(&in, &ways[i], true, 2, 0, &more);
            assert_int_equal(one.status, SS_OK);
            assert_true(one.intake.accepted);
            assert_int_equal(one.intake.checked->error_count,
                             hashes[h] == 'v' || hashes[h] == '-' ? 0 : 1);
            assert_int_equal(one.intake.checked->record_count, RECORDS);
            assert_same(&one, &more);
            assert_int_equal(one.sink.len, one.result.out_len);
            assert_int_equal(more.sink.len, one.sink.len);
            assert_memory_equal(more.sink.bytes, one.sink.bytes, one.sink.len);
            if (one.result.hashed) {
                sha256_of(one.sink.bytes, one.sink.len - HASH_LEN, digest);
                assert_memory_equal(one.sink.bytes + one.sink.len - HASH_LEN, digest, HASH_LEN);
                assert_memory_equal(one.result.sha256, digest, HASH_LEN);
            }
            if (!one.result.rebuilt) {
                assert_memory_equal(one.sink.bytes, in.bytes, in.len);
            }
            outcome_free(&one);
            outcome_free(&more);
            input_close(&in);
        }
    }
    free(in.bytes);
}

static const struct ss_convert_result no_result;

static void assert_refused(const struct outcome *out, const char *decision)
{
    assert_int_equal(out->status, SS_OK);
    assert_false(out->intake.accepted);
    assert_string_equal(out->intake.decision, decision);
    assert_memory_equal(&out->result, &no_result, sizeof(no_result));
}

/* A hash that does not match shows last: what was written is to be dropped, and the result says so. */
static void test_mismatch(void **state)
{
    struct input in = input_make();

    (void)state;
    input_open(&in, in.len, 'm');
    for (size_t i = 0; i < WAY_COUNT; i++) {
        struct outcome one, more;

        convert(&in, &ways[i], false, 1, 0, &one);
        convert(&in, &ways[i], false, 2, 0, &more);
        assert_refused(&one, "refused: the hash does not match the bytes");
        assert_same(&one, &more);
        assert_int_equal(one.sink.len, 0);
        assert_true(more.sink.len > 1 << 20);
        outcome_free(&one);
        outcome_free(&more);
    }
    input_close(&in);
    free(in.bytes);
}

/* What a glance refuses is refused before the first byte, whatever the threads. */
static void test_refused_at_a_glance(void **state)
{
    static const struct {
        char hash;
        bool cut;
        const char *decision;
    } cases[] = {
        {'z', false, "refused: the hash is all zeroes"},
        {'-', false,
         "refused: there is no hash, and a new one would vouch for bytes that nobody checked"},
        {'v', true, "refused: the file is cut, bytes are missing"},
    };
    struct input in = input_make();

    (void)state;
    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        input_open(&in, in.len, cases[c].hash);
        if (cases[c].cut) {
            struct ss_error err;

            input_close(&in);
            assert_int_equal(
                ss_open_memory(in.bytes, in.len - PAGE_LEN, "in", NULL, &in.file, &err), SS_OK);
        }
        for (unsigned threads = 1; threads < 3; threads++) {
            for (size_t i = 0; i < 2; i++) {
                struct outcome out;

                convert(&in, &ways[i], false, threads, 0, &out);
                assert_refused(&out, cases[c].decision);
                assert_int_equal(out.sink.len, 0);
                outcome_free(&out);
            }
        }
        input_close(&in);
    }
    free(in.bytes);
}

/* Damage in a tree ends a rebuild while it plans, before the first byte. */
static void test_damage(void **state)
{
    struct input in = input_make();

    (void)state;
    in.bytes[in.len / 2 / PAGE_LEN * PAGE_LEN] ^= 1; /* a page's own id */
    for (unsigned skip = 0; skip < 2; skip++) {
        input_open(&in, in.len, skip == 1 ? 'm' : 'v');
        for (size_t i = 0; i < WAY_COUNT; i++) {
            struct outcome one, more;

            convert(&in, &ways[i], skip == 1, 1, 0, &one);
            convert(&in, &ways[i], skip == 1, 2, 0, &more);
            assert_int_equal(one.status, SS_OK);
            assert_false(one.intake.accepted);
            assert_non_null(strstr(one.intake.decision, "damage is never sealed"));
            assert_same(&one, &more);
            assert_int_equal(one.sink.len, 0);
            if (ways[i].rebuild) {
                assert_int_equal(more.sink.len, 0);
            }
            outcome_free(&one);
            outcome_free(&more);
        }
        input_close(&in);
    }
    free(in.bytes);
}

/* A full disk is an error of an accepted input only; a refused one is refused all the same. */
static void test_write_fails(void **state)
{
    struct input in = input_make();
    static const size_t rooms[] = {1, (1 << 20) + 1};

    (void)state;
    for (size_t i = 0; i < WAY_COUNT; i++) {
        for (size_t r = 0; r < 2; r++) {
            struct outcome out;

            input_open(&in, in.len, 'v');
            convert(&in, &ways[i], false, 2, rooms[r], &out);
            assert_int_equal(out.status, SS_SYSTEM);
            assert_int_equal(out.err.code, SS_E_OUTPUT);
            assert_int_equal(out.err.sys, ENOSPC);
            assert_true(out.intake.accepted);
            assert_memory_equal(&out.result, &no_result, sizeof(no_result));
            outcome_free(&out);
            input_close(&in);
            input_open(&in, in.len, 'm');
            convert(&in, &ways[i], false, 2, rooms[r], &out);
            assert_refused(&out, "refused: the hash does not match the bytes");
            outcome_free(&out);
            input_close(&in);
        }
    }
    free(in.bytes);
}

/* The hash covers preallocated zeroes behind the pages; the copy has none of them, and its own hash. */
static void test_longer_than_high_water(void **state)
{
    struct input in = input_make();
    size_t long_len = in.len + 8 * PAGE_LEN;
    uint8_t digest[HASH_LEN], long_digest[HASH_LEN];

    (void)state;
    sha256_of(in.bytes, in.len, digest);
    sha256_of(in.bytes, long_len, long_digest);
    input_open(&in, long_len, 'v');
    for (unsigned threads = 1; threads < 3; threads++) {
        for (size_t i = 0; i < WAY_COUNT; i++) {
            struct outcome out;

            convert(&in, &ways[i], false, threads, 0, &out);
            assert_int_equal(out.status, SS_OK);
            assert_true(out.intake.accepted);
            assert_int_equal(out.intake.checked->hash.state, SS_HASH_VALID);
            assert_memory_equal(out.intake.checked->hash.expected, long_digest, HASH_LEN);
            if (i == 0) {
                assert_int_equal(out.sink.len, in.len + HASH_LEN);
                assert_memory_equal(out.sink.bytes, in.bytes, in.len);
                assert_memory_equal(out.result.sha256, digest, HASH_LEN);
            }
            outcome_free(&out);
        }
    }
    input_close(&in);
    free(in.bytes);
}

/* --------------------------------------------------------------------------- evidence shrinks --- */

static bool sink_shrinks(void *ctx, const void *bytes, size_t len)
{
    return truncate(ctx, 65536) == 0 && bytes != NULL && len > 0;
}

/*
 * In a child: cmocka has a SIGBUS handler of its own. Exit 0 when it came to the error that it is. Not for
 * ThreadSanitizer, which takes the zeroes that the handler maps for a write.
 */
static int shrinking_child(const struct ss_convert_opts *opts, unsigned threads)
{
    const struct ss_intake_opts check = {.vouches_not = opts->no_hash};
    const struct ss_call call = {.threads = threads};
    struct ss_convert_result result;
    struct ss_intake intake;
    struct ss_error err;
    struct ss_file *file;

    if (ss_guard_install(&err) != SS_OK || ss_open("in", NULL, NULL, &file, &err) != SS_OK) {
        return 1;
    }
    if (ss_convert(file, &check, opts, sink_shrinks, "in", &call, &intake, &result, &err) !=
        SS_SYSTEM) {
        return 2;
    }
    if (err.code != SS_E_IO || err.off < 65536 ||
        memcmp(&result, &no_result, sizeof(no_result)) != 0) {
        return 3;
    }
    ss_intake_fini(&intake);
    ss_close(file);
    return 0;
}

/* That the input's file gets shorter meanwhile is never told as damage of what was in it. */
static void test_input_shrinks(void **state)
{
    struct input in = input_make();

    (void)state;
    sha256_of(in.bytes, in.len, in.bytes + in.len);
    for (size_t i = 0; i < 2 * WAY_COUNT; i++) {
        pid_t child;
        int how;

        scratch_write("in", in.bytes, in.len + HASH_LEN);
        child = fork();
        if (child == 0) {
            _exit(shrinking_child(&ways[i / 2], 1 + i % 2));
        }
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_int_equal(how, 0);
    }
    free(in.bytes);
}

/* ----------------------------------------------------------------------------------- progress --- */

struct stop {
    const char *phase;
    unsigned calls;
};

static bool stop_at(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    struct stop *stop = ctx;

    (void)done;
    (void)total;
    stop->calls += strcmp(phase, stop->phase) == 0;
    return strcmp(phase, stop->phase) != 0;
}

static void test_cancel(void **state)
{
    static const char *const phases[] = {"copying", "rebuilding"};
    struct input in = input_make();

    (void)state;
    input_open(&in, in.len, 'v');
    for (size_t i = 0; i < 2; i++) {
        struct stop stop = {.phase = phases[i]};
        const struct ss_intake_opts check = {0};
        const struct ss_call call = {.progress = stop_at, .progress_ctx = &stop};
        struct outcome out = {0};

        out.status = ss_convert(in.file, &check, &ways[i], sink_write, &out.sink, &call,
                                &out.intake, &out.result, &out.err);
        assert_int_equal(out.status, SS_SYSTEM);
        assert_int_equal(out.err.code, SS_E_CANCELLED);
        assert_int_equal(stop.calls, 1);
        assert_int_equal(out.sink.len, 0);
        outcome_free(&out);
    }
    input_close(&in);
    free(in.bytes);
}

/* ------------------------------------------------------------------------------------ restore --- */

static enum ss_status restore(const struct input *in, const char *dir, unsigned threads,
                              struct ss_intake *intake, struct ss_restore_result *result,
                              struct ss_error *err)
{
    const struct ss_intake_opts check = {0};
    const struct ss_restore_opts opts = {.data_dir = dir};
    const struct ss_call call = {.threads = threads};

    return ss_restore(in->file, &check, &opts, &call, intake, result, err);
}

static void test_restore(void **state)
{
    static const char *const dirs[] = {"one", "two"};
    struct input in = input_make();
    uint8_t *db[2];
    size_t len[2];

    (void)state;
    input_open(&in, in.len, 'v');
    for (unsigned i = 0; i < 2; i++) {
        struct ss_intake intake;
        struct ss_restore_result result;
        struct ss_error err;
        char path[64];

        assert_int_equal(restore(&in, dirs[i], i + 1, &intake, &result, &err), SS_OK);
        assert_true(intake.accepted);
        assert_int_equal(result.revision, RECORDS + 1);
        snprintf(path, sizeof(path), "%s/member/snap/db", dirs[i]);
        db[i] = scratch_read(path, &len[i]);
        assert_int_equal(len[i], result.db_len);
        ss_intake_fini(&intake);
        ss_restore_result_fini(&result);
    }
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(db[0], db[1], len[0]);
    free(db[0]);
    free(db[1]);
    input_close(&in);
    free(in.bytes);
}

/* A bump counts from what etcd has as the revision, and has a bound; the txid starts anew. */
static void test_bump(void **state)
{
    struct ss_test_db *db = ss_test_db_new(PAGE_LEN, false);
    uint32_t key = ss_test_db_bucket(db, SS_TEST_ROOT, "key", false);
    uint32_t meta = ss_test_db_bucket(db, SS_TEST_ROOT, "meta", false);
    struct ss_restore_opts opts = {.data_dir = "bumped", .bump_revision = 5};
    struct ss_restore_result result;
    struct ss_error err;
    struct ss_meta written;
    struct ss_file *file, *made;
    uint8_t *bytes;
    size_t len;

    (void)state;
    ss_test_put_text(db, key, 3, 0, "a", "1");
    ss_test_put_meta_revision(db, meta, "finishedCompactRev", 8);
    bytes = ss_test_db_finish(db, &len);
    assert_int_equal(ss_open_memory(bytes, len, "test", NULL, &file, &err), SS_OK);
    assert_int_equal(ss_restore_unchecked(file, &opts, NULL, &result, &err), SS_OK);
    assert_int_equal(result.revision, 13);
    assert_int_equal(result.compacted, 13);
    assert_int_equal(result.bumped_from, 8);
    assert_int_equal(result.last_record, 3);
    ss_restore_result_fini(&result);
    assert_int_equal(ss_open("bumped/member/snap/db", NULL, NULL, &made, &err), SS_OK);
    ss_file_meta(made, 0, &written);
    assert_int_equal(written.txid, 0);
    ss_file_meta(made, 1, &written);
    assert_int_equal(written.txid, 1);
    ss_close(made);
    opts.dry_run = true;
    opts.data_dir = "other";
    opts.bump_revision = (uint64_t)SS_RESTORE_REVISION_MAX - 8;
    assert_int_equal(ss_restore_unchecked(file, &opts, NULL, &result, &err), SS_OK);
    assert_true(result.revision == SS_RESTORE_REVISION_MAX);
    ss_restore_result_fini(&result);
    opts.bump_revision++;
    assert_int_equal(ss_restore_unchecked(file, &opts, NULL, &result, &err), SS_SYSTEM);
    assert_int_equal(err.code, SS_E_ARGUMENT);
    ss_restore_result_fini(&result);
    ss_close(file);
    free(bytes);
}

/* Whatever shows that the input is refused, and when: no folder, no hidden one. */
static void test_restore_refused(void **state)
{
    struct input in = input_make();

    (void)state;
    for (unsigned threads = 1; threads < 3; threads++) {
        for (int damaged = 0; damaged < 2; damaged++) {
            struct ss_intake intake;
            struct ss_restore_result result;
            struct ss_error err;

            in.bytes[in.len / 2 / PAGE_LEN * PAGE_LEN] ^= (uint8_t)damaged;
            input_open(&in, in.len, damaged == 1 ? 'v' : 'm');
            assert_int_equal(restore(&in, "data", threads, &intake, &result, &err), SS_OK);
            assert_false(intake.accepted);
            assert_int_equal(scratch_count("."), 0);
            ss_intake_fini(&intake);
            ss_restore_result_fini(&result);
            input_close(&in);
            in.bytes[in.len / 2 / PAGE_LEN * PAGE_LEN] ^= (uint8_t)damaged;
        }
    }
    free(in.bytes);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_enter, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes),
        IN_SCRATCH(test_bump),
        cmocka_unit_test(test_mismatch),
        cmocka_unit_test(test_refused_at_a_glance),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_write_fails),
        cmocka_unit_test(test_longer_than_high_water),
        cmocka_unit_test(test_cancel),
        IN_SCRATCH(test_input_shrinks),
        IN_SCRATCH(test_restore),
        IN_SCRATCH(test_restore_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
