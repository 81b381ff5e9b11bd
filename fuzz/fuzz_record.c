/*
 * A revision key and its KeyValue.
 *
 *   byte 0: length of the key       the key       the value
 */
#include "probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ss_entry entry = {.pgid = 2};
    struct ss_record rec;
    struct ss_error err;
    size_t key_len;

    if (size < 1)
        return 0;
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
    return 0;
}
