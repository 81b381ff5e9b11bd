/*
 * keepgoing.c - see keepgoing.h.
 */
#include "keepgoing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "print.h"
#include "run.h"

/* "main_sub" of a key of `key`, as etcd writes a revision; false: it is none. */
static bool revision_text(const struct ss_span *key, char *text, size_t cap)
{
    struct ss_entry entry = {.key = *key, .value = *key, .pgid = SS_NONE};
    struct ss_error ignored;
    struct ss_record rec;
    entry.value.len = 0;
    if (ss_record_decode(&entry, &rec, &ignored) != SS_OK && ignored.code != SS_E_RECORD) {
        return false;
    }
    snprintf(text, cap, "%" PRId64 "_%" PRId64, rec.rev.main, rec.rev.sub);
    return true;
}

/* A bound as people read it; to be freed. */
static char *bound_text(const struct ss_skip *skip, const struct ss_span *key, bool *is_revision)
{
    char text[64];
    *is_revision = strcmp(skip->why.bucket, "key") == 0 && revision_text(key, text, sizeof(text));
    if (*is_revision) {
        return cli_must_copy(text);
    }
    char *shown = cli_escaped(key->ptr, key->len < 100 ? key->len : 100);
    char *quoted = cli_must_alloc(strlen(shown) + 8);
    sprintf(quoted, "\"%s%s\"", shown, key->len < 100 ? "" : "...");
    free(shown);
    return quoted;
}

/* What was lost: "revisions 47_0 to before 73_0 are skipped"; to be freed. */
static char *lost_text(const struct ss_skip *skip)
{
    bool from_revision = false, to_revision = false;
    char *from = skip->from.ptr != NULL ? bound_text(skip, &skip->from, &from_revision) : NULL;
    char *to = skip->to.ptr != NULL ? bound_text(skip, &skip->to, &to_revision) : NULL;
    size_t cap = 128 + (from != NULL ? strlen(from) : 0) + (to != NULL ? strlen(to) : 0);
    char *text = cli_must_alloc(cap);
    const char *what = from_revision || to_revision ? "revision" : "key";
    if (skip->kept) {
        snprintf(text, cap, "read all the same");
    } else if (skip->from.ptr != NULL && skip->from.ptr == skip->to.ptr) {
        snprintf(text, cap, "element %" PRIu64 ", %s %s, is skipped", skip->element, what, from);
    } else if (skip->element != SS_NONE) {
        snprintf(text, cap, "element %" PRIu64 " is skipped", skip->element);
    } else if (from != NULL && to != NULL) {
        snprintf(text, cap, "%ss %s to before %s are skipped", what, from, to);
    } else if (from != NULL || to != NULL) {
        snprintf(text, cap, "%ss %s %s are skipped", what, from != NULL ? "from" : "before",
                 from != NULL ? from : to);
    } else {
        snprintf(text, cap, "it is skipped with all that it held");
    }
    free(from);
    free(to);
    return text;
}

static void on_skip(void *ctx, const struct ss_skip *skip)
{
    struct cli_skip_list *skips = ctx;
    if (!skip->kept && strcmp(skip->why.bucket, "key") == 0) {
        skips->records_lost = true;
    }
    if (skips->count++ >= CLI_FAULTS_SHOWN) {
        return;
    }
    char why[1024];
    char *lost = lost_text(skip);
    cli_note(skips->run, "%s: %s", ss_error_text(&skip->why, why, sizeof(why)), lost);
    free(lost);
    if (skips->list != NULL) {
        cli_doc_append(skips->list, cli_doc_skip(skip));
    }
}

const struct ss_keep_going *cli_skip_list_init(struct cli_skip_list *skips, struct cli_run *run,
                                               bool wanted)
{
    *skips = (struct cli_skip_list){.run = run, .keep = {on_skip, skips}};
    if (wanted && run->common.json) {
        skips->list = cli_doc_list();
    }
    return wanted ? &skips->keep : NULL;
}

void cli_skip_list_fini(struct cli_skip_list *skips)
{
    json_decref(skips->list);
}

int cli_skip_list_end(struct cli_skip_list *skips, bool is_state)
{
    if (skips->count == 0) {
        return CLI_EXIT_OK;
    }
    if (skips->count > CLI_FAULTS_SHOWN) {
        cli_note(skips->run, "%" PRIu64 " further places are not listed",
                 skips->count - CLI_FAULTS_SHOWN);
    }
    cli_note(skips->run, "damage at %" PRIu64 " place%s: what is given is what still stands",
             skips->count, skips->count == 1 ? "" : "s");
    if (is_state && skips->records_lost) {
        cli_note(skips->run,
                 "keys whose newest records stood in the skipped pages show older values "
                 "or are missing, and deleted ones may be back");
    }
    return CLI_EXIT_REFUSED;
}

void cli_skip_list_doc(const struct cli_skip_list *skips, json_t *doc)
{
    if (skips->count > 0) {
        cli_doc_number(doc, "skipped_count", skips->count);
        cli_doc_set(doc, "skipped", json_incref(skips->list));
    }
}
