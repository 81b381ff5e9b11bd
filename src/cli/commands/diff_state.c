/*
 * diff_state.c - the live keys of A and B: changes as they are found, then the counts.
 *
 * Changes stream: nothing is held but the counts. With ndjson the library writes the lines, and a
 * failure ends them with {"error":…}, so that what was printed cannot pass for the whole.
 */
#include "diff.h"

#include "doc.h"
#include "print.h"
#include "report.h"
#include <inttypes.h>

struct state_view {
    struct cli_diff_job *job;
    struct cli_prefixes prefixes;
    bool begun; /* the head was printed */
};

static void print_sides(struct cli_diff_job *job)
{
    const struct ss_diff_result *result = &job->result;
    struct cli_out *out = &job->run->out;
    cli_diff_print_side(job, SS_SIDE_A);
    cli_out_format(out, "  revision %" PRId64 ", %" PRIu64 " keys\n", (int64_t)result->rev_a,
                   (uint64_t)result->count_a);
    cli_diff_print_side(job, SS_SIDE_B);
    cli_out_format(out, "  revision %" PRId64 ", %" PRIu64 " keys\n\n", (int64_t)result->rev_b,
                   (uint64_t)result->count_b);
}

static enum ss_status take_change(void *ctx, const struct ss_diff_change *change,
                                  struct ss_error *err)
{
    struct state_view *view = ctx;
    struct cli_diff_job *job = view->job;
    const struct ss_record *named = change->a != NULL ? change->a : change->b;
    (void)err;
    cli_prefixes_add(&view->prefixes, change->change, named->key);
    if (job->run->common.json || job->flags->summary) {
        return SS_OK;
    }
    struct cli_out *out = &job->run->out;
    if (!view->begun) {
        view->begun = true;
        print_sides(job);
        cli_diff_text_head(out, &job->result);
    }
    return cli_diff_text_change(out, &job->result, change, job->flags->show_values) ? SS_OK
                                                                                    : SS_END;
}

static bool is_same(const struct ss_diff_result *result)
{
    return result->added == 0 && result->removed == 0 && result->modified == 0;
}

static void print_text(struct state_view *view)
{
    struct cli_diff_job *job = view->job;
    const struct ss_diff_result *result = &job->result;
    struct cli_out *out = &job->run->out;
    if (view->begun) {
        cli_out_text(out, "\n");
    } else {
        print_sides(job);
    }
    if (is_same(result)) {
        cli_out_format(out, "the same: %" PRIu64 " keys\n", (uint64_t)result->same);
        return;
    }
    cli_out_format(out,
                   "%" PRIu64 " added, %" PRIu64 " removed, %" PRIu64 " modified, %" PRIu64
                   " the same\n\n",
                   (uint64_t)result->added, (uint64_t)result->removed, (uint64_t)result->modified,
                   (uint64_t)result->same);
    cli_prefixes_print(&view->prefixes, out);
}

static json_t *side_doc(const struct cli_diff_job *job, enum ss_side side)
{
    const struct ss_diff_result *result = &job->result;
    bool is_a = side == SS_SIDE_A;
    json_t *doc = cli_diff_side_doc(job, side);
    cli_doc_int(doc, "revision", is_a ? result->rev_a : result->rev_b);
    cli_doc_number(doc, "keys", is_a ? result->count_a : result->count_b);
    return doc;
}

static void print_json(struct state_view *view)
{
    const struct cli_diff_job *job = view->job;
    const struct ss_diff_result *result = &job->result;
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "file", job->run->input_name);
    cli_doc_text(doc, "compared", "state");
    cli_doc_text(doc, "result", is_same(result) ? "same" : "different");
    cli_doc_set(doc, "a", side_doc(job, SS_SIDE_A));
    cli_doc_set(doc, "b", side_doc(job, SS_SIDE_B));
    cli_doc_number(doc, "added", result->added);
    cli_doc_number(doc, "removed", result->removed);
    cli_doc_number(doc, "modified", result->modified);
    cli_doc_number(doc, "same", result->same);
    cli_doc_number(doc, "depth", job->flags->depth);
    cli_prefixes_doc(&view->prefixes, doc);
    cli_doc_print(&job->run->out, doc);
}

static int finish(struct cli_diff_job *job, enum ss_status status, enum ss_side side,
                  const struct ss_error *err)
{
    if (status != SS_OK) {
        return cli_diff_unreadable(job, side, err);
    }
    return is_same(&job->result) ? CLI_EXIT_OK : CLI_EXIT_ANSWER;
}

static int compare_ndjson(struct cli_diff_job *job)
{
    struct ss_error err = SS_ERROR_INIT;
    struct cli_run *run = job->run;
    const struct ss_call call = cli_run_call(run);
    enum ss_side side;
    enum ss_status status =
        ss_diff_ndjson(run->file, run->second, &job->diff, job->flags->values, cli_out_write,
                       &run->out, &call, &job->result, &side, &err);
    status = cli_diff_checked(job, status, &side, &err);
    return finish(job, status, side, &err);
}

int cli_diff_state(struct cli_diff_job *job)
{
    if (job->flags->format == 1) {
        return compare_ndjson(job);
    }
    struct state_view view = {.job = job};
    const struct ss_call call = cli_run_call(job->run);
    struct ss_error err = SS_ERROR_INIT;
    enum ss_side side;
    cli_prefixes_init(&view.prefixes, job->flags->depth);
    enum ss_status status = ss_diff(job->run->file, job->run->second, &job->diff, take_change,
                                    &view, &call, &job->result, &side, &err);
    status = cli_diff_checked(job, status, &side, &err);
    if (status == SS_OK) {
        cli_progress_clear(&job->run->progress);
        (job->run->common.json ? print_json : print_text)(&view);
    }
    cli_prefixes_fini(&view.prefixes);
    return finish(job, status, side, &err);
}
