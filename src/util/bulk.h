/*
 * bulk.h - a file that is written front to back and synced when it is whole.
 *
 *   small writes ── copied ──► │ 1 MiB │ ──┬──► write(2) ──► writeback begun ──► (fsync: the caller's)
 *   large writes ──────────────────────────┘ └──► or past the page cache
 *
 * Its bytes must reach the disk anyway. So writeback begins with the first megabytes, not with the
 * fsync; or, with `direct`, the page cache is left out: nothing of what others have there is pushed out,
 * and nothing is copied twice. Where the file system cannot do that, and for the end of a file that is
 * no whole block, bytes go through the cache.
 *
 * Each page of what is written is read before the system gets it: a mapped page that cannot be read then
 * raises SIGBUS, which the guard turns into an error, instead of a puzzling EFAULT.
 */
#ifndef SS_UTIL_BULK_H
#define SS_UTIL_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes of this length, or a multiple, from memory at a multiple of SS_BULK_ALIGN are not copied. */
#define SS_BULK_LEN ((size_t)1 << 20)
#define SS_BULK_ALIGN ((size_t)4096)

struct ss_bulk;

/* The descriptor stays the caller's, and nobody else writes to it. NULL: no memory. */
struct ss_bulk *ss_bulk_new(int fd);

/* Before the first write: past the page cache, where the file system can do that. */
void ss_bulk_direct(struct ss_bulk *bulk);

/* False: a write failed, now or earlier; errno says why, each time the same. */
bool ss_bulk_write(struct ss_bulk *bulk, const void *bytes, size_t len);

/* Hands all of it to the system. No write may follow. False: as above. */
bool ss_bulk_finish(struct ss_bulk *bulk);

/* NULL is fine. */
void ss_bulk_free(struct ss_bulk *bulk);

#endif
