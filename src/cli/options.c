/*
 * options.c - the option tables at work: getopt_long, values and their ranges, help text, and the
 * word that was most likely meant. Messages go to standard error and name command and option.
 */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "print.h"

/* Bounds of bbolt: pages are a power of two between these. */
#define PAGE_SIZE_MIN 1024
#define PAGE_SIZE_MAX (UINT64_C(16) << 20)

/* Long options have no letter of their own: they are numbered from here on. */
#define LONG_BASE 256
#define OPTIONS_MAX 40

const char *const cli_meta_choices[] = {"auto", "0", "1", NULL};

const struct cli_option cli_common_options[] = {
    {.name = "json",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct cli_common, json),
     .help = "print one JSON document instead of text"},
    {.name = "member",
     .kind = CLI_OPTION_TEXT,
     .slot = offsetof(struct cli_common, member),
     .arg = "NAME",
     .help = "the file to read, when an archive holds several"},
    {.name = "page-size",
     .kind = CLI_OPTION_SIZE,
     .slot = offsetof(struct cli_common, page_size),
     .arg = "SIZE",
     .help = "look for the meta pages at 0 and at SIZE only",
     .more = "A power of two from 1K to 16M.",
     .min = PAGE_SIZE_MIN,
     .max = PAGE_SIZE_MAX},
    {.name = "meta",
     .kind = CLI_OPTION_CHOICE,
     .slot = offsetof(struct cli_common, meta),
     .arg = "N",
     .help = "read the tree of meta page N, 0 or 1: the older\none has the state before the last "
             "commit",
     .more = "That one may be whole when the newer one is damaged. A meta page that cannot be used "
             "is refused. The default is `auto`, the one in force.",
     .choices = cli_meta_choices},
    {.name = "unpacked-limit",
     .kind = CLI_OPTION_SIZE,
     .slot = offsetof(struct cli_common, unpacked_limit),
     .arg = "SIZE",
     .help = "refuse what unpacks to more (default 64G)",
     .more = "SIZE is a number of bytes; K, M, G or T may follow.",
     .min = 1,
     .max = INT64_MAX},
    {.name = "no-color",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct cli_common, no_color),
     .help = "no colour, not even on a terminal"},
    {.name = "no-progress",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct cli_common, no_progress),
     .help = "no progress line, not even on a terminal"},
    {.name = "no-sandbox",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct cli_common, no_sandbox),
     .help = "give up no right to write, connect, start programs",
     .more =
         "These are otherwise given up before the input is read. It is said on standard error."},
    {.name = "require-sandbox",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct cli_common, require_sandbox),
     .help = "do nothing where the sandbox is not whole",
     .more = "The exit code is 4 where the kernel or the build has only a part of it."},
    {.name = "help",
     .letter = 'h',
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct cli_common, help),
     .help = "print this help"},
    {.name = NULL},
};

/* Both tables as one list, with the struct that each option's slot lies in. */
struct merged {
    struct {
        const struct cli_option *option;
        void *base;
    } items[OPTIONS_MAX];
    size_t count;
    struct option longs[OPTIONS_MAX + 1];
    char shorts[2 * OPTIONS_MAX + 2];
};

static void merge(struct merged *m, const struct cli_option *table, void *base)
{
    for (; table->name != NULL && m->count < OPTIONS_MAX; table++) {
        m->items[m->count].option = table;
        m->items[m->count].base = base;
        m->longs[m->count] = (struct option){
            .name = table->name,
            .has_arg = table->kind == CLI_OPTION_FLAG ? no_argument : required_argument,
            .val = LONG_BASE + (int)m->count,
        };
        if (table->letter != 0) {
            size_t len = strlen(m->shorts);
            m->shorts[len++] = table->letter;
            if (table->kind != CLI_OPTION_FLAG) {
                m->shorts[len++] = ':';
            }
            m->shorts[len] = '\0';
        }
        m->count++;
    }
}

