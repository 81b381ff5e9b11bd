/*
 * restore.h - what the command `restore` did or would do, between cmd_restore.c and restore_print.c.
 */
#ifndef SS_CLI_RESTORE_H
#define SS_CLI_RESTORE_H

#include <jansson.h>
#include <snapscope.h>
#include <stdio.h>

/* The WAL beside the source, when that lies in a member directory. */
struct ss_beside {
    char *dir;    /* NULL: there is none */
    bool is_read; /* `facts` is filled; else `err` says why not */
    uint64_t applied;
    struct ss_wal_facts facts;
    struct ss_error err;
};

/* Looks for ../wal of the file at `path` and reads it; freed by ss_beside_fini. */
void ss_beside_read(const struct ss_file *file, const char *path, struct ss_beside *out);
void ss_beside_fini(struct ss_beside *beside);

/* What copying the db alone would lose, as a sentence in `buf`; NULL when it is nothing. */
const char *ss_beside_warning(const struct ss_beside *beside, char *buf, size_t cap);
json_t *ss_beside_doc(const struct ss_beside *beside);

/* A result with what is told beside it. */
struct ss_restored {
    const struct ss_restore_result *result;
    const char *token; /* as given, or etcd's default */
    bool dry_run;
    bool boot_known;
    struct ss_boot_facts boot;
    struct ss_error boot_err; /* why it could not be read */
};

/*
 * Which etcd starts on what was written; of a dry run, on the source's state, which is taken over. Not
 * known when the source is of another byte order: it hides the other reasons. False: it could not be
 * read.
 */
bool ss_restored_boot(const struct ss_file *source, struct ss_restored *restored);

void ss_restore_print(FILE *to, const struct ss_restored *restored);
json_t *ss_restore_doc(const struct ss_restored *restored);

#endif
