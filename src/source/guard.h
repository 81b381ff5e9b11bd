/*
 * guard.h - mapped reads that fail: a register of mappings, and the SIGBUS handler that knows them.
 *
 * Every mapping of an input is registered, whether or not the handler is installed, so that
 * ss_guard_install also covers files that are open already.
 */
#ifndef SS_SOURCE_GUARD_H
#define SS_SOURCE_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Registers [base, base + len) of the file `fd`. *fault_off, which must stay where it is until
 * ss_guard_remove, gets the offset of the first page that cannot be read. False: no memory.
 */
bool ss_guard_add(const void *base, uint64_t len, int fd, _Atomic uint64_t *fault_off);

/* Forgets the mapping that starts at base; call it before munmap. */
void ss_guard_remove(const void *base);

#endif
