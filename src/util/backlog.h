/*
 * backlog.h - pieces of memory, filled one after the other, and handled in that order by a worker.
 *
 *   filler   ── room ── fill ── pass ──► │ piece │ piece │ piece │ ──► fn, on the worker's thread
 *                ▲                                                       │
 *                └──────────────────── free again ◄──────────────────────┘
 *
 * One thread fills, one handles. Without a worker, because none is wanted or none can be had, passing a piece on
 * handles it at once: what fn gets to see, and in which order, is the same. Memory: the pieces.
 */
#ifndef SS_UTIL_BACKLOG_H
#define SS_UTIL_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Pieces begin at such addresses, as reads and writes past the page cache want them. */
#define SS_BACKLOG_ALIGN ((size_t)4096)

/* Handles one piece. After the first false no further one is handled. */
typedef bool (*ss_backlog_fn)(void *ctx, const uint8_t *bytes, size_t len);

struct ss_backlog;

/* `count` pieces of piece_len bytes, a multiple of SS_BACKLOG_ALIGN; at least two. NULL: no memory. */
struct ss_backlog *ss_backlog_new(bool threaded, unsigned count, size_t piece_len, ss_backlog_fn fn,
                                  void *ctx);

/*
 * The piece to fill; waits until one is free. It is the filler's until it is passed on, and can still
 * be read until room is asked for again.
 */
uint8_t *ss_backlog_room(struct ss_backlog *backlog);

/* Hands on the first len bytes of that piece. False: fn has failed, on this piece or an earlier one. */
bool ss_backlog_pass(struct ss_backlog *backlog, size_t len);

/* Waits until all that was passed on is handled. False: fn has failed. */
bool ss_backlog_drain(struct ss_backlog *backlog);

/* Drains and frees. NULL is fine. */
void ss_backlog_free(struct ss_backlog *backlog);

#endif
