/*
 * cmd_members.c - snapscope members: who the cluster was, and who had left it.
 */
#include "cmd.h"
#include "etcdlist.h"

#include <stdlib.h>
#include <string.h>

/* The command has no options of its own. */
static const struct ss_option options[] = {{.name = NULL}};

static const struct cli_column columns[] = {
    {"ID", 16}, {"STATE", -9}, {"ROLE", -7}, {"NAME", -12}, {"PEER-URLS", -28}, {"CLIENT-URLS", 0},
};
enum {
    COLUMN_COUNT = sizeof columns / sizeof columns[0]
};

static const char *state_of(const struct ss_member *member)
{
    if (member->removed) {
        return "removed";
    }
    return member->name.len == 0 ? "unstarted" : "started";
}

/* "http://a:1,http://b:2", escaped; to be freed. */
static char *joined(const struct ss_span *urls, size_t count)
{
    size_t len = 1;
    for (size_t i = 0; i < count; i++) {
        len += (size_t)urls[i].len + 1;
    }
    char *all = ss_must_alloc(len);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        size_t n = (size_t)urls[i].len;
        if (i > 0) {
            all[used++] = ',';
        }
        memcpy(all + used, urls[i].ptr, n);
        used += n;
    }
    char *text = ss_escaped(all, used);
    free(all);
    return text;
}

static bool print_text(struct ss_run *run, const struct ss_member *member)
{
    struct ss_id_text id = ss_id_format(member->id);
    char *name = ss_escaped(member->name.ptr, member->name.len);
    char *peers = joined(member->peer_urls, member->peer_url_count);
    char *clients = joined(member->client_urls, member->client_url_count);
    const char *role = member->is_learner ? "learner" : "voter";
    const char *cells[COLUMN_COUNT] = {
        id.text, state_of(member), member->removed ? "" : role, name, peers, clients,
    };
    bool ok = ss_table_row(&run->out, columns, COLUMN_COUNT, cells, SS_STYLE_PLAIN);
    free(name);
    free(peers);
    free(clients);
    return ok;
}

/* JSON has room for a NUL. */
static json_t *text_doc(struct ss_span text)
{
    return json_stringn((const char *)text.ptr, (size_t)text.len);
}

static json_t *urls_doc(const struct ss_span *urls, size_t count)
{
    json_t *list = ss_doc_list();
    for (size_t i = 0; i < count; i++) {
        ss_doc_append(list, text_doc(urls[i]));
    }
    return list;
}

static json_t *member_doc(const struct ss_member *member)
{
    json_t *doc = ss_doc_new();
    ss_doc_text(doc, "id", ss_id_format(member->id).text);
    if (member->value_id != member->id) {
        ss_doc_text(doc, "value_id", ss_id_format(member->value_id).text);
    }
    ss_doc_text(doc, "state", state_of(member));
    if (member->removed) {
        return doc;
    }
    ss_doc_bool(doc, "learner", member->is_learner);
    ss_doc_set(doc, "name", text_doc(member->name));
    ss_doc_set(doc, "peer_urls", urls_doc(member->peer_urls, member->peer_url_count));
    ss_doc_set(doc, "client_urls", urls_doc(member->client_urls, member->client_url_count));
    return doc;
}

static bool on_member(void *ctx, const struct ss_member *member)
{
    struct ss_etcd_list *list = ctx;
    return list->run->common.json ? ss_list_add(&list->list, member_doc(member))
                                  : print_text(list->run, member);
}

static int run_members(struct ss_run *run)
{
    struct ss_error err = SS_ERROR_INIT;
    struct ss_etcd_list list = {.run = run};
    uint64_t fault_count = 0;
    int code = ss_etcd_list_begin(&list, "members", columns, COLUMN_COUNT);
    if (code != SS_EXIT_OK) {
        return code;
    }
    enum ss_status status =
        ss_members(run->file, on_member, ss_etcd_list_fault, &list, &fault_count, &err);
    return ss_etcd_list_end(&list, status, &err);
}

const struct ss_command ss_cmd_members = {
    .name = "members",
    .args = "FILE",
    .summary = "list the cluster's members, and those removed",
    .detail = "Lists the members of the cluster as the file has them: id, whether they had\n"
              "started, voter or learner, name, URLs; then the ids that were removed.\n"
              "A restore replaces them all.",
    .options = options,
    .opts_size = 1,
    .min_args = 1,
    .max_args = 1,
    .run = run_members,
};
