/*
 * cmd_history.c - snapscope history: every retained revision of a key, or of the keys with a prefix.
 *
 *     /registry/pods/ns-0/a
 *       REVISION  GEN  VERSION     BYTES             LEASE  EVENT
 *          441.0    1        4       120                    put; created at 12, 3 puts compacted
 *          460.0    1                                       deleted
 *          470.0    2        1       100                7b  created
 */
#include "cmd.h"
#include "doc.h"
#include "keepgoing.h"
#include "print.h"
#include "report.h"
#include "words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct history_opts {
    bool prefix;
    bool values;
    int key_format;
    bool keep_going;
};

static const struct cli_option options[] = {
    {.name = "prefix",
     .letter = 'p',
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct history_opts, prefix),
     .help = "all keys that begin with KEY",
     .more = "They come one after the other in byte order. An empty KEY stands for all keys."},
    {.name = "values",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct history_opts, values),
     .help = "the value of each revision, below it",
     .more = "It is escaped; with --json it is `value` or `value_base64`."},
    {.name = "key-format",
     .kind = CLI_OPTION_CHOICE,
     .slot = offsetof(struct history_opts, key_format),
     .arg = "FORM",
     .help = "KEY is text, escaped (\\xNN), hex or base64",
     .more = "`text` is the default; `escaped` is as snapscope prints keys.",
     .choices = cli_key_formats},
    CLI_OPTION_KEEP_GOING(history_opts),
    {.name = NULL},
};

static const struct cli_column columns[] = {
    {"REVISION", 10}, {"GEN", 3}, {"VERSION", 7}, {"BYTES", 8}, {"LEASE", 16}, {"EVENT", 0},
};
enum {
    COLUMN_COUNT = sizeof(columns) / sizeof(columns[0])
};

struct history_print {
    struct cli_run *run;
    struct cli_json_list list;
    struct cli_skip_list skips;
    uint64_t key_count;
    uint64_t unexplained; /* puts that are missing, and not by compaction */
};

/* What an event means beyond its name. */
static void event_text(const struct ss_history_item *item, char *text, size_t cap)
{
    const char *name = ss_history_event(item);
    if (item->missing_count > 0) {
        snprintf(text, cap, "%s; created at %" PRId64 ", %" PRIu64 " put%s %s", name,
                 item->rec.create_revision, item->missing_count,
                 item->missing_count == 1 ? "" : "s",
                 item->is_compacted ? "compacted" : "missing, and not by compaction");
    } else if (item->rec.tombstone && item->is_new_generation) {
        snprintf(text, cap, "%s; its puts %s", name,
                 item->is_compacted ? "compacted" : "missing, and not by compaction");
    } else {
        snprintf(text, cap, "%s", name);
    }
}

static bool print_row(struct history_print *print, const struct ss_history_item *item)
{
    const struct ss_record *rec = &item->rec;
    char revision[64], lease[32] = "", event[160];
    snprintf(revision, sizeof(revision), "%" PRId64 ".%" PRId64, rec->rev.main, rec->rev.sub);
    if (rec->lease != 0) {
        snprintf(lease, sizeof(lease), "%" PRIx64, (uint64_t)rec->lease);
    }
    event_text(item, event, sizeof(event));
    struct cli_number_text generation = cli_number_format(item->generation);
    struct cli_number_text len = cli_number_format(rec->value.len);
    char version[32];
    snprintf(version, sizeof(version), "%" PRId64, rec->version);
    const char *cells[COLUMN_COUNT] = {
        revision, generation.text, rec->tombstone ? "" : version, rec->tombstone ? "" : len.text,
        lease,    event,
    };
    return cli_table_row(&print->run->out, columns, COLUMN_COUNT, cells,
                         rec->tombstone ? CLI_STYLE_BAD : CLI_STYLE_PLAIN);
}

