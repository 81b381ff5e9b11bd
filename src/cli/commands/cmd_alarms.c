/*
 * cmd_alarms.c - snapscope alarms: the alarms that are raised.
 */
#include "cmd.h"
#include "render.h"

struct alarms_opts {
    int format;
};

static const struct cli_option options[] = {CLI_OPTION_FORMAT(alarms_opts), {.name = NULL}};

static int run_alarms(struct cli_run *run)
{
    static const char *const text[] = {"member", "alarm", NULL};
    const struct alarms_opts *opts = run->opts;
    const struct cli_listing how = {.table = "alarms", .text = text, .format = opts->format};
    return cli_list_etcd(run, &how);
}

const struct cli_command cli_cmd_alarms = {
    .name = "alarms",
    .args = "FILE",
    .summary = "list the alarms that are raised",
    .detail = "Lists every alarm that was raised when the snapshot was taken, with the id of\n"
              "the member that raised it. A restored cluster has them still, until they are\n"
              "disarmed: with NOSPACE it takes no writes, with CORRUPT it answers nothing.",
    .exits = {[CLI_EXIT_REFUSED] = CLI_EXITS_NOT_ETCD},
    .options = options,
    .opts_size = sizeof(struct alarms_opts),
    .min_args = 1,
    .max_args = 1,
    .run = run_alarms,
};
