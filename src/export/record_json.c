/*
 * record_json.c - see record_json.h.
 *
 *   {"key":"a","create_revision":2,"mod_revision":7,"version":3,"lease":"694d77aa9e38260f","value":"…"}
 *   {"key":"a","create_revision":0,"mod_revision":8,"version":0,"lease":"0000000000000000","sub":0,"tombstone":true}
 *   {"key":"a",…,"value_len":12}                                                     keys only
 *   {"key":"a",…,"value_len":12,"value_digest":"64 hex digits"}                      redacted
 *   {"key":"YQ==","create_revision":2,"mod_revision":7,"version":3,"value":"…"}      etcdctl
 *
 * The order of members is part of the format.
 */
#include "export/record_json.h"

#include "export/json_text.h"

#include <errno.h>

void ss_digest_members(struct ss_outbuf *out, struct ss_span value, const struct ss_hmac *hmac)
{
    uint8_t digest[SS_HMAC_LEN];
    char hex[2 * SS_HMAC_LEN + 1];

    if (!ss_hmac_digest(hmac, value.ptr, (size_t)value.len, digest)) {
        out->failed = true;
        out->sys = ENOMEM;
        return;
    }
    SS_OUTBUF_LITERAL(out, "\"value_len\":");
    ss_json_u64(out, value.len);
    SS_OUTBUF_LITERAL(out, ",\"value_digest\":\"");
    ss_outbuf_append(out, hex, ss_text_hex(digest, sizeof(digest), hex));
    SS_OUTBUF_LITERAL(out, "\"");
}

/* The comma before it included. */
static void append_value(struct ss_outbuf *out, struct ss_span value,
                         const struct ss_record_style *style)
{
    switch (style->value) {
    case SS_VALUE_BYTES:
        SS_OUTBUF_LITERAL(out, ",");
        ss_json_bytes(out, "value", value.ptr, (size_t)value.len);
        break;
    case SS_VALUE_LEN:
        SS_OUTBUF_LITERAL(out, ",\"value_len\":");
        ss_json_u64(out, value.len);
        break;
    case SS_VALUE_DIGEST:
        SS_OUTBUF_LITERAL(out, ",");
        ss_digest_members(out, value, style->hmac);
        break;
    }
}

void ss_record_rest(struct ss_outbuf *out, const struct ss_record *rec,
                    const struct ss_record_style *style)
{
    SS_OUTBUF_LITERAL(out, "\"create_revision\":");
    ss_json_i64(out, rec->create_revision);
    SS_OUTBUF_LITERAL(out, ",\"mod_revision\":");
    ss_json_i64(out, rec->mod_revision);
    SS_OUTBUF_LITERAL(out, ",\"version\":");
    ss_json_i64(out, rec->version);
    SS_OUTBUF_LITERAL(out, ",\"lease\":");
    ss_json_id(out, (uint64_t)rec->lease);
    if (style->revisions) {
        SS_OUTBUF_LITERAL(out, ",\"sub\":");
        ss_json_i64(out, rec->rev.sub);
        if (rec->tombstone) {
            SS_OUTBUF_LITERAL(out, ",\"tombstone\":true");
        }
        if (rec->marker) {
            SS_OUTBUF_LITERAL(out, ",\"marker\":true");
        }
    }
    if (!rec->tombstone && !rec->marker) {
        append_value(out, rec->value, style);
    }
}

void ss_record_members(struct ss_outbuf *out, const struct ss_record *rec,
                       const struct ss_record_style *style)
{
    ss_json_bytes(out, "key", rec->key.ptr, (size_t)rec->key.len);
    SS_OUTBUF_LITERAL(out, ",");
    ss_record_rest(out, rec, style);
}

void ss_record_json(struct ss_outbuf *out, const struct ss_record *rec,
                    const struct ss_record_style *style)
{
    SS_OUTBUF_LITERAL(out, "{");
    ss_json_bytes(out, "key", rec->key.ptr, (size_t)rec->key.len);
    SS_OUTBUF_LITERAL(out, ",");
    ss_record_rest(out, rec, style);
    SS_OUTBUF_LITERAL(out, "}");
}

/* ,"name":N unless it is zero. */
static void append_number(struct ss_outbuf *out, const char *name, int64_t v)
{
    if (v != 0) {
        ss_outbuf_text(out, name);
        ss_json_i64(out, v);
    }
}

void ss_record_etcdctl(struct ss_outbuf *out, const struct ss_record *rec,
                       const struct ss_record_style *style)
{
    SS_OUTBUF_LITERAL(out, "{\"key\":");
    ss_json_base64(out, rec->key.ptr, (size_t)rec->key.len);
    append_number(out, ",\"create_revision\":", rec->create_revision);
    append_number(out, ",\"mod_revision\":", rec->mod_revision);
    append_number(out, ",\"version\":", rec->version);
    if (style->value == SS_VALUE_DIGEST) {
        append_value(out, rec->value, style);
    } else if (style->value == SS_VALUE_BYTES && rec->value.len > 0) {
        SS_OUTBUF_LITERAL(out, ",\"value\":");
        ss_json_base64(out, rec->value.ptr, (size_t)rec->value.len);
    }
    append_number(out, ",\"lease\":", rec->lease);
    SS_OUTBUF_LITERAL(out, "}");
}

void ss_entry_members(struct ss_outbuf *out, const struct ss_entry *entry,
                      const struct ss_record_style *style)
{
    ss_json_bytes(out, "key", entry->key.ptr, (size_t)entry->key.len);
    append_value(out, entry->value, style);
}

void ss_entry_json(struct ss_outbuf *out, const struct ss_entry *entry,
                   const struct ss_record_style *style)
{
    SS_OUTBUF_LITERAL(out, "{");
    if (entry->is_bucket) {
        ss_json_bytes(out, "key", entry->key.ptr, (size_t)entry->key.len);
        SS_OUTBUF_LITERAL(out, ",\"bucket\":true");
    } else {
        ss_entry_members(out, entry, style);
    }
    SS_OUTBUF_LITERAL(out, "}");
}

void ss_bucket_path_json(struct ss_outbuf *out, const struct ss_span *names, size_t count)
{
    SS_OUTBUF_LITERAL(out, "[");
    for (size_t i = 0; i < count; i++) {
        const struct ss_span *name = &names[i];

        ss_outbuf_text(out, i > 0 ? "," : "");
        if (ss_text_is_clean(name->ptr, (size_t)name->len)) {
            ss_json_string(out, name->ptr, (size_t)name->len);
        } else {
            SS_OUTBUF_LITERAL(out, "{");
            ss_json_bytes(out, "name", name->ptr, (size_t)name->len);
            SS_OUTBUF_LITERAL(out, "}");
        }
    }
    SS_OUTBUF_LITERAL(out, "]");
}