static bool parse_digits(const char *text, uint64_t *out, const char **end)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    if (hex ? !isxdigit((unsigned char)text[2]) : !isdigit((unsigned char)text[0])) {
        return false;
    }
    char *stop;
    errno = 0;
    unsigned long long value = strtoull(text, &stop, hex ? 16 : 10);
    if (errno != 0) {
        return false;
    }
    *out = value;
    *end = stop;
    return true;
}

bool cli_number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    const char *end;
    uint64_t value;
    if (!parse_digits(text, &value, &end) || *end != '\0' || value < min || value > max) {
        return false;
    }
    *out = value;
    return true;
}

bool cli_size_parse(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    static const char suffixes[] = "KMGT";
    const char *end;
    uint64_t value;
    if (!parse_digits(text, &value, &end)) {
        return false;
    }
    if (*end != '\0') {
        const char *suffix = strchr(suffixes, *end);
        if (suffix == NULL || end[1] != '\0') {
            return false;
        }
        for (long i = suffix - suffixes; i >= 0; i--) {
            if (__builtin_mul_overflow(value, UINT64_C(1024), &value)) {
                return false;
            }
        }
    }
    if (value < min || value > max) {
        return false;
    }
    *out = value;
    return true;
}

#define WORD_MAX 64

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein distance; words longer than WORD_MAX are never near. */
static size_t word_distance(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > WORD_MAX || b_len > WORD_MAX) {
        return SIZE_MAX;
    }
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t swap = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = smaller(swap, smaller(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_len];
}

const char *cli_nearest(const char *word, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    size_t best_distance = smaller(strlen(word) / 3 + 1, 3) + 1;
    for (size_t i = 0; i < count; i++) {
        size_t distance = word_distance(word, candidates[i]);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidates[i];
        }
    }
    return best;
}

__attribute__((format(printf, 2, 3))) static bool complain(const struct cli_command *command,
                                                           const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) {
        text = NULL;
    }
    va_end(args);
    /* What was typed stands in it, and may have come from a file's name. */
    char *shown = cli_escaped_name(text != NULL ? text : "out of memory");
    fprintf(stderr, "snapscope %s: %s\n", command->name, shown);
    free(shown);
    free(text);
    return false;
}

static bool complain_value(const struct cli_command *command, const struct cli_option *option,
                           const char *text)
{
    switch (option->kind) {
    case CLI_OPTION_CHOICE: {
        char list[256] = "";
        size_t len = 0;
        for (const char *const *choice = option->choices; *choice != NULL; choice++) {
            int n = snprintf(list + len, sizeof(list) - len, "%s%s", len == 0 ? "" : ", ", *choice);
            len = smaller(len + (size_t)n, sizeof(list) - 1);
        }
        return complain(command, "--%s: '%s' is none of %s", option->name, text, list);
    }
    case CLI_OPTION_SIZE:
        return complain(command,
                        "--%s: '%s' is no size from %" PRIu64 " to %" PRIu64
                        " bytes (K, M, G and T may follow)",
                        option->name, text, (uint64_t)option->min, (uint64_t)option->max);
    default:
        return complain(command, "--%s: '%s' is no whole number from %" PRIu64 " to %" PRIu64,
                        option->name, text, (uint64_t)option->min, (uint64_t)option->max);
    }
}

