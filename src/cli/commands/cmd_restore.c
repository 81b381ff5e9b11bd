/*
 * cmd_restore.c - snapscope restore: data directories that etcd boots, from a snapshot.
 *
 *     options ── plan (names, URLs, folders) ──┬── hash rules ─────────────┬── WAL of the source ── result
 *                                              └── write, under hidden names ┘
 *
 * The plan is made first, because it is quick and most often wrong; no folder gets its name before the
 * source is checked and accepted. The flags are those of `etcdutl snapshot restore`, and more.
 */
#include <stdlib.h>
#include <string.h>

#include "abandon.h"
#include "cmd.h"
#include "doc.h"
#include "intake_print.h"
#include "print.h"
#include "report.h"
#include "restore.h"
#include "wal_note.h"

struct restore_opts {
    const char *data_dir, *wal_dir, *name, *cluster, *token, *peer_urls;
    const char *learners, *all_members;
    struct cli_hash_flags hash;
    bool mark_compacted, dry_run;
    uint64_t bump_revision, threads;
    const char *map_size;
};

#define TEXT_OPTION(option_name, field, placeholder, words, further)                         \
    {                                                                                        \
        .name = (option_name), .kind = CLI_OPTION_TEXT,                                      \
        .slot = offsetof(struct restore_opts, field), .arg = (placeholder), .help = (words), \
        .more = (further)                                                                    \
    }

static const struct cli_option options[] = {
    TEXT_OPTION("data-dir", data_dir, "DIR", "the new data directory (default NAME.etcd)",
                "It must be empty or not there."),
    TEXT_OPTION("wal-dir", wal_dir, "DIR", "a WAL directory of its own, outside of it",
                "It must not be there yet. The default is `member/wal` in the data directory."),
    TEXT_OPTION("name", name, "NAME", "this member's name (default \"default\")", NULL),
    TEXT_OPTION("initial-cluster", cluster, "LIST",
                "every member as NAME=URL, with commas\n(default default=http://localhost:2380)",
                NULL),
    TEXT_OPTION("initial-cluster-token", token, "TOKEN",
                "parts clusters from one another\n(default etcd-cluster)", NULL),
    TEXT_OPTION("initial-advertise-peer-urls", peer_urls, "URLS",
                "this member's, as in the list\n(default http://localhost:2380)", NULL),
    CLI_OPTIONS_HASH_RULES(restore_opts),
    {.name = "bump-revision",
     .kind = CLI_OPTION_NUMBER,
     .slot = offsetof(struct restore_opts, bump_revision),
     .arg = "N",
     .help = "raise the revision that etcd has of IN by N, so\nthat clients never see it go back;\n"
             "only with --mark-compacted",
     .more = "It is counted from the revision that etcd has of the source, where etcdutl counts "
             "from the last record, which compaction or an earlier bump may have left behind. It "
             "must not pass 4611686018427387903 (2^62 - 1), since behind 2^63 - 1 no put succeeds.",
     .max = INT64_MAX},
    {.name = "mark-compacted",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct restore_opts, mark_compacted),
     .help = "all up to the raised revision counts as\ncompacted, so that watches begin anew",
     .more = "A watch from an old revision is then refused for that reason, and its client begins "
             "anew."},
    TEXT_OPTION("initial-memory-map-size", map_size, "N", "accepted and ignored",
                "It is there for the sake of scripts."),
    TEXT_OPTION("learners", learners, "NAMES", "members that start as learners, with commas",
                "A learner has no vote."),
    TEXT_OPTION("all-members", all_members, "DIR", "DIR/NAME for each member of the list at once",
                "All of them are made, or none."),
    {.name = "dry-run",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct restore_opts, dry_run),
     .help = "check all and say what would be written"},
    {.name = "threads",
     .kind = CLI_OPTION_NUMBER,
     .slot = offsetof(struct restore_opts, threads),
     .arg = "N",
     .help =
         "1: check and write one after the other; default:\nat once. What is written is the same",
     .more = "Folders that are written while the checks go on have hidden names, and get their own "
             "when the input is accepted.",
     .min = 1,
     .max = 64},
    {.name = NULL},
};

struct restore_job {
    struct cli_run *run;
    const struct restore_opts *opts;
    struct ss_restore_opts how;
    struct ss_intake intake;
    struct ss_source_wal wal;
    struct ss_restore_result result;
    struct cli_restored restored;
    struct ss_error hidden; /* what the plan met in the source */
    bool told;              /* the decision, and what is to be warned of */
};

