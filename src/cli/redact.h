/*
 * redact.h - the key under which values are digested when they are not to be shown.
 */
#ifndef CLI_REDACT_H
#define CLI_REDACT_H

#include <stddef.h>
#include <stdint.h>

struct cli_run;

struct cli_redact_key {
    uint8_t *bytes;
    size_t len;
};

/*
 * All bytes of the file, or random ones when it is NULL. Returns CLI_EXIT_OK, or reports what is wrong
 * and returns the exit code. cli_redact_key_fini also after a failure; it wipes the key.
 */
int cli_redact_key_take(struct cli_run *run, const char *path, struct cli_redact_key *key);
void cli_redact_key_fini(struct cli_redact_key *key);

#endif
