/*
 * restore_print.c - the result of a restore, as text and JSON.
 *
 *     written:
 *       cluster    7581d6eb2d25405b, token etcd-cluster
 *       member     8e9e05c52164694d default http://localhost:2380
 *                  in default.etcd
 *       db         2191360 bytes, revision 547
 *       starts on  etcd 3.6, 3.7
 *       not on     etcd 3.5: …
 */
#include "restore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "info.h"
#include "intake_print.h"
#include "print.h"

enum {
    ALARM_NOSPACE = 1,
    ALARM_CORRUPT = 2
};

static void print_escaped(FILE *to, const char *name)
{
    char *shown = cli_escaped_name(name);
    fputs(shown, to);
    free(shown);
}

static void print_member(FILE *to, const struct ss_restore_member *member)
{
    fprintf(to, "  %-11s%" PRIx64 " ", member->is_learner ? "learner" : "member", member->id);
    print_escaped(to, member->name);
    fprintf(to, " %s\n", member->peer_urls);
    if (member->data_dir != NULL) {
        fprintf(to, "%*sin ", 13, "");
        print_escaped(to, member->data_dir);
        fputc('\n', to);
    }
}

static void print_boot(FILE *to, const struct ss_boot_facts *boot)
{
    const char *before = "  starts on  etcd ";
    for (int i = 0; i < SS_ETCD_LINES; i++) {
        if (boot->lines[i].starts) {
            fprintf(to, "%s%s", before, ss_etcd_line_name((enum ss_etcd_line)i));
            before = ", ";
        }
    }
    if (strcmp(before, ", ") == 0) {
        fputc('\n', to);
    }
    for (int i = 0; i < SS_ETCD_LINES; i++) {
        char text[512];
        if (!boot->lines[i].starts) {
            snprintf(text, sizeof(text), "  not on     etcd %s: %s",
                     ss_etcd_line_name((enum ss_etcd_line)i), boot->lines[i].reason);
            cli_print_wrapped(to, 13, text);
        }
    }
}

/* The db of the first member that was written; to be closed, NULL when there is none. */
static struct ss_file *open_written(const struct ss_restore_result *result, struct ss_error *err)
{
    static const char tail[] = "/member/snap/db";
    struct ss_file *file = NULL;
    for (size_t i = 0; i < result->member_count && file == NULL; i++) {
        const char *dir = result->members[i].data_dir;
        if (dir != NULL) {
            char *path = cli_must_alloc(strlen(dir) + sizeof(tail));
            sprintf(path, "%s%s", dir, tail);
            enum ss_status status = ss_open(path, NULL, NULL, &file, err);
            free(path);
            if (status != SS_OK) {
                return NULL;
            }
        }
    }
    return file;
}

bool cli_restored_boot(const struct ss_file *source, struct cli_restored *restored)
{
    struct ss_error *err = &restored->boot_err;
    struct ss_boot_facts *boot = &restored->boot;
    struct ss_file *written = restored->dry_run ? NULL : open_written(restored->result, err);
    const struct ss_file *file = restored->dry_run ? source : written;
    bool good = file != NULL && ss_boot_facts_rebuilt(file, boot, err) == SS_OK;
    restored->boot_known = good && boot->lines[0].why != SS_BOOT_BYTE_ORDER;
    ss_close(written);
    return good;
}

static bool take_alarm(void *ctx, const struct ss_alarm *alarm)
{
    struct cli_restored *restored = ctx;
    restored->has_nospace = restored->has_nospace || alarm->type == ALARM_NOSPACE;
    restored->has_corrupt = restored->has_corrupt || alarm->type == ALARM_CORRUPT;
    return true;
}

enum ss_status cli_restored_alarms(const struct ss_file *source, struct cli_restored *restored,
                                   struct ss_error *err)
{
    uint64_t fault_count;
    return ss_alarms(source, take_alarm, NULL, restored, &fault_count, err);
}

static void print_alarms(FILE *to, const struct cli_restored *restored)
{
    if (restored->has_nospace) {
        cli_print_wrapped(
            to, 13,
            "  alarm      NOSPACE is raised and comes along: the cluster takes no writes "
            "until space is freed (etcdctl compact and defrag, or a larger "
            "--quota-backend-bytes) and then: etcdctl alarm disarm");
    }
    if (restored->has_corrupt) {
        cli_print_wrapped(
            to, 13,
            "  alarm      CORRUPT is raised and comes along: the cluster takes no reads "
            "and no writes until, once the data are known to be good: etcdctl alarm "
            "disarm");
    }
}

