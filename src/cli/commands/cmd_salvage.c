/*
 * cmd_salvage.c - snapscope salvage: everything that can still be read, into a new, sound file.
 *
 *     IN ── every page-sized place ── records by revision ── OUT, whole or not at all
 *                                  └─ --report, --lost, --conflicts: files of their own
 *
 * What was made of the damage is printed first; OUT and the lists get their names behind that.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abandon.h"
#include "cmd.h"
#include "doc.h"
#include "intake_print.h"
#include "print.h"
#include "report.h"
#include "salvage_print.h"

struct salvage_opts {
    const char *output, *report, *conflicts, *lost;
    bool include_freed, dry_run, force;
    uint64_t threads;
};

static const struct cli_option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = CLI_OPTION_TEXT,
     .slot = offsetof(struct salvage_opts, output),
     .arg = "OUT",
     .help = "the new file, whole or not at all"},
    {.name = "dry-run",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct salvage_opts, dry_run),
     .help = "look and report, write no OUT"},
    {.name = "include-freed",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct salvage_opts, include_freed),
     .help = "also what was deleted: all records that freed\npages and slack still hold"},
    {.name = "report",
     .kind = CLI_OPTION_TEXT,
     .slot = offsetof(struct salvage_opts, report),
     .arg = "FILE",
     .help = "the report as a JSON document into a file, too"},
    {.name = "conflicts",
     .kind = CLI_OPTION_TEXT,
     .slot = offsetof(struct salvage_opts, conflicts),
     .arg = "FILE",
     .help = "both records of each conflict as JSON Lines"},
    {.name = "lost",
     .kind = CLI_OPTION_TEXT,
     .slot = offsetof(struct salvage_opts, lost),
     .arg = "FILE",
     .help = "all ranges of lost revisions as JSON Lines"},
    {.name = "force",
     .letter = 'f',
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct salvage_opts, force),
     .help = "replace files that are there, never the input"},
    CLI_OPTION_THREADS(salvage_opts),
    {.name = NULL},
};

/* One of the files that are written. */
struct target {
    const char *path; /* NULL: it was not asked for */
    struct ss_output *output;
    struct ss_error err; /* of the first write that failed */
    bool failed;
};

enum {
    TO_OUT,
    TO_REPORT,
    TO_CONFLICTS,
    TO_LOST,
    TARGET_COUNT
};

struct salvage_job {
    struct cli_run *run;
    const struct salvage_opts *opts;
    struct target targets[TARGET_COUNT];
    struct cli_salvaged said;
};

static bool write_target(void *ctx, const void *bytes, size_t len)
{
    struct target *target = ctx;
    if (!target->failed && ss_output_write(target->output, bytes, len, &target->err) != SS_OK) {
        target->failed = true;
    }
    errno = target->failed ? target->err.sys : 0;
    return !target->failed;
}

/* A document as a line of a list; a failed write shows when the file is to get its name. */
static void write_line(struct target *target, json_t *doc)
{
    cli_doc_write_line(doc, write_target, target);
}

static void on_damage(void *ctx, const struct ss_salvage_damage *damage)
{
    struct salvage_job *job = ctx;
    job->said.damage_count++;
    if (job->said.damage_kept < CLI_SALVAGE_LISTED) {
        job->said.damage[job->said.damage_kept++] = *damage;
    }
}

static void on_lost(void *ctx, const struct ss_salvage_lost *lost)
{
    struct salvage_job *job = ctx;
    if (job->said.lost_kept < CLI_SALVAGE_LISTED) {
        job->said.lost[job->said.lost_kept++] = *lost;
    }
    if (job->targets[TO_LOST].path != NULL) {
        write_line(&job->targets[TO_LOST], cli_salvage_lost_doc(lost));
    }
}

static void on_conflict(void *ctx, const struct ss_salvage_conflict *conflict)
{
    struct salvage_job *job = ctx;
    if (job->targets[TO_CONFLICTS].path != NULL) {
        write_line(&job->targets[TO_CONFLICTS], cli_salvage_conflict_doc(conflict));
    }
}

