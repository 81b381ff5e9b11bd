/*
 * bucket.c - bucket headers, paths, and opening a bucket by its path. [F6]
 */
#include "parser/bucket.h"

#include "parser/standing.h"
#include "util/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct ss_tree ss_tree_root(const struct ss_file *file)
{
    const struct ss_meta *meta = ss_file_current(file);

    return (struct ss_tree){.root = meta->root,
                            .sequence = meta->sequence,
                            .ref_off = meta->off + SS_PAGE_HEADER_LEN + 16,
                            .host = SS_NONE};
}

enum ss_status ss_tree_decode(const struct ss_geometry *geo, struct ss_span value, uint64_t host,
                              struct ss_tree *out, struct ss_error *err)
{
    struct ss_page_view page;

    if (value.len < SS_BUCKET_HEADER_LEN) {
        return ss_corrupt(err, SS_E_BUCKET, value.off, host,
                          "bucket header has %" PRIu64 " bytes, due at least %u", value.len,
                          SS_BUCKET_HEADER_LEN);
    }
    *out = (struct ss_tree){.root = ss_load_u64(value.ptr, geo->big),
                            .sequence = ss_load_u64(value.ptr + 8, geo->big),
                            .ref_off = value.off,
                            .host = host};
    if (out->root != 0) {
        return SS_OK;
    }
    out->inline_page =
        (struct ss_span){value.ptr + SS_BUCKET_HEADER_LEN, value.len - SS_BUCKET_HEADER_LEN,
                         value.off + SS_BUCKET_HEADER_LEN};
    return ss_page_gate_inline(geo, out->inline_page, host, &page, err);
}

bool ss_bucket_path_append(char path[SS_PATH_TEXT_CAP], struct ss_span name)
{
    size_t used = strlen(path);
    size_t need;

    if (used + 2 >= SS_PATH_TEXT_CAP) {
        return false;
    }
    if (used > 0) {
        path[used++] = '/';
    }
    need = ss_text_escape(name.ptr, (size_t)name.len, path + used, SS_PATH_TEXT_CAP - used);
    return need < SS_PATH_TEXT_CAP - used;
}

void ss_bucket_free(struct ss_bucket *bucket)
{
    free(bucket);
}

void ss_bucket_facts(const struct ss_bucket *bucket, struct ss_bucket_facts *out)
{
    *out = (struct ss_bucket_facts){.path = bucket->path,
                                    .root = bucket->tree.root,
                                    .sequence = bucket->tree.sequence,
                                    .is_inline = bucket->tree.root == 0};
}

static enum ss_status descend(struct ss_bucket *bucket, struct ss_span name, struct ss_skips *skips,
                              struct ss_error *err)
{
    struct ss_tree child;
    enum ss_status status;

    if (skips != NULL) {
        status = ss_standing_find_bucket(bucket->file, &bucket->tree, bucket->path, name, skips,
                                         &child, err);
    } else {
        status = ss_tree_find_bucket(bucket->file, &bucket->tree, bucket->path, name, &child, err);
    }
    ss_bucket_path_append(bucket->path, name);
    if (status == SS_END) {
        return ss_system(err, SS_E_NOT_FOUND, 0, "there is no bucket %s", bucket->path);
    }
    if (status == SS_OK) {
        bucket->tree = child;
    }
    return status;
}

enum ss_status ss_bucket_open(const struct ss_file *file, const struct ss_span *path, size_t count,
                              struct ss_bucket **out, struct ss_error *err)
{
    return ss_bucket_open_keeping(file, path, count, NULL, out, err);
}

enum ss_status ss_bucket_open_keeping(const struct ss_file *file, const struct ss_span *path,
                                      size_t count, const struct ss_keep_going *keep,
                                      struct ss_bucket **out, struct ss_error *err)
{
    struct ss_skips skips = {.keep = keep};
    struct ss_bucket *bucket;
    enum ss_status status;
    size_t i;

    *out = NULL;
    ss_error_clear(err);
    status = ss_file_readable(file, err);
    if (status != SS_OK) {
        return status;
    }
    bucket = calloc(1, sizeof(*bucket));
    if (bucket == NULL) {
        return ss_nomem(err, sizeof(*bucket));
    }
    bucket->file = file;
    bucket->tree = ss_tree_root(file);
    for (i = 0; i < count && status == SS_OK; i++) {
        status = descend(bucket, path[i], keep != NULL ? &skips : NULL, err);
    }
    status = ss_source_check(&file->src, status, err);
    if (status == SS_OK) {
        *out = bucket;
    } else {
        ss_bucket_free(bucket);
    }
    return status;
}
