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

static const struct cli_option options[] = {
    {.name = "secrets",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct auth_opts, secrets),
     .help = "print the hashes of passwords, too",
     .more = "They are never shown without it."},
    {.name = NULL},
};

static const struct cli_column role_columns[] = {
    {"ROLE", -20}, {"PERMISSION", -10}, {"KEY", -24}, {"RANGE-END", 0}};
static const struct cli_column user_columns[] = {{"USER", -20}, {"PASSWORD", -8}, {"ROLES", 0}};
static const struct cli_column secret_columns[] = {
    {"USER", -20}, {"PASSWORD", -8}, {"ROLES", -20}, {"HASH", 0}};

struct auth_answer {
    struct cli_run *run;
    struct cli_faults faults;
    struct ss_auth_facts facts;
    bool secrets;
    bool facts_printed, users_begun; /* of the text */
    json_t *roles, *users;           /* of the document */
};

static void print_facts(struct auth_answer *answer)
{
    struct cli_out *out = &answer->run->out;
    if (answer->facts_printed) {
        return;
    }
    answer->facts_printed = true;
    cli_out_format(out, "auth      %s\n", answer->facts.enabled ? "on" : "off");
    if (answer->facts.has_revision) {
        cli_out_format(out, "revision  %" PRIu64 "\n", answer->facts.revision);
    }
    cli_out_text(out, "\n");
    cli_table_head(out, role_columns, sizeof(role_columns) / sizeof(role_columns[0]));
}

static bool print_permission(struct auth_answer *answer, const struct ss_role *role,
                             const struct ss_permission *permission)
{
    char *name = cli_escaped(role->key.ptr, role->key.len);
    char *key = cli_escaped(permission->key.ptr, permission->key.len);
    char *end = cli_escaped(permission->range_end.ptr, permission->range_end.len);
    const char *cells[] = {name, ss_permission_name(permission->type), key, end};
    bool ok = cli_table_row(&answer->run->out, role_columns, 4, cells, CLI_STYLE_PLAIN);
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
        char *name = cli_escaped(role->key.ptr, role->key.len);
        const char *cells[] = {name, "", "", ""};
        ok = cli_table_row(&answer->run->out, role_columns, 4, cells, CLI_STYLE_PLAIN);
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
    char *all = cli_must_alloc(len);
    size_t used = 0;
    for (size_t i = 0; i < user->role_count; i++) {
        if (i > 0) {
            all[used++] = ',';
        }
        memcpy(all + used, user->roles[i].ptr, user->roles[i].len);
        used += user->roles[i].len;
    }
    char *text = cli_escaped(all, used);
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
    cli_out_text(&answer->run->out, "\n");
    if (answer->secrets) {
        cli_table_head(&answer->run->out, secret_columns, 4);
    } else {
        cli_table_head(&answer->run->out, user_columns, 3);
    }
}

static bool print_user(struct auth_answer *answer, const struct ss_user *user)
{
    begin_users(answer);
    char *name = cli_escaped(user->key.ptr, user->key.len);
    char *roles = joined_roles(user);
    char *hash = cli_escaped(user->password.ptr, answer->secrets ? user->password.len : 0);
    const char *cells[] = {name, password_of(user), roles, hash};
    bool ok = answer->secrets
                  ? cli_table_row(&answer->run->out, secret_columns, 4, cells, CLI_STYLE_PLAIN)
                  : cli_table_row(&answer->run->out, user_columns, 3, cells, CLI_STYLE_PLAIN);
    free(name);
    free(roles);
    free(hash);
    return ok;
}

/* The name by which etcd finds it, and the one in its value when that differs. */
static void names_doc(json_t *doc, struct ss_span key, struct ss_span name)
{
    cli_doc_bytes(doc, "name", key.ptr, key.len);
    if (key.len != name.len || memcmp(key.ptr, name.ptr, (size_t)key.len) != 0) {
        cli_doc_bytes(doc, "value_name", name.ptr, name.len);
    }
}

static json_t *role_doc(const struct ss_role *role)
{
    json_t *doc = cli_doc_new();
    json_t *list = cli_doc_list();
    names_doc(doc, role->key, role->name);
    for (size_t i = 0; i < role->permission_count; i++) {
        const struct ss_permission *permission = &role->permissions[i];
        json_t *one = cli_doc_new();
        cli_doc_text(one, "type", ss_permission_name(permission->type));
        cli_doc_bytes(one, "key", permission->key.ptr, permission->key.len);
        if (permission->range_end.len > 0) {
            cli_doc_bytes(one, "range_end", permission->range_end.ptr, permission->range_end.len);
        }
        cli_doc_append(list, one);
    }
    cli_doc_set(doc, "permissions", list);
    return doc;
}

