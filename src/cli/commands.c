/*
 * commands.c - the table of commands, help, and the frame around the one that runs: standard streams
 * and signals before it, closing and checking standard output after it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abandon.h"
#include "cmd.h"
#include "help_doc.h"
#include "report.h"
#include "text.h"

const struct ss_command *const ss_commands[] = {
    &ss_cmd_info,   &ss_cmd_verify, &ss_cmd_status,  &ss_cmd_hashkv,  &ss_cmd_diff,
    &ss_cmd_dump,   &ss_cmd_get,    &ss_cmd_history, &ss_cmd_members, &ss_cmd_leases,
    &ss_cmd_alarms, &ss_cmd_auth,   &ss_cmd_meta,    &ss_cmd_buckets, &ss_cmd_keys,
    &ss_cmd_pages,  &ss_cmd_page,   &ss_cmd_convert, &ss_cmd_restore,
};
const size_t ss_command_count = sizeof ss_commands / sizeof ss_commands[0];

#define NAMES_MAX 40

static void print_overview(FILE *to)
{
    fputs("Usage: snapscope COMMAND [OPTIONS] FILE...\n"
          "       snapscope help COMMAND | --json\n"
          "       snapscope --version\n\n"
          "Reads etcd snapshots and any bbolt file, offline, and never writes to them.\n"
          "FILE may be compressed or in an archive; - is standard input.\n\n"
          "Commands:\n",
          to);
    for (size_t i = 0; i < ss_command_count; i++) {
        fprintf(to, "  %-10s  %s\n", ss_commands[i]->name, ss_commands[i]->summary);
    }
    fputs("\nsnapscope COMMAND --help explains one of them.\n", to);
}

static const char common_exits[] =
    "Exit codes: 0 done, and the answer is whole; 1 what was asked for is not there;\n"
    "2 wrong usage; 3 the input is refused, or damage was met: what is printed is\n"
    "what stands; 4 the system failed (memory, I/O, output).\n";

static void print_command_help(const struct ss_command *command)
{
    printf("Usage: snapscope %s [OPTIONS] %s\n\n%s\n\n", command->name, command->args,
           command->detail);
    ss_options_help(command, stdout);
    printf("\n%s", command->exits != NULL ? command->exits : common_exits);
}

static const struct ss_command *command_find(const char *name)
{
    for (size_t i = 0; i < ss_command_count; i++) {
        if (strcmp(ss_commands[i]->name, name) == 0) {
            return ss_commands[i];
        }
    }
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < ss_command_count && count < NAMES_MAX - 1; i++) {
        names[count++] = ss_commands[i]->name;
    }
    names[count++] = "help";
    const char *near = ss_nearest(name, names, count);
    char *shown = ss_escaped_name(name);
    fprintf(stderr, "snapscope: there is no command '%s'", shown);
    fprintf(stderr, near == NULL ? "\n" : "; did you mean %s?\n", near);
    fputs("snapscope --help lists the commands.\n", stderr);
    free(shown);
    return NULL;
}

/*
 * A closed standard stream would give its number to the next file that is opened, and data would
 * then be written into that. Such a stream is opened the wrong way round, so that its use fails.
 */
static void occupy_streams(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) {
            int got = open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
            if (got != -1 && got != fd) {
                dup2(got, fd);
                close(got);
            }
        }
    }
}

static bool open_input(struct ss_run *run, const char *path, int meta, struct ss_file **file,
                       struct ss_error *err)
{
    bool sandboxed = !run->common.no_sandbox;
    struct ss_open_opts opts = {
        .tmp_open = sandboxed ? ss_tmpfiles_lend : NULL,
        .tmp_ctx = &run->tmpfiles,
        .member = run->common.member,
        .page_size = (uint32_t)run->common.page_size,
        .meta = (enum ss_meta_choice)meta,
        .unpacked_limit = run->common.unpacked_limit,
        .hash_stream = run->hash_stream,
        .threads = run->threads,
        .progress = ss_progress_report,
        .progress_ctx = &run->progress,
    };
    bool good = ss_open(path, &opts, file, err) == SS_OK;
    ss_tmpfiles_settle(&run->tmpfiles, !good);
    return good;
}