/* etcdutl counts from the last record, which a compaction or an earlier bump may have left behind. */
static void print_bump(FILE *to, const struct ss_restore_result *result)
{
    int64_t raised = result->revision - result->bumped_from;
    fprintf(to, "%*sraised by %" PRId64 " from %" PRId64 ", the revision that etcd has of it\n", 13,
            "", raised, result->bumped_from);
    if (result->last_record < result->bumped_from) {
        char text[256];
        snprintf(text, sizeof(text),
                 "%*s(etcdutl counts from the last record, %" PRId64 ": there it would be %" PRId64
                 ", of which etcd %s)",
                 13, "", result->last_record, result->last_record + raised,
                 result->last_record + raised <= result->bumped_from
                     ? "sees nothing"
                     : "sees the part beyond its own revision");
        cli_print_wrapped(to, 13, text);
    }
}

void cli_restore_print(FILE *to, const struct cli_restored *restored)
{
    const struct ss_restore_result *result = restored->result;
    bool dry_run = restored->dry_run;
    fputs(dry_run ? "would be written:\n" : "written:\n", to);
    fprintf(to, "  cluster    %" PRIx64 ", token ", result->cluster_id);
    print_escaped(to, restored->token);
    fputc('\n', to);
    for (size_t i = 0; i < result->member_count; i++) {
        print_member(to, &result->members[i]);
    }
    if (result->wal_dir != NULL) {
        fputs("  wal        in ", to);
        print_escaped(to, result->wal_dir);
        fputc('\n', to);
    }
    fputs("  db         ", to);
    if (!dry_run) {
        fprintf(to, "%" PRIu64 " bytes, ", result->db_len);
    }
    fprintf(to, "revision %" PRId64, result->revision);
    if (result->compacted > 0) {
        fprintf(to, ", marked compacted at %" PRId64, result->compacted);
    }
    fputc('\n', to);
    if (result->compacted > 0) {
        print_bump(to, result);
    }
    print_alarms(to, restored);
    if (restored->boot_known) {
        print_boot(to, &restored->boot);
    }
}

static json_t *urls_doc(const char *urls)
{
    json_t *list = cli_doc_list();
    while (*urls != '\0') {
        size_t len = strcspn(urls, ",");
        cli_doc_append(list, json_stringn(urls, len));
        urls += len;
        urls += *urls == ',';
    }
    return list;
}

static json_t *member_doc(const struct ss_restore_member *member)
{
    json_t *doc = cli_doc_new();
    cli_doc_id(doc, "id", member->id);
    cli_doc_text(doc, "name", member->name);
    cli_doc_bool(doc, "learner", member->is_learner);
    cli_doc_set(doc, "peer_urls", urls_doc(member->peer_urls));
    if (member->data_dir != NULL) {
        cli_doc_text(doc, "data_dir", member->data_dir);
    }
    return doc;
}

static json_t *alarms_doc(const struct cli_restored *restored)
{
    json_t *list = cli_doc_list();
    if (restored->has_nospace) {
        cli_doc_append(list, json_string(ss_alarm_name(ALARM_NOSPACE)));
    }
    if (restored->has_corrupt) {
        cli_doc_append(list, json_string(ss_alarm_name(ALARM_CORRUPT)));
    }
    return list;
}

json_t *cli_restore_doc(const struct cli_restored *restored)
{
    const struct ss_restore_result *result = restored->result;
    json_t *doc = cli_doc_new(), *members = cli_doc_list();
    cli_doc_id(doc, "cluster_id", result->cluster_id);
    cli_doc_text(doc, "token", restored->token);
    for (size_t i = 0; i < result->member_count; i++) {
        cli_doc_append(members, member_doc(&result->members[i]));
    }
    cli_doc_set(doc, "members", members);
    if (result->wal_dir != NULL) {
        cli_doc_text(doc, "wal_dir", result->wal_dir);
    }
    cli_doc_int(doc, "revision", result->revision);
    if (result->compacted > 0) {
        cli_doc_int(doc, "compacted", result->compacted);
        cli_doc_int(doc, "bumped_from", result->bumped_from);
        cli_doc_int(doc, "last_record", result->last_record);
    }
    if (restored->has_nospace || restored->has_corrupt) {
        cli_doc_set(doc, "alarms", alarms_doc(restored));
    }
    cli_doc_bool(doc, "takes_writes", !restored->has_nospace && !restored->has_corrupt);
    if (result->db_len > 0) {
        cli_doc_number(doc, "db_len", result->db_len);
    }
    if (restored->boot_err.code != SS_E_NONE) {
        cli_doc_set(doc, "error", cli_doc_error(&restored->boot_err));
    }
    if (restored->boot_known) {
        cli_doc_set(doc, "starts_on", cli_boot_doc(&restored->boot));
    }
    return doc;
}