/* An empty value stands for the default, as with etcdutl. */
static const char *given(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static int check_options(const struct cli_run *run)
{
    const struct restore_opts *opts = run->opts;
    if ((opts->bump_revision > 0) != opts->mark_compacted) {
        return cli_usage_error(run, "--bump-revision N and --mark-compacted go only together");
    }
    if (opts->all_members != NULL && given(opts->all_members) == NULL) {
        return cli_usage_error(run, "--all-members needs a folder");
    }
    if (opts->all_members != NULL && (opts->data_dir != NULL || opts->wal_dir != NULL ||
                                      opts->name != NULL || opts->peer_urls != NULL)) {
        return cli_usage_error(run, "--all-members writes every member of --initial-cluster: "
                                    "--data-dir, --wal-dir, --name and "
                                    "--initial-advertise-peer-urls do not go with it");
    }
    return CLI_EXIT_OK;
}

static const char *token_of(const struct restore_opts *opts)
{
    return opts->token != NULL ? opts->token : SS_RESTORE_TOKEN_DEFAULT;
}

static void fill_how(struct restore_job *job)
{
    const struct restore_opts *opts = job->opts;
    bool all = opts->all_members != NULL;
    job->how = (struct ss_restore_opts){
        .name = opts->name,
        .data_dir = all ? opts->all_members : given(opts->data_dir),
        .wal_dir = given(opts->wal_dir),
        .initial_cluster = opts->cluster,
        .token = opts->token,
        .peer_urls = opts->peer_urls,
        .learners = given(opts->learners),
        .bump_revision = opts->bump_revision,
        .all_members = all,
    };
}

/* What was typed and what is written are not about the source. */
static int report(struct restore_job *job, const struct ss_error *err)
{
    bool about_source =
        err->code != SS_E_ARGUMENT && err->code != SS_E_EXISTS && err->code != SS_E_OUTPUT;
    return cli_report_about(job->run, about_source ? job->run->input_name : NULL, err);
}

/* Plans without writing. What damage of the source hides is left for the hash rules to tell. */
static int plan(struct restore_job *job)
{
    struct ss_error err = SS_ERROR_INIT;
    job->how.dry_run = true;
    const struct ss_call call = cli_run_call(job->run);
    enum ss_status status =
        ss_restore_unchecked(job->run->file, &job->how, &call, &job->result, &err);
    job->how.dry_run = false;
    if (status == SS_CORRUPT) {
        job->hidden = err;
    }
    return status == SS_OK || status == SS_CORRUPT ? CLI_EXIT_OK : report(job, &err);
}

static int failed(struct restore_job *job, const struct ss_error *err)
{
    if (cli_report_lost(job->run)) {
        return CLI_EXIT_SYSTEM;
    }
    int code = report(job, err);
    cli_note(job->run, "nothing was written");
    return code;
}

static void print_doc(struct restore_job *job, bool has_result)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "file", job->run->input_name);
    cli_doc_bool(doc, "skip_hash_check", job->opts->hash.skip_hash_check);
    cli_doc_bool(doc, "allow_missing_hash", job->opts->hash.allow_missing_hash);
    cli_doc_bool(doc, "dry_run", job->opts->dry_run);
    cli_doc_set(doc, "intake", cli_intake_doc(&job->intake));
    if (job->wal.dir != NULL) {
        cli_doc_set(doc, "source_wal", cli_wal_note_doc(&job->wal));
    }
    if (has_result) {
        cli_doc_set(doc, "result", cli_restore_doc(&job->restored));
    }
    job->run->answer_begun = true;
    cli_doc_print(&job->run->out, doc);
}

static void print_intake(struct restore_job *job)
{
    struct cli_text text;
    cli_text_begin(&text);
    cli_intake_print(text.to, job->run->input_name, &job->intake);
    cli_text_end(&text, job->run, false);
}

static void print_result(struct restore_job *job)
{
    struct cli_text text;
    cli_text_begin(&text);
    cli_restore_print(text.to, &job->restored);
    cli_text_end(&text, job->run, false);
}

static void warn(struct restore_job *job)
{
    char words[2048];
    if (job->opts->map_size != NULL) {
        cli_note(job->run,
                 "note: --initial-memory-map-size is ignored: nothing is mapped to write");
    }
    if (cli_wal_note_text(&job->wal, words, sizeof(words)) != NULL) {
        cli_note(job->run, "%s", words);
    }
}

/* All is written, but it could not be read again. */
static int report_boot(struct restore_job *job)
{
    char text[1024];
    ss_error_text(&job->restored.boot_err, text, sizeof(text));
    cli_note(job->run, "%s, but which etcd starts on it could not be read: %s",
             job->opts->dry_run ? "can be restored" : "is restored", text);
    return CLI_EXIT_SYSTEM;
}

static int refuse(struct restore_job *job)
{
    if (job->run->common.json) {
        print_doc(job, false);
    }
    return cli_intake_refused(job->run, &job->intake);
}

static void print_decision(void *ctx)
{
    struct restore_job *job = ctx;
    struct cli_run *run = job->run;
    if (!run->common.json) {
        print_intake(job);
    }
    warn(job);
}

/* The decision, before anything has its name. False: it could not be printed. */
static bool tell(void *ctx, const struct ss_intake *intake)
{
    struct restore_job *job = ctx;
    (void)intake;
    job->told = true;
    return cli_abandon_within(print_decision, job) &&
           (cli_out_flush(&job->run->out) || !cli_report_lost(job->run));
}

