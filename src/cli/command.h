/*
 * command.h - what a command is, and the one run of it that a process makes.
 *
 *   main ── ss_command_main ── options ── cmd_NAME.c: run(struct ss_run *) ── exit code
 *
 * A command gets its parsed options and arguments, opens its input with ss_run_open, writes data
 * through run->out and nothing else to standard output, and returns an exit code. What has to be
 * closed, flushed and checked afterwards is the framework's work, not the command's.
 */
#ifndef SS_CLI_COMMAND_H
#define SS_CLI_COMMAND_H

#include <snapscope.h>

#include "options.h"
#include "out.h"
#include "progress.h"
#include "sandbox.h"
#include "tmpfiles.h"

/* The exit codes of every command; docs/commands.md explains them to users. */
enum ss_exit {
    SS_EXIT_OK = 0,      /* done; found */
    SS_EXIT_ANSWER = 1,  /* done, and the answer is "damaged", "different" or "not found" */
    SS_EXIT_USAGE = 2,   /* the command line makes no sense */
    SS_EXIT_REFUSED = 3, /* the input cannot be read, or damage kept the answer from being whole */
    SS_EXIT_SYSTEM = 4   /* memory, I/O or output failed */
};

struct ss_run;

struct ss_command {
    const char *name;
    const char *args;                /* "FILE ID", for the usage line */
    const char *summary;             /* one line for the list of commands, without a stop */
    const char *detail;              /* a paragraph for --help, broken by hand at 80 columns */
    const char *exits;               /* its exit codes for --help; NULL: the usual ones */
    const struct ss_option *options; /* its own, ended by a NULL name */
    size_t opts_size;                /* of the struct that the options' slots lie in, zeroed */
    size_t min_args, max_args;
    size_t input_count; /* how many arguments are inputs, the first ones; 0: one */
    /* Names the outputs of this run to the sandbox; NULL: it never has one. */
    void (*outputs)(const struct ss_run *run, struct ss_sandbox *sandbox);
    int (*run)(struct ss_run *run);
};

/* All commands in the order of the help text. */
extern const struct ss_command *const ss_commands[];
extern const size_t ss_command_count;

struct ss_run {
    const struct ss_command *command;
    struct ss_common common;
    void *opts; /* the command's own struct, filled */
    char **args;
    size_t arg_count;
    int argc; /* as typed, the command's name first: for hints that repeat it */
    char **argv;
    struct ss_out out; /* standard output */
    struct ss_progress progress;
    struct ss_file *file;   /* after ss_run_open; closed by the framework */
    const char *input_name; /* for messages; NULL before ss_run_open */
    int meta, second_meta;  /* enum ss_meta_choice, set before opening; as --meta unless changed */
    struct ss_file *second; /* after ss_run_open_two; may be `file` itself; closed likewise */
    const char *second_name;
    struct ss_tmpfiles tmpfiles;
    bool hash_stream;  /* set before opening by a command that wants the hash */
    unsigned threads;  /* likewise: that the file's calls may use; 0: one a processor */
    bool meta_hinted;  /* the other meta's tree was pointed at already */
    bool answer_begun; /* a JSON document was begun: an error must not start a second one */
    bool settled;      /* the inputs need no further look: they changed, or the answer is out */
    bool committed; /* an output of its own has its name: what is left to print is only a report */
};

/* How a long call of the library runs under a command: it shows progress, and a signal stops it. */
static inline struct ss_call ss_run_call(struct ss_run *run)
{
    return (struct ss_call){.progress = ss_progress_report, .progress_ctx = &run->progress};
}

/* A process from its arguments to its exit code. */
int ss_command_main(int argc, char **argv);

/*
 * Opens the input with the common options. Returns SS_EXIT_OK, or reports and returns the exit code.
 * `path` must outlive the run. ss_run_try_open leaves reporting to the caller; ss_run_open_readable also refuses what is no usable bbolt file.
 */
bool ss_run_try_open(struct ss_run *run, const char *path, struct ss_error *err);
void ss_run_close(struct ss_run *run); /* both inputs; others can be opened then */
int ss_run_open(struct ss_run *run, const char *path);
int ss_run_open_readable(struct ss_run *run, const char *path);

/*
 * Likewise, for a command that looks at pages and not at trees, behind ss_run_open: a file without a usable meta page will
 * do if the size of its pages is known (ss_file_facts: current_meta -1, page_size not 0).
 */
int ss_run_placed(struct ss_run *run);

/*
 * Opens two inputs, both usable bbolt files: the first one as ss_run_open_readable does, the second one
 * as run->second. The same path twice is opened once, unless its two metas are read; standard input can be
 * one of them only.
 */
int ss_run_open_two(struct ss_run *run, const char *first, const char *second);

/*
 * What a library call came to: `status`, or SS_SYSTEM with *err when the input was written to since it
 * was opened, or could not be read: then answer and damage alike may mix two states of the file. Asked
 * when all bytes that count were read and before an answer is given, or ended.
 */
enum ss_status ss_run_checked(const struct ss_run *run, enum ss_status status,
                              struct ss_error *err);

/*
 * The same of both inputs, reported: SS_EXIT_OK, or the exit code. The framework asks last, for what was
 * read only while it was printed.
 */
int ss_run_settle(struct ss_run *run);

/*
 * What must hold before an output gets its name: no signal was noted, the inputs are as they were, and
 * what was printed about it has reached standard output. Else as ss_run_settle.
 */
int ss_run_ready(struct ss_run *run);

#endif
