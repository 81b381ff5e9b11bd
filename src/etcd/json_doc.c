/*
 * json_doc.c - see json_doc.h. Two passes, as Go's: the grammar of the whole text first, which keeps the
 * second one, over the fields, free of syntax.
 */
#include "etcd/json_doc.h"

#include "util/array.h"
#include "util/checked.h"
#include "util/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DEPTH_MAX 10000u
#define REPLACEMENT 0xFFFDu

struct reader {
    const uint8_t *p;
    size_t len, pos;
    const char *due; /* what was wanted at `pos`, when the grammar is broken */
};

static bool fail(struct reader *r, const char *due)
{
    r->due = due;
    return false;
}

static void skip_space(struct reader *r)
{
    while (r->pos < r->len && memchr(" \t\r\n", r->p[r->pos], 4) != NULL) {
        r->pos++;
    }
}

/* The next byte that is no space; 0 at the end, where a NUL is no JSON either. */
static uint8_t peek(struct reader *r)
{
    skip_space(r);
    return r->pos < r->len ? r->p[r->pos] : 0;
}

static bool take(struct reader *r, uint8_t byte)
{
    if (peek(r) != byte) {
        return false;
    }
    r->pos++;
    return true;
}

/* ----------------------------------------------------------------------------------- grammar --- */

static bool skip_word(struct reader *r, const char *word)
{
    size_t len = strlen(word);

    if (r->len - r->pos < len || memcmp(r->p + r->pos, word, len) != 0) {
        return fail(r, "a value");
    }
    r->pos += len;
    return true;
}

static size_t skip_digits(struct reader *r)
{
    size_t start = r->pos;

    while (r->pos < r->len && r->p[r->pos] >= '0' && r->p[r->pos] <= '9') {
        r->pos++;
    }
    return r->pos - start;
}

static bool skip_number(struct reader *r)
{
    bool zero;

    if (r->p[r->pos] == '-') {
        r->pos++;
    }
    zero = r->pos < r->len && r->p[r->pos] == '0';
    if (zero) {
        r->pos++;
    } else if (skip_digits(r) == 0) {
        return fail(r, "a digit");
    }
    if (r->pos < r->len && r->p[r->pos] == '.') {
        r->pos++;
        if (skip_digits(r) == 0) {
            return fail(r, "a digit");
        }
    }
    if (r->pos < r->len && (r->p[r->pos] == 'e' || r->p[r->pos] == 'E')) {
        r->pos++;
        if (r->pos < r->len && (r->p[r->pos] == '+' || r->p[r->pos] == '-')) {
            r->pos++;
        }
        if (skip_digits(r) == 0) {
            return fail(r, "a digit");
        }
    }
    return true;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool skip_escape(struct reader *r)
{
    uint8_t c = r->pos < r->len ? r->p[r->pos] : 0;

    if (c == 0 || strchr("\"\\/bfnrtu", c) == NULL) {
        return fail(r, "the letter of an escape");
    }
    r->pos++;
    for (int i = 0; c == 'u' && i < 4; i++) {
        if (r->pos == r->len || hex_digit(r->p[r->pos]) < 0) {
            return fail(r, "a hexadecimal digit");
        }
        r->pos++;
    }
    return true;
}

/* From its opening quote; what is no UTF-8 passes. */
static bool skip_string(struct reader *r)
{
    for (r->pos++; r->pos < r->len; r->pos++) {
        uint8_t c = r->p[r->pos];

        if (c == '"') {
            r->pos++;
            return true;
        }
        if (c < 0x20) {
            return fail(r, "an escape for a control character");
        }
        if (c == '\\') {
            r->pos++;
            if (!skip_escape(r)) {
                return false;
            }
            r->pos--;
        }
    }
    return fail(r, "the end of a text");
}

static bool skip_scalar(struct reader *r, uint8_t c)
{
    switch (c) {
    case '"':
        return skip_string(r);
    case 't':
        return skip_word(r, "true");
    case 'f':
        return skip_word(r, "false");
    case 'n':
        return skip_word(r, "null");
    default:
        return c == '-' || (c >= '0' && c <= '9') ? skip_number(r) : fail(r, "a value");
    }
}

/* What is open: a bit a level, set for objects. */
struct nest {
    uint8_t is_object[DEPTH_MAX / 8 + 1];
    size_t depth;
};

static bool in_object(const struct nest *nest)
{
    size_t top = nest->depth - 1;

    return (nest->is_object[top / 8] >> top % 8 & 1) != 0;
}

static bool skip_key(struct reader *r)
{
    if (peek(r) != '"') {
        return fail(r, "a name in quotes");
    }
    if (!skip_string(r)) {
        return false;
    }
    return take(r, ':') || fail(r, "a colon");
}

/* Passes an opening bracket; *is_empty: and the closing one. */
static bool enter(struct reader *r, struct nest *nest, bool *is_empty)
{
    uint8_t object = r->p[r->pos] == '{';
    uint8_t mask = (uint8_t)(1u << nest->depth % 8);
    uint8_t *bits = &nest->is_object[nest->depth / 8];

    if (nest->depth == DEPTH_MAX) {
        return fail(r, "fewer levels");
    }
    *bits = object ? *bits | mask : (uint8_t)(*bits & ~mask);
    nest->depth++;
    r->pos++;
    *is_empty = take(r, object ? '}' : ']');
    if (*is_empty) {
        nest->depth--;
    }
    return *is_empty || !object || skip_key(r);
}

/* Behind a value: closes what ends here; true with depth 0: it was the last, else the next is due. */
static bool leave(struct reader *r, struct nest *nest)
{
    while (nest->depth > 0) {
        bool object = in_object(nest);

        if (take(r, ',')) {
            return !object || skip_key(r);
        }
        if (!take(r, object ? '}' : ']')) {
            return fail(r, object ? "a comma or a closing brace" : "a comma or a closing bracket");
        }
        nest->depth--;
    }
    return true;
}

/* Passes one value, whatever it holds; false: r->due says what the grammar wanted at r->pos. */
static bool skip_value(struct reader *r)
{
    struct nest nest = {.depth = 0};

    do {
        uint8_t c = peek(r);
        bool is_whole = true;

        if (c == '{' || c == '[') {
            if (!enter(r, &nest, &is_whole)) {
                return false;
            }
        } else if (!skip_scalar(r, c)) {
            return false;
        }
        if (is_whole && !leave(r, &nest)) {
            return false;
        }
    } while (nest.depth > 0);
    return true;
}

/* -------------------------------------------------------------------------------------- text --- */

static char *put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
        return out;
    }
    if (code < 0x800) {
        *out++ = (char)(0xC0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *out++ = (char)(0xE0 | code >> 12);
        } else {
            *out++ = (char)(0xF0 | code >> 18);
            *out++ = (char)(0x80 | (code >> 12 & 0x3F));
        }
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
    }
    *out++ = (char)(0x80 | (code & 0x3F));
    return out;
}

