/*
 * report.c - failures in words, and the exit codes they come to. Standard error gets the words;
 * file names and messages are printed escaped.
 */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abandon.h"
#include "doc.h"
#include "print.h"
#include "run.h"

/* Errors of opening that lie in what was named, not in the machine. */
static bool is_path_error(int sys)
{
    switch (sys) {
    case ENOENT:
    case EACCES:
    case EPERM:
    case EISDIR:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO:
    case ENODEV:
        return true;
    default:
        return false;
    }
}

int cli_error_exit(const struct ss_error *err)
{
    switch (err->code) {
    case SS_E_NONE:
        return CLI_EXIT_OK;
    case SS_E_NOT_FOUND:
    case SS_E_REV_FUTURE:
    case SS_E_REV_COMPACTED:
        return CLI_EXIT_ANSWER;
    case SS_E_ARGUMENT:
    case SS_E_EXISTS:
        return CLI_EXIT_USAGE;
    case SS_E_IO:
        return is_path_error(err->sys) ? CLI_EXIT_REFUSED : CLI_EXIT_SYSTEM;
    case SS_E_NOMEM:
    case SS_E_OUTPUT:
    case SS_E_CANCELLED:
        return CLI_EXIT_SYSTEM;
    default:
        return CLI_EXIT_REFUSED;
    }
}

/* What to try next: a command line that exists, or words. %s is the file. */
static const struct {
    enum ss_code code;
    const char *text;
} hints[] = {
    {SS_E_MEMBER, "name one of them with --member NAME"},
    {SS_E_LIMIT, "raise the bound with --unpacked-limit SIZE, if the archive is trusted"},
    {SS_E_ARCHIVE,
     "another copy; gzip -dc, or what else unpacks it, saves what comes out before the damage, and "
     "snapscope verify says what that is worth"},
    {SS_E_EXISTS, "choose another name, or add --force to replace a file that is not the input"},
    {SS_E_META, "snapscope info %s shows what both meta pages hold"},
    {SS_E_PAGE_RANGE, "snapscope info %s shows how much of the database the file has"},
    {SS_E_NOT_BBOLT, "snapscope info %s says what the file is instead"},
    {SS_E_NOT_ETCD, "snapscope buckets %s lists what it holds; --bucket PATH reads one of them"},
    {SS_E_REV_KEY, "if this is no etcd file, snapscope buckets %s lists what it holds"},
    {SS_E_REV_FUTURE, "snapscope info %s shows which revisions the file holds"},
    {SS_E_REV_COMPACTED, "snapscope info %s shows which revisions the file holds"},
};

static bool is_page_fault(enum ss_code code)
{
    return code > SS_E_PAGE_RANGE && code <= SS_E_FREELIST;
}

/* An input that changed while it was read: the one failed read that no system call has failed in. */
static bool is_live(const struct ss_error *err)
{
    return err->code == SS_E_IO && err->sys == 0 && strstr(err->message, "was written to") != NULL;
}

/* Only some commands can replace what is there. */
/* The command's option of that name, or NULL. */
static const struct cli_option *option_of(const struct cli_command *command, const char *name)
{
    const struct cli_option *option = command->options;
    while (option->name != NULL && strcmp(option->name, name) != 0) {
        option++;
    }
    return option->name != NULL ? option : NULL;
}

static void gather_text(struct cli_gathered *to, const char *text)
{
    cli_gather(to, text, strlen(text));
}

