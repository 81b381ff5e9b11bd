/*
 * intake_print.h - the hash rules as users see them: what was decided about an input, and what that rests on.
 *
 * `convert` and `restore` tell it alike, before they tell what they wrote.
 */
#ifndef CLI_INTAKE_PRINT_H
#define CLI_INTAKE_PRINT_H

#include <jansson.h>
#include <snapscope.h>
#include <stdio.h>

#include "print.h"

struct cli_run;

/* The flags by which an input without a valid hash is accepted. */
struct cli_hash_flags {
    bool skip_hash_check, allow_missing_hash;
};

/* What the flags say. */
struct ss_intake_opts cli_intake_opts_of(struct cli_hash_flags flags, bool vouches_not);

/* The decision, the hash with its digests, what was checked and what was not, the first errors. */
void cli_intake_print(FILE *to, const char *name, const struct ss_intake *in);

/* {"accepted":…,"decision":…,"hash":{…},"checked":[…],"not_checked":[…],"findings":[…],…} */
json_t *cli_intake_doc(const struct ss_intake *in);

/* One line on standard error that the input is refused and nothing was written, and the exit code. */
int cli_intake_refused(struct cli_run *run, const struct ss_intake *in);

/* Text that is wrapped at 79 columns; lines after the first are indented. Ends with a line feed. */
void cli_print_wrapped(FILE *to, int indent, const char *text);

/* What cli_text_begin gave, as a stream in memory that ends on standard output, or on standard error. */
struct cli_text {
    FILE *to;
    struct cli_gathered gathered;
};
void cli_text_begin(struct cli_text *text);
void cli_text_end(struct cli_text *text, struct cli_run *run, bool to_stderr);

#endif
