/*
 * convert.c - a db file from a db file: its pages as they are, or a compact rebuild; then the hash.
 *
 *   in    │ pages below high-water │ preallocated zeroes, an old hash, … │
 *   out   │ the same pages         │ SHA-256 over them │
 */
#include "util/error.h"
#include "writer/copy.h"
#include "writer/emit.h"

#include <inttypes.h>

#define CHUNK_LEN (UINT64_C(4) << 20)

struct rebuild {
    const struct ss_file *file;
    const struct ss_convert_opts *opts;
    ss_write_fn write;
    void *write_ctx;
    uint64_t done;
    bool cancelled;
};

static enum ss_status check_whole(const struct ss_file *file, struct ss_error *err)
{
    enum ss_status status = ss_file_readable(file, err);

    if (status != SS_OK || file->page_count == file->high_water)
        return status;
    return ss_corrupt(err, SS_E_PAGE_RANGE, file->bytes.len, file->page_count,
                      "the file has %" PRIu64 " of its %" PRIu64 " pages: it is truncated",
                      file->page_count, file->high_water);
}

static enum ss_status copy_bytes(const struct ss_file *file, const struct ss_convert_opts *opts,
                                 struct ss_emit *emit, struct ss_error *err)
{
    uint64_t len = file->high_water * file->page_size, at = 0;
    enum ss_status status = SS_OK;

    while (status == SS_OK && at < len) {
        uint64_t n = ss_min_u64(CHUNK_LEN, len - at);

        if (opts->progress != NULL && !opts->progress(opts->progress_ctx, "copying", at, len))
            return ss_system(err, SS_E_CANCELLED, 0, "cancelled");
        status = ss_emit_bytes(emit, file->bytes.ptr + at, n, err);
        status = ss_source_check(&file->src, status, err);
        at += n;
    }
    return status;
}

static enum ss_status copy_pages(const struct ss_file *file, const struct ss_convert_opts *opts,
                                 ss_write_fn write, void *write_ctx,
                                 struct ss_convert_result *result, struct ss_error *err)
{
    struct ss_emit emit;
    enum ss_status status = ss_emit_init(&emit, write, write_ctx, !opts->no_hash, err);

    if (status == SS_OK)
        status = copy_bytes(file, opts, &emit, err);
    if (status == SS_OK)
        status = ss_emit_finish(&emit, result->sha256, err);
    result->high_water = file->high_water;
    result->out_len = emit.len;
    ss_emit_fini(&emit);
    return status;
}

static enum ss_status produce(void *ctx, struct ss_writer *w, struct ss_error *err)
{
    const struct rebuild *job = ctx;
    struct ss_tree root = ss_tree_root(job->file);

    return ss_copy_tree(job->file, &root, "", w, err);
}

/* Passes on what was written; its total is the input's, which the compact output seldom reaches. */
static bool write_and_tell(void *ctx, const void *bytes, size_t len)
{
    struct rebuild *job = ctx;
    const struct ss_convert_opts *opts = job->opts;

    job->done += len;
    job->cancelled =
        opts->progress != NULL && !opts->progress(opts->progress_ctx, "rebuilding", job->done,
                                                  job->file->high_water * job->file->page_size);
    return !job->cancelled && job->write(job->write_ctx, bytes, len);
}

static enum ss_status rebuild(const struct ss_file *file, const struct ss_convert_opts *opts,
                              ss_write_fn write, void *write_ctx, struct ss_convert_result *result,
                              struct ss_error *err)
{
    const struct ss_meta *meta = ss_file_current(file);
    struct rebuild job = {.file = file, .opts = opts, .write = write, .write_ctx = write_ctx};
    struct ss_writer_opts w = {.page_size = result->page_size,
                               .big_endian = result->big_endian,
                               .store_freelist = opts->store_freelist,
                               .hash = !opts->no_hash,
                               .txid = meta->txid == 0 ? 1 : meta->txid,
                               .sequence = meta->sequence};
    struct ss_writer_result out;
    enum ss_status status = ss_write_db(&w, produce, &job, write_and_tell, &job, &out, err);

    if (job.cancelled)
        status = ss_system(err, SS_E_CANCELLED, 0, "cancelled");
    result->high_water = out.high_water;
    result->out_len = out.out_len;
    memcpy(result->sha256, out.sha256, sizeof(result->sha256));
    return status;
}

enum ss_status ss_convert(const struct ss_file *file, const struct ss_convert_opts *opts,
                          ss_write_fn write, void *write_ctx, struct ss_convert_result *result,
                          struct ss_error *err)
{
    enum ss_status status;

    ss_error_clear(err);
    *result = (struct ss_convert_result){0};
    status = check_whole(file, err);
    if (status != SS_OK)
        return status;
    result->page_size = opts->page_size != 0 ? opts->page_size : file->page_size;
    result->big_endian = opts->byte_order == 0 ? file->big : opts->byte_order == 2;
    result->hashed = !opts->no_hash;
    result->rebuilt = opts->rebuild || opts->store_freelist ||
                      result->page_size != file->page_size || result->big_endian != file->big;
    if (result->rebuilt)
        status = rebuild(file, opts, write, write_ctx, result, err);
    else
        status = copy_pages(file, opts, write, write_ctx, result, err);
    return ss_source_check(&file->src, status, err);
}
