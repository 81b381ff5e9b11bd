/*
 * abandon.c - see abandon.h. The handler only takes a note. System calls that wait are broken off
 * (no SA_RESTART), so that a read from a pipe sees the note.
 */
#include "abandon.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "exits.h"

static struct ss_output *removed;
static jmp_buf within;
static bool is_within, starved;
static size_t starved_len;
static bool exit_allowed;
static volatile sig_atomic_t noted;

bool cli_abandon_within(void (*work)(void *ctx), void *ctx)
{
    if (setjmp(within) == 0) {
        is_within = true;
        work(ctx);
    }
    is_within = false;
    return !starved;
}

void cli_abandon_if_starved(void)
{
    if (starved) {
        cli_abandon_memory(starved_len);
    }
}

/* Without exit: another thread may still compute, and what exit tears down would be torn from it. */
_Noreturn void cli_abandon_memory(size_t len)
{
    if (is_within) {
        starved = true;
        starved_len = len;
        longjmp(within, 1);
    }
    if (len > 0) {
        fprintf(stderr, "snapscope: out of memory (%zu bytes were needed)\n", len);
    } else {
        fputs("snapscope: out of memory\n", stderr);
    }
    ss_output_free(removed);
    _exit(CLI_EXIT_SYSTEM);
}

void cli_abandon_starved(const struct ss_error *err)
{
    if (err->code == SS_E_NOMEM) {
        cli_abandon_memory(0);
    }
}

static void on_exit_call(void)
{
    if (!exit_allowed) {
        cli_abandon_memory(0);
    }
}

void cli_abandon_guard_exit(void)
{
    if (atexit(on_exit_call) != 0) {
        cli_abandon_memory(0);
    }
}

void cli_abandon_allow_exit(void)
{
    exit_allowed = true;
}

static void on_signal(int signo)
{
    noted = signo;
}

void cli_abandon_catch(void)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND}, before;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
        if (sigaction(caught[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            sigaction(caught[i], &action, NULL);
        }
    }
}

void cli_abandon_removes(struct ss_output *output)
{
    removed = output;
    if (output != NULL) {
        cli_abandon_catch();
    }
}

int cli_abandon_signal(void)
{
    return noted;
}

void cli_abandon_by_signal(void)
{
    if (noted != 0) {
        signal(noted, SIG_DFL);
        raise(noted);
    }
}
