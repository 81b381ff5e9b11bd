/*
 * info_print.c - what `info` gathered, as text for people and as one JSON document.
 */
#include <string.h>

#include "command.h"
#include "info.h"
#include "metatext.h"
#include "text.h"

static const char *const presence_names[] = {"unknown", "present", "absent", "cut"};

__attribute__((format(printf, 3, 4))) static void line(const struct ss_info *info,
                                                       const char *label, const char *format, ...)
{
    struct ss_out *out = &info->run->out;
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ss_print_styled(out, SS_STYLE_HEAD, label);
    ss_out_format(out, "%*s%s\n", (int)(14 - strlen(label)), "", text);
}

static void print_name(const struct ss_info *info, const char *label, const char *name)
{
    struct ss_out *out = &info->run->out;
    ss_print_styled(out, SS_STYLE_HEAD, label);
    ss_out_format(out, "%*s", (int)(14 - strlen(label)), "");
    ss_print_bytes(out, name, strlen(name), SS_FORM_ESCAPED);
    ss_out_text(out, "\n");
}

static void print_file(const struct ss_info *info)
{
    const struct ss_file_facts *facts = &info->facts;
    print_name(info, "file", facts->name);
    if (facts->member != NULL) {
        print_name(info, "member", facts->member);
    }
    line(info, "kind", "%s%s", ss_kind_name(facts->kind),
         info->revs_known ? ", an etcd database" : "");
    bool packed = strcmp(facts->packing, "none") != 0;
    if (packed && facts->packed_len == 0) {
        line(info, "packing", "%s, from a stream", facts->packing);
    } else if (packed) {
        line(info, "packing", "%s, %s packed", facts->packing,
             ss_size_format(facts->packed_len).text);
    }
    line(info, "size", "%s (%llu bytes)", ss_size_format(facts->len).text,
         (unsigned long long)facts->len);
}

static void print_hash(const struct ss_info *info)
{
    const struct ss_file_facts *facts = &info->facts;
    uint64_t behind = facts->len < facts->db_len ? 0 : facts->len - facts->db_len;
    switch (ss_info_presence(facts)) {
    case SS_PRESENCE_PRESENT:
        line(info, "hash", "present by size (the last 32 bytes), not checked");
        break;
    case SS_PRESENCE_CUT:
        if (behind == 0) {
            line(info, "hash", "cut off: the file ends %llu bytes before its database does",
                 (unsigned long long)(facts->db_len - facts->len));
        } else {
            line(info, "hash", "cut off: only %llu of 32 bytes follow the database",
                 (unsigned long long)behind);
        }
        break;
    case SS_PRESENCE_ABSENT:
        line(info, "hash", "absent by size: nothing vouches for the bytes");
        break;
    case SS_PRESENCE_UNKNOWN:
        break;
    }
    if (info->readable && behind > 0 && behind != 32) {
        line(info, "beyond", "%llu bytes behind the last page", (unsigned long long)behind);
    }
}

static void print_meta(const struct ss_info *info, int which)
{
    const struct ss_meta *meta = &info->metas[which];
    const char *label = which == 0 ? "meta 0" : "meta 1";
    if (!meta->present) {
        line(info, label, "not usable: the file has no bytes there");
        return;
    }
    if (!meta->valid) {
        line(info, label, "not usable: %s", meta->reason);
        return;
    }
    char freelist[32] = "not stored";
    if (meta->freelist != SS_NONE) {
        snprintf(freelist, sizeof freelist, "%llu", (unsigned long long)meta->freelist);
    }
    const char *why = "";
    if (which == info->facts.current_meta) {
        why = info->metas[1 - which].valid ? "; current (higher txid)"
                                           : "; current (the only usable one)";
    }
    line(info, label, "txid %llu, root %llu, freelist %s%s", (unsigned long long)meta->txid,
         (unsigned long long)meta->root, freelist, why);
}

static void print_pages(const struct ss_info *info)
{
    const struct ss_file_facts *facts = &info->facts;
    line(info, "byte order", "%s-endian", facts->big_endian ? "big" : "little");
    line(info, "page size", "%u", facts->page_size);
    if (facts->page_count == facts->high_water) {
        line(info, "pages", "%llu", (unsigned long long)facts->high_water);
    } else {
        line(info, "pages", "%llu, of which the file has %llu",
             (unsigned long long)facts->high_water, (unsigned long long)facts->page_count);
    }
}

static void print_buckets(const struct ss_info *info)
{
    static const struct ss_column columns[] = {
        {"KEYS", 12}, {"KEY-BYTES", 12}, {"VALUE-BYTES", 14}, {"BUCKET", 0}};
    struct ss_out *out = &info->run->out;
    if (info->nested_count == 0) {
        line(info, "buckets", "%zu", info->bucket_count);
    } else {
        line(info, "buckets", "%zu, and %llu inside them", info->bucket_count,
             (unsigned long long)info->nested_count);
    }
    if (info->bucket_count == 0) {
        return;
    }
    ss_table_head(out, columns, 4);
    for (size_t i = 0; i < info->bucket_count; i++) {
        const struct ss_info_bucket *bucket = &info->buckets[i];
        struct ss_number_text keys = ss_number_format(bucket->key_count);
        struct ss_number_text key_len = ss_number_format(bucket->key_len);
        struct ss_number_text value_len = ss_number_format(bucket->value_len);
        const char *cells[] = {keys.text, key_len.text, value_len.text, bucket->path};
        ss_table_row(out, columns, 4, cells, SS_STYLE_PLAIN);
    }
}

