/*
 * cmd_members.c - snapscope members: who the cluster was, and who had left it.
 */
#include "cmd.h"
#include "render.h"

struct members_opts {
    int format;
};

static const struct cli_option options[] = {CLI_OPTION_FORMAT(members_opts), {.name = NULL}};

static int run_members(struct cli_run *run)
{
    static const char *const text[] = {"id",        "state",       "role", "name",
                                       "peer_urls", "client_urls", NULL};
    const struct members_opts *opts = run->opts;
    const struct cli_listing how = {.table = "members", .text = text, .format = opts->format};
    return cli_list_etcd(run, &how);
}

const struct cli_command cli_cmd_members = {
    .name = "members",
    .args = "FILE",
    .summary = "list the cluster's members, and those removed",
    .detail = "Lists the members of the cluster as the file has them: id, whether they had\n"
              "started, voter or learner, name, URLs; then the ids that were removed.\n"
              "A restore replaces them all.",
    .exits = {[CLI_EXIT_REFUSED] = CLI_EXITS_NOT_ETCD},
    .options = options,
    .opts_size = sizeof(struct members_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run_members,
};
