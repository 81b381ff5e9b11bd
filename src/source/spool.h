/*
 * spool.h - a temporary file without a name, for bytes that come from no mappable file.
 */
#ifndef SS_SOURCE_SPOOL_H
#define SS_SOURCE_SPOOL_H

#include "snapscope.h"
#include "source/tee.h"
#include "util/call.h"

struct ss_spool {
    int fd;                          /* -1: none */
    uint64_t len;                    /* bytes, holes included */
    uint64_t limit;                  /* more than these are refused */
    const struct ss_open_opts *opts; /* never NULL */
    const struct ss_call *call;      /* nor this */
    struct ss_tee tee; /* when opts->hash_stream, and a thread of its own is allowed */
};

/*
 * Makes the file by ss_tmp_open, or takes the one that opts->tmp_open gives. Errors: OUTPUT. On failure
 * spool->fd is -1.
 */
enum ss_status ss_spool_open(struct ss_spool *spool, const struct ss_open_opts *opts,
                             const struct ss_call *call, struct ss_error *err);
void ss_spool_close(struct ss_spool *spool);

/* Writes len bytes at offset off; a gap before them, also before none, is a hole. Errors: LIMIT, OUTPUT. */
enum ss_status ss_spool_put(struct ss_spool *spool, const void *bytes, uint64_t len, uint64_t off,
                            struct ss_error *err);

/* Lengthens the file by a hole up to len. Errors: LIMIT, OUTPUT. */
enum ss_status ss_spool_extend(struct ss_spool *spool, uint64_t len, struct ss_error *err);

/*
 * Appends all that `fd` gives: from its position on by read when at is SS_NONE, else from offset `at`
 * by pread, which leaves its position alone. `name` is escaped, for messages. Errors: IO, OUTPUT,
 * LIMIT, NOMEM, CANCELLED.
 */
enum ss_status ss_spool_copy(struct ss_spool *spool, int fd, uint64_t at, const char *name,
                             struct ss_error *err);

/* As ss_call_tell, and the message says in which phase. */
enum ss_status ss_spool_progress(const struct ss_call *call, const char *phase, uint64_t done,
                                 uint64_t total, struct ss_error *err);

#endif
