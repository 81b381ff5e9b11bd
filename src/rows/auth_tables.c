/*
 * auth_tables.c - tables `auth`, of one row, `users` and `roles`; of roles, a row a permission.
 */
#include "etcd/auth.h"
#include "rows/element_rows.h"
#include "rows/etcd_tables.h"

/* -------------------------------------------------------------------------------------- auth --- */

enum {
    AUTH_ENABLED,
    AUTH_REVISION,
    AUTH_COLUMNS
};

static const struct ss_column auth_columns[AUTH_COLUMNS] = {
    [AUTH_ENABLED] = {.name = "enabled",
                      .title = "ENABLED",
                      .type = SS_TYPE_BOOL,
                      .doc = "whether access is controlled"},
    [AUTH_REVISION] = {.name = "revision",
                       .title = "REVISION",
                       .type = SS_TYPE_UINT,
                       .optional = true,
                       .doc = "how often users and roles were changed: not a revision of keys"},
};

struct auth_cursor {
    struct ss_element_rows at;
    struct ss_auth_facts facts;
    bool given;
};

static enum ss_status auth_open(struct ss_rows *rows, const struct ss_call *call,
                                struct ss_error *err)
{
    (void)call;
    return ss_element_rows_open(rows, SS_IN_AUTH, err);
}

static enum ss_status take_auth(struct ss_rows *rows, const struct ss_entry *entry,
                                struct ss_error *err)
{
    struct auth_cursor *c = rows->cursor;

    return ss_auth_decode(entry, &c->facts, err);
}

/* All elements make the one row. */
static enum ss_status auth_next(struct ss_rows *rows, struct ss_error *err)
{
    struct auth_cursor *c = rows->cursor;
    enum ss_status status = c->given ? SS_END : SS_OK;

    while (!c->given && status == SS_OK) {
        status = ss_element_rows_next(rows, take_auth, err);
        if (status == SS_END) {
            c->given = true;
            status = SS_OK;
        }
    }
    return status;
}

static void auth_value(const struct ss_rows *rows, size_t column, struct ss_value *out)
{
    const struct ss_auth_facts *facts = &((const struct auth_cursor *)rows->cursor)->facts;

    if (column == AUTH_ENABLED) {
        out->is.truth = facts->enabled;
        return;
    }
    out->is.number = facts->revision;
    out->known = facts->has_revision;
}

static const struct ss_table_ops auth_ops = {.cursor_len = sizeof(struct auth_cursor),
                                             .open = auth_open,
                                             .next = auth_next,
                                             .value = auth_value};

const struct ss_table ss_table_auth = {.name = "auth",
                                       .row = "the state of access control, one row",
                                       .doc = "whether etcd asks who somebody is",
                                       .columns = auth_columns,
                                       .column_count = AUTH_COLUMNS,
                                       .ops = &auth_ops};

/* ------------------------------------------------------------------------------------- users --- */

enum {
    USER_NAME,
    USER_VALUE_NAME,
    USER_PASSWORD,
    USER_PASSWORD_HASH,
    USER_ROLES,
    USER_PAGE,
    USER_OFFSET,
    USER_COLUMNS
};

static const struct ss_column user_columns[USER_COLUMNS] = {
    [USER_NAME] = {.name = "name",
                   .title = "USER",
                   .type = SS_TYPE_BYTES,
                   .doc = "the user, by the name that etcd finds it under"},
    [USER_VALUE_NAME] = {.name = "value_name",
                         .title = "VALUE-NAME",
                         .type = SS_TYPE_BYTES,
                         .optional = true,
                         .doc = "the name in its value, where it is another one"},
    [USER_PASSWORD] = {.name = "password",
                       .title = "PASSWORD",
                       .type = SS_TYPE_TEXT,
                       .doc = "set, none, or disabled: a user of certificates only"},
    [USER_PASSWORD_HASH] = {.name = "password_hash",
                            .title = "PASSWORD-HASH",
                            .type = SS_TYPE_BYTES,
                            .optional = true,
                            .on_request = true,
                            .doc = "the bcrypt hash of the password, a secret"},
    [USER_ROLES] = {.name = "roles",
                    .title = "ROLES",
                    .type = SS_TYPE_LIST,
                    .doc = "the roles that it has"},
    [USER_PAGE] = {.name = "page",
                   .title = "PAGE",
                   .type = SS_TYPE_UINT,
                   .unit = SS_UNIT_PAGE,
                   .on_request = true,
                   .doc = "leaf page that it stands in"},
    [USER_OFFSET] = {.name = "offset",
                     .title = "OFFSET",
                     .type = SS_TYPE_UINT,
                     .unit = SS_UNIT_OFFSET,
                     .on_request = true,
                     .doc = "where its value begins in the file"},
};