static int check_options(const struct cli_run *run)
{
    const struct salvage_opts *opts = run->opts;
    if (opts->output == NULL && !opts->dry_run) {
        return cli_usage_error(run, "-o OUT is missing: where the new file goes; or --dry-run");
    }
    if (opts->output != NULL && opts->dry_run) {
        return cli_usage_error(run, "-o and --dry-run exclude one another");
    }
    return CLI_EXIT_OK;
}

static int open_targets(struct salvage_job *job)
{
    const char *const paths[TARGET_COUNT] = {[TO_OUT] = job->opts->output,
                                             [TO_REPORT] = job->opts->report,
                                             [TO_CONFLICTS] = job->opts->conflicts,
                                             [TO_LOST] = job->opts->lost};
    cli_abandon_catch(); /* a signal between two of them has to find the first ones removed */
    for (size_t i = 0; i < TARGET_COUNT; i++) {
        struct target *target = &job->targets[i];
        struct ss_error err = SS_ERROR_INIT;
        target->path = paths[i];
        for (size_t k = 0; k < i && target->path != NULL; k++) {
            if (paths[k] != NULL && strcmp(paths[k], target->path) == 0) {
                return cli_usage_error(job->run, "two outputs have one name");
            }
        }
        if (target->path != NULL && ss_output_open(target->path, job->opts->force, job->run->file,
                                                   &target->output, &err) != SS_OK) {
            return cli_report_about(job->run, target->path, &err);
        }
    }
    cli_abandon_removes(job->targets[TO_OUT].output);
    return CLI_EXIT_OK;
}

static void free_targets(struct salvage_job *job)
{
    cli_abandon_removes(NULL);
    for (size_t i = 0; i < TARGET_COUNT; i++) {
        ss_output_free(job->targets[i].output);
    }
}

static enum ss_status commit(struct target *target, struct ss_error *err)
{
    if (target->failed) {
        *err = target->err;
        return SS_SYSTEM;
    }
    return ss_output_commit(target->output, err);
}

/*
 * All get their names, or none; those behind `at` have theirs already. The one at hand may have it, too, where
 * its folder failed to be synced: if it was the last one, all is there. What --force replaced is gone.
 */
static void take_back(const struct salvage_job *job, size_t at, const struct ss_error *err)
{
    bool named = err->code == SS_E_OUTPUT && access(job->targets[at].path, F_OK) == 0;
    if (job->opts->force || (named && at == TO_OUT)) {
        return;
    }
    for (size_t i = named ? at : at + 1; i < TARGET_COUNT; i++) {
        if (job->targets[i].path != NULL) {
            unlink(job->targets[i].path);
        }
    }
    job->run->committed = false;
}

/* The lists first: what gets its name last is OUT. */
static int commit_targets(struct salvage_job *job)
{
    bool nothing = job->said.report.outcome == SS_SALVAGE_NOTHING;
    for (size_t i = TARGET_COUNT; i-- > 0;) {
        struct target *target = &job->targets[i];
        struct ss_error err = SS_ERROR_INIT;
        if (target->path == NULL || (i == TO_OUT && nothing)) {
            continue;
        }
        if (commit(target, &err) != SS_OK) {
            take_back(job, i, &err);
            return cli_report_about(job->run, target->path, &err);
        }
        job->run->committed = true;
    }
    return CLI_EXIT_OK;
}

static int failed(struct salvage_job *job, const struct ss_error *err)
{
    const struct target *out = &job->targets[TO_OUT];
    int code = err->code == SS_E_OUTPUT && out->failed
                   ? cli_report_about(job->run, out->path, &out->err)
                   : cli_report(job->run, err);
    if (out->path != NULL) {
        cli_note(job->run, "nothing was written");
    }
    return code;
}

static void print_answer(struct salvage_job *job)
{
    struct cli_run *run = job->run;
    struct cli_text text;
    if (job->targets[TO_REPORT].path != NULL) {
        write_line(&job->targets[TO_REPORT], cli_salvage_doc(&job->said));
    }
    if (run->common.json) {
        run->answer_begun = true;
        cli_doc_print(&run->out, cli_salvage_doc(&job->said));
        return;
    }
    cli_text_begin(&text);
    cli_salvage_print(text.to, &job->said);
    cli_text_end(&text, run, false);
}

