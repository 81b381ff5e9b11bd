/*
 * json_text.c - see json_text.h.
 *
 *   input     k  :  "  x  \n  é(c3 a9)        runs without an escape are copied whole, and looked
 *   output    k  :  \" x  \n  é(c3 a9)        through sixteen bytes at a time where SSE2 is there
 */
#include "export/json_text.h"

#include "util/hex.h"
#include "util/swar.h"
#include "util/text.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Longest escape of one byte: \u00XX. */
#define ESCAPE_LEN_MAX 6u
/* Input bytes whose escaped form, and a vector's excess, are reserved at once. */
#define PIECE_LEN 4096u
#define SLACK_LEN 16u

/* The letter behind the backslash, 'u' for \u00XX; 0: the byte stands for itself. */
static inline char escape_letter(uint8_t byte)
{
    static const char controls[] = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu";

    if (byte < 0x20) {
        return controls[byte];
    }
    return byte == '"' || byte == '\\' ? (char)byte : '\0';
}

/* Whether some byte of the word needs an escape. */
static bool word_needs_escape(uint64_t word)
{
    return (ss_swar_below(word, 0x20) | ss_swar_equal(word, '"') | ss_swar_equal(word, '\\')) != 0;
}

size_t ss_json_plain_len_portable(const uint8_t *p, size_t len)
{
    size_t i = 0;

    for (; len - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        uint64_t word;

        memcpy(&word, p + i, sizeof(word));
        if (ss_swar_high(word) != 0 || word_needs_escape(word)) {
            return i;
        }
    }
    for (size_t k = i; k < len; k++) {
        if (p[k] >= 0x80 || escape_letter(p[k]) != 0) {
            return i;
        }
    }
    return len;
}

/* Copies the bytes before the first that needs an escape; `to` has room for all of len. */
static size_t copy_run_portable(char *to, const uint8_t *p, size_t len)
{
    size_t i = 0;

    for (; len - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        uint64_t word;

        memcpy(&word, p + i, sizeof(word));
        if (word_needs_escape(word)) {
            break;
        }
        memcpy(to + i, p + i, sizeof(word));
    }
    for (; i < len && escape_letter(p[i]) == 0; i++) {
        to[i] = (char)p[i];
    }
    return i;
}

#if defined(__SSE2__)

/* A set bit for each byte of the vector that needs an escape. */
static unsigned vector_escapes(__m128i v)
{
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v);
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));

    return (unsigned)_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash)));
}

size_t ss_json_plain_len(const uint8_t *p, size_t len)
{
    size_t i = 0;

    for (; len - i >= 16; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));

        if ((vector_escapes(v) | (unsigned)_mm_movemask_epi8(v)) != 0) {
            return i;
        }
    }
    return i + ss_json_plain_len_portable(p + i, len - i);
}

/* `to` has room for SLACK_LEN bytes more than len. */
static size_t copy_run(char *to, const uint8_t *p, size_t len)
{
    size_t i = 0;

    for (; len - i >= 16; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        unsigned escapes = vector_escapes(v);

        _mm_storeu_si128((__m128i *)(void *)(to + i), v);
        if (escapes != 0) {
            return i + (unsigned)__builtin_ctz(escapes);
        }
    }
    return i + copy_run_portable(to + i, p + i, len - i);
}

#else

size_t ss_json_plain_len(const uint8_t *p, size_t len)
{
    return ss_json_plain_len_portable(p, len);
}

#define copy_run copy_run_portable

#endif

/* Writes the escape of one byte that needs one; returns its length. */
static size_t write_escape(char *to, uint8_t byte)
{
    static const char hex[] = "0123456789ABCDEF";
    char letter = escape_letter(byte);

    to[0] = '\\';
    to[1] = letter;
    if (letter != 'u') {
        return 2;
    }
    to[2] = '0';
    to[3] = '0';
    to[4] = hex[byte >> 4];
    to[5] = hex[byte & 15];
    return ESCAPE_LEN_MAX;
}

typedef size_t (*copy_fn)(char *to, const uint8_t *p, size_t len);

