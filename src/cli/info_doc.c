/*
 * info_doc.c - what `info` gathered, as one JSON document (docs/schema/info.schema.json). A part that
 * could not be read is left out. Ids are in hexadecimal, as etcdctl prints them.
 */
#include <inttypes.h>
#include <string.h>

#include "command.h"
#include "etcdlist.h"
#include "info.h"
#include "meta_doc.h"
#include "metatext.h"
#include "verify.h"
#include "wal_note.h"

static const char *const presence_names[] = {"unknown", "present", "absent", "cut"};

static void set_id(json_t *doc, const char *name, uint64_t id)
{
    ss_doc_text(doc, name, ss_id_format(id).text);
}

static void set_digest(json_t *doc, const char *name, const uint8_t *bytes, size_t len)
{
    char text[65] = "";
    ss_text_hex(bytes, len < sizeof text / 2 ? len : sizeof text / 2, text);
    ss_doc_text(doc, name, text);
}

static json_t *hash_doc(const struct ss_info *info)
{
    const struct ss_hash_report *hash = &info->hash;
    json_t *doc = ss_doc_new();
    ss_doc_text(doc, "presence", presence_names[ss_info_presence(info)]);
    ss_doc_bool(doc, "checked", hash->state != SS_HASH_NOT_CHECKED);
    ss_doc_text(doc, "state", ss_hash_state_name(hash->state));
    if (hash->computed) {
        ss_doc_number(doc, "covered_len", hash->covered_len);
        set_digest(doc, "found", hash->found, hash->found_len);
        set_digest(doc, "expected", hash->expected, sizeof hash->expected);
    }
    if (hash->padding_len > 0) {
        ss_doc_number(doc, "padding_len", hash->padding_len);
        ss_doc_int(doc, "padding_byte", hash->padding_byte);
    }
    return doc;
}

static json_t *headers_doc(const struct ss_header_facts *headers)
{
    json_t *doc = ss_doc_new();
    ss_doc_text(doc, "byte_order", headers->big_endian ? "big" : "little");
    ss_doc_number(doc, "page_size", headers->page_size);
    ss_doc_number(doc, "fit_count", headers->fit_count);
    ss_doc_number(doc, "place_count", headers->place_count);
    return doc;
}

static void file_doc(const struct ss_info *info, json_t *doc)
{
    const struct ss_file_facts *facts = &info->facts;
    ss_doc_text(doc, "file", facts->name);
    if (facts->member != NULL) {
        ss_doc_text(doc, "member", facts->member);
    }
    ss_doc_text(doc, "kind", ss_kind_name(facts->kind));
    ss_doc_text(doc, "packing", facts->packing);
    ss_doc_bool(doc, "spooled", facts->spooled);
    ss_doc_number(doc, "packed_len", facts->packed_len);
    ss_doc_number(doc, "len", facts->len);
    if (facts->kind != SS_KIND_BBOLT) {
        return;
    }
    ss_doc_set(doc, "hash", hash_doc(info));
    json_t *metas = ss_doc_list();
    ss_doc_append(metas, ss_meta_doc(&info->metas[0]));
    ss_doc_append(metas, ss_meta_doc(&info->metas[1]));
    ss_doc_set(doc, "metas", metas);
    if (facts->headers.page_size != 0) {
        ss_doc_set(doc, "page_headers", headers_doc(&facts->headers));
    }
}

static json_t *space_doc(const struct ss_info *info)
{
    const struct ss_space *space = &info->space;
    json_t *doc = ss_doc_new();
    ss_doc_number(doc, "tree_pages", space->tree_count);
    ss_doc_number(doc, "free_pages", space->free_count);
    ss_doc_number(doc, "lost_pages", space->lost_count);
    ss_doc_bool(doc, "freelist_stored", space->freelist_stored);
    ss_doc_number(doc, "freelist_pages", space->freelist_count);
    ss_doc_number(doc, "used_len", space->used_len);
    ss_doc_number(doc, "beyond_len", space->beyond_len);
    return doc;
}

static json_t *buckets_doc(const struct ss_info *info)
{
    json_t *list = ss_doc_list();
    for (size_t i = 0; i < info->bucket_count; i++) {
        const struct ss_info_bucket *bucket = &info->buckets[i];
        json_t *doc = ss_doc_new();
        ss_doc_text(doc, "bucket", bucket->path);
        ss_doc_number(doc, "key_count", bucket->key_count);
        ss_doc_number(doc, "key_len", bucket->key_len);
        ss_doc_number(doc, "value_len", bucket->value_len);
        ss_doc_append(list, doc);
    }
    return list;
}