/* One word of a command line as a shell takes it; what a terminal would obey was escaped before. */
static void gather_word(struct cli_gathered *to, const char *word)
{
    char *shown = cli_escaped_name(word);
    if (shown[0] != '\0' && strspn(shown, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_-+=:,./@%") == strlen(shown)) {
        gather_text(to, shown);
    } else {
        gather_text(to, "'");
        for (const char *at = shown; *at != '\0'; at++) {
            gather_text(to, *at == '\'' ? "'\\''" : (char[]){*at, '\0'});
        }
        gather_text(to, "'");
    }
    free(shown);
}

/* The line is made whole before any of it is printed: memory may end on the way. */
void cli_try_again(const struct cli_run *run, const char *more, const char *behind)
{
    struct cli_gathered line = {0};
    gather_text(&line, "snapscope: try: snapscope ");
    gather_text(&line, run->command->name);
    gather_text(&line, " ");
    gather_text(&line, more);
    for (int i = 1; i < run->argc; i++) {
        gather_text(&line, " ");
        gather_word(&line, run->argv[i]);
    }
    gather_text(&line, " ");
    gather_text(&line, behind);
    gather_text(&line, "\n");
    fwrite(line.bytes, 1, line.len, stderr);
    free(line.bytes);
}

/*
 * The tree in force is damaged and the other meta page names another one: the state before it may be whole.
 * Once a run, since it holds for all that the file's trees hold.
 */
static void print_meta_hint(struct cli_run *run, const char *about)
{
    bool is_second = run->second != NULL && about == run->second_name;
    const struct ss_file *file = is_second ? run->second : run->file;
    struct ss_file_facts facts;
    struct ss_meta now, other;
    char more[32], behind[96];
    if (file == NULL || run->meta_hinted) {
        return;
    }
    ss_file_facts(file, &facts);
    if (facts.current_meta < 0 || facts.meta_chosen) {
        return;
    }
    ss_file_meta(file, facts.current_meta, &now);
    ss_file_meta(file, 1 - facts.current_meta, &other);
    if (!other.valid || other.root == now.root) {
        return;
    }
    run->meta_hinted = true;
    snprintf(more, sizeof(more), "--meta%s %d",
             run->second_name == NULL ? ""
             : is_second              ? "-b"
                                      : "-a",
             1 - facts.current_meta);
    snprintf(behind, sizeof(behind), "reads the state of txid %" PRIu64 " instead of %" PRIu64,
             (uint64_t)other.txid, (uint64_t)now.txid);
    cli_try_again(run, more, behind);
}

/*
 * A copy in text mode explains all that is wrong, and no page of such a file is worth a look. True when that is the
 * case; said once a run.
 */
static bool print_text_mode_hint(struct cli_run *run, const char *about, const char *name)
{
    bool is_second = run->second != NULL && about == run->second_name;
    const struct ss_file *file = is_second ? run->second : run->file;
    struct ss_text_mode found;
    struct ss_error err = SS_ERROR_INIT;
    if (file == NULL || ss_text_mode(file, NULL, &found, &err) != SS_OK ||
        found.change == SS_TEXT_MODE_NONE) {
        cli_abandon_starved(&err);
        return false;
    }
    if (run->text_hinted) {
        return true;
    }
    run->text_hinted = true;
    fprintf(stderr, "snapscope: %s: a copy in text mode changed it: ", name);
    if (found.change == SS_TEXT_MODE_ADDED) {
        fprintf(stderr, "0x0d stands before each of its %" PRIu64 " bytes 0x0a%s\n", found.count,
                found.hash_right ? ", and without them its SHA-256 is right" : "");
    } else {
        fprintf(stderr,
                "pages stand early from offset 0x%" PRIx64
                " on, and no byte 0x0a has 0x0d before it any more\n",
                found.off);
    }
    fputs("snapscope: try: another copy, in binary mode\n", stderr);
    return true;
}

/* Damage of what trees hold, which another tree need not have. */
static bool is_tree_fault(enum ss_code code)
{
    return code >= SS_E_PAGE_RANGE || code == SS_E_NOT_ETCD;
}

/* A folder on the way to a member's database, or above it. */
static void print_directory_hint(const char *path, const char *name)
{
    static const char *const below[] = {"member/snap/db", "snap/db", "db"};
    for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
        char *full = NULL;
        bool slash = path[0] != '\0' && path[strlen(path) - 1] == '/';
        if (asprintf(&full, "%s%s%s", path, slash ? "" : "/", below[i]) < 0) {
            cli_abandon_memory(0);
        }
        bool exists = access(full, F_OK) == 0;
        free(full);
        if (exists) {
            fprintf(stderr, "snapscope: try: %s%s%s\n", name, slash ? "" : "/", below[i]);
            return;
        }
    }
}

/* Damage, where the command could go on past it and was not to. */
static void print_keep_going_hint(const struct cli_run *run, const struct ss_error *err)
{
    const struct cli_option *option = option_of(run->command, "keep-going");
    bool damage = err->code >= SS_E_PAGE_RANGE && err->code <= SS_E_VERSION;
    if (damage && option != NULL && !*(const bool *)((const char *)run->opts + option->slot)) {
        cli_try_again(run, "--keep-going", "gives what still stands");
    }
}

