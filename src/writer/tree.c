/*
 * tree.c - see tree.h; page bytes as in parser/page.h.
 */
#include "writer/tree.h"

#include "parser/page.h"
#include "util/array.h"
#include "util/span.h"

#include <inttypes.h>
#include <stdlib.h>

#define CHILDREN_MIN 2u
#define COUNT_MAX 0xFFFEu /* bbolt refuses 0xFFFF elements in a page */

void ss_out_tree_init(struct ss_out_tree *tree, struct ss_span name, uint64_t sequence)
{
    *tree =
        (struct ss_out_tree){.name = name, .sequence = sequence, .leaf_len = SS_PAGE_HEADER_LEN};
    for (uint32_t i = 0; i < SS_WRITER_LEVEL_MAX; i++) {
        tree->levels[i].page_len = SS_PAGE_HEADER_LEN;
    }
}

void ss_out_tree_fini(struct ss_out_tree *tree)
{
    free(tree->elements);
    for (uint32_t i = 0; i < SS_WRITER_LEVEL_MAX; i++) {
        free(tree->levels[i].children);
    }
}

static void put_head(uint8_t *p, bool big, uint64_t id, uint16_t flags, uint32_t count,
                     uint32_t overflow)
{
    ss_store_u64(p, id, big);
    ss_store_u16(p + 8, flags, big);
    ss_store_u16(p + 10, (uint16_t)count, big);
    ss_store_u32(p + 12, overflow, big);
}

/* Takes the next page id for a page of len bytes and writes its header. */
static enum ss_status begin_page(struct ss_out_file *file, uint16_t flags, uint32_t count,
                                 uint64_t len, uint64_t *pgid, struct ss_error *err)
{
    uint64_t pages = (len + file->page_size - 1) / file->page_size;
    uint8_t head[SS_PAGE_HEADER_LEN];

    if (pages - 1 > UINT32_MAX) {
        return ss_system(err, SS_E_ARGUMENT, 0, "a page needs more overflow pages than bbolt has");
    }
    *pgid = file->next_pgid;
    file->next_pgid += pages;
    put_head(head, file->big, *pgid, flags, count, (uint32_t)(pages - 1));
    return ss_emit_bytes(&file->emit, head, sizeof(head), err);
}

static enum ss_status end_page(struct ss_out_file *file, uint64_t len, struct ss_error *err)
{
    uint64_t rest = len % file->page_size;

    return rest == 0 ? SS_OK : ss_emit_zeroes(&file->emit, file->page_size - rest, err);
}

static void put_leaf_element(uint8_t *p, bool big, const struct ss_out_element *e, uint64_t pos)
{
    ss_store_u32(p, e->flags, big);
    ss_store_u32(p + 4, (uint32_t)pos, big);
    ss_store_u32(p + 8, (uint32_t)e->key.len, big);
    ss_store_u32(p + 12, (uint32_t)e->value.len, big);
}

/* An element's data position counts from the element itself: it shrinks by 16 as they go on. */
static enum ss_status write_leaf_array(struct ss_out_file *file, const struct ss_out_tree *tree,
                                       struct ss_error *err)
{
    uint64_t pos = (uint64_t)tree->count * SS_ELEMENT_LEN;
    enum ss_status status = SS_OK;

    for (uint32_t i = 0; i < tree->count && status == SS_OK; i++) {
        const struct ss_out_element *e = &tree->elements[i];
        uint8_t bytes[SS_ELEMENT_LEN];

        put_leaf_element(bytes, file->big, e, pos);
        status = ss_emit_bytes(&file->emit, bytes, sizeof(bytes), err);
        pos += e->key.len + e->value.len - SS_ELEMENT_LEN;
    }
    return status;
}

static enum ss_status write_leaf_page(struct ss_out_file *file, struct ss_out_tree *tree,
                                      uint64_t *pgid, struct ss_error *err)
{
    enum ss_status status = begin_page(file, SS_FLAG_LEAF, tree->count, tree->leaf_len, pgid, err);

    if (status == SS_OK) {
        status = write_leaf_array(file, tree, err);
    }
    for (uint32_t i = 0; i < tree->count && status == SS_OK; i++) {
        const struct ss_out_element *e = &tree->elements[i];

        status = ss_emit_bytes(&file->emit, e->key.ptr, e->key.len, err);
        if (status == SS_OK) {
            status = ss_emit_bytes(&file->emit, e->value.ptr, e->value.len, err);
        }
    }
    return status == SS_OK ? end_page(file, tree->leaf_len, err) : status;
}

