/*
 * json_doc.c - see json_doc.h.
 */
#include "etcd/json_doc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define FRACTION "0.5"

/*
 * Jansson's reader goes on after some allocations that failed: a number then lacks digits, and sound
 * text is called a syntax error. So the functions by which it allocates, whichever they are, are asked
 * by way of this one, and what was read while one failed is not taken.
 */
static _Thread_local bool starved;
static json_malloc_t real_malloc;

static void *noting_malloc(size_t len)
{
    void *memory = real_malloc(len);

    if (memory == NULL)
        starved = true;
    return memory;
}

/* Before any thread reads; an application that sets functions of its own afterwards undoes it. */
__attribute__((constructor)) static void note_starving(void)
{
    json_free_t real_free;

    json_get_alloc_funcs(&real_malloc, &real_free);
    json_set_alloc_funcs(noting_malloc, real_free);
}

static bool is_number_char(uint8_t c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static size_t digits_at(const uint8_t *p, size_t len, size_t pos)
{
    size_t n = 0;

    while (pos + n < len && p[pos + n] >= '0' && p[pos + n] <= '9')
        n++;
    return n;
}

/* Whether the token is a number as RFC 8259 has it. */
static bool is_number(const uint8_t *p, size_t len)
{
    size_t pos = len > 0 && p[0] == '-' ? 1 : 0;
    size_t n = digits_at(p, len, pos);

    if (n == 0 || (n > 1 && p[pos] == '0'))
        return false;
    pos += n;
    if (pos < len && p[pos] == '.') {
        n = digits_at(p, len, pos + 1);
        if (n == 0)
            return false;
        pos += 1 + n;
    }
    if (pos < len && (p[pos] == 'e' || p[pos] == 'E')) {
        pos++;
        if (pos < len && (p[pos] == '+' || p[pos] == '-'))
            pos++;
        n = digits_at(p, len, pos);
        if (n == 0)
            return false;
        pos += n;
    }
    return pos == len;
}

/* The value of a token of digits only, when 64 bits hold it. */
static bool read_u64(const uint8_t *p, size_t len, uint64_t *out)
{
    uint64_t value = 0;

    if (digits_at(p, len, 0) != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!ss_mul_u64(value, 10, &value) || !ss_add_u64(value, p[i] - (uint64_t)'0', &value))
            return false;
    *out = value;
    return true;
}

/* Writes the token's stand-in and returns its length: at most 20 bytes, or those of the token. */
static size_t rewrite_number(const uint8_t *p, size_t len, char *out)
{
    uint64_t value;

    if (!is_number(p, len)) {
        memcpy(out, p, len);
        return len;
    }
    if (!read_u64(p, len, &value)) {
        memcpy(out, FRACTION, sizeof(FRACTION) - 1);
        return sizeof(FRACTION) - 1;
    }
    if (value > INT64_MAX)
        return (size_t)sprintf(out, "%" PRId64, (int64_t)value);
    memcpy(out, p, len);
    return len;
}

/* Copies the text with its numbers rewritten; out has room for 2 x len + 2 bytes. */
static size_t rewrite(struct ss_span text, char *out)
{
    const uint8_t *p = text.ptr;
    size_t len = (size_t)text.len, pos = 0, used = 0;
    bool in_string = false;

    while (pos < len) {
        size_t token = 0;

        while (!in_string && pos + token < len && is_number_char(p[pos + token]) &&
               (token > 0 || p[pos] == '-' || (p[pos] >= '0' && p[pos] <= '9')))
            token++;
        if (token > 0) {
            used += rewrite_number(p + pos, token, out + used);
            pos += token;
            continue;
        }
        if (in_string && p[pos] == '\\' && pos + 1 < len)
            out[used++] = (char)p[pos++];
        else if (p[pos] == '"')
            in_string = !in_string;
        out[used++] = (char)p[pos++];
    }
    return used;
}

static enum ss_status refuse(struct ss_span text, const char *what, uint64_t pgid,
                             const json_error_t *why, struct ss_error *err)
{
    char escaped[sizeof(why->text) * 4];

    ss_text_escape(why->text, strlen(why->text), escaped, sizeof(escaped));
    return ss_corrupt(err, SS_E_FIELD, text.off, pgid, "%s is no JSON object: %s", what, escaped);
}

enum ss_status ss_json_doc_load(struct ss_span text, const char *what, uint64_t pgid, json_t **out,
                                struct ss_error *err)
{
    json_error_t why = {0};
    char *copy;
    size_t len;

    *out = NULL;
    if (text.len > SS_JSON_LEN_MAX)
        return ss_corrupt(err, SS_E_FIELD, text.off, pgid,
                          "%s has %" PRIu64 " bytes, more than any that etcd writes", what,
                          text.len);
    copy = malloc((size_t)text.len * 2 + 2);
    if (copy == NULL)
        return ss_nomem(err, text.len * 2 + 2);
    len = rewrite(text, copy);
    starved = false;
    *out = json_loadb(copy, len, 0, &why);
    free(copy);
    if (starved || (*out == NULL && json_error_code(&why) == json_error_out_of_memory)) {
        json_decref(*out);
        *out = NULL;
        return ss_nomem(err, text.len);
    }
    if (*out == NULL)
        return refuse(text, what, pgid, &why, err);
    if (!json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        return ss_corrupt(err, SS_E_FIELD, text.off, pgid, "%s is no JSON object", what);
    }
    return SS_OK;
}

bool ss_json_doc_u64(const json_t *value, uint64_t *out)
{
    if (!json_is_integer(value))
        return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}

static enum ss_status wrong_type(const char *name, uint64_t off, uint64_t pgid,
                                 struct ss_error *err)
{
    return ss_corrupt(err, SS_E_FIELD, off, pgid, "\"%s\" is of another type than etcd writes",
                      name);
}

enum ss_status ss_json_doc_field(const json_t *object, const char *name, json_type due,
                                 uint64_t off, uint64_t pgid, const json_t **out,
                                 struct ss_error *err)
{
    *out = json_object_get(object, name);
    if (*out != NULL && json_is_null(*out))
        *out = NULL;
    if (*out != NULL && json_typeof(*out) != due)
        return wrong_type(name, off, pgid, err);
    return SS_OK;
}

enum ss_status ss_json_doc_bool(const json_t *object, const char *name, uint64_t off, uint64_t pgid,
                                bool *out, struct ss_error *err)
{
    const json_t *value = json_object_get(object, name);

    if (value == NULL || json_is_null(value))
        return SS_OK;
    if (!json_is_boolean(value))
        return wrong_type(name, off, pgid, err);
    *out = json_is_true(value);
    return SS_OK;
}
