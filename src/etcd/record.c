/*
 * record.c - see record.h, which has the drawing.
 */
#include "etcd/record.h"

#include "etcd/revision.h"
#include "util/wire.h"

#include <inttypes.h>

enum {
    FIELD_KEY = 1,
    FIELD_CREATE_REVISION = 2,
    FIELD_MOD_REVISION = 3,
    FIELD_VERSION = 4,
    FIELD_VALUE = 5,
    FIELD_LEASE = 6,
    FIELD_LAST = 6
};

#define TAG(field, type) ((uint8_t)((field) << 3 | (type)))

static const struct {
    const char *name;
    enum ss_wire_type type;
} fields[FIELD_LAST + 1] = {
    [FIELD_KEY] = {"key", SS_WIRE_BYTES},
    [FIELD_CREATE_REVISION] = {"create_revision", SS_WIRE_VARINT},
    [FIELD_MOD_REVISION] = {"mod_revision", SS_WIRE_VARINT},
    [FIELD_VERSION] = {"version", SS_WIRE_VARINT},
    [FIELD_VALUE] = {"value", SS_WIRE_BYTES},
    [FIELD_LEASE] = {"lease", SS_WIRE_VARINT},
};

static void take_field(struct ss_record *rec, const struct ss_wire_field *field)
{
    switch (field->number) {
    case FIELD_KEY:
        rec->key = field->body;
        break;
    case FIELD_CREATE_REVISION:
        rec->create_revision = (int64_t)field->value;
        break;
    case FIELD_MOD_REVISION:
        rec->mod_revision = (int64_t)field->value;
        break;
    case FIELD_VERSION:
        rec->version = (int64_t)field->value;
        break;
    case FIELD_VALUE:
        rec->value = field->body;
        break;
    default:
        rec->lease = (int64_t)field->value;
        break;
    }
}

/* A varint that ends before `end`; NULL: it does not, or its tenth byte leaves 64 bits. */
static inline const uint8_t *take_varint(const uint8_t *p, const uint8_t *end, uint64_t *out)
{
    uint64_t value = 0;

    for (uint32_t shift = 0; p < end && shift < 64; shift += 7, p++) {
        value |= (uint64_t)(*p & 0x7f) << shift;
        if (*p < 0x80) {
            *out = value;
            return shift < 63 || *p <= 1 ? p + 1 : NULL;
        }
    }
    return NULL;
}

/* A length and so many bytes. */
static inline const uint8_t *take_bytes(const uint8_t *p, const uint8_t *end, struct ss_span value,
                                        struct ss_span *out)
{
    uint64_t len;

    p = take_varint(p, end, &len);
    if (p == NULL || len > (uint64_t)(end - p)) {
        return NULL;
    }
    *out = (struct ss_span){p, len, value.off + (uint64_t)(p - value.ptr)};
    return p + len;
}

/* Takes a number when its tag is next; without it the number stays as it is. */
static inline const uint8_t *take_number(const uint8_t *p, const uint8_t *end, uint8_t tag,
                                         int64_t *out)
{
    uint64_t value;

    if (p == NULL || p == end || *p != tag) {
        return p;
    }
    p = take_varint(p + 1, end, &value);
    if (p != NULL) {
        *out = (int64_t)value;
    }
    return p;
}

/*
 * Reads a record as every etcd writes it: each field at most once, in ascending order. False: it is
 * something else, right or wrong, and what was set so far means nothing. This and decode_fields say
 * the same of every message that it takes, at a third of the time.
 */
static bool decode_usual(struct ss_span value, struct ss_record *rec)
{
    const uint8_t *p = value.ptr, *end = p + value.len;

    if (p == end || *p != TAG(FIELD_KEY, SS_WIRE_BYTES)) {
        return false;
    }
    p = take_bytes(p + 1, end, value, &rec->key);
    p = take_number(p, end, TAG(FIELD_CREATE_REVISION, SS_WIRE_VARINT), &rec->create_revision);
    p = take_number(p, end, TAG(FIELD_MOD_REVISION, SS_WIRE_VARINT), &rec->mod_revision);
    p = take_number(p, end, TAG(FIELD_VERSION, SS_WIRE_VARINT), &rec->version);
    if (p != NULL && p != end && *p == TAG(FIELD_VALUE, SS_WIRE_BYTES)) {
        p = take_bytes(p + 1, end, value, &rec->value);
    }
    p = take_number(p, end, TAG(FIELD_LEASE, SS_WIRE_VARINT), &rec->lease);
    return p == end;
}

/* Reads all fields; *mod_off is where mod_revision stands, or the value's start. */
static enum ss_status decode_fields(struct ss_span value, struct ss_record *rec, uint64_t *mod_off,
                                    struct ss_error *err)
{
    struct ss_wire w;
    struct ss_wire_field field;
    enum ss_status status;

