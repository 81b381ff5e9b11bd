/*
 * diff_lost.c - a side that cannot be read: nothing is called the same, and what could not be compared
 * is listed, side by side.
 *
 *   not compared: A cannot be read as a whole
 *
 *   A  a.db  2 stretches of revisions cannot be read
 *        after 40, before 57     page 12 has no known type (offset 0xc000, page 12, bucket key)
 *        after 812, to the end   …
 *   B  b.db  every revision can be read
 */
#include <inttypes.h>
#include <stdio.h>

#include "diff.h"
#include "doc.h"
#include "print.h"
#include "report.h"

/* Stretches that are listed; all are counted. */
#define LOST_SHOWN 1000

struct lost_view {
    struct cli_diff_job *job;
    json_t *list; /* NULL: text */
    uint64_t shown;
};

struct cli_revision_text cli_revision_format(struct ss_revision rev)
{
    struct cli_revision_text text;
    if (rev.sub == 0) {
        snprintf(text.text, sizeof(text.text), "%" PRId64, rev.main);
    } else {
        snprintf(text.text, sizeof(text.text), "%" PRId64 "_%" PRId64, rev.main, rev.sub);
    }
    return text;
}

static bool from_start(const struct ss_lost_range *range)
{
    return range->after.main == 0 && range->after.sub == 0;
}

static bool to_end(const struct ss_lost_range *range)
{
    return range->before.main == INT64_MAX;
}

static void print_range(struct cli_out *out, const struct ss_lost_range *range)
{
    char why[1024], place[128], before[64];
    struct cli_revision_text after = cli_revision_format(range->after);
    ss_error_text(&range->why, why, sizeof(why));
    if (to_end(range)) {
        snprintf(before, sizeof(before), "to the end");
    } else {
        snprintf(before, sizeof(before), "before %s", cli_revision_format(range->before).text);
    }
    if (from_start(range)) {
        snprintf(place, sizeof(place), "from the start, %s", before);
    } else {
        snprintf(place, sizeof(place), "after %s, %s", after.text, before);
    }
    cli_out_format(out, "     %s: %s\n", place, why);
}

static json_t *range_doc(const struct ss_lost_range *range)
{
    json_t *doc = cli_doc_new();
    if (from_start(range)) {
        cli_doc_null(doc, "after");
    } else {
        cli_doc_set(doc, "after", cli_doc_revision(range->after));
    }
    if (to_end(range)) {
        cli_doc_null(doc, "before");
    } else {
        cli_doc_set(doc, "before", cli_doc_revision(range->before));
    }
    cli_doc_set(doc, "error", cli_doc_error(&range->why));
    return doc;
}

static bool take_range(void *ctx, const struct ss_lost_range *range)
{
    struct lost_view *view = ctx;
    if (view->shown == LOST_SHOWN) {
        return true;
    }
    view->shown++;
    if (view->list != NULL) {
        cli_doc_append(view->list, range_doc(range));
    } else {
        print_range(&view->job->run->out, range);
    }
    return true;
}

static bool count_range(void *ctx, const struct ss_lost_range *range)
{
    (void)ctx;
    (void)range;
    return true;
}

/* Not a fact about the side: the system failed while it was looked at. */
static bool is_failure(const struct ss_error *err)
{
    return cli_error_exit(err) == CLI_EXIT_SYSTEM;
}

/* False when the system failed, with *err. */
static bool print_lost(struct cli_diff_job *job, enum ss_side side, struct ss_error *err)
{
    struct lost_view view = {.job = job};
    struct cli_out *out = &job->run->out;
    const struct ss_call call = cli_run_call(job->run);
    uint64_t count;
    cli_diff_print_side(job, side);
    enum ss_status status =
        ss_lost_revisions(cli_diff_file(job, side), count_range, NULL, &call, &count, err);
    cli_progress_clear(&job->run->progress);
    if (status != SS_OK) {
        char why[1024];
        cli_out_format(out, "  no revision can be read: %s\n",
                       ss_error_text(err, why, sizeof(why)));
        return !is_failure(err);
    }
    if (count == 0) {
        cli_out_text(out, "  every revision can be read\n");
        return true;
    }
    cli_out_format(out, "  %" PRIu64 " %s of revisions cannot be read\n", (uint64_t)count,
                   count == 1 ? "stretch" : "stretches");
    status = ss_lost_revisions(cli_diff_file(job, side), take_range, &view, NULL, &count, err);
    if (count > view.shown) {
        cli_out_format(out, "     and %" PRIu64 " more\n", (uint64_t)(count - view.shown));
    }
    return status == SS_OK || !is_failure(err);
}

