/*
 * diff_state.c - the live keys of A and B: changes as they are found, then the counts.
 *
 * Changes stream: nothing is held but the counts. With ndjson the library writes the lines. A failure
 * ends lines and document with "error", so that what was printed cannot pass for the whole.
 */
#include "diff.h"

#include "doc.h"
#include "print.h"
#include "report.h"
#include <inttypes.h>

struct state_view {
    struct cli_diff_job *job;
    struct cli_prefixes prefixes;
    bool begun;                /* the head was printed */
    struct cli_json_list list; /* with --json: the changes */
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

static json_t *side_doc(const struct cli_diff_job *job, enum ss_side side)
{
    const struct ss_diff_result *result = &job->result;
    bool is_a = side == SS_SIDE_A;
    json_t *doc = cli_diff_side_doc(job, side);
    cli_doc_int(doc, "revision", is_a ? result->rev_a : result->rev_b);
    cli_doc_number(doc, "keys", is_a ? result->count_a : result->count_b);
    return doc;
}

static json_t *head_doc(const struct cli_diff_job *job)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "file", job->run->input_name);
    cli_doc_text(doc, "compared", "state");
    cli_doc_set(doc, "a", side_doc(job, SS_SIDE_A));
    cli_doc_set(doc, "b", side_doc(job, SS_SIDE_B));
    return doc;
}

static void begin_json(struct state_view *view)
{
    struct cli_run *run = view->job->run;
    if (view->begun) {
        return;
    }
    view->begun = true;
    run->answer_begun = true;
    cli_progress_clear(&run->progress);
    cli_list_begin(&view->list, &run->out, head_doc(view->job), "changes");
}

static json_t *record_doc(const struct ss_record *rec)
{
    json_t *doc = cli_doc_new();
    cli_doc_record(doc, rec);
    cli_doc_number(doc, "value_len", rec->value.len);
    return doc;
}

/* As ss_diff_ndjson writes it. */
static json_t *change_doc(const struct ss_diff_change *change, const struct ss_record *named)
{
    static const struct {
        unsigned bit;
        const char *name;
    } parts[] = {{SS_DIFFERS_VALUE, "value"},
                 {SS_DIFFERS_LEASE, "lease"},
                 {SS_DIFFERS_REVISION, "revision"}};
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "change", ss_change_name(change->change));
    cli_doc_bytes(doc, "key", named->key.ptr, named->key.len);
    if (change->change == SS_CHANGE_MODIFIED) {
        json_t *differs = cli_doc_list();
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
            if ((change->differs & parts[i].bit) != 0) {
                cli_doc_append(differs, json_string(parts[i].name));
            }
        }
        cli_doc_set(doc, "differs", differs);
    }
    if (change->a != NULL) {
        cli_doc_set(doc, "a", record_doc(change->a));
    }
    if (change->b != NULL) {
        cli_doc_set(doc, "b", record_doc(change->b));
    }
    return doc;
}

/* SS_END: the output failed. */
static enum ss_status list_change(struct state_view *view, const struct ss_diff_change *change,
                                  const struct ss_record *named)
{
    begin_json(view);
    cli_list_add(&view->list, change_doc(change, named));
    return view->job->run->out.failed == 0 ? SS_OK : SS_END;
}

static enum ss_status take_change(void *ctx, const struct ss_diff_change *change,
                                  struct ss_error *err)
{
    struct state_view *view = ctx;
    struct cli_diff_job *job = view->job;
    const struct ss_record *named = change->a != NULL ? change->a : change->b;
    (void)err;
    cli_prefixes_add(&view->prefixes, change->change, named->key);
    if (job->flags->summary) {
        return SS_OK;
    }
    if (job->run->common.json) {
        return list_change(view, change, named);
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

static void set_counts(struct state_view *view, json_t *doc)
{
    const struct ss_diff_result *result = &view->job->result;
    cli_doc_text(doc, "result", is_same(result) ? "same" : "different");
    cli_doc_number(doc, "added", result->added);
    cli_doc_number(doc, "removed", result->removed);
    cli_doc_number(doc, "modified", result->modified);
    cli_doc_number(doc, "same", result->same);
    cli_doc_number(doc, "depth", view->job->flags->depth);
    cli_prefixes_doc(&view->prefixes, doc);
}

static void print_json(struct state_view *view)
{
    struct cli_diff_job *job = view->job;
    if (job->flags->summary) {
        json_t *doc = head_doc(job);
        set_counts(view, doc);
        cli_doc_print(&job->run->out, doc);
        return;
    }
    begin_json(view);
    json_t *tail = cli_doc_new();
    set_counts(view, tail);
    cli_list_end(&view->list, tail);
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

/* A document that was begun ends in the error; of one that was not, cli_diff_unreadable makes another. */
static int fail_json(struct state_view *view, enum ss_side side, const struct ss_error *err)
{
    struct cli_diff_job *job = view->job;
    int code = cli_diff_fail(job, side, err);
    json_t *tail = cli_doc_new();
    cli_doc_text(tail, "result", "unreadable");
    cli_doc_text(tail, "side", side == SS_SIDE_A ? "a" : "b");
    cli_doc_failure(tail, err, cli_diff_name(job, side), cli_diff_file(job, side));
    cli_list_end(&view->list, tail);
    return code;
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
    return status != SS_OK && view.begun && job->run->common.json ? fail_json(&view, side, &err)
                                                                  : finish(job, status, side, &err);
}