static bool choice_parse(const char *text, const char *const *choices, int *out)
{
    for (int i = 0; choices[i] != NULL; i++) {
        if (strcmp(choices[i], text) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool option_set(const struct cli_command *command, const struct cli_option *option,
                       void *base, const char *text)
{
    void *slot = (char *)base + option->slot;
    bool good = true;
    switch (option->kind) {
    case CLI_OPTION_FLAG:
        *(bool *)slot = true;
        break;
    case CLI_OPTION_TEXT:
        *(const char **)slot = text;
        break;
    case CLI_OPTION_NUMBER:
        good = cli_number_parse(text, option->min, option->max, slot);
        break;
    case CLI_OPTION_SIZE:
        good = cli_size_parse(text, option->min, option->max, slot);
        break;
    case CLI_OPTION_CHOICE:
        good = choice_parse(text, option->choices, slot);
        break;
    }
    return good || complain_value(command, option, text);
}

/* A long option that getopt_long does not know: it is an unclear beginning of several, or a slip. */
static bool complain_unknown(const struct cli_command *command, const struct merged *m,
                             const char *word)
{
    char name[WORD_MAX + 1];
    const char *names[OPTIONS_MAX];
    size_t len = smaller(strcspn(word, "="), WORD_MAX);
    memcpy(name, word, len);
    name[len] = '\0';
    const char *first = NULL;
    for (size_t i = 0; i < m->count; i++) {
        names[i] = m->items[i].option->name;
        if (strncmp(names[i], name, len) != 0) {
            continue;
        }
        if (first != NULL) {
            return complain(command, "option --%s may mean --%s or --%s", name, first, names[i]);
        }
        first = names[i];
    }
    const char *near = cli_nearest(name, names, m->count);
    if (near != NULL) {
        return complain(command, "there is no option --%s; did you mean --%s?", name, near);
    }
    return complain(command, "there is no option --%s", name);
}

static bool complain_getopt(const struct cli_command *command, const struct merged *m, int got,
                            const char *word)
{
    const struct cli_option *option =
        optopt >= LONG_BASE ? m->items[optopt - LONG_BASE].option : NULL;
    if (option != NULL) {
        return got == ':' ? complain(command, "--%s needs a value: %s", option->name, option->arg)
                          : complain(command, "--%s takes no value", option->name);
    }
    if (optopt != 0) {
        return got == ':' ? complain(command, "-%c needs a value", optopt)
                          : complain(command, "there is no option -%c", optopt);
    }
    return complain_unknown(command, m, word + strspn(word, "-"));
}

static bool common_check(const struct cli_command *command, const struct cli_common *common)
{
    if ((common->page_size & (common->page_size - 1)) != 0) {
        return complain(command, "--page-size: %" PRIu64 " is no power of two",
                        (uint64_t)common->page_size);
    }
    if (common->no_sandbox && common->require_sandbox) {
        return complain(command, "--no-sandbox and --require-sandbox contradict each other");
    }
    return true;
}

bool cli_options_parse(const struct cli_command *command, int argc, char **argv,
                       struct cli_common *common, void *opts, int *first_arg)
{
    struct merged m = {.shorts = ":"};
    merge(&m, command->options, opts);
    merge(&m, cli_common_options, common);
    opterr = 0;
    optind = 1;
    int got;
    while ((got = getopt_long(argc, argv, m.shorts, m.longs, NULL)) != -1) {
        if (got == '?' || got == ':') {
            return complain_getopt(command, &m, got, argv[optind - 1]);
        }
        for (size_t i = 0; i < m.count; i++) {
            const struct cli_option *option = m.items[i].option;
            if ((got == LONG_BASE + (int)i || got == option->letter) &&
                !option_set(command, option, m.items[i].base, optarg)) {
                return false;
            }
        }
    }
    *first_arg = optind;
    return common_check(command, common);
}

void cli_help_indent(const char *text, int indent, FILE *to)
{
    for (; *text != '\0'; text++) {
        fputc(*text, to);
        if (*text == '\n') {
            fprintf(to, "%*s", indent, "");
        }
    }
    fputc('\n', to);
}

static void table_help(const struct cli_option *table, FILE *to)
{
    for (; table->name != NULL; table++) {
        char head[64];
        char letter[5] = "    ";
        if (table->letter != 0) {
            snprintf(letter, sizeof(letter), "-%c, ", table->letter);
        }
        snprintf(head, sizeof(head), "  %s--%s%s%s", letter, table->name,
                 table->arg == NULL ? "" : " ", table->arg == NULL ? "" : table->arg);
        fprintf(to, "%-28s  ", head);
        cli_help_indent(table->help, 30, to);
    }
}

void cli_options_help(const struct cli_command *command, FILE *to)
{
    if (command->options->name != NULL) {
        fputs("Options:\n", to);
        table_help(command->options, to);
        fputc('\n', to);
    }
    fputs("Options of every command:\n", to);
    table_help(cli_common_options, to);
}
