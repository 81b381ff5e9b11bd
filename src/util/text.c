/*
 * text.c - is this text, and how is it shown to people.
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
 * Every value byte of a file passes ss_text_is_clean, so bytes 01..7F are skipped a vector or a word
 * at a time, and only what is left is looked at sequence by sequence.
 */
#include "util/text.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
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

/*
 * Text that is not ASCII rarely goes back to it for a whole vector, so after a long sequence the next
 * bytes are taken one by one until sixteen of them in a row were ASCII.
 */
bool ss_text_is_clean(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;

    for (size_t i = 0; i < len;) {
        unsigned run = 0;

        i += ascii_len(p + i, len - i);
        while (i < len && run < 16) {
            unsigned step = clean_step(p + i, len - i);

            if (step == 0) {
                return false;
            }
            run = step == 1 ? run + 1 : 0;
            i += step;
        }
    }
    return true;
}

/* Ranges of code points that must not reach a terminal or a reader's eye raw. */
static const struct {
    uint32_t first, last;
} unprintable[] = {
    {0x00, 0x1F},       /* C0 controls */
    {0x7F, 0x9F},       /* DEL, C1 controls */
    {0xAD, 0xAD},       /* soft hyphen */
    {0x061C, 0x061C},   /* Arabic letter mark */
    {0x180E, 0x180E},   /* Mongolian vowel separator */
    {0x200B, 0x200F},   /* zero width, directional marks */
    {0x2028, 0x202E},   /* line and paragraph separators, bidirectional embeddings and overrides */
    {0x2060, 0x206F},   /* word joiner, invisible operators, bidirectional isolates */
    {0xFDD0, 0xFDEF},   /* noncharacters */
    {0xFEFF, 0xFEFF},   /* byte order mark */
    {0xFFF0, 0xFFFB},   /* unassigned specials, interlinear annotation */
    {0xE0000, 0xE0FFF}, /* tags, variation selectors */
    {0xE000, 0xF8FF},   /* private use */
    {0xF0000, 0x10FFFF} /* private use */
};

static uint32_t utf8_code_point(const uint8_t *p, unsigned len)
{
    static const uint8_t lead_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = p[0] & lead_mask[len];

    for (unsigned i = 1; i < len; i++) {
        code = code << 6 | (p[i] & 0x3Fu);
    }
    return code;
}

static bool is_printable(uint32_t code)
{
    for (size_t i = 0; i < sizeof(unprintable) / sizeof(unprintable[0]); i++) {
        if (code >= unprintable[i].first && code <= unprintable[i].last) {
            return false;
        }
    }
    return (code & 0xFFFE) != 0xFFFE;
}

/* The printable form of what starts at p: *taken bytes of input become the returned length. */
static size_t escape_one(const uint8_t *p, size_t len, char form[8], size_t *taken)
{
    static const char hex[] = "0123456789abcdef";
    unsigned n = ss_utf8_sequence_len(p, len);

    *taken = 1;
    if (p[0] == '\\') {
        memcpy(form, "\\\\", 2);
        return 2;
    }
    if (n == 0 || !is_printable(utf8_code_point(p, n))) {
        form[0] = '\\';
        form[1] = 'x';
        form[2] = hex[p[0] >> 4];
        form[3] = hex[p[0] & 15];
        return 4;
    }
    *taken = n;
    memcpy(form, p, n);
    return n;
}

size_t ss_text_escape(const void *bytes, size_t len, char *out, size_t cap)
{
    const uint8_t *p = bytes;
    size_t used = 0, needed = 0;
    bool fits = true;

    for (size_t i = 0, taken; i < len; i += taken) {
        char form[8];
        size_t n = escape_one(p + i, len - i, form, &taken);

        needed += n;
        fits = fits && needed < cap;
        if (fits) {
            memcpy(out + used, form, n);
            used = needed;
        }
    }
    if (cap > 0) {
        out[used] = '\0';
    }
    return needed;
}
