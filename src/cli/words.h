/*
 * words.h - keys and bucket paths as users type them, turned into bytes.
 *
 *     text     /registry/pods/a    the bytes as they are
 *     escaped  a\x00b\\c           as our own output prints them
 *     hex      2f61                two digits a byte
 *     base64   L2E=                as in key_base64
 *
 * A bucket's name is text in which %XX stands for a byte (%25 for %, %2F for a slash inside a name).
 */
#ifndef SS_CLI_WORDS_H
#define SS_CLI_WORDS_H

#include <snapscope.h>

#include "options.h"

enum ss_key_format {
    SS_KEY_TEXT,
    SS_KEY_ESCAPED,
    SS_KEY_HEX,
    SS_KEY_BASE64
};

/* "text", "escaped", "hex", "base64", in the order of the enum: the choices of --key-format. */
extern const char *const ss_key_formats[];

/* Bytes that a word stood for; `ptr` is never NULL and freed by ss_word_fini. Zeroed is empty. */
struct ss_word {
    uint8_t *ptr;
    size_t len;
};

void ss_word_fini(struct ss_word *word);

/* False, with nothing to free, when the text is not well formed. */
bool ss_word_parse(const char *text, enum ss_key_format format, struct ss_word *out);

/* One bucket name, %XX decoded. False when a % is not followed by two hex digits. */
bool ss_word_parse_name(const char *text, size_t len, struct ss_word *out);

/* A bucket path: spans over bytes of its own. ss_path_fini also after a failure. Zeroed is empty. */
struct ss_path {
    struct ss_span *spans;
    struct ss_word *names;
    size_t count;
};

void ss_path_fini(struct ss_path *path);

/* From separate words, or from one in which "/" parts the names. False: not well formed. */
bool ss_path_from_words(char *const *words, size_t count, struct ss_path *out);
bool ss_path_from_text(const char *text, struct ss_path *out);

/* The key of `text` in a command's --key-format, or a message about usage: then the exit code. */
struct ss_run;
int ss_word_take(const struct ss_run *run, const char *what, const char *text, int format,
                 struct ss_word *out);

/* What --prefix, --from and --to name, as typed; NULL: not given. */
struct ss_range_words {
    const char *prefix, *from, *to;
};

/* Their bytes, which a struct ss_range borrows. Zeroed is empty. */
struct ss_range_bytes {
    struct ss_word prefix, from, to;
};
void ss_range_bytes_fini(struct ss_range_bytes *bytes);

/* Fills a zeroed range from them, or gives the exit code. ss_range_bytes_fini also after a failure. */
int ss_range_take(const struct ss_run *run, const struct ss_range_words *words, int format,
                  struct ss_range_bytes *bytes, struct ss_range *out);

/* The same as ss_word_take for --bucket. ss_path_fini also after a failure. */
int ss_path_take(const struct ss_run *run, const char *text, struct ss_path *out);

#endif
