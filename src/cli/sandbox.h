/*
 * sandbox.h - what the process gives up before the first byte of an input is read.
 *
 *     options ── outputs' folders, temporary files ──► cli_sandbox_enter ──► inputs are opened, parsed
 *
 * Two nets of the kernel, each in force where there is one and where the other is not:
 *
 *   seccomp    no command: opens what exists for writing, changes a file's mode, owner, times or attributes,
 *              uses the network, starts or touches another process, mounts, traces, locks
 *              a command without an output: also creates, removes or renames nothing
 *   Landlock   a command with an output: creates, removes and renames in that output's folder only;
 *              others nowhere; no TCP, no signal, no abstract socket beyond the process
 *
 * What was open before stays open: standard streams and the temporary files of tmpfiles.h.
 * docs/hardening.md explains the choices.
 */
#ifndef CLI_SANDBOX_H
#define CLI_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
    CLI_SANDBOX_FOLDERS_MAX = 4, /* of a salvage: the file, its report and two lists */
    CLI_SANDBOX_TEXT_MAX = 512
};

/* What a command may still write: the default is nothing. */
struct cli_sandbox {
    char *folders[CLI_SANDBOX_FOLDERS_MAX];
    size_t folder_count;
    bool makes_folders; /* inside of these */
};

/* What is in force, or would be. */
struct cli_sandbox_state {
    bool seccomp;
    int landlock_abi;          /* 0: not in force */
    const char *seccomp_not;   /* why not; NULL when in force */
    const char *landlock_not;  /* likewise */
    const char *seccomp_holes; /* what this build leaves open; NULL: nothing */
};

/* A new file shall be made at `path`: its folder stays writable. */
void cli_sandbox_output_file(struct cli_sandbox *sandbox, const char *path);

/* A folder, with others inside it, shall be made at `path`: the folder around it stays writable. */
void cli_sandbox_output_folder(struct cli_sandbox *sandbox, const char *path);

void cli_sandbox_fini(struct cli_sandbox *sandbox);

/*
 * Closes the process, for good: nothing can open it again. What the kernel or the build does not have
 * is left out, and *state says so; without memory the process ends (abandon.h). The threads of this
 * process must not have been started yet.
 */
void cli_sandbox_enter(const struct cli_sandbox *sandbox, struct cli_sandbox_state *state);

/* What cli_sandbox_enter would bring about here. */
void cli_sandbox_probe(struct cli_sandbox_state *state);

/* Both nets are there, and this build leaves nothing open. */
bool cli_sandbox_is_whole(const struct cli_sandbox_state *state);

/* "seccomp, Landlock (ABI 7)", "Landlock (ABI 2); no seccomp: built without libseccomp", … */
char *cli_sandbox_text(const struct cli_sandbox_state *state, char *buf, size_t cap);

/* The two nets: 0, or an errno; ENOSYS: not in this kernel. For sandbox.c. */
int cli_landlock_abi(void); /* 0: none, with errno */
int cli_landlock_enter(const struct cli_sandbox *sandbox, int abi);
int cli_seccomp_probe(void);
int cli_seccomp_enter(bool has_output);

/*
 * Sanitizers trace the process at its end (leaks) and start a program that names addresses: a build
 * with one leaves that open. A build for gcov writes its counts at exit: it has no sandbox.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define CLI_SANDBOX_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CLI_SANDBOX_SANITIZER 1
#endif

#endif
