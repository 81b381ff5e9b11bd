/*
 * report.h - how a failure reaches the user: one line on standard error that says what was found
 * where, a second one with what to try next, and the exit code.
 *
 *     snapscope: FILE: page 5 says that it is page 9 (offset 0x5000, page 5, bucket key)
 *     snapscope: try: snapscope page FILE 5 --hex
 *
 * With --json the same stands on standard output as {"file":…,"error":{…}}, unless a document was
 * begun there already.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <jansson.h>
#include <snapscope.h>

struct cli_run;

/* Which exit code an error comes to. */
int cli_error_exit(const struct ss_error *err);

/* Reports an error about run->input_name and returns its exit code. */
int cli_report(struct cli_run *run, const struct ss_error *err);

/*
 * Whether the report of a command that writes an output of its own cannot be printed. A reader who has
 * closed the pipe is no such case: the work goes on without one.
 */
bool cli_report_lost(const struct cli_run *run);

/* The same as cli_report about another file than the input: an output. */
int cli_report_about(struct cli_run *run, const char *name, const struct ss_error *err);

/* The same for a bucket that could not be opened: when it is not there, says how to list them. */
int cli_report_bucket(struct cli_run *run, const struct ss_error *err);

/* "snapscope COMMAND: message", and where to read on; returns CLI_EXIT_USAGE. */
int cli_usage_error(const struct cli_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One line about the input, or another file, on standard error. */
void cli_note(struct cli_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cli_note_about(struct cli_run *run, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Of a file without a usable meta page: how its pages were found all the same, and what is not known of them. */
void cli_note_placed(struct cli_run *run, const struct ss_file_facts *facts);

/*
 * "snapscope: try: snapscope COMMAND MORE … BEHIND": a hint with the command line of this run once more, the words
 * `more` in front, quoted for a shell.
 */
void cli_try_again(const struct cli_run *run, const char *more, const char *behind);

/* Fills *err for a thing that was asked for and is not there; its place does not apply. */
void cli_error_not_found(struct ss_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Faults of a walk that goes on: the first ones are printed and kept for the JSON document, all of
 * them are counted.
 */
#define CLI_FAULTS_SHOWN 100

struct cli_faults {
    struct cli_run *run;
    const char *about; /* the file they are in; NULL: the input */
    uint64_t count;
    json_t *list; /* NULL without --json */
    struct {
        enum ss_code code;
        uint64_t off;
    } seen[CLI_FAULTS_SHOWN];
};

void cli_faults_init(struct cli_faults *faults, struct cli_run *run);
void cli_faults_fini(struct cli_faults *faults);
void cli_faults_add(struct cli_faults *faults, const struct ss_error *err);

/* Whether a fault of that kind at that place was told already. */
bool cli_faults_has(const struct cli_faults *faults, const struct ss_error *err);

/* Says how many were left out, if any were; and, if the file has another tree, how to read that. */
void cli_faults_close(struct cli_faults *faults);

/* Puts "fault_count" and "faults" into a document. */
void cli_faults_doc(const struct cli_faults *faults, json_t *doc);

#endif