static bool print_text(struct history_print *print, const struct ss_history_item *item)
{
    const struct history_opts *opts = print->run->opts;
    struct cli_out *out = &print->run->out;
    if (item->is_new_key) {
        bool good = cli_out_text(out, print->key_count == 1 ? "" : "\n") &&
                    cli_print_bytes(out, item->rec.key.ptr, item->rec.key.len, CLI_FORM_ESCAPED) &&
                    cli_out_text(out, "\n") && cli_table_head(out, columns, COLUMN_COUNT);
        if (!good) {
            return false;
        }
    }
    if (!print_row(print, item)) {
        return false;
    }
    if (!opts->values || item->rec.tombstone) {
        return true;
    }
    return cli_out_text(out, "    ") &&
           cli_print_bytes(out, item->rec.value.ptr, item->rec.value.len, CLI_FORM_ESCAPED) &&
           cli_out_text(out, "\n");
}

static json_t *item_doc(const struct history_print *print, const struct ss_history_item *item)
{
    const struct history_opts *opts = print->run->opts;
    const struct ss_record *rec = &item->rec;
    json_t *doc = cli_doc_new();
    cli_doc_bytes(doc, "key", rec->key.ptr, rec->key.len);
    cli_doc_number(doc, "generation", item->generation);
    cli_doc_text(doc, "event", ss_history_event(item));
    cli_doc_record(doc, rec);
    cli_doc_int(doc, "sub", rec->rev.sub);
    if (rec->tombstone) {
        cli_doc_bool(doc, "tombstone", true);
    }
    cli_doc_number(doc, "missing", item->missing_count);
    cli_doc_bool(doc, "compacted", item->is_compacted);
    if (!rec->tombstone) {
        cli_doc_number(doc, "value_len", rec->value.len);
    }
    if (opts->values && !rec->tombstone) {
        cli_doc_bytes(doc, "value", rec->value.ptr, rec->value.len);
    }
    return doc;
}

static void begin_list(struct history_print *print)
{
    struct cli_run *run = print->run;
    json_t *head = cli_doc_new();
    cli_doc_text(head, "file", run->input_name);
    run->answer_begun = true;
    cli_list_begin(&print->list, &run->out, head, "revisions");
}

static enum ss_status on_item(void *ctx, const struct ss_history_item *item, struct ss_error *err)
{
    (void)err;
    struct history_print *print = ctx;
    bool json = print->run->common.json;
    cli_progress_clear(&print->run->progress);
    if (json && print->key_count == 0) {
        begin_list(print);
    }
    print->key_count += item->is_new_key;
    if (!item->is_compacted) {
        print->unexplained += item->missing_count;
        print->unexplained += item->rec.tombstone && item->is_new_generation;
    }
    bool good = json ? cli_list_add(&print->list, item_doc(print, item)) : print_text(print, item);
    return good ? SS_OK : SS_END;
}

static void end_list(struct history_print *print, const struct ss_history_result *result,
                     const struct ss_error *err)
{
    if (!print->run->common.json || print->key_count == 0) {
        return;
    }
    json_t *tail = cli_doc_new();
    cli_doc_number(tail, "count", result->record_count);
    cli_doc_number(tail, "key_count", print->key_count);
    cli_doc_number(tail, "generation_count", result->generation_count);
    cli_doc_number(tail, "tombstone_count", result->tombstone_count);
    cli_doc_number(tail, "missing_count", result->missing_count);
    cli_doc_int(tail, "revision", result->facts.current);
    cli_doc_int(tail, "compacted", result->facts.compacted);
    cli_doc_bool(tail, "complete", err == NULL && print->skips.count == 0);
    cli_skip_list_doc(&print->skips, tail);
    if (err != NULL) {
        cli_doc_set(tail, "error", cli_doc_error(err));
    }
    cli_list_end(&print->list, tail);
}

