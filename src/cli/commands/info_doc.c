/*
 * info_doc.c - what `info` gathered, as one JSON document (docs/schema/info.schema.json). A part that
 * could not be read is left out.
 */
#include <inttypes.h>
#include <string.h>

#include "etcd_meta_doc.h"
#include "etcdlist.h"
#include "info.h"
#include "meta_page.h"
#include "run.h"
#include "verify.h"
#include "wal_note.h"

static const char *const presence_names[] = {"unknown", "present", "absent", "cut"};

static void set_digest(json_t *doc, const char *name, const uint8_t *bytes, size_t len)
{
    char text[65] = "";
    ss_text_hex(bytes, len < sizeof(text) / 2 ? len : sizeof(text) / 2, text);
    cli_doc_text(doc, name, text);
}

static json_t *hash_doc(const struct cli_info *info)
{
    const struct ss_hash_report *hash = &info->hash;
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "presence", presence_names[cli_info_presence(info)]);
    cli_doc_bool(doc, "checked", hash->state != SS_HASH_NOT_CHECKED);
    cli_doc_text(doc, "state", ss_hash_state_name(hash->state));
    if (hash->computed) {
        cli_doc_number(doc, "covered_len", hash->covered_len);
        set_digest(doc, "found", hash->found, hash->found_len);
        set_digest(doc, "expected", hash->expected, sizeof(hash->expected));
    }
    if (hash->padding_len > 0) {
        cli_doc_number(doc, "padding_len", hash->padding_len);
        cli_doc_int(doc, "padding_byte", hash->padding_byte);
    }
    return doc;
}

static json_t *headers_doc(const struct ss_header_facts *headers)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "byte_order", headers->big_endian ? "big" : "little");
    cli_doc_number(doc, "page_size", headers->page_size);
    cli_doc_number(doc, "fit_count", headers->fit_count);
    cli_doc_number(doc, "place_count", headers->place_count);
    return doc;
}

static void file_doc(const struct cli_info *info, json_t *doc)
{
    const struct ss_file_facts *facts = &info->facts;
    cli_doc_text(doc, "file", facts->name);
    if (facts->member != NULL) {
        cli_doc_text(doc, "member", facts->member);
    }
    cli_doc_text(doc, "kind", ss_kind_name(facts->kind));
    cli_doc_text(doc, "packing", facts->packing);
    cli_doc_bool(doc, "spooled", facts->spooled);
    if (facts->packed_len != 0) {
        cli_doc_number(doc, "packed_len", facts->packed_len);
    }
    cli_doc_number(doc, "len", facts->len);
    if (facts->kind != SS_KIND_BBOLT) {
        return;
    }
    cli_doc_set(doc, "hash", hash_doc(info));
    json_t *metas = cli_doc_list();
    cli_doc_append(metas, cli_meta_doc(&info->metas[0]));
    cli_doc_append(metas, cli_meta_doc(&info->metas[1]));
    cli_doc_set(doc, "metas", metas);
    if (facts->headers.page_size != 0) {
        cli_doc_set(doc, "page_headers", headers_doc(&facts->headers));
    }
}

static json_t *space_doc(const struct cli_info *info)
{
    const struct ss_space *space = &info->space;
    json_t *doc = cli_doc_new();
    cli_doc_number(doc, "tree_pages", space->tree_count);
    cli_doc_number(doc, "free_pages", space->free_count);
    cli_doc_number(doc, "lost_pages", space->lost_count);
    cli_doc_bool(doc, "freelist_stored", space->freelist_stored);
    cli_doc_number(doc, "freelist_pages", space->freelist_count);
    cli_doc_number(doc, "used_len", space->used_len);
    cli_doc_number(doc, "beyond_len", space->beyond_len);
    return doc;
}

static json_t *buckets_doc(const struct cli_info *info)
{
    json_t *list = cli_doc_list();
    for (size_t i = 0; i < info->bucket_count; i++) {
        const struct cli_info_bucket *bucket = &info->buckets[i];
        json_t *doc = cli_doc_new();
        cli_doc_text(doc, "bucket", bucket->path);
        cli_doc_number(doc, "key_count", bucket->key_count);
        cli_doc_number(doc, "key_len", bucket->key_len);
        cli_doc_number(doc, "value_len", bucket->value_len);
        cli_doc_append(list, doc);
    }
    return list;
}

