/*
 * diff_facts.c - gathers the facts, see diff_facts.h. The library decodes every bucket.
 */
#include "diff_facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"

const char *cli_fact_kind_name(enum cli_fact_kind kind)
{
    static const char *const names[CLI_FACT_KINDS] = {
        [CLI_FACT_MEMBER] = "member",   [CLI_FACT_REMOVED_MEMBER] = "removed_member",
        [CLI_FACT_LEASE] = "lease",     [CLI_FACT_ALARM] = "alarm",
        [CLI_FACT_AUTH] = "auth",       [CLI_FACT_USER] = "user",
        [CLI_FACT_ROLE] = "role",       [CLI_FACT_META] = "meta",
        [CLI_FACT_CLUSTER] = "cluster", [CLI_FACT_OTHER_BUCKET] = "other_bucket"};
    return names[kind];
}

void cli_facts_init(struct cli_facts *facts, struct cli_faults *faults)
{
    *facts = (struct cli_facts){.faults = faults};
}

void cli_facts_fini(struct cli_facts *facts)
{
    free(facts->text);
    free(facts->list);
    *facts = (struct cli_facts){0};
}

static void *grown(void *old, size_t used, size_t room)
{
    void *larger = cli_must_alloc(room);
    if (used > 0) {
        memcpy(larger, old, used);
    }
    free(old);
    return larger;
}

/* Takes in a string and returns its position. */
static size_t put_text(struct cli_facts *facts, const char *text)
{
    size_t len = strlen(text) + 1, pos = facts->text_len;
    if (facts->text_room - facts->text_len < len) {
        facts->text_room = facts->text_room * 2 + len + 4096;
        facts->text = grown(facts->text, facts->text_len, facts->text_room);
    }
    memcpy(facts->text + pos, text, len);
    facts->text_len += len;
    return pos;
}

static void put_item(struct cli_facts *facts, enum cli_fact_form form, const char *name,
                     const char *item, const char *value)
{
    if (facts->count == facts->room) {
        facts->room = facts->room * 2 + 64;
        facts->list = grown(facts->list, facts->count * sizeof(*facts->list),
                            facts->room * sizeof(*facts->list));
    }
    struct cli_fact fact = {.kind = facts->kind, .form = form, .id = facts->id};
    fact.name = put_text(facts, name);
    fact.item = item == NULL ? CLI_FACT_NO_ITEM : put_text(facts, item);
    fact.value = put_text(facts, value);
    facts->list[facts->count++] = fact;
}

static void put(struct cli_facts *facts, enum cli_fact_form form, const char *name,
                const char *value)
{
    put_item(facts, form, name, NULL, value);
}

/* Begins a thing: its fields follow. */
static void begin(struct cli_facts *facts, enum cli_fact_kind kind, const char *id)
{
    facts->kind = kind;
    facts->id = put_text(facts, id);
    put(facts, CLI_FACT_IS_THERE, "", "");
}

static void put_number(struct cli_facts *facts, const char *name, uint64_t value)
{
    put(facts, CLI_FACT_NUMBER, name, cli_number_format(value).text);
}

static void put_int(struct cli_facts *facts, const char *name, int64_t value)
{
    char text[32];
    snprintf(text, sizeof(text), "%" PRId64, value);
    put(facts, CLI_FACT_NUMBER, name, text);
}

static void put_bool(struct cli_facts *facts, const char *name, bool value)
{
    put(facts, CLI_FACT_BOOL, name, value ? "true" : "false");
}

static void put_string(struct cli_facts *facts, const char *name, const char *value)
{
    char *escaped = cli_escaped_name(value);
    put(facts, CLI_FACT_TEXT, name, escaped);
    free(escaped);
}

static void put_bytes(struct cli_facts *facts, enum cli_fact_form form, const char *name,
                      struct ss_span value)
{
    char *escaped = cli_escaped(value.ptr, value.len);
    put(facts, form, name, escaped);
    free(escaped);
}

static void put_hex(struct cli_facts *facts, const char *name, uint64_t value)
{
    put(facts, CLI_FACT_TEXT, name, cli_id_format(value).text);
}

static void begin_hex(struct cli_facts *facts, enum cli_fact_kind kind, uint64_t id)
{
    begin(facts, kind, cli_id_format(id).text);
}

static void begin_bytes(struct cli_facts *facts, enum cli_fact_kind kind, struct ss_span id)
{
    char *escaped = cli_escaped(id.ptr, id.len);
    begin(facts, kind, escaped);
    free(escaped);
}

/* One of many fields of a name, told apart by bytes of the file. */
static void put_named(struct cli_facts *facts, const char *name, struct ss_span item,
                      enum cli_fact_form form, const char *value)
{
    char *escaped = cli_escaped(item.ptr, item.len);
    put_item(facts, form, name, escaped, value);
    free(escaped);
}

static void take_fault(void *ctx, const struct ss_error *fault)
{
    struct cli_facts *facts = ctx;
    cli_faults_add(facts->faults, fault);
}

static void put_urls(struct cli_facts *facts, const char *name, const struct ss_span *urls,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put_named(facts, name, urls[i], CLI_FACT_LISTED, "");
    }
}

