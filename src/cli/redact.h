/*
 * redact.h - the key under which values are digested when they are not to be shown.
 */
#ifndef SS_CLI_REDACT_H
#define SS_CLI_REDACT_H

#include <stddef.h>
#include <stdint.h>

struct ss_run;

struct ss_redact_key {
    uint8_t *bytes;
    size_t len;
};

/*
 * All bytes of the file, or random ones when it is NULL. Returns SS_EXIT_OK, or reports what is wrong
 * and returns the exit code. ss_redact_key_fini also after a failure; it wipes the key.
 */
int ss_redact_key_take(struct ss_run *run, const char *path, struct ss_redact_key *key);
void ss_redact_key_fini(struct ss_redact_key *key);

#endif