/* The four digits of an escape \uXXXX at p, or -1 when there is none. */
static int32_t unit_at(const uint8_t *p, const uint8_t *end)
{
    int32_t unit = 0;

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return -1;
    }
    for (int i = 2; i < 6; i++) {
        unit = unit * 16 + hex_digit(p[i]);
    }
    return unit;
}

/* A character of one or two escapes; half of a pair is replaced. */
static const uint8_t *take_unit(const uint8_t *p, const uint8_t *end, char **out)
{
    int32_t first = unit_at(p, end), second = unit_at(p + 6, end);
    uint32_t code = (uint32_t)first;

    p += 6;
    if (first >= 0xD800 && first < 0xDC00 && second >= 0xDC00 && second < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + ((uint32_t)second - 0xDC00);
        p += 6;
    } else if (first >= 0xD800 && first < 0xE000) {
        code = REPLACEMENT;
    }
    *out = put_utf8(*out, code);
    return p;
}

static const uint8_t *take_escape(const uint8_t *p, const uint8_t *end, char **out)
{
    static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    const char *letter = strchr(letters, p[1]);

    if (p[1] == 'u') {
        return take_unit(p, end, out);
    }
    *(*out)++ = letter != NULL ? meanings[letter - letters] : (char)p[1];
    return p + 2;
}

/* What stands between the quotes, decoded; a byte of it becomes three at most. */
static bool decode_text(const uint8_t *p, const uint8_t *end, struct ss_json_text *to)
{
    char *out = malloc((size_t)(end - p) * 3 + 1);

    if (out == NULL) {
        return false;
    }
    free(to->ptr);
    to->ptr = out;
    while (p < end) {
        unsigned n = ss_utf8_sequence_len(p, (size_t)(end - p));

        if (*p == '\\') {
            p = take_escape(p, end, &out);
        } else if (n == 0) {
            out = put_utf8(out, REPLACEMENT);
            p++;
        } else {
            memcpy(out, p, n);
            out += n;
            p += n;
        }
    }
    *out = '\0';
    to->len = (size_t)(out - to->ptr);
    return true;
}

