/*
 * A revision key and its KeyValue.
 *
 *   byte 0: length of the key       the key       the value
 *
 * What is decoded lies inside the input and is what its key says. With a field behind it that no etcd
 * knows, a value says the same: the reader takes usual records by another way than all others.
 * No memory is allocated by the decoder; 64 KiB at most are tried.
 */
#include "probe.h"

#include <string.h>

#define INPUT_MAX (UINT32_C(1) << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_bytes(struct ss_span a, struct ss_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, (size_t)a.len) == 0);
}

/* The value with field 15, a varint, behind it. */
static void decode_longer(const struct ss_entry *entry, const struct ss_record *rec)
{
    static const uint8_t unknown[] = {15 << 3, 0};
    size_t len = (size_t)entry->value.len;
    uint8_t *bytes = malloc(len + sizeof(unknown));
    struct ss_entry longer = *entry;
    struct ss_record again;
    struct ss_error err;

    if (bytes == NULL) {
        return;
    }
    memcpy(bytes, entry->value.ptr, len);
    memcpy(bytes + len, unknown, sizeof(unknown));
    longer.value.ptr = bytes;
    longer.value.len = len + sizeof(unknown);
    PROBE(ss_record_decode(&longer, &again, &err) == SS_OK);
    PROBE(same_bytes(rec->key, again.key) && same_bytes(rec->value, again.value));
    PROBE(rec->rev.main == again.rev.main && rec->rev.sub == again.rev.sub);
    PROBE(rec->tombstone == again.tombstone && rec->mod_revision == again.mod_revision);
    PROBE(rec->create_revision == again.create_revision && rec->version == again.version);
    PROBE(rec->lease == again.lease);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ss_entry entry = {.pgid = 2};
    struct ss_record rec;
    struct ss_error err;
    size_t key_len;

    if (size < 1 || size > INPUT_MAX) {
        return 0;
    }
    key_len = data[0] < size ? data[0] : size - 1;
    entry.key = (struct ss_span){data + 1, key_len, 1};
    entry.value = (struct ss_span){data + 1 + key_len, size - 1 - key_len, 1 + key_len};
    if (ss_record_decode(&entry, &rec, &err) != SS_OK) {
        PROBE(err.code == SS_E_REV_KEY || err.code == SS_E_RECORD);
        probe_error(&err, size);
        return 0;
    }
    PROBE(key_len == 17 || key_len == 18);
    PROBE(rec.rev.main >= 0 && rec.rev.sub >= 0);
    PROBE(rec.mod_revision == rec.rev.main);
    PROBE(rec.tombstone == (key_len == 18));
    PROBE(!rec.marker || entry.value.len == 0);
    probe_span(rec.key, data, size);
    probe_span(rec.value, data, size);
    PROBE(rec.key.len + rec.value.len <= entry.value.len);
    if (!rec.marker) {
        decode_longer(&entry, &rec);
    }
    return 0;
}
