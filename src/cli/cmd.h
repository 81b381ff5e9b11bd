/*
 * cmd.h - the commands, one file each.
 */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#include "run.h"

extern const struct cli_command cli_cmd_info;
extern const struct cli_command cli_cmd_status;
extern const struct cli_command cli_cmd_hashkv;
extern const struct cli_command cli_cmd_pages;
extern const struct cli_command cli_cmd_page;
extern const struct cli_command cli_cmd_buckets;
extern const struct cli_command cli_cmd_keys;
extern const struct cli_command cli_cmd_get;
extern const struct cli_command cli_cmd_history;
extern const struct cli_command cli_cmd_dump;
extern const struct cli_command cli_cmd_verify;
extern const struct cli_command cli_cmd_diff;
extern const struct cli_command cli_cmd_members;
extern const struct cli_command cli_cmd_leases;
extern const struct cli_command cli_cmd_alarms;
extern const struct cli_command cli_cmd_auth;
extern const struct cli_command cli_cmd_meta;
extern const struct cli_command cli_cmd_convert;
extern const struct cli_command cli_cmd_restore;

#endif
