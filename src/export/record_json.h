/*
 * record_json.h - the record format: one JSON object a record. docs/format.md has it in full.
 *
 * What comes out depends on the arguments alone, so batches of records can be formatted by several
 * threads and put together in order. A digest that cannot be computed fails the output buffer.
 */
#ifndef SS_EXPORT_RECORD_JSON_H
#define SS_EXPORT_RECORD_JSON_H

#include "export/outbuf.h"
#include "util/hmac.h"

/* What stands for a value. */
enum ss_value_style {
    SS_VALUE_BYTES,  /* "value" or "value_base64" */
    SS_VALUE_LEN,    /* "value_len" */
    SS_VALUE_DIGEST, /* "value_len","value_digest" */
};

/* Which members a record shows. */
struct ss_record_style {
    bool revisions; /* "sub", and "tombstone" or "marker" where true */
    enum ss_value_style value;
    const struct ss_hmac *hmac; /* for SS_VALUE_DIGEST */
};

/*
 * Appends {"key":…,"create_revision":…,"mod_revision":…,"version":…,"lease":…,…,"value":…}.
 * A tombstone or marker has no value. ss_record_members leaves the braces out, ss_record_rest the key
 * as well.
 */
void ss_record_json(struct ss_outbuf *out, const struct ss_record *rec,
                    const struct ss_record_style *style);
void ss_record_members(struct ss_outbuf *out, const struct ss_record *rec,
                       const struct ss_record_style *style);
void ss_record_rest(struct ss_outbuf *out, const struct ss_record *rec,
                    const struct ss_record_style *style);

/*
 * Appends {"key":"base64",…} as Go's encoding/json writes etcd's mvccpb.KeyValue: what is zero or
 * empty is left out. [F17]
 */
void ss_record_etcdctl(struct ss_outbuf *out, const struct ss_record *rec,
                       const struct ss_record_style *style);

/* Appends an element of any bucket: {"key":…,"value":…}, or {"key":…,"bucket":true}. */
void ss_entry_json(struct ss_outbuf *out, const struct ss_entry *entry,
                   const struct ss_record_style *style);

/* Appends "key":…,"value":… of an element that is no bucket. */
void ss_entry_members(struct ss_outbuf *out, const struct ss_entry *entry,
                      const struct ss_record_style *style);

/* Appends ["a","b"], names that are no clean text as {"name_base64":"…"}. */
void ss_bucket_path_json(struct ss_outbuf *out, const struct ss_span *names, size_t count);

/* Appends "value_len":N,"value_digest":"…". */
void ss_digest_members(struct ss_outbuf *out, struct ss_span value, const struct ss_hmac *hmac);

#endif