/* The string at r->pos; NOMEM: false. */
static bool read_text(struct reader *r, struct ss_json_text *to)
{
    size_t start = r->pos + 1;

    skip_string(r);
    return decode_text(r->p + start, r->p + r->pos - 1, to);
}

/* ------------------------------------------------------------------------------------ fields --- */

/* Lower case of ASCII; *p passes one character. Two others are k and s in another case. */
static uint8_t fold(const uint8_t **p, const uint8_t *end)
{
    const uint8_t *at = *p;
    size_t left = (size_t)(end - at);

    if (left >= 3 && memcmp(at, "\xE2\x84\xAA", 3) == 0) {
        *p += 3;
        return 'k';
    }
    if (left >= 2 && memcmp(at, "\xC5\xBF", 2) == 0) {
        *p += 2;
        return 's';
    }
    *p += 1;
    return *at >= 'A' && *at <= 'Z' ? (uint8_t)(*at + ('a' - 'A')) : *at;
}

static bool same_folded(const struct ss_json_text *key, const char *name)
{
    const uint8_t *a = (const uint8_t *)key->ptr, *a_end = a + key->len;
    const uint8_t *b = (const uint8_t *)name, *b_end = b + strlen(name);

    while (a < a_end && b < b_end) {
        if (fold(&a, a_end) != fold(&b, b_end)) {
            return false;
        }
    }
    return a == a_end && b == b_end;
}

/* The field of that name exactly, else the first in another case; NULL: none. */
static const struct ss_json_field *find_field(const struct ss_json_text *key,
                                              const struct ss_json_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(fields[i].name) == key->len && memcmp(fields[i].name, key->ptr, key->len) == 0) {
            return &fields[i];
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (same_folded(key, fields[i].name)) {
            return &fields[i];
        }
    }
    return NULL;
}

/* What became of a value. */
enum stored {
    STORED,
    OTHER_TYPE,
    NO_MEMORY
};

static enum stored store_u64(struct reader *r, uint64_t *to)
{
    size_t start = r->pos, digits;
    uint64_t value = 0;

    if (!skip_value(r)) {
        return OTHER_TYPE;
    }
    digits = r->pos - start;
    for (size_t i = start; i < start + digits; i++) {
        if (r->p[i] < '0' || r->p[i] > '9' || !ss_mul_u64(value, 10, &value) ||
            !ss_add_u64(value, r->p[i] - (uint64_t)'0', &value)) {
            return OTHER_TYPE;
        }
    }
    *to = value;
    return STORED;
}

static enum stored store_bool(struct reader *r, uint8_t c, bool *to)
{
    skip_value(r);
    if (c != 't' && c != 'f') {
        return OTHER_TYPE;
    }
    *to = c == 't';
    return STORED;
}

static enum stored store_text(struct reader *r, uint8_t c, struct ss_json_text *to)
{
    if (c != '"') {
        return OTHER_TYPE;
    }
    return read_text(r, to) ? STORED : NO_MEMORY;
}

/* The i-th text of a list that has i of them, or what it had there before; a new one is empty. */
static enum stored store_text_item(struct reader *r, uint8_t c, struct ss_json_texts *list,
                                   size_t i)
{
    if (i == list->kept &&
        !ss_array_add(list->items, list->kept, list->cap, (struct ss_json_text){0})) {
        return NO_MEMORY;
    }
    if (c != 'n') {
        return store_text(r, c, &list->items[i]);
    }
    skip_value(r);
    return STORED;
}

static enum stored store_u64_item(struct reader *r, uint8_t c, struct ss_json_u64s *list, size_t i)
{
    if (i == list->kept && !ss_array_add(list->items, list->kept, list->cap, 0)) {
        return NO_MEMORY;
    }
    if (c != 'n') {
        return store_u64(r, &list->items[i]);
    }
    skip_value(r);
    return STORED;
}

static enum stored store_item(struct reader *r, const struct ss_json_field *field, size_t i)
{
    uint8_t c = peek(r);

    return field->type == SS_JSON_TEXTS ? store_text_item(r, c, field->to, i)
                                        : store_u64_item(r, c, field->to, i);
}

/* Empties a list for good: what it had is not there for a later null to leave. */
static void empty_list(const struct ss_json_field *field)
{
    if (field->type == SS_JSON_TEXTS) {
        ss_json_texts_fini(field->to);
    } else {
        struct ss_json_u64s *list = field->to;

        free(list->items);
        *list = (struct ss_json_u64s){0};
    }
}

