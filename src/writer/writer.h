/*
 * writer.h - writes a bbolt file front to back from buckets whose keys come in order.
 *
 *   meta 0 │ meta 1 │ leaf leaf leaf branch leaf … branch │ … │ root leaf │ (freelist) │ SHA-256
 *                     └──── a bucket: its pages lie together ────┘
 *
 * The metas come first in the file and name what is known last, and the hash runs over the bytes in
 * order. So the producer is asked twice for the same sequence: once to plan, which costs no bytes, and
 * once to write. A leaf is filled up to the page size, a branch up to it but with two children at
 * least; a bucket of up to a quarter of a page without buckets in it becomes inline, as bbolt does.
 *
 * Memory: one leaf's element list and one branch page a level and open bucket, whatever the file's
 * size. Keys and values are borrowed: they must stay where they are until ss_write_db returns.
 */
#ifndef SS_WRITER_WRITER_H
#define SS_WRITER_WRITER_H

#include "writer/emit.h"

/* What bbolt gives the current meta of a file that it makes: restored and rebuilt files start anew. */
#define SS_TXID_NEW UINT64_C(1)

struct ss_writer;

struct ss_writer_opts {
    uint32_t page_size; /* a power of two in [1 KiB, 16 MiB] */
    bool big_endian;
    bool store_freelist;        /* an empty freelist page; else "not stored", as etcd has it */
    bool hash;                  /* append the SHA-256 over all that was written */
    struct ss_span twin;        /* with `hash`: other bytes to be hashed in step, or empty */
    enum ss_emit_beside beside; /* what is done on a thread of its own */
    ss_tell_fn tell;            /* may be NULL */
    void *tell_ctx;
    uint64_t txid;     /* of the current meta, at least 1; the other one has txid - 1 */
    uint64_t sequence; /* of the root bucket */
};

struct ss_writer_result {
    uint64_t root;       /* page id */
    uint64_t high_water; /* pages */
    uint64_t db_len;     /* high_water x page size */
    uint64_t out_len;    /* with the hash */
    uint8_t sha256[32];  /* when asked for */
    uint8_t twin_sha256[32];
};

/*
 * Gives everything to the writer, by the calls below, the same each time it is asked. A status other
 * than SS_OK ends the writing and is returned.
 */
typedef enum ss_status (*ss_produce_fn)(void *ctx, struct ss_writer *writer, struct ss_error *err);

/*
 * Plans, then writes to `write`, which takes the bytes in order. Errors: ARGUMENT (keys out of order or
 * of illegal size, a producer that does not repeat itself, a page size that is none), OUTPUT, NOMEM,
 * and the producer's own.
 */
enum ss_status ss_write_db(const struct ss_writer_opts *opts, ss_produce_fn produce, void *ctx,
                           ss_write_fn write, void *write_ctx, struct ss_writer_result *result,
                           struct ss_error *err);

/* For producers. Names and keys strictly ascend within their bucket. Errors: ARGUMENT, OUTPUT, NOMEM. */
enum ss_status ss_writer_begin(struct ss_writer *w, struct ss_span name, uint64_t sequence,
                               struct ss_error *err);
enum ss_status ss_writer_put(struct ss_writer *w, struct ss_span key, struct ss_span value,
                             struct ss_error *err);
enum ss_status ss_writer_end(struct ss_writer *w, struct ss_error *err);

/* Keeps a copy of bytes for as long as the writing goes on; NULL when memory is short. */
const uint8_t *ss_writer_keep(struct ss_writer *w, const void *bytes, size_t len);

#endif