void ss_run_close(struct ss_run *run)
{
    if (run->second != run->file) {
        ss_close(run->second);
    }
    ss_close(run->file);
    run->file = NULL;
    run->second = NULL;
    ss_tmpfiles_reset(&run->tmpfiles);
}

bool ss_run_try_open(struct ss_run *run, const char *path, struct ss_error *err)
{
    run->input_name = path;
    return open_input(run, path, run->meta, &run->file, err);
}

int ss_run_open(struct ss_run *run, const char *path)
{
    struct ss_error err = SS_ERROR_INIT;
    if (!ss_run_try_open(run, path, &err)) {
        return ss_report(run, &err);
    }
    return SS_EXIT_OK;
}

int ss_run_open_readable(struct ss_run *run, const char *path)
{
    int code = ss_run_open(run, path);
    if (code != SS_EXIT_OK) {
        return code;
    }
    struct ss_error err = SS_ERROR_INIT;
    if (ss_run_checked(run, ss_file_readable(run->file, &err), &err) != SS_OK) {
        return ss_report(run, &err);
    }
    return SS_EXIT_OK;
}

/* Which kinds of file may still be a database that has lost both of its metas. */
static bool may_have_pages(enum ss_kind kind)
{
    return kind == SS_KIND_BBOLT || kind == SS_KIND_UNKNOWN || kind == SS_KIND_ZEROES;
}

int ss_run_placed(struct ss_run *run)
{
    struct ss_error err = SS_ERROR_INIT;
    struct ss_file_facts facts;
    ss_file_facts(run->file, &facts);
    if (facts.page_size != 0) {
        return SS_EXIT_OK;
    }
    if (ss_run_checked(run, ss_file_readable(run->file, &err), &err) == SS_OK) {
        return SS_EXIT_OK;
    }
    int code = ss_report(run, &err);
    if (code == SS_EXIT_REFUSED && may_have_pages(facts.kind)) {
        ss_try_again(run, "--page-size SIZE",
                     "shows the pages without a meta page, if their size is known");
    }
    return code;
}

int ss_run_open_two(struct ss_run *run, const char *first, const char *second)
{
    bool same = strcmp(first, second) == 0;
    if (same && strcmp(first, "-") == 0) {
        return ss_usage_error(run, "only one of the two can be standard input");
    }
    int code = ss_run_open_readable(run, first);
    if (code != SS_EXIT_OK) {
        return code;
    }
    run->second_name = second;
    if (same && run->meta == run->second_meta) {
        run->second = run->file;
        return SS_EXIT_OK;
    }
    struct ss_error err = SS_ERROR_INIT;
    if (!open_input(run, second, run->second_meta, &run->second, &err) ||
        ss_file_readable(run->second, &err) != SS_OK) {
        return ss_report_about(run, second, &err);
    }
    return SS_EXIT_OK;
}

enum ss_status ss_run_checked(const struct ss_run *run, enum ss_status status, struct ss_error *err)
{
    struct ss_error changed;
    bool has_cause = status == SS_SYSTEM && (err->code != SS_E_IO || err->sys != 0);
    if (has_cause || run->file == NULL || ss_file_unchanged(run->file, &changed) == SS_OK) {
        return status;
    }
    *err = changed;
    return SS_SYSTEM;
}

static int settle_one(struct ss_run *run, const struct ss_file *file, const char *name)
{
    struct ss_error err = SS_ERROR_INIT;
    if (file == NULL || ss_file_unchanged(file, &err) == SS_OK) {
        return SS_EXIT_OK;
    }
    return ss_report_about(run, name, &err);
}

