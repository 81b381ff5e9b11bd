/*
 * source.h - evidence: the bytes of one input, mapped read-only, wherever they came from.
 *
 *   FILE ─────────────────────────────┐
 *   stdin, FIFO ── spool ──► unlinked ├──► mmap(PROT_READ) ──► struct ss_source
 *   .gz .tar .zip … ─ unpack ─► file ─┘                        (base, len)
 *   memory (borrowed) ────────────────────────────────────────►
 *
 * Guarantees: the input is opened O_RDONLY (and O_NOATIME where allowed), never locked, never mapped
 * writable; spooled copies have no name from the start; what a packed stream may unpack to is
 * bounded. The whole length is mapped once, so a span of it stays valid until ss_source_close.
 *
 * Mapped reads can fail when the file shrinks or its disk dies. With ss_guard_install done, the
 * faulting pages read as zeroes from then on and the first fault's offset is kept: whoever hands
 * results to a caller asks ss_source_check last, and its answer replaces any other.
 */
#ifndef SS_SOURCE_SOURCE_H
#define SS_SOURCE_SOURCE_H

#include "snapscope.h"
#include "util/span.h"

#include <stdatomic.h>
#include <sys/types.h>
#include <time.h>

struct ss_source {
    const uint8_t *base; /* never NULL: an empty file has one static byte */
    uint64_t len;
    char *name;         /* as opened; "-" for standard input */
    char *member;       /* inside the archive, or NULL */
    uint64_t wal_count; /* segments of the log that the archive has next to the member */
    char packing[32];   /* "none", "gzip", "tar+zstd", "zip" */
    bool spooled;
    bool mapped; /* base is ours to unmap */
    uint64_t packed_len;
    int fd;    /* of the mapped file (the spool when spooled), kept open for copies; -1 */
    dev_t dev; /* of the input as named, to recognise it as somebody's output */
    ino_t ino; /* 0: none (stream, memory) */
    bool shares_position;  /* fd's position is somebody else's, too, and must not move */
    struct timespec mtime; /* of the mapped file, when it was mapped */
    bool has_digest;       /* as spool.h has it, and the bytes came by in order */
    uint8_t digest[32];    /* SHA-256 of the first digest_len bytes, = len - 32 */
    uint64_t digest_len;
    _Atomic uint64_t fault_off; /* first failed mapped read, or SS_NONE */
};

/* As ss_open and ss_open_memory say; fills a caller's struct. On failure nothing is left open. */
enum ss_status ss_source_open(struct ss_source *src, const char *path,
                              const struct ss_open_opts *opts, const struct ss_call *call,
                              struct ss_error *err);
enum ss_status ss_source_open_memory(struct ss_source *src, const void *bytes, size_t len,
                                     const char *name, struct ss_error *err);
void ss_source_close(struct ss_source *src);

/* Whether a mapped read has failed: what stands there now are zeroes, of which nothing may be said. */
bool ss_source_failed(const struct ss_source *src);

/* Fills *err and returns SS_SYSTEM (IO, with the offset) once a mapped read has failed; else status. */
enum ss_status ss_source_check(const struct ss_source *src, enum ss_status status,
                               struct ss_error *err);

/* SS_SYSTEM (IO) when the mapped file was written to since it was opened, or a read of it has failed. */
enum ss_status ss_source_unchanged(const struct ss_source *src, struct ss_error *err);

/*
 * Reads bytes of a mapped source, which has as many, from its file into buf: for who goes through all of them
 * (pieces.h). Errors: IO with the offset of the first byte that could not be read.
 */
enum ss_status ss_source_read(const struct ss_source *src, uint64_t off, uint8_t *buf, size_t len,
                              struct ss_error *err);

/*
 * The first offset in [from, end) that a hole of the file does not cover, or end: what lies before it is
 * zero and need not be read. Where the system does not tell holes, `from`. end is at most src->len.
 */
uint64_t ss_source_data(const struct ss_source *src, uint64_t from, uint64_t end);

/* The first byte in [from, end) that is not zero, or end; holes are passed over. */
uint64_t ss_source_not_zero(const struct ss_source *src, uint64_t from, uint64_t end);

/* The whole of it, and what its first bytes look like. */
struct ss_span ss_source_span(const struct ss_source *src);
enum ss_kind ss_source_sniff(const struct ss_source *src);

/*
 * What stands at the start of a block that should hold something else: a tar header, or the first bytes of another known
 * format; ZEROES, all of it; TEXT, at least 32 bytes of it, or 16 with zeroes behind; else UNKNOWN.
 */
enum ss_kind ss_sniff_block(struct ss_span block);

#endif
