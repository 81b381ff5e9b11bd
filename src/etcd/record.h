/*
 * record.h - what the elements of the `key` bucket hold, for the layers above. [F9] [F10]
 *
 *   key    revision (revision.h), 17 bytes, or 18 for a tombstone
 *   value  mvccpb.KeyValue: key 1 · create_revision 2 · mod_revision 3 · version 4 · value 5 · lease 6
 *
 *   put         all fields; those that are zero or empty are left out by the writer
 *   tombstone   the key alone
 *   marker      no byte at all, at sub revision 0: what `etcdutl snapshot restore --bump-revision` puts
 *
 * A put is refused when its mod_revision is not the main revision it stands at: etcd finds it by the
 * one and answers with the other, so neither can be trusted. So is a put or a tombstone without a key.
 * Versions and create revisions are handed on as they stand.
 */
#ifndef SS_ETCD_RECORD_H
#define SS_ETCD_RECORD_H

#include "etcd/catalogue.h"
#include "parser/standing.h"

/*
 * Sets up a cursor over the `key` bucket; SS_END: there is none. `file` must outlive the cursor.
 * Errors: META, and what a broken root tree gives.
 */
enum ss_status ss_key_bucket_cursor(const struct ss_file *file, struct ss_cursor *c,
                                    struct ss_error *err);

/*
 * The tree of `key` in a file that may be damaged; SS_END: there is none. Errors: META, and those of
 * ss_standing_find_bucket.
 */
enum ss_status ss_key_bucket_standing(const struct ss_file *file, struct ss_skips *skips,
                                      struct ss_tree *out, struct ss_error *err);

/* Moves to the first element at or behind a revision; as ss_cursor_seek. */
enum ss_status ss_revision_seek(struct ss_cursor *c, struct ss_revision rev, struct ss_entry *entry,
                                struct ss_error *err);

/*
 * The main revisions of both compaction marks; 0: no such mark. Errors: FIELD, and what a broken tree
 * gives; *scheduled is right if it was read before.
 */
enum ss_status ss_compaction_marks(const struct ss_file *file, int64_t *scheduled,
                                   int64_t *finished, struct ss_error *err);

/* The key in the value of a record that decoded without error; empty when there is none any more. */
struct ss_span ss_record_key(struct ss_span value);

/*
 * The revision that a caller means (0: the current one), with the facts it was found by. Errors:
 * NOT_ETCD, ARGUMENT, REV_FUTURE, REV_COMPACTED (before the compacted revision; at it is fine), and
 * those of ss_rev_facts.
 */
enum ss_status ss_rev_resolve(const struct ss_file *file, int64_t rev, struct ss_rev_facts *facts,
                              int64_t *out, struct ss_error *err);

/* The same past damage. Where the end of `key` or the marks of compaction are lost, `rev` stands unchecked. */
enum ss_status ss_rev_resolve_keeping(const struct ss_file *file, int64_t rev,
                                      struct ss_skips *skips, struct ss_rev_facts *facts,
                                      int64_t *out, struct ss_error *err);

/*
 * ss_rev_facts of what still stands: the ends are those of the records that can be read, and what of
 * `meta` is lost counts as not there. Told of are only faults outside `key`: those in it are its walk's
 * matter. *whole says whether the facts are those of the undamaged file. Errors: META, CORRUPT when `key`
 * itself cannot be found; NOMEM, IO.
 */
enum ss_status ss_rev_facts_keeping(const struct ss_file *file, struct ss_skips *skips,
                                    struct ss_rev_facts *out, bool *whole, struct ss_error *err);

/*
 * ss_records of what still stands. The call's skips are counted in `skips`.
 */
enum ss_status ss_records_standing(const struct ss_file *file, int64_t from_main, int64_t to_main,
                                   struct ss_skips *skips, ss_record_fn on_record, void *ctx,
                                   struct ss_error *err);

/* SS_SYSTEM, NOT_ETCD: the file has no `key` bucket. */
enum ss_status ss_not_etcd(struct ss_error *err);

#endif