static json_t *revision_doc(const struct ss_revision *rev)
{
    json_t *doc = ss_doc_new();
    ss_doc_int(doc, "main", rev->main);
    ss_doc_int(doc, "sub", rev->sub);
    return doc;
}

static void add_figures(const struct ss_info *info, json_t *doc)
{
    const struct ss_key_figures *f = &info->figures;
    ss_doc_number(doc, "live_keys", f->live_count);
    ss_doc_number(doc, "records", f->record_count);
    ss_doc_number(doc, "tombstones", f->tombstone_count);
    ss_doc_number(doc, "markers", f->marker_count);
    ss_doc_number(doc, "live_key_len", f->live_key_len);
    ss_doc_number(doc, "live_value_len", f->live_value_len);
    ss_doc_number(doc, "history_key_len", f->key_len - f->live_key_len);
    ss_doc_number(doc, "history_value_len", f->value_len - f->live_value_len);
}

static void add_revs(const struct ss_info *info, json_t *doc)
{
    const struct ss_rev_facts *revs = &info->revs;
    ss_doc_int(doc, "revision", revs->current);
    if (!revs->empty) {
        ss_doc_set(doc, "first", revision_doc(&revs->first));
        ss_doc_set(doc, "last", revision_doc(&revs->last));
    }
    ss_doc_int(doc, "compacted", revs->compacted);
    ss_doc_int(doc, "scheduled_compact", revs->scheduled_compact);
    ss_doc_int(doc, "finished_compact", revs->finished_compact);
}

static void add_meta(const struct ss_etcd_meta *meta, json_t *doc)
{
    if (meta->has_consistent_index) {
        ss_doc_number(doc, "consistent_index", meta->consistent_index);
    }
    if (meta->has_term) {
        ss_doc_number(doc, "term", meta->term);
    }
    if (meta->has_conf_state) {
        ss_doc_set(doc, "conf_state", ss_conf_state_doc(&meta->conf_state));
    }
    ss_versions_doc(doc, meta);
}

static json_t *members_doc(const struct ss_info *info)
{
    json_t *list = ss_doc_list();
    for (size_t i = 0; i < info->member_count; i++) {
        const struct ss_info_member *member = &info->members[i];
        json_t *doc = ss_doc_new();
        set_id(doc, "id", member->id);
        ss_doc_bool(doc, "listed", member->listed);
        ss_doc_bool(doc, "removed", member->removed);
        if (member->listed) {
            ss_doc_text(doc, "name", member->name);
            ss_doc_bool(doc, "learner", member->learner);
            ss_doc_bool(doc, "zombie", ss_info_zombie(info, member));
        }
        ss_doc_bool(doc, "in_conf_state", member->in_conf_state);
        ss_doc_append(list, doc);
    }
    return list;
}

static json_t *alarms_doc(const struct ss_info *info)
{
    json_t *list = ss_doc_list();
    for (size_t i = 0; i < info->alarm_count; i++) {
        json_t *doc = ss_doc_new();
        set_id(doc, "member", info->alarms[i].member_id);
        ss_doc_text(doc, "alarm", ss_alarm_name(info->alarms[i].type));
        ss_doc_append(list, doc);
    }
    return list;
}

static json_t *auth_doc(const struct ss_info *info)
{
    json_t *doc = ss_doc_new();
    ss_doc_bool(doc, "enabled", info->auth.enabled);
    ss_doc_number(doc, "users", info->user_count);
    ss_doc_number(doc, "roles", info->role_count);
    return doc;
}

json_t *ss_boot_doc(const struct ss_boot_facts *boot)
{
    json_t *list = ss_doc_list();
    for (int i = 0; i < SS_ETCD_LINES; i++) {
        json_t *one = ss_doc_new();
        ss_doc_text(one, "etcd", ss_etcd_line_name((enum ss_etcd_line)i));
        ss_doc_bool(one, "starts", boot->lines[i].starts);
        if (!boot->lines[i].starts) {
            ss_doc_text(one, "why", ss_boot_why_name(boot->lines[i].why));
            ss_doc_text(one, "reason", boot->lines[i].reason);
        }
        ss_doc_append(list, one);
    }
    return list;
}

