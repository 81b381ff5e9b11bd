/*
 * words.c - text of the command line turned into bytes; strict: what is not well formed is refused.
 */
#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "report.h"
#include "run.h"

const char *const cli_key_formats[] = {"text", "escaped", "hex", "base64", NULL};

void cli_word_fini(struct cli_word *word)
{
    free(word->ptr);
    *word = (struct cli_word){0};
}

/* The byte that two hex digits stand for, or -1. Reads no further than the first wrong one. */
static int hex_byte(const char *text)
{
    uint8_t byte;
    return ss_text_unhex(text, 1, &byte) ? byte : -1;
}

static bool parse_hex(const char *text, struct cli_word *out)
{
    size_t len = (strlen(text) + 1) / 2;
    out->len = len;
    return ss_text_unhex(text, len, out->ptr);
}

static bool parse_escaped(const char *text, struct cli_word *out)
{
    while (*text != '\0') {
        if (*text != '\\') {
            out->ptr[out->len++] = (uint8_t)*text++;
        } else if (text[1] == '\\') {
            out->ptr[out->len++] = '\\';
            text += 2;
        } else {
            int byte = text[1] == 'x' ? hex_byte(text + 2) : -1;
            if (byte < 0) {
                return false;
            }
            out->ptr[out->len++] = (uint8_t)byte;
            text += 4;
        }
    }
    return true;
}

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

/* Padded, and the bits that padding leaves unused are zero: one text for the same bytes. */
static bool parse_base64(const char *text, struct cli_word *out)
{
    size_t len = strlen(text);
    if (len % 4 != 0) {
        return false;
    }
    size_t digits = len;
    while (digits > 0 && len - digits < 2 && text[digits - 1] == '=') {
        digits--;
    }
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < digits; i++) {
        int digit = base64_digit(text[i]);
        if (digit < 0) {
            return false;
        }
        bits = (bits << 6) | (uint32_t)digit;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out->ptr[out->len++] = (uint8_t)(bits >> held);
            bits &= (UINT32_C(1) << held) - 1;
        }
    }
    return bits == 0 && digits % 4 != 1;
}

bool cli_word_parse(const char *text, enum cli_key_format format, struct cli_word *out)
{
    size_t len = strlen(text);
    *out = (struct cli_word){.ptr = cli_must_alloc(len)};
    bool good = true;
    switch (format) {
    case CLI_KEY_TEXT:
        memcpy(out->ptr, text, len);
        out->len = len;
        break;
    case CLI_KEY_ESCAPED:
        good = parse_escaped(text, out);
        break;
    case CLI_KEY_HEX:
        good = parse_hex(text, out);
        break;
    case CLI_KEY_BASE64:
        good = parse_base64(text, out);
        break;
    }
    if (!good) {
        cli_word_fini(out);
    }
    return good;
}

bool cli_word_parse_name(const char *text, size_t len, struct cli_word *out)
{
    *out = (struct cli_word){.ptr = cli_must_alloc(len)};
    for (size_t i = 0; i < len; i++) {
        int byte = (uint8_t)text[i];
        if (text[i] == '%') {
            byte = len - i < 3 ? -1 : hex_byte(text + i + 1);
            i += 2;
        }
        if (byte < 0) {
            cli_word_fini(out);
            return false;
        }
        out->ptr[out->len++] = (uint8_t)byte;
    }
    return true;
}

void cli_path_fini(struct cli_path *path)
{
    for (size_t i = 0; i < path->count; i++) {
        cli_word_fini(&path->names[i]);
    }
    free(path->names);
    free(path->spans);
    *path = (struct cli_path){0};
}

static void path_init(struct cli_path *path, size_t max)
{
    path->count = 0;
    path->names = cli_must_alloc(max * sizeof(path->names[0]));
    path->spans = cli_must_alloc(max * sizeof(path->spans[0]));
}

static bool path_add(struct cli_path *path, const char *text, size_t len)
{
    struct cli_word *name = &path->names[path->count];
    if (!cli_word_parse_name(text, len, name)) {
        return false;
    }
    path->spans[path->count] = (struct ss_span){.ptr = name->ptr, .len = name->len, .off = SS_NONE};
    path->count++;
    return true;
}

bool cli_path_from_words(char *const *words, size_t count, struct cli_path *out)
{
    path_init(out, count);
    for (size_t i = 0; i < count; i++) {
        if (!path_add(out, words[i], strlen(words[i]))) {
            return false;
        }
    }
    return true;
}

bool cli_path_from_text(const char *text, struct cli_path *out)
{
    size_t max = 1;
    for (const char *at = text; *at != '\0'; at++) {
        max += *at == '/';
    }
    path_init(out, max);
    for (;;) {
        size_t len = strcspn(text, "/");
        if (!path_add(out, text, len)) {
            return false;
        }
        if (text[len] == '\0') {
            return true;
        }
        text += len + 1;
    }
}

int cli_word_take(const struct cli_run *run, const char *what, const char *text, int format,
                  struct cli_word *out)
{
    if (cli_word_parse(text, (enum cli_key_format)format, out)) {
        return CLI_EXIT_OK;
    }
    char *shown = cli_escaped_name(text);
    cli_usage_error(run, "%s: '%s' is no well-formed %s", what, shown, cli_key_formats[format]);
    free(shown);
    return CLI_EXIT_USAGE;
}

int cli_path_take(const struct cli_run *run, const char *text, struct cli_path *out)
{
    if (cli_path_from_text(text, out)) {
        return CLI_EXIT_OK;
    }
    return cli_usage_error(run, "a %% in a bucket's name needs two hex digits (%%25 for itself)");
}

void cli_range_bytes_fini(struct cli_range_bytes *bytes)
{
    cli_word_fini(&bytes->prefix);
    cli_word_fini(&bytes->from);
    cli_word_fini(&bytes->to);
}

int cli_range_take(const struct cli_run *run, const struct cli_range_words *words, int format,
                   struct cli_range_bytes *bytes, struct ss_range *out)
{
    struct {
        const char *name, *text;
        struct cli_word *word;
        const void **ptr;
        size_t *len;
    } keys[] = {
        {"--prefix", words->prefix, &bytes->prefix, &out->prefix, &out->prefix_len},
        {"--from", words->from, &bytes->from, &out->from, &out->from_len},
        {"--to", words->to, &bytes->to, &out->to, &out->to_len},
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (keys[i].text == NULL) {
            continue;
        }
        int code = cli_word_take(run, keys[i].name, keys[i].text, format, keys[i].word);
        if (code != CLI_EXIT_OK) {
            return code;
        }
        *keys[i].ptr = keys[i].word->ptr;
        *keys[i].len = keys[i].word->len;
    }
    return CLI_EXIT_OK;
}
