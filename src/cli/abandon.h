/*
 * abandon.h - ends in the middle of a run: no memory, or a signal while something is being written.
 *
 *   no memory    one line, the output that was begun is removed, exit code 4; nothing more is printed
 *   a signal     long work is asked to stop (cli_progress_report says so), the command tidies up as after
 *                any failure, and the process then ends by that signal, as its parent expects
 */
#ifndef CLI_ABANDON_H
#define CLI_ABANDON_H

#include <snapscope.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Remembers the output that an end for want of memory removes, and notes signals from now on, as
 * cli_abandon_catch does. NULL: there is none any more.
 */
void cli_abandon_removes(struct ss_output *output);

/*
 * libarchive calls exit(1) where it has no memory: from now on any call of exit before
 * cli_abandon_allow_exit ends as cli_abandon_memory does.
 */
void cli_abandon_guard_exit(void);
void cli_abandon_allow_exit(void);

/* Ends the process: `len` bytes could not be had. Only from the main thread. */
_Noreturn void cli_abandon_memory(size_t len);

/* The same, where a call of the library failed for want of memory under what is only said with an answer. */
void cli_abandon_starved(const struct ss_error *err);

/*
 * Runs `work` where the library has something to remove if it fails, and the process must not end: false
 * when memory was out. The process is then ended by cli_abandon_if_starved as soon as it can be.
 */
bool cli_abandon_within(void (*work)(void *ctx), void *ctx);
void cli_abandon_if_starved(void);

/*
 * From now on the first SIGINT, SIGTERM or SIGHUP is only noted; a second one ends the process at once.
 * Those that the parent had set to be ignored stay so.
 */
void cli_abandon_catch(void);

/* The signal that was noted, or 0. */
int cli_abandon_signal(void);

/* Ends the process by the noted signal; returns when there is none. */
void cli_abandon_by_signal(void);

#endif
