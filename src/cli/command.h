/*
 * command.h - what a command is: its words for the help, its options, and the function that runs it.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stddef.h>

#include "exits.h"

struct cli_option;
struct cli_run;
struct cli_sandbox;

struct cli_command {
    const char *name;
    const char *required;              /* an option that there has to be, "-o OUT"; NULL: none */
    const char *args;                  /* "FILE ID", for the usage line */
    const char *summary;               /* one line for the list of commands, without a stop */
    const char *detail;                /* a paragraph for --help, broken by hand at 80 columns */
    const char *exits[CLI_EXIT_COUNT]; /* what each means here, as cli_command_exit has it */
    const struct cli_option *options;  /* its own, ended by a NULL name */
    size_t opts_size;                  /* of the struct that the options' slots lie in, zeroed */
    size_t min_args, max_args;
    size_t input_count; /* how many arguments are inputs, the first ones; 0: one */
    /* Names the outputs of this run to the sandbox; NULL: it never has one. */
    void (*outputs)(const struct cli_run *run, struct cli_sandbox *sandbox);
    int (*run)(struct cli_run *run);
};

/* Code 3 of a command that lists what etcd keeps. */
#define CLI_EXITS_NOT_ETCD                                                     \
    "the input is refused, is not etcd's, or damage was met: standard error\n" \
    "says which, and what stands is printed"

/* What an exit code of the command means, the usual if it does not say; NULL: it never has it. */
const char *cli_command_exit(const struct cli_command *command, int code);

/* All commands in the order of the help text. */
extern const struct cli_command *const cli_commands[];
extern const size_t cli_command_count;

#endif
