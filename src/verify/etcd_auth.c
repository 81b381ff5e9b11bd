/*
 * etcd_auth.c - raised alarms, and who may do what.
 *
 *   alarm      AlarmMember → ""
 *   auth       authEnabled, authRevision
 *   authRoles  name → Role     walked before authUsers, as its name sorts before it
 *   authUsers  name → User
 *
 * etcd reads a user or role by its key and writes it back under the name in its value: the two must
 * be one. The role "root" may be granted without being there, all others may not; turning auth on
 * needs a user "root" who has it.
 */
#include "verify/etcd_parts.h"

#include "etcd/alarm.h"
#include "etcd/auth.h"
#include "util/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME_CAP 256u

static const char *name_text(char text[NAME_CAP], struct ss_span name)
{
    ss_text_escape(name.ptr, (size_t)name.len, text, NAME_CAP);
    return text;
}

enum ss_status ss_etcd_check_alarm(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                   struct ss_error *err)
{
    struct ss_alarm alarm;

    if (ss_alarm_decode(entry, &alarm, err) != SS_OK) {
        ss_etcd_check_refused(m, SS_CHECK_ALARM_FORM, entry, err);
        return SS_OK;
    }
    if (alarm.type < 1) {
        ss_find(m->findings, SS_CHECK_ALARM_FORM, ss_etcd_check_place(m, entry, entry->key.off),
                NULL, NULL, "alarm of type %" PRId32 ", which cannot be raised", alarm.type);
    } else {
        ss_find(m->findings, SS_CHECK_ALARM_RAISED, ss_etcd_check_place(m, entry, entry->key.off),
                ss_alarm_name(alarm.type), NULL, "member %" PRIx64 " has raised alarm %s",
                alarm.member_id, ss_alarm_name(alarm.type));
    }
    return SS_OK;
}

enum ss_status ss_etcd_check_auth(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                  struct ss_error *err)
{
    struct ss_auth_facts facts = {0};

    if (ss_auth_decode(entry, &facts, err) != SS_OK) {
        ss_etcd_check_refused(m, SS_CHECK_AUTH_FORM, entry, err);
    }
    if (!facts.enabled) {
        return SS_OK;
    }
    m->auth.enabled = true;
    m->auth.enabled_at = ss_etcd_check_place(m, entry, entry->value.off);
    return SS_OK;
}

/* A user or role under another name than its own, or under none. */
static void check_name(struct ss_etcd_checks *m, enum ss_check_id check,
                       const struct ss_entry *entry, struct ss_span name, const char *what)
{
    char have[NAME_CAP], expect[NAME_CAP];

    if (!ss_span_eq(name, entry->key)) {
        ss_find(m->findings, check, ss_etcd_check_place(m, entry, name.off), name_text(have, name),
                name_text(expect, entry->key), "%s %s stands under the name of another", what,
                name_text(have, name));
    }
}

enum ss_status ss_etcd_check_role(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                  struct ss_error *err)
{
    struct ss_role role;
    enum ss_status status = ss_role_decode(entry, &role, err);

    if (status == SS_SYSTEM) {
        return status;
    }
    if (status == SS_OK) {
        check_name(m, SS_CHECK_AUTH_ROLE, entry, role.name, "role");
    } else {
        ss_etcd_check_refused(m, SS_CHECK_AUTH_ROLE, entry, err);
    }
    if (status == SS_OK) {
        ss_role_fini(&role);
    }
    if (!ss_array_add(m->auth.roles.items, m->auth.roles.count, m->auth.roles.cap, entry->key)) {
        return ss_nomem(err, sizeof(entry->key));
    }
    return SS_OK;
}

static int compare_names(const void *a, const void *b)
{
    return ss_span_cmp(*(const struct ss_span *)a, *(const struct ss_span *)b);
}

static void check_roles(struct ss_etcd_checks *m, const struct ss_entry *entry,
                        const struct ss_user *user)
{
    const struct ss_span *roles = m->auth.roles.items;
    size_t role_count = m->auth.roles.count;
    char have[NAME_CAP], name[NAME_CAP];
    bool known = ss_etcd_check_whole(m, SS_IN_AUTH_ROLES);

    for (size_t i = 0; i < user->role_count; i++) {
        bool is_root = ss_span_is(user->roles[i], SS_AUTH_ROOT);

        if (is_root && ss_span_is(entry->key, SS_AUTH_ROOT)) {
            m->auth.root_is_root = true;
        }
        if (is_root || !known ||
            (role_count > 0 && bsearch(&user->roles[i], roles, role_count, sizeof(user->roles[i]),
                                       compare_names) != NULL)) {
            continue;
        }
        ss_find(m->findings, SS_CHECK_AUTH_ROLE_UNKNOWN,
                ss_etcd_check_place(m, entry, user->roles[i].off), name_text(have, user->roles[i]),
                NULL, "user %s has role %s, which is not there", name_text(name, entry->key),
                name_text(have, user->roles[i]));
    }
}

enum ss_status ss_etcd_check_user(struct ss_etcd_checks *m, const struct ss_entry *entry,
                                  struct ss_error *err)
{
    struct ss_user user;
    enum ss_status status = ss_user_decode(entry, &user, err);

    if (status == SS_CORRUPT) {
        ss_etcd_check_refused(m, SS_CHECK_AUTH_USER, entry, err);
        m->auth.root_is_root = m->auth.root_is_root || ss_span_is(entry->key, SS_AUTH_ROOT);
        return SS_OK;
    }
    if (status != SS_OK) {
        return status;
    }
    check_name(m, SS_CHECK_AUTH_USER, entry, user.name, "user");
    check_roles(m, entry, &user);
    ss_user_fini(&user);
    return SS_OK;
}

void ss_etcd_check_auth_finish(struct ss_etcd_checks *m)
{
    bool users_known =
        ss_etcd_check_whole(m, SS_IN_AUTH_USERS) || (m->absent >> SS_IN_AUTH_USERS & 1u) != 0;

    if (m->auth.enabled && !m->auth.root_is_root && users_known) {
        ss_find(m->findings, SS_CHECK_AUTH_NO_ROOT, m->auth.enabled_at, NULL, NULL,
                "auth is on, and there is no user root with role root");
    }
}