/* *failed: the system failed, with *err; what was set before stays. */
static json_t *lost_doc(struct cli_diff_job *job, enum ss_side side, bool *failed,
                        struct ss_error *err)
{
    json_t *doc = cli_diff_side_doc(job, side);
    struct lost_view view = {.job = job, .list = cli_doc_list()};
    struct ss_error why = SS_ERROR_INIT;
    const struct ss_call call = cli_run_call(job->run);
    uint64_t count;
    if (ss_lost_revisions(cli_diff_file(job, side), take_range, &view, &call, &count, &why) !=
        SS_OK) {
        cli_doc_set(doc, "error", cli_doc_error(&why));
        if (is_failure(&why) && !*failed) {
            *failed = true;
            *err = why;
        }
    }
    cli_doc_number(doc, "lost_count", count);
    cli_doc_set(doc, "lost", view.list);
    return doc;
}

/* Both: false when the system failed on the way, with *failure. */
static bool print_doc(struct cli_diff_job *job, enum ss_side side, const struct ss_error *err,
                      struct ss_error *failure)
{
    bool failed = false;
    const struct cli_diff_flags *flags = job->flags;
    struct cli_out *out = &job->run->out;
    json_t *doc = cli_doc_new();
    if (flags->format != 1) {
        cli_doc_text(doc, "file", job->run->input_name);
    }
    cli_doc_failure(doc, err, cli_diff_name(job, side), cli_diff_file(job, side));
    cli_doc_text(doc, "side", side == SS_SIDE_A ? "a" : "b");
    cli_doc_text(doc, "compared",
                 flags->revisions ? "revisions"
                 : flags->buckets ? "buckets"
                                  : "state");
    cli_doc_text(doc, "result", "unreadable");
    cli_doc_set(doc, "a", lost_doc(job, SS_SIDE_A, &failed, failure));
    cli_doc_set(doc, "b", lost_doc(job, SS_SIDE_B, &failed, failure));
    if (flags->format == 1) {
        if (out->len > 0 && out->last != '\n') {
            cli_out_text(out, "\n");
        }
        cli_doc_print_line(out, doc);
    } else {
        cli_doc_print(out, doc);
    }
    return !failed;
}

static bool print_text(struct cli_diff_job *job, enum ss_side side, struct ss_error *failure)
{
    cli_out_format(&job->run->out, "%snot compared: %c cannot be read as a whole\n\n",
                   job->run->out.len > 0 ? "\n" : "", side == SS_SIDE_A ? 'A' : 'B');
    return print_lost(job, SS_SIDE_A, failure) &&
           (job->run->file == job->run->second || print_lost(job, SS_SIDE_B, failure));
}

/* Whether the error is one that lies in the side's bytes. */
static bool is_damage(const struct ss_error *err)
{
    return err->code >= SS_E_EMPTY;
}

int cli_diff_unreadable(struct cli_diff_job *job, enum ss_side side, const struct ss_error *err)
{
    struct cli_run *run = job->run;
    bool damage = is_damage(err);
    run->answer_begun = run->answer_begun || damage;
    int code = cli_diff_fail(job, side, err);
    if (!damage || run->out.failed != 0) {
        return code;
    }
    struct ss_error failure = SS_ERROR_INIT;
    bool good = run->common.json || job->flags->format == 1 ? print_doc(job, side, err, &failure)
                                                            : print_text(job, side, &failure);
    return good ? code : cli_report(run, &failure);
}