static bool take_member(void *ctx, const struct ss_member *member)
{
    struct cli_facts *facts = ctx;
    begin_hex(facts, member->removed ? CLI_FACT_REMOVED_MEMBER : CLI_FACT_MEMBER, member->id);
    if (member->removed) {
        return true;
    }
    if (member->value_id != member->id) {
        put_hex(facts, "id_in_its_value", member->value_id);
    }
    put_bytes(facts, CLI_FACT_TEXT, "name", member->name);
    put_bool(facts, "learner", member->is_learner);
    put_urls(facts, "peer_url", member->peer_urls, member->peer_url_count);
    put_urls(facts, "client_url", member->client_urls, member->client_url_count);
    return true;
}

static bool take_lease(void *ctx, const struct ss_lease *lease)
{
    struct cli_facts *facts = ctx;
    begin_hex(facts, CLI_FACT_LEASE, (uint64_t)lease->key_id);
    if (lease->id != lease->key_id) {
        put_hex(facts, "id_in_its_value", (uint64_t)lease->id);
    }
    put_int(facts, "ttl", lease->ttl);
    put_int(facts, "remaining_ttl", lease->remaining_ttl);
    return true;
}

static bool take_alarm(void *ctx, const struct ss_alarm *alarm)
{
    struct cli_facts *facts = ctx;
    char id[64];
    snprintf(id, sizeof(id), "%s" CLI_FACT_ALARM_OF "%s", ss_alarm_name(alarm->type),
             cli_id_format(alarm->member_id).text);
    begin(facts, CLI_FACT_ALARM, id);
    put_int(facts, "type", alarm->type);
    return true;
}

static bool same_bytes(struct ss_span a, struct ss_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, (size_t)a.len) == 0);
}

static bool take_user(void *ctx, const struct ss_user *user)
{
    struct cli_facts *facts = ctx;
    begin_bytes(facts, CLI_FACT_USER, user->key);
    if (!same_bytes(user->name, user->key)) {
        put_bytes(facts, CLI_FACT_TEXT, "name_in_its_value", user->name);
    }
    put_bool(facts, "no_password", user->no_password);
    put_bytes(facts, CLI_FACT_SECRET, "password_hash", user->password);
    for (size_t i = 0; i < user->role_count; i++) {
        put_named(facts, "role", user->roles[i], CLI_FACT_LISTED, "");
    }
    return true;
}

static bool take_role(void *ctx, const struct ss_role *role)
{
    struct cli_facts *facts = ctx;
    begin_bytes(facts, CLI_FACT_ROLE, role->key);
    if (!same_bytes(role->name, role->key)) {
        put_bytes(facts, CLI_FACT_TEXT, "name_in_its_value", role->name);
    }
    for (size_t i = 0; i < role->permission_count; i++) {
        const struct ss_permission *p = &role->permissions[i];
        char *end = cli_escaped(p->range_end.ptr, p->range_end.len);
        size_t room = strlen(end) + 32;
        char *value = cli_must_alloc(room);
        snprintf(value, room, "%s%s%s", ss_permission_name(p->type),
                 p->range_end.len > 0 ? " up to " : "", end);
        put_named(facts, "permission", p->key, CLI_FACT_TEXT, value);
        free(value);
        free(end);
    }
    return true;
}

static void put_ids(struct cli_facts *facts, const char *name, const uint64_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put_item(facts, CLI_FACT_LISTED, name, cli_id_format(ids[i]).text, "");
    }
}

static void put_revision(struct cli_facts *facts, const char *name, struct ss_revision rev)
{
    put(facts, CLI_FACT_REVISION, name, cli_revision_format(rev).text);
}

static void put_conf_state(struct cli_facts *facts, const struct ss_conf_state *state)
{
    put_ids(facts, "voter", state->voters, state->voter_count);
    put_ids(facts, "learner", state->learners, state->learner_count);
    put_ids(facts, "outgoing_voter", state->voters_outgoing, state->voters_outgoing_count);
    put_ids(facts, "next_learner", state->learners_next, state->learners_next_count);
    put_bool(facts, "auto_leave", state->auto_leave);
}

static void put_extras(struct cli_facts *facts, const struct ss_etcd_meta *meta, const char *bucket)
{
    for (size_t i = 0; i < meta->extra_count; i++) {
        const struct ss_extra *extra = &meta->extras[i];
        if (strcmp(extra->bucket, bucket) == 0) {
            char *value = cli_escaped(extra->value.ptr, extra->value.len);
            put_named(facts, "entry", extra->key, CLI_FACT_TEXT, value);
            free(value);
        }
    }
}

