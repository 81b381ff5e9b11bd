/*
 * utf8.c - is this text: well-formed UTF-8 without NUL.
 *
 *   first byte   second   third    fourth      code points        (Unicode, table 3-7)
 *   00..7F                                     U+0000..U+007F
 *   C2..DF       80..BF                        U+0080..U+07FF
 *   E0           A0..BF   80..BF               U+0800..U+0FFF
 *   E1..EC       80..BF   80..BF               U+1000..U+CFFF
 *   ED           80..9F   80..BF               U+D000..U+D7FF     no surrogates
 *   EE..EF       80..BF   80..BF               U+E000..U+FFFF
 *   F0           90..BF   80..BF   80..BF      U+10000..U+3FFFF
 *   F1..F3       80..BF   80..BF   80..BF      U+40000..U+FFFFF
 *   F4           80..8F   80..BF   80..BF      U+100000..U+10FFFF
 *
 * Every value byte of a file passes ss_text_is_clean, so bytes 01..7F are skipped 64 at a time; what
 * is left goes through vectors of 32 where the processor has AVX2, else sequence by sequence.
 */
#include "util/text.h"

#include "util/cpu.h"

#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

/* Length of the sequence that a first byte announces, and the bounds of its second byte. */
struct utf8_lead {
    uint8_t len;
    uint8_t second_min, second_max;
};

static struct utf8_lead utf8_lead(uint8_t first)
{
    if (first < 0xC2) {
        return (struct utf8_lead){0, 0, 0};
    }
    if (first < 0xE0) {
        return (struct utf8_lead){2, 0x80, 0xBF};
    }
    if (first < 0xF0) {
        return (struct utf8_lead){3, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF};
    }
    if (first < 0xF5) {
        return (struct utf8_lead){4, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF};
    }
    return (struct utf8_lead){0, 0, 0};
}

unsigned ss_utf8_sequence_len(const uint8_t *p, size_t len)
{
    struct utf8_lead lead;

    if (p[0] < 0x80) {
        return 1;
    }
    lead = utf8_lead(p[0]);
    if (lead.len == 0 || len < lead.len || p[1] < lead.second_min || p[1] > lead.second_max) {
        return 0;
    }
    for (unsigned i = 2; i < lead.len; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return lead.len;
}

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/*
 * How many bytes at the start, in whole words, are 01..7F. Subtracting one from each byte sets its
 * high bit when it was 0; a borrow starts at such a byte only, so none of them goes unseen.
 */
static size_t ascii_len_portable(const uint8_t *p, size_t len)
{
    size_t i = 0;

    for (; len - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        uint64_t word;

        memcpy(&word, p + i, sizeof(word));
        if ((((word - ONES) | word) & HIGHS) != 0) {
            break;
        }
    }
    return i;
}

#if defined(__SSE2__)
/* The same in whole vectors: as signed bytes, 01..7F are the ones above zero. */
static size_t ascii_len(const uint8_t *p, size_t len)
{
    const __m128i zero = _mm_setzero_si128();
    size_t i = 0;

    for (; len - i >= 64; i += 64) {
        const __m128i *v = (const __m128i *)(const void *)(p + i);
        __m128i a = _mm_cmpgt_epi8(_mm_loadu_si128(v), zero);
        __m128i b = _mm_cmpgt_epi8(_mm_loadu_si128(v + 1), zero);
        __m128i c = _mm_cmpgt_epi8(_mm_loadu_si128(v + 2), zero);
        __m128i d = _mm_cmpgt_epi8(_mm_loadu_si128(v + 3), zero);

        a = _mm_and_si128(_mm_and_si128(a, b), _mm_and_si128(c, d));
        if (_mm_movemask_epi8(a) != 0xFFFF) {
            break;
        }
    }
    return i + ascii_len_portable(p + i, len - i);
}
#else
#define ascii_len ascii_len_portable
#endif

/* What clean text may begin with at p: the length of one sequence, 0 for NUL and ill-formed ones. */
static unsigned clean_step(const uint8_t *p, size_t len)
{
    return p[0] == 0 ? 0 : ss_utf8_sequence_len(p, len);
}

bool ss_text_is_clean_portable(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;

    for (size_t i = 0; i < len;) {
        unsigned step;

        i += ascii_len_portable(p + i, len - i);
        if (i == len) {
            break;
        }
        step = clean_step(p + i, len - i);
        if (step == 0) {
            return false;
        }
        i += step;
    }
    return true;
}

#if defined(__x86_64__) && defined(__GNUC__)

/* What a byte and the one before it can be, as far as each half of a byte tells: a bit an error. */
enum {
    TOO_SHORT = 1 << 0,      /* a lead byte, and no continuation behind it */
    TOO_LONG = 1 << 1,       /* ASCII, and a continuation behind it */
    OVERLONG_3 = 1 << 2,     /* E0 80..9F */
    TOO_LARGE = 1 << 3,      /* F4 90..BF, F5..FF 90..BF */
    SURROGATE = 1 << 4,      /* ED A0..BF */
    OVERLONG_2 = 1 << 5,     /* C0..C1 80..BF */
    TOO_LARGE_1000 = 1 << 6, /* F5..FF 80..8F */
    OVERLONG_4 = 1 << 6,     /* F0 80..8F */
    TWO_TAILS = 1 << 7,      /* two continuations: right when a longer sequence asks for it */
    CARRY = TOO_SHORT | TOO_LONG | TWO_TAILS
};

#define TWICE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)
#define BITS(value) ((char)(value))

__attribute__((target("avx2"))) static inline __m256i nibble_lookup(__m256i table, __m256i nibbles)
{
    return _mm256_shuffle_epi8(table, _mm256_and_si256(nibbles, _mm256_set1_epi8(0x0F)));
}

/*
 * The errors of a vector of bytes, given the vector before it; all zero: none that ends here. The
 * method is Keiser and Lemire's ("Validating UTF-8 In Less Than One Instruction Per Byte", 2020): the
 * three halves that matter, of this byte and the one before, each name the errors that they allow,
 * and an error is what all three allow; two continuations in a row are an error exactly where no
 * byte two or three places before asks for them.
 */
__attribute__((target("avx2"))) static inline __m256i utf8_errors(__m256i bytes, __m256i before)
{
    const __m256i first_high =
        TWICE(TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
              BITS(TWO_TAILS), BITS(TWO_TAILS), BITS(TWO_TAILS), BITS(TWO_TAILS),
              TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE,
              TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4);
    const char large = BITS(CARRY | TOO_LARGE | TOO_LARGE_1000);
    const __m256i first_low = TWICE(
        BITS(CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4), BITS(CARRY | OVERLONG_2), BITS(CARRY),
        BITS(CARRY), BITS(CARRY | TOO_LARGE), large, large, large, large, large, large, large,
        large, BITS(CARRY | TOO_LARGE | TOO_LARGE_1000 | SURROGATE), large, large);
    const char tail_8 = BITS(TOO_LONG | OVERLONG_2 | TWO_TAILS | OVERLONG_3 | TOO_LARGE_1000);
    const char tail_9 = BITS(TOO_LONG | OVERLONG_2 | TWO_TAILS | OVERLONG_3 | TOO_LARGE);
    const char tail_ab = BITS(TOO_LONG | OVERLONG_2 | TWO_TAILS | SURROGATE | TOO_LARGE);
    const __m256i second_high = TWICE(TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
                                      TOO_SHORT, TOO_SHORT, TOO_SHORT, tail_8, tail_9, tail_ab,
                                      tail_ab, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT);
    __m256i across = _mm256_permute2x128_si256(before, bytes, 0x21);
    __m256i back_1 = _mm256_alignr_epi8(bytes, across, 15);
    __m256i back_2 = _mm256_alignr_epi8(bytes, across, 14);
    __m256i back_3 = _mm256_alignr_epi8(bytes, across, 13);
    __m256i pairs =
        _mm256_and_si256(nibble_lookup(first_high, _mm256_srli_epi16(back_1, 4)),
                         _mm256_and_si256(nibble_lookup(first_low, back_1),
                                          nibble_lookup(second_high, _mm256_srli_epi16(bytes, 4))));
    __m256i third = _mm256_subs_epu8(back_2, _mm256_set1_epi8(0xE0 - 0x80));
    __m256i fourth = _mm256_subs_epu8(back_3, _mm256_set1_epi8(0xF0 - 0x80));
    __m256i tails = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8(BITS(0x80)));

    return _mm256_xor_si256(tails, pairs);
}