struct user_cursor {
    struct ss_element_rows at;
    struct ss_user user;
};

static enum ss_status users_open(struct ss_rows *rows, const struct ss_call *call,
                                 struct ss_error *err)
{
    (void)call;
    return ss_element_rows_open(rows, SS_IN_AUTH_USERS, err);
}

static enum ss_status take_user(struct ss_rows *rows, const struct ss_entry *entry,
                                struct ss_error *err)
{
    struct user_cursor *c = rows->cursor;

    ss_user_fini(&c->user);
    return ss_user_decode(entry, &c->user, err);
}

static enum ss_status users_next(struct ss_rows *rows, struct ss_error *err)
{
    return ss_element_rows_next(rows, take_user, err);
}

static const char *password_of(const struct ss_user *user)
{
    if (user->password.len > 0) {
        return "set";
    }
    return user->no_password ? "disabled" : "none";
}

static void users_value(const struct ss_rows *rows, size_t column, struct ss_value *out)
{
    const struct ss_user *user = &((const struct user_cursor *)rows->cursor)->user;

    switch (column) {
    case USER_NAME:
        out->is.bytes = user->key;
        break;
    case USER_VALUE_NAME:
        out->is.bytes = user->name;
        out->known = !ss_span_eq(user->name, user->key);
        break;
    case USER_PASSWORD:
        ss_value_text(out, password_of(user));
        break;
    case USER_PASSWORD_HASH:
        out->is.bytes = user->password;
        out->known = user->password.len > 0;
        break;
    case USER_ROLES:
        out->is.list.items = user->roles;
        out->is.list.count = user->role_count;
        break;
    case USER_PAGE:
        out->is.number = user->pgid;
        break;
    default:
        out->is.number = user->off;
        break;
    }
}

static void users_close(struct ss_rows *rows)
{
    struct user_cursor *c = rows->cursor;

    ss_user_fini(&c->user);
}

static const struct ss_table_ops users_ops = {.cursor_len = sizeof(struct user_cursor),
                                              .open = users_open,
                                              .next = users_next,
                                              .value = users_value,
                                              .close = users_close};

const struct ss_table ss_table_users = {.name = "users",
                                        .row = "a user",
                                        .doc = "the users that etcd knows, and their roles",
                                        .columns = user_columns,
                                        .column_count = USER_COLUMNS,
                                        .ops = &users_ops};

/* ------------------------------------------------------------------------------------- roles --- */

enum {
    ROLE_NAME,
    ROLE_VALUE_NAME,
    ROLE_PERMISSION,
    ROLE_KEY,
    ROLE_RANGE_END,
    ROLE_PAGE,
    ROLE_OFFSET,
    ROLE_COLUMNS
};

