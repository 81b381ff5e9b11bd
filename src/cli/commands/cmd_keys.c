/*
 * cmd_keys.c - snapscope keys: the elements of one bucket of any bbolt file, in key order.
 */
#include "cmd.h"

#include "doc.h"
#include "keepgoing.h"
#include "print.h"
#include "report.h"
#include "words.h"
#include <inttypes.h>

struct keys_opts {
    uint64_t limit; /* 0: none */
    bool hex;
    bool values;
    bool details;
    bool keep_going;
};

static const struct cli_option options[] = {
    {.name = "limit",
     .letter = 'n',
     .kind = CLI_OPTION_NUMBER,
     .slot = offsetof(struct keys_opts, limit),
     .arg = "N",
     .help = "stop after N keys",
     .min = 1,
     .max = INT64_MAX},
    {.name = "hex",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct keys_opts, hex),
     .help = "keys and values as hex digits"},
    {.name = "values",
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct keys_opts, values),
     .help = "the value behind each key, after a tab"},
    {.name = "long",
     .letter = 'l',
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct keys_opts, details),
     .help = "page, element, kind and value length, too",
     .more = "These stand before each key: its leaf page, its number there, whether it is a plain "
             "key or a bucket, and the length of its value."},
    CLI_OPTION_KEEP_GOING(keys_opts),
    {.name = NULL},
};

static const struct cli_column columns[] = {
    {"PAGE", 8}, {"ELEM", 5}, {"KIND", -6}, {"VALUE-BYTES", 11}, {"KEY", 0},
};
enum {
    COLUMN_COUNT = sizeof(columns) / sizeof(columns[0])
};

static const char *kind_name(const struct ss_entry *entry)
{
    return entry->is_bucket ? "bucket" : "key";
}

static bool print_text(struct cli_run *run, const struct ss_entry *entry)
{
    const struct keys_opts *opts = run->opts;
    enum cli_form form = opts->hex ? CLI_FORM_HEX : CLI_FORM_ESCAPED;
    struct cli_out *out = &run->out;
    if (opts->details &&
        !cli_out_format(out, "%8" PRIu64 "  %5u  %-6s  %11" PRIu64 "  ", (uint64_t)entry->pgid,
                        entry->index, kind_name(entry), (uint64_t)entry->value.len)) {
        return false;
    }
    if (!cli_print_bytes(out, entry->key.ptr, entry->key.len, form)) {
        return false;
    }
    if (opts->values && (!cli_out_text(out, "\t") ||
                         !cli_print_bytes(out, entry->value.ptr, entry->value.len, form))) {
        return false;
    }
    return cli_out_text(out, "\n");
}

static json_t *entry_doc(const struct cli_run *run, const struct ss_entry *entry)
{
    const struct keys_opts *opts = run->opts;
    json_t *doc = cli_doc_new();
    cli_doc_bytes(doc, "key", entry->key.ptr, entry->key.len);
    cli_doc_text(doc, "kind", kind_name(entry));
    cli_doc_number(doc, "page", entry->pgid);
    cli_doc_number(doc, "element", entry->index);
    cli_doc_number(doc, "value_len", entry->value.len);
    if (opts->values) {
        cli_doc_bytes(doc, "value", entry->value.ptr, entry->value.len);
    }
    return doc;
}

struct keys_walk {
    struct cli_run *run;
    struct cli_json_list list;
    struct cli_skip_list skips;
    uint64_t count;
    bool more;
};

/* A standard output that failed ends it, too, and is reported at the end. */
static enum ss_status on_entry(void *ctx, const struct ss_entry *entry, struct ss_error *err)
{
    struct keys_walk *walk = ctx;
    struct cli_run *run = walk->run;
    const struct keys_opts *opts = run->opts;
    (void)err;
    if (opts->limit != 0 && walk->count == opts->limit) {
        walk->more = true;
        return SS_END;
    }
    bool good = run->common.json ? cli_list_add(&walk->list, entry_doc(run, entry))
                                 : print_text(run, entry);
    walk->count += good;
    return good ? SS_OK : SS_END;
}

