/*
 * mutator.c - the mutator as libFuzzer calls it, linked into the targets whose input is a file, or two
 * of them, or some words and a file (FUZZ_PARTS 2: see parts.h).
 *
 * AFL++ loads the same functions as a library, see mutator_afl.c.
 */
#include "mutate.h"
#include "parts.h"

#include <stdlib.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t out_size, unsigned seed);

/* A file has a meta's magic somewhere near its start; anything else is words. */
static bool is_file(const uint8_t *bytes, size_t len)
{
    return len >= 1024 || (len >= 20 && (ss_load_u32(bytes + 16, false) == 0xED0CDAED ||
                                         ss_load_u32(bytes + 16, true) == 0xED0CDAED));
}

static size_t mutate_part(uint8_t *bytes, size_t len, size_t cap, struct fuzz_random *random)
{
    return is_file(bytes, len) ? fuzz_mutate_file(bytes, len, cap, LLVMFuzzerMutate, random)
                               : LLVMFuzzerMutate(bytes, len, cap);
}

#if FUZZ_PARTS == 1

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct fuzz_random random = {seed};

    return mutate_part(data, size, max_size, &random);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t out_size, unsigned seed)
{
    struct fuzz_random random = {seed};

    return fuzz_cross_files(a, a_size, b, b_size, out, out_size, &random);
}

#else

/* Puts two parts behind their length, as far as there is room. */
static size_t join(const uint8_t *first, size_t first_len, const uint8_t *second, size_t second_len,
                   uint8_t *out, size_t cap)
{
    if (cap < FUZZ_PARTS_HEAD) {
        return 0;
    }
    cap -= FUZZ_PARTS_HEAD;
    if (first_len > cap) {
        first_len = cap;
    }
    if (second_len > cap - first_len) {
        second_len = cap - first_len;
    }
    ss_store_u32(out, (uint32_t)first_len, false);
    if (first_len > 0) {
        memcpy(out + FUZZ_PARTS_HEAD, first, first_len);
    }
    if (second_len > 0) {
        memcpy(out + FUZZ_PARTS_HEAD + first_len, second, second_len);
    }
    return FUZZ_PARTS_HEAD + first_len + second_len;
}

/* Both parts on the heap, each with room for all. */
struct scratch {
    uint8_t *first, *second;
    size_t first_len, second_len;
};

static bool scratch_init(struct scratch *s, const uint8_t *data, size_t size, size_t cap)
{
    struct fuzz_parts parts = fuzz_split(data, size);
    size_t room = (cap > size ? cap : size) + 1;

    *s = (struct scratch){malloc(room), malloc(room), parts.first_len, parts.second_len};
    if (s->first == NULL || s->second == NULL) {
        return false;
    }
    if (parts.first_len > 0) {
        memcpy(s->first, parts.first, parts.first_len);
    }
    if (parts.second_len > 0) {
        memcpy(s->second, parts.second, parts.second_len);
    }
    return true;
}

static void scratch_fini(struct scratch *s)
{
    free(s->first);
    free(s->second);
}

/* One of the parts is mutated; now and then two files become alike first, so that their histories meet. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct fuzz_random random = {seed};
    struct scratch s;

    if (scratch_init(&s, data, size, max_size)) {
        if (fuzz_random_below(&random, 8) == 0 && is_file(s.first, s.first_len)) {
            memcpy(s.second, s.first, s.first_len);
            s.second_len = s.first_len;
        }
        if (fuzz_random_below(&random, 2) == 0) {
            s.first_len = mutate_part(s.first, s.first_len, max_size, &random);
        } else {
            s.second_len = mutate_part(s.second, s.second_len, max_size, &random);
        }
        size = join(s.first, s.first_len, s.second, s.second_len, data, max_size);
    }
    scratch_fini(&s);
    return size;
}

/* The second part crosses with one of the other input's; the first is taken from either. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t out_size, unsigned seed)
{
    struct fuzz_random random = {seed};
    struct fuzz_parts other = fuzz_split(b, b_size);
    struct scratch s;
    size_t size = 0;

    if (scratch_init(&s, a, a_size, out_size)) {
        bool first = fuzz_random_below(&random, 2) == 0 && is_file(other.first, other.first_len);
        const uint8_t *with = first ? other.first : other.second;
        size_t len = first ? other.first_len : other.second_len;
        struct fuzz_parts mine = fuzz_split(a, a_size);

        s.second_len =
            fuzz_cross_files(mine.second, mine.second_len, with, len, s.second, out_size, &random);
        if (fuzz_random_below(&random, 4) == 0) {
            size = join(other.first, other.first_len, s.second, s.second_len, out, out_size);
        } else {
            size = join(s.first, s.first_len, s.second, s.second_len, out, out_size);
        }
    }
    scratch_fini(&s);
    return size;
}

#endif
