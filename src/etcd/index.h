/*
 * index.h - the live keys while the `key` bucket is walked: last put wins, a tombstone removes.
 *
 *   slots   0 ............ home_count ... cap
 *   ┌──────┬──────┬──────┬──────┬──────┐      word: XXH3 of the key, under a seed of this run
 *   │ word │ word │ free │ word │ …    │      loc:  where its record stands (locator.h); 0: free
 *   │ loc  │ loc  │      │ loc  │      │
 *   └──────┴──────┴──────┴──────┴──────┘
 *
 * One array, open addressing, linear probing. A key's home is word x home_count / 2^64, which rises
 * with the word, so the whole array is ordered by word: a probe ends at the first greater word, a
 * removal closes its gap by moving the rest of the cluster back, and growing is one sequential pass
 * within the reallocated array.
 *
 * Guarantees: no hash is trusted alone, equal words are settled by the keys' bytes. The seed comes
 * from the system, so that no file can be made whose keys collide; nothing a caller sees depends on
 * it. At most 4/5 of the homes are used and they grow by half: 20 to 30 bytes for each of the most
 * keys that were live at once, and nothing is allocated for what a file only claims.
 */
#ifndef SS_ETCD_INDEX_H
#define SS_ETCD_INDEX_H

#include "etcd/locator.h"

#define SS_INDEX_QUEUE 32u /* records on their way; a power of two */

struct ss_slot {
    uint64_t word;
    uint64_t loc;
};

/* A record on its way into the index: what it will need is fetched ahead, in three steps. */
struct ss_index_pending {
    struct ss_span key;
    uint64_t word;
    uint64_t loc;
    uint64_t pos;             /* the slot that has this word now */
    uint64_t old;             /* the record it names, SS_LOC_NONE: there is none */
    struct ss_span old_value; /* its bytes */
    bool tombstone;
};

/* What the index needs of a record; the key is borrowed from the file. */
struct ss_index_entry {
    uint64_t word;
    uint64_t loc;
    const uint8_t *key;
    uint32_t key_len;
    bool tombstone;
};

/* Entries made ahead, on whichever thread. Zeroed: empty. */
struct ss_index_list {
    struct ss_index_entry *items;
    size_t count, cap;
};

/* The key of the record at `loc` had its live record at `former`, SS_LOC_NONE: it was not alive. */
typedef void (*ss_index_apply_fn)(void *ctx, uint64_t loc, uint64_t former);

struct ss_key_index {
    struct ss_locator at;
    ss_index_apply_fn on_apply; /* NULL, or told of each record in turn, when it is flushed */
    void *apply_ctx;
    uint64_t seed;
    struct ss_slot *slots;
    uint64_t home_count;
    uint64_t cap;
    uint64_t count;  /* keys */
    uint32_t queued; /* records so far; number n waits in queue[n % SS_INDEX_QUEUE] */
    uint32_t probed, located, applied;
    struct ss_index_pending queue[SS_INDEX_QUEUE];
};

/* A seed that no file can have been made for. */
uint64_t ss_index_seed(void);

/*
 * Embedded; allocates nothing yet. ss_key_index_fini is fine on a zeroed one. Its seed is a fresh one;
 * before the first record the caller may set another: indexes with one seed have equal keys under
 * equal words.
 */
void ss_key_index_init(struct ss_key_index *x, const struct ss_file *file,
                       const struct ss_tree *tree);
void ss_key_index_fini(struct ss_key_index *x);

/*
 * Takes records in revision order, puts and tombstones; what they mean shows after a flush. Markers
 * are keys like any other here, with no bytes. Errors: NOMEM, after which only fini may be called.
 */
enum ss_status ss_key_index_add(struct ss_key_index *x, const struct ss_record *rec,
                                struct ss_error *err);
enum ss_status ss_key_index_flush(struct ss_key_index *x, struct ss_error *err);

/*
 * The same in two steps: a list is filled by any thread, which only reads the index, and then added by
 * one, lists in revision order. Adding empties the list. Errors: NOMEM, as above.
 */
enum ss_status ss_index_list_add(struct ss_index_list *list, const struct ss_key_index *x,
                                 const struct ss_record *rec, struct ss_error *err);
enum ss_status ss_key_index_add_list(struct ss_key_index *x, struct ss_index_list *list,
                                     struct ss_error *err);
void ss_index_list_fini(struct ss_index_list *list);

/*
 * Adds what stands in the tree of `key` up to main revision `rev` and passes `range`, markers only if
 * told, and flushes. Records of main revision 0 are passed over: etcd reads from 1 on when it boots.
 * Errors: what a broken tree or record gives, NOMEM, CANCELLED.
 */
enum ss_status ss_key_index_fill(struct ss_key_index *x, const struct ss_tree *tree, int64_t rev,
                                 const struct ss_range *range, bool markers,
                                 const struct ss_call *call, struct ss_error *err);

/* The same of what still stands of `key`; markers never. Faults go to `skips`. Errors: NOMEM, IO. */
enum ss_status ss_key_index_fill_standing(struct ss_key_index *x, int64_t rev,
                                          const struct ss_range *range, struct ss_skips *skips,
                                          const struct ss_call *call, struct ss_error *err);

/* Whether this very record is its key's last one. Only after a flush. */
bool ss_key_index_holds(const struct ss_key_index *x, const struct ss_record *rec);

/*
 * Ends the index: hands its array over, by word, cut to the `count` slots that are used. NULL when there
 * are none. The caller frees it.
 */
struct ss_slot *ss_key_index_take(struct ss_key_index *x, uint64_t *count);

#endif