static void print_begin(struct keys_walk *walk, const struct ss_bucket *bucket)
{
    struct cli_run *run = walk->run;
    const struct keys_opts *opts = run->opts;
    if (run->common.json) {
        struct ss_bucket_facts facts;
        ss_bucket_facts(bucket, &facts);
        json_t *head = cli_doc_new();
        cli_doc_text(head, "file", run->input_name);
        cli_doc_text(head, "bucket", facts.path);
        run->answer_begun = true;
        cli_list_begin(&walk->list, &run->out, head, "keys");
    } else if (opts->details) {
        cli_table_head(&run->out, columns, COLUMN_COUNT);
    }
}

static void print_end(struct keys_walk *walk, const struct ss_error *err)
{
    if (!walk->run->common.json) {
        return;
    }
    json_t *tail = cli_doc_new();
    cli_doc_number(tail, "count", walk->count);
    cli_doc_bool(tail, "more", walk->more);
    cli_doc_bool(tail, "complete", err == NULL && walk->skips.count == 0);
    cli_skip_list_doc(&walk->skips, tail);
    if (err != NULL) {
        cli_doc_set(tail, "error", cli_doc_error(err));
    }
    cli_list_end(&walk->list, tail);
}

static int list_bucket(struct keys_walk *walk, const struct ss_keep_going *keep,
                       const struct ss_bucket *bucket)
{
    struct cli_run *run = walk->run;
    struct ss_error err = SS_ERROR_INIT;
    print_begin(walk, bucket);
    enum ss_status status = ss_bucket_entries(bucket, NULL, keep, on_entry, walk, NULL, &err);
    if (cli_run_checked(run, status, &err) != SS_OK) {
        int code = cli_report(run, &err);
        cli_note(run, "the list above ends at the damage, after %" PRIu64 " keys",
                 (uint64_t)walk->count);
        print_end(walk, &err);
        return code;
    }
    print_end(walk, NULL);
    if (walk->more && !run->common.json) {
        cli_note(run, "there are more keys behind these %" PRIu64, (uint64_t)walk->count);
    }
    return cli_skip_list_end(&walk->skips, false);
}

static int list_path(struct cli_run *run, const struct cli_path *path)
{
    const struct keys_opts *opts = run->opts;
    struct keys_walk walk = {.run = run};
    const struct ss_keep_going *keep = cli_skip_list_init(&walk.skips, run, opts->keep_going);
    struct ss_error err = SS_ERROR_INIT;
    struct ss_bucket *bucket;
    int code;
    if (ss_bucket_open_keeping(run->file, path->spans, path->count, keep, &bucket, &err) == SS_OK) {
        code = list_bucket(&walk, keep, bucket);
        ss_bucket_free(bucket);
    } else {
        code = cli_report_bucket(run, &err);
    }
    cli_skip_list_fini(&walk.skips);
    return code;
}

static int run_keys(struct cli_run *run)
{
    struct cli_path path = {0};
    if (!cli_path_from_words(run->args + 1, run->arg_count - 1, &path)) {
        cli_path_fini(&path);
        return cli_usage_error(run,
                               "a %% in a bucket's name needs two hex digits (%%25 for itself)");
    }
    int code = cli_run_open_readable(run, run->args[0]);
    if (code == CLI_EXIT_OK) {
        code = list_path(run, &path);
    }
    cli_path_fini(&path);
    return code;
}

const struct cli_command cli_cmd_keys = {
    .name = "keys",
    .args = "FILE [BUCKET...]",
    .summary = "list the keys of one bucket of any bbolt file",
    .detail = "Lists the keys of a bucket in order; further names lead to a bucket inside it,\n"
              "and none at all lists the top-level buckets. In a name %XX stands for a byte.\n"
              "Keys are printed escaped (\\xNN), so that nothing raw reaches a terminal.",
    .exits = {[CLI_EXIT_ANSWER] = "there is no such bucket"},
    .options = options,
    .opts_size = sizeof(struct keys_opts),
    .min_args = 1,
    .max_args = 1000,
    .run = run_keys,
};
