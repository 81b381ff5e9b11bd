/*
 * cmd_info.c - snapscope info: what this file is, and may it be restored, on one screen.
 *
 *   main thread    metas ── every page of every tree ── records of `key` ── the small buckets ──┐
 *   hash thread    SHA-256 over the file ──────────────────────────────────────────────────────┴─ answer
 *
 * Gathers first and prints then, so that text and JSON say the same. The hash is computed unless
 * --no-hash is given: without it nothing vouches for the values, and the answer would be a guess.
 */
#include "info.h"

#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "meta_page.h"
#include "print.h"

struct info_opts {
    bool no_hash;
    uint64_t threads;
};

static const struct cli_option options[] = {
    {.name = "no-hash",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct info_opts, no_hash),
     .help = "leave the trailing SHA-256 unchecked"},
    CLI_OPTION_THREADS(info_opts),
    {.name = NULL},
};

enum cli_presence cli_info_presence(const struct cli_info *info)
{
    const struct ss_file_facts *facts = &info->facts;
    if (info->summary == NULL || facts->kind != SS_KIND_BBOLT || facts->current_meta < 0) {
        return CLI_PRESENCE_UNKNOWN;
    }
    if (facts->len < facts->db_len) {
        return CLI_PRESENCE_CUT;
    }
    switch (info->summary->hash_found_len) {
    case 0:
        return CLI_PRESENCE_ABSENT;
    case sizeof(info->hash.found):
        return CLI_PRESENCE_PRESENT;
    default:
        return CLI_PRESENCE_CUT;
    }
}

bool cli_info_note(struct cli_info *info, enum ss_status status, const struct ss_error *err)
{
    if (status == SS_OK) {
        return true;
    }
    if (!info->failed || (status == SS_SYSTEM && !info->system_failed)) {
        info->failed = true;
        info->system_failed = status == SS_SYSTEM;
        info->err = *err;
    }
    return status != SS_SYSTEM;
}

void cli_info_fault(void *ctx, const struct ss_error *fault)
{
    struct cli_info *info = ctx;
    info->version_fault_count += fault->code == SS_E_VERSION;
    cli_faults_add(&info->faults, fault);
}

void *cli_info_grow(void *list, size_t count, size_t *room, size_t len)
{
    if (count < *room) {
        return list;
    }
    *room = *room == 0 ? 16 : 2 * *room;
    void *grown = cli_must_alloc(*room * len);
    if (count > 0) {
        memcpy(grown, list, count * len);
    }
    free(list);
    return grown;
}

/* Top-level buckets get a line each; what lies below them is only counted. */
static bool on_stats(void *ctx, const struct ss_bucket_stats *stats)
{
    struct cli_info *info = ctx;
    if (stats->level != 1) {
        info->nested_count++;
        return true;
    }
    info->buckets = cli_info_grow(info->buckets, info->bucket_count, &info->bucket_room,
                                  sizeof(*info->buckets));
    info->buckets[info->bucket_count++] = (struct cli_info_bucket){
        .path = cli_must_copy(stats->path),
        .key_count = stats->key_count,
        .key_len = stats->key_len,
        .value_len = stats->value_len,
    };
    return true;
}

bool cli_info_has_bucket(const struct cli_info *info, const char *name)
{
    for (size_t i = 0; i < info->bucket_count; i++) {
        if (strcmp(info->buckets[i].path, name) == 0) {
            return true;
        }
    }
    return false;
}

static void gather(struct cli_info *info)
{
    const struct ss_file *file = info->run->file;
    struct ss_error err;
    if (!cli_info_note(info, ss_file_readable(file, &err), &err) || info->failed) {
        return;
    }
    info->readable = true;
    uint64_t fault_count = 0;
    enum ss_status status =
        ss_buckets_space(file, on_stats, cli_info_fault, info, &info->space, &fault_count, &err);
    info->space_known = status == SS_OK;
    info->tree_fault_count = info->faults.count;
    if (cli_info_note(info, status, &err)) {
        cli_info_gather_etcd(info);
    }
}

