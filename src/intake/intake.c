/*
 * intake.c - the hash rules for whatever makes a restorable file out of a snapshot.
 *
 * etcd's own restore takes anything when asked to skip the check. Here that only stands in for the hash:
 * a file whose trees or records are damaged is refused with it too, since a restored cluster would lose
 * data in silence and a fresh hash would seal the damage.
 */
#include "intake/checking.h"
#include "util/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *ss_seal_name(enum ss_seal seal)
{
    static const char *const names[] = {[SS_SEAL_NONE] = "none",
                                        [SS_SEAL_VERIFIED] = "verified",
                                        [SS_SEAL_SYNTHESISED] = "synthesised",
                                        [SS_SEAL_OVER_MISMATCH] = "synthesised-over-mismatch"};

    return (unsigned)seal < sizeof(names) / sizeof(names[0]) ? names[seal] : "unknown";
}

/*
 * Errors that are neither the hash's nor the stored freelist's: those are in structure or meaning. Where a number is at
 * its end the data are whole: which etcd starts on them is said of what is written.
 */
static uint64_t other_errors(const struct ss_verify_report *report)
{
    enum ss_hash_state state = report->hash.state;
    bool hash_error = state == SS_HASH_MISMATCH || state == SS_HASH_ZERO;

    return report->error_count - (hash_error ? 1 : 0) - report->freelist_error_count -
           report->start_error_count;
}

static void decide(struct ss_intake *in, bool accepted, enum ss_seal seal, const char *text)
{
    in->accepted = accepted;
    in->seal = seal;
    snprintf(in->decision, sizeof(in->decision), "%s", text);
}

/*
 * The list says which pages are free, and nothing else: a page that it names wrongly is still what the trees
 * say, as long as nothing was written over it, and that every tree came out whole shows.
 */
static void judge_freelist(struct ss_intake *in, bool rebuilds)
{
    const struct ss_verify_report *report = in->checked;
    size_t used = strlen(in->decision);
    char leaked[80] = "";

    if (!in->accepted) {
        return;
    }
    if (!rebuilds) {
        decide(
            in, false, SS_SEAL_NONE,
            "refused: the stored freelist is damaged, and a copy of the pages would keep it; the "
            "trees are whole: a rebuild loses no data");
        return;
    }
    in->heals_freelist = true;
    if (report->leaked_count > 0) {
        snprintf(leaked, sizeof(leaked), "; %" PRIu64 " page%s that no tree names %s left out",
                 report->leaked_count, report->leaked_count == 1 ? "" : "s",
                 report->leaked_count == 1 ? "is" : "are");
    }
    snprintf(in->decision + used, sizeof(in->decision) - used,
             "; no data are lost: the freelist was damaged and is rebuilt%s", leaked);
}

static void refuse_damage(struct ss_intake *in, uint64_t errors)
{
    errors += in->checked->freelist_error_count;
    in->accepted = false;
    in->seal = SS_SEAL_NONE;
    snprintf(in->decision, sizeof(in->decision),
             "refused: %" PRIu64 " error%s in structure or records; damage is never sealed", errors,
             errors == 1 ? "" : "s");
}

static void judge_bad_hash(struct ss_intake *in, bool zero, bool skip)
{
    if (skip) {
        decide(
            in, true, SS_SEAL_OVER_MISMATCH,
            zero ? "accepted over a hash of zeroes, as asked for: structure and records are "
                   "sound, value bytes are not vouched for"
                 : "accepted over a hash that does not match, as asked for: structure and "
                   "records are sound, but bytes are known to differ from those that were hashed");
    } else {
        decide(in, false, SS_SEAL_NONE,
               zero ? "refused: the hash is all zeroes"
                    : "refused: the hash does not match the bytes");
    }
}

static void judge_no_hash(struct ss_intake *in, const struct ss_intake_opts *opts)
{
    if (opts->allow_missing_hash || opts->skip_hash_check) {
        decide(
            in, true, SS_SEAL_SYNTHESISED,
            "accepted without a hash, as asked for: structure and records are sound, value bytes "
            "are not vouched for");
    } else if (opts->vouches_not) {
        decide(in, true, SS_SEAL_NONE,
               "accepted without a hash, since none is written: structure and records are sound, "
               "value "
               "bytes are not vouched for");
    } else {
        decide(
            in, false, SS_SEAL_NONE,
            "refused: there is no hash, and a new one would vouch for bytes that nobody checked");
    }
}

void ss_intake_judge(struct ss_intake *in, const struct ss_intake_opts *opts)
{
    const struct ss_verify_report *report = in->checked;
    uint64_t errors = other_errors(report);

    if (report->text_mode.change != SS_TEXT_MODE_NONE) {
        decide(in, false, SS_SEAL_NONE,
               "refused: a copy in text mode changed it; copy it again, in binary mode");
        return;
    }
    if (report->verdict == SS_VERDICT_UNREADABLE) {
        decide(in, false, SS_SEAL_NONE, "refused: it is nothing that can be read");
        return;
    }
    switch (report->hash.state) {
    case SS_HASH_VALID:
        decide(in, true, SS_SEAL_VERIFIED,
               opts->skip_hash_check ? "accepted: the hash is valid; its check would have passed"
                                     : "accepted: the hash is valid");
        break;
    case SS_HASH_MISMATCH:
    case SS_HASH_ZERO:
        judge_bad_hash(in, report->hash.state == SS_HASH_ZERO, opts->skip_hash_check);
        break;
    case SS_HASH_ABSENT:
        judge_no_hash(in, opts);
        break;
    default:
        decide(in, false, SS_SEAL_NONE, "refused: the file is cut, bytes are missing");
        return;
    }
    if (errors > 0) {
        refuse_damage(in, errors);
    } else if (report->freelist_error_count > 0) {
        judge_freelist(in, opts->rebuilds);
    }
}

enum ss_status ss_intake(const struct ss_file *file, const struct ss_intake_opts *opts,
                         const struct ss_call *call, struct ss_intake *out, struct ss_error *err)
{
    enum ss_status status;

    memset(out, 0, sizeof(*out));
    status = ss_verify(file, NULL, call, &out->checked, err);
    if (status == SS_OK) {
        ss_intake_judge(out, opts);
    }
    return status;
}

void ss_intake_fini(struct ss_intake *intake)
{
    ss_verify_free(intake->checked);
    intake->checked = NULL;
}
