/*
 * The page gate: one page, or an inline page, of any bytes.
 *
 *   byte 0: bit 0 big-endian, bit 1 as an inline page too      bytes 1 …: the page, from its id on
 *
 * Laid as page 2 of a sound file with pages of 1 KiB. Whatever passes the gate may be trusted: all of
 * its elements lie inside its run, and together are no longer than it.
 */
#include "probe.h"

#include "parser/db.h"
#include "parser/page.h"
#include "util/fnv.h"

#define PAGE_SIZE ((size_t)1024)
#define PAGE_MAX 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Metas of a file with `count` pages, and the input behind them. */
static uint8_t *lay(const uint8_t *data, size_t size, bool big, uint64_t count)
{
    uint8_t *bytes = calloc(count, PAGE_SIZE);

    if (bytes == NULL) {
        return NULL;
    }
    for (uint32_t which = 0; which < 2; which++) {
        uint8_t *m = bytes + which * PAGE_SIZE + 16;

        ss_store_u32(m, 0xED0CDAED, big);
        ss_store_u32(m + 4, 2, big);
        ss_store_u32(m + 8, PAGE_SIZE, big);
        ss_store_u64(m + 16, 2, big);
        ss_store_u64(m + 32, UINT64_MAX, big);
        ss_store_u64(m + 40, count, big);
        ss_store_u64(m + 48, which, big);
        ss_store_u64(m + 56, ss_fnv1a_64(m, 56), big);
    }
    memcpy(bytes + 2 * PAGE_SIZE, data, size);
    return bytes;
}

static void check_elements(const struct ss_page *page, const uint8_t *bytes, size_t len)
{
    struct ss_page_head head;
    struct ss_element e;
    uint64_t sum = 0;

    ss_page_get_head(page, &head);
    if (head.type == SS_PAGE_FREELIST) {
        for (uint64_t i = 0, sink = 0; i < ss_page_free_count(page); i++) {
            PROBE((sink ^= ss_page_free_id(page, i)) <= UINT64_MAX);
        }
    }
    if (head.type != SS_PAGE_LEAF && head.type != SS_PAGE_BRANCH) {
        return;
    }
    for (uint32_t i = 0; i < head.count; i++) {
        ss_page_element(page, i, &e);
        probe_span(e.key, bytes, len);
        probe_span(e.value, bytes, len);
        PROBE(e.key.len > 0 && e.key.off >= head.off + 16 + (uint64_t)head.count * 16);
        PROBE((e.child == SS_NONE) == (head.type == SS_PAGE_LEAF) || e.child == UINT64_MAX);
        sum += e.key.len + e.value.len;
    }
    PROBE(sum <= ((uint64_t)head.overflow + 1) * PAGE_SIZE);
}

static void check_inline(const struct ss_file *file, const uint8_t *data, size_t size)
{
    struct ss_span value = {data, size, 0};
    struct ss_page_view view;
    struct ss_error err;
    uint64_t sum = 0;

    if (ss_page_gate_inline(&file->geo, value, 2, &view, &err) != SS_OK) {
        probe_error(&err, size);
        return;
    }
    for (uint32_t i = 0; i < view.count; i++) {
        probe_span(ss_leaf_key(&view, i), data, size);
        probe_span(ss_leaf_value(&view, i), data, size);
        sum += ss_leaf_key(&view, i).len + ss_leaf_value(&view, i).len;
    }
    PROBE(sum <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ss_page *page;
    struct ss_file *file;
    struct ss_error err;
    uint64_t count;
    uint8_t *bytes;

    if (size < 1 || size > PAGE_MAX * PAGE_SIZE) {
        return 0;
    }
    count = 2 + (size - 1 + PAGE_SIZE - 1) / PAGE_SIZE;
    bytes = lay(data + 1, size - 1, (data[0] & 1) != 0, count);
    if (bytes == NULL) {
        return 0;
    }
    PROBE(ss_open_memory(bytes, count * PAGE_SIZE, "input", NULL, &file, &err) == SS_OK);
    PROBE(ss_file_readable(file, &err) == SS_OK);
    if (ss_page_open(file, 2, &page, &err) == SS_OK) {
        check_elements(page, bytes, count * PAGE_SIZE);
        ss_page_free(page);
    } else {
        probe_error(&err, count * PAGE_SIZE);
    }
    if ((data[0] & 2) != 0) {
        check_inline(file, data + 1, size - 1);
    }
    ss_close(file);
    free(bytes);
    return 0;
}