static json_t *user_doc(const struct auth_answer *answer, const struct ss_user *user)
{
    json_t *doc = cli_doc_new();
    json_t *list = cli_doc_list();
    names_doc(doc, user->key, user->name);
    cli_doc_text(doc, "password", password_of(user));
    if (answer->secrets && user->password.len > 0) {
        cli_doc_bytes(doc, "password_hash", user->password.ptr, user->password.len);
    }
    for (size_t i = 0; i < user->role_count; i++) {
        json_t *one = cli_doc_new();
        cli_doc_bytes(one, "name", user->roles[i].ptr, user->roles[i].len);
        cli_doc_append(list, one);
    }
    cli_doc_set(doc, "roles", list);
    return doc;
}

static bool on_role(void *ctx, const struct ss_role *role)
{
    struct auth_answer *answer = ctx;
    if (!answer->run->common.json) {
        return print_role(answer, role);
    }
    cli_doc_append(answer->roles, role_doc(role));
    return true;
}

static bool on_user(void *ctx, const struct ss_user *user)
{
    struct auth_answer *answer = ctx;
    if (!answer->run->common.json) {
        return print_user(answer, user);
    }
    cli_doc_append(answer->users, user_doc(answer, user));
    return true;
}

static void on_fault(void *ctx, const struct ss_error *fault)
{
    struct auth_answer *answer = ctx;
    cli_faults_add(&answer->faults, fault);
}

static void print_doc(struct auth_answer *answer, const struct ss_error *err)
{
    json_t *doc = cli_doc_new();
    cli_doc_text(doc, "file", answer->run->input_name);
    cli_doc_bool(doc, "enabled", answer->facts.enabled);
    if (answer->facts.has_revision) {
        cli_doc_number(doc, "revision", answer->facts.revision);
    }
    cli_doc_set(doc, "roles", answer->roles);
    cli_doc_set(doc, "users", answer->users);
    cli_etcd_tail(doc, &answer->faults, err);
    answer->run->answer_begun = true;
    cli_doc_print(&answer->run->out, doc);
}

static int run_auth(struct cli_run *run)
{
    static const struct ss_auth_ops ops = {
        .on_user = on_user, .on_role = on_role, .on_fault = on_fault};
    int code = cli_run_open_etcd(run);
    if (code != CLI_EXIT_OK) {
        return code;
    }
    struct auth_answer answer = {.run = run, .secrets = ((struct auth_opts *)run->opts)->secrets};
    struct ss_error err = SS_ERROR_INIT;
    uint64_t fault_count = 0;
    cli_faults_init(&answer.faults, run);
    if (run->common.json) {
        answer.roles = cli_doc_list();
        answer.users = cli_doc_list();
    }
    enum ss_status status = ss_auth(run->file, &ops, &answer, &answer.facts, &fault_count, &err);
    status = cli_run_checked(run, status, &err);
    if (run->common.json) {
        run->answer_begun = true;
        print_doc(&answer, status == SS_OK ? NULL : &err);
    } else if (status == SS_OK) {
        begin_users(&answer);
    }
    cli_faults_close(&answer.faults);
    code = fault_count == 0 ? CLI_EXIT_OK : CLI_EXIT_REFUSED;
    if (status != SS_OK) {
        code = cli_report(run, &err);
    }
    cli_faults_fini(&answer.faults);
    return code;
}

const struct cli_command cli_cmd_auth = {
    .name = "auth",
    .args = "FILE",
    .summary = "show whether auth is on, the roles and the users",
    .detail = "Shows whether access control is on, each role with what it may do, and each\n"
              "user with the roles it has. A permission is for one key, for the keys from KEY\n"
              "up to and without RANGE-END, or with RANGE-END \\x00 for all from KEY on.\n"
              "Password hashes are shown only with --secrets.",
    .exits = {[CLI_EXIT_REFUSED] = CLI_EXITS_NOT_ETCD},
    .options = options,
    .opts_size = sizeof(struct auth_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run_auth,
};