/* Of a damaged tree: is the other one whole? */
static void look_at_other(struct cli_info *info)
{
    struct cli_run *run = info->run;
    struct ss_error err;
    bool damaged = info->faults.count > 0 || (info->failed && !info->system_failed);
    if (!info->readable || !damaged) {
        return;
    }
    const struct ss_call call = cli_run_call(run);
    enum ss_status status = ss_other_tree(run->file, &call, &info->other, &err);
    if (!cli_info_note(info, status, &err)) {
        info->other.exists = false;
    }
}

/* Everything that the file gives: the hash is computed while the rest is gathered. */
static void gather_all(struct cli_info *info)
{
    struct cli_run *run = info->run;
    const struct info_opts *opts = run->opts;
    struct ss_error err = SS_ERROR_INIT;
    const struct ss_call call = cli_run_call(run);
    struct ss_hash_work *work = NULL;
    if (!opts->no_hash && info->facts.kind == SS_KIND_BBOLT &&
        !cli_info_note(info, ss_hash_start(run->file, &call, &work, &err), &err)) {
        return;
    }
    gather(info);
    look_at_other(info);
    cli_info_note(info, ss_source_wal(run->file, &info->wal, &err), &err);
    if (work != NULL) {
        struct ss_hash_report hash;
        enum ss_status status = ss_hash_finish(work, &call, &hash, &err);
        cli_info_note(info, status, &err);
        info->hash = status == SS_OK ? hash : (struct ss_hash_report){0};
    }
    cli_info_note(info, cli_run_checked(run, SS_OK, &err), &err);
    cli_info_decide(info);
}

static void info_fini(struct cli_info *info)
{
    for (size_t i = 0; i < info->bucket_count; i++) {
        free(info->buckets[i].path);
    }
    for (size_t i = 0; i < info->member_count; i++) {
        free(info->members[i].name);
    }
    free(info->buckets);
    free(info->members);
    free(info->listed_order);
    free(info->conf_ids);
    free(info->alarms);
    ss_etcd_meta_free(info->meta);
    ss_source_wal_fini(&info->wal);
    ss_summary_free(info->summary);
    cli_faults_fini(&info->faults);
}

/* An error that was told among the faults is not told again. */
static int exit_of(struct cli_info *info)
{
    int code = info->summary == NULL ? CLI_EXIT_OK : cli_info_answer_exit(info);
    if (info->failed) {
        int failure = cli_faults_has(&info->faults, &info->err) ? cli_error_exit(&info->err)
                                                                : cli_report(info->run, &info->err);
        /* Damage is what the answer says; only what is no answer at all has another code. */
        code = failure == CLI_EXIT_REFUSED && code != CLI_EXIT_OK ? code : failure;
    }
    return code;
}

static int run_info(struct cli_run *run)
{
    const struct info_opts *opts = run->opts;
    run->hash_stream = !opts->no_hash;
    run->threads = (unsigned)opts->threads;
    int code = cli_run_open(run, run->args[0]);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    struct cli_info info = {.run = run};
    cli_faults_init(&info.faults, run);
    ss_file_facts(run->file, &info.facts);
    if (info.facts.kind == SS_KIND_BBOLT) {
        ss_file_meta(run->file, 0, &info.metas[0]);
        ss_file_meta(run->file, 1, &info.metas[1]);
    }
    gather_all(&info);
    if (run->common.json) {
        run->answer_begun = true;
        cli_info_json(&info);
    } else {
        cli_info_text(&info);
    }
    cli_faults_close(&info.faults);
    code = exit_of(&info);
    info_fini(&info);
    return code;
}

const struct cli_command cli_cmd_info = {
    .name = "info",
    .args = "FILE",
    .summary = "say what a file is, and which etcd can restore it",
    .detail = "Says on one screen what the file is, whether it may be restored, and on which\n"
              "etcd: kind and packing, its trailing hash, byte order, page size, both meta\n"
              "pages, space, buckets; of an etcd file live keys and revisions, compaction,\n"
              "raft's state, versions, members, alarms, authentication, leases, and which\n"
              "releases from 3.4 to 3.7 start on it and why not. The last line is the answer.",
    .exits = {[CLI_EXIT_OK] = "it may be restored, or is a sound database of another program",
              [CLI_EXIT_ANSWER] = "it must not be restored as it is: it is damaged, or its SHA-256 "
                                  "is\nwrong, or no etcd starts on it",
              [CLI_EXIT_REFUSED] = "it is nothing that can be read"},
    .options = options,
    .opts_size = sizeof(struct info_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run_info,
};
