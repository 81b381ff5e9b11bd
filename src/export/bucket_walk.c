/*
 * bucket_walk.c - see bucket_walk.h. The walk claims each page once, so that no chain of buckets can
 * be longer than the file.
 */
#include "export/bucket_walk.h"

#include "etcd/record.h"
#include "parser/standing.h"
#include "util/error.h"

#include <stdlib.h>

struct first_fault {
    bool some;
    struct ss_error err;
};

static void keep_first(void *ctx, struct ss_walk *walk, uint32_t node, uint32_t element,
                       const struct ss_error *err)
{
    struct first_fault *first = ctx;

    (void)walk;
    (void)node;
    (void)element;
    if (!first->some) {
        first->some = true;
        first->err = *err;
    }
}

enum ss_status ss_bucket_walk_new(const struct ss_export *d, const struct ss_bucket *top,
                                  struct ss_walk **out, struct ss_error *err)
{
    struct ss_walk_ops ops = {.on_fault = keep_first, .call = d->call};
    struct first_fault first = {0};
    struct ss_walk *walk = calloc(1, sizeof(*walk));
    enum ss_status status;

    *out = NULL;
    if (walk == NULL) {
        return ss_nomem(err, sizeof(*walk));
    }
    status = ss_walk_run_at(walk, d->file, top != NULL ? &top->tree : NULL,
                            top != NULL ? top->path : "", &ops, &first, err);
    walk->ops = NULL;
    walk->ctx = NULL;
    if (status == SS_OK && first.some && d->opts->keep_going == NULL) {
        *err = first.err;
        status = SS_CORRUPT;
    }
    if (status != SS_OK) {
        ss_bucket_walk_free(walk);
        return status;
    }
    *out = walk;
    return SS_OK;
}

void ss_bucket_walk_free(struct ss_walk *walk)
{
    if (walk != NULL) {
        ss_walk_fini(walk);
        free(walk);
    }
}

static bool is_below_key(const struct ss_walk *walk, uint32_t node)
{
    while (walk->buckets[node].level > 1) {
        node = walk->buckets[node].parent;
    }
    return ss_etcd_bucket_of(walk->buckets[node].name) == SS_IN_KEY;
}

bool ss_bucket_walk_next(const struct ss_walk *walk, bool skip_key, uint32_t *node)
{
    do {
        if (++*node >= walk->bucket_count) {
            return false;
        }
    } while (skip_key && is_below_key(walk, *node));
    return true;
}

size_t ss_bucket_walk_names(const struct ss_walk *walk, uint32_t node,
                            struct ss_span names[SS_BUCKET_LEVEL_MAX])
{
    size_t count = walk->buckets[node].level;

    for (size_t i = count; i > 0; i--) {
        names[i - 1] = walk->buckets[node].name;
        node = walk->buckets[node].parent;
    }
    return count;
}

static enum ss_status strict_entries(const struct ss_walk *walk, uint32_t node, const char *path,
                                     ss_entry_fn on_entry, void *ctx, struct ss_error *err)
{
    struct ss_cursor c;
    struct ss_entry entry;
    enum ss_status status;

    ss_cursor_init(&c, walk->file, &walk->buckets[node].tree, path);
    for (status = ss_cursor_first(&c, &entry, err); status == SS_OK;
         status = ss_cursor_next(&c, &entry, err)) {
        if (!entry.is_bucket) {
            status = on_entry(ctx, &entry, err);
            if (status != SS_OK) {
                return status;
            }
        }
    }
    return status == SS_END ? SS_OK : status;
}

/* Whether an element is one of those that are handed over; buckets inside that are broken are told. */
static bool is_plain(struct ss_standing *w, const struct ss_entry *entry)
{
    struct ss_tree tree;
    struct ss_error why;

    if (!entry->is_bucket) {
        return true;
    }
    if (ss_tree_decode(&w->file->geo, entry->value, entry->pgid, &tree, &why) != SS_OK) {
        ss_standing_skip(w, entry, &why);
    }
    return false;
}

static enum ss_status standing_entries(struct ss_export *d, const struct ss_walk *walk,
                                       uint32_t node, const char *path, ss_entry_fn on_entry,
                                       void *ctx, struct ss_error *err)
{
    struct ss_standing w;
    struct ss_entry entry;
    enum ss_status status, taken = SS_OK;

    ss_standing_init(&w, walk->file, &walk->buckets[node].tree, path, &d->claimed, &d->skips);
    while (taken == SS_OK && (status = ss_standing_next(&w, &entry, err)) == SS_OK) {
        if (is_plain(&w, &entry)) {
            taken = on_entry(ctx, &entry, err);
        }
    }
    ss_standing_fini(&w);
    if (taken != SS_OK) {
        return taken;
    }
    return status == SS_END ? SS_OK : status;
}

enum ss_status ss_bucket_walk_entries(struct ss_export *d, const struct ss_walk *walk,
                                      uint32_t node, ss_entry_fn on_entry, void *ctx,
                                      struct ss_error *err)
{
    char path[SS_PATH_TEXT_CAP];

    ss_walk_path(walk, node, path);
    return d->opts->keep_going != NULL ? standing_entries(d, walk, node, path, on_entry, ctx, err)
                                       : strict_entries(walk, node, path, on_entry, ctx, err);
}

/* A key in the root bucket is in no bucket, and is told of only. */
static enum ss_status on_root_key(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    struct ss_export *d = ctx;
    struct ss_skip skip = {.element = entry->index, .from = entry->key, .to = entry->key};

    (void)err;
    ss_corrupt(&skip.why, SS_E_BUCKET, entry->key.off, entry->pgid,
               "a plain key stands among the top-level buckets");
    ss_skips_add(&d->skips, &skip);
    return SS_OK;
}

enum ss_status ss_bucket_walk_begin(struct ss_export *d, const struct ss_walk *walk,
                                    struct ss_error *err)
{
    ss_bitmap_fini(&d->claimed);
    if (d->opts->keep_going == NULL) {
        return SS_OK;
    }
    return ss_bucket_walk_entries(d, walk, 0, on_root_key, d, err);
}