static void print_etcd(const struct ss_info *info, bool whole)
{
    const struct ss_rev_facts *revs = &info->revs;
    if (!info->revs_known) {
        const char *unknown = whole ? "no: there is no bucket named key" : "cannot be told";
        line(info, "etcd", "%s",
             info->foreign_key ? "no: the bucket key holds no revisions" : unknown);
        return;
    }
    if (info->live_known) {
        line(info, "live keys", "%llu", (unsigned long long)info->live_count);
    } else {
        line(info, "live keys", "cannot be told: the bucket key could not be read as a whole");
    }
    line(info, "revision", "%lld", (long long)revs->current);
    if (revs->empty) {
        line(info, "history", "no revision is stored");
    } else {
        line(info, "history", "revisions %lld to %lld are stored", (long long)revs->first.main,
             (long long)revs->last.main);
    }
    if (revs->compacted == 0) {
        line(info, "compacted", "never");
    } else if (revs->scheduled_compact > revs->finished_compact) {
        line(info, "compacted", "up to %lld, scheduled; finished up to %lld",
             (long long)revs->scheduled_compact, (long long)revs->finished_compact);
    } else {
        line(info, "compacted", "up to %lld", (long long)revs->compacted);
    }
}

void ss_info_text(const struct ss_info *info, const struct ss_error *err)
{
    print_file(info);
    if (info->facts.kind != SS_KIND_BBOLT) {
        return;
    }
    print_hash(info);
    if (info->readable) {
        print_pages(info);
    }
    print_meta(info, 0);
    print_meta(info, 1);
    if (info->readable) {
        print_buckets(info);
        print_etcd(info, err == NULL);
    }
    if (info->faults.count > 0) {
        struct ss_number_text count = ss_number_format(info->faults.count);
        ss_print_styled(&info->run->out, SS_STYLE_BAD, "damage");
        ss_out_format(&info->run->out, "        %s %s met: what stands above is not the whole\n",
                      count.text, info->faults.count == 1 ? "fault was" : "faults were");
    }
}

static void file_doc(const struct ss_info *info, json_t *doc)
{
    const struct ss_file_facts *facts = &info->facts;
    ss_doc_text(doc, "file", facts->name);
    if (facts->member != NULL) {
        ss_doc_text(doc, "member", facts->member);
    }
    ss_doc_text(doc, "kind", ss_kind_name(facts->kind));
    ss_doc_text(doc, "packing", facts->packing);
    ss_doc_bool(doc, "spooled", facts->spooled);
    ss_doc_number(doc, "packed_len", facts->packed_len);
    ss_doc_number(doc, "len", facts->len);
    if (facts->kind != SS_KIND_BBOLT) {
        return;
    }
    json_t *hash = ss_doc_new();
    ss_doc_text(hash, "presence", presence_names[ss_info_presence(facts)]);
    ss_doc_bool(hash, "checked", false);
    ss_doc_set(doc, "hash", hash);
    json_t *metas = ss_doc_list();
    ss_doc_append(metas, ss_meta_doc(&info->metas[0]));
    ss_doc_append(metas, ss_meta_doc(&info->metas[1]));
    ss_doc_set(doc, "metas", metas);
}

static json_t *buckets_doc(const struct ss_info *info)
{
    json_t *list = ss_doc_list();
    for (size_t i = 0; i < info->bucket_count; i++) {
        const struct ss_info_bucket *bucket = &info->buckets[i];
        json_t *doc = ss_doc_new();
        ss_doc_text(doc, "bucket", bucket->path);
        ss_doc_number(doc, "key_count", bucket->key_count);
        ss_doc_number(doc, "key_len", bucket->key_len);
        ss_doc_number(doc, "value_len", bucket->value_len);
        ss_doc_append(list, doc);
    }
    return list;
}

static json_t *revision_doc(const struct ss_revision *rev)
{
    json_t *doc = ss_doc_new();
    ss_doc_int(doc, "main", rev->main);
    ss_doc_int(doc, "sub", rev->sub);
    return doc;
}

static json_t *etcd_doc(const struct ss_info *info)
{
    const struct ss_rev_facts *revs = &info->revs;
    json_t *doc = ss_doc_new();
    if (info->live_known) {
        ss_doc_number(doc, "live_keys", info->live_count);
    }
    ss_doc_int(doc, "revision", revs->current);
    if (!revs->empty) {
        ss_doc_set(doc, "first", revision_doc(&revs->first));
        ss_doc_set(doc, "last", revision_doc(&revs->last));
    }
    ss_doc_int(doc, "compacted", revs->compacted);
    ss_doc_int(doc, "scheduled_compact", revs->scheduled_compact);
    ss_doc_int(doc, "finished_compact", revs->finished_compact);
    return doc;
}

void ss_info_json(const struct ss_info *info, const struct ss_error *err)
{
    const struct ss_file_facts *facts = &info->facts;
    json_t *doc = ss_doc_new();
    file_doc(info, doc);
    if (info->readable) {
        ss_doc_text(doc, "byte_order", facts->big_endian ? "big" : "little");
        ss_doc_number(doc, "page_size", facts->page_size);
        ss_doc_int(doc, "current_meta", facts->current_meta);
        ss_doc_number(doc, "high_water", facts->high_water);
        ss_doc_number(doc, "page_count", facts->page_count);
        ss_doc_number(doc, "db_len", facts->db_len);
        ss_doc_set(doc, "buckets", buckets_doc(info));
        ss_doc_number(doc, "nested_bucket_count", info->nested_count);
        if (info->revs_known) {
            ss_doc_set(doc, "etcd", etcd_doc(info));
        } else if (err == NULL) {
            ss_doc_null(doc, "etcd");
        }
        ss_faults_doc(&info->faults, doc);
    }
    ss_doc_bool(doc, "complete", err == NULL && info->faults.count == 0);
    if (err != NULL) {
        ss_doc_set(doc, "error", ss_doc_error(err));
    }
    ss_doc_print(&info->run->out, doc);
}
