/*
 * writer.c - see writer.h: open buckets as a stack, metas, and the two runs of the producer.
 */
#include "writer/writer.h"

#include "parser/bucket.h"
#include "util/fnv.h"
#include "writer/tree.h"

#include <inttypes.h>
#include <stdlib.h>

#define DEPTH_MAX 128u
#define META_PAGES 2u

/* A copy that a producer asked for. */
struct kept {
    struct kept *next;
    uint8_t bytes[];
};

struct ss_writer {
    struct ss_out_file file;
    struct ss_out_tree *stack[DEPTH_MAX];
    uint32_t depth;
    struct kept *kept;
};

const uint8_t *ss_writer_keep(struct ss_writer *w, const void *bytes, size_t len)
{
    struct kept *kept = malloc(sizeof(*kept) + len);

    if (kept == NULL) {
        return NULL;
    }
    kept->next = w->kept;
    w->kept = kept;
    if (len > 0) {
        memcpy(kept->bytes, bytes, len);
    }
    return kept->bytes;
}

static enum ss_status push(struct ss_writer *w, struct ss_span name, uint64_t sequence,
                           struct ss_error *err)
{
    struct ss_out_tree *tree;

    if (w->depth == DEPTH_MAX) {
        return ss_system(err, SS_E_LIMIT, 0, "buckets are nested deeper than %u levels",
                         DEPTH_MAX - 1);
    }
    tree = malloc(sizeof(*tree));
    if (tree == NULL) {
        return ss_nomem(err, sizeof(*tree));
    }
    ss_out_tree_init(tree, name, sequence);
    w->stack[w->depth++] = tree;
    return SS_OK;
}

static void pop(struct ss_writer *w)
{
    struct ss_out_tree *tree = w->stack[--w->depth];

    ss_out_tree_fini(tree);
    free(tree);
}

enum ss_status ss_writer_begin(struct ss_writer *w, struct ss_span name, uint64_t sequence,
                               struct ss_error *err)
{
    return push(w, name, sequence, err);
}

enum ss_status ss_writer_put(struct ss_writer *w, struct ss_span key, struct ss_span value,
                             struct ss_error *err)
{
    struct ss_out_element element = {.key = key, .value = value};

    return ss_out_tree_add(&w->file, w->stack[w->depth - 1], element, err);
}

/* The bucket's value: its header, and its page when that is inline. */
static enum ss_status bucket_value(struct ss_writer *w, struct ss_out_tree *tree,
                                   struct ss_span *value, struct ss_error *err)
{
    bool is_inline = ss_out_tree_is_inline(&w->file, tree);
    size_t len = SS_BUCKET_HEADER_LEN;
    enum ss_status status = SS_OK;
    uint64_t root = 0;
    uint8_t *bytes;

    if (is_inline) {
        len += (size_t)ss_out_tree_inline_len(tree);
    } else {
        status = ss_out_tree_finish(&w->file, tree, &root, err);
    }
    if (status != SS_OK) {
        return status;
    }
    bytes = calloc(1, len);
    if (bytes == NULL) {
        return ss_nomem(err, len);
    }
    ss_store_u64(bytes, root, w->file.big);
    ss_store_u64(bytes + 8, tree->sequence, w->file.big);
    if (is_inline) {
        ss_out_tree_inline(&w->file, tree, bytes + SS_BUCKET_HEADER_LEN);
    }
    *value = ss_span_of(ss_writer_keep(w, bytes, len), len);
    free(bytes);
    return value->ptr != NULL ? SS_OK : ss_nomem(err, len);
}

enum ss_status ss_writer_end(struct ss_writer *w, struct ss_error *err)
{
    struct ss_out_tree *tree;
    struct ss_out_element element = {.flags = 1};
    enum ss_status status;

    if (w->depth < 2) {
        return ss_system(err, SS_E_ARGUMENT, 0, "a bucket is ended that was not begun");
    }
    tree = w->stack[w->depth - 1];
    status = bucket_value(w, tree, &element.value, err);
    element.key = tree->name;
    pop(w);
    return status == SS_OK ? ss_out_tree_add(&w->file, w->stack[w->depth - 1], element, err)
                           : status;
}

/* ---------------------------------------------------------------------------------- the runs --- */

/* Meta `i`; the one with the higher txid stands where bbolt would put it, at txid % 2. [F4] */
static enum ss_status write_meta(struct ss_writer *w, const struct ss_writer_opts *opts, uint64_t i,
                                 const struct ss_writer_result *plan, struct ss_error *err)
{
    uint8_t page[SS_PAGE_HEADER_LEN + SS_META_LEN] = {0};
    uint8_t *m = page + SS_PAGE_HEADER_LEN;
    bool big = opts->big_endian;
    uint64_t freelist = opts->store_freelist ? plan->high_water - 1 : SS_PGID_NO_FREELIST;
    enum ss_status status;

    ss_store_u64(page, i, big);
    ss_store_u16(page + 8, SS_FLAG_META, big);
    ss_store_u32(m, SS_META_MAGIC, big);
    ss_store_u32(m + 4, SS_META_VERSION, big);
    ss_store_u32(m + 8, opts->page_size, big);
    ss_store_u64(m + 16, plan->root, big);
    ss_store_u64(m + 24, opts->sequence, big);
    ss_store_u64(m + 32, freelist, big);
    ss_store_u64(m + 40, plan->high_water, big);
    ss_store_u64(m + 48, opts->txid % 2 == i ? opts->txid : opts->txid - 1, big);
    ss_store_u64(m + 56, ss_fnv1a_64(m, SS_META_CHECKED_LEN), big);
    status = ss_emit_bytes(&w->file.emit, page, sizeof(page), err);
    if (status != SS_OK) {
        return status;
    }
    return ss_emit_zeroes(&w->file.emit, opts->page_size - sizeof(page), err);
}

