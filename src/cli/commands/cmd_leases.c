/*
 * cmd_leases.c - snapscope leases: every lease with its time to live.
 */
#include "cmd.h"
#include "render.h"

struct leases_opts {
    int format;
};

static const struct cli_option options[] = {CLI_OPTION_FORMAT(leases_opts), {.name = NULL}};

static int run_leases(struct cli_run *run)
{
    static const char *const text[] = {"id", "ttl", "remaining_ttl", NULL};
    const struct leases_opts *opts = run->opts;
    const struct cli_listing how = {.table = "leases", .text = text, .format = opts->format};
    return cli_list_etcd(run, &how);
}

const struct cli_command cli_cmd_leases = {
    .name = "leases",
    .args = "FILE",
    .summary = "list every lease with its time to live",
    .detail = "Lists every lease: id, time to live as granted, and what was left of it at the\n"
              "last checkpoint (-: none was written), in seconds. The file does not say when a\n"
              "lease ends: a server counts anew from the time at which it starts.",
    .exits = {[CLI_EXIT_REFUSED] = CLI_EXITS_NOT_ETCD},
    .options = options,
    .opts_size = sizeof(struct leases_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run_leases,
};