/* Nothing to save: why the file could not be read is the better half of the answer. */
static int refuse(struct salvage_job *job)
{
    struct ss_error err = SS_ERROR_INIT;
    if (ss_file_readable(job->run->file, &err) != SS_OK) {
        job->run->answer_begun = true;
        return cli_report(job->run, &err);
    }
    cli_note(job->run, "there is nothing to save, and nothing was written");
    return CLI_EXIT_REFUSED;
}

static int run_job(struct salvage_job *job)
{
    struct cli_run *run = job->run;
    const struct ss_call call = cli_run_call(run);
    struct ss_salvage_opts opts = {.include_freed = job->opts->include_freed,
                                   .on_damage = on_damage,
                                   .on_lost = on_lost,
                                   .on_conflict = on_conflict,
                                   .ctx = job};
    struct target *out = &job->targets[TO_OUT];
    struct ss_error err = SS_ERROR_INIT;
    enum ss_status status = ss_salvage(run->file, &opts, out->path != NULL ? write_target : NULL,
                                       out, &call, &job->said.report, &err);
    status = cli_run_checked(run, status, &err);
    if (status != SS_OK) {
        return failed(job, &err);
    }
    print_answer(job);
    int code = cli_run_ready(run);
    if (code == CLI_EXIT_OK) {
        code = commit_targets(job);
    }
    if (code != CLI_EXIT_OK) {
        return code;
    }
    if (job->said.report.outcome == SS_SALVAGE_NOTHING) {
        return refuse(job);
    }
    return job->said.report.outcome == SS_SALVAGE_SOUND ? CLI_EXIT_OK : CLI_EXIT_ANSWER;
}

static int run_salvage(struct cli_run *run)
{
    int code = check_options(run);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    struct salvage_job *job = cli_must_alloc(sizeof(*job));
    *job = (struct salvage_job){.run = run, .opts = run->opts};
    job->said.input = run->args[0];
    job->said.output = job->opts->output;
    job->said.include_freed = job->opts->include_freed;
    run->threads = (unsigned)job->opts->threads;
    cli_progress_allow(&run->progress);
    code = cli_run_open(run, run->args[0]);
    if (code == CLI_EXIT_OK) {
        code = open_targets(job);
    }
    if (code == CLI_EXIT_OK) {
        code = run_job(job);
    }
    free_targets(job);
    free(job);
    return code;
}

static void outputs(const struct cli_run *run, struct cli_sandbox *sandbox)
{
    const struct salvage_opts *opts = run->opts;
    const char *const paths[] = {opts->output, opts->report, opts->conflicts, opts->lost};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (paths[i] != NULL) {
            cli_sandbox_output_file(sandbox, paths[i]);
        }
    }
}

const struct cli_command cli_cmd_salvage = {
    .name = "salvage",
    .args = "IN",
    .summary = "write all that a damaged file still holds into a sound one",
    .detail = "Reads every page-sized place of IN, also with both meta pages gone, and writes a\n"
              "new, sound, sealed file of the newest consistent state: what stands in the tree,\n"
              "and of what the tree has lost, records from elsewhere whose revisions fall into\n"
              "the gap. A record is taken only if it decodes whole and agrees with its key.\n"
              "Deleted data come back with --include-freed alone.\n\n"
              "What was damaged, what came from where and which revisions are lost is printed.\n"
              "Where any are, a compaction is scheduled at the last revision, for the history\n"
              "before is not whole. The new hash vouches for nothing before this run.",
    .exits = {[CLI_EXIT_OK] = "the input is sound, and the new file says the same",
              [CLI_EXIT_ANSWER] = "the input is damaged; all that could be saved was written",
              [CLI_EXIT_USAGE] = "wrong usage, or an output is there already",
              [CLI_EXIT_REFUSED] = "there is nothing to save, and no new file"},
    .options = options,
    .opts_size = sizeof(struct salvage_opts),
    .min_args = 1,
    .max_args = 1,
    .outputs = outputs,
    .run = run_salvage,
};