static void print_hint(const struct cli_run *run, const struct ss_error *err, const char *about,
                       const char *name)
{
    if (err->code == SS_E_IO && err->sys == EISDIR) {
        print_directory_hint(about, name);
        return;
    }
    print_keep_going_hint(run, err);
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        bool self = strcmp(run->command->name, "info") == 0 && strstr(hints[i].text, " info ");
        /* A decoder's own bound, or a password: the message says what unpacks it. */
        bool is_decoder =
            (err->code == SS_E_LIMIT || err->code == SS_E_ARCHIVE) && err->expect[0] != '\0';
        bool forceless = err->code == SS_E_EXISTS && option_of(run->command, "force") == NULL;
        if (hints[i].code == err->code && !self && !forceless && !is_decoder) {
            fputs("snapscope: try: ", stderr);
            const char *at = strstr(hints[i].text, "%s");
            size_t before = at == NULL ? strlen(hints[i].text) : (size_t)(at - hints[i].text);
            fprintf(stderr, "%.*s%s%s\n", (int)before, hints[i].text, at == NULL ? "" : name,
                    at == NULL ? "" : at + 2);
            return;
        }
    }
    if (is_live(err)) {
        fputs(
            "snapscope: try: etcdctl snapshot save, if a member is running on it; else a copy, or "
            "the same again when nobody writes to it\n",
            stderr);
        return;
    }
    if (is_page_fault(err->code) && err->pgid != SS_NONE &&
        strcmp(run->command->name, "page") != 0 && strcmp(run->command->name, "pages") != 0) {
        fprintf(stderr, "snapscope: try: snapscope page %s %" PRIu64 " --hex shows that page; ",
                name, (uint64_t)err->pgid);
        fprintf(stderr, "snapscope pages %s lists what can be reached\n", name);
    }
}

static void print_error(struct cli_run *run, const char *about, const struct ss_error *err,
                        bool with_hint)
{
    char text[1024];
    int signo = cli_abandon_signal();
    if (err->code == SS_E_CANCELLED && signo != 0) {
        snprintf(text, sizeof(text), "interrupted by SIG%s", sigabbrev_np(signo));
    } else {
        ss_error_text(err, text, sizeof(text));
    }
    cli_progress_clear(&run->progress);
    if (about == NULL) {
        fprintf(stderr, "snapscope: %s\n", text);
        return;
    }
    char *name = cli_escaped_name(about);
    size_t len = strlen(name);
    /* Some messages begin with the name of the file, which stands before them already. */
    bool named = strncmp(text, name, len) == 0 && text[len] == ' ';
    fprintf(stderr, "snapscope: %s: %s\n", name, named ? text + len + 1 : text);
    bool damage = is_tree_fault(err->code) || err->code == SS_E_META;
    if (with_hint && !(damage && print_text_mode_hint(run, about, name))) {
        print_hint(run, err, about, name);
        if (is_tree_fault(err->code)) {
            print_meta_hint(run, about);
        }
    }
    free(name);
}

/* Damage in a file that was written to meanwhile is none of its own: true when that is told instead. */
static bool is_change(struct cli_run *run, const struct ss_error *err)
{
    int code = cli_error_exit(err);
    bool is_finding = code == CLI_EXIT_ANSWER || (code == CLI_EXIT_REFUSED && err->code != SS_E_IO);
    return is_finding && !run->settled && cli_run_settle(run) != CLI_EXIT_OK;
}

bool cli_report_lost(const struct cli_run *run)
{
    return run->out.failed != 0 && run->out.failed != EPIPE;
}

/* The open file behind a name that errors are reported about; NULL: an output, or not open. */
static const struct ss_file *file_about(const struct cli_run *run, const char *name)
{
    return name == run->input_name ? run->file : name == run->second_name ? run->second : NULL;
}

/* The document in place of an answer. What is at fault may be another file than the input. */
static void print_failure(struct cli_run *run, const char *name, const struct ss_error *err)
{
    json_t *doc = cli_doc_new();
    const char *input = run->input_name != NULL ? run->input_name : "";
    name = name != NULL ? name : input;
    cli_doc_text(doc, "file", run->input_name != NULL ? input : name);
    cli_doc_failure(doc, err, name, file_about(run, name));
    run->answer_begun = true;
    cli_doc_print(&run->out, doc);
}

