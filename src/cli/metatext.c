/*
 * metatext.c - the fields of a meta page as they stand, usable or not.
 */
#include "metatext.h"

void ss_meta_print(struct ss_out *out, const struct ss_meta *meta)
{
    ss_out_format(out, "magic      0x%08x\n", meta->magic);
    ss_out_format(out, "version    %u\n", meta->version);
    ss_out_format(out, "page size  %u\n", meta->page_size);
    ss_out_format(out, "flags      0x%x\n", meta->flags);
    ss_out_format(out, "root       %llu\n", (unsigned long long)meta->root);
    ss_out_format(out, "sequence   %llu\n", (unsigned long long)meta->sequence);
    if (meta->freelist == SS_NONE) {
        ss_out_text(out, "freelist   not stored\n");
    } else {
        ss_out_format(out, "freelist   %llu\n", (unsigned long long)meta->freelist);
    }
    ss_out_format(out, "high water %llu\n", (unsigned long long)meta->high_water);
    ss_out_format(out, "txid       %llu\n", (unsigned long long)meta->txid);
    ss_out_format(out, "checksum   0x%016llx\n", (unsigned long long)meta->checksum);
    ss_out_format(out, "computed   0x%016llx\n", (unsigned long long)meta->computed);
    ss_out_format(out, "byte order %s-endian\n", meta->big_endian ? "big" : "little");
    ss_out_format(out, "usable     %s%s\n",
                  meta->valid ? "yes" : "no: ", meta->valid ? "" : meta->reason);
}

json_t *ss_meta_doc(const struct ss_meta *meta)
{
    json_t *doc = ss_doc_new();
    ss_doc_bool(doc, "present", meta->present);
    ss_doc_bool(doc, "valid", meta->valid);
    if (!meta->valid) {
        ss_doc_text(doc, "reason", meta->reason);
    }
    if (!meta->present) {
        return doc;
    }
    ss_doc_number(doc, "offset", meta->off);
    ss_doc_bool(doc, "big_endian", meta->big_endian);
    ss_doc_number(doc, "page_id", meta->page_id);
    ss_doc_number(doc, "page_flags", meta->page_flags);
    ss_doc_hex(doc, "magic", meta->magic, 8);
    ss_doc_number(doc, "version", meta->version);
    ss_doc_number(doc, "page_size", meta->page_size);
    ss_doc_number(doc, "flags", meta->flags);
    ss_doc_number(doc, "root", meta->root);
    ss_doc_number(doc, "sequence", meta->sequence);
    if (meta->freelist == SS_NONE) {
        ss_doc_null(doc, "freelist");
    } else {
        ss_doc_number(doc, "freelist", meta->freelist);
    }
    ss_doc_number(doc, "high_water", meta->high_water);
    ss_doc_number(doc, "txid", meta->txid);
    ss_doc_hex(doc, "checksum", meta->checksum, 16);
    ss_doc_hex(doc, "computed_checksum", meta->computed, 16);
    return doc;
}
