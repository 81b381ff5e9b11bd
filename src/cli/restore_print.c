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
#include "intake.h"
#include "text.h"

static void print_escaped(FILE *to, const char *name)
{
    char *shown = ss_escaped_name(name);
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
            snprintf(text, sizeof text, "  not on     etcd %s: %s",
                     ss_etcd_line_name((enum ss_etcd_line)i), boot->lines[i].reason);
            ss_print_wrapped(to, 13, text);
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
            char *path = ss_must_alloc(strlen(dir) + sizeof tail);
            sprintf(path, "%s%s", dir, tail);
            enum ss_status status = ss_open(path, NULL, &file, err);
            free(path);
            if (status != SS_OK) {
                return NULL;
            }
        }
    }
    return file;
}

bool ss_restored_boot(const struct ss_file *source, struct ss_restored *restored)
{
    struct ss_error *err = &restored->boot_err;
    struct ss_boot_facts *boot = &restored->boot;
    struct ss_file *written = restored->dry_run ? NULL : open_written(restored->result, err);
    const struct ss_file *file = restored->dry_run ? source : written;
    bool good = file != NULL && ss_boot_facts(file, boot, err) == SS_OK;
    restored->boot_known = good && boot->lines[0].why != SS_BOOT_BYTE_ORDER;
    ss_close(written);
    return good;
}

void ss_restore_print(FILE *to, const struct ss_restored *restored)
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
    if (restored->boot_known) {
        print_boot(to, &restored->boot);
    }
}

static json_t *hex_doc(uint64_t id)
{
    char text[17];
    snprintf(text, sizeof text, "%" PRIx64, id);
    return json_string(text);
}

static json_t *urls_doc(const char *urls)
{
    json_t *list = ss_doc_list();
    while (*urls != '\0') {
        size_t len = strcspn(urls, ",");
        ss_doc_append(list, json_stringn(urls, len));
        urls += len;
        urls += *urls == ',';
    }
    return list;
}

static json_t *member_doc(const struct ss_restore_member *member)
{
    json_t *doc = ss_doc_new();
    ss_doc_set(doc, "id", hex_doc(member->id));
    ss_doc_text(doc, "name", member->name);
    ss_doc_bool(doc, "learner", member->is_learner);
    ss_doc_set(doc, "peer_urls", urls_doc(member->peer_urls));
    if (member->data_dir != NULL) {
        ss_doc_text(doc, "data_dir", member->data_dir);
    }
    return doc;
}

json_t *ss_restore_doc(const struct ss_restored *restored)
{
    const struct ss_restore_result *result = restored->result;
    json_t *doc = ss_doc_new(), *members = ss_doc_list();
    ss_doc_set(doc, "cluster_id", hex_doc(result->cluster_id));
    ss_doc_text(doc, "token", restored->token);
    for (size_t i = 0; i < result->member_count; i++) {
        ss_doc_append(members, member_doc(&result->members[i]));
    }
    ss_doc_set(doc, "members", members);
    if (result->wal_dir != NULL) {
        ss_doc_text(doc, "wal_dir", result->wal_dir);
    }
    ss_doc_int(doc, "revision", result->revision);
    if (result->compacted > 0) {
        ss_doc_int(doc, "compacted", result->compacted);
    }
    if (result->db_len > 0) {
        ss_doc_number(doc, "db_len", result->db_len);
    }
    if (restored->boot_err.code != SS_E_NONE) {
        ss_doc_set(doc, "error", ss_doc_error(&restored->boot_err));
    }
    if (restored->boot_known) {
        ss_doc_set(doc, "starts_on", ss_boot_doc(&restored->boot));
    }
    return doc;
}
