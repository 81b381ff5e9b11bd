/*
 * options.h - one table per command says what options there are: it drives getopt_long, the range
 * checks and the help text alike, so that none of them can differ from the others.
 */
#ifndef SS_CLI_OPTIONS_H
#define SS_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct ss_command;

enum ss_option_kind {
    SS_OPTION_FLAG,   /* bool */
    SS_OPTION_TEXT,   /* const char *, borrowed from argv */
    SS_OPTION_NUMBER, /* uint64_t within [min, max] */
    SS_OPTION_SIZE,   /* the same, with K, M, G or T behind it as a power of 1024 */
    SS_OPTION_CHOICE  /* int: index into choices */
};

struct ss_option {
    const char *name;
    char letter; /* 0: only long */
    enum ss_option_kind kind;
    size_t slot;     /* offsetof the field that it fills */
    const char *arg; /* "N", "PATH"; NULL for a flag */
    const char *help;
    uint64_t min, max;
    const char *const *choices; /* ended by NULL */
};

/* The values of --meta: an index is an enum ss_meta_choice. */
extern const char *const ss_meta_choices[];

#define SS_CLI_THREADS_MAX 256

/* The row of --threads, of the commands that share their work; the slot is a uint64_t. */
#define SS_OPTION_THREADS(opts)                                                              \
    {                                                                                        \
        .name = "threads", .kind = SS_OPTION_NUMBER, .slot = offsetof(struct opts, threads), \
        .arg = "N", .help = "use N threads at most (default one a processor)", .min = 1,     \
        .max = SS_CLI_THREADS_MAX                                                            \
    }

/* What every command takes. */
struct ss_common {
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

extern const struct ss_option ss_common_options[];

/*
 * Parses argv[1..] by the command's own table and the common one; options and arguments may be
 * mixed, "--" ends the options. On success the arguments stand at argv[*first_arg] and after.
 * Returns false after it has printed what is wrong to standard error.
 */
bool ss_options_parse(const struct ss_command *command, int argc, char **argv,
                      struct ss_common *common, void *opts, int *first_arg);

/* The options part of a command's help text. */
void ss_options_help(const struct ss_command *command, FILE *to);

/*
 * A number in decimal or, behind 0x, in hex: all of the text, no sign, no blank, within [min, max].
 * ss_size_parse also takes one of K, M, G and T behind it. False leaves *out alone.
 */
bool ss_number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *out);
bool ss_size_parse(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* The candidate that a mistyped word most likely meant, or NULL when none is near. */
const char *ss_nearest(const char *word, const char *const *candidates, size_t count);

#endif