static enum stored store_list(struct reader *r, const struct ss_json_field *field)
{
    enum stored stored = STORED;
    size_t i = 0;

    if (!take(r, '[')) {
        return OTHER_TYPE;
    }
    if (take(r, ']')) {
        empty_list(field);
        return STORED;
    }
    do {
        stored = store_item(r, field, i++);
    } while (stored == STORED && take(r, ','));
    if (stored != STORED) {
        return stored;
    }
    take(r, ']');
    if (field->type == SS_JSON_TEXTS) {
        ((struct ss_json_texts *)field->to)->count = i;
    } else {
        ((struct ss_json_u64s *)field->to)->count = i;
    }
    return STORED;
}

static bool is_list(const struct ss_json_field *field)
{
    return field->type == SS_JSON_TEXTS || field->type == SS_JSON_U64S;
}

static enum stored store(struct reader *r, const struct ss_json_field *field)
{
    uint8_t c = peek(r);

    if (c == 'n') {
        if (is_list(field)) {
            empty_list(field);
        }
        skip_value(r);
        return STORED;
    }
    switch (field->type) {
    case SS_JSON_BOOL:
        return store_bool(r, c, field->to);
    case SS_JSON_U64:
        return store_u64(r, field->to);
    case SS_JSON_TEXT:
        return store_text(r, c, field->to);
    default:
        return store_list(r, field);
    }
}

static enum ss_status wrong_type(const struct ss_json_field *field, uint64_t off, uint64_t pgid,
                                 struct ss_error *err)
{
    static const char *const words[] = {
        [SS_JSON_BOOL] = "neither true nor false",
        [SS_JSON_U64] = "no unsigned number of 64 bits",
        [SS_JSON_TEXT] = "no text",
        [SS_JSON_TEXTS] = "no list of texts",
        [SS_JSON_U64S] = "no list of unsigned numbers of 64 bits",
    };

    return ss_corrupt(err, SS_E_FIELD, off, pgid, "\"%s\" is %s", field->name, words[field->type]);
}

/* The members of an object whose grammar is known to be right. */
static enum ss_status read_object(struct reader *r, uint64_t off, uint64_t pgid,
                                  const struct ss_json_field *fields, size_t count,
                                  struct ss_error *err)
{
    struct ss_json_text key = {0};
    enum ss_status status = SS_OK;

    take(r, '{');
    while (status == SS_OK && peek(r) == '"') {
        const struct ss_json_field *field;
        enum stored stored = STORED;

        if (!read_text(r, &key)) {
            status = ss_nomem(err, r->len);
            break;
        }
        take(r, ':');
        field = find_field(&key, fields, count);
        if (field == NULL) {
            skip_value(r);
        } else {
            stored = store(r, field);
        }
        if (stored == NO_MEMORY) {
            status = ss_nomem(err, r->len);
        } else if (stored == OTHER_TYPE) {
            status = wrong_type(field, off, pgid, err);
        }
        take(r, ',');
    }
    free(key.ptr);
    return status;
}

enum ss_status ss_json_decode(struct ss_span text, const char *what, uint64_t pgid,
                              bool null_is_empty, const struct ss_json_field *fields, size_t count,
                              struct ss_error *err)
{
    struct reader r = {.p = text.ptr, .len = (size_t)text.len};
    bool good;
    uint8_t c;

    if (text.len > SS_JSON_LEN_MAX) {
        return ss_corrupt(err, SS_E_FIELD, text.off, pgid,
                          "%s has %" PRIu64 " bytes, more than any that etcd writes", what,
                          text.len);
    }
    good = skip_value(&r);
    skip_space(&r);
    if (good && r.pos < r.len) {
        good = fail(&r, "nothing more");
    }
    if (!good) {
        return ss_corrupt(err, SS_E_FIELD, text.off, pgid,
                          "%s is no JSON object: byte %zu is not %s", what, r.pos, r.due);
    }
    r.pos = 0;
    c = peek(&r);
    if (c == '{') {
        return read_object(&r, text.off, pgid, fields, count, err);
    }
    if (c == 'n' && null_is_empty) {
        return SS_OK;
    }
    return ss_corrupt(err, SS_E_FIELD, text.off, pgid, "%s is no JSON object", what);
}

void ss_json_texts_fini(struct ss_json_texts *list)
{
    for (size_t i = 0; i < list->kept; i++) {
        free(list->items[i].ptr);
    }
    free(list->items);
    *list = (struct ss_json_texts){0};
}