/* Checks the source and, but with --dry-run, writes. job->intake is filled unless the checks failed. */
static enum ss_status check_and_write(struct restore_job *job, struct ss_error *err)
{
    struct cli_run *run = job->run;
    const struct restore_opts *opts = job->opts;
    struct ss_intake_opts check = cli_intake_opts_of(opts->hash, false);
    const struct ss_call call = cli_run_call(run);
    enum ss_status status;
    check.rebuilds = true;
    if (opts->dry_run || job->hidden.code != SS_E_NONE) {
        return cli_run_checked(run, ss_intake(run->file, &check, &call, &job->intake, err), err);
    }
    ss_restore_result_fini(&job->result);
    job->how.on_accepted = tell;
    job->how.on_accepted_ctx = job;
    cli_abandon_catch();
    status = ss_restore(run->file, &check, &job->how, &call, &job->intake, &job->result, err);
    cli_abandon_if_starved();
    if (status == SS_OK && job->intake.accepted) {
        run->settled = true; /* the library has looked, right before the names were given */
        run->committed = true;
        return SS_OK;
    }
    return cli_run_checked(run, status, err);
}

/* What is written, or would be. */
static int print_all(struct restore_job *job)
{
    job->restored.result = &job->result;
    job->restored.token = token_of(job->opts);
    job->restored.dry_run = job->opts->dry_run;
    bool boot_read = cli_restored_boot(job->run->file, &job->restored);
    if (job->run->common.json) {
        print_doc(job, true);
    } else {
        print_result(job);
    }
    return boot_read ? CLI_EXIT_OK : report_boot(job);
}

static int run_job(struct restore_job *job)
{
    struct cli_run *run = job->run;
    struct ss_error err = SS_ERROR_INIT;
    int code = plan(job);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    if (ss_source_wal(run->file, &job->wal, &err) != SS_OK ||
        cli_restored_alarms(run->file, &job->restored, &err) == SS_SYSTEM) {
        return cli_report(run, &err);
    }
    enum ss_status status = check_and_write(job, &err);
    if (status != SS_OK && !job->told && (job->intake.checked == NULL || err.code == SS_E_IO)) {
        return cli_report(run, &err);
    }
    if (!job->intake.accepted || job->hidden.code != SS_E_NONE) {
        if (!run->common.json) {
            print_intake(job);
        }
        return job->intake.accepted ? cli_report(run, &job->hidden) : refuse(job);
    }
    if (!job->told) {
        tell(job, &job->intake);
    }
    return status == SS_OK ? print_all(job) : failed(job, &err);
}

static int run_restore(struct cli_run *run)
{
    struct restore_job job = {.run = run, .opts = run->opts};
    int code = check_options(run);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    fill_how(&job);
    run->hash_stream = true;
    run->threads = (unsigned)job.opts->threads;
    cli_progress_allow(&run->progress);
    code = cli_run_open_readable(run, run->args[0]);
    if (code == CLI_EXIT_OK) {
        code = run_job(&job);
    }
    ss_source_wal_fini(&job.wal);
    ss_intake_fini(&job.intake);
    ss_restore_result_fini(&job.result);
    return code;
}

/* As the library names it, when it has no other name. */
static void output_by_name(const char *name, struct cli_sandbox *sandbox)
{
    size_t cap = strlen(name) + sizeof ".etcd";
    char *path = cli_must_alloc(cap);
    snprintf(path, cap, "%s.etcd", name);
    cli_sandbox_output_folder(sandbox, path);
    free(path);
}

static void outputs(const struct cli_run *run, struct cli_sandbox *sandbox)
{
    const struct restore_opts *opts = run->opts;
    const char *target = opts->all_members != NULL ? opts->all_members : given(opts->data_dir);
    if (opts->dry_run) {
        return;
    }
    if (target != NULL) {
        cli_sandbox_output_folder(sandbox, target);
    } else {
        output_by_name(opts->name != NULL ? opts->name : SS_RESTORE_NAME_DEFAULT, sandbox);
    }
    if (given(opts->wal_dir) != NULL) {
        cli_sandbox_output_folder(sandbox, opts->wal_dir);
    }
}

const struct cli_command cli_cmd_restore = {
    .name = "restore",
    .args = "IN",
    .summary = "make a data directory that etcd boots, from a snapshot",
    .detail = "Makes a member's data directory of a new cluster, as etcdutl snapshot restore\n"
              "does with the same flags, which etcd 3.4 to 3.7 boot; with --all-members those\n"
              "of every member at once. It appears as a whole or not at all.\n\n"
              "IN's own hash decides: valid: accepted; mismatch, zeroes or none: refused, but\n"
              "accepted if structure and records are sound with --skip-hash-check, or where\n"
              "there is none with --allow-missing-hash. Damage in structure or records is\n"
              "always refused. What was checked is printed first.",
    .exits = {[CLI_EXIT_OK] = "it is written, or with --dry-run could be",
              [CLI_EXIT_USAGE] = "wrong usage, names or URLs, or a folder is not empty",
              [CLI_EXIT_REFUSED] = "the input is refused or cannot be read; nothing is written"},
    .options = options,
    .opts_size = sizeof(struct restore_opts),
    .min_args = 1,
    .max_args = 1,
    .outputs = outputs,
    .run = run_restore,
};
