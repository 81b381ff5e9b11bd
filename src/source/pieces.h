/*
 * pieces.h - all bytes of a source once, from the first to the last, piece by piece: what a hash wants.
 *
 *   piece   │ 0 map │ 1 read │ 2 map │ … │ 31 read │ 32, and all behind it, by the faster way │
 *
 * A mapped page costs a fault and a miss of the address caches, a page that is read costs a copy. Which of
 * them is more depends on the processor and on how the page cache holds the file: for SHA-256 of one file
 * mapping won by a tenth on one machine, reading by a quarter on another (docs/performance.md). So the
 * first pieces of a long file are taken by turns, and the processor's time decides. What the caller gets
 * does not depend on it; nor does the first error, but for its errno.
 *
 * Memory: a piece. Bytes in memory, and short files, are given where they lie.
 */
#ifndef SS_SOURCE_PIECES_H
#define SS_SOURCE_PIECES_H

#include "source/source.h"

#define SS_PIECE_LEN ((size_t)256 << 10)

/* Shorter than this, nothing is tried. */
#define SS_PIECES_TRIAL_LEN (UINT64_C(16) << 20)

enum ss_piece_way {
    SS_BY_MAP,
    SS_BY_READ,
    SS_PIECE_WAYS
};

struct ss_pieces {
    const struct ss_source *src;
    uint64_t at, len;
    uint8_t *buf;                    /* heap; NULL: everything is given where it lies */
    uint32_t piece_count;            /* of the trial, that were given */
    uint64_t began;                  /* processor's time when the last one was */
    uint64_t fastest[SS_PIECE_WAYS]; /* of the pieces by each way, nanoseconds */
};

/* Over the first len bytes of src, which has as many. ss_pieces_fini must follow. */
void ss_pieces_init(struct ss_pieces *pieces, const struct ss_source *src, uint64_t len);
void ss_pieces_fini(struct ss_pieces *pieces);

/*
 * The next piece, of at most SS_PIECE_LEN bytes, which the caller has until the next call; SS_END
 * behind the last one. Errors: IO with the offset, when the file shrank or its disk failed. A piece that
 * is mapped may still fail under the caller's reading: ss_source_check says so.
 */
enum ss_status ss_pieces_next(struct ss_pieces *pieces, struct ss_span *piece,
                              struct ss_error *err);

#endif
