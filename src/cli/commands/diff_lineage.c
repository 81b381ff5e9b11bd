/*
 * diff_lineage.c - how two histories stand to one another, in words and in JSON.
 *
 *   A  a.db  revisions 2 to 2030, compacted at 1800
 *   B  b.db  revisions 2 to 2233, never compacted
 *
 *   diverged at revision 27
 *
 *   last revision in common    26
 *   first one that differs     27
 *     A  put, version 3, created at 2, no lease, 12 B
 *        /registry/pods/a
 *     B  no record
 */
#include "diff.h"

#include "doc.h"
#include "print.h"
#include "report.h"
#include <inttypes.h>

static void print_side(struct cli_diff_job *job, enum ss_side side,
                       const struct ss_rev_facts *facts)
{
    struct cli_out *out = &job->run->out;
    cli_diff_print_side(job, side);
    if (facts->empty) {
        cli_out_text(out, "  no revision");
    } else {
        cli_out_format(out, "  revisions %s to %s", cli_revision_format(facts->first).text,
                       cli_revision_format(facts->last).text);
    }
    if (facts->compacted > 0) {
        cli_out_format(out, ", compacted at %" PRId64 "\n", (int64_t)facts->compacted);
    } else {
        cli_out_text(out, ", never compacted\n");
    }
}

static void print_verdict(struct cli_out *out, const struct ss_lineage *l)
{
    switch (l->verdict) {
    case SS_LINEAGE_SAME:
        cli_out_text(out, "the same history");
        break;
    case SS_LINEAGE_COMPACTED:
        cli_out_text(out, "the same history, compacted differently");
        break;
    case SS_LINEAGE_B_CONTINUES:
        cli_out_text(out, "B continues A");
        break;
    case SS_LINEAGE_A_CONTINUES:
        cli_out_text(out, "A continues B");
        break;
    case SS_LINEAGE_DIVERGED:
        cli_out_format(out, "diverged at revision %s", cli_revision_format(l->divergence).text);
        break;
    case SS_LINEAGE_UNRELATED:
        cli_out_text(out,
                     l->differing_count > 0
                         ? "unrelated: not one record in common"
                         : "not one record in common, which compaction may explain: unrelated, "
                           "or\none continues the other");
        break;
    }
    bool continues = l->verdict == SS_LINEAGE_B_CONTINUES || l->verdict == SS_LINEAGE_A_CONTINUES;
    cli_out_text(out,
                 continues && l->compacted_differently ? ", compacted differently\n\n" : "\n\n");
}

static void print_count(struct cli_out *out, const char *what, uint64_t count)
{
    if (count > 0) {
        cli_out_format(out, "%-34s %" PRIu64 "\n", what, (uint64_t)count);
    }
}

static void print_record(struct cli_out *out, char side, bool there, const struct ss_record *rec)
{
    cli_out_format(out, "  %c  ", side);
    if (!there) {
        cli_out_text(out, "no record\n");
        return;
    }
    if (rec->marker) {
        cli_out_text(out, "a marker without a key\n");
        return;
    }
    if (rec->tombstone) {
        cli_out_text(out, "deletion");
    } else {
        cli_out_format(out, "put, version %" PRId64 ", created at %" PRId64 ", ", rec->version,
                       rec->create_revision);
        if (rec->lease != 0) {
            cli_out_format(out, "lease %s, ", cli_id_format((uint64_t)rec->lease).text);
        } else {
            cli_out_text(out, "no lease, ");
        }
        cli_out_text(out, cli_size_format(rec->value.len).text);
    }
    cli_out_text(out, "\n     ");
    cli_print_bytes(out, rec->key.ptr, rec->key.len, CLI_FORM_ESCAPED);
    cli_out_text(out, "\n");
}

static bool have_values(const struct ss_lineage *l)
{
    return l->at_a && l->at_b && !l->record_a.tombstone && !l->record_b.tombstone &&
           !l->record_a.marker && !l->record_b.marker;
}

