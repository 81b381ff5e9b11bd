/*
 * Opening: metas as they stand, and again with their checksums put right. The input is the file.
 */
#include "probe.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const uint8_t *bytes, size_t len, uint32_t page_size)
{
    struct ss_open_opts opts = {.page_size = page_size};
    struct ss_file_facts facts;
    struct ss_file *file;
    struct ss_error err;
    struct ss_meta meta;

    PROBE(ss_open_memory(bytes, len, "input", &opts, &file, &err) == SS_OK);
    ss_file_facts(file, &facts);
    PROBE(facts.len == len);
    if (ss_file_readable(file, &err) == SS_OK) {
        PROBE(facts.kind == SS_KIND_BBOLT);
        PROBE(facts.current_meta == 0 || facts.current_meta == 1);
        PROBE(facts.page_size >= 1024 && (facts.page_size & (facts.page_size - 1)) == 0);
        PROBE(facts.page_count <= facts.high_water);
        PROBE(facts.page_count <= len / facts.page_size);
        ss_file_meta(file, facts.current_meta, &meta);
        PROBE(meta.valid && meta.checksum == meta.computed && meta.fault == SS_E_NONE);
        PROBE(meta.page_size == facts.page_size && meta.high_water == facts.high_water);
        ss_file_meta(file, 1 - facts.current_meta, &meta);
        PROBE(meta.valid == (meta.reason[0] == '\0'));
    } else {
        probe_error(&err, len);
        PROBE(facts.current_meta == -1 && facts.page_count == 0);
    }
    probe_span(ss_file_bytes(file, len / 2, len), bytes, len);
    ss_close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *sealed = malloc(size + 1);

    if (sealed == NULL)
        return 0;
    if (size > 0)
        memcpy(sealed, data, size);
    check(data, size, 0);
    check(data, size, 4096);
    probe_seal_metas(sealed, size);
    check(sealed, size, 0);
    free(sealed);
    return 0;
}
