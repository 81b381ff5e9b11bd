/*
 * sha256_ni.c - see sha256_ni.h. FIPS 180-4, with the x86 SHA extensions:
 *
 *   state    two registers, words from the lowest up: F E B A and H G D C
 *   block    four registers of four words; each takes the place of the one 16 rounds before
 *   rounds   sha256rnds2 does two, with the lower half of words + constants; msg1, msg2 make the words
 */
#include "util/sha256_ni.h"

#include "util/checked.h"
#include "util/cpu.h"
#include "util/endian.h"

#include <string.h>

/* A B C D E F G H as FIPS 180-4 begins, in the order of the registers. */
static const uint32_t begin[8] = {0x9b05688c, 0x510e527f, 0xbb67ae85, 0x6a09e667,
                                  0x5be0cd19, 0x1f83d9ab, 0xa54ff53a, 0x3c6ef372};

/* Where the word that FIPS puts at i, A to H, stands in the state. */
static const uint8_t word_at[8] = {3, 2, 7, 6, 1, 0, 5, 4};

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define WITH_SHA __attribute__((target("sha,sse4.1,ssse3")))
#define INLINE_SHA WITH_SHA __attribute__((always_inline)) static inline

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

bool ss_sha256_ni_available(void)
{
    return ss_cpu_has_sha();
}

/* One of the streams while a block of it goes through. */
struct stream {
    __m128i feba, hgdc;
    __m128i words[4];
};

INLINE_SHA __m128i load(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

INLINE_SHA void load_block(struct stream *s, const uint8_t *block)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        s->words[i] = _mm_shuffle_epi8(load(block + 16 * (size_t)i), big_endian);
    }
}

/* The four words that come 16 rounds after those in place `i`. */
INLINE_SHA __m128i next_words(const struct stream *s, unsigned i)
{
    __m128i last = s->words[(i + 3) % 4];
    __m128i sum = _mm_sha256msg1_epu32(s->words[i], s->words[(i + 1) % 4]);

    sum = _mm_add_epi32(sum, _mm_alignr_epi8(last, s->words[(i + 2) % 4], 4));
    return _mm_sha256msg2_epu32(sum, last);
}

/* Four rounds; `group` is a constant where this is unrolled. */
INLINE_SHA void four_rounds(struct stream *s, unsigned group)
{
    unsigned i = group % 4;
    __m128i sums = _mm_add_epi32(s->words[i], load(&constants[4 * (size_t)group]));

    s->hgdc = _mm_sha256rnds2_epu32(s->hgdc, s->feba, sums);
    if (group < 12) {
        s->words[i] = next_words(s, i);
    }
    s->feba = _mm_sha256rnds2_epu32(s->feba, s->hgdc, _mm_shuffle_epi32(sums, 0x0e));
}

/*
 * `count` blocks of each of `n` streams, n being a constant: all inner loops must be gone, so that the
 * streams stand in registers.
 */
INLINE_SHA void take_blocks(struct ss_sha256_ni *const sha[], const uint8_t *const bytes[],
                            unsigned n, size_t count)
{
    struct stream s[2];

#pragma GCC unroll 2
    for (unsigned k = 0; k < n; k++) {
        s[k].feba = load(&sha[k]->state[0]);
        s[k].hgdc = load(&sha[k]->state[4]);
    }
    for (size_t at = 0; at < count * SS_SHA256_BLOCK_LEN; at += SS_SHA256_BLOCK_LEN) {
        __m128i before[2][2];

#pragma GCC unroll 2
        for (unsigned k = 0; k < n; k++) {
            before[k][0] = s[k].feba;
            before[k][1] = s[k].hgdc;
            load_block(&s[k], bytes[k] + at);
        }
#pragma GCC unroll 16
        for (unsigned group = 0; group < 16; group++) {
#pragma GCC unroll 2
            for (unsigned k = 0; k < n; k++) {
                four_rounds(&s[k], group);
            }
        }
#pragma GCC unroll 2
        for (unsigned k = 0; k < n; k++) {
            s[k].feba = _mm_add_epi32(s[k].feba, before[k][0]);
            s[k].hgdc = _mm_add_epi32(s[k].hgdc, before[k][1]);
        }
    }
#pragma GCC unroll 2
    for (unsigned k = 0; k < n; k++) {
        _mm_storeu_si128((__m128i *)(void *)&sha[k]->state[0], s[k].feba);
        _mm_storeu_si128((__m128i *)(void *)&sha[k]->state[4], s[k].hgdc);
    }
}

