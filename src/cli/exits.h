/*
 * exits.h - the exit codes.
 */
#ifndef CLI_EXITS_H
#define CLI_EXITS_H

/* The exit codes of every command; docs/commands.md explains them to users. */
enum cli_exit {
    CLI_EXIT_OK = 0,      /* done; found */
    CLI_EXIT_ANSWER = 1,  /* done, and the answer is "damaged", "different" or "not found" */
    CLI_EXIT_USAGE = 2,   /* the command line makes no sense */
    CLI_EXIT_REFUSED = 3, /* the input cannot be read, or damage kept the answer from being whole */
    CLI_EXIT_SYSTEM = 4,  /* memory, I/O or output failed */
    CLI_EXIT_COUNT
};

#endif
