/*
 * base64.c - RFC 4648 base64, padded.
 *
 *   three bytes    aaaaaaaa bbbbbbbb cccccccc
 *   four digits    aaaaaa aabbbb bbbbcc cccccc      A-Z a-z 0-9 + /
 *
 * OpenSSL does it, at about 1.5 GB/s; a dump of binary values then waits for nothing else. Where the
 * processor has AVX2, whole groups of 24 bytes go through vectors instead (docs/performance.md has
 * the figures, bench/text.sh prints them), and OpenSSL encodes the rest.
 */
#include "util/text.h"

#include "util/cpu.h"

#include <openssl/evp.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define HAVE_AVX2_KERNEL 1
#endif

/* EVP_EncodeBlock counts in int: it is handed so much at a time, a multiple of three. */
#define EVP_PIECE_LEN ((size_t)3 << 20)

size_t ss_text_base64_portable(const void *bytes, size_t len, char *out)
{
    const unsigned char *p = bytes;
    size_t out_len = 0;

    out[0] = '\0';
    while (len > 0) {
        size_t piece = len < EVP_PIECE_LEN ? len : EVP_PIECE_LEN;

        out_len += (size_t)EVP_EncodeBlock((unsigned char *)out + out_len, p, (int)piece);
        p += piece;
        len -= piece;
    }
    return out_len;
}

#ifdef HAVE_AVX2_KERNEL

/*
 * Encodes groups of 24 bytes to 32 digits while 28 bytes can be read; returns the bytes encoded.
 *
 * Each half of the vector takes 12 bytes. The shuffle lays three of them, b c a b, into every 32-bit
 * lane; two multiplications shift the four 6-bit fields into the low ends of four bytes; a second
 * shuffle turns "which of the five ranges of digits" into the distance from field to ASCII.
 */
__attribute__((target("avx2"))) static size_t encode_avx2(const uint8_t *p, size_t len, char *out)
{
    const __m256i lay = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10, 1, 0, 2,
                                         1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    const __m256i distance =
        _mm256_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                         '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0,
                         'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                         '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
    size_t i = 0;

    for (; len - i >= 28; i += 24, out += 32) {
        __m128i low = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(p + i + 12));
        __m256i v = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), lay);
        __m256i odd = _mm256_mulhi_epu16(_mm256_and_si256(v, _mm256_set1_epi32(0x0FC0FC00)),
                                         _mm256_set1_epi32(0x04000040));
        __m256i even = _mm256_mullo_epi16(_mm256_and_si256(v, _mm256_set1_epi32(0x003F03F0)),
                                          _mm256_set1_epi32(0x01000010));
        __m256i fields = _mm256_or_si256(odd, even);
        /* 0 for a-z (and, for now, A-Z), 1..10 for digits, 11 for +, 12 for /; then 13 for A-Z. */
        __m256i range = _mm256_subs_epu8(fields, _mm256_set1_epi8(51));
        __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), fields);

        range = _mm256_or_si256(range, _mm256_and_si256(upper, _mm256_set1_epi8(13)));
        v = _mm256_add_epi8(fields, _mm256_shuffle_epi8(distance, range));
        _mm256_storeu_si256((__m256i *)(void *)out, v);
    }
    return i;
}

size_t ss_text_base64(const void *bytes, size_t len, char *out)
{
    size_t done = 0;

    if (len >= 28 && ss_cpu_has_avx2()) {
        done = encode_avx2(bytes, len, out);
    }
    return done / 3 * 4 +
           ss_text_base64_portable((const uint8_t *)bytes + done, len - done, out + done / 3 * 4);
}

#else

size_t ss_text_base64(const void *bytes, size_t len, char *out)
{
    return ss_text_base64_portable(bytes, len, out);
}

#endif
