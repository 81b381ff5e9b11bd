/*
 * Files made of files. The input is one; it is converted page by page, and rebuilt as it is, with
 * another page size and byte order, with a freelist, without a hash.
 *
 *   - Of a file without damage every one succeeds, and is accepted on --skip-hash-check unless cut.
 *   - Whatever a rebuild makes, of damaged files too, has a sound structure and a valid hash, and holds what
 *     the input holds: buckets, sequences, keys, values. So does the page copy of a file without damage.
 *   - An output dumps as its input and differs from it in no key.
 *   - A rebuild of a rebuild is the same file, byte for byte.
 *
 * Bounds: a file of 256 KiB at most; an output of at most OUT_MAX + OUT_PER_BYTE x its length; memory, without
 * the outputs, of at most MEMORY_MAX + MEMORY_PER_BYTE x that length.
 */
#include "probe.h"

#include <string.h>

#define INPUT_MAX (UINT32_C(1) << 18)
#define OUT_MAX (UINT64_C(1) << 20)
#define OUT_PER_BYTE 16u
#define MEMORY_MAX (UINT64_C(16) << 20)
#define MEMORY_PER_BYTE (64u + 8u * OUT_PER_BYTE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const struct ss_file *file;
    size_t len;
    bool clean;   /* verify has found no damage */
    bool is_etcd; /* and its records are etcd's */
};

static bool make(const struct ss_file *file, const struct ss_convert_opts *opts, size_t len,
                 struct probe_sink *out, struct ss_convert_result *result)
{
    struct ss_error err;

    *out = (struct probe_sink){.limit = OUT_MAX + OUT_PER_BYTE * len};
    if (ss_convert_unchecked(file, opts, probe_sink_write, out, NULL, result, &err) == SS_OK) {
        PROBE(out->len == result->out_len);
        return true;
    }
    /* No output may pass the stated bound. */
    PROBE(err.code != SS_E_OUTPUT && err.code != SS_E_NOMEM);
    probe_error(&err, len);
    return false;
}

static void dump(const struct ss_file *file, size_t len, struct probe_sink *out)
{
    struct ss_dump_opts opts = {.format = SS_DUMP_NDJSON, .revisions = true};
    struct ss_dump_result result;
    struct ss_error err;

    *out = (struct probe_sink){.limit = OUT_MAX + OUT_PER_BYTE * len};
    PROBE(ss_dump(file, &opts, probe_sink_write, out, NULL, &result, &err) == SS_OK);
}

static void same_dump(const struct input *in, const struct ss_file *file)
{
    struct probe_sink a, b;

    dump(in->file, in->len, &a);
    dump(file, in->len, &b);
    PROBE(a.len == b.len && (a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0));
    probe_sink_fini(&a);
    probe_sink_fini(&b);
}

static void same_meaning(const struct input *in, const struct ss_file *file)
{
    struct ss_diff_result diff;
    struct ss_lineage lineage;
    struct ss_hashkv a, b;
    struct ss_error err;

    PROBE(ss_diff(in->file, file, NULL, NULL, NULL, &probe_one, &diff, NULL, &err) == SS_OK);
    PROBE(diff.added + diff.removed + diff.modified == 0 && diff.count_a == diff.count_b);
    PROBE(ss_lineage_compare(in->file, file, NULL, &lineage, NULL, &err) == SS_OK);
    PROBE(lineage.verdict == SS_LINEAGE_SAME);
    PROBE(ss_hashkv(in->file, 0, 0, NULL, &a, &err) == SS_OK);
    PROBE(ss_hashkv(file, 0, 0, NULL, &b, &err) == SS_OK);
    PROBE(a.hash == b.hash && a.revision == b.revision && a.compact_revision == b.compact_revision);
    same_dump(in, file);
}

