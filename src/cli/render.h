/*
 * render.h - any table of the library as text, JSON, JSON Lines or CSV, by its column descriptors.
 *
 *     text   ID                TTL  REMAINING       widths by the content and the terminal (text_table.h)
 *            694d77aa9e38260f  60   -
 *     json   {"file":…,"leases":[ {"id":"694d77aa9e38260f","ttl":60} ],"count":1,"complete":true,…}
 *     ndjson {"id":"694d77aa9e38260f","ttl":60}
 *     csv    id,key_id,ttl,remaining_ttl
 *
 * What is not known is left out of JSON, empty in CSV, and "-" in text. Ids are 16 hexadecimal digits.
 * Bytes that are no clean text are NAME_base64 in JSON, and escaped (\xNN) in text and CSV.
 */
#ifndef CLI_RENDER_H
#define CLI_RENDER_H

#include "doc.h"
#include "print.h"
#include "report.h"
#include "run.h"

enum cli_format {
    CLI_FORMAT_TEXT,
    CLI_FORMAT_JSON,
    CLI_FORMAT_NDJSON,
    CLI_FORMAT_CSV
};

/* Names of the formats for an option's choices, ended by NULL. */
extern const char *const cli_formats[];

/* The row of -w, --format; the slot is an int. */
#define CLI_OPTION_FORMAT(opts)                                                         \
    {                                                                                   \
        .name = "format", .letter = 'w', .kind = CLI_OPTION_CHOICE,                     \
        .slot = offsetof(struct opts, format), .arg = "FORMAT", .choices = cli_formats, \
        .help = "print text, json (as --json), ndjson or csv",                          \
        .more = "`ndjson` is one object a line; `csv` has a head."                      \
    }

/* How a table is listed. */
struct cli_listing {
    const char *table;
    const char *list;        /* the JSON document's name of the list; NULL: the table's */
    const char *const *text; /* names of the columns of text, ended by NULL; NULL: those of JSON */
    const char *const *more; /* columns on request that are wanted, ended by NULL; NULL: none */
    const char *const
        *less;  /* columns that are not wanted, likewise; in text those of `text` are */
    bool facts; /* of one row: lines in text, members of the head in JSON, nothing elsewhere */
    const struct ss_query
        *query;   /* which rows; NULL: all. The renderer sets what is about its own work */
    bool limited; /* query->limit is an option of the command: says whether there are more rows */
    bool keep_going;    /* past damage: what was passed over is told, in JSON as "skipped" */
    bool bare;          /* text has no head and no widths: cells with a tab between them */
    enum cli_form form; /* of bytes in text */
    /* Which rows are shown; NULL: all. */
    bool (*shows)(void *ctx, const struct ss_rows *rows);
    /* The style of a row of text; NULL: plain. */
    enum cli_style (*style)(void *ctx, const struct ss_rows *rows);
    /* Adds to the document's head; NULL: nothing. */
    void (*head)(void *ctx, json_t *doc);
    void *ctx;
    int format; /* enum cli_format; --json makes text JSON */
};

/*
 * Lists a table of the run's open file and returns the exit code. Faults that end nothing are printed and
 * counted, in JSON also as "faults"; they, what was passed over and an error make the list incomplete.
 */
int cli_list(struct cli_run *run, const struct cli_listing *how);

/* Several, one below the other; the first one's format and keep_going are those of all. */
int cli_list_all(struct cli_run *run, const struct cli_listing *hows, size_t count);

/* The same of the file of the run's first argument, which is opened. _etcd: it must be etcd's. */
int cli_list_file(struct cli_run *run, const struct cli_listing *how);
int cli_list_etcd(struct cli_run *run, const struct cli_listing *how);

/* Before a file is opened: errors are told as JSON where that is the format. */
void cli_list_prepare(struct cli_run *run, const struct cli_listing *how);

#endif
