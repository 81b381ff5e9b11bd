/*
 * cmd_alarms.c - snapscope alarms: which alarms are raised, and by whom.
 */
#include "cmd.h"
#include "etcdlist.h"

/* The command has no options of its own. */
static const struct ss_option options[] = {{.name = NULL}};

static const struct cli_column columns[] = {{"MEMBER", 16}, {"ALARM", 0}};
enum {
    COLUMN_COUNT = sizeof columns / sizeof columns[0]
};

static bool print_text(struct ss_run *run, const struct ss_alarm *alarm)
{
    struct ss_id_text id = ss_id_format(alarm->member_id);
    const char *cells[COLUMN_COUNT] = {id.text, ss_alarm_name(alarm->type)};
    return ss_table_row(&run->out, columns, COLUMN_COUNT, cells, SS_STYLE_BAD);
}

static json_t *alarm_doc(const struct ss_alarm *alarm)
{
    json_t *doc = ss_doc_new();
    ss_doc_text(doc, "member", ss_id_format(alarm->member_id).text);
    ss_doc_text(doc, "alarm", ss_alarm_name(alarm->type));
    ss_doc_int(doc, "type", alarm->type);
    return doc;
}

static bool on_alarm(void *ctx, const struct ss_alarm *alarm)
{
    struct ss_etcd_list *list = ctx;
    return list->run->common.json ? ss_list_add(&list->list, alarm_doc(alarm))
                                  : print_text(list->run, alarm);
}

static int run_alarms(struct ss_run *run)
{
    struct ss_error err = SS_ERROR_INIT;
    struct ss_etcd_list list = {.run = run};
    uint64_t fault_count = 0;
    int code = ss_etcd_list_begin(&list, "alarms", columns, COLUMN_COUNT);
    if (code != SS_EXIT_OK) {
        return code;
    }
    enum ss_status status =
        ss_alarms(run->file, on_alarm, ss_etcd_list_fault, &list, &fault_count, &err);
    return ss_etcd_list_end(&list, status, &err);
}

const struct ss_command ss_cmd_alarms = {
    .name = "alarms",
    .args = "FILE",
    .summary = "list the alarms that are raised",
    .detail = "Lists every alarm that was raised when the snapshot was taken, with the id of\n"
              "the member that raised it. A restored cluster has them still, until they are\n"
              "disarmed: with NOSPACE it takes no writes, with CORRUPT it answers nothing.",
    .options = options,
    .opts_size = 1,
    .min_args = 1,
    .max_args = 1,
    .run = run_alarms,
};
