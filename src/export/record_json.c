/*
 * record_json.c - see record_json.h.
 *
 *   {"key":"a","create_revision":2,"mod_revision":7,"version":3,"lease":0,"value":"…"}
 *   {"key":"a","create_revision":0,"mod_revision":8,"version":0,"lease":0,"sub":0,"tombstone":true}
 *
 * The order of members is part of the format.
 */
#include "export/record_json.h"

#include "export/json_text.h"

#define APPEND_LITERAL(out, text) ss_outbuf_append((out), (text), sizeof(text) - 1)

void ss_record_json(struct ss_outbuf *out, const struct ss_record *rec,
                    const struct ss_record_style *style)
{
    APPEND_LITERAL(out, "{");
    ss_json_bytes(out, "key", rec->key.ptr, (size_t)rec->key.len);
    APPEND_LITERAL(out, ",\"create_revision\":");
    ss_json_i64(out, rec->create_revision);
    APPEND_LITERAL(out, ",\"mod_revision\":");
    ss_json_i64(out, rec->mod_revision);
    APPEND_LITERAL(out, ",\"version\":");
    ss_json_i64(out, rec->version);
    APPEND_LITERAL(out, ",\"lease\":");
    ss_json_i64(out, rec->lease);
    if (style->revisions) {
        APPEND_LITERAL(out, ",\"sub\":");
        ss_json_i64(out, rec->rev.sub);
        if (rec->tombstone) {
            APPEND_LITERAL(out, ",\"tombstone\":true");
        }
        if (rec->marker) {
            APPEND_LITERAL(out, ",\"marker\":true");
        }
    }
    if (!style->keys_only && !rec->tombstone && !rec->marker) {
        APPEND_LITERAL(out, ",");
        ss_json_bytes(out, "value", rec->value.ptr, (size_t)rec->value.len);
    }
    APPEND_LITERAL(out, "}");
}

void ss_entry_json(struct ss_outbuf *out, const struct ss_entry *entry, bool keys_only)
{
    APPEND_LITERAL(out, "{");
    ss_json_bytes(out, "key", entry->key.ptr, (size_t)entry->key.len);
    if (entry->is_bucket) {
        APPEND_LITERAL(out, ",\"bucket\":true");
    } else if (!keys_only) {
        APPEND_LITERAL(out, ",");
        ss_json_bytes(out, "value", entry->value.ptr, (size_t)entry->value.len);
    }
    APPEND_LITERAL(out, "}");
}
