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

    if (key.len == 0)
        return ss_corrupt(err, SS_E_FIELD, key.off, pgid, "a member's key is empty");
    for (uint64_t i = 0; i < key.len; i++) {
        int digit = ss_hex_digit(key.ptr[i]);

        if (digit < 0)
            return ss_corrupt(err, SS_E_FIELD, key.off + i, pgid,
                              "byte 0x%02x in a member's key is no hexadecimal digit", key.ptr[i]);
        if (value >> 60 != 0)
            return ss_corrupt(err, SS_E_FIELD, key.off + i, pgid,
                              "a member's key does not fit in 64 bits");
        value = value << 4 | (uint64_t)digit;
    }
    *id = value;
    return SS_OK;
}

static enum ss_status read_id(const json_t *json, const struct ss_entry *entry, uint64_t *id,
                              struct ss_error *err)
{
    const json_t *value = json_object_get(json, "id");

    if (value == NULL || json_is_null(value) || ss_json_doc_u64(value, id))
        return SS_OK;
    return ss_corrupt(err, SS_E_FIELD, entry->value.off, entry->pgid,
                      "\"id\" is no unsigned number of 64 bits");
}

static enum ss_status read_urls(const json_t *list, const char *name, const struct ss_entry *entry,
                                const char **urls, struct ss_error *err)
{
    size_t i;
    const json_t *value;

    json_array_foreach(list, i, value)
    {
        if (!json_is_string(value) && !json_is_null(value))
            return ss_corrupt(err, SS_E_FIELD, entry->value.off, entry->pgid,
                              "\"%s\" holds something else than text", name);
        urls[i] = json_is_string(value) ? json_string_value(value) : "";
    }
    return SS_OK;
}

/* Both lists of URLs, in one array. */
static enum ss_status read_url_lists(struct ss_member_doc *doc, const struct ss_entry *entry,
                                     struct ss_error *err)
{
    uint64_t off = entry->value.off;
    const json_t *peer, *client;
    size_t peers, clients;

    if (ss_json_doc_field(doc->json, "peerURLs", JSON_ARRAY, off, entry->pgid, &peer, err) !=
            SS_OK ||
        ss_json_doc_field(doc->json, "clientURLs", JSON_ARRAY, off, entry->pgid, &client, err) !=
            SS_OK)
        return SS_CORRUPT;
    peers = json_array_size(peer);
    clients = json_array_size(client);
    doc->urls = calloc(peers + clients + 1, sizeof(*doc->urls));
    if (doc->urls == NULL)
        return ss_nomem(err, (peers + clients + 1) * sizeof(*doc->urls));
    doc->member.peer_urls = doc->urls;
    doc->member.peer_url_count = peers;
    doc->member.client_urls = doc->urls + peers;
    doc->member.client_url_count = clients;
    if (read_urls(peer, "peerURLs", entry, doc->urls, err) != SS_OK)
        return SS_CORRUPT;
    return read_urls(client, "clientURLs", entry, doc->urls + peers, err);
}

static enum ss_status read_fields(struct ss_member_doc *doc, const struct ss_entry *entry,
                                  struct ss_error *err)
{
    struct ss_member *m = &doc->member;
    uint64_t off = entry->value.off;
    const json_t *name;

    if (ss_json_doc_field(doc->json, "name", JSON_STRING, off, entry->pgid, &name, err) != SS_OK ||
        ss_json_doc_bool(doc->json, "isLearner", off, entry->pgid, &m->is_learner, err) != SS_OK)
        return SS_CORRUPT;
    m->name = name != NULL ? json_string_value(name) : "";
    m->value_id = m->id;
    if (read_id(doc->json, entry, &m->value_id, err) != SS_OK)
        return SS_CORRUPT;
    return read_url_lists(doc, entry, err);
}

enum ss_status ss_member_decode(const struct ss_entry *entry, struct ss_member_doc *out,
                                struct ss_error *err)
{
    enum ss_status st;

    *out = (struct ss_member_doc){
        .member = {.off = entry->value.off, .pgid = entry->pgid, .index = entry->index}};
    st = ss_member_id_decode(entry->key, entry->pgid, &out->member.id, err);
    if (st == SS_OK)
        st = ss_json_doc_load(entry->value, "a member", entry->pgid, &out->json, err);
    if (st == SS_OK)
        st = read_fields(out, entry, err);
    if (st != SS_OK)
        ss_member_doc_fini(out);
    return st;
}

void ss_member_doc_fini(struct ss_member_doc *doc)
{
    json_decref(doc->json);
    free(doc->urls);
    doc->json = NULL;
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
    enum ss_status st = ss_member_decode(entry, &doc, err);

    if (st != SS_OK)
        return st;
    st = to->on_member(to->ctx, &doc.member) ? SS_OK : SS_END;
    ss_member_doc_fini(&doc);
    return st;
}

static enum ss_status list_removed(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    const struct listing *to = ctx;
    struct ss_member member = {.removed = true,
                               .name = "",
                               .off = entry->value.off,
                               .pgid = entry->pgid,
                               .index = entry->index};

    if (ss_member_id_decode(entry->key, entry->pgid, &member.id, err) != SS_OK)
        return SS_CORRUPT;
    member.value_id = member.id;
    return to->on_member(to->ctx, &member) ? SS_OK : SS_END;
}

enum ss_status ss_members(const struct ss_file *file, ss_member_fn on_member, ss_fault_fn on_fault,
                          void *ctx, uint64_t *fault_count, struct ss_error *err)
{
    struct ss_fault_sink faults = {on_fault, ctx, fault_count};
    struct listing to = {on_member, ctx};
    enum ss_status st;

    ss_error_clear(err);
    *fault_count = 0;
    st = ss_bucket_each(file, SS_IN_MEMBERS, list_member, &to, &faults, err);
    if (st == SS_OK)
        st = ss_bucket_each(file, SS_IN_MEMBERS_REMOVED, list_removed, &to, &faults, err);
    return ss_source_check(&file->src, st == SS_END ? SS_OK : st, err);
}
