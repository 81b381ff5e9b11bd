/*
 * cmd_auth.c - snapscope auth: whether access is controlled, which roles there are and who has them.
 *
 * Password hashes are secrets: they are printed only with --secrets, in text and JSON alike.
 */
#include "cmd.h"
#include "etcdlist.h"
#include "render.h"

enum {
    BOTH,
    ROLES,
    USERS
};

static const char *const only_choices[] = {"both", "roles", "users", NULL};

struct auth_opts {
    bool secrets;
    int only; /* index into only_choices */
    int format;
};

static const struct cli_option options[] = {
    {.name = "secrets",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct auth_opts, secrets),
     .help = "print the hashes of passwords, too",
     .more = "They are never shown without it."},
    {.name = "only",
     .kind = CLI_OPTION_CHOICE,
     .slot = offsetof(struct auth_opts, only),
     .arg = "LIST",
     .help = "only the roles, or only the users",
     .choices = only_choices},
    CLI_OPTION_FORMAT(auth_opts),
    {.name = NULL},
};

static int run_auth(struct cli_run *run)
{
    static const char *const role_text[] = {"name", "permission", "key", "range_end", NULL};
    static const char *const user_text[] = {"name", "password", "roles", NULL};
    static const char *const secret_text[] = {"name", "password", "roles", "password_hash", NULL};
    static const char *const secret[] = {"password_hash", NULL};
    const struct auth_opts *opts = run->opts;
    const struct cli_listing facts = {.table = "auth", .facts = true, .format = opts->format};
    const struct cli_listing roles = {.table = "roles", .text = role_text, .format = opts->format};
    const struct cli_listing users = {.table = "users",
                                      .text = opts->secrets ? secret_text : user_text,
                                      .more = opts->secrets ? secret : NULL,
                                      .format = opts->format};
    const struct cli_listing all[] = {facts, opts->only == USERS ? users : roles, users};
    if (opts->only == BOTH && opts->format > CLI_FORMAT_JSON) {
        return cli_usage_error(run, "%s has one kind of row: add --only roles or --only users",
                               cli_formats[opts->format]);
    }
    cli_list_prepare(run, all);
    int code = cli_run_open_etcd(run);
    return code == CLI_EXIT_OK ? cli_list_all(run, all, opts->only == BOTH ? 3 : 2) : code;
}

const struct cli_command cli_cmd_auth = {
    .name = "auth",
    .args = "FILE",
    .summary = "show whether auth is on, the roles and the users",
    .detail = "Shows whether access control is on, each role with what it may do, and each\n"
              "user with the roles it has. A permission is for one key, for the keys from KEY\n"
              "up to and without RANGE-END, or with RANGE-END \\x00 for all from KEY on.\n"
              "Password hashes are shown only with --secrets. JSON Lines and CSV have rows of\n"
              "one kind: --only roles, a line a permission, or --only users.",
    .exits = {[CLI_EXIT_REFUSED] = CLI_EXITS_NOT_ETCD},
    .options = options,
    .opts_size = sizeof(struct auth_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run_auth,
};
