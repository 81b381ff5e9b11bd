/*
 * cmd.h - the commands, one file each.
 */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#include "run.h"

#define COMMAND(name) extern const struct cli_command cli_cmd_##name;
#include "commands.def"
#undef COMMAND

#endif
