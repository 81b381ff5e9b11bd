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
#include "print.h"
#include "report.h"
#include "run.h"

const struct cli_command *const cli_commands[] = {
#define COMMAND(name) &cli_cmd_##name,
#include "commands.def"
#undef COMMAND
};
const size_t cli_command_count = sizeof(cli_commands) / sizeof(cli_commands[0]);

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
    for (size_t i = 0; i < cli_command_count; i++) {
        fprintf(to, "  %-10s  %s\n", cli_commands[i]->name, cli_commands[i]->summary);
    }
    fputs("\nsnapscope COMMAND --help explains one of them.\n", to);
}

const char *cli_command_exit(const struct cli_command *command, int code)
{
    static const char *const usual[CLI_EXIT_COUNT] = {
        [CLI_EXIT_OK] = "done, and the answer is whole",
        [CLI_EXIT_USAGE] = "wrong usage",
        [CLI_EXIT_REFUSED] =
            ("the input is refused or cannot be read, or damage was met: standard\n"
             "error says which, and what stands is printed"),
        [CLI_EXIT_SYSTEM] = "the system failed: memory, input or output",
    };
    return command->exits[code] != NULL ? command->exits[code] : usual[code];
}

static void print_command_help(const struct cli_command *command)
{
    const char *required = command->required != NULL ? command->required : "";
    printf("Usage: snapscope %s %s%s[OPTIONS] %s\n\n%s\n\n", command->name, required,
           required[0] != '\0' ? " " : "", command->args, command->detail);
    cli_options_help(command, stdout);
    puts("\nExit codes:");
    for (int code = 0; code < CLI_EXIT_COUNT; code++) {
        const char *meaning = cli_command_exit(command, code);
        if (meaning != NULL) {
            printf("  %d  ", code);
            cli_help_indent(meaning, 5, stdout);
        }
    }
}

static const struct cli_command *command_find(const char *name)
{
    for (size_t i = 0; i < cli_command_count; i++) {
        if (strcmp(cli_commands[i]->name, name) == 0) {
            return cli_commands[i];
        }
    }
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < cli_command_count && count < NAMES_MAX - 1; i++) {
        names[count++] = cli_commands[i]->name;
    }
    names[count++] = "help";
    const char *near = cli_nearest(name, names, count);
    char *shown = cli_escaped_name(name);
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

static bool open_input(struct cli_run *run, const char *path, int meta, struct ss_file **file,
                       struct ss_error *err)
{
    bool sandboxed = !run->common.no_sandbox;
    struct ss_open_opts opts = {
        .tmp_open = sandboxed ? cli_tmpfiles_lend : NULL,
        .tmp_ctx = &run->tmpfiles,
        .member = run->common.member,
        .page_size = (uint32_t)run->common.page_size,
        .meta = (enum ss_meta_choice)meta,
        .unpacked_limit = run->common.unpacked_limit,
        .hash_stream = run->hash_stream,
    };
    const struct ss_call call = cli_run_call(run);
    bool good = ss_open(path, &opts, &call, file, err) == SS_OK;
    cli_tmpfiles_settle(&run->tmpfiles, !good);
    return good;
}

void cli_run_close(struct cli_run *run)
{
    if (run->second != run->file) {
        ss_close(run->second);
    }
    ss_close(run->file);
    run->file = NULL;
    run->second = NULL;
    cli_tmpfiles_reset(&run->tmpfiles);
}

bool cli_run_try_open(struct cli_run *run, const char *path, struct ss_error *err)
{
    run->input_name = path;
    return open_input(run, path, run->meta, &run->file, err);
}

int cli_run_open(struct cli_run *run, const char *path)
{
    struct ss_error err = SS_ERROR_INIT;
    if (!cli_run_try_open(run, path, &err)) {
        return cli_report(run, &err);
    }
    return CLI_EXIT_OK;
}

int cli_run_open_readable(struct cli_run *run, const char *path)
{
    int code = cli_run_open(run, path);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    struct ss_error err = SS_ERROR_INIT;
    if (cli_run_checked(run, ss_file_readable(run->file, &err), &err) != SS_OK) {
        return cli_report(run, &err);
    }
    return CLI_EXIT_OK;
}

/* Which kinds of file may still be a database that has lost both of its metas. */
static bool may_have_pages(enum ss_kind kind)
{
    return kind == SS_KIND_BBOLT || kind == SS_KIND_UNKNOWN || kind == SS_KIND_ZEROES;
}

