/*
 * standing.h - what still stands of a damaged tree, element by element, in order.
 *
 *   branch   │ a │ f │ m │ t │
 *              │   ✗   │   ✗         ✗ f: a page that the gate refuses: [f, m) is skipped
 *   leaves   a b c   m ? p           ? an element out of order: it alone is skipped
 *
 *   given    a b c       m p
 *
 * The strict cursor (cursor.h) ends at the first fault; this walk says what it passes over and goes on
 * with the next child. What was skipped is told by its place and by the bounds that the branches above
 * it give for its keys. Of a page that passes the gate only those elements are skipped that cannot stand
 * where they do: keys are given in ascending order, always. A branch whose keys are out of order is
 * entered all the same; its children then have its own bounds.
 *
 * The last key of a leaf must be below the first one of the leaf behind it, or below its key in the
 * branch, whichever is greater: one flipped bit in any of the three then costs one element at most.
 *
 * Guarantees: of a sound tree it gives what the cursor gives, and skips nothing. Each page is entered
 * once, so that no walk can loop. Memory: a bit a page.
 */
#ifndef SS_PARSER_STANDING_H
#define SS_PARSER_STANDING_H

#include "parser/cursor.h"
#include "util/bitmap.h"

#define SS_SKIPS_ONCE 16u

/* Where the skips of one call go. */
struct ss_skips {
    const struct ss_keep_going *keep; /* NULL: nobody is told */
    uint64_t count;
    bool quiet; /* a later pass over what was told already: nothing is told or counted */
    size_t once_count;
    uint64_t once[SS_SKIPS_ONCE]; /* offsets, of ss_skips_add_once */
};

struct ss_standing_frame {
    struct ss_page_view page;
    uint32_t index;
    struct ss_span lo, hi; /* ptr NULL: no bound */
};

/* Embedded use: ss_standing_init, any number of ss_standing_next, ss_standing_fini. */
struct ss_standing {
    const struct ss_file *file;
    struct ss_tree tree;
    const char *path; /* for errors; borrowed */
    struct ss_skips *skips;
    struct ss_bitmap *claimed; /* pages that were entered: own, or the caller's of several trees */
    struct ss_bitmap own;
    struct ss_span from, to; /* elements in [from, to) only; ptr NULL: no bound */
    struct ss_span last;     /* the greatest key so far */
    bool begun;
    uint32_t depth;
    struct ss_standing_frame stack[SS_TREE_DEPTH_MAX];
};

/* `claimed` NULL: a map of its own. */
void ss_standing_init(struct ss_standing *w, const struct ss_file *file, const struct ss_tree *tree,
                      const char *path, struct ss_bitmap *claimed, struct ss_skips *skips);

/* Before the first element: those in [from, to) only, and faults only of pages that may hold such. */
void ss_standing_between(struct ss_standing *w, struct ss_span from, struct ss_span to);

/* SS_OK: *entry is the next element; SS_END: there is none. Errors: NOMEM, IO. */
enum ss_status ss_standing_next(struct ss_standing *w, struct ss_entry *entry,
                                struct ss_error *err);

/* Tells of an element that was given and that its taker cannot read, for the reason in `why`. */
void ss_standing_skip(struct ss_standing *w, const struct ss_entry *entry,
                      const struct ss_error *why);

void ss_standing_fini(struct ss_standing *w);

/* Tells of what was found wrong by other means; `once`: unless its offset was told that way before. */
void ss_skips_add(struct ss_skips *skips, const struct ss_skip *skip);
void ss_skips_add_once(struct ss_skips *skips, const struct ss_skip *skip);

/*
 * As ss_tree_find_bucket, in a parent that may be damaged: what had to be passed over is told only
 * when the bucket is found all the same. Errors: as there, when the damage hides it; NOMEM, IO.
 */
enum ss_status ss_standing_find_bucket(const struct ss_file *file, const struct ss_tree *parent,
                                       const char *parent_path, struct ss_span name,
                                       struct ss_skips *skips, struct ss_tree *out,
                                       struct ss_error *err);

#endif