static enum ss_status write_freelist(struct ss_writer *w, struct ss_error *err)
{
    uint8_t head[SS_PAGE_HEADER_LEN] = {0};
    enum ss_status status;

    ss_store_u64(head, w->file.next_pgid, w->file.big);
    ss_store_u16(head + 8, SS_FLAG_FREELIST, w->file.big);
    w->file.next_pgid++;
    status = ss_emit_bytes(&w->file.emit, head, sizeof(head), err);
    if (status != SS_OK) {
        return status;
    }
    return ss_emit_zeroes(&w->file.emit, w->file.page_size - sizeof(head), err);
}

/* Everything behind the metas; fills root and high-water. */
static enum ss_status write_body(struct ss_writer *w, const struct ss_writer_opts *opts,
                                 ss_produce_fn produce, void *ctx, struct ss_writer_result *out,
                                 struct ss_error *err)
{
    enum ss_status status = push(w, (struct ss_span){0}, opts->sequence, err);

    if (status == SS_OK) {
        status = produce(ctx, w, err);
    }
    if (status == SS_OK && w->depth != 1) {
        status = ss_system(err, SS_E_ARGUMENT, 0, "a bucket was begun and not ended");
    }
    if (status == SS_OK) {
        status = ss_out_tree_finish(&w->file, w->stack[0], &out->root, err);
    }
    if (status == SS_OK && opts->store_freelist) {
        status = write_freelist(w, err);
    }
    out->high_water = w->file.next_pgid;
    return status;
}

static void release(struct ss_writer *w)
{
    while (w->depth > 0) {
        pop(w);
    }
    while (w->kept != NULL) {
        struct kept *next = w->kept->next;

        free(w->kept);
        w->kept = next;
    }
    ss_emit_fini(&w->file.emit);
    free(w);
}

/* One run: with write NULL the plan, else the real one, which must come out as the plan did. */
static enum ss_status run(const struct ss_writer_opts *opts, ss_produce_fn produce, void *ctx,
                          ss_write_fn write, void *write_ctx, struct ss_writer_result *plan,
                          struct ss_error *err)
{
    struct ss_writer *w = calloc(1, sizeof(*w));
    struct ss_emit_opts out = {.write = write,
                               .write_ctx = write_ctx,
                               .tell = opts->tell,
                               .tell_ctx = opts->tell_ctx,
                               .hash = opts->hash,
                               .append = opts->hash,
                               .twin = opts->twin,
                               .due_len = plan->db_len,
                               .beside = opts->beside};
    struct ss_writer_result got = {0};
    enum ss_status status;

    if (w == NULL) {
        return ss_nomem(err, sizeof(*w));
    }
    w->file.page_size = opts->page_size;
    w->file.big = opts->big_endian;
    w->file.next_pgid = META_PAGES;
    status = ss_emit_init(&w->file.emit, &out, err);
    for (uint64_t i = 0; i < META_PAGES && status == SS_OK; i++) {
        status = write_meta(w, opts, i, plan, err);
    }
    if (status == SS_OK) {
        status = write_body(w, opts, produce, ctx, &got, err);
    }
    if (status == SS_OK && write != NULL &&
        (got.root != plan->root || got.high_water != plan->high_water)) {
        status = ss_system(err, SS_E_ARGUMENT, 0, "the input changed while it was written");
    }
    if (status == SS_OK) {
        status = ss_emit_finish(&w->file.emit, got.sha256, err);
    }
    if (status == SS_OK && write != NULL && opts->twin.len > 0) {
        status = ss_emit_twin(&w->file.emit, got.twin_sha256, err);
    }
    got.out_len = w->file.emit.len;
    got.db_len = ss_mul_sat_u64(got.high_water, opts->page_size);
    *plan = got;
    release(w);
    return status;
}

enum ss_status ss_write_db(const struct ss_writer_opts *opts, ss_produce_fn produce, void *ctx,
                           ss_write_fn write, void *write_ctx, struct ss_writer_result *result,
                           struct ss_error *err)
{
    enum ss_status status;

    *result = (struct ss_writer_result){0};
    ss_error_clear(err);
    if (!ss_page_size_legal(opts->page_size) || opts->txid == 0) {
        return ss_system(err, SS_E_ARGUMENT, 0, "page size %u or txid %" PRIu64 " cannot be",
                         opts->page_size, (uint64_t)opts->txid);
    }
    status = run(opts, produce, ctx, NULL, NULL, result, err);
    if (status == SS_OK) {
        status = run(opts, produce, ctx, write, write_ctx, result, err);
    }
    return status;
}