int cli_run_placed(struct cli_run *run)
{
    struct ss_error err = SS_ERROR_INIT;
    struct ss_file_facts facts;
    ss_file_facts(run->file, &facts);
    if (facts.page_size != 0) {
        return CLI_EXIT_OK;
    }
    if (cli_run_checked(run, ss_file_readable(run->file, &err), &err) == SS_OK) {
        return CLI_EXIT_OK;
    }
    int code = cli_report(run, &err);
    if (code == CLI_EXIT_REFUSED && may_have_pages(facts.kind)) {
        cli_try_again(run, "--page-size SIZE",
                      "shows the pages without a meta page, if their size is known");
    }
    return code;
}

int cli_run_open_two(struct cli_run *run, const char *first, const char *second)
{
    bool same = strcmp(first, second) == 0;
    if (same && strcmp(first, "-") == 0) {
        return cli_usage_error(run, "only one of the two can be standard input");
    }
    int code = cli_run_open_readable(run, first);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    run->second_name = second;
    if (same && run->meta == run->second_meta) {
        run->second = run->file;
        return CLI_EXIT_OK;
    }
    struct ss_error err = SS_ERROR_INIT;
    if (!open_input(run, second, run->second_meta, &run->second, &err) ||
        ss_file_readable(run->second, &err) != SS_OK) {
        return cli_report_about(run, second, &err);
    }
    return CLI_EXIT_OK;
}

enum ss_status cli_run_checked(const struct cli_run *run, enum ss_status status,
                               struct ss_error *err)
{
    struct ss_error changed;
    bool has_cause = status == SS_SYSTEM && (err->code != SS_E_IO || err->sys != 0);
    if (has_cause || run->file == NULL || ss_file_unchanged(run->file, &changed) == SS_OK) {
        return status;
    }
    *err = changed;
    return SS_SYSTEM;
}

static int settle_one(struct cli_run *run, const struct ss_file *file, const char *name)
{
    struct ss_error err = SS_ERROR_INIT;
    if (file == NULL || ss_file_unchanged(file, &err) == SS_OK) {
        return CLI_EXIT_OK;
    }
    return cli_report_about(run, name, &err);
}

int cli_run_settle(struct cli_run *run)
{
    int code = settle_one(run, run->file, run->input_name);
    if (code == CLI_EXIT_OK && run->second != run->file) {
        code = settle_one(run, run->second, run->second_name);
    }
    run->settled = code != CLI_EXIT_OK;
    return code;
}

int cli_run_ready(struct cli_run *run)
{
    if (cli_abandon_signal() != 0) {
        struct ss_error err = SS_ERROR_INIT;
        err.code = SS_E_CANCELLED;
        snprintf(err.message, sizeof(err.message), "cancelled");
        return cli_report(run, &err);
    }
    int code = cli_run_settle(run);
    if (code == CLI_EXIT_OK && !cli_out_flush(&run->out) && cli_report_lost(run)) {
        code = CLI_EXIT_SYSTEM;
    }
    run->settled = true;
    return code;
}

