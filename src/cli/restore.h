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

/* `token`: as given, or etcd's default. */
void ss_restore_print(FILE *to, const struct ss_restore_result *result, const char *token,
                      bool dry_run);
json_t *ss_restore_doc(const struct ss_restore_result *result, const char *token);

#endif
