/*
 * pipeline.h - records formatted in batches, by the caller or by threads, and written in order.
 *
 *   caller ──► batch 0 ─► thread A ─► buffer ─┐
 *          ──► batch 1 ─► thread B ─► buffer ─┤ one at a time, in the batches' order ──► out
 *          ──► batch 2 ─► thread A …          ┘
 *
 * What is written does not depend on the number of threads. A batch that outgrows its thread's buffer
 * waits for its turn and then passes straight on, so that memory is bounded whatever the values:
 * (2 x threads + 2) x SS_BATCH_COUNT records and SS_OUTBUF_LEN bytes a thread.
 */
#ifndef SS_EXPORT_PIPELINE_H
#define SS_EXPORT_PIPELINE_H

#include "export/outbuf.h"

/* A batch is full at so many records, or so many bytes of keys and values. */
#define SS_BATCH_COUNT 256u
#define SS_BATCH_LEN ((uint64_t)160 << 10)

#define SS_PIPELINE_THREADS_MAX 16u

/*
 * Formats records, the first of which is number `index` of all, into out. Called by several threads
 * at once: it depends on its arguments alone.
 */
typedef void (*ss_format_fn)(const void *ctx, struct ss_outbuf *out,
                             const struct ss_record *records, size_t count, uint64_t index);

struct ss_pipeline;

/*
 * With threads = 0 the caller formats, record by record, straight into `out`; else that many threads
 * do, and out->flush is called by them, never by two at once. `out` holds nothing of the caller's
 * while the pipeline runs, and outlives it. Errors: NOMEM, or the system's refusal of a thread.
 */
enum ss_status ss_pipeline_start(struct ss_pipeline **pipeline, unsigned threads,
                                 ss_format_fn format, const void *ctx, struct ss_outbuf *out,
                                 struct ss_error *err);

/* Adds one record, whose spans stay valid until the end. False: output failed, so stop. */
bool ss_pipeline_add(struct ss_pipeline *pipeline, const struct ss_record *rec);

/*
 * Waits until all that was added is in `out`, or passed on; ends the threads and frees the pipeline.
 * Whether output failed stands in out->failed. NULL is fine.
 */
void ss_pipeline_finish(struct ss_pipeline *pipeline);

#endif