/* Standard output is checked to its very end; a reader that closed the pipe is told nothing. */
static int finish_output(struct cli_run *run, int code)
{
    cli_progress_clear(&run->progress);
    int failed = cli_out_finish(&run->out);
    if (failed == 0) {
        return code;
    }
    if (failed == EPIPE) {
        return run->committed ? code : CLI_EXIT_SYSTEM;
    }
    fprintf(stderr, "snapscope: writing to standard output failed: %s%s\n", strerror(failed),
            run->committed ? "; what was to be written is written all the same" : "");
    return CLI_EXIT_SYSTEM;
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

static int check_arguments(const struct cli_run *run)
{
    if (run->arg_count < run->command->min_args) {
        int len;
        const char *name = argument_name(run->command->args, run->arg_count, &len);
        return cli_usage_error(run, "%.*s is missing", len, name);
    }
    if (run->arg_count > run->command->max_args) {
        char *shown = cli_escaped_name(run->args[run->command->max_args]);
        cli_usage_error(run, "'%s' is one argument too many", shown);
        free(shown);
        return CLI_EXIT_USAGE;
    }
    return CLI_EXIT_OK;
}

/* Temporary files are made while that can be done, for inputs that need them. */
static void make_tmpfiles(struct cli_run *run)
{
    size_t count = run->command->input_count != 0 ? run->command->input_count : 1;
    for (size_t i = 0; i < run->arg_count && i < count; i++) {
        if (cli_tmpfiles_needed(run->args[i])) {
            cli_tmpfiles_make(&run->tmpfiles);
            return;
        }
    }
}

/* Gives up what this run does not need; from here on input is read. */
static int enter_sandbox(struct cli_run *run)
{
    if (run->common.no_sandbox) {
        fputs(
            "snapscope: --no-sandbox: nothing keeps this run from writing, connecting or starting "
            "programs\n",
            stderr);
        return CLI_EXIT_OK;
    }
    struct cli_sandbox sandbox = {0};
    struct cli_sandbox_state state;
    make_tmpfiles(run);
    if (run->command->outputs != NULL) {
        run->command->outputs(run, &sandbox);
    }
    cli_sandbox_enter(&sandbox, &state);
    cli_sandbox_fini(&sandbox);
    if (!run->common.require_sandbox || cli_sandbox_is_whole(&state)) {
        return CLI_EXIT_OK;
    }
    char text[CLI_SANDBOX_TEXT_MAX];
    fprintf(stderr, "snapscope: --require-sandbox: the sandbox is not whole: %s\n",
            cli_sandbox_text(&state, text, sizeof(text)));
    return CLI_EXIT_SYSTEM;
}

static int command_run(struct cli_run *run, int argc, char **argv)
{
    int first = 0;
    if (!cli_options_parse(run->command, argc, argv, &run->common, run->opts, &first)) {
        fprintf(stderr, "snapscope %s --help lists the options.\n", run->command->name);
        return CLI_EXIT_USAGE;
    }
    cli_out_init(&run->out, run->common.no_color);
    cli_progress_init(&run->progress, !run->common.no_progress);
    if (run->common.help) {
        print_command_help(run->command);
        return finish_output(run, CLI_EXIT_OK);
    }
    run->meta = run->second_meta = run->common.meta;
    run->args = argv + first;
    run->arg_count = (size_t)(argc - first);
    int code = check_arguments(run);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    struct ss_error err = SS_ERROR_INIT;
    if (ss_guard_install(&err) != SS_OK) {
        return cli_report(run, &err);
    }
    code = enter_sandbox(run);
    if (code == CLI_EXIT_OK) {
        code = run->command->run(run);
        if (code != CLI_EXIT_SYSTEM && !run->settled && cli_run_settle(run) != CLI_EXIT_OK) {
            code = CLI_EXIT_SYSTEM;
        }
    }
    cli_run_close(run);
    cli_tmpfiles_close(&run->tmpfiles);
    return finish_output(run, code);
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
    struct cli_run run = {
        .command = command, .opts = cli_must_alloc(command->opts_size), .argc = argc, .argv = argv};
    memset(run.opts, 0, command->opts_size);
    int code = command_run(&run, argc, argv);
    free(run.opts);
    if (code == CLI_EXIT_SYSTEM) {
        cli_abandon_by_signal();
    }
    return code;
}

static int print_and_finish(void (*print)(FILE *), int code)
{
    struct cli_run run = {0};
    cli_out_init(&run.out, true);
    print(stdout);
    return finish_output(&run, code);
}

static void print_version(FILE *to)
{
    char text[CLI_SANDBOX_TEXT_MAX];
    struct cli_sandbox_state state;
    cli_sandbox_probe(&state);
    fprintf(to, "snapscope %s\nsandbox: %s\n", ss_version(),
            cli_sandbox_text(&state, text, sizeof(text)));
}

static int help_main(int argc, char **argv)
{
    if (argc == 1) {
        return print_and_finish(print_overview, CLI_EXIT_OK);
    }
    if (strcmp(argv[1], "--json") == 0) {
        return print_and_finish(cli_help_doc, CLI_EXIT_OK);
    }
    const struct cli_command *command = command_find(argv[1]);
    if (command == NULL) {
        return CLI_EXIT_USAGE;
    }
    char help[] = "--help";
    char *args[] = {argv[0], help, NULL};
    return run_command(command, 2, args);
}

static int main_run(int argc, char **argv)
{
    if (argc < 2) {
        print_overview(stderr);
        return CLI_EXIT_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        return print_and_finish(print_overview, CLI_EXIT_OK);
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        return print_and_finish(print_version, CLI_EXIT_OK);
    }
    if (strcmp(word, "help") == 0) {
        return help_main(argc - 1, argv + 1);
    }
    if (word[0] == '-' && word[1] != '\0') {
        char *shown = cli_escaped_name(word);
        fprintf(stderr,
                "snapscope: %s: the command comes first, its options behind it\n"
                "snapscope --help lists the commands.\n",
                shown);
        free(shown);
        return CLI_EXIT_USAGE;
    }
    const struct cli_command *command = command_find(word);
    return command == NULL ? CLI_EXIT_USAGE : run_command(command, argc - 1, argv + 1);
}

int cli_command_main(int argc, char **argv)
{
    occupy_streams();
    cli_abandon_guard_exit();
    /* A closed pipe and a file grown too large are errors of a write, not ends of the process. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    int code = main_run(argc, argv);
    cli_abandon_allow_exit();
    return code;
}
