/*
 * db.h - an open bbolt file: its source, both metas, and the sizes that everything is checked against.
 *
 *   page 0        page 1        page 2 …            page high_water - 1
 *   ┌─────────────┬─────────────┬──────────────────┬───────────────────┬───────────────────────
 *   │ meta 0      │ meta 1      │ leaf, branch, freelist, free pages   │ trailing bytes, hash
 *   └─────────────┴─────────────┴──────────────────┴───────────────────┴───────────────────────
 *   0             page_size     2 x page_size       high_water x page_size               src.len
 *
 * Guarantees: when `readable`, the geometry's page_size is not 0 and `current` names a valid meta.
 */
#ifndef SS_PARSER_DB_H
#define SS_PARSER_DB_H

#include "parser/geometry.h"
#include "parser/scan.h"
#include "source/source.h"

#define SS_META_MAGIC 0xED0CDAEDu
#define SS_META_VERSION 2u
#define SS_META_LEN 64u
#define SS_META_CHECKED_LEN 56u /* what the checksum, FNV-1a 64, is over */

struct ss_file {
    struct ss_source src;
    enum ss_kind kind;
    struct ss_meta meta[2];
    int in_force; /* index of the meta that bbolt takes, -1: none */
    int current; /* of the one whose tree is read: that, or the other valid one when it was chosen */
    bool meta_chosen; /* by the caller */
    bool readable;
    struct ss_error why_not;  /* when not readable */
    struct ss_page_scan scan; /* when not readable: what page headers say; page_size 0: nothing */
    /* Of the whole source, as the meta that is read has it; when not readable: the places that `scan` or
     * the caller's page size make of it, page_size 0 if neither does. */
    struct ss_geometry geo;
    /* Threads that an earlier call has left at work (ss_hash_start), which later ones count as theirs; by way
     * of a pointer, since it is no part of what a const file keeps. */
    _Atomic unsigned *busy, busy_count;
};

/*
 * Fills file->meta, in_force, current, and the geometry from its bytes. forced: the caller's page size, 0
 * for none. Errors: META when `choice` is a meta that cannot be used, and the other one can.
 */
enum ss_status ss_meta_load(struct ss_file *file, uint32_t forced, enum ss_meta_choice choice,
                            struct ss_error *err);

/*
 * What the SS_PAGE_HEADER_LEN + SS_META_LEN bytes of a meta page say; `due` is the page size that its place stands
 * for, 0 when any will do.
 */
void ss_meta_of(const uint8_t *page, uint64_t off, uint64_t due, struct ss_meta *out);

/* The same open file read by its other meta, which is valid. It borrows all of `file`: never closed. */
struct ss_file ss_file_by_other_meta(const struct ss_file *file);

/* With no usable meta: looks at meta 1 where pages of this size have it. */
void ss_meta_1_at(struct ss_file *file, uint32_t page_size);

/* Whether n is a page size that bbolt can have: a power of two from 1 KiB to 16 MiB. */
bool ss_page_size_legal(uint64_t n);

/*
 * SS_OK when page ids are places of the file: when it is readable, and also without a usable meta if its page
 * size is known all the same. Else as ss_file_readable.
 */
enum ss_status ss_file_placed(const struct ss_file *file, struct ss_error *err);

/* The meta whose tree is read; only when readable. */
static inline const struct ss_meta *ss_file_current(const struct ss_file *file)
{
    return &file->meta[file->current];
}

/* The meta that bbolt takes; likewise. */
static inline const struct ss_meta *ss_file_in_force(const struct ss_file *file)
{
    return &file->meta[file->in_force];
}

/*
 * Bytes up to the high-water mark of the meta in force, saturating: where the database ends and a hash may
 * follow, whichever tree is read. 0 when not readable.
 */
uint64_t ss_file_db_len(const struct ss_file *file);

/*
 * The page of the stored freelist, through the gate. SS_END: none is stored. Errors: the gate's, at the meta's
 * field; PAGE_TYPE, with both types, when it is another page.
 */
struct ss_page_view;
enum ss_status ss_freelist_open(const struct ss_file *file, struct ss_page_view *page,
                                struct ss_error *err);

#endif
