/*
 * print.c - printable bytes, sizes and streaming tables.
 */
#include "print.h"

#include <inttypes.h>
#include <snapscope.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *cli_escaped(const void *bytes, uint64_t len)
{
    size_t need = ss_text_escape(bytes, (size_t)len, NULL, 0);
    char *text = cli_must_alloc(need + 1);
    ss_text_escape(bytes, (size_t)len, text, need + 1);
    return text;
}

char *cli_escaped_name(const char *name)
{
    return cli_escaped(name, strlen(name));
}

static bool print_hex(struct cli_out *out, const uint8_t *bytes, uint64_t len)
{
    char buf[2 * 2048 + 1];
    for (uint64_t done = 0; done < len;) {
        size_t piece = len - done < 2048 ? (size_t)(len - done) : 2048;
        if (!cli_out_write(out, buf, ss_text_hex(bytes + done, piece, buf))) {
            return false;
        }
        done += piece;
    }
    return true;
}

/* Bytes that one step escapes: bounds the memory that a huge value takes. */
#define SLICE_LEN 65536

/* As many need no memory but the stack, as most keys do. A byte becomes four at most. */
#define SHORT_LEN 512

/* Where to cut bytes[0..len) so that no UTF-8 sequence is split: before a byte that starts one. */
static uint64_t slice_end(const uint8_t *bytes, uint64_t len)
{
    if (len <= SLICE_LEN) {
        return len;
    }
    uint64_t end = SLICE_LEN;
    while (end > SLICE_LEN - 3 && (bytes[end] & 0xC0) == 0x80) {
        end--;
    }
    return end;
}

bool cli_print_bytes(struct cli_out *out, const void *bytes, uint64_t len, enum cli_form form)
{
    const uint8_t *at = bytes;
    if (form == CLI_FORM_HEX) {
        return print_hex(out, at, len);
    }
    if (len <= SHORT_LEN) {
        char text[4 * SHORT_LEN + 1];
        return cli_out_write(out, text, ss_text_escape(at, (size_t)len, text, sizeof(text)));
    }
    while (len > 0) {
        uint64_t step = slice_end(at, len);
        char *text = cli_escaped(at, step);
        bool good = cli_out_text(out, text);
        free(text);
        if (!good) {
            return false;
        }
        at += step;
        len -= step;
    }
    return true;
}

size_t cli_put_digits(char *to, uint64_t value)
{
    char digits[20];
    size_t pos = sizeof(digits);
    do {
        digits[--pos] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    memcpy(to, digits + pos, sizeof(digits) - pos);
    return sizeof(digits) - pos;
}

/* Tenths of a unit, halves to the even tenth, as printf rounds. */
struct cli_size_text cli_size_format(uint64_t len)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    struct cli_size_text size;
    unsigned unit = 0;
    while (unit + 1 < sizeof(units) / sizeof(units[0]) && len >> (10 * unit) >= 1024) {
        unit++;
    }
    uint64_t one = UINT64_C(1) << (10 * unit), rest = len % one * 10;
    uint64_t whole = len / one, tenths = rest / one, half = one / 2;
    if (unit > 0 && (rest % one > half || (rest % one == half && tenths % 2 == 1))) {
        tenths++;
    }
    whole += tenths / 10;
    size_t used = cli_put_digits(size.text, whole);
    if (unit > 0) {
        size.text[used++] = '.';
        size.text[used++] = (char)('0' + tenths % 10);
    }
    size.text[used++] = ' ';
    snprintf(size.text + used, sizeof(size.text) - used, "%s", units[unit]);
    return size;
}

bool cli_print_part(struct cli_out *out, enum cli_style style, const char *text, size_t len)
{
    static const char *const codes[] = {"", "\033[1m", "\033[31m", "\033[33m", "\033[32m"};
    if (!out->colour || style == CLI_STYLE_PLAIN) {
        return cli_out_write(out, text, len);
    }
    return cli_out_text(out, codes[style]) && cli_out_write(out, text, len) &&
           cli_out_text(out, "\033[0m");
}

bool cli_print_styled(struct cli_out *out, enum cli_style style, const char *text)
{
    return cli_print_part(out, style, text, strlen(text));
}

/* Columns of the character that begins with this byte, of those that are printed as they are. */
static size_t char_width(const unsigned char *at)
{
    if (at[0] < 0xE0) {
        return at[0] != 0xCC && (at[0] != 0xCD || at[1] >= 0xB0); /* U+0300 to U+036F combine */
    }
    if (at[0] >= 0xF0) {
        return 2; /* pictures, and the rarer of the signs of Chinese */
    }
    unsigned code = (at[0] & 0x0Fu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
    bool wide = (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
                (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
                (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
                (code >= 0xFFE0 && code <= 0xFFE6);
    return wide ? 2 : 1;
}

size_t cli_text_width(const char *text, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t width = 0;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] < 0x80) {
            width++;
        } else if ((bytes[i] & 0xC0) != 0x80) {
            width += char_width(bytes + i);
        }
    }
    return width;
}

struct cli_number_text cli_number_format(uint64_t value)
{
    struct cli_number_text number;
    number.text[cli_put_digits(number.text, value)] = '\0';
    return number;
}

struct cli_id_text cli_id_format(uint64_t id)
{
    struct cli_id_text out;
    snprintf(out.text, sizeof(out.text), "%016" PRIx64, id);
    return out;
}

int cli_number_width(uint64_t value)
{
    return (int)strlen(cli_number_format(value).text);
}

bool cli_print_blanks(struct cli_out *out, size_t count)
{
    static const char blanks[] = "                                ";
    while (count > 0) {
        size_t step = count < sizeof(blanks) - 1 ? count : sizeof(blanks) - 1;
        if (!cli_out_write(out, blanks, step)) {
            return false;
        }
        count -= step;
    }
    return true;
}

bool cli_table_row(struct cli_out *out, const struct cli_column *columns, size_t count,
                   const char *const *cells, enum cli_style style)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(cells[i]);
        size_t width = (size_t)abs(columns[i].width);
        size_t pad = len < width ? width - len : 0;
        size_t before = (i == 0 ? 0 : 2) + (columns[i].width > 0 ? pad : 0);
        size_t behind = i + 1 < count && columns[i].width < 0 ? pad : 0;
        if (!cli_print_blanks(out, before) || !cli_print_styled(out, style, cells[i]) ||
            !cli_print_blanks(out, behind)) {
            return false;
        }
    }
    return cli_out_text(out, "\n");
}

bool cli_table_head(struct cli_out *out, const struct cli_column *columns, size_t count)
{
    const char *cells[16];
    for (size_t i = 0; i < count && i < 16; i++) {
        cells[i] = columns[i].title;
    }
    return cli_table_row(out, columns, count, cells, CLI_STYLE_HEAD);
}
