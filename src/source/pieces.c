/*
 * pieces.c - see pieces.h. The time of a piece is what passes, on this thread, until the next one is wanted:
 * page faults and misses happen while the caller reads. The fastest piece of each way is what counts, since
 * whatever else disturbs a piece makes it slower.
 */
#include "source/pieces.h"

#include "util/checked.h"

#include <stdlib.h>
#include <time.h>

#define TRIAL_COUNT 32u

static uint64_t processor_time(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0) {
        return 0;
    }
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void ss_pieces_init(struct ss_pieces *pieces, const struct ss_source *src, uint64_t len)
{
    *pieces = (struct ss_pieces){.src = src, .len = len, .fastest = {UINT64_MAX, UINT64_MAX}};
    if (src->mapped && len >= SS_PIECES_TRIAL_LEN) {
        pieces->buf = malloc(SS_PIECE_LEN); /* without it, all is mapped */
    }
}

void ss_pieces_fini(struct ss_pieces *pieces)
{
    free(pieces->buf);
    pieces->buf = NULL;
}

/* Takes the time of the last piece, and says by which way the next one goes. */
static enum ss_piece_way choose(struct ss_pieces *pieces)
{
    uint32_t n = pieces->piece_count;
    uint64_t now;

    if (n <= TRIAL_COUNT) {
        now = processor_time();
        if (n > 0) {
            pieces->fastest[(n - 1) % SS_PIECE_WAYS] =
                ss_min_u64(pieces->fastest[(n - 1) % SS_PIECE_WAYS], now - pieces->began);
        }
        pieces->began = now;
        pieces->piece_count++;
    }
    if (n < TRIAL_COUNT) {
        return n % SS_PIECE_WAYS;
    }
    return pieces->fastest[SS_BY_READ] < pieces->fastest[SS_BY_MAP] ? SS_BY_READ : SS_BY_MAP;
}

enum ss_status ss_pieces_next(struct ss_pieces *pieces, struct ss_span *piece, struct ss_error *err)
{
    uint64_t off = pieces->at;
    uint64_t len = ss_min_u64(SS_PIECE_LEN, pieces->len - off);
    enum ss_status status = SS_OK;

    if (len == 0) {
        return SS_END;
    }
    *piece = (struct ss_span){pieces->src->base + off, len, off};
    if (pieces->buf != NULL && choose(pieces) == SS_BY_READ) {
        piece->ptr = pieces->buf;
        status = ss_source_read(pieces->src, off, pieces->buf, (size_t)len, err);
    }
    pieces->at += len;
    return status;
}
