/*
 * info_answer.c - what the library decides on the file (ss_summary), and what that comes to here: the
 * sentence with its next step, and the exit code.
 */
#include <inttypes.h>
#include <stdio.h>

#include "info.h"
#include "run.h"

bool cli_info_decide(struct cli_info *info)
{
    bool records_failed = info->failed && !info->system_failed && info->readable;
    struct ss_summary_opts opts = {
        .hash = &info->hash,
        .trees = true,
        .fault_count = info->faults.count - info->tree_fault_count - info->version_fault_count +
                       records_failed,
    };
    const struct ss_call call = cli_run_call(info->run);
    struct ss_error err;
    enum ss_status status;
    if (info->system_failed) {
        return false;
    }
    status = ss_summary(info->run->file, &opts, &call, &info->summary, &err);
    return cli_info_note(info, status, &err);
}

/* The way on from a reason, in this program's words. */
static const char *next_step(const struct ss_summary *summary)
{
    switch (summary->why) {
    case SS_SUMMARY_METAS:
    case SS_SUMMARY_TRUNCATED:
    case SS_SUMMARY_DAMAGED:
    case SS_SUMMARY_HASH_MISMATCH:
    case SS_SUMMARY_HASH_ZERO:
    case SS_SUMMARY_HASH_CUT:
        return "; run snapscope verify";
    case SS_SUMMARY_HASH_ABSENT:
        return "; run snapscope verify first, then restore it with --skip-hash-check";
    case SS_SUMMARY_FREELIST:
        return summary->is_etcd
                   ? "; snapscope restore rebuilds it, and so does snapscope convert --rebuild"
                   : "; run snapscope convert --rebuild --no-hash";
    case SS_SUMMARY_HASH_PADDED:
        return "; snapscope restore takes it, and snapscope convert drops the padding";
    default:
        return "";
    }
}

void cli_info_answer(const struct cli_info *info, struct cli_info_answer *out)
{
    const struct ss_summary *summary = info->summary;
    if (summary == NULL) {
        out->restorable = SS_RESTORABLE_UNKNOWN;
        snprintf(out->text, sizeof(out->text), "cannot be told: the file could not be read");
        return;
    }
    out->restorable = summary->restorable;
    const struct ss_other_tree *other = &info->other;
    if (other->exists && other->error_count == 0) {
        snprintf(out->text, sizeof(out->text),
                 "%s; the tree of meta %d is whole at txid %" PRIu64 ", and --meta %d reads it%s",
                 summary->text, other->which, (uint64_t)other->txid, other->which,
                 next_step(summary));
        return;
    }
    snprintf(out->text, sizeof(out->text), "%s%s", summary->text, next_step(summary));
}

int cli_info_answer_exit(const struct cli_info *info)
{
    switch (info->summary->why) {
    case SS_SUMMARY_RESTORABLE:
    case SS_SUMMARY_HASH_UNCHECKED:
    case SS_SUMMARY_HASH_ABSENT:
    case SS_SUMMARY_HASH_PADDED:
    case SS_SUMMARY_NOT_ETCD: /* another program's sound database: nothing is wrong with it */
        return CLI_EXIT_OK;
    case SS_SUMMARY_NOT_BBOLT:
    case SS_SUMMARY_METAS:
        return CLI_EXIT_REFUSED;
    case SS_SUMMARY_TEXT_MODE:
        return info->readable ? CLI_EXIT_ANSWER : CLI_EXIT_REFUSED;
    default:
        return CLI_EXIT_ANSWER;
    }
}
