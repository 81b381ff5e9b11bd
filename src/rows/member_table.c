/*
 * member_table.c - table `members`: bucket `members`, then the ids in `members_removed`.
 */
#include "etcd/member.h"
#include "rows/element_rows.h"
#include "rows/etcd_tables.h"

#include <stdlib.h>

enum {
    ID,
    VALUE_ID,
    STATE,
    LEARNER,
    ROLE,
    NAME,
    PEER_URLS,
    CLIENT_URLS,
    PAGE,
    OFFSET,
    COLUMN_COUNT
};

static const struct ss_column columns[COLUMN_COUNT] = {
    [ID] = {.name = "id", .title = "ID", .type = SS_TYPE_ID, .doc = "the member, by its key"},
    [VALUE_ID] = {.name = "value_id",
                  .title = "VALUE-ID",
                  .type = SS_TYPE_ID,
                  .optional = true,
                  .doc = "the id in its value, where it is another one"},
    [STATE] = {.name = "state",
               .title = "STATE",
               .type = SS_TYPE_TEXT,
               .doc = "started, unstarted, or removed"},
    [LEARNER] = {.name = "learner",
                 .title = "LEARNER",
                 .type = SS_TYPE_BOOL,
                 .optional = true,
                 .doc = "whether it has no vote"},
    [ROLE] = {.name = "role",
              .title = "ROLE",
              .type = SS_TYPE_TEXT,
              .optional = true,
              .on_request = true,
              .doc = "the same in words: voter or learner"},
    [NAME] = {.name = "name",
              .title = "NAME",
              .type = SS_TYPE_BYTES,
              .optional = true,
              .doc = "its name, empty until it has started for the first time"},
    [PEER_URLS] = {.name = "peer_urls",
                   .title = "PEER-URLS",
                   .type = SS_TYPE_LIST,
                   .optional = true,
                   .doc = "where the other members reach it"},
    [CLIENT_URLS] = {.name = "client_urls",
                     .title = "CLIENT-URLS",
                     .type = SS_TYPE_LIST,
                     .optional = true,
                     .doc = "where clients reach it"},
    [PAGE] = {.name = "page",
              .title = "PAGE",
              .type = SS_TYPE_UINT,
              .unit = SS_UNIT_PAGE,
              .on_request = true,
              .doc = "leaf page that it stands in"},
    [OFFSET] = {.name = "offset",
                .title = "OFFSET",
                .type = SS_TYPE_UINT,
                .unit = SS_UNIT_OFFSET,
                .on_request = true,
                .doc = "where its value begins in the file"},
};

struct cursor {
    struct ss_element_rows at;
    bool removed; /* in `members_removed` now */
    struct ss_member_doc doc;
};

static enum ss_status open_members(struct ss_rows *rows, const struct ss_call *call,
                                   struct ss_error *err)
{
    (void)call;
    return ss_element_rows_open(rows, SS_IN_MEMBERS, err);
}

static enum ss_status take(struct ss_rows *rows, const struct ss_entry *entry, struct ss_error *err)
{
    struct cursor *c = rows->cursor;
    enum ss_status status;

    ss_member_doc_fini(&c->doc);
    if (!c->removed) {
        return ss_member_decode(entry, &c->doc, err);
    }
    c->doc.member = (struct ss_member){.removed = true,
                                       .name = ss_span_of("", 0),
                                       .off = entry->value.off,
                                       .pgid = entry->pgid,
                                       .index = entry->index};
    status = ss_member_id_decode(entry->key, entry->pgid, &c->doc.member.id, err);
    c->doc.member.value_id = c->doc.member.id;
    return status;
}

static enum ss_status next(struct ss_rows *rows, struct ss_error *err)
{
    struct cursor *c = rows->cursor;
    enum ss_status status = ss_element_rows_next(rows, take, err);

    if (status != SS_END || c->removed) {
        return status;
    }
    c->removed = true;
    status = ss_element_rows_open(rows, SS_IN_MEMBERS_REMOVED, err);
    return status == SS_OK ? ss_element_rows_next(rows, take, err) : status;
}

static const char *state_of(const struct ss_member *member)
{
    if (member->removed) {
        return "removed";
    }
    return member->name.len == 0 ? "unstarted" : "started";
}

static void value(const struct ss_rows *rows, size_t column, struct ss_value *out)
{
    const struct cursor *c = rows->cursor;
    const struct ss_member *m = &c->doc.member;

    out->known = !m->removed || column <= STATE || column >= PAGE;
    switch (column) {
    case ID:
        out->is.number = m->id;
        break;
    case VALUE_ID:
        ss_value_number(out, m->value_id, m->id);
        break;
    case STATE:
        ss_value_text(out, state_of(m));
        break;
    case LEARNER:
        out->is.truth = m->is_learner;
        break;
    case ROLE:
        ss_value_text(out, m->is_learner ? "learner" : "voter");
        out->known = !m->removed;
        break;
    case NAME:
        out->is.bytes = m->name;
        break;
    case PEER_URLS:
        out->is.list.items = m->peer_urls;
        out->is.list.count = m->peer_url_count;
        break;
    case CLIENT_URLS:
        out->is.list.items = m->client_urls;
        out->is.list.count = m->client_url_count;
        break;
    case PAGE:
        out->is.number = m->pgid;
        break;
    default:
        out->is.number = m->off;
        break;
    }
}

static void close(struct ss_rows *rows)
{
    struct cursor *c = rows->cursor;

    ss_member_doc_fini(&c->doc);
}

static const struct ss_table_ops ops = {.cursor_len = sizeof(struct cursor),
                                        .open = open_members,
                                        .next = next,
                                        .value = value,
                                        .close = close};

const struct ss_table ss_table_members = {.name = "members",
                                          .row = "a member, or the id of a removed one",
                                          .doc = "who the cluster was, and who had left it",
                                          .columns = columns,
                                          .column_count = COLUMN_COUNT,
                                          .ops = &ops};
