/*
 * The trailing hash. The input is a file; it is looked at as it stands, and with its end made anew: the
 * right SHA-256, one of zeroes, a wrong one, half of one, none.
 *
 * Each time the state is the one that the rules of docs/format.md [F8] give, told here once more from
 * the length and the metas, with OpenSSL's one-call SHA-256; `verify` says the same on 1 and 4 threads.
 * Cost: a pass over the file a look, and memory that does not depend on it; 256 KiB at most is tried.
 */
#include "probe.h"

#include <openssl/sha.h>
#include <string.h>

#define INPUT_MAX (UINT32_C(1) << 18)
#define MEMORY_MAX (UINT64_C(1) << 19)
#define HASH_LEN SHA256_DIGEST_LENGTH

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether bytes of one value, as transfers leave them, stand behind the place of the hash. */
static bool is_padded(const uint8_t *bytes, size_t len, uint64_t db_len)
{
    uint8_t value = len == 0 ? 1 : bytes[len - 1];

    if (len <= HASH_LEN || db_len >= len - HASH_LEN ||
        (value != 0 && value != 0x1a && value != 0xff)) {
        return false;
    }
    for (uint64_t pos = db_len + HASH_LEN; pos < len; pos++) {
        if (bytes[pos] != value) {
            return false;
        }
    }
    return true;
}

/* What the rules say of these bytes. */
static enum ss_hash_state due(const struct ss_file *file, const uint8_t *bytes, size_t len)
{
    static const uint8_t zeroes[HASH_LEN];
    bool ends_like_hash = len > HASH_LEN && len % 512 == HASH_LEN;
    uint8_t digest[HASH_LEN];
    struct ss_file_facts facts;
    struct ss_error err;
    bool readable = ss_file_readable(file, &err) == SS_OK;

    ss_file_facts(file, &facts);
    if (readable && is_padded(bytes, len, facts.db_len)) {
        SHA256(bytes, (size_t)facts.db_len, digest);
        if (memcmp(digest, bytes + facts.db_len, HASH_LEN) == 0) {
            return SS_HASH_VALID;
        }
    }
    if (ends_like_hash) {
        SHA256(bytes, len - HASH_LEN, digest);
        if (memcmp(digest, bytes + len - HASH_LEN, HASH_LEN) == 0) {
            return SS_HASH_VALID;
        }
    }
    if (readable && len < facts.db_len) {
        return SS_HASH_CUT;
    }
    if (!ends_like_hash && readable && len > facts.db_len && len - facts.db_len < HASH_LEN) {
        return SS_HASH_CUT;
    }
    if (facts.kind != SS_KIND_BBOLT) {
        return SS_HASH_NO_DB;
    }
    if (!ends_like_hash) {
        return SS_HASH_ABSENT;
    }
    return memcmp(bytes + len - HASH_LEN, zeroes, HASH_LEN) == 0 ? SS_HASH_ZERO : SS_HASH_MISMATCH;
}

static void check_report(const struct ss_hash_report *report, const uint8_t *bytes, size_t len)
{
    uint8_t digest[HASH_LEN];

    PROBE(report->covered_len <= len && report->found_len <= HASH_LEN);
    PROBE(report->found_len <= len - report->covered_len);
    PROBE(report->computed == (report->found_len > 0));
    if (!report->computed) {
        return;
    }
    SHA256(bytes, (size_t)report->covered_len, digest);
    PROBE(memcmp(report->expected, digest, HASH_LEN) == 0);
    PROBE(memcmp(report->found, bytes + report->covered_len, report->found_len) == 0);
}

static void look(const uint8_t *bytes, size_t len)
{
    struct ss_file *file = probe_open(bytes, len);
    struct ss_verify_opts opts = {.what = SS_VERIFY_HASH};
    struct ss_verify_report *one, *four;
    struct ss_hash_report report;
    struct ss_error err;

    PROBE(ss_hash_check(file, NULL, &report, &err) == SS_OK);
    PROBE(report.state == due(file, bytes, len));
    check_report(&report, bytes, len);
    PROBE(ss_verify(file, &opts, &probe_one, &one, &err) == SS_OK);
    PROBE(ss_verify(file, &opts, &probe_four, &four, &err) == SS_OK);
    PROBE(one->verdict == four->verdict && one->finding_count == four->finding_count);
    if (one->verdict != SS_VERDICT_UNREADABLE) {
        probe_same_hash(&one->hash, &report);
        probe_same_hash(&four->hash, &report);
    }
    ss_verify_free(one);
    ss_verify_free(four);
    ss_close(file);
}

/* The input up to a whole number of blocks, and five ends to it. */
static void look_at_ends(const uint8_t *data, size_t size)
{
    size_t body = size - size % 512;
    uint8_t *bytes = malloc(body + HASH_LEN);

    if (bytes == NULL) {
        return;
    }
    if (body > 0) {
        memcpy(bytes, data, body);
    }
    look(bytes, body);
    memset(bytes + body, 0, HASH_LEN);
    look(bytes, body + HASH_LEN);
    SHA256(bytes, body, bytes + body);
    look(bytes, body + HASH_LEN);
    look(bytes, body + 1 + size % (HASH_LEN - 1));
    bytes[body + size % HASH_LEN] ^= 1;
    look(bytes, body + HASH_LEN);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_MAX) {
        return 0;
    }
    probe_memory_begin();
    look(data, size);
    look_at_ends(data, size);
    probe_memory_end(MEMORY_MAX + size);
    return 0;
}
