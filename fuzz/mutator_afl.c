/*
 * mutator_afl.c - the same mutator as a library that afl-fuzz loads (AFL_CUSTOM_MUTATOR_LIBRARY). AFL++
 * has its own mutations of plain bytes; where ours asks for one, a few simple ones do.
 */
#include "mutate.h"

#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t out_size, unsigned seed);

void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_fuzz(void *ctx, uint8_t *buf, size_t size, uint8_t **out, uint8_t *add_buf,
                       size_t add_size, size_t max_size);
void afl_custom_deinit(void *ctx);

struct mutator {
    struct fuzz_random random;
    uint8_t *out;
    size_t cap;
};

/* afl-fuzz is one thread, and LLVMFuzzerMutate has no context. */
static struct fuzz_random bytes_random;

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
    size_t at = (size_t)fuzz_random_below(&bytes_random, size);

    if (size == 0) {
        return 0;
    }
    switch (fuzz_random_below(&bytes_random, 4)) {
    case 0:
        data[at] ^= (uint8_t)(1u << fuzz_random_below(&bytes_random, 8));
        break;
    case 1:
        data[at] = (uint8_t)fuzz_random_next(&bytes_random);
        break;
    case 2: /* a byte goes */
        memmove(data + at, data + at + 1, size - at - 1);
        return size - 1;
    default: /* a byte comes */
        if (size == max_size) {
            break;
        }
        memmove(data + at + 1, data + at, size - at);
        data[at] = (uint8_t)fuzz_random_next(&bytes_random);
        return size + 1;
    }
    return size;
}

__attribute__((visibility("default"))) void *afl_custom_init(void *afl, unsigned seed)
{
    struct mutator *m = calloc(1, sizeof(*m));

    (void)afl;
    if (m != NULL) {
        m->random.state = seed;
    }
    bytes_random.state = ~(uint64_t)seed;
    return m;
}

__attribute__((visibility("default"))) size_t afl_custom_fuzz(void *ctx, uint8_t *buf, size_t size,
                                                              uint8_t **out, uint8_t *add_buf,
                                                              size_t add_size, size_t max_size)
{
    struct mutator *m = ctx;
    unsigned seed = (unsigned)fuzz_random_next(&m->random);

    *out = buf;
    if (m->cap < max_size) {
        uint8_t *grown = realloc(m->out, max_size);

        if (grown == NULL) {
            return size;
        }
        m->out = grown;
        m->cap = max_size;
    }
    *out = m->out;
    size = size < max_size ? size : max_size;
    if (add_buf != NULL && seed % 8 == 0) {
        return LLVMFuzzerCustomCrossOver(buf, size, add_buf, add_size, m->out, max_size, seed);
    }
    memcpy(m->out, buf, size);
    return LLVMFuzzerCustomMutator(m->out, size, max_size, seed);
}

__attribute__((visibility("default"))) void afl_custom_deinit(void *ctx)
{
    struct mutator *m = ctx;

    free(m->out);
    free(m);
}
