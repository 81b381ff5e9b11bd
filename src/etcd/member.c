/*
 * member.c - see member.h.
 */
#include "etcd/member.h"

#include "etcd/bucket_each.h"
#include "util/hex.h"

#include <stdlib.h>

enum ss_status ss_member_id_decode(struct ss_span key, uint64_t pgid, uint64_t *id,
                                   struct ss_error *err)
{
    uint64_t value = 0;

    if (key.len == 0) {
        return ss_corrupt(err, SS_E_FIELD, key.off, pgid, "a member's key is empty");
    }
    for (uint64_t i = 0; i < key.len; i++) {
        int digit = ss_hex_digit(key.ptr[i]);

        if (digit < 0) {
            return ss_corrupt(err, SS_E_FIELD, key.off + i, pgid,
                              "byte 0x%02x in a member's key is no hexadecimal digit", key.ptr[i]);
        }
        if (value >> 60 != 0) {
            return ss_corrupt(err, SS_E_FIELD, key.off + i, pgid,
                              "a member's key does not fit in 64 bits");
        }
        value = value << 4 | (uint64_t)digit;
    }
    *id = value;
    return SS_OK;
}

/* Borrows from the document; a NUL stands behind it. */
static struct ss_span span_of_text(const struct ss_json_text *text, uint64_t off)
{
    return (struct ss_span){(const uint8_t *)(text->ptr != NULL ? text->ptr : ""), text->len, off};
}

/* Both lists of URLs, in one array. */
static enum ss_status set_urls(struct ss_member_doc *doc, struct ss_error *err)
{
    struct ss_member *m = &doc->member;
    size_t peers = doc->peers.count, clients = doc->clients.count;

    doc->urls = calloc(peers + clients + 1, sizeof(*doc->urls));
    if (doc->urls == NULL) {
        return ss_nomem(err, (peers + clients + 1) * sizeof(*doc->urls));
    }
    for (size_t i = 0; i < peers; i++) {
        doc->urls[i] = span_of_text(&doc->peers.items[i], m->off);
    }
    for (size_t i = 0; i < clients; i++) {
        doc->urls[peers + i] = span_of_text(&doc->clients.items[i], m->off);
    }
    m->peer_urls = doc->urls;
    m->peer_url_count = peers;
    m->client_urls = doc->urls + peers;
    m->client_url_count = clients;
    return SS_OK;
}

/* As etcd reads it: into a member that has the id of the element's key already. */
static enum ss_status read_value(struct ss_member_doc *doc, const struct ss_entry *entry,
                                 struct ss_error *err)
{
    struct ss_member *m = &doc->member;
    const struct ss_json_field fields[] = {{"id", SS_JSON_U64, &m->value_id},
                                           {"peerURLs", SS_JSON_TEXTS, &doc->peers},
                                           {"isLearner", SS_JSON_BOOL, &m->is_learner},
                                           {"name", SS_JSON_TEXT, &doc->name},
                                           {"clientURLs", SS_JSON_TEXTS, &doc->clients}};
    enum ss_status status;

    m->value_id = m->id;
    status = ss_json_decode(entry->value, "a member", entry->pgid, false, fields,
                            sizeof(fields) / sizeof(fields[0]), err);
    m->name = span_of_text(&doc->name, m->off);
    return status == SS_OK ? set_urls(doc, err) : status;
}

enum ss_status ss_member_decode(const struct ss_entry *entry, struct ss_member_doc *out,
                                struct ss_error *err)
{
    enum ss_status status;

    *out = (struct ss_member_doc){
        .member = {.off = entry->value.off, .pgid = entry->pgid, .index = entry->index}};
    status = ss_member_id_decode(entry->key, entry->pgid, &out->member.id, err);
    if (status == SS_OK) {
        status = read_value(out, entry, err);
    }
    if (status != SS_OK) {
        ss_member_doc_fini(out);
    }
    return status;
}

void ss_member_doc_fini(struct ss_member_doc *doc)
{
    ss_json_texts_fini(&doc->peers);
    ss_json_texts_fini(&doc->clients);
    free(doc->name.ptr);
    free(doc->urls);
    doc->name = (struct ss_json_text){0};
    doc->urls = NULL;
}

struct listing {
    ss_member_fn on_member;
    void *ctx;
};

static enum ss_status list_member(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    const struct listing *to = ctx;
    struct ss_member_doc doc;
    enum ss_status status = ss_member_decode(entry, &doc, err);

    if (status != SS_OK) {
        return status;
    }
    status = to->on_member(to->ctx, &doc.member) ? SS_OK : SS_END;
    ss_member_doc_fini(&doc);
    return status;
}

static enum ss_status list_removed(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    const struct listing *to = ctx;
    struct ss_member member = {.removed = true,
                               .name = ss_span_of("", 0),
                               .off = entry->value.off,
                               .pgid = entry->pgid,
                               .index = entry->index};

    if (ss_member_id_decode(entry->key, entry->pgid, &member.id, err) != SS_OK) {
        return SS_CORRUPT;
    }
    member.value_id = member.id;
    return to->on_member(to->ctx, &member) ? SS_OK : SS_END;
}

enum ss_status ss_members(const struct ss_file *file, ss_member_fn on_member, ss_fault_fn on_fault,
                          void *ctx, uint64_t *fault_count, struct ss_error *err)
{
    struct ss_fault_sink faults = {on_fault, ctx, fault_count};
    struct listing to = {on_member, ctx};
    enum ss_status status;

    ss_error_clear(err);
    *fault_count = 0;
    status = ss_bucket_each(file, SS_IN_MEMBERS, list_member, &to, &faults, err);
    if (status == SS_OK) {
        status = ss_bucket_each(file, SS_IN_MEMBERS_REMOVED, list_removed, &to, &faults, err);
    }
    return ss_source_check(&file->src, status == SS_END ? SS_OK : status, err);
}
