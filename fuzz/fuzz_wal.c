/*
 * A member's log.
 *
 *   byte 0: bit 0: the last segment; the rest in eighths: where it is cut into two      the segments
 */
#include "probe.h"

#include "etcd/wal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ss_wal_scan scan;
    struct ss_error err;
    enum ss_status status;
    size_t cut;

    if (size < 1)
        return 0;
    cut = (size - 1) / 8 * (data[0] >> 1 & 7);
    ss_wal_scan_init(&scan);
    status = ss_wal_scan_segment(&scan, (struct ss_span){data + 1, cut, 0}, false, &err);
    if (status == SS_OK)
        status = ss_wal_scan_segment(&scan, (struct ss_span){data + 1 + cut, size - 1 - cut, 0},
                                     (data[0] & 1) != 0, &err);
    if (status != SS_OK) {
        PROBE(status == SS_CORRUPT && err.code == SS_E_FIELD);
        probe_error(&err, size);
        return 0;
    }
    PROBE(scan.facts.record_count <= size / 8);
    ss_wal_scan_finish(&scan, 3);
    PROBE(scan.facts.beyond_committed <= scan.facts.beyond_count);
    PROBE(scan.facts.beyond_count <= scan.facts.entry_last);
    return 0;
}
