/*
 * salvage.h - what the parts of a salvage share: the tree that is trusted, what was found, where it may go.
 *
 *   view    whose tree counts: of the chosen meta, of the other one, or of a root page found by its form
 *   gaps    stretches of revisions that this tree should have and does not give
 *   found   records by revision, from the tree and from places outside of it, each with its tier
 *   rest    the other buckets, each from the newest tree in which it is still whole
 *
 * Guarantees: a record is taken only when it decodes whole and agrees with the revision that is its key;
 * from outside the tree only into a gap, or when freed pages were asked for. Nothing is allocated on a
 * number of the file: memory is 32 bytes a record found, 40 a gap, 2 bits a page.
 */
#ifndef SS_SALVAGE_SALVAGE_H
#define SS_SALVAGE_SALVAGE_H

#include "etcd/index.h"
#include "etcd/record.h"
#include "etcd/revision.h"
#include "parser/walk.h"
#include "writer/writer.h"

/* One record, found: its key stands at `off`, its value right behind it. */
struct ss_found {
    struct ss_revision rev;
    uint64_t off;
    uint32_t value_len;
    uint8_t key_len;    /* 17, or 18 of a tombstone */
    uint8_t tier;       /* enum ss_salvage_tier */
    bool from_tree : 1; /* given by the tree that is trusted */
    bool dropped : 1;   /* stays out: at most a witness that something older was superseded */
};

/* Revisions between two that are known, both exclusive, which the tree should have. */
struct ss_gap {
    struct ss_revision after, before;
    int64_t seen;  /* a main in it that a branch names; 0: none */
    uint64_t pgid; /* of the first fault; SS_NONE: none */
};

#define SS_VIEW_MAX 6u

/* A tree of the file. The struct borrows all of the open file. */
struct ss_view {
    struct ss_file file;
    bool by_meta;           /* else by the form of its root page */
    uint64_t index;         /* consistent_index, as it names it; 0: none */
    struct ss_bitmap sound; /* pages of its trees that passed the gate, runs included */
};

struct ss_salvage_job {
    const struct ss_file *file;
    const struct ss_salvage_opts *opts;
    const struct ss_call *call;
    struct ss_salvage_report *report;
    ss_write_fn write;
    void *write_ctx;

    struct ss_geometry geo; /* every whole place of the file, whatever a high-water mark says */
    struct ss_view views[SS_VIEW_MAX]; /* views[0] is trusted first; none: view_count 0 */
    size_t view_count;
    uint64_t other_root; /* of the other meta, where the root in force cannot be entered; SS_NONE */
    struct ss_bitmap claimed; /* places that the trees of views[0] name, sound or not */
    bool has_key;             /* views[0] has a tree of `key` */
    struct ss_tree key;
    bool tree_damaged;

    struct ss_gap *gaps;
    size_t gap_count, gap_cap;
    struct ss_found *found;
    size_t found_count, found_cap;
    uint64_t *retry; /* where elements of the tree stand that do not decode as they are cut */
    size_t retry_count, retry_cap;
    size_t tree_count; /* of these, the first ones, in order: what the tree gave */
    int64_t scheduled; /* of views[0]: the last compaction that was scheduled; 0: none known */
    int64_t compacted; /* of views[0]: the last finished compaction; 0: none known */
    uint64_t budget;   /* bytes of records that the sweep may still take */
    bool lost;         /* revisions between two that are known */
    int64_t mark;      /* the compaction mark that is written; 0: as it stands */
    bool counted;      /* the producer's first run is over */
};

/* view.c: fills geo and views. Errors: NOMEM, IO. */
enum ss_status ss_views_find(struct ss_salvage_job *job, struct ss_error *err);
void ss_views_fini(struct ss_salvage_job *job);

/* view.c: walks all trees of views[0], tells of its damage, and fills sound and claimed. */
enum ss_status ss_views_walk(struct ss_salvage_job *job, struct ss_error *err);

/* keys.c: the records of views[0] into found, and the gaps. */
enum ss_status ss_keys_of_tree(struct ss_salvage_job *job, struct ss_error *err);

/* sweep.c: counts all places, and the records of those outside the tree into found. */
enum ss_status ss_sweep(struct ss_salvage_job *job, struct ss_error *err);

/*
 * sweep.c: whether a sound page of `key` has elements behind those that it counts; what they held becomes a
 * gap. hi: where the keys of the page end, ptr NULL: no bound.
 */
bool ss_sweep_hidden(struct ss_salvage_job *job, const struct ss_page_view *page,
                     struct ss_span hi);

/*
 * found.c: whether the numbers of a record that decoded can all be true: what a put's create_revision and
 * version say of one another and of its revision.
 */
bool ss_found_agrees(const struct ss_record *rec);

bool ss_found_add(struct ss_salvage_job *job, const struct ss_record *rec, struct ss_span key,
                  uint32_t value_len, enum ss_salvage_tier tier, bool from_tree);
bool ss_gap_add(struct ss_salvage_job *job, struct ss_revision after, struct ss_revision before,
                int64_t seen, uint64_t pgid);
struct ss_entry ss_found_entry(const struct ss_salvage_job *job, const struct ss_found *found);
bool ss_found_record(const struct ss_salvage_job *job, const struct ss_found *found,
                     struct ss_record *rec);

/* found.c: makes the gaps disjoint and puts them in order; then a revision can be looked up in them. */
void ss_gaps_settle(struct ss_salvage_job *job);

/* found.c: takes a record from outside the tree, if it belongs into the output. False: no memory. */
bool ss_found_offer(struct ss_salvage_job *job, const struct ss_record *rec, struct ss_span key,
                    uint32_t value_len, enum ss_salvage_tier tier);

/* found.c: sorts and merges what was found; tells of conflicts and of what is lost. */
enum ss_status ss_found_settle(struct ss_salvage_job *job, struct ss_error *err);

/* rest.c: gives every bucket but `key` to the writer, and between them `key` by way of on_key. */
enum ss_status ss_rest_produce(struct ss_salvage_job *job, struct ss_writer *w,
                               ss_produce_fn on_key, struct ss_error *err);

#endif
