/*
 * keepgoing.h - --keep-going: what a command passed over, line by line on standard error and as the list
 * "skipped" of a document, and which command line asks for it.
 *
 *     snapscope: FILE: page is zeroed, 0 found, 9 due (offset 0x9000, page 9, bucket key): revisions 47_0 to before 73_0 are skipped
 *     snapscope: FILE: 1 place was skipped: what is printed is what still stands
 */
#ifndef CLI_KEEPGOING_H
#define CLI_KEEPGOING_H

#include <jansson.h>
#include <snapscope.h>

#include "options.h"
#include "report.h"

/* The row of --keep-going; the slot is a bool. */
#define CLI_OPTION_KEEP_GOING(opts)                                                               \
    {                                                                                             \
        .name = "keep-going", .kind = CLI_OPTION_FLAG, .slot = offsetof(struct opts, keep_going), \
        .help = "go on past damage: print what still stands",                                     \
        .more = "Standard error lists what was skipped, by page, offset and the keys or "         \
                "revisions that it held, "                                                        \
                "and the JSON document has it as `skipped`. The exit code is 3. What is printed " \
                "may be wrong as well as short: "                                                 \
                "a key whose newest record is lost shows an older one."                           \
    }

struct cli_run;

struct cli_skip_list {
    struct cli_run *run;
    struct ss_keep_going keep; /* for the library's call */
    uint64_t count;
    bool records_lost; /* of the bucket `key` */
    json_t *list;      /* NULL without --json */
};

/* The keep_going of a library call: NULL unless `wanted`. */
const struct ss_keep_going *cli_skip_list_init(struct cli_skip_list *skips, struct cli_run *run,
                                               bool wanted);
void cli_skip_list_fini(struct cli_skip_list *skips);

/* Says how many places were skipped, and what that means for the state of keys; then the exit code. */
int cli_skip_list_end(struct cli_skip_list *skips, bool is_state);

/* Puts "skipped_count" and "skipped" into a document, if anything was. */
void cli_skip_list_doc(const struct cli_skip_list *skips, json_t *doc);

#endif
