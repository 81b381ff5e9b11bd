/*
 * cmd.h - the commands, one file each.
 */
#ifndef SS_CLI_CMD_H
#define SS_CLI_CMD_H

#include "command.h"

extern const struct ss_command ss_cmd_info;
extern const struct ss_command ss_cmd_status;
extern const struct ss_command ss_cmd_hashkv;
extern const struct ss_command ss_cmd_pages;
extern const struct ss_command ss_cmd_page;
extern const struct ss_command ss_cmd_buckets;
extern const struct ss_command ss_cmd_keys;
extern const struct ss_command ss_cmd_get;
extern const struct ss_command ss_cmd_history;
extern const struct ss_command ss_cmd_dump;
extern const struct ss_command ss_cmd_verify;
extern const struct ss_command ss_cmd_diff;
extern const struct ss_command ss_cmd_members;
extern const struct ss_command ss_cmd_leases;
extern const struct ss_command ss_cmd_alarms;
extern const struct ss_command ss_cmd_auth;
extern const struct ss_command ss_cmd_meta;
extern const struct ss_command ss_cmd_convert;
extern const struct ss_command ss_cmd_restore;

#endif
