/*
 * unpack.h - from packed bytes to the one file inside them.
 */
#ifndef SS_SOURCE_UNPACK_H
#define SS_SOURCE_UNPACK_H

#include "source/source.h"
#include "source/spool.h"

/* Whether bytes of this kind are one compressed stream, or an archive of files. */
bool ss_kind_is_stream(enum ss_kind kind);
bool ss_kind_is_archive(enum ss_kind kind);

/*
 * Writes what the compressed stream `packed` holds to spool: all concatenated members of it, to the
 * last byte, every checksum of the format verified. Zeroes behind the last member are padding;
 * anything else there is damage. Errors: ARCHIVE (CORRUPT); LIMIT, IO, OUTPUT, NOMEM, CANCELLED (SYSTEM).
 */
enum ss_status ss_unpack_stream(const struct ss_source *packed, enum ss_kind kind,
                                struct ss_spool *spool, struct ss_error *err);

/* The same for gzip, whose checksums libarchive does not look at, and zlib, which it does not know. */
enum ss_status ss_unpack_deflate(const struct ss_source *packed, enum ss_kind kind,
                                 struct ss_spool *spool, struct ss_error *err);

/*
 * SS_CORRUPT (ARCHIVE): packed data of the format `name` are damaged near their byte `pos` (SS_NONE: not
 * known), for the reason `what`, after `made` bytes were unpacked.
 */
enum ss_status ss_unpack_damaged(struct ss_error *err, const char *name, uint64_t pos,
                                 uint64_t made, const char *what);

/*
 * Writes one regular file of the archive `packed` to spool, and its name to *member, which the caller
 * frees: the file called spool->opts->member (a leading "./" does not count; of several with that name
 * the last, as unpacking them all would leave it), or the only one. Errors: MEMBER (CORRUPT) when
 * there are several and none was named, or none of that name: the message lists them; the others as
 * ss_unpack_stream. *wal_count: how many segments of a log the archive has where etcd keeps that of a
 * db called as the member is.
 */
enum ss_status ss_unpack_member(const struct ss_source *packed, enum ss_kind kind,
                                struct ss_spool *spool, char **member, uint64_t *wal_count,
                                struct ss_error *err);

#endif
