/*
 * diff_facts.h - what the buckets beside `key` say, as facts that can be sorted and compared:
 *
 *     kind     id                 name            value
 *     lease    00000a1b2c3d4e5f                              that there is such a thing
 *     lease    00000a1b2c3d4e5f   ttl             60         one field of it
 *     meta                        consistent_index 1204
 *
 * Ids, names and values are escaped text. Memory is in proportion to those buckets.
 */
#ifndef SS_CLI_DIFF_FACTS_H
#define SS_CLI_DIFF_FACTS_H

#include "diff.h"
#include "report.h"

enum ss_fact_kind {
    SS_FACT_MEMBER,
    SS_FACT_REMOVED_MEMBER,
    SS_FACT_LEASE,
    SS_FACT_ALARM,
    SS_FACT_AUTH,
    SS_FACT_USER,
    SS_FACT_ROLE,
    SS_FACT_META,
    SS_FACT_CLUSTER,
    SS_FACT_OTHER_BUCKET, /* only that it is there */
    SS_FACT_KINDS
};

/* "member", "removed member", "lease", … */
const char *ss_fact_kind_name(enum ss_fact_kind kind);

enum ss_fact_form {
    SS_FACT_IS_THERE, /* no name, no value */
    SS_FACT_TEXT,
    SS_FACT_NUMBER,
    SS_FACT_BOOL,
    SS_FACT_LISTED, /* one of a list: the name is all there is */
    SS_FACT_SECRET  /* compared, and never shown */
};

/* Positions in the text of struct ss_facts. */
struct ss_fact {
    enum ss_fact_kind kind;
    enum ss_fact_form form;
    size_t id, name, value;
};

struct ss_facts {
    char *text;
    size_t text_len, text_room;
    struct ss_fact *list;
    size_t count, room;
    size_t id; /* of the thing whose fields are being added */
    enum ss_fact_kind kind;
    struct ss_faults *faults;
};

void ss_facts_init(struct ss_facts *facts, struct ss_faults *faults);
void ss_facts_fini(struct ss_facts *facts);

/* Reads all of a file's buckets beside `key`; faults of elements go to `faults`. Sorted in the end. */
enum ss_status ss_facts_read(struct ss_facts *facts, const struct ss_file *file,
                             struct ss_error *err);

static inline const char *ss_fact_id(const struct ss_facts *facts, const struct ss_fact *fact)
{
    return facts->text + fact->id;
}

static inline const char *ss_fact_name(const struct ss_facts *facts, const struct ss_fact *fact)
{
    return facts->text + fact->name;
}

static inline const char *ss_fact_value(const struct ss_facts *facts, const struct ss_fact *fact)
{
    return facts->text + fact->value;
}

/* By kind, id and name. */
int ss_fact_compare(const struct ss_facts *x, const struct ss_fact *a, const struct ss_facts *y,
                    const struct ss_fact *b);

#endif
