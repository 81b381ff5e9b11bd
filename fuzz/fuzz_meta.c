/*
 * Opening: what the metas say, at the page size they state, at one that is forced, and at none; and the
 * places of a file that has no usable one. The input is the file. Cost: opening reads a page or 30, whatever the file's size; 1 MiB at most is tried.
 */
#include "probe.h"

#define INPUT_MAX (UINT32_C(1) << 20)
#define MEMORY_MAX (UINT64_C(1) << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_meta(const struct ss_file *file, const struct ss_file_facts *facts, size_t len)
{
    struct ss_meta meta;

    PROBE(facts->kind == SS_KIND_BBOLT);
    PROBE(facts->current_meta == 0 || facts->current_meta == 1);
    PROBE(facts->page_size >= 1024 && (facts->page_size & (facts->page_size - 1)) == 0);
    PROBE(facts->page_count <= facts->high_water);
    PROBE(facts->page_count <= len / facts->page_size);
    ss_file_meta(file, facts->current_meta, &meta);
    PROBE(meta.valid && meta.checksum == meta.computed && meta.fault == SS_E_NONE);
    PROBE(meta.page_size == facts->page_size && meta.high_water == facts->high_water);
    ss_file_meta(file, 1 - facts->current_meta, &meta);
    PROBE(meta.valid == (meta.reason[0] == '\0'));
}

static bool check_row(void *ctx, const struct ss_page_row *row)
{
    uint64_t *count = ctx;

    PROBE(row->pgid == (*count)++ && row->bucket == NULL);
    PROBE(row->use == SS_USE_META || row->use == SS_USE_ORPHAN || row->use == SS_USE_OVERFLOW);
    return true;
}

/* Without a usable meta: every place that a known page size makes, and none where it is not known. */
static void check_places(const struct ss_file *file, const struct ss_file_facts *facts, size_t len)
{
    uint64_t count = 0, faults;
    struct ss_page *page;
    struct ss_error err;
    enum ss_status status = ss_pages(file, check_row, NULL, &count, NULL, &faults, &err);

    PROBE((status == SS_OK) == (facts->page_size != 0));
    PROBE(facts->page_size == 0 || (faults == 1 && count == len / facts->page_size));
    if (ss_page_open(file, 2, &page, &err) != SS_OK) {
        probe_error(&err, len);
        return;
    }
    PROBE(count > 2);
    ss_page_free(page);
}

static void check(const uint8_t *bytes, size_t len, uint32_t page_size)
{
    struct ss_open_opts opts = {.page_size = page_size};
    struct ss_file_facts facts;
    struct ss_file *file;
    struct ss_error err;

    PROBE(ss_open_memory(bytes, len, "input", &opts, &file, &err) == SS_OK);
    ss_file_facts(file, &facts);
    PROBE(facts.len == len);
    if (ss_file_readable(file, &err) == SS_OK) {
        check_meta(file, &facts, len);
    } else {
        probe_error(&err, len);
        PROBE(facts.current_meta == -1 && facts.page_count == 0);
        check_places(file, &facts, len);
    }
    probe_span(ss_file_bytes(file, len / 2, len), bytes, len);
    ss_close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_MAX) {
        return 0;
    }
    probe_memory_begin();
    check(data, size, 0);
    check(data, size, 1024);
    check(data, size, 4096);
    probe_memory_end(MEMORY_MAX);
    return 0;
}
