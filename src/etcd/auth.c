/*
 * auth.c - see auth.h.
 */
#include "etcd/auth.h"

#include "etcd/bucket_each.h"
#include "util/array.h"
#include "util/endian.h"
#include "util/wire.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    USER_NAME = 1,
    USER_PASSWORD = 2,
    USER_ROLES = 3,
    USER_OPTIONS = 4,
    OPTIONS_NO_PASSWORD = 1,
    ROLE_NAME = 1,
    ROLE_PERMISSION = 2,
    PERMISSION_TYPE = 1,
    PERMISSION_KEY = 2,
    PERMISSION_RANGE_END = 3
};

const char *ss_permission_name(int32_t type)
{
    static const char *const names[] = {"READ", "WRITE", "READWRITE"};

    return type >= 0 && type < 3 ? names[type] : "UNKNOWN";
}

enum ss_status ss_auth_decode(const struct ss_entry *entry, struct ss_auth_facts *facts,
                              struct ss_error *err)
{
    struct ss_span value = entry->value;

    if (ss_span_is(entry->key, "authEnabled")) {
        if (value.len != 1 || value.ptr[0] > 1) {
            return ss_corrupt(err, SS_E_FIELD, value.off, entry->pgid,
                              "authEnabled is not one byte of 0 or 1");
        }
        facts->enabled = value.ptr[0] == 1;
    } else if (ss_span_is(entry->key, "authRevision")) {
        if (value.len != 8) {
            return ss_corrupt(err, SS_E_FIELD, value.off + ss_min_u64(value.len, 8), entry->pgid,
                              "authRevision has %" PRIu64 " bytes, 8 are due", value.len);
        }
        facts->has_revision = true;
        facts->revision = ss_load_u64(value.ptr, true);
    }
    return SS_OK;
}

static enum ss_status add_role(struct ss_user *user, struct ss_span name, struct ss_error *err)
{
    if (!ss_array_room_counted(user->roles, user->role_count)) {
        return ss_nomem(err, user->role_count * 2 * sizeof(name));
    }
    ((struct ss_span *)(uintptr_t)user->roles)[user->role_count++] = name;
    return SS_OK;
}

static enum ss_status decode_options(struct ss_span body, uint64_t pgid, struct ss_user *user,
                                     struct ss_error *err)
{
    struct ss_wire w;
    struct ss_wire_field field;
    enum ss_status status;

    ss_wire_init(&w, body, SS_E_FIELD, pgid);
    while ((status = ss_wire_next(&w, &field, err)) == SS_OK) {
        if (field.number != OPTIONS_NO_PASSWORD) {
            continue;
        }
        if (ss_wire_expect(&w, &field, SS_WIRE_VARINT, "no_password", err) != SS_OK) {
            return SS_CORRUPT;
        }
        user->no_password = field.value != 0;
    }
    return status == SS_END ? SS_OK : status;
}

static enum ss_status take_user_field(const struct ss_wire *w, const struct ss_wire_field *field,
                                      struct ss_user *user, struct ss_error *err)
{
    static const char *const names[] = {"", "name", "password", "roles", "options"};

    if (field->number > USER_OPTIONS) {
        return SS_OK;
    }
    if (ss_wire_expect(w, field, SS_WIRE_BYTES, names[field->number], err) != SS_OK) {
        return SS_CORRUPT;
    }
    if (field->number == USER_ROLES) {
        return add_role(user, field->body, err);
    }
    if (field->number == USER_OPTIONS) {
        return decode_options(field->body, w->pgid, user, err);
    }
    if (field->number == USER_NAME) {
        user->name = field->body;
    } else {
        user->password = field->body;
    }
    return SS_OK;
}

enum ss_status ss_user_decode(const struct ss_entry *entry, struct ss_user *out,
                              struct ss_error *err)
{
    struct ss_span none = {entry->value.ptr, 0, entry->value.off};
    struct ss_wire w;
    struct ss_wire_field field;
    enum ss_status status;

    *out = (struct ss_user){.key = entry->key,
                            .name = none,
                            .password = none,
                            .off = entry->value.off,
                            .pgid = entry->pgid,
                            .index = entry->index};
    ss_wire_init(&w, entry->value, SS_E_FIELD, entry->pgid);
    while ((status = ss_wire_next(&w, &field, err)) == SS_OK) {
        status = take_user_field(&w, &field, out, err);
        if (status != SS_OK) {
            break;
        }
    }
    if (status == SS_END) {
        return SS_OK;
    }
    ss_user_fini(out);
    return status;
}

void ss_user_fini(struct ss_user *user)
{
    free((void *)(uintptr_t)user->roles);
    user->roles = NULL;
    user->role_count = 0;
}

static enum ss_status decode_permission(struct ss_span body, uint64_t pgid,
                                        struct ss_permission *out, struct ss_error *err)
{
    static const char *const names[] = {"", "permType", "key", "range_end"};
    struct ss_wire w;
    struct ss_wire_field field;
    enum ss_status status;

