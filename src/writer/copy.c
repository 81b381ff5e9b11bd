/*
 * copy.c - see copy.h. Buckets nest to SS_BUCKET_LEVEL_MAX levels at most, each with a cursor of its
 * own on the heap.
 */
#include "writer/copy.h"

#include "parser/walk.h"

#include <stdio.h>
#include <stdlib.h>

struct level {
    struct level *outer;
    struct ss_cursor cursor;
    struct ss_entry entry;
    enum ss_status status;
    char path[SS_PATH_TEXT_CAP];
};

static struct level *push(struct level *outer, const struct ss_file *file,
                          const struct ss_tree *tree, const char *path, struct ss_span name,
                          struct ss_error *err)
{
    struct level *level = malloc(sizeof(*level));

    if (level == NULL) {
        ss_nomem(err, sizeof(*level));
        return NULL;
    }
    level->outer = outer;
    snprintf(level->path, sizeof(level->path), "%s", path);
    if (name.len > 0) {
        ss_bucket_path_append(level->path, name);
    }
    ss_cursor_init(&level->cursor, file, tree, level->path);
    level->status = ss_cursor_first(&level->cursor, &level->entry, err);
    return level;
}

/* Opens the bucket at the top level's current element, in the source and in the writer. */
static enum ss_status descend(struct level **top, uint32_t *depth, struct ss_writer *w,
                              struct ss_error *err)
{
    struct level *outer = *top, *inner;
    const struct ss_entry *at = &outer->entry;
    struct ss_tree tree;
    enum ss_status status;

    if (*depth == SS_BUCKET_LEVEL_MAX) {
        return ss_corrupt(err, SS_E_DEPTH, at->key.off, at->pgid,
                          "buckets are nested deeper than %u levels", SS_BUCKET_LEVEL_MAX);
    }
    status = ss_tree_decode(&outer->cursor.file->geo, at->value, at->pgid, &tree, err);
    if (status != SS_OK) {
        return ss_error_in_bucket(err, outer->path, status);
    }
    status = ss_writer_begin(w, at->key, tree.sequence, err);
    if (status != SS_OK) {
        return status;
    }
    inner = push(outer, outer->cursor.file, &tree, outer->path, at->key, err);
    if (inner == NULL) {
        return SS_SYSTEM;
    }
    *top = inner;
    ++*depth;
    return SS_OK;
}

static void next(struct level *level, struct ss_error *err)
{
    level->status = ss_cursor_next(&level->cursor, &level->entry, err);
}

/* The top level has come to its end: closes its bucket and goes on behind it in the outer one. */
static enum ss_status ascend(struct level **top, uint32_t *depth, uint64_t *entered,
                             struct ss_writer *w, struct ss_error *err)
{
    struct level *done = *top;
    const struct ss_cursor *c = &done->cursor;
    enum ss_status status = ss_tree_account(c->file, &c->tree, c->path, c->entered, entered, err);

    *top = done->outer;
    free(done);
    --*depth;
    if (*top == NULL || status != SS_OK) {
        return status;
    }
    status = ss_writer_end(w, err);
    if (status == SS_OK) {
        next(*top, err);
    }
    return status;
}

enum ss_status ss_copy_tree(const struct ss_file *file, const struct ss_tree *tree,
                            const char *path, uint64_t *entered, struct ss_writer *w,
                            struct ss_error *err)
{
    struct level *top = push(NULL, file, tree, path, (struct ss_span){0}, err);
    enum ss_status status = top != NULL ? SS_OK : SS_SYSTEM;
    uint32_t depth = 1;

    while (top != NULL && status == SS_OK) {
        if (top->status == SS_END) {
            status = ascend(&top, &depth, entered, w, err);
        } else if (top->status != SS_OK) {
            status = top->status;
        } else if (top->entry.is_bucket) {
            status = descend(&top, &depth, w, err);
        } else {
            status = ss_writer_put(w, top->entry.key, top->entry.value, err);
            if (status == SS_OK) {
                next(top, err);
            }
        }
    }
    while (top != NULL) {
        struct level *outer = top->outer;

        free(top);
        top = outer;
    }
    return status;
}
