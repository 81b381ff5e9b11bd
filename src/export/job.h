/*
 * job.h - one run of ss_dump, shared by the writers of its formats.
 *
 *   dump.c ──┬── records of `key`, as JSON Lines, JSON or etcdctl ──┐
 *            ├── bucket_json.c   other buckets, as JSON             ├──► out ──► the caller's write
 *            └── tar.c           keys/, revisions/, buckets/ ───────┘
 */
#ifndef SS_EXPORT_JOB_H
#define SS_EXPORT_JOB_H

#include "export/outbuf.h"
#include "export/packer.h"
#include "export/record_json.h"
#include "parser/db.h"
#include "parser/standing.h"

struct ss_export_style {
    enum ss_dump_format format;
    struct ss_record_style record;
};

struct ss_export {
    const struct ss_file *file;
    const struct ss_dump_opts *opts;
    const struct ss_call *call;
    struct ss_export_style style;
    struct ss_hmac *hmac; /* NULL: values as they are */
    bool all;             /* no bound on the keys */
    bool is_etcd;         /* has a `key` bucket, which is dumped as records */
    struct ss_outbuf out;
    struct ss_packer packer; /* behind `out`, but of an archive and of what is not packed */
    uint64_t record_count;   /* of the list that is being written */
    uint64_t count, total;   /* total 0: not known */
    /* With opts->keep_going: */
    struct ss_skips skips;
    struct ss_keep_going keep; /* what the walks tell: collects for the document, and passes on */
    struct ss_bitmap claimed;  /* pages of the other buckets that a pass has read */
    struct ss_skipped *skipped;
    ss_write_fn write;
    void *write_ctx;
};

/* As much of a record as is worth a prefetch (ss_state_prefetch). */
#define SS_EXPORT_PREFETCH_RECORD UINT64_C(2048)
#define SS_EXPORT_PREFETCH_KEY UINT64_C(128)

/* Counts one more record and reports now and then. SS_SYSTEM: stopped on request. */
enum ss_status ss_export_count(struct ss_export *d, struct ss_error *err);

/*
 * The flush of the output buffer, and of whatever else ends in the caller's write: once a mapped read
 * has failed nothing more goes out.
 */
bool ss_export_write(void *ctx, const void *bytes, size_t len);

/* Whether a record of the history passes the range; markers only without one. */
bool ss_export_wants(const struct ss_export *d, const struct ss_record *rec);

/* The state that is dumped, and the retained revisions: strict, or what still stands. */
enum ss_status ss_export_state(struct ss_export *d, struct ss_state **out, struct ss_error *err);
enum ss_status ss_export_records(struct ss_export *d, ss_record_fn on_record, void *ctx,
                                 struct ss_error *err);

/* {"file":F: how a document begins, F the input as it was named, escaped when that is no clean text. */
void ss_export_file(struct ss_export *d);

/* The end of the list that was begun: all but the brace that ends the document. */
void ss_export_list_end(struct ss_export *d);

/* The last revision of a history: opts->rev, or the current one. Errors: NOT_ETCD, REV_FUTURE. */
enum ss_status ss_export_last_rev(struct ss_export *d, int64_t *rev, struct ss_error *err);

/* What goes before record number `index` of a list, and behind it. */
void ss_export_begin_record(const struct ss_export_style *style, struct ss_outbuf *out,
                            uint64_t index);
void ss_export_end_record(const struct ss_export_style *style, struct ss_outbuf *out);

/* The elements of opts->bucket, then the buckets inside it. SS_END: output failed. */
enum ss_status ss_export_bucket(struct ss_export *d, struct ss_error *err);

/*
 * Every bucket but `key`, of a file that is etcd's: as lines, or as the member "buckets" of the one
 * document. `walk` is ss_bucket_walk_new's. SS_END: output failed.
 */
struct ss_walk;
enum ss_status ss_export_buckets(struct ss_export *d, const struct ss_walk *walk,
                                 struct ss_error *err);

/*
 * What was passed over, for the end of a JSON document: "skipped_count":N,"skipped":[…], the first
 * SS_SKIPPED_KEPT of them. NOMEM shows at the end.
 */
#define SS_SKIPPED_KEPT 1000u
struct ss_skipped *ss_skipped_new(void);
void ss_skipped_free(struct ss_skipped *skipped);
void ss_skipped_add(struct ss_skipped *skipped, const struct ss_skip *skip);
enum ss_status ss_skipped_members(const struct ss_skipped *skipped, struct ss_outbuf *out,
                                  struct ss_error *err);

/* Everything into a tar archive. */
enum ss_status ss_export_tar(struct ss_export *d, int64_t *rev, struct ss_error *err);

#endif
