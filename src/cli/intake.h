/*
 * intake.h - the hash rules as users see them: what was decided about an input, and what that rests on.
 *
 * `convert` and `restore` tell it alike, before they tell what they wrote.
 */
#ifndef SS_CLI_INTAKE_H
#define SS_CLI_INTAKE_H

#include <jansson.h>
#include <snapscope.h>
#include <stdio.h>

#include "text.h"

struct ss_run;

/* The flags by which an input without a valid hash is accepted. */
struct ss_hash_flags {
    bool skip_hash_check, allow_missing_hash;
};

/* What the flags say, and the command's own progress line. */
struct ss_intake_opts ss_intake_opts_of(struct ss_run *run, struct ss_hash_flags flags,
                                        bool vouches_not, uint64_t threads);

/*
 * Checks run->file and decides. Returns SS_EXIT_OK when `in` is filled, whatever the decision; else the
 * exit code of an error that was reported. ss_intake_fini also after that.
 */
int ss_intake_run(struct ss_run *run, const struct ss_intake_opts *opts, struct ss_intake *in);

/* The decision, the hash with its digests, what was checked and what was not, the first errors. */
void ss_intake_print(FILE *to, const char *name, const struct ss_intake *in);

/* {"accepted":…,"decision":…,"hash":{…},"checked":[…],"not_checked":[…],"findings":[…],…} */
json_t *ss_intake_doc(const struct ss_intake *in);

/* One line on standard error that the input is refused and nothing was written, and the exit code. */
int ss_intake_refused(struct ss_run *run, const struct ss_intake *in);

/* Text that is wrapped at 79 columns; lines after the first are indented. Ends with a line feed. */
void ss_print_wrapped(FILE *to, int indent, const char *text);

/* What ss_text_begin gave, as a stream in memory that ends on standard output, or on standard error. */
struct ss_text {
    FILE *to;
    struct ss_gathered gathered;
};
void ss_text_begin(struct ss_text *text);
void ss_text_end(struct ss_text *text, struct ss_run *run, bool to_stderr);

#endif