static int report_absent(struct history_print *print, const struct cli_word *key, int64_t compacted)
{
    struct cli_run *run = print->run;
    const struct history_opts *opts = run->opts;
    size_t len = key->len < 256 ? key->len : 256;
    char *shown = cli_escaped(key->ptr, len);
    char older[96] = "";
    if (compacted > 0) {
        snprintf(older, sizeof(older), "; what was deleted before %" PRId64 " is compacted away",
                 compacted);
    }
    struct ss_error err;
    cli_error_not_found(&err, "no retained revision has %s %.300s%s%s",
                        opts->prefix ? "a key that begins with" : "the key", shown,
                        len < key->len ? "..." : "", older);
    free(shown);
    int code = cli_report(run, &err);
    int skipped = cli_skip_list_end(&print->skips, false);
    return code == CLI_EXIT_ANSWER && skipped != CLI_EXIT_OK ? skipped : code;
}

/* What the file cannot tell any more. */
static void print_limits(struct history_print *print, const struct ss_history_result *result)
{
    if (result->facts.compacted > 0 && !print->run->common.json) {
        cli_out_format(&print->run->out,
                       "\ncompacted at revision %" PRId64
                       ": of what came before, each key's last put may be left, and\n"
                       "of keys that were deleted before it, nothing\n",
                       result->facts.compacted);
    }
    if (print->unexplained > 0) {
        cli_note(print->run,
                 "%" PRIu64 " revisions are missing that compaction does not explain: try "
                 "snapscope verify",
                 print->unexplained);
    }
}

static int print_history(struct history_print *print, const struct cli_word *key)
{
    struct cli_run *run = print->run;
    const struct history_opts *opts = run->opts;
    struct ss_history_opts wanted = {.key = key->ptr,
                                     .key_len = key->len,
                                     .prefix = opts->prefix,
                                     .keep_going =
                                         cli_skip_list_init(&print->skips, run, opts->keep_going)};
    const struct ss_call call = cli_run_call(run);
    struct ss_error err = SS_ERROR_INIT;
    struct ss_history_result result;
    enum ss_status status = ss_history(run->file, &wanted, on_item, print, &call, &result, &err);
    if (cli_run_checked(run, status, &err) != SS_OK) {
        int code = cli_report(run, &err);
        if (print->key_count > 0) {
            cli_note(run, "the history above ends at the damage, after %" PRIu64 " revisions",
                     result.record_count);
        }
        end_list(print, &result, &err);
        return code;
    }
    if (result.record_count == 0) {
        return report_absent(print, key, result.facts.compacted);
    }
    end_list(print, &result, NULL);
    print_limits(print, &result);
    int code = cli_skip_list_end(&print->skips, false);
    return print->unexplained > 0 ? CLI_EXIT_REFUSED : code;
}

static int run_history(struct cli_run *run)
{
    const struct history_opts *opts = run->opts;
    struct cli_word key = {0};
    int code = cli_word_take(run, "KEY", run->args[1], opts->key_format, &key);
    if (code == CLI_EXIT_OK) {
        code = cli_run_open_readable(run, run->args[0]);
    }
    if (code == CLI_EXIT_OK) {
        struct history_print print = {.run = run};
        code = print_history(&print, &key);
        cli_skip_list_fini(&print.skips);
    }
    cli_word_fini(&key);
    return code;
}

const struct cli_command cli_cmd_history = {
    .name = "history",
    .args = "FILE KEY",
    .summary = "every retained revision of a key, with its deletions",
    .detail = "Prints every revision of a key that the file still holds, in order: creation,\n"
              "puts and deletion of each of its lives (generations), with version, length,\n"
              "lease, and what compaction has removed before them. With --prefix, of all keys\n"
              "that begin with KEY, one key after the other. A key that no revision has ends in\n"
              "exit code 1, revisions that are missing and not by compaction in exit code 3.",
    .exits = {[CLI_EXIT_OK] = "done, and what is missing was compacted",
              [CLI_EXIT_ANSWER] = "no retained revision has the key",
              [CLI_EXIT_REFUSED] =
                  "the input is refused or cannot be read, damage ended the history,\nor revisions "
                  "are missing that compaction does not explain"},
    .options = options,
    .opts_size = sizeof(struct history_opts),
    .min_args = 2,
    .max_args = 2,
    .run = run_history,
};