static void print_text(struct cli_diff_job *job, const struct ss_lineage *l)
{
    struct cli_out *out = &job->run->out;
    print_side(job, SS_SIDE_A, &l->facts_a);
    print_side(job, SS_SIDE_B, &l->facts_b);
    cli_out_text(out, "\n");
    print_verdict(out, l);
    if (l->has_common) {
        cli_out_format(out, "%-34s %s\n", "last revision in common",
                       cli_revision_format(l->last_common).text);
    }
    if (l->differing_count > 0) {
        cli_out_format(out, "%-34s %s\n", "first one that differs",
                       cli_revision_format(l->divergence).text);
        print_record(out, 'A', l->at_a, &l->record_a);
        print_record(out, 'B', l->at_b, &l->record_b);
        if (job->flags->show_values && have_values(l)) {
            cli_diff_lines(out, l->record_a.value, l->record_b.value);
        }
    }
    print_count(out, "records alike in both", l->equal_count);
    print_count(out, "gone from A by its compaction", l->gone_a);
    print_count(out, "gone from B by its compaction", l->gone_b);
    print_count(out, "only in A, behind the end of B", l->further_a);
    print_count(out, "only in B, behind the end of A", l->further_b);
    print_count(out, "records that nothing explains", l->differing_count);
}

static json_t *side_doc(const struct cli_diff_job *job, enum ss_side side,
                        const struct ss_rev_facts *facts)
{
    json_t *doc = cli_diff_side_doc(job, side);
    if (facts->empty) {
        cli_doc_null(doc, "first");
        cli_doc_null(doc, "last");
    } else {
        cli_doc_set(doc, "first", cli_doc_revision(facts->first));
        cli_doc_set(doc, "last", cli_doc_revision(facts->last));
    }
    cli_doc_int(doc, "current", facts->current);
    cli_doc_int(doc, "compacted", facts->compacted);
    return doc;
}

static json_t *record_doc(const struct ss_record *rec)
{
    json_t *doc = cli_doc_new();
    cli_doc_bytes(doc, "key", rec->key.ptr, rec->key.len);
    cli_doc_record(doc, rec);
    cli_doc_int(doc, "sub", rec->rev.sub);
    if (rec->tombstone) {
        cli_doc_bool(doc, "tombstone", true);
    } else if (rec->marker) {
        cli_doc_bool(doc, "marker", true);
    } else {
        cli_doc_number(doc, "value_len", rec->value.len);
    }
    return doc;
}

static json_t *divergence_doc(const struct ss_lineage *l)
{
    json_t *doc = cli_doc_revision(l->divergence);
    if (l->at_a) {
        cli_doc_set(doc, "a", record_doc(&l->record_a));
    }
    if (l->at_b) {
        cli_doc_set(doc, "b", record_doc(&l->record_b));
    }
    return doc;
}

static void print_json(struct cli_diff_job *job, const struct ss_lineage *l)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "file", job->run->input_name);
    cli_doc_text(doc, "compared", "revisions");
    cli_doc_text(doc, "result", l->verdict == SS_LINEAGE_SAME ? "same" : "different");
    cli_doc_text(doc, "verdict", ss_lineage_name(l->verdict));
    cli_doc_set(doc, "a", side_doc(job, SS_SIDE_A, &l->facts_a));
    cli_doc_set(doc, "b", side_doc(job, SS_SIDE_B, &l->facts_b));
    cli_doc_bool(doc, "compacted_differently", l->compacted_differently);
    if (l->has_common) {
        cli_doc_set(doc, "last_common", cli_doc_revision(l->last_common));
    } else {
        cli_doc_null(doc, "last_common");
    }
    if (l->differing_count > 0) {
        cli_doc_set(doc, "divergence", divergence_doc(l));
    } else {
        cli_doc_null(doc, "divergence");
    }
    cli_doc_number(doc, "equal", l->equal_count);
    cli_doc_number(doc, "gone_a", l->gone_a);
    cli_doc_number(doc, "gone_b", l->gone_b);
    cli_doc_number(doc, "further_a", l->further_a);
    cli_doc_number(doc, "further_b", l->further_b);
    cli_doc_number(doc, "differing", l->differing_count);
    cli_doc_print(&job->run->out, doc);
}

int cli_diff_lineage(struct cli_diff_job *job)
{
    struct ss_lineage lineage;
    struct ss_error err = SS_ERROR_INIT;
    const struct ss_call call = cli_run_call(job->run);
    enum ss_side side;
    enum ss_status status =
        ss_lineage_compare(job->run->file, job->run->second, &call, &lineage, &side, &err);
    cli_progress_clear(&job->run->progress);
    if (cli_diff_checked(job, status, &side, &err) != SS_OK) {
        return cli_diff_unreadable(job, side, &err);
    }
    (job->run->common.json ? print_json : print_text)(job, &lineage);
    return lineage.verdict == SS_LINEAGE_SAME ? CLI_EXIT_OK : CLI_EXIT_ANSWER;
}
