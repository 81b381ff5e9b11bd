/*
 * hexdump.c - the classic dump: offset, sixteen bytes, their ASCII; repeated lines folded to "*".
 */
#include "hexdump.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snapscope.h>

#include "print.h"

enum {
    LINE_LEN = 16
};

static bool print_line(struct cli_out *out, const uint8_t *bytes, size_t len, uint64_t off)
{
    char line[96];
    int at = snprintf(line, sizeof(line), "%08" PRIx64 " ", (uint64_t)off);
    for (size_t i = 0; i < LINE_LEN; i++) {
        const char *gap = i == LINE_LEN / 2 ? "  " : " ";
        size_t room = sizeof(line) - (size_t)at;
        at += i < len ? snprintf(line + at, room, "%s%02x", gap, bytes[i])
                      : snprintf(line + at, room, "%s  ", gap);
    }
    char ascii[LINE_LEN + 1];
    for (size_t i = 0; i < len; i++) {
        ascii[i] = bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char)bytes[i] : '.';
    }
    ascii[len] = '\0';
    return cli_out_format(out, "%s  |%s|\n", line, ascii);
}

bool cli_hexdump(struct cli_out *out, const uint8_t *bytes, uint64_t len, uint64_t off)
{
    bool folded = false;
    for (uint64_t at = 0; at < len; at += LINE_LEN) {
        uint64_t left = len - at;
        size_t step = left < LINE_LEN ? (size_t)left : LINE_LEN;
        bool same =
            at > 0 && left > LINE_LEN && memcmp(bytes + at, bytes + at - LINE_LEN, step) == 0;
        bool good = same ? (folded || cli_out_text(out, "*\n"))
                         : print_line(out, bytes + at, step, off + at);
        if (!good) {
            return false;
        }
        folded = same;
    }
    return true;
}

json_t *cli_hex_doc(const uint8_t *bytes, uint64_t len)
{
    char *text = cli_must_alloc((size_t)len * 2 + 1);
    json_t *value = json_stringn(text, ss_text_hex(bytes, (size_t)len, text));
    free(text);
    return value;
}
