/*
 * tmpfiles.h - temporary files made before the sandbox closes, for inputs that have to be spooled.
 *
 *     made, while files can be ──► lent to ss_open, one a layer ──► emptied and free again
 *                                                                   when the input is open or closed
 *
 * A process that can open nothing for writing can still fill what it opened before. Few are needed,
 * because they are used again: three while an input is opened (a stream, what it unpacks to, the file
 * in that), of which one stays in use as long as the input is open.
 */
#ifndef CLI_TMPFILES_H
#define CLI_TMPFILES_H

#include <stdbool.h>
#include <stddef.h>

enum {
    CLI_TMPFILES_MAX = 4 /* one that an open input keeps, three for a second input */
};

enum cli_tmpfile_use {
    CLI_TMPFILE_FREE,
    CLI_TMPFILE_LENT, /* to the ss_open under way */
    CLI_TMPFILE_KEPT  /* an open input is read from it */
};

struct cli_tmpfiles {
    int fds[CLI_TMPFILES_MAX];
    enum cli_tmpfile_use uses[CLI_TMPFILES_MAX];
    size_t count;
    int last;   /* index of the one lent last since cli_tmpfiles_settle; -1: none */
    int failed; /* errno that kept one from being made */
};

/* True when an input must or may be copied: all but a regular file that begins as bbolt files do. */
bool cli_tmpfiles_needed(const char *path);

/* Makes them all. A failure is told when one is asked for: until then nobody needs to know. */
void cli_tmpfiles_make(struct cli_tmpfiles *files);
void cli_tmpfiles_close(struct cli_tmpfiles *files);

/* For ss_open_opts.tmp_open; ctx is a struct cli_tmpfiles. */
int cli_tmpfiles_lend(void *ctx);

/*
 * After an ss_open: what was lent on the way is emptied and free again, all but the last one, which
 * the input is read from; also that when `failed`.
 */
void cli_tmpfiles_settle(struct cli_tmpfiles *files, bool failed);

/* After every input was closed: all are emptied and free. */
void cli_tmpfiles_reset(struct cli_tmpfiles *files);

#endif
