/*
 * cmd_auth.c - snapscope auth: whether access is controlled, which roles there are and who has them.
 *
 * Password hashes are secrets: they are printed only with --secrets, in text and JSON alike.
 */
#include "cmd.h"
#include "etcdlist.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct auth_opts {
    bool secrets;
};

static const struct ss_option options[] = {
    {.name = "secrets",
     .kind = SS_OPTION_FLAG,
     .slot = offsetof(struct auth_opts, secrets),
     .help = "print the hashes of passwords, too"},
    {.name = NULL},
};

static const struct cli_column role_columns[] = {
    {"ROLE", -20}, {"PERMISSION", -10}, {"KEY", -24}, {"RANGE-END", 0}};
static const struct cli_column user_columns[] = {{"USER", -20}, {"PASSWORD", -8}, {"ROLES", 0}};
static const struct cli_column secret_columns[] = {
    {"USER", -20}, {"PASSWORD", -8}, {"ROLES", -20}, {"HASH", 0}};

struct auth_answer {
    struct ss_run *run;
    struct ss_faults faults;
    struct ss_auth_facts facts;
    bool secrets;
    bool facts_printed, users_begun; /* of the text */
    json_t *roles, *users;           /* of the document */
};

static void print_facts(struct auth_answer *answer)
{
    struct ss_out *out = &answer->run->out;
    if (answer->facts_printed) {
        return;
    }
    answer->facts_printed = true;
    ss_out_format(out, "auth      %s\n", answer->facts.enabled ? "on" : "off");
    if (answer->facts.has_revision) {
        ss_out_format(out, "revision  %" PRIu64 "\n", answer->facts.revision);
    }
    ss_out_text(out, "\n");
    ss_table_head(out, role_columns, sizeof role_columns / sizeof role_columns[0]);
}

static bool print_permission(struct auth_answer *answer, const struct ss_role *role,
                             const struct ss_permission *permission)
{
    char *name = ss_escaped(role->key.ptr, role->key.len);
    char *key = ss_escaped(permission->key.ptr, permission->key.len);
    char *end = ss_escaped(permission->range_end.ptr, permission->range_end.len);
    const char *cells[] = {name, ss_permission_name(permission->type), key, end};
    bool ok = ss_table_row(&answer->run->out, role_columns, 4, cells, SS_STYLE_PLAIN);
    free(name);
    free(key);
    free(end);
    return ok;
}

static bool print_role(struct auth_answer *answer, const struct ss_role *role)
{
    print_facts(answer);
    bool ok = true;
    for (size_t i = 0; ok && i < role->permission_count; i++) {
        ok = print_permission(answer, role, &role->permissions[i]);
    }
    if (role->permission_count == 0) {
        char *name = ss_escaped(role->key.ptr, role->key.len);
        const char *cells[] = {name, "", "", ""};
        ok = ss_table_row(&answer->run->out, role_columns, 4, cells, SS_STYLE_PLAIN);
        free(name);
    }
    return ok;
}

/* "a,b", escaped; to be freed. */
static char *joined_roles(const struct ss_user *user)
{
    size_t len = 1;
    for (size_t i = 0; i < user->role_count; i++) {
        len += user->roles[i].len + 1;
    }
    char *all = ss_must_alloc(len);
    size_t used = 0;
    for (size_t i = 0; i < user->role_count; i++) {
        if (i > 0) {
            all[used++] = ',';
        }
        memcpy(all + used, user->roles[i].ptr, user->roles[i].len);
        used += user->roles[i].len;
    }
    char *text = ss_escaped(all, used);
    free(all);
    return text;
}

static const char *password_of(const struct ss_user *user)
{
    if (user->password.len > 0) {
        return "set";
    }
    return user->no_password ? "disabled" : "none";
}

static void begin_users(struct auth_answer *answer)
{
    print_facts(answer);
    if (answer->users_begun) {
        return;
    }
    answer->users_begun = true;
    ss_out_text(&answer->run->out, "\n");
    if (answer->secrets) {
        ss_table_head(&answer->run->out, secret_columns, 4);
    } else {
        ss_table_head(&answer->run->out, user_columns, 3);
    }
}

static bool print_user(struct auth_answer *answer, const struct ss_user *user)
{
    begin_users(answer);
    char *name = ss_escaped(user->key.ptr, user->key.len);
    char *roles = joined_roles(user);
    char *hash = ss_escaped(user->password.ptr, answer->secrets ? user->password.len : 0);
    const char *cells[] = {name, password_of(user), roles, hash};
    bool ok = answer->secrets
                  ? ss_table_row(&answer->run->out, secret_columns, 4, cells, SS_STYLE_PLAIN)
                  : ss_table_row(&answer->run->out, user_columns, 3, cells, SS_STYLE_PLAIN);
    free(name);
    free(roles);
    free(hash);
    return ok;
}

