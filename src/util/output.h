/*
 * output.h - below ss_output_open: the same without a struct ss_file, which this layer does not know.
 */
#ifndef SS_UTIL_OUTPUT_H
#define SS_UTIL_OUTPUT_H

#include "snapscope.h"

#include <sys/types.h>

struct ss_output_opts {
    bool force; /* an existing regular file may be replaced */
    bool named; /* use a hidden name even where the file system can do without */
    dev_t input_dev;
    ino_t input_ino; /* the evidence; 0: none */
};

/* As ss_output_open says. Errors: OUTPUT, EXISTS, NOMEM. On failure *result is NULL. */
enum ss_status ss_output_new(const char *path, const struct ss_output_opts *opts,
                             struct ss_output **result, struct ss_error *err);

#endif