static void take_meta(struct cli_facts *facts, const struct ss_etcd_meta *meta)
{
    begin(facts, CLI_FACT_META, "");
    if (meta->has_consistent_index) {
        put_number(facts, "consistent_index", meta->consistent_index);
    }
    if (meta->has_term) {
        put_number(facts, "term", meta->term);
    }
    if (meta->has_conf_state) {
        put_conf_state(facts, &meta->conf_state);
    }
    if (meta->has_scheduled_compact) {
        put_revision(facts, "scheduled_compaction", meta->scheduled_compact);
    }
    if (meta->has_finished_compact) {
        put_revision(facts, "finished_compaction", meta->finished_compact);
    }
    if (meta->storage_version != NULL) {
        put_string(facts, "storage_version", meta->storage_version);
    }
    put_extras(facts, meta, "meta");
    begin(facts, CLI_FACT_CLUSTER, "");
    if (meta->cluster_version != NULL) {
        put_string(facts, "cluster_version", meta->cluster_version);
    }
    if (meta->has_downgrade) {
        put_bool(facts, "downgrade_enabled", meta->downgrade_enabled);
        put_string(facts, "downgrade_target", meta->downgrade_target);
    }
    put_extras(facts, meta, "cluster");
}

static enum ss_status read_meta(struct cli_facts *facts, const struct ss_file *file,
                                struct ss_error *err)
{
    struct ss_etcd_meta *meta;
    uint64_t fault_count;
    enum ss_status status = ss_etcd_meta_new(file, take_fault, facts, &fault_count, &meta, err);
    if (status == SS_OK) {
        take_meta(facts, meta);
        ss_etcd_meta_free(meta);
    }
    return status;
}

static enum ss_status read_auth(struct cli_facts *facts, const struct ss_file *file,
                                struct ss_error *err)
{
    static const struct ss_auth_ops ops = {
        .on_user = take_user, .on_role = take_role, .on_fault = take_fault};
    struct ss_auth_facts auth;
    uint64_t fault_count;
    enum ss_status status = ss_auth(file, &ops, facts, &auth, &fault_count, err);
    if (status == SS_OK) {
        begin(facts, CLI_FACT_AUTH, "");
        put_bool(facts, "enabled", auth.enabled);
        if (auth.has_revision) {
            put_number(facts, "revision", auth.revision);
        }
    }
    return status;
}

/* A file with none of etcd's buckets beside `key` has nothing to compare. */
static enum ss_status check_etcd(size_t known, struct ss_error *err)
{
    if (known > 0) {
        return SS_OK;
    }
    *err = (struct ss_error){.code = SS_E_NOT_ETCD, .off = SS_NONE, .pgid = SS_NONE};
    snprintf(err->message, sizeof(err->message),
             "the file has none of etcd's buckets beside `key`");
    return SS_SYSTEM;
}

/* The top-level buckets that etcd has no use for. */
static enum ss_status read_other(struct cli_facts *facts, const struct ss_file *file,
                                 struct ss_error *err)
{
    struct ss_bucket *root;
    struct ss_cursor *cursor;
    struct ss_entry entry;
    size_t known = 0;
    enum ss_status status = ss_bucket_open(file, NULL, 0, &root, err);
    if (status != SS_OK) {
        return status;
    }
    status = ss_cursor_new(root, &cursor, err);
    if (status == SS_OK) {
        for (status = ss_cursor_first(cursor, &entry, err); status == SS_OK;
             status = ss_cursor_next(cursor, &entry, err)) {
            if (entry.is_bucket && ss_etcd_bucket_known(entry.key.ptr, (size_t)entry.key.len)) {
                known += entry.key.len != 3; /* all but `key` */
            } else {
                begin_bytes(facts, CLI_FACT_OTHER_BUCKET, entry.key);
            }
        }
        ss_cursor_free(cursor);
    }
    ss_bucket_free(root);
    return status == SS_END ? check_etcd(known, err) : status;
}

int cli_fact_compare(const struct cli_facts *x, const struct cli_fact *a, const struct cli_facts *y,
                     const struct cli_fact *b)
{
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    int c = strcmp(cli_fact_id(x, a), cli_fact_id(y, b));
    if (c == 0) {
        c = strcmp(cli_fact_name(x, a), cli_fact_name(y, b));
    }
    return c != 0 ? c : strcmp(cli_fact_item(x, a), cli_fact_item(y, b));
}

static int by_name(const void *left, const void *right, void *ctx)
{
    const struct cli_facts *facts = ctx;
    const struct cli_fact *a = left, *b = right;
    int c = cli_fact_compare(facts, a, facts, b);
    return c != 0 ? c : strcmp(cli_fact_value(facts, a), cli_fact_value(facts, b));
}

enum ss_status cli_facts_read(struct cli_facts *facts, const struct ss_file *file,
                              struct ss_error *err)
{
    uint64_t fault_count;
    enum ss_status status = ss_members(file, take_member, take_fault, facts, &fault_count, err);
    if (status == SS_OK) {
        status = ss_leases(file, take_lease, take_fault, facts, &fault_count, err);
    }
    if (status == SS_OK) {
        status = ss_alarms(file, take_alarm, take_fault, facts, &fault_count, err);
    }
    if (status == SS_OK) {
        status = read_auth(facts, file, err);
    }
    if (status == SS_OK) {
        status = read_meta(facts, file, err);
    }
    if (status == SS_OK) {
        status = read_other(facts, file, err);
    }
    if (status == SS_OK && facts->count > 0) {
        qsort_r(facts->list, facts->count, sizeof(*facts->list), by_name, facts);
    }
    return status;
}