/* The name by which etcd finds it, and the one in its value when that differs. */
static void names_doc(json_t *doc, struct ss_span key, struct ss_span name)
{
    ss_doc_bytes(doc, "name", key.ptr, key.len);
    if (key.len != name.len || memcmp(key.ptr, name.ptr, (size_t)key.len) != 0) {
        ss_doc_bytes(doc, "value_name", name.ptr, name.len);
    }
}

static json_t *role_doc(const struct ss_role *role)
{
    json_t *doc = ss_doc_new();
    json_t *list = ss_doc_list();
    names_doc(doc, role->key, role->name);
    for (size_t i = 0; i < role->permission_count; i++) {
        const struct ss_permission *permission = &role->permissions[i];
        json_t *one = ss_doc_new();
        ss_doc_text(one, "type", ss_permission_name(permission->type));
        ss_doc_bytes(one, "key", permission->key.ptr, permission->key.len);
        if (permission->range_end.len > 0) {
            ss_doc_bytes(one, "range_end", permission->range_end.ptr, permission->range_end.len);
        }
        ss_doc_append(list, one);
    }
    ss_doc_set(doc, "permissions", list);
    return doc;
}

static json_t *user_doc(const struct auth_answer *answer, const struct ss_user *user)
{
    json_t *doc = ss_doc_new();
    json_t *list = ss_doc_list();
    names_doc(doc, user->key, user->name);
    ss_doc_text(doc, "password", password_of(user));
    if (answer->secrets && user->password.len > 0) {
        ss_doc_bytes(doc, "password_hash", user->password.ptr, user->password.len);
    }
    for (size_t i = 0; i < user->role_count; i++) {
        json_t *one = ss_doc_new();
        ss_doc_bytes(one, "name", user->roles[i].ptr, user->roles[i].len);
        ss_doc_append(list, one);
    }
    ss_doc_set(doc, "roles", list);
    return doc;
}

static bool on_role(void *ctx, const struct ss_role *role)
{
    struct auth_answer *answer = ctx;
    if (!answer->run->common.json) {
        return print_role(answer, role);
    }
    ss_doc_append(answer->roles, role_doc(role));
    return true;
}

static bool on_user(void *ctx, const struct ss_user *user)
{
    struct auth_answer *answer = ctx;
    if (!answer->run->common.json) {
        return print_user(answer, user);
    }
    ss_doc_append(answer->users, user_doc(answer, user));
    return true;
}

static void on_fault(void *ctx, const struct ss_error *fault)
{
    struct auth_answer *answer = ctx;
    ss_faults_add(&answer->faults, fault);
}

static void print_doc(struct auth_answer *answer, const struct ss_error *err)
{
    json_t *doc = ss_doc_new();
    ss_doc_text(doc, "file", answer->run->input_name);
    ss_doc_bool(doc, "enabled", answer->facts.enabled);
    if (answer->facts.has_revision) {
        ss_doc_number(doc, "revision", answer->facts.revision);
    }
    ss_doc_set(doc, "roles", answer->roles);
    ss_doc_set(doc, "users", answer->users);
    ss_etcd_tail(doc, &answer->faults, err);
    answer->run->answer_begun = true;
    ss_doc_print(&answer->run->out, doc);
}

static int run_auth(struct ss_run *run)
{
    static const struct ss_auth_ops ops = {
        .on_user = on_user, .on_role = on_role, .on_fault = on_fault};
    int code = ss_run_open_etcd(run);
    if (code != SS_EXIT_OK) {
        return code;
    }
    struct auth_answer answer = {.run = run, .secrets = ((struct auth_opts *)run->opts)->secrets};
    struct ss_error err = SS_ERROR_INIT;
    uint64_t fault_count = 0;
    ss_faults_init(&answer.faults, run);
    if (run->common.json) {
        answer.roles = ss_doc_list();
        answer.users = ss_doc_list();
    }
    enum ss_status status = ss_auth(run->file, &ops, &answer, &answer.facts, &fault_count, &err);
    status = ss_run_checked(run, status, &err);
    if (run->common.json) {
        run->answer_begun = true;
        print_doc(&answer, status == SS_OK ? NULL : &err);
    } else if (status == SS_OK) {
        begin_users(&answer);
    }
    ss_faults_close(&answer.faults);
    code = fault_count == 0 ? SS_EXIT_OK : SS_EXIT_REFUSED;
    if (status != SS_OK) {
        code = ss_report(run, &err);
    }
    ss_faults_fini(&answer.faults);
    return code;
}

const struct ss_command ss_cmd_auth = {
    .name = "auth",
    .args = "FILE",
    .summary = "show whether auth is on, the roles and the users",
    .detail = "Shows whether access control is on, each role with what it may do, and each\n"
              "user with the roles it has. A permission is for one key, for the keys from KEY\n"
              "up to and without RANGE-END, or with RANGE-END \\x00 for all from KEY on.\n"
              "Password hashes are shown only with --secrets.",
    .options = options,
    .opts_size = sizeof(struct auth_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run_auth,
};