int ss_run_settle(struct ss_run *run)
{
    int code = settle_one(run, run->file, run->input_name);
    if (code == SS_EXIT_OK && run->second != run->file) {
        code = settle_one(run, run->second, run->second_name);
    }
    run->settled = code != SS_EXIT_OK;
    return code;
}

int ss_run_ready(struct ss_run *run)
{
    if (ss_abandon_signal() != 0) {
        struct ss_error err = SS_ERROR_INIT;
        err.code = SS_E_CANCELLED;
        snprintf(err.message, sizeof(err.message), "cancelled");
        return ss_report(run, &err);
    }
    int code = ss_run_settle(run);
    if (code == SS_EXIT_OK && !ss_out_flush(&run->out) && ss_report_lost(run)) {
        code = SS_EXIT_SYSTEM;
    }
    run->settled = true;
    return code;
}

/* Standard output is checked to its very end; a reader that closed the pipe is told nothing. */
static int finish_output(struct ss_run *run, int code)
{
    ss_progress_clear(&run->progress);
    int failed = ss_out_finish(&run->out);
    if (failed == 0) {
        return code;
    }
    if (failed == EPIPE) {
        return run->committed ? code : SS_EXIT_SYSTEM;
    }
    fprintf(stderr, "snapscope: writing to standard output failed: %s%s\n", strerror(failed),
            run->committed ? "; what was to be written is written all the same" : "");
    return SS_EXIT_SYSTEM;
}

/* The n-th word of "FILE BUCKET..." and its length without the dots. */
static const char *argument_name(const char *args, size_t n, int *len)
{
    for (; n > 0; n--) {
        args += strcspn(args, " ") + 1;
    }
    *len = (int)strcspn(args, " .");
    return args;
}

static int check_arguments(const struct ss_run *run)
{
    if (run->arg_count < run->command->min_args) {
        int len;
        const char *name = argument_name(run->command->args, run->arg_count, &len);
        return ss_usage_error(run, "%.*s is missing", len, name);
    }
    if (run->arg_count > run->command->max_args) {
        char *shown = ss_escaped_name(run->args[run->command->max_args]);
        ss_usage_error(run, "'%s' is one argument too many", shown);
        free(shown);
        return SS_EXIT_USAGE;
    }
    return SS_EXIT_OK;
}

/* Temporary files are made while that can be done, for inputs that need them. */
static void make_tmpfiles(struct ss_run *run)
{
    size_t count = run->command->input_count != 0 ? run->command->input_count : 1;
    for (size_t i = 0; i < run->arg_count && i < count; i++) {
        if (ss_tmpfiles_needed(run->args[i])) {
            ss_tmpfiles_make(&run->tmpfiles);
            return;
        }
    }
}

/* Gives up what this run does not need; from here on input is read. */
static int enter_sandbox(struct ss_run *run)
{
    if (run->common.no_sandbox) {
        fputs(
            "snapscope: --no-sandbox: nothing keeps this run from writing, connecting or starting "
            "programs\n",
            stderr);
        return SS_EXIT_OK;
    }
    struct ss_sandbox sandbox = {0};
    struct ss_sandbox_state state;
    make_tmpfiles(run);
    if (run->command->outputs != NULL) {
        run->command->outputs(run, &sandbox);
    }
    ss_sandbox_enter(&sandbox, &state);
    ss_sandbox_fini(&sandbox);
    if (!run->common.require_sandbox || ss_sandbox_is_whole(&state)) {
        return SS_EXIT_OK;
    }
    char text[SS_SANDBOX_TEXT_MAX];
    fprintf(stderr, "snapscope: --require-sandbox: the sandbox is not whole: %s\n",
            ss_sandbox_text(&state, text, sizeof text));
    return SS_EXIT_SYSTEM;
}

