/*
 * dump.h - ss_dump with a choice of threads.
 */
#ifndef SS_EXPORT_DUMP_H
#define SS_EXPORT_DUMP_H

#include "snapscope.h"

/*
 * As ss_dump; `threads` format records of the state and of revisions (0: the calling thread), and
 * `write` is then called by them, one at a time. The bytes are the same for every number of threads.
 */
enum ss_status ss_dump_threaded(const struct ss_file *file, const struct ss_dump_opts *opts,
                                unsigned threads, ss_write_fn write, void *write_ctx,
                                struct ss_dump_result *result, struct ss_error *err);

#endif
