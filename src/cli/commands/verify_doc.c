/*
 * verify_doc.c - a verified file as a JSON object: every field of the report, findings in its order.
 */
#include "doc.h"
#include "meta_page.h"
#include "verify.h"
#include "wal_note.h"

json_t *cli_checked_doc(unsigned checked)
{
    static const struct {
        unsigned part;
        const char *name;
    } parts[] = {
        {SS_VERIFY_HASH, "hash"}, {SS_VERIFY_STRUCTURE, "structure"}, {SS_VERIFY_ETCD, "etcd"}};
    json_t *list = cli_doc_list();
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if ((checked & parts[i].part) != 0) {
            cli_doc_append(list, json_string(parts[i].name));
        }
    }
    return list;
}

json_t *cli_hash_doc(const struct ss_hash_report *hash)
{
    char text[2 * 32 + 1];
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "state", ss_hash_state_name(hash->state));
    if (hash->computed) {
        cli_doc_number(doc, "covered_len", hash->covered_len);
        cli_doc_text(doc, "found", cli_digest_text(hash->found, hash->found_len, text));
        cli_doc_text(doc, "expected",
                     cli_digest_text(hash->expected, sizeof(hash->expected), text));
    }
    if (hash->padding_len > 0) {
        cli_doc_number(doc, "padding_len", hash->padding_len);
        cli_doc_int(doc, "padding_byte", hash->padding_byte);
    }
    return doc;
}

json_t *cli_finding_doc(const struct ss_finding *finding)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "id", finding->check->id);
    cli_doc_text(doc, "severity", ss_severity_name(finding->check->severity));
    cli_doc_text(doc, "text", finding->check->text);
    cli_doc_text(doc, "detail", finding->detail);
    if (finding->off != SS_NONE) {
        cli_doc_number(doc, "offset", finding->off);
    }
    if (finding->pgid != SS_NONE) {
        cli_doc_number(doc, "page", finding->pgid);
    }
    if (finding->bucket[0] != '\0') {
        cli_doc_text(doc, "bucket", finding->bucket);
    }
    if (finding->element != SS_NONE) {
        cli_doc_number(doc, "element", finding->element);
    }
    if (finding->have[0] != '\0') {
        cli_doc_text(doc, "have", finding->have);
    }
    if (finding->expect[0] != '\0') {
        cli_doc_text(doc, "expect", finding->expect);
    }
    return doc;
}

void cli_findings_doc(json_t *doc, const struct ss_verify_report *report)
{
    json_t *findings = cli_doc_list();
    cli_doc_number(doc, "error_count", report->error_count);
    cli_doc_number(doc, "warning_count", report->warning_count);
    cli_doc_number(doc, "note_count", report->note_count);
    cli_doc_number(doc, "findings_left_out", cli_verify_total(report) - report->finding_count);
    for (size_t i = 0; i < report->finding_count; i++) {
        cli_doc_append(findings, cli_finding_doc(&report->findings[i]));
    }
    cli_doc_set(doc, "findings", findings);
}

static void file_doc(const struct cli_verified *verified, json_t *doc)
{
    const struct ss_file_facts *facts = &verified->facts;
    struct ss_meta meta;
    json_t *metas;
    if (facts->member != NULL) {
        cli_doc_text(doc, "member", facts->member);
    }
    cli_doc_text(doc, "kind", ss_kind_name(facts->kind));
    cli_doc_text(doc, "packing", facts->packing);
    cli_doc_number(doc, "len", facts->len);
    if (facts->kind != SS_KIND_BBOLT) {
        return;
    }
    metas = cli_doc_list();
    for (int i = 0; i < 2; i++) {
        ss_file_meta(verified->file, i, &meta);
        cli_doc_append(metas, cli_meta_doc(&meta));
    }
    cli_doc_set(doc, "metas", metas);
    if (facts->current_meta >= 0) {
        cli_doc_int(doc, "current_meta", facts->current_meta);
        cli_doc_int(doc, "in_force_meta", facts->in_force_meta);
        cli_doc_number(doc, "page_size", facts->page_size);
        cli_doc_number(doc, "high_water", facts->high_water);
    }
}

json_t *cli_other_tree_doc(const struct ss_other_tree *other)
{
    json_t *doc = cli_doc_new();
    cli_doc_int(doc, "meta", other->which);
    cli_doc_number(doc, "txid", other->txid);
    cli_doc_bool(doc, "whole", other->error_count == 0);
    cli_doc_number(doc, "error_count", other->error_count);
    if (other->is_etcd) {
        cli_doc_number(doc, "record_count", other->record_count);
        cli_doc_number(doc, "live_count", other->live_count);
    }
    return doc;
}

/* The main revisions that no record read has, as the verdict names them. */
static json_t *missing_doc(const struct ss_verify_report *report)
{
    json_t *doc = cli_doc_new(), *list = cli_doc_list();
    uint64_t kept = report->missing_range_count;
    if (kept > SS_MISSING_RANGES_MAX) {
        kept = SS_MISSING_RANGES_MAX;
    }
    for (uint64_t i = 0; i < kept; i++) {
        json_t *range = cli_doc_new();
        cli_doc_int(range, "first", report->missing[i].first);
        cli_doc_int(range, "last", report->missing[i].last);
        cli_doc_append(list, range);
    }
    cli_doc_number(doc, "count", report->missing_count);
    cli_doc_set(doc, "ranges", list);
    cli_doc_number(doc, "ranges_left_out", report->missing_range_count - kept);
    return doc;
}

static void report_doc(const struct ss_verify_report *report, json_t *doc)
{
    cli_doc_text(doc, "verdict", ss_verdict_name(report->verdict));
    cli_doc_text(doc, "verdict_text", report->verdict_text);
    cli_doc_set(doc, "checked", cli_checked_doc(report->checked));
    cli_doc_bool(doc, "is_etcd", report->is_etcd);
    cli_doc_set(doc, "hash", cli_hash_doc(&report->hash));
    if ((report->checked & SS_VERIFY_STRUCTURE) != 0) {
        cli_doc_number(doc, "reachable_pages", report->reachable_count);
        cli_doc_number(doc, "free_pages", report->free_count);
        cli_doc_number(doc, "leaked_pages", report->leaked_count);
    }
    if (report->is_etcd && (report->checked & SS_VERIFY_ETCD) != 0) {
        cli_doc_number(doc, "record_count", report->record_count);
        cli_doc_number(doc, "live_count", report->live_count);
        cli_doc_set(doc, "missing_revisions", missing_doc(report));
    }
    if (report->other.exists) {
        cli_doc_set(doc, "other_tree", cli_other_tree_doc(&report->other));
    }
    cli_findings_doc(doc, report);
}

json_t *cli_verify_doc(const struct cli_verified *verified)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "file", verified->name);
    cli_doc_int(doc, "exit_code", verified->code);
    if (verified->report == NULL) {
        cli_doc_failure(doc, verified->err, verified->name, verified->file);
        return doc;
    }
    file_doc(verified, doc);
    report_doc(verified->report, doc);
    if (verified->wal.dir != NULL) {
        cli_doc_set(doc, "source_wal", cli_wal_note_doc(&verified->wal));
    }
    return doc;
}
