/*
 * text.c - bytes of a file, shown to people: printable, and lossless.
 *
 *   bytes    a  1b [ 3 1 m  \  é (c3 a9)
 *   shown    a  \x1b[31m    \\  é
 */
#include "util/text.h"

#include "util/hex.h"
#include "util/swar.h"

#include <string.h>

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
    bool is_control = p[0] < 0x20 || p[0] == 0x7F; /* most bytes of binary keys */
    unsigned n = is_control ? 0 : ss_utf8_sequence_len(p, len);

    *taken = 1;
    if (p[0] == '\\') {
        memcpy(form, "\\\\", 2);
        return 2;
    }
    if (n == 0 || !is_printable(utf8_code_point(p, n))) {
        form[0] = '\\';
        form[1] = 'x';
        ss_hex_put(form + 2, p[0]);
        return 4;
    }
    *taken = n;
    memcpy(form, p, n);
    return n;
}

static bool stands_for_itself(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7F && byte != '\\';
}

/* How many bytes from p on are printable ASCII that stands for itself. */
static size_t plain_len(const uint8_t *p, size_t len)
{
    size_t n = 0;

    for (; len - n >= sizeof(uint64_t); n += sizeof(uint64_t)) {
        uint64_t word;

        memcpy(&word, p + n, sizeof(word));
        if ((ss_swar_high(word) | ss_swar_below(word, 0x20) | ss_swar_equal(word, 0x7F) |
             ss_swar_equal(word, '\\')) != 0) {
            break;
        }
    }
    while (n < len && stands_for_itself(p[n])) {
        n++;
    }
    return n;
}

/* What escaped text goes into: bytes are cut where a form finds no room, and counted all the same. */
struct escaped {
    char *out;
    size_t cap, used, needed;
};

/* A form, whole or not at all; n bytes of plain text, as many as find room. */
static void put(struct escaped *to, const void *bytes, size_t n, bool is_plain)
{
    bool fits = to->used == to->needed && to->cap > to->used;
    size_t room = fits ? to->cap - to->used - 1 : 0;
    size_t taken = n <= room ? n : is_plain ? room : 0;

    if (taken > 0) {
        memcpy(to->out + to->used, bytes, taken);
    }
    to->used += taken;
    to->needed += n;
}

size_t ss_text_escape(const void *bytes, size_t len, char *out, size_t cap)
{
    struct escaped to = {.out = out, .cap = cap};
    const uint8_t *p = bytes;

    for (size_t i = 0, taken; i < len; i += taken) {
        char form[8];

        taken = plain_len(p + i, len - i);
        if (taken > 0) {
            put(&to, p + i, taken, true);
        } else {
            put(&to, form, escape_one(p + i, len - i, form, &taken), false);
        }
    }
    if (cap > 0) {
        out[to.used] = '\0';
    }
    return to.needed;
}

void ss_text_tame(char *text, size_t cap)
{
    size_t len = strlen(text), used = 0, taken;
    char form[8], tamed[1024];

    for (size_t i = 0; i < len; i += taken) {
        bool is_backslash = text[i] == '\\';
        size_t n = is_backslash ? 1 : escape_one((const uint8_t *)text + i, len - i, form, &taken);

        if (is_backslash) {
            form[0] = '\\';
            taken = 1;
        }
        if (used + n >= cap || used + n >= sizeof(tamed)) {
            break;
        }
        memcpy(tamed + used, form, n);
        used += n;
    }
    memcpy(text, tamed, used);
    text[used] = '\0';
}

size_t ss_text_hex(const void *bytes, size_t len, char *out)
{
    const uint8_t *p = bytes;

    for (size_t i = 0; i < len; i++) {
        ss_hex_put(out + 2 * i, p[i]);
    }
    out[2 * len] = '\0';
    return 2 * len;
}

bool ss_text_unhex(const char *text, size_t len, void *out)
{
    uint8_t *p = out;

    for (size_t i = 0; i < len; i++) {
        int high = ss_hex_digit((uint8_t)text[2 * i]);
        int low = high < 0 ? -1 : ss_hex_digit((uint8_t)text[2 * i + 1]);

        if (low < 0) {
            return false;
        }
        p[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
