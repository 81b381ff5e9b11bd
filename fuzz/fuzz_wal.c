/*
 * A member's log.
 *
 *   byte 0: bit 0: the last segment is there; bits 1-3: n, cut into two before the n-th further record of type
 *           crc (0: one segment)      the segments
 *
 * The counts agree with one another and with the length. A prefix that ends between two records is read
 * as far as it goes, and never finds more than the whole. No memory but the scan's own, on the stack.
 */
#include "probe.h"

#include "util/endian.h"
#include "util/span.h"
#include "wal/wal.h"

#define INPUT_MAX (UINT32_C(1) << 18)
#define HEAD_LEN 8u
#define CRC_RECORD 0x0408u /* field 1, a varint, is 4 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where the n-th record of type crc behind the first record starts; the end when there are fewer. */
static size_t find_cut(const uint8_t *bytes, size_t len, unsigned n)
{
    size_t at = 0;

    while (n > 0 && len - at >= HEAD_LEN + 2) {
        uint64_t word = ss_load_u64(bytes + at, false);
        uint64_t step =
            HEAD_LEN + (word & ((UINT64_C(1) << 56) - 1)) + (word >> 63 != 0 ? word >> 56 & 7 : 0);

        if (at > 0 && ss_load_u16(bytes + at + HEAD_LEN, false) == CRC_RECORD && --n == 0) {
            return at;
        }
        if (step > len - at) {
            break;
        }
        at += (size_t)step;
    }
    return len;
}

static enum ss_status scan_all(struct ss_wal_scan *scan, const uint8_t *bytes, size_t len,
                               size_t cut, bool last, struct ss_error *err)
{
    enum ss_status status;

    ss_wal_scan_init(scan);
    if (cut == len) {
        return ss_wal_scan_segment(scan, ss_span_of(bytes, len), last, err);
    }
    status = ss_wal_scan_segment(scan, (struct ss_span){bytes, cut, 0}, false, err);
    return status != SS_OK
               ? status
               : ss_wal_scan_segment(scan, (struct ss_span){bytes + cut, len - cut, 0}, last, err);
}

static void check_facts(const struct ss_wal_facts *facts, size_t len)
{
    PROBE(facts->record_count <= len / (HEAD_LEN + 2));
    PROBE(facts->beyond_committed <= facts->beyond_count);
    PROBE(facts->beyond_count <= facts->entry_last);
    PROBE(facts->entry_first <= facts->entry_last);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ss_wal_scan scan, part;
    struct ss_error err;
    size_t len, cut;

    if (size < 1 || size > INPUT_MAX) {
        return 0;
    }
    len = size - 1;
    cut = find_cut(data + 1, len, data[0] >> 1 & 7);
    if (scan_all(&scan, data + 1, len, cut, (data[0] & 1) != 0, &err) != SS_OK) {
        PROBE(err.code == SS_E_FIELD);
        probe_error(&err, size);
        return 0;
    }
    PROBE(scan.facts.file_count == (cut == len ? 1 : 2));
    if (cut < len) {
        PROBE(scan_all(&part, data + 1, cut, cut, false, &err) == SS_OK);
        PROBE(!part.facts.torn && part.facts.record_count <= scan.facts.record_count);
    }
    ss_wal_scan_finish(&scan, 3);
    check_facts(&scan.facts, size);
    return 0;
}
