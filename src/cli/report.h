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
#ifndef SS_CLI_REPORT_H
#define SS_CLI_REPORT_H

#include <jansson.h>
#include <snapscope.h>

struct ss_run;

/* Which exit code an error comes to. */
int ss_error_exit(const struct ss_error *err);

/* Reports an error about run->input_name and returns its exit code. */
int ss_report(struct ss_run *run, const struct ss_error *err);

/*
 * Whether the report of a command that writes an output of its own cannot be printed. A reader who has
 * closed the pipe is no such case: the work goes on without one.
 */
bool ss_report_lost(const struct ss_run *run);

/* The same as ss_report about another file than the input: an output. */
int ss_report_about(struct ss_run *run, const char *name, const struct ss_error *err);

/* The same for a bucket that could not be opened: when it is not there, says how to list them. */
int ss_report_bucket(struct ss_run *run, const struct ss_error *err);

/* "snapscope COMMAND: message", and where to read on; returns SS_EXIT_USAGE. */
int ss_usage_error(const struct ss_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One line about the input, or another file, on standard error. */
void ss_note(struct ss_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ss_note_about(struct ss_run *run, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Of a file without a usable meta page: how its pages were found all the same, and what is not known of them. */
void ss_note_placed(struct ss_run *run, const struct ss_file_facts *facts);

/*
 * "snapscope: try: snapscope COMMAND MORE … BEHIND": a hint with the command line of this run once more, the words
 * `more` in front, quoted for a shell.
 */
void ss_try_again(const struct ss_run *run, const char *more, const char *behind);

/* Fills *err for a thing that was asked for and is not there; its place does not apply. */
void ss_error_not_found(struct ss_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Faults of a walk that goes on: the first ones are printed and kept for the JSON document, all of
 * them are counted.
 */
#define SS_FAULTS_SHOWN 100

struct ss_faults {
    struct ss_run *run;
    const char *about; /* the file they are in; NULL: the input */
    uint64_t count;
    json_t *list; /* NULL without --json */
    struct {
        enum ss_code code;
        uint64_t off;
    } seen[SS_FAULTS_SHOWN];
};

void ss_faults_init(struct ss_faults *faults, struct ss_run *run);
void ss_faults_fini(struct ss_faults *faults);
void ss_faults_add(struct ss_faults *faults, const struct ss_error *err);

/* Whether a fault of that kind at that place was told already. */
bool ss_faults_has(const struct ss_faults *faults, const struct ss_error *err);

/* Says how many were left out, if any were; and, if the file has another tree, how to read that. */
void ss_faults_close(struct ss_faults *faults);

/* Puts "fault_count" and "faults" into a document. */
void ss_faults_doc(const struct ss_faults *faults, json_t *doc);

#endif
