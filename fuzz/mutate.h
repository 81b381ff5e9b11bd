/*
 * mutate.h - mutations that know what a bbolt file is.
 *
 *   page 0  page 1   page 2 …                             tail
 *   ┌───────┬───────┬──────────────────────────────────┬──────────┐
 *   │ meta  │ meta  │ header │ elements │ keys, values │ SHA-256  │
 *   └───────┴───────┴──────────────────────────────────┴──────────┘
 *     field   field    field     field   bytes, records   zero, cut
 *     page: copy, swap, zero · leaf: laid anew with an element more, fewer, longer, shorter
 *     file: truncated, extended
 *
 * A mutant is then sealed, or not: checksums of metas, ids of pages, the trailing hash, each with a
 * probability of its own. What is not sealed tries the gates themselves; what is gets behind them.
 *
 * The result depends on the bytes and the random numbers alone. Nothing is read or written outside of
 * [bytes, bytes + cap), whatever the bytes are: they are fuzzed ones most of the time.
 */
#ifndef SS_FUZZ_MUTATE_H
#define SS_FUZZ_MUTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SplitMix64. */
struct fuzz_random {
    uint64_t state;
};

uint64_t fuzz_random_next(struct fuzz_random *random);

/* A number below n; 0 when n is. */
uint64_t fuzz_random_below(struct fuzz_random *random, uint64_t n);

/* Mutates plain bytes: len of them now, at most cap afterwards. LLVMFuzzerMutate is one. */
typedef size_t (*fuzz_bytes_fn)(uint8_t *bytes, size_t len, size_t cap);

/* What sealing puts right. */
enum {
    FUZZ_SEAL_METAS = 1, /* the checksum of each meta page */
    FUZZ_SEAL_IDS = 2,   /* the id in each page's header; pages inside an overflow run have none */
    FUZZ_SEAL_HASH = 4,  /* the trailing SHA-256, if the length says that there is one */
    FUZZ_SEAL_ALL = 7
};

void fuzz_seal(uint8_t *bytes, size_t len, unsigned what);

/* Mutates a file once or a few times, seals it or not, and returns its new length, at most cap. */
size_t fuzz_mutate_file(uint8_t *bytes, size_t len, size_t cap, fuzz_bytes_fn plain,
                        struct fuzz_random *random);

/*
 * A file of `a` with some pages, or some elements of a leaf, of `b`; sealed or not. `out` has room for
 * cap bytes. Returns its length.
 */
size_t fuzz_cross_files(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                        uint8_t *out, size_t cap, struct fuzz_random *random);

#endif
