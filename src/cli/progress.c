/*
 * progress.c - the progress line: "\r" + text + erase to the end of the line, never a line feed.
 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "abandon.h"

#define DELAY_MS 1000
#define PERIOD_MS 100

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cli_progress_init(struct cli_progress *progress, bool wanted)
{
    *progress = (struct cli_progress){
        .wanted = wanted,
        .enabled = wanted && isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) != 1,
        .start_ms = now_ms(),
    };
}

void cli_progress_allow(struct cli_progress *progress)
{
    progress->enabled = progress->wanted && isatty(STDERR_FILENO) == 1;
}

bool cli_progress_report(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    struct cli_progress *progress = ctx;
    if (cli_abandon_signal() != 0) {
        return false;
    }
    if (!progress->enabled) {
        return true;
    }
    int64_t now = now_ms();
    if (now - progress->start_ms < DELAY_MS || now - progress->painted_ms < PERIOD_MS) {
        return true;
    }
    progress->painted_ms = now;
    progress->shown = true;
    if (total > 0 && done <= total) {
        double percent = 100.0 * (double)done / (double)total;
        fprintf(stderr, "\r%s: %.0f %%\033[K", phase, percent);
    } else {
        fprintf(stderr, "\r%s: %" PRIu64 "\033[K", phase, (uint64_t)done);
    }
    fflush(stderr);
    return true;
}

void cli_progress_clear(struct cli_progress *progress)
{
    if (progress->shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        progress->shown = false;
    }
}
