/*
 * auth.h - who may do what. [F11]
 *
 *   auth       "authEnabled"   one byte, 1: on, 0: off
 *              "authRevision"  u64 big-endian
 *   authRoles  name → authpb.Role: name 1 · keyPermission 2 {permType 1 · key 2 · range_end 3} …
 *   authUsers  name → authpb.User: name 1 · password 2 · roles 3 … · options 4 {no_password 1}
 */
#ifndef SS_ETCD_AUTH_H
#define SS_ETCD_AUTH_H

#include "util/error.h"

#define SS_AUTH_ROOT "root" /* the user and the role that may do all */

/* Takes one element of `auth` into *facts; others are passed over. Errors: FIELD, at the value. */
enum ss_status ss_auth_decode(const struct ss_entry *entry, struct ss_auth_facts *facts,
                              struct ss_error *err);

/*
 * Decode an element of `authUsers` or `authRoles`. The lists are on the heap: the caller ends it with
 * ss_user_fini or ss_role_fini. Errors: FIELD, at the wrong byte; NOMEM.
 */
enum ss_status ss_user_decode(const struct ss_entry *entry, struct ss_user *out,
                              struct ss_error *err);
enum ss_status ss_role_decode(const struct ss_entry *entry, struct ss_role *out,
                              struct ss_error *err);
void ss_user_fini(struct ss_user *user);
void ss_role_fini(struct ss_role *role);

#endif