int cli_report_about(struct cli_run *run, const char *name, const struct ss_error *err)
{
    if (is_change(run, err)) {
        return CLI_EXIT_SYSTEM;
    }
    if (err->code == SS_E_OUTPUT && run->out.failed != 0) {
        return CLI_EXIT_SYSTEM; /* the framework reports a failed standard output, once */
    }
    print_error(run, name, err, true);
    if (run->common.json && !run->answer_begun && run->out.len == 0) {
        print_failure(run, name, err);
    }
    return cli_error_exit(err);
}

int cli_report(struct cli_run *run, const struct ss_error *err)
{
    return cli_report_about(run, run->input_name, err);
}

int cli_report_bucket(struct cli_run *run, const struct ss_error *err)
{
    int code = cli_report(run, err);
    if (err->code == SS_E_NOT_FOUND) {
        char *name = cli_escaped_name(run->input_name);
        fprintf(stderr, "snapscope: try: snapscope buckets %s lists the buckets\n", name);
        free(name);
    }
    return code;
}

int cli_usage_error(const struct cli_run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "snapscope %s: ", run->command->name);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nUsage: snapscope %s [OPTIONS] %s\n", run->command->name, run->command->args);
    fprintf(stderr, "snapscope %s --help explains them.\n", run->command->name);
    return CLI_EXIT_USAGE;
}

__attribute__((format(printf, 3, 0))) static void print_note(struct cli_run *run, const char *about,
                                                             const char *format, va_list args)
{
    char *name = cli_escaped_name(about);
    cli_progress_clear(&run->progress);
    fprintf(stderr, "snapscope: %s: ", name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    free(name);
}

void cli_note(struct cli_run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_note(run, run->input_name, format, args);
    va_end(args);
}

void cli_note_about(struct cli_run *run, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_note(run, name, format, args);
    va_end(args);
}

void cli_note_placed(struct cli_run *run, const struct ss_file_facts *facts)
{
    cli_note(run,
             "pages are shown by their place, as pages of %u bytes, %s-endian: which ones are in "
             "use or free, "
             "and which bucket they belong to, is not known without a meta page",
             facts->page_size, facts->big_endian ? "big" : "little");
}

void cli_error_not_found(struct ss_error *err, const char *format, ...)
{
    *err = (struct ss_error){.code = SS_E_NOT_FOUND, .off = SS_NONE, .pgid = SS_NONE};
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof(err->message), format, args);
    va_end(args);
}

void cli_faults_init(struct cli_faults *faults, struct cli_run *run)
{
    *faults = (struct cli_faults){.run = run, .list = run->common.json ? cli_doc_list() : NULL};
}

void cli_faults_fini(struct cli_faults *faults)
{
    json_decref(faults->list);
}

bool cli_faults_has(const struct cli_faults *faults, const struct ss_error *err)
{
    for (size_t i = 0; i < CLI_FAULTS_SHOWN && i < faults->count; i++) {
        if (faults->seen[i].code == err->code && faults->seen[i].off == err->off) {
            return true;
        }
    }
    return false;
}

static const char *faults_about(const struct cli_faults *faults)
{
    return faults->about != NULL ? faults->about : faults->run->input_name;
}

void cli_faults_add(struct cli_faults *faults, const struct ss_error *err)
{
    if (faults->count < CLI_FAULTS_SHOWN) {
        faults->seen[faults->count].code = err->code;
        faults->seen[faults->count].off = err->off;
        print_error(faults->run, faults_about(faults), err, false);
        if (faults->list != NULL) {
            cli_doc_append(faults->list, cli_doc_error(err));
        }
    }
    faults->count++;
}

void cli_faults_close(struct cli_faults *faults)
{
    if (faults->count > CLI_FAULTS_SHOWN) {
        cli_note_about(faults->run, faults_about(faults),
                       "%" PRIu64 " further faults are not listed, %" PRIu64 " in all",
                       (uint64_t)(faults->count - CLI_FAULTS_SHOWN), (uint64_t)faults->count);
    }
    if (faults->count > 0) {
        const char *about = faults_about(faults);
        char *name = cli_escaped_name(about);
        if (!print_text_mode_hint(faults->run, about, name)) {
            print_meta_hint(faults->run, about);
        }
        free(name);
    }
}

void cli_faults_doc(const struct cli_faults *faults, json_t *doc)
{
    cli_doc_number(doc, "fault_count", faults->count);
    cli_doc_set(doc, "faults", json_incref(faults->list));
}
