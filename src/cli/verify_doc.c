/*
 * verify_doc.c - a verified file as a JSON object: every field of the report, findings in its order.
 */
#include "doc.h"
#include "metatext.h"
#include "verify.h"
#include "wal_note.h"

json_t *ss_checked_doc(unsigned checked)
{
    static const struct {
        unsigned part;
        const char *name;
    } parts[] = {
        {SS_VERIFY_HASH, "hash"}, {SS_VERIFY_STRUCTURE, "structure"}, {SS_VERIFY_ETCD, "etcd"}};
    json_t *list = ss_doc_list();
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if ((checked & parts[i].part) != 0) {
            ss_doc_append(list, json_string(parts[i].name));
        }
    }
    return list;
}

json_t *ss_hash_doc(const struct ss_hash_report *hash)
{
    char text[2 * 32 + 1];
    json_t *doc = ss_doc_new();
    ss_doc_text(doc, "state", ss_hash_state_name(hash->state));
    if (hash->computed) {
        ss_doc_number(doc, "covered_len", hash->covered_len);
        ss_doc_text(doc, "found", ss_digest_text(hash->found, hash->found_len, text));
        ss_doc_text(doc, "expected", ss_digest_text(hash->expected, sizeof hash->expected, text));
    }
    if (hash->padding_len > 0) {
        ss_doc_number(doc, "padding_len", hash->padding_len);
        ss_doc_int(doc, "padding_byte", hash->padding_byte);
    }
    return doc;
}

json_t *ss_finding_doc(const struct ss_finding *finding)
{
    json_t *doc = ss_doc_new();
    ss_doc_text(doc, "id", finding->check->id);
    ss_doc_text(doc, "severity", ss_severity_name(finding->check->severity));
    ss_doc_text(doc, "text", finding->check->text);
    ss_doc_text(doc, "detail", finding->detail);
    if (finding->off != SS_NONE) {
        ss_doc_number(doc, "offset", finding->off);
    }
    if (finding->pgid != SS_NONE) {
        ss_doc_number(doc, "page", finding->pgid);
    }
    if (finding->bucket[0] != '\0') {
        ss_doc_text(doc, "bucket", finding->bucket);
    }
    if (finding->element != SS_NONE) {
        ss_doc_number(doc, "element", finding->element);
    }
    if (finding->have[0] != '\0') {
        ss_doc_text(doc, "have", finding->have);
    }
    if (finding->expect[0] != '\0') {
        ss_doc_text(doc, "expect", finding->expect);
    }
    return doc;
}

void ss_findings_doc(json_t *doc, const struct ss_verify_report *report)
{
    json_t *findings = ss_doc_list();
    ss_doc_number(doc, "error_count", report->error_count);
    ss_doc_number(doc, "warning_count", report->warning_count);
    ss_doc_number(doc, "note_count", report->note_count);
    ss_doc_number(doc, "findings_left_out", ss_verify_total(report) - report->finding_count);
    for (size_t i = 0; i < report->finding_count; i++) {
        ss_doc_append(findings, ss_finding_doc(&report->findings[i]));
    }
    ss_doc_set(doc, "findings", findings);
}

static void file_doc(const struct ss_verified *verified, json_t *doc)
{
    const struct ss_file_facts *facts = &verified->facts;
    struct ss_meta meta;
    json_t *metas;
    if (facts->member != NULL) {
        ss_doc_text(doc, "member", facts->member);
    }
    ss_doc_text(doc, "kind", ss_kind_name(facts->kind));
    ss_doc_text(doc, "packing", facts->packing);
    ss_doc_number(doc, "len", facts->len);
    if (facts->kind != SS_KIND_BBOLT) {
        return;
    }
    metas = ss_doc_list();
    for (int i = 0; i < 2; i++) {
        ss_file_meta(verified->file, i, &meta);
        ss_doc_append(metas, ss_meta_doc(&meta));
    }
    ss_doc_set(doc, "metas", metas);
    if (facts->current_meta >= 0) {
        ss_doc_int(doc, "current_meta", facts->current_meta);
        ss_doc_int(doc, "in_force_meta", facts->in_force_meta);
        ss_doc_number(doc, "page_size", facts->page_size);
        ss_doc_number(doc, "high_water", facts->high_water);
    }
}

json_t *ss_other_tree_doc(const struct ss_other_tree *other)
{
    json_t *doc = ss_doc_new();
    ss_doc_int(doc, "meta", other->which);
    ss_doc_number(doc, "txid", other->txid);
    ss_doc_bool(doc, "whole", other->error_count == 0);
    ss_doc_number(doc, "error_count", other->error_count);
    if (other->is_etcd) {
        ss_doc_number(doc, "record_count", other->record_count);
        ss_doc_number(doc, "live_count", other->live_count);
    }
    return doc;
}

static void report_doc(const struct ss_verify_report *report, json_t *doc)
{
    ss_doc_text(doc, "verdict", ss_verdict_name(report->verdict));
    ss_doc_text(doc, "verdict_text", report->verdict_text);
    ss_doc_set(doc, "checked", ss_checked_doc(report->checked));
    ss_doc_bool(doc, "is_etcd", report->is_etcd);
    ss_doc_set(doc, "hash", ss_hash_doc(&report->hash));
    ss_doc_number(doc, "reachable_pages", report->reachable_count);
    ss_doc_number(doc, "free_pages", report->free_count);
    ss_doc_number(doc, "leaked_pages", report->leaked_count);
    ss_doc_number(doc, "record_count", report->record_count);
    ss_doc_number(doc, "live_count", report->live_count);
    if (report->other.exists) {
        ss_doc_set(doc, "other_tree", ss_other_tree_doc(&report->other));
    }
    ss_findings_doc(doc, report);
}

json_t *ss_verify_doc(const struct ss_verified *verified)
{
    json_t *doc = ss_doc_new();
    ss_doc_text(doc, "file", verified->name);
    ss_doc_int(doc, "exit_code", verified->code);
    if (verified->report == NULL) {
        ss_doc_set(doc, "error", ss_doc_error(verified->err));
        return doc;
    }
    file_doc(verified, doc);
    report_doc(verified->report, doc);
    if (verified->wal.dir != NULL) {
        ss_doc_set(doc, "source_wal", ss_wal_note_doc(&verified->wal));
    }
    return doc;
}
