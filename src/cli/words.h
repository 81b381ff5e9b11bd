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
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include <snapscope.h>

#include "options.h"

enum cli_key_format {
    CLI_KEY_TEXT,
    CLI_KEY_ESCAPED,
    CLI_KEY_HEX,
    CLI_KEY_BASE64
};

/* "text", "escaped", "hex", "base64", in the order of the enum: the choices of --key-format. */
extern const char *const cli_key_formats[];

/* The rows that pick a range of keys; the slots are const char * and, of --key-format, an int. */
#define CLI_OPTIONS_RANGE(opts)                                                  \
    {.name = "prefix",                                                           \
     .kind = CLI_OPTION_TEXT,                                                    \
     .slot = offsetof(struct opts, prefix),                                      \
     .arg = "KEY",                                                               \
     .help = "only keys that begin with KEY"},                                   \
        {.name = "from",                                                         \
         .kind = CLI_OPTION_TEXT,                                                \
         .slot = offsetof(struct opts, from),                                    \
         .arg = "KEY",                                                           \
         .help = "only KEY and the keys behind it"},                             \
        {.name = "to",                                                           \
         .kind = CLI_OPTION_TEXT,                                                \
         .slot = offsetof(struct opts, to),                                      \
         .arg = "KEY",                                                           \
         .help = "only the keys before KEY"},                                    \
    {                                                                            \
        .name = "key-format", .kind = CLI_OPTION_CHOICE,                         \
        .slot = offsetof(struct opts, key_format), .arg = "FORM",                \
        .help = "KEYs are text, escaped (\\xNN), hex or base64",                 \
        .more = "`text` is the default; `escaped` is as snapscope prints keys.", \
        .choices = cli_key_formats                                               \
    }

/* Bytes that a word stood for; `ptr` is never NULL and freed by cli_word_fini. Zeroed is empty. */
struct cli_word {
    uint8_t *ptr;
    size_t len;
};

void cli_word_fini(struct cli_word *word);

/* False, with nothing to free, when the text is not well formed. */
bool cli_word_parse(const char *text, enum cli_key_format format, struct cli_word *out);

/* One bucket name, %XX decoded. False when a % is not followed by two hex digits. */
bool cli_word_parse_name(const char *text, size_t len, struct cli_word *out);

/* A bucket path: spans over bytes of its own. cli_path_fini also after a failure. Zeroed is empty. */
struct cli_path {
    struct ss_span *spans;
    struct cli_word *names;
    size_t count;
};

void cli_path_fini(struct cli_path *path);

/* From separate words, or from one in which "/" parts the names. False: not well formed. */
bool cli_path_from_words(char *const *words, size_t count, struct cli_path *out);
bool cli_path_from_text(const char *text, struct cli_path *out);

/* The key of `text` in a command's --key-format, or a message about usage: then the exit code. */
struct cli_run;
int cli_word_take(const struct cli_run *run, const char *what, const char *text, int format,
                  struct cli_word *out);

/* What --prefix, --from and --to name, as typed; NULL: not given. */
struct cli_range_words {
    const char *prefix, *from, *to;
};

/* Their bytes, which a struct ss_range borrows. Zeroed is empty. */
struct cli_range_bytes {
    struct cli_word prefix, from, to;
};
void cli_range_bytes_fini(struct cli_range_bytes *bytes);

/* Fills a zeroed range from them, or gives the exit code. cli_range_bytes_fini also after a failure. */
int cli_range_take(const struct cli_run *run, const struct cli_range_words *words, int format,
                   struct cli_range_bytes *bytes, struct ss_range *out);

/* The same as cli_word_take for --bucket. cli_path_fini also after a failure. */
int cli_path_take(const struct cli_run *run, const char *text, struct cli_path *out);

#endif
