/*
 * progress.h - one line on standard error for work that lasts.
 *
 * Shown only when standard error is a terminal, standard output is not one that data scrolls over,
 * and the work has taken over a second; repainted ten times a second at most, and erased before
 * anything else is printed.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct cli_progress {
    bool wanted;
    bool enabled;
    bool shown;
    int64_t start_ms;
    int64_t painted_ms;
};

void cli_progress_init(struct cli_progress *progress, bool wanted);

/* For a command that prints nothing before its work is done: a terminal may be both. */
void cli_progress_allow(struct cli_progress *progress);

/* ss_progress_fn's shape: `ctx` is a struct cli_progress. False, to stop, once a signal was noted (abandon.h). */
bool cli_progress_report(void *ctx, const char *phase, uint64_t done, uint64_t total);

void cli_progress_clear(struct cli_progress *progress);

#endif
