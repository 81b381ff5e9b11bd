/*
 * meta_page.c - the fields of a meta page as they stand, usable or not.
 */
#include "meta_page.h"

#include <inttypes.h>

void cli_meta_print(struct cli_out *out, const struct ss_meta *meta)
{
    cli_out_format(out, "magic      0x%08x\n", meta->magic);
    cli_out_format(out, "version    %u\n", meta->version);
    cli_out_format(out, "page size  %u\n", meta->page_size);
    cli_out_format(out, "flags      0x%x\n", meta->flags);
    cli_out_format(out, "root       %" PRIu64 "\n", (uint64_t)meta->root);
    cli_out_format(out, "sequence   %" PRIu64 "\n", (uint64_t)meta->sequence);
    if (meta->freelist == SS_NONE) {
        cli_out_text(out, "freelist   not stored\n");
    } else {
        cli_out_format(out, "freelist   %" PRIu64 "\n", (uint64_t)meta->freelist);
    }
    cli_out_format(out, "high water %" PRIu64 "\n", (uint64_t)meta->high_water);
    cli_out_format(out, "txid       %" PRIu64 "\n", (uint64_t)meta->txid);
    cli_out_format(out, "checksum   0x%016" PRIx64 "\n", (uint64_t)meta->checksum);
    cli_out_format(out, "computed   0x%016" PRIx64 "\n", (uint64_t)meta->computed);
    cli_out_format(out, "byte order %s-endian\n", meta->big_endian ? "big" : "little");
    cli_out_format(out, "usable     %s%s\n",
                   meta->valid ? "yes" : "no: ", meta->valid ? "" : meta->reason);
}

json_t *cli_meta_doc(const struct ss_meta *meta)
{
    json_t *doc = cli_doc_new();
    cli_doc_bool(doc, "present", meta->present);
    cli_doc_bool(doc, "valid", meta->valid);
    if (!meta->valid) {
        cli_doc_text(doc, "reason", meta->reason);
    }
    if (!meta->present) {
        return doc;
    }
    cli_doc_number(doc, "offset", meta->off);
    cli_doc_bool(doc, "big_endian", meta->big_endian);
    cli_doc_number(doc, "page_id", meta->page_id);
    cli_doc_number(doc, "page_flags", meta->page_flags);
    cli_doc_hex(doc, "magic", meta->magic, 8);
    cli_doc_number(doc, "version", meta->version);
    cli_doc_number(doc, "page_size", meta->page_size);
    cli_doc_number(doc, "flags", meta->flags);
    cli_doc_number(doc, "root", meta->root);
    cli_doc_number(doc, "sequence", meta->sequence);
    if (meta->freelist == SS_NONE) {
        cli_doc_null(doc, "freelist");
    } else {
        cli_doc_number(doc, "freelist", meta->freelist);
    }
    cli_doc_number(doc, "high_water", meta->high_water);
    cli_doc_number(doc, "txid", meta->txid);
    cli_doc_hex(doc, "checksum", meta->checksum, 16);
    cli_doc_hex(doc, "computed_checksum", meta->computed, 16);
    return doc;
}