/*
 * Checks whole vectors of clean text, from the start of a sequence on. Returns how far that came, at
 * the start of a sequence again; SIZE_MAX: not clean.
 */
__attribute__((target("avx2"))) static size_t clean_len_avx2(const uint8_t *p, size_t len)
{
    __m256i before = _mm256_setzero_si256();
    size_t i = 0;

    for (; len - i >= 32; i += 32) {
        __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
        __m256i nuls = _mm256_cmpeq_epi8(bytes, _mm256_setzero_si256());
        __m256i errors = _mm256_or_si256(nuls, utf8_errors(bytes, before));

        if (!_mm256_testz_si256(errors, errors)) {
            return SIZE_MAX;
        }
        before = bytes;
    }
    /* The last sequence may be cut by the vector's end: whoever goes on starts with it. */
    while (i > 0 && (p[i - 1] & 0xC0) == 0x80) {
        i--;
    }
    return i > 0 && p[i - 1] >= 0xC0 ? i - 1 : i;
}

static bool has_clean_len(size_t len)
{
    return len >= 64 && ss_cpu_has_avx2();
}

#else

static bool has_clean_len(size_t len)
{
    (void)len;
    return false;
}

static size_t clean_len_avx2(const uint8_t *p, size_t len)
{
    (void)p;
    (void)len;
    return 0;
}

#endif

/*
 * Text that is not ASCII is met by a few steps first, since other bytes seldom pass them; then by
 * vectors, or step by step until sixteen bytes in a row were ASCII again.
 */
bool ss_text_is_clean(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;

    for (size_t i = 0; i < len;) {
        unsigned run = 0, steps = 0;

        i += ascii_len(p + i, len - i);
        while (i < len && run < 16) {
            unsigned step = clean_step(p + i, len - i);

            if (step == 0) {
                return false;
            }
            run = step == 1 ? run + 1 : 0;
            i += step;
            if (++steps == 4 && has_clean_len(len - i)) {
                size_t checked_len = clean_len_avx2(p + i, len - i);

                if (checked_len == SIZE_MAX) {
                    return false;
                }
                i += checked_len;
            }
        }
    }
    return true;
}
