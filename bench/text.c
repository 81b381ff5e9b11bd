/*
 * text.c - how fast the inner loops of the dump are, on values of 1000 bytes.
 *
 * Prints GB of input a second, best of five rounds, of each vector kernel and of what it stands in for.
 */
#include "util/text.h"
#include "export/json_text.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VALUE_LEN 1000u
#define VALUE_COUNT 256u
#define ROUND_COUNT 5u
#define REPEATS 400u

static uint8_t values[VALUE_COUNT][VALUE_LEN];
static char encoded[VALUE_LEN * 2];
static struct ss_outbuf out;

static bool drop(void *ctx, const void *bytes, size_t len)
{
    (void)ctx;
    (void)bytes;
    (void)len;
    return true;
}

static size_t base64(const uint8_t *value)
{
    return ss_text_base64(value, VALUE_LEN, encoded);
}

static size_t base64_openssl(const uint8_t *value)
{
    return ss_text_base64_portable(value, VALUE_LEN, encoded);
}

static size_t clean(const uint8_t *value)
{
    return ss_text_is_clean(value, VALUE_LEN);
}

static size_t clean_portable(const uint8_t *value)
{
    return ss_text_is_clean_portable(value, VALUE_LEN);
}

static size_t json(const uint8_t *value)
{
    ss_json_string(&out, value, VALUE_LEN);
    return out.len;
}

static size_t json_portable(const uint8_t *value)
{
    ss_json_string_portable(&out, value, VALUE_LEN);
    return out.len;
}

static size_t json_jansson(const uint8_t *value)
{
    json_t *text = json_stringn_nocheck((const char *)value, VALUE_LEN);
    size_t len = json_dumpb(text, encoded, sizeof(encoded), JSON_ENCODE_ANY);

    json_decref(text);
    return len;
}

enum content {
    BINARY,
    PLAIN,
    QUOTED,
    ACCENTED
};

/* Random bytes; letters; letters with a quote each 12 bytes; letters with an é each 8. */
static void fill(enum content content)
{
    uint32_t seed = 1;

    for (size_t n = 0; n < VALUE_COUNT; n++) {
        for (size_t i = 0; i < VALUE_LEN; i++) {
            seed = seed * 1664525u + 1013904223u;
            values[n][i] = (uint8_t)(content == BINARY ? seed >> 24 : 'a' + (seed >> 24) % 26);
            if (content == QUOTED && i % 12 == 0) {
                values[n][i] = '"';
            }
            if (content == ACCENTED && i % 8 < 2) {
                values[n][i] = i % 8 == 0 ? 0xC3 : 0xA9;
            }
        }
    }
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void measure(const char *name, enum content content, size_t (*run)(const uint8_t *value))
{
    double best = 0;
    size_t sum = 0;

    fill(content);
    for (unsigned round = 0; round < ROUND_COUNT; round++) {
        double start = seconds(), rate;

        for (unsigned i = 0; i < REPEATS; i++) {
            for (size_t n = 0; n < VALUE_COUNT; n++) {
                sum += run(values[n]);
            }
        }
        rate = (double)VALUE_LEN * VALUE_COUNT * REPEATS / (seconds() - start) / 1e9;
        best = rate > best ? rate : best;
    }
    printf("%-44s %7.2f GB/s%s\n", name, best, sum == 0 ? " (nothing done)" : "");
}

int main(void)
{
    if (!ss_outbuf_init(&out, drop, NULL)) {
        return 1;
    }
    measure("base64, random bytes: OpenSSL", BINARY, base64_openssl);
    measure("base64, random bytes: ours", BINARY, base64);
    measure("is it clean, ASCII: by words", PLAIN, clean_portable);
    measure("is it clean, ASCII: ours", PLAIN, clean);
    measure("is it clean, an accent each 8 bytes: by words", ACCENTED, clean_portable);
    measure("is it clean, an accent each 8 bytes: ours", ACCENTED, clean);
    measure("JSON string, letters: Jansson", PLAIN, json_jansson);
    measure("JSON string, letters: by words", PLAIN, json_portable);
    measure("JSON string, letters: ours", PLAIN, json);
    measure("JSON string, a quote each 12 bytes: Jansson", QUOTED, json_jansson);
    measure("JSON string, a quote each 12 bytes: by words", QUOTED, json_portable);
    measure("JSON string, a quote each 12 bytes: ours", QUOTED, json);
    ss_outbuf_fini(&out);
    return 0;
}