    out->key = out->range_end = (struct ss_span){body.ptr, 0, body.off};
    ss_wire_init(&w, body, SS_E_FIELD, pgid);
    while ((status = ss_wire_next(&w, &field, err)) == SS_OK) {
        if (field.number > PERMISSION_RANGE_END) {
            continue;
        }
        if (ss_wire_expect(&w, &field,
                           field.number == PERMISSION_TYPE ? SS_WIRE_VARINT : SS_WIRE_BYTES,
                           names[field.number], err) != SS_OK) {
            return SS_CORRUPT;
        }
        if (field.number == PERMISSION_TYPE) {
            out->type = (int32_t)(uint32_t)field.value;
        } else if (field.number == PERMISSION_KEY) {
            out->key = field.body;
        } else {
            out->range_end = field.body;
        }
    }
    return status == SS_END ? SS_OK : status;
}

static enum ss_status add_permission(struct ss_role *role, struct ss_span body, uint64_t pgid,
                                     struct ss_error *err)
{
    struct ss_permission *permission;

    if (!ss_array_room_counted(role->permissions, role->permission_count)) {
        return ss_nomem(err, role->permission_count * 2 * sizeof(*permission));
    }
    permission = (struct ss_permission *)(uintptr_t)role->permissions + role->permission_count++;
    *permission = (struct ss_permission){0};
    return decode_permission(body, pgid, permission, err);
}

static enum ss_status take_role_field(const struct ss_wire *w, const struct ss_wire_field *field,
                                      struct ss_role *role, struct ss_error *err)
{
    if (field->number > ROLE_PERMISSION) {
        return SS_OK;
    }
    if (ss_wire_expect(w, field, SS_WIRE_BYTES,
                       field->number == ROLE_NAME ? "name" : "keyPermission", err) != SS_OK) {
        return SS_CORRUPT;
    }
    if (field->number == ROLE_PERMISSION) {
        return add_permission(role, field->body, w->pgid, err);
    }
    role->name = field->body;
    return SS_OK;
}

enum ss_status ss_role_decode(const struct ss_entry *entry, struct ss_role *out,
                              struct ss_error *err)
{
    struct ss_wire w;
    struct ss_wire_field field;
    enum ss_status status;

    *out = (struct ss_role){.key = entry->key,
                            .name = {entry->value.ptr, 0, entry->value.off},
                            .off = entry->value.off,
                            .pgid = entry->pgid,
                            .index = entry->index};
    ss_wire_init(&w, entry->value, SS_E_FIELD, entry->pgid);
    while ((status = ss_wire_next(&w, &field, err)) == SS_OK) {
        status = take_role_field(&w, &field, out, err);
        if (status != SS_OK) {
            break;
        }
    }
    if (status == SS_END) {
        return SS_OK;
    }
    ss_role_fini(out);
    return status;
}

void ss_role_fini(struct ss_role *role)
{
    free((void *)(uintptr_t)role->permissions);
    role->permissions = NULL;
    role->permission_count = 0;
}

struct listing {
    const struct ss_auth_ops *ops;
    struct ss_auth_facts *facts;
    void *ctx;
};

static enum ss_status list_auth(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    return ss_auth_decode(entry, ((const struct listing *)ctx)->facts, err);
}

static enum ss_status list_role(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    const struct listing *to = ctx;
    struct ss_role role;
    enum ss_status status = ss_role_decode(entry, &role, err);

    if (status != SS_OK) {
        return status;
    }
    if (to->ops->on_role != NULL && !to->ops->on_role(to->ctx, &role)) {
        status = SS_END;
    }
    ss_role_fini(&role);
    return status;
}

static enum ss_status list_user(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    const struct listing *to = ctx;
    struct ss_user user;
    enum ss_status status = ss_user_decode(entry, &user, err);

    if (status != SS_OK) {
        return status;
    }
    if (to->ops->on_user != NULL && !to->ops->on_user(to->ctx, &user)) {
        status = SS_END;
    }
    ss_user_fini(&user);
    return status;
}

enum ss_status ss_auth(const struct ss_file *file, const struct ss_auth_ops *ops, void *ctx,
                       struct ss_auth_facts *facts, uint64_t *fault_count, struct ss_error *err)
{
    struct ss_fault_sink faults = {ops->on_fault, ctx, fault_count};
    struct listing to = {ops, facts, ctx};
    enum ss_status status;

    ss_error_clear(err);
    *fault_count = 0;
    *facts = (struct ss_auth_facts){0};
    status = ss_bucket_each(file, SS_IN_AUTH, list_auth, &to, &faults, err);
    if (status == SS_OK) {
        status = ss_bucket_each(file, SS_IN_AUTH_ROLES, list_role, &to, &faults, err);
    }
    if (status == SS_OK) {
        status = ss_bucket_each(file, SS_IN_AUTH_USERS, list_user, &to, &faults, err);
    }
    return ss_source_check(&file->src, status == SS_END ? SS_OK : status, err);
}
