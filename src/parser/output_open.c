/*
 * output_open.c - ss_output_open: the public face of util/output.h, which knows no struct ss_file.
 */
#include "parser/db.h"
#include "util/output.h"

enum ss_status ss_output_open(const char *path, bool force, const struct ss_file *input,
                              struct ss_output **out, struct ss_error *err)
{
    struct ss_output_opts opts = {.force = force};

    if (input != NULL) {
        opts.input_dev = input->src.dev;
        opts.input_ino = input->src.ino;
    }
    return ss_output_new(path, &opts, out, err);
}
