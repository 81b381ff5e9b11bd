/*
 * convert.c - a db file from a db file: its pages as they are, or a compact rebuild; then the hash.
 *
 *   in    │ pages below high-water │ preallocated zeroes, an old hash, … │
 *   out   │ the same pages         │ SHA-256 over them │
 *
 * A checked conversion writes while the input is being checked. A rebuild's first run plans, and stops
 * at a fault of the trees before anything is written. The digest of the input is a by-product: of a copy
 * of pages, whose very bytes it is over; of a rebuild, which hashes input and output in step.
 */
#include "intake/checking.h"
#include "util/call.h"
#include "util/error.h"
#include "verify/hash.h"
#include "writer/copy.h"
#include "writer/emit.h"

#include <inttypes.h>

#define CHUNK_LEN (UINT64_C(4) << 20)

struct conversion {
    const struct ss_file *file;
    const struct ss_convert_opts *opts;
    const struct ss_call *call;
    struct ss_convert_result *result;
    ss_write_fn write;
    void *write_ctx;
    uint64_t done;
    bool cancelled;
    struct ss_checking *checking; /* NULL: none goes on beside */
    bool has_digest;              /* of what the input's own hash covers */
    uint8_t digest[SS_SHA256_LEN];
};

static enum ss_status check_whole(const struct ss_file *file, struct ss_error *err)
{
    enum ss_status status = ss_file_readable(file, err);

    if (status != SS_OK || file->geo.page_count == file->geo.high_water) {
        return status;
    }
    return ss_corrupt(err, SS_E_PAGE_RANGE, file->geo.bytes.len, file->geo.page_count,
                      "the file has %" PRIu64 " of its %" PRIu64 " pages: it is truncated",
                      file->geo.page_count, file->geo.high_water);
}

/* The total is the input's, which a compact output seldom reaches. */
static bool tell(void *ctx, uint64_t len)
{
    struct conversion *job = ctx;
    const char *phase = job->result->rebuilt ? "rebuilding" : "copying";

    if (job->checking != NULL && ss_checking_refused(job->checking)) {
        return false;
    }
    job->done += len;
    job->cancelled = !ss_call_goes_on(job->call, phase, job->done,
                                      job->file->geo.high_water * job->file->geo.page_size);
    return !job->cancelled;
}

static enum ss_emit_beside beside(const struct conversion *job)
{
    return ss_checking_leaves_thread(job->checking, job->file, job->call) ? SS_BESIDE_HASH
                                                                          : SS_BESIDE_NOTHING;
}

static enum ss_status copy_bytes(const struct conversion *job, struct ss_emit *emit,
                                 struct ss_error *err)
{
    const struct ss_file *file = job->file;
    uint64_t len = file->geo.high_water * file->geo.page_size, at = 0;
    enum ss_status status = SS_OK;

    while (status == SS_OK && at < len) {
        uint64_t n = ss_min_u64(CHUNK_LEN, len - at);

        status = ss_emit_bytes(emit, file->geo.bytes.ptr + at, n, err);
        status = ss_source_check(&file->src, status, err);
        at += n;
    }
    return status;
}

/*
 * The input's digest, when its own hash is to be judged by what was copied: as a rule it covers the same
 * bytes; in a file that is longer than its high-water mark it goes on behind them.
 */
static enum ss_status digest_input(struct conversion *job, struct ss_emit *emit,
                                   struct ss_error *err)
{
    const struct ss_file *file = job->file;
    struct ss_span more = {0};
    struct ss_hash_job hash;
    enum ss_status status;

    ss_hash_job_init(&hash, file);
    if (job->checking == NULL || hash.total < emit->len ||
        !ss_span_sub(file->geo.bytes, emit->len, hash.total - emit->len, &more)) {
        return SS_OK;
    }
    status = ss_emit_digest_with(emit, more, job->digest, err);
    status = ss_source_check(&file->src, status, err);
    job->has_digest = status == SS_OK;
    return status;
}

static enum ss_status copy_pages(struct conversion *job, struct ss_error *err)
{
    const struct ss_convert_opts *opts = job->opts;
    struct ss_emit_opts out = {.write = job->write,
                               .write_ctx = job->write_ctx,
                               .tell = tell,
                               .tell_ctx = job,
                               .hash = !opts->no_hash || job->checking != NULL,
                               .append = !opts->no_hash,
                               .beside = beside(job)};
    struct ss_emit emit;
    enum ss_status status = ss_emit_init(&emit, &out, err);

    if (status == SS_OK) {
        status = copy_bytes(job, &emit, err);
    }
    if (status == SS_OK) {
        status = digest_input(job, &emit, err);
    }
    if (status == SS_OK) {
        status = ss_emit_finish(&emit, job->result->sha256, err);
    }
    /* What was computed for the check alone is not in the file. */
    if (opts->no_hash) {
        memset(job->result->sha256, 0, sizeof(job->result->sha256));
    }
    job->result->high_water = job->file->geo.high_water;
    job->result->out_len = emit.len;
    ss_emit_fini(&emit);
    return status;
}

static enum ss_status produce(void *ctx, struct ss_writer *w, struct ss_error *err)
{
    const struct conversion *job = ctx;
    struct ss_tree root = ss_tree_root(job->file);
    uint64_t entered = 0;

    return ss_copy_tree(job->file, &root, "", &entered, w, err);
}

/* Whether both files are hashed by one thread: where that takes longer, the checks have their own. */
static bool hashes_in_step(const struct ss_convert_result *result)
{
    return result->rebuilt && result->hashed && ss_sha256_in_step();
}