static int command_run(struct ss_run *run, int argc, char **argv)
{
    int first = 0;
    if (!ss_options_parse(run->command, argc, argv, &run->common, run->opts, &first)) {
        fprintf(stderr, "snapscope %s --help lists the options.\n", run->command->name);
        return SS_EXIT_USAGE;
    }
    ss_out_init(&run->out, run->common.no_color);
    ss_progress_init(&run->progress, !run->common.no_progress);
    if (run->common.help) {
        print_command_help(run->command);
        return finish_output(run, SS_EXIT_OK);
    }
    run->meta = run->second_meta = run->common.meta;
    run->args = argv + first;
    run->arg_count = (size_t)(argc - first);
    int code = check_arguments(run);
    if (code != SS_EXIT_OK) {
        return code;
    }
    struct ss_error err = SS_ERROR_INIT;
    if (ss_guard_install(&err) != SS_OK) {
        return ss_report(run, &err);
    }
    code = enter_sandbox(run);
    if (code == SS_EXIT_OK) {
        code = run->command->run(run);
        if (code != SS_EXIT_SYSTEM && !run->settled && ss_run_settle(run) != SS_EXIT_OK) {
            code = SS_EXIT_SYSTEM;
        }
    }
    ss_run_close(run);
    ss_tmpfiles_close(&run->tmpfiles);
    return finish_output(run, code);
}

static int run_command(const struct ss_command *command, int argc, char **argv)
{
    struct ss_run run = {
        .command = command, .opts = ss_must_alloc(command->opts_size), .argc = argc, .argv = argv};
    memset(run.opts, 0, command->opts_size);
    int code = command_run(&run, argc, argv);
    free(run.opts);
    if (code == SS_EXIT_SYSTEM) {
        ss_abandon_by_signal();
    }
    return code;
}

static int print_and_finish(void (*print)(FILE *), int code)
{
    struct ss_run run = {0};
    ss_out_init(&run.out, true);
    print(stdout);
    return finish_output(&run, code);
}

static void print_version(FILE *to)
{
    char text[SS_SANDBOX_TEXT_MAX];
    struct ss_sandbox_state state;
    ss_sandbox_probe(&state);
    fprintf(to, "snapscope %s\nsandbox: %s\n", ss_version(),
            ss_sandbox_text(&state, text, sizeof text));
}

static int help_main(int argc, char **argv)
{
    if (argc == 1) {
        return print_and_finish(print_overview, SS_EXIT_OK);
    }
    if (strcmp(argv[1], "--json") == 0) {
        return print_and_finish(cli_help_doc, SS_EXIT_OK);
    }
    const struct ss_command *command = command_find(argv[1]);
    if (command == NULL) {
        return SS_EXIT_USAGE;
    }
    char help[] = "--help";
    char *args[] = {argv[0], help, NULL};
    return run_command(command, 2, args);
}

static int main_run(int argc, char **argv)
{
    if (argc < 2) {
        print_overview(stderr);
        return SS_EXIT_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        return print_and_finish(print_overview, SS_EXIT_OK);
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        return print_and_finish(print_version, SS_EXIT_OK);
    }
    if (strcmp(word, "help") == 0) {
        return help_main(argc - 1, argv + 1);
    }
    if (word[0] == '-' && word[1] != '\0') {
        char *shown = ss_escaped_name(word);
        fprintf(stderr,
                "snapscope: %s: the command comes first, its options behind it\n"
                "snapscope --help lists the commands.\n",
                shown);
        free(shown);
        return SS_EXIT_USAGE;
    }
    const struct ss_command *command = command_find(word);
    return command == NULL ? SS_EXIT_USAGE : run_command(command, argc - 1, argv + 1);
}

int ss_command_main(int argc, char **argv)
{
    occupy_streams();
    ss_abandon_guard_exit();
    /* A closed pipe and a file grown too large are errors of a write, not ends of the process. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    int code = main_run(argc, argv);
    ss_abandon_allow_exit();
    return code;
}
