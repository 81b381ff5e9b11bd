/*
 * tree.h - one bucket's tree while it is written: a leaf that fills, and a branch page a level above.
 *
 *   level 1   [ first key → page | … ]          fills, is written, and its first key goes up
 *   level 0   [ first key → page | first key → page | … ]
 *   leaf      [ key value | key value | … ]
 */
#ifndef SS_WRITER_TREE_H
#define SS_WRITER_TREE_H

#include "writer/emit.h"

#define SS_WRITER_LEVEL_MAX 40u

struct ss_out_element {
    struct ss_span key;
    struct ss_span value;
    uint32_t flags;
};

struct ss_out_child {
    struct ss_span key;
    uint64_t pgid;
};

struct ss_out_level {
    struct ss_out_child *children;
    uint32_t count;
    size_t cap;
    uint64_t page_len;      /* bytes of the page as it stands */
    uint64_t written_count; /* pages of this level that are out */
};

struct ss_out_tree {
    struct ss_span name;
    uint64_t sequence;
    bool has_bucket;
    bool has_last;
    struct ss_span last; /* key put last */
    struct ss_out_element *elements;
    uint32_t count;
    size_t cap;
    uint64_t leaf_len;
    uint64_t leaf_count; /* written */
    struct ss_out_level levels[SS_WRITER_LEVEL_MAX];
};

/* What all trees of one file share. */
struct ss_out_file {
    struct ss_emit emit;
    uint32_t page_size;
    bool big;
    uint64_t next_pgid;
};

void ss_out_tree_init(struct ss_out_tree *tree, struct ss_span name, uint64_t sequence);
void ss_out_tree_fini(struct ss_out_tree *tree);

/* Adds an element behind the last one. Errors: ARGUMENT, NOMEM, OUTPUT. */
enum ss_status ss_out_tree_add(struct ss_out_file *file, struct ss_out_tree *tree,
                               struct ss_out_element element, struct ss_error *err);

/* Whether the whole bucket fits inline, as bbolt decides it. */
bool ss_out_tree_is_inline(const struct ss_out_file *file, const struct ss_out_tree *tree);

/* Bytes of the inline page, and the page itself into `out`. */
uint64_t ss_out_tree_inline_len(const struct ss_out_tree *tree);
void ss_out_tree_inline(const struct ss_out_file *file, const struct ss_out_tree *tree,
                        uint8_t *out);

/* Writes what is left and gives the root's page id. */
enum ss_status ss_out_tree_finish(struct ss_out_file *file, struct ss_out_tree *tree,
                                  uint64_t *root, struct ss_error *err);

#endif
