/*
 * sandbox.c - see sandbox.h: folders from the paths of outputs, both nets one after the other, words.
 */
#include "sandbox.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "abandon.h"
#include "print.h"

static void add_folder(struct cli_sandbox *sandbox, char *folder)
{
    if (sandbox->folder_count < CLI_SANDBOX_FOLDERS_MAX) {
        sandbox->folders[sandbox->folder_count++] = folder;
    } else {
        free(folder);
    }
}

/* "a/b" of "a/b/c", "." of "c", "/" of "/c"; slashes at the end do not count when `trim`. */
static char *folder_of(const char *path, bool trim)
{
    size_t len = strlen(path);
    while (trim && len > 1 && path[len - 1] == '/') {
        len--;
    }
    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    char *folder = cli_must_copy(len == 0 ? "." : path);
    if (len > 0) {
        folder[len > 1 ? len - 1 : 1] = '\0';
    }
    return folder;
}

void cli_sandbox_output_file(struct cli_sandbox *sandbox, const char *path)
{
    add_folder(sandbox, folder_of(path, false));
}

void cli_sandbox_output_folder(struct cli_sandbox *sandbox, const char *path)
{
    char *whole = realpath(path, NULL);
    add_folder(sandbox, folder_of(whole != NULL ? whole : path, true));
    sandbox->makes_folders = true;
    free(whole);
}

void cli_sandbox_fini(struct cli_sandbox *sandbox)
{
    for (size_t i = 0; i < sandbox->folder_count; i++) {
        free(sandbox->folders[i]);
    }
    *sandbox = (struct cli_sandbox){0};
}

#ifdef SS_SANDBOX_OFF

static const char off[] = SS_SANDBOX_OFF;

void cli_sandbox_probe(struct cli_sandbox_state *state)
{
    *state = (struct cli_sandbox_state){.seccomp_not = off, .landlock_not = off};
}

void cli_sandbox_enter(const struct cli_sandbox *sandbox, struct cli_sandbox_state *state)
{
    (void)sandbox;
    cli_sandbox_probe(state);
}

#else

/* Why a net is not there, from what it said. */
static const char *reason(int failed)
{
    switch (failed) {
    case 0:
        return NULL;
    case ENOPKG:
        return "built without libseccomp";
    case ENOSYS:
    case EINVAL:
        return "not in this kernel";
    case EOPNOTSUPP:
        return "switched off in this kernel";
    case EPERM:
    case EACCES:
        return "not permitted here";
    default:
        return strerror(failed);
    }
}

static void fill(struct cli_sandbox_state *state, int seccomp, int landlock, int abi)
{
    *state = (struct cli_sandbox_state){
        .seccomp = seccomp == 0,
        .seccomp_not = reason(seccomp),
        .landlock_abi = landlock == 0 ? abi : 0,
        .landlock_not = reason(landlock),
    };
#ifdef CLI_SANDBOX_SANITIZER
    state->seccomp_holes = "built with a sanitizer, which may trace and start processes";
#endif
}

void cli_sandbox_probe(struct cli_sandbox_state *state)
{
    int abi = cli_landlock_abi();
    int landlock = abi > 0 ? 0 : errno;
    fill(state, cli_seccomp_probe(), landlock, abi);
}

/* Landlock first: its own calls are among those that a later seccomp filter might not know. */
void cli_sandbox_enter(const struct cli_sandbox *sandbox, struct cli_sandbox_state *state)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        fill(state, errno, errno, 0);
        return;
    }
    int abi = cli_landlock_abi();
    int landlock = abi > 0 ? cli_landlock_enter(sandbox, abi) : errno;
    int seccomp = cli_seccomp_enter(sandbox->folder_count > 0);
    if (seccomp == ENOMEM || landlock == ENOMEM) {
        cli_abandon_memory(0); /* no run is open for want of memory */
    }
    fill(state, seccomp, landlock, abi);
}

#endif

bool cli_sandbox_is_whole(const struct cli_sandbox_state *state)
{
    return state->seccomp && state->landlock_abi > 0 && state->seccomp_holes == NULL;
}

char *cli_sandbox_text(const struct cli_sandbox_state *state, char *buf, size_t cap)
{
    char landlock[64] = "", holes[96] = "", missing[256] = "";
    if (state->landlock_abi > 0) {
        snprintf(landlock, sizeof(landlock), "%sLandlock (ABI %d)", state->seccomp ? ", " : "",
                 state->landlock_abi);
    }
    if (state->seccomp && state->seccomp_holes != NULL) {
        snprintf(holes, sizeof(holes), " (%s)", state->seccomp_holes);
    }
    if (!state->seccomp) {
        snprintf(missing, sizeof(missing), "; no seccomp: %s", state->seccomp_not);
    }
    if (state->landlock_abi == 0) {
        size_t len = strlen(missing);
        snprintf(missing + len, sizeof(missing) - len, "; no Landlock: %s", state->landlock_not);
    }
    snprintf(buf, cap, "%s%s%s%s",
             state->seccomp             ? "seccomp"
             : state->landlock_abi == 0 ? "none"
                                        : "",
             holes, landlock, missing);
    return buf;
}