/* At most PIECE_LEN bytes, escaped into reserved room. Inlined, so that `copy` is no real pointer. */
static inline __attribute__((always_inline)) size_t escape_piece(char *to, const uint8_t *p,
                                                                 size_t len, copy_fn copy)
{
    size_t used = 0;

    for (size_t i = 0; i < len;) {
        size_t run = copy(to + used, p + i, len - i);

        i += run;
        used += run;
        for (; i < len && escape_letter(p[i]) != 0; i++) {
            used += write_escape(to + used, p[i]);
        }
    }
    return used;
}

static inline __attribute__((always_inline)) void append_escaped(struct ss_outbuf *out,
                                                                 const uint8_t *p, size_t len,
                                                                 copy_fn copy)
{
    while (len > 0 && !out->failed) {
        size_t piece = len < PIECE_LEN ? len : PIECE_LEN;
        char *to = ss_outbuf_reserve(out, piece * ESCAPE_LEN_MAX + SLACK_LEN);

        out->len += escape_piece(to, p, piece, copy);
        p += piece;
        len -= piece;
    }
}

void ss_json_string(struct ss_outbuf *out, const void *bytes, size_t len)
{
    ss_outbuf_append(out, "\"", 1);
    append_escaped(out, bytes, len, copy_run);
    ss_outbuf_append(out, "\"", 1);
}

void ss_json_string_portable(struct ss_outbuf *out, const void *bytes, size_t len)
{
    ss_outbuf_append(out, "\"", 1);
    append_escaped(out, bytes, len, copy_run_portable);
    ss_outbuf_append(out, "\"", 1);
}

void ss_json_base64(struct ss_outbuf *out, const void *bytes, size_t len)
{
    const size_t piece_max = (size_t)3 * PIECE_LEN;
    const uint8_t *p = bytes;

    ss_outbuf_append(out, "\"", 1);
    while (len > 0 && !out->failed) {
        size_t piece = len < piece_max ? len : piece_max;
        char *to = ss_outbuf_reserve(out, (size_t)4 * PIECE_LEN + 1);

        out->len += ss_text_base64(p, piece, to);
        p += piece;
        len -= piece;
    }
    ss_outbuf_append(out, "\"", 1);
}

void ss_json_bytes(struct ss_outbuf *out, const char *name, const void *bytes, size_t len)
{
    size_t plain_len = ss_json_plain_len(bytes, len);
    const uint8_t *rest = (const uint8_t *)bytes + plain_len;
    bool clean = plain_len == len || ss_text_is_clean(rest, len - plain_len);

    ss_outbuf_append(out, "\"", 1);
    ss_outbuf_text(out, name);
    if (!clean) {
        ss_outbuf_append(out, "_base64\":", 9);
        ss_json_base64(out, bytes, len);
        return;
    }
    ss_outbuf_append(out, "\":\"", 3);
    ss_outbuf_append(out, bytes, plain_len);
    append_escaped(out, rest, len - plain_len, copy_run);
    ss_outbuf_append(out, "\"", 1);
}

void ss_json_id(struct ss_outbuf *out, uint64_t id)
{
    if (id == 0) { /* most keys have no lease */
        SS_OUTBUF_LITERAL(out, "\"0000000000000000\"");
        return;
    }
    char *to = ss_outbuf_reserve(out, SS_HEX_ID_LEN + 2);

    to[0] = '"';
    ss_hex_put_id(to + 1, id);
    to[SS_HEX_ID_LEN + 1] = '"';
    out->len += SS_HEX_ID_LEN + 2;
}

void ss_json_u64(struct ss_outbuf *out, uint64_t v)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    char digits[20];
    size_t pos = sizeof(digits);
    char *to = ss_outbuf_reserve(out, sizeof(digits));

    for (; v >= 100; v /= 100) {
        pos -= 2;
        memcpy(digits + pos, pairs + v % 100 * 2, 2);
    }
    if (v >= 10) {
        pos -= 2;
        memcpy(digits + pos, pairs + v * 2, 2);
    } else {
        digits[--pos] = (char)('0' + v);
    }
    memcpy(to, digits + pos, sizeof(digits) - pos);
    out->len += sizeof(digits) - pos;
}

void ss_json_i64(struct ss_outbuf *out, int64_t v)
{
    if (v < 0) {
        ss_outbuf_append(out, "-", 1);
        ss_json_u64(out, UINT64_C(0) - (uint64_t)v);
    } else {
        ss_json_u64(out, (uint64_t)v);
    }
}