WITH_SHA static void blocks_of_one(struct ss_sha256_ni *sha, const uint8_t *bytes, size_t count)
{
    take_blocks(&sha, &bytes, 1, count);
}

WITH_SHA static void blocks_of_two(struct ss_sha256_ni *a, const uint8_t *a_bytes,
                                   struct ss_sha256_ni *b, const uint8_t *b_bytes, size_t count)
{
    struct ss_sha256_ni *const sha[2] = {a, b};
    const uint8_t *const bytes[2] = {a_bytes, b_bytes};

    take_blocks(sha, bytes, 2, count);
}

#else

bool ss_sha256_ni_available(void)
{
    return false;
}

static void blocks_of_one(struct ss_sha256_ni *sha, const uint8_t *bytes, size_t count)
{
    (void)sha;
    (void)bytes;
    (void)count;
}

static void blocks_of_two(struct ss_sha256_ni *a, const uint8_t *a_bytes, struct ss_sha256_ni *b,
                          const uint8_t *b_bytes, size_t count)
{
    blocks_of_one(a, a_bytes, count);
    blocks_of_one(b, b_bytes, count);
}

#endif

void ss_sha256_ni_init(struct ss_sha256_ni *sha)
{
    *sha = (struct ss_sha256_ni){.len = 0};
    memcpy(sha->state, begin, sizeof(begin));
}

void ss_sha256_ni_update(struct ss_sha256_ni *sha, const uint8_t *bytes, size_t len)
{
    size_t held = (size_t)(sha->len % SS_SHA256_BLOCK_LEN);

    sha->len += len;
    if (held > 0) {
        size_t n = (size_t)ss_min_u64(len, SS_SHA256_BLOCK_LEN - held);

        memcpy(sha->tail + held, bytes, n);
        if (held + n < SS_SHA256_BLOCK_LEN) {
            return;
        }
        blocks_of_one(sha, sha->tail, 1);
        bytes += n;
        len -= n;
    }
    blocks_of_one(sha, bytes, len / SS_SHA256_BLOCK_LEN);
    bytes += len - len % SS_SHA256_BLOCK_LEN;
    memcpy(sha->tail, bytes, len % SS_SHA256_BLOCK_LEN);
}

void ss_sha256_ni_update_two(struct ss_sha256_ni *a, const uint8_t *a_bytes, struct ss_sha256_ni *b,
                             const uint8_t *b_bytes, size_t len)
{
    size_t together = len - len % SS_SHA256_BLOCK_LEN;

    if ((a->len | b->len) % SS_SHA256_BLOCK_LEN != 0) {
        together = 0;
    }
    blocks_of_two(a, a_bytes, b, b_bytes, together / SS_SHA256_BLOCK_LEN);
    a->len += together;
    b->len += together;
    ss_sha256_ni_update(a, a_bytes + together, len - together);
    ss_sha256_ni_update(b, b_bytes + together, len - together);
}

void ss_sha256_ni_final(struct ss_sha256_ni *sha, uint8_t digest[SS_SHA256_LEN])
{
    static const uint8_t padding[SS_SHA256_BLOCK_LEN] = {0x80};
    uint64_t bit_count = sha->len * 8;
    size_t held = (size_t)(sha->len % SS_SHA256_BLOCK_LEN);
    uint8_t count[8];

    ss_store_u64(count, bit_count, true);
    ss_sha256_ni_update(sha, padding, held < 56 ? 56 - held : SS_SHA256_BLOCK_LEN + 56 - held);
    ss_sha256_ni_update(sha, count, sizeof(count));
    for (unsigned i = 0; i < 8; i++) {
        ss_store_u32(digest + 4 * (size_t)i, sha->state[word_at[i]], true);
    }
}