static const struct ss_column role_columns[ROLE_COLUMNS] = {
    [ROLE_NAME] = {.name = "name",
                   .title = "ROLE",
                   .type = SS_TYPE_BYTES,
                   .doc = "the role, by the name that etcd finds it under"},
    [ROLE_VALUE_NAME] = {.name = "value_name",
                         .title = "VALUE-NAME",
                         .type = SS_TYPE_BYTES,
                         .optional = true,
                         .doc = "the name in its value, where it is another one"},
    [ROLE_PERMISSION] = {.name = "permission",
                         .title = "PERMISSION",
                         .type = SS_TYPE_TEXT,
                         .optional = true,
                         .doc = "READ, WRITE or READWRITE; none for a role that may do nothing"},
    [ROLE_KEY] = {.name = "key",
                  .title = "KEY",
                  .type = SS_TYPE_BYTES,
                  .optional = true,
                  .doc = "the key that the permission is for, or the first of them"},
    [ROLE_RANGE_END] = {.name = "range_end",
                        .title = "RANGE-END",
                        .type = SS_TYPE_BYTES,
                        .optional = true,
                        .doc = "up to and without this key; one zero byte: all from the key on"},
    [ROLE_PAGE] = {.name = "page",
                   .title = "PAGE",
                   .type = SS_TYPE_UINT,
                   .unit = SS_UNIT_PAGE,
                   .on_request = true,
                   .doc = "leaf page that it stands in"},
    [ROLE_OFFSET] = {.name = "offset",
                     .title = "OFFSET",
                     .type = SS_TYPE_UINT,
                     .unit = SS_UNIT_OFFSET,
                     .on_request = true,
                     .doc = "where its value begins in the file"},
};

struct role_cursor {
    struct ss_element_rows at;
    struct ss_role role;
    size_t permission; /* of the role; its count for one that has none */
};

static enum ss_status roles_open(struct ss_rows *rows, const struct ss_call *call,
                                 struct ss_error *err)
{
    (void)call;
    return ss_element_rows_open(rows, SS_IN_AUTH_ROLES, err);
}

static enum ss_status take_role(struct ss_rows *rows, const struct ss_entry *entry,
                                struct ss_error *err)
{
    struct role_cursor *c = rows->cursor;

    ss_role_fini(&c->role);
    c->permission = 0;
    return ss_role_decode(entry, &c->role, err);
}

static enum ss_status roles_next(struct ss_rows *rows, struct ss_error *err)
{
    struct role_cursor *c = rows->cursor;

    if (c->permission + 1 < c->role.permission_count) {
        c->permission++;
        return SS_OK;
    }
    return ss_element_rows_next(rows, take_role, err);
}

static void roles_value(const struct ss_rows *rows, size_t column, struct ss_value *out)
{
    const struct role_cursor *c = rows->cursor;
    const struct ss_role *role = &c->role;
    const struct ss_permission none = {0}, *may = &none;

    if (c->permission < role->permission_count) {
        may = &role->permissions[c->permission];
    }
    switch (column) {
    case ROLE_NAME:
        out->is.bytes = role->key;
        break;
    case ROLE_VALUE_NAME:
        out->is.bytes = role->name;
        out->known = !ss_span_eq(role->name, role->key);
        break;
    case ROLE_PERMISSION:
        ss_value_text(out, may == &none ? NULL : ss_permission_name(may->type));
        break;
    case ROLE_KEY:
        out->is.bytes = may->key;
        out->known = may != &none;
        break;
    case ROLE_RANGE_END:
        out->is.bytes = may->range_end;
        out->known = may->range_end.len > 0;
        break;
    case ROLE_PAGE:
        out->is.number = role->pgid;
        break;
    default:
        out->is.number = role->off;
        break;
    }
}

static void roles_close(struct ss_rows *rows)
{
    struct role_cursor *c = rows->cursor;

    ss_role_fini(&c->role);
}

static const struct ss_table_ops roles_ops = {.cursor_len = sizeof(struct role_cursor),
                                              .open = roles_open,
                                              .next = roles_next,
                                              .value = roles_value,
                                              .close = roles_close};

const struct ss_table ss_table_roles = {.name = "roles",
                                        .row = "a permission of a role, or a role without any",
                                        .doc = "the roles, and which keys they may read and write",
                                        .columns = role_columns,
                                        .column_count = ROLE_COLUMNS,
                                        .ops = &roles_ops};
