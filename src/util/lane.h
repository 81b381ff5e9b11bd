/*
 * lane.h - pieces of memory that are filled one after the other and handled, in the same order, beside.
 *
 *   filler   ── room ── fill ── pass ──► │ piece │ piece │ piece │ ──► fn, on a thread of its own
 *                ▲                                                       │
 *                └──────────────────── free again ◄──────────────────────┘
 *
 * One thread fills, one handles. Without a thread, asked for or for want of one, passing a piece on
 * handles it at once: what fn gets to see, and in which order, is the same. Memory: the pieces.
 */
#ifndef SS_UTIL_LANE_H
#define SS_UTIL_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Pieces begin at such addresses, as reads and writes past the page cache want them. */
#define SS_LANE_ALIGN ((size_t)4096)

/* Handles one piece. After the first false no further one is handled. */
typedef bool (*ss_lane_fn)(void *ctx, const uint8_t *bytes, size_t len);

struct ss_lane;

/* `count` pieces of piece_len bytes, a multiple of SS_LANE_ALIGN; at least two. NULL: no memory. */
struct ss_lane *ss_lane_new(bool threaded, unsigned count, size_t piece_len, ss_lane_fn fn,
                            void *ctx);

/*
 * The piece to fill; waits until one is free. It is the filler's until it is passed on, and can still
 * be read until room is asked for again.
 */
uint8_t *ss_lane_room(struct ss_lane *lane);

/* Hands on the first len bytes of that piece. False: fn has failed, on this piece or an earlier one. */
bool ss_lane_pass(struct ss_lane *lane, size_t len);

/* Waits until all that was passed on is handled. False: fn has failed. */
bool ss_lane_drain(struct ss_lane *lane);

/* Drains and frees. NULL is fine. */
void ss_lane_free(struct ss_lane *lane);

#endif
