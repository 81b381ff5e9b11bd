/*
 * restore_print.c - the result of a restore, and the log beside its source, as text and JSON.
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
#include <sys/stat.h>

#include "doc.h"
#include "info.h"
#include "intake.h"
#include "text.h"

/* -------------------------------------------------------------------- the log beside the source --- */

/* DIR/member/wal for DIR/member/snap/db; NULL when there is no such folder. */
static char *wal_beside(const char *path)
{
    static const char tail[] = "/../wal";
    struct stat st;
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 1 : (size_t)(slash - path);
    char *dir = ss_must_alloc(len + sizeof tail);
    memcpy(dir, slash == NULL ? "." : path, len);
    memcpy(dir + len, tail, sizeof tail);
    if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode)) {
        return dir;
    }
    free(dir);
    return NULL;
}

/* The raft index up to which the db has applied the log; false when it does not say. */
static bool applied_index(const struct ss_file *file, uint64_t *applied)
{
    struct ss_etcd_meta *meta;
    struct ss_error err;
    uint64_t fault_count = 0;
    bool known;
    if (ss_etcd_meta_new(file, NULL, NULL, &fault_count, &meta, &err) != SS_OK) {
        return false;
    }
    known = meta->has_consistent_index;
    *applied = meta->consistent_index;
    ss_etcd_meta_free(meta);
    return known;
}

void ss_beside_read(const struct ss_file *file, const char *path, struct ss_beside *out)
{
    struct ss_file_facts facts;
    *out = (struct ss_beside){0};
    ss_file_facts(file, &facts);
    if (strcmp(path, "-") == 0 || facts.spooled || !applied_index(file, &out->applied)) {
        return;
    }
    out->dir = wal_beside(path);
    if (out->dir == NULL) {
        return;
    }
    out->is_read = ss_wal_read(out->dir, out->applied, &out->facts, &out->err) == SS_OK;
    if (!out->is_read && out->err.code == SS_E_NOT_FOUND) {
        ss_beside_fini(out);
    }
}

void ss_beside_fini(struct ss_beside *beside)
{
    free(beside->dir);
    beside->dir = NULL;
}

const char *ss_beside_warning(const struct ss_beside *beside, char *buf, size_t cap)
{
    const struct ss_wal_facts *facts = &beside->facts;
    char why[1024];
    if (beside->dir == NULL || (beside->is_read && facts->beyond_count == 0)) {
        return NULL;
    }
    char *dir = ss_escaped_name(beside->dir);
    if (!beside->is_read) {
        snprintf(buf, cap,
                 "warning: the WAL beside it, %.500s, cannot be read, so what it holds beyond the "
                 "db is unknown and lost: %s",
                 dir, ss_error_text(&beside->err, why, sizeof why));
    } else {
        snprintf(buf, cap,
                 "warning: the WAL beside it, %.500s, holds %" PRIu64
                 " entries behind the db's consistent_index %" PRIu64 " (up to %" PRIu64
                 ", %" PRIu64 " of them committed for sure): restoring the db alone loses them",
                 dir, facts->beyond_count, beside->applied, facts->entry_last,
                 facts->beyond_committed);
    }
    free(dir);
    return buf;
}

json_t *ss_beside_doc(const struct ss_beside *beside)
{
    const struct ss_wal_facts *facts = &beside->facts;
    json_t *doc = ss_doc_new();
    ss_doc_text(doc, "dir", beside->dir);
    ss_doc_number(doc, "consistent_index", beside->applied);
    if (!beside->is_read) {
        ss_doc_set(doc, "error", ss_doc_error(&beside->err));
        return doc;
    }
    ss_doc_number(doc, "entries_beyond", facts->beyond_count);
    ss_doc_number(doc, "committed_beyond", facts->beyond_committed);
    ss_doc_number(doc, "last_index", facts->entry_last);
    ss_doc_number(doc, "commit", facts->commit);
    ss_doc_bool(doc, "torn", facts->torn);
    return doc;
}

/* ------------------------------------------------------------------------------------ result --- */

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