static void add_figures(const struct cli_info *info, json_t *doc)
{
    const struct ss_key_figures *f = &info->figures;
    cli_doc_number(doc, "live_keys", f->live_count);
    cli_doc_number(doc, "records", f->record_count);
    cli_doc_number(doc, "tombstones", f->tombstone_count);
    cli_doc_number(doc, "markers", f->marker_count);
    cli_doc_number(doc, "live_key_len", f->live_key_len);
    cli_doc_number(doc, "live_value_len", f->live_value_len);
    cli_doc_number(doc, "history_key_len", f->key_len - f->live_key_len);
    cli_doc_number(doc, "history_value_len", f->value_len - f->live_value_len);
}

static void add_revs(const struct cli_info *info, json_t *doc)
{
    const struct ss_rev_facts *revs = &info->revs;
    cli_doc_int(doc, "revision", revs->current);
    if (!revs->empty) {
        cli_doc_set(doc, "first", cli_doc_revision(revs->first));
        cli_doc_set(doc, "last", cli_doc_revision(revs->last));
    }
    cli_doc_int(doc, "compacted", revs->compacted);
    if (revs->scheduled_compact != 0) {
        cli_doc_int(doc, "scheduled_compact", revs->scheduled_compact);
    }
    if (revs->finished_compact != 0) {
        cli_doc_int(doc, "finished_compact", revs->finished_compact);
    }
}

static void add_meta(const struct ss_etcd_meta *meta, json_t *doc)
{
    cli_applied_doc(doc, meta);
    cli_versions_doc(doc, meta);
}

static json_t *members_doc(const struct cli_info *info)
{
    json_t *list = cli_doc_list();
    for (size_t i = 0; i < info->member_count; i++) {
        const struct cli_info_member *member = &info->members[i];
        json_t *doc = cli_doc_new();
        cli_doc_id(doc, "id", member->id);
        cli_doc_bool(doc, "listed", member->listed);
        cli_doc_bool(doc, "removed", member->removed);
        if (member->listed) {
            cli_doc_text(doc, "name", member->name);
            cli_doc_bool(doc, "learner", member->learner);
            cli_doc_bool(doc, "zombie", cli_info_zombie(info, member));
        }
        cli_doc_bool(doc, "in_conf_state", member->in_conf_state);
        cli_doc_append(list, doc);
    }
    return list;
}

static json_t *alarms_doc(const struct cli_info *info)
{
    json_t *list = cli_doc_list();
    for (size_t i = 0; i < info->alarm_count; i++) {
        json_t *doc = cli_doc_new();
        cli_doc_id(doc, "member", info->alarms[i].member_id);
        cli_doc_text(doc, "alarm", ss_alarm_name(info->alarms[i].type));
        cli_doc_append(list, doc);
    }
    return list;
}

static json_t *auth_doc(const struct cli_info *info)
{
    json_t *doc = cli_doc_new();
    cli_doc_bool(doc, "enabled", info->auth.enabled);
    cli_doc_number(doc, "users", info->user_count);
    cli_doc_number(doc, "roles", info->role_count);
    return doc;
}

json_t *cli_boot_doc(const struct ss_boot_facts *boot)
{
    json_t *list = cli_doc_list();
    for (int i = 0; i < SS_ETCD_LINES; i++) {
        json_t *one = cli_doc_new();
        cli_doc_text(one, "etcd", ss_etcd_line_name((enum ss_etcd_line)i));
        cli_doc_bool(one, "starts", boot->lines[i].starts);
        if (!boot->lines[i].starts) {
            cli_doc_text(one, "why", ss_boot_why_name(boot->lines[i].why));
            cli_doc_text(one, "reason", boot->lines[i].reason);
        }
        cli_doc_append(list, one);
    }
    return list;
}

