/*
 * diff_facts.h - what the buckets beside `key` say, as facts that can be sorted and compared:
 *
 *     kind     id                 name             item   value
 *     lease    00000a1b2c3d4e5f                                    that there is such a thing
 *     lease    00000a1b2c3d4e5f   ttl                     60       one field of it
 *     user     alice              role             root            one of many of that name
 *     meta                        consistent_index        1204
 *
 * Kinds and names are identifiers, in text with blanks for underscores; the rest is escaped text. Memory is in proportion to those buckets.
 */
#ifndef CLI_DIFF_FACTS_H
#define CLI_DIFF_FACTS_H

#include "diff.h"
#include "report.h"

enum cli_fact_kind {
    CLI_FACT_MEMBER,
    CLI_FACT_REMOVED_MEMBER,
    CLI_FACT_LEASE,
    CLI_FACT_ALARM,
    CLI_FACT_AUTH,
    CLI_FACT_USER,
    CLI_FACT_ROLE,
    CLI_FACT_META,
    CLI_FACT_CLUSTER,
    CLI_FACT_OTHER_BUCKET, /* only that it is there */
    CLI_FACT_KINDS
};

/* "member", "removed_member", "lease", … */
const char *cli_fact_kind_name(enum cli_fact_kind kind);

enum cli_fact_form {
    CLI_FACT_IS_THERE, /* no name, no value */
    CLI_FACT_TEXT,
    CLI_FACT_NUMBER,
    CLI_FACT_BOOL,
    CLI_FACT_REVISION, /* as cli_revision_format gives it */
    CLI_FACT_LISTED,   /* one of a list: the item is all there is */
    CLI_FACT_SECRET    /* compared, and never shown */
};

#define CLI_FACT_NO_ITEM SIZE_MAX

/* Positions in the text of struct cli_facts. */
struct cli_fact {
    enum cli_fact_kind kind;
    enum cli_fact_form form;
    size_t id, name;
    size_t item; /* or CLI_FACT_NO_ITEM: the name alone says which field it is */
    size_t value;
};

/* An alarm's id is its type, this, and the member's id. */
#define CLI_FACT_ALARM_OF " of member "

struct cli_facts {
    char *text;
    size_t text_len, text_room;
    struct cli_fact *list;
    size_t count, room;
    size_t id; /* of the thing whose fields are being added */
    enum cli_fact_kind kind;
    struct cli_faults *faults;
};

void cli_facts_init(struct cli_facts *facts, struct cli_faults *faults);
void cli_facts_fini(struct cli_facts *facts);

/* Reads all of a file's buckets beside `key`; faults of elements go to `faults`. Sorted in the end. */
enum ss_status cli_facts_read(struct cli_facts *facts, const struct ss_file *file,
                              struct ss_error *err);

static inline const char *cli_fact_id(const struct cli_facts *facts, const struct cli_fact *fact)
{
    return facts->text + fact->id;
}

static inline const char *cli_fact_name(const struct cli_facts *facts, const struct cli_fact *fact)
{
    return facts->text + fact->name;
}

static inline const char *cli_fact_item(const struct cli_facts *facts, const struct cli_fact *fact)
{
    return fact->item == CLI_FACT_NO_ITEM ? "" : facts->text + fact->item;
}

static inline const char *cli_fact_value(const struct cli_facts *facts, const struct cli_fact *fact)
{
    return facts->text + fact->value;
}

/* By kind, id, name and item. */
int cli_fact_compare(const struct cli_facts *x, const struct cli_fact *a, const struct cli_facts *y,
                     const struct cli_fact *b);

#endif
