/*
 * restore.h - what the command `restore` did or would do, between cmd_restore.c and restore_print.c.
 */
#ifndef CLI_RESTORE_H
#define CLI_RESTORE_H

#include <jansson.h>
#include <snapscope.h>
#include <stdio.h>

/* A result with what else is said of it. */
struct cli_restored {
    const struct ss_restore_result *result;
    const char *token; /* as given, or etcd's default */
    bool dry_run;
    bool has_nospace, has_corrupt; /* alarms of the source, which come along */
    bool boot_known;
    struct ss_boot_facts boot;
    struct ss_error boot_err; /* why it could not be read */
};

/*
 * Which etcd starts on what was written; of a dry run, on the source's state, which is taken over. Not
 * known when the source is of another byte order: it hides the other reasons. False: it could not be
 * read.
 */
bool cli_restored_boot(const struct ss_file *source, struct cli_restored *restored);

/* Which alarms are raised. Errors: as ss_alarms; what cannot be read is no alarm to etcd either. */
enum ss_status cli_restored_alarms(const struct ss_file *source, struct cli_restored *restored,
                                   struct ss_error *err);

void cli_restore_print(FILE *to, const struct cli_restored *restored);
json_t *cli_restore_doc(const struct cli_restored *restored);

#endif
