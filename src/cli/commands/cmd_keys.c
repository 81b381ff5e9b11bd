/*
 * cmd_keys.c - snapscope keys: the elements of one bucket of any bbolt file, in key order.
 */
#include "abandon.h"
#include "cmd.h"
#include "keepgoing.h"
#include "render.h"
#include "words.h"

struct keys_opts {
    uint64_t limit; /* 0: none */
    bool hex;
    bool values;
    bool details;
    bool keep_going;
    int format;
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
     .help = "the value behind each key, after a tab",
     .more = "With --long it is a further column."},
    {.name = "long",
     .letter = 'l',
     .kind = CLI_OPTION_FLAG,
     .slot = offsetof(struct keys_opts, details),
     .help = "page, element, kind and value length, too",
     .more = "These stand before each key: its leaf page, its number there, whether it is a plain "
             "key or a bucket, and the length of its value, which a bucket has not."},
    CLI_OPTION_KEEP_GOING(keys_opts),
    CLI_OPTION_FORMAT(keys_opts),
    {.name = NULL},
};

struct keys_list {
    struct cli_run *run;
    const struct cli_path *path;
};

/* The bucket as the library spells it; that it can be opened is known by now. */
static void head(void *ctx, json_t *doc)
{
    static const struct ss_keep_going quiet = {0};
    const struct keys_list *list = ctx;
    struct ss_error err;
    struct ss_bucket *bucket;
    if (ss_bucket_open_keeping(list->run->file, list->path->spans, list->path->count, &quiet,
                               &bucket, &err) == SS_OK) {
        struct ss_bucket_facts facts;
        ss_bucket_facts(bucket, &facts);
        cli_doc_text(doc, "bucket", facts.path);
        ss_bucket_free(bucket);
    }
    cli_abandon_starved(&err);
}

static int list_path(struct cli_run *run, const struct cli_path *path)
{
    static const char *const brief[] = {"key", NULL}, *const valued[] = {"key", "value", NULL};
    static const char *const details[] = {"page", "element", "kind", "value_len", "key", NULL};
    static const char *const all[] = {"page", "element", "kind", "value_len", "key", "value", NULL};
    static const char *const more[] = {"kind", "page", "element", "value_len", NULL};
    static const char *const less[] = {"is_bucket", "value", NULL}, *const flag[] = {"is_bucket",
                                                                                     NULL};
    const struct keys_opts *opts = run->opts;
    struct keys_list list = {run, path};
    const struct ss_query query = {
        .limit = opts->limit, .path = path->spans, .path_count = path->count};
    const struct cli_listing how = {.table = "entries",
                                    .list = "keys",
                                    .text = opts->details  ? (opts->values ? all : details)
                                            : opts->values ? valued
                                                           : brief,
                                    .more = more,
                                    .less = opts->values ? flag : less,
                                    .query = &query,
                                    .limited = true,
                                    .keep_going = opts->keep_going,
                                    .bare = !opts->details,
                                    .form = opts->hex ? CLI_FORM_HEX : CLI_FORM_ESCAPED,
                                    .head = head,
                                    .ctx = &list,
                                    .format = opts->format};
    return cli_list_file(run, &how);
}

static int run_keys(struct cli_run *run)
{
    struct cli_path path = {0};
    if (!cli_path_from_words(run->args + 1, run->arg_count - 1, &path)) {
        cli_path_fini(&path);
        return cli_usage_error(run,
                               "a %% in a bucket's name needs two hex digits (%%25 for itself)");
    }
    int code = list_path(run, &path);
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
