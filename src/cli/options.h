/*
 * options.h - one table per command says what options there are: it drives getopt_long, the range
 * checks and the help text alike, so that none of them can differ from the others.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct cli_command;

enum cli_option_kind {
    CLI_OPTION_FLAG,   /* bool */
    CLI_OPTION_TEXT,   /* const char *, borrowed from argv */
    CLI_OPTION_NUMBER, /* uint64_t within [min, max] */
    CLI_OPTION_SIZE,   /* the same, with K, M, G or T behind it as a power of 1024 */
    CLI_OPTION_CHOICE  /* int: index into choices */
};

struct cli_option {
    const char *name;
    char letter; /* 0: only long */
    enum cli_option_kind kind;
    size_t slot;      /* offsetof the field that it fills */
    const char *arg;  /* "N", "PATH"; NULL for a flag */
    const char *help; /* a phrase for --help, broken by hand; the manual page begins with it */
    const char *more; /* whole sentences for the manual page; NULL: none */
    uint64_t min, max;
    const char *const *choices; /* ended by NULL */
};

/* The values of --meta: an index is an enum ss_meta_choice. */
extern const char *const cli_meta_choices[];

#define CLI_THREADS_MAX 256

/* The row of --threads, of the commands that share their work; the slot is a uint64_t. */
#define CLI_OPTION_THREADS(opts)                                                              \
    {                                                                                         \
        .name = "threads", .kind = CLI_OPTION_NUMBER, .slot = offsetof(struct opts, threads), \
        .arg = "N", .help = "use N threads at most (default one a processor)",                \
        .more = "The answer is the same.", .min = 1, .max = CLI_THREADS_MAX                   \
    }

/* The rows that say which inputs may be sealed; opts.hash is a struct ss_hash_rules. */
#define CLI_OPTIONS_HASH_RULES(opts)                                                               \
    {.name = "allow-missing-hash",                                                                 \
     .kind = CLI_OPTION_FLAG,                                                                      \
     .slot = offsetof(struct opts, hash.allow_missing_hash),                                       \
     .help = "go on where there is no hash, if structure and\nrecords are sound; one that does "   \
             "not match is\nrefused as ever"},                                                     \
    {                                                                                              \
        .name = "skip-hash-check", .kind = CLI_OPTION_FLAG,                                        \
        .slot = offsetof(struct opts, hash.skip_hash_check),                                       \
        .help = "the same where there is none or one that does not\nmatch; it is checked all the " \
                "same",                                                                            \
        .more = "The result of the check is stated."                                               \
    }

/* What every command takes. */
struct cli_common {
    bool help;
    bool json;
    bool no_color;
    bool no_progress;
    bool no_sandbox;
    bool require_sandbox;
    const char *member;
    uint64_t page_size;      /* 0: as the file says */
    int meta;                /* enum ss_meta_choice */
    uint64_t unpacked_limit; /* 0: the library's default */
};

extern const struct cli_option cli_common_options[];

/*
 * Parses argv[1..] by the command's own table and the common one; options and arguments may be
 * mixed, "--" ends the options. On success the arguments stand at argv[*first_arg] and after.
 * Returns false after it has printed what is wrong to standard error.
 */
bool cli_options_parse(const struct cli_command *command, int argc, char **argv,
                       struct cli_common *common, void *opts, int *first_arg);

/* The options part of a command's help text. */
void cli_options_help(const struct cli_command *command, FILE *to);

/* A text broken by hand, its further lines behind `indent` blanks, and a line feed. */
void cli_help_indent(const char *text, int indent, FILE *to);

/*
 * A number in decimal or, behind 0x, in hex: all of the text, no sign, no blank, within [min, max].
 * cli_size_parse also takes one of K, M, G and T behind it. False leaves *out alone.
 */
bool cli_number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *out);
bool cli_size_parse(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* The candidate that a mistyped word most likely meant, or NULL when none is near. */
const char *cli_nearest(const char *word, const char *const *candidates, size_t count);

#endif
