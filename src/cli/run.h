/*
 * run.h - the one run of a command that a process makes.
 *
 *   main ── cli_command_main ── options ── cmd_NAME.c: run(struct cli_run *) ── exit code
 *
 * A command gets its parsed options and arguments, opens its input with cli_run_open, writes data
 * through run->out and nothing else to standard output, and returns an exit code. What has to be
 * closed, flushed and checked afterwards is the framework's work, not the command's.
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include <snapscope.h>

#include "command.h"
#include "options.h"
#include "out.h"
#include "progress.h"
#include "sandbox.h"
#include "tmpfiles.h"

struct cli_run {
    const struct cli_command *command;
    struct cli_common common;
    void *opts; /* the command's own struct, filled */
    char **args;
    size_t arg_count;
    int argc; /* as typed, the command's name first: for hints that repeat it */
    char **argv;
    struct cli_out out; /* standard output */
    struct cli_progress progress;
    struct ss_file *file;   /* after cli_run_open; closed by the framework */
    const char *input_name; /* for messages; NULL before cli_run_open */
    int meta, second_meta;  /* enum ss_meta_choice, set before opening; as --meta unless changed */
    struct ss_file *second; /* after cli_run_open_two; may be `file` itself; closed likewise */
    const char *second_name;
    struct cli_tmpfiles tmpfiles;
    bool hash_stream;  /* set before opening by a command that wants the hash */
    unsigned threads;  /* likewise: as in struct ss_call */
    bool text_hinted;  /* that a copy in text mode explains the damage was said already */
    bool meta_hinted;  /* the other meta's tree was pointed at already */
    bool answer_begun; /* a JSON document was begun: an error must not start a second one */
    bool settled;      /* the inputs need no further look: they changed, or the answer is out */
    bool committed; /* an output of its own has its name: what is left to print is only a report */
};

/* How a long call of the library runs under a command: --threads, a progress line, and a signal stops it. */
static inline struct ss_call cli_run_call(struct cli_run *run)
{
    return (struct ss_call){
        .threads = run->threads, .progress = cli_progress_report, .progress_ctx = &run->progress};
}

/* A process from its arguments to its exit code. */
int cli_command_main(int argc, char **argv);

/*
 * Opens the input with the common options. Returns CLI_EXIT_OK, or reports and returns the exit code.
 * `path` must outlive the run. cli_run_try_open leaves reporting to the caller; cli_run_open_readable also refuses what is no usable bbolt file.
 */
bool cli_run_try_open(struct cli_run *run, const char *path, struct ss_error *err);
void cli_run_close(struct cli_run *run); /* both inputs; others can be opened then */
int cli_run_open(struct cli_run *run, const char *path);
int cli_run_open_readable(struct cli_run *run, const char *path);

/*
 * Likewise, for a command that looks at pages and not at trees, behind cli_run_open: a file without a usable meta page will
 * do if the size of its pages is known (ss_file_facts: current_meta -1, page_size not 0).
 */
int cli_run_placed(struct cli_run *run);

/*
 * Opens two inputs, both usable bbolt files: the first one as cli_run_open_readable does, the second one
 * as run->second. The same path twice is opened once, unless its two metas are read; standard input can be
 * one of them only.
 */
int cli_run_open_two(struct cli_run *run, const char *first, const char *second);

/*
 * What a library call came to: `status`, or SS_SYSTEM with *err when the input was written to since it
 * was opened, or could not be read: then answer and damage alike may mix two states of the file. Asked
 * when all bytes that count were read and before an answer is given, or ended.
 */
enum ss_status cli_run_checked(const struct cli_run *run, enum ss_status status,
                               struct ss_error *err);

/*
 * The same of both inputs, reported: CLI_EXIT_OK, or the exit code. The framework asks last, for what was
 * read only while it was printed.
 */
int cli_run_settle(struct cli_run *run);

/*
 * What must hold before an output gets its name: no signal was noted, the inputs are as they were, and
 * what was printed about it has reached standard output. Else as cli_run_settle.
 */
int cli_run_ready(struct cli_run *run);

#endif
