/*
 * packer.h - text on its way through gzip or zstd, for the formats that are no archives.
 *
 *   struct ss_outbuf ──► ss_packer_write ──► libarchive: "raw", gzip or zstd ──► write
 *
 * The same bytes in give the same bytes out: gzip's header has no time and no name.
 */
#ifndef SS_EXPORT_PACKER_H
#define SS_EXPORT_PACKER_H

#include "snapscope.h"

#include <archive.h>
#include <archive_entry.h>

struct ss_packer {
    struct archive *archive; /* NULL: not begun */
    struct archive_entry *entry;
    ss_write_fn write;
    void *write_ctx;
    uint64_t out_len; /* bytes that write has taken */
    bool torn;        /* libarchive cannot free it as a whole */
    bool given_up;    /* what still comes is dropped */
    bool failed;      /* write refused, with errno in sys */
    int sys;
};

/*
 * Adds the filter to an archive that is about to be opened. False: archive_error_string says why, and with
 * *torn it must not be freed.
 */
bool ss_packing_set(struct archive *archive, enum ss_dump_packing packing, bool *torn);

/* Begins; ss_packer_end also after a failure. Errors: NOMEM, OUTPUT. */
enum ss_status ss_packer_begin(struct ss_packer *p, enum ss_dump_packing packing, ss_write_fn write,
                               void *write_ctx, struct ss_error *err);

/* An ss_write_fn whose ctx is the packer. */
bool ss_packer_write(void *packer, const void *bytes, size_t len);

/* Ends the stream when `status` is SS_OK, else drops it; frees. Errors: OUTPUT, NOMEM; else `status`. */
enum ss_status ss_packer_end(struct ss_packer *p, enum ss_status status, struct ss_error *err);

#endif