/* What the input's own hash covers; empty when there is none, or it is not computed here. */
static struct ss_span covered(const struct conversion *job)
{
    struct ss_span span = {0};
    struct ss_hash_job hash;

    ss_hash_job_init(&hash, job->file);
    if (job->checking != NULL && hashes_in_step(job->result)) {
        ss_span_sub(job->file->geo.bytes, 0, hash.total, &span);
    }
    return span;
}

static enum ss_status rebuild(struct conversion *job, struct ss_error *err)
{
    struct ss_convert_result *result = job->result;
    struct ss_writer_opts w = {.page_size = result->page_size,
                               .big_endian = result->big_endian,
                               .store_freelist = job->opts->store_freelist,
                               .hash = !job->opts->no_hash,
                               .twin = covered(job),
                               .beside = beside(job),
                               .tell = tell,
                               .tell_ctx = job,
                               .txid = SS_TXID_NEW,
                               .sequence = ss_file_current(job->file)->sequence};
    struct ss_writer_result out;
    enum ss_status status = ss_write_db(&w, produce, job, job->write, job->write_ctx, &out, err);

    result->high_water = out.high_water;
    result->out_len = out.out_len;
    memcpy(result->sha256, out.sha256, sizeof(result->sha256));
    memcpy(job->digest, out.twin_sha256, sizeof(job->digest));
    /* Of bytes that could not be read, it is none. */
    status = ss_source_check(&job->file->src, status, err);
    job->has_digest = status == SS_OK && w.twin.len > 0;
    return status;
}

bool ss_convert_rebuilds(const struct ss_file *file, const struct ss_convert_opts *opts)
{
    bool same_size = opts->page_size == 0 || opts->page_size == file->geo.page_size;
    bool same_order = opts->byte_order == 0 || file->geo.big == (opts->byte_order == 2);

    return opts->rebuild || opts->store_freelist || !same_size || !same_order ||
           file->current != file->in_force;
}

/* A conversion that is yet to run: what it will write is in *result. */
static struct conversion plan(const struct ss_file *file, const struct ss_convert_opts *opts,
                              ss_write_fn write, void *write_ctx, const struct ss_call *call,
                              struct ss_convert_result *result)
{
    *result = (struct ss_convert_result){0};
    result->page_size = opts->page_size != 0 ? opts->page_size : file->geo.page_size;
    result->big_endian = opts->byte_order == 0 ? file->geo.big : opts->byte_order == 2;
    result->hashed = !opts->no_hash;
    result->txid = file->readable ? ss_file_current(file)->txid : 0;
    result->rebuilt = ss_convert_rebuilds(file, opts);
    return (struct conversion){.file = file,
                               .opts = opts,
                               .call = ss_call_or_none(call),
                               .result = result,
                               .write = write,
                               .write_ctx = write_ctx};
}

static enum ss_status run(struct conversion *job, struct ss_error *err)
{
    enum ss_status status = check_whole(job->file, err);

    if (status == SS_OK) {
        status = job->result->rebuilt ? rebuild(job, err) : copy_pages(job, err);
    }
    return ss_source_check(&job->file->src, status, err);
}

enum ss_status ss_convert_unchecked(const struct ss_file *file, const struct ss_convert_opts *opts,
                                    ss_write_fn write, void *write_ctx, const struct ss_call *call,
                                    struct ss_convert_result *result, struct ss_error *err)
{
    struct conversion job = plan(file, opts, write, write_ctx, call, result);
    enum ss_status status;

    ss_error_clear(err);
    status = ss_call_begin(call, result->rebuilt ? "rebuilding" : "copying", err);
    return status == SS_OK ? run(&job, err) : status;
}

/* One after the other. */
static enum ss_status check_then_run(struct conversion *job, const struct ss_intake_opts *check,
                                     struct ss_intake *intake, struct ss_error *err)
{
    enum ss_status status = ss_intake(job->file, check, job->call, intake, err);

    return status == SS_OK && intake->accepted ? run(job, err) : status;
}

static enum ss_status check_and_run(struct conversion *job, struct ss_intake *intake,
                                    struct ss_error *err)
{
    struct ss_error check_err;
    enum ss_status status = run(job, err), checked;

    checked = ss_checking_end(job->checking, job->has_digest ? job->digest : NULL, job->cancelled,
                              intake, &check_err);
    if (checked == SS_OK) {
        return intake->accepted ? status : SS_OK;
    }
    *err = check_err;
    return checked;
}

enum ss_status ss_convert(const struct ss_file *file, const struct ss_intake_opts *check,
                          const struct ss_convert_opts *opts, ss_write_fn write, void *write_ctx,
                          const struct ss_call *call, struct ss_intake *intake,
                          struct ss_convert_result *result, struct ss_error *err)
{
    struct conversion job = plan(file, opts, write, write_ctx, call, result);
    struct ss_intake_opts how = *check;
    struct ss_checking checking;
    enum ss_status status;

    ss_error_clear(err);
    *intake = (struct ss_intake){0};
    how.rebuilds = result->rebuilt;
    status = ss_call_begin(call, SS_PHASE_TREES, err);
    if (status != SS_OK) {
        *result = (struct ss_convert_result){0};
        return status;
    }
    if (ss_checking_begin(&checking, file, &how, job.call,
                          !result->rebuilt || hashes_in_step(result))) {
        job.checking = &checking;
        status = check_and_run(&job, intake, err);
    } else {
        status = check_then_run(&job, &how, intake, err);
    }
    if (status != SS_OK || !intake->accepted) {
        *result = (struct ss_convert_result){0};
    }
    return status;
}