    *mod_off = value.off;
    ss_wire_init(&w, value, SS_E_RECORD, rec->pgid);
    while ((status = ss_wire_next(&w, &field, err)) == SS_OK) {
        if (field.number > FIELD_LAST) {
            continue;
        }
        if (ss_wire_expect(&w, &field, fields[field.number].type, fields[field.number].name, err) !=
            SS_OK) {
            return SS_CORRUPT;
        }
        if (field.number == FIELD_MOD_REVISION) {
            *mod_off = field.off;
        }
        take_field(rec, &field);
    }
    return status == SS_END ? SS_OK : status;
}

static void forget_fields(struct ss_span value, struct ss_record *rec)
{
    rec->key = rec->value = (struct ss_span){value.ptr, 0, value.off};
    rec->create_revision = rec->mod_revision = rec->version = rec->lease = 0;
}

static enum ss_status decode_value(struct ss_span value, struct ss_record *rec,
                                   struct ss_error *err)
{
    uint64_t mod_off = value.off;

    if (!decode_usual(value, rec) || (!rec->tombstone && rec->mod_revision != rec->rev.main)) {
        forget_fields(value, rec);
        if (decode_fields(value, rec, &mod_off, err) != SS_OK) {
            return SS_CORRUPT;
        }
    }
    if (rec->key.len == 0) {
        return ss_corrupt(err, SS_E_RECORD, value.off, rec->pgid,
                          "the record of revision %" PRId64 " has no key", rec->rev.main);
    }
    if (rec->tombstone) {
        rec->value = (struct ss_span){value.ptr, 0, value.off};
        rec->create_revision = rec->version = rec->lease = 0;
        rec->mod_revision = rec->rev.main;
    }
    if (rec->mod_revision != rec->rev.main) {
        return ss_corrupt(err, SS_E_RECORD, mod_off, rec->pgid,
                          "mod_revision %" PRId64 " in a record of revision %" PRId64,
                          rec->mod_revision, rec->rev.main);
    }
    return SS_OK;
}

struct ss_span ss_record_key(struct ss_span value)
{
    struct ss_record rec = {.pgid = SS_NONE};
    struct ss_error err;
    uint64_t mod_off;

    if (decode_usual(value, &rec)) {
        return rec.key;
    }
    forget_fields(value, &rec);
    if (decode_fields(value, &rec, &mod_off, &err) != SS_OK) {
        forget_fields(value, &rec);
    }
    return rec.key;
}

static enum ss_status decode(const struct ss_entry *entry, struct ss_record *out,
                             struct ss_error *err)
{
    struct ss_span none = {entry->value.ptr, 0, entry->value.off};

    *out =
        (struct ss_record){.key = none, .value = none, .pgid = entry->pgid, .index = entry->index};
    if (entry->is_bucket) {
        return ss_corrupt(err, SS_E_RECORD, entry->value.off, entry->pgid,
                          "a bucket stands where a record is due");
    }
    if (ss_revision_decode(entry->key, entry->pgid, &out->rev, &out->tombstone, err) != SS_OK) {
        return SS_CORRUPT;
    }
    if (entry->value.len > 0 || out->tombstone || out->rev.sub != 0) {
        return decode_value(entry->value, out, err);
    }
    out->marker = true;
    out->mod_revision = out->rev.main;
    return SS_OK;
}

enum ss_status ss_record_decode(const struct ss_entry *entry, struct ss_record *out,
                                struct ss_error *err)
{
    return ss_error_in_bucket(err, SS_KEY_BUCKET, decode(entry, out, err));
}

enum ss_status ss_key_bucket_standing(const struct ss_file *file, struct ss_skips *skips,
                                      struct ss_tree *out, struct ss_error *err)
{
    struct ss_tree root;
    enum ss_status status = ss_file_readable(file, err);

    if (status != SS_OK) {
        return status;
    }
    root = ss_tree_root(file);
    return ss_standing_find_bucket(
        file, &root, "", ss_span_of(SS_KEY_BUCKET, strlen(SS_KEY_BUCKET)), skips, out, err);
}

enum ss_status ss_key_bucket_cursor(const struct ss_file *file, struct ss_cursor *c,
                                    struct ss_error *err)
{
    return ss_etcd_bucket_cursor(file, SS_IN_KEY, c, err);
}

enum ss_status ss_revision_seek(struct ss_cursor *c, struct ss_revision rev, struct ss_entry *entry,
                                struct ss_error *err)
{
    uint8_t key[SS_TOMBSTONE_LEN];
    size_t len = ss_revision_encode(rev, false, key);

    return ss_cursor_seek(c, key, len, entry, err);
}

enum ss_status ss_not_etcd(struct ss_error *err)
{
    return ss_system(err, SS_E_NOT_ETCD, 0, "the file has no `key` bucket: it is not etcd's");
}
