/*
 * redact.c - see redact.h.
 */
#include "redact.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "print.h"
#include "report.h"
#include "run.h"

#define RANDOM_LEN 32u
#define KEY_LEN_MAX 4096u

void cli_redact_key_fini(struct cli_redact_key *key)
{
    if (key->bytes != NULL) {
        explicit_bzero(key->bytes, key->len);
        free(key->bytes);
    }
    *key = (struct cli_redact_key){0};
}

static int key_failed(struct cli_run *run, const char *name, const char *what, int sys)
{
    struct ss_error err = SS_ERROR_INIT;
    err.code = SS_E_IO;
    err.sys = sys;
    snprintf(err.message, sizeof(err.message), "%s: %s", what, strerror(sys));
    return cli_report_about(run, name, &err);
}

static int take_random(struct cli_run *run, struct cli_redact_key *key)
{
    key->len = RANDOM_LEN;
    if (TEMP_FAILURE_RETRY(getrandom(key->bytes, RANDOM_LEN, 0)) != (ssize_t)RANDOM_LEN) {
        return key_failed(run, "--redact", "no random key can be had", errno);
    }
    return CLI_EXIT_OK;
}

int cli_redact_key_take(struct cli_run *run, const char *path, struct cli_redact_key *key)
{
    key->bytes = cli_must_alloc(KEY_LEN_MAX + 1);
    if (path == NULL) {
        return take_random(run, key);
    }
    FILE *file;
    do {
        file = fopen(path, "rb");
    } while (file == NULL && errno == EINTR);
    if (file == NULL) {
        return key_failed(run, path, "cannot be opened", errno);
    }
    setvbuf(file, NULL, _IONBF, 0);
    errno = 0;
    key->len = fread(key->bytes, 1, KEY_LEN_MAX + 1, file);
    int sys = ferror(file) ? errno : 0;
    fclose(file);
    if (sys != 0) {
        return key_failed(run, path, "cannot be read", sys);
    }
    if (key->len < SS_REDACT_KEY_MIN || key->len > KEY_LEN_MAX) {
        return cli_usage_error(run, "--redact-key-file: a key has %u to %u bytes",
                               SS_REDACT_KEY_MIN, KEY_LEN_MAX);
    }
    return CLI_EXIT_OK;
}
