/*
 * other.c - the tree of the meta page that is not read: structure and meaning once more, from there.
 *
 *   meta 0 ── root ── …   txid 8, the state that bbolt shows
 *   meta 1 ── root ── …   txid 7: its pages are free to be overwritten only by transaction 9
 *
 * Guarantees: the answer is about that tree alone. Nothing of it is among the findings of the one that
 * is read.
 */
#include "util/call.h"
#include "util/error.h"
#include "verify/structure.h"

static void take_first(const struct ss_findings *findings, struct ss_other_tree *out)
{
    size_t i;

    for (i = 0; i < findings->count; i++) {
        const struct ss_finding *finding = &findings->items[i];

        if (finding->check->severity != SS_SEVERITY_ERROR) {
            continue;
        }
        out->first = finding->check;
        out->first_off = finding->off;
        out->first_pgid = finding->pgid;
        return;
    }
}

static enum ss_status check(const struct ss_structure_pass *pass, struct ss_findings *findings,
                            struct ss_error *err)
{
    struct ss_structure_pass run = *pass;
    enum ss_status status = ss_etcd_check_new(run.file, findings, &run.meaning, err);

    if (status == SS_OK) {
        status = ss_structure_run(&run, err);
    }
    if (status == SS_OK) {
        status = ss_etcd_check_finish(run.meaning, run.report, err);
    }
    ss_etcd_check_free(run.meaning);
    if (status == SS_OK && findings->nomem) {
        status = ss_nomem(err, sizeof(struct ss_finding));
    }
    return status;
}

/* Errors come first in no list, so that many findings are kept to name the first of them. */
#define FINDINGS_KEPT 1000u

static enum ss_status look(const struct ss_file *file, const struct ss_call *call,
                           struct ss_other_tree *out, struct ss_error *err)
{
    const struct ss_file other = ss_file_by_other_meta(file);
    struct ss_verify_report report = {0};
    struct ss_findings findings;
    struct ss_structure_pass pass = {
        .file = &other, .findings = &findings, .report = &report, .call = call};
    enum ss_status status;

    ss_findings_init(&findings, FINDINGS_KEPT);
    status = check(&pass, &findings, err);
    *out = (struct ss_other_tree){.exists = true,
                                  .which = other.current,
                                  .txid = ss_file_current(&other)->txid,
                                  .is_etcd = report.is_etcd,
                                  .error_count = findings.total[SS_SEVERITY_ERROR],
                                  .first_off = SS_NONE,
                                  .first_pgid = SS_NONE,
                                  .record_count = report.record_count,
                                  .live_count = report.live_count};
    take_first(&findings, out);
    ss_findings_fini(&findings);
    return ss_source_check(&file->src, status, err);
}

enum ss_status ss_other_tree(const struct ss_file *file, const struct ss_call *call,
                             struct ss_other_tree *out, struct ss_error *err)
{
    enum ss_status status;

    *out = (struct ss_other_tree){.first_off = SS_NONE, .first_pgid = SS_NONE};
    ss_error_clear(err);
    status = ss_call_begin(call, SS_PHASE_TREES, err);
    if (status == SS_OK) {
        status = ss_file_readable(file, err);
    }
    if (status != SS_OK || !file->meta[1 - file->current].valid ||
        file->meta[0].root == file->meta[1].root) {
        return status;
    }
    return look(file, call, out, err);
}