/* What was written, as a file of its own. */
static void check_output(const struct input *in, const struct probe_sink *out,
                         const struct ss_convert_opts *opts, const struct ss_convert_result *result)
{
    struct ss_file *file = probe_open(out->bytes, out->len);
    struct ss_verify_report *report;
    struct ss_hash_report hash;
    struct ss_file_facts facts;
    struct ss_error err;

    PROBE(ss_file_readable(file, &err) == SS_OK);
    ss_file_facts(file, &facts);
    PROBE(facts.page_size == result->page_size && facts.big_endian == result->big_endian);
    PROBE(facts.high_water == result->high_water);
    PROBE(facts.db_len + (opts->no_hash ? 0 : 32) == facts.len);
    PROBE(ss_hash_check(file, NULL, &hash, &err) == SS_OK);
    PROBE(hash.state == (opts->no_hash ? SS_HASH_ABSENT : SS_HASH_VALID));
    probe_written(file, !in->clean);
    probe_same_content(in->file, file);
    if (in->clean) {
        report = probe_verify(file, out->len);
        PROBE(report->error_count == 0);
        ss_verify_free(report);
    }
    if (in->clean && in->is_etcd) {
        same_meaning(in, file);
    }
    ss_close(file);
}

static void copy_pages(const struct input *in)
{
    struct ss_convert_opts opts = {.no_hash = false};
    struct ss_convert_result result;
    struct probe_sink out;
    bool made = make(in->file, &opts, in->len, &out, &result);

    PROBE(made || !in->clean);
    if (made && in->clean) {
        check_output(in, &out, &opts, &result);
    }
    probe_sink_fini(&out);
}

/* The rebuilt file, rebuilt. */
static void rebuild_again(const struct probe_sink *first, const struct ss_convert_opts *opts)
{
    struct ss_file *file = probe_open(first->bytes, first->len);
    struct ss_convert_result result;
    struct probe_sink again;

    PROBE(make(file, opts, first->len, &again, &result));
    PROBE(again.len == first->len && memcmp(again.bytes, first->bytes, again.len) == 0);
    probe_sink_fini(&again);
    ss_close(file);
}

static void rebuild(const struct input *in, const struct ss_convert_opts *opts)
{
    struct ss_convert_result result;
    struct probe_sink out;
    bool made = make(in->file, opts, in->len, &out, &result);

    PROBE(made || !in->clean);
    if (made && (result.rebuilt || in->clean)) {
        check_output(in, &out, opts, &result);
        rebuild_again(&out, opts);
    }
    probe_sink_fini(&out);
}

/* The rules of intake, against the verification that they rest on. */
static void check_intake(struct input *in)
{
    struct ss_intake_opts opts = {.skip_hash_check = true};
    struct ss_intake intake;
    struct ss_error err;
    enum ss_hash_state state;

    PROBE(ss_intake(in->file, &opts, &probe_one, &intake, &err) == SS_OK);
    state = intake.checked->hash.state;
    in->clean =
        probe_damage(intake.checked) == 0 && intake.checked->verdict != SS_VERDICT_UNREADABLE;
    in->is_etcd = intake.checked->is_etcd;
    PROBE(intake.accepted == (in->clean && state != SS_HASH_CUT));
    PROBE(intake.decision[0] != '\0');
    PROBE((intake.seal == SS_SEAL_VERIFIED) == (intake.accepted && state == SS_HASH_VALID));
    ss_intake_fini(&intake);
    opts.skip_hash_check = false;
    PROBE(ss_intake(in->file, &opts, &probe_one, &intake, &err) == SS_OK);
    PROBE(intake.accepted == (in->clean && state == SS_HASH_VALID));
    ss_intake_fini(&intake);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ss_convert_opts rebuilds[] = {
        {.rebuild = true},
        {.page_size = 1024, .byte_order = 2},
        {.page_size = 4096, .byte_order = 1, .store_freelist = true, .no_hash = true},
    };
    struct input in = {.len = size};
    struct ss_file *file;
    struct ss_error err;

    if (size > INPUT_MAX) {
        return 0;
    }
    probe_memory_begin();
    file = probe_open(data, size);
    in.file = file;
    check_intake(&in);
    if (ss_file_readable(file, &err) == SS_OK) {
        copy_pages(&in);
        rebuild(&in, &rebuilds[0]);
        rebuild(&in, &rebuilds[1 + size % 2]);
    }
    ss_close(file);
    probe_memory_end(MEMORY_MAX + MEMORY_PER_BYTE * size);
    return 0;
}