static void add_boot(const struct ss_boot_facts *boot, json_t *doc)
{
    char writer[48];
    if (boot->writer_major == 0) {
        ss_doc_null(doc, "written_by_at_least");
    } else {
        snprintf(writer, sizeof writer, "%" PRIu64 ".%" PRIu64, boot->writer_major,
                 boot->writer_minor);
        ss_doc_text(doc, "written_by_at_least", writer);
    }
    ss_doc_set(doc, "starts_on", ss_boot_doc(boot));
}

static json_t *etcd_doc(const struct ss_info *info)
{
    json_t *doc = ss_doc_new();
    add_revs(info, doc);
    if (info->figures_known) {
        add_figures(info, doc);
    }
    if (info->meta != NULL) {
        add_meta(info->meta, doc);
    }
    if (info->members_known) {
        ss_doc_set(doc, "members", members_doc(info));
    }
    if (info->alarms_known) {
        ss_doc_set(doc, "alarms", alarms_doc(info));
    }
    if (info->auth_known) {
        ss_doc_set(doc, "auth", auth_doc(info));
    }
    if (info->leases_known) {
        ss_doc_number(doc, "leases", info->lease_count);
    }
    if (info->summary != NULL && info->summary->boot_known) {
        add_boot(&info->summary->boot, doc);
    }
    return doc;
}

static json_t *answer_doc(const struct ss_info *info)
{
    struct ss_info_answer answer;
    json_t *doc = ss_doc_new();
    ss_info_answer(info, &answer);
    ss_doc_text(doc, "restorable", ss_restorable_name(answer.restorable));
    ss_doc_text(doc, "text", answer.text);
    if (info->summary == NULL) {
        return doc;
    }
    unsigned checked = info->summary->checked;
    ss_doc_text(doc, "why", ss_summary_why_name(info->summary->why));
    ss_doc_set(doc, "checked", ss_checked_doc(checked));
    ss_doc_set(doc, "not_checked", ss_checked_doc(SS_VERIFY_ALL & ~checked));
    json_t *findings = ss_doc_list();
    for (size_t i = 0; i < info->summary->finding_count; i++) {
        ss_doc_append(findings, ss_finding_doc(&info->summary->findings[i]));
    }
    ss_doc_set(doc, "findings", findings);
    return doc;
}

static void layout_doc(const struct ss_info *info, json_t *doc)
{
    const struct ss_file_facts *facts = &info->facts;
    ss_doc_text(doc, "byte_order", facts->big_endian ? "big" : "little");
    ss_doc_number(doc, "page_size", facts->page_size);
    ss_doc_int(doc, "current_meta", facts->current_meta);
    ss_doc_int(doc, "in_force_meta", facts->in_force_meta);
    if (info->other.exists) {
        ss_doc_set(doc, "other_tree", ss_other_tree_doc(&info->other));
    }
    ss_doc_number(doc, "high_water", facts->high_water);
    ss_doc_number(doc, "page_count", facts->page_count);
    ss_doc_number(doc, "db_len", facts->db_len);
    if (info->space_known) {
        ss_doc_set(doc, "space", space_doc(info));
    }
    ss_doc_set(doc, "buckets", buckets_doc(info));
    ss_doc_number(doc, "nested_bucket_count", info->nested_count);
}

void ss_info_json(const struct ss_info *info)
{
    json_t *doc = ss_doc_new();
    file_doc(info, doc);
    if (info->readable) {
        layout_doc(info, doc);
        if (info->revs_known) {
            ss_doc_set(doc, "etcd", etcd_doc(info));
        } else if (!info->failed) {
            ss_doc_null(doc, "etcd");
        }
        ss_faults_doc(&info->faults, doc);
    }
    if (info->wal.dir != NULL) {
        ss_doc_set(doc, "source_wal", ss_wal_note_doc(&info->wal));
    }
    ss_doc_set(doc, "answer", answer_doc(info));
    ss_doc_bool(doc, "complete", !info->failed && info->faults.count == 0);
    if (info->failed) {
        ss_doc_set(doc, "error", ss_doc_error(&info->err));
    }
    ss_doc_print(&info->run->out, doc);
}
