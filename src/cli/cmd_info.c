/*
 * cmd_info.c - snapscope info: what this file is, on one screen.
 *
 * Gathers first and prints then, so that text and JSON say the same. Nothing is vouched for: the
 * trailing hash is told by sizes alone and called "not checked".
 */
#include "info.h"

#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "metatext.h"
#include "report.h"
#include "text.h"

static const struct ss_option options[] = {{.name = NULL}};

/* A file's trailing SHA-256, and how etcd decides that there is one: size % 512 == 32. */
#define HASH_LEN 32
#define SECTOR_LEN 512

enum ss_presence ss_info_presence(const struct ss_file_facts *facts)
{
    if (facts->kind != SS_KIND_BBOLT || facts->current_meta < 0) {
        return SS_PRESENCE_UNKNOWN;
    }
    if (facts->len < facts->db_len) {
        return SS_PRESENCE_CUT;
    }
    uint64_t behind = facts->len - facts->db_len;
    if (behind == HASH_LEN || facts->len % SECTOR_LEN == HASH_LEN) {
        return SS_PRESENCE_PRESENT;
    }
    return behind > 0 && behind < HASH_LEN ? SS_PRESENCE_CUT : SS_PRESENCE_ABSENT;
}

static void add_bucket(struct ss_info *info, const struct ss_bucket_stats *stats)
{
    if (info->bucket_count == info->bucket_room) {
        size_t room = info->bucket_room == 0 ? 16 : 2 * info->bucket_room;
        struct ss_info_bucket *grown = ss_must_alloc(room * sizeof *grown);
        if (info->bucket_count > 0) {
            memcpy(grown, info->buckets, info->bucket_count * sizeof *grown);
        }
        free(info->buckets);
        info->buckets = grown;
        info->bucket_room = room;
    }
    struct ss_info_bucket *bucket = &info->buckets[info->bucket_count++];
    *bucket = (struct ss_info_bucket){
        .path = ss_must_copy(stats->path),
        .key_count = stats->key_count,
        .key_len = stats->key_len,
        .value_len = stats->value_len,
    };
}

/* Top-level buckets get a line each; what lies below them is only counted. */
static bool on_stats(void *ctx, const struct ss_bucket_stats *stats)
{
    struct ss_info *info = ctx;
    if (stats->level == 1) {
        add_bucket(info, stats);
    } else {
        info->nested_count++;
    }
    return true;
}

static void on_fault(void *ctx, const struct ss_error *fault)
{
    struct ss_info *info = ctx;
    ss_faults_add(&info->faults, fault);
}

static bool has_bucket(const struct ss_info *info, const char *name)
{
    for (size_t i = 0; i < info->bucket_count; i++) {
        if (strcmp(info->buckets[i].path, name) == 0) {
            return true;
        }
    }
    return false;
}

/* The revisions and live keys of an etcd file. False: *err has why they cannot be told. */
static bool gather_etcd(struct ss_info *info, struct ss_error *err)
{
    const struct ss_file *file = info->run->file;
    if (ss_rev_facts(file, &info->revs, err) != SS_OK) {
        info->revs = (struct ss_rev_facts){0};
        /* etcd always makes a bucket `meta`: without it, `key` is somebody else's. */
        info->foreign_key = err->code == SS_E_REV_KEY && !has_bucket(info, "meta");
        return info->foreign_key;
    }
    if (!info->revs.is_etcd) {
        return true;
    }
    info->revs_known = true;
    struct ss_state *state;
    if (ss_state_new(file, 0, NULL, &state, err) != SS_OK) {
        return false;
    }
    info->live_count = ss_state_count(state);
    info->live_known = true;
    ss_state_free(state);
    return true;
}

/* Everything that the file gives; the first error that hides a part of the answer stays in *err. */
static bool gather(struct ss_info *info, struct ss_error *err)
{
    const struct ss_file *file = info->run->file;
    ss_file_facts(file, &info->facts);
    if (info->facts.kind == SS_KIND_BBOLT) {
        ss_file_meta(file, 0, &info->metas[0]);
        ss_file_meta(file, 1, &info->metas[1]);
    }
    if (ss_file_readable(file, err) != SS_OK) {
        return false;
    }
    info->readable = true;
    uint64_t fault_count = 0;
    if (ss_buckets(file, on_stats, on_fault, info, &fault_count, err) != SS_OK) {
        return false;
    }
    return gather_etcd(info, err);
}

static int run_info(struct ss_run *run)
{
    int code = ss_run_open(run, run->args[0]);
    if (code != SS_EXIT_OK) {
        return code;
    }
    struct ss_info info = {.run = run};
    struct ss_error err = {.off = SS_NONE, .pgid = SS_NONE};
    ss_faults_init(&info.faults, run);
    bool whole = gather(&info, &err);
    if (run->common.json) {
        run->answer_begun = true;
        ss_info_json(&info, whole ? NULL : &err);
    } else {
        ss_info_text(&info, whole ? NULL : &err);
    }
    ss_faults_close(&info.faults);
    code = info.faults.count == 0 ? SS_EXIT_OK : SS_EXIT_ANSWER;
    if (!whole) {
        code = ss_faults_has(&info.faults, &err) ? ss_error_exit(&err) : ss_report(run, &err);
    }
    for (size_t i = 0; i < info.bucket_count; i++) {
        free(info.buckets[i].path);
    }
    free(info.buckets);
    ss_faults_fini(&info.faults);
    return code;
}

const struct ss_command ss_cmd_info = {
    .name = "info",
    .args = "FILE",
    .summary = "say what a file is: kind, metas, buckets, revisions",
    .detail = "Says what the file is, on one screen: kind and packing, whether a trailing\n"
              "hash is there (by size; it is not checked), byte order, page size, both meta\n"
              "pages and which is current, buckets with keys and bytes, and of an etcd file\n"
              "the live keys and the revisions that it holds.",
    .options = options,
    .opts_size = 1,
    .min_args = 1,
    .max_args = 1,
    .run = run_info,
};