static void add_boot(const struct ss_boot_facts *boot, json_t *doc)
{
    char writer[48];
    if (boot->writer_major == 0) {
        cli_doc_null(doc, "written_by_at_least");
    } else {
        snprintf(writer, sizeof(writer), "%" PRIu64 ".%" PRIu64, boot->writer_major,
                 boot->writer_minor);
        cli_doc_text(doc, "written_by_at_least", writer);
    }
    cli_doc_set(doc, "starts_on", cli_boot_doc(boot));
}

static json_t *etcd_doc(const struct cli_info *info)
{
    json_t *doc = cli_doc_new();
    add_revs(info, doc);
    if (info->figures_known) {
        add_figures(info, doc);
    }
    if (info->meta != NULL) {
        add_meta(info->meta, doc);
    }
    if (info->members_known) {
        cli_doc_set(doc, "members", members_doc(info));
    }
    if (info->alarms_known) {
        cli_doc_set(doc, "alarms", alarms_doc(info));
    }
    if (info->auth_known) {
        cli_doc_set(doc, "auth", auth_doc(info));
    }
    if (info->leases_known) {
        cli_doc_number(doc, "leases", info->lease_count);
    }
    if (info->summary != NULL && info->summary->boot_known) {
        add_boot(&info->summary->boot, doc);
    }
    return doc;
}

static json_t *answer_doc(const struct cli_info *info)
{
    struct cli_info_answer answer;
    json_t *doc = cli_doc_new();
    cli_info_answer(info, &answer);
    cli_doc_text(doc, "restorable", ss_restorable_name(answer.restorable));
    cli_doc_text(doc, "text", answer.text);
    if (info->summary == NULL) {
        return doc;
    }
    unsigned checked = info->summary->checked;
    cli_doc_text(doc, "why", ss_summary_why_name(info->summary->why));
    cli_doc_set(doc, "checked", cli_checked_doc(checked));
    cli_doc_set(doc, "not_checked", cli_checked_doc(SS_VERIFY_ALL & ~checked));
    json_t *findings = cli_doc_list();
    for (size_t i = 0; i < info->summary->finding_count; i++) {
        cli_doc_append(findings, cli_finding_doc(&info->summary->findings[i]));
    }
    cli_doc_set(doc, "findings", findings);
    return doc;
}

static void layout_doc(const struct cli_info *info, json_t *doc)
{
    const struct ss_file_facts *facts = &info->facts;
    cli_doc_text(doc, "byte_order", facts->big_endian ? "big" : "little");
    cli_doc_number(doc, "page_size", facts->page_size);
    cli_doc_int(doc, "current_meta", facts->current_meta);
    cli_doc_int(doc, "in_force_meta", facts->in_force_meta);
    if (info->other.exists) {
        cli_doc_set(doc, "other_tree", cli_other_tree_doc(&info->other));
    }
    cli_doc_number(doc, "high_water", facts->high_water);
    cli_doc_number(doc, "page_count", facts->page_count);
    cli_doc_number(doc, "db_len", facts->db_len);
    if (info->space_known) {
        cli_doc_set(doc, "space", space_doc(info));
    }
    cli_doc_set(doc, "buckets", buckets_doc(info));
    cli_doc_number(doc, "nested_bucket_count", info->nested_count);
}

void cli_info_json(const struct cli_info *info)
{
    json_t *doc = cli_doc_new();
    file_doc(info, doc);
    if (info->readable) {
        layout_doc(info, doc);
        if (info->revs_known) {
            cli_doc_set(doc, "etcd", etcd_doc(info));
        } else if (!info->failed) {
            cli_doc_null(doc, "etcd");
        }
        cli_faults_doc(&info->faults, doc);
    }
    if (info->wal.dir != NULL) {
        cli_doc_set(doc, "source_wal", cli_wal_note_doc(&info->wal));
    }
    cli_doc_set(doc, "answer", answer_doc(info));
    cli_doc_bool(doc, "complete", !info->failed && info->faults.count == 0);
    if (info->failed) {
        cli_doc_failure(doc, &info->err, info->run->input_name, info->run->file);
    }
    cli_doc_print(&info->run->out, doc);
}