static enum ss_status write_branch_page(struct ss_out_file *file, const struct ss_out_level *level,
                                        uint64_t *pgid, struct ss_error *err)
{
    uint64_t pos = (uint64_t)level->count * SS_ELEMENT_LEN;
    enum ss_status status =
        begin_page(file, SS_FLAG_BRANCH, level->count, level->page_len, pgid, err);

    for (uint32_t i = 0; i < level->count && status == SS_OK; i++) {
        const struct ss_out_child *child = &level->children[i];
        uint8_t bytes[SS_ELEMENT_LEN];

        ss_store_u32(bytes, (uint32_t)pos, file->big);
        ss_store_u32(bytes + 4, (uint32_t)child->key.len, file->big);
        ss_store_u64(bytes + 8, child->pgid, file->big);
        status = ss_emit_bytes(&file->emit, bytes, sizeof(bytes), err);
        pos += child->key.len - SS_ELEMENT_LEN;
    }
    for (uint32_t i = 0; i < level->count && status == SS_OK; i++) {
        status =
            ss_emit_bytes(&file->emit, level->children[i].key.ptr, level->children[i].key.len, err);
    }
    return status == SS_OK ? end_page(file, level->page_len, err) : status;
}

/* Writes a level's page and empties it; `up` is what the level above must know of it. */
static enum ss_status flush_branch(struct ss_out_file *file, struct ss_out_level *level,
                                   struct ss_out_child *up, struct ss_error *err)
{
    enum ss_status status;

    up->key = level->children[0].key;
    status = write_branch_page(file, level, &up->pgid, err);
    level->count = 0;
    level->page_len = SS_PAGE_HEADER_LEN;
    level->written_count++;
    return status;
}

static bool is_full(const struct ss_out_file *file, const struct ss_out_level *level,
                    const struct ss_out_child *child)
{
    return level->count >= CHILDREN_MIN &&
           (level->page_len + SS_ELEMENT_LEN + child->key.len > file->page_size ||
            level->count == COUNT_MAX);
}

static enum ss_status append_child(struct ss_out_level *level, const struct ss_out_child *child,
                                   struct ss_error *err)
{
    if (!ss_array_add(level->children, level->count, level->cap, *child)) {
        return ss_nomem(err, (uint64_t)level->count * 2 * sizeof(*child));
    }
    level->page_len += SS_ELEMENT_LEN + child->key.len;
    return SS_OK;
}

/* Adds a child to a level; each level that is full is written, and is a child of the one above. */
static enum ss_status add_child(struct ss_out_file *file, struct ss_out_tree *tree, uint32_t at,
                                struct ss_out_child child, struct ss_error *err)
{
    for (; at < SS_WRITER_LEVEL_MAX - 1; at++) {
        struct ss_out_level *level = &tree->levels[at];
        bool full = is_full(file, level, &child);
        struct ss_out_child up = {0};
        enum ss_status status = full ? flush_branch(file, level, &up, err) : SS_OK;

        if (status == SS_OK) {
            status = append_child(level, &child, err);
        }
        if (status != SS_OK || !full) {
            return status;
        }
        child = up;
    }
    return ss_system(err, SS_E_LIMIT, 0, "a tree needs more than %u levels", SS_WRITER_LEVEL_MAX);
}

static enum ss_status flush_leaf(struct ss_out_file *file, struct ss_out_tree *tree,
                                 struct ss_error *err)
{
    struct ss_out_child up = {0};
    enum ss_status status;

    if (tree->count > 0) {
        up.key = tree->elements[0].key;
    }
    status = write_leaf_page(file, tree, &up.pgid, err);
    tree->count = 0;
    tree->leaf_len = SS_PAGE_HEADER_LEN;
    tree->leaf_count++;
    return status == SS_OK ? add_child(file, tree, 0, up, err) : status;
}

static enum ss_status check_element(const struct ss_out_tree *tree,
                                    const struct ss_out_element *element, struct ss_error *err)
{
    if (element->key.len == 0 || element->key.len > SS_KEY_LEN_MAX) {
        return ss_system(err, SS_E_ARGUMENT, 0, "a key has %" PRIu64 " bytes, bbolt takes 1 to %u",
                         (uint64_t)element->key.len, SS_KEY_LEN_MAX);
    }
    if (element->value.len > SS_VALUE_LEN_MAX) {
        return ss_system(err, SS_E_ARGUMENT, 0,
                         "a value has %" PRIu64 " bytes, bbolt takes at most %u",
                         (uint64_t)element->value.len, SS_VALUE_LEN_MAX);
    }
    if (tree->has_last && ss_span_cmp(tree->last, element->key) >= 0) {
        return ss_system(err, SS_E_ARGUMENT, 0, "keys given to the writer do not ascend");
    }
    return SS_OK;
}

enum ss_status ss_out_tree_add(struct ss_out_file *file, struct ss_out_tree *tree,
                               struct ss_out_element element, struct ss_error *err)
{
    uint64_t need = SS_ELEMENT_LEN + element.key.len + element.value.len;
    enum ss_status status = check_element(tree, &element, err);

    if (status == SS_OK && tree->count > 0 &&
        (tree->leaf_len + need > file->page_size || tree->count == COUNT_MAX)) {
        status = flush_leaf(file, tree, err);
    }
    if (status != SS_OK) {
        return status;
    }
    if (!ss_array_add(tree->elements, tree->count, tree->cap, element)) {
        return ss_nomem(err, (uint64_t)tree->count * 2 * sizeof(element));
    }
    tree->leaf_len += need;
    tree->last = element.key;
    tree->has_last = true;
    tree->has_bucket = tree->has_bucket || element.flags != 0;
    return SS_OK;
}

bool ss_out_tree_is_inline(const struct ss_out_file *file, const struct ss_out_tree *tree)
{
    return tree->leaf_count == 0 && !tree->has_bucket && tree->leaf_len <= file->page_size / 4;
}

uint64_t ss_out_tree_inline_len(const struct ss_out_tree *tree)
{
    return tree->leaf_len;
}

void ss_out_tree_inline(const struct ss_out_file *file, const struct ss_out_tree *tree,
                        uint8_t *out)
{
    uint64_t pos = (uint64_t)tree->count * SS_ELEMENT_LEN;
    uint8_t *array = out + SS_PAGE_HEADER_LEN;
    uint8_t *data = array + pos;

    put_head(out, file->big, 0, SS_FLAG_LEAF, tree->count, 0);
    for (uint32_t i = 0; i < tree->count; i++) {
        const struct ss_out_element *e = &tree->elements[i];

        put_leaf_element(array + (uint64_t)i * SS_ELEMENT_LEN, file->big, e, pos);
        pos += e->key.len + e->value.len - SS_ELEMENT_LEN;
        memcpy(data, e->key.ptr, (size_t)e->key.len);
        data += e->key.len;
        if (e->value.len > 0) {
            memcpy(data, e->value.ptr, (size_t)e->value.len);
        }
        data += e->value.len;
    }
}

enum ss_status ss_out_tree_finish(struct ss_out_file *file, struct ss_out_tree *tree,
                                  uint64_t *root, struct ss_error *err)
{
    enum ss_status status = SS_OK;

    if (tree->count > 0 || tree->leaf_count == 0) {
        status = flush_leaf(file, tree, err);
    }
    for (uint32_t at = 0; status == SS_OK; at++) {
        struct ss_out_level *level = &tree->levels[at];

        if (level->written_count == 0 && level->count == 1) {
            *root = level->children[0].pgid;
            return SS_OK;
        }
        if (level->count > 0) {
            struct ss_out_child up = {0};

            status = flush_branch(file, level, &up, err);
            if (status == SS_OK) {
                status = add_child(file, tree, at + 1, up, err);
            }
        }
    }
    return status;
}
